package billing

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"gnista/charging"
)

// MeterStore keeps what meters said.
type MeterStore interface {
	// OldRecords lists up to limit records that were issued before a time, by their numbers, behind one.
	OldRecords(ctx context.Context, after int64, before time.Time, limit int) ([]Record, error)
	// Thinned is the number of the record up to which was thinned out.
	Thinned(ctx context.Context) (int64, error)
	// SetThinned sets it.
	SetThinned(ctx context.Context, number int64) error
	// KeepSamples puts those of a transaction that are kept in place of all and says in it when, unless there are others by now.
	KeepSamples(ctx context.Context, x *charging.Transaction, all, kept []charging.Sample, at time.Time) error
}

// Thinning takes what no bill depends on out of what meters said, a long time after it was billed: what is left makes
// up each record anew, with the same lines and amounts. That is tried before anything goes.
type Thinning struct {
	Records *Records
	Store   MeterStore
	After   time.Duration // that a record is old; 0 is never
}

// thinBatch is how many records are looked at at once.
const thinBatch = 500

// Sweep thins out what has become old.
func (t *Thinning) Sweep(ctx context.Context) error {
	if t.After <= 0 {
		return nil
	}
	after, err := t.Store.Thinned(ctx)
	for err == nil && ctx.Err() == nil {
		var list []Record
		if list, err = t.Store.OldRecords(ctx, after, t.Records.Now().Add(-t.After), thinBatch); err != nil || len(list) == 0 {
			return err
		}
		for _, r := range list {
			if r.Kind == Credit || r.Transaction == "" { // of a reservation
				continue
			}
			if err := t.thin(ctx, r.Transaction); err != nil {
				return fmt.Errorf("thinning out what the meter said in transaction %s: %w", r.Transaction, err)
			}
		}
		after = list[len(list)-1].Number
		err = t.Store.SetThinned(ctx, after)
	}
	return err
}

// thin keeps the fewest samples of a transaction with which all of its records stay what they are: the first and the
// last of the energy register, or all of that, or all that there are.
func (t *Thinning) thin(ctx context.Context, id string) error {
	x, err := t.Records.Transactions.Transaction(ctx, id)
	if err != nil {
		return err
	}
	all, err := t.Records.Transactions.Samples(ctx, id)
	if err != nil || len(all) == 0 {
		return err
	}
	records, err := t.Records.Store.Records(ctx, Filter{Transaction: id, Limit: thinBatch})
	if err != nil {
		return err
	}
	energy := slices.DeleteFunc(slices.Clone(all), func(s charging.Sample) bool { return s.Measurand != charging.EnergyImport })
	if len(energy) == 0 {
		return nil
	}
	first, last := energy[0].At, energy[len(energy)-1].At
	ends := slices.DeleteFunc(slices.Clone(energy), func(s charging.Sample) bool { return !s.At.Equal(first) && !s.At.Equal(last) })
	for _, kept := range [][]charging.Sample{ends, energy} {
		if len(kept) == len(all) {
			return nil
		}
		same, err := t.same(ctx, x, records, all, kept)
		if err != nil {
			return err
		}
		if same {
			return t.Store.KeepSamples(ctx, &x, all, kept, t.Records.Now())
		}
	}
	return nil
}

// same tells whether a transaction has the same energy, and each record the same bill, by the samples that are kept.
func (t *Thinning) same(ctx context.Context, x charging.Transaction, records []Record, all, kept []charging.Sample) (bool, error) {
	if x.Recount(kept) != x.Recount(all) {
		return false, nil
	}
	before, after := t.by(all), t.by(kept)
	for _, r := range records {
		if r.Kind == Credit || r.TariffVersion == "" {
			continue
		}
		v, err := t.Records.versionOf(ctx, r.TariffVersion, charging.Case{})
		if err != nil {
			return false, err
		}
		x.EnergyWh, x.Tariff = r.EnergyWh, v.ID
		was, err := before.rateIn(ctx, &x, v, r.Bill.Zone)
		if err != nil {
			return false, err
		}
		is, err := after.rateIn(ctx, &x, v, r.Bill.Zone)
		if err != nil || !reflect.DeepEqual(was, is) {
			return false, err
		}
	}
	return true, nil
}

// by are the records as they are made up of samples.
func (t *Thinning) by(samples []charging.Sample) *Records {
	r := t.Records
	return &Records{Store: r.Store, Tariffs: r.Tariffs, Transactions: measured{r.Transactions, samples}, Reservations: r.Reservations, Zones: r.Zones, Currency: r.Currency, Now: r.Now, NewID: r.NewID}
}

// measured are transactions in which the meter said this.
type measured struct {
	Transactions
	samples []charging.Sample
}

func (m measured) Samples(context.Context, string) ([]charging.Sample, error) { return m.samples, nil }
