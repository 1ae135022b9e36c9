package checkout

import (
	"context"
	"time"

	"gnista"
	"gnista/payment"
	"gnista/station"
)

// The times between two orders to start.
const (
	answerTime  = 20 * time.Second  // where no answer was kept: we were killed
	againAfter  = 10 * time.Second  // where the station would not, or was away
	unknownTime = 30 * time.Second  // where it did not answer
	connectTime = 150 * time.Second // where it has agreed, and waits for the car: more than stations mostly wait
)

// order tells the station to start. It is stored before it is sent, with the number and the token that it
// always has: a station that is told twice knows it again, and of two transactions only one can use the pass.
// (OCPP 1.6 §5.11, OCPP 2.x F01, F02)
func (d *Desk) order(ctx context.Context, c Checkout, p payment.Payment) (bool, error) {
	start, err := d.Charging.OrderAgain(ctx, c.Station, c.EVSE, c.Token, c.Order.Number)
	if err != nil && gnista.CodeOf(err) == gnista.Internal {
		return false, err
	}
	refused := err
	// A station that has agreed may tell that it is occupied, though no car is there: it is looked before.
	list, err := d.Network.States.Connectors(ctx, c.Station)
	if err != nil {
		return false, err
	}
	at, _ := told(list, c.EVSE)
	wait := at == Free || c.State == PlugIn
	now := d.Now()
	stored, err := d.Store.ChangeCheckout(ctx, c.Station, c.ID, func(x *Checkout) error {
		if x.State != c.State {
			return nil
		}
		if x.State == Paying {
			x.PaidAt, x.StartBy = p.Since, p.Since.Add(d.Policy.StartWithin)
		}
		if x.State == Paying || x.State == Paid {
			x.move(Starting, "", now)
		}
		x.Order.Tried++
		x.Order.At, x.Order.Outcome, x.Next, x.UpdatedAt = now, Sent, now.Add(answerTime), now
		return nil
	})
	if err != nil || stored.Order.Outcome != Sent || !stored.Order.At.Equal(now) {
		return err == nil, err
	}
	var a station.Answer
	if refused == nil {
		a, refused = station.Give(ctx, d.Network, c.Station, start)
	}
	return true, d.answered(ctx, stored, a, refused, wait)
}

// answered takes in what came of an order; wait tells that no car is there.
func (d *Desk) answered(ctx context.Context, c Checkout, a station.Answer, failed error, wait bool) error {
	outcome, why, pause := Accepted, "", connectTime
	code := gnista.CodeOf(failed)
	switch {
	case failed == nil && a.Status == station.Done:
	case failed == nil:
		outcome, why, pause = Refused, "the station refused: "+string(a.Status), againAfter
	case code == gnista.Timeout || code == gnista.Internal:
		outcome, why, pause = Unknown, "the station did not answer", unknownTime
	case code == gnista.Offline:
		outcome, why, pause = Away, "the station is not connected", againAfter
	default:
		outcome, why, pause = Refused, failed.Error(), againAfter
	}
	now := d.Now()
	_, err := d.Store.ChangeCheckout(context.WithoutCancel(ctx), c.Station, c.ID, func(x *Checkout) error {
		if !x.Order.At.Equal(c.Order.At) {
			return nil
		}
		x.Order.Outcome, x.Order.Command, x.UpdatedAt = outcome, a.Command, now
		if x.State != Starting && x.State != PlugIn { // the transaction was faster, or it was given up
			return nil
		}
		x.State, x.Reason, x.Next = Starting, why, now.Add(pause)
		if wait && (outcome == Accepted || outcome == Refused) {
			x.State = PlugIn
		}
		if x.Next.After(x.StartBy) {
			x.Next = x.StartBy
		}
		return nil
	})
	return err
}
