package alert

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gnista"
	"gnista/fault"
)

// Route says who is told of which faults, and how far that goes while nobody acknowledges them.
type Route struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Position int    `json:"position" doc:"Routes are tried in this order"`
	Off      bool   `json:"off,omitempty"`

	Sites    []string       `json:"sites,omitempty" doc:"Ids; absent is all"`
	Severity fault.Severity `json:"severity,omitempty" doc:"At least; absent is any"`
	Keys     []string       `json:"keys,omitempty" doc:"Patterns, as in ocpp1.6/* or */ConnectorLockFailure; absent is all"`
	Hours    []DayHours     `json:"hours,omitempty" doc:"In which it must begin; absent is always"`
	Zone     string         `json:"zone,omitempty" doc:"IANA name, of the hours; absent is the operator's"`

	Levels   []RouteLevel `json:"levels" nullable:"false"`
	Cleared  bool         `json:"cleared,omitempty" doc:"Tell those who were told that it is over"`
	Continue bool         `json:"continue,omitempty" doc:"The routes behind it are tried as well"`

	Quiet       []DayHours     `json:"quiet,omitempty" doc:"Hours in which what is to be told waits"`
	QuietExcept fault.Severity `json:"quietExcept,omitempty" doc:"At least this bad does not; absent is critical"`

	CreatedAt time.Time `json:"createdAt"`
}

// RouteLevel is one step of telling.
type RouteLevel struct {
	After int        `json:"after,omitempty" minimum:"0" doc:"Minutes since it was opened, while nobody acknowledges it"`
	To    []Receiver `json:"to" nullable:"false" doc:"Who is told"`
	Via   []Kind     `json:"via,omitempty" doc:"Only by mail, webhook or push; absent: by all channels of a receiver"`
}

// DayHours are some hours of some days.
type DayHours struct {
	Days  []string `json:"days,omitempty" doc:"mon to sun, on which it begins; absent is every day"`
	From  string   `json:"from" example:"22:00" doc:"Time of day"`
	Until string   `json:"until" example:"06:00" doc:"Time of day; of the next day where it is not after from"`
}

// weekdays are the names of days, from Sunday as in package time.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

const (
	mostWindows = 20
	mostLevels  = 10
	mostAfter   = 14 * 24 * 60 // minutes
	mostMatched = 200          // sites, patterns
)

func (r Route) order(o Route) int {
	return cmp.Or(cmp.Compare(r.Position, o.Position), strings.Compare(r.ID, o.ID))
}

func (r *Route) check(d *directory) error {
	if err := named("name", r.Name); err != nil {
		return err
	}
	for field, s := range map[string]fault.Severity{"severity": r.Severity, "quietExcept": r.QuietExcept} {
		if s != "" && !slices.Contains(fault.Severities, s) {
			return gnista.Invalidf(field, "%q is none of critical, high, medium, low and info", s)
		}
	}
	if len(r.Sites) > mostMatched || len(r.Keys) > mostMatched {
		return gnista.Invalidf("keys", "sites and keys are %d at the most", mostMatched)
	}
	for i, k := range r.Keys {
		if _, ok := fault.ParseKey(k); !ok || len(k) > 300 {
			return gnista.Invalidf(fmt.Sprintf("keys[%d]", i), "%q is not a source and a code, as in ocpp1.6/* or */ConnectorLockFailure", k)
		}
	}
	for field, list := range map[string][]DayHours{"hours": r.Hours, "quiet": r.Quiet} {
		if len(list) > mostWindows {
			return gnista.Invalidf(field, "has %d windows at the most", mostWindows)
		}
		for i, w := range list {
			if err := w.check(fmt.Sprintf("%s[%d]", field, i)); err != nil {
				return err
			}
		}
	}
	if len(r.Levels) == 0 || len(r.Levels) > mostLevels {
		return gnista.Invalidf("levels", "has 1 to %d levels", mostLevels)
	}
	for i, l := range r.Levels {
		at := fmt.Sprintf("levels[%d]", i)
		switch {
		case l.After < 0 || l.After > mostAfter:
			return gnista.Invalidf(at+".after", "must be 0 to %d minutes", mostAfter)
		case i > 0 && l.After <= r.Levels[i-1].After:
			return gnista.Invalidf(at+".after", "must be more than that of the level before, which is %d", r.Levels[i-1].After)
		}
		for j, k := range l.Via {
			if !slices.Contains(Kinds, k) {
				return gnista.Invalidf(fmt.Sprintf("%s.via[%d]", at, j), "%q is none of mail, webhook and push", k)
			}
		}
		if err := d.checkReceivers(at+".to", l.To); err != nil {
			return err
		}
	}
	return zoned("zone", r.Zone)
}

func (w DayHours) check(field string) error {
	for i, d := range w.Days {
		if !slices.Contains(weekdays, d) {
			return gnista.Invalidf(fmt.Sprintf("%s.days[%d]", field, i), "%q is none of mon, tue, wed, thu, fri, sat and sun", d)
		}
	}
	if _, err := clock(field+".from", w.From); err != nil {
		return err
	}
	_, err := clock(field+".until", w.Until)
	return err
}

// end tells whether t is in the window, and when that ends.
func (w DayHours) end(t time.Time) (time.Time, bool) {
	from, bad := clock("", w.From)
	until, worse := clock("", w.Until)
	if bad != nil || worse != nil {
		return time.Time{}, false
	}
	for back := range 2 { // it began today or yesterday
		day := t.AddDate(0, 0, -back)
		if len(w.Days) > 0 && !slices.Contains(w.Days, weekdays[day.Weekday()]) {
			continue
		}
		next := 0
		if until <= from {
			next = 1
		}
		begin := time.Date(day.Year(), day.Month(), day.Day(), from/60, from%60, 0, 0, t.Location())
		end := time.Date(day.Year(), day.Month(), day.Day()+next, until/60, until%60, 0, 0, t.Location())
		if !t.Before(begin) && t.Before(end) {
			return end, true
		}
	}
	return time.Time{}, false
}

// within tells whether t is in one of the windows, and when the last of those that follow each other ends.
func within(list []DayHours, t time.Time) (end time.Time, in bool) {
	for range 2 * 7 { // windows may follow each other through a week
		found := false
		for _, w := range list {
			if e, ok := w.end(t); ok {
				t, end, in, found = e, e, true, true
			}
		}
		if !found {
			break
		}
	}
	return end, in
}

// matches tells whether a route is for a subject that begins at a time.
func (r Route) matches(s Subject, at time.Time, zone *time.Location) bool {
	if r.Off || len(r.Sites) > 0 && !slices.Contains(r.Sites, s.Site) || r.Severity != "" && r.Severity.Worse(s.Severity) {
		return false
	}
	if len(r.Keys) > 0 && !slices.ContainsFunc(r.Keys, func(k string) bool { return like(k, s.Key.String()) }) {
		return false
	}
	if len(r.Hours) > 0 {
		if _, in := within(r.Hours, at.In(zone)); !in {
			return false
		}
	}
	return true
}

// like tells whether s is as a pattern has it, in which * stands for anything.
func like(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return pattern == s
	}
	if !strings.HasPrefix(s, first) {
		return false
	}
	s = s[len(first):]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return strings.HasSuffix(s, last)
}

// routesFor are the routes by which a subject is told that begins at a time.
func (a *Alerts) routesFor(d *directory, s Subject, at time.Time) (list []Route) {
	for _, r := range d.routes {
		if r.matches(s, at, a.in(r.Zone)) {
			list = append(list, r)
			if !r.Continue {
				break
			}
		}
	}
	return list
}

// late is how much later than it was due a level is told, for the next one to be told later too.
const late = time.Minute

// due is when a level, from 0, is to be told of what was opened at a time; zero behind the last. before is when the level
// before it was told: where that was late, as after quiet hours, there is as much time between them all the same.
func (r Route) due(level int, opened, before time.Time, wait time.Duration) time.Time {
	if level >= len(r.Levels) {
		return time.Time{}
	}
	planned := func(level int) time.Time {
		after := time.Duration(r.Levels[level].After) * time.Minute
		if level == 0 {
			after = max(after, wait)
		}
		return opened.Add(after)
	}
	at := planned(level)
	if level > 0 && before.Sub(planned(level-1)) > late {
		at = before.Add(time.Duration(r.Levels[level].After-r.Levels[level-1].After) * time.Minute)
	}
	return at
}

// silent tells until when a route is quiet for a subject.
func (a *Alerts) silent(r Route, s Subject, at time.Time) (time.Time, bool) {
	except := cmp.Or(r.QuietExcept, fault.Critical)
	if s.Severity == except || s.Severity.Worse(except) {
		return time.Time{}, false
	}
	return within(r.Quiet, at.In(a.in(r.Zone)))
}

// address is a channel with whom it is read by.
type address struct {
	Channel
	person Person // the zero value for a channel of nobody
}

// addresses are the channels of receivers at a time, each once.
func (a *Alerts) addresses(d *directory, to []Receiver, via []Kind, at time.Time) (out []address) {
	var ids []string
	var direct []string
	for _, r := range to {
		switch {
		case r.Person != "":
			ids = append(ids, r.Person)
		case r.Group != "":
			ids = append(ids, d.groups[r.Group].People...)
		case r.Rota != "":
			x := d.rotas[r.Rota]
			ids = append(ids, x.At(at, a.in(x.Zone)).Person)
		default:
			direct = append(direct, r.Channel)
		}
	}
	for _, c := range d.channels {
		named := slices.Contains(direct, c.ID) || c.Person != "" && slices.Contains(ids, c.Person)
		if named && c.State == On && len(c.Events) == 0 && (len(via) == 0 || slices.Contains(via, c.Kind)) {
			out = append(out, address{c, d.people[c.Person]})
		}
	}
	return out
}

// Planned is who would be told what when.
type Planned struct {
	Route  Route
	Level  int // from 1
	At     time.Time
	Person Person
	To     Channel
}

// Plan tells who would be told of a made-up fault that is opened at a time and that nobody acknowledges.
func (a *Alerts) Plan(ctx context.Context, s Subject, at time.Time) ([]Planned, error) {
	d, err := a.directory(ctx)
	if err != nil {
		return nil, err
	}
	out := []Planned{}
	for _, r := range a.routesFor(d, s, at) {
		var when time.Time
		for i, l := range r.Levels {
			when = r.due(i, at, when, a.Wait)
			if end, quiet := a.silent(r, s, when); quiet {
				when = end.UTC()
			}
			for _, x := range a.addresses(d, l.To, l.Via, when) {
				out = append(out, Planned{r, i + 1, when, x.person, x.Channel})
			}
		}
	}
	return out, nil
}

// AddRoute keeps a new route. Invalid, Conflict.
func (a *Alerts) AddRoute(ctx context.Context, r Route) (Route, error) {
	r.ID, r.CreatedAt = a.NewID(), a.Now()
	return r, add(ctx, a, routes, r.ID, &r)
}

// ChangeRoute changes a route. NotFound, Invalid.
func (a *Alerts) ChangeRoute(ctx context.Context, id string, f func(*Route)) (Route, error) {
	return change(ctx, a, routes, id, f)
}

// Route finds a route. NotFound.
func (a *Alerts) Route(ctx context.Context, id string) (Route, error) {
	return find[Route](ctx, a.Store, routes, id)
}

// Routes lists all routes in their order.
func (a *Alerts) Routes(ctx context.Context) ([]Route, error) {
	all, err := list[Route](ctx, a.Store, routes, "", mostEntries)
	slices.SortStableFunc(all, Route.order)
	return all, err
}

// DeleteRoute forgets a route. What it has begun to tell goes no further.
func (a *Alerts) DeleteRoute(ctx context.Context, id string) error {
	return a.Store.DeleteAlertEntry(ctx, routes, id)
}
