package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/station"
)

func (s *Server) logs(api huma.API, mux *http.ServeMux) {
	type askLog struct {
		Kind          station.TransferKind `json:"kind,omitempty" enum:"diagnostics,security,data-collector" default:"diagnostics" doc:"data-collector is of OCPP 2.1"`
		From          *time.Time           `json:"from,omitempty" doc:"Entries not older than this"`
		To            *time.Time           `json:"to,omitempty" doc:"Entries not newer than this"`
		Location      string               `json:"location,omitempty" maxLength:"2000" doc:"Address that the station sends it to; absent is to us"`
		Retries       int                  `json:"retries,omitempty" minimum:"0" doc:"0 or absent leaves it to the station"`
		RetryInterval int                  `json:"retryInterval,omitempty" minimum:"0" doc:"In seconds"`
	}
	command(s, api, "logs", "Have a station send its log", "It is sent to us by HTTP, at an address that is good for this only. How far the station is with it is told under the id in the answer.",
		func(ctx context.Context, id gnista.StationID, given *askLog) (*body[transferAnswer], error) {
			var in askLog
			set(&in, given)
			for field, t := range map[string]*time.Time{"from": in.From, "to": in.To} {
				if err := kept(field, t); err != nil {
					return nil, err
				}
			}
			o := station.SendLog{Kind: in.Kind, Location: in.Location, Retries: in.Retries, RetryInterval: time.Duration(in.RetryInterval) * time.Second}
			if o.Kind == "" {
				o.Kind = station.DiagnosticsLog
			}
			set(&o.From, in.From)
			set(&o.To, in.To)
			return showBegun(s.Network.FetchLog(ctx, id, o))
		})
	s.transferList(api, "logs", "List the logs that a station was asked for, the newest first", station.DiagnosticsLog, station.SecurityLog, station.DataLog)

	op := huma.Operation{
		Method: http.MethodGet, Path: prefix + "/transfers/{id}/file", OperationID: "get-transfer-file", Summary: "Get the file that a station has sent", Tags: []string{"Logs"},
		Security:   []map[string][]string{{"token": {}}},
		Parameters: []*huma.Param{{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}},
		Responses:  map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/octet-stream": {}}}},
	}
	api.OpenAPI().AddOperation(&op)
	mux.HandleFunc("GET "+prefix+"/transfers/{id}/file", func(w http.ResponseWriter, r *http.Request) {
		t, err := s.Network.Transfers.Transfer(r.Context(), r.PathValue("id"))
		if err == nil && t.File == "" {
			err = gnista.Errorf(gnista.NotFound, "no file has come in")
		}
		if err == nil {
			err = s.serveFile(w, r, t.File, func(f station.File) bool { return true })
		}
		if err != nil {
			s.problem(w, r, op, err)
		}
	})
}
