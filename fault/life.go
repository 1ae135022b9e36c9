package fault

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"gnista"
)

// What people do with faults and incidents, beside clearing them and changing how bad they are.
const (
	doneAcknowledged = "acknowledged"
	doneShelved      = "shelved"
	doneUnshelved    = "unshelved"
	doneAssigned     = "assigned"
	doneCommented    = "commented"
)

// Said is who does something with a fault or an incident, and why.
type Said struct {
	By  string
	Why string
}

// Limits of what people say.
const (
	maxPerson  = 100
	maxWhy     = 2000
	longestRun = 90 * 24 * time.Hour // that something is shelved
)

func (s Said) check(must bool) error {
	switch {
	case s.By == "" || utf8.RuneCountInString(s.By) > maxPerson:
		return gnista.Invalidf("by", "must have 1 to %d characters", maxPerson)
	case must && s.Why == "":
		return gnista.Invalidf("reason", "is empty")
	case utf8.RuneCountInString(s.Why) > maxWhy:
		return gnista.Invalidf("reason", "is longer than %d characters", maxWhy)
	}
	return nil
}

func (s Said) done(at time.Time, what string) Done {
	return Done{At: at, What: what, By: s.By, Why: s.Why}
}

// Acknowledge says that somebody looks after a fault. It is safe to repeat: the first one counts. NotFound, Invalid;
// Conflict when the fault is over.
func (f *Faults) Acknowledge(ctx context.Context, id string, s Said) (Fault, error) {
	if err := s.check(false); err != nil {
		return Fault{}, err
	}
	return f.change(ctx, id, func(x *Fault) (*Step, error) {
		if err := x.mustBeOpen(); err != nil || !x.AcknowledgedAt.IsZero() {
			return nil, err
		}
		x.AcknowledgedAt, x.AcknowledgedBy = f.Now(), s.By
		return &Step{Fault: *x, Kind: Changed, Done: s.done(f.Now(), doneAcknowledged)}, nil
	})
}

func (f *Fault) mustBeOpen() error {
	if !f.Open() {
		return gnista.Errorf(gnista.Conflict, "the fault was cleared %s", f.ClearedAt.UTC().Format(time.RFC3339))
	}
	return nil
}

// checkShelving judges until when something is to be shelved.
func (f *Faults) checkShelving(until time.Time) error {
	switch now := f.Now(); {
	case !until.After(now):
		return gnista.Invalidf("until", "is over already")
	case until.After(now.Add(longestRun)):
		return gnista.Invalidf("until", "is more than %d days from now", int(longestRun.Hours())/24)
	}
	return nil
}

// Shelve puts a fault aside until a time, for a reason: nobody is troubled with it meanwhile. NotFound, Invalid;
// Conflict when it is over.
func (f *Faults) Shelve(ctx context.Context, id string, until time.Time, s Said) (Fault, error) {
	if err := s.check(true); err != nil {
		return Fault{}, err
	}
	if err := f.checkShelving(until); err != nil {
		return Fault{}, err
	}
	return f.change(ctx, id, func(x *Fault) (*Step, error) {
		if err := x.mustBeOpen(); err != nil {
			return nil, err
		}
		x.ShelvedUntil, x.ShelvedBy = until, s.By
		return &Step{Fault: *x, Kind: Changed, Done: s.done(f.Now(), doneShelved)}, nil
	})
}

// Unshelve ends that. NotFound, Invalid.
func (f *Faults) Unshelve(ctx context.Context, id string, s Said) (Fault, error) {
	if err := s.check(false); err != nil {
		return Fault{}, err
	}
	return f.change(ctx, id, func(x *Fault) (*Step, error) {
		if !x.Shelved(f.Now()) {
			return nil, nil
		}
		x.ShelvedUntil, x.ShelvedBy = time.Time{}, ""
		return &Step{Fault: *x, Kind: Changed, Done: s.done(f.Now(), doneUnshelved)}, nil
	})
}

// Assign says who is to put a fault right; empty is nobody. NotFound, Invalid.
func (f *Faults) Assign(ctx context.Context, id, to string, s Said) (Fault, error) {
	if err := s.check(false); err != nil {
		return Fault{}, err
	}
	if utf8.RuneCountInString(to) > maxPerson {
		return Fault{}, gnista.Invalidf("assignee", "is longer than %d characters", maxPerson)
	}
	return f.change(ctx, id, func(x *Fault) (*Step, error) {
		if x.Assignee == to {
			return nil, nil
		}
		x.Assignee = to
		return &Step{Fault: *x, Kind: Changed, Done: s.done(f.Now(), doneAssigned)}, nil
	})
}

// Comment keeps what somebody says of a fault, which may be over. NotFound, Invalid.
func (f *Faults) Comment(ctx context.Context, id string, s Said) (Fault, error) {
	if err := s.check(true); err != nil {
		return Fault{}, err
	}
	return f.change(ctx, id, func(x *Fault) (*Step, error) {
		return &Step{Fault: *x, Kind: Changed, Done: s.done(f.Now(), doneCommented)}, nil
	})
}

// Grade says how bad a fault is; that holds until it is over, whatever is told of it. NotFound, Invalid; Conflict
// when it is over.
func (f *Faults) Grade(ctx context.Context, id string, v Severity, s Said) (Fault, error) {
	if err := s.check(false); err != nil {
		return Fault{}, err
	}
	if !slices.Contains(Severities, v) {
		return Fault{}, gnista.Invalidf("severity", "%q is not one of %v", v, Severities)
	}
	return f.change(ctx, id, func(x *Fault) (*Step, error) {
		if err := x.mustBeOpen(); err != nil {
			return nil, err
		}
		x.Severity, x.SeverityBy = v, s.By
		return &Step{Fault: *x, Kind: Changed, Done: s.done(f.Now(), doneSeverity)}, nil
	})
}

// Clear says that a fault is over, for a reason. Where the station tells of it again it is opened again. It is safe
// to repeat. NotFound, Invalid.
func (f *Faults) Clear(ctx context.Context, id string, s Said) (Fault, error) {
	if err := s.check(true); err != nil {
		return Fault{}, err
	}
	return f.change(ctx, id, func(x *Fault) (*Step, error) {
		if !x.Open() {
			return nil, nil
		}
		x.ClearedAt, x.ClearedBy, x.Until = f.Now(), s.By, time.Time{}
		return &Step{Fault: *x, Kind: ClearedKind, Done: s.done(f.Now(), doneCleared)}, nil
	})
}
