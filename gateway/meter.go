package gateway

import (
	"context"
	"errors"
	"time"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// Meter learns how the gateway works. It is told often, and must not wait.
type Meter interface {
	// Message takes in that a request was answered. ctx is that of who sent it, where it is ours.
	Message(ctx context.Context, m Answered)
	// Handshake takes in that a station connected, [Well], or why it may not: a cause, or what was wrong with TLS.
	Handshake(result string)
}

// Answered is a request of a station that was answered, or one of ours, which is outgoing.
type Answered struct {
	Station  gnista.StationID
	Action   string // [OtherAction] where the version does not know it
	Outgoing bool
	Result   string        // [Well] or an error code of OCPP; of ours [Unanswered] and [Unsent] as well
	Took     time.Duration // by us, with the commit, or by the station
}

// What becomes of messages, beside error codes.
const (
	Well        = "ok"
	Unanswered  = "Unanswered" // not in time, or the connection ended before
	Unsent      = "Unsent"     // its turn did not come, or the connection had ended
	OtherCode   = "Other"      // a code that OCPP does not have
	OtherAction = "other"
)

func (s *Server) greeted(result string) {
	if s.Meter != nil {
		s.Meter.Handshake(result)
	}
}

// served tells the meter of a request of the station.
func (x *Session) served(ctx context.Context, action string, began time.Time, err error) {
	if x.server.Meter == nil {
		return
	}
	result := outcome(err)
	if result == Unsent { // what went wrong is ours
		result = string(ocppj.InternalError)
	}
	x.server.Meter.Message(ctx, Answered{x.Station, x.named(action), false, result, time.Since(began)})
}

// Answered tells the meter what became of a request of ours.
func (x *Session) Answered(ctx context.Context, action string, err error, took time.Duration) {
	if x.server.Meter != nil {
		x.server.Meter.Message(ctx, Answered{x.Station, x.named(action), true, outcome(err), took})
	}
}

// named is an action of the session's version; what a station makes up is not told.
func (x *Session) named(action string) string {
	if _, known := x.dialect.Messages.Action(action); known {
		return action
	}
	return OtherAction
}

func outcome(err error) string {
	e, told := errors.AsType[*ocppj.Error](err)
	switch {
	case err == nil:
		return Well
	case told && e.Code.Known():
		return string(e.Code)
	case told:
		return OtherCode
	case errors.Is(err, ocppj.ErrUnanswered), errors.Is(err, ocppj.ErrClosed):
		return Unanswered
	}
	return Unsent
}

// Links are connections of one kind.
type Links struct {
	Version gnista.Version
	Profile station.Profile
}

// Count counts the connections of each kind, and the requests to stations that are not answered yet, with those that
// wait for their turn.
func (s *Server) Count() (connections map[Links]int, pending int) {
	connections = map[Links]int{}
	for _, x := range s.sessions.all() {
		connections[Links{x.dialect.Version, x.profile}]++
		pending += x.Waiting()
	}
	return connections, pending
}
