package cluster_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/cluster"
)

// table is a store of nodes in memory, with a clock that all share.
type table struct {
	mu    sync.Mutex
	lease cluster.Lease
	until time.Time
	down  map[string]bool // nodes that do not reach it
	nodes map[string]cluster.Node
}

func (s *table) reach(n cluster.Node) error {
	if s.down[n.Name] {
		return errors.New("the database is not reached")
	}
	return nil
}

func (s *table) Join(_ context.Context, n cluster.Node, silence time.Duration) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x, ok := s.nodes[n.Name]; ok && time.Since(x.SeenAt) < silence {
		return 0, gnista.Errorf(gnista.Conflict, "there is one")
	}
	n.SeenAt = time.Now()
	s.nodes[n.Name] = n
	return len(s.nodes) - 1, nil
}

func (s *table) Stay(_ context.Context, n cluster.Node) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.reach(n); err != nil {
		return err
	}
	if x := s.nodes[n.Name]; x.Run != n.Run {
		return gnista.Errorf(gnista.Conflict, "another one")
	}
	n.SeenAt = time.Now()
	s.nodes[n.Name] = n
	return nil
}

func (s *table) Leave(context.Context, cluster.Node) error { return nil }

func (s *table) Nodes(_ context.Context, silence time.Duration) (list []cluster.Node, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.nodes {
		if time.Since(n.SeenAt) < silence {
			list = append(list, n)
		}
	}
	return list, nil
}

func (s *table) Lead(_ context.Context, n cluster.Node, lasts time.Duration) (cluster.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.reach(n); err != nil {
		return cluster.Lease{}, err
	}
	mine := s.lease.Node.Name == n.Name && s.lease.Node.Run == n.Run
	if !mine && time.Now().Before(s.until) {
		l := s.lease
		l.Mine = false
		return l, nil
	}
	if !mine {
		s.lease = cluster.Lease{Node: n, Term: s.lease.Term + 1}
	}
	s.until = time.Now().Add(lasts)
	l := s.lease
	l.Mine = true
	return l, nil
}

func (s *table) Claim(context.Context, gnista.StationID, string) (cluster.Claim, error) {
	return cluster.Claim{}, nil
}

// At no time do two nodes lead, whatever becomes of their way to the database, and soon one does.
func TestOneLeads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &table{down: map[string]bool{}, nodes: map[string]cluster.Node{}}
		var leading, most atomic.Int32
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		for _, name := range []string{"a", "b", "c"} {
			m := &cluster.Member{Store: s, Node: cluster.Node{Name: name, Run: name}, Log: slog.New(slog.DiscardHandler)}
			m.Begin = func(context.Context, int64) (func(), error) {
				if n := leading.Add(1); n > most.Load() {
					most.Store(n)
				}
				return func() { leading.Add(-1) }, nil
			}
			if err := m.Join(ctx); err != nil {
				t.Fatal(err)
			}
			running.Go(func() {
				if err := m.Run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		away := func(name string, down bool) {
			s.mu.Lock()
			s.down[name] = down
			s.mu.Unlock()
		}
		for range 10 {
			time.Sleep(30 * time.Second)
			if n := leading.Load(); n != 1 {
				t.Errorf("%d nodes lead", n)
			}
			s.mu.Lock()
			leader := s.lease.Node.Name
			s.mu.Unlock()
			away(leader, true)
			time.Sleep(30 * time.Second)
			if n := leading.Load(); n != 1 {
				t.Errorf("%d nodes lead when one has lost its way to the database", n)
			}
			away(leader, false)
		}
		for _, name := range []string{"a", "b", "c"} {
			away(name, true)
		}
		time.Sleep(30 * time.Second)
		if n := leading.Load(); n != 0 {
			t.Errorf("%d nodes lead without a database", n)
		}
		if most.Load() != 1 {
			t.Errorf("%d nodes led at one time", most.Load())
		}
		stop()
		running.Wait()
	})
}

// A node that cannot do what the leading one does leaves it to another.
func TestLeavesItToAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &table{down: map[string]bool{}, nodes: map[string]cluster.Node{}}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		var leads atomic.Bool
		for _, name := range []string{"broken", "sound"} {
			m := &cluster.Member{Store: s, Node: cluster.Node{Name: name, Run: name}, Log: slog.New(slog.DiscardHandler)}
			m.Begin = func(context.Context, int64) (func(), error) {
				if name == "broken" {
					return nil, errors.New("it cannot")
				}
				leads.Store(true)
				return func() { leads.Store(false) }, nil
			}
			if err := m.Join(ctx); err != nil {
				t.Fatal(err)
			}
			running.Go(func() { m.Run(ctx) })
			synctest.Wait() // the first one is first
		}
		time.Sleep(2 * cluster.Lasts)
		if !leads.Load() {
			t.Error("the node that can lead does not")
		}
		stop()
		running.Wait()
	})
}

// A node that was killed comes back under its name when nothing is heard of it any more; where one of its name still
// runs it is told so soon.
func TestJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &table{down: map[string]bool{}, nodes: map[string]cluster.Node{"a": {Name: "a", Run: "1", SeenAt: time.Now()}}}
		m := &cluster.Member{Store: s, Node: cluster.Node{Name: "a", Run: "2"}, Log: slog.New(slog.DiscardHandler)}
		began := time.Now()
		if err := m.Join(t.Context()); err != nil || time.Since(began) < cluster.Silence/2 {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		stop := make(chan struct{})
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(2 * time.Second):
					s.Stay(t.Context(), m.Node)
				}
			}
		}()
		second := &cluster.Member{Store: s, Node: cluster.Node{Name: "a", Run: "3"}, Log: slog.New(slog.DiscardHandler)}
		began = time.Now()
		if err := second.Join(t.Context()); gnista.CodeOf(err) != gnista.Conflict || time.Since(began) > 5*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		close(stop)
	})
}
