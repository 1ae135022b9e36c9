package main

import (
	"context"
	"slices"

	"gnista"
	"gnista/fault"
	"gnista/fault/driver"
	"gnista/power/site"
)

// newFaults puts together what keeps faults.
func (a *app) newFaults(ctx context.Context, o options) error {
	if err := a.newCatalogue(ctx, o); err != nil {
		return err
	}
	a.faults = &fault.Faults{Store: a.db, Incidents: a.db, Catalogue: a.catalogue.Catalogue, Stations: a.db, Unknown: a.db, Now: o.Now}
	a.intake = &fault.Intake{Faults: a.faults, Connectors: a.db}
	return a.db.BeginConsuming(ctx, "faults")
}

// newDrivers puts together what tells drivers what has happened to them.
func (a *app) newDrivers(o options) *driver.Desk {
	return &driver.Desk{Checkouts: a.desk, Charging: a.transactions, Faults: a.db, Catalogue: a.catalogue.Catalogue, Sharing: sharing{a.sitePower}, Hints: a.remedies, Cases: a.db, Outlets: a.db, Now: o.Now}
}

// sharing tells drivers why their cars get what they get.
type sharing struct{ *site.Control }

func (s sharing) Share(_ context.Context, id gnista.StationID, evse int) (*driver.Power, error) {
	w, err := s.Explain(id, evse)
	if err != nil { // it is not shared there
		return nil, nil
	}
	held := []site.Code{site.WasLowered, site.Shared, site.Behind, site.Waits, site.Shortage, site.Stepped}
	return &driver.Power{Limited: slices.Contains(held, w.Code), Words: map[fault.Language]string{fault.Swedish: w.SV, fault.English: w.EN}}, nil
}

// keepFaults begins to take in what tells of faults, until ctx ends.
func (a *app) keepFaults(ctx context.Context) {
	a.running.Go(func() {
		if err := a.intake.Begin(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("what is over of the faults could not be seen", "err", err)
		}
		a.db.ConsumeFeed(ctx, "faults", a.faultFeed, a.intake.Take)
		if err := a.faults.Write(context.WithoutCancel(ctx)); err != nil {
			a.log.Error("how often faults were told of could not be kept", "err", err)
		}
	})
	a.every(ctx, sweepEvery, map[string]func(context.Context) error{"faults": a.faults.Sweep})
}
