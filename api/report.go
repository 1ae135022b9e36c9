package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/station"
)

type reportView struct {
	ID        string              `json:"id"`
	Station   gnista.StationID    `json:"station"`
	Of        station.ReportOf    `json:"of" enum:"all,configuration,summary,some,unasked" doc:"unasked: the station sent it by itself, or was asked by a call"`
	State     station.ReportState `json:"state" enum:"running,done,failed,incomplete" doc:"incomplete: some pages did not come in time"`
	Detail    string              `json:"detail,omitempty" doc:"Why it failed, or what is missing"`
	Number    int                 `json:"number" doc:"By which the station's messages name it"`
	Pages     int                 `json:"pages" doc:"That have come"`
	Variables int                 `json:"variables" doc:"That they had"`
	StartedAt time.Time           `json:"startedAt"`
	PageAt    *time.Time          `json:"pageAt,omitempty" doc:"When the last page came"`
	EndedAt   *time.Time          `json:"endedAt,omitempty"`
}

func showReport(r station.Report) reportView {
	return reportView{r.ID, r.Station, r.Of, r.State, r.Detail, r.Number, r.Pages, r.Variables, r.StartedAt, moment(r.PageAt), moment(r.EndedAt)}
}

func (s *Server) reports(api huma.API) {
	type reading struct {
		Of         station.ReportOf    `json:"of,omitempty" enum:"all,configuration,summary,some" default:"all" doc:"summary: of OCPP 2.x only"`
		Names      []string            `json:"names,omitempty" maxItems:"200" doc:"With some: settings to read one by one, by any name"`
		Components []string            `json:"components,omitempty" maxItems:"200" doc:"With some: components or variables to report (OCPP 2.x)" example:"[\"EVSE#1\"]"`
		Criteria   []station.Criterion `json:"criteria,omitempty" maxItems:"4" enum:"active,available,enabled,problem" doc:"With some: what must be true of a component (OCPP 2.x)"`
	}
	command(s, api, "settings/read", "Have a station report its settings", "Answers when the station has been asked. What it tells comes in pages; the report shows how far it has come.",
		func(ctx context.Context, id gnista.StationID, given *reading) (*body[reportView], error) {
			var in reading
			set(&in, given)
			r, err := s.Network.AskReport(ctx, id, station.Asking{Of: cmp.Or(in.Of, station.OfAll), Names: in.Names, Components: in.Components, Criteria: in.Criteria})
			return answer(showReport(r), err)
		})
	ofStation(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/reports", OperationID: "list-reports", Summary: "List the reports of a station's settings, the newest first", Tags: []string{"Settings"},
		Description: "The last few are kept.",
	}, s.Network.Settings.Reports, showReport, func(r station.Report) string { return r.ID })
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/reports/{id}", OperationID: "get-report", Summary: "Tell how far a report has come", Tags: []string{"Settings"},
	}, func(ctx context.Context, in *struct {
		StationPath
		ID string `path:"id"`
	}) (*body[reportView], error) {
		r, err := s.Network.Settings.Report(ctx, in.ID)
		if err == nil && r.Station != in.Station {
			err = gnista.Errorf(gnista.NotFound, "there is no report %q of station %q", in.ID, in.Station)
		}
		return answer(showReport(r), err)
	})
}
