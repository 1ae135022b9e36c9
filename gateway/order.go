package gateway

import (
	"context"
	"fmt"
	"reflect"

	"gnista"
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
		say := x.dialect.Orders[reflect.TypeOf(order)]
		if say == nil {
			return nil, gnista.Errorf(gnista.Unsupported, "OCPP %s has no way to say this to a station", x.dialect.Version)
		}
		if _, asks := order.(station.Ask); asks {
			x.Invite()
		}
		return say(ctx, x, order)
	})
}
