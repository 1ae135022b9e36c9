package share

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"gnista"
)

// problems draws small problems of all sorts.
func problems(t *rapid.T) *Problem {
	p := &Problem{Volts: int64(rapid.SampledFrom([]int{0, 120, 230, 277}).Draw(t, "volts"))}
	limit := rapid.OneOf(rapid.Just(None), rapid.Int64Range(0, 100_000))
	for i := range rapid.IntRange(1, 5).Draw(t, "nodes") {
		n := Node{Watts: rapid.OneOf(rapid.Just(None), rapid.Int64Range(0, 60_000)).Draw(t, "watts")}
		if i > 0 {
			n.Parent = rapid.IntRange(0, i-1).Draw(t, "parent")
		}
		for ph := range n.Amps {
			n.Amps[ph] = limit.Draw(t, "amps")
			n.Other[ph] = rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(-5_000, 30_000)).Draw(t, "other")
		}
		p.Nodes = append(p.Nodes, n)
	}
	for i := range rapid.IntRange(0, 7).Draw(t, "loads") {
		l := Load{
			Key: fmt.Sprint("car ", i), Node: rapid.IntRange(0, len(p.Nodes)-1).Draw(t, "node"),
			Phases: rapid.SampledFrom([][3]bool{{true, true, true}, {true, true, true}, {true, false, false}, {false, true, false}, {false, false, true}, {true, true, false}}).Draw(t, "phases"),
			Min:    rapid.SampledFrom([]int64{0, 6000, 6000, 6000, 8000}).Draw(t, "min"), Max: rapid.SampledFrom([]int64{0, 5000, 10_000, 16_000, 20_500, 32_000, 63_000}).Draw(t, "max"),
			Step:  rapid.SampledFrom([]int64{0, 100, 1000, 1000}).Draw(t, "step"),
			Steps: rapid.SampledFrom([][]int64{nil, nil, nil, {6000, 10_000, 16_000, 32_000}, {0, 8000, 16_000}}).Draw(t, "steps"), Priority: rapid.IntRange(0, 2).Draw(t, "priority"),
			Weight: rapid.Int64Range(0, 3).Draw(t, "weight"), Waited: rapid.Int64Range(-3, 3).Draw(t, "waited"), Held: rapid.Bool().Draw(t, "held"), Fixed: rapid.IntRange(0, 5).Draw(t, "fixed") == 0,
		}
		p.Loads = append(p.Loads, l)
	}
	return p
}

func divide(t interface{ Fatal(...any) }, p *Problem) *Division {
	d, err := Divide(p)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// flows reckons what flows through the nodes: what cannot be told, and with it the shares.
func flows(p *Problem, amps []int64) (other, all []flow) {
	volts := cmp.Or(p.Volts, DefaultVolts)
	other, all = make([]flow, len(p.Nodes)), make([]flow, len(p.Nodes))
	add := func(list []flow, at int, ph int, x int64) {
		for n := at; ; n = p.Nodes[n].Parent {
			list[n][ph] += x
			list[n][Total] += x * volts
			if n == 0 {
				return
			}
		}
	}
	for i, n := range p.Nodes {
		for ph, x := range n.Other {
			add(other, i, ph, x)
			add(all, i, ph, x)
		}
	}
	for i, l := range p.Loads {
		for ph, on := range l.Phases {
			if on && l.Fixed {
				add(other, l.Node, ph, l.Max)
			}
			if on {
				add(all, l.Node, ph, amps[i])
			}
		}
	}
	return other, all
}

// kept tells whether shares keep all limits that can be kept.
func kept(p *Problem, amps []int64) bool {
	other, all := flows(p, amps)
	for n := range p.Nodes {
		for ph := L1; ph <= Total; ph++ {
			if limit := p.Nodes[n].limit(ph); limit >= 0 && all[n][ph] > max(limit, other[n][ph]) {
				return false
			}
		}
	}
	return true
}

func amps(d *Division) []int64 {
	var list []int64
	for _, s := range d.Shares {
		list = append(list, s.Amps)
	}
	return list
}

// TestDivide holds divisions of random problems to all that is promised of each.
func TestDivide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := problems(t)
		d := divide(t, p)
		got := amps(d)
		if !kept(p, got) {
			t.Fatalf("limits are not kept: %v", got)
		}
		other, all := flows(p, got)
		over := 0
		for n := range p.Nodes {
			for ph := L1; ph <= Total; ph++ {
				if limit := p.Nodes[n].limit(ph); limit >= 0 && other[n][ph] > limit {
					if o := d.Over[over]; o.Node != n || o.Phase != ph {
						t.Fatalf("%v is not what is over: node %d, %v", o, n, ph)
					}
					over++
				}
				if ph < Total && (d.Uses[n].Other[ph] != other[n][ph] || d.Uses[n].Other[ph]+d.Uses[n].Shared[ph] != all[n][ph]) {
					t.Fatalf("%v is not what is used at node %d", d.Uses[n], n)
				}
			}
		}
		if over != len(d.Over) {
			t.Fatalf("%v is too much", d.Over[over:])
		}
		for i := range p.Loads {
			checkShare(t, p, got, i, d.Shares[i])
		}
		if plain := plainly(p); !slices.Equal(plain, got) {
			t.Fatalf("%v instead of %v", got, plain)
		}
	})
}

// checkShare looks at one share by itself, and at whether more could be had justly.
func checkShare(t *rapid.T, p *Problem, got []int64, i int, s Share) {
	l := &p.Loads[i]
	switch {
	case l.Fixed:
		if s.Amps != l.Max || s.Why != Fixed {
			t.Fatalf("load %d has %v", i, s)
		}
		return
	case s.Amps != 0 && (s.Amps < l.Min || s.Amps > l.Max):
		t.Fatalf("load %d has %d", i, s.Amps)
	case s.Amps != 0 && l.Steps != nil && !slices.Contains(l.Steps, s.Amps), l.Steps == nil && s.Amps%max(l.Step, 1) != 0:
		t.Fatalf("load %d does not know %d", i, s.Amps)
	case (s.Node >= 0) != (s.Why == Limited || s.Why == Class || s.Why == Turn || s.Why == Shortfall || s.Why == Steps && s.Node >= 0):
		t.Fatalf("load %d: %v", i, s)
	}
	low, high := l.least(l.Min), l.most(l.Max)
	if s.Amps >= high || low > high || l.Max < l.Min {
		if s.Why != Full && s.Why != Steps && s.Why != Unable {
			t.Fatalf("load %d has %v", i, s)
		}
		return
	}
	// Its next step, when those below have their minimum and those of its own as much as it would, or a step
	// of theirs more.
	next := max(low, l.least(s.Amps+1))
	test := slices.Clone(got)
	test[i] = next
	for j := range p.Loads {
		o := &p.Loads[j]
		if j == i || o.Fixed || got[j] == 0 || o.Priority > l.Priority {
			continue
		}
		least := o.least(o.Min)
		if o.Priority == l.Priority {
			least = max(least, o.least(ceil(next*o.weight(), l.weight())))
		}
		if s.Amps == 0 && low > 0 {
			least = o.least(o.Min)
		}
		test[j] = min(got[j], least)
	}
	if kept(p, test) && s.Why != Turn {
		t.Fatalf("load %d could have %d: %v instead of %v (%v)", i, next, test, got, s)
	}
}

// plainly divides as the rule says it, step by step.
func plainly(p *Problem) []int64 {
	got := make([]int64, len(p.Loads))
	d := newDivider(p)
	order := d.order()
	for i, l := range p.Loads {
		if l.Fixed {
			got[i] = l.Max
		}
	}
	for rest := order; len(rest) > 0; {
		n := slices.IndexFunc(rest, func(o *item) bool { return o.Priority != rest[0].Priority })
		if n < 0 {
			n = len(rest)
		}
		d.admit(rest[:n])
		rest = rest[n:]
	}
	for _, x := range order {
		got[x.index] = x.amps
	}
	stuck := map[int]bool{}
	for {
		var least *item
		for _, x := range order {
			if x.why == "" && !stuck[x.index] && got[x.index] < x.high && (least == nil || x.Priority > least.Priority || x.Priority == least.Priority &&
				cmp.Or(level{got[x.index], x.weight()}.compare(level{got[least.index], least.weight()}), cmp.Compare(x.Key, least.Key)) < 0) {
				least = x
			}
		}
		if least == nil {
			return got
		}
		before := got[least.index]
		if got[least.index] = least.least(before + 1); !kept(p, got) {
			got[least.index], stuck[least.index] = before, true
		}
	}
}

// TestFair compares with all divisions of problems that are alike in steps and phases: as many as can have a share
// have one, but for one for whom it is set aside, and among those the least share is as great as can be, then the one after it, and so on.
func TestFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := alike(t, 6000)
		got := amps(divide(t, p))
		most, best, try := 0, make([]int64, len(got)), make([]int64, len(got))
		var search func(int)
		search = func(i int) {
			if !kept(p, try) {
				return
			}
			if i < len(try) {
				for _, try[i] = range []int64{0, 6000, 8000, 10_000, 12_000} {
					if try[i] <= p.Loads[i].Max {
						search(i + 1)
					}
				}
				try[i] = 0
				return
			}
			shares, same := 0, true
			for j := range try {
				if try[j] > 0 {
					shares++
				}
				same = same && (try[j] > 0) == (got[j] > 0)
			}
			most = max(most, shares)
			if s := sorted(try); same && slices.Compare(s, best) > 0 {
				best = s
			}
		}
		search(0)
		if s := sorted(got); !slices.Equal(s, best) {
			t.Fatalf("%v is not as fair as %v", s, best)
		}
		if most > len(got)-zeros(got)+1 {
			t.Fatalf("%v: %d could have a share", got, most)
		}
	})
}

func zeros(list []int64) (n int) {
	for _, x := range list {
		if x == 0 {
			n++
		}
	}
	return n
}

// alike draws problems of loads that are alike but for what they want.
func alike(t *rapid.T, least int64) *Problem {
	p := &Problem{}
	for i := range rapid.IntRange(1, 4).Draw(t, "nodes") {
		n := Node{Amps: [3]int64{None, None, None}, Watts: None}
		n.Amps[0] = rapid.Int64Range(0, 50_000).Draw(t, "amps")
		if i > 0 {
			n.Parent = rapid.IntRange(0, i-1).Draw(t, "parent")
		}
		p.Nodes = append(p.Nodes, n)
	}
	for i := range rapid.IntRange(1, 5).Draw(t, "loads") {
		p.Loads = append(p.Loads, Load{
			Key: fmt.Sprint(i), Node: rapid.IntRange(0, len(p.Nodes)-1).Draw(t, "node"), Phases: [3]bool{true}, Min: least, Max: rapid.SampledFrom([]int64{6000, 8000, 10_000, 12_000}).Draw(t, "max"), Step: 2000,
			Waited: rapid.Int64Range(0, 3).Draw(t, "waited"),
		})
	}
	return p
}

func sorted(list []int64) []int64 { return slices.Sorted(slices.Values(list)) }

// TestMonotone raises a limit: who had least has no less.
func TestMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := alike(t, 0)
		before := sorted(amps(divide(t, p)))
		p.Nodes[rapid.IntRange(0, len(p.Nodes)-1).Draw(t, "raised")].Amps[0] += rapid.Int64Range(0, 20_000).Draw(t, "more")
		if after := sorted(amps(divide(t, p))); slices.Compare(after, before) < 0 {
			t.Fatalf("%v with more, %v with less", after, before)
		}
	})
}

// TestAgain divides again what has been divided: whoever has a share holds it, and nothing changes.
func TestAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := problems(t)
		before := divide(t, p)
		for i, s := range before.Shares {
			p.Loads[i].Held = s.Amps > 0
		}
		if after := divide(t, p); !slices.Equal(amps(after), amps(before)) {
			t.Fatalf("%v, then %v", amps(before), amps(after))
		}
	})
}

// TestOrder shuffles the loads.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := problems(t)
		before := divide(t, p)
		q := *p
		order := rapid.Permutation(indexes(len(p.Loads))).Draw(t, "order")
		q.Loads = make([]Load, len(order))
		for to, from := range order {
			q.Loads[to] = p.Loads[from]
		}
		after := divide(t, &q)
		for to, from := range order {
			if after.Shares[to] != before.Shares[from] {
				t.Fatalf("load %d has %v, then %v", from, before.Shares[from], after.Shares[to])
			}
		}
		if !reflect.DeepEqual(after.Uses, before.Uses) || !slices.Equal(after.Over, before.Over) {
			t.Fatal("other uses")
		}
	})
}

func indexes(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// TestTurns lets time pass where there is too little for all: each load that could have its minimum if it were alone
// gets it, again and again, and keeps it as long as it may hold it.
func TestTurns(t *testing.T) {
	const hold = 4 // moments
	rapid.Check(t, func(t *rapid.T) {
		p := problems(t)
		for i := range p.Loads {
			p.Loads[i].Priority, p.Loads[i].Held, p.Loads[i].Waited = 0, false, 0
		}
		got := divide(t, p)
		since := make([]int, len(p.Loads)) // has had a share, or none, for so long
		bound := hold * (len(p.Loads) + 1)
		for now := range 4 * bound {
			for i, s := range got.Shares {
				l := &p.Loads[i]
				if l.Held = s.Amps > 0 && since[i] < hold; s.Amps > 0 {
					l.Waited = -int64(since[i])
				} else {
					l.Waited = int64(since[i])
				}
			}
			next := divide(t, p)
			for i, s := range next.Shares {
				since[i]++
				if (s.Amps > 0) != (got.Shares[i].Amps > 0) {
					since[i] = 0
				}
				if l := &p.Loads[i]; l.Held && s.Amps == 0 && l.least(l.Min) > 0 {
					t.Fatalf("load %d lost its share at %d", i, now)
				}
				if s.Why == Turn && since[i] > bound {
					t.Fatalf("load %d has waited since %d", i, now-since[i])
				}
			}
			got = next
		}
	})
}

func TestWhy(t *testing.T) {
	three := [3]bool{true, true, true}
	root := Node{Amps: [3]int64{32_000, 32_000, 32_000}, Watts: None, Other: [3]int64{0, 9_500, 0}}
	none := [3]int64{None, None, None}
	for _, c := range []struct {
		name  string
		nodes []Node
		loads []Load
		want  []Share
	}{
		{"alone", []Node{root}, []Load{{Phases: three, Min: 6000, Max: 16_000, Step: 1000}}, []Share{{Amps: 16_000, Why: Full, Node: -1}}},
		{"others", []Node{root}, []Load{{Phases: three, Min: 6000, Max: 32_000, Step: 1000}}, []Share{{Amps: 22_000, Why: Limited, Phase: L2, Limit: 32_000, Other: 9_500, Loads: 1}}},
		{"watts", []Node{root, {Amps: none, Watts: 11_000}}, []Load{{Node: 1, Phases: three, Min: 6000, Max: 32_000, Step: 1000}},
			[]Share{{Amps: 15_000, Why: Limited, Node: 1, Phase: Total, Limit: 11_000, Loads: 1}}},
		{"steps", []Node{root}, []Load{{Phases: three, Min: 6000, Max: 32_000, Steps: []int64{6000, 16_000, 32_000}}},
			[]Share{{Amps: 16_000, Why: Steps, Phase: L2, Limit: 32_000, Other: 9_500, Loads: 1}}},
		{"priority", []Node{root}, []Load{{Key: "a", Phases: three, Min: 6000, Max: 16_000, Step: 1000, Priority: 1}, {Key: "b", Phases: three, Min: 6000, Max: 16_000, Step: 1000}},
			[]Share{{Amps: 16_000, Why: Full, Node: -1}, {Amps: 6000, Why: Class, Phase: L2, Limit: 32_000, Other: 9_500, Loads: 2}}},
		{"fixed", []Node{root}, []Load{{Key: "a", Phases: three, Max: 20_000, Fixed: true}, {Key: "b", Phases: three, Min: 6000, Max: 16_000}},
			[]Share{{Amps: 20_000, Why: Fixed, Node: -1}, {Why: Shortfall, Phase: L2, Limit: 32_000, Other: 29_500}}},
		{"turns", []Node{{Amps: [3]int64{10_000, 10_000, 10_000}, Watts: None}}, []Load{{Key: "a", Phases: three, Min: 6000, Max: 16_000, Step: 1000}, {Key: "b", Phases: three, Min: 6000, Max: 16_000, Waited: 60}},
			[]Share{{Why: Turn, Limit: 10_000, Loads: 1}, {Amps: 10_000, Why: Limited, Limit: 10_000, Loads: 1}}},
		{"nothing wanted", []Node{root}, []Load{{Phases: three, Min: 6000}}, []Share{{Why: Full, Node: -1}}},
		{"unable", []Node{root}, []Load{{Phases: three, Min: 6000, Max: 5000}}, []Share{{Why: Unable, Node: -1}}},
	} {
		d, err := Divide(&Problem{Nodes: c.nodes, Loads: c.loads})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(d.Shares, c.want) {
			t.Errorf("%s: %+v\nwant %+v", c.name, d.Shares, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	sound := func() *Problem {
		return &Problem{
			Nodes: []Node{{Amps: [3]int64{63_000, 63_000, 63_000}, Watts: None}, {Amps: [3]int64{32_000, 32_000, 32_000}, Watts: None}},
			Loads: []Load{{Key: "a", Node: 1, Phases: [3]bool{true, true, true}, Min: 6000, Max: 16_000}},
		}
	}
	if _, err := Divide(sound()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		field  string
		change func(*Problem)
	}{
		{"nodes", func(p *Problem) { p.Nodes = nil }},
		{"volts", func(p *Problem) { p.Volts = -230 }},
		{"nodes[1].parent", func(p *Problem) { p.Nodes[1].Parent = 1 }},
		{"nodes[1].parent", func(p *Problem) { p.Nodes[1].Parent = 7 }},
		{"nodes[0].amps[2]", func(p *Problem) { p.Nodes[0].Amps[2] = -5 }},
		{"nodes[0].watts", func(p *Problem) { p.Nodes[0].Watts = -2 }},
		{"nodes[0].other[0]", func(p *Problem) { p.Nodes[0].Other[0] = 1 << 40 }},
		{"loads[0].node", func(p *Problem) { p.Loads[0].Node = 2 }},
		{"loads[0].phases", func(p *Problem) { p.Loads[0].Phases = [3]bool{} }},
		{"loads[0].min", func(p *Problem) { p.Loads[0].Min = -1 }},
		{"loads[0].max", func(p *Problem) { p.Loads[0].Max = 1 << 40 }},
		{"loads[0].step", func(p *Problem) { p.Loads[0].Step = -1 }},
		{"loads[0].steps[1]", func(p *Problem) { p.Loads[0].Steps = []int64{6000, 6000} }},
		{"loads[0].weight", func(p *Problem) { p.Loads[0].Weight = 1001 }},
		{"loads[1].key", func(p *Problem) { p.Loads = append(p.Loads, p.Loads[0]) }},
	} {
		p := sound()
		c.change(p)
		_, err := Divide(p)
		if e, ok := err.(*gnista.Error); !ok || e.Code != gnista.Invalid || e.Field != c.field {
			t.Errorf("%s: %v", c.field, err)
		}
	}
}

// large is a site of 1,000 EVSEs: 10 panels with 10 circuits of 10, too little for all on every level.
func large() *Problem {
	r := rand.New(rand.NewPCG(1, 2))
	all := func(amps int64) [3]int64 { return [3]int64{amps, amps, amps} }
	p := &Problem{Nodes: []Node{{Amps: all(9_000_000), Watts: 6_000_000, Other: all(200_000)}}}
	for range 10 {
		panel := len(p.Nodes)
		p.Nodes = append(p.Nodes, Node{Amps: all(800_000 + r.Int64N(400_000)), Watts: None})
		for range 10 {
			circuit := len(p.Nodes)
			p.Nodes = append(p.Nodes, Node{Parent: panel, Amps: all(60_000 + r.Int64N(100_000)), Watts: None})
			for range 10 {
				l := Load{Key: fmt.Sprint("evse ", len(p.Loads)), Node: circuit, Phases: [3]bool{true, true, true}, Min: 6000, Max: 16_000 + 16_000*r.Int64N(2), Step: 100, Priority: r.IntN(2), Weight: 1 + r.Int64N(2), Waited: r.Int64N(1000)}
				if r.IntN(3) == 0 {
					l.Phases = [3]bool{}
					l.Phases[r.IntN(3)] = true
				}
				p.Loads = append(p.Loads, l)
			}
		}
	}
	return p
}

func BenchmarkDivide(b *testing.B) {
	p := large()
	for b.Loop() {
		if _, err := Divide(p); err != nil {
			b.Fatal(err)
		}
	}
}
