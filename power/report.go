package power

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"gnista"
	"gnista/station"
)

// Report is how far a report is that a station was asked for. Of each kind the last one is kept.
type Report struct {
	Noted
	Kind     string // of what
	Number   int
	Filter   ReadFilter
	Controls DERFilter
	Pages    int
	Ended    bool
	Dropped  int // things that were too many to be kept
}

func (*Report) kind() string  { return "report" }
func (r *Report) key() string { return r.Kind }

// The kinds of reports.
const (
	profileReport = "profiles"
	derReport     = "DER controls"
)

func effectReport(kind string, number int) string { return fmt.Sprintf("report %s %d", kind, number) }

// Bounds of reports.
const (
	maxPages    = 500 // of one report: more than a page for each thing that is kept
	maxReported = 100 // profiles or controls of a station that are not ours
)

// Read has a station report its profiles; those that it should report and does not are missing then.
// (OCPP 2.x K09) Invalid, NotFound, Unsupported.
func (p *Power) Read(ctx context.Context, id gnista.StationID, f ReadFilter) (station.Answer, error) {
	number, err := p.Transactions.Number(ctx, id)
	if err != nil {
		return station.Answer{}, err
	}
	o := ReadProfiles{Number: number, ReadFilter: f}
	return p.readOut(ctx, id, Report{Kind: profileReport, Number: number, Filter: f}, func() (station.Answer, error) {
		return station.Give(ctx, p.Network, id, o)
	}, p.missingProfiles)
}

// readOut asks for a report. When there is nothing to report, missing is told so.
func (p *Power) readOut(ctx context.Context, id gnista.StationID, r Report, send func() (station.Answer, error), missing func(Tx, gnista.StationID, Report) error) (station.Answer, error) {
	if _, connected := p.Network.Presence.Connection(id); connected {
		// It is known before it is asked for: pages may come before the answer.
		if err := p.Store.ChangePower(ctx, id, func(tx Tx) error { x := r; return save(p, tx, id, &x) }); err != nil {
			return station.Answer{}, err
		}
	}
	a, err := send()
	if err != nil || a.Status != station.NotKnown {
		return a, err
	}
	return a, p.Store.ChangePower(context.WithoutCancel(ctx), id, func(tx Tx) error {
		have, err := find[Report](tx, r.Kind)
		if err != nil || have == nil || have.Number != r.Number || have.Ended {
			return err
		}
		if err := missing(tx, id, *have); err != nil {
			return err
		}
		have.Ended = true
		return save(p, tx, id, have)
	})
}

// ReportedProfile is a profile in a report.
type ReportedProfile struct {
	EVSE    int
	Source  Source
	Ref     string // of the transaction, on the wire
	Profile Profile
}

// ReportProfiles takes in a page of a report. (OCPP 2.x K09) The last one ends it.
func (p *Power) ReportProfiles(ctx context.Context, id gnista.StationID, number int, list []ReportedProfile, more bool) error {
	recent, err := p.recent(ctx, id)
	if err != nil {
		return err
	}
	take := func(tx Tx, r *Report) error {
		known, err := all[Installed](tx)
		if err != nil {
			return err
		}
		for i := range known {
			known[i].settle(recent, p.Now())
		}
		for _, got := range list {
			x := Installed{EVSE: got.EVSE, Source: got.Source, Profile: got.Profile}
			for _, t := range recent {
				if got.Ref != "" && t.Ref == got.Ref {
					x.Transaction = t.ID
				}
			}
			if err := p.takeReported(tx, id, r, &known, x); err != nil {
				return err
			}
		}
		return nil
	}
	return p.page(ctx, id, profileReport, number, more, take, p.missingProfiles)
}

// page takes in a page of a report and, with the last one, ends it.
func (p *Power) page(ctx context.Context, id gnista.StationID, kind string, number int, more bool, take func(Tx, *Report) error, missing func(Tx, gnista.StationID, Report) error) error {
	ended := false
	err := p.Store.ChangePower(ctx, id, func(tx Tx) error {
		ended = false
		r, err := find[Report](tx, kind)
		if err != nil {
			return err
		}
		if r == nil || r.Number != number || r.Pages >= maxPages {
			return nil // nobody has asked for it, or it has no end
		}
		r.Pages++
		if err := take(tx, r); err != nil {
			return err
		}
		if !more && !r.Ended {
			if err := missing(tx, id, *r); err != nil {
				return err
			}
			r.Ended, ended = true, true
		}
		return save(p, tx, id, r)
	})
	if err != nil || !ended {
		return err
	}
	return p.Network.Settle(ctx, id, station.Happened, "reported", effectReport(kind, number))
}

// takeReported takes in one profile of a report.
func (p *Power) takeReported(tx Tx, id gnista.StationID, r *Report, known *[]Installed, x Installed) error {
	now := p.Now()
	i := slices.IndexFunc(*known, func(y Installed) bool { return y.Profile.ID == x.Profile.ID })
	if i < 0 {
		if err := makeRoom(tx, *known, true, maxReported); err != nil {
			return dropped(r, err)
		}
		x.State, x.ReportedAt, x.Foreign = Accepted, &now, true
		*known = append(*known, x)
		err := save(p, tx, id, &x, p.event("profile.reported", id, map[string]any{"profile": x.Profile.ID, "source": x.Source}))
		return dropped(r, err)
	}
	y := &(*known)[i]
	y.State, y.ReportedAt, y.EndedAt, y.Reported = Accepted, &now, nil, nil
	if y.Foreign {
		y.EVSE, y.Source, y.Profile = x.EVSE, x.Source, x.Profile
	} else if !y.Profile.says(&x.Profile) || y.EVSE != x.EVSE {
		y.Reported = &x.Profile
	}
	if x.Transaction != "" {
		y.Transaction = x.Transaction
	}
	return dropped(r, save(p, tx, id, y))
}

// dropped passes over what is too large or too many to be kept, and counts it.
func dropped(r *Report, err error) error {
	if code := gnista.CodeOf(err); err != nil && (code == gnista.Invalid || code == gnista.Conflict) {
		r.Dropped++
		return nil
	}
	return err
}

// says tells whether two profiles say the same, apart from what stations write otherwise.
func (p *Profile) says(q *Profile) bool { return reflect.DeepEqual(p.plain(), q.plain()) }

func (p *Profile) plain() Profile {
	c := p.clone()
	instant := func(t *time.Time) *time.Time {
		if t == nil {
			return nil
		}
		u := t.UTC().Truncate(time.Second)
		return &u
	}
	c.ValidFrom, c.ValidTo = instant(c.ValidFrom), instant(c.ValidTo)
	for i := range c.Schedules {
		s := &c.Schedules[i]
		s.ID, s.Start = 0, instant(s.Start)
		for j := range s.Periods {
			x := &s.Periods[j]
			if x.Phases == 3 { // which is what leaving it out means (OCPP 2.x K01.FR.49)
				x.Phases = 0
			}
			if x.Mode == ChargingOnly {
				x.Mode = ""
			}
		}
	}
	return c
}

// missingProfiles takes in that the station has reported all profiles that were asked for.
func (p *Power) missingProfiles(tx Tx, id gnista.StationID, r Report) error {
	list, err := all[Installed](tx)
	if err != nil {
		return err
	}
	for i := range list {
		x := &list[i]
		reported := x.ReportedAt != nil && !x.ReportedAt.Before(r.ReceivedAt)
		if reported || x.State != Accepted || !r.Filter.matches(x) || x.ReceivedAt.After(r.ReceivedAt) {
			continue
		}
		x.end(Missing, "the station does not report it", p.Now())
		if err := save(p, tx, id, x, p.event("profile.missing", id, map[string]any{"profile": x.Profile.ID})); err != nil {
			return err
		}
	}
	return nil
}
