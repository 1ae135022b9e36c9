package driver

import (
	"context"
	"slices"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/checkout"
	"gnista/fault"
	"gnista/station"
)

// Faults knows what is wrong. A fault.Store does.
type Faults interface {
	Faults(ctx context.Context, f fault.Filter) ([]fault.Fault, error)
}

// Sharing knows why cars get what they get.
type Sharing interface {
	// Share is why the car at an EVSE gets what it gets; nil where power is not shared.
	Share(ctx context.Context, id gnista.StationID, evse int) (*Power, error)
}

// Hints knows what drivers are asked to try while a fault is being put right. *remedy.Remedies does.
type Hints interface {
	// Hint is that of a fault by its id; nil is nothing.
	Hint(ctx context.Context, fault string) (map[fault.Language]string, error)
}

// Subject is what a case is about.
type Subject struct {
	Kind Of
	ID   string
}

// Of is a kind of thing that a case is about.
type Of string

// What cases are about, but for faults.
const (
	OfCheckout    Of = "checkout"
	OfTransaction Of = "transaction"
)

// Cases gives attempts their numbers, of the same series as those of faults.
type Cases interface {
	// CaseOf is the number of an attempt, which gets one when it has none.
	CaseOf(ctx context.Context, x Subject) (int, error)
	// FindCase finds what a number is of. NotFound.
	FindCase(ctx context.Context, number int) (Subject, error)
}

// Outlets finds other outlets.
type Outlets interface {
	// FreeOutlets lists up to limit EVSEs that the stations of the same site have told to be available, or the
	// station itself where it has none; those of the station first.
	FreeOutlets(ctx context.Context, near gnista.StationID, limit int) ([]Outlet, error)
}

// Outlet is an EVSE of a station.
type Outlet struct {
	Station gnista.StationID
	EVSE    int
}

// How many other outlets a driver is shown, and how many are looked at for them.
const (
	shownOutlets = 3
	lookedAt     = 20
)

// Desk answers drivers.
type Desk struct {
	Checkouts *checkout.Desk
	Charging  *charging.Transactions
	Faults    Faults
	Catalogue *fault.Catalogue
	Hints     Hints
	Sharing   Sharing
	Cases     Cases
	Outlets   Outlets
	Now       func() time.Time
}

// Answer is what a driver is told.
type Answer struct {
	Message
	Situation
	Case   int      // 0 where there is none, as nothing is wrong
	Others []Outlet // that are free, where another one is to be chosen
}

// cutWithin is how long after the end of a charge a fault may be told that ended it.
const cutWithin = time.Minute

// Cut is what is said of a fault of the outlet that came while a charge went on that has ended since; empty is none.
func (a Answer) Cut(v Voice) string {
	f, t := a.Fault, a.Charge
	if f == nil || t == nil || t.State == charging.Active || a.Entry.Usable || !a.struck() || f.OpenedAt.After(t.EndedAt.Add(cutWithin)) {
		return ""
	}
	return a.Entry.Explain(f, v.Language, v.Zone).Driver
}

// Checkout answers whoever has the key of a checkout. NotFound, which does not tell why.
func (d *Desk) Checkout(ctx context.Context, key string, v Voice) (Answer, error) {
	x, err := d.Checkouts.View(ctx, key)
	if err != nil {
		return Answer{}, err
	}
	return d.Viewed(ctx, x, v)
}

// Opened answers for a checkout by its id. NotFound.
func (d *Desk) Opened(ctx context.Context, id string, v Voice) (Answer, error) {
	x, err := d.Checkouts.Show(ctx, id)
	if err != nil {
		return Answer{}, err
	}
	return d.Viewed(ctx, x, v)
}

// Viewed is [Desk.Checkout] for who has looked at it already.
func (d *Desk) Viewed(ctx context.Context, x checkout.View, v Voice) (Answer, error) {
	s, err := d.outlet(ctx, x.Station, x.EVSE)
	if err != nil && gnista.CodeOf(err) != gnista.NotFound { // of a station that is gone there is still what it charged
		return Answer{}, err
	}
	s.Checkout, s.Charge, s.Cost, s.Receipt = &x, x.Charge, x.Cost, x.Receipt
	return d.answer(ctx, s, v, Subject{OfCheckout, x.ID})
}

// Transaction answers for a transaction, whoever charges. NotFound.
func (d *Desk) Transaction(ctx context.Context, id string, v Voice) (Answer, error) {
	t, err := d.Charging.Store.Transaction(ctx, id)
	if err != nil {
		return Answer{}, err
	}
	c, err := d.Checkouts.Of(ctx, id)
	if err == nil {
		return d.Opened(ctx, c.ID, v)
	}
	if gnista.CodeOf(err) != gnista.NotFound {
		return Answer{}, err
	}
	s, err := d.outlet(ctx, t.Station, t.EVSE.ID)
	if err != nil && gnista.CodeOf(err) != gnista.NotFound {
		return Answer{}, err
	}
	s.Charge = &t
	if s.Cost, s.Receipt, err = d.Checkouts.Bill(ctx, &t); err != nil && gnista.CodeOf(err) != gnista.NotFound {
		return Answer{}, err
	}
	return d.answer(ctx, s, v, Subject{OfTransaction, id})
}

// Outlet answers for who stands at an EVSE and has not begun anything. NotFound.
func (d *Desk) Outlet(ctx context.Context, id gnista.StationID, evse int, v Voice) (Answer, error) {
	s, err := d.outlet(ctx, id, evse)
	if err != nil {
		return Answer{}, err
	}
	return d.answer(ctx, s, v, Subject{})
}

// outlet is what is known of an EVSE.
func (d *Desk) outlet(ctx context.Context, id gnista.StationID, evse int) (Situation, error) {
	s := Situation{Now: d.Now(), Station: id, EVSE: evse}
	var list []station.Connector
	var err error
	if s.Condition, list, err = d.Checkouts.Outlet(ctx, id, evse); err != nil {
		return s, err
	}
	s.look(list)
	s.Power, err = d.Sharing.Share(ctx, id, evse)
	return s, err
}

// look takes in what the connectors of the station say.
func (s *Situation) look(list []station.Connector) {
	plugged := func(x station.Status) bool { return x == station.Preparing || x == station.Occupied }
	for _, c := range list {
		switch {
		case c.EVSE.ID == s.EVSE && (s.Status == "" || c.Status != station.Available):
			s.Status, s.Since = c.Status, c.At
		case c.EVSE.ID > 0 && c.EVSE.ID != s.EVSE && plugged(c.Status) && !slices.Contains(s.Plugged, c.EVSE.ID):
			s.Plugged = append(s.Plugged, c.EVSE.ID)
		}
	}
}

// wrong finds the open fault that matters to the driver: the worst of those that keep from charging, or else the worst.
func (d *Desk) wrong(ctx context.Context, s *Situation) error {
	open, err := d.Faults.Faults(ctx, fault.Filter{State: fault.IsOpen, Station: s.Station, WorstFirst: true, Limit: fault.MaxOpen})
	if err != nil {
		return err
	}
	for i := range open {
		f := &open[i]
		if f.EVSE.ID != 0 && f.EVSE.ID != s.EVSE {
			continue
		}
		x := *s
		x.Fault, x.Entry = f, d.Catalogue.Find(f.Key, f.Raw)
		if matters := x.wrong() != ""; matters || s.Fault == nil {
			s.Fault, s.Entry = x.Fault, x.Entry
			if matters {
				s.Hint, err = d.Hints.Hint(ctx, f.ID)
				return err
			}
		}
	}
	return nil
}

func (d *Desk) answer(ctx context.Context, s Situation, v Voice, x Subject) (Answer, error) {
	if err := d.wrong(ctx, &s); err != nil {
		return Answer{}, err
	}
	if s.Checkout != nil && len(s.Plugged) > 0 {
		if err := d.idle(ctx, &s); err != nil {
			return Answer{}, err
		}
	}
	a := Answer{Message: Explain(s, v), Situation: s}
	var err error
	switch {
	case a.Well:
	case s.Fault != nil && slices.Contains([]Kind{SwitchedOff, Broken, Fixable, Stuck}, a.Kind):
		a.Case = s.Fault.Case
	case x.ID != "":
		a.Case, err = d.Cases.CaseOf(ctx, x)
	}
	if err == nil && slices.Contains(a.Offers, DoOther) {
		a.Others, err = d.others(ctx, Outlet{s.Station, s.EVSE})
	}
	return a, err
}

// others are a few outlets nearby that are free, and whose stations are connected.
func (d *Desk) others(ctx context.Context, but Outlet) (list []Outlet, err error) {
	told, err := d.Outlets.FreeOutlets(ctx, but.Station, lookedAt)
	if err != nil {
		return nil, err
	}
	for _, o := range told {
		if o == but || len(list) == shownOutlets {
			continue
		}
		c, _, err := d.Checkouts.Outlet(ctx, o.Station, o.EVSE)
		if err != nil && gnista.CodeOf(err) != gnista.NotFound {
			return nil, err
		}
		if c == checkout.Free {
			list = append(list, o)
		}
	}
	return list, nil
}

// idle leaves of the other EVSEs where a cable was plugged in those at which that happened after the driver had
// paid and nobody charges.
func (d *Desk) idle(ctx context.Context, s *Situation) error {
	_, list, err := d.Checkouts.Outlet(ctx, s.Station, s.EVSE)
	if err != nil {
		return err
	}
	open, err := d.Charging.Store.Transactions(ctx, charging.Filter{Station: s.Station, State: charging.Active, Limit: 100})
	s.Plugged = slices.DeleteFunc(s.Plugged, func(evse int) bool {
		return slices.ContainsFunc(open, func(t charging.Transaction) bool { return t.EVSE.ID == evse }) ||
			slices.ContainsFunc(list, func(c station.Connector) bool { return c.EVSE.ID == evse && c.At.Before(s.Checkout.PaidAt) })
	})
	return err
}
