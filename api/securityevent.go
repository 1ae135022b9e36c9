package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/station"
)

type securityEventView struct {
	ID         string           `json:"id"`
	Station    gnista.StationID `json:"station"`
	Type       string           `json:"type" example:"TamperDetectionActivated" doc:"The station's own word"`
	Critical   bool             `json:"critical" doc:"By OCPP, of the types that it knows"`
	Info       string           `json:"info,omitempty"`
	At         time.Time        `json:"at" doc:"By the station's clock"`
	ReceivedAt time.Time        `json:"receivedAt"`
}

func showSecurityEvent(e station.SecurityEvent) securityEventView { return securityEventView(e) }

// SecurityFilter is which security events are listed.
type SecurityFilter struct {
	Critical bool `query:"critical" doc:"Critical ones only"`
}

func (s *Server) securityEvents(api huma.API) {
	list := func(ctx context.Context, id gnista.StationID, f SecurityFilter, p Paging) (*body[page[securityEventView]], error) {
		before, err := p.after()
		if err != nil {
			return nil, err
		}
		list, err := s.Network.Security.SecurityEvents(ctx, id, f.Critical, before, p.Limit)
		return answer(turn(p, list, showSecurityEvent, func(e station.SecurityEvent) string { return e.ID }), err)
	}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/security-events", OperationID: "list-all-security-events", Summary: "List security events of all stations", Tags: []string{"Security"},
		Description: "The newest first. Of each station the newest 1,000 critical ones and 1,000 others are kept.",
	}, func(ctx context.Context, in *struct {
		SecurityFilter
		Paging
	}) (*body[page[securityEventView]], error) {
		return list(ctx, "", in.SecurityFilter, in.Paging)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/security-events", OperationID: "list-security-events", Summary: "List security events of a station", Tags: []string{"Security"},
	}, func(ctx context.Context, in *struct {
		StationPath
		SecurityFilter
		Paging
	}) (*body[page[securityEventView]], error) {
		if _, err := s.Network.Store.Station(ctx, in.Station); err != nil {
			return nil, err
		}
		return list(ctx, in.Station, in.SecurityFilter, in.Paging)
	})
}
