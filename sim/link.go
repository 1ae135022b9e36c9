package sim

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/gobwas/ws"

	"gnista/ocpp/ocppj"
	"gnista/ocpp/ocppws"
)

// link is one connection of a station. It is the [ocppj.Owner] of its own Conn.
type link struct {
	ocppj.Conn
	station *Station
	socket  *ocppws.Socket
	ctx     context.Context // ends with the connection
	cancel  context.CancelCauseFunc
	ended   atomic.Bool
	asked   asked
	ids     atomic.Int64 // of a station that numbers its messages
}

// Connect opens the connection; it does nothing while there is one. It waits for no answer to what is
// sent then: a station that has booted before sends what it could not send before.
func (s *Station) Connect(ctx context.Context) error {
	s.prepare()
	s.mu.Lock()
	there, down, closed := s.link != nil, s.down, s.closed
	s.mu.Unlock()
	switch {
	case closed:
		return ErrClosed
	case down:
		return ErrDown
	case there:
		return nil
	}
	socket, r, err := s.open(ctx)
	if err != nil {
		s.count(func(t *Totals) { t.Errors++ })
		return err
	}
	l := &link{station: s, socket: socket}
	l.Version, l.Owner = s.traits.protocol, l
	l.ctx, l.cancel = context.WithCancelCause(s.ctx)
	s.mu.Lock()
	if s.closed || s.down || s.link != nil { // something came in between
		s.mu.Unlock()
		socket.Conn.Close()
		return ErrDown
	}
	s.link = l
	s.forget()
	s.start(func(context.Context) { l.read(r) })
	s.deliver()
	s.signal()
	s.mu.Unlock()
	s.log.Debug("connected", "url", s.URL)
	return nil
}

// Disconnect closes the connection as one does that will come back.
func (s *Station) Disconnect() {
	s.prepare()
	s.mu.Lock()
	l := s.link
	s.mu.Unlock()
	if l != nil {
		l.end(ocppj.ErrClosed, ws.StatusNormalClosure)
	}
}

// Cut pulls the cable: the connection ends without a word, and there is no other before Mend.
func (s *Station) Cut() {
	s.prepare()
	s.mu.Lock()
	s.down = true
	l := s.link
	s.signal()
	s.mu.Unlock()
	if l != nil {
		l.end(ErrDown, 0)
	}
}

// Mend plugs the cable in again.
func (s *Station) Mend() {
	s.prepare()
	s.mu.Lock()
	s.down = false
	s.signal()
	s.mu.Unlock()
}

// LosePower is Cut, and all transactions end with it. That they have is told when the power is back:
// the meters keep what they showed.
func (s *Station) LosePower() {
	s.Cut()
	s.mu.Lock()
	for _, e := range s.evses {
		if e.transaction != nil {
			s.finish(e, Token{}, ReasonPowerLoss)
		}
		e.order = nil
	}
	s.booted, s.bootReason = false, bootPowerUp
	s.signal()
	s.mu.Unlock()
}

// RestorePower lets the station start again.
func (s *Station) RestorePower() { s.Mend() }

// service is the connection of a station that is in service; nil when it is not. mu is held.
func (s *Station) service() *link {
	if s.booted {
		return s.link
	}
	return nil
}

// online is service for those who do not hold mu.
func (s *Station) online() (*link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.service(); l != nil {
		return l, nil
	}
	return nil, ErrOffline
}

// Ready waits until the station is in service.
func (s *Station) Ready(ctx context.Context) error {
	s.prepare()
	return s.until(ctx, func() bool { return s.service() != nil })
}

// read takes in what the central system sends, until the connection ends.
func (l *link) read(r *bufio.Reader) {
	for {
		text, err := l.socket.Read(r)
		if err != nil {
			code := ws.StatusCode(0)
			if closed, ok := errors.AsType[*ocppws.CloseError](err); ok && !closed.Ours && l.station.habits.does("slow-return") {
				l.station.stayAway(slowReturn)
			}
			if closed, ok := errors.AsType[*ocppws.CloseError](err); ok && closed.Ours {
				code = closed.Code
			}
			l.end(err, code)
			return
		}
		if text == nil {
			continue
		}
		l.station.count(func(t *Totals) { t.Received++ })
		if l.deaf(text) {
			continue
		}
		if l.Receive(text) {
			l.station.spawn(func(context.Context) { l.Work(l.ctx) })
		}
	}
}

// end ends the connection; code is told to the central system unless it is 0.
func (l *link) end(why error, code ws.StatusCode) {
	if l.ended.Swap(true) {
		return
	}
	s := l.station
	s.mu.Lock()
	if s.link == l {
		s.link = nil
	}
	s.signal()
	s.mu.Unlock()
	l.cancel(why)
	l.Conn.Close(fmt.Errorf("%w: %w", ocppj.ErrClosed, why))
	if code != 0 {
		l.socket.Close(code, "")
	}
	l.socket.Conn.Close()
	s.log.Debug("the connection ended", "reason", why)
}

// Serve answers a request of the central system.
func (l *link) Serve(ctx context.Context, f ocppj.Frame) (json.RawMessage, error) {
	if len(l.station.habits) > 0 {
		if payload, done := l.serveOddly(f); done {
			return json.RawMessage(payload), nil
		}
	}
	l.station.mu.Lock()
	answers := l.station.answers
	l.station.mu.Unlock()
	if answers != "" {
		return l.refuse(answers)
	}
	payload, err := l.station.dialect.serve(ctx, l, f)
	e, ok := errors.AsType[*ocppj.Error](err)
	if ok && e.Code == ocppj.NotSupported {
		err = ocppj.Errorf(ocppj.NotSupported, "simulated stations do not do %s", f.Action)
	}
	if err != nil {
		l.station.log.Warn("a request was not served", "action", f.Action, "err", err)
	}
	return payload, err
}

// Write sends a text.
func (l *link) Write(text []byte) error {
	if len(l.station.habits) == 0 {
		return l.write(text)
	}
	for _, text := range l.station.habits.distort(l, text) {
		if err := l.write(text); err != nil {
			return err
		}
	}
	return nil
}

func (l *link) write(text []byte) error {
	err := l.socket.Write(text)
	if err != nil {
		l.end(err, 0)
		return err
	}
	l.station.count(func(t *Totals) { t.Sent++ })
	return nil
}

// Stray is told of what came in and fits nothing. Late answers do not count: that the request failed
// was told then.
func (l *link) Stray(f ocppj.Frame, err error) {
	if f.Type == ocppj.CALLRESULT || f.Type == ocppj.CALLERROR {
		l.station.log.Debug("an answer came late", "id", f.ID)
		return
	}
	l.station.count(func(t *Totals) { t.Errors++ })
	l.station.log.Warn("what came in fits nothing", "id", f.ID, "err", err)
}

// Ended is told that the central system does not read.
func (l *link) Ended(err error) { l.end(err, ws.StatusPolicyViolation) }

// NewID makes a message id.
func (l *link) NewID() string {
	if l.station.habits.does("same-ids") {
		return strconv.FormatInt(1_000_000+l.ids.Add(1), 10)
	}
	return l.station.NewID()
}

// call sends a request and waits for its answer, but not for ever.
func call[Req, Resp any](ctx context.Context, l *link, a ocppj.Action[Req, Resp], req Req) (Resp, error) {
	s := l.station
	if s.habits.unsaid(req) {
		var none Resp
		return none, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, cmp.Or(s.Timeout, defaultTimeout), ErrNoAnswer)
	defer cancel()
	resp, err := ocppj.Call(ctx, &l.Conn, a, req)
	if err == nil || ctx.Err() != nil && !errors.Is(err, ErrNoAnswer) {
		return resp, err
	}
	err = fmt.Errorf("%s: %w", a.Name, err)
	if errors.Is(err, ocppj.ErrClosed) {
		return resp, err
	}
	s.count(func(t *Totals) { t.Errors++ })
	s.log.Warn("a request failed", "err", err)
	if e, ok := errors.AsType[*ocppj.Error](err); ok && e.Code == ocppj.SecurityError && a.Name != "BootNotification" {
		s.forgotten(l)
	}
	return resp, err
}
