package station

import (
	"context"
	"encoding/json"
	"time"

	"gnista"
)

// Remote tells a station to do something and waits for its answer. All methods return Offline when
// the station is not connected, Timeout when it does not answer, Unsupported when its version or
// the station itself has no such thing, Refused when it answers with an error.
type Remote interface {
	Reset(ctx context.Context, id gnista.StationID, r Reset) (Answer, error)
	Unlock(ctx context.Context, id gnista.StationID, at gnista.EVSE) (Answer, error)
	SetAvailability(ctx context.Context, id gnista.StationID, at gnista.EVSE, operative bool) (Answer, error)
	Trigger(ctx context.Context, id gnista.StationID, what Trigger, at gnista.EVSE) (Answer, error)
	ReadSettings(ctx context.Context, id gnista.StationID, names []string) ([]Setting, error)
	WriteSettings(ctx context.Context, id gnista.StationID, list []Setting) ([]Setting, error)
	// Call sends any message of the station's version; the payload is checked against it. Invalid.
	Call(ctx context.Context, id gnista.StationID, action string, payload json.RawMessage) (json.RawMessage, error)
}

// Answer is what a station says to a command.
type Answer struct {
	Status AnswerStatus
	Detail string // the station's own word, and its reason where it gives one
}

// AnswerStatus is an answer over all versions.
type AnswerStatus string

// The answers.
const (
	Done          AnswerStatus = "accepted"
	Scheduled     AnswerStatus = "scheduled" // it will be done when what goes on has ended
	Refused       AnswerStatus = "rejected"
	NeedsReboot   AnswerStatus = "reboot-required"
	NotKnown      AnswerStatus = "unknown"     // the station has no such setting or connector
	NotSupporting AnswerStatus = "unsupported" // the station cannot do that
)

// Reset is an order to restart.
type Reset struct {
	Hard bool // at once, ending what goes on
	EVSE int  // one EVSE only (OCPP 2.x); 0 is the whole station
}

// Trigger is a message that a station is asked to send.
type Trigger string

// The messages that can be asked for. Not every version has every one.
const (
	TriggerBoot        Trigger = "boot"
	TriggerHeartbeat   Trigger = "heartbeat"
	TriggerStatus      Trigger = "status"
	TriggerMeterValues Trigger = "meter-values"
	TriggerTransaction Trigger = "transaction"
	TriggerFirmware    Trigger = "firmware-status"
	TriggerLog         Trigger = "log-status"
)

// Setting is a configuration key (OCPP 1.6) or the actual value of a variable (OCPP 2.x). The name
// of a variable is "Component.Variable"; an instance stands in brackets behind either, and the EVSE
// and connector behind the component as in "Connector#1:2.AvailabilityState".
type Setting struct {
	Name     string
	Value    string
	ReadOnly bool
	Status   AnswerStatus // what became of reading or writing it
	Detail   string
}

// Reset orders a station to restart. (OCPP 1.6 §5.14, OCPP 2.x B11, B12)
func (n *Network) Reset(ctx context.Context, id gnista.StationID, r Reset) (Answer, error) {
	if r.EVSE < 0 {
		return Answer{}, gnista.Invalidf("evse", "is negative")
	}
	a, err := n.Remote.Reset(ctx, id, r)
	return a, n.Explain(ctx, id, err)
}

// Unlock orders a station to let go of a cable. (OCPP 1.6 §5.18, OCPP 2.x F05)
func (n *Network) Unlock(ctx context.Context, id gnista.StationID, at gnista.EVSE) (Answer, error) {
	if at.ID < 1 {
		return Answer{}, gnista.Invalidf("evse", "must be 1 or more")
	}
	a, err := n.Remote.Unlock(ctx, id, at)
	return a, n.Explain(ctx, id, err)
}

// SetAvailability takes a station (EVSE 0), an EVSE or a connector in or out of service.
// (OCPP 1.6 §5.2, OCPP 2.x G03, G04)
func (n *Network) SetAvailability(ctx context.Context, id gnista.StationID, at gnista.EVSE, operative bool) (Answer, error) {
	if at.ID < 0 {
		return Answer{}, gnista.Invalidf("evse", "is negative")
	}
	a, err := n.Remote.SetAvailability(ctx, id, at, operative)
	return a, n.Explain(ctx, id, err)
}

// Trigger asks a station to send a message. (OCPP 1.6 §5.17, OCPP 2.x F06)
func (n *Network) Trigger(ctx context.Context, id gnista.StationID, what Trigger, at gnista.EVSE) (Answer, error) {
	if at.ID < 0 {
		return Answer{}, gnista.Invalidf("evse", "is negative")
	}
	a, err := n.Remote.Trigger(ctx, id, what, at)
	return a, n.Explain(ctx, id, err)
}

// ReadSettings reads settings of a station; without names all of them, where the version can.
// (OCPP 1.6 §5.8, OCPP 2.x B06)
func (n *Network) ReadSettings(ctx context.Context, id gnista.StationID, names []string) ([]Setting, error) {
	list, err := n.Remote.ReadSettings(ctx, id, names)
	return list, n.Explain(ctx, id, err)
}

// WriteSettings writes settings of a station. (OCPP 1.6 §5.3, OCPP 2.x B05)
func (n *Network) WriteSettings(ctx context.Context, id gnista.StationID, list []Setting) ([]Setting, error) {
	if len(list) == 0 {
		return nil, gnista.Invalidf("settings", "is empty")
	}
	list, err := n.Remote.WriteSettings(ctx, id, list)
	return list, n.Explain(ctx, id, err)
}

// Call sends a station any message of its version.
func (n *Network) Call(ctx context.Context, id gnista.StationID, action string, payload json.RawMessage) (json.RawMessage, error) {
	result, err := n.Remote.Call(ctx, id, action, payload)
	return result, n.Explain(ctx, id, err)
}

// Explain tells a station that is away from one that does not exist, in the error of a command.
func (n *Network) Explain(ctx context.Context, id gnista.StationID, err error) error {
	if err == nil || gnista.CodeOf(err) != gnista.Offline {
		return err
	}
	if _, missing := n.Store.Station(ctx, id); missing != nil {
		return missing
	}
	return err
}

// Connection is a station's live connection.
type Connection struct {
	Version gnista.Version
	Remote  string
	Since   time.Time
	SeenAt  time.Time // when the last frame came in
}

// Presence tells who is connected.
type Presence interface {
	Connection(id gnista.StationID) (Connection, bool)
	// Disconnect closes a station's connection, for a reason; it does nothing when there is none.
	Disconnect(id gnista.StationID, reason string)
	// Treat has a connected station dealt with in another way from now on.
	Treat(id gnista.StationID, t Treatment)
}
