package payment_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"gnista"
	"gnista/payment"
)

// post is an inbox and who follows what comes into it.
type post struct {
	*system
	inbox    *payment.Inbox
	follower *payment.Follower
	woken    int
}

func newPost(t *testing.T) *post {
	p := &post{system: newSystem(t)}
	p.inbox = &payment.Inbox{Store: p.db, Providers: p.Providers, Wake: func() {}, Now: func() time.Time { return p.now }, NewID: p.NewID}
	p.follower = &payment.Follower{Payments: p.Payments, Hints: p.db, Wake: func() { p.woken++ }, Log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); p.inbox.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return p
}

func (p *post) tell(t *testing.T, id, ref string) {
	t.Helper()
	if err := p.inbox.Take(t.Context(), "bank", http.Header{"Signature": {"bank"}, "Id": {id}}, []byte(ref)); err != nil {
		t.Fatal(err)
	}
}

func (p *post) follow(t *testing.T, want int) {
	t.Helper()
	if n, err := p.follower.Step(t.Context()); err != nil || n != want {
		t.Fatalf("followed %d, %v; want %d", n, err, want)
	}
}

// states counts the hints in each state.
func (p *post) states(t *testing.T) string {
	t.Helper()
	list, err := p.db.Hints(t.Context(), payment.HintFilter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	count := map[payment.HintState]int{}
	for _, h := range list {
		count[h.State]++
	}
	return fmt.Sprintf("%d waiting, %d done, %d passed, %d given up", count[payment.HintWaiting], count[payment.HintDone], count[payment.HintPassed], count[payment.HintGivenUp])
}

func (p *post) want(t *testing.T, states string) {
	t.Helper()
	if got := p.states(t); got != states {
		t.Errorf("got %s, want %s", got, states)
	}
}

func held(t *testing.T, p *post) payment.Payment {
	t.Helper()
	x, err := p.Hold(t.Context(), "bank", "a", gnista.Money{Amount: 1000, Currency: "SEK"})
	if err != nil {
		t.Fatal(err)
	}
	p.step(t)
	return p.payment(t, x.ID)
}

// What a provider tells is followed once, however often it comes; what it does not tell is refused.
func TestInbox(t *testing.T) {
	p := newPost(t)
	x := held(t, p)
	p.bank.deals[x.ID].Held = 0 // somebody released it there
	for _, id := range []string{"1", "2", "1", "1"} {
		p.tell(t, id, x.Ref)
	}
	p.want(t, "2 waiting, 0 done, 0 passed, 0 given up")
	if got := p.payment(t, x.ID); got.Held != 1000 {
		t.Errorf("a hint alone has changed %+v", got)
	}
	p.follow(t, 2)
	p.want(t, "0 waiting, 2 done, 0 passed, 0 given up")
	if got := p.payment(t, x.ID); got.Held != 0 {
		t.Errorf("got %+v", got)
	}
	p.bank.deals[x.ID].Held = 500
	p.tell(t, "1", x.Ref) // again, later
	p.follow(t, 0)
	if got := p.payment(t, x.ID); got.Held != 0 {
		t.Errorf("a hint that was done has changed %+v", got)
	}
	if err := p.inbox.Take(t.Context(), "bank", http.Header{}, []byte(x.Ref)); gnista.CodeOf(err) != gnista.Invalid {
		t.Errorf("forged: %v", err)
	}
	if err := p.inbox.Take(t.Context(), "none", http.Header{}, nil); gnista.CodeOf(err) != gnista.NotFound {
		t.Errorf("unknown provider: %v", err)
	}
	if p.inbox.Refused() != 1 || p.inbox.Knows("none") || !p.inbox.Knows("bank") {
		t.Errorf("refused %d", p.inbox.Refused())
	}
	p.want(t, "0 waiting, 2 done, 0 passed, 0 given up")
}

// A payment that is not known yet may become known; one that never is, is passed over.
func TestHintOfNoPayment(t *testing.T) {
	p := newPost(t)
	p.tell(t, "1", "bank-unknown")
	p.follow(t, 1)
	p.want(t, "1 waiting, 0 done, 0 passed, 0 given up")
	p.follow(t, 0) // not before its time
	p.now = p.now.Add(5 * time.Minute)
	p.follow(t, 1)
	p.want(t, "0 waiting, 0 done, 1 passed, 0 given up")
}

// down is a bank that cannot be read.
type down struct {
	*bank
	err error
}

func (d *down) Fetch(ctx context.Context, x payment.Payment) (payment.Snapshot, error) {
	if d.err != nil {
		return payment.Snapshot{}, d.err
	}
	return d.bank.Fetch(ctx, x)
}

// A provider that is down for an hour loses nothing.
func TestHintsWhileProviderIsDown(t *testing.T) {
	p := newPost(t)
	x := held(t, p)
	d := &down{p.bank, errors.New("no route")}
	p.Providers["bank"] = d
	p.bank.deals[x.ID].Held = 0
	p.tell(t, "1", x.Ref)
	tries := 0
	for range 60 {
		n, err := p.follower.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tries += n
		p.now = p.now.Add(time.Minute)
	}
	if back, err := p.db.Backlog(t.Context()); err != nil || len(back) != 1 || back[0].Waiting != 1 || p.now.Sub(back[0].Oldest) != time.Hour {
		t.Errorf("got %+v, %v", back, err)
	}
	if tries < 20 || tries > 60 {
		t.Errorf("tried %d times in an hour", tries)
	}
	d.err = nil
	p.now = p.now.Add(2 * time.Minute)
	p.follow(t, 1)
	p.want(t, "0 waiting, 1 done, 0 passed, 0 given up")
	if got := p.payment(t, x.ID); got.Held != 0 {
		t.Errorf("got %+v", got)
	}
	d.err = errors.New("gone for good")
	p.tell(t, "2", x.Ref)
	p.now = p.now.Add(72 * time.Hour)
	p.follow(t, 1)
	p.want(t, "0 waiting, 1 done, 0 passed, 1 given up")
	p.now = p.now.Add(payment.KeptHints + time.Second)
	if err := p.follower.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.want(t, "0 waiting, 0 done, 0 passed, 0 given up")
}

// While an operation is under way that will tell, a hint waits; where its outcome is not known, it is looked at now.
func TestHintBesideOperation(t *testing.T) {
	p := newPost(t)
	x := held(t, p)
	p.change(t, x.ID, func(c *payment.Change) error { return c.Release(payment.Cause{Kind: payment.ByPerson}) })
	p.tell(t, "1", x.Ref)
	p.follow(t, 1)
	p.want(t, "1 waiting, 0 done, 0 passed, 0 given up")
	p.bank.next = after // done, and the answer is lost
	p.step(t)
	p.now = p.now.Add(time.Second)
	p.follow(t, 1)
	p.want(t, "0 waiting, 1 done, 0 passed, 0 given up")
	if p.woken != 1 {
		t.Errorf("woken %d times", p.woken)
	}
	p.step(t)
	if got := p.payment(t, x.ID); got.State != payment.Released || got.Held != 0 {
		t.Errorf("got %+v", got)
	}
}
