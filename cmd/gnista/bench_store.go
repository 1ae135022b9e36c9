//go:build linux

package main

import (
	"context"
	"sync"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/station"
	"gnista/token"
)

// noStore is a store that keeps the open transactions in memory and nothing else: what is left of the
// work when storing is taken away.
type noStore struct {
	shards [64]struct {
		sync.Mutex
		byRef map[string]*charging.Transaction
	}
}

func newNoStore() *noStore {
	s := &noStore{}
	for i := range s.shards {
		s.shards[i].byRef = map[string]*charging.Transaction{}
	}
	return s
}

// Change runs f.
func (s *noStore) Change(_ context.Context, id gnista.StationID, f func(charging.Tx) error) error {
	n := 0
	for i := range len(id) {
		n = n*31 + int(id[i])
	}
	shard := &s.shards[n%len(s.shards)]
	shard.Lock()
	defer shard.Unlock()
	return f(noTx{shard.byRef})
}

func (*noStore) Transaction(context.Context, string) (charging.Transaction, error) {
	return charging.Transaction{}, gnista.Errorf(gnista.NotFound, "nothing is kept")
}

func (*noStore) Transactions(context.Context, charging.Filter) ([]charging.Transaction, error) {
	return nil, nil
}

func (*noStore) Unfinished(context.Context, time.Time, int) ([]charging.Transaction, error) {
	return nil, nil
}

func (*noStore) Samples(context.Context, string) ([]charging.Sample, error) { return nil, nil }

func (*noStore) SignedValues(context.Context, string) ([]charging.Signed, error) { return nil, nil }
func (*noStore) EVSEPower(context.Context, gnista.StationID, int) (string, string, error) {
	return "", "", nil
}

func (*noStore) AddMessages(_ context.Context, _ []station.Message, last int64) (int64, error) {
	return last, nil
}

func (*noStore) LastMessage(context.Context) (int64, error) { return 0, nil }

func (*noStore) Messages(context.Context, gnista.StationID, station.MessageFilter, int64, int) ([]station.Message, error) {
	return nil, nil
}

func (*noStore) PruneMessages(context.Context, time.Time, int64) (int, error) { return 0, nil }

// noTx is the [charging.Tx] of a noStore.
type noTx struct {
	byRef map[string]*charging.Transaction
}

func (t noTx) ByRef(id gnista.StationID, ref string) (*charging.Transaction, error) {
	x, ok := t.byRef[string(id)+ref]
	if !ok {
		return nil, nil
	}
	own := *x
	return &own, nil
}

func (t noTx) Save(x *charging.Transaction, _ []charging.Sample, _ ...gnista.Event) error {
	t.byRef[string(x.Station)+x.Ref] = x
	return nil
}

func (noTx) SaveSigned(string, []charging.Signed) error { return nil }

func (noTx) CostLimit(gnista.StationID, string) (*gnista.Money, error)            { return nil, nil }
func (noTx) EVSEPower(gnista.StationID, int) (string, string, error)              { return "", "", nil }
func (noTx) SaveDecision(charging.Decision) error                                 { return nil }
func (noTx) ByID(string) (*charging.Transaction, error)                           { return nil, nil }
func (noTx) ByStart(gnista.StationID, string) (*charging.Transaction, error)      { return nil, nil }
func (noTx) Open(gnista.StationID, int) ([]*charging.Transaction, error)          { return nil, nil }
func (noTx) EndedAt(gnista.StationID, time.Time) ([]*charging.Transaction, error) { return nil, nil }
func (noTx) CountOpen(token.ID) (int, error)                                      { return 0, nil }
func (noTx) ReservationNumber() (int64, error)                                    { return 1, nil }
func (noTx) SaveReservation(*charging.Reservation, ...gnista.Event) error         { return nil }
func (noTx) OpenReservations(gnista.StationID) ([]*charging.Reservation, error)   { return nil, nil }
func (noTx) ReservationByNumber(gnista.StationID, int) (*charging.Reservation, error) {
	return nil, nil
}
func (noTx) InForce(charging.Case) (string, error)                       { return "", nil }
func (noTx) Number() (int64, error)                                      { return 1, nil }
func (noTx) StartLimits(gnista.StationID, int) (*charging.Limits, error) { return nil, nil }
func (noTx) SaveStartLimits(gnista.StationID, int, charging.Limits, time.Time) error {
	return nil
}

func (noTx) Hold(string, string, bool, time.Time) (bool, error) { return true, nil }
func (noTx) Pay(string, string, time.Time) (bool, error)        { return true, nil }
func (noTx) Spend(string, string, time.Time) (bool, error)      { return true, nil }
func (noTx) Release(string) error                               { return nil }
func (noTx) Used(token.ID, time.Time, string) (u token.Used, _ error) {
	return u, nil
}
func (noTx) Begun(token.ID, time.Time, time.Time) ([]token.Begun, error) { return nil, nil }
func (noTx) Site(gnista.StationID) (string, error)                       { return "", nil }
func (noTx) BlockToken(token.ID, string, time.Time) error                { return nil }
