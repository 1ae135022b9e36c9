package billing_test

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"

	"gnista"
	"gnista/billing"
)

// sieFile is what a bookkeeping program reads.
type sieFile struct {
	head     map[string][]string
	accounts map[string]string
	balances map[string]int64 // öre
	vouchers int
}

// fields splits a line of the file: at blanks, but not within quotation marks, where a backslash protects one.
func fields(line string) (list []string) {
	var field strings.Builder
	quoted, there := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && quoted && i+1 < len(line) && line[i+1] == '"':
			i++
			field.WriteByte('"')
		case c == '"':
			quoted, there = !quoted, true
		case c == ' ' && !quoted:
			if there {
				list = append(list, field.String())
			}
			field.Reset()
			there = false
		default:
			field.WriteByte(c)
			there = true
		}
	}
	if there {
		list = append(list, field.String())
	}
	return list
}

func readSIE(t *testing.T, file []byte) sieFile {
	t.Helper()
	text, err := charmap.CodePage437.NewDecoder().Bytes(file)
	if err != nil {
		t.Fatal(err)
	}
	f := sieFile{head: map[string][]string{}, accounts: map[string]string{}, balances: map[string]int64{}}
	var sum int64
	lines := strings.Split(strings.TrimSuffix(string(text), "\r\n"), "\r\n")
	if lines[0] != "#FLAGGA 0" {
		t.Errorf("it begins with %q", lines[0])
	}
	for _, line := range lines {
		x := fields(line)
		switch x[0] {
		case "#KONTO":
			f.accounts[x[1]] = x[2]
		case "#VER":
			f.vouchers++
			if _, err := time.Parse("20060102", x[3]); err != nil || len(x) != 5 {
				t.Errorf("%q: %v", line, err)
			}
		case "{":
			sum = 0
		case "}":
			if sum != 0 {
				t.Errorf("voucher %d is off by %d", f.vouchers, sum)
			}
		case "#TRANS":
			if x[2] != "{}" || f.accounts[x[1]] == "" {
				t.Errorf("%q", line)
			}
			whole, part, _ := strings.Cut(x[3], ".")
			amount, err := strconv.ParseInt(whole+part, 10, 64)
			if err != nil || len(part) != 2 {
				t.Errorf("%q: %v", line, err)
			}
			f.balances[x[1]] += amount
			sum += amount
		default:
			f.head[x[0]] = x[1:]
		}
	}
	return f
}

// A file that is read again has the balances of the ledger.
func TestSIE(t *testing.T) {
	c := newCashier(t)
	c.topUp(t, 5000, "1")
	for i := range 12 {
		r := c.charge(t, fmt.Sprint("x", i), []string{"pre", "post", ""}[i%3], int64(i)*333)
		if i%4 == 1 {
			c.correct(t, r.ID, billing.Correction{Void: true, Reason: "x"})
		}
	}
	c.work(t)
	stockholm, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	x := billing.Export{Zone: stockholm, Company: `Ladda "Å" \ Łódź AB`, Number: "556036-0793", Program: "Gnista", Version: "1"}
	trial, err := c.db.TrialBalance(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{}
	chart, err := c.ledger.Chart(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range trial {
		n, ok := chart.Of(b.Account)
		if !ok {
			t.Fatalf("%+v has no number", b)
		}
		want[n.Number] += b.Amount
	}
	entries, err := c.db.Entries(t.Context(), billing.EntryFilter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.TextIn("sv") == e.Text || e.TextIn("en") != e.Text {
			t.Errorf("the text %q is %q in Swedish", e.Text, e.TextIn("sv"))
		}
	}
	for _, daily := range []bool{false, true} {
		var file bytes.Buffer
		x.Daily = daily
		if err := c.ledger.SIE(t.Context(), &file, x); err != nil {
			t.Fatal(err)
		}
		f := readSIE(t, file.Bytes())
		for number, amount := range want {
			if f.balances[number] != amount {
				t.Errorf("%s has %d in the file and %d in the ledger", number, f.balances[number], amount)
			}
		}
		if len(f.balances) != len(want) || !daily && f.vouchers != len(entries) || daily && f.vouchers >= len(entries) {
			t.Errorf("%d accounts and %d vouchers of %d entries", len(f.balances), f.vouchers, len(entries))
		}
		if got := f.head["#FNAMN"]; len(got) != 1 || got[0] != `Ladda "Å" / ?ódz AB` {
			t.Errorf("the name is %q", got)
		}
		if f.head["#SIETYP"][0] != "4" || f.head["#FORMAT"][0] != "PC8" || f.head["#ORGNR"][0] != "556036-0793" || f.head["#VALUTA"][0] != "SEK" || f.accounts["1930"] != "Företagskonto" {
			t.Errorf("the head is %v, the accounts are %v", f.head, f.accounts)
		}
		if !bytes.Contains(file.Bytes(), []byte("F\x94retagskonto")) {
			t.Error("it is not in code page 437")
		}
	}

	// Part of the time, and numbers of one's own.
	if _, err := c.ledger.SetChart(t.Context(), []billing.LedgerNumber{
		{Account: billing.LedgerAccount{Kind: billing.Receivable}, Number: "1511", Name: "Laddkunder"}, {Account: billing.LedgerAccount{Kind: billing.Receivable, Party: "post"}, Number: "1512", Name: "En kund"},
	}); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	x.Daily, x.Since = true, entries[len(entries)-2].At
	if err := c.ledger.SIE(t.Context(), &file, x); err != nil {
		t.Fatal(err)
	}
	f := readSIE(t, file.Bytes())
	if f.balances["1930"] != 0 || f.accounts["1510"] != "" || f.accounts["1511"] != "Laddkunder" || f.balances["1512"] != c.on(t, billing.Receivable, "post") {
		t.Errorf("got %+v", f)
	}
}

func TestWhatSIECannotHave(t *testing.T) {
	c := newCashier(t)
	c.charge(t, "x1", "post", 1000)
	x := billing.Export{Zone: time.UTC, Company: "A", Program: "Gnista", Version: "1"}
	f := func(field string) {
		t.Helper()
		var file bytes.Buffer
		err := c.ledger.SIE(t.Context(), &file, x)
		e, ok := err.(*gnista.Error)
		if !ok || e.Code != gnista.Invalid || e.Field != field || file.Len() > 0 {
			t.Errorf("got %v and %d bytes, want %s", err, file.Len(), field)
		}
	}
	x.Currency = "USD"
	f("currency")
	x.Currency = "EUR" // of which there is nothing
	var file bytes.Buffer
	if err := c.ledger.SIE(t.Context(), &file, x); err != nil || readSIE(t, file.Bytes()).vouchers != 0 {
		t.Errorf("got %v, %s", err, &file)
	}
	for name, list := range map[string][]billing.LedgerNumber{
		"accounts.kind":   {{Account: billing.LedgerAccount{Kind: "cash"}, Number: "1", Name: "a"}},
		"accounts.number": {{Account: billing.LedgerAccount{Kind: billing.Bank}, Number: "19x", Name: "a"}},
		"accounts.name":   {{Account: billing.LedgerAccount{Kind: billing.Bank}, Number: "19"}},
		"accounts":        {{Account: billing.LedgerAccount{Kind: billing.Bank}, Number: "1", Name: "a"}, {Account: billing.LedgerAccount{Kind: billing.Bank}, Number: "2", Name: "a"}},
	} {
		if _, err := c.ledger.SetChart(t.Context(), list); gnista.CodeOf(err) != gnista.Invalid || !strings.HasPrefix(err.Error(), name+":") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
