package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/ocpi"
	"gnista/tariff"
)

type exportView struct {
	Tariff json.RawMessage `json:"tariff" doc:"In the words of the other side"`
	Lost   []tariff.Loss   `json:"lost" nullable:"false" doc:"What of the tariff is not in it, or not quite the same"`
}

func showExport(text json.RawMessage, lost []tariff.Loss, err error) (*body[exportView], error) {
	return answer(exportView{text, append([]tariff.Loss{}, lost...)}, err)
}

// VersionPath is a version of a tariff.
type VersionPath struct {
	TariffPath
	Number int `query:"number" minimum:"0" doc:"Of the version; absent: the one that is in force"`
}

// formats are the words of tariffs of others.
var formats = map[string]ocpi.Version{"ocpi-2.2.1": ocpi.V221, "ocpi-2.3.0": ocpi.V230}

type tariffImport struct {
	Format  string          `json:"format" enum:"ocpi-2.2.1,ocpi-2.3.0"`
	Tariff  json.RawMessage `json:"tariff" doc:"The object Tariff"`
	Name    string          `json:"name,omitempty" maxLength:"100" doc:"Absent: the id that it has there"`
	Default bool            `json:"default,omitempty" doc:"Holds on stations that have no other"`
	DryRun  bool            `json:"dryRun,omitempty" doc:"Only tell what it would be"`
}

type importedView struct {
	ID       string           `json:"id,omitempty" doc:"Of the tariff that was made; absent of a dry run"`
	Name     string           `json:"name"`
	Currency string           `json:"currency"`
	Version  versionView      `json:"version"`
	Lost     []tariff.Loss    `json:"lost" nullable:"false" doc:"What of the tariff there is no place for, or not quite the same"`
	Warnings []tariff.Warning `json:"warnings" nullable:"false"`
}

// imported reads a tariff of others. Invalid.
func (in tariffImport) read() (tariff.Tariff, ocpi.Imported, error) {
	read, err := ocpi.Import(formats[in.Format], in.Tariff)
	if err != nil {
		if e, ok := errors.AsType[*gnista.Error](err); ok {
			return tariff.Tariff{}, read, gnista.Invalidf(strings.TrimSuffix("tariff."+e.Field, "."), "%s", e.Detail())
		}
		return tariff.Tariff{}, read, err
	}
	t := tariff.Tariff{Name: in.Name, Currency: read.Version.Currency, Default: in.Default}
	if t.Name == "" {
		t.Name = read.ID
	}
	if !storable(t.Name) || strings.TrimSpace(t.Name) == "" || utf8.RuneCountInString(t.Name) > 100 {
		return t, read, gnista.Invalidf("name", "is missing, and the tariff has no id of at most 100 characters to take instead")
	}
	return t, read, nil
}

func (s *Server) tariffExchange(api huma.API) {
	tags := []string{"Tariffs"}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/tariffs/{id}/ocpi", OperationID: "export-tariff-ocpi", Summary: "Write a tariff for roaming partners", Tags: tags,
		Description: "As the object Tariff of OCPI, with what of it partners cannot be told.",
	}, func(ctx context.Context, in *struct {
		VersionPath
		Version ocpi.Version `query:"version" enum:"2.2.1,2.3.0" default:"2.2.1" doc:"Of OCPI"`
		Country string       `query:"country" pattern:"^([A-Z]{2})?$" doc:"country_code of the operator" example:"SE"`
		Party   string       `query:"party" pattern:"^([A-Z0-9]{3})?$" doc:"party_id of the operator" example:"GNI"`
	}) (*body[exportView], error) {
		t, v, err := s.versionOf(ctx, in.ID, in.Number)
		if err != nil {
			return nil, err
		}
		text := showTexts(v)
		return showExport(ocpi.Export(in.Version, ocpi.Cover{
			CountryCode: in.Country, PartyID: in.Party, ID: t.ID, Texts: []ocpi.Text{{Language: "sv", Text: text.SV}, {Language: "en", Text: text.EN}},
		}, v))
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/tariffs/{id}/ocpp", OperationID: "export-tariff-ocpp", Summary: "Write a tariff for stations", Tags: tags,
		Description: "As the datatype TariffType of OCPP 2.1, with what of it stations cannot be told. A station is told it with the command tariffs.",
	}, func(ctx context.Context, in *VersionPath) (*body[exportView], error) {
		_, v, err := s.versionOf(ctx, in.ID, in.Number)
		if err != nil {
			return nil, err
		}
		return showExport(s.StationWords.ExportTariff(v))
	})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/tariffs/import", OperationID: "import-tariff", Summary: "Make a tariff of one of OCPI", Tags: tags,
		Description: "What there is no place for is told. With dryRun nothing is stored.",
	}, func(ctx context.Context, in *struct{ Body tariffImport }) (*body[importedView], error) {
		t, read, err := in.Body.read()
		if err != nil {
			return nil, err
		}
		v := importedView{Name: t.Name, Currency: t.Currency, Version: showVersion(read.Version), Lost: append([]tariff.Loss{}, read.Lost...), Warnings: showChecked(read.Version).Warnings}
		if in.Body.DryRun {
			return answer(v, nil)
		}
		if t, err = s.Tariffs.Create(ctx, t, read.Version); err != nil {
			return nil, inTariff(err)
		}
		v.ID, v.Version = t.ID, showVersion(t.Versions[0])
		return answer(v, nil)
	})
}
