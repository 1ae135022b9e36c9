package payment_test

import (
	"testing"
	"time"

	"gnista"
	"gnista/payment"
)

// asked is a payment whose customer is asked for 10 kronor.
func asked(t *testing.T) *payment.Change {
	t.Helper()
	c := payment.Begin("p1", "bank", "", "SEK", 1000, start)
	c.Op.Kind = payment.KindBegin
	if _, _, ok := c.Claim(c.Op.ID, time.Minute); !ok {
		t.Fatal("it is not to be sent")
	}
	c.Succeed(payment.Snapshot{Ref: "r"})
	if c.State != payment.Awaiting || c.Op != nil {
		t.Fatalf("got %+v", c)
	}
	return c
}

// later is the payment in another change.
func later(c *payment.Change) *payment.Change {
	return &payment.Change{Payment: c.Payment, Op: c.Op, Now: c.Now.Add(time.Minute)}
}

// What a customer confirms after the payment was given up goes back.
func TestConfirmedTooLate(t *testing.T) {
	for name, s := range map[string]payment.Snapshot{
		"taken": {Ref: "r", Captured: 1000}, "set aside": {Ref: "r", Held: 1000, HeldUntil: start.Add(time.Hour)},
	} {
		for _, ended := range []payment.State{payment.Abandoned, payment.DeclinedNow} {
			c := asked(t)
			if s.Captured > 0 {
				c.Way = payment.ByPrepay
			}
			c.Observe(payment.Snapshot{Ref: "r", Ended: ended, Code: "why"}, payment.Cause{Kind: payment.ByHint})
			if c.State != ended || c.Reason != "why" {
				t.Fatalf("got %+v", c.Payment)
			}
			c = later(c)
			c.Observe(payment.Snapshot{Ref: "r", Ended: ended}, payment.Cause{Kind: payment.ByHint})
			if c.State != ended || c.Op != nil {
				t.Errorf("nothing new: got %+v", c.Payment)
			}
			c.Observe(s, payment.Cause{Kind: payment.ByHint})
			if c.State != payment.Settling || c.Op == nil || c.Op.Amount != 1000 || c.Op.Kind != payment.KindRefund && c.Op.Kind != payment.KindCancel {
				t.Fatalf("%s after %s: got %+v with %+v", name, ended, c.Payment, c.Op)
			}
			if err := c.Bind("x", payment.Cause{}); gnista.CodeOf(err) != gnista.Conflict {
				t.Errorf("it is bound: %v", err)
			}
			c = later(c)
			c.Succeed(payment.Snapshot{Ref: "r", Captured: s.Captured, Refunded: s.Captured})
			if c.State != payment.Released || c.Paid() != 0 {
				t.Errorf("%s after %s: got %+v", name, ended, c.Payment)
			}
		}
	}
}

// A request to pay that cannot be taken back is not taken for given up.
func TestCancelFails(t *testing.T) {
	c := asked(t)
	if err := c.Release(payment.Cause{Kind: payment.ByTime}); err != nil || c.Op == nil || c.Op.Kind != payment.KindCancel {
		t.Fatalf("got %+v, %v", c, err)
	}
	c = later(c)
	c.Decline("no")
	if c.State != payment.Review || c.Reason != "it could not be cancelled: no" {
		t.Errorf("got %+v", c.Payment)
	}
}

// What was read counts for nothing while an operation is under way.
func TestReadMeanwhile(t *testing.T) {
	c := asked(t)
	if err := c.Release(payment.Cause{}); err != nil {
		t.Fatal(err)
	}
	c.Observe(payment.Snapshot{Ref: "r", Held: 1000}, payment.Cause{Kind: payment.ByHint})
	if c.State != payment.Awaiting || c.Held != 0 {
		t.Errorf("got %+v", c.Payment)
	}
}

// A capture is not asked for of a hold that has ended, though nobody has taken note of that.
func TestOweAfterHold(t *testing.T) {
	c := asked(t)
	c.Observe(payment.Snapshot{Ref: "r", Held: 1000, HeldUntil: start.Add(time.Minute)}, payment.Cause{Kind: payment.ByHint})
	if err := c.Bind("x", payment.Cause{}); err != nil {
		t.Fatal(err)
	}
	c = later(c)
	c.Owe(700, payment.Cause{Kind: payment.ByRecord, ID: "r"})
	if c.State != payment.SettledShort || c.Op != nil || len(c.Ended) != 0 || c.Reason != "the hold has expired" {
		t.Errorf("got %+v with %+v", c.Payment, c.Op)
	}
}
