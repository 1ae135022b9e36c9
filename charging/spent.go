package charging

import (
	"context"
	"fmt"
	"time"

	"gnista"
	"gnista/token"
)

// spentAgain is how long a station that was ordered to end a transaction is waited for.
const spentAgain = time.Minute

// stopSpent orders the station of an active transaction to end it when its token has used all that it may on the
// day, or in the month, that the transaction began in.
func (t *Transactions) stopSpent(ctx context.Context, x *Transaction) error {
	d, ok := x.decision()
	d.Limits.DaySessions, d.Limits.MonthSessions = 0, 0 // the transaction is one of them
	if !ok || d.Limits == (token.Limits{Currency: d.Limits.Currency}) || t.Now().Sub(x.Progress.SpentAt) < spentAgain {
		return nil
	}
	var running gnista.Money
	if d.Limits.DayAmount > 0 || d.Limits.MonthAmount > 0 {
		var err error
		if running, err = t.Prices.Cost(ctx, x); err != nil && gnista.CodeOf(err) != gnista.NotFound {
			return fmt.Errorf("pricing a transaction: %w", err)
		}
		if running.Currency != d.Limits.Currency {
			running.Amount = 0
		}
	}
	spent := false
	if err := t.Store.Change(ctx, x.Station, func(tx Tx) error {
		spent = false
		now := t.Now()
		x, err := tx.ByID(x.ID)
		if err != nil || x == nil || x.State != Active || now.Sub(x.Progress.SpentAt) < spentAgain {
			return err
		}
		spent, err = d.Limits.Reached(x.StartedAt, t.Zone, func(since time.Time) (token.Used, error) {
			u, err := tx.Used(d.ID, since, d.Limits.Currency)
			u.Amount += running.Amount
			return u, err
		})
		if err != nil || !spent {
			return err
		}
		var evs []gnista.Event
		if x.Progress.SpentAt.IsZero() {
			evs = append(evs, event("transaction.limit-reached", now, x))
		}
		x.Progress.SpentAt = now
		return tx.Save(x, nil, evs...)
	}); err != nil || !spent {
		return err
	}
	t.end(ctx, x.Station, x.Ref)
	return nil
}

// decision is what was answered for the token that charges, when it was accepted.
func (t *Transaction) decision() (token.Decision, bool) {
	for _, d := range t.Progress.Decided {
		if t.Authorised && d.Decision.ID == t.Token && d.Decision.Status == token.Accepted {
			return d.Decision, true
		}
	}
	return token.Decision{}, false
}
