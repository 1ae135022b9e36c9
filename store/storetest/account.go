package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/account"
	"gnista/charging"
	"gnista/station"
	"gnista/token"
)

// accounts are customers and their accounts.
func (s suite) accounts(t *testing.T) {
	ctx := t.Context()
	ev := gnista.Event{At: now, Kind: "customer.created", Subject: "c1"}
	c := account.Customer{
		ID: "c1", Kind: account.Company, Name: "Laddbolaget å", Number: "556036-0793", VAT: "SE556036079301", Email: "a@b.se", Language: "sv", Reference: "ref",
		Address: account.Address{Street: "Gatan 1", PostalCode: "111 11", City: "Stad", Country: "SE"}, Endpoint: "0007:5560360793", Tariff: "t", CreatedAt: now, UpdatedAt: now,
	}
	for _, x := range []account.Customer{c, {ID: "c2", Kind: account.Private, Name: "Anna"}} {
		if err := s.CreateCustomer(ctx, x, ev); err != nil {
			t.Fatal(err)
		}
		if got := must[account.Customer](t)(s.Customer(ctx, x.ID)); got != x {
			t.Errorf("got %+v, want %+v", got, x)
		}
	}
	_, err := s.Customer(ctx, "none")
	wantCode(t, err, gnista.NotFound)
	if list := must[[]account.Customer](t)(s.Customers(ctx, account.CustomerFilter{After: "c1", Limit: 10})); len(list) == 0 || list[0].ID != "c2" {
		t.Errorf("behind c1: %+v", list)
	}
	for text, want := range map[string]int{"laddbolaget": 1, "BOLAGET Å": 1, "556036": 1, "a@b": 1, "%": 0, "anna": 1, "no such": 0} {
		if list := must[[]account.Customer](t)(s.Customers(ctx, account.CustomerFilter{Text: text, Limit: 10})); len(list) != want {
			t.Errorf("with %q: %+v", text, list)
		}
	}
	renamed := must[account.Customer](t)(s.UpdateCustomer(ctx, "c1", func(c *account.Customer) (gnista.Event, error) { c.Name = "Nya"; return ev, nil }))
	if got := must[account.Customer](t)(s.Customer(ctx, "c1")); got != renamed || got.Name != "Nya" {
		t.Errorf("changed to %+v", got)
	}
	refused := errors.New("no")
	if _, err := s.UpdateCustomer(ctx, "c1", func(*account.Customer) (gnista.Event, error) { return ev, refused }); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}

	a := account.Account{ID: "a1", Customer: "c1", Name: "Fleet", Kind: account.Postpaid, Currency: "SEK", CreditLimit: 1000, Hold: 100, Offline: true, TermDays: 30, CreatedAt: now, UpdatedAt: now}
	for _, x := range []account.Account{a, {ID: "a2", Kind: account.Roaming, Currency: "EUR"}, {ID: "a3", Customer: "c2", Kind: account.Prepaid, Currency: "SEK"}} {
		if err := s.CreateAccount(ctx, x, ev); err != nil {
			t.Fatal(err)
		}
		if got := must[account.Account](t)(s.Account(ctx, x.ID)); got != x {
			t.Errorf("got %+v, want %+v", got, x)
		}
	}
	wantCode(t, s.CreateAccount(ctx, account.Account{ID: "a4", Customer: "none"}, ev), gnista.Invalid)
	_, err = s.Account(ctx, "a4")
	wantCode(t, err, gnista.NotFound)
	if list := must[[]account.Account](t)(s.Accounts(ctx, account.Filter{Customer: "c1", Limit: 10})); len(list) != 1 || list[0] != a {
		t.Errorf("of c1: %+v", list)
	}
	if list := must[[]account.Account](t)(s.Accounts(ctx, account.Filter{After: "a1", Limit: 1})); len(list) != 1 || list[0].ID != "a2" {
		t.Errorf("behind a1: %+v", list)
	}
	for text, want := range map[string]string{"fleet": "a1", "NYA": "a1", "556036": "a1", "a2": "a2", "anna": "a3", "no such": ""} {
		got := ""
		for _, a := range must[[]account.Account](t)(s.Accounts(ctx, account.Filter{Text: text, Limit: 10})) {
			got += a.ID
		}
		if got != want {
			t.Errorf("with %q: %q, want %q", text, got, want)
		}
	}
	if list := must[[]account.Account](t)(s.Accounts(ctx, account.Filter{IDs: []string{"a3", "a1", "none"}, Limit: 10})); len(list) != 2 || list[0].ID != "a1" || list[1].ID != "a3" {
		t.Errorf("only two: %+v", list)
	}
	if list := must[[]account.Customer](t)(s.Customers(ctx, account.CustomerFilter{IDs: []string{"c2", "none"}, Limit: 10})); len(list) != 1 || list[0].ID != "c2" {
		t.Errorf("only one customer: %+v", list)
	}
	_, err = s.UpdateAccount(ctx, "none", func(*account.Account) (gnista.Event, error) { return ev, nil })
	wantCode(t, err, gnista.NotFound)
	blocked := must[account.Account](t)(s.UpdateAccount(ctx, "a1", func(a *account.Account) (gnista.Event, error) {
		a.Blocked, a.BlockReason, a.CreditLimit = true, "debts", 5
		return ev, nil
	}))
	if got := must[account.Account](t)(s.Account(ctx, "a1")); got != blocked || !got.Blocked {
		t.Errorf("blocked is %+v", got)
	}
	if b := must[account.Balance](t)(s.Balance(ctx, "a1")); b != (account.Balance{}) {
		t.Errorf("balance of an account of which the ledger says nothing: %+v", b)
	}
	if b := must[account.Balance](t)(s.Balance(ctx, "none")); b != (account.Balance{}) {
		t.Errorf("balance of no account: %+v", b)
	}

	card := token.Token{ID: token.ID{UID: "ERASE", Type: token.ISO14443}, Name: "Anna's", Message: "Hej Anna", Account: "a3", CreatedAt: now}
	if err := s.CreateToken(ctx, card); err != nil {
		t.Fatal(err)
	}
	gone := must[account.Customer](t)(s.EraseCustomer(ctx, "c2", "erased", func(c *account.Customer) (gnista.Event, error) {
		*c = account.Customer{ID: c.ID, Kind: c.Kind, ErasedAt: now}
		return ev, nil
	}))
	if got := must[account.Customer](t)(s.Customer(ctx, "c2")); got != gone || got.Name != "" {
		t.Errorf("erased is %+v", got)
	}
	if got := must[token.Token](t)(s.Token(ctx, card.ID)); got.Name != "" || got.Message != "" || got.Account != "a3" {
		t.Errorf("its card is %+v", got)
	}
	if got := must[account.Account](t)(s.Account(ctx, "a3")); !got.Blocked || got.BlockReason != "erased" {
		t.Errorf("its account is %+v", got)
	}
	wantCode(t, s.CreateAccount(ctx, account.Account{ID: "a5", Customer: "c2"}, ev), gnista.Invalid)
}

// holds is what is set aside: of one account never more than it has, however many begin at one time.
func (s suite) holds(t *testing.T) {
	ctx := t.Context()
	for _, a := range []account.Account{
		{ID: "h1", Kind: account.Postpaid, CreditLimit: 1000, Hold: 300}, {ID: "h2", Kind: account.Postpaid}, {ID: "h3", Kind: account.Prepaid, Hold: 10},
		{ID: "h4", Kind: account.Postpaid, CreditLimit: 1}, {ID: "h5", Kind: account.Postpaid, CreditLimit: 1000, Hold: 300, Blocked: true},
	} {
		a.Currency, a.TermDays = "SEK", 30
		if err := s.CreateAccount(ctx, a, gnista.Event{}); err != nil {
			t.Fatal(err)
		}
	}
	hold := func(station, transaction, id string, must bool) (ok bool) {
		t.Helper()
		err := s.Change(ctx, gnista.StationID(station), func(tx charging.Tx) (err error) {
			ok, err = tx.Hold(transaction, id, must, now)
			return err
		})
		if err != nil {
			t.Error(err)
		}
		return ok
	}
	held := func(id string) int64 { return must[account.Balance](t)(s.Balance(ctx, id)).Held }
	var wg sync.WaitGroup
	var mu sync.Mutex
	var began []string
	for i := range 12 {
		wg.Go(func() {
			id := fmt.Sprintf("hold-%02d", i)
			if hold(fmt.Sprint("hold station ", i), id, "h1", false) {
				mu.Lock()
				began = append(began, id)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(began) != 3 || held("h1") != 900 {
		t.Errorf("%d began, with %d set aside", len(began), held("h1"))
	}
	if !hold("S", began[0], "h1", false) || held("h1") != 900 {
		t.Errorf("for the same again %d are set aside", held("h1"))
	}
	if !hold("S", "late", "h1", true) || held("h1") != 1000 {
		t.Errorf("of what is left %d are set aside", held("h1"))
	}
	release := func(id string) {
		t.Helper()
		if err := s.Change(ctx, "S", func(tx charging.Tx) error { return tx.Release(id) }); err != nil {
			t.Error(err)
		}
	}
	release("late")
	release(began[1])
	release("none")
	if held("h1") != 600 {
		t.Errorf("after an end %d are set aside", held("h1"))
	}
	for _, x := range []struct {
		transaction, id string
		must, ok        bool
		held            int64
	}{
		{"x", "h2", false, true, 0}, {"x", "h3", false, false, 0}, {"x", "h3", true, true, 0}, {"x", "h4", false, true, 0}, {"x", "h5", false, false, 0}, {"x", "none", false, false, 0},
	} {
		if ok := hold("S", x.transaction, x.id, x.must); ok != x.ok || held(x.id) != x.held {
			t.Errorf("%+v: %v, %d", x, ok, held(x.id))
		}
	}
	release("x")

	// The lists of stations have nobody who owes as much as may be.
	k := token.Token{ID: token.ID{UID: "TRUST", Type: token.ISO14443}, Account: "h1", Offline: true, CreatedAt: now}
	if err := s.CreateToken(ctx, k); err != nil {
		t.Fatal(err)
	}
	trusted := func(want string) {
		t.Helper()
		if err := s.SweepTrust(ctx); err != nil {
			t.Fatal(err)
		}
		list, _, err := s.Offline(ctx, -1, 1000)
		got := "no"
		if i := slices.IndexFunc(list, func(x token.Token) bool { return x.ID == k.ID }); i >= 0 {
			if got = "trusted"; list[i].Blocked {
				got = "blocked"
			}
		}
		if err != nil || got != want {
			t.Errorf("%s, want %s; %v", got, want, err)
		}
	}
	change := func(f func(*account.Account)) {
		t.Helper()
		if _, err := s.UpdateAccount(ctx, "h1", func(a *account.Account) (gnista.Event, error) { f(a); return gnista.Event{}, nil }); err != nil {
			t.Fatal(err)
		}
	}
	trusted("no")
	change(func(a *account.Account) { a.Offline = true })
	trusted("trusted")
	hold("S", "last", "h1", false)
	hold("S", "late", "h1", true)
	trusted("no")
	release("late")
	trusted("trusted")
	change(func(a *account.Account) { a.Blocked = true })
	trusted("blocked")
	if err := s.DeleteToken(ctx, k.ID); err != nil {
		t.Error(err)
	}
	for _, id := range append(began, "last") {
		release(id)
	}
}

// used is what tokens were used for, and what is said of them then.
func (s suite) used(t *testing.T) {
	ctx := t.Context()
	id := token.ID{UID: "USED", Type: token.ISO14443}
	if err := s.CreateToken(ctx, token.Token{ID: id, CreatedAt: now}); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateSite(ctx, station.Site{ID: "used-site", Name: "n", Zone: "UTC"}); err != nil {
		t.Fatal(err)
	}
	must[station.Station](t)(s.ChangeStation(ctx, "used", true, func(x *station.Station) ([]gnista.Event, error) {
		x.State, x.Site = station.Accepted, "used-site"
		return nil, nil
	}))
	s.payer(t, "used-account", account.Postpaid, "SEK")
	must[token.Token](t)(s.UpdateToken(ctx, id, func(k *token.Token) error { k.Group, k.Account = "used-group", "used-account"; return nil }))
	for f, want := range map[token.Filter]int{
		{Group: "used-group", Limit: 9}: 1, {Account: "used-account", Limit: 9}: 1, {Account: "used-account", Group: "used-group", Limit: 9}: 1, {Account: "used-account", Group: "other", Limit: 9}: 0,
		{Account: "none", Limit: 9}: 0, {Group: "none", Limit: 9}: 0,
		{Group: "used-group", Blocked: true, Limit: 9}: 0, {Group: "used-group", Text: "no such name", Limit: 9}: 0,
	} {
		if list, next, err := s.Tokens(ctx, f); err != nil || len(list) != want || next != "" {
			t.Errorf("%+v: %+v, %q, %v", f, list, next, err)
		}
	}
	if _, next, err := s.Tokens(ctx, token.Filter{Group: "used-group", Limit: 1}); err != nil || next == "" {
		t.Errorf("next is %q, %v", next, err)
	} else if list, _, err := s.Tokens(ctx, token.Filter{Group: "used-group", After: next, Limit: 1}); err != nil || len(list) != 0 {
		t.Errorf("behind the last: %+v, %v", list, err)
	}
	save := func(name string, at time.Time, wh int64, authorised bool) {
		t.Helper()
		x := newTransaction(name, name)
		x.Station, x.Token, x.StartedAt, x.EnergyWh, x.Authorised = "used", id, at, wh, authorised
		if err := s.Change(ctx, "used", func(tx charging.Tx) error { return tx.Save(x, nil) }); err != nil {
			t.Fatal(err)
		}
	}
	save("used-1", now, 100, true)
	save("used-2", now.Add(time.Hour), 20, true)
	save("used-3", now.Add(2*time.Hour), 3, false)
	for since, want := range map[time.Time]token.Used{now: {Sessions: 2, Wh: 120}, now.Add(time.Minute): {Sessions: 1, Wh: 20}, now.Add(2 * time.Hour): {}} {
		if got := must[token.Used](t)(s.Used(ctx, id, since, "SEK")); got != want {
			t.Errorf("since %v: %+v, want %+v", since, got, want)
		}
		err := s.Change(ctx, "used", func(tx charging.Tx) error {
			if got := must[token.Used](t)(tx.Used(id, since, "SEK")); got != want {
				t.Errorf("since %v within a change: %+v, want %+v", since, got, want)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	err := s.Change(ctx, "used", func(tx charging.Tx) error {
		begun := must[[]token.Begun](t)(tx.Begun(id, now.Add(time.Minute), now.Add(3*time.Hour)))
		if len(begun) != 1 || begun[0] != (token.Begun{Station: "used", Site: "used-site", At: now.Add(time.Hour)}) {
			t.Errorf("begun are %+v", begun)
		}
		if site := must[string](t)(tx.Site("used")); site != "used-site" || must[string](t)(tx.Site("none")) != "" {
			t.Errorf("the site is %q", site)
		}
		return tx.BlockToken(id, "copied", now)
	})
	if err != nil {
		t.Fatal(err)
	}
	if k := must[token.Token](t)(s.Token(ctx, id)); !k.Blocked || k.BlockReason != "copied" {
		t.Errorf("blocked is %+v", k)
	}
	if site := must[string](t)(s.SiteOf(ctx, "used")); site != "used-site" || must[string](t)(s.SiteOf(ctx, "none")) != "" {
		t.Errorf("the site is %q", site)
	}
	wantCode(t, s.CheckToken(ctx, token.Token{Sites: []string{"none"}}), gnista.Invalid)
	wantCode(t, s.SaveTokens(ctx, []token.Token{{ID: token.ID{UID: "SAVED", Type: "x"}}, {ID: id, Account: "none"}}), gnista.Invalid)
	_, err = s.Token(ctx, token.ID{UID: "SAVED"})
	wantCode(t, err, gnista.NotFound)
	k := token.Token{
		ID: id, Name: "å", Master: true, Group: "g", Language: "sv", Message: "m", Sites: []string{"used-site"}, ValidFrom: now, CreatedAt: now, UpdatedAt: now,
		Limits: token.Limits{DaySessions: 1, MonthSessions: 2, DayWh: 3, MonthWh: 4, DayAmount: 5, MonthAmount: 6, Currency: "SEK"},
	}
	if err := s.SaveTokens(ctx, []token.Token{k}); err != nil {
		t.Fatal(err)
	}
	if got := must[token.Token](t)(s.Token(ctx, id)); fmt.Sprint(got) != fmt.Sprint(k) {
		t.Errorf("got %+v, want %+v", got, k)
	}
}

// unknown are tokens that nobody has registered.
func (s suite) unknown(t *testing.T) {
	ctx := t.Context()
	saw := func(id, uid string, after time.Duration) {
		t.Helper()
		at := now.Add(after)
		u := token.UnknownToken{ID: id, Token: token.ID{UID: uid, Type: token.ISO14443}, Station: "A", EVSE: 1, Count: 1, FirstAt: at, LastAt: at}
		if err := s.SawUnknown(ctx, u, 3); err != nil {
			t.Fatal(err)
		}
	}
	saw("u1", "n1", 0)
	saw("u2", "n2", time.Second)
	saw("u3", "n3", 2*time.Second)
	saw("again", "N:1", 3*time.Second)
	want := token.UnknownToken{ID: "u1", Token: token.ID{UID: "N:1", Type: token.ISO14443}, Station: "A", EVSE: 1, Count: 2, FirstAt: now, LastAt: now.Add(3 * time.Second)}
	if got := must[token.UnknownToken](t)(s.UnknownToken(ctx, "u1")); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	saw("u4", "n4", 4*time.Second) // the one that was asked for longest ago goes
	var ids []string
	for after := ""; ; {
		list, next, err := s.UnknownTokens(ctx, after, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range list {
			ids = append(ids, u.ID)
		}
		if after = next; next == "" || len(ids) > 5 {
			break
		}
	}
	if !slices.Equal(ids, []string{"u4", "u1", "u3"}) {
		t.Errorf("kept are %v", ids)
	}
	_, _, err := s.UnknownTokens(ctx, "x y", 1)
	wantCode(t, err, gnista.Invalid)
	if err := s.ForgetUnknown(ctx, "u3"); err != nil {
		t.Error(err)
	}
	wantCode(t, s.ForgetUnknown(ctx, "u3"), gnista.NotFound)
	if err := s.CreateToken(ctx, token.Token{ID: token.ID{UID: "n1", Type: token.ISO14443}}); err != nil {
		t.Fatal(err)
	}
	_, err = s.UnknownToken(ctx, "u1")
	wantCode(t, err, gnista.NotFound)
}
