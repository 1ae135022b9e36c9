package alert

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"gnista"
	"gnista/fault"
)

// Take takes note of what an event tells of a fault or an incident. It is safe to repeat.
func (a *Alerts) Take(ctx context.Context, ev gnista.Event) error {
	kind, _, _ := strings.Cut(ev.Kind, ".")
	if kind != OfFault && kind != OfIncident {
		return nil
	}
	ref := kind + ":" + ev.Subject
	var t fault.Told
	if err := json.Unmarshal(ev.Data, &t); err != nil {
		a.Log.Error("an event of a fault cannot be read and is passed over", "seq", ev.Seq, "kind", ev.Kind, "err", err)
		return nil
	}
	switch ev.Kind {
	case fault.Opened, fault.IncidentOpened:
		return a.opened(ctx, kind, ev, false)
	case fault.ClearedKind, fault.IncidentResolved:
		return a.each(ctx, ref, ev, func(x *Alert) Change { return a.end(x, Cleared) })
	}
	switch t.What {
	case "acknowledged":
		return a.each(ctx, ref, ev, func(x *Alert) Change { return a.end(x, Acknowledged) })
	case "shelved", "unshelved":
		return a.each(ctx, ref, ev, func(x *Alert) Change {
			if x.State == Open {
				x.DueAt = a.Now()
			}
			return Change{}
		})
	case "severity":
		return a.opened(ctx, kind, ev, false)
	case "reopened":
		return a.opened(ctx, kind, ev, true)
	}
	return nil
}

// opened makes an alert for each route that a fault or an incident is for. Where it was over, it begins anew.
func (a *Alerts) opened(ctx context.Context, kind string, ev gnista.Event, again bool) error {
	s, err := a.Faults.Subject(ctx, kind, ev.Subject)
	if gnista.CodeOf(err) == gnista.NotFound {
		return nil
	}
	if err != nil || !s.ClearedAt.IsZero() || s.AcknowledgedBy != "" || s.Incident != "" {
		return err
	}
	d, err := a.directory(ctx)
	if err != nil {
		return err
	}
	for _, r := range a.routesFor(d, s, ev.At) {
		err := a.Store.ChangeAlert(ctx, r.ID, s.Ref(), func(x *Alert) (Change, error) {
			if x.Seq >= ev.Seq && x.ID != "" {
				return Change{}, nil
			}
			switch {
			case x.ID == "":
				x.ID, x.Route, x.Subject = a.NewID(), r.ID, s.Ref()
			case again && x.State != Open:
				x.Round++
				x.Level, x.Told, x.LastAt, x.EndedAt = 0, false, time.Time{}, time.Time{}
			default:
				if x.State == Open && !x.DueAt.IsZero() { // what has become worse may not have to wait for the end of quiet hours
					x.DueAt = a.Now()
				}
				x.Severity = s.Severity
				return Change{}, nil
			}
			x.State, x.Seq, x.Note, x.Opened = Open, ev.Seq, "", ev.At
			x.Case, x.Key, x.Severity, x.Site = s.Case, s.Key.String(), s.Severity, s.Site
			x.DueAt = r.due(0, x.Opened, time.Time{}, a.Wait)
			return Change{}, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// each changes the alerts about a subject that have not taken note of an event.
func (a *Alerts) each(ctx context.Context, ref string, ev gnista.Event, f func(*Alert) Change) error {
	list, err := a.Store.AlertsOf(ctx, ref)
	if err != nil {
		return err
	}
	for _, x := range list {
		err := a.Store.ChangeAlert(ctx, x.Route, ref, func(x *Alert) (Change, error) {
			if x.ID == "" || x.Seq >= ev.Seq {
				return Change{}, nil
			}
			x.Seq = ev.Seq
			return f(x), nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// end ends an alert: what waits of it is not sent any more. One that is over is looked at once more, to tell those
// who were told.
func (a *Alerts) end(x *Alert, to State) Change {
	if x.State == Cleared || x.State == Folded || x.State == to {
		return Change{}
	}
	now := a.Now()
	x.State, x.EndedAt, x.DueAt = to, now, time.Time{}
	if to == Cleared && x.Told {
		x.DueAt = now
	}
	return Change{Withdraw: true}
}
