package fault

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"gnista"
)

// AcknowledgeIncident says that somebody looks after an incident, and after all of its faults. NotFound, Invalid;
// Conflict when it is resolved.
func (f *Faults) AcknowledgeIncident(ctx context.Context, id string, s Said) (Incident, error) {
	if err := s.check(false); err != nil {
		return Incident{}, err
	}
	i, err := f.Incidents.ChangeIncident(ctx, id, func(i *Incident) (*IncidentStep, error) {
		if err := i.mustBeOpen(); err != nil || !i.AcknowledgedAt.IsZero() {
			return nil, err
		}
		i.AcknowledgedAt, i.AcknowledgedBy = f.Now(), s.By
		return &IncidentStep{Incident: *i, Kind: IncidentChanged, Done: s.done(f.Now(), doneAcknowledged)}, nil
	})
	if err != nil {
		return i, err
	}
	return i, f.each(ctx, i, func(x Fault) error { _, err := f.Acknowledge(ctx, x.ID, s); return err })
}

func (i *Incident) mustBeOpen() error {
	if i.Resolved() {
		return gnista.Errorf(gnista.Conflict, "the incident was resolved %s", i.ResolvedAt.UTC().Format(time.RFC3339))
	}
	return nil
}

// each does something with the faults of an incident that are open. One that has ended meanwhile is passed over.
func (f *Faults) each(ctx context.Context, i Incident, do func(Fault) error) error {
	for after := ""; ; {
		filter := Filter{State: IsOpen, Incident: i.ID, After: after, Limit: atATime}
		list, err := f.Store.Faults(ctx, filter)
		if err != nil {
			return err
		}
		var failed error
		for _, x := range list {
			if err := do(x); err != nil && gnista.CodeOf(err) != gnista.Conflict && gnista.CodeOf(err) != gnista.NotFound {
				failed = errors.Join(failed, err)
			}
			after = filter.Cursor(x)
		}
		if failed != nil || len(list) < atATime {
			return failed
		}
	}
}

// ShelveIncident puts an incident and its faults aside until a time, for a reason. NotFound, Invalid; Conflict when
// it is resolved.
func (f *Faults) ShelveIncident(ctx context.Context, id string, until time.Time, s Said) (Incident, error) {
	if err := s.check(true); err != nil {
		return Incident{}, err
	}
	if err := f.checkShelving(until); err != nil {
		return Incident{}, err
	}
	i, err := f.Incidents.ChangeIncident(ctx, id, func(i *Incident) (*IncidentStep, error) {
		if err := i.mustBeOpen(); err != nil {
			return nil, err
		}
		i.ShelvedUntil, i.ShelvedBy = until, s.By
		return &IncidentStep{Incident: *i, Kind: IncidentChanged, Done: s.done(f.Now(), doneShelved)}, nil
	})
	if err != nil {
		return i, err
	}
	return i, f.each(ctx, i, func(x Fault) error { _, err := f.Shelve(ctx, x.ID, until, s); return err })
}

// UnshelveIncident ends that. NotFound, Invalid.
func (f *Faults) UnshelveIncident(ctx context.Context, id string, s Said) (Incident, error) {
	if err := s.check(false); err != nil {
		return Incident{}, err
	}
	i, err := f.Incidents.ChangeIncident(ctx, id, func(i *Incident) (*IncidentStep, error) {
		if !f.Now().Before(i.ShelvedUntil) {
			return nil, nil
		}
		i.ShelvedUntil, i.ShelvedBy = time.Time{}, ""
		return &IncidentStep{Incident: *i, Kind: IncidentChanged, Done: s.done(f.Now(), doneUnshelved)}, nil
	})
	if err != nil {
		return i, err
	}
	return i, f.each(ctx, i, func(x Fault) error { _, err := f.Unshelve(ctx, x.ID, s); return err })
}

// AssignIncident says who is to put an incident right; empty is nobody. NotFound, Invalid.
func (f *Faults) AssignIncident(ctx context.Context, id, to string, s Said) (Incident, error) {
	if err := s.check(false); err != nil {
		return Incident{}, err
	}
	if utf8.RuneCountInString(to) > maxPerson {
		return Incident{}, gnista.Invalidf("assignee", "is longer than %d characters", maxPerson)
	}
	i, err := f.Incidents.ChangeIncident(ctx, id, func(i *Incident) (*IncidentStep, error) {
		if i.Assignee == to {
			return nil, nil
		}
		i.Assignee = to
		return &IncidentStep{Incident: *i, Kind: IncidentChanged, Done: s.done(f.Now(), doneAssigned)}, nil
	})
	if err != nil {
		return i, err
	}
	return i, f.each(ctx, i, func(x Fault) error { _, err := f.Assign(ctx, x.ID, to, s); return err })
}

// CommentIncident keeps what somebody says of an incident. NotFound, Invalid.
func (f *Faults) CommentIncident(ctx context.Context, id string, s Said) (Incident, error) {
	if err := s.check(true); err != nil {
		return Incident{}, err
	}
	return f.Incidents.ChangeIncident(ctx, id, func(i *Incident) (*IncidentStep, error) {
		return &IncidentStep{Incident: *i, Kind: IncidentChanged, Done: s.done(f.Now(), doneCommented)}, nil
	})
}
