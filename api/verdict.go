package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/station"
)

type verdictView struct {
	Station   gnista.StationID `json:"station"`
	Cause     station.Cause    `json:"cause" doc:"identity, unknown, credentials, certificate, profile, tls, subprotocol, request, flood or server: it was not let in; closed: its connection was closed; frame: a message was rejected"`
	Reason    string           `json:"reason" doc:"In words"`
	Remote    string           `json:"remote" doc:"Address of the last time"`
	Action    string           `json:"action,omitempty" doc:"Of the rejected message"`
	MessageID string           `json:"messageId,omitempty" doc:"Of the message that was rejected the last time"`
	Count     int              `json:"count" doc:"How often it happened"`
	FirstAt   time.Time        `json:"firstAt"`
	LastAt    time.Time        `json:"lastAt"`
}

func (s *Server) verdicts(api huma.API) {
	const limits = "Repeats are counted. What many different reasons there are is bounded, for each station and in all: the oldest are forgotten."
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/verdicts", OperationID: "list-verdicts", Summary: "List why stations were refused or disconnected and messages rejected, the newest first", Tags: []string{"Stations"},
		Description: "Also of identities that are not registered. " + limits,
	}, func(ctx context.Context, in *struct {
		Station gnista.StationID `query:"station" doc:"Only of this identity"`
		Limit   int              `query:"limit" default:"100" minimum:"1" maximum:"1000"`
	}) (*body[page[verdictView]], error) {
		return s.listVerdicts(ctx, in.Station, in.Limit)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/verdicts", OperationID: "list-station-verdicts", Summary: "List why a station was refused or disconnected and its messages rejected, the newest first", Tags: []string{"Stations"},
		Description: "Also of an identity that is not registered. " + limits,
	}, func(ctx context.Context, in *struct {
		StationPath
		Limit int `query:"limit" default:"100" minimum:"1" maximum:"1000"`
	}) (*body[page[verdictView]], error) {
		return s.listVerdicts(ctx, in.Station, in.Limit)
	})
}

func (s *Server) listVerdicts(ctx context.Context, id gnista.StationID, limit int) (*body[page[verdictView]], error) {
	list, err := s.Network.Verdicts.Verdicts(ctx, id, limit)
	out := page[verdictView]{Items: make([]verdictView, len(list))}
	for i, v := range list {
		out.Items[i] = verdictView(v)
	}
	return answer(out, err)
}
