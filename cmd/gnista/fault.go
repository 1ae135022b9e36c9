package main

import (
	"context"

	"gnista/fault"
)

// newFaults puts together what keeps faults.
func (a *app) newFaults(ctx context.Context, o options) error {
	if err := a.newCatalogue(ctx, o); err != nil {
		return err
	}
	a.faults = &fault.Faults{Store: a.db, Incidents: a.db, Catalogue: a.catalogue.Catalogue, Stations: a.db, Unknown: a.db, Now: o.Now}
	a.intake, a.faultNudge = &fault.Intake{Faults: a.faults, Connectors: a.db}, make(chan struct{}, 1)
	return nil
}

// keepFaults begins to take in what tells of faults, until ctx ends.
func (a *app) keepFaults(ctx context.Context) {
	a.running.Go(func() { a.db.Consume(ctx, "faults", a.faultNudge, a.intake.Take) })
	a.every(ctx, sweepEvery, map[string]func(context.Context) error{"faults": a.faults.Sweep})
}
