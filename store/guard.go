package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gnista"
	"gnista/account"
	"gnista/billing"
	"gnista/checkout"
)

// funded are active transactions with what there is to pay for them: what a payment has set aside or taken, or what a
// prepaid account has but for what is set aside for others. The last are free ones whose drivers have set limits.
const funded = `SELECT t.id, t.station, CASE p.way WHEN 'hold' THEN p.authorised ELSE p.captured - p.refunded END AS most, p.currency, '' AS account, 0 AS hold, t.updated_at,
		COALESCE(c.max_wh, 0), COALESCE(c.max_seconds, 0), COALESCE(c.max_cost, 0), CASE WHEN c.max_seconds > 0 THEN c.paid_at ELSE 0 END, 0
	FROM payment p JOIN station_transaction t ON t.id = p.transaction_id LEFT JOIN checkout c ON c.transaction_id = t.id AND c.transaction_id <> ''
	WHERE p.state = 'bound' AND p.way IN ('hold', 'prepay') AND t.state = 'active'
	UNION ALL SELECT t.id, t.station,
		COALESCE((SELECT -b.amount FROM ledger_balance b WHERE b.kind = $1 AND b.party = a.id AND b.currency = a.currency), 0)
		- COALESCE((SELECT b.amount FROM ledger_balance b WHERE b.kind = $2 AND b.party = a.id AND b.currency = a.currency), 0)
		- COALESCE((SELECT SUM(o.amount) FROM account_hold o WHERE o.account = a.id AND o.transaction_id <> t.id), 0), a.currency, a.id, h.amount, t.updated_at, 0, 0, 0, 0, 0
	FROM account_hold h JOIN account a ON a.id = h.account JOIN station_transaction t ON t.id = h.transaction_id
	WHERE a.kind = $3 AND t.state = 'active'
	UNION ALL SELECT t.id, t.station, 0, c.currency, '', 0, t.updated_at, c.max_wh, c.max_seconds, 0, c.paid_at, 1
	FROM checkout c JOIN station_transaction t ON t.id = c.transaction_id
	WHERE c.taken = 1 AND c.payment = '' AND c.state = 'charging' AND (c.max_wh > 0 OR c.max_seconds > 0) AND t.state = 'active'`

func fundedArgs(more ...any) []any {
	return append([]any{string(billing.Deposit), string(billing.Receivable), string(account.Prepaid)}, more...)
}

func scanFunds(s scanner) (f checkout.Funds, err error) {
	var updated, seconds, paid int64
	var free int
	err = s.Scan(&f.Transaction, &f.Station, &f.Limit.Amount, &f.Limit.Currency, &f.Account, &f.Hold, &updated, &f.Wish.Wh, &seconds, &f.Wish.Cost, &paid, &free)
	f.Wish.For, f.PaidAt, f.Free = time.Duration(seconds)*time.Second, instant(paid), free == 1
	f.Limit.Amount, f.UpdatedAt = max(f.Limit.Amount, 0), instant(updated)
	return f, err
}

// Funded lists active transactions that may come to so much only, and free ones of which something was wished.
func (db *DB) Funded(ctx context.Context, limit int) ([]checkout.Funds, error) {
	rows, err := db.sql.QueryContext(ctx, funded+` LIMIT $4`, fundedArgs(limit)...)
	return all(rows, err, scanFunds)
}

// CostLimit is the most that a transaction may cost for what is there to pay for it, where its station says that it
// can keep to such a limit; nil else.
func (t *chargingTx) CostLimit(station gnista.StationID, transaction string) (*gnista.Money, error) {
	var can bool
	if err := t.row(`SELECT EXISTS (SELECT 1 FROM variable WHERE station = $1 AND component = 'TxCtrlr' AND name = 'SupportedLimits' AND LOWER(value) LIKE '%maxcost%')`, string(station)).Scan(&can); err != nil || !can {
		return nil, err
	}
	// The transaction may be stored only after this.
	var m gnista.Money
	var wish int64
	err := t.row(`SELECT CASE p.way WHEN 'hold' THEN p.authorised ELSE p.captured - p.refunded END, p.currency, COALESCE((SELECT c.max_cost FROM checkout c WHERE c.payment = p.id), 0)
		FROM payment p WHERE p.transaction_id = $1 AND p.way IN ('hold', 'prepay')`, transaction).Scan(&m.Amount, &m.Currency, &wish)
	if err == nil {
		if wish > 0 {
			m.Amount = min(m.Amount, wish)
		}
		return &m, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	var id, currency string
	err = t.row(`SELECT a.id, a.currency FROM account_hold h JOIN account a ON a.id = h.account WHERE h.transaction_id = $1 AND a.kind = $2`, transaction, string(account.Prepaid)).Scan(&id, &currency)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b, err := scanBalance(t.row(balanceQuery, balanceArgs(id, transaction)...))
	return &gnista.Money{Amount: max(b.Deposit-b.Owed-b.Held, 0), Currency: currency}, err
}

// ChangeWatch changes how far the guard of a transaction is.
func (db *DB) ChangeWatch(ctx context.Context, id gnista.StationID, transaction string, change func(*checkout.Watch) []gnista.Event) error {
	return db.write(ctx, string(id), func(t *tx) error {
		var w checkout.Watch
		var next int64
		err := t.row(`SELECT near, stops, next_at FROM guard WHERE transaction_id = $1`, transaction).Scan(&w.Near, &w.Stops, &next)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		w.Next = instant(next)
		was := w
		evs := change(&w)
		t.emit(evs...)
		if w == was {
			return nil
		}
		return t.exec(`INSERT INTO guard (transaction_id, near, stops, next_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (transaction_id) DO UPDATE SET near = excluded.near, stops = excluded.stops, next_at = excluded.next_at`, transaction, w.Near, w.Stops, millis(w.Next))
	})
}

// Reserve sets aside so much of a prepaid account for a transaction, as far as it has that, and never less than before.
func (db *DB) Reserve(ctx context.Context, transaction string, amount int64) error {
	return db.write(ctx, ledgerKey, func(t *tx) error {
		var id string
		err := t.row(`SELECT account FROM account_hold WHERE transaction_id = $1`, transaction).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // it has ended
		}
		if err != nil {
			return err
		}
		if _, err := t.lockAccount(id); err != nil {
			return err
		}
		b, err := scanBalance(t.row(balanceQuery, balanceArgs(id, transaction)...))
		if err != nil {
			return err
		}
		return t.exec(`UPDATE account_hold SET amount = $2 WHERE transaction_id = $1 AND amount < $2`, transaction, min(amount, b.Deposit-b.Owed-b.Held))
	})
}
