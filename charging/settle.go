package charging

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"gnista"
)

// patience is how long an ended transaction waits for events that are missing, from the last one
// that came.
const patience = 5 * time.Minute

// longest is how long a transaction may last without somebody looking at it.
const longest = 14 * 24 * time.Hour

// settle makes up what an ended transaction comes to, and tells whether it is finished with that.
// It waits for missing events unless that has been waited for enough. maxW is the most power that there is at its
// EVSE; 0 is not known.
func (t *Transaction) settle(now time.Time, waited bool, maxW int64) (finished bool) {
	if t.State != Ended || !t.FinishedAt.IsZero() {
		return false
	}
	gaps := !t.Progress.Seqs.gapless()
	if !waited && (gaps || !t.Progress.Started || !t.Progress.Ended) {
		t.EnergyWh = t.Meter.running()
		return false
	}
	for _, r := range []Reason{MissingStart, MissingEvents, MissingReading, MeterReset, MeterDisagrees, Implausible, TooLong, Unauthorised} {
		t.unflag(r)
	}
	if !t.Progress.Started {
		t.flag(MissingStart)
	}
	if gaps {
		t.flag(MissingEvents)
	}
	if t.EndedAt.Before(t.StartedAt) {
		t.EndedAt = t.StartedAt
		t.flag(ClockSkew)
	}
	wh, reasons := t.Meter.final(t.EndedAt.Sub(t.StartedAt), maxW)
	t.EnergyWh = wh
	if !t.Authorised && wh == 0 {
		reasons = nil // a refused start that came to nothing is nobody's concern
	} else if !t.Authorised {
		reasons = append(reasons, Unauthorised)
	}
	if t.EndedAt.Sub(t.StartedAt) > longest {
		reasons = append(reasons, TooLong)
	}
	for _, r := range reasons {
		t.flag(r)
	}
	if t.Blocked() {
		return false
	}
	t.FinishedAt = now
	return true
}

// Sweep settles the transactions that have waited long enough for missing events.
func (t *Transactions) Sweep(ctx context.Context) error {
	now := t.Now()
	list, err := t.Store.Unfinished(ctx, now.Add(-patience), 500)
	if err != nil {
		return fmt.Errorf("looking for unfinished transactions: %w", err)
	}
	for _, found := range list {
		err := t.Store.Change(ctx, found.Station, func(tx Tx) error {
			x, err := tx.ByID(found.ID)
			if x == nil || err != nil || now.Sub(x.UpdatedAt) < patience {
				return err
			}
			kind := "transaction.review"
			maxW, err := x.maxPower(tx)
			if err != nil {
				return err
			}
			if x.settle(now, true, maxW) {
				kind = "transaction.finished"
			}
			if err := x.release(tx); err != nil {
				return err
			}
			return tx.Save(x, nil, event(kind, now, x))
		})
		if err != nil {
			return fmt.Errorf("settling transaction %s: %w", found.ID, err)
		}
	}
	return nil
}

// MaxDecided is the most energy in Wh that a person may decide on: what cannot be billed would hold up
// all billing behind it.
const MaxDecided = 100_000_000

// Decide settles by a person's word a transaction that waits for review, or one whose end will not
// come any more: so much energy is to be billed. What was known and proposed is kept with it. NotFound, Invalid, Conflict.
func (t *Transactions) Decide(ctx context.Context, id string, energyWh int64, note, by string) (Transaction, error) {
	if energyWh < 0 || energyWh > MaxDecided {
		return Transaction{}, gnista.Invalidf("energyWh", "must be 0 to %d", MaxDecided)
	}
	if note == "" || utf8.RuneCountInString(note) > 500 {
		return Transaction{}, gnista.Invalidf("note", "must say why, in at most 500 characters")
	}
	found, err := t.Store.Transaction(ctx, id)
	if err != nil {
		return Transaction{}, err
	}
	now := t.Now()
	var out Transaction
	err = t.Store.Change(ctx, found.Station, func(tx Tx) error {
		x, err := tx.ByID(id)
		if err != nil {
			return err
		}
		switch {
		case x == nil:
			return gnista.Errorf(gnista.NotFound, "there is no transaction %s", id)
		case !x.FinishedAt.IsZero():
			return gnista.Errorf(gnista.Conflict, "transaction %s is finished already", id)
		}
		maxW, err := x.maxPower(tx)
		if err != nil {
			return err
		}
		d := Decision{ID: t.NewID(), At: now, Transaction: x.ID, By: by, Note: note, EnergyWh: energyWh, Waiting: x.Waiting(maxW)}
		var evs []gnista.Event
		if x.State == Active {
			x.State, x.EndedAt = Ended, x.lastHeard()
			x.flag(MissingStop)
			evs = append(evs, event("transaction.ended", now, x))
		}
		x.flag(DecidedByPerson)
		x.EnergyWh, x.PowerW, x.Note, x.FinishedAt, x.UpdatedAt = energyWh, 0, note, now, now
		out = *x
		if err := tx.SaveDecision(d); err != nil {
			return err
		}
		if err := x.release(tx); err != nil {
			return err
		}
		return tx.Save(x, nil, append(evs, event("transaction.finished", now, x))...)
	})
	return out, err
}
