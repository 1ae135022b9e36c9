package billing

import (
	"context"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/tariff"
)

// Simulated is what a transaction came to, and what it would have by another version of a tariff. Nothing
// of it is kept.
type Simulated struct {
	Transaction charging.Transaction
	Before      tariff.Bill // of its record, or by its own tariff where it has none yet
	Tariff      string      // id of the version that Before is by; empty where it had none
	After       tariff.Bill
}

// Difference is how much more it would have cost; ok is false between currencies.
func (s Simulated) Difference() (more gnista.Money, ok bool) {
	m := gnista.Money{Amount: s.After.Total.Amount - s.Before.Total.Amount, Currency: s.After.Total.Currency}
	return m, s.After.Total.Currency == s.Before.Total.Currency
}

// Simulate rates a transaction by a version. Invalid where that comes to more than can be billed.
func (r *Records) Simulate(ctx context.Context, t charging.Transaction, v tariff.Version) (Simulated, error) {
	s := Simulated{Transaction: t}
	var err error
	if s.Before, s.Tariff, _, err = r.Explain(ctx, t); err != nil {
		return s, err
	}
	s.After, err = r.Rate(ctx, &t, v)
	return s, err
}

// Explain is what a transaction costs, by which version, and whether that is the bill of its record; else it is what it has
// come to so far. Invalid where that is more than can be billed.
func (r *Records) Explain(ctx context.Context, t charging.Transaction) (b tariff.Bill, version string, billed bool, err error) {
	record, err := r.Store.RecordOf(ctx, t.ID)
	if err == nil {
		return record.Bill, record.TariffVersion, true, nil
	}
	if gnista.CodeOf(err) != gnista.NotFound {
		return b, "", false, err
	}
	b, version, err = r.own(ctx, t)
	return b, version, false, err
}

// own is what a transaction comes to by its own tariff; nothing where none holds for it.
func (r *Records) own(ctx context.Context, t charging.Transaction) (tariff.Bill, string, error) {
	v, err := r.version(ctx, &t)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		free := gnista.Money{Currency: r.Currency}
		return tariff.Bill{Net: free, Tax: free, Total: free}, "", nil
	}
	if err != nil {
		return tariff.Bill{}, "", err
	}
	b, err := r.Rate(ctx, &t, v)
	return b, v.ID, err
}

// Finished selects transactions that are billed, in the order of their starts.
type Finished struct {
	Station gnista.StationID // empty is any
	Since   time.Time        // started at or after
	Until   time.Time        // started before
	AfterAt time.Time        // with AfterID: only those behind that one, which started then
	AfterID string
	Limit   int
}
