package gateway

import (
	"context"
	"slices"
	"sync"

	"gnista/station"
)

// departures are those that are to be kept.
type departures struct {
	mu      sync.Mutex
	list    []station.Departure
	writing bool // somebody writes, and goes on while there are any
}

// depart keeps that a station's connection has ended, at once where few do: where many end together, what ends during a
// write is the next one.
func (s *Server) depart(d station.Departure) {
	l := &s.left
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, d)
	if l.writing {
		return
	}
	for l.writing = true; len(l.list) > 0; l.mu.Lock() {
		list := l.list
		l.list = nil
		l.mu.Unlock()
		if lost, err := s.keepDepartures(list); err != nil {
			s.Log.Error("when stations were there last could not be kept", "count", lost, "err", err)
		}
	}
	l.writing = false
}

// keepDepartures tells how many of them it could not keep, and why not.
func (s *Server) keepDepartures(list []station.Departure) (lost int, why error) {
	for part := range slices.Chunk(list, ledgerBatch) {
		ctx, cancel := context.WithTimeout(context.Background(), ledgerWithin)
		if err := s.Network.Store.Left(ctx, part); err != nil {
			lost, why = lost+len(part), err
		}
		cancel()
	}
	return lost, why
}
