package fault

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"gnista"
)

// IncidentKind is what the faults of an incident have in common.
type IncidentKind string

// The kinds, in the order in which they are looked for. A fault is part of one incident.
const (
	SiteIncident     IncidentKind = "site"     // one fault at most of the stations of a site
	PowerIncident    IncidentKind = "power"    // the power of a site was exceeded, and stations do not keep to it
	StationIncident  IncidentKind = "station"  // one cause at several outlets of a station
	FirmwareIncident IncidentKind = "firmware" // one fault at many stations of one model and firmware
)

// The rules of incidents. docs/incidents.md tells of them.
const (
	SiteWithin     = 15 * time.Minute // in which stations of a site show the same
	SiteAtLeast    = 3                // stations, and half of those of the site
	PowerWithin    = 30 * time.Minute
	StationWithin  = 10 * time.Minute
	FirmwareWithin = time.Hour
	FirmwareFrom   = 5   // stations
	most           = 500 // faults that are looked at for a rule
)

// Incident is faults that belong together. It is resolved when all of them are over.
type Incident struct {
	ID       string // see [IncidentID]
	Case     int
	Kind     IncidentKind
	Subject  string // what its faults have in common, within its kind
	Key      Key    // of its faults, or of the first where they differ; a site that is offline has one of its own
	Severity Severity
	Station  gnista.StationID // where all are of one
	Site     string           // where all are of one
	First    string           // id of the fault that is probably the cause: the first, or what stations say led to the others

	OpenedAt   time.Time
	LastAt     time.Time // when a fault last came to it
	ResolvedAt time.Time // zero while one of them is open

	AcknowledgedAt time.Time
	AcknowledgedBy string
	ShelvedUntil   time.Time
	ShelvedBy      string
	Assignee       string
	Facts          map[string]any // vendor, model and firmware; the number of stations of a site

	Faults int // how many there are, where it was read
	Open   int // how many of them are open, likewise
}

// Resolved tells whether all of its faults are over.
func (i *Incident) Resolved() bool { return !i.ResolvedAt.IsZero() }

// IncidentStep is what is done with an incident: it is kept with it and told as an event.
type IncidentStep struct {
	Incident Incident
	Kind     string // of the event
	Done
}

// Event is what is told of the step.
func (s *IncidentStep) Event() gnista.Event {
	i := s.Incident
	data, _ := json.Marshal(Told{Key: i.Key.String(), Severity: i.Severity, Case: i.Case, Site: i.Site, Incident: i.ID, What: s.What, By: s.By}) // always marshals
	return gnista.Event{At: s.At, Kind: s.Kind, Station: i.Station, Subject: i.ID, Data: data}
}

// IncidentStore keeps incidents. Each method is one SQL transaction and safe to repeat.
type IncidentStore interface {
	// Group shows change the incident of a kind about a subject that is not resolved, nil for none, and keeps the
	// step that it makes; one whose incident has no number opens it. The faults that are open and in no incident
	// become part of it.
	Group(ctx context.Context, kind IncidentKind, subject string, faults []string, change func(*Incident) *IncidentStep) (Incident, error)
	// ChangeIncident changes an incident by a step; nil is no step. NotFound.
	ChangeIncident(ctx context.Context, id string, change func(*Incident) (*IncidentStep, error)) (Incident, error)
	// Incident finds an incident. NotFound.
	Incident(ctx context.Context, id string) (Incident, error)
	// Incidents lists incidents, the newest first.
	Incidents(ctx context.Context, f IncidentFilter) ([]Incident, error)
	// OpenIncident finds the one of a kind about a subject that is not resolved. NotFound.
	OpenIncident(ctx context.Context, kind IncidentKind, subject string) (Incident, error)
	// FinishedIncidents lists incidents that are not resolved and have no open fault, and those whose time on the shelf is over.
	FinishedIncidents(ctx context.Context, now time.Time, limit int) ([]Incident, error)
	// SiteStations counts the stations of a site.
	SiteStations(ctx context.Context, site string) (int, error)
}

// IncidentFilter is which incidents are listed.
type IncidentFilter struct {
	State    State // cleared is resolved
	Kind     IncidentKind
	AtLeast  Severity
	Station  gnista.StationID
	Site     string
	Sites    []string // as of faults
	Assignee string

	Acknowledged, Shelved *bool // nil is either
	Now                   time.Time

	Before int // the number of the case behind which they are; 0 is from the newest
	Limit  int
}

// What rules do with incidents.
const (
	doneResolved = "resolved"
	doneJoined   = "joined"
)

// rule looks for what an open fault belongs to.
type rule struct {
	kind    IncidentKind
	subject string
	within  time.Duration
	of      Filter
	// enough tells whether the faults, the one that is new among them, make an incident, and which of them are part of it.
	enough func(ctx context.Context, list []Fault) ([]Fault, map[string]any, error)
}

// gather makes an open fault part of the incident that it belongs to, or makes one of it and others.
// open is how many are open where it is.
func (f *Faults) gather(ctx context.Context, x Fault, open int) error {
	if x.Incident != "" {
		return f.again(ctx, x)
	}
	if x.Severity == Info {
		return nil
	}
	f.groups.Lock()
	defer f.groups.Unlock()
	for _, r := range f.rules(ctx, x, open) {
		have, err := f.Incidents.OpenIncident(ctx, r.kind, r.subject)
		if err == nil {
			if x.OpenedAt.Sub(have.LastAt) > r.within {
				continue
			}
			return f.group(ctx, r, []Fault{x}, nil)
		}
		if gnista.CodeOf(err) != gnista.NotFound {
			return err
		}
		r.of.State, r.of.Free, r.of.Since, r.of.Limit = IsOpen, true, f.Now().Add(-r.within), most
		list, err := f.Store.Faults(ctx, r.of)
		if err != nil {
			return err
		}
		list, facts, err := r.enough(ctx, slices.DeleteFunc(list, func(o Fault) bool { return o.Severity == Info }))
		if err != nil {
			return err
		}
		if len(list) > 1 {
			return f.group(ctx, r, list, facts)
		}
	}
	return nil
}

// again opens the incident of a fault that has come again, where that was resolved.
func (f *Faults) again(ctx context.Context, x Fault) error {
	f.groups.Lock()
	defer f.groups.Unlock()
	i, err := f.Incidents.Incident(ctx, x.Incident)
	if gnista.CodeOf(err) == gnista.NotFound || err == nil && !i.Resolved() {
		return nil
	}
	if err == nil {
		_, err = f.Incidents.OpenIncident(ctx, i.Kind, i.Subject)
	}
	if gnista.CodeOf(err) != gnista.NotFound {
		return err // or there is another one by now
	}
	_, err = f.Incidents.ChangeIncident(ctx, x.Incident, func(i *Incident) (*IncidentStep, error) {
		i.ResolvedAt, i.LastAt = time.Time{}, f.Now()
		return &IncidentStep{Incident: *i, Kind: IncidentChanged, Done: Done{At: f.Now(), What: doneReopened}}, nil
	})
	return err
}

// rules are what a fault may be part of.
func (f *Faults) rules(ctx context.Context, x Fault, open int) (list []rule) {
	power := x.ofPower()
	if x.Site != "" && x.Station != "" && f.counts.count(x.Site, x.Key) > 1 {
		list = append(list, rule{SiteIncident, x.Site + " " + x.Key.String(), SiteWithin, Filter{Site: x.Site, Key: x.Key}, f.manyOfSite(x)})
	}
	if x.Site != "" && power {
		list = append(list, rule{PowerIncident, x.Site, PowerWithin, Filter{Site: x.Site, Key: Key{Source: Own}}, bothOfPower})
	}
	if x.Station != "" && x.ofHardware() && open > 1 {
		list = append(list, rule{StationIncident, string(x.Station), StationWithin, Filter{Station: x.Station}, causeOf(x)})
	}
	if x.Station != "" && x.Key != Offline && f.counts.count("", x.Key) > 1 {
		if a, err := f.find(ctx, x.Station); err == nil && a.model != "" && a.firmware != "" {
			subject := strings.Join([]string{a.vendor, a.model, a.firmware, x.Key.String()}, "\n")
			list = append(list, rule{FirmwareIncident, subject, FirmwareWithin, Filter{Key: x.Key}, f.manyOfFirmware(a)})
		}
	}
	return list
}

// Keys that the rules know.
var (
	PowerLimitExceeded = Key{Own, "PowerLimitExceeded"}
	NotFollowingLimit  = Key{Own, "NotFollowingLimit"}
	Offline            = Key{Own, "Offline"}
	SiteOffline        = Key{Own, "SiteOffline"} // of an incident
)

// manyOfSite wants the same fault at three stations and half of those of a site.
func (f *Faults) manyOfSite(x Fault) func(context.Context, []Fault) ([]Fault, map[string]any, error) {
	return func(ctx context.Context, list []Fault) ([]Fault, map[string]any, error) {
		n := stations(list)
		if n < SiteAtLeast {
			return nil, nil, nil
		}
		all, err := f.Incidents.SiteStations(ctx, x.Site)
		if err != nil || 2*n < all {
			return nil, nil, err
		}
		return list, map[string]any{"stations": all}, nil
	}
}

// stations counts the stations of faults.
func stations(list []Fault) int {
	seen := map[gnista.StationID]bool{}
	for _, x := range list {
		seen[x.Station] = true
	}
	return len(seen)
}

// bothOfPower wants that the power of a site was exceeded and that somebody does not keep to it.
func bothOfPower(_ context.Context, list []Fault) ([]Fault, map[string]any, error) {
	list = slices.DeleteFunc(list, func(x Fault) bool { return !x.ofPower() })
	refused := slices.ContainsFunc(list, func(x Fault) bool { return x.Key == NotFollowingLimit })
	if exceeded := slices.ContainsFunc(list, func(x Fault) bool { return x.Key != NotFollowingLimit }); refused && exceeded {
		return list, nil, nil
	}
	return nil, nil, nil
}

// ofPower tells whether a fault is about the power of a site.
func (f *Fault) ofPower() bool {
	return f.Key == NotFollowingLimit || f.Key.Source == Own && heads(f.Key.Code, PowerLimitExceeded.Code)
}

// causeOf wants, at one station, a fault of the whole station and of an outlet, the same fault at several outlets,
// or faults of which the station says that one led to the other.
func causeOf(x Fault) func(context.Context, []Fault) ([]Fault, map[string]any, error) {
	return func(_ context.Context, list []Fault) ([]Fault, map[string]any, error) {
		list = slices.DeleteFunc(list, func(o Fault) bool {
			return !o.ofHardware() || o.ID != x.ID && o.Key != x.Key && (o.EVSE.ID == 0) == (x.EVSE.ID == 0) && !ledTo(o, x) && !ledTo(x, o)
		})
		return list, nil, nil
	}
}

// ofHardware tells whether a fault is what a station tells of itself, rather than of how it and we get on.
func (f *Fault) ofHardware() bool {
	return f.Way == ByStatus || f.Way == ByNotice || f.Way == ByVendor || f.Way == ByStop
}

// ledTo tells whether a station says that a led to b.
func ledTo(a, b Fault) bool {
	id, told := a.Facts[factEvent]
	cause, says := b.Facts[factCause]
	return told && says && asInt(id) == asInt(cause)
}

// Facts of a fault that a station numbered (OCPP 2.x NotifyEvent).
const (
	factEvent = "eventId" // its number for it
	factCause = "causeId" // that of what led to it
)

// asInt is a whole number, as it was told or read again.
func asInt(v any) int {
	switch n := v.(type) {
	case int:
		return n
	case float64:
		return int(n)
	}
	return -1
}

// manyOfFirmware wants the same fault at many stations of one model and firmware.
func (f *Faults) manyOfFirmware(a about) func(context.Context, []Fault) ([]Fault, map[string]any, error) {
	return func(ctx context.Context, list []Fault) ([]Fault, map[string]any, error) {
		list = slices.DeleteFunc(list, func(x Fault) bool {
			if x.Station == "" {
				return true
			}
			b, err := f.find(ctx, x.Station)
			return err != nil || b.vendor != a.vendor || b.model != a.model || b.firmware != a.firmware
		})
		if stations(list) < FirmwareFrom {
			return nil, nil, nil
		}
		return list, map[string]any{"vendor": a.vendor, "model": a.model, "firmware": a.firmware}, nil
	}
}

// group makes faults part of an incident, which it opens where there is none.
func (f *Faults) group(ctx context.Context, r rule, list []Fault, facts map[string]any) error {
	now := f.Now()
	ids := make([]string, len(list))
	for i, x := range list {
		ids[i] = x.ID
	}
	_, err := f.Incidents.Group(ctx, r.kind, r.subject, ids, func(i *Incident) *IncidentStep {
		if i != nil {
			was := i.Severity
			i.LastAt = now
			if worst := worstOf(list); worst.Worse(i.Severity) {
				i.Severity = worst
			}
			if i.Station != "" && stations(list) > 0 && list[0].Station != i.Station {
				i.Station = ""
			}
			what := doneJoined
			if i.Severity != was {
				what = doneSeverity
			}
			return &IncidentStep{Incident: *i, Kind: IncidentChanged, Done: Done{At: now, What: what, Why: strings.Join(ids, ", ")}}
		}
		first := cause(list)
		n := Incident{
			Kind: r.kind, Subject: r.subject, Key: first.Key, Severity: worstOf(list), Site: first.Site, First: first.ID, OpenedAt: first.OpenedAt, LastAt: now, Facts: facts,
		}
		if slices.ContainsFunc(list, func(x Fault) bool { return x.Site != first.Site }) {
			n.Site = ""
		}
		if r.kind == StationIncident {
			n.Station = first.Station
		}
		if r.kind == SiteIncident && first.Key == Offline {
			n.Key, n.Severity = SiteOffline, Critical
		}
		return &IncidentStep{Incident: n, Kind: IncidentOpened, Done: Done{At: now, What: doneOpened}}
	})
	return err
}

func worstOf(list []Fault) Severity {
	worst := Info
	for _, x := range list {
		if x.Severity.Worse(worst) {
			worst = x.Severity
		}
	}
	return worst
}

// cause is what probably led to the others: what a station says did, and of several of those the one that came first.
func cause(list []Fault) Fault {
	first := func(list []Fault) Fault {
		return slices.MinFunc(list, func(a, b Fault) int {
			if c := a.OpenedAt.Compare(b.OpenedAt); c != 0 {
				return c
			}
			return a.Case - b.Case
		})
	}
	causes := slices.DeleteFunc(slices.Clone(list), func(a Fault) bool {
		return !slices.ContainsFunc(list, func(b Fault) bool { return ledTo(a, b) }) || slices.ContainsFunc(list, func(b Fault) bool { return ledTo(b, a) })
	})
	if len(causes) > 0 {
		return first(causes)
	}
	return first(list)
}

// left resolves the incident of a fault that is over, where that was the last one.
func (f *Faults) left(ctx context.Context, x Fault) error {
	if x.Incident == "" {
		return nil
	}
	f.groups.Lock()
	defer f.groups.Unlock()
	return f.resolve(ctx, x.Incident)
}

// resolve ends an incident of which no fault is open.
func (f *Faults) resolve(ctx context.Context, id string) error {
	_, err := f.Incidents.ChangeIncident(ctx, id, func(i *Incident) (*IncidentStep, error) {
		if i.Resolved() || i.Open > 0 {
			return nil, nil
		}
		i.ResolvedAt, i.ShelvedUntil, i.ShelvedBy = f.Now(), time.Time{}, ""
		return &IncidentStep{Incident: *i, Kind: IncidentResolved, Done: Done{At: i.ResolvedAt, What: doneResolved}}, nil
	})
	if gnista.CodeOf(err) == gnista.NotFound {
		return nil
	}
	return err
}

// finish resolves incidents whose faults are gone without a word, as when stations are deleted, and takes those
// whose time there is over from the shelf.
func (f *Faults) finish(ctx context.Context) error {
	now := f.Now()
	list, err := f.Incidents.FinishedIncidents(ctx, now, atATime)
	if err != nil {
		return err
	}
	f.groups.Lock()
	defer f.groups.Unlock()
	for _, i := range list {
		if err := f.resolve(ctx, i.ID); err != nil {
			return err
		}
		_, err := f.Incidents.ChangeIncident(ctx, i.ID, func(i *Incident) (*IncidentStep, error) {
			if i.ShelvedUntil.IsZero() || now.Before(i.ShelvedUntil) {
				return nil, nil
			}
			i.ShelvedUntil, i.ShelvedBy = time.Time{}, ""
			return &IncidentStep{Incident: *i, Kind: IncidentChanged, Done: Done{At: now, What: doneUnshelved, Why: "its time is over"}}, nil
		})
		if err != nil && gnista.CodeOf(err) != gnista.NotFound {
			return err
		}
	}
	return nil
}
