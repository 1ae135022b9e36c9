package paymenttest_test

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/payment"
	"gnista/payment/paymenttest"
)

// acquirer is a provider of the shape of Adyen: it answers to everything that it was received, tells what came of it
// later, in signed messages, and cannot be read.
type acquirer struct {
	now func() time.Time

	mu    sync.Mutex
	next  paymenttest.Fault
	asks  map[string]*ask // by our reference
	queue []modification
	told  []paymenttest.Message
	fail  bool // the next capture fails when it is carried out
}

type ask struct {
	amount, authorised, held, captured, refunded int64
	closed                                       bool
	until                                        time.Time
	keys                                         map[string]bool
}

type modification struct {
	of, kind, reference string
	amount              int64
	at                  time.Time
}

// note is a message. Reference is ours: of the payment or of the operation.
type note struct {
	ID, Of, Code, Reference string
	Amount                  int64
	OK                      bool
	At                      time.Time
}

const (
	carryOut = 5 * time.Second // until a modification is carried out
	lifetime = 7 * 24 * time.Hour
)

func (a *acquirer) tell(n note) {
	n.ID = fmt.Sprint(n.Code, "/", n.Reference, "/", n.OK)
	body, err := json.Marshal(n)
	if err != nil {
		panic(err)
	}
	a.told = append(a.told, paymenttest.Message{Header: http.Header{"Hmac": {sign(string(body))}}, Body: body})
}

// pass carries out what is due.
func (a *acquirer) pass() {
	for _, x := range a.asks {
		if x.held > 0 && !a.now().Before(x.until) {
			x.held = 0
		}
	}
	var later []modification
	for _, m := range a.queue {
		if a.now().Sub(m.at) < carryOut {
			later = append(later, m)
			continue
		}
		x, ok := a.asks[m.of], true
		switch m.kind {
		case "CAPTURE":
			if ok = m.amount <= x.held && !a.fail; ok {
				x.captured, x.held = x.captured+m.amount, 0
			}
			a.fail = false
		case "CANCELLATION":
			x.held, x.closed = 0, true
		case "REFUND":
			if ok = x.refunded+m.amount <= x.captured; ok {
				x.refunded += m.amount
			}
		}
		a.tell(note{Of: m.of, Code: m.kind, Reference: m.reference, Amount: m.amount, OK: ok, At: a.now()})
	}
	a.queue = later
}

func (a *acquirer) Fail(f paymenttest.Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next = f
}

func (a *acquirer) Told() []paymenttest.Message {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pass()
	out := a.told
	a.told = nil
	return out
}

func (a *acquirer) customer(ref string, yes bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pass()
	x := a.asks[ref]
	if x == nil || x.closed || x.authorised > 0 {
		return errNo
	}
	x.closed = true
	if yes {
		x.authorised, x.held, x.until = x.amount, x.amount, a.now().Add(lifetime)
	}
	a.tell(note{Of: ref, Code: "AUTHORISATION", Reference: ref, Amount: x.amount, OK: yes, At: a.now()})
	return nil
}

func (a *acquirer) Confirm(ref string) error { return a.customer(ref, true) }
func (a *acquirer) Decline(ref string) error { return a.customer(ref, false) }

// fails takes back a capture that was told of.
func (a *acquirer) fails(ref, operation string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	x := a.asks[ref]
	a.tell(note{Of: ref, Code: "CAPTURE_FAILED", Reference: operation, Amount: x.captured, OK: true, At: a.now()})
	x.captured = 0
}

func (a *acquirer) Deals(id string) []paymenttest.Deal {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pass()
	x := a.asks[id]
	if x == nil {
		return nil
	}
	return []paymenttest.Deal{{Ref: id, Authorised: x.authorised, Held: x.held, Captured: x.captured, Refunded: x.refunded}}
}

// receive takes a request in, once for each key.
func (a *acquirer) receive(ref, key string, f func(*ask)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pass()
	fault := a.next
	a.next = paymenttest.None
	switch fault {
	case paymenttest.LostBefore:
		return errLost
	case paymenttest.Failing:
		return errDown
	}
	x := a.asks[ref]
	if x == nil {
		x = &ask{keys: map[string]bool{}}
		a.asks[ref] = x
	}
	if !x.keys[key] {
		x.keys[key] = true
		f(x)
	}
	if fault == paymenttest.LostAfter {
		return errLost
	}
	return nil
}

// acquirerClient is the provider. What it was told it keeps, as it cannot ask.
type acquirerClient struct {
	*acquirer
	book *book
}

type book struct {
	mu    sync.Mutex
	notes map[string][]note // by our reference of the payment
}

func (acquirerClient) Name() string { return "adyen" }
func (acquirerClient) Caps() payment.Caps {
	return payment.Caps{Hold: true, MinAmount: 100, Currencies: []string{"SEK"}, Test: true}
}

func (c acquirerClient) Begin(_ context.Context, op payment.Operation, p payment.Payment, _ payment.Opening) (payment.Begun, error) {
	err := c.receive(p.ID, op.ID, func(x *ask) { x.amount = op.Amount })
	s := c.snapshot(p.ID)
	s.Ref = p.ID
	return payment.Begun{Snapshot: s, Action: payment.Action{Kind: payment.ActRedirect, Text: "https://example.com/" + p.ID}}, err
}

// modify sends a modification, of which nothing is known until it is told.
func (c acquirerClient) modify(op payment.Operation, p payment.Payment, kind string) (payment.Snapshot, error) {
	err := c.receive(p.ID, op.ID, func(*ask) {
		c.queue = append(c.queue, modification{p.ID, kind, op.ID, op.Amount, c.now()})
	})
	if err == nil {
		err = payment.ErrPending
	}
	return payment.Snapshot{}, err
}

func (c acquirerClient) Capture(_ context.Context, op payment.Operation, p payment.Payment) (payment.Snapshot, error) {
	return c.modify(op, p, "CAPTURE")
}

func (c acquirerClient) Cancel(_ context.Context, op payment.Operation, p payment.Payment) (payment.Snapshot, error) {
	return c.modify(op, p, "CANCELLATION")
}

func (c acquirerClient) Refund(_ context.Context, op payment.Operation, p payment.Payment) (payment.Snapshot, error) {
	return c.modify(op, p, "REFUND")
}

// Find looks for the word of an operation. Without one it is sent again: its key makes that harmless.
func (c acquirerClient) Find(_ context.Context, op payment.Operation, p payment.Payment) (payment.Snapshot, bool, error) {
	c.book.mu.Lock()
	i := slices.IndexFunc(c.book.notes[p.ID], func(n note) bool { return n.Reference == op.ID })
	var n note
	if i >= 0 {
		n = c.book.notes[p.ID][i]
	}
	c.book.mu.Unlock()
	switch {
	case i < 0:
		return payment.Snapshot{}, false, nil
	case !n.OK:
		return payment.Snapshot{}, false, &payment.DeclinedError{Code: "failed"}
	}
	return c.snapshot(p.ID), true, nil
}

func (c acquirerClient) Fetch(_ context.Context, p payment.Payment) (payment.Snapshot, error) {
	return c.snapshot(p.ID), nil
}

// snapshot is what all that was told comes to, in whatever order it came.
func (c acquirerClient) snapshot(id string) payment.Snapshot {
	c.book.mu.Lock()
	defer c.book.mu.Unlock()
	s := payment.Snapshot{Ref: id}
	var authorised int64
	released := false
	for _, n := range c.book.notes[id] {
		switch {
		case n.Code == "AUTHORISATION" && n.OK:
			authorised, s.HeldUntil = n.Amount, n.At.Add(lifetime)
		case n.Code == "AUTHORISATION":
			s.Ended = payment.DeclinedNow
		case n.Code == "CAPTURE" && n.OK:
			s.Captured, released = s.Captured+n.Amount, true
		case n.Code == "CAPTURE_FAILED":
			s.Captured -= n.Amount
		case n.Code == "REFUND" && n.OK:
			s.Refunded += n.Amount
		case n.Code == "CANCELLATION":
			released = true
			if s.Ended == "" {
				s.Ended = payment.Abandoned
			}
		}
	}
	if !released && c.now().Before(s.HeldUntil) {
		s.Held = authorised
	}
	if s.Held == 0 {
		s.HeldUntil = time.Time{}
	}
	return s
}

func (c acquirerClient) Verify(_ context.Context, h http.Header, body []byte) ([]payment.Hint, error) {
	var n note
	if !hmac.Equal([]byte(h.Get("Hmac")), []byte(sign(string(body)))) || json.Unmarshal(body, &n) != nil {
		return nil, gnista.Invalidf("hmac", "is not theirs")
	}
	c.book.mu.Lock()
	defer c.book.mu.Unlock()
	if !slices.ContainsFunc(c.book.notes[n.Of], func(o note) bool { return o.ID == n.ID }) {
		c.book.notes[n.Of] = append(c.book.notes[n.Of], n)
	}
	return []payment.Hint{{ID: n.ID, Ref: n.Of}}, nil
}

func adyen(t *testing.T, now func() time.Time) (acquirerClient, paymenttest.World) {
	a := &acquirer{now: now, asks: map[string]*ask{}}
	c := acquirerClient{a, &book{notes: map[string][]note{}}}
	return c, paymenttest.World{Provider: c, Sim: a, Store: newDB(t), Way: payment.ByHold, ByWord: true}
}

// A provider that only tells later what came of what it was asked fits the port.
func TestAdyen(t *testing.T) {
	world := func(t *testing.T, now func() time.Time) paymenttest.World { _, w := adyen(t, now); return w }
	paymenttest.Run(t, world)
	t.Run("random", func(t *testing.T) { paymenttest.Random(t, world) })
}

// A capture that fails is declined and what was set aside goes back; one that fails after it was told to have succeeded
// leaves the payment short, and somebody is told.
func TestCaptureFails(t *testing.T) {
	now := paymenttest.Start
	c, w := adyen(t, func() time.Time { return now })
	ids := 0
	worker := &payment.Worker{Log: slog.New(slog.DiscardHandler), Payments: &payment.Payments{
		Store: w.Store, Providers: payment.NewProviders(c), Now: func() time.Time { return now }, NewID: func() string { ids++; return fmt.Sprint("p", ids) },
	}}
	work := func() {
		t.Helper()
		for range 8 {
			if _, err := worker.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, m := range c.Told() {
				hints, err := c.Verify(t.Context(), m.Header, m.Body)
				if err != nil {
					t.Fatal(err)
				}
				if err := worker.Hear(t.Context(), "adyen", hints); err != nil {
					t.Fatal(err)
				}
			}
			now = now.Add(carryOut)
		}
	}
	charged := func() payment.Payment {
		t.Helper()
		p, err := worker.Ask(t.Context(), "adyen", "", gnista.Money{Amount: 20_000, Currency: "SEK"}, payment.Opening{Way: payment.ByHold})
		if err != nil {
			t.Fatal(err)
		}
		work()
		if err := c.Confirm(p.ID); err != nil {
			t.Fatal(err)
		}
		work()
		_, err = worker.Change(t.Context(), p.ID, func(c *payment.Change) error {
			if err := c.Bind("x"+p.ID, payment.Cause{}); err != nil {
				return err
			}
			c.Owe(7000, payment.Cause{Kind: payment.ByRecord, ID: "r"})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	c.fail = true
	p := charged()
	work()
	if got, err := w.Store.Payment(t.Context(), p.ID); err != nil || got.State != payment.SettledShort || got.Captured != 0 || got.Held != 0 || c.asks[p.ID].held != 0 {
		t.Errorf("declined: got %+v, %v", got, err)
	}
	p = charged()
	if _, err := worker.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := w.Store.Payment(t.Context(), p.ID)
	if ops, err := w.Store.Operations(t.Context(), p.ID); err != nil || ops[len(ops)-1].State != payment.Unknown || ops[len(ops)-1].Error != payment.ErrPending.Error() {
		t.Errorf("taken in: %+v, %v", ops, err)
	}
	if err != nil || got.State != payment.Settling {
		t.Errorf("taken in: got %+v, %v", got, err)
	}
	work()
	if got, err := w.Store.Payment(t.Context(), p.ID); err != nil || got.State != payment.Settled || got.Captured != 7000 {
		t.Errorf("got %+v, %v", got, err)
	}
	c.fails(p.ID, p.ID+"/capture/r1")
	work()
	if got, err := w.Store.Payment(t.Context(), p.ID); err != nil || got.State != payment.SettledShort || got.Captured != 0 || got.Paid() != 0 {
		t.Errorf("taken back: got %+v, %v", got, err)
	}
}
