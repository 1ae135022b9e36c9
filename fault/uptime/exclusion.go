package uptime

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"gnista"
)

// Kind is why a time is not counted as downtime.
type Kind string

// The kinds. The first three are entered by people, see docs/uptime.md.
const (
	Counts       Kind = ""              // it is counted
	Maintenance  Kind = "maintenance"   // a window that was reserved for work
	ForceMajeure Kind = "force-majeure" // nobody could help it
	Grid         Kind = "grid"          // the grid gave no power
	Ordered      Kind = "planned"       // the operator had taken it out of service
	Closed       Kind = "closed"        // the site was closed
	Unobserved   Kind = "unobserved"    // we did not watch
)

// Exclusion is a time that a person has said is not to be counted as downtime, at a site, a station or one of its
// EVSEs; everywhere where none is named.
type Exclusion struct {
	ID        string
	Kind      Kind
	Site      string
	Station   gnista.StationID
	EVSE      int
	Since     time.Time
	Until     time.Time
	Note      string
	By        string
	CreatedAt time.Time
}

func (x Exclusion) covers(o Outlet) bool {
	return (x.Site == "" || x.Site == o.Site) && (x.Station == "" || x.Station == o.Station) && (x.EVSE == 0 || x.EVSE == o.EVSE.ID)
}

// Opening is when a site is open, on days of the week.
type Opening struct {
	Days []int `json:"days"` // 1 is Monday, 7 is Sunday
	From int   `json:"from"` // in minutes from midnight
	To   int   `json:"to"`   // the same; not after From is on the next day
}

const day = 24 * 60

// ExclusionStore keeps what is not counted.
type ExclusionStore interface {
	AddExclusion(ctx context.Context, x Exclusion, most int) error
	// Exclusion finds one. NotFound.
	Exclusion(ctx context.Context, id string) (Exclusion, error)
	// Exclusions lists those that overlap a time, the newest first, behind the one with the id before.
	Exclusions(ctx context.Context, s Span, before string, limit int) ([]Exclusion, error)
	// DeleteExclusion removes one. NotFound.
	DeleteExclusion(ctx context.Context, id string) error
	// Opening is when a site is open; nil is always.
	Opening(ctx context.Context, site string) ([]Opening, error)
	// SetOpening sets it. NotFound where there is no such site.
	SetOpening(ctx context.Context, site string, list []Opening) error
}

const (
	maxExclusions = 10_000
	maxExcluded   = 366 * 24 * time.Hour // at once
	maxNote       = 500
	maxOpenings   = 50
)

// Exclude keeps that a time is not to be counted. Invalid, NotFound, Conflict where there are too many.
func (u *Uptime) Exclude(ctx context.Context, x Exclusion) (Exclusion, error) {
	switch x.Kind {
	case Maintenance, ForceMajeure, Grid:
	default:
		return x, gnista.Invalidf("kind", "%q is not maintenance, force-majeure or grid", x.Kind)
	}
	switch {
	case x.Since.IsZero():
		return x, gnista.Invalidf("since", "is missing")
	case !x.Until.After(x.Since):
		return x, gnista.Invalidf("until", "must be after since")
	case x.Until.Sub(x.Since) > maxExcluded:
		return x, gnista.Invalidf("until", "is more than %d days after since", maxExcluded/(24*time.Hour))
	case x.EVSE < 0 || x.EVSE > 0 && x.Station == "":
		return x, gnista.Invalidf("evse", "is one of a station: name that too")
	case utf8.RuneCountInString(x.Note) > maxNote:
		return x, gnista.Invalidf("note", "is longer than %d characters", maxNote)
	case x.Kind != Maintenance && x.Note == "":
		return x, gnista.Invalidf("note", "is missing: say what happened")
	}
	if x.Site != "" {
		if _, err := u.Sites.Store.Site(ctx, x.Site); err != nil {
			return x, named("site", err)
		}
	}
	if x.Station != "" {
		if _, err := u.Stations.Station(ctx, x.Station); err != nil {
			return x, named("station", err)
		}
	}
	x.ID, x.CreatedAt = u.NewID(), u.Now()
	return x, u.Store.AddExclusion(ctx, x, maxExclusions)
}

// named is err as one of a field of the input, where there is no such thing.
func named(field string, err error) error {
	if gnista.CodeOf(err) == gnista.NotFound {
		return gnista.Invalidf(field, "%v", err)
	}
	return err
}

// Open sets when a site is open; nothing is always. Invalid, NotFound.
func (u *Uptime) Open(ctx context.Context, site string, list []Opening) error {
	if len(list) > maxOpenings {
		return gnista.Invalidf("hours", "are more than %d", maxOpenings)
	}
	for i, o := range list {
		at := func(field string) string { return fmt.Sprintf("hours[%d].%s", i, field) }
		if len(o.Days) == 0 {
			return gnista.Invalidf(at("days"), "is empty")
		}
		for _, d := range o.Days {
			if d < 1 || d > 7 {
				return gnista.Invalidf(at("days"), "%d is not 1 (Monday) to 7 (Sunday)", d)
			}
		}
		if o.From < 0 || o.From >= day {
			return gnista.Invalidf(at("from"), "is not a time of day")
		}
		if o.To < 0 || o.To > day {
			return gnista.Invalidf(at("to"), "is not a time of day")
		}
	}
	return u.Store.SetOpening(ctx, site, list)
}

// closed are the stretches of a time in which a site is closed, in the time of its zone.
func closed(list []Opening, zone *time.Location, from, to time.Time) []Span {
	if len(list) == 0 {
		return nil
	}
	var open []Span
	local := from.In(zone)
	for d := -1; ; d++ {
		midnight := time.Date(local.Year(), local.Month(), local.Day()+d, 0, 0, 0, 0, zone)
		if !midnight.Before(to) {
			break
		}
		weekday := (int(midnight.Weekday())+6)%7 + 1
		for _, o := range list {
			if !slices.Contains(o.Days, weekday) {
				continue
			}
			end := o.To
			if o.To <= o.From {
				end += day
			}
			at := func(minutes int) time.Time {
				return time.Date(midnight.Year(), midnight.Month(), midnight.Day(), 0, minutes, 0, 0, zone)
			}
			open = append(open, Span{at(o.From), at(end)})
		}
	}
	return gaps(open, from, to)
}

// gaps are the stretches of a time that no span covers.
func gaps(spans []Span, from, to time.Time) []Span {
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Or(a.Since.Compare(b.Since), a.Until.Compare(b.Until)) })
	var list []Span
	for _, s := range spans {
		if s.Since.After(from) && from.Before(to) {
			list = append(list, Span{from, earlier(s.Since, to)})
		}
		if s.Until.After(from) {
			from = s.Until
		}
	}
	if from.Before(to) {
		list = append(list, Span{from, to})
	}
	return list
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
