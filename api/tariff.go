package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
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
	Type         tariff.Dimension  `json:"type" enum:"energy,time,idle,start,reservation,reserving" doc:"What has a price: each kWh, each minute of charging, each minute of standing idle, each start, each minute of reservation, each reservation"`
	Price        decimal           `json:"price" doc:"In major units (kronor, euro), VAT included unless the version is net"`
	VATPercent   decimal           `json:"vatPercent,omitempty" doc:"Absent is 25"`
	PerHour      bool              `json:"perHour,omitempty" doc:"The price of time is for each hour, not each minute"`
	GraceMinutes int               `json:"graceMinutes,omitempty" minimum:"0" maximum:"525600" doc:"Idle only: so much is free"`
	StepSize     int64             `json:"stepSize,omitempty" minimum:"0" doc:"Wh or seconds: the quantity is rounded up to a multiple of it; absent is not"`
	Restrictions *restrictionsView `json:"restrictions,omitempty" doc:"When it applies: when all of it holds; absent is always"`
}

type restrictionsView struct {
	From         string   `json:"from,omitempty" doc:"Local time of day" example:"08:00"`
	To           string   `json:"to,omitempty" doc:"Local time of day, not included; before from is past midnight, 00:00 is midnight" example:"18:00"`
	Since        string   `json:"since,omitempty" doc:"Local date" example:"2026-12-24"`
	Until        string   `json:"until,omitempty" doc:"Local date, not included" example:"2027-01-01"`
	Weekdays     []string `json:"weekdays,omitempty" maxItems:"7" enum:"monday,tuesday,wednesday,thursday,friday,saturday,sunday" doc:"Absent is all"`
	MinEnergyWh  *int64   `json:"minEnergyWh,omitempty" doc:"From so much energy of the transaction on"`
	MaxEnergyWh  *int64   `json:"maxEnergyWh,omitempty" doc:"Until so much energy of the transaction"`
	MinPowerW    *int64   `json:"minPowerW,omitempty" doc:"At so much power and more"`
	MaxPowerW    *int64   `json:"maxPowerW,omitempty" doc:"Below so much power"`
	MinCurrentMA *int64   `json:"minCurrentMilliA,omitempty" doc:"At so much current, of all phases together, and more"`
	MaxCurrentMA *int64   `json:"maxCurrentMilliA,omitempty" doc:"Below so much current, of all phases together"`
	MinSeconds   *int64   `json:"minSeconds,omitempty" doc:"From so long after the start on; of prices of reservations that of the reservation"`
	MaxSeconds   *int64   `json:"maxSeconds,omitempty" doc:"Until so long after the start"`
	Expired      *bool    `json:"expired,omitempty" doc:"Prices of reservations only: true is where nobody came, false where somebody did; absent is either"`
}

func showRestrictions(w tariff.Restriction) *restrictionsView {
	v := restrictionsView{
		From: w.From, To: w.To, Since: w.Since, Until: w.Until, MinEnergyWh: w.MinWh, MaxEnergyWh: w.MaxWh, MinPowerW: w.MinW, MaxPowerW: w.MaxW,
		MinCurrentMA: w.MinMilliA, MaxCurrentMA: w.MaxMilliA, MinSeconds: w.MinTime, MaxSeconds: w.MaxTime, Expired: w.Expired,
	}
	for _, d := range w.Weekdays {
		v.Weekdays = append(v.Weekdays, strings.ToLower(d.String()))
	}
	if v.From+v.To+v.Since+v.Until == "" && v.Weekdays == nil && v.Expired == nil && !slices.ContainsFunc(v.bounds(), func(n *int64) bool { return n != nil }) {
		return nil
	}
	return &v
}

func (v restrictionsView) bounds() []*int64 {
	return []*int64{v.MinEnergyWh, v.MaxEnergyWh, v.MinPowerW, v.MaxPowerW, v.MinCurrentMA, v.MaxCurrentMA, v.MinSeconds, v.MaxSeconds}
}

func (v *restrictionsView) restriction() tariff.Restriction {
	if v == nil {
		return tariff.Restriction{}
	}
	w := tariff.Restriction{
		From: v.From, To: v.To, Since: v.Since, Until: v.Until, MinWh: v.MinEnergyWh, MaxWh: v.MaxEnergyWh, MinW: v.MinPowerW, MaxW: v.MaxPowerW,
		MinMilliA: v.MinCurrentMA, MaxMilliA: v.MaxCurrentMA, MinTime: v.MinSeconds, MaxTime: v.MaxSeconds, Expired: v.Expired,
	}
	for _, name := range v.Weekdays {
		for d := time.Sunday; d <= time.Saturday; d++ {
			if strings.EqualFold(d.String(), name) {
				w.Weekdays = append(w.Weekdays, d)
			}
		}
	}
	return w
}

// textsView is a version in words.
type textsView struct {
	SV string `json:"sv"`
	EN string `json:"en"`
}

func showTexts(v tariff.Version) textsView {
	return textsView{v.Text(tariff.Swedish), v.Text(tariff.English)}
}

type versionView struct {
	ID        string        `json:"id" readOnly:"true"`
	Number    int           `json:"number" readOnly:"true"`
	ValidFrom *time.Time    `json:"validFrom,omitempty" doc:"Absent is always"`
	Net       bool          `json:"net,omitempty" doc:"Prices and limits are without VAT, which is added"`
	MinPrice  string        `json:"minPrice,omitempty" doc:"The least that a transaction costs, in major units"`
	MaxPrice  string        `json:"maxPrice,omitempty" doc:"The most that a transaction costs, in major units"`
	Elements  []elementView `json:"elements" nullable:"false" doc:"Of one type the first that applies counts"`
	Text      textsView     `json:"text" doc:"In words"`
	CreatedAt time.Time     `json:"createdAt" readOnly:"true"`
}

type tariffView struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Currency  string        `json:"currency"`
	Default   bool          `json:"default"`
	CreatedAt time.Time     `json:"createdAt"`
	Versions  []versionView `json:"versions" nullable:"false" doc:"The newest first, those that are not valid yet among them"`
}

func showTariff(t tariff.Tariff) tariffView {
	v := tariffView{ID: t.ID, Name: t.Name, Currency: t.Currency, Default: t.Default, CreatedAt: t.CreatedAt, Versions: make([]versionView, len(t.Versions))}
	for i, x := range t.Versions {
		v.Versions[i] = showVersion(x)
	}
	return v
}

func showVersion(x tariff.Version) versionView {
	v := versionView{
		ID: x.ID, Number: x.Number, ValidFrom: moment(x.ValidFrom), Net: x.Net, MinPrice: string(x.Min), MaxPrice: string(x.Max), CreatedAt: x.CreatedAt,
		Elements: make([]elementView, len(x.Elements)), Text: showTexts(x),
	}
	for i, e := range x.Elements {
		v.Elements[i] = elementView{e.Dimension, decimal(e.Price), decimal(e.VAT), e.PerHour, int(e.Grace / time.Minute), e.Step, showRestrictions(e.When)}
	}
	return v
}

type VersionInput struct {
	ValidFrom *time.Time    `json:"validFrom,omitempty" doc:"Absent: a first version is always valid, another one from now on"`
	Net       bool          `json:"net,omitempty" doc:"Prices and limits are without VAT, which is added"`
	MinPrice  decimal       `json:"minPrice,omitempty" doc:"The least that a transaction costs, in major units"`
	MaxPrice  decimal       `json:"maxPrice,omitempty" doc:"The most that a transaction costs, in major units"`
	Elements  []elementView `json:"elements" minItems:"1" maxItems:"100" nullable:"false" doc:"Of one type the first that applies counts"`
}

func (in VersionInput) version(currency string) (tariff.Version, error) {
	v := tariff.Version{Currency: currency, Net: in.Net, Min: tariff.Decimal(in.MinPrice), Max: tariff.Decimal(in.MaxPrice)}
	if err := kept("validFrom", in.ValidFrom); err != nil {
		return v, err
	}
	set(&v.ValidFrom, in.ValidFrom)
	for _, e := range in.Elements {
		if e.VATPercent == "" {
			e.VATPercent = "25"
		}
		v.Elements = append(v.Elements, tariff.Element{
			Dimension: e.Type, Price: tariff.Decimal(e.Price), VAT: tariff.Decimal(e.VATPercent), PerHour: e.PerHour, Grace: time.Duration(e.GraceMinutes) * time.Minute,
			Step: e.StepSize, When: e.Restrictions.restriction(),
		})
	}
	return v, nil
}

// tariffWords are the names of fields of versions, where the API has others.
var tariffWords = strings.NewReplacer(
	".when.minWh", ".restrictions.minEnergyWh", ".when.maxWh", ".restrictions.maxEnergyWh", ".when.minW", ".restrictions.minPowerW", ".when.maxW", ".restrictions.maxPowerW",
	".when.minMilliA", ".restrictions.minCurrentMilliA", ".when.maxMilliA", ".restrictions.maxCurrentMilliA",
	".when.minTime", ".restrictions.minSeconds", ".when.maxTime", ".restrictions.maxSeconds", ".when", ".restrictions", ".step", ".stepSize",
)

func tariffField(field string) string {
	if field == "min" || field == "max" {
		return field + "Price"
	}
	return tariffWords.Replace(field)
}

// inTariff is what is wrong with a version, with the field of the API.
func inTariff(err error) error {
	if e, ok := errors.AsType[*gnista.Error](err); ok && e.Field != "" {
		return gnista.Invalidf(tariffField(e.Field), "%s", e.Detail())
	}
	return err
}

type createTariff struct {
	Name     string `json:"name" minLength:"1" maxLength:"100"`
	Currency string `json:"currency" minLength:"3" maxLength:"3" doc:"ISO 4217" example:"SEK"`
	Default  bool   `json:"default,omitempty" doc:"Holds on stations that have no other; the first tariff of all does anyhow"`
	VersionInput
}

type tariffChange struct {
	Name    *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
	Default *bool   `json:"default,omitempty" doc:"true: it holds where no other is assigned, and the one that did does not any more"`
}

// UnmarshalJSON refuses null.
func (c *tariffChange) UnmarshalJSON(text []byte) error {
	type plain tariffChange
	return unmarshalChange(text, (*plain)(c))
}

type checkedView struct {
	Text     textsView        `json:"text" doc:"In words"`
	Warnings []tariff.Warning `json:"warnings" nullable:"false" doc:"What should be known before it is used"`
}

func showChecked(v tariff.Version) checkedView {
	c := checkedView{showTexts(v), append([]tariff.Warning{}, v.Warnings()...)}
	for i := range c.Warnings {
		c.Warnings[i].Field = tariffField(c.Warnings[i].Field)
	}
	return c
}

// TariffPath is a tariff in a path.
type TariffPath struct {
	ID string `path:"id"`
}

func (s *Server) tariffs(api huma.API) {
	tags := []string{"Tariffs"}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/tariffs", OperationID: "list-tariffs", Summary: "List tariffs", Tags: tags},
		func(ctx context.Context, in *struct{ Paging }) (*body[page[tariffView]], error) {
			after, err := in.after()
			if err != nil {
				return nil, err
			}
			list, err := s.Tariffs.Store.Tariffs(ctx, after, in.Limit)
			return answer(turn(in.Paging, list, showTariff, func(t tariff.Tariff) string { return t.ID }), err)
		})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/tariffs/{id}", OperationID: "get-tariff", Summary: "Show a tariff with its versions", Tags: tags},
		func(ctx context.Context, in *TariffPath) (*body[tariffView], error) {
			t, err := s.Tariffs.Store.Tariff(ctx, in.ID)
			return answer(showTariff(t), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/tariffs", OperationID: "create-tariff", Summary: "Create a tariff with its first version", Tags: tags, DefaultStatus: http.StatusCreated,
		Description: "A version is never changed; another price is another version. A transaction keeps the version that was in force when it started. A tariff is assigned as a property of a token, a group of tokens, a customer, an EVSE, a station or a site; the first of these that has one counts.",
	}, func(ctx context.Context, in *struct{ Body createTariff }) (*body[tariffView], error) {
		first, err := in.Body.version(in.Body.Currency)
		if err != nil {
			return nil, err
		}
		t, err := s.Tariffs.Create(ctx, tariff.Tariff{Name: in.Body.Name, Currency: in.Body.Currency, Default: in.Body.Default}, first)
		return answer(showTariff(t), inTariff(err))
	})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/tariffs/check", OperationID: "check-tariff", Summary: "Tell what a tariff would be, and whether it can be used", Tags: tags,
		Description: "Takes what creates a tariff, and stores nothing.",
	}, func(ctx context.Context, in *struct{ Body createTariff }) (*body[checkedView], error) {
		v, err := in.Body.version(in.Body.Currency)
		if err != nil {
			return nil, err
		}
		if err := s.Tariffs.Check(tariff.Tariff{Name: in.Body.Name, Currency: in.Body.Currency}, v); err != nil {
			return nil, inTariff(err)
		}
		return answer(showChecked(v), nil)
	})
	add(s, api, huma.Operation{
		Method: http.MethodPatch, Path: "/tariffs/{id}", OperationID: "change-tariff", Summary: "Give a tariff another name, or make it the default one", Tags: tags,
		Description: "What is left out is not changed. Prices are changed by another version.",
	}, func(ctx context.Context, in *struct {
		TariffPath
		Body tariffChange
	}) (*body[tariffView], error) {
		t, err := s.Tariffs.Update(ctx, in.ID, in.Body.Name, in.Body.Default)
		return answer(showTariff(t), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodDelete, Path: "/tariffs/{id}", OperationID: "delete-tariff", Summary: "Delete a tariff", Tags: tags, DefaultStatus: http.StatusNoContent,
		Description: "One that is assigned, is the default one, or was used by a transaction is not deleted.",
	}, func(ctx context.Context, in *TariffPath) (*struct{}, error) {
		return nil, s.Tariffs.Delete(ctx, in.ID)
	})
	add(s, api, huma.Operation{Method: http.MethodPost, Path: "/tariffs/{id}/versions", OperationID: "add-tariff-version", Summary: "Add a version to a tariff", Tags: tags, DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *struct {
			TariffPath
			Body VersionInput
		}) (*body[versionView], error) {
			t, err := s.Tariffs.Store.Tariff(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			v, err := in.Body.version(t.Currency)
			if err != nil {
				return nil, err
			}
			v, err = s.Tariffs.AddVersion(ctx, in.ID, v)
			return answer(showVersion(v), inTariff(err))
		})
}

// versionOf finds a version of a tariff by its number; 0 is the one that is in force, or the newest where
// none is yet. NotFound.
func (s *Server) versionOf(ctx context.Context, id string, number int) (tariff.Tariff, tariff.Version, error) {
	t, err := s.Tariffs.Store.Tariff(ctx, id)
	if err != nil {
		return t, tariff.Version{}, err
	}
	if number == 0 {
		return t, t.At(s.Now()), nil
	}
	for _, v := range t.Versions {
		if v.Number == number {
			return t, v, nil
		}
	}
	return t, tariff.Version{}, gnista.Errorf(gnista.NotFound, "tariff %q has no version %d", id, number)
}
