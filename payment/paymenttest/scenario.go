package paymenttest

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"gnista"
	"gnista/payment"
)

// Run plays the scenarios one by one.
func Run(t *testing.T, make New) {
	p := newPlay(t, make)
	for _, s := range []struct {
		name string
		play func(*testing.T)
	}{
		{"what is due is taken and the rest goes back", p.exact},
		{"nothing is due", p.nothing},
		{"all, more and less than can be moved", p.limits},
		{"declined", p.declined},
		{"given up by the customer", p.abandoned},
		{"given up by us", p.released},
		{"confirmed while it is given up", p.raced},
		{"told by nobody", p.untold},
		{"told again, late and in any order", p.retold},
		{"told by somebody else", p.forged},
		{"lost requests and answers", p.lost},
		{"two crashes", p.crashed},
		{"a hold that ends", p.expired},
		{"corrections after it was settled", p.corrected},
		{"what it cannot be asked for", p.refused},
	} {
		t.Run(s.name, s.play)
	}
}

// paid makes a payment that the customer has confirmed.
func (p *play) paid(t failer) string {
	t.Helper()
	id := p.ask(t)
	p.drain(t)
	x := p.payment(t, id)
	a, err := p.World.Store.Action(context.Background(), id)
	if x.State != payment.Awaiting || x.Ref == "" || a.Kind == "" || err != nil {
		t.Fatalf("the customer is not asked: %+v, %v", x, err)
	}
	if err := p.Sim.Confirm(x.Ref); err != nil {
		t.Fatalf("confirming: %v", err)
	}
	p.hear(t, p.Sim.Told())
	p.confirmed(t, id)
	return id
}

func (p *play) confirmed(t failer, id string) {
	t.Helper()
	x := p.payment(t, id)
	switch {
	case p.Way == payment.ByHold && (x.State != payment.Held || x.Held != p.Amount || x.Authorised != p.Amount),
		p.Way == payment.ByPrepay && (x.State != payment.Prepaid || x.Captured != p.Amount || x.Authorised != p.Amount):
		t.Fatalf("it is not known that the customer has confirmed: %+v", x)
	}
}

// charged makes a payment for which a charge record was issued.
func (p *play) charged(t failer, due int64) string {
	t.Helper()
	id := p.paid(t)
	p.bind(t, id)
	p.owe(t, id, due)
	return id
}

// some is an amount that is moved, with a rest that is moved too.
func (p *play) some() int64 { return p.Amount/2 - 13 }

func (p *play) exact(t *testing.T) {
	id := p.charged(t, p.some())
	p.drain(t)
	p.ended(t, id, p.some(), payment.Settled)
	if moves, err := p.World.Store.Transitions(t.Context(), id); err != nil || len(moves) < 4 {
		t.Errorf("its history is %+v, %v", moves, err)
	}
}

func (p *play) nothing(t *testing.T) {
	id := p.charged(t, 0)
	p.drain(t)
	p.ended(t, id, 0, payment.Released)
	if d := p.deal(t, id); p.Way == payment.ByHold && d.Captured != 0 {
		t.Errorf("something was captured: %+v", d)
	}
}

func (p *play) limits(t *testing.T) {
	id := p.charged(t, p.Amount)
	p.drain(t)
	p.ended(t, id, p.Amount, payment.Settled)

	id = p.charged(t, p.Amount+500)
	p.drain(t)
	if x := p.ended(t, id, p.Amount+500, payment.SettledShort); x.Paid() != p.Amount {
		t.Errorf("%d was paid", x.Paid())
	}
	if least := p.caps.MinAmount; p.Way == payment.ByHold && least > 1 {
		id = p.charged(t, least-1)
		p.drain(t)
		if x := p.ended(t, id, least-1, payment.SettledShort); x.Captured != 0 {
			t.Errorf("%d was captured", x.Captured)
		}
	}
	if least := p.caps.MinRefund; p.Way == payment.ByPrepay && least > 1 {
		id = p.charged(t, p.Amount-least+1)
		p.drain(t)
		if x := p.ended(t, id, p.Amount-least+1, payment.Settled); x.Kept != least-1 || x.Refunded != 0 {
			t.Errorf("%d was kept and %d given back", x.Kept, x.Refunded)
		}
		if err := p.Hear(context.Background(), p.Provider.Name(), []payment.Hint{{ID: "late", Ref: p.payment(t, id).Ref}}); err != nil {
			t.Error(err)
		}
		p.ended(t, id, p.Amount-least+1, payment.Settled)
		p.owe(t, id, p.Amount-least) // a correction makes it enough
		p.drain(t)
		if x := p.ended(t, id, p.Amount-least, payment.Settled); x.Kept != 0 || x.Refunded != least {
			t.Errorf("%d was kept and %d given back", x.Kept, x.Refunded)
		}
	}
}

func (p *play) declined(t *testing.T) {
	id := p.ask(t)
	p.drain(t)
	ref := p.payment(t, id).Ref
	if err := p.Sim.Decline(ref); err != nil {
		t.Fatal(err)
	}
	p.hear(t, p.Sim.Told())
	if x := p.payment(t, id); x.State == payment.Awaiting { // who may try again with the same provider's page, until it is given up
		p.release(t, id)
		p.drain(t)
	}
	p.ended(t, id, 0, payment.DeclinedNow, payment.Abandoned)
	p.gone(t, id)
}

// gone wants a payment that cannot be paid any more, nor be bound.
func (p *play) gone(t *testing.T, id string) {
	t.Helper()
	x := p.payment(t, id)
	if x.Ref != "" && p.Sim.Confirm(x.Ref) == nil {
		p.hear(t, p.Sim.Told())
		p.drain(t)
		p.ended(t, id, 0, payment.Released, payment.Abandoned) // it went back
	}
	_, err := p.Change(t.Context(), id, func(c *payment.Change) error { return c.Bind("x", payment.Cause{}) })
	if gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("it is bound: %v", err)
	}
	if a, err := p.World.Store.Action(t.Context(), id); a != (payment.Action{}) || err != nil {
		t.Errorf("the customer can still do something: %v", err)
	}
}

func (p *play) abandoned(t *testing.T) {
	id := p.ask(t)
	p.drain(t)
	p.sweep(t)
	if x := p.payment(t, id); x.State != payment.Awaiting {
		t.Errorf("it is given up too soon: %+v", x)
	}
	p.wait(payment.AskedFor)
	p.sweep(t)
	p.drain(t)
	p.ended(t, id, 0, payment.Abandoned, payment.DeclinedNow)
	p.gone(t, id)

	x, err := p.Ask(t.Context(), p.Provider.Name(), "", gnista.Money{Amount: p.Amount, Currency: p.Currency}, payment.Opening{Way: p.Way, Language: "sv", Within: 2 * payment.AskedFor})
	if err != nil {
		t.Fatal(err)
	}
	for _, closing := range []bool{false, true} { // whether it was sent or not
		p.wait(payment.AskedFor)
		p.sweep(t)
		if x := p.payment(t, x.ID); x.Closing != closing || (x.State == payment.Abandoned) != closing {
			t.Errorf("its customer has longer: %+v", x)
		}
	}
}

func (p *play) released(t *testing.T) {
	never := p.ask(t)
	p.release(t, never)
	p.drain(t)
	p.ended(t, never, 0, payment.Abandoned)
	if list := p.Sim.Deals(never); len(list) != 0 {
		t.Errorf("it was asked for: %+v", list)
	}

	before := p.ask(t)
	p.drain(t)
	p.release(t, before)
	p.drain(t)
	p.ended(t, before, 0, payment.Abandoned, payment.DeclinedNow)
	p.gone(t, before)

	after := p.paid(t)
	p.release(t, after)
	p.drain(t)
	p.ended(t, after, 0, payment.Released)
	p.gone(t, after)
}

func (p *play) raced(t *testing.T) {
	for _, first := range []string{"customer", "message", "us"} {
		id := p.ask(t)
		p.drain(t)
		ref := p.payment(t, id).Ref
		switch first {
		case "customer": // and we do not know yet
			if err := p.Sim.Confirm(ref); err != nil {
				t.Fatal(err)
			}
			p.release(t, id)
		case "message": // which comes while we give it up
			if err := p.Sim.Confirm(ref); err != nil {
				t.Fatal(err)
			}
			p.release(t, id)
			p.hear(t, p.Sim.Told())
		case "us": // and the answer is lost
			p.release(t, id)
			p.Sim.Fail(LostAfter)
			p.step(t)
			p.Sim.Confirm(ref)
		}
		if _, err := p.Change(t.Context(), id, func(c *payment.Change) error { return c.Bind("x", payment.Cause{}) }); gnista.CodeOf(err) != gnista.Conflict {
			t.Errorf("%s: it is bound while it is given up: %v", first, err)
		}
		p.drain(t)
		p.ended(t, id, 0, payment.Released, payment.Abandoned, payment.DeclinedNow)
	}
}

func (p *play) untold(t *testing.T) {
	if p.ByWord {
		t.Skip("what it has not told is not known")
	}
	id := p.ask(t)
	p.drain(t)
	if err := p.Sim.Confirm(p.payment(t, id).Ref); err != nil {
		t.Fatal(err)
	}
	p.Sim.Told() // is lost
	p.wait(time.Minute)
	p.sweep(t)
	p.confirmed(t, id)
	p.release(t, id)
	p.drain(t)
	p.ended(t, id, 0, payment.Released)
}

func (p *play) retold(t *testing.T) {
	id := p.ask(t)
	p.drain(t)
	var all []Message
	all = append(all, p.Sim.Told()...)
	if err := p.Sim.Confirm(p.payment(t, id).Ref); err != nil {
		t.Fatal(err)
	}
	told := p.Sim.Told()
	if len(told) == 0 {
		t.Fatal("nothing was told")
	}
	all = append(all, told...)
	p.hear(t, told)
	p.hear(t, told)
	p.confirmed(t, id)
	p.bind(t, id)
	p.hear(t, told)
	p.owe(t, id, p.some())
	p.hear(t, told)
	p.step(t)
	all = append(all, p.Sim.Told()...)
	slices.Reverse(all)
	p.hear(t, all)
	p.drain(t)
	p.hear(t, all)
	p.drain(t)
	p.ended(t, id, p.some(), payment.Settled)
}

func (p *play) forged(t *testing.T) {
	id := p.ask(t)
	p.drain(t)
	p.Sim.Told()
	if err := p.Sim.Confirm(p.payment(t, id).Ref); err != nil {
		t.Fatal(err)
	}
	for _, m := range p.Sim.Told() {
		for what, h := range map[string]http.Header{"no": {}, "another": spoiled(m.Header)} {
			if hints, err := p.Provider.(payment.Remote).Verify(t.Context(), h, m.Body); gnista.CodeOf(err) != gnista.Invalid || len(hints) != 0 {
				t.Errorf("with %s proof: %+v, %v", what, hints, err)
			}
		}
		if _, err := p.Provider.(payment.Remote).Verify(t.Context(), m.Header, []byte("{")); gnista.CodeOf(err) != gnista.Invalid {
			t.Errorf("nonsense: %v", err)
		}
	}
	if err := p.Hear(t.Context(), p.Provider.Name(), []payment.Hint{{ID: "1", Ref: "of nobody"}, {ID: "2"}}); err != nil {
		t.Error(err)
	}
	if x := p.payment(t, id); x.State != payment.Awaiting || x.Held != 0 || x.Captured != 0 {
		t.Errorf("it had an effect: %+v", x)
	}
	p.release(t, id)
	p.drain(t)
	p.ended(t, id, 0, payment.Released, payment.Abandoned)
}

// spoiled are headers with other values.
func spoiled(h http.Header) http.Header {
	out := http.Header{}
	for k, list := range h {
		for _, v := range list {
			b := []byte(v)
			if n := len(b) - 1; n >= 0 && k != "Content-Type" {
				if b[n]++; v[n] == 'f' || v[n] == '9' || v[n] == 'z' {
					b[n] = '0'
				}
			}
			out.Add(k, string(b))
		}
	}
	return out
}

func (p *play) lost(t *testing.T) {
	for name, f := range map[string]Fault{"before": LostBefore, "after": LostAfter, "failing": Failing} {
		t.Run(name, func(t *testing.T) {
			faulty := func() {
				for range 2 {
					p.Sim.Fail(f)
					p.step(t)
					p.wait(5 * time.Second)
				}
			}
			// The request to pay.
			id := p.ask(t)
			faulty()
			p.drain(t)
			if err := p.Sim.Confirm(p.payment(t, id).Ref); err != nil {
				t.Fatal(err)
			}
			p.hear(t, p.Sim.Told())
			p.confirmed(t, id)
			// What is due.
			p.bind(t, id)
			p.owe(t, id, p.some())
			faulty()
			p.drain(t)
			p.ended(t, id, p.some(), payment.Settled)
			// A refund after.
			p.owe(t, id, p.some()-1000)
			faulty()
			p.drain(t)
			p.ended(t, id, p.some()-1000, payment.Settled)
			// A release before and after it was confirmed.
			id = p.ask(t)
			p.drain(t)
			p.release(t, id)
			faulty()
			p.drain(t)
			p.ended(t, id, 0, payment.Abandoned, payment.DeclinedNow)
			id = p.paid(t)
			p.release(t, id)
			faulty()
			p.drain(t)
			p.ended(t, id, 0, payment.Released)
		})
	}
}

func (p *play) crashed(t *testing.T) {
	twice := func() {
		for _, after := range []int{1, 0} { // when it was sent, and before it is looked up
			p.crash.set(after)
			p.Step(t.Context())
			p.crash.set(-1)
			if err := p.World.Store.GiveUpOperations(t.Context(), p.time()); err != nil {
				t.Fatal(err)
			}
		}
	}
	id := p.ask(t)
	twice()
	p.drain(t)
	if err := p.Sim.Confirm(p.payment(t, id).Ref); err != nil {
		t.Fatal(err)
	}
	p.hear(t, p.Sim.Told())
	p.bind(t, id)
	p.owe(t, id, p.some())
	twice()
	p.drain(t)
	p.ended(t, id, p.some(), payment.Settled)
	p.owe(t, id, p.some()-2000)
	twice()
	twice()
	p.drain(t)
	p.ended(t, id, p.some()-2000, payment.Settled)
}

func (p *play) expired(t *testing.T) {
	id := p.paid(t)
	x := p.payment(t, id)
	if x.HeldUntil.IsZero() {
		t.Skip("it holds for ever")
	}
	bound := p.paid(t)
	p.bind(t, bound)
	p.wait(p.payment(t, bound).HeldUntil.Sub(p.time()))
	if _, err := p.Change(t.Context(), id, func(c *payment.Change) error { return c.Bind("x", payment.Cause{}) }); gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("it is bound though it has ended: %v", err)
	}
	p.owe(t, bound, p.some()) // also where nobody has noticed yet
	p.sweep(t)
	p.release(t, id)
	p.drain(t)
	p.ended(t, id, 0, payment.Released)
	if x := p.ended(t, bound, p.some(), payment.SettledShort); x.Paid() != 0 || x.Reason != "the hold has expired" {
		t.Errorf("got %+v", x)
	}
}

func (p *play) corrected(t *testing.T) {
	id := p.charged(t, p.some())
	p.drain(t)
	for _, due := range []int64{p.some() - 700, p.some() - 1500, p.some() - 1500} {
		p.owe(t, id, due)
		p.drain(t)
		p.ended(t, id, due, payment.Settled)
	}
	p.owe(t, id, p.some()) // what went back is not taken again
	p.drain(t)
	p.ended(t, id, p.some(), payment.SettledShort)
	p.owe(t, id, 0)
	p.drain(t)
	if x := p.ended(t, id, 0); x.Paid() != 0 {
		t.Errorf("got %+v", x)
	}
}

func (p *play) refused(t *testing.T) {
	for _, m := range []gnista.Money{{Amount: 0, Currency: p.Currency}, {Amount: p.caps.MinAmount - 1, Currency: p.Currency}, {Amount: p.Amount, Currency: "XTS"}} {
		if m.Currency != p.Currency && p.caps.Currencies == nil {
			continue
		}
		_, err := p.Ask(t.Context(), p.Provider.Name(), "", m, payment.Opening{Way: p.Way, Language: "sv", Text: "Laddning"})
		if gnista.CodeOf(err) != gnista.Invalid {
			t.Errorf("%+v: %v", m, err)
		}
	}
}
