package api

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/station"
)

// ServerSetting is something that the server was told when it began.
type ServerSetting struct {
	Name    string `json:"name" example:"public-url" doc:"Of the flag; in the environment it is GNISTA_PUBLIC_URL"`
	Help    string `json:"help"`
	Value   string `json:"value" doc:"In force; empty for what is secret"`
	Default string `json:"default,omitempty"`
	Set     bool   `json:"set" doc:"It is another than the default"`
	Secret  bool   `json:"secret,omitempty" doc:"What it is is not shown"`
}

type serverView struct {
	Version   string          `json:"version"`
	PublicURL string          `json:"publicUrl,omitempty" doc:"Under which the world reaches this system"`
	SingleOn  string          `json:"singleSignOn,omitempty" doc:"What the OpenID provider is called by which users may sign in"`
	Settings  []ServerSetting `json:"settings" nullable:"false" doc:"What the server was told when it began, in force until it begins anew"`
}

// stationAddress is an address that a station can be told to connect to.
type stationAddress struct {
	URL      string            `json:"url" doc:"With the identity at its end"`
	Base     string            `json:"base" doc:"Without: for stations that add it themselves"`
	Profiles []station.Profile `json:"profiles" nullable:"false" doc:"Security profiles that go with it"`
	Local    bool              `json:"local,omitempty" doc:"Only this machine reaches it"`
	Guessed  bool              `json:"guessed,omitempty" doc:"Nobody has said that stations reach it: it is how whoever asks does"`
	QR       string            `json:"qr" doc:"The address as a QR code, in SVG"`
}

func (s *Server) server(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/settings/server", OperationID: "get-server-settings", Summary: "Show what the server is set to, without what is secret", Tags: []string{"Server"},
	}, func(context.Context, *struct{}) (*body[serverView], error) {
		v := serverView{Version: s.Version, PublicURL: s.PublicURL, Settings: s.Settings}
		if s.SignOn != nil {
			v.SingleOn = s.SignOn.Name
		}
		if v.Settings == nil {
			v.Settings = []ServerSetting{}
		}
		return answer(v, nil)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/addresses", OperationID: "list-station-addresses", Summary: "List the addresses that a station can be told to connect to", Tags: []string{"Stations"},
		Description: "Also of an identity that is not registered.",
	}, func(_ context.Context, in *struct {
		StationPath
		Reached
	}) (*body[page[stationAddress]], error) {
		list, err := s.addresses(in.Station, in.r)
		return answer(page[stationAddress]{Items: list}, err)
	})
}

// addresses are those that a station can be told to connect to, the best first.
func (s *Server) addresses(id gnista.StationID, r *http.Request) ([]stationAddress, error) {
	list := []stationAddress{}
	put := func(base string, guessed bool, profiles ...station.Profile) error {
		u, err := url.Parse(base)
		if err != nil {
			return err
		}
		base = strings.TrimRight(base, "/")
		for _, x := range list {
			if x.Base == base {
				return nil
			}
		}
		name := u.Hostname()
		x := stationAddress{URL: base + "/" + url.PathEscape(string(id)), Base: base, Profiles: profiles, Guessed: guessed, Local: name == "localhost" || net.ParseIP(name).IsLoopback()}
		code, err := newQR(x.URL)
		if err != nil {
			return gnista.Invalidf("station", "is too long for a QR code")
		}
		x.QR = string(code.svg())
		list = append(list, x)
		return nil
	}
	for _, p := range []station.Profile{station.TLSMutually, station.TLSBasic} {
		if base := s.Network.Addresses[p]; base != "" {
			if err := put(base, false, p); err != nil {
				return nil, err
			}
		}
	}
	web := strings.TrimRight(s.PublicURL, "/")
	guessed := web == ""
	if guessed {
		web = s.ownAddress(r)
	}
	rest, secret := strings.CutPrefix(web, "https://")
	if secret {
		return list, put("wss://"+rest+"/ocpp", guessed, station.TLSBasic)
	}
	if err := put(fmt.Sprintf("ws://%s/ocpp", strings.TrimPrefix(web, "http://")), guessed, station.Basic, station.Unsecured); err != nil {
		return nil, err
	}
	return list, nil
}
