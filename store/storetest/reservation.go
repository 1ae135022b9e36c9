package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/token"
)

func (s suite) reservations(t *testing.T) {
	ctx := t.Context()
	_, err := s.Reservation(ctx, "r0")
	wantCode(t, err, gnista.NotFound)
	change := func(f func(charging.Tx) error) {
		t.Helper()
		if err := s.Change(ctx, "RES", f); err != nil {
			t.Fatal(err)
		}
	}
	var last int64
	change(func(tx charging.Tx) error {
		for range 2 {
			n, err := tx.ReservationNumber()
			if err != nil || n <= last {
				t.Errorf("number %d after %d, %v", n, last, err)
			}
			last = n
		}
		return nil
	})
	make := func(id string, number int, state charging.ReservationState, expires time.Time) charging.Reservation {
		return charging.Reservation{
			ID: id, Number: number, Station: "RES", EVSE: 2, ConnectorType: "cCCS2", Token: token.ID{UID: "å:1", Type: token.Central}, Group: "g", State: state,
			Reason: "why", Origin: "r00", CreatedAt: now, StartedAt: now, Since: now.Add(-time.Hour), ExpiresAt: expires, Account: "a", Tariff: "v",
		}
	}
	a, b, old := make("r1", 7, charging.ReservationActive, now.Add(time.Hour)), make("r2", 8, charging.ReservationAsked, now.Add(2*time.Hour)), make("r3", 9, charging.ReservationUsed, now)
	old.EndedAt = now
	before := must[int64](t)(s.LastEvent(ctx))
	change(func(tx charging.Tx) error {
		return errors.Join(tx.SaveReservation(&a, gnista.Event{At: now, Kind: "reservation.active", Station: "RES", Subject: "r1"}), tx.SaveReservation(&b), tx.SaveReservation(&old))
	})
	if evs := must[[]gnista.Event](t)(s.Events(ctx, before, 10)); len(evs) != 1 || evs[0].Kind != "reservation.active" {
		t.Errorf("got %+v", evs)
	}
	for _, want := range []charging.Reservation{a, b, old} {
		if got := must[charging.Reservation](t)(s.Reservation(ctx, want.ID)); got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	list := func(what string, f charging.ReservationFilter, want string) {
		t.Helper()
		f.Station = "RES"
		got := ids(must[[]charging.Reservation](t)(s.Reservations(ctx, f)))
		if got != want {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
	list("all", charging.ReservationFilter{Limit: 10}, "[r3 r2 r1]")
	list("open", charging.ReservationFilter{Open: true, Limit: 10}, "[r2 r1]")
	list("used", charging.ReservationFilter{State: charging.ReservationUsed, Limit: 10}, "[r3]")
	list("page", charging.ReservationFilter{Before: "r3", Limit: 1}, "[r2]")
	overdue := func(what string, at, asked time.Time, want string) {
		t.Helper()
		if got := ids(must[[]charging.Reservation](t)(s.Overdue(ctx, at, asked, 10))); got != want {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
	overdue("none", now, now, "[]")
	overdue("asked long ago", now, now.Add(time.Second), "[r2]")
	overdue("expired", now.Add(time.Hour), now, "[r1]")
	overdue("all", now.Add(2*time.Hour), now, "[r1 r2]")
	change(func(tx charging.Tx) error {
		if r, err := tx.ReservationByNumber("RES", 6); r != nil || err != nil {
			t.Errorf("got %v, %v", r, err)
		}
		again := make("r4", 7, charging.ReservationActive, now.Add(time.Hour)) // numbers begin anew in the end
		if err := tx.SaveReservation(&again); err != nil {
			return err
		}
		r, err := tx.ReservationByNumber("RES", 7)
		if err != nil || r == nil || r.ID != "r4" {
			t.Errorf("got %+v, %v", r, err)
		}
		r.State, r.Transaction, r.EndedAt, r.Reason = charging.ReservationUsed, "t1", now, ""
		if err := tx.SaveReservation(r); err != nil {
			return err
		}
		open, err := tx.OpenReservations("RES")
		if err != nil || len(open) != 2 || open[0].ID != "r1" || open[1].ID != "r2" {
			t.Errorf("got %v, %v", open, err)
		}
		return err
	})
	if got := must[charging.Reservation](t)(s.Reservation(ctx, "r4")); got.State != charging.ReservationUsed || got.Transaction != "t1" || !got.EndedAt.Equal(now) || got.Reason != "" {
		t.Errorf("got %+v", got)
	}
	for id, want := range map[string]bool{"r00": true, "r1": false, "": false} {
		if moved := must[bool](t)(s.Moved(ctx, id)); moved != want {
			t.Errorf("%q was moved: %v", id, moved)
		}
	}
	change(func(tx charging.Tx) error { // what it used stays with a transaction
		return tx.Save(&charging.Transaction{ID: "res-t", Station: "RES", Ref: "res-t", State: charging.Ended, Reservation: "r4", SoC: -1, FinishedAt: now, StartedAt: now}, nil)
	})
	if x := must[charging.Transaction](t)(s.Transaction(ctx, "res-t")); x.Reservation != "r4" {
		t.Errorf("got %+v", x)
	}
}

func ids(list []charging.Reservation) string {
	out := []string{}
	for _, r := range list {
		out = append(out, r.ID)
	}
	return fmt.Sprint(out)
}
