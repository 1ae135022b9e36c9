package station

import (
	"context"
	"slices"
	"strconv"

	"gnista"
)

// Sort is what stations are listed by.
type Sort string

// The orders.
const (
	ByID   Sort = "id"
	ByName Sort = "name"
	BySite Sort = "site"
	// BySeen is by when a station was last heard: those that are away come by that, and those that are connected are
	// heard now, and come in the order of their ids.
	BySeen Sort = "seen"
)

// Filter says which stations are listed, and in what order. What is empty is any.
type Filter struct {
	IDs       []gnista.StationID
	Text      string // in the id or the name, whatever the letter case
	Site      string
	Sites     []string // at one of these; nil is any
	State     State
	Vendor    string
	Model     string
	Version   gnista.Version
	Firmware  string
	Connector Status // that at least one connector has
	Fault     *bool  // whether it has an open fault
	Connected *bool
	Sort      Sort
	Down      bool // the last comes first
}

// Position is where in its order a station is.
type Position struct {
	Key  string           `json:"k,omitempty"` // what it is sorted by, but for its id
	ID   gnista.StationID `json:"i"`
	Here bool             `json:"h,omitempty"` // by [BySeen]: it is connected
}

// Kind is what stations are of, and how many are.
type Kind struct {
	Vendor, Model, Firmware string
	Version                 gnista.Version
	Stations                int
}

// Finder finds stations in the store, which does not know who is connected: it passes over Connected, and
// [BySeen] is by what is stored.
type Finder interface {
	// Positions lists up to limit stations that a filter lets through, behind a position (nil: from the first).
	Positions(ctx context.Context, f Filter, after *Position, limit int) ([]Position, error)
	// CountStations counts those that a filter lets through.
	CountStations(ctx context.Context, f Filter) (int, error)
	// Kinds lists what stations are of, at some sites or everywhere (nil); the most frequent first, up to limit.
	Kinds(ctx context.Context, sites []string, limit int) ([]Kind, error)
	// OpenFaults counts the open faults of a station.
	OpenFaults(ctx context.Context, id gnista.StationID) (int, error)
	// Events lists durable events of a station, the newest first, behind the one with the number before (0: from the newest).
	StationEvents(ctx context.Context, id gnista.StationID, before int64, limit int) ([]gnista.Event, error)
	// StationsWith are the stations that have a connector with a status.
	StationsWith(ctx context.Context, s Status) (map[gnista.StationID]bool, error)
}

// scan is how many positions are looked at in one go where it is us who know which of them are meant.
const scan = 5000

// Find lists up to limit positions of stations that a filter lets through, behind a position (nil: from the first).
func (n *Network) Find(ctx context.Context, f Filter, after *Position, limit int) ([]Position, error) {
	if f.Sort != BySeen {
		return n.find(ctx, f, after, limit)
	}
	// Those that are away are heard before those that are here.
	phases := []bool{false, true}
	if f.Down {
		phases = []bool{true, false}
	}
	if after != nil && after.Here == phases[1] {
		phases = phases[1:]
	}
	var out []Position
	for i, here := range phases {
		if f.Connected != nil && *f.Connected != here {
			continue
		}
		g, from := f, after
		if i > 0 {
			from = nil
		}
		if g.Connected = &here; here {
			g.Sort = ByID
		}
		list, err := n.find(ctx, g, from, limit-len(out))
		if err != nil {
			return nil, err
		}
		for _, p := range list {
			p.Here = here
			out = append(out, p)
		}
		if len(out) == limit {
			break
		}
		after = nil
	}
	return out, nil
}

func (n *Network) find(ctx context.Context, f Filter, after *Position, limit int) (out []Position, err error) {
	batch := limit
	if f.Connected != nil {
		batch = max(limit, scan)
	}
	for len(out) < limit {
		list, err := n.Finder.Positions(ctx, f, after, batch)
		if err != nil {
			return nil, err
		}
		for _, p := range list {
			if f.Connected != nil {
				if _, here := n.Presence.Connection(p.ID); here != *f.Connected {
					continue
				}
			}
			if out = append(out, p); len(out) == limit {
				return out, nil
			}
		}
		if len(list) < batch {
			break
		}
		after = &list[len(list)-1]
	}
	return out, nil
}

// Count counts the stations that a filter lets through.
func (n *Network) Count(ctx context.Context, f Filter) (int, error) {
	if f.Connected == nil {
		return n.Finder.CountStations(ctx, f)
	}
	f.Sort, f.Down = ByID, false
	count := 0
	var after *Position
	for {
		list, err := n.find(ctx, f, after, scan)
		if count += len(list); err != nil || len(list) < scan {
			return count, err
		}
		after = &list[len(list)-1]
	}
}

// All lists the ids of all stations that a filter lets through, up to limit.
func (n *Network) All(ctx context.Context, f Filter, limit int) ([]gnista.StationID, error) {
	list, err := n.Find(ctx, f, nil, limit)
	ids := make([]gnista.StationID, len(list))
	for i, p := range list {
		ids[i] = p.ID
	}
	return ids, err
}

// Seen is a time as a key of a position.
func Seen(ms int64) string { return strconv.FormatInt(ms, 10) }

// senderKey is that of who gives orders, in a context.
type senderKey struct{}

// By is a context in which orders are given by somebody, as they are kept with the commands.
func By(ctx context.Context, who string) context.Context {
	return context.WithValue(ctx, senderKey{}, who)
}

// Sender is who gives an order, as [By] said.
func Sender(ctx context.Context) string {
	who, _ := ctx.Value(senderKey{}).(string)
	return who
}

// Known tells whether s is an order that there is.
func (s Sort) Known() bool { return slices.Contains([]Sort{ByID, ByName, BySite, BySeen}, s) }
