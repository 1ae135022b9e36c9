package billing_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista"
	"gnista/account"
	"gnista/billing"
	"gnista/charging"
	"gnista/station"
	"gnista/store"
	"gnista/store/storetest"
	"gnista/tariff"
	"gnista/token"
)

// road is the whole way from what stations tell to charge records, on a database of its own.
type road struct {
	t       *testing.T
	db      *store.DB
	now     time.Time
	told    int64 // events until this one were taken
	runs    int
	tokens  *token.Tokens
	tariffs *tariff.Book
	*charging.Transactions
	records *billing.Records
}

// alone is where nobody looks on and no station is connected.
type alone struct{}

func (alone) Publish(gnista.Event) {}
func (alone) Watched() bool        { return false }

func (alone) Connection(gnista.StationID) (c station.Connection, connected bool) { return c, false }
func (alone) Disconnect(gnista.StationID, string)                                {}
func (alone) Treat(gnista.StationID, station.Treatment)                          {}

func newRoad(t *testing.T) *road {
	t.Helper()
	w := &road{t: t, db: storetest.Open(t), now: start}
	ids := 0
	now, newID := func() time.Time { return w.now }, func() string { ids++; return fmt.Sprintf("%08d", ids) }
	w.tokens = &token.Tokens{Store: w.db, Accounts: w.db, Now: now}
	w.tariffs = &tariff.Book{Store: w.db, Now: now, NewID: newID}
	w.records = &billing.Records{
		Store: w.db, Tariffs: w.db, Transactions: w.db, Reservations: w.db, Zones: everywhere{time.UTC}, Currency: "SEK", Now: now, NewID: newID,
	}
	w.Transactions = &charging.Transactions{
		Store: w.db, Reservations: w.db, Tokens: w.tokens, Prices: w.records, Network: &station.Network{Store: w.db, Commands: w.db, Presence: alone{}, Now: now}, Live: alone{}, Now: now, NewID: newID,
	}
	if err := w.db.CreateAccount(t.Context(), account.Account{ID: "post", Kind: account.Postpaid, Currency: "SEK", CreditLimit: 1 << 40}, gnista.Event{Kind: "account.created"}); err != nil {
		t.Fatal(err)
	}
	w.card(t, "ANNA", time.Time{})
	_, err := w.tariffs.Create(t.Context(), tariff.Tariff{Name: "All", Currency: "SEK", Default: true}, tariff.Version{Elements: []tariff.Element{
		{Dimension: tariff.Energy, Price: "4", VAT: "25", When: tariff.Restriction{To: "12:30"}}, {Dimension: tariff.Energy, Price: "3", VAT: "25"},
		{Dimension: tariff.Time, Price: "0.2", VAT: "25"}, {Dimension: tariff.Idle, Price: "0.5", VAT: "25"}, {Dimension: tariff.Start, Price: "2", VAT: "25"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *road) card(t failer, uid string, expires time.Time) {
	if _, err := w.tokens.Create(w.t.Context(), token.Token{ID: token.ID{UID: uid}, Account: "post", ExpiresAt: expires}); err != nil {
		t.Fatal(err)
	}
}

// tell has a station tell of an event.
func (w *road) tell(t failer, id gnista.StationID, ev charging.Event) charging.Transaction {
	ev.Samples = slices.Clone(ev.Samples)
	out, err := w.Record(context.Background(), id, ev)
	if err != nil {
		t.Fatal(err)
	}
	return out.Transaction
}

// bill takes what was told since, all of it as often as it is told, and lists the records of a station.
func (w *road) bill(t failer, id gnista.StationID, times int) []billing.Record {
	ctx := context.Background()
	evs, err := w.db.Events(ctx, w.told, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for range times {
		for _, ev := range evs {
			if err := w.records.Take(ctx, ev); err != nil {
				t.Fatal(err)
			}
			w.told = ev.Seq
		}
	}
	list, err := w.db.Records(ctx, billing.Filter{Station: id, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(list)
	return list
}

// session is a transaction as its station tells of it.
type session struct {
	events []charging.Event // the first starts it, the last ends it
	wh     int64
}

// session draws a transaction of a version that begins at a time, where the meter shows some Wh.
func (w *road) session(t *rapid.T, v gnista.Version, at time.Time, meter int64) session {
	w.runs++
	activities := []charging.Activity{"", charging.Charging, charging.SuspendedEV, charging.SuspendedEVSE}
	s := session{events: make([]charging.Event, rapid.IntRange(2, 6).Draw(t, "events"))}
	last := len(s.events) - 1
	for i := range s.events {
		ev := charging.Event{Kind: charging.Updated, Version: v, At: at, Activity: rapid.SampledFrom(activities).Draw(t, "activity"), EVSE: gnista.EVSE{ID: 1, Connector: 1}}
		ev.Samples = []charging.Sample{{At: at, Measurand: charging.EnergyImport, Location: charging.Outlet, Milli: (meter + s.wh) * 1000}}
		reading := &charging.Reading{MWh: (meter + s.wh) * 1000}
		switch i {
		case 0:
			ev.Kind, ev.Token = charging.Started, &token.ID{UID: "ANNA"}
		case last:
			ev.Kind = charging.Stopped
		}
		if v == gnista.V16 {
			switch i {
			case 0:
				ev.StartKey, ev.Begin, ev.Samples = fmt.Sprint("key ", w.runs), reading, nil
			case last:
				ev.End, ev.Samples = reading, nil
			}
		} else {
			ev.Ref, ev.Seq = fmt.Sprint("ref ", w.runs), i
		}
		s.events[i] = ev
		if i < last {
			length := time.Duration(rapid.IntRange(1, 40).Draw(t, "minutes")) * time.Minute
			at = at.Add(length)
			s.wh += rapid.Int64Range(0, int64(length.Minutes()*300)).Draw(t, "Wh")
		}
	}
	return s
}

func (s session) end() time.Time { return s.events[len(s.events)-1].At }

// play tells of a session in an order; in OCPP 1.6 it is the answer to the start that names the rest.
func (w *road) play(t failer, id gnista.StationID, s session, order []int) {
	ref := ""
	for _, i := range order {
		ev := s.events[i]
		if ev.Version == gnista.V16 && i > 0 {
			ev.Ref = ref
		}
		if x := w.tell(t, id, ev); i == 0 {
			ref = x.Ref
		}
	}
}

func inOrder(s session) []int {
	list := make([]int, len(s.events))
	for i := range list {
		list[i] = i
	}
	return list
}

func version(t *rapid.T) gnista.Version {
	return rapid.SampledFrom([]gnista.Version{gnista.V16, gnista.V201, gnista.V21}).Draw(t, "version")
}

// maxRoads is how many random stories are played on a database: each makes some dozens of commits.
const maxRoads = 25

// Invariant 1: each Wh that a meter has shown in finished transactions is in exactly one record.
func TestEachWhOnce(t *testing.T) {
	w := newRoad(t)
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		if runs++; runs > maxRoads {
			return
		}
		id := gnista.StationID(fmt.Sprint("E", runs))
		v, meter, at := version(t), rapid.Int64Range(0, 1e7).Draw(t, "meter"), start
		w.now = start.Add(24 * time.Hour)
		begin := meter
		var want []int64
		for range rapid.IntRange(1, 3).Draw(t, "sessions") {
			s := w.session(t, v, at, meter)
			if rapid.IntRange(0, 4).Draw(t, "reset") == 0 && meter > 0 { // the meter starts anew: what flowed is not known
				end := &s.events[len(s.events)-1]
				if v == gnista.V16 {
					end.End = &charging.Reading{}
				} else {
					end.Samples[0].Milli = 0
				}
				w.play(t, id, s, inOrder(s))
				at, meter, begin = s.end().Add(time.Minute), 0, -1
				continue
			}
			w.play(t, id, s, inOrder(s))
			want = append(want, s.wh)
			at, meter = s.end().Add(time.Minute), meter+s.wh
		}
		list := w.bill(t, id, 2)
		var got []int64
		var sum int64
		for _, r := range list {
			got, sum = append(got, r.EnergyWh), sum+r.EnergyWh
			if x, err := w.db.Transaction(context.Background(), r.Transaction); err != nil || x.EnergyWh != r.EnergyWh || x.FinishedAt.IsZero() {
				t.Fatalf("the record has %d Wh and its transaction is %+v, %v", r.EnergyWh, x, err)
			}
			var lines int64
			for _, l := range r.Bill.Lines {
				if l.Dimension == tariff.Energy {
					lines += l.Quantity
				}
			}
			if lines != r.EnergyWh {
				t.Fatalf("lines of %d Wh in a record of %d", lines, r.EnergyWh)
			}
		}
		if !slices.Equal(got, want) || begin >= 0 && sum != meter-begin {
			t.Fatalf("billed are %v Wh, %d in all, and the transactions had %v; the meter rose from %d to %d", got, sum, want, begin, meter)
		}
	})
}

// Invariant 2: whatever is told again, and in whatever order, a transaction has one record, and always the same.
func TestSameRecord(t *testing.T) {
	w := newRoad(t)
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		if runs++; runs > maxRoads {
			return
		}
		w.now = start.Add(24 * time.Hour)
		s := w.session(t, version(t), start, rapid.Int64Range(0, 1e6).Draw(t, "meter"))
		again := rapid.SliceOfN(rapid.IntRange(0, len(s.events)-1), 0, 5).Draw(t, "again")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		shuffle := func(list []int) { random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] }) }
		order := append(inOrder(s), again...)
		if last := len(s.events) - 1; s.events[0].Version == gnista.V16 { // without numbers: the start has to be answered first, and the end says that all was told
			before := slices.DeleteFunc(slices.Clone(order), func(i int) bool { return i == last })
			shuffle(before[1:])
			order = slices.Concat(before, []int{last}, again)
		} else {
			shuffle(order)
		}
		record := func(id gnista.StationID, order []int, times int) string {
			w.play(t, id, s, order)
			list := w.bill(t, id, times)
			if len(list) != 1 {
				t.Fatalf("told in the order %v it has %d records", order, len(list))
			}
			r := list[0]
			lines, err := json.Marshal(r.Bill.Lines)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(r.EnergyWh, r.StartedAt, r.EndedAt, r.Token, r.Account, r.TariffVersion, r.Kind, r.Bill.Net, r.Bill.Tax, r.Bill.Total, string(lines), r.Bill.VAT)
		}
		straight, mixed := gnista.StationID(fmt.Sprint("S", runs)), gnista.StationID(fmt.Sprint("M", runs))
		if a, b := record(straight, inOrder(s), 1), record(mixed, order, 3); a != b {
			t.Fatalf("in the order %v\n got %s\nwant %s", order, b, a)
		}
	})
}

// Invariant 6: no record ends before it starts; what a clock that cannot be believed tells is flagged, and lasts no
// longer than it took us to hear of it.
func TestClocksOfRecords(t *testing.T) {
	w := newRoad(t)
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		if runs++; runs > maxRoads {
			return
		}
		id := gnista.StationID(fmt.Sprint("C", runs))
		w.now = start.AddDate(1, 0, 0)
		s := w.session(t, version(t), w.now, 1000)
		believed := true
		var heard [2]time.Time
		ref := ""
		for i, ev := range s.events {
			w.now = ev.At.Add(time.Second)
			off := time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, -1, 5, -30, 60, -24 * 60, 24 * 60, -400 * 24 * 60, 400 * 24 * 60}).Draw(t, "minutes off")) * time.Minute
			if ev.At = ev.At.Add(off); ev.At.Before(w.now.Add(-90*24*time.Hour)) || ev.At.After(w.now.Add(10*time.Minute)) {
				believed = false
			}
			for j := range ev.Samples {
				ev.Samples[j].At = ev.At
			}
			if ev.Version == gnista.V16 && i > 0 {
				ev.Ref = ref
			}
			x := w.tell(t, id, ev)
			if i == 0 {
				heard[0], ref = w.now, x.Ref
			}
			heard[1] = w.now
		}
		w.now = w.now.Add(time.Hour)
		if err := w.Sweep(context.Background()); err != nil {
			t.Fatal(err)
		}
		all, err := w.db.Transactions(context.Background(), charging.Filter{Station: id, Limit: 10})
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		x := all[0]
		if x.EndedAt.Before(x.StartedAt) {
			t.Fatalf("it ends before it starts: %+v", x)
		}
		if !believed && !slices.Contains(x.Review, charging.ClockSkew) {
			t.Fatalf("a clock that cannot be believed is not told of: %+v", x.Review)
		}
		list := w.bill(t, id, 1)
		if (len(list) == 1) == x.FinishedAt.IsZero() {
			t.Fatalf("finished %v, %d records", x.FinishedAt, len(list))
		}
		for _, r := range list {
			if r.EndedAt.Before(r.StartedAt) || r.StartedAt.After(heard[1].Add(10*time.Minute)) || r.EndedAt.After(heard[1].Add(10*time.Minute)) {
				t.Fatalf("the record goes from %v to %v, and was heard of from %v to %v", r.StartedAt, r.EndedAt, heard[0], heard[1])
			}
			if !believed && r.EndedAt.Sub(r.StartedAt) > heard[1].Sub(heard[0])+25*time.Hour {
				t.Fatalf("the record lasts %v, and all was heard within %v", r.EndedAt.Sub(r.StartedAt), heard[1].Sub(heard[0]))
			}
		}
	})
}

// Invariant 7: what was charged where nobody could be asked is billed once when it is told, by the tariff and on the
// card that held then.
func TestLateSessions(t *testing.T) {
	w := newRoad(t)
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		if runs++; runs > maxRoads {
			return
		}
		id := gnista.StationID(fmt.Sprint("L", runs))
		s := w.session(t, version(t), w.now.Add(time.Hour), 1000)
		uid := fmt.Sprint("CARD", runs)
		valid := rapid.Bool().Draw(t, "valid then")
		expires := s.end().Add(time.Hour)
		if !valid {
			expires = s.events[0].At.Add(-time.Minute)
		}
		w.card(t, uid, expires)
		for i := range s.events {
			s.events[i].Offline = true
		}
		s.events[0].Token = &token.ID{UID: uid}
		then, err := w.records.InForce(context.Background(), charging.Case{Station: id, EVSE: 1, At: s.events[0].At})
		if err != nil {
			t.Fatal(err)
		}
		w.now = s.end().Add(2 * time.Hour)
		tariffs, err := w.db.Tariffs(context.Background(), "", 1)
		if err != nil {
			t.Fatal(err)
		}
		price := tariff.Decimal(fmt.Sprint(rapid.IntRange(5, 50).Draw(t, "price since")))
		since, err := w.tariffs.AddVersion(context.Background(), tariffs[0].ID, tariff.Version{Elements: []tariff.Element{{Dimension: tariff.Energy, Price: price, VAT: "25"}}})
		if err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Duration(rapid.IntRange(1, 60*24).Draw(t, "hours late")) * time.Hour)
		for range rapid.IntRange(1, 2).Draw(t, "times") {
			w.play(t, id, s, inOrder(s))
		}
		list := w.bill(t, id, 2)
		if !valid && s.wh > 0 {
			if len(list) != 0 {
				t.Fatalf("a card that had expired pays: %+v", list)
			}
			return
		}
		if len(list) != 1 {
			t.Fatalf("there are %d records", len(list))
		}
		if r := list[0]; r.EnergyWh != s.wh || valid && (r.Token.UID != uid || r.Account != "post") || r.TariffVersion != then || r.TariffVersion == since.ID || !r.StartedAt.Equal(s.events[0].At) {
			t.Fatalf("the record is %+v; then version %s held", r, then)
		}
	})
}
