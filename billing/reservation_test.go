package billing_test

import (
	"testing"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/charging"
	"gnista/payment"
	"gnista/tariff"
	"gnista/token"
)

// kept stores a reservation of half an hour in a state, and returns the event that tells of it.
func (s *system) kept(id, account string, state charging.ReservationState, change func(*charging.Reservation)) gnista.Event {
	s.t.Helper()
	x := &charging.Reservation{
		ID: id, Number: 1, Station: "A", EVSE: 1, Token: token.ID{UID: "ANNA"}, State: state, Account: account, CreatedAt: start, StartedAt: start, Since: start, ExpiresAt: start.Add(30 * time.Minute),
	}
	if change != nil {
		change(x)
	}
	ev := gnista.Event{At: start.Add(time.Hour), Kind: "reservation." + string(x.State), Station: "A", Subject: id}
	if err := s.db.Change(s.t.Context(), "A", func(tx charging.Tx) error { return tx.SaveReservation(x, ev) }); err != nil {
		s.t.Fatal(err)
	}
	return ev
}

// reserving is a cashier where a reserved minute costs 0.20 if nobody comes and 0.10 if somebody does.
func reserving(t *testing.T) *cashier {
	c := newCashier(t)
	used, expired := false, true
	lowest := tariff.Decimal("50")
	_, err := c.tariffs.AddVersion(t.Context(), c.tariff.ID, tariff.Version{Min: lowest, Elements: []tariff.Element{
		{Dimension: tariff.Energy, Price: "4", VAT: "25"},
		{Dimension: tariff.Reservation, Price: "0.20", VAT: "25", When: tariff.Restriction{Expired: &expired}},
		{Dimension: tariff.Reservation, Price: "0.10", VAT: "25", When: tariff.Restriction{Expired: &used}},
		{Dimension: tariff.Reserving, Price: "47", VAT: "25"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A reservation that nobody came for is billed once, as a transaction is, and what is wrong with that is corrected.
func TestNobodyCame(t *testing.T) {
	c := reserving(t)
	later := func(x *charging.Reservation) {
		x.Since, x.StartedAt, x.ExpiresAt = start.Add(time.Hour), start.Add(time.Hour), start.Add(90*time.Minute)
	}
	ev := c.kept("v1", "post", charging.ReservationExpired, later)
	for range 3 {
		c.take(ev)
	}
	list := c.issued()
	if len(list) != 1 {
		t.Fatalf("the records are %+v", list)
	}
	r := list[0]
	if r.Number != 1 || r.Transaction != "" || r.Reservation != "v1" || r.Account != "post" || r.EnergyWh != 0 || r.Bill.Total.Amount != 600+4700 || r.EndedAt.Sub(r.StartedAt) != 30*time.Minute || r.TariffVersion == "" {
		t.Errorf("the record is %+v", r)
	}
	if owed := c.on(t, billing.Receivable, "post"); owed != 5300 {
		t.Errorf("%d are owed", owed)
	}
	c.work(t)
	if p := c.payment(t, "v1"); p.State != payment.Settled || p.Due != 5300 || p.ID != r.Payment {
		t.Errorf("the payment is %+v", p)
	}
	x, err := c.db.Reservation(t.Context(), "v1")
	if err != nil {
		t.Fatal(err)
	}
	audit := func(r billing.Record, corrected *billing.Record) {
		t.Helper()
		e, _ := billing.EntryOf(r)
		list, err := c.Audit(t.Context(), billing.Audited{Record: r, Reservation: &x, Corrected: corrected, Entry: &e})
		if err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
	}
	audit(r, nil)
	wrong := r
	wrong.Bill.Total.Amount++
	if list, err := c.Audit(t.Context(), billing.Audited{Record: wrong, Reservation: &x}); err != nil || len(list) == 0 {
		t.Errorf("a bill of one öre more is right: %v", err)
	}

	wh := int64(5)
	if _, err := c.Correct(t.Context(), r.ID, billing.Correction{EnergyWh: &wh, Reason: "x"}); gnista.CodeOf(err) != gnista.Invalid {
		t.Errorf("energy of a reservation: %v", err)
	}
	c.tariff, err = c.db.Tariff(t.Context(), c.tariff.ID)
	if err != nil {
		t.Fatal(err)
	}
	first := c.tariff.Versions[0].ID
	if first == r.TariffVersion {
		first = c.tariff.Versions[1].ID
	}
	done := c.correct(t, r.ID, billing.Correction{TariffVersion: first, Reason: "It had no price for that"})
	if len(done) != 2 || done[0].Bill.Total.Amount != -5300 || done[1].Bill.Total.Amount != 0 || done[1].Reservation != "v1" {
		t.Errorf("the correction is %+v", done)
	}
	audit(done[0], &r)
	c.work(t)
	if p := c.payment(t, "v1"); p.Due != 0 || p.Paid() != 0 {
		t.Errorf("the payment is %+v", p)
	}
	c.reconcile(t)
}

// What is not billed by itself, and to whom the rest is.
func TestWhoPaysForNobody(t *testing.T) {
	c := reserving(t)
	at := func(since time.Duration) func(*charging.Reservation) {
		return func(x *charging.Reservation) {
			x.Since, x.StartedAt, x.ExpiresAt = start.Add(since), start.Add(since), start.Add(2*time.Hour)
		}
	}
	for id, change := range map[string]func(*charging.Reservation){
		"never kept": func(x *charging.Reservation) { x.Since, x.StartedAt = time.Time{}, time.Time{} },
		"came late":  func(x *charging.Reservation) { x.State = charging.ReservationUsed },
		"cancelled":  func(x *charging.Reservation) { x.State = charging.ReservationCancelled },
		"no price":   func(x *charging.Reservation) { x.Tariff = "none such" },
	} {
		c.kept(id, "post", charging.ReservationExpired, change)
		c.take(gnista.Event{Kind: "reservation.expired", Subject: id})
	}
	// Moved, though the station did not let go of the first place: all of the time is the second one's.
	first := c.kept("v1", "post", charging.ReservationExpired, at(time.Hour))
	second := c.kept("v2", "post", charging.ReservationExpired, func(x *charging.Reservation) {
		at(time.Hour)(x)
		x.Origin, x.EVSE, x.StartedAt = "v1", 2, start.Add(90*time.Minute)
	})
	c.take(first)
	c.take(second)
	list := c.issued()
	if len(list) != 1 || list[0].Reservation != "v2" || list[0].Bill.Total.Amount != 1200+4700 || !list[0].StartedAt.Equal(start.Add(time.Hour)) {
		t.Fatalf("the records are %+v", list)
	}
	// One that nobody pays for is told apart.
	c.take(c.kept("v3", "", charging.ReservationExpired, at(time.Hour)))
	alone, err := c.db.Records(t.Context(), billing.Filter{Nobody: true, Limit: 9})
	if err != nil || len(alone) != 1 || alone[0].Reservation != "v3" {
		t.Errorf("nobody pays for %+v, %v", alone, err)
	}
	if one, err := c.db.Records(t.Context(), billing.Filter{Reservation: "v2", Limit: 9}); err != nil || len(one) != 1 {
		t.Errorf("of v2 there are %+v, %v", one, err)
	}
	c.work(t)
	c.reconcile(t)
	if p := c.payment(t, "v3"); p.State != payment.Review {
		t.Errorf("the payment of nobody is %+v", p)
	}
}

// Who comes after all does not pay for the place again.
func TestCameAfterAll(t *testing.T) {
	c := reserving(t)
	at := func(x *charging.Reservation) {
		x.Since, x.StartedAt, x.ExpiresAt = start.Add(time.Hour), start.Add(time.Hour), start.Add(90*time.Minute)
	}
	transaction := func(id, reservation string) int64 {
		t.Helper()
		x := charging.Transaction{ID: id, Station: "A", State: charging.Ended, StartedAt: start.Add(2 * time.Hour), EndedAt: start.Add(3 * time.Hour), EnergyWh: 20_000, Reservation: reservation}
		cost, err := c.Cost(t.Context(), &x)
		if err != nil {
			t.Fatal(err)
		}
		return cost.Amount
	}
	c.take(c.kept("v1", "post", charging.ReservationExpired, at))
	c.kept("v1", "post", charging.ReservationUsed, at)
	c.kept("v2", "post", charging.ReservationUsed, at)
	if without, with := transaction("x1", "v1"), transaction("x2", "v2"); without != 8000 || with != 8000+300+4700 {
		t.Errorf("a transaction costs %d, and %d with its reservation", without, with)
	}
}
