package store

import (
	"database/sql"
	"errors"
	"time"

	"github.com/bytedance/sonic"

	"gnista"
	"gnista/charging"
)

func (t *chargingTx) StartLimits(station gnista.StationID, number int) (*charging.Limits, error) {
	var text string
	err := t.row(`SELECT limits FROM start_limit WHERE station = $1 AND number = $2`, string(station), number).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var l charging.Limits
	return &l, sonic.UnmarshalString(text, &l)
}

func (t *chargingTx) SaveStartLimits(station gnista.StationID, number int, l charging.Limits, now time.Time) error {
	text, err := sonic.MarshalString(l)
	if err != nil {
		return err
	}
	if err := t.exec(`DELETE FROM start_limit WHERE station = $1 AND at < $2`, string(station), millis(now.Add(-24*time.Hour))); err != nil {
		return err
	}
	return t.exec(`INSERT INTO start_limit (station, number, limits, at) VALUES ($1, $2, $3, $4)`, string(station), number, text, millis(now))
}
