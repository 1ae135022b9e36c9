package account_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/account"
	"gnista/store/storetest"
)

func newBook(t *testing.T) *account.Book {
	t.Helper()
	db := storetest.Open(t)
	n := 0
	return &account.Book{
		Customers: db, Accounts: db, Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
		NewID: func() string { n++; return fmt.Sprintf("%03d", n) },
	}
}

// field is the field that an error is about; "" for none.
func field(err error) string {
	name, _, ok := strings.Cut(fmt.Sprint(err), ": ")
	if err == nil || !ok || gnista.CodeOf(err) != gnista.Invalid {
		return ""
	}
	return name
}

func TestCustomers(t *testing.T) {
	b := newBook(t)
	f := func(wrong string, change func(*account.Customer)) {
		t.Helper()
		c := account.Customer{Kind: account.Company, Name: "Laddbolaget AB", Number: "5560360793", Address: account.Address{Country: "SE"}}
		change(&c)
		made, err := b.CreateCustomer(t.Context(), c)
		if got := field(err); got != wrong || (err == nil) != (wrong == "") {
			t.Errorf("%+v: got %v, want %q", c, err, wrong)
		}
		if err != nil {
			return
		}
		if got, err := b.Customers.Customer(t.Context(), made.ID); err != nil || got != made {
			t.Errorf("got %+v, %v, want %+v", got, err, made)
		}
	}
	f("", func(c *account.Customer) {})
	f("", func(c *account.Customer) { c.Number = "556036-0793" })
	f("", func(c *account.Customer) { c.Number = "165560360793" })
	f("", func(c *account.Customer) { c.VAT = "SE556036079301" })
	f("", func(c *account.Customer) { c.VAT = "se 556036-0793 01" })
	f("number", func(c *account.Customer) { c.Number = "556036-0794" })
	f("number", func(c *account.Customer) { c.Number = "12" })
	f("number", func(c *account.Customer) { c.Number = "556036079x" })
	f("number", func(c *account.Customer) { c.Number = "" })
	f("vat", func(c *account.Customer) { c.VAT = "SE556036079401" })
	f("vat", func(c *account.Customer) { c.VAT = "SE556036079302" })
	f("vat", func(c *account.Customer) { c.VAT = "556036079301" })
	f("", func(c *account.Customer) { c.Number, c.Address.Country = "HRB 1234", "DE" })
	f("", func(c *account.Customer) { c.Kind, c.Number = account.Private, "" })
	f("number", func(c *account.Customer) { c.Kind, c.Number = account.Private, "811218-9875" })
	f("", func(c *account.Customer) { c.Kind, c.Number = account.Private, "19811218-9876" })
	f("name", func(c *account.Customer) { c.Name = " " })
	f("name", func(c *account.Customer) { c.Name = strings.Repeat("å", 101) })
	f("kind", func(c *account.Customer) { c.Kind = "state" })
	f("email", func(c *account.Customer) { c.Email = "anna" })
	f("email", func(c *account.Customer) { c.Email = "Anna <anna@example.com>" })
	f("", func(c *account.Customer) { c.Email = "anna@example.com" })
	f("language", func(c *account.Customer) { c.Language = "swedish" })
	f("", func(c *account.Customer) { c.Language = "sv-SE" })
	f("address.country", func(c *account.Customer) { c.Address.Country = "Sweden" })
	f("address.country", func(c *account.Customer) { c.Address.Country = "ZZ" })
	f("endpoint", func(c *account.Customer) { c.Endpoint = "5560360793" })
	f("", func(c *account.Customer) { c.Endpoint = "0007:5560360793" })
}

func TestAccounts(t *testing.T) {
	b := newBook(t)
	c, err := b.CreateCustomer(t.Context(), account.Customer{Kind: account.Private, Name: "Anna"})
	if err != nil {
		t.Fatal(err)
	}
	f := func(wrong string, change func(*account.Account)) {
		t.Helper()
		a := account.Account{Customer: c.ID, Kind: account.Postpaid, Currency: "SEK"}
		change(&a)
		made, err := b.CreateAccount(t.Context(), a)
		if got := field(err); got != wrong || (err == nil) != (wrong == "") {
			t.Errorf("%+v: got %v, want %q", a, err, wrong)
		}
		if err != nil {
			return
		}
		if got, err := b.Accounts.Account(t.Context(), made.ID); err != nil || got != made || got.TermDays != 30 {
			t.Errorf("got %+v, %v, want %+v", got, err, made)
		}
	}
	f("", func(a *account.Account) {})
	f("", func(a *account.Account) { a.CreditLimit, a.Hold, a.Offline = 100_000, 20_000, true })
	f("", func(a *account.Account) { a.Kind, a.Hold = account.Prepaid, 20_000 })
	f("", func(a *account.Account) { a.Kind, a.Customer = account.Roaming, "" })
	f("customer", func(a *account.Account) { a.Customer = "" })
	f("customer", func(a *account.Account) { a.Customer = "nobody" })
	f("kind", func(a *account.Account) { a.Kind = "free" })
	f("currency", func(a *account.Account) { a.Currency = "sek" })
	f("currency", func(a *account.Account) { a.Currency = "KRONOR" })
	f("offline", func(a *account.Account) { a.Kind, a.Offline = account.Prepaid, true })
	f("creditLimit", func(a *account.Account) { a.CreditLimit = -1 })
	f("creditLimit", func(a *account.Account) { a.Kind, a.CreditLimit = account.Prepaid, 1 })
	f("hold", func(a *account.Account) { a.Hold = 1 })
	f("hold", func(a *account.Account) { a.Kind, a.Hold = account.Prepaid, -1 })
	f("termDays", func(a *account.Account) { a.TermDays = 366 })
	f("blockReason", func(a *account.Account) { a.BlockReason = "debts" })
}

// An account keeps what the books go by, says why it is blocked as long as it is, and of an erased
// customer nothing is left but its ids.
func TestErase(t *testing.T) {
	ctx := t.Context()
	b := newBook(t)
	c, err := b.CreateCustomer(ctx, account.Customer{Kind: account.Private, Name: "Anna", Email: "anna@example.com", Language: "sv", Address: account.Address{Street: "Gatan 1", Country: "SE"}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := b.CreateAccount(ctx, account.Account{Customer: c.ID, Kind: account.Prepaid, Currency: "SEK", Name: "Anna's"})
	if err != nil {
		t.Fatal(err)
	}
	a, err = b.UpdateAccount(ctx, a.ID, func(a *account.Account) {
		a.Kind, a.Currency, a.Customer, a.ID, a.Blocked, a.BlockReason = account.Postpaid, "EUR", "other", "other", true, "debts"
	})
	if err != nil || a.Kind != account.Prepaid || a.Currency != "SEK" || a.Customer != c.ID || a.BlockReason != "debts" {
		t.Fatalf("changed to %+v, %v", a, err)
	}
	if a, err = b.UpdateAccount(ctx, a.ID, func(a *account.Account) { a.Blocked = false }); err != nil || a.BlockReason != "" {
		t.Errorf("unblocked it is %+v, %v", a, err)
	}
	gone, err := b.Erase(ctx, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := account.Customer{ID: c.ID, Kind: account.Private, Language: "sv", Address: account.Address{Country: "SE"}, CreatedAt: c.CreatedAt, UpdatedAt: gone.UpdatedAt, ErasedAt: b.Now()}
	if kept, err := b.Customers.Customer(ctx, c.ID); err != nil || gone != want || kept != want {
		t.Errorf("erased to %+v, %v, want %+v", kept, err, want)
	}
	if a, err := b.Accounts.Account(ctx, a.ID); err != nil || !a.Blocked || a.Name != "" || a.BlockReason == "" {
		t.Errorf("its account is %+v, %v", a, err)
	}
	if _, err := b.Erase(ctx, c.ID); gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("erased twice: %v", err)
	}
	if _, err := b.UpdateCustomer(ctx, c.ID, func(c *account.Customer) { c.Name = "Bo" }); gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("changed afterwards: %v", err)
	}
	if _, err := b.CreateAccount(ctx, account.Account{Customer: c.ID, Kind: account.Prepaid, Currency: "SEK"}); field(err) != "customer" {
		t.Errorf("a new account: %v", err)
	}
	for _, err := range []error{
		func() error { _, err := b.Erase(context.Background(), "none"); return err }(),
		func() error { _, err := b.UpdateAccount(ctx, "none", func(*account.Account) {}); return err }(),
	} {
		if gnista.CodeOf(err) != gnista.NotFound {
			t.Errorf("of nobody: %v", err)
		}
	}
}

func TestAdmits(t *testing.T) {
	f := func(a account.Account, b account.Balance, hold int64, ok bool) {
		t.Helper()
		if h, o := a.Admits(b); h != hold && ok || o != ok {
			t.Errorf("%+v of %+v: %d, %v", a, b, h, o)
		}
	}
	prepaid := account.Account{Kind: account.Prepaid, Hold: 100}
	f(prepaid, account.Balance{Deposit: 100}, 100, true)
	f(prepaid, account.Balance{Deposit: 99}, 0, false)
	f(prepaid, account.Balance{Deposit: 300, Owed: 100, Held: 100}, 100, true)
	f(prepaid, account.Balance{Deposit: 300, Owed: 101, Held: 100}, 0, false)
	f(account.Account{Kind: account.Prepaid}, account.Balance{Deposit: 1}, 0, true)
	f(account.Account{Kind: account.Prepaid}, account.Balance{}, 0, false)
	f(account.Account{Kind: account.Postpaid}, account.Balance{Owed: 1 << 40}, 0, true)
	f(account.Account{Kind: account.Postpaid, CreditLimit: 100}, account.Balance{Owed: 99}, 0, true)
	f(account.Account{Kind: account.Postpaid, CreditLimit: 100}, account.Balance{Owed: 100}, 0, false)
	f(account.Account{Kind: account.Postpaid, CreditLimit: 100, Hold: 50}, account.Balance{Held: 50}, 50, true)
	f(account.Account{Kind: account.Postpaid, CreditLimit: 100, Hold: 50}, account.Balance{Owed: 1, Held: 50}, 0, false)
	f(account.Account{Kind: account.Roaming}, account.Balance{Owed: 1}, 0, true)
	f(account.Account{Kind: account.Roaming, Blocked: true}, account.Balance{}, 0, false)
}
