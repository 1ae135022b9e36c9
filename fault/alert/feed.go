package alert

import (
	"context"
	"fmt"
	"slices"

	"gnista"
)

// Events reads durable events.
type Events interface {
	// Events lists up to limit events behind the one with the number after.
	Events(ctx context.Context, after int64, limit int) ([]gnista.Event, error)
	// LastEvent is the number of the newest event.
	LastEvent(ctx context.Context) (int64, error)
}

const (
	feedBatch = 200
	feedRoom  = 100  // deliveries that wait for one channel; more events are read when there is room
	feedReads = 5000 // events of one look
)

// feed makes deliveries of the events that webhooks follow.
func (a *Alerts) feed(ctx context.Context) error {
	hooks, err := a.Store.Channels(ctx, ChannelFilter{Kind: ByWebhook, Limit: mostChannels})
	if err != nil {
		return err
	}
	for _, c := range hooks {
		if len(c.Events) == 0 || c.State != On {
			continue
		}
		if err := a.feedOne(ctx, c); err != nil {
			return fmt.Errorf("reading events for the webhook %s: %w", c.ID, err)
		}
	}
	return nil
}

func (a *Alerts) feedOne(ctx context.Context, c Channel) error {
	waiting, err := a.Store.WaitingFor(ctx, c.ID)
	if err != nil {
		return err
	}
	room, to := feedRoom-waiting, address{Channel: c}
	for read := 0; room > 0 && read < feedReads; {
		evs, err := a.Events.Events(ctx, c.After, feedBatch)
		if err != nil || len(evs) == 0 {
			return err
		}
		read += len(evs)
		var out []Delivery
		for _, ev := range evs {
			if room == 0 {
				break
			}
			c.After = ev.Seq
			if c.follows(ev) {
				out = append(out, a.delivery(fmt.Sprintf("event:%s/%d", c.ID, ev.Seq), to, OnEvent, "", Message{Event: &ev}))
				room--
			}
		}
		if err := a.Store.FeedChannel(ctx, c.ID, c.After, out); err != nil {
			return passOver(err)
		}
	}
	return nil
}

// follows tells whether a webhook is told of an event. What failed to reach it is not sent to itself.
func (c Channel) follows(ev gnista.Event) bool {
	if ev.Subject == c.ID {
		return false
	}
	return slices.ContainsFunc(c.Events, func(p string) bool { return like(p, ev.Kind) })
}
