package token_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/account"
	"gnista/charging"
	"gnista/station"
	"gnista/token"
)

// ledger is what is said of accounts in a test.
type ledger map[string]account.Balance

func (l ledger) Balance(_ context.Context, id string) (account.Balance, error) { return l[id], nil }

// payers are accounts whose balances are made up.
type payers struct {
	account.Store
	ledger
}

func (p payers) Balance(ctx context.Context, id string) (account.Balance, error) {
	return p.ledger.Balance(ctx, id)
}

// authorising is a world with accounts, two sites with a station each, and one without.
func authorising(t *testing.T) (*world, ledger) {
	t.Helper()
	w := newWorld(t)
	ctx := t.Context()
	for _, id := range []string{"north", "south"} {
		if err := w.db.CreateSite(ctx, station.Site{ID: id, Name: id, Zone: "UTC"}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.db.ChangeStation(ctx, gnista.StationID(id), true, func(s *station.Station) ([]gnista.Event, error) {
			s.State, s.Site = station.Accepted, id
			return nil, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range []account.Account{
		{ID: "wallet", Kind: account.Prepaid, Hold: 100}, {ID: "invoice", Kind: account.Postpaid, CreditLimit: 1000}, {ID: "open", Kind: account.Postpaid},
		{ID: "partner", Kind: account.Roaming}, {ID: "debtor", Kind: account.Postpaid, Blocked: true},
	} {
		a.Currency = "SEK"
		if err := w.db.CreateAccount(ctx, a, gnista.Event{}); err != nil {
			t.Fatal(err)
		}
	}
	l := ledger{"wallet": {Deposit: 100}, "invoice": {Owed: 999}, "open": {Owed: 1 << 40}}
	n := 0
	w.Tokens.Accounts, w.Tokens.Past, w.Tokens.Unknown = payers{w.db, l}, w.db, w.db
	w.Tokens.NewID = func() string { n++; return fmt.Sprintf("u%03d", n) }
	return w, l
}

// Each reason to refuse a token has its status, and those that are looked at first go before the others.
func TestAuthorise(t *testing.T) {
	w, l := authorising(t)
	n := 0
	ask := func(k token.Token, r token.Request) token.Decision {
		t.Helper()
		n++
		k.ID.UID = fmt.Sprintf("%08d", n)
		if _, err := w.Create(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		r.ID = token.ID{UID: k.ID.UID}
		if r.At.IsZero() {
			r.At = w.now
		}
		d, err := w.Authorise(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	f := func(want token.Status, k token.Token, r token.Request) {
		t.Helper()
		if d := ask(k, r); d.Status != want {
			t.Errorf("%+v: %s, want %s", k, d.Status, want)
		}
	}
	start := token.Request{Station: "north", Use: token.Start}
	f(token.Accepted, token.Token{}, start)
	f(token.Blocked, token.Token{Blocked: true, ExpiresAt: w.now}, start)
	f(token.Expired, token.Token{ExpiresAt: w.now}, start)
	f(token.Accepted, token.Token{ExpiresAt: w.now.Add(time.Second)}, start)
	f(token.NotYet, token.Token{ValidFrom: w.now.Add(time.Second)}, start)
	f(token.Accepted, token.Token{ValidFrom: w.now}, start)
	f(token.Master, token.Token{Master: true, Group: "M"}, start)
	f(token.Accepted, token.Token{Master: true, Group: "M"}, token.Request{Station: "north"})
	f(token.Accepted, token.Token{Master: true, Group: "M"}, token.Request{Station: "north", Use: token.Stop})
	f(token.Blocked, token.Token{Master: true, Group: "M", Blocked: true}, token.Request{Station: "north", Use: token.Stop})
	f(token.NotHere, token.Token{Sites: []string{"south"}, Account: "debtor"}, start)
	f(token.NotHere, token.Token{Sites: []string{"south"}}, token.Request{Station: "CS1"})
	f(token.NotHere, token.Token{Sites: []string{"south"}}, token.Request{Station: "nowhere"})
	f(token.Accepted, token.Token{Sites: []string{"south", "north"}}, start)
	f(token.Accepted, token.Token{Sites: []string{"south"}}, token.Request{Station: "north", Use: token.Stop})
	f(token.Blocked, token.Token{Account: "debtor"}, start)
	f(token.Accepted, token.Token{Account: "debtor"}, token.Request{Station: "north", Use: token.Stop})
	f(token.Accepted, token.Token{Account: "wallet"}, start)
	f(token.Accepted, token.Token{Account: "invoice"}, start)
	f(token.Accepted, token.Token{Account: "open"}, start)
	f(token.Accepted, token.Token{Account: "partner"}, start)
	l["wallet"], l["invoice"] = account.Balance{Deposit: 200, Held: 101}, account.Balance{Owed: 900, Held: 100}
	f(token.NoCredit, token.Token{Account: "wallet"}, start)
	f(token.NoCredit, token.Token{Account: "wallet"}, token.Request{Station: "north"})
	f(token.Accepted, token.Token{Account: "wallet"}, token.Request{Station: "north", Use: token.Stop})
	f(token.NoCredit, token.Token{Account: "invoice"}, start)

	// Nobody remembers for long what may be spent at any time.
	l["wallet"] = account.Balance{Deposit: 100}
	if d := ask(token.Token{Account: "wallet"}, start); !d.ExpiresAt.Equal(w.now) {
		t.Errorf("of a prepaid account it may be remembered until %v", d.ExpiresAt)
	}
	if d := ask(token.Token{Account: "invoice"}, start); !d.ExpiresAt.IsZero() {
		t.Errorf("of a postpaid account it may be remembered until %v", d.ExpiresAt)
	}
	if d := ask(token.Token{Language: "sv", Message: "Hej"}, start); d.Language != "sv" || d.Message != "Hej" {
		t.Errorf("the holder is told %q in %q", d.Message, d.Language)
	}
	if took := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			if _, err := w.Authorise(b.Context(), token.Request{ID: token.ID{UID: "00000001"}, At: w.now, Station: "north", Use: token.Start}); err != nil {
				b.Fatal(err)
			}
		}
	}).NsPerOp(); took > int64(50*time.Millisecond) {
		t.Errorf("a decision takes %v", time.Duration(took))
	} else {
		t.Logf("a decision takes %v", time.Duration(took))
	}
}

// When what a decision needs cannot be read there is none.
func TestAuthoriseFailsClosed(t *testing.T) {
	w, _ := authorising(t)
	for uid, k := range map[string]token.Token{"1": {}, "2": {Account: "wallet"}, "3": {Sites: []string{"north"}}, "4": {Limits: token.Limits{DaySessions: 1}}} {
		k.ID.UID = uid
		if _, err := w.Create(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	w.db.Close()
	for _, uid := range []string{"1", "2", "3", "4", "none"} {
		d, err := w.Authorise(t.Context(), token.Request{ID: token.ID{UID: uid}, At: w.now, Station: "north", Use: token.Start})
		if err == nil || d.Status == token.Accepted {
			t.Errorf("%s: %s, %v", uid, d.Status, err)
		}
	}
}

// Limits count what has begun in the day and the month of the operator's own time.
func TestLimits(t *testing.T) {
	w, _ := authorising(t)
	w.Tokens.Zone, _ = time.LoadLocation("Europe/Stockholm")
	n := 0
	charge := func(uid string, at time.Time, wh int64) {
		t.Helper()
		n++
		if err := w.db.Change(t.Context(), "north", func(tx charging.Tx) error {
			return tx.Save(&charging.Transaction{
				ID: fmt.Sprintf("%s-%03d", uid, n), Station: "north", Version: gnista.V21, Ref: fmt.Sprint(n), Token: token.ID{UID: uid, Type: token.ISO14443}, Authorised: true,
				State: charging.Ended, StartedAt: at, EndedAt: at, EnergyWh: wh,
			}, nil)
		}); err != nil {
			t.Fatal(err)
		}
	}
	f := func(uid string, at time.Time, want token.Status) {
		t.Helper()
		d, err := w.Authorise(t.Context(), token.Request{ID: token.ID{UID: uid}, At: at, Station: "north", Use: token.Start})
		if err != nil || d.Status != want {
			t.Errorf("%s at %v: %s, %v, want %s", uid, at, d.Status, err, want)
		}
	}
	for uid, l := range map[string]token.Limits{
		"SESSIONS": {DaySessions: 2, MonthSessions: 3}, "ENERGY": {DayWh: 1000, MonthWh: 1500}, "MONEY": {DayAmount: 100, Currency: "SEK"},
	} {
		if _, err := w.Create(t.Context(), token.Token{ID: token.ID{UID: uid}, Limits: l}); err != nil {
			t.Fatal(err)
		}
	}
	// 22:30 UTC is half past midnight of the next day in Stockholm in summer.
	day := time.Date(2026, 7, 10, 22, 30, 0, 0, time.UTC)
	charge("SESSIONS", day.Add(-time.Hour), 0) // the day before
	f("SESSIONS", day, token.Accepted)
	charge("SESSIONS", day, 0)
	f("SESSIONS", day.Add(time.Hour), token.Accepted)
	charge("SESSIONS", day.Add(2*time.Hour), 0)
	f("SESSIONS", day.Add(3*time.Hour), token.LimitReached)
	f("SESSIONS", day.Add(24*time.Hour), token.LimitReached)                     // of the month
	f("SESSIONS", time.Date(2026, 7, 31, 22, 0, 0, 0, time.UTC), token.Accepted) // August
	charge("ENERGY", day, 999)
	f("ENERGY", day.Add(time.Hour), token.Accepted)
	charge("ENERGY", day.Add(time.Hour), 1)
	f("ENERGY", day.Add(2*time.Hour), token.LimitReached)
	f("ENERGY", day.Add(24*time.Hour), token.Accepted)
	charge("ENERGY", day.Add(25*time.Hour), 500)
	f("ENERGY", day.Add(48*time.Hour), token.LimitReached)
	charge("MONEY", day, 999)
	f("MONEY", day, token.Accepted) // nothing was charged for yet
}

func TestCloning(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	here := token.Begun{Station: "A", Site: "north", At: at}
	c := token.Cloning{Apart: 5 * time.Minute, PerHour: 3}
	f := func(suspected bool, others ...token.Begun) {
		t.Helper()
		if why := c.Suspects(here, others); (why != "") != suspected {
			t.Errorf("%+v: %q", others, why)
		}
	}
	f(false)
	f(true, token.Begun{"B", "south", at.Add(-4 * time.Minute)})
	f(true, token.Begun{"B", "south", at.Add(4 * time.Minute)}) // told late
	f(false, token.Begun{"B", "south", at.Add(-5 * time.Minute)})
	f(false, token.Begun{"B", "north", at.Add(-time.Minute)})
	f(false, token.Begun{"B", "", at.Add(-time.Minute)})
	f(false, token.Begun{"A", "north", at.Add(-time.Minute)})
	one := token.Begun{"A", "north", at.Add(-30 * time.Minute)}
	f(false, one, one)
	f(true, one, one, one)
	f(false, one, one, token.Begun{"A", "north", at.Add(-time.Hour)})
	if (token.Cloning{}).On() || (token.Cloning{}).Suspects(here, []token.Begun{{"B", "south", at}}) != "" {
		t.Error("nothing to look for is found")
	}
	if c.Span() != time.Hour || (token.Cloning{Apart: time.Minute}).Span() != time.Minute {
		t.Errorf("looked for within %v", c.Span())
	}
}

// Tokens that nobody has registered are kept until somebody does.
func TestUnknown(t *testing.T) {
	w, _ := authorising(t)
	ctx := t.Context()
	ask := func(uid string, kind token.Type, use token.Use, want token.Status) {
		t.Helper()
		d, err := w.Authorise(ctx, token.Request{ID: token.ID{UID: uid, Type: kind}, At: w.now, Station: "north", EVSE: 2, Use: use})
		if err != nil || d.Status != want {
			t.Errorf("%s: %s, %v, want %s", uid, d.Status, err, want)
		}
		w.now = w.now.Add(time.Second)
	}
	ask("04 a1", "", token.Start, token.Unknown)
	ask("04A1", "", token.Any, token.Unknown)
	ask("04A2", token.ISO15693, token.Any, token.Unknown)
	ask("1234", token.KeyCode, token.Any, token.Invalid)
	ask("", token.NoAuthorization, token.Start, token.Unknown)
	ask("04A3", "", token.Stop, token.Unknown)
	list, next, err := w.db.UnknownTokens(ctx, "", 10)
	if err != nil || len(list) != 2 || next != "" {
		t.Fatalf("kept are %+v, %q, %v", list, next, err)
	}
	if u := list[1]; u.Token.UID != "04A1" || u.Count != 2 || u.Station != "north" || !u.LastAt.After(u.FirstAt) {
		t.Errorf("kept is %+v", u)
	}
	k, err := w.Claim(ctx, list[1].ID, token.Token{Name: "Anna", Account: "open"})
	if err != nil || k.ID != (token.ID{UID: "04A1", Type: token.ISO14443}) {
		t.Errorf("claimed as %+v, %v", k, err)
	}
	ask("04:A1", "", token.Start, token.Accepted)
	if _, err := w.Claim(ctx, list[1].ID, token.Token{}); gnista.CodeOf(err) != gnista.NotFound {
		t.Errorf("claimed twice: %v", err)
	}
	if _, err := w.Claim(ctx, list[0].ID, token.Token{Account: "none"}); gnista.CodeOf(err) != gnista.Invalid {
		t.Errorf("claimed for an account that there is not: %v", err)
	}
	if _, err := w.Create(ctx, token.Token{ID: token.ID{UID: "04A2", Type: token.ISO15693}}); err != nil {
		t.Error(err)
	}
	if list, _, err := w.db.UnknownTokens(ctx, "", 10); err != nil || len(list) != 0 {
		t.Errorf("left are %+v, %v", list, err)
	}
}

func TestWrongTokens(t *testing.T) {
	w, _ := authorising(t)
	f := func(field string, change func(*token.Token)) {
		t.Helper()
		k := token.Token{ID: token.ID{UID: "A1"}}
		change(&k)
		_, err := w.Create(t.Context(), k)
		if err == nil || gnista.CodeOf(err) != gnista.Invalid || !strings.HasPrefix(err.Error(), field+": ") {
			t.Errorf("%+v: %v, want %s", k, err, field)
		}
	}
	f("uid", func(k *token.Token) { k.ID.UID = " : " })
	f("type", func(k *token.Token) { k.ID.Type = "a b" })
	f("account", func(k *token.Token) { k.Account = "none" })
	f("tariff", func(k *token.Token) { k.Tariff = "none" })
	f("sites", func(k *token.Token) { k.Sites = []string{"north", "none"} })
	f("sites", func(k *token.Token) { k.Sites = []string{""} })
	f("group", func(k *token.Token) { k.Master = true })
	f("blockReason", func(k *token.Token) { k.BlockReason = "lost" })
	f("expiresAt", func(k *token.Token) { k.ValidFrom, k.ExpiresAt = w.now, w.now })
	f("message", func(k *token.Token) { k.Message = strings.Repeat("å", 513) })
	f("language", func(k *token.Token) { k.Language = "swedish" })
	f("limits.sessionsPerDay", func(k *token.Token) { k.Limits.DaySessions = -1 })
	f("limits.energyWhPerMonth", func(k *token.Token) { k.Limits.MonthWh = -1 })
	f("limits.currency", func(k *token.Token) { k.Limits.DayAmount = 1 })
	f("limits.currency", func(k *token.Token) { k.Limits.DayAmount, k.Limits.Currency = 1, "kronor" })
}
