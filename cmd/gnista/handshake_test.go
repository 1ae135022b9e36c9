package main

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"gnista"
	"gnista/station"
)

// failing is the store with one look-up of a station that fails.
type failing struct {
	station.Store
	in atomic.Int32 // how many look-ups from now
}

func (f *failing) Station(ctx context.Context, id gnista.StationID) (station.Station, error) {
	if f.in.Add(-1) == 0 {
		return station.Station{}, errors.New("the database is away")
	}
	return f.Store.Station(ctx, id)
}

// A station that connects again while the database fails has no connection afterwards, rather than one
// that nobody can find.
func TestReplacedWhileDatabaseFails(t *testing.T) {
	f := &failing{}
	l := newLive(t, nil)
	f.Store, l.network.Store = l.network.Store, f
	old := l.connect("CS1").boot()
	f.in.Store(2) // it is admitted, and then looked up again
	fresh := l.connect("CS1")
	fresh.want("closed 1011 the central system could not look up the station")
	old.want("closed 1008 the station has connected again")
	l.connect("CS1").boot()
}
