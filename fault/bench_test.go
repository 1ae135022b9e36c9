package fault_test

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"gnista"
	"gnista/station"
)

// BenchmarkStatus takes in statuses of many stations, of which one in a hundred is a fault, with faults kept and
// without, turn by turn. "added-%" is what keeping them adds to the time that the processor needs.
func BenchmarkStatus(b *testing.B) {
	with, without := newStatuses(b), newStatuses(b)
	const per = 2000
	var cost [2]time.Duration
	n := 0
	for b.Loop() {
		for i, s := range []*statuses{without, with} {
			began := busy()
			s.send(per)
			if i == 1 {
				s.follow()
			}
			cost[i] += busy() - began
		}
		n += per
	}
	b.ReportMetric(float64(cost[0].Microseconds())/float64(n), "µs/status")
	b.ReportMetric(100*(float64(cost[1])/float64(cost[0])-1), "added-%")
}

// busy is the time that the processor has spent on us.
func busy() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// statuses are stations that tell of their connectors.
type statuses struct {
	*bench
	network *station.Network
	sent    int
	taken   int64
}

const benchStations = 200

func newStatuses(t testing.TB) *statuses {
	s := &statuses{bench: newBench(t)}
	s.network = &station.Network{Store: s.db, States: s.db, Commands: s.db, Now: s.clock, NewID: func() string { return "x" }}
	for i := range benchStations {
		s.station(gnista.StationID(fmt.Sprint("S", i)), "")
	}
	return s
}

// send has all stations tell of n statuses in all.
func (s *statuses) send(n int) {
	words := []station.Status{station.Available, station.Preparing, station.Charging, station.SuspendedEV, station.Finishing}
	var sending sync.WaitGroup
	for i := range benchStations {
		sending.Go(func() {
			for k := range n / benchStations {
				at := s.sent/benchStations + k
				c := station.Connector{EVSE: gnista.EVSE{ID: 1, Connector: 1}, Status: words[at%len(words)], At: s.clock().Add(time.Duration(at) * time.Millisecond)}
				if (at+i)%100 == 0 {
					c.Status, c.ErrorCode = station.Faulted, "GroundFailure"
				}
				if err := s.network.ReportStatus(context.Background(), gnista.StationID(fmt.Sprint("S", i)), c); err != nil {
					s.t.Error(err)
				}
			}
		})
	}
	sending.Wait()
	s.sent += n
}

// follow takes in what was told, as the consumer does: in batches, with its place kept after each.
func (s *statuses) follow() {
	ctx, done := context.WithCancel(context.Background())
	last, err := s.db.LastEvent(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	taken := make(chan struct{})
	go func() {
		s.db.Consume(ctx, "faults", nil, func(ctx context.Context, ev gnista.Event) error {
			err := s.intake.Take(ctx, ev)
			if s.taken = ev.Seq; ev.Seq == last {
				defer close(taken)
			}
			return err
		})
	}()
	if s.taken < last {
		<-taken
	}
	done()
}
