package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista/tariff"
)

// decimal is an exact number, taken as a JSON number or string and given as a string.
type decimal string

// UnmarshalJSON takes a number as it is written, so that 4.95 is not the nearest binary fraction.
func (d *decimal) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(d))
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return fmt.Errorf("a decimal number: %w", err)
	}
	*d = decimal(n)
	return nil
}

// Schema tells that both are taken. It is only told: who sends neither learns more from package tariff
// than that a schema does not match.
func (decimal) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Extensions: map[string]any{"oneOf": []*huma.Schema{{Type: huma.TypeString, Pattern: `^[0-9]{1,9}(\.[0-9]{1,6})?$`}, {Type: huma.TypeNumber}}},
		Examples:   []any{"4.95"},
	}
}

type elementView struct {
	Type         tariff.Dimension `json:"type" enum:"energy,time,idle,start" doc:"What has a price: each kWh, each minute of charging, each minute of standing idle, each start"`
	Price        decimal          `json:"price" doc:"VAT included, in major units (kronor, euro)"`
	VATPercent   decimal          `json:"vatPercent,omitempty" doc:"Absent is 25"`
	GraceMinutes int              `json:"graceMinutes,omitempty" minimum:"0" maximum:"525600" doc:"Idle only: so much is free"`
}

type versionView struct {
	ID        string        `json:"id" readOnly:"true"`
	Number    int           `json:"number" readOnly:"true"`
	ValidFrom *time.Time    `json:"validFrom,omitempty" doc:"Absent is always"`
	Elements  []elementView `json:"elements" nullable:"false"`
	CreatedAt time.Time     `json:"createdAt" readOnly:"true"`
}

type tariffView struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Currency  string        `json:"currency"`
	Default   bool          `json:"default"`
	CreatedAt time.Time     `json:"createdAt"`
	Versions  []versionView `json:"versions" nullable:"false" doc:"The newest first"`
}

func showTariff(t tariff.Tariff) tariffView {
	v := tariffView{ID: t.ID, Name: t.Name, Currency: t.Currency, Default: t.Default, CreatedAt: t.CreatedAt, Versions: make([]versionView, len(t.Versions))}
	for i, x := range t.Versions {
		v.Versions[i] = showVersion(x)
	}
	return v
}

func showVersion(x tariff.Version) versionView {
	v := versionView{ID: x.ID, Number: x.Number, ValidFrom: moment(x.ValidFrom), CreatedAt: x.CreatedAt, Elements: make([]elementView, len(x.Elements))}
	for i, e := range x.Elements {
		v.Elements[i] = elementView{e.Dimension, decimal(e.Price), decimal(e.VAT), int(e.Grace / time.Minute)}
	}
	return v
}

type VersionInput struct {
	ValidFrom *time.Time    `json:"validFrom,omitempty" doc:"Absent: a first version is always valid, another one from now on"`
	Elements  []elementView `json:"elements" minItems:"1" maxItems:"4" nullable:"false"`
}

func (in VersionInput) version() (tariff.Version, error) {
	var v tariff.Version
	if err := kept("validFrom", in.ValidFrom); err != nil {
		return v, err
	}
	set(&v.ValidFrom, in.ValidFrom)
	for _, e := range in.Elements {
		if e.VATPercent == "" {
			e.VATPercent = "25"
		}
		v.Elements = append(v.Elements, tariff.Element{Dimension: e.Type, Price: tariff.Decimal(e.Price), VAT: tariff.Decimal(e.VATPercent), Grace: time.Duration(e.GraceMinutes) * time.Minute})
	}
	return v, nil
}

func (s *Server) tariffs(api huma.API) {
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/tariffs", OperationID: "list-tariffs", Summary: "List tariffs", Tags: []string{"Tariffs"}},
		func(ctx context.Context, in *struct{ Paging }) (*body[page[tariffView]], error) {
			after, err := in.after()
			if err != nil {
				return nil, err
			}
			list, err := s.Tariffs.Store.Tariffs(ctx, after, in.Limit)
			return answer(turn(in.Paging, list, showTariff, func(t tariff.Tariff) string { return t.ID }), err)
		})
	type Path struct {
		ID string `path:"id"`
	}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/tariffs/{id}", OperationID: "get-tariff", Summary: "Show a tariff with its versions", Tags: []string{"Tariffs"}},
		func(ctx context.Context, in *Path) (*body[tariffView], error) {
			t, err := s.Tariffs.Store.Tariff(ctx, in.ID)
			return answer(showTariff(t), err)
		})
	type create struct {
		Name     string `json:"name" minLength:"1" maxLength:"100"`
		Currency string `json:"currency" minLength:"3" maxLength:"3" doc:"ISO 4217" example:"SEK"`
		Default  bool   `json:"default,omitempty" doc:"Holds on stations that have no other; the first tariff of all does anyhow"`
		VersionInput
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/tariffs", OperationID: "create-tariff", Summary: "Create a tariff with its first version", Tags: []string{"Tariffs"}, DefaultStatus: http.StatusCreated,
		Description: "A version is never changed; another price is another version. A transaction keeps the version that was in force when it started. A tariff is assigned to a station as a property of the station.",
	}, func(ctx context.Context, in *struct{ Body create }) (*body[tariffView], error) {
		first, err := in.Body.version()
		if err != nil {
			return nil, err
		}
		t, err := s.Tariffs.Create(ctx, tariff.Tariff{Name: in.Body.Name, Currency: in.Body.Currency, Default: in.Body.Default}, first)
		return answer(showTariff(t), err)
	})
	add(s, api, huma.Operation{Method: http.MethodPost, Path: "/tariffs/{id}/versions", OperationID: "add-tariff-version", Summary: "Add a version to a tariff", Tags: []string{"Tariffs"}, DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *struct {
			Path
			Body VersionInput
		}) (*body[versionView], error) {
			v, err := in.Body.version()
			if err != nil {
				return nil, err
			}
			v, err = s.Tariffs.AddVersion(ctx, in.ID, v)
			return answer(showVersion(v), err)
		})
}
