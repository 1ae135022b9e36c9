package gateway

import (
	"testing"
	"time"
)

// While nothing is stored, what waits for it is bounded in bytes and in number.
func TestMessageQueueIsBounded(t *testing.T) {
	f := func(size, add, want int) {
		t.Helper()
		l := &MessageLog{Now: time.Now, queue: make(chan logged, messageQueue)}
		text := make([]byte, size)
		for range add {
			l.Add("CS1", false, text)
		}
		if len(l.queue) != want || l.dropped.Load() != int64(add-want) {
			t.Errorf("of %d messages of %d bytes %d wait and %d are dropped, want %d waiting", add, size, len(l.queue), l.dropped.Load(), want)
		}
		for len(l.queue) > 0 {
			l.stored(int64(len((<-l.queue).text)))
		}
		if l.Add("CS1", false, text); len(l.queue) != 1 || l.bytes.Load() != int64(size) {
			t.Errorf("stored messages make no room: %d bytes are counted", l.bytes.Load())
		}
	}
	f(1, messageQueue+10, messageQueue)
	f(1<<20, 100, messageBytes>>20)
}

func TestConnectionsAreInTheLog(t *testing.T) {
	l := &MessageLog{Now: time.Now, queue: make(chan logged, 1)}
	l.Note("S", Ended, "[2,\"1\",\"Heartbeat\",{}]")
	m := <-l.queue
	if got := m.message(); got.Type != 0 || got.Action != Ended || got.Station != "S" || got.Text == "" {
		t.Errorf("got %+v", got)
	}
}
