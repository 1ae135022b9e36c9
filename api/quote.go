package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/tariff"
)

type billView struct {
	Net       gnista.Money   `json:"net"`
	VAT       gnista.Money   `json:"vat"`
	Total     gnista.Money   `json:"total"`
	NetPrices bool           `json:"netPrices,omitempty" doc:"The prices and amounts of the lines are without VAT"`
	Lines     []billLineView `json:"lines" nullable:"false"`
	VATRates  []vatView      `json:"vatRates" nullable:"false"`
	Policy    string         `json:"policy" doc:"Of rounding"`
}

type billLineView struct {
	Type         tariff.Dimension  `json:"type" enum:"energy,time,idle,start,reservation,reserving,minimum,maximum" doc:"minimum and maximum are what a limit of the tariff adds and takes away"`
	Element      int               `json:"element,omitempty" doc:"Place of the element in the version, from 1; absent of limits"`
	Quantity     int64             `json:"quantity" doc:"Wh of energy, seconds of time, 1 of what is paid once"`
	Free         int64             `json:"free,omitempty" doc:"So much of the quantity costs nothing"`
	StepSize     int64             `json:"stepSize,omitempty" doc:"What the quantity was rounded up to a multiple of"`
	Added        int64             `json:"added,omitempty" doc:"So much of the quantity was not used and comes of that"`
	Price        string            `json:"price" doc:"For 1 kWh, 1 minute or hour, or once, in major units; of limits the limit"`
	PerHour      bool              `json:"perHour,omitempty"`
	VATPercent   string            `json:"vatPercent"`
	Amount       gnista.Money      `json:"amount"`
	Estimated    bool              `json:"estimated,omitempty" doc:"How the quantity was shared between this element and others was not measured"`
	Periods      []billPeriodView  `json:"periods,omitempty" doc:"When the element applied"`
	Restrictions *restrictionsView `json:"restrictions,omitempty" doc:"Of the element"`
}

type billPeriodView struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// showBill is a bill with all that explains it.
func showBill(b tariff.Bill) billView {
	money := func(amount int64) gnista.Money { return gnista.Money{Amount: amount, Currency: b.Total.Currency} }
	v := billView{Net: b.Net, VAT: b.Tax, Total: b.Total, NetPrices: b.NetPrices, Policy: tariff.Policy, Lines: make([]billLineView, len(b.Lines)), VATRates: make([]vatView, len(b.VAT))}
	for i, l := range b.Lines {
		v.Lines[i] = billLineView{
			Type: l.Dimension, Element: l.Element, Quantity: l.Quantity, Free: l.Free, StepSize: l.Step, Added: l.Added, Price: string(l.Price), PerHour: l.PerHour,
			VATPercent: string(l.VAT), Amount: money(l.Amount), Estimated: l.Estimated,
		}
		for _, p := range l.Periods {
			v.Lines[i].Periods = append(v.Lines[i].Periods, billPeriodView{p.From.UTC(), p.To.UTC()})
		}
		if l.When != nil {
			v.Lines[i].Restrictions = showRestrictions(*l.When)
		}
	}
	for i, x := range b.VAT {
		v.VATRates[i] = vatView{string(x.Rate), money(x.Net), money(x.VAT), money(x.Gross)}
	}
	return v
}

// Plan is a charge that somebody wants to know the price of.
type Plan struct {
	EnergyWh        int64       `json:"energyWh,omitempty" minimum:"0" maximum:"100000000" doc:"Evenly over the minutes; absent with a profile"`
	ChargingMinutes int64       `json:"chargingMinutes,omitempty" minimum:"0" maximum:"525600" doc:"Absent: as long as it takes with powerW"`
	PowerW          int64       `json:"powerW,omitempty" minimum:"0" maximum:"10000000" doc:"Absent: what the energy and the minutes come to"`
	IdleMinutes     int64       `json:"idleMinutes,omitempty" minimum:"0" maximum:"525600" doc:"That the car stays after it has charged"`
	ReservedMinutes int64       `json:"reservedMinutes,omitempty" minimum:"0" maximum:"525600" doc:"For which the EVSE was reserved before"`
	StartAt         *time.Time  `json:"startAt,omitempty" doc:"Absent: now"`
	Profile         []planPower `json:"profile,omitempty" maxItems:"1000" doc:"How the power goes, instead of energyWh, chargingMinutes and powerW"`
}

type planPower struct {
	Minutes       int64 `json:"minutes" minimum:"1" maximum:"525600"`
	PowerW        int64 `json:"powerW" minimum:"0" maximum:"10000000"`
	CurrentMilliA int64 `json:"currentMilliA,omitempty" minimum:"0" maximum:"100000000" doc:"Of all phases together; absent: what the power is at 230 V"`
}

// volts are between a phase and the neutral conductor, where nobody says otherwise.
const volts = 230

func (p planPower) stretch() tariff.Stretch {
	s := tariff.Stretch{Length: time.Duration(p.Minutes) * time.Minute, EnergyMWh: p.PowerW * p.Minutes * 1000 / 60, PowerW: p.PowerW, MilliA: p.CurrentMilliA}
	if s.MilliA == 0 {
		s.MilliA = p.PowerW * 1000 / volts
	}
	return s
}

// charge is the plan in the words of the domain. Invalid.
func (p Plan) charge(now time.Time) (tariff.Plan, error) {
	c := tariff.Plan{Start: now, Idle: time.Duration(p.IdleMinutes) * time.Minute, Reserved: time.Duration(p.ReservedMinutes) * time.Minute}
	if err := kept("startAt", p.StartAt); err != nil {
		return c, err
	}
	set(&c.Start, p.StartAt)
	if len(p.Profile) > 0 {
		if p.EnergyWh != 0 || p.ChargingMinutes != 0 || p.PowerW != 0 {
			return c, gnista.Invalidf("profile", "says the energy, the minutes and the power; leave out energyWh, chargingMinutes and powerW")
		}
		for _, x := range p.Profile {
			c.Charge = append(c.Charge, x.stretch())
		}
		return c, nil
	}
	s := tariff.Stretch{EnergyMWh: p.EnergyWh * 1000, PowerW: p.PowerW, Length: time.Duration(p.ChargingMinutes) * time.Minute}
	switch {
	case p.EnergyWh == 0:
		return c, gnista.Invalidf("energyWh", "is 0 or missing, and a transaction without energy costs nothing; say how much is charged, or give a profile")
	case s.Length == 0 && s.PowerW == 0:
		return c, gnista.Invalidf("chargingMinutes", "is missing; say how long it takes, or the power")
	case s.Length == 0:
		s.Length = time.Duration(p.EnergyWh*3600/p.PowerW) * time.Second
	case s.PowerW == 0:
		s.PowerW = p.EnergyWh * 60 / p.ChargingMinutes
	}
	s.MilliA = s.PowerW * 1000 / volts
	c.Charge = []tariff.Stretch{s}
	return c, nil
}

func (p Plan) bill(now time.Time, v tariff.Version, zone *time.Location) (billView, error) {
	c, err := p.charge(now)
	if err != nil {
		return billView{}, err
	}
	b, err := c.Bill(v, zone)
	return showBill(b), err
}

type quoteView struct {
	Tariff  string      `json:"tariff" doc:"Id of the tariff"`
	Version int         `json:"version" doc:"Number of the version"`
	Rule    tariff.Rule `json:"rule,omitempty" enum:"token,group,customer,evse,station,site,default" doc:"Whose tariff it is"`
	Text    textsView   `json:"text" doc:"The tariff in words"`
	Zone    string      `json:"zone" doc:"Time zone that its times of day were taken to be of"`
	Bill    billView    `json:"bill"`
}

func (s *Server) quotes(api huma.API) {
	tags := []string{"Tariffs"}
	now := func() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }
	type tariffPlan struct {
		Plan
		Number int    `json:"version,omitempty" minimum:"0" doc:"Number of the version; absent: the one that is in force at the start"`
		Site   string `json:"site,omitempty" doc:"Id of the site whose time zone is taken; absent: the operator's"`
	}
	add(s, api, huma.Operation{Method: http.MethodPost, Path: "/tariffs/{id}/quote", OperationID: "quote-tariff", Summary: "Tell what a charge would cost by a tariff", Tags: tags},
		func(ctx context.Context, in *struct {
			TariffPath
			Body tariffPlan
		}) (*body[quoteView], error) {
			t, v, err := s.versionOf(ctx, in.ID, in.Body.Number)
			if err != nil {
				return nil, err
			}
			if in.Body.Number == 0 && in.Body.StartAt != nil {
				v = t.At(*in.Body.StartAt)
			}
			zone, err := s.zoneOf(ctx, in.Body.Site)
			if err != nil {
				return nil, err
			}
			b, err := in.Body.bill(now(), v, zone)
			return answer(quoteView{t.ID, v.Number, "", showTexts(v), zone.String(), b}, err)
		})
	type draft struct {
		Tariff createTariff `json:"tariff" doc:"What would create it"`
		Plan   Plan         `json:"plan"`
		Site   string       `json:"site,omitempty" doc:"Id of the site whose time zone is taken; absent: the operator's"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/tariffs/quote", OperationID: "quote-draft", Summary: "Tell what a charge would cost by a tariff that is not there yet", Tags: tags,
		Description: "Stores nothing.",
	}, func(ctx context.Context, in *struct{ Body draft }) (*body[billView], error) {
		v, err := in.Body.Tariff.version(in.Body.Tariff.Currency)
		if err == nil {
			err = s.Tariffs.Check(tariff.Tariff{Name: in.Body.Tariff.Name, Currency: in.Body.Tariff.Currency}, v)
		}
		if err != nil {
			return nil, under("tariff", inTariff(err))
		}
		zone, err := s.zoneOf(ctx, in.Body.Site)
		if err != nil {
			return nil, err
		}
		b, err := in.Body.Plan.bill(now(), v, zone)
		return answer(b, under("plan", err))
	})
	type stationPlan struct {
		Plan
		EVSE  int    `json:"evse,omitempty" minimum:"0" maximum:"10000" doc:"0 or absent: no certain one"`
		Token string `json:"token,omitempty" maxLength:"255" doc:"UID, in whatever way it is written; absent: of whom nothing is known"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/stations/{station}/quote", OperationID: "quote-station", Summary: "Tell what a charge would cost on a station", Tags: tags,
		Description: "By the tariff that holds there when it starts.",
	}, func(ctx context.Context, in *struct {
		StationPath
		Body stationPlan
	}) (*body[quoteView], error) {
		p, err := in.Body.charge(now())
		if err != nil {
			return nil, err
		}
		c, err := s.caseOf(ctx, in.Station, in.Body.EVSE, in.Body.Token, p.Start)
		if err != nil {
			return nil, err
		}
		a, err := s.Tariffs.Store.InForce(ctx, c)
		if err != nil {
			return nil, err
		}
		zone, err := s.Sites.Zone(ctx, in.Station)
		if err != nil {
			return nil, err
		}
		b, err := p.Bill(a.Version, zone)
		return answer(quoteView{a.Tariff, a.Number, a.Rule, showTexts(a.Version), zone.String(), showBill(b)}, err)
	})
}

// zoneOf is the time zone of a site; that of the operator where none is named. Invalid.
func (s *Server) zoneOf(ctx context.Context, site string) (*time.Location, error) {
	if site == "" {
		return s.Zone, nil
	}
	zone, err := s.Sites.SiteZone(ctx, site)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return nil, gnista.Invalidf("site", "%v", err)
	}
	return zone, err
}

// under is an error of a field with the name of what that is a field of.
func under(name string, err error) error {
	if e, ok := errors.AsType[*gnista.Error](err); ok && e.Field != "" {
		return gnista.Invalidf(name+"."+e.Field, "%s", e.Detail())
	}
	return err
}
