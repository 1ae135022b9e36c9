package sim

import (
	"context"
	"time"

	"github.com/gobwas/ws"

	"gnista/ocpp/ocppj"
)

// order is one to start charging that waits for a car.
type order struct {
	token  Token
	number int // 2.x
}

// afterwards does f when the request that is being served has been answered.
func (l *link) afterwards(f func(ctx context.Context)) {
	l.After(func() { l.station.spawn(f) })
}

// note logs what became of something that the central system has asked for.
func (s *Station) note(what string, err error) {
	if err != nil && s.ctx.Err() == nil {
		s.log.Warn("what the central system asked for could not be done", "what", what, "err", err)
	}
}

// remoteStart takes an order to charge, at an EVSE or with 0 at any, and tells whether it is accepted.
// Where no car is plugged in it waits for one. (OCPP 1.6 §5.11, OCPP 2.x F01, F02)
func (l *link) remoteStart(evse int, token Token, number int) bool {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.free(evse, token)
	if e != nil && e.charged && s.habits.does("replug") {
		return false
	}
	if e == nil || !s.booted || len(token.UID) > s.traits.maxUID {
		return false // also while it is not accepted: OCPP 2.x B02.FR.05
	}
	o := &order{token, number}
	e.order = o
	if e.plugged {
		l.afterwards(func(ctx context.Context) { s.note("a start", s.followOrder(ctx, e, o)) })
		return true
	}
	select {
	case e.ordered <- struct{}{}:
	default:
	}
	l.afterwards(func(ctx context.Context) {
		s.note("a start", s.tell(ctx, e, false))
		s.awaitCar(ctx, e, o)
	})
	return true
}

// free is the EVSE where a transaction can be started, a plugged one if it can be chosen; nil when
// there is none; 0 is any. What is kept for others than the token is not free. mu is held.
func (s *Station) free(id int, t Token) *evse {
	var found *evse
	for _, e := range s.evses {
		usable := e.transaction == nil && e.order == nil && !e.broken() && !s.whole.broken() && !e.inoperative && !e.updating && !s.keptFor(e, t)
		if !usable || id != 0 && id != e.id {
			continue
		}
		if found == nil || e.plugged && !found.plugged {
			found = e
		}
	}
	return found
}

func (s *Station) followOrder(ctx context.Context, e *evse, o *order) error {
	s.mu.Lock()
	if e.order != o {
		s.mu.Unlock()
		return nil
	}
	m, err := s.begin(e, o.token, o.number)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.begun(ctx, e, m)
}

// awaitCar gives an order up when no car comes.
func (s *Station) awaitCar(ctx context.Context, e *evse, o *order) {
	s.mu.Lock()
	patience := s.settings.connectionTimeout
	s.mu.Unlock()
	if !sleep(ctx, patience) {
		return
	}
	s.mu.Lock()
	waits := e.order == o
	if waits {
		e.order = nil
	}
	s.mu.Unlock()
	if waits {
		s.unused(ctx, e, o.token)
		s.note("a start", s.tell(ctx, e, false))
	}
}

// remoteStop ends the transaction with the name that the central system knows, and tells whether
// there is one. (OCPP 1.6 §5.12, OCPP 2.x F03)
func (l *link) remoteStop(name string) bool {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.evses {
		if t := e.transaction; t != nil && t.name == name && name != "" {
			l.afterwards(func(ctx context.Context) { s.note("a stop", s.end(ctx, e, t, ReasonRemote)) })
			return true
		}
	}
	return false
}

// end ends a transaction if it is still going on.
func (s *Station) end(ctx context.Context, e *evse, t *transaction, reason Reason) error {
	s.mu.Lock()
	var m *message
	if e.transaction == t {
		m = s.finish(e, Token{}, reason)
	}
	s.mu.Unlock()
	return s.finished(ctx, e, m)
}

// unlock lets go of a cable, and tells whether that worked. A transaction there ends with it.
// (OCPP 1.6 §5.18)
func (l *link) unlock(e *evse) bool {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.cured(CureUnlock) {
		l.afterwards(func(ctx context.Context) { s.note("to unlock", s.tell(ctx, e, false)) })
		return true
	}
	if e.has("ConnectorLockFailure") {
		return false
	}
	if t := e.transaction; t != nil {
		l.afterwards(func(ctx context.Context) { s.note("to unlock", s.end(ctx, e, t, ReasonUnlockCommand)) })
	}
	return true
}

// setAvailability takes an EVSE, or with the whole station all of them, in or out of service. It tells
// whether that waits for a transaction to end. (OCPP 1.6 §5.2, OCPP 2.x G03, G04)
func (l *link) setAvailability(e *evse, operative bool) (scheduled bool) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []*evse{e}
	if e == s.whole {
		list = append(list, s.evses...)
	}
	for _, e := range list {
		e.inoperative = !operative
		scheduled = scheduled || !operative && e.transaction != nil
	}
	l.afterwards(func(ctx context.Context) {
		for _, e := range list {
			s.note("to change the availability", s.tell(ctx, e, false))
		}
		s.dropUnusable(ctx)
	})
	return scheduled
}

// reset restarts the station. Transactions end with it for the given reason; tell is whether the
// station waits until the central system knows of that. (OCPP 1.6 §5.14, OCPP 2.x B11, B12)
func (l *link) reset(reason Reason, tell bool) {
	s := l.station
	l.afterwards(func(ctx context.Context) { s.restart(ctx, reason, bootRemoteReset, tell) })
}

// resetLater restarts the station when no transaction is left, and tells whether there is one now.
// (OCPP 2.x B12.FR.01, B12.FR.03)
func (l *link) resetLater() (scheduled bool) {
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.charging() {
		s.resetPending = true
		return true
	}
	l.reset(ReasonSoftReset, true)
	return false
}

// charging tells whether there is a transaction. mu is held.
func (s *Station) charging() bool {
	for _, e := range s.evses {
		if e.transaction != nil {
			return true
		}
	}
	return false
}

// resetWhenIdle does the reset that waited for transactions to end, if there is one.
func (s *Station) resetWhenIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.resetPending && !s.charging() {
		s.resetPending = false
		s.start(func(ctx context.Context) { s.restart(ctx, ReasonSoftReset, bootScheduledReset, true) })
	}
}

// resetPatience is how long a reset waits for what the central system has to be told.
const resetPatience = 5 * time.Second

// restart restarts the station. Where the end of transactions is not to be told first, it is told
// after the restart.
func (s *Station) restart(ctx context.Context, reason Reason, boot bootReason, tell bool) {
	s.mu.Lock()
	var old *link
	if !tell {
		old = s.detach(boot)
	}
	s.cureByReset(reason == ReasonHardReset)
	for _, e := range s.evses {
		e.order = nil
		if e.transaction != nil {
			s.finish(e, Token{}, reason)
		}
	}
	s.mu.Unlock()
	if tell {
		wait, cancel := context.WithTimeout(ctx, resetPatience)
		s.Drain(wait) // OCPP 2.x B12.FR.05: what is not answered in time is sent after the restart
		cancel()
		s.mu.Lock()
		old = s.detach(boot)
		s.mu.Unlock()
	}
	if old != nil {
		old.end(ocppj.ErrClosed, ws.StatusNormalClosure)
	}
	s.mu.Lock()
	kept := s.leave != nil
	s.mu.Unlock()
	if !kept {
		s.note("a reset", s.enter(ctx))
	}
}

// detach takes the connection away from the station, so that nobody boots over it. mu is held.
func (s *Station) detach(boot bootReason) *link {
	l := s.link
	s.link, s.booted, s.bootReason = nil, false, boot
	s.signal()
	return l
}

// tellTriggered tells the state of an EVSE, or with the whole station of all of them.
func (s *Station) tellTriggered(ctx context.Context, e *evse) error {
	if e == s.whole {
		return s.tellAll(ctx, true)
	}
	return s.tell(ctx, e, true)
}

// sampleTriggered tells what the meter of an EVSE shows, or with the whole station all of them, with
// the transactions there: where there is none nothing is told, unless anyhow.
func (s *Station) sampleTriggered(ctx context.Context, e *evse, anyhow bool) error {
	for _, e := range s.outlets(e) {
		if !anyhow && !s.Charging(e.id) {
			continue
		}
		if err := s.sample(ctx, e, causeTrigger); err != nil {
			return err
		}
	}
	return nil
}

// readTriggered tells what the meter of an EVSE shows, or with the whole station all of them, apart
// from any transaction.
func (s *Station) readTriggered(ctx context.Context, e *evse) error {
	for _, e := range s.outlets(e) {
		l, err := s.online()
		if err != nil {
			return err
		}
		s.mu.Lock()
		r := s.read(e)
		s.mu.Unlock()
		if err := s.dialect.reading(ctx, l, e.id, r, causeTrigger); err != nil {
			return err
		}
	}
	return nil
}

// outlets are the EVSE, or with the whole station all of them.
func (s *Station) outlets(e *evse) []*evse {
	if e == s.whole {
		return s.evses
	}
	return []*evse{e}
}
