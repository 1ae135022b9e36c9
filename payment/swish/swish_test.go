package swish_test

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gnista"
	"gnista/payment"
	"gnista/payment/paymenttest"
	"gnista/payment/swish"
	"gnista/payment/swish/swishsim"
	"gnista/store"
)

// far is the simulated Swish as scenarios have it.
type far struct{ *swishsim.Sim }

func (f far) Fail(x paymenttest.Fault) {
	f.Sim.Fail(map[paymenttest.Fault]swishsim.Fault{
		paymenttest.None: swishsim.None, paymenttest.LostBefore: swishsim.LostBefore, paymenttest.LostAfter: swishsim.LostAfter, paymenttest.Failing: swishsim.Failing,
	}[x])
}

func (f far) Deals(id string) (out []paymenttest.Deal) {
	for _, p := range f.Of(strings.ReplaceAll(id, "-", "")) {
		d := paymenttest.Deal{Ref: p.ID}
		if p.Status == "PAID" {
			d.Authorised, d.Captured, d.Refunded = p.Amount, p.Amount, p.Refunded
		}
		out = append(out, d)
	}
	return out
}

// Told are the callbacks as they come to us: with the secret of their address.
func (f far) Told() (out []paymenttest.Message) {
	for _, c := range f.Sim.Told() {
		h := c.Header.Clone()
		h.Set(payment.HookSecret, c.URL[strings.LastIndex(c.URL, "/")+1:])
		out = append(out, paymenttest.Message{Header: h, Body: c.Body})
	}
	return out
}

// setUp starts a simulated Swish and a provider that uses it.
func setUp(t *testing.T, now func() time.Time) (*swish.Provider, far) {
	t.Helper()
	var tokens atomic.Int64
	sim, err := swishsim.New(now, func() string { return fmt.Sprintf("%032X", tokens.Add(1)) })
	if err != nil {
		t.Fatal(err)
	}
	l, server, err := sim.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.ServeTLS(l, "", "")
	t.Cleanup(func() { server.Close() })
	client, err := swish.NewClient(sim.Client())
	if err != nil {
		t.Fatal(err)
	}
	return &swish.Provider{
		Payee: swishsim.Merchant, Endpoint: "https://" + l.Addr().String() + "/swish-cpcapi", Callback: "https://example.com/hooks/swish", Secret: []byte("secret"),
		Client: client, Test: true, Now: now,
	}, far{sim}
}

func newDB(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "test.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func world(payer string) paymenttest.New {
	return func(t *testing.T, now func() time.Time) paymenttest.World {
		p, sim := setUp(t, now)
		return paymenttest.World{Provider: p, Sim: sim, Store: newDB(t), Way: payment.ByPrepay, Payer: payer}
	}
}

func TestScenarios(t *testing.T) {
	t.Run("whoever has the token", func(t *testing.T) { paymenttest.Run(t, world("")) })
	t.Run("a phone number", func(t *testing.T) { paymenttest.Run(t, world("070-123 45 67")) })
}

func TestRandom(t *testing.T) { paymenttest.Random(t, world("")) }

func at() time.Time { return paymenttest.Start }

func begin(id string, amount int64) payment.Operation {
	return payment.Operation{ID: id + "/begin/start", Payment: id, Kind: payment.KindBegin, Purpose: "start", Amount: amount}
}

// Without a certificate of its authority nobody gets in, and a server of another authority is not believed.
func TestMutualTLS(t *testing.T) {
	p, _ := setUp(t, at)
	_, other := setUp(t, at)
	same, err := p.Begin(t.Context(), begin("p1", 5000), payment.Payment{ID: "p1"}, payment.Opening{Text: "Laddning"})
	if err != nil || same.Action.Kind != payment.ActApp || same.Action.Text == "" || len(same.Ref) != 32 {
		t.Fatalf("got %+v, %v", same, err)
	}
	stranger, err := swish.NewClient(other.Client())
	if err != nil {
		t.Fatal(err)
	}
	none := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	cert, key, _ := other.Client()
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	foreign := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{pair}}}}
	for name, c := range map[string]*http.Client{"another authority": stranger, "no certificate": none, "a certificate of another authority": foreign} {
		x := &swish.Provider{Payee: swishsim.Merchant, Endpoint: p.Endpoint, Callback: p.Callback, Client: c, Now: at}
		_, err := x.Begin(t.Context(), begin("p2", 5000), payment.Payment{ID: "p2"}, payment.Opening{})
		var refused *payment.RefusedError
		var declined *payment.DeclinedError
		if err == nil || errors.As(err, &refused) || errors.As(err, &declined) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := swish.NewClient(nil, nil, nil); err == nil {
		t.Error("a client without a certificate")
	}
	if _, err := swish.NewClient(cert, key, []byte("none")); err == nil {
		t.Error("a client that believes nobody")
	}
}

// What Swish says to a request is declined, refused or not known; what is sent is what it takes.
func TestCodes(t *testing.T) {
	p, sim := setUp(t, at)
	n := 0
	try := func(amount int64, o payment.Opening) string {
		n++
		id := fmt.Sprint("p", n)
		b, err := p.Begin(t.Context(), begin(id, amount), payment.Payment{ID: id}, o)
		var refused *payment.RefusedError
		var declined *payment.DeclinedError
		switch {
		case errors.As(err, &declined):
			return fmt.Sprint("declined ", declined.Code, " ", declined.Customer)
		case errors.As(err, &refused):
			return "refused " + refused.Reason
		case err != nil:
			return "unknown"
		}
		return string(b.Action.Kind)
	}
	for i, c := range []struct {
		amount int64
		o      payment.Opening
		want   string
	}{
		{5000, payment.Opening{Text: "Laddning vid Norra torget, plats 3: 4,50 kr/kWh <b>&amp;</b> och mer text än så"}, "app"},
		{12345, payment.Opening{Text: "FF08"}, "refused Swish answers 422 FF08"},
		{100, payment.Opening{Text: "ACMT07"}, "refused Swish answers 422 ACMT07"},
		{100, payment.Opening{Text: "ACMT01"}, "declined ACMT01 true"},
		{15_000_001, payment.Opening{}, "declined AM02 true"},
		{100, payment.Opening{Payer: "+46 70 123 45 67"}, "wait"},
		{100, payment.Opening{Payer: "0701234567"}, "declined RP06 true"}, // the same one has a request
		{100, payment.Opening{Payer: "0046701230000"}, "declined ACMT03 true"},
		{100, payment.Opening{Payer: "070"}, "declined BE18 true"},
		{100, payment.Opening{Payer: "070123456x"}, "declined BE18 true"},
	} {
		if got := try(c.amount, c.o); got != c.want {
			t.Errorf("%d: got %q, want %q", i, got, c.want)
		}
	}
	sim.Fail(paymenttest.Failing)
	if got := try(100, payment.Opening{}); got != "unknown" {
		t.Errorf("got %q", got)
	}
	p.Payee = "1230000000"
	if got := try(100, payment.Opening{}); got != "refused Swish answers 422 PA01" {
		t.Errorf("got %q", got)
	}
}

// How a payment ends that was not paid.
func TestEnds(t *testing.T) {
	now := paymenttest.Start
	p, sim := setUp(t, func() time.Time { return now })
	for i, c := range []struct {
		end   func(ref string) error
		ended payment.State
		code  string
	}{
		{sim.Decline, payment.DeclinedNow, ""},
		{func(ref string) error { return sim.Break(ref, "RF07") }, payment.DeclinedNow, "RF07"},
		{func(ref string) error { return sim.Break(ref, "BANKIDCL") }, payment.Abandoned, "BANKIDCL"},
		{func(ref string) error { return sim.Break(ref, "DS24") }, payment.Review, "the bank did not answer Swish: whether it was paid is to be seen in the bank account"},
		{func(string) error { now = now.Add(swishsim.AskTime - time.Second); return nil }, "", ""},
		{func(string) error { now = now.Add(swishsim.AskTime); return nil }, payment.Abandoned, "TM01"},
	} {
		x := payment.Payment{ID: fmt.Sprint("p", i)}
		b, err := p.Begin(t.Context(), begin(x.ID, 5000), x, payment.Opening{})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.end(b.Ref); err != nil {
			t.Fatal(err)
		}
		x.Ref = b.Ref
		s, err := p.Fetch(t.Context(), x)
		if err != nil || s.Ended != c.ended || s.Code != c.code || s.Captured != 0 {
			t.Errorf("%d: got %+v, %v", i, s, err)
		}
		s, err = p.Cancel(t.Context(), payment.Operation{Kind: payment.KindCancel}, x)
		if err != nil || s.Ended == "" || c.ended != "" && s.Ended != c.ended {
			t.Errorf("%d: cancelled: got %+v, %v", i, s, err)
		}
	}
	if _, err := p.Fetch(t.Context(), payment.Payment{ID: "x", Ref: swish.Instruction("x", 0)}); err == nil {
		t.Error("a payment that is not there is read")
	}
}

// A request whose token was lost is taken back and made anew, as its token is told once only.
func TestLostToken(t *testing.T) {
	p, sim := setUp(t, at)
	x := payment.Payment{ID: "p1"}
	for range 2 {
		sim.Fail(paymenttest.LostAfter)
		if b, err := p.Begin(t.Context(), begin("p1", 5000), x, payment.Opening{}); err == nil {
			t.Fatalf("got %+v", b)
		}
	}
	b, err := p.Begin(t.Context(), begin("p1", 5000), x, payment.Opening{})
	if err != nil || b.Action.Kind != payment.ActApp {
		t.Fatalf("got %+v, %v", b, err)
	}
	var open int
	for _, r := range sim.Of("p1") {
		if r.Status == "CREATED" {
			open++
		}
	}
	if all := sim.Of("p1"); open != 1 || len(all) != 2 {
		t.Errorf("there are %+v", all)
	}
	if err := sim.Confirm(b.Action.Text); err != nil { // by the token, as the app does
		t.Error(err)
	}
	if s, err := p.Fetch(t.Context(), payment.Payment{ID: "p1", Ref: b.Ref}); err != nil || s.Captured != 5000 {
		t.Errorf("got %+v, %v", s, err)
	}
	if _, err := p.Begin(t.Context(), begin("p1", 4000), x, payment.Opening{Payer: "0701234567"}); err == nil {
		t.Error("the same request with another amount")
	}
}

// Refunds are partial and many, a second apart, and end when whoever paid has the money; one that fails is declined.
func TestRefunds(t *testing.T) {
	now := paymenttest.Start
	p, sim := setUp(t, func() time.Time { return now })
	x := payment.Payment{ID: "p1"}
	b, err := p.Begin(t.Context(), begin("p1", 10_050), x, payment.Opening{})
	if err != nil {
		t.Fatal(err)
	}
	x.Ref = b.Ref
	give := func(n int, amount int64) payment.Operation {
		return payment.Operation{ID: fmt.Sprint("p1/refund/r", n), Payment: "p1", Kind: payment.KindRefund, Amount: amount}
	}
	var refused *payment.RefusedError
	if _, err := p.Refund(t.Context(), give(0, 100), x); !errors.As(err, &refused) {
		t.Errorf("what was not paid is given back: %v", err)
	}
	if err := sim.Confirm(x.Ref); err != nil {
		t.Fatal(err)
	}
	x.Captured = 10_050
	for n, amount := range []int64{1, 2} {
		op := give(n, 1234*amount)
		if _, err := p.Refund(t.Context(), op, x); !errors.Is(err, payment.ErrPending) {
			t.Fatalf("got %v", err)
		}
		if _, found, err := p.Find(t.Context(), op, x); found || !errors.Is(err, payment.ErrPending) {
			t.Errorf("found %v, %v", found, err)
		}
		if _, err := p.Refund(t.Context(), give(n+10, 100), x); err == nil || errors.Is(err, payment.ErrPending) {
			t.Errorf("another was sent at once: %v", err)
		}
		now = now.Add(2 * time.Second)
		s, found, err := p.Find(t.Context(), op, x)
		if err != nil || !found || s.Refunded != x.Refunded+op.Amount || s.Captured != 10_050 {
			t.Fatalf("got %+v, %v, %v", s, found, err)
		}
		x.Refunded = s.Refunded
	}
	var declined *payment.DeclinedError
	if _, err := p.Refund(t.Context(), give(3, 10_000), x); !errors.As(err, &declined) || declined.Code != "RF08" {
		t.Errorf("more than is left: %v", err)
	}
	now = now.Add(time.Minute)
	sim.Spoil("RF07")
	op := give(4, 1000)
	if _, err := p.Refund(t.Context(), op, x); !errors.Is(err, payment.ErrPending) {
		t.Fatalf("got %v", err)
	}
	now = now.Add(2 * time.Second)
	if _, found, err := p.Find(t.Context(), op, x); found || !errors.As(err, &declined) || declined.Code != "RF07" {
		t.Errorf("got %v, %v", found, err)
	}
	now = now.Add(time.Minute)
	sim.Spoil("DS24")
	op = give(5, 1000)
	if _, err := p.Refund(t.Context(), op, x); !errors.Is(err, payment.ErrPending) {
		t.Fatalf("got %v", err)
	}
	now = now.Add(2 * time.Second)
	if _, found, err := p.Find(t.Context(), op, x); found || !errors.As(err, &refused) {
		t.Errorf("got %v, %v", found, err)
	}
	if got := sim.Balance(); got != 10_050-3*1234 {
		t.Errorf("the merchant has %d", got)
	}
	now = now.AddDate(0, 14, 0)
	if _, err := p.Refund(t.Context(), give(6, 100), x); !errors.As(err, &declined) || declined.Code != "RF02" {
		t.Errorf("after 14 months: %v", err)
	}
}

// A hint is of the payment, also where a refund is told of.
func TestCallbacks(t *testing.T) {
	now := paymenttest.Start
	p, sim := setUp(t, func() time.Time { return now })
	x := payment.Payment{ID: "p1"}
	b, err := p.Begin(t.Context(), begin("p1", 5000), x, payment.Opening{})
	if err != nil {
		t.Fatal(err)
	}
	x.Ref = b.Ref
	if err := sim.Confirm(x.Ref); err != nil {
		t.Fatal(err)
	}
	op := payment.Operation{ID: "p1/refund/r1", Payment: "p1", Kind: payment.KindRefund, Amount: 1500}
	if _, err := p.Refund(t.Context(), op, x); !errors.Is(err, payment.ErrPending) {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	var got []string
	for _, m := range sim.Told() {
		hints, err := p.Verify(t.Context(), m.Header, m.Body)
		if err != nil || len(hints) != 1 || hints[0].Ref != x.Ref {
			t.Fatalf("got %+v, %v", hints, err)
		}
		got = append(got, hints[0].ID)
		m.Header.Set("callbackIdentifier", strings.Repeat("0", 32))
		if _, err := p.Verify(t.Context(), m.Header, m.Body); gnista.CodeOf(err) != gnista.Invalid {
			t.Errorf("the identifier of another: %v", err)
		}
		m.Header.Del("callbackIdentifier") // which older ones do not send
		if _, err := p.Verify(t.Context(), m.Header, m.Body); err != nil {
			t.Error(err)
		}
	}
	refund := swish.Instruction(op.ID, 0)
	if want := []string{x.Ref + "/PAID", refund + "/DEBITED", refund + "/PAID"}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// The same against the simulated Swish in real time, and, with a certificate for it in the environment, against the
// Merchant Swish Simulator of Swish, where customers confirm by themselves.
func TestMerchant(t *testing.T) {
	p, sim := setUp(t, time.Now)
	t.Run("simulated", func(t *testing.T) { merchant(t, p, sim.Confirm) })
	t.Run("test mode", func(t *testing.T) {
		number := os.Getenv("GNISTA_TEST_SWISH_NUMBER")
		if number == "" {
			t.Skip("GNISTA_TEST_SWISH_NUMBER is not set")
		}
		var files [3][]byte
		for i, name := range []string{"CERTIFICATE", "KEY", "CA"} {
			var err error
			if files[i], err = os.ReadFile(os.Getenv("GNISTA_TEST_SWISH_" + name)); err != nil {
				t.Fatal(err)
			}
		}
		client, err := swish.NewClient(files[0], files[1], files[2])
		if err != nil {
			t.Fatal(err)
		}
		p := &swish.Provider{
			Payee: number, Endpoint: "https://mss.cpc.getswish.net/swish-cpcapi", Callback: "https://example.com/hooks/swish", Secret: []byte("secret"), Client: client, Test: true, Now: time.Now,
		}
		merchant(t, p, func(string) error { return nil })
	})
}

// merchant takes 100 kr and gives 33.33 of them back.
func merchant(t *testing.T, p *swish.Provider, confirm func(ref string) error) {
	x := payment.Payment{ID: rand.Text()}
	b, err := p.Begin(t.Context(), begin(x.ID, 100_00), x, payment.Opening{Text: "Laddning", Payer: "46701234768"})
	if err != nil {
		t.Fatal(err)
	}
	if err := confirm(b.Ref); err != nil {
		t.Fatal(err)
	}
	x.Ref = b.Ref
	wait := func(f func() (payment.Snapshot, error)) payment.Snapshot {
		t.Helper()
		var s payment.Snapshot
		var err error
		for range 60 {
			if s, err = f(); err == nil && s.Captured > 0 {
				return s
			}
			time.Sleep(500 * time.Millisecond)
		}
		t.Fatalf("got %+v, %v", s, err)
		return s
	}
	x.Captured = wait(func() (payment.Snapshot, error) { return p.Fetch(t.Context(), x) }).Captured
	op := payment.Operation{ID: x.ID + "/refund/r1", Payment: x.ID, Kind: payment.KindRefund, Amount: 33_33}
	s, err := p.Refund(t.Context(), op, x)
	if errors.Is(err, payment.ErrPending) {
		s = wait(func() (payment.Snapshot, error) {
			s, _, err := p.Find(t.Context(), op, x)
			return s, err
		})
	} else if err != nil {
		t.Fatal(err)
	}
	if s.Captured != 100_00 || s.Refunded != 33_33 {
		t.Errorf("got %+v", s)
	}
}
