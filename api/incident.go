package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/access"
	"gnista/fault"
)

// IncidentView is an incident.
type IncidentView struct {
	ID       string             `json:"id" example:"i10004"`
	Case     int                `json:"case" doc:"The number that people say on the phone"`
	Kind     fault.IncidentKind `json:"kind" enum:"site,power,station,firmware" doc:"site: one fault at most of the stations of a site; power: a site took too much power and stations do not keep to it; station: one cause at several outlets; firmware: one fault at many stations of a model and firmware"`
	Source   string             `json:"source"`
	Code     string             `json:"code"`
	Name     string             `json:"name" doc:"Of the fault, in the language that is asked for"`
	Severity fault.Severity     `json:"severity" enum:"critical,high,medium,low,info"`
	Station  gnista.StationID   `json:"station,omitempty"`
	Site     string             `json:"site,omitempty"`
	First    string             `json:"first" doc:"Id of the fault that is probably the cause"`
	State    string             `json:"state" enum:"open,resolved"`
	Faults   int                `json:"faults" doc:"How many are part of it"`
	Open     int                `json:"open" doc:"How many of them are open"`

	OpenedAt       time.Time      `json:"openedAt"`
	LastAt         time.Time      `json:"lastAt" doc:"When a fault last came to it"`
	ResolvedAt     *time.Time     `json:"resolvedAt,omitempty"`
	AcknowledgedAt *time.Time     `json:"acknowledgedAt,omitempty"`
	AcknowledgedBy string         `json:"acknowledgedBy,omitempty"`
	ShelvedUntil   *time.Time     `json:"shelvedUntil,omitempty"`
	ShelvedBy      string         `json:"shelvedBy,omitempty"`
	Assignee       string         `json:"assignee,omitempty"`
	ToAcknowledge  *int           `json:"secondsToAcknowledge,omitempty"`
	ToRepair       *int           `json:"secondsToRepair,omitempty" doc:"From when it was opened until it was resolved"`
	Facts          map[string]any `json:"facts,omitempty" doc:"Vendor, model and firmware, or how many stations a site has"`
}

type wholeIncident struct {
	IncidentView
	Members []FaultView `json:"members" nullable:"false" doc:"Its faults, the newest first; the first 1,000. GET /faults?incident= has all"`
	History []doneView  `json:"history" nullable:"false" doc:"What was done with it, the newest first; the last 200"`
}

func (s *Server) showIncident(l fault.Language) func(fault.Incident) IncidentView {
	return func(i fault.Incident) IncidentView {
		e := s.Faults.Catalogue.Find(i.Key, fault.Raw{})
		v := IncidentView{
			ID: i.ID, Case: i.Case, Kind: i.Kind, Source: i.Key.Source, Code: i.Key.Code, Name: e.Say(l, nil, s.Zone).Name, Severity: i.Severity, Station: i.Station, Site: i.Site, First: i.First,
			State: "open", Faults: i.Faults, Open: i.Open, OpenedAt: i.OpenedAt, LastAt: i.LastAt, ResolvedAt: moment(i.ResolvedAt), AcknowledgedAt: moment(i.AcknowledgedAt),
			AcknowledgedBy: i.AcknowledgedBy, Assignee: i.Assignee, ToAcknowledge: seconds(i.OpenedAt, i.AcknowledgedAt), ToRepair: seconds(i.OpenedAt, i.ResolvedAt), Facts: i.Facts,
		}
		if i.Resolved() {
			v.State = "resolved"
		}
		if s.Now().Before(i.ShelvedUntil) {
			v.ShelvedUntil, v.ShelvedBy = moment(i.ShelvedUntil), i.ShelvedBy
		}
		return v
	}
}

// shownMembers is how many faults of an incident are shown with it.
const shownMembers = 1000

// showWholeIncident is an incident with its faults and history.
func (s *Server) showWholeIncident(ctx context.Context, l InLanguage, id string) (*body[wholeIncident], error) {
	i, err := s.Faults.Incidents.Incident(ctx, id)
	if err != nil {
		return nil, err
	}
	members, err := s.Faults.Store.Faults(ctx, fault.Filter{Incident: i.ID, Limit: shownMembers})
	if err != nil {
		return nil, err
	}
	history, err := s.Faults.Store.FaultHistory(ctx, i.ID, 0, shownSteps)
	all := Paging{Limit: -1}
	return answer(wholeIncident{s.showIncident(l.tag())(i), turn(all, members, s.showFault(l.tag()), nil).Items, turn(all, history, showDone, nil).Items}, err)
}

func (s *Server) incidents(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/incidents", OperationID: "list-incidents", Summary: "List incidents, the newest first", Tags: faultTags,
		Description: "An incident is faults that belong together. It is resolved when all of them are over.",
	}, func(ctx context.Context, in *struct {
		State        string             `query:"state" enum:"open,resolved,all" default:"open"`
		Kind         fault.IncidentKind `query:"kind" enum:"site,power,station,firmware"`
		Severity     fault.Severity     `query:"severity" enum:"critical,high,medium,low,info" doc:"At least as bad"`
		Station      gnista.StationID   `query:"station"`
		Site         string             `query:"site"`
		Assignee     string             `query:"assignee"`
		Acknowledged string             `query:"acknowledged" enum:"true,false"`
		Shelved      string             `query:"shelved" enum:"true,false"`
		InLanguage
		Paging
	}) (*body[page[IncidentView]], error) {
		before, err := in.below()
		if err != nil {
			return nil, err
		}
		f := fault.IncidentFilter{
			State: map[string]fault.State{"open": fault.IsOpen, "resolved": fault.IsCleared}[in.State], Kind: in.Kind, AtLeast: in.Severity, Station: in.Station, Site: in.Site, Assignee: in.Assignee,
			Sites: seen(ctx, access.Faults), Acknowledged: yes(in.Acknowledged), Shelved: yes(in.Shelved), Now: s.Now(), Before: int(before), Limit: in.Limit,
		}
		list, err := s.Faults.Incidents.Incidents(ctx, f)
		return answer(turn(in.Paging, list, s.showIncident(in.tag()), func(i fault.Incident) string { return strconv.Itoa(i.Case) }), err)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/incidents/{id}", OperationID: "get-incident", Summary: "Show an incident with its faults and what was done about it", Tags: faultTags},
		func(ctx context.Context, in *struct {
			FaultPath
			InLanguage
		}) (*body[wholeIncident], error) {
			return s.showWholeIncident(ctx, in.InLanguage, in.ID)
		})
	verb(s, api, "incident", "acknowledge", "Say that somebody looks after an incident and its faults", "", s.showWholeIncident, func(ctx context.Context, id string, b Reasoned) error {
		return done(s.Faults.AcknowledgeIncident(ctx, id, b.said(ctx)))
	})
	verb(s, api, "incident", "shelve", "Put an incident and its faults aside until a time", "Nobody is troubled with it meanwhile.", s.showWholeIncident, func(ctx context.Context, id string, b shelving) error {
		if err := kept("until", &b.Until); err != nil {
			return err
		}
		return done(s.Faults.ShelveIncident(ctx, id, b.Until, b.said(ctx)))
	})
	verb(s, api, "incident", "unshelve", "Take an incident and its faults from the shelf", "", s.showWholeIncident, func(ctx context.Context, id string, b Reasoned) error {
		return done(s.Faults.UnshelveIncident(ctx, id, b.said(ctx)))
	})
	verb(s, api, "incident", "assign", "Say who is to put an incident and its faults right", "", s.showWholeIncident, func(ctx context.Context, id string, b assigning) error {
		return done(s.Faults.AssignIncident(ctx, id, b.Assignee, b.said(ctx)))
	})
	verb(s, api, "incident", "comment", "Say something of an incident", "", s.showWholeIncident, func(ctx context.Context, id string, b Reasoned) error {
		return done(s.Faults.CommentIncident(ctx, id, b.said(ctx)))
	})
}
