// Package cluster is what nodes share: which of them run, which of them leads, and live events. [Single] is the
// cluster of one node.
package cluster

import (
	"sync"

	"gnista"
)

// Single is the cluster of one node: what is published here is told to those who listen here.
type Single struct {
	mu        sync.RWMutex
	listeners map[chan gnista.Event]struct{}
}

// NewSingle makes a cluster of one node.
func NewSingle() *Single { return &Single{listeners: map[chan gnista.Event]struct{}{}} }

// Publish tells all who listen, without waiting. A listener who does not keep up is dropped: its
// channel is closed, and it begins anew.
func (s *Single) Publish(ev gnista.Event) {
	var slow []chan gnista.Event
	s.mu.RLock()
	for c := range s.listeners {
		select {
		case c <- ev:
		default:
			slow = append(slow, c)
		}
	}
	s.mu.RUnlock()
	for _, c := range slow {
		s.drop(c)
	}
}

// Watched tells whether anybody listens.
func (s *Single) Watched() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.listeners) > 0
}

// Subscribe listens from now on. The events that wait may be as many as buffer. cancel ends it.
func (s *Single) Subscribe(buffer int) (events <-chan gnista.Event, cancel func()) {
	c := make(chan gnista.Event, buffer)
	s.mu.Lock()
	s.listeners[c] = struct{}{}
	s.mu.Unlock()
	return c, func() { s.drop(c) }
}

func (s *Single) drop(c chan gnista.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.listeners[c]; ok {
		delete(s.listeners, c)
		close(c)
	}
}
