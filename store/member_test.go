package store

import (
	"path/filepath"
	"testing"
	"time"

	"gnista"
	"gnista/account"
	"gnista/account/member"
)

// Where the account of somebody new cannot be stored, the link is good as before, and they are no customer.
func TestJoiningIsWholeOrNothing(t *testing.T) {
	ctx, at := t.Context(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	db := openSealed(t, filepath.Join(t.TempDir(), "gnista.db"), aSecret)
	link := member.Link{ID: "l", Purpose: member.ToSignIn, Email: "moa@example.com", MadeAt: at}
	if err := db.AddDriverLink(ctx, link, 5); err != nil {
		t.Fatal(err)
	}
	if _, err := db.sql.ExecContext(ctx, `CREATE TRIGGER no_account BEFORE INSERT ON account BEGIN SELECT RAISE(ABORT, 'no room'); END`); err != nil {
		t.Fatal(err)
	}
	who := &account.Joining{Customer: account.Customer{ID: "c", Name: "Moa", Email: link.Email}, Account: account.Account{ID: "a", Customer: "c"}, Events: []gnista.Event{{At: at, Kind: "customer.created", Subject: "c"}}}
	if _, err := db.UseDriverLink(ctx, "l", at.Add(-time.Hour), who); err == nil {
		t.Fatal("the account was stored")
	}
	if _, err := db.DriverLink(ctx, "l"); err != nil {
		t.Errorf("the link: %v", err)
	}
	if _, err := db.Customer(ctx, "c"); gnista.CodeOf(err) != gnista.NotFound {
		t.Errorf("the customer: %v", err)
	}
	if n, err := db.LastEvent(ctx); err != nil || n != 0 {
		t.Errorf("%d events (%v)", n, err)
	}
	if _, err := db.sql.ExecContext(ctx, `DROP TRIGGER no_account`); err != nil {
		t.Fatal(err)
	}
	if _, err := db.UseDriverLink(ctx, "l", at.Add(-time.Hour), who); err != nil {
		t.Errorf("the second try: %v", err)
	}
	if a, err := db.Account(ctx, "a"); err != nil || a.Customer != "c" {
		t.Errorf("the account is %+v (%v)", a, err)
	}
}
