package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/cluster"
)

// nodes: which nodes run, one of them leads, and each station is held by the one that claimed it last.
func (s suite) nodes(t *testing.T) {
	ctx := t.Context()
	a, b := cluster.Node{Name: "a", Run: "1", Address: "http://a", Version: "v"}, cluster.Node{Name: "b", Run: "1"}
	for want, n := range []*cluster.Node{&a, &b} {
		slot, err := s.Join(ctx, *n, time.Minute)
		if n.Slot = slot; err != nil || slot != want {
			t.Errorf("%s joins with slot %d, %v; want %d", n.Name, slot, err, want)
		}
	}
	if _, err := s.Join(ctx, cluster.Node{Name: "a", Run: "2"}, time.Minute); gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("a second node of one name joins: %v", err)
	}
	if err := s.Stay(ctx, cluster.Node{Name: "a", Run: "2"}); gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("a node stays in the place of another: %v", err)
	}
	list := must[[]cluster.Node](t)(s.Nodes(ctx, time.Minute))
	if len(list) != 2 || list[0].Name != "a" || list[0].Address != "http://a" || time.Since(list[0].SeenAt).Abs() > time.Minute {
		t.Errorf("the nodes are %+v", list)
	}

	lead := func(n cluster.Node, lasts time.Duration) cluster.Lease {
		t.Helper()
		return must[cluster.Lease](t)(s.Lead(ctx, n, lasts))
	}
	if l := lead(a, time.Minute); !l.Mine || l.Term != 1 {
		t.Errorf("the first leads with %+v", l)
	}
	if l := lead(b, time.Minute); l.Mine || l.Node.Name != "a" || l.Node.Address != "http://a" || l.Term != 1 {
		t.Errorf("the second sees %+v", l)
	}
	if l := lead(a, 50*time.Millisecond); !l.Mine || l.Term != 1 {
		t.Errorf("the first goes on with %+v", l)
	}
	time.Sleep(100 * time.Millisecond)
	if l := lead(b, time.Minute); !l.Mine || l.Term != 2 {
		t.Errorf("the second does not take over what has run out: %+v", l)
	}
	if l := lead(a, time.Minute); l.Mine || l.Term != 2 {
		t.Errorf("the first still leads: %+v", l)
	}
	if err := s.Leave(ctx, b); err != nil {
		t.Fatal(err)
	}
	if l := lead(a, time.Minute); !l.Mine || l.Term != 3 {
		t.Errorf("what was given up is not taken: %+v", l)
	}

	for i, node := range []string{"a", "a", "b"} {
		c := must[cluster.Claim](t)(s.Claim(ctx, "CLAIMED", node))
		if want := (cluster.Claim{Epoch: int64(i + 1), Was: []string{"", "a", "a"}[i]}); c != want {
			t.Errorf("claim %d is %+v, want %+v", i, c, want)
		}
	}
	var all sync.WaitGroup
	epochs := make([]int64, 20)
	for i := range epochs {
		all.Go(func() {
			c, err := s.Claim(ctx, "WANTED", fmt.Sprint(i%3))
			if err != nil {
				t.Error(err)
			}
			epochs[i] = c.Epoch
		})
	}
	all.Wait()
	seen := map[int64]bool{}
	for _, e := range epochs {
		if seen[e] {
			t.Errorf("epoch %d is there twice", e)
		}
		seen[e] = true
	}
	if err := s.Leave(ctx, a); err != nil {
		t.Fatal(err)
	}
}
