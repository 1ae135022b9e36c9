package station

import (
	"context"
	_ "embed"
	"time"

	"gnista"
)

// Quirk is something that real stations do wrong, and what is done about it.
type Quirk struct {
	Key      string   `json:"key"` // Q1 to Q72 and G1 onwards; never given to another
	ID       string   `json:"id"`
	Handling Handling `json:"handling"`
	Means    string   `json:"means"`
	Does     string   `json:"does"`
}

// Handling is the kind of what is done about a quirk.
type Handling string

// The kinds of handling.
const (
	Accepts Handling = "accept" // understood, kept as it came, and counted
	Repairs Handling = "repair" // the right value is derived, and marked so
	Adapts  Handling = "adapt"  // what is sent to the station is changed
	Guards  Handling = "guard"  // it breaks neither money nor safety
)

//go:embed quirks.json
var quirkData []byte

// Deviation is a quirk as one station has shown it.
type Deviation struct {
	Station gnista.StationID
	Quirk   string // key
	Count   int
	FirstAt time.Time
	LastAt  time.Time
	Example string // what was seen the last time, in words, without secrets
}

// DeviationStore keeps deviations: one for a station and quirk.
type DeviationStore interface {
	// AddDeviations adds to the counts, for stations that are registered.
	AddDeviations(ctx context.Context, list []Deviation) error
	// Deviations lists what a station has shown, in the order of the keys.
	Deviations(ctx context.Context, id gnista.StationID) ([]Deviation, error)
}

// Known is a quirk of a station: seen, or known of its model, or both.
type Known struct {
	Quirk
	OfModel bool
	Deviation
}

// Quirks lists what a station does wrong or is known to, and how it is treated. NotFound.
func (n *Network) Quirks(ctx context.Context, id gnista.StationID) ([]Known, Treatment, error) {
	s, err := n.Store.Station(ctx, id)
	if err != nil {
		return nil, Treatment{}, err
	}
	seen, err := n.Deviations.Deviations(ctx, id)
	if err != nil {
		return nil, Treatment{}, err
	}
	t := n.Treatment(s)
	byKey := map[string]*Known{}
	for _, key := range t.Quirks {
		byKey[key] = &Known{OfModel: true}
	}
	for _, d := range seen {
		k := byKey[d.Quirk]
		if k == nil {
			k = &Known{}
			byKey[d.Quirk] = k
		}
		k.Deviation = d
	}
	list := []Known{}
	for _, q := range n.Models.Quirks() {
		if k := byKey[q.Key]; k != nil {
			k.Quirk = q
			list = append(list, *k)
		}
	}
	return list, t, nil
}
