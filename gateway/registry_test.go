package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/station"
)

func TestRegistry(t *testing.T) {
	r := registry{byID: map[gnista.StationID]*Session{}}
	x := map[string]*Session{}
	for _, id := range []string{"a", "b", "c", "d"} {
		x[id] = &Session{Station: gnista.StationID(id)}
		r.put(x[id])
	}
	due := func(now int64, want string) {
		t.Helper()
		var got []string
		for _, s := range r.due(now) {
			got = append(got, string(s.Station))
		}
		if slices.Sort(got); strings.Join(got, "") != want {
			t.Errorf("at %d %q are due, not %q", now, got, want)
		}
	}
	due(1, "abcd")
	due(1, "") // those are being looked at
	for i, id := range []string{"a", "b", "c", "d"} {
		r.lookAt(x[id], int64(10*(i+1)))
	}
	r.lookAt(x["d"], 5)  // sooner
	r.lookAt(x["d"], 50) // and that stays
	due(9, "d")
	again := &Session{Station: "b"}
	if old := r.put(again); old != x["b"] {
		t.Errorf("%v was replaced", old)
	}
	if r.remove(x["b"]) || !r.remove(x["a"]) || r.remove(x["a"]) {
		t.Error("who is not the session of its station was taken out")
	}
	r.lookAt(x["a"], 1)
	r.lookAt(x["b"], 1)
	due(19, "b") // the new one
	due(30, "c")
	if all := r.all(); len(all) != 3 || !slices.Contains(all, again) || len(r.list) != len(r.look) {
		t.Errorf("there are %d sessions", len(all))
	}
	for i, s := range r.list {
		if s.place != i {
			t.Errorf("%s is at %d and thinks that it is at %d", s.Station, i, s.place)
		}
	}
}

// slow is a store that takes its time to keep departures.
type slow struct {
	station.Store
	going   chan struct{}
	batches []int
	err     error
}

func (s *slow) Left(_ context.Context, list []station.Departure) error {
	<-s.going
	s.batches = append(s.batches, len(list))
	return s.err
}

func TestDeparturesGoTogether(t *testing.T) {
	var log strings.Builder
	store := &slow{going: make(chan struct{}), err: errors.New("no disk")}
	s := &Server{Network: &station.Network{Store: store}, Log: slog.New(slog.NewTextHandler(&log, nil))}
	var first sync.WaitGroup
	first.Go(func() { s.depart(station.Departure{Station: "first", At: time.Now()}) })
	for taken := false; !taken; time.Sleep(time.Millisecond) {
		s.left.mu.Lock()
		taken = s.left.writing && len(s.left.list) == 0
		s.left.mu.Unlock()
	}
	for i := range 3 * ledgerBatch {
		s.depart(station.Departure{Station: gnista.StationID(fmt.Sprint(i))}) // and nobody waits
	}
	close(store.going)
	first.Wait()
	total := 0
	for _, n := range store.batches {
		total += n
	}
	if len(store.batches) != 4 || total != 1+3*ledgerBatch {
		t.Errorf("written were %v", store.batches)
	}
	if n := strings.Count(log.String(), "could not be kept"); n != 2 || !strings.Contains(log.String(), "count=1500") {
		t.Errorf("%d lines tell of it:\n%s", n, log.String())
	}
}
