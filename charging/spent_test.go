package charging_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/station"
	"gnista/token"
)

// stops is a connected station, and what it is ordered to stop.
type stops chan string

func (stops) Connection(gnista.StationID) (c station.Connection, connected bool) { return c, true }
func (stops) Disconnect(gnista.StationID, string)                                {}
func (stops) Treat(gnista.StationID, station.Treatment)                          {}
func (stops) Call(context.Context, gnista.StationID, string, json.RawMessage) (json.RawMessage, error) {
	return nil, gnista.Errorf(gnista.Unsupported, "it has no messages")
}

func (s stops) Do(_ context.Context, _ gnista.StationID, order any) (any, error) {
	s <- order.(charging.Stop).Ref
	return station.Answer{Status: station.Done}, nil
}

// each is a price of 1.00 for each kWh.
type each struct{ free }

func (each) Cost(_ context.Context, t *charging.Transaction) (gnista.Money, error) {
	return gnista.Money{Amount: t.EnergyWh / 10, Currency: "SEK"}, nil
}

// A transaction ends when its card has used what it may on a day or in a month; the station is told so, and again
// where it goes on.
func TestSpent(t *testing.T) {
	s := teller{newSystem(t), t}
	orders := make(stops, 1)
	s.Network.Presence, s.Network.Remote, s.Network.NewID, s.Prices = orders, orders, s.NewID, each{}
	s.Network.Store, s.Tokens.(*token.Tokens).Past = s.db, s.db
	s.Network.Now = func() time.Time { return hours(0) } // as orders are given meanwhile
	for uid, l := range map[string]token.Limits{
		"DAY": {DayWh: 5000, DaySessions: 2}, "MONTH": {MonthWh: 9000}, "MONEY": {DayAmount: 300, Currency: "SEK"}, "OTHER": {DayAmount: 300, Currency: "EUR"}, "OFTEN": {DaySessions: 1},
	} {
		if _, err := s.Tokens.(*token.Tokens).Create(t.Context(), token.Token{ID: token.ID{UID: uid}, Limits: l}); err != nil {
			t.Fatal(err)
		}
	}
	evse := 0
	begin := func(uid string, h float64) (ref string) {
		evse++
		s.now = hours(h)
		return s.start16(evse, uid, h, 0).Transaction.Ref
	}
	shows := func(ref string, h float64, wh int64, stopped bool) {
		t.Helper()
		s.now = hours(h)
		s.record(charging.Event{Kind: charging.Updated, Version: gnista.V16, Ref: ref, EVSE: gnista.EVSE{ID: evse}, At: s.now, Samples: []charging.Sample{register(s.now, wh)}})
		var got string
		select {
		case got = <-orders:
		case <-time.After(map[bool]time.Duration{true: 5 * time.Second, false: 20 * time.Millisecond}[stopped]):
		}
		if (got == ref) != stopped {
			t.Errorf("%s at %d Wh: %q was to be stopped", ref, wh, got)
		}
	}
	ref := begin("DAY", 1)
	shows(ref, 1.1, 4999, false)
	shows(ref, 1.2, 5000, true)
	shows(ref, 1.201, 5010, false) // it has a minute
	shows(ref, 1.3, 5100, true)
	s.stop16(ref, "", 1.4, 5200)
	first := begin("MONTH", 2)
	s.stop16(first, "", 3, 6000)
	ref = begin("MONTH", 30)
	shows(ref, 30.1, 2000, false)
	shows(ref, 30.2, 3000, true)
	ref = begin("MONEY", 31)
	shows(ref, 31.1, 2990, false)
	shows(ref, 31.2, 3000, true)
	for _, uid := range []string{"OTHER", "OFTEN", "ANNA"} {
		shows(begin(uid, 40), 41, 20_000, false)
	}
	evs, err := s.db.Events(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, ev := range evs {
		if ev.Kind == "transaction.limit-reached" {
			told++
		}
	}
	if told != 3 {
		t.Errorf("it was told %d times that a limit is reached, of 3 transactions", told)
	}
}
