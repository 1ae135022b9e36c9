package store

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista"
	"gnista/account"
	"gnista/billing"
	"gnista/charging"
	"gnista/station"
	"gnista/token"
)

// free is a price list without prices.
type free struct{ charging.Prices }

func (free) InForce(context.Context, charging.Case) (string, error) { return "", nil }
func (free) Cost(context.Context, *charging.Transaction) (gnista.Money, error) {
	return gnista.Money{Currency: "SEK"}, nil
}

// nobody looks on.
type nobody struct{}

func (nobody) Publish(gnista.Event) {}
func (nobody) Watched() bool        { return false }

// paying is a system of transactions whose tokens have accounts.
type paying struct {
	*charging.Transactions
	db   *DB
	now  time.Time
	seqs map[string]int
	ids  int
}

func newPaying(t *testing.T) *paying {
	t.Helper()
	db, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "test.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	p := &paying{db: db, now: sealedAt, seqs: map[string]int{}}
	now, newID := func() time.Time { return p.now }, func() string { p.ids++; return fmt.Sprintf("%08d", p.ids) }
	p.Transactions = &charging.Transactions{
		Store: db, Reservations: db, Tokens: &token.Tokens{Store: db, Accounts: db, Past: db, Unknown: db, Now: now, NewID: newID}, Prices: free{},
		Network: &station.Network{Commands: db, Now: now}, Live: nobody{}, Now: now, NewID: newID,
	}
	return p
}

func (p *paying) account(t testing.TB, a account.Account, uids ...string) {
	t.Helper()
	a.Currency = "SEK"
	if err := p.db.CreateAccount(context.Background(), a, gnista.Event{}); err != nil {
		t.Fatal(err)
	}
	for _, uid := range uids {
		if err := p.db.CreateToken(context.Background(), token.Token{ID: token.ID{UID: uid, Type: token.ISO14443}, Account: a.ID}); err != nil {
			t.Fatal(err)
		}
	}
}

// pay posts an entry of one debit and one credit.
func (p *paying) post(t interface{ Fatal(...any) }, debit, credit billing.LedgerAccount, amount int64, settles string) {
	p.ids++
	id := fmt.Sprintf("e%08d", p.ids)
	err := p.db.write(context.Background(), "ledger", func(x *tx) error {
		if settles != "" {
			if err := x.exec(`DELETE FROM account_hold WHERE transaction_id = $1`, settles); err != nil {
				return err
			}
		}
		_, err := x.post(billing.Entry{
			ID: id, At: p.now, Currency: "SEK", Cause: billing.Cause{Kind: billing.CauseRecord, ID: id},
			Postings: []billing.Posting{{Account: debit, Amount: amount}, {Account: credit, Amount: -amount}},
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (p *paying) event(t interface{ Fatal(...any) }, kind charging.Kind, id gnista.StationID, ref, uid string, wh int64, change func(*charging.Event)) charging.Outcome {
	ev := charging.Event{Kind: kind, Version: gnista.V21, Ref: ref, Seq: p.seqs[ref], At: p.now, EVSE: gnista.EVSE{ID: 1, Connector: 1}, Activity: charging.Charging}
	p.seqs[ref]++
	if uid != "" {
		ev.Token = &token.ID{UID: uid, Type: token.ISO14443}
	}
	ev.Samples = []charging.Sample{{At: p.now, Measurand: charging.EnergyImport, Location: charging.Outlet, Milli: wh * 1000}}
	if change != nil {
		change(&ev)
	}
	out, err := p.Record(context.Background(), id, ev)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (p *paying) balance(t interface{ Fatal(...any) }, id string) account.Balance {
	b, err := p.db.Balance(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// However cards of an account begin and end to charge, on whatever stations: what is set aside and owed is
// never more than the account has, as long as nothing costs more than was set aside for it.
func TestNobodySpendsTwice(t *testing.T) {
	p := newPaying(t)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		id := fmt.Sprint("a", n)
		a := account.Account{ID: id, Kind: account.Prepaid, Hold: int64(rapid.IntRange(0, 300).Draw(t, "hold"))}
		if rapid.Bool().Draw(t, "postpaid") {
			a.Kind, a.CreditLimit = account.Postpaid, int64(rapid.IntRange(1, 1000).Draw(t, "limit"))
		}
		a.Currency = "SEK"
		if err := p.db.CreateAccount(context.Background(), a, gnista.Event{}); err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			if err := p.db.CreateToken(context.Background(), token.Token{ID: token.ID{UID: fmt.Sprintf("%s-%d", id, i), Type: token.ISO14443}, Account: id}); err != nil {
				t.Fatal(err)
			}
		}
		deposit, receivable := billing.LedgerAccount{Kind: billing.Deposit, Party: id}, billing.LedgerAccount{Kind: billing.Receivable, Party: id}
		if a.Kind == account.Prepaid {
			p.post(t, billing.LedgerAccount{Kind: billing.Bank}, deposit, int64(rapid.IntRange(1, 1000).Draw(t, "deposit")), "")
		}
		open := map[string]string{} // reference → id of those that charge
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			p.now = p.now.Add(time.Second)
			station := rapid.IntRange(0, 3).Draw(t, "station")
			ref := fmt.Sprintf("%s-%d", id, station)
			at := gnista.StationID(fmt.Sprint("S", station))
			if x, charges := open[ref]; charges {
				p.event(t, charging.Stopped, at, x, "", 2000, nil)
				delete(open, ref)
				done, err := p.db.Transactions(context.Background(), charging.Filter{Station: at, Limit: 1})
				if err != nil || len(done) != 1 || done[0].FinishedAt.IsZero() {
					t.Fatal("not finished: ", done, err)
				}
				cost := int64(rapid.IntRange(0, int(max(a.Hold, 0))).Draw(t, "cost"))
				if cost > 0 { // as the charge record is settled
					p.post(t, receivable, billing.LedgerAccount{Kind: billing.RevenueEnergy}, cost, done[0].ID)
					if a.Kind == account.Prepaid {
						p.post(t, deposit, receivable, cost, "")
					}
				} else if err := p.db.Change(context.Background(), at, func(tx charging.Tx) error { return tx.Release(done[0].ID) }); err != nil {
					t.Fatal(err)
				}
			} else {
				before := p.balance(t, id)
				_, may := a.Admits(before)
				name := fmt.Sprintf("%s-%d", ref, len(p.seqs))
				out := p.event(t, charging.Started, at, name, fmt.Sprintf("%s-%d", id, station), 1000, nil)
				if got := out.Decision.Status; (got == token.Accepted) != may || got != token.Accepted && got != token.NoCredit {
					t.Fatalf("%+v of %+v: %s", a, before, got)
				}
				if may {
					open[ref] = name
				} else {
					p.event(t, charging.Stopped, at, name, "", 1000, nil)
				}
			}
			b := p.balance(t, id)
			if a.Kind == account.Prepaid && b.Owed+b.Held > b.Deposit || a.Kind == account.Postpaid && b.Owed+b.Held > a.CreditLimit {
				t.Fatalf("of %+v there are %+v", a, b)
			}
			if want := int64(len(open)) * a.Hold; b.Held != want {
				t.Fatalf("%d are set aside for %d that charge", b.Held, len(open))
			}
		}
		for ref, name := range open { // for the next one
			p.event(t, charging.Stopped, gnista.StationID("S"+ref[len(ref)-1:]), name, "", 1000, nil)
		}
		if b := p.balance(t, id); b.Held != 0 {
			t.Fatalf("%d are left of what came to nothing", b.Held)
		}
	})
}

// What was charged without asking us is paid, whatever is left; the station is told to go on no longer.
func TestChargedOffline(t *testing.T) {
	p := newPaying(t)
	p.account(t, account.Account{ID: "low", Kind: account.Postpaid, CreditLimit: 100, Hold: 50}, "LOW")
	p.post(t, billing.LedgerAccount{Kind: billing.Receivable, Party: "low"}, billing.LedgerAccount{Kind: billing.RevenueEnergy}, 70, "")
	out := p.event(t, charging.Started, "S", "offline", "LOW", 0, func(ev *charging.Event) { ev.Offline = true })
	if out.Decision.Status != token.NoCredit || !out.Transaction.Authorised || out.Transaction.Account != "low" {
		t.Errorf("%+v, %+v", out.Decision, out.Transaction)
	}
	if b := p.balance(t, "low"); b.Held != 30 {
		t.Errorf("%d are set aside of what is left, want 30", b.Held)
	}
	out = p.event(t, charging.Started, "T", "online", "LOW", 0, nil)
	if out.Decision.Status != token.NoCredit || out.Transaction.Authorised {
		t.Errorf("%+v, %+v", out.Decision, out.Transaction)
	}
	again := p.event(t, charging.Started, "T", "online", "LOW", 0, func(ev *charging.Event) { ev.Seq = 0 })
	if !again.Repeat || again.Decision.Status != token.NoCredit {
		t.Errorf("the repeat is answered %+v", again)
	}
}

// Another card may turn out to pay when what the station told first comes late: then its account does.
func TestAnotherPays(t *testing.T) {
	p := newPaying(t)
	p.account(t, account.Account{ID: "one", Kind: account.Postpaid, CreditLimit: 1000, Hold: 50}, "ONE")
	p.account(t, account.Account{ID: "two", Kind: account.Postpaid, CreditLimit: 1000, Hold: 70}, "TWO")
	p.seqs["x"] = 5
	p.event(t, charging.Updated, "S", "x", "ONE", 0, nil)
	if b := p.balance(t, "one"); b.Held != 50 {
		t.Errorf("%d are set aside of the first", b.Held)
	}
	p.seqs["x"] = 1
	out := p.event(t, charging.Updated, "S", "x", "TWO", 0, nil)
	if out.Transaction.Account != "two" || p.balance(t, "one").Held != 0 || p.balance(t, "two").Held != 70 {
		t.Errorf("%s pays; set aside are %d and %d", out.Transaction.Account, p.balance(t, "one").Held, p.balance(t, "two").Held)
	}
}

// kinds are the events of tokens that there are.
func (p *paying) kinds(t *testing.T) (list []string) {
	t.Helper()
	evs, err := p.db.Events(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, ev := range evs {
		if ev.Kind == "token.used" || ev.Kind == "token.suspicious" {
			var data struct{ Token string }
			if err := json.Unmarshal(ev.Data, &data); err != nil {
				t.Fatal(err)
			}
			list = append(list, ev.Kind+" "+data.Token)
		}
	}
	return list
}

// A card that charges at two places at one time is told of, and blocked if that is said.
func TestCopiedCards(t *testing.T) {
	p := newPaying(t)
	p.Cloning = token.Cloning{Apart: 5 * time.Minute, Block: true}
	for _, id := range []string{"north", "south"} {
		if err := p.db.CreateSite(t.Context(), station.Site{ID: id, Name: id, Zone: "UTC"}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.db.ChangeStation(t.Context(), gnista.StationID(id), true, func(s *station.Station) ([]gnista.Event, error) {
			s.State, s.Site = station.Accepted, id
			return nil, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	p.account(t, account.Account{ID: "a", Kind: account.Postpaid}, "04A1B2C3")
	f := func(id gnista.StationID, ref string, want token.Status) {
		t.Helper()
		if out := p.event(t, charging.Started, id, ref, "04A1B2C3", 0, nil); out.Decision.Status != want {
			t.Errorf("%s at %s: %s, want %s", ref, id, out.Decision.Status, want)
		}
	}
	f("north", "1", token.Accepted)
	p.now = p.now.Add(time.Minute)
	f("north", "2", token.Accepted)
	p.now = p.now.Add(time.Minute)
	f("south", "3", token.Blocked)
	p.seqs["3"] = 0
	f("south", "3", token.Blocked) // the repeat
	p.now = p.now.Add(time.Hour)
	f("north", "4", token.Blocked)
	want := []string{"token.used …B2C3", "token.used …B2C3", "token.suspicious …B2C3"}
	if got := p.kinds(t); !slices.Equal(got, want) {
		t.Errorf("told is %q, want %q", got, want)
	}
	if k, err := p.db.Token(t.Context(), token.ID{UID: "04A1B2C3"}); err != nil || !k.Blocked || k.BlockReason == "" {
		t.Errorf("the card is %+v, %v", k, err)
	}
}

// Two cannot both be the last of a day.
func TestLastOfTheDay(t *testing.T) {
	p := newPaying(t)
	if err := p.db.CreateToken(t.Context(), token.Token{ID: token.ID{UID: "ONCE", Type: token.ISO14443}, Limits: token.Limits{DaySessions: 1}}); err != nil {
		t.Fatal(err)
	}
	if out := p.event(t, charging.Started, "A", "1", "ONCE", 0, nil); out.Decision.Status != token.Accepted {
		t.Errorf("the first: %s", out.Decision.Status)
	}
	if out := p.event(t, charging.Started, "B", "2", "ONCE", 0, nil); out.Decision.Status != token.LimitReached || out.Transaction.Authorised {
		t.Errorf("the second: %+v", out.Decision)
	}
}
