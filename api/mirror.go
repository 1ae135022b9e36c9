package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

type mirrorView struct {
	URL       string     `json:"url,omitempty" doc:"Of the second back end; absent: there is none"`
	Running   bool       `json:"running" doc:"The station is connected and mirrored"`
	Connected bool       `json:"connected" doc:"The second back end is"`
	Since     *time.Time `json:"since,omitempty" doc:"When the second back end was connected"`
	Forwarded int64      `json:"forwarded" doc:"Messages, since the station connected"`
	Dropped   int64      `json:"dropped" doc:"Messages that found no room, as the second back end was away or slow"`
	Ignored   int64      `json:"ignored" doc:"Messages of the second back end, which count for nothing"`
	LastError string     `json:"lastError,omitempty"`
}

func (s *Server) mirrors(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/mirror", OperationID: "get-mirror", Summary: "Show how the mirroring of a station to a second back end goes", Tags: []string{"Stations"},
		Description: "The requests of the station are shown to the second back end in the order in which they came. It cannot tell the station anything, nor does the station learn its answers: the numbers of transactions are ours.",
	}, func(ctx context.Context, in *StationPath) (*body[mirrorView], error) {
		x, err := s.Network.Store.Station(ctx, in.Station)
		if err != nil {
			return nil, err
		}
		m := s.Mirrors.Mirroring(in.Station)
		return answer(mirrorView{x.Mirror.URL, m.Running, m.Connected, moment(m.Since), m.Forwarded, m.Dropped, m.Ignored, m.LastError}, nil)
	})
}
