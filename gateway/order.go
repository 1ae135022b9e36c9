package gateway

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// Orders is how a version says the orders of the domain, by their types.
type Orders map[reflect.Type]func(ctx context.Context, s *Session, order any) (any, error)

// Tell says orders of type O with f.
func Tell[O station.Order[A], A any](orders Orders, f func(context.Context, *Session, O) (A, error)) {
	t := reflect.TypeFor[O]()
	if orders[t] != nil {
		panic(fmt.Sprintf("gateway: %v is told in two ways", t))
	}
	orders[t] = func(ctx context.Context, s *Session, order any) (any, error) { return f(ctx, s, order.(O)) }
}

// Do tells a station an order. A version that has no way to say it cannot.
func (s *Server) Do(ctx context.Context, id gnista.StationID, order any) (any, error) {
	return do(ctx, s, id, func(ctx context.Context, x *Session) (any, error) {
		a := x.Treatment().Adaptations
		if guarded, ok := order.(station.Guarded); ok {
			ctx = ocppj.Before(ctx, guarded.Allow)
		}
		if adaptable, ok := order.(station.Adaptable); ok {
			var err error
			if order, err = adaptable.Adapt(a); err != nil {
				return nil, err
			}
		}
		say := x.dialect.Orders[reflect.TypeOf(order)]
		if say == nil {
			return nil, gnista.Errorf(gnista.Unsupported, "OCPP %s has no way to say this to a station", x.dialect.Version)
		}
		ask, asks := order.(station.Ask)
		if asks {
			x.Invite()
		}
		answer, err := say(ctx, x, order)
		if asks && a.TriggerFallback && refusesForm(answer, err) {
			x.Saw("Q34", "%s is refused for %s", ask.For, place(ask.At))
			return say(ctx, x, ask.Otherwise())
		}
		return answer, err
	})
}

// refusesForm tells whether a station may only want to be asked in another way.
func refusesForm(answer any, err error) bool {
	a, _ := answer.(station.Answer)
	_, told := errors.AsType[*ocppj.Error](err)
	return told || err == nil && (a.Status == station.Refused || a.Status == station.NotSupporting)
}

func place(at gnista.EVSE) string {
	if at.ID == 0 {
		return "the station"
	}
	return fmt.Sprintf("EVSE %d", at.ID)
}
