package main

import (
	"context"

	"gnista/fault"
)

// newCatalogue reads the catalogue of faults, and what operators say in place of it.
func (a *app) newCatalogue(ctx context.Context, o options) error {
	c, err := fault.LoadCatalogue()
	if err != nil {
		return err
	}
	a.catalogue = &fault.Editor{Catalogue: c, Store: a.db, Now: o.Now, Log: o.Log}
	return a.catalogue.Load(ctx)
}
