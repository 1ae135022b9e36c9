package main

import (
	"context"
	"encoding/json"
	"fmt"

	"gnista"
	"gnista/campaign"
	"gnista/pki"
	"gnista/token"
)

// actions are what campaigns can apply to stations, by name.
func (a *app) actions() map[string]campaign.Action {
	type list struct {
		Full bool `json:"full"` // all of it, also where the station has a part
	}
	type root struct {
		Use         pki.Use `json:"use"`
		Certificate string  `json:"certificate"` // in PEM
	}
	install := func(x root) pki.Install { return pki.Install{Use: x.Use, Certificate: x.Certificate} }
	return map[string]campaign.Action{
		"settings":      campaign.Settings{Network: a.network},
		"read-settings": campaign.Reading{Network: a.network},
		"reset":         campaign.Reset(a.network),
		"firmware":      campaign.Firmware{Network: a.network},
		"local-list": campaign.Doing[list]{Words: "bring the local list up to date", Again: true, Do: func(ctx context.Context, id gnista.StationID, x list) (campaign.Result, error) {
			done, err := a.lists.Sync(ctx, id, x.Full)
			if err == nil && done.List.State != token.ListInSync {
				return campaign.Result{State: campaign.Failed, Detail: done.List.Detail}, nil
			}
			return campaign.Result{State: campaign.Happened, Detail: fmt.Sprintf("%d entries told, %d removed", done.Set, done.Removed)}, err
		}},
		"install-certificate": campaign.Doing[root]{Words: "trust a root", Again: true,
			Judge: func(x root) error { return install(x).Check() },
			Do: func(ctx context.Context, id gnista.StationID, x root) (campaign.Result, error) {
				said, err := a.ca.Install(ctx, id, install(x))
				return campaign.Said(said), err
			}},
		"availability": campaign.Availability(a.network),
		"trigger":      campaign.Trigger(a.network),
		"clear-cache": campaign.Telling[token.ClearCache]{Network: a.network, Again: true, Read: func(args json.RawMessage) (o token.ClearCache, err error) {
			return o, campaign.Nothing(args)
		}},
	}
}
