package main

import (
	"context"
	"maps"
	"slices"

	"gnista"
	"gnista/account"
	"gnista/billing"
	"gnista/charging"
	"gnista/store"
	"gnista/tariff"
	"gnista/token"
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

// readers knows what drivers read.
type readers struct{ db *store.DB }

// Language is that of the card, else that of the customer whose account pays; empty where neither says.
func (r readers) Language(ctx context.Context, d token.Decision) (string, error) {
	if d.Language == "" && d.ID.UID != "" {
		k, err := r.db.Token(ctx, d.ID)
		if err != nil && gnista.CodeOf(err) != gnista.NotFound {
			return "", err
		}
		d.Language = k.Language
	}
	if d.Language != "" || d.Account == "" {
		return d.Language, nil
	}
	a, err := r.db.Account(ctx, d.Account)
	if err == nil {
		var c account.Customer
		if c, err = r.db.Customer(ctx, a.Customer); err == nil {
			return c.Language, nil
		}
	}
	if gnista.CodeOf(err) == gnista.NotFound {
		err = nil
	}
	return "", err
}
