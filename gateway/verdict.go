package gateway

import (
	"context"
	"errors"
	"net"
	"regexp"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// note keeps why a station was refused or closed.
func (s *Server) note(id gnista.StationID, remote string, cause station.Cause, reason string) {
	id = gnista.StationID(shorten(string(id), maxID))
	s.Log.Info("a station was turned away", "station", id, "cause", cause, "reason", reason, "remote", remote)
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	s.judge(station.Verdict{Station: id, Cause: cause, Reason: reason, Remote: host})
}

func (s *Server) judge(v station.Verdict) {
	v.Count, v.FirstAt, v.LastAt = 1, s.Now(), s.Now()
	if err := s.Network.Verdicts.AddVerdicts(context.Background(), []station.Verdict{v}); err != nil {
		s.Log.Error("a verdict could not be kept", "station", v.Station, "err", err)
	}
}

// reject keeps why a message of the station was answered with an error, or passed over.
func (x *Session) reject(f ocppj.Frame, reason string) {
	action := shorten(f.Action, maxAction)
	if action != "" {
		reason = action + ": " + reason
	}
	x.server.judge(station.Verdict{
		Station: x.Station, Cause: station.RejectedFrame, Reason: shorten(reason, maxQuoted), Remote: x.remote(), Action: action, MessageID: shorten(f.ID, maxID),
	})
}

// maxAction is how much is kept of the name of an action that is not one of ours.
const maxAction = 60

// number is the place of an element of an array within a path.
var number = regexp.MustCompile(`\[\d+\]`)

// answered says in words why the answer to a message was err.
func answered(err error) string {
	e, told := errors.AsType[*ocppj.Error](err)
	if !told {
		return "the central system could not process it"
	}
	return "answered with " + string(e.Code) + ": " + number.ReplaceAllString(e.Description, "[]")
}
