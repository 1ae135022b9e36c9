package station

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gnista"
)

// Report is a station telling of its settings, because it was asked or by itself.
type Report struct {
	ID        string
	Station   gnista.StationID
	Number    int // by which the station's pages name it
	Of        ReportOf
	State     ReportState
	Detail    string // why it failed, or what is missing
	Pages     int    // that have come
	Variables int    // that they had
	Bytes     int    // roughly, of those
	Next      int    // every page before this one has come
	Early     []int  // pages behind it that have come
	Last      int    // number of the last page; -1 while that is not known
	Renew     bool   // every variable is written anew, so that those that are gone show
	StartedAt time.Time
	PageAt    time.Time // when the last page came
	EndedAt   time.Time // zero while it is running
}

// ReportOf is what a report is of.
type ReportOf string

// The kinds of report.
const (
	OfAll           ReportOf = "all"           // every setting
	OfConfiguration ReportOf = "configuration" // what the operator can set
	OfSummary       ReportOf = "summary"       // what is available, and what is wrong
	OfSome          ReportOf = "some"          // chosen components or settings
	OfUnasked       ReportOf = "unasked"       // nobody here asked for it
)

// ReportState is how far a report has come.
type ReportState string

// The states.
const (
	Running    ReportState = "running"
	Complete   ReportState = "done"
	Broken     ReportState = "failed"     // the station would not, or it is too large
	Incomplete ReportState = "incomplete" // some pages did not come in time
)

// Asking is which report a station is asked for.
type Asking struct {
	Of ReportOf
	// For OfSome: either names of settings, which are read one by one; or components, as in "EVSE#1"
	// or "EVSE#1.Power", and what must be true of them. OCPP 1.6 knows names only.
	Names      []string
	Components []string
	Criteria   []Criterion
}

// Criterion is what must be true of a component that is reported.
type Criterion string

// The criteria.
const (
	IfActive    Criterion = "active"
	IfAvailable Criterion = "available"
	IfEnabled   Criterion = "enabled"
	IfProblem   Criterion = "problem"
)

// AskReport asks a station to report its settings, in pages that bear the number. (OCPP 2.x B07, B08)
type AskReport struct {
	Number     int
	Of         ReportOf
	Components []string
	Criteria   []Criterion
}

func (AskReport) Answers() (a Answer) { return a }
func (o AskReport) Told() Told        { return Told{Kind: "report", Note: string(o.Of)} }

// Page is one page of a report.
type Page struct {
	Number int // of the report
	Seq    int // of the page, from 0
	More   bool
	List   []Variable
	Note   string // for the operator, where the report is complete with it
}

// ReportStore keeps reports.
type ReportStore interface {
	// AddReport keeps a report, which gets a number if it has none, and no more than keep of the station.
	AddReport(ctx context.Context, r Report, keep int) (Report, error)
	// TakePage stores what came of a page, in one SQL transaction: take is told the newest report of the
	// number, which has no ID where there is none and is stored where it has one then, and how many
	// variables of the station are kept; and says which to keep. The events go with it. Where the
	// report ends, the inventory is brought up to date.
	TakePage(ctx context.Context, id gnista.StationID, number int, take func(r *Report, held Inventory) ([]Variable, []gnista.Event)) (Report, error)
	// EndReport ends a report unless it has ended.
	EndReport(ctx context.Context, r Report, ev gnista.Event) error
	// Report finds a report. NotFound.
	Report(ctx context.Context, id string) (Report, error)
	// Reports lists a station's reports, the newest first, behind the one with the id before.
	Reports(ctx context.Context, id gnista.StationID, before string, limit int) ([]Report, error)
	// RunningReports lists reports that are running and had no page since the time.
	RunningReports(ctx context.Context, before time.Time, limit int) ([]Report, error)
}

// Limits of reports: what one station can make us keep.
const (
	keepReports    = 20              // of a station
	maxReportPages = 2_000           // of a report: five variables on each are enough for maxVariables
	maxReportBytes = 8 << 20         // of a report: maxVariables with 800 bytes each
	maxPageLength  = 3_000           // variables of a page, which are written in one go while others wait
	maxEarlyPages  = 200             // that wait for one before them
	pageTime       = 2 * time.Minute // in which the next page has come, or none will
)

// Ask asks a station for a report. What becomes of it is told by the report: only that the station
// cannot be asked is an error. Invalid, Conflict, NotFound, Offline.
func (n *Network) AskReport(ctx context.Context, id gnista.StationID, a Asking) (Report, error) {
	c, connected := n.Presence.Connection(id)
	if !connected {
		return Report{}, n.Explain(ctx, id, gnista.Errorf(gnista.Offline, "station %s is not connected", id))
	}
	told, err := n.Variables(ctx, id)
	if err != nil {
		return Report{}, err
	}
	names, err := a.check(c.Version, told)
	if err != nil {
		return Report{}, err
	}
	if last, err := n.Settings.Reports(ctx, id, "", 1); err != nil {
		return Report{}, err
	} else if len(last) > 0 && last[0].State == Running && n.Now().Sub(last[0].PageAt) < pageTime {
		return Report{}, gnista.Errorf(gnista.Conflict, "station %s is sending a report already, %s", id, last[0].ID)
	}
	held, err := n.Settings.Inventory(ctx, id)
	if err != nil {
		return Report{}, err
	}
	s, err := n.Store.Station(ctx, id)
	if err != nil {
		return Report{}, err
	}
	now := n.Now()
	r, err := n.Settings.AddReport(ctx, Report{
		ID: n.NewID(), Station: id, Of: a.Of, State: Running, Last: -1, StartedAt: now, PageAt: now,
		Renew: a.Of == OfAll && (held.ReadAt.IsZero() || held.Stale || held.Firmware != s.Firmware || held.Version != s.Version),
	}, keepReports)
	if err != nil {
		return Report{}, err
	}
	// A report that has begun is taken in, also when who asked for it has gone.
	ctx = context.WithoutCancel(ctx)
	var failed error
	switch {
	case c.Version == gnista.V16 || len(names) > 0:
		failed = n.readInto(ctx, r, names, c.Version, told)
	default:
		failed = n.askPages(ctx, r, a)
	}
	if failed != nil {
		if gnista.CodeOf(failed) == gnista.Internal {
			return r, failed
		}
		if err := n.fail(ctx, r, failed.Error()); err != nil {
			return r, err
		}
	}
	return n.Settings.Report(ctx, r.ID)
}

// check finds what is wrong with asking, and the names of settings to read one by one.
func (a Asking) check(version gnista.Version, told []Variable) (names []string, err error) {
	switch a.Of {
	case OfAll, OfConfiguration, OfSummary:
		if len(a.Names)+len(a.Components)+len(a.Criteria) > 0 {
			return nil, gnista.Invalidf("of", "%q has no choice of settings", a.Of)
		}
		if version == gnista.V16 && a.Of == OfSummary {
			return nil, gnista.Errorf(gnista.Unsupported, "OCPP 1.6 has no summary of settings")
		}
		return nil, nil
	case OfSome:
	default:
		return nil, gnista.Invalidf("of", "%q is not all, configuration, summary or some", a.Of)
	}
	if len(a.Names) == 0 && len(a.Components) == 0 && len(a.Criteria) == 0 {
		return nil, gnista.Invalidf("names", "is empty")
	}
	if len(a.Names) > 0 && len(a.Components)+len(a.Criteria) > 0 {
		return nil, gnista.Invalidf("names", "cannot be read together with components")
	}
	if len(a.Names) == 0 && version == gnista.V16 {
		return nil, gnista.Errorf(gnista.Unsupported, "OCPP 1.6 has no components; name the settings")
	}
	if most := numberOf(told, "DeviceDataCtrlr.ItemsPerMessage[GetReport]"); most > 0 && len(a.Components) > most { // OCPP 2.x B08.FR.06
		return nil, gnista.Invalidf("components", "the station takes at most %d", most)
	}
	for i, name := range a.Names {
		v, _, err := find(name, "", version, told)
		if gnista.CodeOf(err) == gnista.Invalid && err != nil {
			return nil, gnista.Invalidf(fmt.Sprintf("names[%d]", i), "%q is not Component.Variable", name)
		} else if err != nil {
			return nil, err
		}
		names = append(names, v.Setting())
	}
	return names, nil
}

// askPages asks for a report that comes in pages. (OCPP 2.x B07, B08)
func (n *Network) askPages(ctx context.Context, r Report, a Asking) error {
	answer, err := Tell(ctx, n.Remote, r.Station, AskReport{Number: r.Number, Of: a.Of, Components: a.Components, Criteria: a.Criteria})
	if err == nil && answer.Status == Empty { // OCPP 2.x B08.FR.15
		return n.TakePage(ctx, r.Station, Page{Number: r.Number})
	}
	if err == nil && answer.Status != Done {
		return gnista.Errorf(gnista.Refused, "the station answers %s", answer.Detail)
	}
	return err
}

// readInto reads settings by asking for them, and takes them in as a report of one page.
func (n *Network) readInto(ctx context.Context, r Report, names []string, version gnista.Version, told []Variable) error {
	var list []Setting
	var err error
	if len(names) > 0 {
		list, err = n.readNamed(ctx, r.Station, names, version, told)
	} else {
		list, err = n.readKeys(ctx, r.Station, told)
	}
	if err != nil {
		return err
	}
	vars := make([]Variable, 0, len(list))
	var not []string
	for _, s := range list {
		if s.Status != Done {
			not = append(not, s.Name)
			continue
		}
		v, _, err := find(s.Name, s.Attribute, version, nil)
		if err != nil || s.Name == "" {
			continue
		}
		// What is known of a standard setting is added when it is shown.
		v.DataType, v.Unit, v.Min, v.Max, v.Values, v.Mutability = "", "", "", "", "", ""
		if v.Value = s.Value; version == gnista.V16 {
			v.Name, v.Mutability = s.Name, ReadWrite
		}
		if s.ReadOnly {
			v.Mutability = ReadOnly
		}
		vars = append(vars, v)
	}
	p := Page{Number: r.Number, List: vars}
	if len(not) > 0 && len(names) > 0 {
		p.Note = "not told: " + noted(not)
	}
	return n.TakePage(ctx, r.Station, p)
}

// keysAtOnce is how many keys are asked for at one time where a station does not say.
const keysAtOnce = 20

// readNamed reads settings by name, as many at a time as the station takes. (OCPP 1.6 §5.8,
// OCPP 2.x B06.FR.05)
func (n *Network) readNamed(ctx context.Context, id gnista.StationID, names []string, version gnista.Version, told []Variable) ([]Setting, error) {
	items, bytes := numberOf(told, "GetConfigurationMaxKeys"), 1<<20
	if version != gnista.V16 {
		items, bytes = limits(told, "DeviceDataCtrlr", "GetVariables")
	} else if items < 1 {
		items = keysAtOnce
	}
	ask := make([]Setting, len(names))
	for i, name := range names {
		ask[i].Name = name
	}
	var out []Setting
	for _, batch := range batches(ask, items, bytes) {
		some := make([]string, len(batch))
		for i, s := range batch {
			some[i] = s.Name
		}
		got, err := Tell(ctx, n.Remote, id, ReadSettings{Names: some})
		if err != nil {
			return out, err
		}
		out = append(out, got...)
	}
	return out, nil
}

// readKeys reads all keys of a station of OCPP 1.6. Some stations answer no more than
// GetConfigurationMaxKeys of them, others not at all; those are asked for what is known to exist.
func (n *Network) readKeys(ctx context.Context, id gnista.StationID, told []Variable) ([]Setting, error) {
	list, err := Tell(ctx, n.Remote, id, ReadSettings{})
	if code := gnista.CodeOf(err); err != nil && code != gnista.Refused {
		return nil, err
	}
	have := map[string]bool{}
	for _, s := range list {
		have[strings.ToLower(s.Name)] = true
		if strings.EqualFold(s.Name, "GetConfigurationMaxKeys") {
			told = append(told, Variable{Name: s.Name, Attribute: Actual, Value: s.Value})
		}
	}
	if most := numberOf(told, "GetConfigurationMaxKeys"); err == nil && (most == 0 || len(list) != most) {
		return list, nil
	}
	var names []string
	for _, m := range meanings().bySetting {
		if m.Key != "" && !have[strings.ToLower(m.Key)] && !slices.Contains(names, m.Key) {
			names = append(names, m.Key)
		}
	}
	for _, v := range told {
		if v.Component == "" && !have[strings.ToLower(v.Name)] && !slices.Contains(names, v.Name) {
			names = append(names, v.Name)
		}
	}
	slices.Sort(names)
	more, err := n.readNamed(ctx, id, names, gnista.V16, told)
	return append(list, more...), err
}

// fail ends a report that will not come.
func (n *Network) fail(ctx context.Context, r Report, why string) error {
	r.State, r.Detail, r.EndedAt = Broken, why, n.Now()
	return n.Settings.EndReport(ctx, r, n.reported(r))
}

func (n *Network) reported(r Report) gnista.Event {
	return n.event("settings.reported", r.Station, r.ID, map[string]any{"of": r.Of, "state": r.State, "variables": r.Variables, "detail": r.Detail})
}

// TakePage takes in a page of a report, whoever asked for it. (OCPP 2.x B07.FR.03, B07.FR.10, B08.FR.03,
// B08.FR.14)
func (n *Network) TakePage(ctx context.Context, id gnista.StationID, p Page) error {
	now := n.Now()
	list := make([]Variable, len(p.List))
	for i, v := range p.List {
		list[i] = v.kept()
		list[i].ReportedAt = now
	}
	p.List = list
	ended := false
	r, err := n.Settings.TakePage(ctx, id, p.Number, func(r *Report, held Inventory) ([]Variable, []gnista.Event) {
		if r.ID == "" {
			*r = Report{ID: n.NewID(), Station: id, Number: p.Number, Of: OfUnasked, State: Running, Last: -1, StartedAt: now}
		}
		was := r.State
		ended = false
		if !r.take(p, held.Count, now) {
			if ended = was != Broken; ended {
				return nil, []gnista.Event{n.reported(*r)}
			}
			return nil, nil
		}
		if ended = was != Complete && r.State == Complete; ended {
			return list, []gnista.Event{n.reported(*r)}
		}
		return list, nil
	})
	if err != nil || !ended || r.State != Complete {
		return err
	}
	return n.checkDrift(ctx, id)
}

// take takes in a page and tells whether what it has is kept. Pages may come in any order and more
// than once. What has ended does not begin again, but a page that came too late can complete it.
func (r *Report) take(p Page, held int, now time.Time) bool {
	if r.State == Broken {
		return false
	}
	size := 0
	for _, v := range p.List {
		size += v.size()
	}
	refuse := func(format string, args ...any) bool {
		r.State, r.Detail, r.EndedAt = Broken, fmt.Sprintf(format, args...), now
		return false
	}
	switch {
	case len(p.List) > maxPageLength:
		return refuse("page %d has %d variables, more than %d", p.Seq+1, len(p.List), maxPageLength)
	case r.Pages >= maxReportPages:
		return refuse("the report has more than %d pages", maxReportPages)
	case r.Bytes+size > maxReportBytes:
		return refuse("the report is larger than %d bytes", maxReportBytes)
	case r.Variables+len(p.List) > maxVariables || held >= maxVariables && r.Of == OfUnasked || held+len(p.List) > 2*maxVariables:
		return refuse("the station has more than %d variables", maxVariables)
	case len(r.Early) >= maxEarlyPages:
		return refuse("page %d is missing, and %d behind it have come", r.Next+1, len(r.Early))
	}
	if r.State == Complete {
		return true // again, or a page of a report whose numbers all are the same
	}
	r.Pages++
	r.Variables += len(p.List)
	r.Bytes += size
	r.PageAt = now
	if p.Seq >= r.Next && !slices.Contains(r.Early, p.Seq) {
		r.Early = append(r.Early, p.Seq)
		slices.Sort(r.Early)
	}
	for len(r.Early) > 0 && r.Early[0] == r.Next {
		r.Early = r.Early[1:]
		r.Next++
	}
	if !p.More {
		r.Last = max(r.Last, p.Seq)
	}
	// Some stations count their pages from 1.
	fromOne := r.Next == 0 && r.Last > 0 && len(r.Early) == r.Last && r.Early[0] == 1
	if r.Last >= 0 && r.Next > r.Last || fromOne {
		r.State, r.Detail, r.EndedAt = Complete, p.Note, now
	}
	return true
}

// missing says which pages of r have not come.
func (r Report) missing() string {
	switch {
	case r.Pages == 0:
		return "the station agreed, and no page came"
	case r.Last < 0:
		return fmt.Sprintf("page %d and what is behind it did not come", r.Next+1)
	}
	return fmt.Sprintf("page %d of %d did not come", r.Next+1, r.Last+1)
}

// endReports gives up reports whose pages do not come any more.
func (n *Network) endReports(ctx context.Context) error {
	list, err := n.Settings.RunningReports(ctx, n.Now().Add(-pageTime), 100)
	for _, r := range list {
		r.State, r.Detail, r.EndedAt = Incomplete, r.missing(), n.Now()
		if err := n.Settings.EndReport(ctx, r, n.reported(r)); err != nil {
			return err
		}
	}
	return err
}

// How a report is waited for by who needs it: often at first, as most are short, and then less often.
const (
	reportTime  = 10 * time.Minute
	reportFirst = 100 * time.Millisecond
	reportEvery = 2 * time.Second
)

// ReadAll has a station report all its settings and waits until it has. Conflict where another report
// is running, Refused where this one fails.
func (n *Network) ReadAll(ctx context.Context, id gnista.StationID) (Report, error) {
	r, err := n.AskReport(ctx, id, Asking{Of: OfAll})
	begun, pause := n.Now(), reportFirst
	for ; err == nil && r.State == Running && n.Now().Sub(begun) < reportTime; r, err = n.Settings.Report(ctx, r.ID) {
		select {
		case <-time.After(pause):
			pause = min(pause*3/2, reportEvery)
		case <-ctx.Done():
			return r, context.Cause(ctx)
		}
	}
	if err == nil && r.State != Complete {
		err = gnista.Errorf(gnista.Refused, "the report of station %s is %s: %s", id, r.State, r.Detail)
	}
	return r, err
}
