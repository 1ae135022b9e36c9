package alert

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gnista"
)

// Rota is who is on call: people in turn, each for a number of days.
type Rota struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Zone      string    `json:"zone,omitempty" doc:"IANA name; absent is the operator's"`
	People    []string  `json:"people" doc:"Ids, in their order"`
	From      string    `json:"from" doc:"Day on which the first of them begins, as in 2026-03-02"`
	Handover  string    `json:"handover" doc:"Time of day, as in 08:00"`
	Days      int       `json:"days" doc:"Of each turn; 7 is a week"`
	Overrides []Cover   `json:"overrides,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
}

// Cover changes who is on call for a while.
type Cover struct {
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	Person string    `json:"person,omitempty" doc:"Id of a person who is on call instead"`
	Away   string    `json:"away,omitempty" doc:"Id of a person who is not there: whoever comes next in the order is on call. Either this or person"`
}

const (
	mostTurn      = 366 // days
	mostOverrides = 500
)

func (r *Rota) check(d *directory) error {
	if err := named("name", r.Name); err != nil {
		return err
	}
	if err := d.checkPeople("people", r.People, mostReceived); err != nil {
		return err
	}
	if _, err := time.Parse(time.DateOnly, r.From); err != nil {
		return gnista.Invalidf("from", "%q is not a day, as in 2026-03-02", r.From)
	}
	if _, err := clock("handover", r.Handover); err != nil {
		return err
	}
	if r.Days < 1 || r.Days > mostTurn {
		return gnista.Invalidf("days", "must be 1 to %d", mostTurn)
	}
	if len(r.Overrides) > mostOverrides {
		return gnista.Invalidf("overrides", "has %d at the most; take out those that are over", mostOverrides)
	}
	for i, o := range r.Overrides {
		at := fmt.Sprintf("overrides[%d]", i)
		switch {
		case !o.From.Before(o.Until):
			return gnista.Invalidf(at+".until", "must be after from")
		case (o.Person == "") == (o.Away == ""):
			return gnista.Invalidf(at, "names either person or away")
		}
		if _, ok := d.people[o.Person+o.Away]; !ok {
			return gnista.Invalidf(at, "there is no person %q", o.Person+o.Away)
		}
	}
	return zoned("zone", r.Zone)
}

// clock reads a time of day as minutes.
func clock(field, s string) (int, error) {
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != 5 {
		return 0, gnista.Invalidf(field, "%q is not a time of day, as in 08:00", s)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// Duty is who is on call, and until when that holds at the longest.
type Duty struct {
	Person string    // id; empty before the first turn, and where all are away
	Until  time.Time // of the turn; zero where there is none
	Why    string    // "turn", "override" or "away", where somebody stands in
}

// At tells who is on call at a time. Turns are counted in days of the calendar, so that a change of the clock moves
// no handover.
func (r Rota) At(t time.Time, zone *time.Location) Duty {
	first, err := time.Parse(time.DateOnly, r.From)
	minutes, bad := clock("handover", r.Handover)
	if err != nil || bad != nil || len(r.People) == 0 || r.Days < 1 {
		return Duty{}
	}
	handover := func(day time.Time) time.Time { // on a day of the calendar, kept as UTC
		return time.Date(day.Year(), day.Month(), day.Day(), minutes/60, minutes%60, 0, 0, zone)
	}
	local := t.In(zone)
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	if handover(day).After(t) {
		day = day.AddDate(0, 0, -1)
	}
	days := int(day.Sub(first).Hours() / 24)
	if day.Before(first) {
		return Duty{}
	}
	turn := days / r.Days
	duty := Duty{Person: r.People[turn%len(r.People)], Until: handover(first.AddDate(0, 0, (turn+1)*r.Days)), Why: "turn"}
	away := map[string]bool{}
	for _, o := range slices.Backward(r.Overrides) { // the last that was added weighs the most
		if t.Before(o.From) || !t.Before(o.Until) {
			continue
		}
		if o.Person != "" {
			return Duty{o.Person, o.Until, "override"}
		}
		away[o.Away] = true
	}
	for i := range r.People {
		p := r.People[(turn+i)%len(r.People)]
		if !away[p] {
			if i > 0 {
				duty.Person, duty.Why = p, "away"
			}
			return duty
		}
	}
	return Duty{Until: duty.Until, Why: "away"}
}

// AddRota keeps a new rota. Invalid, Conflict.
func (a *Alerts) AddRota(ctx context.Context, r Rota) (Rota, error) {
	r.ID, r.CreatedAt = a.NewID(), a.Now()
	return r, add(ctx, a, rotas, r.ID, &r)
}

// ChangeRota changes a rota. NotFound, Invalid.
func (a *Alerts) ChangeRota(ctx context.Context, id string, f func(*Rota)) (Rota, error) {
	return change(ctx, a, rotas, id, f)
}

// Rota finds a rota. NotFound.
func (a *Alerts) Rota(ctx context.Context, id string) (Rota, error) {
	return find[Rota](ctx, a.Store, rotas, id)
}

// Rotas lists rotas in the order of their ids, behind after.
func (a *Alerts) Rotas(ctx context.Context, after string, limit int) ([]Rota, error) {
	return list[Rota](ctx, a.Store, rotas, after, limit)
}

// DeleteRota forgets a rota. Conflict while something names it.
func (a *Alerts) DeleteRota(ctx context.Context, id string) error {
	if err := a.unused(ctx, Receiver{Rota: id}); err != nil {
		return err
	}
	return a.Store.DeleteAlertEntry(ctx, rotas, id)
}

// OnCall tells who is on call for a rota at a time. NotFound.
func (a *Alerts) OnCall(ctx context.Context, id string, at time.Time) (Duty, error) {
	r, err := a.Rota(ctx, id)
	return r.At(at, a.in(r.Zone)), err
}
