// Package paymenttest is the scenarios that every provider passes, with a simulator of the far side that can be told
// what its customers do and what goes wrong. [Run] plays them one by one, [Random] in any order.
//
// A provider passes when no effect happens twice whatever is lost, no more is taken than was set aside and no more
// given back than was taken, a payment ends with what is due being paid or with a word about what is not, and nothing
// stays set aside.
package paymenttest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/payment"
)

// Fault is what goes wrong with a request to a provider.
type Fault int

// The faults.
const (
	None       Fault = iota
	LostBefore       // it never arrives
	LostAfter        // it does what it should, and the answer is lost
	Failing          // it is answered that the provider has failed, and does nothing
)

// Deal is what a provider has made of a payment of ours, in minor units.
type Deal struct {
	Ref        string
	Authorised int64 // all that was ever set aside or taken
	Held       int64
	Captured   int64
	Refunded   int64
}

// Message is a request of a provider to us.
type Message struct {
	Header http.Header
	Body   []byte
}

// Sim is a simulated provider.
type Sim interface {
	// Confirm and Decline are what the customer does with a request to pay, by the reference of the provider. They
	// fail where that cannot be done any more.
	Confirm(ref string) error
	Decline(ref string) error
	// Fail has the next request go wrong that would change something.
	Fail(Fault)
	// Deals are all that there is of a payment of ours, by our id.
	Deals(payment string) []Deal
	// Told takes what the provider has told us since it was last asked, in order.
	Told() []Message
}

// World is a provider that is tested, with the far side of it.
type World struct {
	Provider payment.Provider // a payment.Starter and a payment.Remote too
	Sim      Sim
	Store    payment.Store // an empty one
	Way      payment.Way   // in which its customers pay
	Payer    string        // of Opening
	Currency string        // empty is SEK
	Amount   int64         // that customers are asked for; 0 is 20,000
	ByWord   bool          // it is known by what it tells only, which comes again until it is taken in
}

// Start is the time at which worlds begin.
var Start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// New makes a world with a clock, which is moved by hand.
type New func(t *testing.T, now func() time.Time) World

// play is a world that is played in.
type play struct {
	World
	*payment.Worker
	crash *crashing
	caps  payment.Caps

	mu  sync.Mutex
	now time.Time
}

func newPlay(t *testing.T, make New) *play {
	t.Helper()
	p := &play{now: Start}
	p.World = make(t, p.time)
	if p.Currency == "" {
		p.Currency = "SEK"
	}
	if p.Amount == 0 {
		p.Amount = 20_000
	}
	p.caps = p.Provider.Caps()
	p.crash = &crashing{Store: p.World.Store, after: -1}
	ids := 0
	p.Worker = &payment.Worker{Log: slog.New(slog.DiscardHandler), Payments: &payment.Payments{
		Store: p.crash, Providers: payment.NewProviders(p.Provider), Now: p.time,
		NewID: func() string { ids++; return fmt.Sprintf("0190a5d2-7c3e-7000-8000-%012d", ids) },
	}}
	return p
}

func (p *play) time() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *play) wait(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(d)
}

// crashing is a store that the process is cut off from: what it was to keep is not kept.
type crashing struct {
	payment.Store
	mu    sync.Mutex
	after int // changes until it is; below 0 is never
}

var errCrashed = errors.New("the process is dead")

func (s *crashing) ChangePayment(ctx context.Context, id string, now time.Time, f func(*payment.Change) error) (payment.Payment, error) {
	s.mu.Lock()
	dead := s.after == 0
	if s.after > 0 {
		s.after--
	}
	s.mu.Unlock()
	if dead {
		return payment.Payment{}, errCrashed
	}
	return s.Store.ChangePayment(ctx, id, now, f)
}

// set has the store fail after so many changes; below 0 is never.
func (s *crashing) set(after int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = after
}

// failer is what fails tests, be they rapid's or not.
type failer interface {
	Helper()
	Fatalf(string, ...any)
	Errorf(string, ...any)
}

func (p *play) step(t failer) {
	t.Helper()
	if _, err := p.Step(context.Background()); err != nil {
		t.Fatalf("%v", err)
	}
}

func (p *play) sweep(t failer) {
	t.Helper()
	if err := p.Sweep(context.Background()); err != nil {
		t.Fatalf("sweeping: %v", err)
	}
}

func (p *play) payment(t failer, id string) payment.Payment {
	t.Helper()
	x, err := p.World.Store.Payment(context.Background(), id)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return x
}

func (p *play) change(t failer, id string, f func(*payment.Change) error) {
	t.Helper()
	if _, err := p.World.Store.ChangePayment(context.Background(), id, p.time(), f); err != nil {
		t.Fatalf("%v", err)
	}
}

// ask makes a payment whose customer is asked; the request is not sent yet.
func (p *play) ask(t failer) string {
	t.Helper()
	x, err := p.Ask(context.Background(), p.Provider.Name(), "", gnista.Money{Amount: p.Amount, Currency: p.Currency}, payment.Opening{
		Way: p.Way, Language: "sv", Text: "Laddning", Return: "https://example.com/pay/1", Payer: p.Payer,
	})
	if err != nil {
		t.Fatalf("asking: %v", err)
	}
	return x.ID
}

// bind has a payment pay for a transaction.
func (p *play) bind(t failer, id string) {
	t.Helper()
	p.change(t, id, func(c *payment.Change) error {
		return c.Bind("x-"+id, payment.Cause{Kind: payment.ByStation, ID: "x-" + id})
	})
}

// owe issues a charge record.
func (p *play) owe(t failer, id string, due int64) {
	t.Helper()
	p.change(t, id, func(c *payment.Change) error {
		c.Owe(due, payment.Cause{Kind: payment.ByRecord, ID: "r"})
		return nil
	})
}

// release gives a payment up.
func (p *play) release(t failer, id string) {
	t.Helper()
	p.change(t, id, func(c *payment.Change) error { return c.Release(payment.Cause{Kind: payment.ByPerson}) })
}

// hear takes in what the provider has told.
func (p *play) hear(t failer, list []Message) {
	t.Helper()
	for _, m := range list {
		hints, err := p.Provider.(payment.Remote).Verify(context.Background(), m.Header, m.Body)
		if err != nil {
			t.Fatalf("a true message is refused: %v: %s", err, m.Body)
		}
		if err := p.Hear(context.Background(), p.Provider.Name(), hints); err != nil {
			t.Fatalf("hearing: %v", err)
		}
	}
}

// drain lets everything come to its end with a provider that answers.
func (p *play) drain(t failer) {
	t.Helper()
	p.Sim.Fail(None)
	p.crash.set(-1)
	var list []payment.Operation
	for range 40 {
		p.step(t)
		p.hear(t, p.Sim.Told())
		p.step(t)
		var err error
		list, err = p.World.Store.WaitingOperations(context.Background(), p.time().Add(time.Hour), 10)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if len(list) == 0 {
			return
		}
		p.wait(11 * time.Minute)
	}
	t.Fatalf("operations never end: %+v", list)
}

// deal is what the provider has of a payment in all. That no more than one deal came about is checked.
func (p *play) deal(t failer, id string) (d Deal) {
	t.Helper()
	came := 0
	for _, x := range p.Sim.Deals(id) {
		if x.Authorised > 0 {
			came++
		}
		d = Deal{x.Ref, d.Authorised + x.Authorised, d.Held + x.Held, d.Captured + x.Captured, d.Refunded + x.Refunded}
	}
	if came > 1 {
		t.Errorf("the customer has paid %d times: %+v", came, p.Sim.Deals(id))
	}
	return d
}

// check holds a payment to what must be true at any time.
func (p *play) check(t failer, id string) {
	t.Helper()
	d, x := p.deal(t, id), p.payment(t, id)
	switch {
	case d.Captured > d.Authorised, d.Held+d.Captured > d.Authorised:
		t.Errorf("more was captured than set aside: %+v", d)
	case d.Refunded > d.Captured:
		t.Errorf("more was refunded than captured: %+v", d)
	case d.Authorised > p.Amount:
		t.Errorf("more was asked for than wanted: %+v", d)
	case x.Captured > x.Authorised, x.Refunded > x.Captured:
		t.Errorf("the payment is %+v", x)
	case x.Captured > d.Captured, x.Refunded > d.Refunded:
		t.Errorf("the payment has what the provider has not: %+v, %+v", x, d)
	}
}

// ended holds a payment that has come to its end to what is due.
func (p *play) ended(t failer, id string, due int64, states ...payment.State) payment.Payment {
	t.Helper()
	p.check(t, id)
	d, x := p.deal(t, id), p.payment(t, id)
	ops, err := p.World.Store.Operations(context.Background(), id)
	if err != nil {
		t.Fatalf("%v", err)
	}
	wrong := func(why string) {
		t.Helper()
		t.Errorf("%s: due is %d, the provider has %+v, the payment is %+v with %+v", why, due, d, x, ops)
	}
	switch {
	case d.Captured != x.Captured || d.Refunded != x.Refunded:
		wrong("the provider has other amounts")
	case d.Held != 0 || x.Held != 0:
		wrong("something is still set aside")
	case x.Due != due:
		wrong("another amount is due")
	}
	switch x.State {
	case payment.Settled, payment.Released:
		if x.Paid()-x.Kept != due || x.Kept < 0 || x.Kept > 0 && x.Kept >= p.caps.MinRefund {
			wrong("it is not paid")
		}
	case payment.SettledShort:
		if x.Paid() >= due {
			wrong("it is not short")
		}
	case payment.DeclinedNow, payment.Abandoned: // what the customer may have confirmed meanwhile has gone back
		if d.Captured != d.Refunded || due != 0 {
			wrong("it was paid")
		}
	case payment.Review: // somebody was told
		if x.Reason == "" {
			wrong("nobody knows why")
		}
	default:
		wrong("it is not at its end")
	}
	for _, s := range states {
		if x.State == s {
			return x
		}
	}
	if len(states) > 0 {
		wrong(fmt.Sprintf("it should be one of %v", states))
	}
	return x
}
