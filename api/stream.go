package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista/station"
)

type streamView struct {
	ID       int                   `json:"id" doc:"The station's number for it"`
	Monitor  int                   `json:"monitor" doc:"Id of the monitor whose values these are"`
	Variable string                `json:"variable,omitempty" doc:"That the monitor watches, where we know the monitor"`
	Severity *int                  `json:"severity,omitempty" doc:"Of the monitor, likewise"`
	Origin   string                `json:"origin,omitempty" enum:"hard-wired,preconfigured,custom" doc:"Likewise"`
	Interval int                   `json:"interval,omitempty" doc:"Between messages, in seconds"`
	Values   int                   `json:"values,omitempty" doc:"In a message"`
	Pending  int                   `json:"pending" doc:"Values that the station has not sent yet, as it last said"`
	Behind   bool                  `json:"behind,omitempty" doc:"They have become more: have it sent oftener, or with more values"`
	OpenedAt time.Time             `json:"openedAt"`
	ClosedAt *time.Time            `json:"closedAt,omitempty"`
	Last     []station.StreamValue `json:"last" nullable:"false" doc:"The newest values"`
}

// showStream shows a stream with what is known of its monitor. (OCPP 2.1 N11.FR.08)
func showStream(x station.EventStream, monitors map[int]station.Monitor) streamView {
	v := streamView{
		ID: x.Number, Monitor: x.Monitor, Interval: x.Interval, Values: x.Values, Pending: x.Pending, Behind: x.Behind, OpenedAt: x.OpenedAt, ClosedAt: moment(x.ClosedAt), Last: x.Last,
	}
	if v.Last == nil {
		v.Last = []station.StreamValue{}
	}
	if m, ok := monitors[x.Monitor]; ok {
		v.Variable, v.Severity, v.Origin = m.Variable, &m.Severity, m.Origin
	}
	return v
}

func (s *Server) streams(api huma.API) {
	list := func(ctx context.Context, in *StationPath) (*body[page[streamView]], error) {
		if _, err := s.Network.Store.Station(ctx, in.Station); err != nil {
			return nil, err
		}
		list, err := s.Network.Streams.Streams(ctx, in.Station)
		if err != nil {
			return nil, err
		}
		known, err := s.Network.Monitors.Monitors(ctx, in.Station)
		monitors := make(map[int]station.Monitor, len(known))
		for _, m := range known {
			monitors[m.ID] = m
		}
		show := func(x station.EventStream) streamView { return showStream(x, monitors) }
		return answer(turn(Paging{Limit: -1}, list, show, nil), err)
	}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/event-streams", OperationID: "list-event-streams", Summary: "List the streams of values that a station sends", Tags: []string{"Stations"},
		Description: "OCPP 2.1. A stream is asked for with a monitor that has an interval or values.",
	}, list)
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/stations/{station}/event-streams/read", OperationID: "read-event-streams", Summary: "Ask a station which streams are open, and list them", Tags: []string{"Commands"},
	}, func(ctx context.Context, in *StationPath) (*body[page[streamView]], error) {
		if err := s.Network.ReadStreamsOf(ctx, in.Station); err != nil {
			return nil, err
		}
		return list(ctx, in)
	})
	add(s, api, huma.Operation{
		Method: http.MethodPatch, Path: "/stations/{station}/event-streams/{id}", OperationID: "adjust-event-stream", Summary: "Change how often a stream is sent", Tags: []string{"Commands"},
	}, func(ctx context.Context, in *struct {
		StationPath
		ID   int `path:"id" minimum:"0"`
		Body struct {
			Interval int `json:"interval,omitempty" minimum:"0" doc:"Between messages, in seconds"`
			Values   int `json:"values,omitempty" minimum:"0" doc:"In a message"`
		}
	}) (*body[AnswerView], error) {
		return told(s.Network.Adjust(ctx, in.Station, station.AdjustStream{Number: in.ID, Interval: in.Body.Interval, Values: in.Body.Values}))
	})
}
