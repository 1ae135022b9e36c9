package storetest

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"gnista"
)

// Events are deleted when they are old or too many, but none before every consumer has taken it.
func (s suite) prunedEvents(t *testing.T) {
	ctx := t.Context()
	first := func() int64 {
		t.Helper()
		if list := must[[]gnista.Event](t)(s.Events(ctx, 0, 1)); len(list) > 0 {
			return list[0].Seq
		}
		return 0
	}
	until := func(want int64, before time.Time, most int64) {
		t.Helper()
		for range 600 { // the consumer goes on beside us
			if must[int](t)(s.PruneEvents(ctx, before, most)); first() == want {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Fatalf("the first event is %d, want %d", first(), want)
	}
	begun, last := first(), must[int64](t)(s.LastEvent(ctx))
	if n := must[int](t)(s.PruneEvents(ctx, time.Time{}, math.MaxInt64/2)); n != 0 || begun != 1 {
		t.Errorf("%d events were deleted, the first is %d", n, begun)
	}
	const stuck = 10
	var goOn atomic.Bool
	var tried atomic.Int32
	consuming, stop := context.WithCancel(ctx)
	done, nudge := make(chan struct{}), make(chan struct{}, 1)
	for _, name := range []string{"test", "slow"} {
		go func() {
			s.Consume(consuming, name, nudge, func(_ context.Context, ev gnista.Event) error {
				if name == "slow" && ev.Seq == stuck && !goOn.Load() {
					tried.Add(1)
					return errors.New("not now")
				}
				return nil
			})
			done <- struct{}{}
		}()
	}
	for tried.Load() < 2 { // where it has come to is kept before it tries again
		select {
		case nudge <- struct{}{}:
		default:
		}
		time.Sleep(10 * time.Millisecond)
	}
	future := time.Now().Add(100 * 365 * 24 * time.Hour)
	until(stuck, future, math.MaxInt64/2)
	if n := must[int](t)(s.PruneEvents(ctx, future, 0)); n != 0 {
		t.Errorf("%d events were deleted that a consumer has not taken", n)
	}
	goOn.Store(true)
	until(last-4, time.Time{}, 5)
	until(0, future, 5)
	stop()
	<-done
	<-done
}
