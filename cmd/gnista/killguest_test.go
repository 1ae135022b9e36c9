package main_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"gnista"
	"gnista/sim"
)

// buyer is a driver without a contract who comes to one station again and again, and pays on the page. Whatever is not
// answered is tried again, as by whoever presses a button twice.
type buyer struct {
	t       *testing.T
	address string
	id      string // of the station
	paid    *atomic.Int64
}

// ask sends a request until it is answered; ok is false when that never is.
func (b *buyer) ask(ctx context.Context, method, path, kind, body string) (status int, text string, ok bool) {
	client := &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for ctx.Err() == nil {
		r, err := http.NewRequestWithContext(ctx, method, "http://"+b.address+path, strings.NewReader(body))
		if err != nil {
			b.t.Error(err)
			return 0, "", false
		}
		r.Header = admin()
		r.Header.Set("Content-Type", kind)
		if resp, err := client.Do(r); err == nil {
			text, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err == nil && resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests {
				return resp.StatusCode, string(text), true
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return 0, "", false
}

// come pays for one charge, and stays until that is over.
func (b *buyer) come(ctx context.Context, provider string) {
	const form = "application/x-www-form-urlencoded"
	status, text, ok := b.ask(ctx, "POST", "/api/v1/checkouts", "application/json", fmt.Sprintf(`{"station":%q,"evse":1,"provider":%q}`, b.id, provider))
	if !ok || status != http.StatusCreated { // the one before, whose answer was lost, has the place
		time.Sleep(100 * time.Millisecond)
		return
	}
	c := decode[struct{ ID, Key string }](b.t, []byte(text))
	for ctx.Err() == nil {
		_, text, _ := b.ask(ctx, "GET", "/pay/"+c.Key+"?lang=en&part", form, "")
		switch {
		case strings.Contains(text, "/test?"):
			b.ask(ctx, "POST", "/pay/"+c.Key+"/test", form, url.Values{"agree": {"yes"}}.Encode())
		case strings.Contains(text, "data-quiet"):
			if strings.Contains(text, ">Done<") {
				b.paid.Add(1)
			}
			return
		}
		time.Sleep(150 * time.Millisecond)
	}
}

// guests are drivers without a contract who come to stations of their own.
type guests struct {
	paid  atomic.Int64
	end   context.CancelFunc
	gone  sync.WaitGroup
	plays []*sim.Play
}

// comeGuests lets n of them come; their stations are reached at url, and the API at address.
func comeGuests(t *testing.T, n int, url, address string, confirmed *told) *guests {
	ctx, end := context.WithCancel(t.Context())
	g := &guests{end: end}
	never := sim.Span{From: 10_000 * time.Hour, To: 10_000 * time.Hour}
	for i := range n {
		id := fmt.Sprintf("GUEST%d", i)
		g.plays = append(g.plays, &sim.Play{
			Scenario: sim.Normal, Tokens: []string{"NONE"}, Seed: uint64(i), Patience: time.Minute, // a car comes when it is paid for
			Pace: sim.Pace{First: never, Pause: never, Charge: sim.Span{From: time.Second, To: 2 * time.Second}, Full: sim.Span{From: 100 * time.Millisecond, To: 200 * time.Millisecond}},
			Station: &sim.Station{
				ID: gnista.StationID(id), Version: []gnista.Version{gnista.V16, gnista.V201, gnista.V21}[i%3], URL: url,
				PowerW: 300_000, RegisterWh: int64(i) * 1000, MeterEvery: 400 * time.Millisecond, Timeout: 5 * time.Second, Retry: 100 * time.Millisecond, Now: time.Now, NewID: uuid.NewString, Answered: confirmed.take,
			},
		})
		b := &buyer{t: t, address: address, id: id, paid: &g.paid}
		g.gone.Go(func() {
			for n := i; ctx.Err() == nil; n++ {
				b.come(ctx, []string{"stripe", "swish"}[n%2])
			}
		})
	}
	return g
}

// leave ends the coming, and waits until whoever has paid has charged. Who has not paid yet changes his mind.
func (g *guests) leave(t *testing.T, s *server) {
	t.Helper()
	g.end()
	g.gone.Wait()
	type checkout struct{ ID, State, Transaction, Payment, Reason string }
	var left []checkout
	defer func() {
		if t.Failed() {
			t.Logf("checkouts: %+v", left)
		}
	}()
	eventually(t, "all checkouts are over", func() bool {
		left = nil
		for _, c := range everything[checkout](t, s, "/checkouts") {
			switch c.State {
			case "settled", "failed", "cancelled":
			case "paying":
				s.send(t, "POST", "/checkouts/"+c.ID+"/cancel", "", admin())
				fallthrough
			default:
				left = append(left, c)
			}
		}
		return len(left) == 0
	})
}

// settled waits until all payments by phone are at their end, compares them with what the providers remember, and tells how
// many each of these has settled.
func settled(t *testing.T, s *server) map[string]int {
	t.Helper()
	type payment struct {
		ID, State, Provider, Transaction, Reason string
		Due, Paid, Held                          gnista.Money
	}
	var open []payment
	defer func() {
		if t.Failed() {
			t.Logf("payments: %+v", open)
		}
	}()
	providers := map[string]int{}
	eventually(t, "every payment is at its end", func() bool {
		open, providers = nil, map[string]int{}
		for _, p := range everything[payment](t, s, "/payments") {
			if p.Provider == "" || p.Reason == "below-minimum" && p.Held.Amount == 0 {
				continue // of a card that nobody pays for, or so little that no provider takes it
			}
			over := p.State == "settled" || p.State == "released" || p.State == "abandoned" || p.State == "declined"
			if !over || p.Held.Amount != 0 || p.Paid.Amount != p.Due.Amount {
				open = append(open, p)
			}
			if p.State == "settled" {
				providers[p.Provider]++
			}
		}
		return len(open) == 0
	})
	type reconciliation struct{ ID, State, Error string }
	run := decode[reconciliation](t, s.do(t, "POST", "/reconciliations", `{}`))
	var told []byte
	defer func() {
		if t.Failed() {
			t.Logf("reconciliation: %s", told)
		}
	}()
	eventually(t, "all is compared", func() bool {
		told = s.do(t, "GET", "/reconciliations/"+run.ID, "")
		now := decode[reconciliation](t, told)
		if now.State == "running" && now.Error != "" { // a provider was slow; to begin it is to try it again at once
			s.do(t, "POST", "/reconciliations", `{}`)
			time.Sleep(time.Second)
		}
		return now.State == "done"
	})
	if list := everything[struct{ Kind, Provider, Ref, Note string }](t, s, "/differences"); len(list) != 0 {
		t.Errorf("compared with the providers there are %+v", list)
	}
	if providers["stripe"] == 0 || providers["swish"] == 0 {
		t.Errorf("settled are %v", providers)
	}
	return providers
}

// The system is killed while drivers without a contract pay by phone and charge, with the simulators of their providers
// in it. In the end each has paid what was charged and nothing more, nothing is set aside, and the providers have what
// the ledger has.
func TestKillGuests(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it takes half a minute")
	}
	binary, data := build(t), t.TempDir()
	s := start(t, binary, "127.0.0.1:0", data, "--test-payments")
	s.do(t, "POST", "/tariffs", `{"name":"Public","currency":"SEK","default":true,"elements":[{"type":"energy","price":40},{"type":"start","price":5}]}`)
	confirmed := &told{events: map[string]sim.Event{}}
	g := comeGuests(t, 6, "ws://"+s.address+"/ocpp", s.address, confirmed)
	stop := play(t, &sim.Park{Stagger: 5 * time.Millisecond, Plays: g.plays})
	more := func(n int64) {
		t.Helper()
		before := g.paid.Load()
		eventually(t, fmt.Sprintf("%d more have paid", n), func() bool { return g.paid.Load() >= before+n })
	}
	for range 2 {
		more(4)
		s.kill()
		agrees(t, binary, data, "after it was killed")
		s = start(t, binary, s.address, data, "--test-payments")
	}
	more(5)
	g.leave(t, s)
	stop()
	providers := settled(t, s)
	records := map[string]record{}
	for _, r := range everything[record](t, s, "/charge-records") {
		if _, twice := records[r.Transaction]; twice {
			t.Errorf("transaction %s is billed twice", r.Transaction)
		}
		records[r.Transaction] = r
	}
	names := map[string]transaction{}
	for _, x := range everything[transaction](t, s, "/transactions") {
		names[x.Station+" "+x.Ref] = x
	}
	for _, ev := range confirmed.events {
		x, ok := names[string(ev.Station)+" "+ev.Transaction]
		if begin, there := confirmed.events[fmt.Sprintf("%s %s %s", ev.Station, ev.Transaction, sim.Started)]; !ok || ev.Kind == sim.Ended && there && (records[x.ID].EnergyWh != ev.RegisterWh-begin.RegisterWh || len(x.Review) > 0) {
			t.Errorf("%+v from %d Wh: the transaction is %+v and the record %+v", ev, begin.RegisterWh, x, records[x.ID])
		}
	}
	s.end(t)
	s.killed = true // it has ended
	agrees(t, binary, data, "in the end")
	t.Logf("settled: %v, of %d records", providers, len(records))
	spoiledBooks(t, binary, data)
}

// spoiledBooks changes one thing after the other of what providers have that nobody may change, and wants it found.
func spoiledBooks(t *testing.T, binary, data string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "gnista.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const one = `(SELECT id FROM payment WHERE provider = 'stripe' AND state = 'settled' AND due > 0 ORDER BY id LIMIT 1)`
	const two = `(SELECT id FROM payment WHERE provider = 'swish' AND state = 'settled' AND due > 0 ORDER BY id LIMIT 1)`
	// How much a value changes, so that it can be changed back.
	up := func(column, of, found string) [3]string {
		return [3]string{`UPDATE payment SET ` + column + ` = ` + column + ` + 7 WHERE id = ` + of, `UPDATE payment SET ` + column + ` = ` + column + ` - 7 WHERE id = ` + of, found}
	}
	movement := func(kind, found string) [3]string {
		return [3]string{fmt.Sprintf(`INSERT INTO provider_movement (provider, id, kind, ref, payout, amount, fee, currency, at, payment) VALUES ('stripe', 'spoilt', '%s', '', '', 500, 0, 'SEK', 1, '')`, kind),
			`DELETE FROM provider_movement WHERE id = 'spoilt'`, found}
	}
	for _, c := range [][3]string{
		up("captured", one, `with stripe: in the ledger on clearing "stripe"|clearing of stripe in SEK: balance|captured: expected`),
		up("refunded", two, `with swish: in the ledger on clearing "swish"|clearing of swish in SEK: balance|refunded: expected`),
		up("given", one, "refunded by persons: expected"),
		up("covered", one, "paid by others: expected"),
		up("written_off", one, `in the ledger on bad-debt`),
		up("due", one, "owed by the guest: expected|due: expected"),
		up("kept", two, `in the ledger on rounding`),
		up("moves", one, "transitions: expected"),
		{`UPDATE payment SET state = 'review' WHERE id = ` + one, `UPDATE payment SET state = 'settled' WHERE id = (SELECT id FROM payment WHERE state = 'review')`, "state: expected"},
		{`UPDATE payment SET state = 'settling' WHERE id = ` + one, `UPDATE payment SET state = 'settled' WHERE id = (SELECT id FROM payment WHERE state = 'settling')`, "an operation on its way"},
		{`UPDATE payment SET state = 'settled-short' WHERE id = ` + one, `UPDATE payment SET state = 'settled' WHERE id = (SELECT id FROM payment WHERE state = 'settled-short')`, "paid: expected less than"},
		{`UPDATE payment SET rest = ` + two + ` WHERE id = ` + one, `UPDATE payment SET rest = '' WHERE rest <> ''`, "paid by others: expected"},
		{`INSERT INTO payment_refund (id, payment, key, amount, reason, given_by, created_at) VALUES ('spoilt', ` + one + `, 'k', 100, '', '', 1)`, `DELETE FROM payment_refund WHERE id = 'spoilt'`, "refunded by persons: expected 100"},
		{`UPDATE payment_entry SET payment = 'x' || payment WHERE entry = (SELECT entry FROM payment_entry WHERE payment = ` + one + ` ORDER BY entry LIMIT 1)`,
			`UPDATE payment_entry SET payment = substr(payment, 2) WHERE payment LIKE 'x%'`, `in the ledger on clearing "stripe"|ledger entry for a payment`},
		{`UPDATE provider_movement SET id = 'x' || id WHERE provider = 'stripe' AND id = (SELECT MIN(id) FROM provider_movement WHERE provider = 'stripe' AND fee <> 0)`, `UPDATE provider_movement SET id = substr(id, 2) WHERE id LIKE 'x%'`, "ledger entry for a movement"},
		{`INSERT INTO payment_dispute (id, payment, provider, ref, state, amount, currency, reason, evidence, opened_at, updated_at) SELECT 'spoilt', id, provider, 'd', 'lost', 100, 'SEK', '', 0, 1, 1 FROM payment WHERE id = ` + one,
			`DELETE FROM payment_dispute WHERE id = 'spoilt'`, ""}, // of which no money was taken
		movement("fee", "clearing of stripe in SEK: balance"),
		movement("payout", "clearing of stripe in SEK: balance"),
		movement("dispute", "disputed of stripe in SEK: balance"),
		movement("adjustment", "unexplained of stripe in SEK: balance"),
		movement("capture", "unexplained of stripe in SEK: balance"),
		{`INSERT INTO ledger_balance (kind, party, currency, amount) VALUES ('unexplained', 'nobody', 'SEK', 7)`, `DELETE FROM ledger_balance WHERE party = 'nobody'`, "unexplained of nobody in SEK: balance"},
		{`UPDATE ledger_balance SET amount = amount + 7 WHERE kind = 'clearing' AND party = 'swish'`, `UPDATE ledger_balance SET amount = amount - 7 WHERE kind = 'clearing' AND party = 'swish'`, "clearing of swish in SEK: balance"},
	} {
		for i, query := range c[:2] {
			r, err := db.ExecContext(t.Context(), query)
			if err != nil {
				t.Fatalf("%s: %v", query, err)
			}
			if n, _ := r.RowsAffected(); n != 1 {
				t.Fatalf("%s has changed %d rows", query, n)
			}
			if i > 0 {
				continue
			}
			want := 1
			if c[2] == "" {
				want = 0
			}
			out, code := audited(t, binary, data)
			for _, found := range strings.Split(c[2], "|") {
				if code != want || !strings.Contains(out, found) {
					t.Errorf("after %s the audit ends with %d and does not say %q:\n%s", query, code, found, out)
				}
			}
		}
	}
	agrees(t, binary, data, "when all is mended")
}
