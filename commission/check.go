// Package commission finds out whether a station does what its version of OCPP promises: it asks one
// connected station for a series of harmless things and writes a report of what came of each.
//
// Nothing that is asked lasts: what is set is taken away again, and what is written is what was there.
package commission

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/power"
	"gnista/station"
)

// Check is one run, and its report.
type Check struct {
	ID        string
	Station   gnista.StationID
	State     State
	Options   Options
	Subject   Subject
	Why       Message // it did not come to its end
	Step      int     // that is being run, from 1; the last one when it has ended
	Steps     int     // that there are
	Results   []Result
	Quirks    []Quirk
	StartedAt time.Time
	EndedAt   time.Time // zero while it runs
}

// State is how far a check has come.
type State string

// The states.
const (
	Running     State = "running"
	Done        State = "done"
	Stopped     State = "stopped"     // the station went offline, or it took too long
	Interrupted State = "interrupted" // we were stopped
)

// Options say what a check does.
type Options struct {
	ReadOnly     bool `json:"readOnly,omitempty" doc:"Only ask for what the station tells; it may be charging"`
	Unlock       bool `json:"unlock,omitempty" doc:"Have a free connector unlocked"`
	Availability bool `json:"availability,omitempty" doc:"Take a free EVSE out of service and in again"`
	Reservation  bool `json:"reservation,omitempty" doc:"Reserve a free EVSE for nobody, and cancel that"`
	Log          bool `json:"log,omitempty" doc:"Have the station send its log to us"`
	Patience     int  `json:"patienceSeconds,omitempty" minimum:"1" maximum:"60" doc:"How long a message that was asked for is waited for; 0 is 15"`
}

// Subject is the station as it was.
type Subject struct {
	Version  gnista.Version `json:"version"`
	Vendor   string         `json:"vendor,omitempty"`
	Model    string         `json:"model,omitempty"`
	Serial   string         `json:"serial,omitempty"`
	Firmware string         `json:"firmware,omitempty"`
}

func subject(live station.Connection, s station.Station) Subject {
	return Subject{Version: live.Version, Vendor: s.Vendor, Model: s.Model, Serial: s.Serial, Firmware: s.Firmware}
}

// Verdict is what came of a step.
type Verdict string

// The verdicts.
const (
	Passed      Verdict = "passed"
	Failed      Verdict = "failed"
	Unsupported Verdict = "not-supported" // the station, or its version, does not have it, and need not
	Skipped     Verdict = "skipped"       // it was not tried
)

// Result is what came of a step.
type Result struct {
	Step     string
	Verdict  Verdict
	Why      Message   // it was skipped, or is not supported
	Facts    []Fact    // what was learned
	Findings []Message // what is wrong; there are some exactly when it failed
	Notes    []Message // what is worth knowing and not wrong
	At       time.Time
	Took     time.Duration
}

// Message is a text by its key, with what goes into it; see [Language.Text].
type Message struct {
	Key  string   `json:"key"`
	With []string `json:"with,omitempty"`
}

// Fact is something that was learned. What it is called is a text by its key.
type Fact struct {
	Key   string
	Of    string // whose it is, where there are several
	Value string
}

// Quirk is something that the station has shown, or its model is known for.
type Quirk struct {
	Key     string `json:"quirk"`
	ID      string `json:"id"`
	Means   string `json:"means"`
	Does    string `json:"does"`
	Seen    int    `json:"seen" doc:"How often it was seen while the check ran"`
	Ever    int    `json:"ever" doc:"How often it was seen at all"`
	OfModel bool   `json:"ofModel"`
	Example string `json:"example,omitempty"`
}

// Good tells whether nothing is wrong.
func (c Check) Good() bool { return c.State == Done && c.Count(Failed) == 0 }

// Count is how many steps have a verdict.
func (c Check) Count(v Verdict) (n int) {
	for _, r := range c.Results {
		if r.Verdict == v {
			n++
		}
	}
	return n
}

// Result is what came of a step, if it was run.
func (c Check) Result(step string) (Result, bool) {
	i := slices.IndexFunc(c.Results, func(r Result) bool { return r.Step == step })
	if i < 0 {
		return Result{}, false
	}
	return c.Results[i], true
}

// Store keeps checks.
type Store interface {
	// SaveCheck keeps c over what was kept of it, the events with it, and no more than keep of the station.
	// Of a station that there is not it keeps nothing.
	SaveCheck(ctx context.Context, c Check, keep int, evs ...gnista.Event) error
	// Check finds a check. NotFound.
	Check(ctx context.Context, id string) (Check, error)
	// Checks lists those of a station, the newest first, behind the one with the id before.
	Checks(ctx context.Context, id gnista.StationID, before string, limit int) ([]Check, error)
	// RunningChecks lists those that have not ended.
	RunningChecks(ctx context.Context) ([]Check, error)
}

// Listener tells what a station sends, until stop is called.
type Listener interface {
	Listen(id gnista.StationID, hear func(station.Heard)) (stop func())
}

// Checks runs checks.
type Checks struct {
	Store        Store
	Network      *station.Network
	Transactions charging.Store
	Power        *power.Power
	Listener     Listener
	Now          func() time.Time
	NewID        func() string
	Log          *slog.Logger

	mu      sync.Mutex
	running map[gnista.StationID]bool
	stopped bool
	stop    context.CancelCauseFunc
	ctx     context.Context
	group   sync.WaitGroup
}

// Limits of checks.
const (
	keepChecks  = 50 // of a station
	maxAtOnce   = 50 // of all stations: each keeps what it hears
	allTime     = 30 * time.Minute
	stepTime    = 5 * time.Minute // a full report of a large station takes minutes
	patience    = 15 * time.Second
	maxPatience = 60
)

// Begin makes those that ran when the system last ended interrupted.
func (c *Checks) Begin(ctx context.Context) error {
	c.mu.Lock()
	c.running = map[gnista.StationID]bool{}
	c.ctx, c.stop = context.WithCancelCause(context.Background())
	c.mu.Unlock()
	list, err := c.Store.RunningChecks(ctx)
	if err != nil {
		return err
	}
	for _, x := range list {
		x.State, x.EndedAt, x.Why = Interrupted, c.Now(), say("restarted")
		if err := c.save(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

// errStopped is why checks end with the system.
var errStopped = gnista.Errorf(gnista.Conflict, "the system is stopping")

// endTime is how long checks are given to clean up. One whose station does not answer waits for longer:
// the end of its connection ends that.
const endTime = 5 * time.Second

// End interrupts what runs, and gives it some time to clean up while stations are still there.
func (c *Checks) End() {
	c.mu.Lock()
	c.stopped = true
	if c.stop != nil {
		c.stop(errStopped)
	}
	c.mu.Unlock()
	ended := make(chan struct{})
	go func() { c.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(endTime):
	}
}

// Wait waits until no check runs.
func (c *Checks) Wait() { c.group.Wait() }

// Defaults are the options of who says nothing: all that is harmless at a station like this.
func (c *Checks) Defaults(ctx context.Context, id gnista.StationID) (Options, error) {
	_, t, err := c.Network.Quirks(ctx, id)
	return Options{Unlock: true, Availability: !hangs(t)}, err
}

// hangs tells whether a station does not bear a change of its availability (quirk Q23).
func hangs(t station.Treatment) bool {
	return t.Adaptations.SkipAvailability || slices.Contains(t.Quirks, "Q23")
}

// Start begins a check. Invalid, NotFound, Offline; Conflict when one is running, when a car charges and
// more than reading is wanted, or when the station is not in service.
func (c *Checks) Start(ctx context.Context, id gnista.StationID, o Options) (Check, error) {
	if o.Patience < 0 || o.Patience > maxPatience {
		return Check{}, gnista.Invalidf("patienceSeconds", "must be 1 to %d", maxPatience)
	}
	s, err := c.Network.Store.Station(ctx, id)
	if err != nil {
		return Check{}, err
	}
	live, connected := c.Network.Presence.Connection(id)
	if !connected {
		return Check{}, gnista.Errorf(gnista.Offline, "station %s is not connected", id)
	}
	if s.State != station.Accepted {
		return Check{}, gnista.Errorf(gnista.Conflict, "station %s is %s; accept it first", id, s.State)
	}
	if busy, err := c.busy(ctx, id); err != nil {
		return Check{}, err
	} else if busy && !o.ReadOnly {
		return Check{}, gnista.Errorf(gnista.Conflict, "a car charges at station %s; only a check with readOnly can be run", id)
	}
	if err := c.claim(id); err != nil {
		return Check{}, err
	}
	x := Check{
		ID: c.NewID(), Station: id, State: Running, Options: o, StartedAt: c.Now(), Steps: len(steps()), Results: []Result{},
		Subject: subject(live, s),
	}
	if err := c.save(ctx, x); err != nil {
		c.release(id)
		return Check{}, err
	}
	r := newRun(c, x, live)
	go func() {
		defer c.release(id)
		r.run(c.ctx)
	}()
	return x, nil
}

// claim makes a station's check the only one.
func (c *Checks) claim(id gnista.StationID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.stopped || c.ctx == nil:
		return errStopped
	case c.running[id]:
		return gnista.Errorf(gnista.Conflict, "station %s is being checked already", id)
	case len(c.running) >= maxAtOnce:
		return gnista.Errorf(gnista.Conflict, "%d stations are being checked, which is the most at one time", maxAtOnce)
	}
	c.running[id] = true
	c.group.Add(1)
	return nil
}

func (c *Checks) release(id gnista.StationID) {
	c.mu.Lock()
	delete(c.running, id)
	c.mu.Unlock()
	c.group.Done()
}

// busy tells whether a car charges.
func (c *Checks) busy(ctx context.Context, id gnista.StationID) (bool, error) {
	list, err := c.Transactions.Transactions(ctx, charging.Filter{Station: id, State: charging.Active, Limit: 1})
	return len(list) > 0, err
}
