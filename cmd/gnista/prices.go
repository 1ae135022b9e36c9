package main

import (
	"context"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/charging"
	"gnista/tariff"
)

// prices is what package cost knows of prices: what is billed.
type prices struct{ *billing.Records }

// Holds is the version that holds on a station at a time. NotFound.
func (p prices) Holds(ctx context.Context, at gnista.StationID, when time.Time) (tariff.Version, error) {
	return p.Tariffs.InForce(ctx, at, when)
}

// Version is the one that a transaction is billed by. NotFound.
func (p prices) Version(ctx context.Context, t *charging.Transaction) (tariff.Version, error) {
	return p.Records.Version(ctx, t)
}

// Next is the version of the same tariff that holds after v. NotFound.
func (p prices) Next(ctx context.Context, v tariff.Version, after time.Time) (tariff.Version, error) {
	t, err := p.Tariffs.Tariff(ctx, v.Tariff)
	if err != nil {
		return v, err
	}
	found := tariff.Version{}
	for _, x := range t.Versions { // the newest first: of two from one time it is the one
		if x.ValidFrom.After(after) && (found.ID == "" || x.ValidFrom.Before(found.ValidFrom)) {
			found = x
		}
	}
	if found.ID == "" {
		return found, gnista.Errorf(gnista.NotFound, "no later version of tariff %s is planned", v.Tariff)
	}
	return found, nil
}
