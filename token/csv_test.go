package token_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"gnista"
	"gnista/token"
)

func says(r token.Import) string {
	var b strings.Builder
	for _, l := range r.Lines {
		fmt.Fprintf(&b, "%d %s %s", l.Number, l.Token, l.Action)
		if len(l.Changes) > 0 {
			fmt.Fprintf(&b, " %v", l.Changes)
		}
		if l.Reason != "" {
			fmt.Fprintf(&b, " %s: %s", l.Column, l.Reason)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// A table says what each of its lines would do, does nothing when one is wrong unless that is to be passed
// over, and the second time there is nothing to do.
func TestImport(t *testing.T) {
	w, _ := authorising(t)
	ctx := t.Context()
	if _, err := w.Create(ctx, token.Token{ID: token.ID{UID: "04A1B2C3D4"}, Name: "Anna", Group: "staff"}); err != nil {
		t.Fatal(err)
	}
	table := "\uFEFFuid;type;name;account;blocked;expiresAt;sites;energyWhPerDay\r\n" +
		"04:a1:b2:c3:d4;;Anna A;open;false;;;0\r\n" +
		"04A1B2C3D5;ISO15693;\"Bo; B\";wallet;;2027-01-01T00:00:00Z;north south;5000\r\n" +
		"04A1B2C3D6;;;none;;;;\r\n" +
		"04A1B2C3D7;;;;maybe;;;\r\n" +
		"04A1B2C3D8;;;;;tomorrow;;\r\n" +
		"04A1B2C3D9;;;;;;;-1\r\n" +
		";;;;;;;\r\n" +
		"04a1b2c3d5;ISO15693;;;;;;\r\n" +
		"04A1B2C3E0;;\r\n"
	const want = `2 …C3D4 change [name account]
3 …C3D5 create
4 …C3D6 error account: there is no account "none"
5 …C3D7 error blocked: "maybe" is not true or false
6 …C3D8 error expiresAt: "tomorrow" is not a time as in 2026-12-31T23:00:00Z
7 …C3D9 error energyWhPerDay: "-1" is not a whole number of 0 or more
8 … error uid: is empty
9 …C3D5 error uid: is the same as in line 3
10  error : has 3 cells, and the header 8
`
	for _, way := range []struct{ dry, skip, done bool }{{true, false, false}, {false, false, false}, {true, true, false}, {false, true, true}} {
		r, err := w.Import(ctx, []byte(table), way.dry, way.skip)
		if err != nil {
			t.Fatal(err)
		}
		if got := says(r); got != want || r.Done != way.done || r.Count[token.Wrong] != 7 {
			t.Errorf("%+v: %v, %v\n%s\nwant\n%s", way, r.Done, r.Count, got, want)
		}
		list, _, err := w.db.Tokens(ctx, token.Filter{Limit: 10})
		if err != nil || len(list) != map[bool]int{false: 1, true: 2}[way.done] {
			t.Errorf("%+v: there are %d tokens, %v", way, len(list), err)
		}
	}
	bo, err := w.db.Token(ctx, token.ID{UID: "04A1B2C3D5"})
	if err != nil || bo.Name != "Bo; B" || bo.Account != "wallet" || len(bo.Sites) != 2 || bo.Limits.DayWh != 5000 || bo.ExpiresAt.Year() != 2027 {
		t.Errorf("imported is %+v, %v", bo, err)
	}
	anna, err := w.db.Token(ctx, token.ID{UID: "04A1B2C3D4"})
	if err != nil || anna.Name != "Anna A" || anna.Group != "staff" || anna.Account != "open" {
		t.Errorf("changed is %+v, %v", anna, err)
	}
}

// What is exported is imported as it was, and nothing in it is a formula.
func TestExport(t *testing.T) {
	w, _ := authorising(t)
	ctx := t.Context()
	for uid, name := range map[string]string{"=1+1": "=HYPERLINK(\"x\")", "+46": "+", "-5": "-2", "@SUM": "@", "'=A": "'it's'", "04A1": "Åsa, \"A\";\nB"} {
		k := token.Token{ID: token.ID{UID: uid}, Name: name, Message: "\ttab", Language: "sv", Limits: token.Limits{MonthAmount: 5, Currency: "SEK"}, Sites: []string{"north"}, ValidFrom: start}
		if _, err := w.Create(ctx, k); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := w.Export(ctx, &b); err != nil {
		t.Fatal(err)
	}
	for _, formula := range []string{",=", ",+", ",-", ",@", "\n=", "\n+", "\n-", "\n@", "\"=", ",\t"} {
		if strings.Contains(b.String(), formula) {
			t.Errorf("%q is in\n%s", formula, b.String())
		}
	}
	r, err := w.Import(ctx, b.Bytes(), true, false)
	if err != nil || r.Count[token.Nothing] != 6 || len(r.Lines) != 6 {
		t.Errorf("imported again: %v\n%s", err, says(r))
	}
}

func TestWrongTables(t *testing.T) {
	w, _ := authorising(t)
	for table, part := range map[string]string{
		"": "no header", "name\nAnna\n": "no column uid", "uid,colour\n": `no column "colour"`, "uid,UID\n": "twice",
		"uid\n\xff\n": "not UTF-8", "uid\n\x00\n": "U+0000", "uid\n" + strings.Repeat("A\n", 20_001): "more than 20000",
	} {
		_, err := w.Import(t.Context(), []byte(table), false, true)
		if err == nil || gnista.CodeOf(err) != gnista.Invalid || !strings.Contains(err.Error(), part) {
			t.Errorf("%.20q: %v, want %q", table, err, part)
		}
	}
}
