package api

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/access"
	"gnista/fault"
)

type rawView struct {
	Status     string `json:"status,omitempty"`
	Code       string `json:"code,omitempty"`
	VendorID   string `json:"vendorId,omitempty"`
	VendorCode string `json:"vendorErrorCode,omitempty"`
	Info       string `json:"info,omitempty"`
	Component  string `json:"component,omitempty"`
	Variable   string `json:"variable,omitempty"`
	Value      string `json:"value,omitempty"`
}

// FaultView is a fault.
type FaultView struct {
	ID       string           `json:"id" example:"f10001"`
	Case     int              `json:"case" doc:"The number that people say on the phone"`
	Source   string           `json:"source" example:"ocpp1.6" doc:"Whose code it is: ocpp1.6, ocpp2, mrec, evgo, charin, rpc, stop, security, gnista, or a vendor"`
	Code     string           `json:"code" example:"ConnectorLockFailure"`
	Name     string           `json:"name" doc:"In a few words, in the language that is asked for"`
	Known    bool             `json:"known" doc:"Whether the catalogue has the code"`
	Severity fault.Severity   `json:"severity" enum:"critical,high,medium,low,info"`
	Station  gnista.StationID `json:"station,omitempty" doc:"Absent for a site or the system"`
	Site     string           `json:"site,omitempty" doc:"Id of the site that the station was of when it was opened"`
	EVSE     int              `json:"evse,omitempty" doc:"Absent for the station as a whole"`
	Outlet   int              `json:"connector,omitempty"`
	Way      fault.Way        `json:"way" enum:"status,notice,security,vendor,stop,transfer,command,handshake,watch,power,person" doc:"How it was told of"`
	Usable   bool             `json:"usable" doc:"Whether a car may be charged there while it is open"`
	Retry    bool             `json:"retry" doc:"Whether to try again is safe"`
	Fixer    fault.Fixer      `json:"fixer,omitempty" enum:"driver,operator,technician,grid,vehicle" doc:"Who can put it right"`
	Remedy   fault.Class      `json:"remedy,omitempty" doc:"The kind of remedy that fits"`

	State     fault.State `json:"state" enum:"open,cleared"`
	Count     int         `json:"count" doc:"How often it was told of; what was told in the last seconds may be missing"`
	Chatters  bool        `json:"chatters,omitempty" doc:"It comes and goes, and stays open until it is quiet"`
	OpenedAt  time.Time   `json:"openedAt"`
	LastAt    time.Time   `json:"lastAt" doc:"When it was last told of"`
	Until     *time.Time  `json:"clearsAt,omitempty" doc:"When it clears by itself unless it is told of again"`
	ClearedAt *time.Time  `json:"clearedAt,omitempty"`
	ClearedBy string      `json:"clearedBy,omitempty" doc:"A person; absent for the station or a rule"`

	AcknowledgedAt *time.Time `json:"acknowledgedAt,omitempty"`
	AcknowledgedBy string     `json:"acknowledgedBy,omitempty"`
	ShelvedUntil   *time.Time `json:"shelvedUntil,omitempty"`
	ShelvedBy      string     `json:"shelvedBy,omitempty"`
	Assignee       string     `json:"assignee,omitempty"`
	Incident       string     `json:"incident,omitempty" doc:"Id of the incident that it is part of"`
	Transaction    string     `json:"transaction,omitempty"`

	ToAcknowledge *int           `json:"secondsToAcknowledge,omitempty"`
	ToRepair      *int           `json:"secondsToRepair,omitempty" doc:"From when it was opened until it was cleared"`
	Raw           rawView        `json:"raw" doc:"What the station sent, as it came: it may hold anything"`
	Facts         map[string]any `json:"facts,omitempty"`
}

type doneView struct {
	Number int       `json:"number"`
	At     time.Time `json:"at"`
	What   string    `json:"what" example:"acknowledged" doc:"opened, reopened, cleared, resolved, joined, acknowledged, shelved, unshelved, assigned, commented or severity"`
	By     string    `json:"by,omitempty" doc:"A person; absent for a station or a rule"`
	Why    string    `json:"reason,omitempty"`
}

func showDone(d fault.Done) doneView { return doneView(d) }

type wholeFault struct {
	FaultView
	Texts   fault.Texts `json:"texts" doc:"What it means, for each kind of people"`
	History []doneView  `json:"history" nullable:"false" doc:"What was done with it, the newest first; the last 200"`
}

// InLanguage is the language that texts are wanted in.
type InLanguage struct {
	Language fault.Language `query:"language" enum:"en,sv" doc:"Language of the texts; absent: what Accept-Language likes best"`
	Accepted string         `header:"Accept-Language"`
}

func (l InLanguage) tag() fault.Language {
	return cmp.Or(l.Language, fault.Language(languageOf(l.Accepted).tag))
}

// seconds are those between two times, where the later one has come.
func seconds(from, to time.Time) *int {
	if to.IsZero() {
		return nil
	}
	n := int(max(to.Sub(from), 0) / time.Second)
	return &n
}

func (s *Server) showFault(l fault.Language) func(fault.Fault) FaultView {
	return func(f fault.Fault) FaultView {
		v, _ := s.tellFault(l, f)
		return v
	}
}

// tellFault is a fault with what the catalogue says of it.
func (s *Server) tellFault(l fault.Language, f fault.Fault) (FaultView, fault.Texts) {
	e := s.Faults.Catalogue.Find(f.Key, f.Raw)
	texts := e.Explain(&f, l, s.Zone)
	v := FaultView{
		ID: f.ID, Case: f.Case, Source: f.Key.Source, Code: f.Key.Code, Name: texts.Name, Known: e.Known, Severity: f.Severity, Station: f.Station, Site: f.Site, EVSE: f.EVSE.ID,
		Outlet: f.EVSE.Connector, Way: f.Way, Usable: e.Usable, Retry: e.Retry, Fixer: e.Fixer, Remedy: e.Remedy, State: fault.IsOpen, Count: f.Count, Chatters: f.Chatters,
		OpenedAt: f.OpenedAt, LastAt: f.LastAt, Until: moment(f.Until), ClearedAt: moment(f.ClearedAt), ClearedBy: f.ClearedBy,
		AcknowledgedAt: moment(f.AcknowledgedAt), AcknowledgedBy: f.AcknowledgedBy, Assignee: f.Assignee, Incident: f.Incident, Transaction: f.Transaction,
		ToAcknowledge: seconds(f.OpenedAt, f.AcknowledgedAt), ToRepair: seconds(f.OpenedAt, f.ClearedAt), Raw: rawView(f.Raw), Facts: f.Facts,
	}
	if !f.Open() {
		v.State = fault.IsCleared
	}
	if f.Shelved(s.Now()) {
		v.ShelvedUntil, v.ShelvedBy = moment(f.ShelvedUntil), f.ShelvedBy
	}
	return v, texts
}

// showWholeFault is a fault with its texts and history.
func (s *Server) showWholeFault(ctx context.Context, l InLanguage, id string) (*body[wholeFault], error) {
	f, err := s.Faults.Store.Fault(ctx, id)
	if err != nil {
		return nil, err
	}
	list, err := s.Faults.Store.FaultHistory(ctx, f.ID, 0, shownSteps)
	v, texts := s.tellFault(l.tag(), f)
	return answer(wholeFault{v, texts, turn(Paging{Limit: -1}, list, showDone, nil).Items}, err)
}

// shownSteps is how much of a history is shown.
const shownSteps = 200

// FaultFilter is which faults are listed.
type FaultFilter struct {
	State        string           `query:"state" enum:"open,cleared,all" default:"open"`
	Severity     fault.Severity   `query:"severity" enum:"critical,high,medium,low,info" doc:"At least as bad"`
	Station      gnista.StationID `query:"station"`
	Site         string           `query:"site" doc:"Id of the site"`
	EVSE         int              `query:"evse" minimum:"0"`
	Source       string           `query:"source"`
	Code         string           `query:"code"`
	Acknowledged string           `query:"acknowledged" enum:"true,false"`
	Shelved      string           `query:"shelved" enum:"true,false"`
	Assignee     string           `query:"assignee"`
	Incident     string           `query:"incident" doc:"Id of the incident"`
	Since        time.Time        `query:"since" doc:"Opened then or later"`
	Until        time.Time        `query:"until" doc:"Opened before"`
	Text         string           `query:"q" maxLength:"100" doc:"In the station, the code, what the station sent, or the number of the case"`
	Sort         string           `query:"sort" enum:"newest,worst" default:"newest" doc:"What comes first"`
}

func (f FaultFilter) filter(now time.Time) fault.Filter {
	out := fault.Filter{
		State: fault.State(f.State), AtLeast: f.Severity, Station: f.Station, Site: f.Site, EVSE: f.EVSE, Key: fault.Key{Source: f.Source, Code: f.Code},
		Acknowledged: yes(f.Acknowledged), Shelved: yes(f.Shelved), Assignee: f.Assignee, Incident: f.Incident, Since: f.Since, Until: f.Until, Text: f.Text,
		WorstFirst: f.Sort == "worst", Now: now,
	}
	if f.State == "all" {
		out.State = ""
	}
	return out
}

// yes is a choice that may be left open.
func yes(s string) *bool {
	if s == "" {
		return nil
	}
	v := s == "true"
	return &v
}

// FaultPath is a fault or an incident in a path.
type FaultPath struct {
	ID string `path:"id" doc:"Its id"`
}

// Reasoned says who does something, and why.
type Reasoned struct {
	By  string `json:"by,omitempty" maxLength:"100" doc:"Who does it, where nobody has signed in; absent is \"operator\""`
	Why string `json:"reason,omitempty" maxLength:"2000"`
}

func (r Reasoned) said(ctx context.Context) fault.Said {
	return fault.Said{By: cmp.Or(whoDoes(ctx, r.By), "operator"), Why: r.Why}
}

type shelving struct {
	Reasoned
	Until time.Time `json:"until" doc:"At the most 90 days from now. The reason must be said"`
}

type assigning struct {
	Reasoned
	Assignee string `json:"assignee" maxLength:"100" doc:"Empty is nobody"`
}

type grading struct {
	Reasoned
	Severity fault.Severity `json:"severity" enum:"critical,high,medium,low,info"`
}

var faultTags = []string{"Faults"}

func (s *Server) faults(api huma.API) {
	list := func(ctx context.Context, f fault.Filter, p Paging, l InLanguage) (*body[page[FaultView]], error) {
		after, err := p.after()
		if err != nil {
			return nil, err
		}
		f.Sites, f.After, f.Limit = seen(ctx, access.Faults), after, p.Limit
		list, err := s.Faults.Store.Faults(ctx, f)
		return answer(turn(p, list, s.showFault(l.tag()), f.Cursor), err)
	}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/faults", OperationID: "list-faults", Summary: "List faults", Tags: faultTags,
		Description: "What is open, unless another state is asked for. A fault is one object from when it is first told of until it is over; docs/incidents.md has the rules.",
	}, func(ctx context.Context, in *struct {
		FaultFilter
		InLanguage
		Paging
	}) (*body[page[FaultView]], error) {
		return list(ctx, in.filter(s.Now()), in.Paging, in.InLanguage)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/faults", OperationID: "list-station-faults", Summary: "List faults of a station", Tags: faultTags,
	}, func(ctx context.Context, in *struct {
		StationPath
		State string `query:"state" enum:"open,cleared,all" default:"open"`
		InLanguage
		Paging
	}) (*body[page[FaultView]], error) {
		if _, err := s.Network.Store.Station(ctx, in.Station); err != nil {
			return nil, err
		}
		return list(ctx, FaultFilter{State: in.State, Station: in.Station}.filter(s.Now()), in.Paging, in.InLanguage)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/faults/export", OperationID: "export-faults", Summary: "Faults as CSV", Tags: faultTags,
		Description: "With the filters of the list; the first 100,000. Cells that a spreadsheet would take for formulas begin with an apostrophe.",
		Responses:   map[string]*huma.Response{"200": {Description: "The table", Content: map[string]*huma.MediaType{"text/csv": {}}}},
	}, func(ctx context.Context, in *struct {
		FaultFilter
		InLanguage
	}) (*table, error) {
		f := in.filter(s.Now())
		f.Sites = seen(ctx, access.Faults)
		return s.faultTable(ctx, f, in.tag())
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/faults/totals", OperationID: "count-faults", Summary: "Count the open faults by severity", Tags: faultTags,
	}, func(ctx context.Context, in *struct {
		Station gnista.StationID `query:"station" doc:"Of this station only"`
	}) (*body[faultTotals], error) {
		n, err := s.Faults.Store.FaultTotals(ctx, in.Station, seen(ctx, access.Faults))
		return answer(faultTotals{n[fault.Critical], n[fault.High], n[fault.Medium], n[fault.Low], n[fault.Info]}, err)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/faults/{id}", OperationID: "get-fault", Summary: "Show a fault, what it means and what was done about it", Tags: faultTags},
		func(ctx context.Context, in *struct {
			FaultPath
			InLanguage
		}) (*body[wholeFault], error) {
			return s.showWholeFault(ctx, in.InLanguage, in.ID)
		})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/cases/{number}", OperationID: "get-case", Summary: "Find what a case number is of", Tags: faultTags,
		Description: "Faults, incidents and attempts of drivers have numbers of one series.",
	}, func(ctx context.Context, in *struct {
		Number int `path:"number" minimum:"1"`
		InLanguage
	}) (*body[caseView], error) {
		return s.findCase(ctx, in.Number, in.InLanguage)
	})
	verb(s, api, "fault", "acknowledge", "Say that somebody looks after a fault", "Safe to repeat: the first one counts.", s.showWholeFault, func(ctx context.Context, id string, b Reasoned) error {
		return done(s.Faults.Acknowledge(ctx, id, b.said(ctx)))
	})
	verb(s, api, "fault", "shelve", "Put a fault aside until a time", "Nobody is troubled with it meanwhile.", s.showWholeFault, func(ctx context.Context, id string, b shelving) error {
		if err := kept("until", &b.Until); err != nil {
			return err
		}
		return done(s.Faults.Shelve(ctx, id, b.Until, b.said(ctx)))
	})
	verb(s, api, "fault", "unshelve", "Take a fault from the shelf", "", s.showWholeFault, func(ctx context.Context, id string, b Reasoned) error {
		return done(s.Faults.Unshelve(ctx, id, b.said(ctx)))
	})
	verb(s, api, "fault", "assign", "Say who is to put a fault right", "", s.showWholeFault, func(ctx context.Context, id string, b assigning) error {
		return done(s.Faults.Assign(ctx, id, b.Assignee, b.said(ctx)))
	})
	verb(s, api, "fault", "comment", "Say something of a fault", "The reason is what is said.", s.showWholeFault, func(ctx context.Context, id string, b Reasoned) error {
		return done(s.Faults.Comment(ctx, id, b.said(ctx)))
	})
	verb(s, api, "fault", "severity", "Say how bad a fault is", "That holds until it is over, whatever is told of it.", s.showWholeFault, func(ctx context.Context, id string, b grading) error {
		return done(s.Faults.Grade(ctx, id, b.Severity, b.said(ctx)))
	})
	verb(s, api, "fault", "clear", "Say that a fault is over", "The reason must be said. Where the station tells of it again it is opened again.", s.showWholeFault, func(ctx context.Context, id string, b Reasoned) error {
		return done(s.Faults.Clear(ctx, id, b.said(ctx)))
	})
}

// done is whether something was done, without what came of it.
func done[T any](_ T, err error) error { return err }

// verb registers something that people do with faults, or with incidents; show is what one is like after that.
func verb[B, V any](s *Server, api huma.API, of, name, summary, description string, show func(context.Context, InLanguage, string) (*body[V], error), do func(context.Context, string, B) error) {
	add(s, api, huma.Operation{Method: http.MethodPost, Path: "/" + of + "s/{id}/" + name, OperationID: name + "-" + of, Summary: summary, Description: description, Tags: faultTags},
		func(ctx context.Context, in *struct {
			FaultPath
			InLanguage
			Body B
		}) (*body[V], error) {
			if err := do(ctx, in.ID, in.Body); err != nil {
				return nil, err
			}
			return show(ctx, in.InLanguage, in.ID)
		})
}

type faultTotals struct {
	Critical int `json:"critical"`
	High     int `json:"high"`
	Medium   int `json:"medium"`
	Low      int `json:"low"`
	Info     int `json:"info"`
}

type caseView struct {
	Fault    *wholeFault    `json:"fault,omitempty"`
	Incident *wholeIncident `json:"incident,omitempty"`
	Attempt  *caseAttempt   `json:"attempt,omitempty" doc:"Of a driver whom something went wrong for"`
}

// findCase finds a fault, an incident or an attempt by its number.
func (s *Server) findCase(ctx context.Context, number int, l InLanguage) (*body[caseView], error) {
	if f, err := s.showWholeFault(ctx, l, fault.FaultID(number)); err == nil {
		return answer(caseView{Fault: &f.Body}, nil)
	} else if gnista.CodeOf(err) != gnista.NotFound {
		return nil, err
	}
	if i, err := s.showWholeIncident(ctx, l, fault.IncidentID(number)); err == nil {
		return answer(caseView{Incident: &i.Body}, nil)
	} else if gnista.CodeOf(err) != gnista.NotFound {
		return nil, err
	}
	return s.findAttempt(ctx, number, l.tag())
}

// Limits of a table of faults.
const (
	maxFaultTable = 100_000
	faultTablePer = 1000
)

// faultTable is a list of faults as CSV.
func (s *Server) faultTable(ctx context.Context, f fault.Filter, l fault.Language) (*table, error) {
	t := newCSV("case", "state", "severity", "source", "code", "name", "station", "site", "evse", "connector", "count", "openedAt", "lastAt", "clearedAt", "clearedBy", "acknowledgedAt", "acknowledgedBy",
		"assignee", "incident", "vendorId", "vendorErrorCode", "info")
	f.Limit = faultTablePer
	for n := 0; n < maxFaultTable; n += faultTablePer {
		list, err := s.Faults.Store.Faults(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, x := range list {
			v, _ := s.tellFault(l, x)
			t.add(strconv.Itoa(v.Case), string(v.State), string(v.Severity), v.Source, v.Code, v.Name, string(v.Station), v.Site, strconv.Itoa(v.EVSE), strconv.Itoa(v.Outlet), strconv.Itoa(v.Count),
				inCell(x.OpenedAt), inCell(x.LastAt), inCell(x.ClearedAt), v.ClearedBy, inCell(x.AcknowledgedAt), v.AcknowledgedBy, v.Assignee, v.Incident, v.Raw.VendorID, v.Raw.VendorCode, v.Raw.Info)
			f.After = f.Cursor(x)
		}
		if len(list) < faultTablePer {
			break
		}
	}
	return &table{"text/csv; charset=utf-8", `attachment; filename="faults.csv"`, t.bytes()}, nil
}

func inCell(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// harmless is the text of a cell that no spreadsheet takes for a formula, on one line.
func harmless(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}
