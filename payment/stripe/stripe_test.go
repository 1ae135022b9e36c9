package stripe_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"gnista"
	"gnista/payment"
	"gnista/payment/paymenttest"
	"gnista/payment/stripe"
	"gnista/payment/stripe/stripesim"
	"gnista/store"
)

const (
	testKey = "sk_test_simulated"
	hookKey = "whsec_simulated"
)

var held200 = gnista.Money{Amount: 200_00, Currency: "SEK"}

// newSim starts a simulator, behind a stripe-mock where that has an address.
func newSim(t *testing.T, now func() time.Time, mock string) (*stripesim.Sim, stripe.Config) {
	t.Helper()
	s := stripesim.New(stripesim.Options{Key: testKey, Webhook: hookKey, Mock: mock, Now: now})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := s.Start(l)
	t.Cleanup(func() { server.Close() })
	return s, stripe.Config{
		Key: testKey, Publishable: "pk_test_simulated", Webhook: hookKey, URL: "http://" + l.Addr().String(), Now: now,
		// A connection that was used before may be tried again by the client without being told.
		Client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	}
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

// far is the far side of the scenarios.
type far struct {
	*stripesim.Sim
	now func() time.Time
}

func (f far) Confirm(ref string) error { return f.Sim.Confirm(f.Secret(ref), stripesim.Good) }
func (f far) Decline(ref string) error { return f.Leave(f.Secret(ref)) }

func (f far) Fail(x paymenttest.Fault) {
	f.Mend()
	if x != paymenttest.None {
		f.Sim.Fail("", map[paymenttest.Fault]stripesim.Fault{
			paymenttest.LostBefore: stripesim.Before, paymenttest.LostAfter: stripesim.After, paymenttest.Failing: stripesim.Broken,
		}[x])
	}
}

func (f far) Deals(id string) (list []paymenttest.Deal) {
	for _, d := range f.Sim.Deals(id) {
		list = append(list, paymenttest.Deal{Ref: d.ID, Authorised: d.Authorised, Held: d.Held, Captured: d.Captured, Refunded: d.Refunded})
	}
	return list
}

func (f far) Told() (list []paymenttest.Message) {
	for _, ev := range f.Sim.Told() {
		list = append(list, paymenttest.Message{Header: f.Sign(ev.Body, f.now()), Body: ev.Body})
	}
	return list
}

// late is the provider, to which messages are delivered long after they were made: each delivery is signed anew.
type late struct {
	*stripe.Provider
	far far
}

func (l late) Verify(ctx context.Context, h http.Header, body []byte) ([]payment.Hint, error) {
	var made int64
	fmt.Sscanf(h.Get("Stripe-Signature"), "t=%d,", &made)
	if l.far.Sign(body, time.Unix(made, 0)).Get("Stripe-Signature") == h.Get("Stripe-Signature") {
		h = l.far.Sign(body, l.far.now())
	}
	return l.Provider.Verify(ctx, h, body)
}

func world(mock string) paymenttest.New {
	return func(t *testing.T, now func() time.Time) paymenttest.World {
		s, c := newSim(t, now, mock)
		f := far{s, now}
		return paymenttest.World{Provider: late{stripe.New(c), f}, Sim: f, Store: newDB(t), Way: payment.ByHold}
	}
}

func TestScenarios(t *testing.T) {
	paymenttest.Run(t, world(""))
	t.Run("random", func(t *testing.T) { paymenttest.Random(t, world("")) })
}
