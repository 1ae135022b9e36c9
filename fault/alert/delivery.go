package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"gnista"
	"gnista/fault"
)

// Cause is why something is sent.
type Cause string

// The causes.
const (
	OnOpened    Cause = "opened"
	OnEscalated Cause = "escalated" // nobody acknowledged it
	OnCleared   Cause = "cleared"
	OnSummary   Cause = "summary" // of alerts that were too many
	OnDigest    Cause = "digest"
	OnTest      Cause = "test"
	OnEvent     Cause = "event"
)

// DeliveryState is how far a delivery has come.
type DeliveryState string

// The states of deliveries.
const (
	Waiting   DeliveryState = "waiting"
	Sending   DeliveryState = "sending" // or cut off while it was
	Sent      DeliveryState = "sent"    // and taken by the next server
	Dead      DeliveryState = "dead"    // given up; a person may have it sent again
	Withdrawn DeliveryState = "withdrawn"
	Summed    DeliveryState = "in-summary" // told in a summary instead
)

// Result is what came of one try.
type Result string

// The results.
const (
	Arrived Result = "sent"
	Later   Result = "failed"  // not taken now
	Never   Result = "refused" // will never be taken
	Gone    Result = "gone"    // the receiver is no longer there
	Unknown Result = "unknown" // nobody knows whether it was taken
)

// Try is one try to send something.
type Try struct {
	At     time.Time `json:"at"`
	Result Result    `json:"result,omitempty" enum:"sent,failed,refused,gone,unknown" doc:"Absent while it is sent; unknown: the connection broke before it was known whether it arrived"`
	Status int       `json:"status,omitempty" doc:"That the receiver answered with"`
	Note   string    `json:"note,omitempty" doc:"What it said, cut off"`
	Next   time.Time `json:"next,omitzero" doc:"When it is tried again"`
}

// Delivery is one message to one channel.
type Delivery struct {
	ID        string // by which the receiver knows it again
	Key       string // for what it is: there are no two with the same
	Channel   string
	Alert     string // empty for what is of no alert
	Cause     Cause
	State     DeliveryState
	To        string // the address, masked
	Message   Message
	Doubtful  bool // an earlier try may have arrived
	Into      string
	CreatedAt time.Time
	NextAt    time.Time
	Until     time.Time // when it is given up
	DoneAt    time.Time
	Tries     []Try
}

// DeliveryFilter selects deliveries for a list, the newest first.
type DeliveryFilter struct {
	Channel string        // empty is any
	Alert   string        // empty is any
	State   DeliveryState // empty is any
	Before  string        // only those with a lower id
	Limit   int
}

// DeliveryStore keeps deliveries.
type DeliveryStore interface {
	// AddDeliveries keeps new deliveries; those whose Key there is already are passed over.
	AddDeliveries(ctx context.Context, list []Delivery) error
	// ChangeDelivery changes a delivery; the events go into the same SQL transaction. NotFound.
	ChangeDelivery(ctx context.Context, id string, f func(*Delivery) ([]gnista.Event, error)) (Delivery, error)
	// SumDeliveries puts a summary in the place of deliveries of a channel that wait.
	SumDeliveries(ctx context.Context, ids []string, summary Delivery) error
	// DueChannels lists the channels that are on and for which something is due at a time.
	DueChannels(ctx context.Context, at time.Time, limit int) ([]string, error)
	// DueDeliveries lists what is due for a channel, the longest first.
	DueDeliveries(ctx context.Context, channel string, at time.Time, limit int) ([]Delivery, error)
	// SentSince counts alerts that a channel has taken since a time.
	SentSince(ctx context.Context, channel string, since time.Time) (int, error)
	// WaitingFor counts what waits for a channel.
	WaitingFor(ctx context.Context, channel string) (int, error)
	// Delivery finds a delivery. NotFound.
	Delivery(ctx context.Context, id string) (Delivery, error)
	// Deliveries lists deliveries.
	Deliveries(ctx context.Context, f DeliveryFilter) ([]Delivery, error)
}

// How deliveries are tried.
const (
	tryFor    = 24 * time.Hour
	sendTime  = 30 * time.Second // for one try
	cutOff    = 2 * time.Minute  // after which it was cut off
	perPass   = 20               // deliveries for a channel in a row
	atOnce    = 32               // channels at one time
	mostNote  = 500              // characters of an answer
	mostTries = 30
	foldFrom  = 500 // deliveries that one summary is of
)

// pauses are the times between tries; the last goes on.
var pauses = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour}

// outcome is what came of a try, told by who tried.
type outcome struct {
	result Result
	status int
	note   string
	after  time.Duration // at the earliest, as the receiver asked
}

// delivery makes a delivery that waits.
func (a *Alerts) delivery(key string, to address, cause Cause, alert string, m Message) Delivery {
	now := a.Now()
	m.Language, m.Zone, m.Person = to.person.Language, a.in(to.person.Zone).String(), to.person.ID
	if m.Language == "" {
		m.Language = fault.English
	}
	return Delivery{
		ID: a.NewID(), Key: key, Channel: to.ID, Alert: alert, Cause: cause, State: Waiting, To: to.mask(), Message: m, CreatedAt: now, NextAt: now, Until: now.Add(tryFor),
	}
}

// recover takes up what has been sent for so long that it was cut off, as we have ended or the store has failed: whether
// it arrived nobody knows. There is little of it, as a channel is sent one thing at a time.
func (a *Alerts) recover(ctx context.Context, long time.Duration) error {
	list, err := a.Store.Deliveries(ctx, DeliveryFilter{State: Sending, Limit: 500})
	for _, x := range list {
		if err == nil {
			_, err = a.Store.ChangeDelivery(ctx, x.ID, func(x *Delivery) ([]gnista.Event, error) {
				now := a.Now()
				if x.State != Sending || now.Sub(x.Tries[len(x.Tries)-1].At) < long {
					return nil, nil
				}
				return x.close(outcome{result: Unknown, note: "it was cut off before there was an answer"}, now), nil
			})
		}
	}
	return err
}

// claim begins a try.
func (x *Delivery) claim(now time.Time) bool {
	if x.State != Waiting {
		return false
	}
	x.State = Sending
	x.Tries = append(x.Tries, Try{At: now})
	if n := len(x.Tries) - mostTries; n > 0 {
		x.Tries = x.Tries[n:]
	}
	return true
}

// close ends a try.
func (x *Delivery) close(o outcome, now time.Time) []gnista.Event {
	if x.State != Sending {
		return nil
	}
	t := &x.Tries[len(x.Tries)-1]
	t.Result, t.Status, t.Note = o.result, o.status, o.note
	x.Doubtful = x.Doubtful || o.result == Unknown
	x.NextAt = now.Add(max(pauses[min(len(x.Tries), len(pauses))-1], o.after))
	switch {
	case o.result == Arrived:
		x.State, x.DoneAt = Sent, now
		return nil
	case o.result == Never, o.result == Gone, x.NextAt.After(x.Until), x.Cause == OnTest:
		x.State, x.DoneAt = Dead, now
		data, _ := json.Marshal(map[string]string{"delivery": x.ID, "channel": x.Channel, "to": x.To, "cause": string(x.Cause), "why": string(o.result)})
		return []gnista.Event{{At: now, Kind: "alert.undelivered", Subject: x.Channel, Data: data}}
	}
	x.State, t.Next = Waiting, x.NextAt
	return nil
}

// send begins to send what is due to the channels that nothing is sent to, without waiting for it.
func (a *Alerts) send(ctx context.Context) (int, error) {
	due, err := a.Store.DueChannels(ctx, a.Now(), 10*atOnce)
	if err != nil {
		return 0, err
	}
	begun := 0
	for _, id := range due {
		if !a.take(id) {
			continue
		}
		begun++
		a.sending.Go(func() {
			defer a.release(id)
			if err := a.pass(ctx, id); err != nil && ctx.Err() == nil {
				a.Log.Error("what is due for a channel of alerts could not be sent and is tried again", "channel", id, "err", err)
			}
		})
	}
	return begun, nil
}

// take takes a channel for one sender.
func (a *Alerts) take(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.busy == nil {
		a.busy = map[string]bool{}
	}
	if a.busy[id] || len(a.busy) >= atOnce {
		return false
	}
	a.busy[id] = true
	return true
}

func (a *Alerts) release(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.busy, id)
}

// pass sends what is due to one channel, until something fails.
func (a *Alerts) pass(ctx context.Context, id string) error {
	c, err := a.Store.Channel(ctx, id)
	if err != nil {
		return err
	}
	now := a.Now()
	most := perPass
	if c.PerMinute > 0 {
		most = foldFrom
	}
	list, err := a.Store.DueDeliveries(ctx, id, now, most)
	if err != nil {
		return err
	}
	if c.PerMinute > 0 {
		if list, err = a.throttle(ctx, c, list, now); err != nil {
			return err
		}
	}
	for _, x := range list {
		x, err := a.attempt(ctx, c, x.ID)
		if err != nil {
			return err
		}
		if x.State != Sent || ctx.Err() != nil {
			break
		}
	}
	return nil
}

// alerting tells whether a delivery counts among the alerts that a person gets.
func (x Delivery) alerting() bool {
	return x.Cause == OnOpened || x.Cause == OnEscalated || x.Cause == OnCleared
}

// throttle is what may be sent to a channel now: what is more than it takes in a minute becomes one summary.
func (a *Alerts) throttle(ctx context.Context, c Channel, list []Delivery, now time.Time) ([]Delivery, error) {
	sent, err := a.Store.SentSince(ctx, c.ID, now.Add(-time.Minute))
	if err != nil {
		return nil, err
	}
	room := c.PerMinute - sent
	var out, fold []Delivery
	alerts := 0
	for _, x := range list {
		if x.alerting() && len(x.Tries) == 0 {
			alerts++
		}
	}
	for _, x := range list {
		switch {
		case x.Cause == OnTest:
			out = append(out, x)
		case !x.alerting() || len(x.Tries) > 0:
			if room > 0 {
				out, room = append(out, x), room-1
			}
		case alerts <= room || room > 1:
			out, room, alerts = append(out, x), room-1, alerts-1
		default:
			fold = append(fold, x)
		}
	}
	if len(fold) < 2 || room < 1 {
		if room > 0 {
			out = append(out, fold...)
		}
		return out, nil
	}
	sum := a.delivery("summary:"+fold[0].ID, address{Channel: c}, OnSummary, "", Message{})
	sum.Message.Language, sum.Message.Zone, sum.Message.Person = fold[0].Message.Language, fold[0].Message.Zone, fold[0].Message.Person
	ids := make([]string, len(fold))
	for i, x := range fold {
		ids[i] = x.ID
		for _, it := range x.Message.About {
			it.Cause = x.Cause
			sum.Message.add(it)
		}
	}
	if err := a.Store.SumDeliveries(ctx, ids, sum); err != nil {
		return nil, err
	}
	return append(out, sum), nil
}

// attempt makes one try. That it is made is on disk before, and what came of it after.
func (a *Alerts) attempt(ctx context.Context, c Channel, id string) (Delivery, error) {
	mine := false
	x, err := a.Store.ChangeDelivery(ctx, id, func(x *Delivery) ([]gnista.Event, error) {
		mine = x.claim(a.Now())
		return nil, nil
	})
	if err != nil || !mine {
		return x, err
	}
	return a.finish(ctx, c, x)
}

// finish makes the try that a delivery was claimed for.
func (a *Alerts) finish(ctx context.Context, c Channel, x Delivery) (Delivery, error) {
	trying, cancel := context.WithTimeout(ctx, sendTime)
	o := a.try(trying, c, x)
	cancel()
	o.note = plain(strings.ReplaceAll(o.note, c.Address, c.mask()), mostNote)
	// It is known now, also when we are to end.
	ctx = context.WithoutCancel(ctx)
	x, err := a.Store.ChangeDelivery(ctx, x.ID, func(x *Delivery) ([]gnista.Event, error) { return x.close(o, a.Now()), nil })
	if err != nil {
		return x, err
	}
	return x, a.judge(ctx, c, o)
}

func (a *Alerts) try(ctx context.Context, c Channel, x Delivery) outcome {
	switch c.Kind {
	case ByMail:
		return a.mail(ctx, c, x)
	case ByWebhook:
		return a.call(ctx, c, x)
	}
	return a.push(ctx, c, x)
}

// judge takes note of what a try says of its channel.
func (a *Alerts) judge(ctx context.Context, c Channel, o outcome) error {
	now := a.Now()
	switch {
	case o.result == Arrived:
		if c.FailingSince.IsZero() {
			return nil
		}
		_, err := a.Store.ChangeChannel(ctx, c.ID, func(c *Channel) ([]gnista.Event, error) { c.FailingSince = time.Time{}; return nil, nil })
		return passOver(err)
	case o.result == Gone && c.Kind == ByPush: // the browser has ended its subscription
		if err := passOver(a.Store.DeleteChannel(ctx, c.ID, now)); err != nil {
			return err
		}
		return a.reportFailed(ctx)
	case o.result == Gone:
		return a.disable(ctx, c.ID, "it answered that it is gone (410)")
	case c.FailingSince.IsZero():
		_, err := a.Store.ChangeChannel(ctx, c.ID, func(c *Channel) ([]gnista.Event, error) { c.FailingSince = now; return nil, nil })
		return passOver(err)
	case c.Kind != ByMail && now.Sub(c.FailingSince) >= giveUpAfter:
		return a.disable(ctx, c.ID, fmt.Sprintf("it took nothing since %s", c.FailingSince.Format(time.RFC3339)))
	}
	return nil
}

// passOver is err, unless something is gone meanwhile.
func passOver(err error) error {
	if gnista.CodeOf(err) == gnista.NotFound {
		return nil
	}
	return err
}

func (a *Alerts) disable(ctx context.Context, id, why string) error {
	_, err := a.Store.ChangeChannel(ctx, id, func(c *Channel) ([]gnista.Event, error) {
		if c.State != On {
			return nil, nil
		}
		c.State, c.Note = Failed, why
		data, err := json.Marshal(map[string]string{"to": c.mask(), "why": why})
		return []gnista.Event{{At: a.Now(), Kind: "alert.channel-failed", Subject: id, Data: data}}, err
	})
	if err = passOver(err); err != nil {
		return err
	}
	a.Log.Warn("a channel of alerts is disabled", "channel", id, "why", why)
	return a.reportFailed(ctx)
}

// Resend has a delivery sent that was given up. NotFound, Conflict.
func (a *Alerts) Resend(ctx context.Context, id string) (Delivery, error) {
	x, err := a.Store.Delivery(ctx, id)
	if err == nil {
		_, err = a.Store.Channel(ctx, x.Channel) // which may have been forgotten
	}
	if err != nil {
		return x, err
	}
	return a.Store.ChangeDelivery(ctx, id, func(x *Delivery) ([]gnista.Event, error) {
		if !slices.Contains([]DeliveryState{Dead, Withdrawn}, x.State) {
			return nil, gnista.Errorf(gnista.Conflict, "it is %s; only what was given up or withdrawn is sent again", x.State)
		}
		x.State, x.NextAt, x.Until, x.DoneAt = Waiting, a.Now(), a.Now().Add(tryFor), time.Time{}
		return nil, nil
	})
}

// Test sends a test to a channel at once, and tells what came of it. NotFound, Conflict.
func (a *Alerts) Test(ctx context.Context, id string) (Delivery, error) {
	c, err := a.Store.Channel(ctx, id)
	if err != nil {
		return Delivery{}, err
	}
	if c.State != On {
		return Delivery{}, gnista.Errorf(gnista.Conflict, "the channel is %s; turn it on first", c.State)
	}
	to := address{Channel: c}
	if c.Person != "" {
		if to.person, err = a.Person(ctx, c.Person); err != nil {
			return Delivery{}, err
		}
	}
	x := a.delivery("test:"+a.NewID(), to, OnTest, "", Message{})
	x.claim(a.Now()) // by us, and only once
	if err := a.Store.AddDeliveries(ctx, []Delivery{x}); err != nil {
		return Delivery{}, err
	}
	return a.finish(ctx, c, x)
}
