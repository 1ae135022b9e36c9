package main

import (
	"context"

	"gnista/fault"
)

// newFaults puts together what keeps faults.
func (a *app) newFaults(o options) error {
	meanings, err := fault.LoadCatalogue()
	if err != nil {
		return err
	}
	a.faults = &fault.Faults{Store: a.db, Incidents: a.db, Catalogue: meanings, Stations: a.db, Unknown: a.db, Now: o.Now, Log: o.Log}
	return nil
}

// keepFaults begins to take in what tells of faults, until ctx ends.
func (a *app) keepFaults(ctx context.Context) {
	a.every(ctx, sweepEvery, map[string]func(context.Context) error{"faults": a.faults.Sweep})
}
