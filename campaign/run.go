package campaign

import (
	"context"
	"fmt"
	"sync"
	"time"

	"gnista"
	"gnista/station"
)

// every is how often campaigns look for stations that have connected meanwhile.
const every = 5 * time.Second

// Run runs campaigns until ctx ends, each by itself.
func (c *Campaigns) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, id := range c.due(ctx) {
			if _, busy := c.running.LoadOrStore(id, true); busy {
				continue
			}
			wg.Go(func() {
				defer c.running.Delete(id)
				if err := c.Step(ctx, id); err != nil && ctx.Err() == nil {
					c.Log.Error("a campaign could not go on", "campaign", id, "err", err)
				}
			})
		}
	}
}

// due lists the campaigns that are running.
func (c *Campaigns) due(ctx context.Context) []string {
	ids, err := c.Store.RunningCampaigns(ctx)
	if err != nil && ctx.Err() == nil {
		c.Log.Error("campaigns could not be listed", "err", err)
	}
	return ids
}

// Step takes a campaign as far as it can go now.
func (c *Campaigns) Step(ctx context.Context, id string) error {
	for ctx.Err() == nil {
		x, err := c.Store.Campaign(ctx, id)
		if err != nil || x.State != Running {
			return err
		}
		if went, err := c.stepOnce(ctx, x); err != nil || !went {
			return err
		}
	}
	return nil
}

// stepOnce goes on with a campaign and tells whether there may be more to do at once.
func (c *Campaigns) stepOnce(ctx context.Context, x Campaign) (bool, error) {
	action := c.Actions[x.Action]
	if action == nil {
		return false, c.stop(ctx, x, fmt.Sprintf("there is no action %q any more", x.Action))
	}
	if err := c.recover(ctx, x, action); err != nil {
		return false, err
	}
	if err := c.settle(ctx, x); err != nil {
		return false, err
	}
	n, failed, err := c.tally(ctx, x.ID)
	if err != nil {
		return false, err
	}
	if most := x.Sizes[x.Wave] * x.MaxFailed / 100; failed-x.Forgiven > most {
		return false, c.stop(ctx, x, fmt.Sprintf("of %d stations %d failed, and %d may", x.Sizes[x.Wave], failed-x.Forgiven, most))
	}
	if !x.Deadline.After(c.Now()) && n.waiting(len(x.Sizes)) > 0 {
		return true, c.Store.SkipMembers(ctx, x.ID, "it was not connected before the deadline", c.Now())
	}
	next, err := c.next(ctx, x)
	if err != nil {
		return false, err
	}
	if len(next) > 0 {
		return true, c.apply(ctx, x, action, next)
	}
	if n.of(x.Wave, Agreed) > 0 || n.of(x.Wave, Happened) == 0 && n.waiting(x.Wave) > 0 {
		return false, nil // of a wave somebody must have shown that it goes well
	}
	if x.Wave+1 < len(x.Sizes) {
		_, err := c.Store.ChangeCampaign(ctx, x.ID, func(x *Campaign) ([]gnista.Event, error) {
			if x.State != Running {
				return nil, nil
			}
			x.Wave++
			return []gnista.Event{c.event(*x)}, nil
		})
		return true, err
	}
	if n.waiting(len(x.Sizes)) > 0 {
		return false, nil
	}
	_, err = c.move(ctx, x.ID, Done, Running)
	return false, ignoring(err, gnista.Conflict)
}

// ignoring is err unless it has the code.
func ignoring(err error, code gnista.Code) error {
	if err != nil && gnista.CodeOf(err) == code {
		return nil
	}
	return err
}

func (c *Campaigns) stop(ctx context.Context, x Campaign, why string) error {
	_, err := c.Store.ChangeCampaign(ctx, x.ID, func(x *Campaign) ([]gnista.Event, error) {
		if x.State != Running {
			return nil, nil
		}
		x.State, x.Detail = Stopped, why
		return []gnista.Event{c.event(*x)}, nil
	})
	return err
}

// tally counts the members of a campaign, and those that failed.
func (c *Campaigns) tally(ctx context.Context, id string) (n counts, failed int, err error) {
	n, err = c.Store.CountMembers(ctx, id)
	for _, x := range n {
		if x.State == Failed || x.State == Unknown {
			failed += x.N
		}
	}
	return n, failed, err
}

type counts []Count

// of counts the members in a state up to a wave.
func (list counts) of(wave int, state MemberState) (n int) {
	for _, x := range list {
		if x.Wave <= wave && x.State == state {
			n += x.N
		}
	}
	return n
}

func (list counts) waiting(wave int) int { return list.of(wave, Waiting) }

// most is how many members are looked at together.
const most = 500

// recover takes up members whose turn it was when the system ended.
func (c *Campaigns) recover(ctx context.Context, x Campaign, a Action) error {
	list, err := c.Store.Members(ctx, MemberFilter{Campaign: x.ID, State: Applying, Wave: len(x.Sizes), After: -1, Limit: most})
	for _, m := range list {
		if m.State = Waiting; !a.Repeatable() {
			m.State, m.Detail, m.EndedAt = Unknown, "the system ended while it was under way", c.Now()
		}
		if err := c.Store.SaveMember(ctx, m); err != nil {
			return err
		}
	}
	return err
}

// settle looks at what became of what stations have agreed to.
func (c *Campaigns) settle(ctx context.Context, x Campaign) error {
	for after := -1; ; {
		list, err := c.Store.Members(ctx, MemberFilter{Campaign: x.ID, State: Agreed, Wave: len(x.Sizes), After: after, Limit: most})
		if err != nil {
			return err
		}
		for _, m := range list {
			after = m.Position
			cmd, err := c.Network.Commands.Command(ctx, m.Command)
			switch {
			case err != nil && gnista.CodeOf(err) != gnista.NotFound:
				return err
			case err != nil || c.Now().Sub(m.StartedAt) > agreedTime:
				m.State, m.Detail = Unknown, "what became of it did not show"
			case cmd.EndedAt.IsZero():
				continue
			default:
				m.State, m.Detail = ended(cmd.Outcome), cmd.Detail
			}
			m.EndedAt = c.Now()
			if err := c.Store.SaveMember(ctx, m); err != nil {
				return err
			}
		}
		if len(list) < most {
			return nil
		}
	}
}

// ended is the state of a member whose command has an outcome.
func ended(o station.Outcome) MemberState {
	switch o {
	case station.Happened:
		return Happened
	case station.Agreed:
		return Agreed
	case station.Failed, station.Declined:
		return Failed
	}
	return Unknown
}

// next lists members that can be come to now.
func (c *Campaigns) next(ctx context.Context, x Campaign) (next []Member, err error) {
	for after := -1; ; {
		list, err := c.Store.Members(ctx, MemberFilter{Campaign: x.ID, State: Waiting, Wave: x.Wave, After: after, Limit: most})
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			after = m.Position
			if _, connected := c.Presence.Connection(m.Station); connected {
				if next = append(next, m); len(next) == x.Concurrency {
					return next, nil
				}
			} else if x.SkipOffline {
				m.State, m.Detail, m.EndedAt = Skipped, "it was not connected", c.Now()
				if err := c.Store.SaveMember(ctx, m); err != nil {
					return nil, err
				}
			}
		}
		if len(list) < most {
			return next, nil
		}
	}
}

// apply applies the action to some stations at one time, and waits until it is done with all.
func (c *Campaigns) apply(ctx context.Context, x Campaign, a Action, list []Member) error {
	failed := make([]error, len(list))
	var wg sync.WaitGroup
	for i, m := range list {
		wg.Go(func() { failed[i] = c.applyTo(ctx, x, a, m) })
	}
	wg.Wait()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Campaigns) applyTo(ctx context.Context, x Campaign, a Action, m Member) error {
	m.State, m.Detail, m.StartedAt = Applying, "", c.Now()
	m.Attempts++
	if err := c.Store.SaveMember(ctx, m); err != nil {
		return err
	}
	r, err := a.Apply(station.By(ctx, x.Name), m.Station, x.Args)
	m.State, m.Detail, m.Command = r.State, r.Detail, r.Command
	switch code := gnista.CodeOf(err); {
	case err == nil:
	case ctx.Err() != nil:
		return nil // the member is found as it is when the campaign goes on
	case code == gnista.Offline: // it has gone meanwhile
		m.State, m.Detail, m.Attempts = Waiting, err.Error(), 0
	case code == gnista.Conflict && m.Attempts < attempts: // it is busy
		m.State, m.Detail = Waiting, err.Error()
	case code == gnista.Timeout:
		m.State, m.Detail = Unknown, err.Error()
	case code == gnista.Internal:
		c.Log.Error("a campaign failed at a station", "campaign", x.ID, "station", m.Station, "err", err)
		m.State, m.Detail = Failed, "an internal error; the log has more"
	default:
		m.State, m.Detail = Failed, err.Error()
	}
	if m.State != Waiting && m.State != Agreed {
		m.EndedAt = c.Now()
	}
	return c.Store.SaveMember(context.WithoutCancel(ctx), m)
}
