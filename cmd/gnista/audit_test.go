package main_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"gnista"
	"gnista/sim"
	"gnista/store/storetest"
)

// audited runs gnista audit and returns what it says, and its exit code.
func audited(t *testing.T, binary, data string, flags ...string) (string, int) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), binary, append([]string{"audit", "--data", data}, flags...)...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(out) + string(exit.Stderr), exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(out), 0
}

func agrees(t *testing.T, binary, data, when string, flags ...string) {
	t.Helper()
	if out, code := audited(t, binary, data, flags...); code != 0 {
		t.Errorf("%s the audit ends with %d:\n%s", when, code, out)
	}
}

// try sends a request again and again until it is answered: the server may be dead just now.
func (s *server) try(t *testing.T, address, method, path, body string) int {
	t.Helper()
	for end := time.Now().Add(peerPatience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		r, err := http.NewRequestWithContext(ctx, method, "http://"+address+"/api/v1"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = admin()
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		cancel()
		if err == nil {
			resp.Body.Close()
			return resp.StatusCode
		}
	}
	t.Errorf("%s %s is never answered", method, path)
	return 0
}

type paid struct {
	ID, State, Account, Provider string
	Due, Paid                    gnista.Money
}

// The system is killed again and again while cars charge that are paid for from balances, by invoice and by nobody,
// while money comes in, records are corrected and invoices are made, paid and taken back. What is in the database agrees to the last öre whenever it is
// looked at, money that was confirmed is there once, and in the end everything is settled.
func TestKillMoney(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it takes half a minute")
	}
	binary, data := build(t), t.TempDir()
	if out, code := audited(t, binary, data); code != 2 || !strings.Contains(out, "there is no database") {
		t.Errorf("without a database the audit ends with %d: %s", code, out)
	}
	killMoney(t, binary, data, killing{stations: 36, kills: 2, await: 30, least: 10, rest: 2 * time.Second})
	spoiled(t, binary, data)
}

// The same on PostgreSQL, where writers commit at the same time, and shorter.
func TestKillMoneyPostgreSQL(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it takes a quarter of a minute")
	}
	killMoney(t, build(t), t.TempDir(), killing{stations: 12, kills: 1, await: 9, least: 1, rest: time.Second, flags: []string{"--database", storetest.Postgres(t)}})
}

// killing is how a system is killed.
type killing struct {
	stations, kills int
	await           int           // transactions that end before each kill
	least           int           // payments of each kind in the end
	rest            time.Duration // for what is told last
	flags           []string      // of its database
}

func killMoney(t *testing.T, binary, data string, k killing) {
	t.Helper()
	s := start(t, binary, "127.0.0.1:0", data, k.flags...)
	s.do(t, "POST", "/tariffs", `{"name":"Public","currency":"SEK","default":true,"elements":[{"type":"energy","price":4.95},{"type":"start","price":2.5,"vatPercent":12},{"type":"time","price":0.35}]}`)
	customer := decode[struct{ ID string }](t, s.do(t, "POST", "/customers", `{"kind":"private","name":"Astrid"}`)).ID
	account := func(kind string) string {
		id := decode[struct{ ID string }](t, s.do(t, "POST", "/accounts", fmt.Sprintf(`{"customer":%q,"name":"x","kind":%q,"currency":"SEK"}`, customer, kind))).ID
		s.do(t, "POST", "/tokens", fmt.Sprintf(`{"uid":"CARD%s","account":%q}`, kind, id))
		return id
	}
	prepaid := account("prepaid")
	account("postpaid")
	s.do(t, "POST", "/tokens", `{"uid":"CARDnobody"}`)
	s.do(t, "POST", "/accounts/"+prepaid+"/top-ups", `{"amount":{"amount":20000,"currency":"SEK"},"reference":"first","idempotencyKey":"first"}`)

	confirmed := &told{events: map[string]sim.Event{}}
	park := &sim.Park{Stagger: 5 * time.Millisecond}
	second := func(from, to float64) sim.Span {
		return sim.Span{From: time.Duration(from * float64(time.Second)), To: time.Duration(to * float64(time.Second))}
	}
	for i := range k.stations {
		park.Plays = append(park.Plays, &sim.Play{
			Scenario: sim.Normal, Tokens: []string{[]string{"CARDprepaid", "CARDpostpaid", "CARDnobody"}[i/3%3]}, Seed: uint64(i), Patience: time.Minute,
			Pace: sim.Pace{Pause: second(0.2, 1), Card: second(0, 0.2), Charge: second(0.5, 2), Full: second(0.1, 0.3)},
			Station: &sim.Station{
				ID: gnista.StationID(fmt.Sprintf("KILL%d", i)), Version: []gnista.Version{gnista.V16, gnista.V201, gnista.V21}[i%3], URL: "ws://" + s.address + "/ocpp",
				PowerW: 300_000, RegisterWh: int64(i) * 1000, MeterEvery: 400 * time.Millisecond, Timeout: 5 * time.Second, Retry: 100 * time.Millisecond, Now: time.Now, NewID: uuid.NewString, Answered: confirmed.take,
			},
		})
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- park.Run(ctx) }()
	var topUps, topped, received int64
	address, first := s.address, s // which all know the way; s is another after each kill
	var money sync.WaitGroup
	money.Go(func() { // each twice, as if the answer was lost
		for i := 0; ctx.Err() == nil; i++ {
			body := fmt.Sprintf(`{"amount":{"amount":%d,"currency":"SEK"},"reference":"t","idempotencyKey":"k%d"}`, 500+i, i)
			for range 2 {
				if code := first.try(t, address, "POST", "/accounts/"+prepaid+"/top-ups", body); code != 200 {
					t.Errorf("a top-up: %d", code)
				}
			}
			topUps++
			topped += 500 + int64(i)
			time.Sleep(150 * time.Millisecond)
		}
	})
	for n := range k.kills {
		confirmed.await(t, k.await)
		agrees(t, binary, data, "while it runs", k.flags...)
		if list := fetch[struct{ Items []record }](t, s, "/charge-records?limit=7").Items; len(list) == 7 {
			s.try(t, address, "POST", "/charge-records/"+list[6].ID+"/corrections", fmt.Sprintf(`{"energyWh":%d,"reason":"wrong meter"}`, 100*n+7))
			s.try(t, address, "POST", "/charge-records/"+list[5].ID+"/corrections", `{"void":true,"reason":"a gift"}`)
		}
		if list := fetch[struct{ Items []struct{ ID string } }](t, s, "/invoices?limit=1").Items; len(list) == 1 {
			received += 100
			for range 2 {
				s.try(t, address, "POST", "/invoices/"+list[0].ID+"/payments", fmt.Sprintf(`{"amount":{"amount":100,"currency":"SEK"},"reference":"r%d"}`, n))
			}
			s.try(t, address, "POST", "/invoices/"+list[0].ID+"/credit", `{"reason":"wrong address"}`)
		}
		s.try(t, address, "POST", "/invoice-runs", `{}`)
		s.kill()
		agrees(t, binary, data, "after it was killed", k.flags...)
		s = start(t, binary, address, data, k.flags...)
	}
	confirmed.await(t, k.await)
	stop()
	money.Wait()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(2 * time.Minute):
		t.Fatal("the stations do not come to an end")
	}
	s.do(t, "POST", "/accounts/"+prepaid+"/top-ups", `{"amount":{"amount":10000000,"currency":"SEK"},"reference":"last","idempotencyKey":"last"}`)
	var left []paid
	settled := func() bool {
		left = nil
		for _, p := range everything[paid](t, s, "/payments") {
			if p.Provider != "" && p.State != "settled" && p.State != "released" {
				left = append(left, p)
			}
		}
		return len(left) == 0
	}
	defer func() {
		if t.Failed() {
			t.Logf("not settled: %+v", left)
		}
	}()
	eventually(t, "everything is settled", settled)
	time.Sleep(k.rest) // for what was told last
	eventually(t, "everything is settled", settled)
	providers := map[string]int{}
	for _, p := range everything[paid](t, s, "/payments") {
		providers[p.Provider]++
	}
	if len(providers) != 3 || providers["wallet"] < k.least || providers["invoice"] < k.least || providers[""] < k.least {
		t.Errorf("payments by provider: %v", providers)
	}
	trial := fetch[struct {
		Sums     []gnista.Money
		Accounts []struct {
			Kind   string
			Amount gnista.Money
		}
	}](t, s, "/ledger/trial-balance")
	if len(trial.Sums) != 1 || trial.Sums[0].Amount != 0 {
		t.Errorf("the trial balance is %+v", trial)
	}
	for _, a := range trial.Accounts {
		if want := topped + 20_000 + 10_000_000 + received; a.Kind == "bank" && a.Amount.Amount != want {
			t.Errorf("the bank has %d after %d top-ups of %d", a.Amount.Amount, topUps, want)
		}
	}
	eventually(t, "an invoice is issued and one was taken back", func() bool {
		s.do(t, "POST", "/invoice-runs", `{}`)
		states := map[string]int{}
		for _, v := range everything[struct{ ID, State string }](t, s, "/invoices") {
			states[v.State]++
			if v.State == "issued" && states["credited"] == 0 { // the kills have left none; the next run makes another
				s.do(t, "POST", "/invoices/"+v.ID+"/credit", `{"reason":"wrong address"}`)
			}
		}
		return states["issued"] > 0 && states["credited"] > 0
	})
	s.end(t)
	s.killed = true // it has ended
	agrees(t, binary, data, "in the end", k.flags...)
	t.Logf("payments by provider: %v; %d top-ups", providers, topUps)
}

// spoiled changes one thing after the other that nobody may change, and wants it found.
func spoiled(t *testing.T, binary, data string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "gnista.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	do := func(query string) {
		t.Helper()
		r, err := db.ExecContext(t.Context(), query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if n, _ := r.RowsAffected(); n != 1 {
			t.Fatalf("%s has changed %d rows", query, n)
		}
	}
	const one = `(SELECT id FROM charge_record WHERE total > 100 AND kind = 'original' ORDER BY number LIMIT 1)`
	const two = `(SELECT id FROM invoice WHERE kind = 'invoice' ORDER BY CASE state WHEN 'issued' THEN 0 ELSE 1 END, number LIMIT 1)`
	for _, c := range []struct{ spoil, mend, found string }{
		{`UPDATE charge_record SET total = total + 1 WHERE id = ` + one, `UPDATE charge_record SET total = total - 1 WHERE id = ` + one, "total: expected"},
		{`UPDATE charge_record SET energy_wh = energy_wh + 1 WHERE id = ` + one, `UPDATE charge_record SET energy_wh = energy_wh - 1 WHERE id = ` + one, "energy in Wh: expected"},
		{`UPDATE charge_record SET number = number + 1000000 WHERE id = ` + one, `UPDATE charge_record SET number = number - 1000000 WHERE number > 1000000`, "series charge-record: last number"},
		{`UPDATE station_transaction SET energy_wh = energy_wh + 1 WHERE id = (SELECT transaction_id FROM charge_record WHERE id = ` + one + `)`,
			`UPDATE station_transaction SET energy_wh = energy_wh - 1 WHERE id = (SELECT transaction_id FROM charge_record WHERE id = ` + one + `)`, "energy of the transaction in Wh"},
		{`UPDATE ledger_posting SET amount = amount + 1 WHERE line = 0 AND entry = ` + one, `UPDATE ledger_posting SET amount = amount - 1 WHERE line = 0 AND entry = ` + one, "sum of its postings"},
		{`UPDATE ledger_balance SET amount = amount + 1 WHERE kind = 'bank'`, `UPDATE ledger_balance SET amount = amount - 1 WHERE kind = 'bank'`, `ledger account bank "" in SEK: balance`},
		{`UPDATE ledger_entry SET cause_id = 'lost' WHERE id = ` + one, `UPDATE ledger_entry SET cause_id = id WHERE cause_id = 'lost'`, "whether there is an entry in the ledger"},
		{`UPDATE payment SET captured = captured + 1 WHERE id = (SELECT id FROM payment WHERE provider = 'wallet' LIMIT 1)`,
			`UPDATE payment SET captured = captured - 1 WHERE id = (SELECT id FROM payment WHERE provider = 'wallet' LIMIT 1)`, "taken from the balance"},
		{`UPDATE payment_op SET done = done - 1 WHERE id = (SELECT id FROM payment_op WHERE state = 'succeeded' AND kind = 'capture' ORDER BY id LIMIT 1)`,
			`UPDATE payment_op SET done = done + 1 WHERE id = (SELECT id FROM payment_op WHERE state = 'succeeded' AND kind = 'capture' ORDER BY id LIMIT 1)`, "captured: expected"},
		{`INSERT INTO account_hold (transaction_id, account, currency, amount, created_at) SELECT transaction_id, 'a', 'SEK', 5, 1 FROM charge_record WHERE id = ` + one,
			`DELETE FROM account_hold WHERE amount = 5 AND account = 'a'`, "set aside though it is billed"},
		{`UPDATE invoice SET total = total + 1 WHERE id = ` + two, `UPDATE invoice SET total = total - 1 WHERE id = ` + two, "expected that of its charge records"},
		{`UPDATE invoice SET paid = paid + 1 WHERE id = ` + two, `UPDATE invoice SET paid = paid - 1 WHERE id = ` + two, "expected what its payments come to"},
		{`UPDATE invoice SET number = number + 1000000 WHERE id = ` + two, `UPDATE invoice SET number = number - 1000000 WHERE number > 1000000`, "series invoice: last number"},
	} {
		do(c.spoil)
		if out, code := audited(t, binary, data); code != 1 || !strings.Contains(out, c.found) {
			t.Errorf("after %s the audit ends with %d and does not say %q:\n%s", c.spoil, code, c.found, out)
		}
		do(c.mend)
	}
	agrees(t, binary, data, "when all is mended")
}
