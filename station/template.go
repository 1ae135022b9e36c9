package station

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gnista"
)

// Template is how the settings of some stations should be.
type Template struct {
	ID        string
	Name      string
	Match     StationMatch
	Settings  []Wanted
	CreatedAt time.Time
	UpdatedAt time.Time
}

// StationMatch says of which stations something is. What is empty is any; a * at the end of a text stands
// for whatever follows. Capitals do not count.
type StationMatch struct {
	Vendor   string
	Model    string
	Firmware string
	Version  gnista.Version
}

// Wanted is a setting as it should be, by its name over all versions or that of one version.
type Wanted struct {
	Name      string `json:"name"`
	Attribute string `json:"attribute,omitempty"`
	Value     string `json:"value"`
}

// TemplateStore keeps templates.
type TemplateStore interface {
	// SaveTemplate keeps a template. Conflict when another one has its name.
	SaveTemplate(ctx context.Context, t Template) error
	// DeleteTemplate forgets a template, also where it was given to a station. NotFound.
	DeleteTemplate(ctx context.Context, id string) error
	// Template finds a template. NotFound.
	Template(ctx context.Context, id string) (Template, error)
	// Templates lists all templates by name.
	Templates(ctx context.Context) ([]Template, error)
}

// Limits of templates. All are looked through for a station.
const (
	maxTemplates        = 500
	maxTemplateSettings = 300
)

// Matches tells whether s is one of those that m is of.
func (m StationMatch) Matches(s Station) bool {
	return resembles(m.Vendor, s.Vendor) && resembles(m.Model, s.Model) && resembles(m.Firmware, s.Firmware) && resembles(string(m.Version), string(s.Version))
}

func resembles(pattern, text string) bool {
	pattern, text = strings.ToLower(pattern), strings.ToLower(text)
	if start, open := strings.CutSuffix(pattern, "*"); open {
		return strings.HasPrefix(text, start)
	}
	return pattern == "" || pattern == text
}

// weight is greater the fewer stations m is of.
func (m StationMatch) weight() int {
	w := 0
	for _, text := range []string{m.Vendor, m.Model, m.Firmware, string(m.Version)} {
		if text != "" {
			w += 1000 + len(text)
		}
		if strings.HasSuffix(text, "*") {
			w -= 500
		}
	}
	return w
}

// SaveTemplate keeps a template, a new one when it has no ID. Invalid, Conflict, NotFound.
func (n *Network) SaveTemplate(ctx context.Context, t Template) (Template, error) {
	if err := t.check(); err != nil {
		return t, err
	}
	t.UpdatedAt = n.Now()
	if t.ID == "" {
		have, err := n.Settings.Templates(ctx)
		if err != nil {
			return t, err
		}
		if len(have) >= maxTemplates {
			return t, gnista.Errorf(gnista.Conflict, "there are %d templates; no more are possible", maxTemplates)
		}
		t.ID, t.CreatedAt = n.NewID(), t.UpdatedAt
	}
	return t, n.Settings.SaveTemplate(ctx, t)
}

func (t Template) check() error {
	if c := utf8.RuneCountInString(t.Name); c == 0 || c > maxText {
		return gnista.Invalidf("name", "must have 1 to %d characters", maxText)
	}
	return CheckWanted(t.Settings)
}

// CheckWanted finds what is wrong with settings that are wanted. Invalid.
func CheckWanted(list []Wanted) error {
	if len(list) > maxTemplateSettings {
		return gnista.Invalidf("settings", "has more than %d", maxTemplateSettings)
	}
	for i, w := range list {
		if w.Name == "" {
			return settingError(i, "name", "is empty")
		}
		if Secret(w.Name) {
			return settingError(i, "name", "%s is secret, and nothing secret is kept in a template", w.Name)
		}
		for _, before := range list[:i] {
			if strings.EqualFold(before.Name, w.Name) && before.Attribute == w.Attribute {
				return settingError(i, "name", "%s is there twice", w.Name)
			}
		}
	}
	return nil
}

// SetTemplate gives a station a template; with an empty id that is decided by match again. NotFound.
func (n *Network) SetTemplate(ctx context.Context, id gnista.StationID, template string) error {
	if _, err := n.Store.Station(ctx, id); err != nil {
		return err
	}
	if template != "" {
		if _, err := n.Settings.Template(ctx, template); err != nil {
			return gnista.Invalidf("template", "%v", err)
		}
	}
	err := n.Settings.ChangeInventory(ctx, id, func(held *Inventory) []gnista.Event {
		held.Template = template
		return nil
	})
	if err != nil {
		return err
	}
	return n.checkDrift(ctx, id)
}

// TemplateOf finds the template of a station: the one that it was given, or the closest that matches.
// Its ID is empty where there is none.
func (n *Network) TemplateOf(ctx context.Context, s Station) (Template, error) {
	held, err := n.Settings.Inventory(ctx, s.ID)
	if err != nil {
		return Template{}, err
	}
	return n.templateOf(ctx, s, held)
}

func (n *Network) templateOf(ctx context.Context, s Station, held Inventory) (Template, error) {
	list, err := n.Settings.Templates(ctx)
	if err != nil {
		return Template{}, err
	}
	return choose(list, s, held), nil
}

func choose(list []Template, s Station, held Inventory) Template {
	var best Template
	for _, t := range list {
		if t.ID == held.Template {
			return t
		}
		if t.Match != (StationMatch{}) && t.Match.Matches(s) && (best.ID == "" || t.Match.weight() > best.Match.weight()) {
			best = t
		}
	}
	return best
}

func (n *Network) wanted(ctx context.Context, s Station, held Inventory) ([]Wanted, error) {
	t, err := n.templateOf(ctx, s, held)
	return t.Settings, err
}

// Difference is a setting that is not as the template wants it.
type Difference struct {
	Name    string // as the template has it
	Setting string // as the station has it; empty where its version has nothing of the kind
	Wanted  string
	Value   string
	Why     DifferenceWhy
}

// DifferenceWhy is why a setting is not as it is wanted.
type DifferenceWhy string

// The reasons.
const (
	OtherValue DifferenceWhy = "value"   // it has another value
	NotTold    DifferenceWhy = "unknown" // the station has told nothing of it
)

// Drift is how a station is not as its template wants it.
type Drift struct {
	Station  gnista.StationID
	Template string    // id; empty where it has none
	ReadAt   time.Time // when the station last told all of its settings
	List     []Difference
}

// Drift compares what a station last told of its settings with its template. NotFound.
func (n *Network) Drift(ctx context.Context, id gnista.StationID) (Drift, error) {
	s, err := n.Store.Station(ctx, id)
	if err != nil {
		return Drift{}, err
	}
	templates, err := n.Settings.Templates(ctx)
	if err != nil {
		return Drift{}, err
	}
	return n.drift(ctx, s, templates)
}

func (n *Network) drift(ctx context.Context, s Station, templates []Template) (Drift, error) {
	held, err := n.Settings.Inventory(ctx, s.ID)
	if err != nil {
		return Drift{}, err
	}
	t := choose(templates, s, held)
	d := Drift{Station: s.ID, Template: t.ID, ReadAt: held.ReadAt}
	if len(t.Settings) == 0 {
		return d, nil
	}
	told, err := n.Variables(ctx, s.ID)
	if err != nil {
		return d, err
	}
	for _, w := range t.Settings {
		if x, differs := w.deviation(s.Version, told); differs {
			d.List = append(d.List, x)
		}
	}
	return d, nil
}

// deviation tells whether a station of a version is not as w wants it. What a version has nothing for
// cannot deviate.
func (w Wanted) deviation(version gnista.Version, told []Variable) (Difference, bool) {
	v, inverted, err := find(w.Name, w.Attribute, version, told)
	if err != nil {
		return Difference{}, false
	}
	d := Difference{Name: w.Name, Setting: v.Setting(), Wanted: w.Value, Value: v.Value}
	if inverted {
		d.Value = invert(v.Value)
	}
	if v.ReportedAt.IsZero() {
		d.Why = NotTold
		return d, true
	}
	d.Why = OtherValue
	return d, !v.is(d.Value, w.Value)
}

// Drifting lists up to limit stations that are not as their templates want them, behind after. It looks
// at no more stations than look; the last one that it looked at is told, empty when that was the last of all.
func (n *Network) Drifting(ctx context.Context, after gnista.StationID, limit, look int) (list []Drift, last gnista.StationID, err error) {
	templates, err := n.Settings.Templates(ctx)
	if err != nil {
		return nil, "", err
	}
	stations, err := n.Store.Stations(ctx, after, look)
	if err != nil {
		return nil, "", err
	}
	for _, s := range stations {
		d, err := n.drift(ctx, s, templates)
		if err != nil {
			return nil, "", err
		}
		if len(d.List) == 0 {
			continue
		}
		if list = append(list, d); len(list) == limit {
			return list, s.ID, nil
		}
	}
	if len(stations) == look {
		last = stations[look-1].ID
	}
	return list, last, nil
}

// checkDrift keeps which settings of a station drift, and tells when that has changed.
func (n *Network) checkDrift(ctx context.Context, id gnista.StationID) error {
	d, err := n.Drift(ctx, id)
	if err != nil {
		return err
	}
	names := make([]string, len(d.List))
	for i, x := range d.List {
		names[i] = x.Name
	}
	slices.Sort(names)
	text := strings.Join(names, ",")
	held, err := n.Settings.Inventory(ctx, id)
	if err != nil || held.Drift == text {
		return err
	}
	return n.Settings.ChangeInventory(ctx, id, func(held *Inventory) []gnista.Event {
		if held.Drift == text {
			return nil
		}
		held.Drift = text
		return []gnista.Event{n.event("settings.drift", id, d.Template, map[string]any{"settings": names})}
	})
}

// How settings are read again by themselves.
const (
	rereadAfter = 24 * time.Hour // for a station with a template
	rereadLook  = 1000           // stations that one sweep looks at
	rereadMost  = 60             // that one sweep reads; with one sweep a minute 1,000 take a quarter of an hour
	rereadOnce  = 4              // at one time
)

// Rereader reads the settings of connected stations again, rarely: of those with a template, and of
// all whose settings, or those of whose firmware, were never read where New says so. (OCPP 2.x B07.FR.14)
type Rereader struct {
	Network *Network
	New     bool
	after   gnista.StationID
}

// Sweep looks at some stations and goes on from there the next time.
func (r *Rereader) Sweep(ctx context.Context) error {
	n := r.Network
	templates, err := n.Settings.Templates(ctx)
	if err != nil || len(templates) == 0 && !r.New {
		return err
	}
	list, err := n.Settings.Unread(ctx, r.after, n.Now().Add(-rereadAfter), rereadLook)
	if err != nil {
		return err
	}
	r.after = ""
	if len(list) == rereadLook {
		r.after = list[rereadLook-1].ID
	}
	slots := make(chan struct{}, rereadOnce)
	read := 0
	for _, s := range list {
		_, connected := n.Presence.Connection(s.ID)
		if !connected || s.State != Accepted {
			continue
		}
		held, err := n.Settings.Inventory(ctx, s.ID)
		if err != nil {
			return err
		}
		fresh := held.ReadAt.IsZero() || held.Firmware != s.Firmware || held.Version != s.Version
		if !(r.New && fresh) && choose(templates, s, held).ID == "" {
			continue
		}
		if last, err := n.Settings.Reports(ctx, s.ID, "", 1); err != nil {
			return err
		} else if len(last) > 0 && n.Now().Sub(last[0].StartedAt) < rereadAfter {
			continue // it failed, and is not bothered again so soon
		}
		if read++; read > rereadMost {
			r.after = s.ID
			break
		}
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			n.ReadAll(ctx, s.ID) // what comes of it is in the report
		}()
	}
	for range cap(slots) {
		slots <- struct{}{}
	}
	return nil
}

// Applicable lists those of the settings that the station's version has, or only those of them that the
// station does not have as they are wanted, as far as it has told. NotFound.
func (n *Network) Applicable(ctx context.Context, id gnista.StationID, wanted []Wanted, onlyOther bool) ([]Setting, error) {
	s, err := n.Store.Station(ctx, id)
	if err != nil {
		return nil, err
	}
	if c, connected := n.Presence.Connection(id); connected {
		s.Version = c.Version
	}
	told, err := n.Variables(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []Setting
	for _, w := range wanted {
		if d, differs := w.deviation(s.Version, told); differs || d.Setting != "" && !onlyOther {
			out = append(out, Setting{Name: w.Name, Attribute: w.Attribute, Value: w.Value})
		}
	}
	return out, nil
}
