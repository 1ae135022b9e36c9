package payment_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"gnista"
	"gnista/payment"
)

// fault is what goes wrong with a request to a bank.
type fault int

const (
	none   fault = iota
	before       // it never arrives
	after        // it does what it should, and the answer is lost
	no           // declined
)

// keyTTL is how long the bank knows the key of a request again: then the same request is another one. What was
// done for it can still be looked up.
const keyTTL = 24 * time.Hour

// holdTTL is how long it keeps a hold.
const holdTTL = 7 * 24 * time.Hour

// bank is a provider somewhere else, which keeps to its own word only.
type bank struct {
	mu      sync.Mutex
	now     func() time.Time
	next    fault // of the next request
	minimum int64

	deals   map[string]*deal // by our payment, which is the reference too
	done    map[string]time.Time
	effects map[string]int
}

type deal struct {
	payment.Snapshot
	at         time.Time // when it was made
	authorised int64
	holds      int
}

func newBank(now func() time.Time) *bank {
	return &bank{now: now, minimum: 300, deals: map[string]*deal{}, done: map[string]time.Time{}, effects: map[string]int{}}
}

func (*bank) Name() string { return "bank" }
func (b *bank) Caps() payment.Caps {
	return payment.Caps{Hold: true, MinAmount: b.minimum, Currencies: []string{"SEK"}}
}

func (d *deal) expire(now time.Time) {
	if d.Held > 0 && !now.Before(d.HeldUntil) {
		d.Held = 0
	}
}

var errLost = errors.New("the line is dead")

// request is one that arrives, unless it does not.
func (b *bank) request(op payment.Operation, effect func(*deal) error) (payment.Snapshot, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.next
	b.next = none
	switch f {
	case before:
		return payment.Snapshot{}, errLost
	case no:
		return payment.Snapshot{}, &payment.DeclinedError{Code: "no"}
	}
	d := b.deals[op.Payment]
	if d == nil {
		d = &deal{at: b.now()}
		b.deals[op.Payment] = d
	}
	d.expire(b.now())
	if at, known := b.done[op.ID]; !known || b.now().Sub(at) > keyTTL {
		if err := effect(d); err != nil {
			return payment.Snapshot{}, err
		}
		b.done[op.ID] = b.now()
		b.effects[op.ID]++
	}
	d.Ref = "bank-" + op.Payment
	if f == after {
		return payment.Snapshot{}, errLost
	}
	return d.Snapshot, nil
}

func (b *bank) Hold(_ context.Context, op payment.Operation, _ payment.Payment) (payment.Snapshot, error) {
	return b.request(op, func(d *deal) error {
		d.Held, d.HeldUntil, d.authorised = op.Amount, b.now().Add(holdTTL), op.Amount
		d.holds++
		return nil
	})
}

func (b *bank) Increment(_ context.Context, op payment.Operation, _ payment.Payment) (payment.Snapshot, error) {
	return b.request(op, func(d *deal) error {
		if d.Held == 0 {
			return &payment.DeclinedError{Code: "no hold"}
		}
		d.authorised += max(0, op.Amount-d.Held)
		d.Held = op.Amount
		return nil
	})
}

func (b *bank) Capture(_ context.Context, op payment.Operation, _ payment.Payment) (payment.Snapshot, error) {
	return b.request(op, func(d *deal) error {
		if op.Amount > d.Held || op.Amount < b.minimum {
			return &payment.DeclinedError{Code: "amount"}
		}
		d.Captured += op.Amount
		d.Held = 0
		return nil
	})
}

func (b *bank) Cancel(_ context.Context, op payment.Operation, _ payment.Payment) (payment.Snapshot, error) {
	return b.request(op, func(d *deal) error { d.Held = 0; return nil })
}

func (b *bank) Refund(_ context.Context, op payment.Operation, _ payment.Payment) (payment.Snapshot, error) {
	return b.request(op, func(d *deal) error {
		if d.Refunded+op.Amount > d.Captured {
			return &payment.DeclinedError{Code: "more than was taken"}
		}
		d.Refunded += op.Amount
		return nil
	})
}

func (b *bank) Find(_ context.Context, op payment.Operation, _ payment.Payment) (payment.Snapshot, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if f := b.next; f == before || f == after {
		b.next = none
		return payment.Snapshot{}, false, errLost
	}
	if b.effects[op.ID] == 0 {
		return payment.Snapshot{}, false, nil
	}
	d := b.deals[op.Payment]
	d.expire(b.now())
	return d.Snapshot, true, nil
}

func (b *bank) Fetch(_ context.Context, p payment.Payment) (payment.Snapshot, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.deals[p.ID]
	if d == nil {
		return payment.Snapshot{}, gnista.Errorf(gnista.NotFound, "there is no %s", p.ID)
	}
	d.expire(b.now())
	return d.Snapshot, nil
}

func (b *bank) Verify(_ context.Context, h http.Header, body []byte) ([]payment.Hint, error) {
	if h.Get("Signature") != "bank" {
		return nil, gnista.Invalidf("signature", "is not the bank's")
	}
	return []payment.Hint{{ID: h.Get("Id"), Ref: string(body)}}, nil
}
