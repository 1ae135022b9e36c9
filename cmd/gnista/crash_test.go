package main_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"gnista"
	"gnista/sim"
)

// told is what stations have been told is safe.
type told struct {
	mu     sync.Mutex
	events map[string]sim.Event // by station, transaction and kind of event, the last of each
	count  int
	ended  int // events that end a transaction
}

func (c *told) take(ev sim.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	if ev.Kind == sim.Ended {
		c.ended++
	}
	c.events[fmt.Sprintf("%s %s %s", ev.Station, ev.Transaction, ev.Kind)] = ev
}

// await waits until so many more transactions have ended, and a random time after that, so that nobody
// knows in the middle of what the system is then.
func (c *told) await(t *testing.T, more int) {
	t.Helper()
	ended := func() int {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.ended
	}
	before := ended()
	for end := time.Now().Add(2 * time.Minute); ended() < before+more; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("only %d transactions have ended in two minutes, and %d should", ended()-before, more)
		}
	}
	time.Sleep(rand.N(time.Second))
}

// The system is killed again and again while 100 stations charge. What it has confirmed is there, once;
// every transaction that ended has exactly one charge record, and that says what the meter said.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it takes half a minute")
	}
	const stations, kills = 100, 3
	binary, data := build(t), t.TempDir()
	s := start(t, binary, "127.0.0.1:0", data)
	s.do(t, "POST", "/tariffs", `{"name":"Public","currency":"SEK","default":true,"elements":[{"type":"energy","price":40}]}`)
	s.do(t, "POST", "/tokens", `{"uid":"CARD"}`)

	confirmed := &told{events: map[string]sim.Event{}}
	park := newPark("ws://"+s.address+"/ocpp", stations, confirmed)
	stop := play(t, park)
	for range kills {
		confirmed.await(t, stations/4)
		s.kill()
		time.Sleep(rand.N(500 * time.Millisecond))
		s = start(t, binary, s.address, data)
	}
	confirmed.await(t, stations/4)
	stop()
	finished := confirmed.finished()
	eventually(t, "everything is billed", func() bool { return len(everything[record](t, s, "/charge-records")) >= finished })
	audit(t, s, confirmed, finished)
}

// play has stations do what they do until stop is called, which waits for their end.
func play(t *testing.T, park *sim.Park) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- park.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(5 * time.Minute):
			t.Fatal("the stations do not come to an end")
		}
	}
}

// newPark is many stations of all versions at which one car after the other charges for some seconds.
func newPark(url string, stations int, confirmed *told) *sim.Park {
	park := &sim.Park{Stagger: 5 * time.Millisecond}
	versions := []gnista.Version{gnista.V16, gnista.V201, gnista.V21}
	second := func(from, to float64) sim.Span {
		return sim.Span{From: time.Duration(from * float64(time.Second)), To: time.Duration(to * float64(time.Second))}
	}
	for i := range stations {
		park.Plays = append(park.Plays, &sim.Play{
			Scenario: sim.Normal, Tokens: []string{"CARD"}, Seed: uint64(i), Patience: time.Minute,
			Pace: sim.Pace{Pause: second(0.2, 1), Card: second(0, 0.2), Charge: second(1, 4), Full: second(0.2, 0.5)},
			Station: &sim.Station{
				ID: gnista.StationID(fmt.Sprintf("KILL%d", i)), Version: versions[i%3], URL: url, PowerW: 300_000, RegisterWh: int64(i) * 1000,
				MeterEvery: 400 * time.Millisecond, Timeout: 5 * time.Second, Retry: 100 * time.Millisecond, Now: time.Now, NewID: uuid.NewString, Answered: confirmed.take,
			},
		})
	}
	return park
}

// finished counts the transactions of which stations were told that their end is safe.
func (c *told) finished() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, ev := range c.events {
		if ev.Kind == sim.Ended {
			n++
		}
	}
	return n
}

// audit compares what stations were told with what is there.
func audit(t *testing.T, s *server, confirmed *told, finished int) {
	t.Helper()
	transactions := map[string]transaction{}
	for _, x := range everything[transaction](t, s, "/transactions") {
		name := x.Station + " " + x.Ref
		if _, twice := transactions[name]; twice {
			t.Errorf("transaction %s is there twice", name)
		}
		transactions[name] = x
	}
	records := map[string]record{}
	numbers := map[int64]bool{}
	for _, r := range everything[record](t, s, "/charge-records") {
		if _, twice := records[r.Transaction]; twice || numbers[r.Number] {
			t.Errorf("transaction %s is billed twice, or number %d is used twice", r.Transaction, r.Number)
		}
		records[r.Transaction], numbers[r.Number] = r, true
	}
	for _, ev := range confirmed.events {
		x, ok := transactions[string(ev.Station)+" "+ev.Transaction]
		if !ok {
			t.Errorf("%+v was confirmed and is not there", ev)
			continue
		}
		if ev.Kind != sim.Ended {
			continue
		}
		start, ok := confirmed.events[fmt.Sprintf("%s %s %s", ev.Station, ev.Transaction, sim.Started)]
		r, billed := records[x.ID]
		want := ev.RegisterWh - start.RegisterWh
		if !ok || x.State != "ended" || x.EnergyWh != want || len(x.Review) > 0 || !billed || r.EnergyWh != want || r.Total.Amount != (want*40*100+500)/1000 {
			t.Errorf("%+v from %d Wh: the transaction is %+v and the record %+v", ev, start.RegisterWh, x, r)
		}
	}
	if len(records) != finished || !numbers[1] || !numbers[int64(finished)] { // no number is left out
		t.Errorf("%d transactions have finished and there are %d records", finished, len(records))
	}
	t.Logf("%d events of %d transactions were confirmed, %d have finished", confirmed.count, len(transactions), finished)
}

// everything reads all pages of a list.
func everything[T any](t *testing.T, s *server, path string) (all []T) {
	t.Helper()
	for cursor := ""; ; {
		page := fetch[struct {
			Items []T
			Next  string
		}](t, s, path+"?limit=1000&cursor="+cursor)
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}
