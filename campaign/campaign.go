// Package campaign applies something to many stations: to a few at first, and to more only when it
// went well there. What is applied is an [Action]; everything else, who comes when and what became of
// it, is the same for all and is kept in the store, so that a campaign goes on where it was when the
// system is started again.
package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"gnista"
	"gnista/station"
)

// Campaign applies one thing to many stations.
type Campaign struct {
	ID          string
	Name        string
	Action      string          // name of the [Action]
	Args        json.RawMessage // what the action is told
	Target      Target
	Waves       []string // how many stations are reached with each wave: a number or a percentage
	Sizes       []int    // the same as numbers of stations, each with those of the waves before
	MaxFailed   int      // percentage of the stations up to this wave that may fail before it stops
	Concurrency int      // stations at one time
	SkipOffline bool     // stations that are not connected are passed over instead of waited for
	State       State
	Detail      string // why it stopped
	Wave        int    // that is under way, from 0
	Forgiven    int    // failures from before it was resumed, which do not stop it again
	CreatedAt   time.Time
	Deadline    time.Time // until which stations are waited for
	EndedAt     time.Time
}

// State is how far a campaign has come.
type State string

// The states. The last two are final.
const (
	Running   State = "running"
	Paused    State = "paused"    // by the operator
	Stopped   State = "stopped"   // too many stations failed
	Done      State = "done"      // nothing is left to be done
	Cancelled State = "cancelled" // by the operator
)

// Target says of which stations a campaign is: those that are named, or else those that match.
type Target struct {
	Stations []gnista.StationID   `json:"stations,omitempty"`
	Match    station.StationMatch `json:"match"`
	Template string               `json:"template,omitempty"` // id: only those that have it
}

// Member is a station of a campaign.
type Member struct {
	Campaign  string
	Position  int // in the order in which they come
	Station   gnista.StationID
	Wave      int
	State     MemberState
	Detail    string
	Command   string // id of the command whose outcome is waited for; empty where there is none
	Attempts  int
	StartedAt time.Time
	EndedAt   time.Time
}

// MemberState is how far a campaign has come with a station.
type MemberState string

// The states. The last four are final.
const (
	Waiting  MemberState = "waiting"
	Applying MemberState = "running"
	Agreed   MemberState = "accepted" // the station says that it will
	Happened MemberState = "happened"
	Failed   MemberState = "failed"
	Unknown  MemberState = "unknown" // nobody knows whether it happened
	Skipped  MemberState = "skipped"
)

// Store keeps campaigns.
type Store interface {
	// AddCampaign keeps a campaign with its members.
	AddCampaign(ctx context.Context, c Campaign, members []Member) error
	// ChangeCampaign changes a campaign; the events go into the same SQL transaction. NotFound.
	ChangeCampaign(ctx context.Context, id string, change func(*Campaign) ([]gnista.Event, error)) (Campaign, error)
	// Campaign finds a campaign. NotFound.
	Campaign(ctx context.Context, id string) (Campaign, error)
	// Campaigns lists campaigns, the newest first, behind the one with the id before; in a state, or in
	// any when that is empty.
	Campaigns(ctx context.Context, state State, before string, limit int) ([]Campaign, error)
	// RunningCampaigns lists the ids of those that are running.
	RunningCampaigns(ctx context.Context) ([]string, error)
	// SaveMember stores what became of a station.
	SaveMember(ctx context.Context, m Member) error
	// SkipMembers ends all members that wait.
	SkipMembers(ctx context.Context, campaign, detail string, at time.Time) error
	// Members lists members up to a wave, behind a position (-1: from the first), in a state or in any.
	Members(ctx context.Context, f MemberFilter) ([]Member, error)
	// CountMembers counts members by wave and state.
	CountMembers(ctx context.Context, campaign string) ([]Count, error)
}

// MemberFilter says which members to list.
type MemberFilter struct {
	Campaign string
	State    MemberState // empty is any
	Wave     int         // up to this one
	After    int         // position
	Limit    int
}

// Count is how many members of a wave are in a state.
type Count struct {
	Wave  int
	State MemberState
	N     int
}

// Campaigns runs campaigns.
type Campaigns struct {
	Store    Store
	Network  *station.Network
	Presence station.Presence
	Actions  map[string]Action
	Now      func() time.Time
	NewID    func() string
	Log      *slog.Logger

	running sync.Map // ids of campaigns that are being stepped
}

// Limits of campaigns.
const (
	maxMembers     = 100_000
	maxWaves       = 20
	maxConcurrency = 100
	maxName        = 100
	maxArgs        = 64 << 10
	defaultWaiting = 7 * 24 * time.Hour // for stations that are not connected
	attempts       = 3                  // at a station that is busy with something else
	agreedTime     = 48 * time.Hour     // in which what was accepted has shown
)

// Plan is what a campaign would do.
type Plan struct {
	Campaign Campaign
	Members  []Member
}

// Plan makes a campaign without beginning it. Invalid, NotFound.
func (c *Campaigns) Plan(ctx context.Context, x Campaign) (Plan, error) {
	action := c.Actions[x.Action]
	if action == nil {
		return Plan{}, gnista.Invalidf("action", "%q is none of %s", x.Action, strings.Join(slices.Sorted(maps.Keys(c.Actions)), ", "))
	}
	if n := utf8.RuneCountInString(x.Name); n > maxName {
		return Plan{}, gnista.Invalidf("name", "is longer than %d characters", maxName)
	}
	if len(x.Args) > maxArgs {
		return Plan{}, gnista.Invalidf("args", "is longer than %d bytes", maxArgs)
	}
	if x.MaxFailed < 0 || x.MaxFailed > 100 {
		return Plan{}, gnista.Invalidf("maxFailedPercent", "is not 0 to 100")
	}
	if x.Concurrency == 0 {
		x.Concurrency = 10
	}
	if x.Concurrency < 1 || x.Concurrency > maxConcurrency {
		return Plan{}, gnista.Invalidf("concurrency", "is not 1 to %d", maxConcurrency)
	}
	now := c.Now()
	if x.Deadline.IsZero() {
		x.Deadline = now.Add(defaultWaiting)
	}
	if !x.Deadline.After(now) {
		return Plan{}, gnista.Invalidf("deadline", "is over")
	}
	if err := action.Check(ctx, x.Args); err != nil {
		return Plan{}, err
	}
	ids, err := c.resolve(ctx, x.Target)
	if err != nil {
		return Plan{}, err
	}
	if len(x.Waves) == 0 {
		x.Waves = []string{"1", "10%", "100%"}
	}
	if x.Sizes, err = sizes(x.Waves, len(ids)); err != nil {
		return Plan{}, err
	}
	x.ID, x.State, x.CreatedAt = c.NewID(), Running, now
	p := Plan{Campaign: x, Members: make([]Member, len(ids))}
	wave := 0
	for i, id := range ids {
		for i >= x.Sizes[wave] {
			wave++
		}
		p.Members[i] = Member{Campaign: x.ID, Position: i, Station: id, Wave: wave, State: Waiting}
	}
	return p, nil
}

// sizes are how many of n stations are reached with each wave. The last one reaches all.
func sizes(waves []string, n int) ([]int, error) {
	if len(waves) > maxWaves {
		return nil, gnista.Invalidf("waves", "has more than %d", maxWaves)
	}
	var out []int
	last := 0
	for i, w := range waves {
		field := fmt.Sprintf("waves[%d]", i)
		text, percent := strings.CutSuffix(w, "%")
		size, err := strconv.Atoi(text)
		if err != nil || size < 1 || percent && size > 100 {
			return nil, gnista.Invalidf(field, "%q is neither a number of stations nor a percentage of them", w)
		}
		if percent {
			size = (n*size + 99) / 100
		}
		size = min(size, n)
		if size <= last { // as of few stations 10 % may be none
			continue
		}
		out, last = append(out, size), size
	}
	if last < n {
		out = append(out, n)
	}
	return out, nil
}

// resolve lists the stations of a target: those that are connected first. Invalid.
func (c *Campaigns) resolve(ctx context.Context, t Target) ([]gnista.StationID, error) {
	ids := slices.Clone(t.Stations)
	if len(ids) > maxMembers {
		return nil, gnista.Invalidf("target.stations", "has more than %d", maxMembers)
	}
	seen := map[gnista.StationID]bool{}
	for i, id := range ids {
		if _, err := c.Network.Store.Station(ctx, id); gnista.CodeOf(err) == gnista.NotFound && err != nil {
			return nil, gnista.Invalidf(fmt.Sprintf("target.stations[%d]", i), "there is no station %q", id)
		} else if err != nil {
			return nil, err
		}
		if seen[id] {
			return nil, gnista.Invalidf(fmt.Sprintf("target.stations[%d]", i), "%q is there twice", id)
		}
		seen[id] = true
	}
	if len(ids) == 0 {
		var err error
		if ids, err = c.matching(ctx, t); err != nil {
			return nil, err
		}
	}
	if len(ids) == 0 {
		return nil, gnista.Invalidf("target", "there is no such station")
	}
	slices.SortStableFunc(ids, func(a, b gnista.StationID) int {
		_, x := c.Presence.Connection(a)
		_, y := c.Presence.Connection(b)
		switch {
		case x == y:
			return strings.Compare(string(a), string(b))
		case x:
			return -1
		}
		return 1
	})
	return ids, nil
}

// matching lists the stations that match a target and are in service.
func (c *Campaigns) matching(ctx context.Context, t Target) ([]gnista.StationID, error) {
	if t.Template != "" {
		if _, err := c.Network.Settings.Template(ctx, t.Template); err != nil {
			return nil, gnista.Invalidf("target.template", "%v", err)
		}
	}
	var ids []gnista.StationID
	const some = 1000
	for after := gnista.StationID(""); ; {
		list, err := c.Network.Store.Stations(ctx, after, some)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			if s.State != station.Accepted || !t.Match.Matches(s) {
				continue
			}
			if t.Template != "" {
				if has, err := c.Network.TemplateOf(ctx, s); err != nil {
					return nil, err
				} else if has.ID != t.Template {
					continue
				}
			}
			if ids = append(ids, s.ID); len(ids) > maxMembers {
				return nil, gnista.Invalidf("target", "has more than %d stations", maxMembers)
			}
		}
		if len(list) < some {
			return ids, nil
		}
		after = list[len(list)-1].ID
	}
}

// Begin begins a campaign. Invalid, NotFound.
func (c *Campaigns) Begin(ctx context.Context, x Campaign) (Campaign, error) {
	p, err := c.Plan(ctx, x)
	if err != nil {
		return x, err
	}
	return p.Campaign, c.Store.AddCampaign(ctx, p.Campaign, p.Members)
}

// Pause keeps a campaign from going on to further stations. Conflict, NotFound.
func (c *Campaigns) Pause(ctx context.Context, id string) (Campaign, error) {
	return c.move(ctx, id, Paused, Running)
}

// Resume lets a campaign go on that was paused, or that stopped because stations failed; those are
// left as they are. Conflict, NotFound.
func (c *Campaigns) Resume(ctx context.Context, id string) (Campaign, error) {
	_, failed, err := c.tally(ctx, id)
	if err != nil {
		return Campaign{}, err
	}
	return c.Store.ChangeCampaign(ctx, id, func(x *Campaign) ([]gnista.Event, error) {
		if x.State == Stopped {
			x.Forgiven = failed
		}
		return c.to(x, Running, Paused, Stopped)
	})
}

// Cancel ends a campaign; stations that it has not come to are left as they are. Conflict, NotFound.
func (c *Campaigns) Cancel(ctx context.Context, id string) (Campaign, error) {
	x, err := c.move(ctx, id, Cancelled, Running, Paused, Stopped)
	if err != nil {
		return x, err
	}
	return x, c.Store.SkipMembers(ctx, id, "the campaign was cancelled", c.Now())
}

func (c *Campaigns) move(ctx context.Context, id string, to State, from ...State) (Campaign, error) {
	return c.Store.ChangeCampaign(ctx, id, func(x *Campaign) ([]gnista.Event, error) { return c.to(x, to, from...) })
}

// to changes the state of a campaign. Conflict.
func (c *Campaigns) to(x *Campaign, to State, from ...State) ([]gnista.Event, error) {
	if !slices.Contains(from, x.State) {
		return nil, gnista.Errorf(gnista.Conflict, "the campaign is %s", x.State)
	}
	x.State, x.Detail = to, ""
	if to == Done || to == Cancelled {
		x.EndedAt = c.Now()
	}
	return []gnista.Event{c.event(*x)}, nil
}

func (c *Campaigns) event(x Campaign) gnista.Event {
	data, _ := json.Marshal(map[string]any{"name": x.Name, "action": x.Action, "state": x.State, "wave": x.Wave + 1, "detail": x.Detail}) // texts and numbers always marshal
	return gnista.Event{At: c.Now(), Kind: "campaign.changed", Subject: x.ID, Data: data}
}
