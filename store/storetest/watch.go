package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/fault/uptime"
	"gnista/fault/watch"
	"gnista/payment"
	"gnista/pki"
	"gnista/station"
)

func (s suite) watchers(t *testing.T) {
	s.siteOf(t, "", "W1", "W2", "W3", "W4")
	t.Run("found", s.found)
	t.Run("away", s.away)
	t.Run("starts", s.starts)
	t.Run("charges", s.charges)
	t.Run("waiting", s.waiting)
	t.Run("certificates", s.ending)
	t.Run("payments", s.doubtful)
	t.Run("rejections", s.rejections)
}

func at(minutes int) time.Time { return now.Add(time.Duration(minutes) * time.Minute) }

func (s suite) found(t *testing.T) {
	ctx := t.Context()
	list := []watch.Found{
		{Rule: "a-rule", Code: "A", Since: now},
		{Rule: "a-rule", Code: "A", Place: watch.Place{Station: "W1", EVSE: gnista.EVSE{ID: 2, Connector: 1}}, Since: now},
		{Rule: "b-rule", Code: "B", Place: watch.Place{Station: "W1"}, Since: now},
	}
	gone := watch.Found{Rule: "a-rule", Code: "A", Place: watch.Place{Station: "W-GONE"}, Since: now}
	for range 2 {
		if err := s.KeepFound(ctx, append(slices.Clone(list), gone), nil); err != nil {
			t.Fatal(err)
		}
	}
	var got []watch.Found
	for after := (watch.Found{}); ; {
		page := must[[]watch.Found](t)(s.Found(ctx, after, 1))
		if len(page) == 0 {
			break
		}
		after = page[0]
		got = append(got, page...)
	}
	if !slices.Equal(got, list) {
		t.Errorf("got %+v, want %+v", got, list)
	}
	if ids := must[[]gnista.StationID](t)(s.BootedSince(ctx, "b-rule", now.Add(-time.Second))); !slices.Equal(ids, []gnista.StationID{"W1"}) {
		t.Errorf("got %v", ids)
	}
	if ids := must[[]gnista.StationID](t)(s.BootedSince(ctx, "b-rule", now)); len(ids) != 0 {
		t.Errorf("got %v", ids)
	}
	if err := s.KeepFound(ctx, nil, list); err != nil {
		t.Fatal(err)
	}
	if got = must[[]watch.Found](t)(s.Found(ctx, watch.Found{}, 10)); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

func (s suite) away(t *testing.T) {
	ctx := t.Context()
	lose := func(id gnista.StationID, from, until int) {
		t.Helper()
		if _, err := s.LoseLinks(ctx, []gnista.StationID{id}, at(from)); err != nil {
			t.Fatal(err)
		}
		if until > 0 {
			if err := s.FindLinks(ctx, []gnista.StationID{id}, at(until)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, long := range []int{5, 60, 30} {
		lose("W1", 100*i, 100*i+long)
	}
	lose("W2", 0, 10)
	for _, id := range []gnista.StationID{"W1", "W2"} {
		lose(id, 1000, 0)
	}
	list := must[[]watch.Away](t)(s.Away(ctx, "", at(1000), now, 10))
	list = slices.DeleteFunc(list, func(a watch.Away) bool { return a.Station[0] != 'W' })
	want := []watch.Away{{Station: "W1", Since: at(1000), Usual: 30 * time.Minute}, {Station: "W2", Since: at(1000)}}
	if !slices.Equal(list, want) {
		t.Errorf("got %+v, want %+v", list, want)
	}
	if list = must[[]watch.Away](t)(s.Away(ctx, "W1", at(1000), at(250), 10)); len(list) != 1 || list[0].Station != "W2" {
		t.Errorf("got %+v", list)
	}
	if list = must[[]watch.Away](t)(s.Away(ctx, "W", at(999), now, 10)); len(list) != 0 {
		t.Errorf("got %+v", list)
	}
	if err := s.FindLinks(ctx, []gnista.StationID{"W1", "W2"}, at(1001)); err != nil {
		t.Fatal(err)
	}
}

func (s suite) starts(t *testing.T) {
	ctx := t.Context()
	order := func(id string, station_ gnista.StationID, evse int, minute int, o station.Outcome, answered bool) {
		t.Helper()
		c := station.Command{ID: id, Station: station_, Kind: "start", EVSE: evse, Outcome: o, At: at(minute), EndedAt: at(minute)}
		if answered {
			c.AnsweredAt = at(minute)
		}
		if err := s.AddCommand(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	s.status(t, "W1", 1, station.Preparing, now)
	s.status(t, "W1", 2, station.Available, now)
	order("w-1", "W1", 1, 1, station.Agreed, true)
	order("w-2", "W1", 2, 1, station.Agreed, true)
	found := must[[]watch.Finding](t)(s.NotFollowed(ctx, now, at(5), 10))
	if len(found) != 1 || found[0].Place != (watch.Place{Station: "W1", EVSE: gnista.EVSE{ID: 1, Connector: 1}}) || !found[0].Since.Equal(at(1)) {
		t.Errorf("got %+v", found)
	}
	if found = must[[]watch.Finding](t)(s.NotFollowed(ctx, at(2), at(5), 10)); len(found) != 0 {
		t.Errorf("got %+v", found)
	}
	order("w-3", "W2", 1, 1, station.Declined, true)
	order("w-4", "W2", 1, 2, station.Unknown, false)
	order("w-5", "W2", 1, 3, station.Unknown, true) // nobody may have plugged in
	failed := must[[]watch.FailedStart](t)(s.FailedStarts(ctx, now, 2, 10))
	if want := []watch.FailedStart{{Place: watch.Place{Station: "W2", EVSE: gnista.EVSE{ID: 1}}, Count: 2, Since: at(1)}}; !slices.Equal(failed, want) {
		t.Errorf("got %+v, want %+v", failed, want)
	}
	s.transact(t, "w-6", "W1", func(x *charging.Transaction) {})
	s.transact(t, "w-6b", "W2", func(x *charging.Transaction) {})
	if found = must[[]watch.Finding](t)(s.NotFollowed(ctx, now, at(5), 10)); len(found) != 0 {
		t.Errorf("got %+v", found)
	}
	if failed = must[[]watch.FailedStart](t)(s.FailedStarts(ctx, now, 1, 10)); len(failed) != 0 {
		t.Errorf("got %+v", failed)
	}
}

// transact stores a transaction at EVSE 1.
func (s suite) transact(t *testing.T, id string, at gnista.StationID, change func(*charging.Transaction)) {
	t.Helper()
	x := newTransaction(id, "ref-"+id)
	x.Station, x.EVSE, x.Authorised = at, gnista.EVSE{ID: 1, Connector: 1}, true
	change(x)
	if err := s.Change(t.Context(), at, func(tx charging.Tx) error { return tx.Save(x, nil) }); err != nil {
		t.Fatal(err)
	}
}

func (s suite) charges(t *testing.T) {
	ctx := t.Context()
	place := watch.Place{Station: "W3", EVSE: gnista.EVSE{ID: 1, Connector: 1}}
	for i := range 3 {
		s.transact(t, fmt.Sprintf("wc-%d", i), "W3", func(x *charging.Transaction) {
			x.State, x.EndedAt, x.EnergyWh, x.StartedAt = charging.Ended, at(i+1), int64(i), at(i)
		})
	}
	s.transact(t, "wc-3", "W3", func(x *charging.Transaction) {
		x.State, x.Activity, x.PowerW, x.SoC, x.StartedAt = charging.Active, charging.SuspendedEV, 7, 50, at(4)
	})
	ended := must[[]watch.Ended](t)(s.LastEnded(ctx, place, 2))
	if want := []watch.Ended{{EnergyWh: 2, StartedAt: at(2)}, {EnergyWh: 1, StartedAt: at(1)}}; !slices.Equal(ended, want) {
		t.Errorf("got %+v, want %+v", ended, want)
	}
	if x := must[charging.Transaction](t)(s.Earlier(ctx, place, "wc-3")); x.ID != "wc-2" {
		t.Errorf("got %+v", x)
	}
	_, err := s.Earlier(ctx, place, "wc-0")
	wantCode(t, err, gnista.NotFound)
	list := must[[]watch.Charge](t)(s.Charges(ctx, "wc", 1))
	if len(list) != 1 || list[0].Place != place || list[0].PowerW != 7 || list[0].SoC != 50 || !list[0].StartedAt.Equal(at(4)) || list[0].ID != "wc-3" {
		t.Errorf("got %+v", list)
	}
	if list := must[[]charging.Transaction](t)(s.SuspendedEV(ctx, at(4), 100)); !slices.ContainsFunc(list, func(x charging.Transaction) bool { return x.ID == "wc-3" }) {
		t.Errorf("got %+v", list)
	}
	if list := must[[]charging.Transaction](t)(s.SuspendedEV(ctx, at(3), 100)); slices.ContainsFunc(list, func(x charging.Transaction) bool { return x.ID == "wc-3" }) {
		t.Errorf("got %+v", list)
	}
}

func (s suite) waiting(t *testing.T) {
	ctx := t.Context()
	s.status(t, "W4", 1, station.Available, now)
	s.status(t, "W4", 1, station.Occupied, at(1))
	s.status(t, "W4", 1, station.Occupied, at(2)) // since when does not change
	ask := func(minute int) []watch.Waiting {
		t.Helper()
		list := must[[]watch.Waiting](t)(s.WaitingConnectors(ctx, station.Occupied, at(minute), 100))
		return slices.DeleteFunc(list, func(w watch.Waiting) bool { return w.Station != "W4" })
	}
	want := watch.Waiting{Place: watch.Place{Station: "W4", EVSE: gnista.EVSE{ID: 1, Connector: 1}}, Status: station.Occupied, Since: at(1)}
	if list := ask(1); len(list) != 1 || list[0] != want {
		t.Errorf("got %+v, want %+v", list, want)
	}
	if list := ask(0); len(list) != 0 {
		t.Errorf("got %+v", list)
	}
	s.transact(t, "ww-1", "W4", func(x *charging.Transaction) { x.State, x.EndedAt = charging.Ended, at(3) })
	s.transact(t, "ww-2", "W4", func(*charging.Transaction) {})
	if list := ask(1); len(list) != 1 || !list[0].Active || !list[0].Charged {
		t.Errorf("got %+v", list)
	}
	if _, err := s.LoseLinks(ctx, []gnista.StationID{"W4"}, at(5)); err != nil {
		t.Fatal(err)
	}
	if list := ask(1); len(list) != 0 {
		t.Errorf("got %+v of a station that is away", list)
	}
	if _, err := s.WaitingConnectors(ctx, station.Faulted, now, 1); err == nil {
		t.Error("any status is looked for")
	}
	o := uptime.Link("W4")
	if err := s.SwitchOutage(ctx, uptime.Outage{Place: o, Cause: uptime.Offline, Until: at(6)}, uptime.Outage{Place: o}); err != nil {
		t.Fatal(err)
	}
}

func (s suite) ending(t *testing.T) {
	ctx := t.Context()
	add := func(id string, x gnista.StationID, use pki.Use, days int, d pki.Delivery) {
		t.Helper()
		c := pki.Certificate{ID: id, Serial: id, Authority: "A", Use: use, Station: x, Subject: "CN " + id[:3], KeyHash: id, Delivery: d, IssuedAt: now, ExpiresAt: now.AddDate(0, 0, days)}
		if err := s.AddCertificate(ctx, c, func([]pki.Certificate) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	add("we1a", "W1", pki.ForStation, 5, pki.Accepted)
	add("we1b", "W1", pki.ForStation, 100, pki.Refused) // which the station does not use
	add("we2a", "W2", pki.ForStation, 5, pki.Accepted)
	add("we2b", "W2", pki.ForStation, 100, pki.Accepted)
	add("we3a", "W-GONE", pki.ForStation, 5, pki.Accepted)
	add("we4a", "", pki.ForServer, 3, "")
	list := must[[]watch.Certificate](t)(s.EndingCertificates(ctx, now, now.AddDate(0, 0, 10), 100))
	list = slices.DeleteFunc(list, func(c watch.Certificate) bool { return len(c.Name) < 5 || c.Name[:5] != "CN we" })
	want := []watch.Certificate{{Name: "CN we4", Until: now.AddDate(0, 0, 3)}, {Station: "W1", Name: "CN we1", Until: now.AddDate(0, 0, 5)}}
	if !slices.Equal(list, want) {
		t.Errorf("got %+v, want %+v", list, want)
	}
}

func (s suite) doubtful(t *testing.T) {
	ctx := t.Context()
	pay := func(id string, minute int, end func(*payment.Change)) {
		t.Helper()
		c := payment.Begin(id, "weather", "", "SEK", 100, at(minute))
		if err := s.CreatePayment(ctx, c); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ChangePayment(ctx, id, at(minute), func(c *payment.Change) error {
			c.Op.State, c.Op.SentAt, c.Op.UpdatedAt = payment.Unknown, at(minute), at(minute)
			end(c)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	pay("wp-1", 1, func(*payment.Change) {})
	pay("wp-2", 2, func(*payment.Change) {})
	ask := func() []watch.Doubtful {
		t.Helper()
		return slices.DeleteFunc(must[[]watch.Doubtful](t)(s.DoubtfulPayments(ctx, at(5))), func(d watch.Doubtful) bool { return d.Provider != "weather" })
	}
	if list, want := ask(), (watch.Doubtful{Provider: "weather", Count: 2, Since: at(1)}); len(list) != 1 || list[0] != want {
		t.Errorf("got %+v, want %+v", list, want)
	}
	pay("wp-3", 3, func(c *payment.Change) { c.Op.State = payment.Succeeded })
	if list := ask(); len(list) != 0 {
		t.Errorf("got %+v", list)
	}
}

func (s suite) rejections(t *testing.T) {
	ctx := t.Context()
	v := station.Verdict{Station: "W1", Cause: station.RejectedFrame, Reason: "bad", Action: "Heartbeat", Count: 3, FirstAt: now, LastAt: at(1)}
	gone, closed := v, v
	gone.Station, closed.Cause = "W-GONE", station.ConnectionEnded
	if err := s.AddVerdicts(ctx, []station.Verdict{v, gone, closed}); err != nil {
		t.Fatal(err)
	}
	list := must[[]watch.Rejection](t)(s.Rejections(ctx, at(1), 100))
	list = slices.DeleteFunc(list, func(r watch.Rejection) bool { return r.Station[0] != 'W' })
	if want := (watch.Rejection{Station: "W1", Reason: "bad", Action: "Heartbeat", Count: 3, Since: now}); len(list) != 1 || list[0] != want {
		t.Errorf("got %+v, want %+v", list, want)
	}
}
