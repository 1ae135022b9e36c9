package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/fault"
	"gnista/fault/remedy"
)

// BothWords is a text in both languages.
type BothWords struct {
	Swedish string `json:"sv"`
	English string `json:"en"`
}

func inBoth(f func(fault.Language) string) BothWords {
	return BothWords{f(fault.Swedish), f(fault.English)}
}

// remedyReason is why something is so.
type remedyReason struct {
	Code string `json:"code" example:"charging"`
	BothWords
}

func showReason(r remedy.Reason) *remedyReason {
	if r.Code == "" {
		return nil
	}
	return &remedyReason{r.Code, inBoth(r.In)}
}

type guardView struct {
	Guard  string        `json:"guard" example:"idle"`
	Asks   BothWords     `json:"asks" doc:"What is asked"`
	Met    bool          `json:"met"`
	Reason *remedyReason `json:"reason,omitempty" doc:"Why it is not met"`
}

type remedyStepView struct {
	Step    int              `json:"step" doc:"Of the ladder, from 1"`
	Do      remedy.Action    `json:"do" doc:"The action"`
	Name    BothWords        `json:"name"`
	State   remedy.StepState `json:"state" enum:"waiting,sending,watching,helped,no-help,refused,skipped,dropped,done" doc:"watching: it was done, and whether it helps is waited for; skipped: it could not be done in time, or a person passed over it; dropped: it was not needed any more"`
	Dry     bool             `json:"dryRun" doc:"It would have been done"`
	Reason  *remedyReason    `json:"reason,omitempty"`
	Guards  []guardView      `json:"guards" nullable:"false" doc:"What was asked before it, the last time"`
	Command string           `json:"command,omitempty" doc:"Id of the command that was given"`
	Since   time.Time        `json:"since" doc:"When its turn came"`
	ActedAt *time.Time       `json:"actedAt,omitempty" doc:"When it was done"`
	Until   *time.Time       `json:"until,omitempty" doc:"When its time to help is over"`
	EndedAt *time.Time       `json:"endedAt,omitempty"`
}

type remedyView struct {
	ID        string           `json:"id"`
	Class     fault.Class      `json:"class"`
	Station   gnista.StationID `json:"station,omitempty"`
	Site      string           `json:"site,omitempty"`
	EVSE      int              `json:"evse" doc:"0 is the station as a whole"`
	Faults    []string         `json:"faults" nullable:"false" doc:"Ids; the first is the one that it was begun for"`
	Mode      remedy.Mode      `json:"mode" enum:"dry-run,on"`
	State     remedy.State     `json:"state" enum:"running,paused,helped,over,handed-over,cancelled" doc:"over: the faults went without our doing; handed-over: a person has them"`
	Reason    *remedyReason    `json:"reason,omitempty" doc:"Why it is in that state"`
	By        string           `json:"by,omitempty" doc:"The person who wanted it; absent: a rule"`
	Why       string           `json:"why,omitempty" doc:"What they said"`
	Step      int              `json:"step" doc:"Whose turn it is, from 1"`
	Of        int              `json:"of" doc:"How many steps the ladder has"`
	Steps     []remedyStepView `json:"steps" nullable:"false" doc:"Those that have had their turn"`
	Coming    []remedy.Step    `json:"coming" nullable:"false" doc:"Those that have not"`
	Hint      *BothWords       `json:"hint,omitempty" doc:"What drivers there are shown"`
	History   BothWords        `json:"history" doc:"What was tried and what came of it, a line for each step"`
	DueAt     *time.Time       `json:"dueAt,omitempty" doc:"When it is looked at next"`
	StartedAt time.Time        `json:"startedAt"`
	EndedAt   *time.Time       `json:"endedAt,omitempty"`
}

func showRemedy(r remedy.Run) remedyView {
	v := remedyView{
		ID: r.ID, Class: r.Class, Station: r.Station, Site: r.Site, EVSE: r.EVSE, Faults: r.Faults, Mode: r.Mode, State: r.State, Reason: showReason(r.Reason), By: r.By, Why: r.Why,
		Step: min(r.At+1, len(r.Steps)), Of: len(r.Steps), Steps: make([]remedyStepView, len(r.Records)), Coming: []remedy.Step{}, History: inBoth(r.History),
		DueAt: moment(r.DueAt), StartedAt: r.StartedAt, EndedAt: moment(r.EndedAt),
	}
	begun := 0
	for i, x := range r.Records {
		begun = max(begun, x.Step+1)
		s := remedyStepView{
			Step: x.Step + 1, Do: x.Do, Name: inBoth(x.Do.Name), State: x.State, Dry: x.Dry, Reason: showReason(x.Reason), Guards: make([]guardView, len(x.Guards)), Command: x.Command,
			Since: x.Since, ActedAt: moment(x.ActedAt), Until: moment(x.Until), EndedAt: moment(x.EndedAt),
		}
		for n, g := range x.Guards {
			s.Guards[n] = guardView{g.Guard, inBoth(func(l fault.Language) string { return remedy.GuardName(g.Guard, l) }), g.Met, showReason(g.Reason)}
		}
		v.Steps[i] = s
	}
	if !r.State.Ended() {
		v.Coming = append(v.Coming, r.Steps[min(begun, len(r.Steps)):]...)
	}
	if hint := r.Hint(); hint != nil {
		v.Hint = &BothWords{hint[fault.Swedish], hint[fault.English]}
	}
	return v
}

type ladderView struct {
	Class     fault.Class   `json:"class"`
	About     BothWords     `json:"about"`
	Steps     []remedy.Step `json:"steps" nullable:"false"`
	Own       bool          `json:"own" doc:"It is the operator's own, in place of the one that comes with the system"`
	UpdatedAt *time.Time    `json:"updatedAt,omitempty"`
}

func showLadder(l remedy.Ladder) ladderView {
	return ladderView{l.Class, BothWords{l.About[fault.Swedish], l.About[fault.English]}, l.Steps, l.Own, moment(l.UpdatedAt)}
}

type ladderChange struct {
	About BothWords     `json:"about"`
	Steps []remedy.Step `json:"steps" minItems:"1" maxItems:"12" doc:"The last one is hand-over"`
}

// RemedyPath is a run in a path.
type RemedyPath struct {
	ID string `path:"id" doc:"Id of the run"`
}

// ClassPath is a class in a path.
type ClassPath struct {
	Class fault.Class `path:"class" example:"restart"`
}

// ByPerson is who wants something.
type ByPerson struct {
	By string `json:"by,omitempty" maxLength:"100" doc:"Who wants it; needed where nobody has signed in"`
}

func (s *Server) remedies(api huma.API) {
	tags := []string{"Remedies"}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/remedies", OperationID: "list-remedies", Summary: "List what was tried to put faults right, the newest first", Tags: tags},
		func(ctx context.Context, in *struct {
			State   remedy.State     `query:"state" enum:"running,paused,helped,over,handed-over,cancelled" doc:"Only those in this state"`
			Live    bool             `query:"live" doc:"Only those that have not ended"`
			Class   fault.Class      `query:"class" maxLength:"100" doc:"Only those of this class of faults"`
			Station gnista.StationID `query:"station" doc:"Only those of this station"`
			Site    string           `query:"site" doc:"Only those of this site"`
			Fault   string           `query:"fault" doc:"Only those of this fault"`
			Paging
		}) (*body[page[remedyView]], error) {
			before, err := in.after()
			if err != nil {
				return nil, err
			}
			list, err := s.Remedies.Store.Remedies(ctx, remedy.Filter{
				State: in.State, Live: in.Live, Class: in.Class, Station: in.Station, Site: in.Site, Fault: in.Fault, Before: before, Limit: in.Limit,
			})
			return answer(turn(in.Paging, list, showRemedy, func(r remedy.Run) string { return r.ID }), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/remedies/statistics", OperationID: "get-remedy-statistics", Summary: "Tell how often each step helped", Tags: tags,
		Description: "By class of fault, action and make of station.",
	}, func(ctx context.Context, in *struct {
		Class fault.Class `query:"class" maxLength:"100" doc:"Only of this class"`
		Days  int         `query:"days" default:"90" minimum:"1" maximum:"400" doc:"Of so many days"`
	}) (*body[page[remedy.Statistic]], error) {
		list, err := s.Remedies.Store.RemedyStatistics(ctx, in.Class, s.Now().AddDate(0, 0, -in.Days))
		return answer(page[remedy.Statistic]{Items: list}, err)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/remedies/{id}", OperationID: "get-remedy", Summary: "Tell what was tried, and why", Tags: tags},
		func(ctx context.Context, in *RemedyPath) (*body[remedyView], error) {
			r, err := s.Remedies.Store.Remedy(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return answer(showRemedy(r), nil)
		})
	for verb, x := range map[string]struct {
		summary string
		do      func(ctx context.Context, id, by string) (remedy.Run, error)
	}{
		"pause":  {"Keep a remedy from going on", s.Remedies.Pause},
		"resume": {"Let a paused remedy go on", s.Remedies.Resume},
		"cancel": {"End a remedy; what is under way is not taken back", s.Remedies.Cancel},
		"skip":   {"Pass over the step whose turn it is, or no longer wait for it to help", s.Remedies.Skip},
	} {
		add(s, api, huma.Operation{Method: http.MethodPost, Path: "/remedies/{id}/" + verb, OperationID: verb + "-remedy", Summary: x.summary, Tags: tags},
			func(ctx context.Context, in *struct {
				RemedyPath
				Body ByPerson
			}) (*body[remedyView], error) {
				r, err := x.do(ctx, in.ID, whoDoes(ctx, in.Body.By))
				if err != nil {
					return nil, err
				}
				return answer(showRemedy(r), nil)
			})
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/faults/{id}/remedy", OperationID: "begin-remedy", Summary: "Try now to put a fault right", Tags: tags,
		Description: "Where something is tried already, the person takes that over and its next step does not wait for hours or cool-down. What protects cars that charge holds all the same.",
	}, func(ctx context.Context, in *struct {
		ID   string `path:"id" doc:"Id of the fault"`
		Body struct {
			ByPerson
			Reason string      `json:"reason,omitempty" maxLength:"500" doc:"Why; must be there to have it on where remedies are not"`
			Mode   remedy.Mode `json:"mode,omitempty" enum:"dry-run,on" doc:"Absent: that of the site, or a dry run where that is off"`
		}
	}) (*body[remedyView], error) {
		r, err := s.Remedies.Begin(ctx, in.ID, whoDoes(ctx, in.Body.By), in.Body.Reason, in.Body.Mode)
		if err != nil {
			return nil, err
		}
		return answer(showRemedy(r), nil)
	})
	s.ladders(api, tags)
}

func (s *Server) ladders(api huma.API, tags []string) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/ladders", OperationID: "list-ladders", Summary: "List what is tried for each class of faults", Tags: tags,
	}, func(ctx context.Context, _ *struct{}) (*body[page[ladderView]], error) {
		list, err := s.Remedies.All(ctx)
		views := make([]ladderView, len(list))
		for i, l := range list {
			views[i] = showLadder(l)
		}
		return answer(page[ladderView]{Items: views}, err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodPut, Path: "/ladders/{class}", OperationID: "set-ladder", Summary: "Have something else tried for a class of faults", Tags: tags,
		Description: "In place of the ladder that comes with the system. What is under way goes on as it began. The limits that protect cars that charge cannot be changed.",
	}, func(ctx context.Context, in *struct {
		ClassPath
		Body ladderChange
	}) (*body[ladderView], error) {
		l, err := s.Remedies.SetLadder(ctx, remedy.Ladder{
			Class: in.Class, About: map[fault.Language]string{fault.Swedish: in.Body.About.Swedish, fault.English: in.Body.About.English}, Steps: in.Body.Steps,
		})
		if err != nil {
			return nil, err
		}
		return answer(showLadder(l), nil)
	})
	add(s, api, huma.Operation{
		Method: http.MethodDelete, Path: "/ladders/{class}", OperationID: "delete-ladder", Summary: "Go back to the ladder that comes with the system", Tags: tags, DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *ClassPath) (*struct{}, error) {
		return nil, s.Remedies.DeleteLadder(ctx, in.Class)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/remedy-modes", OperationID: "get-remedy-modes", Summary: "Tell where remedies are tried", Tags: tags},
		func(ctx context.Context, _ *struct{}) (*body[remedy.Modes], error) {
			return answer(s.Remedies.Store.RemedyModes(ctx))
		})
	add(s, api, huma.Operation{
		Method: http.MethodPut, Path: "/remedy-modes", OperationID: "set-remedy-modes", Summary: "Say where remedies are tried", Tags: tags,
		Description: "All rules are replaced. What a rule began follows at its next step: off ends it. What a person began goes on.",
	}, func(ctx context.Context, in *struct{ Body remedy.Modes }) (*body[remedy.Modes], error) {
		for i, r := range in.Body.Rules {
			if r.Site == "" {
				continue
			}
			if _, err := s.Sites.Store.Site(ctx, r.Site); gnista.CodeOf(err) == gnista.NotFound && err != nil {
				return nil, gnista.Invalidf(fmt.Sprintf("rules[%d].site", i), "%v", err)
			} else if err != nil {
				return nil, err
			}
		}
		return answer(s.Remedies.SetModes(ctx, in.Body))
	})
}
