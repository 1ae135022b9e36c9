package alert

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gnista"
)

// How alerts are looked at.
const (
	idlePause  = 5 * time.Second        // without having been nudged
	leastPause = 200 * time.Millisecond // so that a nudge finds more than one thing to do
	failPause  = 2 * time.Second        // after the store has failed
	batch      = 256                    // alerts of one look
	pruneEvery = 10 * time.Minute
	keepFor    = 90 * 24 * time.Hour // what has ended
	keepMost   = 200_000             // alerts, and deliveries
	digestsAt  = 15 * time.Second    // between two looks for digests
)

// Run tells people until ctx ends. A nudge makes it look at once. It is the only one: what was being sent before, it
// takes up first.
func (a *Alerts) Run(ctx context.Context, nudge <-chan struct{}) {
	defer a.sending.Wait()
	recovered := false
	for ctx.Err() == nil {
		var err error
		if !recovered {
			err = a.recover(ctx, 0)
			recovered = err == nil
		}
		if err == nil {
			err = a.look(ctx)
		}
		pause := idlePause
		if err != nil && ctx.Err() == nil {
			a.Log.Error("alerts could not be looked at and are looked at again", "err", err)
			pause = failPause
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(leastPause):
		}
		select {
		case <-ctx.Done():
		case <-nudge:
		case <-time.After(pause - leastPause):
		}
	}
}

// Step does what is due, and waits until it is done.
func (a *Alerts) Step(ctx context.Context) error {
	err := a.look(ctx)
	a.sending.Wait()
	return err
}

// Recover takes up what was being sent when we last ended. Run does so by itself.
func (a *Alerts) Recover(ctx context.Context) error { return a.recover(ctx, 0) }

// look makes deliveries of what is due, and begins to send those.
func (a *Alerts) look(ctx context.Context) error {
	now := a.Now()
	due, err := a.Store.DueAlerts(ctx, now, batch)
	if err != nil {
		return fmt.Errorf("looking for alerts that are due: %w", err)
	}
	if len(due) > 0 {
		d, err := a.directory(ctx)
		if err != nil {
			return err
		}
		for _, x := range due {
			if err := a.advance(ctx, d, x); err != nil {
				return fmt.Errorf("telling of %s: %w", x.Subject, err)
			}
		}
	}
	failed := a.feed(ctx)
	if now.Sub(a.recovered) >= cutOff || now.Before(a.recovered) {
		a.recovered = now
		failed = errors.Join(failed, a.recover(ctx, cutOff))
	}
	if now.Sub(a.feeding) >= digestsAt || now.Before(a.feeding) {
		a.feeding = now
		failed = errors.Join(failed, a.digest(ctx))
	}
	if now.Sub(a.pruned) >= pruneEvery || now.Before(a.pruned) {
		a.pruned = now
		failed = errors.Join(failed, a.Store.PruneAlerts(ctx, now.Add(-keepFor), keepMost))
	}
	_, err = a.send(ctx)
	return errors.Join(failed, err)
}

// advance tells of an alert that is due, as the fault is now.
func (a *Alerts) advance(ctx context.Context, d *directory, x Alert) error {
	var r Route
	for _, y := range d.routes {
		if y.ID == x.Route {
			r = y
		}
	}
	kind, id, _ := strings.Cut(x.Subject, ":")
	s, err := a.Faults.Subject(ctx, kind, id)
	gone := gnista.CodeOf(err) == gnista.NotFound
	if err != nil && !gone {
		return err
	}
	now := a.Now()
	settle := func(f func(*Alert) Change) error {
		return a.Store.ChangeAlert(ctx, x.Route, x.Subject, func(y *Alert) (Change, error) {
			if y.ID == "" || y.State != x.State || y.Round != x.Round || y.Level != x.Level || !y.DueAt.Equal(x.DueAt) {
				return Change{}, nil // it has changed meanwhile, and is looked at again
			}
			return f(y), nil
		})
	}
	until, quiet := a.silent(r, s, now)
	switch {
	case x.State == Cleared:
		return a.over(ctx, d, r, s, x, settle)
	case gone, r.ID == "", r.Off:
		return settle(func(y *Alert) Change {
			y.Note = "the fault or the route is gone"
			return a.end(y, Folded)
		})
	case !s.ClearedAt.IsZero():
		return settle(func(y *Alert) Change { return a.end(y, Cleared) })
	case s.AcknowledgedBy != "":
		return settle(func(y *Alert) Change { return a.end(y, Acknowledged) })
	case s.Incident != "":
		return settle(func(y *Alert) Change {
			y.Note = "it is part of incident " + s.Incident
			return a.end(y, Folded)
		})
	case now.Before(s.ShelvedUntil):
		return settle(func(y *Alert) Change { y.DueAt = s.ShelvedUntil; return Change{} })
	case quiet:
		return settle(func(y *Alert) Change { y.DueAt = until; return Change{} })
	}
	if at := r.due(x.Level, x.Opened, x.LastAt, a.Wait); at.After(now) { // as when it is no longer shelved
		return settle(func(y *Alert) Change { y.DueAt = at; return Change{} })
	}
	level := r.Levels[min(x.Level, len(r.Levels)-1)] // a route may have lost levels
	cause := OnOpened
	if x.Level > 0 {
		cause = OnEscalated
	}
	var out []Delivery
	for _, to := range a.addresses(d, level.To, level.Via, now) {
		it, err := a.item(ctx, s, to.person)
		if err != nil {
			return err
		}
		it.Alert = x.ID
		key := fmt.Sprintf("%s/%d/%d/%s", x.ID, x.Round, x.Level, to.ID)
		out = append(out, a.delivery(key, to, cause, x.ID, Message{Route: r.Name, Level: x.Level + 1, About: []Mention{it}}))
	}
	return settle(func(y *Alert) Change {
		if x.Level >= len(r.Levels) {
			y.DueAt = time.Time{}
			return Change{}
		}
		y.Level++
		y.LastAt, y.Severity = now, s.Severity
		y.DueAt = r.due(y.Level, y.Opened, now, a.Wait)
		y.Told = y.Told || len(out) > 0
		y.Note = ""
		if len(out) == 0 {
			y.Note = fmt.Sprintf("nobody of level %d had a channel that is on", y.Level)
		}
		return Change{Deliveries: out}
	})
}

// over tells those who were told of an alert that it is over.
func (a *Alerts) over(ctx context.Context, d *directory, r Route, s Subject, x Alert, settle func(func(*Alert) Change) error) error {
	var out []Delivery
	if r.Cleared && !r.Off && s.ID != "" {
		sent, err := a.Store.Deliveries(ctx, DeliveryFilter{Alert: x.ID, Limit: mostReceived * mostLevels})
		if err != nil {
			return err
		}
		done := map[string]bool{}
		for _, y := range sent {
			if !strings.HasPrefix(y.Key, fmt.Sprintf("%s/%d/", x.ID, x.Round)) || y.State != Sent && y.State != Sending && y.State != Summed && !y.Doubtful || done[y.Channel] {
				continue
			}
			done[y.Channel] = true
			for _, c := range d.channels {
				if c.ID != y.Channel || c.State != On {
					continue
				}
				to := address{c, d.people[c.Person]}
				it, err := a.item(ctx, s, to.person)
				if err != nil {
					return err
				}
				it.Alert = x.ID
				out = append(out, a.delivery(fmt.Sprintf("%s/%d/over/%s", x.ID, x.Round, c.ID), to, OnCleared, x.ID, Message{Route: r.Name, About: []Mention{it}}))
			}
		}
	}
	return settle(func(y *Alert) Change { y.DueAt = time.Time{}; return Change{Deliveries: out} })
}
