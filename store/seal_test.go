package store

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/charging"
	"gnista/power"
	"gnista/station"
	"gnista/token"
)

const (
	firstUID  = "04F1E2D3C4B5A6"
	secondUID = "DEADBEEFCAFE77"
)

var sealedAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func aSecret() ([]byte, error) { return bytes.Repeat([]byte{7}, 32), nil }

func openSealed(t *testing.T, file string, secret func() ([]byte, error)) *DB {
	t.Helper()
	db, err := Open(t.Context(), "sqlite:"+file, Options{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// fill stores UIDs wherever they are stored.
func fill(t *testing.T, db *DB) {
	t.Helper()
	ctx := t.Context()
	first, second := token.ID{UID: firstUID, Type: token.ISO14443}, token.ID{UID: secondUID, Type: token.ISO14443}
	decision := token.Decision{Status: token.Accepted, ID: first}
	x := &charging.Transaction{
		ID: "t1", Station: "S", Version: gnista.V16, Ref: "1", StartKey: charging.StartKey(1, firstUID, "now", 0), Token: first, State: charging.Active, StartedAt: sealedAt, UpdatedAt: sealedAt,
		Progress: charging.Progress{Decided: []charging.Decided{{Kind: charging.Started, Decision: decision}, {Kind: charging.Stopped, Decision: token.Decision{ID: second}}}},
	}
	entry := token.Entry{ID: second, Status: token.Accepted}
	for what, err := range map[string]error{
		"token":   db.CreateToken(ctx, token.Token{ID: first, Name: "Anna", CreatedAt: sealedAt}),
		"unknown": db.SawUnknown(ctx, token.UnknownToken{ID: "u", Token: second, Station: "S", Count: 1, FirstAt: sealedAt, LastAt: sealedAt}, 10),
		"transaction": db.Change(ctx, "S", func(tx charging.Tx) error {
			r := &charging.Reservation{ID: "r1", Number: 1, Station: "S", Token: second, State: charging.ReservationActive, CreatedAt: sealedAt, ExpiresAt: sealedAt}
			if err := tx.SaveReservation(r); err != nil {
				return err
			}
			return tx.Save(x, nil)
		}),
		"power": db.ChangePower(ctx, "S", func(tx power.Tx) error {
			return tx.Save(power.Entry{ID: "p1", Station: "S", Kind: "swap", Key: "1", UpdatedAt: sealedAt, Data: []byte(`{"token":"` + firstUID + `"}`)}, 10)
		}),
		"report": db.AddCustomerReport(ctx, station.CustomerReport{ID: "c1", Number: 1, Station: "S", State: station.Sent, At: sealedAt}),
	} {
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	if _, err := db.AddCustomerPage(ctx, "S", 1, 0, 0, "card "+secondUID, 1<<20, sealedAt); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Issue(ctx, billing.Record{ID: "b1", Transaction: "t1", Station: "S", Token: first, IssuedAt: sealedAt}, func(billing.Record) gnista.Event { return gnista.Event{} }); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ChangeStation(ctx, "S", true, func(s *station.Station) ([]gnista.Event, error) {
		s.State, s.Adaptations = station.Accepted, station.Adaptations{TokenAliases: map[string]string{firstUID: secondUID}}
		return nil, nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ChangeList(ctx, "S", func(l *token.LocalList) ([]token.Entry, []gnista.Event, error) {
		l.Selection.Tokens, l.LeftOut = []string{firstUID}, []token.LeftOut{{ID: second, Reason: "no place"}}
		return []token.Entry{entry}, nil, nil
	}); err != nil {
		t.Fatal(err)
	}
}

// readable tells whether everything that fill has stored can be read and found.
func readable(t *testing.T, db *DB, unknown bool) {
	t.Helper()
	ctx := t.Context()
	check := func(what, got, want string, err error) {
		t.Helper()
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", what, got, err, want)
		}
	}
	k, err := db.Token(ctx, token.ID{UID: strings.ToLower(firstUID)})
	check("token", k.ID.UID, firstUID, err)
	list, err := db.Transactions(ctx, charging.Filter{Token: firstUID, Limit: 10})
	if len(list) != 1 || err != nil {
		t.Fatalf("transactions of the token: %v, %v", list, err)
	}
	x := list[0]
	check("transaction", x.Token.UID, firstUID, nil)
	check("answers", fmt.Sprintln(len(x.Progress.Decided), x.Progress.Decided[0].Decision.ID.UID, x.Progress.Decided[1].Decision.ID.UID), "2 "+firstUID+" "+secondUID+"\n", nil)
	err = db.Change(ctx, "S", func(tx charging.Tx) error {
		x, err := tx.ByStart("S", charging.StartKey(1, firstUID, "now", 0))
		if x == nil {
			t.Error("the start is not found")
		}
		return err
	})
	check("start", "", "", err)
	r, err := db.RecordOf(ctx, "t1")
	check("record", r.Token.UID, firstUID, err)
	reservation, err := db.Reservation(ctx, "r1")
	check("reservation", reservation.Token.UID, secondUID, err)
	e, err := db.PowerEntry(ctx, "S", "swap", "1")
	check("swap", string(e.Data), `{"token":"`+firstUID+`"}`, err)
	c, err := db.CustomerReport(ctx, "c1")
	check("report", c.Text, "card "+secondUID, err)
	s, err := db.Station(ctx, "S")
	check("alias", s.Adaptations.TokenAliases[firstUID], secondUID, err)
	l, err := db.List(ctx, "S")
	check("list", fmt.Sprintln(l.Selection.Tokens, l.LeftOut[0].ID.UID), "["+firstUID+"] "+secondUID+"\n", err)
	content, err := db.Content(ctx, "S")
	check("content", content[0].ID.UID, secondUID, err)
	if unknown {
		u, err := db.UnknownToken(ctx, "u")
		check("unknown", u.Token.UID, secondUID, err)
	}
}

// hidden looks for UIDs in every file of a database.
func hidden(t *testing.T, file string) {
	t.Helper()
	files, err := filepath.Glob(file + "*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, uid := range []string{firstUID, secondUID} {
			for _, form := range []string{uid, strings.ToLower(uid), base64.StdEncoding.EncodeToString([]byte(uid))[:16]} {
				if bytes.Contains(b, []byte(form)) {
					t.Errorf("%s has %s in it", filepath.Base(f), form)
				}
			}
		}
	}
}

// Nobody who has the database and not the secret reads a UID, while it is open or afterwards, and all is
// read again with the secret.
func TestSealed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "test.db")
	db := openSealed(t, file, aSecret)
	fill(t, db)
	readable(t, db, true)
	hidden(t, file)
	if _, err := db.sql.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	hidden(t, file)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	hidden(t, file)
	db = openSealed(t, file, aSecret)
	readable(t, db, true)
	db.Close()
	for what, secret := range map[string]func() ([]byte, error){
		"none":    nil,
		"another": func() ([]byte, error) { return bytes.Repeat([]byte{8}, 32), nil },
		"broken":  func() ([]byte, error) { return nil, os.ErrPermission },
	} {
		if db, err := Open(t.Context(), "sqlite:"+file, Options{Secret: secret}); err == nil {
			db.Close()
			t.Errorf("the database opens with a secret that is %s", what)
		} else if what != "broken" && !strings.Contains(err.Error(), "another secret key") {
			t.Errorf("with a secret that is %s: %v", what, err)
		}
	}
}

// Equal UIDs do not show as equal, but in what they are found by.
func TestSealedOnce(t *testing.T) {
	v, err := newVault(aSecret)
	if err != nil {
		t.Fatal(err)
	}
	if once, again := v.seal(firstUID), v.seal(firstUID); once == again {
		t.Error("the same UID is sealed alike")
	}
	if v.key("04:f1:e2") != v.key("04F1E2") || v.key("04F1E2") == v.key("04F1E3") {
		t.Error("keys do not tell UIDs apart as they are compared")
	}
	if v.seal("") != "" || v.key(" ") != "" {
		t.Error("what is empty is not")
	}
	for _, broken := range []string{"x", "AAAA", v.seal("a")[:20], "å"} {
		if text, err := v.open(broken); err == nil {
			t.Errorf("%q opens as %q", broken, text)
		}
	}
}

// plain makes a database of a former version of one that fill has filled: what is sealed is readable.
func plain(t *testing.T, db *DB) {
	t.Helper()
	ctx := t.Context()
	for _, s := range []struct {
		query string
		args  []any
	}{
		{`UPDATE token SET uid = $1, uid_key = $1, detail = ''`, []any{firstUID}},
		{`UPDATE station_transaction SET token_uid = $1, token_key = $1, start_key = $2, detail = '{"Meter":{},"Progress":{"Decided":[{"Kind":"started","Seq":0,"Decision":{"ID":{"UID":"` +
			firstUID + `"}}},{"Kind":"ended","Seq":0,"Decision":{"ID":{"UID":"` + secondUID + `"}}}]}}' WHERE id = 't1'`, []any{firstUID, charging.StartKey(1, firstUID, "now", 0)}},
		{`UPDATE charge_record SET token_uid = $1`, []any{firstUID}},
		{`UPDATE reservation SET token_uid = $1, token_key = $1`, []any{secondUID}},
		{`UPDATE local_list SET detail = $1`, []any{`{"Selection":{"Tokens":["` + firstUID + `"]},"LeftOut":[{"ID":{"UID":"` + secondUID + `"},"Reason":"no place"}]}`}},
		{`UPDATE local_list_content SET entries = $1`, []any{`[{"u":"` + secondUID + `"}]`}},
		{`UPDATE station SET adaptations = $1`, []any{`{"tokenAliases":{"` + firstUID + `":"` + secondUID + `"}}`}},
		{`UPDATE customer_page SET text = $1`, []any{"card " + secondUID}},
		{`UPDATE power SET data = $1`, []any{`{"token":"` + firstUID + `"}`}},
		{`DELETE FROM unknown_token`, nil},
		{`DELETE FROM sealing`, nil},
	} {
		if _, err := db.sql.ExecContext(ctx, s.query, s.args...); err != nil {
			t.Fatalf("%s: %v", s.query, err)
		}
	}
}

// What a former version has left readable is sealed when its database is opened, and is in no page that is
// free either. That may be interrupted after each batch.
func TestSealingFormerVersions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "test.db")
	db := openSealed(t, file, aSecret)
	fill(t, db)
	const more = 2*sealBatch + 7 // so that there are several batches
	uid := func(i int) string { return fmt.Sprintf("%08X", 0x10000000+i) }
	if err := db.Change(t.Context(), "S", func(tx charging.Tx) error {
		for i := range more {
			x := &charging.Transaction{ID: fmt.Sprintf("x%05d", i), Station: "S", Ref: fmt.Sprint("x", i), StartedAt: sealedAt, UpdatedAt: sealedAt}
			if err := tx.Save(x, nil); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	plain(t, db)
	at, err := db.sql.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range more {
		_, err := at.ExecContext(t.Context(), `INSERT INTO token (uid_key, type, uid, name, token_group, blocked, expires_at, max_concurrent, created_at, updated_at)
			VALUES ($1, 'Central', $1, '', '', FALSE, 0, 0, 0, 0)`, uid(i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := at.ExecContext(t.Context(), `UPDATE station_transaction SET token_uid = $1, token_key = $1, detail = '{}' WHERE id = $2`, uid(i), fmt.Sprintf("x%05d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := at.Commit(); err != nil {
		t.Fatal(err)
	}
	// One batch of each of two tables, and then it was interrupted.
	if err := db.setSealingPosition(t.Context(), "secret", db.seal(proof)); err != nil {
		t.Fatal(err)
	}
	for _, u := range unsealedTables[:2] {
		if n, err := db.sealRows(t.Context(), u, ""); n != sealBatch || err != nil {
			t.Fatalf("the first batch of %s has %d rows, %v", u.table, n, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(file); err != nil || !bytes.Contains(b, []byte(secondUID)) || !bytes.Contains(b, []byte(uid(more-1))) {
		t.Fatalf("nothing is readable that could be sealed: %v", err)
	}
	db = openSealed(t, file, aSecret)
	readable(t, db, false)
	hidden(t, file)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range more {
		if bytes.Contains(b, []byte(uid(i))) {
			t.Fatalf("%s is readable", uid(i))
		}
		if k, err := db.Token(t.Context(), token.ID{UID: uid(i)}); err != nil || k.ID.UID != uid(i) {
			t.Fatalf("token %d: %q, %v", i, k.ID.UID, err)
		}
		if x, err := db.Transaction(t.Context(), fmt.Sprintf("x%05d", i)); err != nil || x.Token.UID != uid(i) {
			t.Fatalf("transaction %d: %q, %v", i, x.Token.UID, err)
		}
	}
}
