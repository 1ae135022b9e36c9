package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"gnista"
)

// Feed carries events to a consumer in memory as they are told, so that those that are many and mostly of no
// interest to it need not be read again. What it missed is read from the database.
type Feed struct {
	Wants func(kind string) bool // which events the consumer is given

	mu   sync.Mutex
	list []gnista.Event // all that are wanted behind from, up to upto, in order
	from int64
	upto int64
	wake chan struct{}
}

// NewFeed makes a feed of events of some kinds.
func NewFeed(wants func(kind string) bool) *Feed {
	return &Feed{Wants: wants, upto: -1, wake: make(chan struct{}, 1)}
}

// maxFed is how many events wait in memory at the most.
const maxFed = 20_000

// Add takes in events that have been committed together. It does not wait.
func (f *Feed) Add(evs []gnista.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if evs[len(evs)-1].Seq <= f.upto { // another writer was quicker to tell of its own: those before are read from the database
		return
	}
	if f.upto < 0 || evs[0].Seq != f.upto+1 || len(f.list)+len(evs) > maxFed { // what was before is read from the database
		f.list, f.from = nil, evs[0].Seq-1
	}
	for _, ev := range evs {
		if f.Wants(ev.Kind) {
			f.list = append(f.list, ev)
		}
	}
	f.upto = evs[len(evs)-1].Seq
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// after takes the events behind seq out of the feed, with the number of the last one, wanted or not. It tells
// whether it has them all.
func (f *Feed) after(seq int64) (evs []gnista.Event, upto int64, all bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.upto < 0 || seq < f.from {
		return nil, 0, false
	}
	evs, f.list, f.from = f.list, nil, f.upto
	for len(evs) > 0 && evs[0].Seq <= seq { // they were read from the database
		evs = evs[1:]
	}
	return evs, max(f.upto, seq), true
}

// fedPause is how long the place of a consumer with a feed is not stored while it goes on: after a crash it is given
// again what came meanwhile.
const fedPause = 10 * time.Second

// ConsumeFeed is [DB.Consume] for a consumer with a feed. Before its place is stored, keep stores what it knows in
// memory only.
func (db *DB) ConsumeFeed(ctx context.Context, consumer string, feed *Feed, take func(context.Context, gnista.Event) error, keep func(context.Context) error) {
	place := func(ctx context.Context, seq int64) error {
		if err := keep(ctx); err != nil {
			return err
		}
		return db.setCursor(ctx, consumer, seq)
	}
	var seq, stored int64
	var begun bool
	var storedAt time.Time
	for ctx.Err() == nil {
		var err error
		pause, wake := consumePause, feed.wake
		if !begun {
			seq, err = db.cursor(ctx, consumer)
			stored, begun = seq, err == nil
		}
		if err == nil {
			seq, err = db.feedOn(ctx, seq, feed, take)
		}
		if rest := fedPause - time.Since(storedAt); seq != stored && rest > 0 {
			pause = rest
		} else if seq != stored {
			failed := place(ctx, seq)
			if failed == nil {
				stored, storedAt = seq, time.Now()
			}
			err = errors.Join(err, failed)
		}
		if err != nil && ctx.Err() == nil {
			db.log.Error("a consumer of events failed and tries again", "consumer", consumer, "err", err)
			pause, wake = consumeRetry, nil
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-time.After(pause):
			if pause == consumePause {
				feed.forget() // nothing came for long: what was committed and never told of is found now
			}
		}
	}
	if seq != stored {
		if err := place(context.WithoutCancel(ctx), seq); err != nil {
			db.log.Error("how far a consumer of events has come could not be kept", "consumer", consumer, "err", err)
		}
	}
}

// feedOn gives take the events behind seq that there are, and returns how far it came.
func (db *DB) feedOn(ctx context.Context, seq int64, feed *Feed, take func(context.Context, gnista.Event) error) (int64, error) {
	for ctx.Err() == nil {
		evs, upto, all := feed.after(seq)
		if !all {
			var err error
			if evs, err = db.Events(ctx, seq, consumeBatch); err != nil || len(evs) == 0 {
				return seq, err
			}
			upto = evs[len(evs)-1].Seq
		}
		for _, ev := range evs {
			if !feed.Wants(ev.Kind) {
				continue
			}
			if err := take(ctx, ev); err != nil {
				feed.forget()
				return seq, err
			}
			seq = ev.Seq
		}
		if seq = upto; all && len(evs) == 0 {
			return seq, nil
		}
	}
	return seq, nil
}

// forget has what could not be taken be read from the database.
func (f *Feed) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list, f.upto = nil, -1
}
