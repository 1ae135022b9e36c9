package gateway

import (
	"context"
	"log/slog"
	"slices"
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
	maxVerdicts   = 20_000
	maxDeviations = 100_000
	maxNew        = 30 // reasons of one station
	verdictPause  = time.Second
	quirkPause    = 30 * time.Second // a whole fleet may have the same quirk
	ledgerBatch   = 500              // counts in one change, so that others need not wait for many
	ledgerWithin  = 10 * time.Second // for one change
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
		quirks := time.NewTicker(quirkPause)
		defer quirks.Stop()
		for ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-quirks.C:
				l.writeDeviations("")
			case <-l.wake:
				l.writeVerdicts()
				select { // what comes meanwhile is one more write
				case <-ctx.Done():
				case <-time.After(verdictPause):
				}
			}
		}
		l.writeVerdicts()
		l.writeDeviations("")
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
		if len(l.verdicts) >= maxVerdicts || l.reasons[v.Station] >= maxNew {
			l.dropped += v.Count
			continue
		}
		l.verdicts[key] = &v
		l.reasons[v.Station]++
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
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
		if len(l.deviations) >= maxDeviations {
			l.dropped += d.Count
			continue
		}
		l.deviations[key] = &d
	}
	return nil
}

// writeVerdicts writes the verdicts that wait. What cannot be written is lost, but for the log.
func (l *Ledger) writeVerdicts() {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	list, dropped := make([]station.Verdict, 0, len(l.verdicts)), l.dropped
	for _, v := range l.verdicts {
		list = append(list, *v)
	}
	l.verdicts, l.reasons, l.dropped = nil, nil, 0
	l.mu.Unlock()
	if dropped > 0 {
		l.Log.Warn("verdicts and quirks of stations are not counted: there are too many", "count", dropped)
	}
	keep(l, "verdicts", list, l.Store.AddVerdicts)
}

// writeDeviations writes the quirks that wait, of one station or of all when it is empty.
func (l *Ledger) writeDeviations(id gnista.StationID) {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	var list []station.Deviation
	for key, d := range l.deviations {
		if id == "" || key.station == id {
			list = append(list, *d)
			delete(l.deviations, key)
		}
	}
	l.mu.Unlock()
	keep(l, "quirks", list, l.Store.AddDeviations)
}

func keep[T any](l *Ledger, what string, list []T, add func(context.Context, []T) error) {
	for part := range slices.Chunk(list, ledgerBatch) {
		ctx, cancel := context.WithTimeout(context.Background(), ledgerWithin)
		if err := add(ctx, part); err != nil {
			l.Log.Error(what+" of stations could not be kept", "count", len(part), "err", err)
		}
		cancel()
	}
}

// Verdicts lists the newest first, of one station or of all when it is empty.
func (l *Ledger) Verdicts(ctx context.Context, id gnista.StationID, limit int) ([]station.Verdict, error) {
	l.writeVerdicts()
	return l.Store.Verdicts(ctx, id, limit)
}

// Deviations lists what a station has shown, in the order of the keys.
func (l *Ledger) Deviations(ctx context.Context, id gnista.StationID) ([]station.Deviation, error) {
	l.writeDeviations(id)
	return l.Store.Deviations(ctx, id)
}
