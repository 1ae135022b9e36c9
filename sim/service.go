package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"gnista"
)

// Stay keeps the station connected and in service until ctx ends: it boots, tells the state of its
// connectors, sends heartbeats, and connects again when the connection is lost. Then it disconnects.
// Close ends it too.
func (s *Station) Stay(ctx context.Context) {
	s.prepare()
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	if !s.keep(leave) {
		return
	}
	defer s.unkeep()
	failures := 0
	for ctx.Err() == nil {
		if err := s.until(ctx, func() bool { return !s.down }); err != nil {
			break
		}
		if err := s.enter(ctx); err != nil {
			if refused, ok := errors.AsType[*NotAccepted](err); ok {
				s.log.Warn("the station is not accepted", "status", refused.Status, "asking again in", refused.Retry)
				s.waitAccepted(ctx, refused.Retry)
				continue
			}
			if ctx.Err() == nil && !errors.Is(err, ErrDown) {
				failures++
				s.log.Warn("the station cannot get into service", "err", err)
				sleep(ctx, s.backOff(failures))
			}
			continue
		}
		failures = 0
		s.attend(ctx)
		sleep(ctx, s.absence())
		sleep(ctx, s.backOff(0))
	}
	s.Disconnect()
}

// keep notes that somebody is in Stay, who is told to leave when the station is closed.
func (s *Station) keep(leave func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.leave = leave
	s.running.Add(1)
	return true
}

func (s *Station) unkeep() {
	s.mu.Lock()
	s.leave = nil
	s.mu.Unlock()
	s.running.Done()
}

// waitAccepted waits to boot again, or until a boot that was asked for is accepted.
func (s *Station) waitAccepted(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	s.until(ctx, func() bool { return s.booted || s.link == nil })
}

// backOff is how long to wait after so many failures in a row; 0 is a connection that was good until
// it was lost. Stations that fail together do not come back together.
func (s *Station) backOff(failures int) time.Duration {
	d := cmp.Or(s.Retry, defaultRetry) << max(0, min(failures-1, 5))
	h := fnv.New32a()
	h.Write([]byte(s.ID))
	part := d * time.Duration(h.Sum32()%1000) / 2000
	if failures == 0 {
		return part
	}
	return d + part
}

// enter connects and gets into service.
func (s *Station) enter(ctx context.Context) error {
	if err := s.Connect(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	booted := s.booted
	s.mu.Unlock()
	if booted {
		// A central system that has lost its memory wants a boot; this finds out.
		if err := s.Heartbeat(ctx); err != nil {
			return err
		}
	} else if err := s.Boot(ctx); err != nil {
		return err
	}
	return s.tellAll(ctx, false)
}

// attend sends heartbeats until the station is no longer in service.
func (s *Station) attend(ctx context.Context) {
	for ctx.Err() == nil {
		l, err := s.online()
		if err != nil {
			return
		}
		s.mu.Lock()
		every := s.settings.heartbeat
		s.mu.Unlock()
		wait, cancel := context.WithTimeout(ctx, every)
		err = s.until(wait, func() bool { return s.service() != l || s.settings.heartbeat != every })
		cancel()
		if err == nil || ctx.Err() != nil {
			continue
		}
		if err := s.Heartbeat(ctx); errors.Is(err, ErrNoAnswer) {
			l.end(err, 0) // the other side is gone without a word
		}
	}
}

// NotAccepted is the answer to a boot that takes the station not into service.
type NotAccepted struct {
	Station gnista.StationID
	Status  string
	Retry   time.Duration
}

func (e *NotAccepted) Error() string {
	return fmt.Sprintf("station %s is not accepted: the central system answers %s", e.Station, e.Status)
}

// Boot tells that the station has started. Its error is a *[NotAccepted] when the central system does
// not take it into service.
func (s *Station) Boot(ctx context.Context) error {
	s.prepare()
	s.mu.Lock()
	reason := s.bootReason
	s.mu.Unlock()
	return s.boot(ctx, reason)
}

func (s *Station) boot(ctx context.Context, reason bootReason) error {
	s.mu.Lock()
	l := s.link
	s.mu.Unlock()
	if l == nil {
		return ErrOffline
	}
	if s.habits.does("silent-boot") && reason != bootTriggered {
		s.mu.Lock()
		s.booted = true
		s.forget()
		s.signal()
		s.deliver()
		s.mu.Unlock()
		return nil
	}
	a, err := s.dialect.boot(ctx, l, reason)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.booted = a.accepted
	s.forget()
	s.signal()
	if !a.accepted {
		return &NotAccepted{s.ID, a.status, max(a.interval, time.Second)}
	}
	if a.interval > 0 {
		s.settings.heartbeat = a.interval
	}
	s.deliver()
	return nil
}

// Heartbeat tells that the station is alive.
func (s *Station) Heartbeat(ctx context.Context) error {
	s.prepare()
	l, err := s.online()
	if err != nil {
		return err
	}
	return s.dialect.heartbeat(ctx, l)
}

// forgotten is what a station becomes whose messages the central system takes only after a boot.
func (s *Station) forgotten(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == l {
		s.booted = false
		s.signal()
	}
}
