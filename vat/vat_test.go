package vat_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"gnista"
	"gnista/vat"
)

func TestCheck(t *testing.T) {
	for _, good := range []string{"SE556036079301", "se 556036-0793 01", "DE123456789", "ATU12345678", "FR8K123456789", "NL123456789B01", "IE1234567WA", "EL123456789", "DK12345678", "FI12345678", "XIGD123"} {
		if err := vat.Check(vat.Clean(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "SE", "SE556036079201", "SE556036079302", "SE5560360793", "NO123456789MVA", "GB123456789", "DE012345678", "DE12345678", "SE٥٥٦٠٣٦٠٧٩٣01", "SE556036079301\n"} {
		if err := vat.Check(vat.Clean(bad)); gnista.CodeOf(err) != gnista.Invalid || err == nil {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestRegister(t *testing.T) {
	asked := 0
	answers := map[string]string{
		"/ms/SE/vat/556036079301": `{"isValid":true,"userError":"VALID","name":"LADDBOLAGET AB","address":"KUNGSGATAN 1\n111 22 STOCKHOLM"}`,
		"/ms/DE/vat/123456789":    `{"isValid":true,"userError":"VALID","name":"---","address":"---"}`,
		"/ms/DK/vat/12345678":     `{"isValid":false,"userError":"INVALID"}`,
		"/ms/FI/vat/12345678":     `{"isValid":false,"userError":"MS_UNAVAILABLE"}`,
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		fmt.Fprint(w, answers[r.URL.Path])
	}))
	defer s.Close()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	n := vat.Numbers{Register: &vat.VIES{URL: s.URL, Client: s.Client()}, Now: func() time.Time { return now }}
	f := func(number, name string, code gnista.Code, asks int) {
		t.Helper()
		before := asked
		c, err := n.Company(context.Background(), number)
		if c.Name != name || code == "" && err != nil || code != "" && gnista.CodeOf(err) != code || asked-before != asks {
			t.Errorf("%s is %+v, %v, asked %d times", number, c, err, asked-before)
		}
	}
	f("SE 556036-0793 01", "LADDBOLAGET AB", "", 1)
	f("SE556036079301", "LADDBOLAGET AB", "", 0) // is known
	f("DE123456789", "", "", 1)                  // somebody's, whose is not said
	f("DK12345678", "", gnista.NotFound, 1)
	f("DK12345678", "", gnista.NotFound, 0)
	f("FI12345678", "", "", 1) // the register cannot tell
	f("FI12345678", "", "", 1)
	f("SE556036079201", "", gnista.Invalid, 0)
	now = now.Add(25 * time.Hour)
	f("SE556036079301", "LADDBOLAGET AB", "", 1)
	s.Close()
	now = now.Add(25 * time.Hour)
	f("SE556036079301", "", "", 0) // nobody answers: the number can be one
}
