package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/charging"
	"gnista/cost"
	"gnista/tariff"
)

// givenView is one thing that a station is given of prices.
type givenView struct {
	State     cost.SyncState `json:"state" enum:"installed,waiting,failed" doc:"waiting: it is tried again; failed: not before another price holds, its settings are read again, or somebody says so"`
	Wanted    string         `json:"wanted,omitempty" doc:"Id of the version that it is to have; behind a comma that of the next"`
	Installed string         `json:"installed,omitempty" doc:"What it has of that"`
	Failure   string         `json:"failure,omitempty" doc:"In one word: too-many-prices, no-conditions, not-supported, or what became of writing a setting"`
	Detail    string         `json:"detail,omitempty"`
	TriedAt   *time.Time     `json:"triedAt,omitempty"`
	CheckedAt *time.Time     `json:"checkedAt,omitempty" doc:"When the station last said what it has"`
}

func showGiven(g cost.Given) *givenView {
	if g.State == cost.SyncNone {
		return nil
	}
	return &givenView{g.State, g.Wanted, g.Installed, g.Failure, g.Detail, moment(g.At), moment(g.CheckedAt)}
}

type pricesView struct {
	Automatic bool       `json:"automatic" doc:"It is given what holds by itself"`
	Price     bool       `json:"showsPrice" doc:"It shows drivers the price; false also while it is not connected"`
	Cost      bool       `json:"showsCost" doc:"It shows what a transaction costs"`
	Reckons   bool       `json:"reckons" doc:"It reckons costs by tariffs that it is given (OCPP 2.1); what is billed is reckoned here"`
	Languages []string   `json:"languages" nullable:"false" doc:"That it says it shows"`
	Tariffs   *givenView `json:"tariffs,omitempty" doc:"To reckon by"`
	Default   *givenView `json:"defaultPrice,omitempty" doc:"Text of the price that it shows to everybody"`
}

func (s *Server) costs(api huma.API) {
	show := func(ctx context.Context, id gnista.StationID) (*body[pricesView], error) {
		skill, x, err := s.Costs.State(ctx, id)
		return answer(pricesView{
			Automatic: !x.Off, Price: skill.Price, Cost: skill.Cost, Reckons: skill.Reckons, Languages: append([]string{}, skill.Languages...), Tariffs: showGiven(x.Tariffs), Default: showGiven(x.Default),
		}, err)
	}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/prices", OperationID: "get-station-prices", Summary: "Show what a station tells drivers of prices, and what it was given for that", Tags: []string{"Stations"},
	}, func(ctx context.Context, in *StationPath) (*body[pricesView], error) { return show(ctx, in.Station) })
	type change struct {
		Automatic bool `json:"automatic" doc:"true also tries at once what has failed"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPut, Path: "/stations/{station}/prices", OperationID: "set-station-prices", Summary: "Say whether a station is given prices by itself", Tags: []string{"Stations"},
		Description: "Where it is, it gets the tariff that holds there, and the next one, as soon as they change; tariffs that somebody else has given it for later are taken away.",
	}, func(ctx context.Context, in *struct {
		StationPath
		Body change
	}) (*body[pricesView], error) {
		if err := s.Costs.Switch(ctx, in.Station, in.Body.Automatic); err != nil {
			return nil, err
		}
		return show(ctx, in.Station)
	})
	type costOrder struct {
		Transaction string `json:"transaction" minLength:"1"`
	}
	command(s, api, "cost", "Tell a station what a transaction costs so far", "OCPP 2.x, and stations of OCPP 1.6 that know how to show it.",
		func(ctx context.Context, id gnista.StationID, in costOrder) (*body[AnswerView], error) {
			a, err := s.Costs.Tell(ctx, id, in.Transaction)
			return told(a, s.Network.Explain(ctx, id, err))
		})
}

// reckoningView is what a station reckons of a transaction.
type reckoningView struct {
	Total        tariff.Decimal `json:"total,omitempty" doc:"VAT included, in major units"`
	Net          tariff.Decimal `json:"net,omitempty"`
	Currency     string         `json:"currency"`
	Kind         string         `json:"kind,omitempty" enum:"normal,min,max" doc:"Whether a least or greatest cost took the place of the sum"`
	Parts        []partView     `json:"parts" nullable:"false"`
	EnergyWh     int64          `json:"energyWh"`
	ChargingTime int64          `json:"chargingSeconds"`
	IdleTime     int64          `json:"idleSeconds"`
	Tariff       string         `json:"tariff,omitempty" doc:"Id of the version that it has reckoned by"`
	Final        bool           `json:"final" doc:"It was told with the end of the transaction"`
	Failed       bool           `json:"failed,omitempty" doc:"The station could not reckon, or not all of it"`
	Failure      string         `json:"failure,omitempty" doc:"Why, in its own words"`
	Verdict      cost.Verdict   `json:"verdict,omitempty" enum:"agrees,differs,other-tariff,incomparable,not-reckoned" doc:"Of comparing it with what is billed, which is what is reckoned here; agrees: but for a minor unit at the most"`
	Ours         *gnista.Money  `json:"billed,omitempty" doc:"What it was compared with"`
}

type partView struct {
	Type  tariff.Dimension `json:"type" enum:"energy,time,idle,start,reservation,reserving"`
	Net   tariff.Decimal   `json:"net,omitempty"`
	Gross tariff.Decimal   `json:"gross,omitempty"`
}

// reckoned is what a station reckons of a transaction; nil where it tells nothing.
func (s *Server) reckoned(ctx context.Context, t *charging.Transaction) (*reckoningView, error) {
	if t.Version != gnista.V21 {
		return nil, nil
	}
	r, err := s.Costs.Store.Reckoning(ctx, t.ID)
	if err != nil {
		if gnista.CodeOf(err) == gnista.NotFound {
			err = nil
		}
		return nil, err
	}
	v := &reckoningView{
		Total: r.Total.Gross, Net: r.Total.Net, Currency: r.Currency, Kind: r.Kind, Parts: []partView{}, EnergyWh: r.EnergyWh, ChargingTime: int64(r.Charging / time.Second), IdleTime: int64(r.Idle / time.Second),
		Tariff: r.Tariff, Final: r.Final, Failed: r.Failed, Failure: r.Failure, Verdict: r.Verdict,
	}
	for _, p := range r.Parts {
		v.Parts = append(v.Parts, partView{p.Dimension, p.Net, p.Gross})
	}
	if r.Ours.Currency != "" {
		v.Ours = &r.Ours
	}
	return v, nil
}
