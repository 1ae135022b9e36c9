package main

import (
	"context"
	"maps"
	"slices"

	"gnista"
	"gnista/billing"
	"gnista/charging"
	"gnista/tariff"
)

// prices is what package cost knows of prices: what is billed.
type prices struct{ *billing.Records }

// InForce is the version of the tariff that holds in a case. NotFound.
func (p prices) InForce(ctx context.Context, c tariff.Case) (tariff.Assigned, error) {
	return p.Tariffs.InForce(ctx, c)
}

// EVSEs are those of a station that have a tariff of their own.
func (p prices) EVSEs(ctx context.Context, id gnista.StationID) ([]int, error) {
	have, err := p.Tariffs.EVSETariffs(ctx, id)
	return slices.Sorted(maps.Keys(have)), err
}

// Version is the one that a transaction is billed by. NotFound.
func (p prices) Version(ctx context.Context, t *charging.Transaction) (tariff.Version, error) {
	return p.Records.Version(ctx, t)
}

// Next is the version that comes after v in the same tariff. NotFound.
func (p prices) Next(ctx context.Context, v tariff.Version) (tariff.Version, error) {
	t, err := p.Tariffs.Tariff(ctx, v.Tariff)
	if err != nil {
		return v, err
	}
	found := tariff.Version{}
	for _, x := range t.Versions { // the newest first: of two from one time it is the one
		if x.ValidFrom.After(p.Now()) && (found.ID == "" || x.ValidFrom.Before(found.ValidFrom)) {
			found = x
		}
	}
	if found.ID == "" {
		return found, gnista.Errorf(gnista.NotFound, "no later version of tariff %s is planned", v.Tariff)
	}
	return found, nil
}
