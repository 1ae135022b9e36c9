package commission

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gnista"
	"gnista/station"
)

// step is one thing that is looked at.
type step struct {
	name   string
	acts   bool               // the station is made to do something, if only for a moment
	wanted func(Options) bool // nil is always
	f      func(*pace) error  // an error ends the step, see [pace.fail]
}

// steps are all that is looked at, in this order: what only reads comes first, and what stations bear
// least comes last.
func steps() []step {
	return []step{
		{name: "boot", f: (*pace).boot},
		{name: "settings", f: (*pace).settings},
		{name: "triggers", f: (*pace).triggers},
		{name: "connectors", f: (*pace).connectors},
		{name: "meter", f: (*pace).meter},
		{name: "clock", f: (*pace).clock},
		{name: "security", f: (*pace).security},
		{name: "certificates", f: (*pace).certificates},
		{name: "local-list", f: (*pace).localList},
		{name: "data", f: (*pace).data},
		{name: "write", acts: true, f: (*pace).write},
		{name: "profile", acts: true, f: (*pace).profile},
		{name: "reservation", acts: true, wanted: func(o Options) bool { return o.Reservation }, f: (*pace).reservation},
		{name: "log", acts: true, wanted: func(o Options) bool { return o.Log }, f: (*pace).log},
		{name: "unlock", acts: true, wanted: func(o Options) bool { return o.Unlock }, f: (*pace).unlock},
		{name: "availability", acts: true, wanted: func(o Options) bool { return o.Availability }, f: (*pace).availability},
		{name: "messages", f: (*pace).messages},
	}
}

// run is a check under way.
type run struct {
	*Checks
	check  Check
	live   station.Connection
	kept   []station.Variable // settings that were read
	before map[string]int     // how often quirks had been seen

	mu    sync.Mutex
	heard []station.Heard
	news  chan struct{} // closed when something was heard

	times  []time.Duration // of answers
	errors map[string]int  // answers that were errors, and none, by what they were
}

func newRun(c *Checks, x Check, live station.Connection) *run {
	return &run{Checks: c, check: x, live: live, news: make(chan struct{}), errors: map[string]int{}}
}

// pace is one step of a run.
type pace struct {
	*run
	*Result
	ctx context.Context
}

// maxHeard is how many messages of a station are kept while it is checked.
const maxHeard = 2000

func (r *run) hear(h station.Heard) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.heard) < maxHeard {
		r.heard = append(r.heard, h)
	}
	close(r.news)
	r.news = make(chan struct{})
}

// run runs all steps.
func (r *run) run(ctx context.Context) {
	ctx, cancel := context.WithTimeoutCause(ctx, allTime, gnista.Errorf(gnista.Timeout, "the check takes too long"))
	defer cancel()
	stop := r.Listener.Listen(r.check.Station, r.hear)
	defer stop()
	r.settle(ctx)
	if err := r.seen(ctx); err != nil && ctx.Err() == nil {
		r.Log.Error("the quirks of a station could not be read", "station", r.check.Station, "err", err)
	}
	for i, s := range steps() {
		r.check.Step = i + 1
		if r.check.Why.Key == "" {
			r.check.Why = r.over(ctx)
		}
		r.check.Results = append(r.check.Results, r.step(ctx, s))
		if err := r.save(ctx, r.check); err != nil {
			r.Log.Error("a check could not be kept", "check", r.check.ID, "err", err)
		}
	}
	r.check.EndedAt, r.check.State = r.Now(), Done
	if r.check.Why.Key != "" {
		r.check.State = Stopped
	}
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), errStopped) {
		r.check.State = Interrupted
	}
	ctx = context.WithoutCancel(ctx)
	r.conclude(ctx)
	if err := r.save(ctx, r.check); err != nil {
		r.Log.Error("a check could not be kept", "check", r.check.ID, "err", err)
	}
}

// settling is how long a station that has just come is left to tell of itself.
const settling = 5 * time.Second

// settle waits until the station has had time to tell of itself.
func (r *run) settle(ctx context.Context) {
	since := r.live.Since
	if s, err := r.Network.Store.Station(ctx, r.check.Station); err == nil && s.BootedAt.After(since) {
		since = s.BootedAt
	}
	select {
	case <-ctx.Done():
	case <-time.After(since.Add(settling).Sub(r.Now())):
	}
}

// over is why nothing more can be asked, if that is so.
func (r *run) over(ctx context.Context) Message {
	switch live, connected := r.Network.Presence.Connection(r.check.Station); {
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), errStopped):
		return say("restarted")
	case ctx.Err() != nil:
		return say("too-long")
	case !connected:
		return say("offline")
	case !live.Since.Equal(r.live.Since):
		return say("reconnected")
	}
	return Message{}
}

// step runs one step.
func (r *run) step(ctx context.Context, s step) Result {
	x := &Result{Step: s.name, At: r.Now()}
	why := r.check.Why
	if why.Key == "" {
		why = r.unfit(ctx, s)
	}
	if why.Key != "" && s.name != "messages" { // those that came are told of in any case
		x.Verdict, x.Why = Skipped, why
		return *x
	}
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	p := &pace{run: r, Result: x, ctx: ctx}
	p.fail(s.f(p))
	if x.Took = r.Now().Sub(x.At); x.Verdict == "" {
		x.Verdict = Passed
	}
	if len(x.Findings) > 0 {
		x.Verdict, x.Why = Failed, Message{}
	}
	return *x
}

// unfit is why a step is not run.
func (r *run) unfit(ctx context.Context, s step) Message {
	switch {
	case s.acts && r.check.Options.ReadOnly:
		return say("read-only")
	case s.wanted != nil && !s.wanted(r.check.Options):
		return say("not-wanted")
	case !s.acts:
		return Message{}
	}
	if busy, err := r.busy(ctx, r.check.Station); err != nil || busy {
		return say("charging")
	}
	return Message{}
}

// fail takes in why a step ended early.
func (p *pace) fail(err error) {
	if err == nil {
		return
	}
	switch code := gnista.CodeOf(err); {
	case errors.Is(context.Cause(p.ctx), errStopped):
		p.skip("restarted")
	case p.over(context.WithoutCancel(p.ctx)).Key != "":
		p.find("connection-lost")
	case code == gnista.Unsupported:
		if strings.Contains(err.Error(), answered) {
			p.unsupported("station-says", short(err))
		} else {
			p.unsupported("version-says", err.Error())
		}
	case code == gnista.Timeout:
		p.find("no-answer")
	case code == gnista.Refused:
		p.find("error-answer", short(err))
	case p.ctx.Err() != nil:
		p.find("too-slow")
	case code == gnista.Internal:
		p.Log.Error("a step of a check failed", "station", p.check.Station, "step", p.Step, "err", err)
		p.skip("internal")
	default:
		p.skip("impossible", err.Error())
	}
}

func (p *pace) find(key string, with ...string) { p.Findings = append(p.Findings, say(key, with...)) }
func (p *pace) note(key string, with ...string) { p.Notes = append(p.Notes, say(key, with...)) }
func (p *pace) fact(key, value string)          { p.Facts = append(p.Facts, Fact{Key: key, Value: cut(value)}) }

func (p *pace) factOf(key, of, value string) {
	p.Facts = append(p.Facts, Fact{Key: key, Of: cut(of), Value: cut(value)})
}

func (p *pace) skip(key string, with ...string) { p.Verdict, p.Why = Skipped, say(key, with...) }
func (p *pace) unsupported(key string, with ...string) {
	p.Verdict, p.Why = Unsupported, say(key, with...)
}

func say(key string, with ...string) Message {
	for i, w := range with {
		with[i] = cut(w)
	}
	return Message{key, with}
}

// maxText bounds what a report has of what a station said.
const maxText = 1000

func cut(s string) string {
	if r := []rune(s); len(r) > maxText {
		return string(r[:maxText]) + "…"
	}
	return s
}

// answered is in an error when it is the station's answer.
const answered = "answers with an error: "

// short is an error without what is said before the station's own words.
func short(err error) string {
	_, own, ok := strings.Cut(err.Error(), answered)
	if !ok {
		return err.Error()
	}
	return own
}

// tell tells the station an order, and remembers how long the answer took.
func tell[A any](p *pace, o station.Order[A]) (A, error) {
	begun := p.Now()
	a, err := station.Tell(p.ctx, p.Network.Remote, p.check.Station, o)
	took := p.Now().Sub(begun)
	switch code := gnista.CodeOf(err); {
	case err == nil:
		p.times = append(p.times, took)
	case code == gnista.Refused || code == gnista.Unsupported && strings.Contains(err.Error(), answered):
		p.times = append(p.times, took)
		word, _, _ := strings.Cut(short(err), ":")
		p.errors[cut(word)]++
	case code == gnista.Timeout:
		p.errors[""]++
	}
	return a, err
}

// waiting is how long something that was asked for is waited for.
func (r *run) waiting() time.Duration {
	if r.check.Options.Patience > 0 {
		return time.Duration(r.check.Options.Patience) * time.Second
	}
	return patience
}

// quiet is how long nothing more must come before all is taken to have come.
const quiet = 300 * time.Millisecond

// mark is the place in what was heard from which on a message is new.
func (r *run) mark() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.heard)
}

// await waits for messages of a kind behind mark, and for those that follow close.
func (p *pace) await(mark int, kind station.Trigger) []station.Heard {
	until := time.After(p.waiting())
	for {
		p.mu.Lock()
		news := p.news
		list := p.since(mark, kind)
		p.mu.Unlock()
		var still <-chan time.Time
		if len(list) > 0 {
			still = time.After(quiet)
		}
		select {
		case <-news:
		case <-still:
			return list
		case <-until:
			return list
		case <-p.ctx.Done():
			return list
		}
	}
}

// since lists what was heard of a kind. mu is held.
func (r *run) since(mark int, kind station.Trigger) (list []station.Heard) {
	for _, h := range r.heard[min(mark, len(r.heard)):] {
		if h.Kind == kind {
			list = append(list, h)
		}
	}
	return list
}

// all lists all that was heard of a kind.
func (r *run) all(kind station.Trigger) []station.Heard {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.since(0, kind)
}

// seen remembers how often the station had shown quirks before.
func (r *run) seen(ctx context.Context) error {
	list, _, err := r.Network.Quirks(ctx, r.check.Station)
	r.before = map[string]int{}
	for _, k := range list {
		r.before[k.Key] = k.Count
	}
	return err
}

// conclude adds the quirks that the station has.
func (r *run) conclude(ctx context.Context) {
	list, _, err := r.Network.Quirks(ctx, r.check.Station)
	if err != nil {
		if ctx.Err() == nil {
			r.Log.Error("the quirks of a station could not be read", "station", r.check.Station, "err", err)
		}
		return
	}
	for _, k := range list {
		r.check.Quirks = append(r.check.Quirks, Quirk{
			Key: k.Key, ID: k.ID, Means: k.Means, Does: k.Does, Seen: k.Count - r.before[k.Key], Ever: k.Count, OfModel: k.OfModel, Example: cut(k.Example),
		})
	}
}

// save keeps how far a check has come, and tells of it when it has ended.
func (c *Checks) save(ctx context.Context, x Check) error {
	x.Results, x.Quirks = slices.Clone(x.Results), slices.Clone(x.Quirks)
	if x.State == Running {
		return c.Store.SaveCheck(context.WithoutCancel(ctx), x, keepChecks)
	}
	data, err := json.Marshal(map[string]any{
		"state": x.State, "good": x.Good(), "passed": x.Count(Passed), "failed": x.Count(Failed), "notSupported": x.Count(Unsupported), "skipped": x.Count(Skipped),
	})
	if err != nil {
		return err
	}
	return c.Store.SaveCheck(context.WithoutCancel(ctx), x, keepChecks, gnista.Event{At: c.Now(), Kind: "station.checked", Station: x.Station, Subject: x.ID, Data: data})
}

// place is where something is, in words.
func place(at gnista.EVSE) string {
	if at.ID == 0 {
		return "0"
	}
	if at.Connector > 1 {
		return fmt.Sprintf("%d/%d", at.ID, at.Connector)
	}
	return strconv.Itoa(at.ID)
}
