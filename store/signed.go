package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"gnista/charging"
)

const signedColumns = `at, context, measurand, data, encoding, method, public_key`

// SaveSigned adds signed values to a transaction, each once and as many as are kept.
func (t *chargingTx) SaveSigned(transaction string, list []charging.Signed) error {
	var size int
	if err := t.row(`SELECT COALESCE(SUM(size), 0) FROM signed_value WHERE transaction_id = $1`, transaction).Scan(&size); err != nil {
		return err
	}
	for _, s := range list {
		most := charging.MaxSigned
		if s.Context == charging.AtBegin || s.Context == charging.AtEnd {
			most *= 2
		}
		if size+s.Size() > most {
			continue
		}
		sum := sha256.Sum256([]byte(s.Data))
		n, err := t.changed(`INSERT INTO signed_value (transaction_id, digest, size, `+signedColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`,
			transaction, hex.EncodeToString(sum[:]), s.Size(), millis(s.At), string(s.Context), string(s.Measurand), s.Data, s.Encoding, s.Method, s.PublicKey)
		if err != nil {
			return err
		} else if n > 0 {
			size += s.Size()
		}
	}
	return nil
}

// SignedValues lists the signed meter values of a transaction, in the order of time.
func (db *DB) SignedValues(ctx context.Context, transaction string) ([]charging.Signed, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+signedColumns+` FROM signed_value WHERE transaction_id = $1 ORDER BY at, digest`, transaction)
	return all(rows, err, func(s scanner) (v charging.Signed, err error) {
		var at int64
		err = s.Scan(&at, &v.Context, &v.Measurand, &v.Data, &v.Encoding, &v.Method, &v.PublicKey)
		v.At = instant(at)
		return v, err
	})
}
