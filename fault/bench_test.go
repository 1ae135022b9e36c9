package fault_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gnista"
	"gnista/fault"
	"gnista/station"
	"gnista/store"
	"gnista/store/storetest"
)

// BenchmarkStatus takes in statuses of many stations, of which one in five hundred is a fault, with faults kept and
// without, turn by turn. "added-%" is what keeping them adds to the time that the processor needs.
func BenchmarkStatus(b *testing.B) {
	without, with := newStatuses(b, false), newStatuses(b, true)
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
	taken   atomic.Int64
}

const benchStations = 200

func newStatuses(t testing.TB, keep bool) *statuses {
	feed := store.NewFeed(fault.Tells)
	o := store.Options{}
	if keep {
		o.Notify = feed.Add
	}
	db, err := store.Open(t.Context(), storetest.SQLite(t, t.TempDir()), o)
	if err != nil {
		t.Fatal(err)
	}
	s := &statuses{bench: &bench{t: t, db: db}}
	s.now.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMilli())
	s.restart()
	s.network = &station.Network{Store: db, States: db, Commands: db, Now: s.clock, NewID: func() string { return "x" }}
	for i := range benchStations {
		s.station(gnista.StationID(fmt.Sprint("S", i)), "")
	}
	ctx, end := context.WithCancel(context.Background())
	var following sync.WaitGroup
	if keep {
		following.Go(func() {
			db.ConsumeFeed(ctx, "faults", feed, func(ctx context.Context, ev gnista.Event) error {
				defer s.taken.Add(1)
				return s.intake.Take(ctx, ev)
			}, s.faults.Write)
		})
	}
	t.Cleanup(func() { end(); following.Wait(); db.Close() })
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
				if (at+i)%500 == 0 {
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

// follow waits until all that was told has been taken in.
func (s *statuses) follow() {
	for s.taken.Load() < int64(s.sent) {
		time.Sleep(time.Millisecond)
	}
}
