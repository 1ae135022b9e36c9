package paymenttest_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/payment"
	"gnista/payment/paymenttest"
	"gnista/store"
)

// wallet is a provider of the shape of Vipps MobilePay: a hold in the customer's app, many captures of it, a release of
// what is left by a request of its own, keys that are forgotten after a while, and signed messages.
type wallet struct {
	now func() time.Time

	mu    sync.Mutex
	next  paymenttest.Fault
	deals map[string]*hold // by our reference, which is their name of it too
	told  []paymenttest.Message
}

type hold struct {
	authorised, captured, cancelled, refunded int64
	asked                                     int64
	made, until                               time.Time
	ended                                     bool
	done                                      map[string]time.Time // effects by key
	keys                                      map[string]time.Time
}

const (
	walletTTL = 14 * 24 * time.Hour
	askTTL    = 10 * time.Minute
	keyTTL    = 24 * time.Hour
)

var (
	errLost = errors.New("the line is dead")
	errDown = errors.New("503")
	errNo   = errors.New("400")
)

// deal is one with what its time has brought.
func (w *wallet) deal(ref string) *hold {
	d := w.deals[ref]
	if d == nil {
		return nil
	}
	if d.authorised > 0 && !w.now().Before(d.until) {
		d.cancelled = d.authorised - d.captured
	}
	if d.authorised == 0 && w.now().Sub(d.made) > askTTL {
		d.ended = true
	}
	return d
}

func (d *hold) left() int64 { return d.authorised - d.captured - d.cancelled }

// request is one that would change something, with its idempotency key.
func (w *wallet) request(ref, key string, effect func(*hold) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.next
	w.next = paymenttest.None
	switch f {
	case paymenttest.LostBefore:
		return errLost
	case paymenttest.Failing:
		return errDown
	}
	d := w.deal(ref)
	if d == nil {
		return errNo
	}
	if at, known := d.keys[key]; !known || w.now().Sub(at) > keyTTL {
		if err := effect(d); err != nil {
			return err
		}
		d.keys[key], d.done[key] = w.now(), w.now()
		w.tell(ref)
	}
	if f == paymenttest.LostAfter {
		return errLost
	}
	return nil
}

func sign(body string) string {
	m := hmac.New(sha256.New, []byte("secret"))
	m.Write([]byte(body))
	return hex.EncodeToString(m.Sum(nil))
}

func (w *wallet) tell(ref string) {
	w.told = append(w.told, paymenttest.Message{Header: http.Header{"Signature": {sign(ref)}}, Body: []byte(ref)})
}

func (w *wallet) Fail(f paymenttest.Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next = f
}

func (w *wallet) Told() []paymenttest.Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.told
	w.told = nil
	return out
}

func (w *wallet) customer(ref string, f func(*hold)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.deal(ref)
	if d == nil || d.ended || d.authorised > 0 {
		return errNo
	}
	f(d)
	w.tell(ref)
	return nil
}

func (w *wallet) Confirm(ref string) error {
	return w.customer(ref, func(d *hold) { d.authorised, d.until = d.asked, w.now().Add(walletTTL) })
}

func (w *wallet) Decline(ref string) error { return w.customer(ref, func(d *hold) { d.ended = true }) }

func (w *wallet) Deals(id string) []paymenttest.Deal {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.deal(id)
	if d == nil {
		return nil
	}
	return []paymenttest.Deal{{Ref: id, Authorised: d.authorised, Held: d.left(), Captured: d.captured, Refunded: d.refunded}}
}

// walletClient is the provider.
type walletClient struct{ *wallet }

func (walletClient) Name() string { return "vipps" }
func (walletClient) Caps() payment.Caps {
	return payment.Caps{Hold: true, MinAmount: 100, Currencies: []string{"SEK", "NOK"}, Test: true}
}

func (c walletClient) read(ref string) (payment.Snapshot, *hold, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.deal(ref)
	if d == nil {
		return payment.Snapshot{}, nil, gnista.Errorf(gnista.NotFound, "404")
	}
	s := payment.Snapshot{Ref: ref, Held: d.left(), Captured: d.captured, Refunded: d.refunded}
	if s.Held > 0 {
		s.HeldUntil = d.until
	}
	if d.ended && d.authorised == 0 {
		s.Ended = payment.Abandoned
	}
	same := *d
	return s, &same, nil
}

func (c walletClient) Begin(_ context.Context, op payment.Operation, p payment.Payment, _ payment.Opening) (payment.Begun, error) {
	c.mu.Lock()
	f := c.next
	if f == paymenttest.None || f == paymenttest.LostAfter {
		if c.deals[p.ID] == nil { // the reference is ours, so it is made once
			c.deals[p.ID] = &hold{asked: op.Amount, made: c.now(), done: map[string]time.Time{}, keys: map[string]time.Time{}}
		}
	}
	c.next = paymenttest.None
	c.mu.Unlock()
	if f != paymenttest.None {
		return payment.Begun{}, errLost
	}
	s, _, err := c.read(p.ID)
	return payment.Begun{Snapshot: s, Action: payment.Action{Kind: payment.ActRedirect, Text: "https://example.com/" + p.ID}}, err
}

// Capture takes the amount and releases what is left, which are two requests: either may have been done before.
func (c walletClient) Capture(_ context.Context, op payment.Operation, p payment.Payment) (payment.Snapshot, error) {
	_, d, err := c.read(p.Ref)
	if err != nil {
		return payment.Snapshot{}, err
	}
	if d.done[op.ID].IsZero() {
		err := c.request(p.Ref, op.ID, func(d *hold) error {
			if op.Amount > d.left() {
				return &payment.DeclinedError{Code: "not-that-much"}
			}
			d.captured += op.Amount
			return nil
		})
		if err != nil {
			return payment.Snapshot{}, err
		}
	}
	return c.rest(op, p)
}

func (c walletClient) rest(op payment.Operation, p payment.Payment) (payment.Snapshot, error) {
	s, _, err := c.read(p.Ref)
	if err != nil || s.Held == 0 && s.Captured > 0 {
		return s, err
	}
	err = c.request(p.Ref, op.ID+"/rest", func(d *hold) error {
		d.cancelled += d.left()
		d.ended = d.ended || d.authorised == 0
		return nil
	})
	if err != nil {
		return payment.Snapshot{}, err
	}
	s, _, err = c.read(p.Ref)
	return s, err
}

func (c walletClient) Cancel(_ context.Context, op payment.Operation, p payment.Payment) (payment.Snapshot, error) {
	return c.rest(op, p)
}

func (c walletClient) Refund(_ context.Context, op payment.Operation, p payment.Payment) (payment.Snapshot, error) {
	err := c.request(p.Ref, op.ID, func(d *hold) error {
		if d.refunded+op.Amount > d.captured {
			return &payment.DeclinedError{Code: "more than was captured"}
		}
		d.refunded += op.Amount
		return nil
	})
	if err != nil {
		return payment.Snapshot{}, err
	}
	s, _, err := c.read(p.Ref)
	return s, err
}

func (c walletClient) Find(_ context.Context, op payment.Operation, p payment.Payment) (payment.Snapshot, bool, error) {
	s, d, err := c.read(p.Ref)
	if err != nil {
		return s, false, err
	}
	switch op.Kind {
	case payment.KindRefund:
		return s, !d.done[op.ID].IsZero(), nil
	case payment.KindCapture:
		return s, !d.done[op.ID].IsZero() && s.Held == 0, nil
	}
	return s, s.Held == 0 && (d.ended || d.authorised > 0), nil
}

func (c walletClient) Fetch(_ context.Context, p payment.Payment) (payment.Snapshot, error) {
	s, _, err := c.read(p.Ref)
	return s, err
}

func (c walletClient) Verify(_ context.Context, h http.Header, body []byte) ([]payment.Hint, error) {
	if !hmac.Equal([]byte(h.Get("Signature")), []byte(sign(string(body)))) {
		return nil, gnista.Invalidf("signature", "is not theirs")
	}
	return []payment.Hint{{ID: fmt.Sprintf("%x", body), Ref: string(body)}}, nil
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

// A provider with holds, many captures and a release of its own fits the port.
func TestVipps(t *testing.T) {
	world := func(t *testing.T, now func() time.Time) paymenttest.World {
		w := &wallet{now: now, deals: map[string]*hold{}}
		return paymenttest.World{Provider: walletClient{w}, Sim: w, Store: newDB(t), Way: payment.ByHold}
	}
	paymenttest.Run(t, world)
	t.Run("random", func(t *testing.T) { paymenttest.Random(t, world) })
}
