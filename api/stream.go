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
	Interval int                   `json:"interval,omitempty" doc:"Between messages, in seconds"`
	Values   int                   `json:"values,omitempty" doc:"In a message"`
	Pending  int                   `json:"pending" doc:"Values that the station has not sent yet, as it last said"`
	OpenedAt time.Time             `json:"openedAt"`
	ClosedAt *time.Time            `json:"closedAt,omitempty"`
	Last     []station.StreamValue `json:"last" nullable:"false" doc:"The newest values"`
}

func showStream(x station.EventStream) streamView {
	last := x.Last
	if last == nil {
		last = []station.StreamValue{}
	}
	return streamView{x.Number, x.Monitor, x.Interval, x.Values, x.Pending, x.OpenedAt, moment(x.ClosedAt), last}
}

func (s *Server) streams(api huma.API) {
	list := func(ctx context.Context, in *StationPath) (*body[page[streamView]], error) {
		if _, err := s.Network.Store.Station(ctx, in.Station); err != nil {
			return nil, err
		}
		list, err := s.Network.Streams.Streams(ctx, in.Station)
		return answer(turn(Paging{Limit: -1}, list, showStream, nil), err)
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
