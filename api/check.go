package api

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/commission"
)

type checkMessage struct {
	Key    string `json:"key" doc:"The same for the same thing, whatever the language"`
	Text   string `json:"text"`
	Advice string `json:"advice,omitempty" doc:"What to do about it"`
}

type checkFact struct {
	Key   string `json:"key"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

type checkResult struct {
	Step     string             `json:"step"`
	Name     string             `json:"name"`
	Verdict  commission.Verdict `json:"verdict" enum:"passed,failed,not-supported,skipped"`
	Why      *checkMessage      `json:"why,omitempty" doc:"Why it was skipped or is not supported"`
	Facts    []checkFact        `json:"facts" nullable:"false" doc:"What was learned"`
	Findings []checkMessage     `json:"findings" nullable:"false" doc:"What is wrong"`
	Notes    []checkMessage     `json:"notes" nullable:"false" doc:"What is worth knowing and not wrong"`
	TookMS   int64              `json:"tookMs"`
}

type checkCounts struct {
	Passed       int `json:"passed"`
	Failed       int `json:"failed"`
	NotSupported int `json:"notSupported"`
	Skipped      int `json:"skipped"`
}

// CheckView is a check in short.
type CheckView struct {
	ID        string             `json:"id"`
	Station   gnista.StationID   `json:"station"`
	State     commission.State   `json:"state" enum:"running,done,stopped,interrupted" doc:"stopped: the station went offline or it took too long; interrupted: the system was stopped"`
	Good      bool               `json:"good" doc:"It is done and nothing is wrong"`
	Why       *checkMessage      `json:"why,omitempty" doc:"Why it ended early"`
	Step      int                `json:"step" doc:"That is being run, from 1"`
	Steps     int                `json:"steps" doc:"That there are"`
	Verdicts  checkCounts        `json:"verdicts"`
	Options   commission.Options `json:"options"`
	Subject   commission.Subject `json:"subject" doc:"The station as it was"`
	StartedAt time.Time          `json:"startedAt"`
	EndedAt   *time.Time         `json:"endedAt,omitempty"`
}

// CheckReport is a check with all that came of it.
type CheckReport struct {
	CheckView
	Results []checkResult      `json:"results" nullable:"false"`
	Quirks  []commission.Quirk `json:"quirks" nullable:"false"`
}

func showMessage(l commission.Language, m commission.Message) checkMessage {
	return checkMessage{m.Key, l.Text(m), l.Advice(m)}
}

func showMessages(l commission.Language, list []commission.Message) []checkMessage {
	out := make([]checkMessage, len(list))
	for i, m := range list {
		out[i] = showMessage(l, m)
	}
	return out
}

func reason(l commission.Language, m commission.Message) *checkMessage {
	if m.Key == "" {
		return nil
	}
	v := showMessage(l, m)
	return &v
}

func showCheck(l commission.Language, c commission.Check) CheckView {
	return CheckView{
		ID: c.ID, Station: c.Station, State: c.State, Good: c.Good(), Why: reason(l, c.Why), Step: c.Step, Steps: c.Steps, Options: c.Options, Subject: c.Subject,
		Verdicts:  checkCounts{c.Count(commission.Passed), c.Count(commission.Failed), c.Count(commission.Unsupported), c.Count(commission.Skipped)},
		StartedAt: c.StartedAt, EndedAt: moment(c.EndedAt),
	}
}

// ReportOf is what is shown of a check.
func ReportOf(l commission.Language, c commission.Check) CheckReport {
	out := CheckReport{CheckView: showCheck(l, c), Results: make([]checkResult, len(c.Results)), Quirks: c.Quirks}
	if out.Quirks == nil {
		out.Quirks = []commission.Quirk{}
	}
	for i, r := range c.Results {
		v := checkResult{
			Step: r.Step, Name: l.Name(r.Step), Verdict: r.Verdict, Why: reason(l, r.Why), Facts: make([]checkFact, len(r.Facts)),
			Findings: showMessages(l, r.Findings), Notes: showMessages(l, r.Notes), TookMS: r.Took.Milliseconds(),
		}
		for j, f := range r.Facts {
			v.Facts[j] = checkFact{f.Key, l.Title(f), l.Value(f)}
		}
		out.Results[i] = v
	}
	return out
}

// CheckPath names a check.
type CheckPath struct {
	Station gnista.StationID `path:"station"`
	Check   string           `path:"check"`
}

// CheckLanguage says how a report is written.
type CheckLanguage struct {
	Language string `query:"lang" enum:"en,sv" doc:"Language of the texts; absent: what Accept-Language likes best"`
	Accepted string `header:"Accept-Language"`
}

func (c CheckLanguage) language() commission.Language {
	if c.Language != "" {
		return commission.Language(c.Language)
	}
	return commission.Language(languageOf(c.Accepted).tag)
}

// checkPage is what the page of a report shows.
type checkPage struct {
	CheckReport
	Summary string
}

func (s *Server) checks(api huma.API) {
	tags := []string{"Checks"}
	type wanted struct {
		ReadOnly     bool  `json:"readOnly,omitempty" doc:"Only ask for what the station tells; it may be charging then"`
		Unlock       *bool `json:"unlock,omitempty" doc:"Have a connector that is free unlocked; absent: yes"`
		Availability *bool `json:"availability,omitempty" doc:"Take a free EVSE out of service and in again; absent: yes, but not where the model is known not to bear it (Q23)"`
		Reservation  bool  `json:"reservation,omitempty" doc:"Reserve a free EVSE for nobody and cancel that"`
		Log          bool  `json:"log,omitempty" doc:"Have the station send its log to us"`
		Patience     int   `json:"patienceSeconds,omitempty" minimum:"1" maximum:"60" doc:"How long a message that was asked for is waited for; absent: 15"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/stations/{station}/checks", OperationID: "start-check", Summary: "Check what a station can do and what it does wrong", Tags: tags, DefaultStatus: http.StatusAccepted,
		Description: "A series of harmless requests that takes about a minute. The answer is the report, of which more and more is there. One at a time is run for a station, and none while a car charges but with readOnly.",
	}, func(ctx context.Context, in *struct {
		StationPath
		CheckLanguage
		Body *wanted `required:"false"`
	}) (*body[CheckReport], error) {
		o, err := s.Checks.Defaults(ctx, in.Station)
		if err != nil {
			return nil, err
		}
		if b := in.Body; b != nil {
			o.ReadOnly, o.Reservation, o.Log, o.Patience = b.ReadOnly, b.Reservation, b.Log, b.Patience
			set(&o.Unlock, b.Unlock)
			set(&o.Availability, b.Availability)
		}
		c, err := s.Checks.Start(ctx, in.Station, o)
		return answer(ReportOf(in.language(), c), err)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/stations/{station}/checks", OperationID: "list-checks", Summary: "List the checks of a station, the newest first", Tags: tags},
		func(ctx context.Context, in *struct {
			StationPath
			CheckLanguage
			Paging
		}) (*body[page[CheckView]], error) {
			before, err := in.after()
			if err != nil {
				return nil, err
			}
			if _, err := s.Network.Store.Station(ctx, in.Station); err != nil {
				return nil, err
			}
			list, err := s.Checks.Store.Checks(ctx, in.Station, before, in.Limit)
			return answer(turn(in.Paging, list, func(c commission.Check) CheckView { return showCheck(in.language(), c) }, func(c commission.Check) string { return c.ID }), err)
		})
	responses := map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
		"application/json": {Schema: huma.SchemaFromType(api.OpenAPI().Components.Schemas, reflect.TypeFor[CheckReport]())}, "text/html": {},
	}}}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/checks/{check}", OperationID: "get-check", Summary: "Show a check and its report", Tags: tags, Responses: responses,
		Description: "As JSON, or as a page for those who accept text/html.",
	}, func(ctx context.Context, in *struct {
		CheckPath
		CheckLanguage
		Accept string `header:"Accept"`
	}) (*huma.StreamResponse, error) {
		return s.showReport(ctx, in.CheckPath, in.language(), strings.Contains(in.Accept, "text/html"))
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/checks/{check}/report", OperationID: "get-check-report", Summary: "Show the report of a check as a page to print", Tags: tags,
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/html": {}}}},
	}, func(ctx context.Context, in *struct {
		CheckPath
		CheckLanguage
	}) (*huma.StreamResponse, error) {
		return s.showReport(ctx, in.CheckPath, in.language(), true)
	})
}

// showReport answers with the report of a check.
func (s *Server) showReport(ctx context.Context, at CheckPath, l commission.Language, html bool) (*huma.StreamResponse, error) {
	c, err := s.Checks.Store.Check(ctx, at.Check)
	if err == nil && c.Station != at.Station {
		err = gnista.Errorf(gnista.NotFound, "station %s has no check %q", at.Station, at.Check)
	}
	if err != nil {
		return nil, err
	}
	r := ReportOf(l, c)
	return &huma.StreamResponse{Body: func(w huma.Context) {
		w.SetHeader("Vary", "Accept, Accept-Language")
		w.SetHeader("Cache-Control", "private, no-cache")
		if !html {
			w.SetHeader("Content-Type", "application/json")
			write(w.BodyWriter(), r)
			return
		}
		secure(w.SetHeader)
		s.show(w.BodyWriter(), "check.html", string(l), checkPage{r, l.Summary(c)})
	}}, nil
}
