package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gnista"
	"gnista/checkout"
)

const checkoutColumns = `id, link, station, evse, provider, way, amount, currency, language, tariff, token_uid, token_type, payment, transaction_id, state, reason, test, company,
	min_wh, minimum, pay_by, paid_at, start_by, order_number, order_tried, order_at, order_outcome, order_command, stray, next_at, created_at, updated_at, max_wh, max_seconds, max_cost`

func (v *vault) scanCheckout(s scanner) (c checkout.Checkout, err error) {
	var company string
	var payBy, paid, startBy, at, next, created, updated, seconds int64
	err = s.Scan(&c.ID, v.into(&c.Key), &c.Station, &c.EVSE, &c.Provider, &c.Way, &c.Amount.Amount, &c.Amount.Currency, &c.Language, &c.Tariff, v.into(&c.Token.UID), &c.Token.Type,
		&c.Payment, &c.Transaction, &c.State, &c.Reason, &c.Test, &company, &c.MinWh, &c.Minimum, &payBy, &paid, &startBy, &c.Order.Number, &c.Order.Tried, &at, &c.Order.Outcome,
		&c.Order.Command, &c.Stray, &next, &created, &updated, &c.Wish.Wh, &seconds, &c.Wish.Cost)
	if err != nil {
		return c, err
	}
	c.PayBy, c.PaidAt, c.StartBy, c.Order.At, c.Next = instant(payBy), instant(paid), instant(startBy), instant(at), instant(next)
	c.CreatedAt, c.UpdatedAt, c.Wish.For = instant(created), instant(updated), time.Duration(seconds)*time.Second
	if company != "" {
		c.Company = &checkout.Company{}
		err = v.unfold(company, c.Company)
	}
	return c, err
}

// CreateCheckout stores a new checkout. One that has the EVSE gives way where it should have been paid by now.
// Conflict.
func (db *DB) CreateCheckout(ctx context.Context, c checkout.Checkout) error {
	return db.write(ctx, string(c.Station), func(t *tx) error {
		had, err := t.scanCheckout(t.row(`SELECT `+checkoutColumns+` FROM checkout WHERE station = $1 AND evse = $2 AND taken = 1`, string(c.Station), c.EVSE))
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		case !had.GiveWay(c.CreatedAt):
			return gnista.Errorf(gnista.Conflict, "somebody else pays or charges at EVSE %d of station %s", c.EVSE, c.Station)
		default:
			if err := t.saveCheckout(had); err != nil {
				return err
			}
			t.emit(had.Event())
		}
		t.emit(c.Event())
		return t.addCheckout(c)
	})
}

func (t *tx) addCheckout(c checkout.Checkout) error {
	company := ""
	if c.Company != nil {
		var err error
		if company, err = t.fold(c.Company); err != nil {
			return err
		}
	}
	return t.exec(`INSERT INTO checkout (`+checkoutColumns+`, link_key, token_key, taken)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38)`,
		c.ID, t.seal(c.Key), string(c.Station), c.EVSE, c.Provider, string(c.Way), c.Amount.Amount, c.Amount.Currency, c.Language, c.Tariff, t.seal(c.Token.UID), string(c.Token.Type),
		c.Payment, c.Transaction, string(c.State), c.Reason, c.Test, company, c.MinWh, c.Minimum, millis(c.PayBy), millis(c.PaidAt), millis(c.StartBy), c.Order.Number, c.Order.Tried,
		millis(c.Order.At), string(c.Order.Outcome), c.Order.Command, c.Stray, millis(c.Next), millis(c.CreatedAt), millis(c.UpdatedAt),
		c.Wish.Wh, int64(c.Wish.For/time.Second), c.Wish.Cost, t.linkKey(c.Key), t.key(c.Token.UID), taken(c))
}

func taken(c checkout.Checkout) int {
	if c.State.Waiting() {
		return 1
	}
	return 0
}

// saveCheckout stores what of a checkout changes.
func (t *tx) saveCheckout(c checkout.Checkout) error {
	return t.exec(`UPDATE checkout SET transaction_id = $1, state = $2, reason = $3, paid_at = $4, start_by = $5, order_tried = $6, order_at = $7, order_outcome = $8,
		order_command = $9, stray = $10, next_at = $11, updated_at = $12, taken = $13 WHERE id = $14`,
		c.Transaction, string(c.State), c.Reason, millis(c.PaidAt), millis(c.StartBy), c.Order.Tried, millis(c.Order.At), string(c.Order.Outcome), c.Order.Command, c.Stray,
		millis(c.Next), millis(c.UpdatedAt), taken(c), c.ID)
}

// ChangeCheckout runs f on a checkout of a station within one SQL transaction, and stores what it did, with an
// event when the state is another. NotFound.
func (db *DB) ChangeCheckout(ctx context.Context, station gnista.StationID, id string, f func(*checkout.Checkout) error) (c checkout.Checkout, err error) {
	err = db.write(ctx, string(station), func(t *tx) error {
		c, err = t.scanCheckout(t.row(`SELECT `+checkoutColumns+` FROM checkout WHERE id = $1`, id))
		if errors.Is(err, sql.ErrNoRows) {
			return gnista.Errorf(gnista.NotFound, "there is no checkout %q", id)
		}
		if err != nil {
			return err
		}
		was := c
		if err := f(&c); err != nil || c == was {
			return err
		}
		if c.State != was.State {
			t.emit(c.Event())
		}
		return t.saveCheckout(c)
	})
	return c, err
}

// Spend uses the pass of a guest for a transaction, and tells whether it can: it is good for one.
func (t *chargingTx) Spend(transaction, id string, now time.Time) (bool, error) {
	c, err := t.scanCheckout(t.row(`SELECT `+checkoutColumns+` FROM checkout WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	spent := c.Transaction
	if !c.Spend(transaction, now) || spent != "" {
		return spent == transaction, nil
	}
	t.emit(c.Event())
	return true, t.saveCheckout(c)
}

func (db *DB) checkoutWhere(ctx context.Context, condition string, args ...any) (checkout.Checkout, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+checkoutColumns+` FROM checkout WHERE `+condition, args...)
	return one(row, db.scanCheckout, "there is no such checkout")
}

// Checkout finds a checkout. NotFound.
func (db *DB) Checkout(ctx context.Context, id string) (checkout.Checkout, error) {
	return db.checkoutWhere(ctx, `id = $1`, id)
}

// CheckoutByKey finds the checkout that has a key. NotFound.
func (db *DB) CheckoutByKey(ctx context.Context, key string) (checkout.Checkout, error) {
	return db.checkoutWhere(ctx, `link_key = $1`, db.linkKey(key))
}

// CheckoutByToken finds the checkout that has a token. NotFound.
func (db *DB) CheckoutByToken(ctx context.Context, uid string) (checkout.Checkout, error) {
	return db.checkoutWhere(ctx, `token_key = $1`, db.key(uid))
}

// CheckoutByPayment finds the checkout that has a payment. NotFound.
func (db *DB) CheckoutByPayment(ctx context.Context, payment string) (checkout.Checkout, error) {
	return db.checkoutWhere(ctx, `payment = $1 AND payment <> ''`, payment)
}

// CheckoutOf finds the checkout that a transaction is of. NotFound.
func (db *DB) CheckoutOf(ctx context.Context, transaction string) (checkout.Checkout, error) {
	return db.checkoutWhere(ctx, `transaction_id = $1 AND transaction_id <> ''`, transaction)
}

// CheckoutAt finds the checkout that has an EVSE. NotFound.
func (db *DB) CheckoutAt(ctx context.Context, station gnista.StationID, evse int) (checkout.Checkout, error) {
	return db.checkoutWhere(ctx, `station = $1 AND evse = $2 AND taken = 1`, string(station), evse)
}

// DueCheckouts lists those that are to be looked at by a time, that which waits longest first.
func (db *DB) DueCheckouts(ctx context.Context, at time.Time, limit int) ([]checkout.Checkout, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+checkoutColumns+` FROM checkout WHERE next_at > 0 AND next_at <= $1 ORDER BY next_at LIMIT $2`, millis(at), limit)
	return all(rows, err, db.scanCheckout)
}

// Checkouts lists checkouts, the newest first.
func (db *DB) Checkouts(ctx context.Context, f checkout.Filter) ([]checkout.Checkout, error) {
	var w where
	if f.State != "" {
		w.add("state = ?", string(f.State))
	}
	if f.Station != "" {
		w.add("station = ?", string(f.Station))
	}
	if f.Before != "" {
		w.add("id < ?", f.Before)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+checkoutColumns+` FROM checkout`+w.sql()+` ORDER BY id DESC LIMIT `+w.arg(f.Limit), w.args...)
	return all(rows, err, db.scanCheckout)
}
