package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/tariff"
	"gnista/token"
)

// knownTariff refuses the id of a tariff that there is not; empty and absent are none.
func (s *Server) knownTariff(ctx context.Context, field string, id *string) error {
	if id == nil || *id == "" {
		return nil
	}
	if _, err := s.Tariffs.Store.Tariff(ctx, *id); gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return gnista.Invalidf(field, "%v", err)
	} else if err != nil {
		return err
	}
	return nil
}

// EVSEPath is an EVSE in a path.
type EVSEPath struct {
	StationPath
	EVSE int `path:"evse" minimum:"1" maximum:"10000"`
}

type evseTariffView struct {
	Tariff string `json:"tariff" minLength:"1" doc:"Id of the tariff"`
}

type holdingView struct {
	Rule    tariff.Rule `json:"rule" enum:"token,group,customer,evse,station,site,default" doc:"Whose tariff it is. The first in this order counts that has a tariff with a version that is valid by then"`
	Of      string      `json:"of,omitempty" doc:"Which one: the last characters of the token's UID, the name of the group, the account of the customer, the EVSE, station or site"`
	Tariff  string      `json:"tariff" doc:"Id of the tariff"`
	Name    string      `json:"name,omitempty" doc:"Of the tariff"`
	At      time.Time   `json:"at" doc:"The start that it was looked up for"`
	Version versionView `json:"version"`
}

// caseOf is the case of a transaction with a token at a time, as an operator asks for it.
func (s *Server) caseOf(ctx context.Context, id gnista.StationID, evse int, uid string, at time.Time) (tariff.Case, error) {
	c := tariff.Case{Station: id, EVSE: evse, At: at}
	if _, err := s.Network.Store.Station(ctx, id); err != nil || uid == "" {
		return c, err
	}
	k, err := s.Tokens.Store.Token(ctx, token.ID{UID: uid})
	c.TokenUID, c.TokenType, c.Group, c.Account = k.ID.UID, string(k.ID.Type), k.Group, k.Account
	return c, err
}

// holding is what holds in a case, as it is shown.
func (s *Server) holding(ctx context.Context, c tariff.Case) (holdingView, tariff.Version, error) {
	a, err := s.Tariffs.Store.InForce(ctx, c)
	if err != nil {
		return holdingView{}, a.Version, err
	}
	v := holdingView{Rule: a.Rule, Tariff: a.Tariff, At: c.At, Version: showVersion(a.Version)}
	switch a.Rule {
	case tariff.OfToken:
		v.Of = token.Mask(c.TokenUID)
	case tariff.OfGroup:
		v.Of = c.Group
	case tariff.OfCustomer:
		v.Of = c.Account
	case tariff.OfEVSE:
		v.Of = fmt.Sprintf("%s/%d", c.Station, c.EVSE)
	case tariff.OfStation:
		v.Of = string(c.Station)
	case tariff.OfSite:
		x, err := s.Network.Store.Station(ctx, c.Station)
		if err != nil {
			return v, a.Version, err
		}
		v.Of = x.Site
	}
	t, err := s.Tariffs.Store.Tariff(ctx, a.Tariff)
	v.Name = t.Name
	if gnista.CodeOf(err) == gnista.NotFound {
		err = nil
	}
	return v, a.Version, err
}

func (s *Server) assignments(api huma.API) {
	tags := []string{"Tariffs"}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/tariff", OperationID: "get-station-tariff", Summary: "Tell which tariff holds on a station, and why", Tags: tags,
		Description: "For a transaction that starts at a time, at an EVSE, with a token. A transaction keeps what holds when it starts; who pays may become known later, and then it is looked up again for the time of the start.",
	}, func(ctx context.Context, in *struct {
		StationPath
		EVSE  int       `query:"evse" minimum:"0" maximum:"10000" doc:"0 or absent: no certain one"`
		Token string    `query:"token" maxLength:"255" doc:"UID, in whatever way it is written; absent: of whom nothing is known"`
		At    time.Time `query:"at" doc:"Absent: now"`
	}) (*body[holdingView], error) {
		at := s.Now().UTC().Truncate(time.Millisecond)
		if !in.At.IsZero() {
			if err := kept("at", &in.At); err != nil {
				return nil, err
			}
			at = in.At
		}
		c, err := s.caseOf(ctx, in.Station, in.EVSE, in.Token, at)
		if err != nil {
			return nil, err
		}
		v, _, err := s.holding(ctx, c)
		return answer(v, err)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/stations/{station}/evses/{evse}/tariff", OperationID: "get-evse-tariff", Summary: "Show the tariff of an EVSE", Tags: tags},
		func(ctx context.Context, in *EVSEPath) (*body[evseTariffView], error) {
			have, err := s.Tariffs.Store.EVSETariffs(ctx, in.Station)
			if err == nil && have[in.EVSE] == "" {
				err = gnista.Errorf(gnista.NotFound, "EVSE %d of station %q has no tariff of its own", in.EVSE, in.Station)
			}
			return answer(evseTariffView{have[in.EVSE]}, err)
		})
	add(s, api, huma.Operation{Method: http.MethodPut, Path: "/stations/{station}/evses/{evse}/tariff", OperationID: "set-evse-tariff", Summary: "Give an EVSE a tariff of its own", Tags: tags},
		func(ctx context.Context, in *struct {
			EVSEPath
			Body evseTariffView
		}) (*body[evseTariffView], error) {
			if _, err := s.Network.Store.Station(ctx, in.Station); err != nil {
				return nil, err
			}
			if err := s.knownTariff(ctx, "tariff", &in.Body.Tariff); err != nil {
				return nil, err
			}
			return answer(in.Body, s.Tariffs.Store.SetEVSETariff(ctx, in.Station, in.EVSE, in.Body.Tariff))
		})
	add(s, api, huma.Operation{Method: http.MethodDelete, Path: "/stations/{station}/evses/{evse}/tariff", OperationID: "clear-evse-tariff", Summary: "Take its own tariff from an EVSE", Tags: tags, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *EVSEPath) (*struct{}, error) {
			if _, err := s.Network.Store.Station(ctx, in.Station); err != nil {
				return nil, err
			}
			return nil, s.Tariffs.Store.SetEVSETariff(ctx, in.Station, in.EVSE, "")
		})
}
