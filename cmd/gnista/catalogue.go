package main

import (
	"context"

	"gnista/fault"
)

// newCatalogue reads the catalogue of faults, and what operators say in place of it.
func (a *app) newCatalogue(ctx context.Context, o options) error {
	c := o.Catalogue
	if c == nil {
		var err error
		if c, err = fault.LoadCatalogue(); err != nil {
			return err
		}
	}
	a.catalogue = &fault.Editor{Catalogue: c.Fresh(), Store: a.db, Now: o.Now, Log: o.Log}
	return a.catalogue.Load(ctx)
}
