package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// MessageLog writes the OCPP messages behind what stations are told: it never makes anyone wait, and
// when the store is too slow it drops messages and counts them.
type MessageLog struct {
	Store  station.MessageStore
	MaxAge time.Duration
	MaxMB  int64
	Now    func() time.Time
	Log    *slog.Logger

	queue    chan logged
	bytes    atomic.Int64 // of the texts that are not stored yet
	dropped  atomic.Int64
	unpruned int64         // bytes stored since the last pruning
	full     chan struct{} // asks for a pruning
	ended    sync.WaitGroup
	stop     context.CancelFunc
}

const (
	messageQueue = 8192
	messageBytes = 64 << 20 // of what is in the queue and being stored
	messageBatch = 500
	messageDelay = 500 * time.Millisecond // between batches, so that they are few and large
	pruneEvery   = time.Hour
	pruneShare   = 8 // and after this part of MaxMB
)

// logged is a text on its way into the log.
type logged struct {
	at       time.Time
	station  gnista.StationID
	outgoing bool
	text     []byte
	note     string // what became of the connection; empty for a text that went over it
}

// Start begins to write.
func (l *MessageLog) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	l.queue, l.full, l.stop = make(chan logged, messageQueue), make(chan struct{}, 1), cancel
	l.ended.Go(func() { l.write(ctx) })
	l.ended.Go(func() { l.prune(ctx) })
}

// Stop writes what is left and ends.
func (l *MessageLog) Stop() {
	l.stop()
	l.ended.Wait()
}

// Add adds a text, which is not changed any more.
func (l *MessageLog) Add(id gnista.StationID, outgoing bool, text []byte) {
	l.put(logged{station: id, outgoing: outgoing, text: text})
}

// What becomes of a connection stands in the log in place of an action.
const (
	Opened = "connected"
	Ended  = "disconnected"
)

// Note adds what became of a connection, with words for it.
func (l *MessageLog) Note(id gnista.StationID, what, words string) {
	l.put(logged{station: id, text: []byte(words), note: what})
}

func (l *MessageLog) put(m logged) {
	m.at = l.Now()
	n := int64(len(m.text))
	if l.bytes.Add(n) <= messageBytes {
		select {
		case l.queue <- m:
			return
		default:
		}
	}
	l.bytes.Add(-n)
	l.dropped.Add(1)
}

func (l *MessageLog) write(ctx context.Context) {
	last, err := l.Store.LastMessage(ctx)
	if err != nil {
		l.Log.Error("the end of the message log could not be read", "err", err)
	}
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case m := <-l.queue:
			pause := time.NewTimer(messageDelay)
			select {
			case <-ctx.Done():
			case <-pause.C:
			}
			last = l.flush(append(make([]logged, 0, messageBatch), m), last)
		}
	}
	l.flush(nil, last)
}

// flush stores list and what is in the queue.
func (l *MessageLog) flush(list []logged, last int64) int64 {
	for {
		more := true
		for more && len(list) < messageBatch {
			select {
			case m := <-l.queue:
				list = append(list, m)
			default:
				more = false
			}
		}
		if len(list) == 0 {
			return last
		}
		messages, bytes := make([]station.Message, len(list)), int64(0)
		for i, m := range list {
			messages[i] = m.message()
			bytes += int64(len(m.text))
		}
		n, err := l.Store.AddMessages(context.Background(), messages, last)
		l.stored(bytes)
		if err != nil {
			l.dropped.Add(int64(len(list)))
			l.Log.Error("messages could not be logged", "messages", len(list), "err", err)
		} else {
			last = n
		}
		if n := l.dropped.Swap(0); n > 0 {
			l.Log.Warn("messages are missing from the log: the store is too slow for it", "messages", n)
		}
		if !more {
			return last
		}
		clear(list) // the texts are not needed any more
		list = list[:0]
	}
}

// stored makes room for more, and has old messages deleted before there are far too many.
func (l *MessageLog) stored(bytes int64) {
	l.bytes.Add(-bytes)
	l.unpruned += bytes
	if l.unpruned < l.MaxMB<<20/pruneShare {
		return
	}
	l.unpruned = 0
	select {
	case l.full <- struct{}{}:
	default:
	}
}

// message is what is kept: with what the text says of itself, and without what must not be kept.
func (m logged) message() station.Message {
	out := station.Message{At: m.at, Station: m.station, Outgoing: m.outgoing}
	if m.note != "" {
		out.Action, out.Text = m.note, string(m.text)
		return out
	}
	if f, err := ocppj.Parse(m.text); err == nil {
		out.Type, out.MessageID, out.Action = int(f.Type), f.ID, f.Action
	}
	out.Text = redact(string(m.text), out.Action)
	return out
}

func (l *MessageLog) prune(ctx context.Context) {
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		n, err := l.Store.PruneMessages(ctx, l.Now().Add(-l.MaxAge), l.MaxMB<<20)
		if err != nil && ctx.Err() == nil {
			l.Log.Error("old messages could not be deleted", "err", fmt.Errorf("after %d: %w", n, err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-l.full:
		}
	}
}
