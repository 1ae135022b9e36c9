package watch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gnista"
	"gnista/charging"
)

// The rules of charges and meters.
var (
	zeroEnergy   = Rule{"zero-energy", "ZeroEnergy"}
	noCharge     = Rule{"no-charge", "StartWithoutCharge"} // a transaction without energy
	soc          = Rule{"soc-still", "StateOfChargeStill"}
	registerStop = Rule{"register-still", "MeterAnomaly"}
	registerOdd  = Rule{"register-odd", "MeterAnomaly"} // what somebody has to decide about
	unauthorised = Rule{"unauthorised", "UnauthorisedEnergy"}
	between      = Rule{"between", "UnauthorisedEnergy"} // energy that no transaction is known of
)

// Charge is an active transaction.
type Charge struct {
	ID string
	Place
	Authorised bool
	Activity   charging.Activity
	StartedAt  time.Time
	EnergyWh   int64
	PowerW     int64
	SoC        int // -1 where it is not known
}

// Ended is a transaction that has ended.
type Ended struct {
	EnergyWh  int64
	StartedAt time.Time
}

type chargeStore interface {
	// Charges lists active transactions behind the one with the id after.
	Charges(ctx context.Context, after string, limit int) ([]Charge, error)
	// LastEnded lists the transactions that ended last at a connector, of those that might charge.
	LastEnded(ctx context.Context, at Place, limit int) ([]Ended, error)
	// Earlier is the last transaction at a connector before the one with an id. NotFound.
	Earlier(ctx context.Context, at Place, id string) (charging.Transaction, error)
}

// takeTransaction looks at a transaction that has ended.
func (w *Watch) takeTransaction(ctx context.Context, ev gnista.Event) error {
	t, err := w.Transactions.Transaction(ctx, ev.Subject)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return nil
	}
	if err != nil || t.State != charging.Ended || t.Decided() { // what was decided was looked at
		return err
	}
	at := Place{t.Station, t.EVSE}
	for _, look := range []func(context.Context, Place, *charging.Transaction) error{w.lookEmpty, w.lookMeter, w.lookUnauthorised, w.lookBetween} {
		if err := look(ctx, at, &t); err != nil {
			return err
		}
	}
	return nil
}

// lookEmpty looks for outlets that let cars begin and give them nothing.
func (w *Watch) lookEmpty(ctx context.Context, at Place, t *charging.Transaction) error {
	if t.EnergyWh >= w.Limits.ZeroWh {
		return w.close(ctx, zeroEnergy, at)
	}
	last, err := w.Store.LastEnded(ctx, at, w.Limits.Zero)
	if err != nil {
		return err
	}
	gave := func(e Ended) bool { return e.EnergyWh >= w.Limits.ZeroWh }
	if len(last) < w.Limits.Zero || slices.ContainsFunc(last, gave) {
		return nil
	}
	return w.open(ctx, zeroEnergy, Finding{Place: at, Since: last[len(last)-1].StartedAt, Facts: map[string]any{"count": len(last)}, Transaction: t.ID})
}

// lookMeter looks for registers that go back, jump, or say otherwise than the readings between.
func (w *Watch) lookMeter(ctx context.Context, at Place, t *charging.Transaction) error {
	i := slices.IndexFunc(t.Review, func(r charging.Reason) bool {
		return r == charging.MeterReset || r == charging.MeterDisagrees || r == charging.Implausible
	})
	if i < 0 {
		return w.close(ctx, registerOdd, at)
	}
	return w.open(ctx, registerOdd, Finding{Place: at, Facts: map[string]any{"reason": string(t.Review[i])}, Transaction: t.ID})
}

// lookUnauthorised looks for outlets that let strangers charge (quirk Q58).
func (w *Watch) lookUnauthorised(ctx context.Context, at Place, t *charging.Transaction) error {
	if !slices.Contains(t.Review, charging.Unauthorised) {
		return w.close(ctx, unauthorised, at)
	}
	return w.open(ctx, unauthorised, Finding{Place: at, Since: t.StartedAt, Facts: map[string]any{"energyKWh": kWh(t.EnergyWh)}, Transaction: t.ID})
}

// lookBetween looks for energy that flowed while no transaction was known of. A register that begins anew with
// each transaction shows none.
func (w *Watch) lookBetween(ctx context.Context, at Place, t *charging.Transaction) error {
	if t.Meter.Begin == nil {
		return nil
	}
	before, err := w.Store.Earlier(ctx, at, t.ID)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return nil
	}
	end := before.Meter.End
	if err != nil || before.State != charging.Ended || end == nil || end.MWh <= 0 || t.StartedAt.Before(before.EndedAt) {
		return err
	}
	gap := (t.Meter.Begin.MWh - end.MWh) / 1000
	if gap < w.Limits.GapWh {
		return w.close(ctx, between, at)
	}
	return w.open(ctx, between, Finding{Place: at, Since: before.EndedAt, Facts: map[string]any{"energyKWh": kWh(gap)}, Transaction: t.ID})
}

func kWh(wh int64) float64 { return float64(wh/100) / 10 }

// progress is what the meter of a transaction showed when it last moved. It is learnt anew after a restart of ours.
type progress struct {
	soc    int
	socWh  int64 // when the state of charge last changed
	socAt  time.Time
	energy int64
	at     time.Time // since when energy has not changed although power flows
}

// fullSoC is the state of charge from which on it need not move.
const fullSoC = 97

// sweepCharges looks at all active transactions.
func (w *Watch) sweepCharges(ctx context.Context) error {
	l, now := &w.Limits, w.Now()
	var empty, still, stopped []Finding
	seen := map[string]progress{}
	for after := ""; ; {
		page, err := w.Store.Charges(ctx, after, batch)
		if err != nil {
			return fmt.Errorf("looking at active transactions: %w", err)
		}
		for _, c := range page {
			after = c.ID
			age := now.Sub(c.StartedAt)
			paused := c.Activity == charging.SuspendedEV || c.Activity == charging.SuspendedEVSE
			if c.Authorised && !paused && c.EnergyWh < l.ZeroWh && c.PowerW == 0 && age >= l.NoCharge {
				empty = append(empty, Finding{Place: c.Place, Since: c.StartedAt, Facts: map[string]any{"minutes": int(age / time.Minute)}, Transaction: c.ID})
			}
			if c.PowerW < l.FlowingW {
				continue
			}
			p, known := w.charge[c.ID]
			if !known || p.soc != c.SoC {
				p.soc, p.socWh, p.socAt = c.SoC, c.EnergyWh, now
			}
			if !known || p.energy != c.EnergyWh {
				p.energy, p.at = c.EnergyWh, now
			}
			seen[c.ID] = p
			if c.SoC >= 0 && c.SoC < fullSoC && c.EnergyWh-p.socWh >= l.SoCStillWh {
				still = append(still, Finding{Place: c.Place, Since: p.socAt, Facts: map[string]any{"percent": c.SoC}, Transaction: c.ID})
			}
			if now.Sub(p.at) >= l.RegisterStill {
				stopped = append(stopped, Finding{Place: c.Place, Since: p.at, Facts: map[string]any{"reason": "register-still"}, Transaction: c.ID})
			}
		}
		if len(page) < batch {
			break
		}
	}
	w.charge = seen
	for _, x := range []struct {
		rule Rule
		list []Finding
	}{{noCharge, empty}, {soc, still}, {registerStop, stopped}} {
		if err := w.settle(ctx, x.rule, x.list); err != nil {
			return err
		}
	}
	return nil
}
