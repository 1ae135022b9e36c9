package stripesim

import (
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// all is all that is known of what was done.
func (s *Sim) all(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, f := range []func(url.Values, string) (any, error){s.listIntents, s.listRefunds, s.listMovements, s.listPayouts, s.listDisputes} {
		list, err := f(url.Values{"limit": {"1000"}, "expand[0]": {"data.latest_charge"}}, "")
		if err != nil {
			t.Fatal(err)
		}
		b.Write(encode(list))
	}
	for _, x := range s.setups {
		b.Write(encode(x.show(true)))
	}
	b.Write(encode(slices.Sorted(maps.Keys(s.customers))))
	b.Write(encode(s.effects))
	return b.String()
}

// Killed after whatever was done, it goes on as if it had not been; keys are known still, and what was told lately is
// told again.
func TestRemember(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stripe.jsonl")
	begin := func(c *client) *client {
		n := newClient(t)
		n.now = c.now
		if err := n.Remember(path); err != nil {
			t.Fatal(err)
		}
		return n
	}
	c := begin(newClient(t))
	step := func(what string, f func()) {
		t.Helper()
		f()
		c.now = c.now.Add(time.Minute)
		c.expire()
		want := c.all(t)
		c = begin(c)
		c.expire()
		if got := c.all(t); got != want {
			t.Fatalf("%s: it has\n%s\nand had\n%s", what, got, want)
		}
	}
	var a Deal
	step("asked", func() { c.post("/v1/payment_intents", "key-a", form+"a"); a = c.Deals("a")[0] })
	step("left", func() { c.Leave(a.Secret) })
	step("declined", func() { c.Confirm(a.Secret, Declining) })
	step("confirmed", func() {
		if err := c.Confirm(a.Secret, Good); err != nil {
			t.Fatal(err)
		}
	})
	step("taken", func() { c.post("/v1/payment_intents/"+a.ID+"/capture", "key-b", "amount_to_capture=12000") })
	step("given back", func() { c.post("/v1/refunds", "key-c", "amount=2000&payment_intent="+a.ID) })
	if status, _, h := c.post("/v1/refunds", "key-c", "amount=2000&payment_intent="+a.ID); status != 200 || h.Get("Idempotent-Replayed") != "true" {
		t.Errorf("given back again: %d %v", status, h)
	}
	told := c.Told()
	if last := told[len(told)-1]; last.Type != "charge.refunded" || slices.ContainsFunc(told, func(e Event) bool { return e.Type == "payment_intent.created" }) {
		t.Errorf("told again is %+v", told)
	}
	var setup string
	step("a card is kept", func() {
		_, body, _ := c.post("/v1/customers", "key-d", "")
		_, id, _ := strings.Cut(body, `"id":"`)
		id, _, _ = strings.Cut(id, `"`)
		c.post("/v1/setup_intents", "key-e", "usage=off_session&customer="+id)
		setup = c.setups[0].secret
	})
	step("it is given", func() {
		if err := c.Confirm(setup, Later); err != nil {
			t.Fatal(err)
		}
	})
	step("b", func() { c.held("b") })
	step("b is over", func() { c.now = c.now.Add(holdTime) })

	// In the end only cards are known.
	c.now = c.now.Add(rememberFor)
	if c = begin(c); len(c.intents) != 0 || len(c.setups) != 1 || c.setups[0].status != succeeded || len(c.customers) != 1 {
		t.Errorf("after a long time there is %s", c.all(t))
	}
}
