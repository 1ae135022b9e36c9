package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"gnista"
)

// Node is a process of a cluster.
type Node struct {
	Name    string // that no other node has
	Run     string // tells one run of a node from the one before
	Slot    int    // a small number, from 0, that no other node has meanwhile
	Address string // where other nodes reach its HTTP server, as in http://10.0.0.1:8080
	Version string // of the program
	SeenAt  time.Time
}

// Lease says which node leads: it serves the API and does what must be done once, while all nodes hold stations.
type Lease struct {
	Node Node
	Term int64 // grows with each node that takes over
	Mine bool
}

// Claim is that a node holds a station.
type Claim struct {
	Epoch int64  // grows with each connection that the station makes, to whatever node
	Was   string // the node that held it before; empty is none
}

// Store keeps which nodes run, and who of them does what. Times are by the clock of the database, so that those of
// nodes may differ.
type Store interface {
	// Join makes a node known and gives it a slot. Conflict when another of its name was seen within silence, or when
	// there are too many.
	Join(ctx context.Context, n Node, silence time.Duration) (slot int, err error)
	// Stay says that a node still runs. Conflict when another one has its name now.
	Stay(ctx context.Context, n Node) error
	// Leave says that a node ends, and gives up what it led.
	Leave(ctx context.Context, n Node) error
	// Nodes lists the nodes that were seen within silence, by their names.
	Nodes(ctx context.Context, silence time.Duration) ([]Node, error)
	// Lead takes the lead for a node when nobody has it, or keeps it for so long when it has it already, and tells
	// who has it.
	Lead(ctx context.Context, n Node, lasts time.Duration) (Lease, error)
	// Claim makes a node the one that holds a station.
	Claim(ctx context.Context, id gnista.StationID, node string) (Claim, error)
}

// How long nodes are given.
const (
	Silence = 15 * time.Second // after which a node of which nothing was heard is taken to be gone
	Lasts   = 10 * time.Second // that a node leads without saying so again
)

// Member is this node in its cluster.
type Member struct {
	Store Store
	Node  Node
	// Begin does what the leading node does, from then until end is called, which waits until it is done.
	Begin   func(ctx context.Context, term int64) (end func(), err error)
	Silence time.Duration // 0 is [Silence]
	Lasts   time.Duration // 0 is [Lasts]
	Log     *slog.Logger

	mu    sync.Mutex
	lease Lease
	end   func() // what the leading node does; nil while this one does not
	sure  time.Time
	rests time.Time // until when it does not lead, as it could not begin to
}

// Join makes the node known. Conflict when another one has its name; it takes some time to know that where one of
// that name was killed.
func (m *Member) Join(ctx context.Context) (err error) {
	if m.Silence == 0 {
		m.Silence = Silence
	}
	if m.Lasts == 0 {
		m.Lasts = Lasts
	}
	var seen time.Time
	for end := time.Now().Add(m.Silence + m.Lasts/5); ; {
		m.Node.Slot, err = m.Store.Join(ctx, m.Node, m.Silence)
		if gnista.CodeOf(err) != gnista.Conflict || time.Now().After(end) {
			return err
		}
		// It may be what is left of this node, which was killed: then nothing more is heard of it.
		list, failed := m.Store.Nodes(ctx, m.Silence)
		if failed != nil {
			return failed
		}
		i := slices.IndexFunc(list, func(n Node) bool { return n.Name == m.Node.Name })
		switch {
		case i < 0 && seen.IsZero(), i >= 0 && !seen.IsZero() && !list[i].SeenAt.Equal(seen):
			return err
		case seen.IsZero():
			seen = list[i].SeenAt
			m.Log.Warn("a node of this name ran a moment ago; waiting to see whether it still does", "node", m.Node.Name)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(m.Lasts / 10):
		}
	}
}

// Run says again and again that the node runs, and leads when nobody else does, until ctx ends. It returns early,
// with an error, when another node has taken the name of this one.
func (m *Member) Run(ctx context.Context) error {
	tick := time.NewTicker(m.Lasts / 5)
	defer tick.Stop()
	defer m.stepDown()
	for {
		switch err := m.Step(ctx); {
		case ctx.Err() != nil:
			return nil
		case gnista.CodeOf(err) == gnista.Conflict:
			return err
		case err != nil:
			m.Log.Error("it could not be said that this node runs, or leads", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Step says that the node runs and sees who leads.
func (m *Member) Step(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, m.Lasts/2)
	defer cancel()
	asked := time.Now()
	err := m.Store.Stay(limited, m.Node)
	var l Lease
	if err == nil {
		lasts := m.Lasts
		if time.Now().Before(m.rests) {
			lasts = 0 // gives up what it has, and sees who leads
		}
		if l, err = m.Store.Lead(limited, m.Node, lasts); lasts == 0 && l.Mine {
			l = Lease{}
		}
	}
	if err != nil {
		// It leads on for as long as nobody else can: less than it was given, as it was given that some time ago.
		if time.Since(m.sure) > m.Lasts*6/10 || gnista.CodeOf(err) == gnista.Conflict {
			m.stepDown()
		}
		return err
	}
	m.mu.Lock()
	was := m.lease
	m.lease = l
	m.mu.Unlock()
	if !l.Mine || l.Term != was.Term {
		m.halt()
	}
	if l.Mine {
		m.sure = asked
	}
	if !l.Mine || m.end != nil {
		return nil
	}
	end, err := m.Begin(ctx, l.Term)
	if err != nil { // perhaps another node can
		m.rests = time.Now().Add(3 * m.Lasts)
		return fmt.Errorf("this node cannot lead: %w", err)
	}
	m.Log.Info("this node leads", "term", l.Term)
	m.end = end
	return nil
}

func (m *Member) stepDown() {
	m.mu.Lock()
	m.lease = Lease{}
	m.mu.Unlock()
	m.halt()
}

func (m *Member) halt() {
	if m.end != nil {
		m.Log.Info("this node leads no longer")
		m.end()
		m.end = nil
	}
}

// Leader is the node that leads, as far as this one knows; false when it knows of none.
func (m *Member) Leader() (Lease, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lease, m.lease.Term > 0
}
