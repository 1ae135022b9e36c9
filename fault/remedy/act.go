package remedy

import (
	"context"
	"slices"
	"time"

	"gnista"
	"gnista/fault"
	"gnista/pki"
	"gnista/station"
	"gnista/token"
)

// order is what a station is told for a step; nil for those that are no order.
func (r *Run) order(do Action) station.Order[station.Answer] {
	at := gnista.EVSE{ID: r.EVSE, Connector: r.Connector}
	if at.ID > 0 && at.Connector == 0 {
		at.Connector = 1
	}
	switch do {
	case AskStatus:
		return station.Ask{For: station.TriggerStatus, At: at}
	case Unlock:
		return station.Unlock{At: at}
	case SoftReset:
		return station.Reset{}
	case HardReset:
		return station.Reset{Hard: true}
	case ClearCache:
		return token.ClearCache{}
	case SetClock: // the answer to a heartbeat has the time: OCPP 1.6 §4.6, OCPP 2.x G02
		return station.Ask{For: station.TriggerHeartbeat}
	case RenewCertificate:
		return pki.AskRenewal{Use: pki.ForStation}
	case TakeOut:
		return station.SetAvailability{At: gnista.EVSE{ID: r.EVSE}}
	}
	return nil
}

// commandOf is the command of a step that was cut short; nil where there is none. Where somebody else gave
// such an order meanwhile, that counts.
func (v *scene) commandOf(x *Record) *station.Command {
	kind := (&Run{}).order(x.Do).(interface{ Told() station.Told }).Told().Kind
	since := x.ActedAt.Truncate(time.Millisecond)
	i := slices.IndexFunc(v.commands, func(c station.Command) bool { return c.Kind == kind && !c.At.Before(since) })
	if i < 0 {
		return nil
	}
	return &v.commands[i]
}

func declined(o station.Outcome) bool { return o == station.Declined || o == station.Failed }

// result is what came of a step.
type result struct {
	state   StepState // Watching, Refused, or Waiting when it was not done after all
	reason  Reason
	command string
}

// act does the step that is kept as being done, and keeps what came of it. It tells whether there may be more to do at once.
func (m *Remedies) act(ctx context.Context, r Run, v *scene) (more bool, err error) {
	n := len(r.Records) - 1
	s := r.Steps[r.Records[n].Step]
	got, err := m.do(ctx, &r, s.Do, v)
	if err != nil {
		return false, err // it is found as it is when the run goes on
	}
	// What was done was done, also when nobody waits for the answer any more.
	_, err = m.Store.ChangeRemedy(context.WithoutCancel(ctx), r.Station, r.ID, func(r *Run, _ Past) ([]gnista.Event, error) {
		now := m.Now()
		x := &r.Records[n]
		x.Command = got.command
		if x.State != Sending { // a person has ended the run meanwhile
			return nil, nil
		}
		x.Reason = got.reason
		switch got.state {
		case Waiting:
			x.State, x.ActedAt, r.DueAt = Waiting, time.Time{}, now.Add(askSoon)
		case Refused:
			r.next(x, Refused, Reason{}, now)
		default:
			x.State, x.Until = Watching, now.Add(s.wait())
			r.DueAt = x.Until
		}
		return []gnista.Event{m.event(r)}, nil
	})
	return got.state != Waiting, err
}

// do does a step. Its error is that it is not known whether it was.
func (m *Remedies) do(ctx context.Context, r *Run, do Action, v *scene) (result, error) {
	switch {
	case len(v.open) == 0:
		return result{state: Waiting}, nil
	case do == LowerPower && m.Power != nil && m.Power.Lower(r.Station, r.EVSE):
		return result{state: Watching, reason: because(lowered)}, nil
	case do == RetryOrder && m.Orders != nil && m.Orders.Repeatable(v.open[0]):
		return outcome(m.Orders.Again(ctx, v.open[0]))
	case !do.told():
		return result{state: Refused, reason: because(noSuch)}, nil
	}
	answer, err := station.Give(ctx, m.Network, r.Station, station.Order[station.Answer](guarded{r.order(do), func(ctx context.Context) error { return m.allow(ctx, r, do) }}))
	got := result{state: Watching, reason: because(answered, said(answer)), command: answer.Command}
	switch code := gnista.CodeOf(err); {
	case err == nil:
		if declined(answer.Outcome) {
			got.state = Refused
		}
	case ctx.Err() != nil, code == gnista.Internal:
		return result{}, err
	case code == gnista.Offline, code == gnista.Conflict: // it was not sent
		got.state, got.reason = Waiting, because(cannot, err.Error())
	case code == gnista.Timeout:
		got.reason = because(noAnswer)
	default:
		got.state, got.reason = Refused, because(cannot, err.Error())
	}
	return got, nil
}

func said(a station.Answer) string {
	if a.Detail != "" {
		return a.Detail
	}
	return string(a.Status)
}

// outcome is what came of what others did for us.
func outcome(text string, err error) (result, error) {
	switch code := gnista.CodeOf(err); {
	case err == nil:
		return result{state: Watching, reason: because(did, text)}, nil
	case code == gnista.Internal:
		return result{}, err
	case code == gnista.Offline:
		return result{state: Waiting, reason: because(cannot, err.Error())}, nil
	case code == gnista.Timeout:
		return result{state: Watching, reason: because(noAnswer)}, nil
	}
	return result{state: Refused, reason: because(cannot, err.Error())}, nil
}

// Begin runs the ladder of a fault because a person wants it: now, whatever the mode of its site. Where one runs
// already the person takes it over, and its next step does not wait for hours or cool-down. Mode "" is
// the one of the site, or a dry run where that is off. NotFound, Conflict, Invalid.
func (m *Remedies) Begin(ctx context.Context, id, by, why string, mode Mode) (Run, error) {
	if mode != "" && mode != On && mode != DryRun {
		return Run{}, gnista.Invalidf("mode", "%q is not on or dry-run", mode)
	}
	if by == "" {
		return Run{}, gnista.Invalidf("by", "must say who wants it")
	}
	f, err := m.Faults.Fault(ctx, id)
	if err != nil {
		return Run{}, err
	}
	if !f.Open() {
		return Run{}, gnista.Errorf(gnista.Conflict, "fault %d is over", f.Case)
	}
	class := m.Catalogue.Find(f.Key, f.Raw).Remedy
	if class == fault.NoRemedy {
		return Run{}, gnista.Errorf(gnista.Conflict, "the catalogue has no remedy for %s", f.Key)
	}
	modes, err := m.Store.RemedyModes(ctx)
	if err != nil {
		return Run{}, err
	}
	usual := modes.For(f.Site, class)
	if mode == On && usual != On && why == "" {
		return Run{}, gnista.Invalidf("reason", "must say why, as remedies are %s there", usual)
	}
	if mode == "" {
		if mode = usual; mode == Off {
			mode = DryRun
		}
	}
	r, begun, err := m.begin(ctx, f, class, Run{Mode: mode, By: by, Why: why, Hurry: true})
	if err != nil || begun {
		return r, err
	}
	defer m.rousing()
	return m.Store.ChangeRemedy(ctx, r.Station, r.ID, func(r *Run, _ Past) ([]gnista.Event, error) {
		err := r.control(func() error {
			r.Mode, r.By, r.Why, r.Hurry, r.DueAt = mode, by, why, true, m.Now()
			r.State, r.Reason = Running, Reason{}
			return nil
		})
		return []gnista.Event{m.event(r)}, err
	})
}

// Pause keeps a run from going on; what is under way goes on. NotFound, Conflict.
func (m *Remedies) Pause(ctx context.Context, id, by string) (Run, error) {
	return m.command(ctx, id, by, func(r *Run) error {
		if r.State == Paused && r.Reason.Code == pausedByPerson {
			return gnista.Errorf(gnista.Conflict, "the run is paused already")
		}
		r.State, r.Reason = Paused, because(pausedByPerson, by)
		if !r.sending() {
			r.DueAt = time.Time{}
		}
		return nil
	})
}

// Resume lets a paused run go on. One whose faults are shelved stays paused. NotFound, Conflict.
func (m *Remedies) Resume(ctx context.Context, id, by string) (Run, error) {
	return m.command(ctx, id, by, func(r *Run) error {
		if r.State != Paused {
			return gnista.Errorf(gnista.Conflict, "the run is not paused")
		}
		r.State, r.Reason, r.DueAt = Running, Reason{}, m.Now()
		return nil
	})
}

// Cancel ends a run; what is under way is not taken back. NotFound, Conflict.
func (m *Remedies) Cancel(ctx context.Context, id, by string) (Run, error) {
	return m.command(ctx, id, by, func(r *Run) error {
		r.end(Cancelled, because(cancelled, by), m.Now())
		return nil
	})
}

// Skip passes over the step whose turn it is, or no longer waits for it to help. NotFound, Conflict.
func (m *Remedies) Skip(ctx context.Context, id, by string) (Run, error) {
	return m.command(ctx, id, by, func(r *Run) error {
		now := m.Now()
		x := r.current()
		switch {
		case r.sending():
			return gnista.Errorf(gnista.Conflict, "the step is being done just now")
		case r.Steps[r.At].Do == HandOver:
			return gnista.Errorf(gnista.Conflict, "the last step cannot be passed over; the run can be cancelled")
		case x == nil:
			r.Records = append(r.Records, Record{N: len(r.Records), Step: r.At, Do: r.Steps[r.At].Do, State: Waiting, Dry: r.Mode == DryRun, Since: now})
			x = &r.Records[len(r.Records)-1]
		}
		state := Skipped
		if x.State == Watching {
			state = NoHelp
		}
		r.next(x, state, because(byPerson, by), now)
		return nil
	})
}

func (m *Remedies) command(ctx context.Context, id, by string, do func(*Run) error) (Run, error) {
	if by == "" {
		return Run{}, gnista.Invalidf("by", "must say who wants it")
	}
	r, err := m.Store.Remedy(ctx, id)
	if err != nil {
		return r, err
	}
	r, err = m.Store.ChangeRemedy(ctx, r.Station, id, func(r *Run, _ Past) ([]gnista.Event, error) {
		err := r.control(func() error { return do(r) })
		return []gnista.Event{m.event(r)}, err
	})
	m.rousing()
	return r, err
}
