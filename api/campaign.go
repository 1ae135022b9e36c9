package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/campaign"
	"gnista/station"
)

// mostTargets is how many stations a campaign has at the most.
const mostTargets = 100_000

type targetView struct {
	Stations []gnista.StationID `json:"stations,omitempty" maxItems:"100000" doc:"These; or else all in service that match the rest"`
	Filter   *StationFilter     `json:"filter,omitempty" doc:"Those that it lets through now, whatever becomes of them"`
	StationMatch
	Template string `json:"template,omitempty" maxLength:"100" doc:"Id of a template: only stations that have it"`
}

type campaignChange struct {
	Name        string          `json:"name" minLength:"1" maxLength:"100"`
	Action      string          `json:"action" minLength:"1" maxLength:"100" example:"settings" doc:"What is applied to each station: settings, read-settings, reset, firmware, local-list, install-certificate, availability, trigger, clear-cache"`
	Args        json.RawMessage `json:"args,omitempty" doc:"What the action is told. settings: {\"template\": id}, {\"settings\": [{\"name\", \"value\"}]}, or nothing for each station's own template; reset: {\"type\": \"soft\"}; firmware: as POST firmware of a station; local-list: {\"full\": true} or nothing; install-certificate: {\"use\", \"certificate\"}; availability: {\"operative\": false}; trigger: {\"message\": \"boot\"}"`
	Target      targetView      `json:"target"`
	Waves       []string        `json:"waves,omitempty" maxItems:"20" doc:"How many stations are reached with each wave, as a number or a percentage; absent is 1, 10%, 100%" example:"[\"1\",\"10%\",\"100%\"]"`
	MaxFailed   int             `json:"maxFailedPercent,omitempty" minimum:"0" maximum:"100" doc:"It stops when more of the stations up to the wave have failed; absent: when any has"`
	Concurrency int             `json:"concurrency,omitempty" minimum:"1" maximum:"100" doc:"Stations at one time; absent is 10"`
	SkipOffline bool            `json:"skipOffline,omitempty" doc:"Pass over stations that are not connected instead of waiting for them"`
	Deadline    *time.Time      `json:"deadline,omitempty" doc:"Until when stations are waited for; absent is a week"`
	DryRun      bool            `json:"dryRun,omitempty" doc:"Tell only what would be done"`
}

type waveView struct {
	Stations int                          `json:"stations" doc:"Reached with this wave, those of the ones before included"`
	States   map[campaign.MemberState]int `json:"states" doc:"How many stations of this wave are in which state"`
}

type campaignView struct {
	ID          string          `json:"id,omitempty" doc:"Absent for a dry run"`
	Name        string          `json:"name"`
	Action      string          `json:"action"`
	Args        json.RawMessage `json:"args,omitempty"`
	State       campaign.State  `json:"state" enum:"running,paused,stopped,done,cancelled" doc:"stopped: too many stations failed; it can be resumed"`
	Detail      string          `json:"detail,omitempty" doc:"Why it stopped"`
	Wave        int             `json:"wave" doc:"That is under way, from 1"`
	Waves       []waveView      `json:"waves" nullable:"false"`
	MaxFailed   int             `json:"maxFailedPercent"`
	Concurrency int             `json:"concurrency"`
	SkipOffline bool            `json:"skipOffline"`
	CreatedAt   time.Time       `json:"createdAt"`
	Deadline    time.Time       `json:"deadline"`
	EndedAt     *time.Time      `json:"endedAt,omitempty"`
	Plan        []memberView    `json:"plan,omitempty" doc:"Of a dry run: what would be done to the first stations"`
}

type memberView struct {
	Station   gnista.StationID     `json:"station"`
	Wave      int                  `json:"wave" doc:"From 1"`
	State     campaign.MemberState `json:"state" enum:"waiting,running,accepted,happened,failed,unknown,skipped" doc:"accepted: the station says that it will; skipped: it was not connected, or the campaign ended before its turn"`
	Detail    string               `json:"detail,omitempty"`
	Command   string               `json:"command,omitempty" doc:"Id of the command that was given"`
	StartedAt *time.Time           `json:"startedAt,omitempty"`
	EndedAt   *time.Time           `json:"endedAt,omitempty"`
}

func showMember(m campaign.Member) memberView {
	return memberView{m.Station, m.Wave + 1, m.State, m.Detail, m.Command, moment(m.StartedAt), moment(m.EndedAt)}
}

func showCampaign(c campaign.Campaign, counts []campaign.Count) campaignView {
	v := campaignView{
		ID: c.ID, Name: c.Name, Action: c.Action, Args: c.Args, State: c.State, Detail: c.Detail, Wave: c.Wave + 1, MaxFailed: c.MaxFailed, Concurrency: c.Concurrency,
		SkipOffline: c.SkipOffline, CreatedAt: c.CreatedAt, Deadline: c.Deadline, EndedAt: moment(c.EndedAt), Waves: make([]waveView, len(c.Sizes)),
	}
	for i, size := range c.Sizes {
		v.Waves[i] = waveView{size, map[campaign.MemberState]int{}}
	}
	for _, n := range counts {
		v.Waves[n.Wave].States[n.State] = n.N
	}
	return v
}

// plannedAtMost is how many stations a dry run tells of.
const plannedAtMost = 100

// plan is a campaign that would be, with what it would do.
func (s *Server) plan(ctx context.Context, c campaign.Campaign) (campaignView, error) {
	p, err := s.Campaigns.Plan(ctx, c)
	if err != nil {
		return campaignView{}, err
	}
	v := showCampaign(p.Campaign, nil)
	v.ID = ""
	for i, m := range p.Members {
		v.Waves[m.Wave].States[m.State]++
		if i < plannedAtMost {
			if m.Detail, err = s.Campaigns.Actions[c.Action].Plan(ctx, m.Station, c.Args); err != nil {
				m.Detail = err.Error()
			}
			v.Plan = append(v.Plan, showMember(m))
		}
	}
	return v, nil
}

// CampaignPath is the campaign in a path.
type CampaignPath struct {
	ID string `path:"id" doc:"Id of the campaign"`
}

func (s *Server) campaigns(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/campaigns", OperationID: "begin-campaign", Summary: "Apply something to many stations", Tags: []string{"Campaigns"}, DefaultStatus: http.StatusCreated,
		Description: "It goes to a few stations first, and on to more when it went well there.",
	}, func(ctx context.Context, in *struct{ Body campaignChange }) (*body[campaignView], error) {
		b := in.Body
		if err := kept("deadline", b.Deadline); err != nil {
			return nil, err
		}
		c := campaign.Campaign{
			Name: b.Name, Action: b.Action, Args: b.Args, Waves: b.Waves, MaxFailed: b.MaxFailed, Concurrency: b.Concurrency, SkipOffline: b.SkipOffline,
			Target: campaign.Target{Stations: b.Target.Stations, Match: station.StationMatch(b.Target.StationMatch), Template: b.Target.Template},
		}
		set(&c.Deadline, b.Deadline)
		if b.Target.Filter != nil {
			if len(b.Target.Stations) > 0 {
				return nil, gnista.Invalidf("target", "has both stations and a filter")
			}
			var err error
			if c.Target.Stations, err = s.Network.All(ctx, b.Target.Filter.filter(), mostTargets); err != nil {
				return nil, err
			}
			if len(c.Target.Stations) == 0 {
				return nil, gnista.Invalidf("target.filter", "lets no station through")
			}
		}
		if b.DryRun {
			return answer(s.plan(ctx, c))
		}
		c, err := s.Campaigns.Begin(ctx, c)
		if err != nil {
			return nil, err
		}
		return s.campaign(ctx, c, nil)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/campaigns", OperationID: "list-campaigns", Summary: "List campaigns, the newest first", Tags: []string{"Campaigns"}},
		func(ctx context.Context, in *struct {
			State campaign.State `query:"state" enum:"running,paused,stopped,done,cancelled" doc:"Only those in this state"`
			Paging
		}) (*body[page[campaignView]], error) {
			before, err := in.after()
			if err != nil {
				return nil, err
			}
			list, err := s.Campaigns.Store.Campaigns(ctx, in.State, before, in.Limit)
			if err != nil {
				return nil, err
			}
			views := make([]campaignView, len(list))
			for i, c := range list {
				counts, err := s.Campaigns.Store.CountMembers(ctx, c.ID)
				if err != nil {
					return nil, err
				}
				views[i] = showCampaign(c, counts)
			}
			return answer(turn(in.Paging, views, same, func(v campaignView) string { return v.ID }), nil)
		})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/campaigns/{id}", OperationID: "get-campaign", Summary: "Tell how far a campaign has come", Tags: []string{"Campaigns"}},
		func(ctx context.Context, in *CampaignPath) (*body[campaignView], error) {
			c, err := s.Campaigns.Store.Campaign(ctx, in.ID)
			return s.campaign(ctx, c, err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/campaigns/{id}/stations", OperationID: "list-campaign-stations", Summary: "List what became of the stations of a campaign", Tags: []string{"Campaigns"},
	}, func(ctx context.Context, in *struct {
		CampaignPath
		State campaign.MemberState `query:"state" enum:"waiting,running,accepted,happened,failed,unknown,skipped" doc:"Only those in this state"`
		Paging
	}) (*body[page[memberView]], error) {
		c, err := s.Campaigns.Store.Campaign(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		f := campaign.MemberFilter{Campaign: c.ID, State: in.State, Wave: len(c.Sizes), After: -1, Limit: in.Limit}
		if in.Cursor != "" {
			n, err := in.below() // counted from 1
			if err != nil {
				return nil, err
			}
			f.After = int(n) - 1
		}
		list, err := s.Campaigns.Store.Members(ctx, f)
		return answer(turn(in.Paging, list, showMember, func(m campaign.Member) string { return strconv.Itoa(m.Position + 1) }), err)
	})
	for verb, x := range map[string]struct {
		summary string
		do      func(context.Context, string) (campaign.Campaign, error)
	}{
		"pause":  {"Keep a campaign from going on", s.Campaigns.Pause},
		"resume": {"Let a campaign go on that was paused or has stopped", s.Campaigns.Resume},
		"cancel": {"End a campaign; stations that it has not come to are left as they are", s.Campaigns.Cancel},
	} {
		add(s, api, huma.Operation{Method: http.MethodPost, Path: "/campaigns/{id}/" + verb, OperationID: verb + "-campaign", Summary: x.summary, Tags: []string{"Campaigns"}},
			func(ctx context.Context, in *CampaignPath) (*body[campaignView], error) {
				c, err := x.do(ctx, in.ID)
				return s.campaign(ctx, c, err)
			})
	}
}

// campaign shows a campaign with its counts.
func (s *Server) campaign(ctx context.Context, c campaign.Campaign, err error) (*body[campaignView], error) {
	if err != nil {
		return nil, err
	}
	counts, err := s.Campaigns.Store.CountMembers(ctx, c.ID)
	return answer(showCampaign(c, counts), err)
}
