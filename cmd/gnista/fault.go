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
	return a.db.BeginConsuming(ctx, "faults")
}

// keepFaults begins to take in what tells of faults, until ctx ends.
func (a *app) keepFaults(ctx context.Context) {
	a.running.Go(func() {
		if err := a.intake.Begin(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("what is over of the faults could not be seen", "err", err)
		}
		a.db.Consume(ctx, "faults", a.faultNudge, a.intake.Take)
		if err := a.faults.Write(context.WithoutCancel(ctx)); err != nil {
			a.log.Error("how often faults were told of could not be kept", "err", err)
		}
	})
	a.every(ctx, sweepEvery, map[string]func(context.Context) error{"faults": a.faults.Sweep})
}
