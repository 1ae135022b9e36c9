package ocppj

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// Sender is who may send the request of an action.
type Sender uint8

// The senders.
const (
	Station Sender = 1 << iota
	Central
	Either = Station | Central
)

// Action names a message and ties its request type to its response type. Req and Resp are
// structs; pointers to them are [Checked].
type Action[Req, Resp any] struct {
	Name   string
	Sender Sender
	Since  Version // the first version that has it, of those that share the types
}

// None is the response type of an action that is never answered.
type None struct{}

// Check finds nothing.
func (*None) Check(*Check) {}

// AnyAction is an [Action] of whatever types.
type AnyAction interface {
	ActionName() string
	SentBy(Sender) bool
	In(Version) bool
	NewRequest() Checked
	NewResponse() Checked
}

func (a Action[Req, Resp]) ActionName() string   { return a.Name }
func (a Action[Req, Resp]) SentBy(s Sender) bool { return a.Sender&s != 0 }
func (a Action[Req, Resp]) In(v Version) bool    { return v >= a.Since }
func (a Action[Req, Resp]) NewRequest() Checked  { return any(new(Req)).(Checked) }
func (a Action[Req, Resp]) NewResponse() Checked { return any(new(Resp)).(Checked) }

// Mux finds the handler of an action. S is what handlers are told of the peer. Its routes are
// set up before it is used.
type Mux[S any] struct {
	version Version
	known   map[string]AnyAction
	routes  map[string]route[S]
}

type route[S any] func(ctx context.Context, s S, payload json.RawMessage, mode Mode) (Checked, []Violation, error)

// NewMux makes a Mux for version v, of whose actions known is the list.
func NewMux[S any](v Version, known []AnyAction) *Mux[S] {
	m := &Mux[S]{version: v, known: map[string]AnyAction{}, routes: map[string]route[S]{}}
	for _, a := range known {
		if a.In(v) {
			m.known[a.ActionName()] = a
		}
	}
	return m
}

// Handle serves action a with h. A request that lacks a required property, or has one of the
// wrong type, is answered with an error and not shown to h. In Tolerant mode h is shown values
// that break other limits.
func Handle[S, Req, Resp any](m *Mux[S], a Action[Req, Resp], h func(context.Context, S, Req) (Resp, error)) {
	register(m, a, func(ctx context.Context, s S, payload json.RawMessage, mode Mode) (Checked, []Violation, error) {
		var req Req
		found, bad := Decode(payload, any(&req).(Checked), m.version, mode)
		if bad != nil {
			return nil, nil, bad
		}
		if w := worst(found); w != nil && (mode == Strict || w.Code != PropertyConstraintViolation) {
			return nil, found, &Error{Code: w.Code, Description: w.String()}
		}
		resp, err := h(ctx, s, req)
		return any(&resp).(Checked), found, err
	})
}

// Accept serves action a with h whatever is wrong with a request; h is told what that is. It is
// for messages that must not be refused, such as one that ends a transaction. In Strict mode it is
// refused all the same: what never may be is not to be served in that.
func Accept[S, Req, Resp any](m *Mux[S], a Action[Req, Resp], h func(context.Context, S, Req, []Violation) (Resp, error)) {
	register(m, a, func(ctx context.Context, s S, payload json.RawMessage, mode Mode) (Checked, []Violation, error) {
		var req Req
		found, bad := Decode(payload, any(&req).(Checked), m.version, mode)
		if bad != nil {
			return nil, nil, bad
		}
		if w := worst(found); w != nil && mode == Strict {
			return nil, found, &Error{Code: w.Code, Description: w.String()}
		}
		resp, err := h(ctx, s, req, found)
		return any(&resp).(Checked), found, err
	})
}

func register[S, Req, Resp any](m *Mux[S], a Action[Req, Resp], r route[S]) {
	if !a.In(m.version) {
		return
	}
	if m.known[a.Name] == nil || m.routes[a.Name] != nil {
		panic(fmt.Sprintf("ocppj: %s is unknown in %v or has a handler already", a.Name, m.version))
	}
	m.routes[a.Name] = r
}

// Serve answers the request in f, a CALL or a SEND. It returns the payload of the answer and what
// was wrong with the request. An error that is not an *[Error] is the handler's own.
func (m *Mux[S]) Serve(ctx context.Context, s S, f Frame, mode Mode) (json.RawMessage, []Violation, error) {
	r, ok := m.routes[f.Action]
	if !ok {
		return nil, nil, m.unserved(f.Action)
	}
	resp, found, err := r(ctx, s, f.Payload, mode)
	if err != nil {
		return nil, found, err
	}
	if own := Judge(resp, m.version); len(own) > 0 {
		return nil, found, fmt.Errorf("our answer to %s is not valid: %v", f.Action, own)
	}
	payload, err := Marshal(resp)
	return payload, found, err
}

func (m *Mux[S]) unserved(action string) *Error {
	a, ok := m.known[action]
	switch {
	case !ok:
		return Errorf(NotImplemented, "OCPP %v has no action %q", m.version, shorten(action, 60))
	case !a.SentBy(Station):
		return Errorf(NotSupported, "%s is sent to stations, not by them", action)
	}
	return Errorf(NotSupported, "%s is not handled", action)
}

// Action finds an action of the version by its name.
func (m *Mux[S]) Action(name string) (AnyAction, bool) {
	a, ok := m.known[name]
	return a, ok
}

// Unserved lists the actions that a station may send and that are not handled.
func (m *Mux[S]) Unserved() []string {
	var list []string
	for name, a := range m.known {
		if a.SentBy(Station) && m.routes[name] == nil {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}
