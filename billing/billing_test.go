package billing_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/charging"
	"gnista/store"
	"gnista/store/storetest"
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

// everywhere is the one zone of all stations.
type everywhere struct{ *time.Location }

func (e everywhere) Zone(context.Context, gnista.StationID) (*time.Location, error) {
	return e.Location, nil
}

func newSystem(t *testing.T) *system {
	t.Helper()
	db := storetest.Open(t)
	var ids, seconds atomic.Int64
	newID := func() string { return fmt.Sprintf("%08d", ids.Add(1)) }
	tick := func() time.Time { return start.Add(time.Duration(seconds.Add(1)) * time.Second) }
	return &system{
		&billing.Records{Store: db, Tariffs: db, Transactions: db, Reservations: db, Zones: everywhere{Location: time.UTC}, Currency: "EUR", Now: tick, NewID: newID},
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
	return s.finishFor(id, "", energyWh)
}

// finishFor is finish, with the account that pays.
func (s *system) finishFor(id, account string, energyWh int64) gnista.Event {
	s.t.Helper()
	at := s.Now()
	inForce, err := s.InForce(s.t.Context(), charging.Case{Station: "A", At: at})
	if err != nil && gnista.CodeOf(err) != gnista.NotFound {
		s.t.Fatal(err)
	}
	x := &charging.Transaction{
		ID: id, Station: "A", Version: gnista.V21, Ref: "r" + id, EVSE: gnista.EVSE{ID: 1, Connector: 1}, Token: token.ID{UID: "ANNA"}, Account: account, Authorised: true, Tariff: inForce,
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

// Where the tariff asks for it, the local time, the readings of the meter and the reservation count.
func TestBilledAsItWent(t *testing.T) {
	s := newSystem(t)
	stockholm, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	s.Zones = everywhere{Location: stockholm}
	used := false
	_, err = s.tariffs.Create(t.Context(), tariff.Tariff{Name: "All", Currency: "SEK", Default: true}, tariff.Version{Elements: []tariff.Element{
		{Dimension: tariff.Energy, Price: "2", VAT: "25", When: tariff.Restriction{To: "13:30"}},
		{Dimension: tariff.Energy, Price: "1", VAT: "25"},
		{Dimension: tariff.Reservation, Price: "0.10", VAT: "25", When: tariff.Restriction{Expired: &used}},
		{Dimension: tariff.Reserving, Price: "5", VAT: "25"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	x := &charging.Transaction{
		ID: "x1", Station: "A", Version: gnista.V21, Ref: "r1", EVSE: gnista.EVSE{ID: 1, Connector: 1}, Authorised: true, State: charging.Ended, StartedAt: start, EndedAt: start.Add(time.Hour),
		FinishedAt: start.Add(time.Hour), UpdatedAt: start, SoC: -1, EnergyWh: 10_000, Reservation: "v1",
	}
	x.Progress.Timeline = []charging.Step{{At: start, Activity: charging.Charging}}
	var samples []charging.Sample
	for minutes, wh := range map[int]int64{0: 0, 30: 7000, 60: 10_000} { // 13:00, 13:30, 14:00
		samples = append(samples, charging.Sample{At: start.Add(time.Duration(minutes) * time.Minute), Measurand: charging.EnergyImport, Location: charging.Outlet, Milli: wh * 1000})
	}
	ev := gnista.Event{At: start, Kind: "transaction.finished", Station: "A", Subject: "x1"}
	if err := s.db.Change(t.Context(), "A", func(tx charging.Tx) error {
		v := &charging.Reservation{ID: "v1", Number: 1, Station: "A", EVSE: 1, State: charging.ReservationUsed, Transaction: "x1", CreatedAt: start.Add(-21 * time.Minute), StartedAt: start.Add(-20 * time.Minute), Since: start.Add(-20 * time.Minute), ExpiresAt: start.Add(time.Hour)}
		if err := tx.SaveReservation(v); err != nil {
			return err
		}
		return tx.Save(x, samples, ev)
	}); err != nil {
		t.Fatal(err)
	}
	running, err := s.Cost(t.Context(), x)
	if err != nil || running.Amount != 1400+300+200+500 {
		t.Errorf("the cost is %+v, %v", running, err)
	}
	s.Zones = nowhere{}
	if err := s.Take(t.Context(), ev); err == nil || len(s.issued()) != 0 {
		t.Errorf("without a zone: %v", err)
	}
	s.Zones = everywhere{Location: stockholm}
	s.take(ev)
	list := s.issued()
	if len(list) != 1 || list[0].Bill.Total.Amount != 2400 {
		t.Fatalf("the records are %+v", list)
	}
	for i, want := range []tariff.Line{
		{Dimension: tariff.Energy, Element: 1, Quantity: 7000, Amount: 1400, Periods: []tariff.Period{{From: start, To: start.Add(30 * time.Minute)}}},
		{Dimension: tariff.Energy, Element: 2, Quantity: 3000, Amount: 300, Periods: []tariff.Period{{From: start.Add(30 * time.Minute), To: start.Add(time.Hour)}}},
		{Dimension: tariff.Reservation, Element: 3, Quantity: 1200, Amount: 200, Periods: []tariff.Period{{From: start.Add(-20 * time.Minute), To: start}}},
		{Dimension: tariff.Reserving, Element: 4, Quantity: 1, Amount: 500, Periods: []tariff.Period{{From: start.Add(-20 * time.Minute), To: start.Add(-20 * time.Minute)}}},
	} {
		l := list[0].Bill.Lines[i]
		if l.Dimension != want.Dimension || l.Element != want.Element || l.Quantity != want.Quantity || l.Amount != want.Amount || l.Estimated || len(l.Periods) != 1 || !l.Periods[0].From.Equal(want.Periods[0].From) || !l.Periods[0].To.Equal(want.Periods[0].To) {
			t.Errorf("line %d is %+v", i, l)
		}
	}
	if w := list[0].Bill.Lines[0].When; w == nil || w.To != "13:30" {
		t.Errorf("the rule is %+v", w)
	}
}

// nowhere knows no station.
type nowhere struct{}

func (nowhere) Zone(context.Context, gnista.StationID) (*time.Location, error) {
	return nil, gnista.Errorf(gnista.NotFound, "there is no such station")
}
