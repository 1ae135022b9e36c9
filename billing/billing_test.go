package billing_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/charging"
	"gnista/store"
	"gnista/tariff"
	"gnista/token"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// system bills on a database of its own, at a price of 4.00 for a kWh and 2.50 for a start.
type system struct {
	*billing.Records
	t       *testing.T
	db      *store.DB
	tariffs *tariff.Book
	tariff  tariff.Tariff
}

func newSystem(t *testing.T) *system {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "test.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	ids := 0
	newID := func() string { ids++; return fmt.Sprintf("%08d", ids) }
	now := start
	tick := func() time.Time { now = now.Add(time.Second); return now }
	return &system{
		&billing.Records{Store: db, Tariffs: db, Transactions: db, Currency: "EUR", Now: tick, NewID: newID},
		t, db, &tariff.Book{Store: db, Now: tick, NewID: newID}, tariff.Tariff{},
	}
}

// price sets what a kWh costs from now on.
func (s *system) price(kWh tariff.Decimal) {
	s.t.Helper()
	v := tariff.Version{Elements: []tariff.Element{{Dimension: tariff.Energy, Price: kWh, VAT: "25"}, {Dimension: tariff.Start, Price: "2.50", VAT: "25"}}}
	var err error
	if s.tariff.ID == "" {
		s.tariff, err = s.tariffs.Create(s.t.Context(), tariff.Tariff{Name: "All", Currency: "SEK", Default: true}, v)
	} else {
		_, err = s.tariffs.AddVersion(s.t.Context(), s.tariff.ID, v)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// finish stores a finished transaction that began at the price that holds now, and returns the event
// that tells of it.
func (s *system) finish(id string, energyWh int64) gnista.Event {
	s.t.Helper()
	at := s.Now()
	inForce, err := s.InForce(s.t.Context(), charging.Case{Station: "A", At: at})
	if err != nil && gnista.CodeOf(err) != gnista.NotFound {
		s.t.Fatal(err)
	}
	x := &charging.Transaction{
		ID: id, Station: "A", Version: gnista.V21, Ref: "r" + id, EVSE: gnista.EVSE{ID: 1, Connector: 1}, Token: token.ID{UID: "ANNA"}, Authorised: true, Tariff: inForce,
		State: charging.Ended, Activity: charging.Idle, StartedAt: at, EndedAt: at.Add(time.Hour), FinishedAt: at.Add(time.Hour), UpdatedAt: at, SoC: -1, EnergyWh: energyWh,
	}
	ev := gnista.Event{At: at, Kind: "transaction.finished", Station: "A", Subject: id}
	if err := s.db.Change(s.t.Context(), "A", func(tx charging.Tx) error { return tx.Save(x, nil, ev) }); err != nil {
		s.t.Fatal(err)
	}
	return ev
}

func (s *system) take(ev gnista.Event) {
	s.t.Helper()
	if err := s.Take(s.t.Context(), ev); err != nil {
		s.t.Errorf("%s of %s: %v", ev.Kind, ev.Subject, err)
	}
}

// issued are the records, the oldest first.
func (s *system) issued() []billing.Record {
	s.t.Helper()
	list, err := s.db.Records(s.t.Context(), billing.Filter{Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	slices.Reverse(list)
	return list
}

func TestOnceEach(t *testing.T) {
	s := newSystem(t)
	s.price("4.00")
	first, second := s.finish("x1", 1000), s.finish("x2", 2500)
	s.price("9.00") // holds for neither
	for _, ev := range []gnista.Event{first, {Kind: "transaction.started", Subject: "x2"}, first, second, first, second} {
		s.take(ev)
	}
	list := s.issued()
	if len(list) != 2 {
		t.Fatalf("two transactions have %d records", len(list))
	}
	for i, want := range []int64{650, 1250} {
		r := list[i]
		if r.Number != int64(i+1) || r.Transaction != fmt.Sprintf("x%d", i+1) || r.Bill.Total != (gnista.Money{Amount: want, Currency: "SEK"}) || r.Policy != tariff.Policy || r.Token.UID != "ANNA" {
			t.Errorf("the record is %+v, want %d", r, want)
		}
	}
	events, err := s.db.Events(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	events = slices.DeleteFunc(events, func(ev gnista.Event) bool { return ev.Kind != "charge-record.issued" })
	if len(events) != 2 || events[1].Subject != "x2" || string(events[1].Data) != fmt.Sprintf(`{"record":%q,"number":2,"amount":1250,"currency":"SEK"}`, list[1].ID) {
		t.Errorf("the events are %+v", events)
	}
}

func TestNothingToPay(t *testing.T) {
	s := newSystem(t)
	s.take(s.finish("free", 5000)) // nobody has set a price
	s.price("4.00")
	s.take(s.finish("none", 0)) // plugged in and out, or a car that would not charge
	list := s.issued()
	if len(list) != 2 || list[0].Bill.Total != (gnista.Money{Currency: "EUR"}) || list[1].Bill.Total != (gnista.Money{Currency: "SEK"}) || len(list[1].Bill.Lines) != 0 {
		t.Errorf("the records are %+v", list)
	}
}

// Where no version was found at the start, the one that held then is looked up when it is billed.
func TestPriceOfTheStart(t *testing.T) {
	s := newSystem(t)
	ev := s.finish("x1", 1000)
	s.price("4.00") // the first version holds from ever
	s.price("9.00") // and this one from now
	s.take(ev)
	if list := s.issued(); len(list) != 1 || list[0].Bill.Total.Amount != 650 {
		t.Errorf("the records are %+v", list)
	}
}

func TestUnknownTransaction(t *testing.T) {
	s := newSystem(t)
	if err := s.Take(t.Context(), gnista.Event{Kind: "transaction.finished", Subject: "nobody"}); gnista.CodeOf(err) != gnista.NotFound {
		t.Errorf("got %v", err)
	}
}
