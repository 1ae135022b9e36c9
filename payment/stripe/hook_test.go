package stripe_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/payment"
	"gnista/payment/stripe"
	"gnista/payment/stripe/stripesim"
)

// What cannot be proven to be Stripe's, and be new, says nothing; what is of no payment of ours neither.
func TestWebhooks(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s, c := newSim(t, func() time.Time { return now }, "")
	p := stripe.New(c)
	event := func(kind, object, more string) []byte {
		return fmt.Appendf(nil, `{"id":"evt_1","object":"event","type":%q,"api_version":"2026-03-25.dahlia","livemode":false,"data":{"object":%s}%s}`, kind, object, more)
	}
	f := func(want string, h http.Header, body []byte) {
		t.Helper()
		hints, err := p.Verify(t.Context(), h, body)
		got := ""
		switch {
		case err != nil && gnista.CodeOf(err) == gnista.Invalid:
			got = "refused"
		case err != nil:
			got = err.Error()
		case len(hints) > 0:
			got = hints[0].ID + " " + hints[0].Ref
		}
		if got != want || len(hints) > 1 {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
	intent := event("payment_intent.succeeded", `{"id":"pi_1","object":"payment_intent"}`, "")
	f("evt_1 pi_1", s.Sign(intent, now), intent)
	f("evt_1 pi_1", s.Sign(intent, now.Add(-4*time.Minute)), intent)
	for kind, object := range map[string]string{
		"charge.refunded": `{"id":"ch_1","object":"charge","payment_intent":"pi_1"}`, "refund.failed": `{"id":"re_1","object":"refund","payment_intent":"pi_1"}`,
		"charge.dispute.created": `{"id":"du_1","object":"dispute","payment_intent":{"id":"pi_1","object":"payment_intent"}}`, "setup_intent.succeeded": `{"id":"pi_1"}`,
		"payout.paid": `{"id":"pi_1","object":"payout"}`,
	} {
		body := event(kind, object, "")
		f("evt_1 pi_1", s.Sign(body, now), body)
	}
	for kind, object := range map[string]string{"customer.created": `{"id":"cus_1"}`, "charge.succeeded": `{"id":"ch_1","payment_intent":null}`} {
		body := event(kind, object, "")
		f("", s.Sign(body, now), body)
	}

	f("refused", http.Header{}, intent)
	f("refused", s.Sign(intent, now.Add(-5*time.Minute-time.Second)), intent)
	f("refused", s.Sign(intent, now.Add(5*time.Minute+time.Second)), intent)
	f("refused", s.Sign(intent, now), append([]byte(" "), intent...))
	f("refused", http.Header{"Stripe-Signature": {strings.Replace(s.Sign(intent, now).Get("Stripe-Signature"), "v1=", "v0=", 1)}}, intent)
	f("refused", http.Header{"Stripe-Signature": {"t=,v1="}}, intent)
	old := s.Sign(intent, now.Add(-time.Hour)).Get("Stripe-Signature")
	f("refused", http.Header{"Stripe-Signature": {fmt.Sprintf("t=%d,%s", now.Unix(), old[strings.Index(old, "v1="):])}}, intent)
	f("refused", http.Header{"Stripe-Signature": {old + fmt.Sprintf(",t=%d", now.Unix())}}, intent)
	forger := stripesim.New(stripesim.Options{Webhook: "whsec_other", Now: time.Now})
	f("refused", forger.Sign(intent, now), intent)
	for _, wrong := range []string{
		strings.Replace(string(intent), "2026-03-25.dahlia", "2024-06-20", 1), strings.Replace(string(intent), "2026-03-25.dahlia", "2025-03-31.basil", 1),
		strings.Replace(string(intent), `"livemode":false`, `"livemode":true`, 1), `{"object":"event"`, `{"object":"v2.core.event"}`, `[]`, ``,
		string(event("payment_intent.succeeded", `[]`, "")), strings.Replace(string(intent), `"data"`, `"datum"`, 1),
	} {
		f("refused", s.Sign([]byte(wrong), now), []byte(wrong))
	}
	c.Webhook = ""
	p = stripe.New(c)
	f("refused", s.Sign(intent, now), intent)
	f("refused", stripesim.New(stripesim.Options{Now: time.Now}).Sign(intent, now), intent)
}

// Amounts are in minor units, of which yen have none below one, and what is too little is not sent.
func TestCurrencies(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s, c := newSim(t, func() time.Time { return now }, "")
	p := stripe.New(c)
	f := func(currency string, amount int64, wrong string) {
		t.Helper()
		id := fmt.Sprint(currency, amount)
		b, err := p.Begin(t.Context(), payment.Operation{ID: id + "/begin/start", Payment: id, Kind: payment.KindBegin, Amount: amount}, payment.Payment{ID: id, Currency: currency}, payment.Opening{})
		if wrong != "" {
			var d *payment.DeclinedError
			if !errors.As(err, &d) || d.Code != wrong || len(s.Deals(id)) > 0 {
				t.Errorf("%s: got %v, want %s", id, err, wrong)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Confirm(b.Action.Text, stripesim.Good); err != nil {
			t.Fatal(err)
		}
		if d := s.Deals(id); len(d) != 1 || d[0].Held != amount {
			t.Errorf("%s: got %+v", id, d)
		}
	}
	f("SEK", 300, "")
	f("SEK", 299, payment.BelowMinimum)
	f("JPY", 50, "")
	f("JPY", 49, payment.BelowMinimum)
	f("EUR", 50, "")
	f("XTS", 1000, payment.BelowMinimum)
	if caps := p.Caps(); caps.Least("SEK") != 300 || caps.Least("JPY") != 50 || !caps.Test {
		t.Errorf("got %+v", caps)
	}
	c.Key = "sk_live_x"
	if stripe.New(c).Caps().Test {
		t.Error("a key that moves money is thought to be for tests")
	}
}

// What is wrong with us is told apart from what is not known, and no secret is told.
func TestFailures(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s, c := newSim(t, func() time.Time { return now }, "")
	p := stripe.New(c)
	x := payment.Payment{ID: "p", Currency: "SEK", Way: payment.ByHold}
	op := payment.Operation{ID: "p/begin/start", Payment: "p", Kind: payment.KindBegin, Amount: 20_000, SentAt: now}
	b, err := p.Begin(t.Context(), op, x, payment.Opening{Text: "Laddning"})
	if err != nil || b.Action.Key != "pk_test_simulated" || b.Action.Text != s.Secret(b.Ref) {
		t.Fatalf("begun is %+v, %v", b.Snapshot, err)
	}
	if again, err := p.Begin(t.Context(), op, x, payment.Opening{Text: "Laddning"}); err != nil || again != b {
		t.Errorf("begun again it is %+v, %v", again.Snapshot, err)
	}
	refused := func(err error) bool { return errors.As(err, new(*payment.RefusedError)) }
	declined := func(err error) bool { return errors.As(err, new(*payment.DeclinedError)) }
	unknown := func(err error) bool { return err != nil && !refused(err) && !declined(err) }
	f := func(what string, kind func(error) bool, err error) {
		t.Helper()
		if !kind(err) {
			t.Errorf("%s: got %v", what, err)
		}
		for _, secret := range []string{"_secret_", testKey, hookKey} {
			if strings.Contains(fmt.Sprint(err), secret) {
				t.Errorf("%s tells a secret: %v", what, err)
			}
		}
	}
	_, err = p.Begin(t.Context(), op, x, payment.Opening{Text: "Something else"})
	f("the key with something else", unknown, err)
	op.SentAt = now.Add(-25 * time.Hour)
	_, err = p.Begin(t.Context(), op, x, payment.Opening{})
	f("after a day", declined, err)
	if n := len(s.Deals("p")); n != 1 {
		t.Errorf("there are %d", n)
	}
	x.Ref = "pi_none"
	_, err = p.Fetch(t.Context(), x)
	f("a name that there is not", refused, err)
	x.Ref, x.Held = b.Ref, 20_000
	capture := payment.Operation{ID: "p/capture/r1", Payment: "p", Kind: payment.KindCapture, Amount: 10_000}
	_, err = p.Capture(t.Context(), capture, x)
	f("what is not set aside", declined, err)
	s.Fail("", stripesim.InProgress)
	_, err = p.Cancel(t.Context(), payment.Operation{ID: "p/cancel/r1"}, x)
	f("a request under way", unknown, err)
	s.Fail("", stripesim.RateLimit)
	_, err = p.Cancel(t.Context(), payment.Operation{ID: "p/cancel/r1"}, x)
	f("too many requests", unknown, err)
	if err := s.Confirm(b.Action.Text, stripesim.Good); err != nil {
		t.Fatal(err)
	}
	capture.ID, capture.Amount = "p/capture/r2", 30_000
	if got, err := p.Capture(t.Context(), capture, x); err != nil || got.Captured != 20_000 {
		t.Errorf("of more than is set aside %+v is taken, %v", got, err)
	}
	c.Key = "sk_test_other"
	_, err = stripe.New(c).Fetch(t.Context(), x)
	f("another key", unknown, err)
	c.URL = "http://127.0.0.1:1"
	_, err = stripe.New(c).Fetch(t.Context(), x)
	f("nobody there", unknown, err)
}
