package alert

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"gnista"
	"gnista/fault"
)

// Kind is how a channel reaches somebody.
type Kind string

// The kinds.
const (
	ByMail    Kind = "mail"
	ByWebhook Kind = "webhook"
	ByPush    Kind = "push" // a browser
)

// Kinds are all of them.
var Kinds = []Kind{ByMail, ByWebhook, ByPush}

// ChannelState is whether something is sent to a channel.
type ChannelState string

// The states of channels.
const (
	On     ChannelState = "on"
	Off    ChannelState = "off"    // a person has said so
	Failed ChannelState = "failed" // it took nothing for too long, or said that it is gone
)

// Channel is one place that is sent to.
type Channel struct {
	ID        string
	Person    string // id of whose it is; empty for a webhook of nobody
	Name      string
	Kind      Kind
	State     ChannelState
	Note      string // why it has failed
	Address   string // of mail, or a URL
	Secrets   []Secret
	P256dh    string // public key of a browser, base64url
	Auth      string // its secret, base64url
	PerMinute int    // alerts in a minute, beyond which they are told together; 0 is no limit

	Events []string // of a webhook that follows events: patterns of their kinds
	After  int64    // number of the last event that was taken up for it

	FailingSince time.Time // of the first failure after which nothing arrived
	CreatedAt    time.Time
}

// Secret signs webhooks.
type Secret struct {
	Value string    // whsec_ and base64
	Until time.Time // of one that was replaced; zero is for good
}

// How webhooks are tried and given up.
const (
	rotation    = 24 * time.Hour     // in which both secrets sign
	giveUpAfter = 5 * 24 * time.Hour // of nothing but failures, a channel is disabled
	mostEvents  = 50                 // patterns of kinds
)

// ChannelFilter selects channels, in the order of their ids.
type ChannelFilter struct {
	Person string // empty is any
	Kind   Kind   // empty is any
	After  string // only those with a higher id
	Limit  int
}

// ChannelStore keeps channels.
type ChannelStore interface {
	// AddChannel keeps a new channel. Conflict where there are most.
	AddChannel(ctx context.Context, c Channel, most int) error
	// ChangeChannel changes a channel; the events go into the same SQL transaction. Of a change, After is not
	// stored. NotFound.
	ChangeChannel(ctx context.Context, id string, f func(*Channel) ([]gnista.Event, error)) (Channel, error)
	// DeleteChannel forgets a channel; what waits for it is withdrawn. NotFound.
	DeleteChannel(ctx context.Context, id string, at time.Time) error
	// Channel finds a channel. NotFound.
	Channel(ctx context.Context, id string) (Channel, error)
	// Channels lists channels.
	Channels(ctx context.Context, f ChannelFilter) ([]Channel, error)
	// FeedChannel makes deliveries of events, and keeps up to which one they have been taken up.
	FeedChannel(ctx context.Context, id string, after int64, list []Delivery) error
}

// mask is an address as logs show it.
func (c Channel) mask() string {
	if c.Kind == ByMail {
		user, host, _ := strings.Cut(c.Address, "@")
		if len(user) > 1 {
			user = user[:1]
		}
		return user + "…@" + host
	}
	u, err := url.Parse(c.Address)
	if err != nil {
		return "…"
	}
	return u.Scheme + "://" + u.Host + "/…"
}

// browser is that of a channel for push.
func (c Channel) browser() Browser { return Browser{c.Address, c.P256dh, c.Auth} }

// Masked is the address as logs and lists show it.
func (c Channel) Masked() string { return c.mask() }

func (a *Alerts) checkChannel(c *Channel, d *directory) error {
	if c.Person != "" {
		if _, ok := d.people[c.Person]; !ok {
			return gnista.Invalidf("person", "there is no person %q", c.Person)
		}
	}
	if c.PerMinute < 0 || c.PerMinute > 1000 {
		return gnista.Invalidf("perMinute", "must be 0 to 1000")
	}
	if c.Kind != ByWebhook && (len(c.Events) > 0 || c.Person == "") {
		if c.Person == "" {
			return gnista.Invalidf("person", "is missing: only a webhook may belong to nobody")
		}
		return gnista.Invalidf("events", "are for webhooks only")
	}
	if c.Name != "" {
		if err := named("name", c.Name); err != nil {
			return err
		}
	}
	switch c.Kind {
	case ByMail:
		return checkMail("address", c.Address)
	case ByWebhook:
		if len(c.Events) > mostEvents {
			return gnista.Invalidf("events", "has %d patterns at the most", mostEvents)
		}
		for i, p := range c.Events {
			if p == "" || len(p) > 100 || strings.ContainsFunc(p, func(r rune) bool { return r <= ' ' || r > '~' }) {
				return gnista.Invalidf(fmt.Sprintf("events[%d]", i), "%q is no kind of event, as in fault.opened or transaction.*", p)
			}
		}
		return a.checkURL("address", c.Address)
	case ByPush:
		return a.CheckBrowser(c.browser())
	}
	return gnista.Invalidf("kind", "%q is none of mail, webhook and push", c.Kind)
}

// checkMail wants one bare address in ASCII.
func checkMail(field, s string) error {
	m, err := mail.ParseAddress(s)
	if err != nil || m.Address != s || len(s) > 254 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return gnista.Invalidf(field, "%q is not a bare mail address in ASCII, as in anna@example.com", s)
	}
	return nil
}

// checkURL wants an address that may be called: https, or http to this machine where that is allowed. To whom a name
// leads is checked when it is called.
func (a *Alerts) checkURL(field, s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || len(s) > 2000 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }):
		return gnista.Invalidf(field, "is not a URL as in https://example.com/hook, without a user, a password and a fragment")
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()) && a.internal(u):
	default:
		return gnista.Invalidf(field, "must be https; http goes only to this machine, where --alert-internal allows that")
	}
	at, err := netip.ParseAddr(u.Hostname())
	if (err == nil && !at.IsGlobalUnicast() || err == nil && at.IsPrivate() || loopback(u.Hostname())) && !a.internal(u) {
		return gnista.Invalidf(field, "%s is within our own network; --alert-internal allows hosts there", u.Hostname())
	}
	return nil
}

func (a *Alerts) internal(u *url.URL) bool {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return slices.Contains(a.Internal, u.Hostname()) || slices.Contains(a.Internal, net.JoinHostPort(u.Hostname(), port))
}

func loopback(host string) bool {
	at, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && at.IsLoopback()
}

// AddChannel keeps a new channel. A webhook gets its secret, which is told this once. Invalid, Conflict.
func (a *Alerts) AddChannel(ctx context.Context, c Channel) (Channel, error) {
	d, err := a.directory(ctx)
	if err != nil {
		return Channel{}, err
	}
	if err := a.checkChannel(&c, d); err != nil {
		return Channel{}, err
	}
	if c.Kind == ByPush {
		for _, x := range d.channels {
			if x.Kind == ByPush && x.Address == c.Address { // a browser that has subscribed anew
				return a.Store.ChangeChannel(ctx, x.ID, func(x *Channel) ([]gnista.Event, error) {
					x.Person, x.Name, x.P256dh, x.Auth, x.State, x.Note, x.FailingSince = c.Person, c.Name, c.P256dh, c.Auth, On, "", time.Time{}
					return nil, nil
				})
			}
		}
	}
	c.ID, c.CreatedAt, c.State = a.NewID(), a.Now(), On
	if c.Kind == ByWebhook {
		c.Secrets = []Secret{{Value: newSecret()}}
	}
	if len(c.Events) > 0 {
		if c.After, err = a.Events.LastEvent(ctx); err != nil {
			return Channel{}, err
		}
	}
	return c, a.Store.AddChannel(ctx, c, mostChannels)
}

// ChangeChannel changes a channel. One that is turned on begins anew, with what has waited. NotFound, Invalid.
func (a *Alerts) ChangeChannel(ctx context.Context, id string, f func(*Channel)) (Channel, error) {
	d, err := a.directory(ctx)
	if err != nil {
		return Channel{}, err
	}
	failed := false
	c, err := a.Store.ChangeChannel(ctx, id, func(c *Channel) ([]gnista.Event, error) {
		was := *c
		f(c)
		if c.Kind != was.Kind || (len(c.Events) > 0) != (len(was.Events) > 0) {
			return nil, gnista.Errorf(gnista.Conflict, "a channel does not change from one kind to another; make a new one")
		}
		failed = was.State == Failed && c.State == On
		if c.State == On {
			c.Note = ""
			if was.State != On {
				c.FailingSince = time.Time{}
			}
		}
		return nil, a.checkChannel(c, d)
	})
	if err == nil && failed {
		err = a.reportFailed(ctx)
	}
	return c, err
}

// DeleteChannel forgets a channel. Conflict while something names it.
func (a *Alerts) DeleteChannel(ctx context.Context, id string) error {
	if err := a.unused(ctx, Receiver{Channel: id}); err != nil {
		return err
	}
	if err := a.Store.DeleteChannel(ctx, id, a.Now()); err != nil {
		return err
	}
	return a.reportFailed(ctx)
}

// RotateSecret gives a webhook a new secret, which is told this once. For a day the old one signs as well.
// NotFound, Conflict.
func (a *Alerts) RotateSecret(ctx context.Context, id string) (Channel, error) {
	now := a.Now()
	return a.Store.ChangeChannel(ctx, id, func(c *Channel) ([]gnista.Event, error) {
		if c.Kind != ByWebhook {
			return nil, gnista.Errorf(gnista.Conflict, "only webhooks have a secret")
		}
		fresh := Secret{Value: newSecret()}
		old := c.Secrets[0]
		old.Until = now.Add(rotation)
		c.Secrets = []Secret{fresh, old}
		return nil, nil
	})
}

// channelFailed is the fault that is open while a channel is disabled.
var channelFailed = fault.Key{Source: fault.Own, Code: "AlertChannelFailed"}

// reportFailed opens a fault while some channel has failed, and clears it when none has.
func (a *Alerts) reportFailed(ctx context.Context) error {
	if a.Reporter == nil {
		return nil
	}
	all, err := a.Store.Channels(ctx, ChannelFilter{Limit: mostChannels})
	if err != nil {
		return err
	}
	r := fault.Report{Key: channelFailed, Way: fault.ByWatch, At: a.Now(), Cleared: true}
	for _, c := range all {
		if c.State == Failed {
			r.Cleared, r.Facts = false, map[string]any{"name": cmp.Or(c.Name, c.mask()), "reason": c.Note}
		}
	}
	return a.Reporter.Report(ctx, r)
}
