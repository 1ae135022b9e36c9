package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista/station"
)

type quirkView struct {
	Quirk    string           `json:"quirk" doc:"Its key, Q1 to Q72 and G1 onwards"`
	ID       string           `json:"id"`
	Means    string           `json:"means" doc:"What stations with it do"`
	Handling station.Handling `json:"handling" enum:"accept,repair,adapt,guard"`
	Does     string           `json:"does" doc:"What is done about it"`
}

func showQuirk(q station.Quirk) quirkView { return quirkView{q.Key, q.ID, q.Means, q.Handling, q.Does} }

// shownQuirk is a quirk of a station.
type shownQuirk struct {
	quirkView
	OfModel bool       `json:"ofModel" doc:"Its model is known to have it"`
	Count   int        `json:"count" doc:"How often it was seen"`
	FirstAt *time.Time `json:"firstAt,omitempty"`
	LastAt  *time.Time `json:"lastAt,omitempty"`
	Example string     `json:"example,omitempty" doc:"What was seen the last time, without UIDs and secrets"`
}

type stationQuirks struct {
	Strict      bool                `json:"strict" doc:"What breaks the rules of its version is refused, but for the end of a transaction"`
	Models      []string            `json:"models" nullable:"false" doc:"Ids of the entries of the registry of models that it is one of"`
	Hints       []string            `json:"hints" nullable:"false" doc:"What people should know of it"`
	Adaptations station.Adaptations `json:"adaptations" doc:"What is done otherwise for it: as for its model, and as the operator says"`
	Items       []shownQuirk        `json:"items" nullable:"false"`
}

type modelView struct {
	ID          string              `json:"id"`
	Name        string              `json:"name"`
	Match       []station.Match     `json:"match" nullable:"false" doc:"One of them must hold; texts are compared without case, and * stands for any characters"`
	Quirks      []string            `json:"quirks" nullable:"false" doc:"Keys of what it is known to do wrong"`
	Adaptations station.Adaptations `json:"adaptations" doc:"What is done otherwise for it"`
	Hints       []string            `json:"hints" nullable:"false"`
}

func (s *Server) quirks(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/quirks", OperationID: "list-station-quirks", Summary: "Show what a station does wrong, how often, and what is done about it", Tags: []string{"Stations"},
		Description: "What only a second reading finds in meter values is counted in one message of 64.",
	}, func(ctx context.Context, in *StationPath) (*body[stationQuirks], error) {
		list, t, err := s.Network.Quirks(ctx, in.Station)
		if err != nil {
			return nil, err
		}
		out := stationQuirks{Strict: t.Strict, Models: some(t.Models), Hints: some(t.Hints), Adaptations: t.Adaptations, Items: make([]shownQuirk, len(list))}
		for i, k := range list {
			out.Items[i] = shownQuirk{showQuirk(k.Quirk), k.OfModel, k.Count, moment(k.FirstAt), moment(k.LastAt), k.Example}
		}
		return answer(out, nil)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/quirks", OperationID: "list-quirks", Summary: "List the quirks of stations that are known, and what is done about each", Tags: []string{"Stations"}},
		func(context.Context, *struct{}) (*body[page[quirkView]], error) {
			return answer(whole(s.Network.Models.Quirks(), showQuirk), nil)
		})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/models", OperationID: "list-models", Summary: "List the models of stations that are known", Tags: []string{"Stations"}},
		func(context.Context, *struct{}) (*body[page[modelView]], error) {
			return answer(whole(s.Network.Models.All(), func(m station.Model) modelView {
				return modelView{m.ID, m.Name, m.Match, some(m.Quirks), m.Adaptations, some(m.Hints)}
			}), nil)
		})
}

// whole is a list of what comes with the program, on one page.
func whole[T, U any](list []T, show func(T) U) page[U] {
	out := page[U]{Items: make([]U, len(list))}
	for i, v := range list {
		out.Items[i] = show(v)
	}
	return out
}

// some is a list that is not nil, which JSON would tell as null.
func some(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
