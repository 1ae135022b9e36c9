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

// grouped: changes that wait for one another and are committed together are as if each were alone: each finds its own
// transaction, the second of a station sees what the first did, and one that fails takes nobody with it.
func (s suite) grouped(t *testing.T) {
	ctx := t.Context()
	const stations = 120
	name := func(i int) gnista.StationID { return gnista.StationID(fmt.Sprintf("grp%d", i)) }
	// together lets changes come while the writer of many of them is busy.
	together := func(changes ...func()) {
		begun, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			ended <- s.Change(ctx, "grouped", func(charging.Tx) error { close(begun); <-goOn; return nil })
		}()
		<-begun
		var wg sync.WaitGroup
		for _, change := range changes {
			wg.Go(change)
		}
		time.Sleep(50 * time.Millisecond) // not all need be there
		close(goOn)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		wg.Wait()
	}
	step := func(i, add int, fail error) func() {
		return func() {
			err := s.Change(ctx, name(i), func(tx charging.Tx) error {
				x, err := tx.ByRef(name(i), fmt.Sprint("ref", i))
				if err != nil {
					return err
				}
				if x == nil {
					x = newTransaction(fmt.Sprint("grp", i), fmt.Sprint("ref", i))
					x.Station, x.EnergyWh = name(i), 0
				}
				if x.Station != name(i) {
					t.Errorf("station %d found the transaction of %s", i, x.Station)
				}
				if add == 0 {
					return fail
				}
				x.EnergyWh += int64(add)
				at := now.Add(time.Duration(x.EnergyWh) * time.Second)
				if err := tx.Save(x, []charging.Sample{{At: at, Measurand: charging.EnergyImport, Location: charging.Outlet, Milli: x.EnergyWh}}, gnista.Event{At: now, Kind: "grouped", Station: name(i)}); err != nil {
					return err
				}
				return fail
			})
			if !errors.Is(err, fail) {
				t.Errorf("station %d: got %v, want %v", i, err, fail)
			}
		}
	}
	before := must[int64](t)(s.LastEvent(ctx))
	var changes []func()
	for i := range stations {
		changes = append(changes, step(i, 1, nil), step(i, 2, nil))
	}
	together(changes...)
	refusal, broken := gnista.Errorf(gnista.Conflict, "no"), errors.New("broken")
	changes = nil
	for i := range stations {
		changes = append(changes, step(i, 4, nil), step(i, 0, refusal))
	}
	together(changes...)
	together(append(changes, step(stations/2, 1000, broken))...)
	for i := range stations {
		id := fmt.Sprint("grp", i)
		if x := must[charging.Transaction](t)(s.Transaction(ctx, id)); x.EnergyWh != 11 {
			t.Errorf("%s has %d Wh", id, x.EnergyWh)
		}
		if list := must[[]charging.Sample](t)(s.Samples(ctx, id)); len(list) != 4 {
			t.Errorf("%s has %d values", id, len(list))
		}
	}
	if n := must[int64](t)(s.LastEvent(ctx)) - before; n != 4*stations {
		t.Errorf("%d events", n)
	}
	// What the database refuses is the error of the change that wrote it, and of no other.
	var errs [3]error
	save := func(n int, id, ref string) func() {
		return func() {
			errs[n] = s.Change(ctx, name(n), func(tx charging.Tx) error {
				x := newTransaction(id, ref)
				x.Station = name(0)
				return tx.Save(x, nil)
			})
		}
	}
	together(save(0, "grpA", "refA"), save(1, "grpB", "ref0"), save(2, "grpC", "refC"))
	if errs[0] != nil || errs[1] == nil || errs[2] != nil {
		t.Errorf("of three, of which the second has the name of another, there are these errors: %v", errs)
	}
}
