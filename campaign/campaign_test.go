package campaign_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/campaign"
	"gnista/station"
	"gnista/store/storetest"
)

// world is a store with stations, a clock, and an action that does as it is told.
type world struct {
	*campaign.Campaigns
	t   *testing.T
	now time.Time

	mu      sync.Mutex
	online  map[gnista.StationID]bool
	results map[gnista.StationID]campaign.Result
	errors  map[gnista.StationID]error
	applied []gnista.StationID
	once    bool // the action must not be repeated
	during  func()
}

func newWorld(t *testing.T, stations int) *world {
	t.Helper()
	db := storetest.Open(t)
	w := &world{
		t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), online: map[gnista.StationID]bool{}, results: map[gnista.StationID]campaign.Result{},
		errors: map[gnista.StationID]error{},
	}
	for i := range stations {
		id := name(i)
		w.online[id] = true
		if _, err := db.ChangeStation(t.Context(), id, true, func(s *station.Station) ([]gnista.Event, error) {
			s.State, s.Vendor, s.Version = station.Accepted, "V", gnista.V201
			return nil, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	ids := 0
	network := &station.Network{Store: db, Settings: db, Commands: db, Presence: w, Now: func() time.Time { return w.now }}
	w.Campaigns = &campaign.Campaigns{
		Store: db, Network: network, Presence: w, Actions: map[string]campaign.Action{}, Now: network.Now,
		NewID: func() string { ids++; return fmt.Sprintf("c%03d", ids) }, Log: slog.New(slog.DiscardHandler),
	}
	return w
}

func name(i int) gnista.StationID { return gnista.StationID(fmt.Sprintf("S%02d", i)) }

func (w *world) Connection(id gnista.StationID) (station.Connection, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return station.Connection{Version: gnista.V201}, w.online[id]
}

func (w *world) Disconnect(gnista.StationID, string) {}

func (w *world) Treat(id gnista.StationID, t station.Treatment) {}

func (w *world) Check(context.Context, json.RawMessage) error { return nil }

func (w *world) Repeatable() bool { return !w.once }

func (w *world) Apply(_ context.Context, id gnista.StationID, _ json.RawMessage) (campaign.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.applied = append(w.applied, id)
	if w.during != nil {
		w.during()
	}
	r, ok := w.results[id]
	if !ok {
		r.State = campaign.Happened
	}
	return r, w.errors[id]
}

// action is the world as an action: its Plan is another one than that of the campaigns.
type action struct{ *world }

func (a action) Plan(context.Context, gnista.StationID, json.RawMessage) (string, error) {
	return "try", nil
}

func (w *world) begin(x campaign.Campaign) string {
	w.t.Helper()
	w.Actions["try"] = action{w}
	x.Action = "try"
	c, err := w.Begin(w.t.Context(), x)
	if err != nil {
		w.t.Fatal(err)
	}
	return c.ID
}

func (w *world) step(id string) {
	w.t.Helper()
	if err := w.Step(w.t.Context(), id); err != nil {
		w.t.Fatal(err)
	}
}

// want compares a campaign with "state wave: station=state …", of the stations that do not wait.
func (w *world) want(id, want string) {
	w.t.Helper()
	c, err := w.Store.Campaign(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	list, err := w.Store.Members(w.t.Context(), campaign.MemberFilter{Campaign: id, Wave: 99, After: -1, Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	got := fmt.Sprintf("%s %d:", c.State, c.Wave+1)
	for _, m := range list {
		if m.State != campaign.Waiting {
			got += fmt.Sprintf(" %s=%s", m.Station, m.State)
		}
	}
	if got != want {
		w.t.Errorf("got  %s (%s)\nwant %s", got, c.Detail, want)
	}
}

func TestWaves(t *testing.T) {
	w := newWorld(t, 12)
	id := w.begin(campaign.Campaign{Waves: []string{"1", "25%", "100%"}, Concurrency: 2})
	c, err := w.Store.Campaign(t.Context(), id)
	if err != nil || !slices.Equal(c.Sizes, []int{1, 3, 12}) {
		t.Errorf("the waves are %v, %v", c.Sizes, err)
	}
	w.step(id)
	c, err = w.Store.Campaign(t.Context(), id)
	if err != nil || c.State != campaign.Done || c.EndedAt.IsZero() || len(w.applied) != 12 || w.applied[0] != "S00" {
		t.Errorf("it is %s after %v, %v", c.State, w.applied, err)
	}
}

func TestFailingCanaryStops(t *testing.T) {
	w := newWorld(t, 5)
	w.results["S00"] = campaign.Result{State: campaign.Failed, Detail: "will not"}
	id := w.begin(campaign.Campaign{Waves: []string{"1", "2", "100%"}, MaxFailed: 50})
	w.step(id)
	w.want(id, "stopped 1: S00=failed")
	w.step(id)
	w.want(id, "stopped 1: S00=failed")
	// What failed before does not stop it again; what fails then does.
	w.results["S03"] = campaign.Result{State: campaign.Unknown}
	w.results["S04"] = campaign.Result{State: campaign.Failed}
	w.results["S02"] = campaign.Result{State: campaign.Failed}
	if _, err := w.Resume(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.step(id)
	w.want(id, "stopped 3: S00=failed S01=happened S02=failed S03=unknown S04=failed")
	if _, err := w.Pause(t.Context(), id); gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("what has stopped pauses: %v", err)
	}
}

func TestPauseResumeCancel(t *testing.T) {
	w := newWorld(t, 6)
	id := w.begin(campaign.Campaign{Waves: []string{"2", "100%"}, Concurrency: 1})
	w.during = func() {
		if len(w.applied) == 3 {
			if _, err := w.Campaigns.Pause(t.Context(), id); err != nil {
				t.Error(err)
			}
		}
	}
	w.step(id)
	w.want(id, "paused 2: S00=happened S01=happened S02=happened")
	w.during = nil
	if _, err := w.Resume(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	w.online["S04"], w.online["S05"] = false, false
	w.mu.Unlock()
	w.step(id)
	w.want(id, "running 2: S00=happened S01=happened S02=happened S03=happened")
	if _, err := w.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.want(id, "cancelled 2: S00=happened S01=happened S02=happened S03=happened S04=skipped S05=skipped")
	if _, err := w.Resume(t.Context(), id); gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("what was cancelled goes on: %v", err)
	}
}

// TestOffline: stations that are not connected are waited for until the deadline, and nothing goes on
// before a canary has shown that it goes well.
func TestOffline(t *testing.T) {
	w := newWorld(t, 4)
	for i := range 4 {
		w.online[name(i)] = false
	}
	id := w.begin(campaign.Campaign{Deadline: w.now.Add(time.Hour)})
	w.online["S03"] = true // not the canary
	w.step(id)
	w.want(id, "running 1:")
	w.online["S00"] = true
	w.step(id)
	w.want(id, "running 2: S00=happened S03=happened")
	w.errors["S01"] = gnista.Errorf(gnista.Offline, "gone") // between being looked for and told
	w.online["S01"] = true
	w.during = func() { w.online["S01"] = false }
	w.step(id)
	w.want(id, "running 2: S00=happened S03=happened")
	w.now = w.now.Add(time.Hour)
	w.step(id)
	w.want(id, "done 2: S00=happened S01=skipped S02=skipped S03=happened")

	w = newWorld(t, 3)
	w.online["S01"] = false
	id = w.begin(campaign.Campaign{SkipOffline: true})
	w.step(id)
	w.step(id)
	w.want(id, "done 2: S00=happened S02=happened S01=skipped")
}

// TestRestart: a campaign goes on where it was; of a station whose turn it was the action is repeated
// where that does no harm.
func TestRestart(t *testing.T) {
	for _, once := range []bool{false, true} {
		w := newWorld(t, 3)
		w.once = once
		id := w.begin(campaign.Campaign{Waves: []string{"100%"}, MaxFailed: 100})
		list, err := w.Store.Members(t.Context(), campaign.MemberFilter{Campaign: id, Wave: 9, After: -1, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		list[0].State = campaign.Applying
		if err := w.Store.SaveMember(t.Context(), list[0]); err != nil {
			t.Fatal(err)
		}
		w.step(id)
		want := "done 1: S00=happened S01=happened S02=happened"
		if once {
			want = strings.Replace(want, "S00=happened", "S00=unknown", 1)
		}
		w.want(id, want)
	}
}

// TestAgreed: what stations agree to is waited for before the next wave.
func TestAgreed(t *testing.T) {
	w := newWorld(t, 2)
	ctx := t.Context()
	if err := w.Network.Commands.AddCommand(ctx, station.Command{ID: "cmd", Station: "S00", Outcome: station.Agreed, At: w.now, Effect: "boot"}); err != nil {
		t.Fatal(err)
	}
	w.results["S00"] = campaign.Result{State: campaign.Agreed, Command: "cmd"}
	id := w.begin(campaign.Campaign{Waves: []string{"1", "100%"}})
	w.step(id)
	w.want(id, "running 1: S00=accepted")
	if err := w.Network.Settle(ctx, "S00", station.Happened, "it has", "boot"); err != nil {
		t.Fatal(err)
	}
	w.step(id)
	w.want(id, "done 2: S00=happened S01=happened")
}

// TestBusy: a station that is busy is tried again, a few times.
func TestBusy(t *testing.T) {
	w := newWorld(t, 1)
	w.errors["S00"] = gnista.Errorf(gnista.Conflict, "busy")
	id := w.begin(campaign.Campaign{})
	w.step(id)
	w.want(id, "stopped 1: S00=failed")
	if len(w.applied) != 3 {
		t.Errorf("it was tried %d times", len(w.applied))
	}
}

func TestBadCampaigns(t *testing.T) {
	w := newWorld(t, 2)
	w.Actions["try"] = action{w}
	f := func(field string, change func(*campaign.Campaign)) {
		t.Helper()
		x := campaign.Campaign{Action: "try"}
		change(&x)
		_, err := w.Begin(t.Context(), x)
		if gnista.CodeOf(err) != gnista.Invalid || !strings.HasPrefix(fmt.Sprint(err), field+":") {
			t.Errorf("%s: %v", field, err)
		}
	}
	f("action", func(x *campaign.Campaign) { x.Action = "none" })
	f("waves[0]", func(x *campaign.Campaign) { x.Waves = []string{"all"} })
	f("waves[1]", func(x *campaign.Campaign) { x.Waves = []string{"1", "101%"} })
	f("waves[0]", func(x *campaign.Campaign) { x.Waves = []string{"0"} })
	f("maxFailedPercent", func(x *campaign.Campaign) { x.MaxFailed = 101 })
	f("concurrency", func(x *campaign.Campaign) { x.Concurrency = 101 })
	f("deadline", func(x *campaign.Campaign) { x.Deadline = w.now })
	f("target", func(x *campaign.Campaign) { x.Target.Match.Vendor = "other" })
	f("target.template", func(x *campaign.Campaign) { x.Target.Template = "none" })
	f("target.stations[1]", func(x *campaign.Campaign) { x.Target.Stations = []gnista.StationID{"S00", "none"} })
	f("target.stations[1]", func(x *campaign.Campaign) { x.Target.Stations = []gnista.StationID{"S00", "S00"} })
}
