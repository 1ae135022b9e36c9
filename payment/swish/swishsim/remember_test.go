package swishsim

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Killed after whatever was done, it goes on as if it had not been.
func TestRemember(t *testing.T) {
	path, now, tokens := filepath.Join(t.TempDir(), "swish.jsonl"), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), 0
	begin := func() *Sim {
		t.Helper()
		s, err := New(func() time.Time { return now }, func() string { tokens++; return fmt.Sprintf("%032X", tokens) })
		if err == nil {
			err = s.Remember(path)
		}
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	all := func(s *Sim) string {
		text, err := json.Marshal([]any{s.asked, s.refunds, s.Balance()})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	s := begin()
	ask := func(method, where, kind, body string) {
		t.Helper()
		r := httptest.NewRequest(method, "/swish-cpcapi/api/v2/"+where, strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{}}}
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); w.Code/100 != 2 {
			t.Fatalf("%s %s: %d %s", method, where, w.Code, w.Body)
		}
	}
	step := func(what string, f func()) {
		t.Helper()
		f()
		now = now.Add(10 * time.Second)
		s.Told()
		want := all(s)
		s = begin()
		if got := all(s); got != want {
			t.Fatalf("%s: it has\n%s\nand had\n%s", what, got, want)
		}
	}
	const a, b, c = "0123456789ABCDEF0123456789ABCDEF", "1123456789ABCDEF0123456789ABCDEF", "2123456789ABCDEF0123456789ABCDEF"
	payment := `{"payeePaymentReference":"x","callbackUrl":"https://charge.example/hooks","payeeAlias":"` + Merchant + `","amount":"100.00","currency":"SEK"}`
	step("asked", func() { ask(http.MethodPut, "paymentrequests/"+a, "application/json", payment) })
	step("confirmed", func() {
		if err := s.Confirm(s.asked[a].Token); err != nil {
			t.Fatal(err)
		}
	})
	if told := s.Told(); len(told) != 1 || !strings.Contains(string(told[0].Body), `"PAID"`) {
		t.Errorf("told again is %+v", told)
	}
	step("given back", func() {
		ask(http.MethodPut, "refunds/"+b, "application/json", fmt.Sprintf(`{"originalPaymentReference":%q,"callbackUrl":"https://charge.example/hooks","payerAlias":%q,"amount":"40.00","currency":"SEK"}`, s.asked[a].Paid, Merchant))
	})
	step("another one", func() { ask(http.MethodPut, "paymentrequests/"+c, "application/json", payment) })
	step("taken back", func() {
		ask(http.MethodPatch, "paymentrequests/"+c, "application/json-patch+json", `[{"op":"replace","path":"/status","value":"cancelled"}]`)
	})
	if got := s.Balance(); got != 60_00 || s.asked[c].Status != "CANCELLED" || s.refunds[b].Status != "PAID" {
		t.Errorf("it has %d: %s", got, all(s))
	}
	if now = now.Add(rememberFor); len(begin().asked) != 0 {
		t.Error("it remembers for ever")
	}
}
