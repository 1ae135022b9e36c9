package remedy

import (
	"slices"
	"time"

	"gnista"
)

// move decides what becomes of a run now: it changes r, and tells whether there may be more to do at once, and
// whether the step whose turn it is must be done, which is kept before it is.
func (m *Remedies) move(r *Run, past Past, v *scene, modes Modes) (more, act bool, err error) {
	switch {
	case r.State.Ended():
		return false, false, nil
	case len(v.open) == 0 && !r.sending():
		r.finish(v)
		return false, false, nil
	case m.mode(r, modes) == Off && !r.sending():
		r.end(Cancelled, because(turnedOff), v.now)
		return false, false, nil
	}
	if until := v.shelvedUntil(); !until.IsZero() && r.State == Running && !r.sending() {
		r.State, r.Reason, r.DueAt = Paused, because(shelved, until.In(v.zone).Format("2006-01-02 15:04")), until
	} else if until.IsZero() && r.State == Paused && r.Reason.Code == shelved {
		r.State, r.Reason = Running, Reason{}
	}
	if r.State == Paused && !r.sending() {
		if r.Reason.Code != shelved {
			r.DueAt = time.Time{}
		}
		return false, false, nil
	}
	if mode := m.mode(r, modes); mode != Off {
		r.Mode = mode
	}
	x := r.current()
	if x == nil {
		r.Records = append(r.Records, Record{N: len(r.Records), Step: r.At, Do: r.Steps[r.At].Do, State: Waiting, Dry: r.Mode == DryRun, Since: v.now, Reason: because(itsTurn)})
		x = r.current()
	}
	switch x.State {
	case Sending:
		return m.recover(r, x, v), false, nil
	case Watching:
		if v.now.Before(x.Until) {
			r.DueAt = x.Until
			return false, false, nil
		}
		r.next(x, NoHelp, Reason{}, v.now)
		return true, false, nil
	}
	return m.try(r, x, past, v)
}

// mode is the mode that a run has now: what people began goes on as they wanted it.
func (m *Remedies) mode(r *Run, modes Modes) Mode {
	if r.By != "" {
		return r.Mode
	}
	return modes.For(r.Site, r.Class)
}

// sending tells whether it is not known yet what came of a step.
func (r *Run) sending() bool {
	x := r.current()
	return x != nil && x.State == Sending
}

// shelvedUntil is until when all open faults are shelved; zero when they are not.
func (v *scene) shelvedUntil() (until time.Time) {
	for _, f := range v.open {
		if !f.Shelved(v.now) {
			return time.Time{}
		}
		if until.IsZero() || f.ShelvedUntil.Before(until) {
			until = f.ShelvedUntil
		}
	}
	return until
}

// finish ends a run whose faults are over.
func (r *Run) finish(v *scene) {
	x := r.acted()
	tookOut := slices.ContainsFunc(r.Records, func(x Record) bool {
		return x.Do == TakeOut && !x.Dry && !x.ActedAt.IsZero() && x.State != Refused
	})
	switch {
	case tookOut: // somebody has to put it back
		r.end(HandedOver, because(takenOut), v.now)
	case v.cleared.IsZero():
		r.end(Cancelled, because(faultGone), v.now)
	case v.by != "":
		r.end(Over, because(clearedBy, v.by), v.now)
	case x == nil || x.Dry || v.moment || v.cleared.Before(x.ActedAt):
		r.end(Over, because(wentByItself), v.now)
	default:
		r.end(Helped, because(helpedBy, string(x.Do)), v.now)
		x.State = DidHelp
	}
}

// try does the step whose turn it is, if its guards allow it.
func (m *Remedies) try(r *Run, x *Record, past Past, v *scene) (more, act bool, err error) {
	s := r.Steps[r.At]
	list, again, never, err := v.judge(r, s, past)
	if err != nil {
		return false, false, err
	}
	x.Guards, x.Dry = list, r.Mode == DryRun
	if bad := unmet(list); bad != nil {
		x.Reason = bad.Reason
		until := x.Since.Add(s.patience())
		if never || !v.now.Before(until) || again.After(until) {
			r.next(x, Skipped, Reason{}, v.now)
			return true, false, nil
		}
		r.DueAt = earliest(until, m.askAgain(x, v.now, again))
		return false, false, nil
	}
	x.ActedAt, r.Hurry = v.now, false
	switch {
	case s.Do == HandOver:
		x.State, x.EndedAt = Done, v.now
		r.end(HandedOver, because(topReached), v.now)
		return false, false, nil
	case x.Dry:
		x.Reason = because(would)
	case s.Do == TellDriver, s.Do == Wait:
		x.Reason = because(waited)
	default: // if we end before we know what came of it, it is looked at at once
		x.State, x.Reason, r.DueAt = Sending, Reason{}, v.now
		return true, true, nil
	}
	x.State, x.Until = Watching, v.now.Add(s.wait())
	r.DueAt = x.Until
	return false, false, nil
}

// How often guards are asked: seldom where they have been waited for for long.
const (
	askSoon = 20 * time.Second
	askLate = 5 * time.Minute
)

// askAgain is when the guards of a step are asked again.
func (m *Remedies) askAgain(x *Record, now, known time.Time) time.Time {
	if known.After(now) {
		return known
	}
	return now.Add(min(max(now.Sub(x.Since)/10, askSoon), askLate))
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// recover finds out what came of a step that was cut short, and tells whether there is more to do.
func (m *Remedies) recover(r *Run, x *Record, v *scene) bool {
	s := r.Steps[x.Step]
	if s.Do.told() {
		c := v.commandOf(x)
		if c == nil { // an order is kept before it is sent, so it was not
			x.State, x.ActedAt, x.Reason = Waiting, time.Time{}, because(neverSent)
			return true
		}
		x.Command = c.ID
		if declined(c.Outcome) {
			r.next(x, Refused, because(answered, c.Detail), v.now)
			return true
		}
	}
	x.State, x.Reason, x.Until = Watching, because(cutShort), x.ActedAt.Add(s.wait())
	r.DueAt = x.Until
	return true
}

// control changes a run by a person's word. Conflict when it has ended.
func (r *Run) control(do func() error) error {
	if r.State.Ended() {
		return gnista.Errorf(gnista.Conflict, "the run has ended: it is %s", r.State)
	}
	return do()
}
