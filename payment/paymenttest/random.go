package paymenttest

import (
	"context"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista/payment"
)

// Random plays a payment in any order with any faults, again and again.
func Random(t *testing.T, make New) {
	p := newPlay(t, make)
	rapid.Check(t, func(t *rapid.T) { p.random(t) })
}

func (p *play) random(t *rapid.T) {
	p.Sim.Fail(None)
	p.crash.set(-1)
	p.Sim.Told()
	id, due, bound, released := p.ask(t), int64(0), false, false
	var told []Message
	ctx := context.Background()
	faulty := func(f Fault) func(*rapid.T) {
		return func(t *rapid.T) { p.Sim.Fail(f); p.step(t); p.Sim.Fail(None) }
	}
	t.Repeat(map[string]func(*rapid.T){
		"work":        faulty(None),
		"lose before": faulty(LostBefore),
		"lose after":  faulty(LostAfter),
		"fail":        faulty(Failing),
		"crash": func(t *rapid.T) {
			p.crash.set(rapid.IntRange(0, 1).Draw(t, "after"))
			p.Step(ctx)
			p.crash.set(-1)
		},
		"two workers": func(t *rapid.T) {
			var both sync.WaitGroup
			for range 2 {
				both.Go(func() { p.Step(ctx) })
			}
			both.Wait()
		},
		"wait": func(t *rapid.T) {
			p.wait(time.Duration(rapid.Int64Range(1, 900).Draw(t, "seconds")) * time.Second)
		},
		"long wait": func(t *rapid.T) { p.wait(25 * time.Hour) },
		"confirm":   func(t *rapid.T) { p.Sim.Confirm(p.payment(t, id).Ref) },
		"decline":   func(t *rapid.T) { p.Sim.Decline(p.payment(t, id).Ref) },
		"tell": func(t *rapid.T) {
			told = append(told, p.Sim.Told()...)
			p.hear(t, told)
		},
		"tell one": func(t *rapid.T) {
			told = append(told, p.Sim.Told()...)
			if len(told) == 0 {
				t.Skip("nothing was told")
			}
			i := rapid.IntRange(0, len(told)-1).Draw(t, "which")
			p.hear(t, told[i:i+1])
		},
		"bind": func(t *rapid.T) {
			_, err := p.Change(ctx, id, func(c *payment.Change) error { return c.Bind("x-"+id, payment.Cause{Kind: payment.ByStation}) })
			bound = bound || err == nil
			if err == nil && released {
				t.Errorf("it is bound though it was given up")
			}
		},
		"bind another": func(t *rapid.T) {
			if !bound {
				t.Skip("it is bound to none")
			}
			if _, err := p.Change(ctx, id, func(c *payment.Change) error { return c.Bind("y-"+id, payment.Cause{}) }); err == nil {
				t.Errorf("it pays for two transactions")
			}
		},
		"owe": func(t *rapid.T) {
			if !bound {
				t.Skip("nothing can be due")
			}
			due = max(0, rapid.SampledFrom([]int64{0, 1, p.caps.MinAmount, p.Amount / 2, p.Amount - 1, p.Amount - p.caps.MinRefund, p.Amount, p.Amount + 1, 2 * p.Amount}).Draw(t, "due"))
			p.owe(t, id, due)
		},
		"release": func(t *rapid.T) {
			_, err := p.Change(ctx, id, func(c *payment.Change) error { return c.Release(payment.Cause{Kind: payment.ByPerson}) })
			released = released || err == nil
		},
		"retry": func(t *rapid.T) { p.Retry(ctx, id) },
		"sweep": func(t *rapid.T) { p.sweep(t) },
		"":      func(t *rapid.T) { p.check(t, id) },
	})
	if p.ByWord { // so it tells again
		p.hear(t, told)
	}
	p.drain(t)
	if !bound {
		p.wait(payment.AskedFor)
		p.sweep(t)
		p.drain(t)
		if x := p.payment(t, id); x.State == payment.Held || x.State == payment.Prepaid || x.State == payment.HoldExpired {
			p.release(t, id)
			p.drain(t)
		}
	}
	if x := p.payment(t, id); bound && x.Revision == 0 {
		p.owe(t, id, due)
		p.drain(t)
	}
	p.ended(t, id, due)
}
