package gateway

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/ocpp/ocppws"
	"gnista/station"
)

// Session is a station's live connection. It is the [ocppj.Owner] of its own Conn.
type Session struct {
	ocppj.Conn
	Station gnista.StationID
	// Certificate is what the station presented; nil where the port asks for none.
	Certificate *station.Certificate

	profile station.Profile
	server  *Server
	dialect *Dialect
	socket  ocppws.Socket
	pace    *pace
	started int64        // when the connection was made, in milliseconds
	seen    atomic.Int64 // when the last frame came in
	begun   atomic.Int64 // when a message in fragments began to come in; 0 for none
	pinged  atomic.Int64 // when we last asked for a sign of life
	state   atomic.Int32 // registration
	deaf    atomic.Int32 // CALLs in a row that were not answered
	reading atomic.Bool  // somebody reads the socket: the poller's own mark
	ended   atomic.Bool
	booted  atomic.Bool // the station has, once

	epoch    atomic.Int64 // of the claim of this node; 0 before there is one
	outrunBy atomic.Int64 // the claim of another node

	treatment atomic.Pointer[station.Treatment]
	mirror    atomic.Pointer[mirror]
	asked     atomic.Bool  // the station has booted on this connection, or was asked to
	quiet     atomic.Int64 // until when nothing is sent, in milliseconds
	looked    int          // messages of meter values; for whoever serves
	place     int          // in the list of the registry, which guards it
}

// registration is how far a station has come on this connection.
type registration int32

const (
	unbooted   registration = iota // in service, but it has never booted
	pending                        // it waits for the operator
	invited                        // and we have asked it to tell of itself meanwhile
	rejected                       // it is not wanted
	registered                     // in service
)

// closedByOperator is the close code of a connection that the operator ends.
const closedByOperator = ws.StatusPolicyViolation

// serve makes a session of a connection whose handshake is done.
func (s *Server) serve(x *Session, v ocppj.Version, conn net.Conn, rw *bufio.ReadWriter, deflate ocppws.Deflate) {
	now := s.Now().UnixMilli()
	id, d := x.Station, x.dialect
	x.started = now
	x.Version, x.Owner, x.Timeout = v, x, s.Limits.Call
	x.socket = ocppws.Socket{Conn: conn, Limit: s.Limits.Message, WriteTimeout: s.Limits.Write, Deflate: deflate}
	x.seen.Store(now)
	x.treatment.Store(&s.plain)

	if old, ok := s.sessions.find(id); ok {
		x.pace = old.pace
	} else {
		x.pace = s.gone.of(id)
	}
	// Nobody finds the old session from now on, whatever becomes of the new one.
	if old := s.sessions.put(x); old != nil {
		old.end(ws.StatusPolicyViolation, "the station has connected again", "the station has connected again while this connection was open")
		if old.Version != x.Version {
			x.Saw("Q3", "a connection in OCPP %v after one in %v", x.Version, old.Version)
		} else {
			x.Saw("Q8", "a connection was made while another was open")
		}
	}
	// What the operator says may have changed since the station was admitted; asked once the session
	// can be found, no change is missed.
	ctx, cancel := context.WithTimeout(context.Background(), s.Limits.Call)
	defer cancel()
	known, err := s.Network.Store.Station(ctx, id)
	if err != nil {
		s.Log.Error("a station could not be looked up", "station", id, "err", err)
		x.end(ws.StatusInternalServerError, "the central system could not look up the station", "")
		return
	}
	if s.Claims != nil {
		epoch, err := s.Claims.Claim(ctx, id)
		if err != nil {
			s.Log.Error("a station could not be claimed for this node", "station", id, "err", err)
			x.end(ws.StatusInternalServerError, "the central system could not take in the station", "")
			return
		}
		x.epoch.Store(epoch)
		x.yield()
	}
	x.Registered(known.StateWith(x.Certificate, s.Now()), !known.BootedAt.IsZero())
	x.begin(s.Network.Treatment(known))
	select {
	case <-s.done: // we are stopping, and may have passed this session over
		x.end(ws.StatusGoingAway, "the central system is stopping", "")
		return
	default:
	}
	if x.ended.Load() {
		return // it was replaced, or the operator ended it, while we asked
	}
	s.greeted(Well)
	s.Log.Info("a station connected", "station", id, "version", d.Version, "remote", x.remote())
	s.Messages.Note(id, Opened, fmt.Sprintf("OCPP %s, from %s", d.Version, x.remote()))
	s.Live.Publish(gnista.Event{At: s.Now(), Kind: "station.connected", Station: id, Data: fmt.Appendf(nil, `{"version":%q}`, d.Version)})

	var early []byte // what came in together with the handshake
	if n := rw.Reader.Buffered(); n > 0 {
		early, _ = rw.Reader.Peek(n)
		early = bytes.Clone(early)
	}
	if !s.poller.watch(x, early) {
		s.running.Go(func() { x.readAll(early) })
	}
}

// Registered tells the session what the operator says of its station, and whether it ever booted.
func (x *Session) Registered(state station.State, booted bool) {
	r := registered
	switch {
	case state == station.Pending:
		r = pending
	case state == station.Rejected:
		r = rejected
	case !booted:
		r = unbooted
	}
	x.booted.Store(booted)
	x.state.Store(int32(r))
}

// Invite lets a pending station send what it was asked for.
func (x *Session) Invite() { x.state.CompareAndSwap(int32(pending), int32(invited)) }

func (x *Session) registration() registration { return registration(x.state.Load()) }

func (x *Session) since() time.Time  { return time.UnixMilli(x.started).UTC() }
func (x *Session) seenAt() time.Time { return time.UnixMilli(x.seen.Load()).UTC() }

func (x *Session) remote() string {
	host, _, err := net.SplitHostPort(x.socket.Conn.RemoteAddr().String())
	if err != nil {
		return x.socket.Conn.RemoteAddr().String()
	}
	return host
}

// readers are buffers for sockets that have something to read.
var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 4096) }}

// readAll reads a connection to its end, waiting in the calls. It is for connections that cannot be
// watched from outside.
func (x *Session) readAll(early []byte) {
	r := readers.Get().(*bufio.Reader)
	defer readers.Put(r)
	r.Reset(io.MultiReader(bytes.NewReader(early), x.socket.Conn))
	for {
		if err := x.readOne(r); err != nil {
			x.endBy(err)
			return
		}
	}
}

// readOne takes in one frame. Requests are served in a goroutine of their own, so that answers are
// read meanwhile.
func (x *Session) readOne(r *bufio.Reader) error {
	text, err := x.socket.Read(r)
	if err != nil {
		return err
	}
	if x.take(text) {
		x.server.running.Go(func() { x.Work(context.Background()) })
	}
	return nil
}

// take takes in a frame and the text that it completes, if any. It tells whether somebody must Work.
func (x *Session) take(text []byte) (work bool) {
	now := x.server.Now().UnixMilli()
	x.seen.Store(now) // OCPP 2.x G02.FR.04: whoever sends is there
	if !x.socket.Unfinished() {
		x.begun.Store(0)
	} else if x.begun.CompareAndSwap(0, now) {
		x.server.sessions.lookAt(x, now+x.server.Limits.Frame.Milliseconds())
	}
	x.await(len(text))
	if text == nil {
		return false
	}
	x.server.Messages.Add(x.Station, false, text)
	if m := x.mirror.Load(); m != nil {
		m.add(text)
	}
	return x.Receive(text)
}

// look does what time brings for the session, and returns when to look again, in milliseconds.
func (x *Session) look(now time.Time) int64 {
	s := x.server
	frame, silence, ping := s.Limits.Frame.Milliseconds(), s.Limits.Silence.Milliseconds(), s.Limits.Ping.Milliseconds()
	at, seen, begun, pinged := now.UnixMilli(), x.seen.Load(), x.begun.Load(), x.pinged.Load()
	switch {
	case begun != 0 && at-begun > frame:
		x.endUnfinished()
	case at-seen > silence:
		x.end(ws.StatusPolicyViolation, "no frame for "+s.Limits.Silence.String(), fmt.Sprintf("nothing came from the station for %v", s.Limits.Silence))
	case at-max(seen, pinged) > ping:
		pinged = at
		x.pinged.Store(at)
		s.running.Go(func() { // who reads nothing keeps it waiting
			if err := x.socket.Ping(); err != nil {
				x.end(0, "", "")
			}
		})
	}
	next := min(seen+silence, max(seen, pinged)+ping)
	if begun != 0 {
		next = min(next, begun+frame)
	}
	if x.askToBoot(now) {
		next = min(next, x.started+noBoot.Milliseconds())
	}
	return next
}

// endBy ends the session for what reading it returned.
func (x *Session) endBy(err error) {
	closed, ok := errors.AsType[*ocppws.CloseError](err)
	var timeout net.Error
	switch {
	case ok && closed.Ours:
		x.end(closed.Code, closed.Reason, closed.Reason)
	case ok:
		x.end(ws.StatusNormalClosure, "", "")
	case errors.As(err, &timeout) && timeout.Timeout():
		x.endUnfinished()
	default:
		x.end(0, "", "")
	}
}

func (x *Session) endUnfinished() {
	x.end(ws.StatusPolicyViolation, "the rest of a message did not come", fmt.Sprintf("the rest of a message did not come within %v", x.server.Limits.Frame))
}

// end closes the connection: code and reason are for the station, 0 for one that is gone anyway;
// verdict is what is kept for the operator, empty when there is nothing to be said.
func (x *Session) end(code ws.StatusCode, reason, verdict string) {
	if x.ended.Swap(true) {
		return
	}
	s := x.server
	s.gone.keep(x.Station, x.pace) // before another session can look for it
	last := s.sessions.remove(x)
	s.poller.forget(x)
	remote := x.remote()
	x.mirrorTo(station.Mirror{})
	why := ocppj.ErrClosed
	if reason != "" {
		why = fmt.Errorf("%w: %s", ocppj.ErrClosed, reason)
	}
	x.Conn.Close(why)
	s.running.Go(func() { // a station that reads nothing keeps the last word waiting
		if code != 0 {
			x.socket.Close(code, reason)
		}
		x.socket.Conn.Close()
		if verdict != "" {
			s.note(x.Station, remote, station.ConnectionEnded, verdict)
		}
		if !last {
			return
		}
		s.Log.Info("a station's connection ended", "station", x.Station, "reason", reason)
		s.Messages.Note(x.Station, Ended, reason)
		s.Live.Publish(gnista.Event{At: s.Now(), Kind: "station.disconnected", Station: x.Station})
		s.depart(station.Departure{Station: x.Station, At: s.Now()})
	})
}

// charges are the messages that only a station in service may send.
var charges = []string{"Authorize", "StartTransaction", "StopTransaction", "TransactionEvent", "MeterValues"}

// Serve answers a request of the station.
func (x *Session) Serve(ctx context.Context, f ocppj.Frame) (payload json.RawMessage, err error) {
	began := time.Now()
	defer func() { x.served(ctx, f.Action, began, err) }()
	defer func() {
		if p := recover(); p != nil {
			x.server.Log.Error("a handler panicked", "station", x.Station, "action", f.Action, "panic", p, "stack", string(debug.Stack()))
			payload, err = nil, errors.New("a handler panicked")
		}
	}()
	if x.server.ears.some.Load() > 0 {
		defer x.overhear(f)
	}
	if err := x.allowed(f); err != nil {
		x.Saw("G9", "%s", shorten(f.Action, maxAction))
		x.reject(f, answered(err))
		return nil, err
	}
	f.Payload = x.corrected(f.Payload)
	mode := ocppj.Tolerant
	if x.Treatment().Strict && !endsTransaction(f) {
		mode = ocppj.Strict
	}
	payload, found, err := x.dialect.Messages.Serve(ctx, x, f, mode)
	x.observe(f, found)
	if err == nil {
		return payload, nil
	}
	if e := callError(err); e != nil {
		err = e
	}
	x.reject(f, answered(err))
	if e, told := errors.AsType[*ocppj.Error](err); told {
		if e.Code == ocppj.NotImplemented || e.Code == ocppj.NotSupported {
			x.Saw("G8", "%s", shorten(f.Action, maxAction))
		}
		if e.Code == ocppj.FormatViolation {
			x.Saw("G7", "%s: %s", shorten(f.Action, maxAction), e.Description)
		}
		return nil, err
	}
	if r, ok := errors.AsType[*station.Refusal](err); ok { // OCPP 2.x B01.FR.12
		x.server.note(x.Station, x.remote(), r.Cause, r.Reason)
		x.end(ws.StatusPolicyViolation, r.Reason, "")
		return nil, ocppj.Errorf(ocppj.SecurityError, "%s", r.Reason)
	}
	x.server.Log.Error("a message could not be handled", "station", x.Station, "action", f.Action, "message_id", f.ID, "err", err)
	return nil, err
}

// allowed tells whether the station may send an action at this point. (OCPP 1.6 §4.2, OCPP 2.x
// B01.FR.10, B02.FR.09, B03.FR.07) The end of a transaction is let through where the versions would
// have it refused: a station that the operator takes out of service while it charges would drop it.
func (x *Session) allowed(f ocppj.Frame) error {
	why := ""
	switch x.registration() {
	case unbooted:
		why = "send a BootNotification first"
	case pending:
		why = "the station is not accepted yet"
	case rejected:
		why = "the station is rejected"
	case invited:
		if slices.Contains(charges, f.Action) {
			why = "the station is not accepted yet"
		}
	}
	if why == "" || f.Action == "BootNotification" || x.booted.Load() && endsTransaction(f) {
		return nil
	}
	return ocppj.Errorf(ocppj.SecurityError, "%s", why)
}

func endsTransaction(f ocppj.Frame) bool {
	if f.Action == "TransactionEvent" {
		var event struct {
			EventType string `json:"eventType"`
		}
		return json.Unmarshal(f.Payload, &event) == nil && event.EventType == "Ended"
	}
	return f.Action == "StopTransaction"
}

// callErrors are the error codes for domain errors; one with another code is internal.
var callErrors = map[gnista.Code]ocppj.Code{
	gnista.Invalid:     ocppj.PropertyConstraintViolation,
	gnista.NotFound:    ocppj.PropertyConstraintViolation,
	gnista.Unsupported: ocppj.NotSupported,
}

func callError(err error) error {
	if code, ok := callErrors[gnista.CodeOf(err)]; ok {
		return ocppj.Errorf(code, "%v", err)
	}
	return nil
}

// Write sends a text to the station.
func (x *Session) Write(text []byte) error {
	x.server.Messages.Add(x.Station, true, text)
	if err := x.socket.Write(text); err != nil {
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			x.end(0, "", fmt.Sprintf("the station did not read what it was sent within %v", x.socket.WriteTimeout))
		} else {
			x.end(0, "", "")
		}
		return err
	}
	return nil
}

// Stray is told of what came in and fits nothing.
func (x *Session) Stray(f ocppj.Frame, err error) {
	x.server.Log.Debug("a station sent what fits nothing", "station", x.Station, "message_id", f.ID, "err", err)
	broken, text := errors.AsType[*ocppj.FrameError](err)
	switch {
	case text && (f.Type == ocppj.CALLRESULT || f.Type == ocppj.CALLERROR):
		x.Saw("Q18", "an answer that cannot be read: %s", broken.Reason)
		x.reject(f, "an answer that cannot be read: "+broken.Reason)
	case text:
		x.Saw("G7", "%s", broken.Reason)
		x.reject(f, "not an OCPP-J message: "+broken.Reason)
	default:
		x.Saw("G6", "message type %d", f.Type)
	}
}

// Ended is told that the station does not read while it goes on asking.
func (x *Session) Ended(err error) {
	x.end(ws.StatusPolicyViolation, "the station does not read what it is sent", "the station did not read what it was sent, and asked for more")
}

// NewID makes a message id.
func (x *Session) NewID() string { return x.server.NewID() }
