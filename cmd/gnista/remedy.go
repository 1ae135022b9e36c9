package main

import (
	"context"

	"gnista"
	"gnista/fault"
	"gnista/fault/remedy"
	"gnista/station"
	"gnista/token"
)

// newRemedies is what puts faults right.
func (a *app) newRemedies(o options, sites *station.Sites) error {
	ladders, err := remedy.LoadLadders()
	if err != nil {
		return err
	}
	a.remedyNudge = make(chan struct{}, 1)
	a.remedies = &remedy.Remedies{
		Store: a.db, Faults: a.db, Notes: a.faults, Catalogue: a.faults.Catalogue, Network: a.network, Transactions: o.Charging, Orders: again{a}, Power: a.sitePower, Zone: sites.Zone, BuiltIn: ladders,
		Now: o.Now, NewID: o.NewOwnID, Log: o.Log,
	}
	return nil
}

// putRight begins to put faults right. What tells stations something ends before the rest.
func (a *app) putRight(ctx, telling context.Context) {
	a.running.Go(func() { a.db.Consume(ctx, "remedies", a.remedyNudge, a.remedies.Take) })
	a.running.Go(func() { a.remedies.Run(telling) })
	a.every(ctx, pruneEvery, map[string]func(context.Context) error{"remedies": a.remedies.Sweep})
}

// again gives orders again that do the same however often they are given.
type again struct{ *app }

// repeat is how an order of a kind is given again.
func (a again) repeat(kind string) func(ctx context.Context, id gnista.StationID) error {
	act := func(name string) func(context.Context, gnista.StationID) error {
		return func(ctx context.Context, id gnista.StationID) error {
			_, err := a.campaigns.Actions[name].Apply(ctx, id, nil)
			return err
		}
	}
	switch kind {
	case "send-local-list", "read-local-list-version", "read-local-list-limits", "use-local-list":
		return func(ctx context.Context, id gnista.StationID) error {
			_, err := a.lists.Sync(ctx, id, true)
			return err
		}
	case "write-settings":
		return act("settings") // its template says what they are to be
	case "read-settings", "report":
		return act("read-settings")
	case "set-tariff", "default-price":
		return func(ctx context.Context, id gnista.StationID) error { return a.costs.Sync(ctx, id, true) }
	case token.ClearCache{}.Told().Kind:
		return func(ctx context.Context, id gnista.StationID) error {
			_, err := station.Give(ctx, a.network, id, token.ClearCache{})
			return err
		}
	}
	return nil
}

func orderOf(f fault.Fault) string {
	kind, _ := f.Facts["order"].(string)
	return kind
}

// Repeatable tells whether a fault tells of an order that can be given again.
func (a again) Repeatable(f fault.Fault) bool { return f.Station != "" && a.repeat(orderOf(f)) != nil }

// Again gives the order again.
func (a again) Again(ctx context.Context, f fault.Fault) (string, error) {
	kind := orderOf(f)
	do := a.repeat(kind)
	if do == nil {
		return "", gnista.Errorf(gnista.Unsupported, "an order %q is not given again by rule", kind)
	}
	return kind, do(ctx, f.Station)
}
