package payment

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"gnista"
)

// Told is a [Hint] that was taken in. The same message of a provider is taken in once, however often it comes.
type Told struct {
	Provider   string
	ID         string // of the message
	Ref        string // of the payment
	State      HintState
	Payment    string // id of the payment that was read for it
	Note       string // why it still waits, or was passed over
	Attempt    int    // how often it was tried
	ReceivedAt time.Time
	NextAt     time.Time // when it is tried again
	DoneAt     time.Time
}

// HintState is how far a hint is.
type HintState string

// The states of hints.
const (
	HintWaiting HintState = "waiting" // to have its payment read
	HintDone    HintState = "done"    // it was read
	HintPassed  HintState = "passed"  // no payment of ours is called so
	HintGivenUp HintState = "given-up"
)

// HintKey names a hint.
type HintKey struct{ Provider, ID string }

// Key is the key of the hint.
func (t Told) Key() HintKey { return HintKey{t.Provider, t.ID} }

// HintStore keeps hints.
type HintStore interface {
	// TakeHints stores hints that are new, in one commit that holds up no others, and tells how many those are.
	TakeHints(ctx context.Context, list []Told) (int, error)
	// WaitingHints lists those that may be tried at a time, the oldest first.
	WaitingHints(ctx context.Context, at time.Time, limit int) ([]Told, error)
	// FollowHints is ChangePayment that within the same SQL transaction marks hints as done, if f says that they
	// are. Where none of them waits any more f is not run. NotFound.
	FollowHints(ctx context.Context, payment string, keys []HintKey, now time.Time, f func(*Change) bool) error
	// PutOffHints stores State, Note, Attempt, NextAt and DoneAt of hints that still wait.
	PutOffHints(ctx context.Context, list []Told) error
	// Hints lists hints, the newest first. before is the key of one; only those behind it are listed.
	Hints(ctx context.Context, f HintFilter) ([]Told, error)
	// Backlog tells for each provider what waits.
	Backlog(ctx context.Context) ([]Backlog, error)
	// PruneHints forgets those that were done before a time.
	PruneHints(ctx context.Context, before time.Time) error
}

// HintFilter selects hints for a list.
type HintFilter struct {
	Provider string    // empty is any
	State    HintState // empty is any
	Before   time.Time // only those that were received before; zero is any
	BeforeID string    // and of those that were received then only lower ids
	Limit    int
}

// Backlog is what waits of a provider's hints.
type Backlog struct {
	Provider string
	Waiting  int
	Oldest   time.Time
}

// How hints are taken in and tried.
const (
	hintBatch   = 128 // that are taken in by one commit
	hintQueue   = 4096
	hintLook    = 512 // that one look takes up
	hintsAtOnce = 16
	// A provider that is down is tried for longer than an hour, and then until somebody looks at it, seldom.
	longestHint = 2 * time.Minute
	giveUpAfter = 72 * time.Hour
	// The answer to what we asked may come after what it led to.
	unknownFor = 5 * time.Minute
	busyPause  = time.Second
	// KeptHints is how long hints are known after they were done; providers send them again for days.
	KeptHints = 30 * 24 * time.Hour
)

// Inbox takes in what providers tell by themselves. What it has taken in is on disk, and is acted on after.
type Inbox struct {
	Store     HintStore
	Providers Providers
	Wake      func() // after something new was taken in
	Now       func() time.Time
	NewID     func() string

	once    sync.Once
	waiting chan told
	refused atomic.Int64
}

type told struct {
	list []Told
	done chan error
}

// HookSecret is the header in which [Remote.Verify] finds the secret part of the address that a message was sent
// to, where the provider signs nothing.
const HookSecret = "Gnista-Hook-Secret"

// Refuse counts a message that was refused before it was looked at.
func (b *Inbox) Refuse() { b.refused.Add(1) }

// Refused is how many messages could not be proven to come from a provider, since the start.
func (b *Inbox) Refused() int64 { return b.refused.Load() }

// Knows tells whether a provider may tell something.
func (b *Inbox) Knows(provider string) bool {
	_, ok := b.Providers[provider].(Remote)
	return ok
}

// Take takes in a message of a provider; it returns when what it says is on disk. NotFound where there is no such
// provider, Invalid where it does not come from it. Run must run.
func (b *Inbox) Take(ctx context.Context, provider string, h http.Header, body []byte) error {
	remote, ok := b.Providers[provider].(Remote)
	if !ok {
		return gnista.Errorf(gnista.NotFound, "%q tells nothing by itself", provider)
	}
	hints, err := remote.Verify(ctx, h, body)
	if err != nil {
		if gnista.CodeOf(err) == gnista.Invalid {
			b.refused.Add(1)
		}
		return err
	}
	now := b.Now()
	var list []Told
	for _, x := range hints {
		if x.ID == "" { // then each counts
			x.ID = b.NewID()
		}
		list = append(list, Told{Provider: provider, ID: x.ID, Ref: x.Ref, State: HintWaiting, ReceivedAt: now, NextAt: now})
	}
	if len(list) == 0 {
		return nil
	}
	t := told{list, make(chan error, 1)}
	select {
	case b.queue() <- t:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-t.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (b *Inbox) queue() chan told {
	b.once.Do(func() { b.waiting = make(chan told, hintQueue) })
	return b.waiting
}

// Run writes what comes in, many messages in one commit, until ctx ends.
func (b *Inbox) Run(ctx context.Context) {
	for {
		var group []told
		select {
		case <-ctx.Done():
			return
		case t := <-b.queue():
			group = append(group, t)
		}
		list := group[0].list
		for more := true; more && len(list) < hintBatch; {
			select {
			case t := <-b.queue():
				group, list = append(group, t), append(list, t.list...)
			default:
				more = false
			}
		}
		n, err := b.Store.TakeHints(ctx, list)
		for _, t := range group {
			t.done <- err
		}
		if n > 0 && err == nil {
			b.Wake()
		}
	}
}

// Follower reads the payments that hints are about.
type Follower struct {
	*Payments
	Hints HintStore
	Wake  func() // when operations are to be looked at
	Log   *slog.Logger
}

// Run follows hints until ctx ends. A nudge makes it look at once.
func (f *Follower) Run(ctx context.Context, nudge <-chan struct{}) {
	var last time.Time // when there was something
	for ctx.Err() == nil {
		n, err := f.Step(ctx)
		pause := idlePause
		switch {
		case err != nil:
			if ctx.Err() == nil {
				f.Log.Error("hints of providers could not be read and are tried again", "err", err)
			}
			pause = failPause
		case n == hintLook:
			continue
		case n > 0:
			last, pause = f.Now(), askPause
		case f.Now().Sub(last) < longestHint: // some of it may have been put off
			pause = busyPause
		}
		select {
		case <-ctx.Done():
		case <-nudge:
		case <-time.After(pause):
		}
	}
}

// Step follows the hints that wait, and tells how many those were.
func (f *Follower) Step(ctx context.Context) (int, error) {
	list, err := f.Hints.WaitingHints(ctx, f.Now(), hintLook)
	if err != nil {
		return 0, err
	}
	// What is told of one payment many times is one reading.
	type subject struct{ provider, ref string }
	about := map[subject][]Told{}
	var order []subject
	for _, t := range list {
		s := subject{t.Provider, t.Ref}
		if about[s] == nil {
			order = append(order, s)
		}
		about[s] = append(about[s], t)
	}
	var running sync.WaitGroup
	room := make(chan struct{}, hintsAtOnce)
	for _, s := range order {
		room <- struct{}{}
		running.Go(func() {
			defer func() { <-room }()
			if err := f.follow(ctx, s.provider, s.ref, about[s]); err != nil && ctx.Err() == nil {
				f.Log.Error("hints of a provider were not followed", "provider", s.provider, "ref", s.ref, "err", err)
			}
		})
	}
	running.Wait()
	return len(list), nil
}

// follow reads a payment that hints are about.
func (f *Follower) follow(ctx context.Context, provider, ref string, list []Told) error {
	now := f.Now()
	p, err := f.Store.PaymentByRef(ctx, provider, ref)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		if ours, err := f.mandate(ctx, provider, ref); err != nil {
			return f.fail(ctx, list, err)
		} else if ours {
			for i := range list {
				list[i].State, list[i].DoneAt = HintDone, now
			}
			return f.Hints.PutOffHints(ctx, list)
		}
		for i, t := range list {
			t.Note = "no payment of ours is called so"
			if now.Sub(t.ReceivedAt) >= unknownFor {
				t.State, t.DoneAt = HintPassed, now
			}
			list[i] = t
		}
		return f.putOff(ctx, list)
	}
	if err != nil {
		return err
	}
	remote, ok := f.Providers[provider].(Remote)
	if !ok {
		return f.fail(ctx, list, fmt.Errorf("%q is not set up", provider))
	}
	s, err := fetch(ctx, remote, p)
	if err != nil {
		return f.fail(ctx, list, err)
	}
	if err := f.dispute(ctx, p); err != nil {
		return f.fail(ctx, list, fmt.Errorf("reading disputes: %w", err))
	}
	keys := make([]HintKey, len(list))
	for i, t := range list {
		keys[i] = t.Key()
	}
	busy, woken := false, false
	err = f.Hints.FollowHints(ctx, p.ID, keys, f.Now(), func(c *Change) bool {
		busy, woken = c.Hear(p, s, Cause{ByHint, list[0].ID})
		return !busy
	})
	switch {
	case err != nil:
		return err
	case busy:
		for i := range list {
			list[i].Note, list[i].NextAt = "the payment was being changed", now.Add(busyPause)
		}
		return f.Hints.PutOffHints(ctx, list)
	case woken:
		f.Wake()
	}
	return nil
}

// Hear reads payments now, whatever is said of them, as when a customer comes back from the provider and its own
// message is not there yet. One that is not ours is passed over, as is one with an operation under way. Unsupported.
func (p *Payments) Hear(ctx context.Context, provider string, hints []Hint) error {
	remote, ok := p.Providers[provider].(Remote)
	if !ok {
		return gnista.Errorf(gnista.Unsupported, "%q tells nothing by itself", provider)
	}
	for _, h := range hints {
		x, err := p.Store.PaymentByRef(ctx, provider, h.Ref)
		if gnista.CodeOf(err) == gnista.NotFound && err != nil {
			if _, err := p.mandate(ctx, provider, h.Ref); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if err := p.read(ctx, remote, x, Cause{ByHint, h.ID}); err != nil {
			return err
		}
		if err := p.dispute(ctx, x); err != nil {
			return fmt.Errorf("reading disputes of payment %s: %w", x.ID, err)
		}
	}
	return nil
}

// read takes in what a provider says of a payment.
func (p *Payments) read(ctx context.Context, r Remote, x Payment, cause Cause) error {
	s, err := fetch(ctx, r, x)
	if err != nil {
		return err
	}
	_, err = p.Change(ctx, x.ID, func(c *Change) error { c.Hear(x, s, cause); return nil })
	return err
}

// mandate reads a mandate of which something was told, and tells whether it is ours.
func (p *Payments) mandate(ctx context.Context, provider, ref string) (bool, error) {
	if p.Mandates == nil {
		return false, nil
	}
	return p.Mandates.Hear(ctx, provider, ref)
}

func fetch(ctx context.Context, r Remote, p Payment) (Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	s, err := r.Fetch(ctx, p)
	if err != nil {
		return s, fmt.Errorf("reading payment %s: %w", p.ID, err)
	}
	return s, nil
}

// Hear takes in what the provider says of the payment, which was was when it was read. It is busy when that may
// be older than what is known, or when an operation is under way that will tell; woken tells that there is one to
// be looked at.
func (c *Change) Hear(was Payment, s Snapshot, cause Cause) (busy, woken bool) {
	switch {
	case c.Moves != was.Moves || c.Captured != was.Captured || c.Refunded != was.Refunded || c.Held != was.Held:
		return true, false
	case c.Op == nil:
		c.Observe(s, cause)
		return false, c.Op != nil
	case c.Op.State == Unknown: // now it may be known
		c.Op.NextAt = c.Now
		return false, true
	}
	return true, false
}

// fail puts hints off that could not be followed.
func (f *Follower) fail(ctx context.Context, list []Told, why error) error {
	now := f.Now()
	for i, t := range list {
		t.Note = why.Error()
		if now.Sub(t.ReceivedAt) >= giveUpAfter {
			t.State, t.DoneAt = HintGivenUp, now
		}
		list[i] = t
	}
	return f.putOff(ctx, list)
}

func (f *Follower) putOff(ctx context.Context, list []Told) error {
	for i, t := range list {
		t.Attempt++
		t.NextAt = f.Now().Add(min(longestHint, time.Second<<min(t.Attempt-1, 20)))
		list[i] = t
	}
	return f.Hints.PutOffHints(ctx, list)
}

// Forget forgets hints that were done long ago.
func (f *Follower) Forget(ctx context.Context) error {
	return f.Hints.PruneHints(ctx, f.Now().Add(-KeptHints))
}
