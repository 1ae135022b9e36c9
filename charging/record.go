package charging

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"gnista"
	"gnista/station"
	"gnista/token"
)

// Transactions takes in what stations tell of transactions.
type Transactions struct {
	Store        Store
	Reservations ReservationStore
	Tokens       Authoriser
	Prices       Prices
	Network      *station.Network
	Live         Live
	Measured     func(t *Transaction, list []Sample) // is told at once, and without promise, what came with an event; nil is nobody
	Cloning      token.Cloning                       // when a card is at too many places for one card
	Zone         *time.Location                      // in which days and months begin; nil is UTC
	Now          func() time.Time
	NewID        func() string

	orders sync.WaitGroup // that are given meanwhile
}

// Wait waits for the orders to stations that are on their way. Nothing may be recorded any more.
func (t *Transactions) Wait() { t.orders.Wait() }

// end orders a station to end a transaction. What comes of it is kept as a command; the station is answered meanwhile.
func (t *Transactions) end(ctx context.Context, id gnista.StationID, ref string) {
	t.orders.Go(func() { station.Give(context.WithoutCancel(ctx), t.Network, id, Stop{ref}) })
}

// Authoriser decides who may charge.
type Authoriser interface {
	Authorise(ctx context.Context, r token.Request) (token.Decision, error)
}

// Live tells whoever looks on, at once and without promise.
type Live interface {
	Publish(gnista.Event)
	// Watched tells whether anybody does look on: making an event for nobody is not worth it.
	Watched() bool
}

// StartKey is what makes two starts in OCPP 1.6 the same: a station may send one again with a new
// message id, and another with an old one.
func StartKey(evse int, uid string, at string, meterStart int) string {
	return fmt.Sprintf("%d|%s|%s|%d", evse, token.Key(uid), at, meterStart)
}

// Record takes in an event. It returns when what the event says is on disk, so that the station may
// be told to forget it. Errors are internal: the station keeps the event and sends it again.
// (OCPP 1.6 §4.7, §4.8, §4.10; OCPP 2.x E01–E12)
func (t *Transactions) Record(ctx context.Context, id gnista.StationID, ev Event) (Outcome, error) {
	now := t.Now()
	ev.Ref, ev.StartKey = bounded(ev.Ref), bounded(ev.StartKey)
	if ev.Token != nil {
		ev.Token = &token.ID{UID: bounded(ev.Token.UID), Type: ev.Token.Type}
	}
	at := ev.At.Truncate(time.Millisecond) // as it is kept, so that a repeat tells the same
	r := recording{Event: ev, station: id, now: now, newID: t.NewID, cloning: t.Cloning, zone: t.Zone, at: at, skewed: !plausible(at, now)}
	if r.skewed {
		r.at = now
	}
	if ev.Token != nil { // OCPP 2.x C12.FR.03, E01.FR.11, E02.FR.04, E05.FR.01, F01.FR.03: also one that the station has let charge by itself
		d, err := t.Tokens.Authorise(ctx, token.Request{ID: *ev.Token, At: r.at, Station: id, EVSE: ev.EVSE.ID, Use: ev.purpose()})
		if err != nil {
			return Outcome{}, fmt.Errorf("authorising a token: %w", err)
		}
		if ev.Token.Type == token.NoAuthorization && d.Status == token.Unknown {
			d.Status = token.Accepted // OCPP 2.x C02.FR.02: the station lets everybody charge, and nobody is billed
		}
		r.decision = &d
	}
	if ev.Kind == Started {
		if err := r.foresee(ctx, t.Prices); err != nil {
			return Outcome{}, fmt.Errorf("looking up the tariff: %w", err)
		}
	}
	var out Outcome
	if err := t.Store.Change(ctx, id, func(tx Tx) (err error) {
		out, err = r.run(tx)
		return err
	}); err != nil {
		return Outcome{}, err
	}
	if out.Transaction.ID == "" {
		return out, nil
	}
	if err := t.settle(ctx, id, ev, out); err != nil {
		return Outcome{}, err
	}
	if out.stray {
		t.end(ctx, id, out.Transaction.Ref)
	}
	if ev.Kind == Updated && !out.Repeat && out.Transaction.State == Active {
		if err := t.stopSpent(ctx, &out.Transaction); err != nil {
			return Outcome{}, err
		}
	}
	if ev.Kind == Stopped && !out.Transaction.FinishedAt.IsZero() || ev.Kind == Updated && out.Transaction.State == Active && out.Transaction.metered() {
		cost, err := t.Prices.Cost(ctx, &out.Transaction)
		if err == nil {
			out.Cost = &cost
		} else if gnista.CodeOf(err) != gnista.NotFound {
			return Outcome{}, fmt.Errorf("pricing the transaction: %w", err)
		}
	}
	if !out.Repeat && t.Measured != nil {
		t.Measured(&out.Transaction, ev.Samples)
	}
	if !out.Repeat && t.Live.Watched() {
		t.Live.Publish(event("transaction.updated", now, &out.Transaction))
	}
	return out, nil
}

// settle tells that an order to start or stop has been followed.
func (t *Transactions) settle(ctx context.Context, id gnista.StationID, ev Event, out Outcome) error {
	switch {
	case out.Repeat:
	case ev.Kind == Started, ev.Kind == Updated && ev.RemoteID > 0: // OCPP 2.x F01: the cable may have begun it before
		return t.Network.Settle(ctx, id, station.Happened, "transaction "+out.Transaction.Ref, effectStart)
	case ev.Kind == Stopped:
		return t.Network.Settle(ctx, id, station.Happened, string(ev.Reason), effectStop(out.Transaction.Ref))
	}
	return nil
}

// event tells of a transaction; readers look up the rest by its id.
func event(kind string, now time.Time, t *Transaction) gnista.Event {
	values := map[string]any{
		"state": t.State, "evse": t.EVSE.ID, "connector": t.EVSE.Connector, "energyWh": t.EnergyWh, "powerW": t.PowerW,
		"activity": t.Activity, "review": t.Review,
	}
	if t.StopReason != "" {
		values["stopReason"] = t.StopReason
	}
	data, _ := json.Marshal(values) // strings and numbers always marshal
	return gnista.Event{At: now, Kind: kind, Station: t.Station, Subject: t.ID, Data: data}
}

// recording is one event on its way into a transaction. It may be run more than once.
type recording struct {
	Event
	station  gnista.StationID
	now      time.Time // when we received it
	at       time.Time // when it happened: by the station's clock where that can be believed
	skewed   bool      // it cannot
	decision *token.Decision
	foreseen Case   // what a start's tariff was looked up for
	tariff   string // that holds in it
	newID    func() string
	cloning  token.Cloning
	zone     *time.Location

	tx     Tx
	made   bool // the transaction is new
	funded bool // something is set aside for it now
	evs    []gnista.Event
	also   []*Transaction // others that the event changes
}

func (r *recording) run(tx Tx) (Outcome, error) {
	r.tx, r.made, r.funded, r.evs, r.also = tx, false, false, nil, nil
	t, err := r.find()
	if err != nil {
		return Outcome{}, err
	}
	if t == nil {
		return Outcome{Decision: r.decision}, nil
	}
	if r.known(t) {
		out := Outcome{Transaction: *t, Decision: r.decision, Repeat: true}
		if i := slices.IndexFunc(t.Progress.Decided, func(d Decided) bool { return d.Kind == r.Kind && d.Seq == r.Seq }); i >= 0 && r.decision != nil {
			out.Decision = &t.Progress.Decided[i].Decision
		}
		out.Limits = r.told(t)
		return out, nil
	}
	if r.Kind == Started {
		if err := r.supersede(t); err != nil {
			return Outcome{}, err
		}
	}
	for _, other := range r.also {
		if err := tx.Save(other, nil); err != nil {
			return Outcome{}, err
		}
	}
	before := t.Case()
	if err := r.authorise(t); err != nil {
		return Outcome{}, err
	}
	if err := r.limit(t); err != nil {
		return Outcome{}, err
	}
	r.apply(t)
	if err := r.price(t, before); err != nil {
		return Outcome{}, fmt.Errorf("looking up the tariff: %w", err)
	}
	if err := r.use(t); err != nil {
		return Outcome{}, err
	}
	stray := r.Kind == Updated && t.strays()
	if stray {
		t.flag(Unauthorised)
		r.evs = append(r.evs, event("transaction.review", r.now, t))
	}
	maxW, err := t.maxPower(tx)
	if err != nil {
		return Outcome{}, err
	}
	if t.settle(r.now, false, maxW) {
		r.evs = append(r.evs, event("transaction.finished", r.now, t))
		if err := t.release(tx); err != nil {
			return Outcome{}, err
		}
	}
	if err := tx.Save(t, r.samples(), r.evs...); err != nil {
		return Outcome{}, err
	}
	if len(r.Signed) > 0 {
		if err := tx.SaveSigned(t.ID, r.Signed); err != nil {
			return Outcome{}, err
		}
	}
	return Outcome{Transaction: *t, Decision: r.decision, Limits: r.told(t), New: r.made, stray: stray}, nil
}

// strayWh is how much energy may flow before a station was told that a token is refused.
const strayWh = 100

// strays tells whether energy flows though the token that was presented for it was refused, for the
// first time (quirk Q58).
func (t *Transaction) strays() bool {
	return t.State == Active && !t.Authorised && t.Token.UID != "" && t.EnergyWh > strayWh && !slices.Contains(t.Review, Unauthorised)
}

// supersede ends what is still open at the EVSE where another transaction starts: its own end is
// late or lost. When it comes after all, it counts.
func (r *recording) supersede(by *Transaction) error {
	if r.EVSE.ID == 0 {
		return nil
	}
	open, err := r.tx.Open(r.station, r.EVSE.ID)
	if err != nil {
		return err
	}
	for _, t := range open {
		if t.ID == by.ID || t.StartedAt.After(r.at) {
			continue
		}
		if i := slices.IndexFunc(r.also, func(other *Transaction) bool { return other.ID == t.ID }); i >= 0 {
			t = r.also[i]
		} else {
			r.also = append(r.also, t)
		}
		t.State, t.EndedAt, t.UpdatedAt = Ended, t.lastHeard(), r.now
		t.flag(MissingStop)
		r.evs = append(r.evs, event("transaction.ended", r.now, t))
	}
	return nil
}

// lastHeard is the latest time at which the transaction is known to have gone on.
func (t *Transaction) lastHeard() time.Time {
	at := t.StartedAt
	if t.Meter.Last != nil {
		at = latest(at, t.Meter.Last.At)
	}
	if n := len(t.Progress.Timeline); n > 0 {
		at = latest(at, t.Progress.Timeline[n-1].At)
	}
	return at
}

// known tells whether the event has been taken in before. Start and end are told by their kind, so
// that a station that numbers its events wrongly cannot lose one.
func (r *recording) known(t *Transaction) bool {
	switch {
	case r.Kind == Started:
		return t.Progress.Started
	case r.Kind == Stopped:
		return t.Progress.Ended && (!r.conflicts(t) || slices.Contains(t.Review, ConflictingStop))
	case r.Version == gnista.V16:
		return false // meter values carry no number; taking them in twice does no harm
	}
	seqs := slices.Clone(t.Progress.Seqs)
	return !seqs.add(r.Seq)
}

// conflicts tells whether the event declares another end than the one that was taken in.
func (r *recording) conflicts(t *Transaction) bool {
	return t.Progress.Ended && r.End != nil && t.Meter.End != nil && t.Meter.End.MWh != r.End.MWh
}

// apply takes the event into t.
func (r *recording) apply(t *Transaction) {
	t.UpdatedAt = r.now
	if r.Version != gnista.V16 {
		t.Progress.Seqs.add(r.Seq)
	}
	if r.skewed {
		t.flag(ClockSkew)
	}
	if r.Guessed {
		t.flag(GuessedZone)
	}
	if r.Kind == Stopped && (t.Progress.Ended || !t.FinishedAt.IsZero()) {
		t.Progress.Ended = true
		t.flag(ConflictingStop) // what was taken first, or decided, stands
		return
	}
	if t.EVSE.ID == 0 {
		t.EVSE = r.EVSE
	} else if t.EVSE.Connector == 0 && t.EVSE.ID == r.EVSE.ID {
		t.EVSE.Connector = r.EVSE.Connector
	}
	if t.RemoteID == 0 {
		t.RemoteID = r.RemoteID
	}
	if !t.FinishedAt.IsZero() {
		t.Progress.Started = t.Progress.Started || r.Kind == Started
		return // what comes now is kept as evidence and changes no bill
	}
	if r.Activity != "" {
		many := r.Version == gnista.V16 && len(t.Progress.Timeline) >= manySteps
		t.step(Step{r.at, r.Seq, r.Activity}, many || r.Version != gnista.V16 && (t.Progress.Started || r.Kind == Started) && t.Progress.Seqs.gapless())
	}
	r.measure(t)
	switch r.Kind {
	case Started:
		r.start(t)
	case Stopped:
		r.stop(t)
	}
	if t.State == Active {
		t.EnergyWh = t.Meter.running()
		if milli, ok := total(r.Samples, PowerImport); ok {
			t.PowerW = milli / 1000
		}
	} else {
		t.PowerW = 0
	}
	if milli, ok := total(r.Samples, SoC); ok && milli >= 0 && milli <= 100_000 {
		t.SoC = int(milli / 1000)
	}
}

// start takes in the beginning, which may come after other events.
func (r *recording) start(t *Transaction) {
	t.Progress.Started, t.StartedAt = true, r.at
	if r.Begin != nil {
		t.Meter.Begin = &Reading{r.at, r.Begin.MWh}
	}
}

// stop takes in the end, which may come before other events.
func (r *recording) stop(t *Transaction) {
	t.StopReason = r.Reason
	if t.State == Active {
		r.evs = append(r.evs, event("transaction.ended", r.now, t))
	}
	t.Progress.Ended, t.State = true, Ended
	t.unflag(MissingStop)
	t.EndedAt = r.at
	if r.End != nil {
		t.Meter.End = &Reading{r.at, r.End.MWh}
	}
	if len(r.Unread) > 0 {
		t.flag(Unreadable)
		t.Note = fmt.Sprintf("not understood: %v", r.Unread)
	}
}

// measure takes the energy register into the meter. In the messages that start and end a
// transaction a reading is the declared one even where the station does not mark it so.
func (r *recording) measure(t *Transaction) {
	list := readings(r.samples())
	for _, s := range list {
		switch {
		case s.context == AtBegin && t.Meter.Begin == nil:
			t.Meter.Begin = &s.Reading
		case s.context == AtEnd && r.End == nil && (t.Meter.End == nil || !t.Progress.Ended):
			t.Meter.End = &s.Reading
		}
		t.Meter.take(s.Reading)
	}
	if r.Version == gnista.V16 || len(list) == 0 {
		return
	}
	first, last := list[0], list[len(list)-1]
	if r.Kind == Started && t.Meter.Begin == nil {
		t.Meter.Begin = &first.Reading
	}
	if r.Kind == Stopped && t.Meter.End == nil && last.context != AtBegin {
		t.Meter.End = &last.Reading
	}
}

// maxStretch is how many quarters of an hour the samples of one event may be of, each of which is a row to be
// written while others wait: a week. Those of later ones are left out.
const maxStretch = 7 * 24 * 4

// samples are the event's, those with a wrong time at the time of the event.
func (r *recording) samples() []Sample {
	for i := range r.Samples {
		if !plausible(r.Samples[i].At, r.now) {
			r.Samples[i].At = r.at
		}
	}
	if len(r.Samples) <= maxStretch {
		return r.Samples
	}
	stretches := map[time.Time]bool{}
	r.Samples = slices.DeleteFunc(r.Samples, func(s Sample) bool {
		at := s.At.UTC().Truncate(15 * time.Minute)
		if !stretches[at] && len(stretches) >= maxStretch {
			return true
		}
		stretches[at] = true
		return false
	})
	return r.Samples
}
