package gateway

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"gnista"
	"gnista/station"
)

// Ledger counts what stations do wrong and why they were turned away, and writes that behind them: what
// happens often is one write now and then. It is the [station.VerdictStore] and
// [station.DeviationStore] of the domain, which see at once what was noted.
type Ledger struct {
	Store interface {
		station.VerdictStore
		station.DeviationStore
	}
	Log *slog.Logger

	mu         sync.Mutex
	verdicts   map[verdictKey]*station.Verdict
	reasons    map[gnista.StationID]int // verdicts of each station among them
	deviations map[deviationKey]*station.Deviation
	dropped    int
	wake       chan struct{}
	writing    sync.Mutex // held while something is being written
	ended      sync.WaitGroup
	stop       context.CancelFunc
}

// How much waits to be written, and how often it is. What has no room is counted and told to the log.
const (
	maxWaiting   = 20_000 // counts of each kind
	maxNew       = 30     // reasons of one station
	ledgerPause  = time.Second
	ledgerWithin = 10 * time.Second // for one writing
)

type verdictKey struct {
	station gnista.StationID
	cause   station.Cause
	reason  string
}

type deviationKey struct {
	station gnista.StationID
	quirk   string
}

// Start begins to write.
func (l *Ledger) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	l.wake, l.stop = make(chan struct{}, 1), cancel
	l.ended.Go(func() {
		pause := time.NewTimer(0)
		for ctx.Err() == nil {
			select {
			case <-ctx.Done():
				continue
			case <-l.wake:
			}
			l.flush()
			pause.Reset(ledgerPause)
			select {
			case <-ctx.Done():
			case <-pause.C:
			}
		}
		l.flush()
	})
}

// Stop writes what is left and ends.
func (l *Ledger) Stop() {
	l.stop()
	l.ended.Wait()
}

// AddVerdicts adds to the counts of the same reasons for the same stations, or starts some.
func (l *Ledger) AddVerdicts(_ context.Context, list []station.Verdict) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.verdicts == nil {
		l.verdicts, l.reasons = map[verdictKey]*station.Verdict{}, map[gnista.StationID]int{}
	}
	for _, v := range list {
		key := verdictKey{v.Station, v.Cause, v.Reason}
		if have := l.verdicts[key]; have != nil {
			v.Count, v.FirstAt = v.Count+have.Count, have.FirstAt
			*have = v
			continue
		}
		if len(l.verdicts) >= maxWaiting || l.reasons[v.Station] >= maxNew {
			l.dropped += v.Count
			continue
		}
		l.verdicts[key] = &v
		l.reasons[v.Station]++
	}
	l.wakeUp()
	return nil
}

// AddDeviations adds to the counts, for stations that are registered.
func (l *Ledger) AddDeviations(_ context.Context, list []station.Deviation) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.deviations == nil {
		l.deviations = map[deviationKey]*station.Deviation{}
	}
	for _, d := range list {
		key := deviationKey{d.Station, d.Quirk}
		if have := l.deviations[key]; have != nil {
			d.Count, d.FirstAt = d.Count+have.Count, have.FirstAt
			*have = d
			continue
		}
		if len(l.deviations) >= maxWaiting {
			l.dropped += d.Count
			continue
		}
		l.deviations[key] = &d
	}
	l.wakeUp()
	return nil
}

func (l *Ledger) wakeUp() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// flush writes what waits. What cannot be written is lost, but for the log.
func (l *Ledger) flush() {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	verdicts, deviations, dropped := l.verdicts, l.deviations, l.dropped
	l.verdicts, l.reasons, l.deviations, l.dropped = nil, nil, nil, 0
	l.mu.Unlock()
	if dropped > 0 {
		l.Log.Warn("verdicts and quirks of stations are not counted: there are too many", "count", dropped)
	}
	ctx, cancel := context.WithTimeout(context.Background(), ledgerWithin)
	defer cancel()
	if len(verdicts) > 0 {
		if err := l.Store.AddVerdicts(ctx, waiting(verdicts)); err != nil {
			l.Log.Error("verdicts could not be kept", "verdicts", len(verdicts), "err", err)
		}
	}
	if len(deviations) > 0 {
		if err := l.Store.AddDeviations(ctx, waiting(deviations)); err != nil {
			l.Log.Error("quirks of stations could not be kept", "quirks", len(deviations), "err", err)
		}
	}
}

func waiting[K comparable, V any](m map[K]*V) []V {
	list := make([]V, 0, len(m))
	for _, v := range m {
		list = append(list, *v)
	}
	return list
}

// Verdicts lists the newest first, of one station or of all when it is empty.
func (l *Ledger) Verdicts(ctx context.Context, id gnista.StationID, limit int) ([]station.Verdict, error) {
	l.flush()
	return l.Store.Verdicts(ctx, id, limit)
}

// Deviations lists what a station has shown, in the order of the keys.
func (l *Ledger) Deviations(ctx context.Context, id gnista.StationID) ([]station.Deviation, error) {
	l.flush()
	return l.Store.Deviations(ctx, id)
}
