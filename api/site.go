package api

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista/station"
)

type siteView struct {
	ID        string       `json:"id"`
	Name      string       `json:"name"`
	Zone      string       `json:"zone" doc:"IANA name of the time zone that times of day in tariffs are of"`
	Tariff    string       `json:"tariff,omitempty" doc:"Id of the tariff of its stations that have none of their own"`
	Position  *degreesView `json:"position,omitempty" doc:"Absent where nobody has said"`
	CreatedAt time.Time    `json:"createdAt"`
	UpdatedAt time.Time    `json:"updatedAt"`
}

func (s *Server) showSite(x station.Site) siteView {
	if x.Zone == "" {
		x.Zone = s.Zone.String()
	}
	return siteView{x.ID, x.Name, x.Zone, x.Tariff, showDegrees(x.Position), x.CreatedAt, x.UpdatedAt}
}

// degreesView is a position on earth.
type degreesView struct {
	Latitude  float64 `json:"latitude" minimum:"-90" maximum:"90" doc:"Degrees north"`
	Longitude float64 `json:"longitude" minimum:"-180" maximum:"180" doc:"Degrees east"`
}

// UnmarshalJSON refuses null.
func (d *degreesView) UnmarshalJSON(text []byte) error {
	type plain degreesView
	return unmarshalChange(text, (*plain)(d))
}

const micro = 1e6

func (d degreesView) degrees() station.Degrees {
	return station.Degrees{North: int(math.Round(d.Latitude * micro)), East: int(math.Round(d.Longitude * micro))}
}

func showDegrees(d station.Degrees) *degreesView {
	if d == (station.Degrees{}) {
		return nil
	}
	return &degreesView{float64(d.North) / micro, float64(d.East) / micro}
}

// SitePath is a site in a path.
type SitePath struct {
	ID string `path:"id"`
}

// siteChange is what an operator says of a site; what is left out is not changed.
type siteChange struct {
	Name   *string `json:"name,omitempty" maxLength:"100"`
	Zone   *string `json:"zone,omitempty" maxLength:"100" example:"Europe/Stockholm" doc:"IANA name of its time zone; empty is the operator's"`
	Tariff *string `json:"tariff,omitempty" doc:"Id of the tariff of its stations; empty is none of its own"`

	Position *degreesView `json:"position,omitempty" doc:"Both 0 is that nobody has said"`
}

// UnmarshalJSON refuses null.
func (c *siteChange) UnmarshalJSON(text []byte) error {
	type plain siteChange
	return unmarshalChange(text, (*plain)(c))
}

func (c siteChange) apply(x *station.Site) {
	set(&x.Name, c.Name)
	set(&x.Zone, c.Zone)
	set(&x.Tariff, c.Tariff)
	if c.Position != nil {
		x.Position = c.Position.degrees()
	}
}

func (s *Server) sites(api huma.API) {
	tags := []string{"Sites"}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/sites", OperationID: "list-sites", Summary: "List sites", Tags: tags},
		func(ctx context.Context, in *struct{ Paging }) (*body[page[siteView]], error) {
			after, err := in.after()
			if err != nil {
				return nil, err
			}
			list, err := s.Sites.Store.Sites(ctx, after, in.Limit)
			return answer(turn(in.Paging, list, s.showSite, func(x station.Site) string { return x.ID }), err)
		})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/sites/{id}", OperationID: "get-site", Summary: "Show a site", Tags: tags},
		func(ctx context.Context, in *SitePath) (*body[siteView], error) {
			x, err := s.Sites.Store.Site(ctx, in.ID)
			return answer(s.showSite(x), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/sites", OperationID: "create-site", Summary: "Create a site", Tags: tags, DefaultStatus: http.StatusCreated,
		Description: "A station is put on a site as a property of the station.",
	}, func(ctx context.Context, in *struct{ Body siteChange }) (*body[siteView], error) {
		if err := s.knownTariff(ctx, "tariff", in.Body.Tariff); err != nil {
			return nil, err
		}
		var x station.Site
		in.Body.apply(&x)
		x, err := s.Sites.Create(ctx, x)
		return answer(s.showSite(x), err)
	})
	add(s, api, huma.Operation{Method: http.MethodPatch, Path: "/sites/{id}", OperationID: "change-site", Summary: "Change a site", Description: "What is left out is not changed.", Tags: tags},
		func(ctx context.Context, in *struct {
			SitePath
			Body siteChange
		}) (*body[siteView], error) {
			if err := s.knownTariff(ctx, "tariff", in.Body.Tariff); err != nil {
				return nil, err
			}
			x, err := s.Sites.Update(ctx, in.ID, in.Body.apply)
			return answer(s.showSite(x), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodDelete, Path: "/sites/{id}", OperationID: "delete-site", Summary: "Forget a site", Description: "One that has stations is not forgotten.", Tags: tags, DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *SitePath) (*struct{}, error) {
		return nil, s.Sites.Store.DeleteSite(ctx, in.ID)
	})
}
