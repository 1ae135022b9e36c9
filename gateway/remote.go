package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/gobwas/ws"

	"gnista"
	"gnista/ocpp/ocppj"
)

// do runs a command against a station's session. Its CALLs wait no longer for their turns than a
// station has time to answer one.
func do[T any](ctx context.Context, s *Server, id gnista.StationID, command func(context.Context, *Session) (T, error)) (T, error) {
	var none T
	x, ok := s.sessions.find(id)
	if !ok {
		return none, gnista.Errorf(gnista.Offline, "station %s is not connected", id)
	}
	if x.registration() == rejected {
		return none, gnista.Errorf(gnista.Conflict, "station %s is rejected; nothing may be sent to it", id) // OCPP 2.x B03.FR.03; not so one that waits: B02.FR.01
	}
	if err := x.held(); err != nil {
		return none, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.Limits.Call)
	defer cancel()
	answer, err := command(ctx, x)
	if err == nil {
		x.deaf.Store(0)
		return answer, nil
	}
	return answer, x.explain(err)
}

// explain turns the failure of a CALL into an error for who gave the command. A station that does not
// answer for several CALLs is disconnected: it will not by itself (quirk Q9).
func (x *Session) explain(err error) error {
	if _, ours := errors.AsType[*gnista.Error](err); ours {
		return err
	}
	if e, ok := errors.AsType[*ocppj.UnsentError](err); ok {
		return gnista.Invalidf(e.Path, "%s", e.Reason)
	}
	if e, ok := errors.AsType[*ocppj.Error](err); ok {
		x.deaf.Store(0)
		code := gnista.Refused
		if e.Code == ocppj.NotImplemented || e.Code == ocppj.NotSupported {
			code = gnista.Unsupported
		}
		return gnista.Errorf(code, "station %s answers with an error: %w", x.Station, e)
	}
	switch {
	case errors.Is(err, ocppj.ErrNoTurn):
		return gnista.Errorf(gnista.Timeout, "station %s was busy with other requests, so this one was not sent", x.Station)
	case errors.Is(err, ocppj.ErrUnanswered):
		if n := int(x.deaf.Add(1)); n >= x.server.Limits.Deaf {
			x.Saw("Q9", "%d requests in a row were not answered", n)
			why := fmt.Sprintf("the station left %d of our requests in a row unanswered", n)
			x.end(ws.StatusPolicyViolation, why, why)
		}
		return gnista.Errorf(gnista.Timeout, "station %s did not answer in time", x.Station)
	case errors.Is(err, ocppj.ErrClosed), errors.Is(err, ocppj.ErrSlow):
		return gnista.Errorf(gnista.Timeout, "the connection of station %s ended before it answered", x.Station)
	}
	return err
}

// Declined tells whether the failure of a CALL is that the station answered it with an error.
func Declined(err error) bool {
	_, answered := errors.AsType[*ocppj.Error](err)
	return answered
}

// Call sends any message of the station's version.
func (s *Server) Call(ctx context.Context, id gnista.StationID, action string, payload json.RawMessage) (json.RawMessage, error) {
	return do(ctx, s, id, func(ctx context.Context, x *Session) (json.RawMessage, error) {
		a, ok := x.dialect.Messages.Action(action)
		if !ok {
			return nil, gnista.Invalidf("action", "OCPP %s has no action %q", x.dialect.Version, action)
		}
		if !a.SentBy(ocppj.Central) {
			return nil, gnista.Invalidf("action", "%s is sent by stations, not to them", action)
		}
		if len(payload) == 0 {
			payload = json.RawMessage("{}")
		}
		// What is sent is what was understood, so nothing that the version does not know gets out.
		req := a.NewRequest()
		found, bad := ocppj.Decode(payload, req, x.Version, ocppj.Strict)
		if bad != nil {
			return nil, gnista.Invalidf("payload", "%s", bad.Description)
		}
		if len(found) > 0 {
			return nil, gnista.Invalidf("payload."+found[0].Path, "%s", found[0].Reason)
		}
		data, err := ocppj.Marshal(req)
		if err != nil {
			return nil, err
		}
		if slices.Contains(invitations, action) {
			x.Invite()
		}
		return x.CallRaw(ctx, action, data)
	})
}

// invitations ask a station to tell of itself, which it then may before it is accepted.
// (OCPP 2.x B02.FR.05)
var invitations = []string{"TriggerMessage", "ExtendedTriggerMessage", "GetBaseReport", "GetReport"}
