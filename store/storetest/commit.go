package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/station"
)

func (s suite) failures(t *testing.T) {
	ctx := t.Context()
	before := must[int64](t)(s.LastEvent(ctx))
	refused := errors.New("no")
	err := s.Change(ctx, "tx", func(tx charging.Tx) error {
		if err := tx.Save(newTransaction("f1", "rf1"), nil, gnista.Event{At: now, Kind: "never"}); err != nil {
			return err
		}
		return refused
	})
	if !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	err = s.Change(ctx, "tx", func(tx charging.Tx) error { // breaks UNIQUE (station, ref)
		return errors.Join(tx.Save(newTransaction("f2", "same"), nil), tx.Save(newTransaction("f3", "same"), nil))
	})
	if err == nil {
		t.Error("two transactions have one name")
	}
	err = s.Change(ctx, "tx", func(charging.Tx) error { panic("oh") })
	if err == nil {
		t.Error("a panic passed for success")
	}
	for _, id := range []string{"f1", "f2", "f3"} {
		_, err = s.Transaction(ctx, id)
		wantCode(t, err, gnista.NotFound)
	}
	if last := must[int64](t)(s.LastEvent(ctx)); last != before {
		t.Errorf("%d events of what was undone", last-before)
	}
	if err := s.Change(ctx, "tx", func(tx charging.Tx) error { return tx.Save(newTransaction("f4", "rf4"), nil) }); err != nil {
		t.Errorf("a change after the failures: %v", err)
	}
}

func (s suite) concurrent(t *testing.T) {
	ctx := t.Context()
	const stations, changes = 20, 25
	before := must[int64](t)(s.LastEvent(ctx))
	var wg sync.WaitGroup
	for i := range stations {
		id := gnista.StationID(fmt.Sprintf("par%d", i))
		for range changes {
			wg.Go(func() {
				_, err := s.ChangeStation(ctx, id, true, func(x *station.Station) ([]gnista.Event, error) {
					x.State, x.Model = station.Accepted, x.Model+"x"
					return []gnista.Event{{At: now, Kind: "count", Station: id}}, nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	// A reader who goes by numbers misses none, whatever commits meanwhile.
	seen, after := 0, before
	for deadline := time.Now().Add(time.Minute); seen < stations*changes && time.Now().Before(deadline); {
		for _, ev := range must[[]gnista.Event](t)(s.Events(ctx, after, 1000)) {
			if ev.Seq != after+1 {
				t.Fatalf("event %d follows %d", ev.Seq, after)
			}
			after, seen = ev.Seq, seen+1
		}
	}
	wg.Wait()
	if seen != stations*changes {
		t.Errorf("a reader saw %d of %d events", seen, stations*changes)
	}
	for i := range stations {
		x := must[station.Station](t)(s.Station(ctx, gnista.StationID(fmt.Sprintf("par%d", i))))
		if len(x.Model) != changes {
			t.Errorf("station %d was changed %d times", i, len(x.Model))
		}
	}
}

// abandoned: who gives up before a change has begun need not fear that it is made after all, and who
// gives up later is told what became of it.
func (s suite) abandoned(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	result := make(chan error, 1)
	ctx, giveUp := context.WithCancel(t.Context())
	go func() {
		result <- s.Change(ctx, "abandoned", func(tx charging.Tx) error {
			close(begun)
			<-goOn
			return tx.Save(newTransaction("ab1", "rab1"), nil)
		})
	}()
	<-begun
	giveUp()
	waiting, giveUpWaiting := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer giveUpWaiting()
	err := s.Change(waiting, "abandoned", func(tx charging.Tx) error { return tx.Save(newTransaction("ab2", "rab2"), nil) })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a change that nobody waits for: %v", err)
	}
	close(goOn)
	if err := <-result; err != nil {
		t.Errorf("a change that had begun: %v", err)
	}
	must[charging.Transaction](t)(s.Transaction(t.Context(), "ab1"))
	// The one behind it has been passed over when the next one is done.
	if err := s.Change(t.Context(), "abandoned", func(charging.Tx) error { return nil }); err != nil {
		t.Error(err)
	}
	_, err = s.Transaction(t.Context(), "ab2")
	wantCode(t, err, gnista.NotFound)
}
