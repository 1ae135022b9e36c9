package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gnista"
	"gnista/fault"
)

// Digest tells of all open faults, each day or each week.
type Digest struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	To       []Receiver     `json:"to" nullable:"false"`
	Days     []string       `json:"days,omitempty" doc:"Mon to sun; absent is every day"`
	Time     string         `json:"time" doc:"Of day, as in 07:00"`
	Zone     string         `json:"zone,omitempty" doc:"IANA name; absent is the operator's"`
	Sites    []string       `json:"sites,omitempty"`
	Severity fault.Severity `json:"severity,omitempty" doc:"At least"`
	Empty    bool           `json:"empty,omitempty" doc:"Send it when nothing is open, too"`
	Off      bool           `json:"off,omitempty"`

	NextAt    time.Time `json:"nextAt,omitzero"`
	CreatedAt time.Time `json:"createdAt"`
}

// mostOpen is how many open faults a digest counts.
const mostOpen = 1000

// digestLate is how much later than it was due a digest is still sent.
const digestLate = 12 * time.Hour

func (g *Digest) check(d *directory) error {
	if err := named("name", g.Name); err != nil {
		return err
	}
	if err := (DayHours{Days: g.Days, From: "00:00", Until: "00:00"}).check(""); err != nil {
		return gnista.Invalidf("days", "are of mon, tue, wed, thu, fri, sat and sun")
	}
	if _, err := clock("time", g.Time); err != nil {
		return err
	}
	if g.Severity != "" && !slices.Contains(fault.Severities, g.Severity) {
		return gnista.Invalidf("severity", "%q is none of critical, high, medium, low and info", g.Severity)
	}
	if len(g.Sites) > mostMatched {
		return gnista.Invalidf("sites", "are %d at the most", mostMatched)
	}
	if err := zoned("zone", g.Zone); err != nil {
		return err
	}
	return d.checkReceivers("to", g.To)
}

// next is when it is due after a time.
func (g Digest) next(t time.Time, zone *time.Location) time.Time {
	minutes, err := clock("", g.Time)
	if err != nil {
		return time.Time{}
	}
	local := t.In(zone)
	for i := range 9 {
		at := time.Date(local.Year(), local.Month(), local.Day()+i, minutes/60, minutes%60, 0, 0, zone)
		if at.After(t) && (len(g.Days) == 0 || slices.Contains(g.Days, weekdays[at.Weekday()])) {
			return at.UTC()
		}
	}
	return time.Time{}
}

// digest makes the digests that are due. Each is made once: its deliveries have keys of its time.
func (a *Alerts) digest(ctx context.Context) error {
	all, err := list[Digest](ctx, a.Store, digests, "", mostEntries)
	if err != nil {
		return err
	}
	now := a.Now()
	for _, g := range all {
		if g.Off || g.NextAt.IsZero() || now.Before(g.NextAt) {
			continue
		}
		var out []Delivery
		if now.Sub(g.NextAt) < digestLate {
			if out, err = a.digested(ctx, g, fmt.Sprintf("digest:%s/%d", g.ID, g.NextAt.Unix())); err != nil {
				return err
			}
		}
		if err := a.Store.AddDeliveries(ctx, out); err != nil {
			return err
		}
		// Whom it names may be gone, as a browser that has ended its subscription: it goes on all the same.
		err := a.Store.ChangeAlertEntry(ctx, digests, g.ID, func(data []byte) ([]byte, error) {
			x, err := decode[Digest](Entry{digests, g.ID, data})
			if err != nil {
				return nil, err
			}
			x.NextAt = x.next(now, a.in(x.Zone))
			return json.Marshal(x)
		})
		if passOver(err) != nil {
			return err
		}
	}
	return nil
}

// digested are the deliveries of a digest.
func (a *Alerts) digested(ctx context.Context, g Digest, key string) ([]Delivery, error) {
	open, err := a.Faults.Open(ctx, OpenFilter{Sites: g.Sites, Severity: g.Severity, Limit: mostOpen})
	if err != nil || len(open) == 0 && !g.Empty {
		return nil, err
	}
	d, err := a.directory(ctx)
	if err != nil {
		return nil, err
	}
	var out []Delivery
	for _, to := range a.addresses(d, g.To, nil, a.Now()) {
		m := Message{Route: g.Name}
		for _, s := range open {
			if len(m.About) == mostItemsTold {
				m.More++
				continue
			}
			it, err := a.item(ctx, s, to.person)
			if err != nil {
				return nil, err
			}
			m.add(it)
		}
		out = append(out, a.delivery(key+"/"+to.ID, to, OnDigest, "", m))
	}
	return out, nil
}

// AddDigest keeps a new digest. Invalid, Conflict.
func (a *Alerts) AddDigest(ctx context.Context, g Digest) (Digest, error) {
	g.ID, g.CreatedAt = a.NewID(), a.Now()
	g.NextAt = g.next(g.CreatedAt, a.in(g.Zone))
	return g, add(ctx, a, digests, g.ID, &g)
}

// ChangeDigest changes a digest. NotFound, Invalid.
func (a *Alerts) ChangeDigest(ctx context.Context, id string, f func(*Digest)) (Digest, error) {
	return change(ctx, a, digests, id, func(g *Digest) {
		f(g)
		g.NextAt = g.next(a.Now(), a.in(g.Zone))
	})
}

// Digest finds a digest. NotFound.
func (a *Alerts) Digest(ctx context.Context, id string) (Digest, error) {
	return find[Digest](ctx, a.Store, digests, id)
}

// Digests lists digests in the order of their ids, behind after.
func (a *Alerts) Digests(ctx context.Context, after string, limit int) ([]Digest, error) {
	return list[Digest](ctx, a.Store, digests, after, limit)
}

// DeleteDigest forgets a digest. NotFound.
func (a *Alerts) DeleteDigest(ctx context.Context, id string) error {
	return a.Store.DeleteAlertEntry(ctx, digests, id)
}
