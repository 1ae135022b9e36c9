package stripe_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	sdk "github.com/stripe/stripe-go/v85"

	"gnista"
	"gnista/payment"
	"gnista/payment/stripe"
	"gnista/payment/stripe/stripesim"
)

// holder is somebody with a card.
type holder interface {
	// pay confirms a payment, and give a card to be kept, with one that pays, or with one that later does not.
	pay(t *testing.T, b payment.Begun)
	give(t *testing.T, k payment.Kept, a payment.Action, later bool)
}

// simulated is a holder at the simulator.
type simulated struct{ *stripesim.Sim }

func (s simulated) pay(t *testing.T, b payment.Begun) {
	if err := s.Confirm(b.Action.Text, stripesim.Good); err != nil {
		t.Fatal(err)
	}
}

func (s simulated) give(t *testing.T, _ payment.Kept, a payment.Action, later bool) {
	card := stripesim.Good
	if later {
		card = stripesim.Later
	}
	if err := s.Confirm(a.Text, card); err != nil {
		t.Fatal(err)
	}
}

// tester is a holder in Stripe's test mode, with Stripe's test cards.
type tester struct{ api *sdk.Client }

const back = "https://example.com/"

func (x tester) pay(t *testing.T, b payment.Begun) {
	_, err := x.api.V1PaymentIntents.Confirm(t.Context(), b.Ref, &sdk.PaymentIntentConfirmParams{PaymentMethod: sdk.String("pm_card_visa"), ReturnURL: sdk.String(back)})
	if err != nil {
		t.Fatal(err)
	}
}

func (x tester) give(t *testing.T, k payment.Kept, _ payment.Action, later bool) {
	card := "pm_card_visa"
	if later {
		card = "pm_card_chargeCustomerFail"
	}
	if _, err := x.api.V1SetupIntents.Confirm(t.Context(), k.Ref, &sdk.SetupIntentConfirmParams{PaymentMethod: sdk.String(card), ReturnURL: sdk.String(back)}); err != nil {
		t.Fatal(err)
	}
}

// filed are mandates.
type filed map[string]payment.Mandate

func (f filed) Mandate(_ context.Context, id string) (payment.Mandate, error) {
	m, ok := f[id]
	if !ok {
		return m, gnista.Errorf(gnista.NotFound, "there is no %s", id)
	}
	return m, nil
}

func TestStandards(t *testing.T) {
	s, c := newSim(t, time.Now, "")
	standards(t, c, simulated{s})
}

// The same holds in Stripe's test mode, with the key of an account there that takes Swedish kronor.
func TestStripeTestMode(t *testing.T) {
	key := os.Getenv("GNISTA_TEST_STRIPE_KEY")
	if key == "" {
		t.Skip("skipped: GNISTA_TEST_STRIPE_KEY is not set")
	}
	if !strings.HasPrefix(key, "sk_test_") {
		t.Fatal("GNISTA_TEST_STRIPE_KEY is not of the test mode")
	}
	standards(t, stripe.Config{Key: key, Publishable: "pk_test_", Now: time.Now}, tester{sdk.NewClient(key)})
}

// standards is what the provider does, and how Stripe and its simulator answer.
func standards(t *testing.T, c stripe.Config, h holder) {
	ctx, mandates := t.Context(), filed{}
	c.Mandates = mandates
	p := stripe.New(c)
	newPayment := func(way payment.Way, mandate string) payment.Payment {
		return payment.Payment{ID: uuid.NewString(), Currency: "SEK", Way: way, Mandate: mandate, CreatedAt: time.Now()}
	}
	op := func(x payment.Payment, kind payment.Kind, purpose string, amount int64) payment.Operation {
		return payment.Operation{ID: x.ID + "/" + string(kind) + "/" + purpose, Payment: x.ID, Kind: kind, Purpose: purpose, Amount: amount, SentAt: time.Now()}
	}
	// same wants an operation to have come to something, and to be found as that.
	same := func(x *payment.Payment, op payment.Operation, s payment.Snapshot, err error, captured, refunded, held int64) {
		t.Helper()
		if err != nil || s.Captured != captured || s.Refunded != refunded || s.Held != held || s.Ref == "" {
			t.Fatalf("%s: got %+v, %v", op.ID, s, err)
		}
		x.Ref, x.Captured, x.Refunded, x.Held = s.Ref, s.Captured, s.Refunded, s.Held
		if f, found, err := p.Find(ctx, op, *x); err != nil || !found || f.Captured != captured || f.Refunded != refunded || f.Held != held {
			t.Errorf("%s: found %+v, %v, %v", op.ID, f, found, err)
		}
	}

	x := newPayment(payment.ByHold, "")
	begin := op(x, payment.KindBegin, "start", 200_00)
	b, err := p.Begin(ctx, begin, x, payment.Opening{Text: "Laddning", Way: payment.ByHold})
	if err != nil || b.Action.Text == "" {
		t.Fatalf("begun: %v", err)
	}
	if again, err := p.Begin(ctx, begin, x, payment.Opening{Text: "Laddning", Way: payment.ByHold}); err != nil || again.Ref != b.Ref {
		t.Errorf("begun again: %v", err)
	}
	x.Ref = b.Ref
	if s, err := p.Fetch(ctx, x); err != nil || s.Held != 0 || s.Ended != "" {
		t.Errorf("not confirmed it is %+v, %v", s, err)
	}
	h.pay(t, b)
	s, err := p.Fetch(ctx, x)
	if err != nil || s.Held != 200_00 || s.HeldUntil.Before(time.Now().Add(4*24*time.Hour)) {
		t.Fatalf("confirmed it is %+v, %v", s, err)
	}
	x.Held = s.Held
	capture := op(x, payment.KindCapture, "r1", 120_00)
	if _, found, err := p.Find(ctx, capture, x); found || err != nil {
		t.Errorf("found before it was sent: %v", err)
	}
	s, err = p.Capture(ctx, capture, x)
	same(&x, capture, s, err, 120_00, 0, 0)
	if _, err := p.Capture(ctx, op(x, payment.KindCapture, "r9", 10_00), x); err != nil && !errors.As(err, new(*payment.DeclinedError)) {
		t.Errorf("captured again: %v", err)
	}
	for n, part := range []int64{20_00, 30_00} {
		refund := op(x, payment.KindRefund, []string{"r2", "r3"}[n], part)
		if _, found, err := p.Find(ctx, refund, x); found || err != nil {
			t.Errorf("found before it was sent: %v", err)
		}
		s, err = p.Refund(ctx, refund, x)
		same(&x, refund, s, err, 120_00, x.Refunded+part, 0)
	}
	if _, err := p.Refund(ctx, op(x, payment.KindRefund, "r4", 70_01), x); !errors.As(err, new(*payment.RefusedError)) {
		t.Errorf("more than is there is given back: %v", err)
	}

	y := newPayment(payment.ByHold, "")
	b, err = p.Begin(ctx, op(y, payment.KindBegin, "start", 200_00), y, payment.Opening{Way: payment.ByHold})
	if err != nil {
		t.Fatal(err)
	}
	h.pay(t, b)
	y.Ref, y.Held = b.Ref, 200_00
	cancel := op(y, payment.KindCancel, "r1", 200_00)
	s, err = p.Cancel(ctx, cancel, y)
	same(&y, cancel, s, err, 0, 0, 0)
	if s, err := p.Cancel(ctx, op(y, payment.KindCancel, "r2", 200_00), y); err != nil || s.Held != 0 {
		t.Errorf("released again: %+v, %v", s, err)
	}

	for _, later := range []bool{false, true} {
		m := payment.Mandate{ID: uuid.NewString(), Account: "test", State: payment.MandateAwaiting}
		k, a, err := p.Keep(ctx, m)
		if err != nil {
			t.Fatal(err)
		}
		m.Customer, m.Ref = k.Customer, k.Ref
		h.give(t, k, a, later)
		if k, err = p.Kept(ctx, m); err != nil || k.State != payment.MandateActive || k.Method == "" || !strings.Contains(k.Label, " ···· ") {
			t.Fatalf("kept is %+v, %v", k, err)
		}
		m.State, m.Method = k.State, k.Method
		mandates[m.ID] = m
		z := newPayment(payment.ByMandate, m.ID)
		capture := op(z, payment.KindCapture, "r1", 99_00)
		s, err := p.Capture(ctx, capture, z)
		if later {
			var d *payment.DeclinedError
			if !errors.As(err, &d) || !d.Customer {
				t.Errorf("declined is %v", err)
			}
			if _, found, again := p.Find(ctx, capture, z); found || again == nil || again.Error() != err.Error() {
				t.Errorf("found %v, %v", found, again)
			}
		} else {
			same(&z, capture, s, err, 99_00, 0, 0)
			refund := op(z, payment.KindRefund, "r2", 9_00)
			s, err = p.Refund(ctx, refund, z)
			same(&z, refund, s, err, 99_00, 9_00, 0)
		}
		for range 2 {
			if err := p.Forget(ctx, m); err != nil {
				t.Errorf("forgotten: %v", err)
			}
		}
	}

	listed := map[string]payment.Listed{}
	for l, err := range p.List(ctx, x.CreatedAt.Add(-time.Minute), time.Now().Add(time.Minute)) {
		if err != nil {
			t.Fatal(err)
		}
		listed[l.Payment] = l
	}
	if l := listed[x.ID]; l.Captured != 120_00 || l.Refunded != 50_00 {
		t.Errorf("listed is %+v", l)
	}
	var moved int64
	for m, err := range p.Settlements(ctx, x.CreatedAt.Add(-time.Minute), time.Now().Add(time.Minute)) {
		if err != nil {
			t.Fatal(err)
		}
		if m.Ref == x.Ref {
			moved += m.Amount
		}
	}
	if moved != 70_00 {
		t.Errorf("moved were %d", moved)
	}
}
