// Package storetest is the conformance test of the store: what every database must do alike. It
// also starts the PostgreSQL that tests need.
package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/charging"
	"gnista/payment"
	"gnista/station"
	"gnista/store"
	"gnista/tariff"
	"gnista/token"
)

// Run tests the database at url, which is empty.
func Run(t *testing.T, url string) { RunWith(t, url, store.Options{}) }

// RunWith tests it with options.
func RunWith(t *testing.T, url string, o store.Options) {
	var mu sync.Mutex
	var told []gnista.Event
	o.Notify = func(evs []gnista.Event) {
		mu.Lock()
		told = append(told, evs...)
		mu.Unlock()
	}
	db, err := store.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := suite{db}
	t.Run("stations", s.stations)
	t.Run("connectors", s.connectors)
	t.Run("device model", s.deviceModel)
	t.Run("settings", s.settings)
	t.Run("reports", s.reports)
	t.Run("templates", s.templates)
	t.Run("campaigns", s.campaigns)
	t.Run("remedies", s.remedies)
	t.Run("alert entries", s.alertEntries)
	t.Run("alerts", s.alerts)
	t.Run("verdicts", s.verdicts)
	t.Run("made-up reasons", s.reasons)
	t.Run("quirks", s.quirks)
	t.Run("commands", s.commands)
	t.Run("monitors", s.monitors)
	t.Run("displays", s.displays)
	t.Run("customers", s.customers)
	t.Run("streams", s.streams)
	t.Run("transfers", s.transfers)
	t.Run("power", s.power)
	t.Run("costs", s.costs)
	t.Run("checks", s.checks)
	t.Run("tokens", s.tokens)
	t.Run("local lists", s.localLists)
	t.Run("users", s.users)
	t.Run("the trail of changes", s.trail)
	t.Run("passkeys", s.passkeys)
	t.Run("accounts", s.accounts)
	t.Run("drivers' links, sessions and cards", s.members)
	t.Run("holds", s.holds)
	t.Run("unknown tokens", s.unknown)
	t.Run("transactions", s.transactions)
	t.Run("reservations", s.reservations)
	t.Run("limits", s.limits)
	t.Run("terminals", s.terminals)
	t.Run("dynamic codes", s.dynamicCodes)
	t.Run("guards", s.guards)
	t.Run("samples", s.samples)
	t.Run("used tokens", s.used)
	t.Run("failed changes leave nothing", s.failures)
	t.Run("nodes", s.nodes)
	t.Run("concurrent changes", s.concurrent)
	t.Run("abandoned changes", s.abandoned)
	t.Run("changes in a group", s.grouped)
	t.Run("tariffs", s.tariffs)
	t.Run("charge records", s.records)
	t.Run("ledger", s.ledger)
	t.Run("corrections", s.corrections)
	t.Run("payments", s.payments)
	t.Run("checkouts", s.checkouts)
	t.Run("phones", s.phones)
	t.Run("mandates", s.mandates)
	t.Run("books of providers", s.books)
	t.Run("hints of providers", s.hints)
	t.Run("payment codes", s.payCodes)
	t.Run("outlets with a code", s.stands)
	t.Run("what EVSEs are called", s.evseIDs)
	t.Run("cases of attempts", s.attemptCases)
	t.Run("free outlets", s.freeOutlets)
	t.Run("assignment of tariffs", s.assignment)
	t.Run("use of tariffs", s.tariffUse)
	t.Run("sites", s.sites)
	t.Run("invoices", s.invoices)
	t.Run("invoice numbers", s.invoiceNumbers)
	t.Run("signed values", s.signedValues)
	t.Run("finished transactions", s.finished)
	t.Run("messages", s.messages)
	t.Run("authorities", s.authorities)
	t.Run("certificates", s.certificates)
	t.Run("security events", s.securityEvents)
	t.Run("faults", s.faults)
	t.Run("told verdicts", s.toldVerdicts)
	t.Run("what operators say of faults", s.overrides)
	t.Run("the catalogue of faults", s.editor)
	t.Run("unknown codes of faults", s.unknownFaults)
	t.Run("finding stations", s.finding) // it leaves a fault that is open
	t.Run("events", func(t *testing.T) { s.events(t, func() []gnista.Event { mu.Lock(); defer mu.Unlock(); return told }) })
	t.Run("consumers", s.consumers)
	t.Run("odd texts and numbers", s.odd)
	t.Run("counting", s.counting)
	t.Run("pruned events", s.prunedEvents)
	t.Run("outages", s.outages)
	t.Run("times that are not counted", s.exclusions)
	t.Run("attempts", s.attempts)
	t.Run("watchers", s.watchers)
	t.Run("power of sites", s.sitePower)
	t.Run("totals", s.totals)
	t.Run("gauges", s.gauges)
}

type suite struct{ *store.DB }

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantCode(t *testing.T, err error, code gnista.Code) {
	t.Helper()
	if err == nil || gnista.CodeOf(err) != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func (s suite) stations(t *testing.T) {
	ctx := t.Context()
	_, err := s.Station(ctx, "none")
	wantCode(t, err, gnista.NotFound)
	change := func(x *station.Station) ([]gnista.Event, error) {
		if x.State == "" {
			x.CreatedAt = now
		}
		x.State, x.Name, x.Vendor, x.BootedAt = station.Accepted, "at the gate", "Vendör", now
		x.Password = station.Password{Salt: []byte{1, 2}, Hash: []byte{3}}
		x.Profile, x.LastProfile, x.NextProfile, x.NextProfileUntil = station.Basic, station.TLSBasic, station.TLSMutually, now.Add(time.Hour)
		x.NextPassword, x.AdmitExpired = station.Password{Salt: []byte{4}, Hash: []byte{5, 6}}, true
		return []gnista.Event{{At: now, Kind: "station.changed", Station: x.ID}}, nil
	}
	_, err = s.ChangeStation(ctx, "none", false, change)
	wantCode(t, err, gnista.NotFound)
	made := must[station.Station](t)(s.ChangeStation(ctx, "A/1|å", true, change))
	got := must[station.Station](t)(s.Station(ctx, "A/1|å"))
	if fmt.Sprint(got) != fmt.Sprint(made) {
		t.Errorf("got %+v, want %+v", got, made)
	}
	must[station.Station](t)(s.ChangeStation(ctx, "B", true, change))
	list := must[[]station.Station](t)(s.Stations(ctx, "A/1|å", 10))
	if len(list) != 1 || list[0].ID != "B" {
		t.Errorf("behind A: %+v", list)
	}
	late := func(at time.Time, want ...gnista.StationID) {
		t.Helper()
		if got := must[[]gnista.StationID](t)(s.LateProfiles(ctx, at, 10)); !slices.Equal(got, want) {
			t.Errorf("late are %q, want %q", got, want)
		}
	}
	late(now)
	late(now.Add(time.Hour), "A/1|å", "B")
	must[station.Station](t)(s.ChangeStation(ctx, "B", false, func(x *station.Station) ([]gnista.Event, error) {
		x.NextProfile, x.NextProfileUntil = 0, time.Time{}
		return nil, nil
	}))
	late(now.Add(time.Hour), "A/1|å")
	for _, at := range []time.Duration{time.Minute, 0} { // the later one stays
		err := s.Left(ctx, []station.Departure{{Station: "B", At: now.Add(at)}, {Station: "gone", At: now}})
		if got := must[station.Station](t)(s.Station(ctx, "B")); err != nil || !got.SeenAt.Equal(now.Add(time.Minute)) || got.Name != "at the gate" {
			t.Errorf("left: %+v, %v", got, err)
		}
	}
	_, err = s.Station(ctx, "gone")
	wantCode(t, err, gnista.NotFound)
	refused := errors.New("no")
	_, err = s.ChangeStation(ctx, "C", true, func(*station.Station) ([]gnista.Event, error) { return nil, refused })
	if !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	_, err = s.Station(ctx, "C")
	wantCode(t, err, gnista.NotFound)
	if err := s.DeleteStation(ctx, "B"); err != nil {
		t.Error(err)
	}
	wantCode(t, s.DeleteStation(ctx, "B"), gnista.NotFound)
}

func (s suite) connectors(t *testing.T) {
	ctx := t.Context()
	set := func(evse int, status station.Status, at time.Time) {
		t.Helper()
		c := station.Connector{EVSE: gnista.EVSE{ID: evse, Connector: 1}, Status: status, At: at}
		if err := s.SetConnector(ctx, "conn", c, 2, gnista.Event{At: now, Kind: "connector.status", Station: "conn", Subject: string(status)}); err != nil {
			t.Fatal(err)
		}
	}
	before := must[int64](t)(s.LastEvent(ctx))
	set(2, station.Available, now)
	set(1, station.Charging, now)
	set(1, station.Faulted, now.Add(-time.Minute)) // older: passed over
	set(1, station.Charging, now.Add(time.Minute)) // the same again
	list := must[[]station.Connector](t)(s.Connectors(ctx, "conn"))
	if len(list) != 2 || list[0].Status != station.Charging || list[1].Status != station.Available || !list[0].At.Equal(now.Add(time.Minute)) {
		t.Errorf("got %+v", list)
	}
	wantCode(t, s.SetConnector(ctx, "conn", station.Connector{EVSE: gnista.EVSE{ID: 3, Connector: 1}, At: now}, 2, gnista.Event{}), gnista.Conflict)
	// That something is still wrong is told again, though not at once.
	for _, after := range []time.Duration{120, 130, 300} {
		c := station.Connector{EVSE: gnista.EVSE{ID: 1, Connector: 1}, Status: station.Charging, ErrorCode: "OtherError", VendorCode: "PowerLimitExceeded", At: now.Add(after * time.Second)}
		if err := s.SetConnector(ctx, "conn", c, 2, gnista.Event{At: now, Kind: "connector.status", Station: "conn"}); err != nil {
			t.Fatal(err)
		}
	}
	evs := must[[]gnista.Event](t)(s.Events(ctx, before, 100))
	if len(evs) != 4 {
		t.Errorf("%d events for three changes and one that is told again: %+v", len(evs), evs)
	}
	before = must[int64](t)(s.LastEvent(ctx))
	for i := range 19 { // three minutes of a fault, told every ten seconds
		set(2, station.Faulted, now.Add(time.Minute+time.Duration(i)*10*time.Second))
	}
	if n := must[int64](t)(s.LastEvent(ctx)) - before; n != 4 {
		t.Errorf("a fault that goes on for three minutes is told %d times", n)
	}
}

func (s suite) deviceModel(t *testing.T) {
	ctx := t.Context()
	// T15: events with the same number at other times are other events.
	n := station.Notice{ID: "n1", Station: "dm", At: now, ReceivedAt: now, EventID: 0, Component: "Connector", Variable: "Problem", Value: "true", Cleared: true}
	again := n
	again.ID = "n2"
	later := n
	later.ID, later.At = "n3", now.Add(time.Minute)
	before := must[int64](t)(s.LastEvent(ctx))
	if err := s.AddNotices(ctx, []station.Notice{n, again, later}, 2, make([]gnista.Event, 3)); err != nil {
		t.Fatal(err)
	}
	notices := must[[]station.Notice](t)(s.Notices(ctx, "dm", "", 10))
	if len(notices) != 2 || notices[1] != n || notices[0] != later {
		t.Errorf("got %+v", notices)
	}
	if page := must[[]station.Notice](t)(s.Notices(ctx, "dm", "n3", 10)); len(page) != 1 || page[0].ID != "n1" {
		t.Errorf("the next page: %+v", page)
	}
	if evs := must[[]gnista.Event](t)(s.Events(ctx, before, 10)); len(evs) != 2 {
		t.Errorf("%d events for two notices", len(evs))
	}
	// A flood drives out what is older than it, of the station itself.
	other := n
	other.ID, other.Station = "n4", "dm2"
	if err := s.AddNotices(ctx, []station.Notice{other}, 2, make([]gnista.Event, 1)); err != nil {
		t.Fatal(err)
	}
	flood := make([]station.Notice, 250)
	for i := range flood {
		flood[i] = n
		flood[i].ID, flood[i].EventID = fmt.Sprintf("o%03d", i), 1+i
	}
	if err := s.AddNotices(ctx, flood, 3, make([]gnista.Event, len(flood))); err != nil {
		t.Fatal(err)
	}
	notices = must[[]station.Notice](t)(s.Notices(ctx, "dm", "", 10))
	if len(notices) != 3 || notices[0].ID != "o249" || notices[2].ID != "o247" {
		t.Errorf("after a flood there are %+v", notices)
	}
	if left := must[[]station.Notice](t)(s.Notices(ctx, "dm2", "", 10)); len(left) != 1 {
		t.Errorf("another station has %+v left", left)
	}
}

func (s suite) tokens(t *testing.T) {
	ctx := t.Context()
	k := token.Token{ID: token.ID{UID: "04:a1:B2 c3", Type: token.ISO14443}, Name: "Åsa", Group: "g", ExpiresAt: now, MaxConcurrent: 2, CreatedAt: now, UpdatedAt: now}
	if err := s.CreateToken(ctx, k); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.CreateToken(ctx, token.Token{ID: token.ID{UID: "04A1B2C3", Type: token.ISO14443}}), gnista.Conflict)
	for _, id := range []token.ID{{UID: "04a1b2c3"}, {UID: "04-A1-B2-C3", Type: token.ISO14443}} {
		if got := must[token.Token](t)(s.Token(ctx, id)); fmt.Sprint(got) != fmt.Sprint(k) {
			t.Errorf("%v: got %+v", id, got)
		}
	}
	_, err := s.Token(ctx, token.ID{UID: "04A1B2C3", Type: token.Central})
	wantCode(t, err, gnista.NotFound)
	if err := s.CreateToken(ctx, token.Token{ID: token.ID{UID: "04A1B2C3", Type: token.Central}}); err != nil {
		t.Error(err)
	}
	if got := must[token.Token](t)(s.Token(ctx, token.ID{UID: "04A1B2C3"})); got.ID.Type != token.ISO14443 {
		t.Errorf("without a type: %+v", got)
	}
	got := must[token.Token](t)(s.UpdateToken(ctx, token.ID{UID: "04A1B2C3", Type: token.Central}, func(k *token.Token) error { k.Blocked = true; return nil }))
	if !got.Blocked {
		t.Errorf("got %+v", got)
	}
	_, err = s.UpdateToken(ctx, token.ID{UID: "none"}, func(*token.Token) error { return nil })
	wantCode(t, err, gnista.NotFound)
	var all []token.Token
	for after, i := "", 0; i < 10; i++ {
		page, next, err := s.Tokens(ctx, token.Filter{After: after, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
		if after = next; next == "" {
			break
		}
	}
	if len(all) != 2 {
		t.Errorf("paged through %+v", all)
	}
}

func newTransaction(id, ref string) *charging.Transaction {
	return &charging.Transaction{
		ID: id, Station: "tx", Version: gnista.V201, Ref: ref, EVSE: gnista.EVSE{ID: 1, Connector: 2}, Token: token.ID{UID: "aa:bb", Type: token.ISO14443},
		Authorised: true, Tariff: "v1", State: charging.Active, Activity: charging.Charging, StartedAt: now, UpdatedAt: now, RemoteID: 7, EnergyWh: 5, PowerW: 6, SoC: -1,
		Meter:  charging.Meter{Begin: &charging.Reading{At: now, MWh: 1}, Last: &charging.Reading{At: now, MWh: 2}},
		Review: []charging.Reason{charging.ClockSkew, charging.MeterReset}, Note: "note",
		Progress: charging.Progress{Started: true, Timeline: []charging.Step{{At: now, Activity: charging.Charging}}},
	}
}

func (s suite) transactions(t *testing.T) {
	ctx := t.Context()
	a, b := newTransaction("t1", "r1"), newTransaction("t2", "r2")
	b.StartKey, b.EVSE.ID = "k2", 2
	err := s.Change(ctx, "tx", func(tx charging.Tx) error {
		for _, x := range []*charging.Transaction{a, b} {
			if err := tx.Save(x, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	same := func(got *charging.Transaction, want *charging.Transaction) {
		t.Helper()
		plain := *got
		plain.StartKey = want.StartKey // of which a hash is kept
		g, _ := json.Marshal(plain)
		w, _ := json.Marshal(want)
		if string(g) != string(w) {
			t.Errorf("\n got %s\nwant %s", g, w)
		}
	}
	got := must[charging.Transaction](t)(s.Transaction(ctx, "t1"))
	same(&got, a)
	_, err = s.Transaction(ctx, "none")
	wantCode(t, err, gnista.NotFound)
	err = s.Change(ctx, "tx", func(tx charging.Tx) error {
		same(must[*charging.Transaction](t)(tx.ByID("t2")), b)
		same(must[*charging.Transaction](t)(tx.ByRef("tx", "r2")), b)
		same(must[*charging.Transaction](t)(tx.ByStart("tx", "k2")), b)
		for _, nothing := range []*charging.Transaction{
			must[*charging.Transaction](t)(tx.ByRef("other", "r2")), must[*charging.Transaction](t)(tx.ByStart("tx", "")), must[*charging.Transaction](t)(tx.ByID("x")),
		} {
			if nothing != nil {
				t.Errorf("got %+v for nothing", nothing)
			}
		}
		if open := must[[]*charging.Transaction](t)(tx.Open("tx", 2)); len(open) != 1 || open[0].ID != "t2" {
			t.Errorf("open at 2: %+v", open)
		}
		if open := must[[]*charging.Transaction](t)(tx.Open("tx", 0)); len(open) != 2 {
			t.Errorf("open: %+v", open)
		}
		if n := must[int](t)(tx.CountOpen(token.ID{UID: "AABB", Type: token.ISO14443})); n != 2 {
			t.Errorf("%d open of the token", n)
		}
		one, two := must[int64](t)(tx.Number()), must[int64](t)(tx.Number())
		if one < 1 || two != one+1 {
			t.Errorf("numbers %d, %d", one, two)
		}
		x := must[*charging.Transaction](t)(tx.ByID("t2"))
		x.State, x.EndedAt, x.Review = charging.Ended, now, nil
		return tx.Save(x, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	f := func(filter charging.Filter, want ...string) {
		t.Helper()
		filter.Limit = 10
		var ids []string
		for _, x := range must[[]charging.Transaction](t)(s.Transactions(ctx, filter)) {
			ids = append(ids, x.ID)
		}
		if !slices.Equal(ids, want) {
			t.Errorf("%+v: got %v, want %v", filter, ids, want)
		}
	}
	f(charging.Filter{}, "t2", "t1")
	f(charging.Filter{Station: "tx", State: charging.Active}, "t1")
	f(charging.Filter{Station: "other"})
	f(charging.Filter{Site: "no such site"})
	f(charging.Filter{Token: "AA BB"}, "t2", "t1")
	f(charging.Filter{Before: "t2"}, "t1")
	f(charging.Filter{Review: true}, "t1")
	list := must[[]charging.Transaction](t)(s.Unfinished(ctx, now, 10))
	if len(list) != 1 || list[0].ID != "t2" {
		t.Errorf("unfinished: %+v", list)
	}
	if list := must[[]charging.Transaction](t)(s.Unfinished(ctx, now.Add(-time.Second), 10)); len(list) != 0 {
		t.Errorf("unfinished before: %+v", list)
	}
}

func (s suite) samples(t *testing.T) {
	ctx := t.Context()
	at := func(n int) time.Time { return now.Add(time.Duration(n) * 5 * time.Minute) }
	list := []charging.Sample{
		{At: at(0), Measurand: charging.EnergyImport, Location: charging.Outlet, Context: charging.AtBegin, Milli: 1000},
		{At: at(0), Measurand: charging.CurrentImport, Phase: "L1-N", Location: "inlet", Milli: -16000},
		{At: at(1), Measurand: "Power.Factor", Location: charging.Outlet, Milli: 990},
		{At: at(3), Measurand: "odd name = ^@.%", Phase: "L 1", Location: charging.Outlet, Milli: 1},
	}
	for _, part := range [][]charging.Sample{list[2:], list[:2], list[2:]} { // in the wrong order, and one part twice
		err := s.Change(ctx, "tx", func(tx charging.Tx) error { return tx.Save(newTransaction("s1", "rs1"), part) })
		if err != nil {
			t.Fatal(err)
		}
	}
	got := must[[]charging.Sample](t)(s.Samples(ctx, "s1"))
	slices.SortStableFunc(list, func(a, b charging.Sample) int { return a.At.Compare(b.At) })
	if len(got) != len(list) {
		t.Fatalf("got %+v", got)
	}
	for _, want := range list {
		if !slices.Contains(got, want) {
			t.Errorf("%+v is not in %+v", want, got)
		}
	}
}

func (s suite) records(t *testing.T) {
	ctx := t.Context()
	issue := func(id, transaction string) billing.Record {
		t.Helper()
		r := billing.Record{
			ID: id, Transaction: transaction, Station: "rec", EVSE: gnista.EVSE{ID: 1}, StartedAt: now, EndedAt: now, EnergyWh: 3, IssuedAt: now, Policy: tariff.Policy,
			Bill: tariff.Bill{
				Lines: []tariff.Line{{Dimension: tariff.Energy, Quantity: 3, Price: "1", VAT: "25", Amount: 125}}, VAT: []tariff.VATSum{{Rate: "25", Net: 100, VAT: 25, Gross: 125}},
				Net: gnista.Money{Amount: 100, Currency: "SEK"}, Tax: gnista.Money{Amount: 25, Currency: "SEK"}, Total: gnista.Money{Amount: 125, Currency: "SEK"},
			},
		}
		return must[billing.Record](t)(s.Issue(ctx, r, func(r billing.Record) gnista.Event { return gnista.Event{At: now, Kind: "issued", Subject: r.ID} }))
	}
	before := must[int64](t)(s.LastEvent(ctx))
	first, again, second := issue("r1", "x1"), issue("r2", "x1"), issue("r3", "x2")
	if again.ID != "r1" || again.Number != first.Number || second.Number != first.Number+1 {
		t.Errorf("got %+v, %+v, %+v", first, again, second)
	}
	if last := must[int64](t)(s.LastEvent(ctx)); last != before+2 {
		t.Errorf("%d events of two records", last-before)
	}
	if got := must[billing.Record](t)(s.Record(ctx, "r1")); fmt.Sprint(got) != fmt.Sprint(first) {
		t.Errorf("\n got %+v\nwant %+v", got, first)
	}
	if got := must[billing.Record](t)(s.RecordOf(ctx, "x2")); got.ID != "r3" {
		t.Errorf("got %+v", got)
	}
	_, err := s.RecordOf(ctx, "x3")
	wantCode(t, err, gnista.NotFound)
	if list := must[[]billing.Record](t)(s.Records(ctx, billing.Filter{Station: "rec", Limit: 10})); len(list) != 2 || list[0].ID != "r3" {
		t.Errorf("got %+v", list)
	}
	if list := must[[]billing.Record](t)(s.Records(ctx, billing.Filter{Before: second.Number, Limit: 10})); len(list) != 1 || list[0].ID != "r1" {
		t.Errorf("got %+v", list)
	}
	if list := must[[]billing.Record](t)(s.Records(ctx, billing.Filter{Transaction: "x1", Limit: 10})); len(list) != 1 {
		t.Errorf("got %+v", list)
	}
	s.revenue(t)
	s.reservationRecords(t, first)
}

// reservationRecords: a reservation has one original record, as a transaction has, and pays by one payment.
func (s suite) reservationRecords(t *testing.T, r billing.Record) {
	ctx := t.Context()
	told := func(r billing.Record) gnista.Event {
		return gnista.Event{At: now, Kind: "issued", Subject: r.Subject()}
	}
	r.ID, r.Transaction, r.Reservation, r.Payment = "rr1", "", "res1", "pr1"
	first := must[billing.Record](t)(s.Issue(ctx, r, told))
	r.ID, r.Payment = "rr2", "pr2"
	if again := must[billing.Record](t)(s.Issue(ctx, r, told)); again.ID != "rr1" || again.Number != first.Number {
		t.Errorf("again it is %+v", again)
	}
	for _, got := range []billing.Record{must[billing.Record](t)(s.Record(ctx, "rr1")), must[billing.Record](t)(s.RecordOf(ctx, "res1"))} {
		if fmt.Sprint(got) != fmt.Sprint(first) || got.Transaction != "" || got.Reservation != "res1" {
			t.Errorf("\n got %+v\nwant %+v", got, first)
		}
	}
	if list := must[[]billing.Record](t)(s.Records(ctx, billing.Filter{Reservation: "res1", Limit: 10})); len(list) != 1 {
		t.Errorf("got %+v", list)
	}
	if list := must[[]payment.Payment](t)(s.Payments(ctx, payment.Filter{Transaction: "res1", Limit: 10})); len(list) != 1 || list[0].ID != "pr1" || list[0].Due != 125 {
		t.Errorf("the payments are %+v", list)
	}
	credit := billing.CreditOf(first)
	credit.ID, credit.IssuedAt = "rr3", now
	d := billing.Decision{ID: "dr1", At: now, Kind: billing.DecidedRecord, Transaction: "res1", Record: "rr1", Detail: []byte("{}")}
	must[[]billing.Record](t)(s.Correct(ctx, credit, nil, d, told))
	if p := must[payment.Payment](t)(s.Payment(ctx, "pr1")); p.Due != 0 {
		t.Errorf("after the credit %+v", p)
	}
	// Where a payment was there before, as that of a guest, the record names it.
	if err := s.CreatePayment(ctx, payment.New("guest", "x4", "SEK", "", nil, now, payment.Cause{Kind: payment.ByStation, ID: "x4"})); err != nil {
		t.Fatal(err)
	}
	r.ID, r.Transaction, r.Reservation, r.Payment = "rr4", "x4", "", "pr4"
	if got := must[billing.Record](t)(s.Issue(ctx, r, told)); got.Payment != "guest" || must[payment.Payment](t)(s.Payment(ctx, "guest")).Due != 125 {
		t.Errorf("got %+v", got)
	}
}

func (s suite) events(t *testing.T, told func() []gnista.Event) {
	all := must[[]gnista.Event](t)(s.Events(t.Context(), 0, 10_000))
	if len(all) == 0 {
		t.Fatal("no events")
	}
	heard := told()
	slices.SortFunc(heard, func(a, b gnista.Event) int { return int(a.Seq - b.Seq) })
	if len(heard) != len(all) {
		t.Fatalf("%d events are stored and %d were told", len(all), len(heard))
	}
	for i, ev := range all {
		if ev.Seq != int64(i+1) || heard[i].Seq != ev.Seq || heard[i].Kind != ev.Kind {
			t.Fatalf("event %d is %+v, told as %+v", i, ev, heard[i])
		}
	}
}

func (s suite) consumers(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	last := must[int64](t)(s.LastEvent(ctx))
	var seqs []int64
	failed := false
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Consume(ctx, "test", make(chan struct{}), func(_ context.Context, ev gnista.Event) error {
			if ev.Seq == last/2 && !failed {
				failed = true
				return errors.New("not now")
			}
			if seqs = append(seqs, ev.Seq); ev.Seq == last {
				cancel()
			}
			return nil
		})
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("the consumer does not come to the end")
	}
	for i, seq := range seqs {
		if seq != int64(i+1) {
			t.Fatalf("the consumer was given %d after %d events", seq, i)
		}
	}
	if int64(len(seqs)) != last {
		t.Errorf("the consumer was given %d of %d events", len(seqs), last)
	}
}
