package gateway

import (
	"context"
	"errors"
	"testing"
	"time"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// only is an order that may be sent while something holds.
type only struct {
	station.Reset
	holds bool
}

func (o only) Allow(context.Context) error {
	if !o.holds {
		return gnista.Errorf(gnista.Conflict, "not any more")
	}
	return nil
}

func (o only) Plain() any { return o.Reset }

func (o only) Adapt(station.Adaptations) (any, error) { return o.Reset, nil }

// quiet is a peer that gets what is sent and does not answer.
type quiet struct {
	ocppj.Owner
	sent int
}

func (*quiet) NewID() string { return "1" }
func (*quiet) Ended(error)   {}

func (q *quiet) Write([]byte) error {
	q.sent++
	return errors.New("the line is cut")
}

// An order that is guarded is asked for when its turn has come, and not sent when it may not be.
func TestGuarded(t *testing.T) {
	for _, holds := range []bool{true, false} {
		peer := &quiet{}
		conn := &ocppj.Conn{Version: ocppj.V16, Owner: peer}
		orders := Orders{}
		Tell(orders, func(ctx context.Context, _ *Session, _ station.Reset) (station.Answer, error) {
			_, err := conn.CallRaw(ctx, "Reset", []byte(`{}`))
			return station.Answer{}, err
		})
		s := &Server{Limits: Limits{Call: time.Second}, Now: time.Now, sessions: registry{byID: map[gnista.StationID]*Session{}}}
		x := &Session{Station: "CP1", server: s, dialect: &Dialect{Version: gnista.V16, Orders: orders}}
		x.Treat(station.Treatment{})
		s.sessions.put(x)
		_, err := s.Do(t.Context(), "CP1", only{holds: holds})
		if holds != (peer.sent == 1) || !holds && gnista.CodeOf(err) != gnista.Conflict {
			t.Errorf("allowed %v: sent %d times, %v", holds, peer.sent, err)
		}
	}
}
