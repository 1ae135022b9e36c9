package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/station"
)

// StationMatch says of which stations something is.
type StationMatch struct {
	Vendor   string         `json:"vendor,omitempty" maxLength:"100" doc:"Absent is any; a * at the end stands for whatever follows"`
	Model    string         `json:"model,omitempty" maxLength:"100"`
	Firmware string         `json:"firmware,omitempty" maxLength:"100"`
	Version  gnista.Version `json:"version,omitempty" maxLength:"10" doc:"Of OCPP" example:"2.*"`
}

type wantedView struct {
	Name      string `json:"name" minLength:"1" maxLength:"500" doc:"Over all versions, as in heartbeat-interval, or of one version; a station of another version passes it over"`
	Attribute string `json:"attribute,omitempty" enum:"Actual,Target,MinSet,MaxSet" doc:"Absent is Actual"`
	Value     string `json:"value" maxLength:"2500"`
}

// TemplateChange is what an operator says of a template.
type TemplateChange struct {
	Name     string       `json:"name" minLength:"1" maxLength:"100"`
	Match    StationMatch `json:"match,omitempty" doc:"The stations that have it unless they were given another; of several templates the closest holds. Without any it is of those that were given it"`
	Settings []wantedView `json:"settings" maxItems:"300" nullable:"false"`
}

type templateView struct {
	ID string `json:"id"`
	TemplateChange
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

func showTemplate(t station.Template) templateView {
	v := templateView{ID: t.ID, TemplateChange: TemplateChange{Name: t.Name, Match: StationMatch(t.Match)}, CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt}
	v.Settings = make([]wantedView, len(t.Settings))
	for i, w := range t.Settings {
		v.Settings[i] = wantedView(w)
	}
	return v
}

func wantedOf(list []wantedView) []station.Wanted {
	out := make([]station.Wanted, len(list))
	for i, w := range list {
		out[i] = station.Wanted(w)
	}
	return out
}

// TemplatePath is the template in a path.
type TemplatePath struct {
	ID string `path:"id" doc:"Id of the template"`
}

func (s *Server) settingTemplates(api huma.API) {
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/templates", OperationID: "list-templates", Summary: "List templates of settings", Tags: []string{"Settings"}},
		func(ctx context.Context, _ *struct{}) (*body[page[templateView]], error) {
			list, err := s.Network.Settings.Templates(ctx)
			out := page[templateView]{Items: make([]templateView, len(list))}
			for i, t := range list {
				out.Items[i] = showTemplate(t)
			}
			return answer(out, err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/templates", OperationID: "create-template", Summary: "Make a template of settings", Tags: []string{"Settings"}, DefaultStatus: http.StatusCreated,
		Description: "It says how settings should be. It is applied by a campaign, or by PATCH of a station's settings.",
	}, func(ctx context.Context, in *struct{ Body TemplateChange }) (*body[templateView], error) {
		t, err := s.Network.SaveTemplate(ctx, station.Template{Name: in.Body.Name, Match: station.StationMatch(in.Body.Match), Settings: wantedOf(in.Body.Settings)})
		return answer(showTemplate(t), err)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/templates/{id}", OperationID: "get-template", Summary: "Show a template", Tags: []string{"Settings"}},
		func(ctx context.Context, in *TemplatePath) (*body[templateView], error) {
			t, err := s.Network.Settings.Template(ctx, in.ID)
			return answer(showTemplate(t), err)
		})
	add(s, api, huma.Operation{Method: http.MethodPut, Path: "/templates/{id}", OperationID: "put-template", Summary: "Change a template", Tags: []string{"Settings"}},
		func(ctx context.Context, in *struct {
			TemplatePath
			Body TemplateChange
		}) (*body[templateView], error) {
			t, err := s.Network.Settings.Template(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			t.Name, t.Match, t.Settings = in.Body.Name, station.StationMatch(in.Body.Match), wantedOf(in.Body.Settings)
			t, err = s.Network.SaveTemplate(ctx, t)
			return answer(showTemplate(t), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodDelete, Path: "/templates/{id}", OperationID: "delete-template", Summary: "Forget a template", Tags: []string{"Settings"}, DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *TemplatePath) (*struct{}, error) {
		return nil, s.Network.Settings.DeleteTemplate(ctx, in.ID)
	})
	type given struct {
		Template string `json:"template" maxLength:"100" doc:"Id of a template; empty: the closest that matches"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPut, Path: "/stations/{station}/template", OperationID: "give-template", Summary: "Give a station a template of settings", Tags: []string{"Settings"},
		Description: "It is compared with it from now on; nothing is written. Answers with how it differs.",
	}, func(ctx context.Context, in *struct {
		StationPath
		Body given
	}) (*body[driftView], error) {
		if err := s.Network.SetTemplate(ctx, in.Station, in.Body.Template); err != nil {
			return nil, err
		}
		d, err := s.Network.Drift(ctx, in.Station)
		return answer(showDrift(d), err)
	})
	s.drift(api)
}
