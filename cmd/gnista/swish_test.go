package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/api"
	"gnista/checkout"
	"gnista/payment"
	"gnista/payment/swish"
	"gnista/payment/swish/swishsim"
	"gnista/store"
)

// swished is a system where drivers pay by a simulated Swish, with a station whose EVSE 1 is free.
func swished(t *testing.T) (*live, *simulatedSwish, *wire) {
	t.Helper()
	var shop *simulatedSwish
	l := newLive(t, func(o *options) {
		of := *o
		of.Secret = func() ([]byte, error) { return []byte("secret"), nil }
		var err error
		if shop, err = simulateSwish(t.Context(), of, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}); err != nil {
			t.Fatal(err)
		}
		o.Providers, o.StandIns = []payment.Provider{shop}, map[string]api.StandIn{swish.Name: shop}
	})
	shop.Callback = l.server.URL + swishHook
	l.priced("Public")
	w := l.connect("CS1").boot()
	w.send(`[2,"s","StatusNotification",{"timestamp":"2026-01-01T00:00:00Z","connectorStatus":"Available","evseId":1,"connectorId":1}]`)
	for got := w.next(); !strings.HasPrefix(got, `[3,"s"`); got = w.next() {
	}
	return l, shop, w
}

// until waits for a checkout to be what it should.
func (l *live) until(t *testing.T, c checkout.Checkout, what string, so func(checkout.View) bool) (v checkout.View) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var err error
		if v, err = l.desk.View(t.Context(), c.Key); err != nil {
			t.Fatal(err)
		}
		if so(v) {
			return v
		}
	}
	t.Fatalf("%s: the checkout is %s (%s), its payment %+v", what, v.State, v.Reason, v.Pay)
	return v
}

func (l *live) swish(t *testing.T, amount int64) checkout.Checkout {
	t.Helper()
	c, err := l.desk.Open(t.Context(), checkout.Request{
		Station: "CS1", EVSE: 1, Provider: swish.Name, Way: payment.ByPrepay, Amount: gnista.Money{Amount: amount, Currency: "SEK"}, Language: "sv",
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A driver pays 100 kr by Swish, charges, and gets the rest back, unless that is less than Swish gives back.
func TestSwish(t *testing.T) {
	t.Run("half", func(t *testing.T) { charged(t, 10_000, 49_50, 50_50, "Återbetalt till dig: 50,50") })
	t.Run("nearly all", func(t *testing.T) { charged(t, 20_101, 99_50, 0, "kr blev över") })
}

// charged has a driver who has paid 100 kr charge some energy, and wants what is due and what is given back, and a text
// on the driver's page.
func charged(t *testing.T, energyWh int, due, back int64, text string) {
	t.Helper()
	l, shop, w := swished(t)
	c := l.swish(t, 100_00)
	v := l.until(t, c, "to be asked", func(v checkout.View) bool { return v.Action.Kind == payment.ActApp })
	if !v.Test {
		t.Error("it does not say that no real money moves")
	}
	if err := shop.Answer(t.Context(), v.Action, true); err != nil {
		t.Fatal(err)
	}
	w.charges(t, energyWh)
	v = l.until(t, c, "to be settled", func(v checkout.View) bool { return v.State == checkout.Settled })
	if p := v.Pay; p.State != payment.Settled || p.Captured != 100_00 || p.Refunded != back || p.Due != due || p.Kept != 100_00-due-back || shop.sim.Balance() != 100_00-back {
		t.Errorf("the payment is %+v, and Swish has %d", v.Pay, shop.sim.Balance())
	}
	l.audit(t)
	res, err := http.Get(l.server.URL + "/pay/" + c.Key + "?lang=sv")
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || !strings.Contains(string(page), text) {
		t.Errorf("the page does not say %q: %s", text, page)
	}
}

// audit checks that no money is lost or made.
func (l *live) audit(t *testing.T) {
	t.Helper()
	var told bytes.Buffer
	x := &auditor{out: &told, progress: io.Discard, records: l.records}
	if err := l.db.Snapshot(t.Context(), func(s *store.Snapshot) error {
		x.Snapshot = s
		return errors.Join(x.ledger(t.Context()), x.payments(t.Context()), x.providers(t.Context()), x.odd(t.Context()))
	}); err != nil || x.found > 0 {
		t.Errorf("the audit has %d differences, %v: %s", x.found, err, &told)
	}
}

// charges has the station do as it is told: it starts, and ends after some energy.
func (w *wire) charges(t *testing.T, energyWh int) {
	t.Helper()
	var start struct {
		RemoteStartID int64           `json:"remoteStartId"`
		IDToken       json.RawMessage `json:"idToken"`
	}
	for start.RemoteStartID == 0 {
		text := w.next()
		var frame []json.RawMessage
		if !strings.Contains(text, `"RequestStartTransaction"`) {
			if strings.HasPrefix(text, "ended") {
				t.Fatalf("no start was asked for: %s", text)
			}
			continue
		}
		if err := json.Unmarshal([]byte(text), &frame); err != nil || json.Unmarshal(frame[3], &start) != nil {
			t.Fatalf("%s: %v", text, err)
		}
		w.send(fmt.Sprintf(`[3,%s,{"status":"Accepted"}]`, frame[1]))
	}
	now := time.Now().UTC()
	for n, kind := range []string{"Started", "Ended"} {
		token := ""
		if n == 0 {
			token = fmt.Sprintf(`,"idToken":%s`, start.IDToken)
		}
		at := now.Add(time.Duration(n-2) * time.Minute).Format(time.RFC3339)
		w.send(fmt.Sprintf(`[2,"t%d","TransactionEvent",{"eventType":%q,"timestamp":%q,"triggerReason":"RemoteStart","seqNo":%d,"transactionInfo":{"transactionId":"T","chargingState":"Charging","remoteStartId":%d},"evse":{"id":1}%s,"meterValue":[{"timestamp":%q,"sampledValue":[{"value":%d,"context":"Transaction.%s"}]}]}]`,
			n, kind, at, n, start.RemoteStartID, token, at, 1000+energyWh*n, []string{"Begin", "End"}[n]))
	}
}

// A driver who declines in the app pays nothing, and no station is started.
func TestSwishDeclined(t *testing.T) {
	l, shop, _ := swished(t)
	c := l.swish(t, 100_00)
	v := l.until(t, c, "to be asked", func(v checkout.View) bool { return v.Action.Kind == payment.ActApp })
	if err := shop.Answer(t.Context(), v.Action, false); err != nil {
		t.Fatal(err)
	}
	v = l.until(t, c, "to be declined", func(v checkout.View) bool { return v.State.Over() })
	if v.Transaction != "" || v.Pay.State != payment.DeclinedNow || shop.sim.Balance() != 0 {
		t.Errorf("the checkout is %s, the payment %+v", v.State, v.Pay)
	}
	if err := shop.Answer(t.Context(), v.Action, true); err == nil {
		t.Error("it can be paid all the same")
	}
}

// Settings that do not fit together are refused.
func TestSwishSettings(t *testing.T) {
	sim, err := swishsim.New(now, newID)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certificate, key, ca := sim.Client()
	good := swishing{
		SwishNumber: swishsim.Merchant, SwishCertificate: file("cert", certificate), SwishKey: file("key", key), SwishCA: file("ca", ca), SwishEndpoint: swish.Endpoint,
	}
	o := options{PublicURL: "https://charge.example", Secret: func() ([]byte, error) { return []byte("secret"), nil }, Now: now}
	for wrong, change := range map[string]func(*swishing){
		"":                    func(*swishing) {},
		"--swish-number":      func(s *swishing) { s.SwishNumber = "" },
		"ten digits":          func(s *swishing) { s.SwishNumber = "123" },
		"--swish-certificate": func(s *swishing) { s.SwishCertificate = "" },
		"no such file":        func(s *swishing) { s.SwishKey = filepath.Join(dir, "none") },
		"and its key":         func(s *swishing) { s.SwishKey = s.SwishCA },
		"authorities":         func(s *swishing) { s.SwishCA = s.SwishKey },
		"https address: ":     func(s *swishing) { s.SwishCallback = "http://charge.example" },
		"--swish-endpoint":    func(s *swishing) { s.SwishEndpoint = "http://swish.example" },
	} {
		s := good
		change(&s)
		p, err := s.provider(o)
		switch {
		case wrong == "" && (err != nil || p.Caps().Test || p.(*swish.Provider).Callback != "https://charge.example/hooks/swish"):
			t.Errorf("got %+v, %v", p, err)
		case wrong != "" && (err == nil || !strings.Contains(err.Error(), wrong)):
			t.Errorf("%s: got %v", wrong, err)
		}
	}
	s := good
	s.SwishEndpoint = "https://mss.cpc.getswish.net/swish-cpcapi"
	if p, err := s.provider(o); err != nil || !p.Caps().Test {
		t.Errorf("elsewhere: %v", err)
	}
	if p, err := (swishing{SwishEndpoint: swish.Endpoint}).provider(o); p != nil || err != nil {
		t.Errorf("with nothing set up: %v, %v", p, err)
	}
}
