package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/bytedance/sonic"

	"gnista"
	"gnista/billing"
	"gnista/charging"
	"gnista/token"
)

const transactionColumns = `id, station, version, ref, start_key, evse, connector, token_uid, token_type, authorised, tariff, state, activity,
	started_at, ended_at, finished_at, updated_at, stop_reason, remote_id, energy_wh, power_w, soc, review, note, detail, account`

// detail is what of a transaction is in one column.
type detail struct {
	Meter       charging.Meter
	Progress    charging.Progress
	Reservation string             `json:",omitempty"`
	Limiting    *charging.Limiting `json:",omitempty"`
	ThinnedAt   time.Time          `json:",omitzero"`
}

// presented is what of a transaction has UIDs in it. It is sealed as a whole, so that reading a
// transaction opens one seal.
type presented struct {
	UID     string             `json:",omitempty"`
	Decided []charging.Decided `json:",omitempty"`
}

// presented is the sealed column of a transaction.
func (v *vault) presented(x *charging.Transaction) (string, error) {
	if x.Token.UID == "" && len(x.Progress.Decided) == 0 {
		return "", nil
	}
	text, err := sonic.MarshalString(presented{x.Token.UID, x.Progress.Decided})
	return v.seal(text), err
}

func (v *vault) scanTransaction(s scanner) (t charging.Transaction, err error) {
	var started, ended, finished, updated int64
	var review, who, rest string
	err = s.Scan(&t.ID, &t.Station, &t.Version, &t.Ref, &t.StartKey, &t.EVSE.ID, &t.EVSE.Connector, v.into(&who), &t.Token.Type, &t.Authorised, &t.Tariff,
		&t.State, &t.Activity, &started, &ended, &finished, &updated, &t.StopReason, &t.RemoteID, &t.EnergyWh, &t.PowerW, &t.SoC, &review, &t.Note, &rest, &t.Account)
	if err != nil {
		return t, err
	}
	t.StartedAt, t.EndedAt, t.FinishedAt, t.UpdatedAt = instant(started), instant(ended), instant(finished), instant(updated)
	for r := range strings.FieldsSeq(review) {
		t.Review = append(t.Review, charging.Reason(r))
	}
	var d detail
	err = sonic.UnmarshalString(rest, &d)
	if who != "" && err == nil {
		var w presented
		err = sonic.UnmarshalString(who, &w)
		t.Token.UID, d.Progress.Decided = w.UID, w.Decided
	}
	t.Meter, t.Progress, t.Reservation, t.Limiting, t.ThinnedAt = d.Meter, d.Progress, d.Reservation, d.Limiting, d.ThinnedAt
	return t, err
}

// Transaction finds a transaction. NotFound.
func (db *DB) Transaction(ctx context.Context, id string) (charging.Transaction, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+transactionColumns+` FROM station_transaction WHERE id = $1`, id)
	return one(row, db.scanTransaction, "there is no transaction %q", id)
}

// Transactions lists transactions, the newest first.
func (db *DB) Transactions(ctx context.Context, f charging.Filter) ([]charging.Transaction, error) {
	query, args := db.listTransactions(f)
	rows, err := db.sql.QueryContext(ctx, query, args...)
	return all(rows, err, db.scanTransaction)
}

// listTransactions is the query of a list. What is said of the state stands in it in the words of the
// partial indexes, which are of use to no query that leaves that to an argument.
func (v *vault) listTransactions(f charging.Filter) (query string, args []any) {
	var w where
	if f.Station != "" {
		w.add("station = ?", string(f.Station))
	}
	if f.Site != "" {
		w.add("station IN (SELECT id FROM station WHERE site = ?)", f.Site)
	}
	if !f.Since.IsZero() {
		w.add("started_at >= ?", millis(f.Since))
	}
	if !f.Until.IsZero() {
		w.add("started_at < ?", millis(f.Until))
	}
	switch f.State {
	case "":
	case charging.Active:
		w.conditions = append(w.conditions, "state = 'active'")
	default:
		w.add("state = ?", string(f.State))
	}
	if f.Token != "" {
		w.add("token_key = ?", v.key(f.Token))
	}
	if f.Sites != nil {
		w.at(f.Sites, "")
	}
	if f.Review {
		w.conditions = append(w.conditions, "blocked")
	}
	if f.Before != "" {
		w.add("id < ?", f.Before)
	}
	query = `SELECT ` + transactionColumns + ` FROM station_transaction` + w.sql() + ` ORDER BY id DESC LIMIT ` + w.arg(f.Limit)
	return query, w.args
}

// Unfinished lists transactions that last changed before the given time, have ended, are not
// finished and wait for nobody's decision.
func (db *DB) Unfinished(ctx context.Context, before time.Time, limit int) ([]charging.Transaction, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+transactionColumns+` FROM station_transaction
		WHERE state = 'ended' AND finished_at = 0 AND updated_at <= $1 AND blocked = $2 ORDER BY updated_at LIMIT $3`, millis(before), false, limit)
	return all(rows, err, db.scanTransaction)
}

// Finished lists transactions that are billed, in the order of their starts.
func (db *DB) Finished(ctx context.Context, f billing.Finished) ([]charging.Transaction, error) {
	w := where{conditions: []string{"finished_at > 0"}}
	w.add("started_at >= ?", millis(f.Since))
	w.add("started_at < ?", millis(f.Until))
	if f.Station != "" {
		w.add("station = ?", string(f.Station))
	}
	if f.AfterID != "" {
		w.add("(started_at, id) > ("+w.arg(millis(f.AfterAt))+", ?)", f.AfterID)
	}
	query := `SELECT ` + transactionColumns + ` FROM station_transaction` + w.sql() + ` ORDER BY started_at, id LIMIT ` + w.arg(f.Limit)
	return old(ctx, db, db.scanTransaction, query, w.args...)
}

// Change runs f within one SQL transaction and commits what it did, or nothing when it fails.
func (db *DB) Change(ctx context.Context, station gnista.StationID, f func(charging.Tx) error) error {
	w := db.writer(string(station))
	return w.wait(ctx, w.queue, &change{key: string(station), early: true, run: func(t *tx) error { return f(&chargingTx{tx: t}) }, done: make(chan struct{})})
}

// chargingTx is a [charging.Tx].
type chargingTx struct {
	*tx
	found []fixed // of the transactions that were read
}

// fixed is what of a transaction most events do not change.
type fixed struct {
	id, ref                        string
	evse                           gnista.EVSE
	token                          token.ID
	account                        string
	authorised, blocked            bool
	tariff, stopReason, note       string
	state                          charging.State
	startedAt, endedAt, finishedAt time.Time
	remoteID                       int
	answers                        int // how many, and the last of them
	answer                         charging.Decided
}

func fixedOf(x *charging.Transaction) fixed {
	f := fixed{
		id: x.ID, ref: x.Ref, evse: x.EVSE, token: x.Token, account: x.Account, authorised: x.Authorised, blocked: x.Blocked(), tariff: x.Tariff, stopReason: x.StopReason, note: x.Note, state: x.State,
		startedAt: x.StartedAt, endedAt: x.EndedAt, finishedAt: x.FinishedAt, remoteID: x.RemoteID, answers: len(x.Progress.Decided),
	}
	if f.answers > 0 {
		f.answer = x.Progress.Decided[f.answers-1]
	}
	return f
}

const (
	selectTransaction = `SELECT ` + transactionColumns + ` FROM station_transaction WHERE `
	byRef             = `station = $1 AND ref = $2`
	transactionByRef  = selectTransaction + byRef
)

func (t *chargingTx) one(condition string, args ...any) (*charging.Transaction, error) {
	x, err := t.scanTransaction(t.row(selectTransaction+condition, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	t.found = append(t.found, fixedOf(&x))
	return &x, err
}

func (t *chargingTx) ByID(id string) (*charging.Transaction, error) { return t.one(`id = $1`, id) }

func (t *chargingTx) ByRef(station gnista.StationID, ref string) (*charging.Transaction, error) {
	return t.one(byRef, string(station), ref)
}

func (t *chargingTx) ByStart(station gnista.StationID, key string) (*charging.Transaction, error) {
	return t.one(`station = $1 AND start_key = $2 AND start_key <> ''`, string(station), t.startKey(key))
}

// fewTransactions is how many transactions of a station are looked at where there should be one, or one for
// each EVSE.
const fewTransactions = 200

func (t *chargingTx) Open(station gnista.StationID, evse int) ([]*charging.Transaction, error) {
	query, args := `SELECT `+transactionColumns+` FROM station_transaction WHERE station = $1 AND state = 'active'`, []any{string(station), fewTransactions}
	if evse != 0 {
		query += ` AND evse = $3`
		args = append(args, evse)
	}
	rows, err := t.rows(query+` ORDER BY evse, id LIMIT $2`, args...)
	return all(rows, err, func(s scanner) (*charging.Transaction, error) {
		x, err := t.scanTransaction(s)
		return &x, err
	})
}

func (t *chargingTx) EndedAt(station gnista.StationID, at time.Time) ([]*charging.Transaction, error) {
	rows, err := t.rows(`SELECT `+transactionColumns+` FROM station_transaction WHERE station = $1 AND ended_at = $2 AND state = 'ended' ORDER BY id LIMIT $3`, string(station), millis(at), fewTransactions)
	return all(rows, err, func(s scanner) (*charging.Transaction, error) {
		x, err := t.scanTransaction(s)
		return &x, err
	})
}

func (t *chargingTx) CountOpen(id token.ID) (n int, err error) {
	// The row of the token is locked until the commit: on PostgreSQL others write at the same time.
	if err := t.exec(`UPDATE token SET uid_key = uid_key WHERE uid_key = $1 AND type = $2`, t.key(id.UID), string(id.Type)); err != nil {
		return 0, err
	}
	err = t.row(`SELECT COUNT(*) FROM station_transaction WHERE token_key = $1 AND token_type = $2 AND state = 'active' AND authorised = $3`,
		t.key(id.UID), string(id.Type), true).Scan(&n)
	return n, err
}

// evsePower is the most power that a station has reported of an EVSE. (OCPP 2.x device model: EVSE, Power)
const evsePower = `SELECT max_limit, unit FROM variable WHERE station = $1 AND component = 'EVSE' AND name = 'Power' AND evse = $2 AND max_limit <> '' LIMIT 1`

func scanPower(row scanner) (most, unit string, err error) {
	err = row.Scan(&most, &unit)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return most, unit, err
}

func (t *chargingTx) EVSEPower(station gnista.StationID, evse int) (most, unit string, err error) {
	return scanPower(t.row(evsePower, string(station), evse))
}

// EVSEPower is the most power of an EVSE as the station has reported it, and its unit; empty is none.
func (db *DB) EVSEPower(ctx context.Context, station gnista.StationID, evse int) (most, unit string, err error) {
	return scanPower(db.sql.QueryRowContext(ctx, evsePower, string(station), evse))
}

func (t *chargingTx) SaveDecision(d charging.Decision) error {
	detail, err := json.Marshal(d.Waiting)
	if err != nil {
		return err
	}
	return t.addDecision(billing.Decision{
		ID: d.ID, At: d.At, Kind: billing.DecidedTransaction, Transaction: d.Transaction, By: d.By, Reason: d.Note, EnergyWh: d.EnergyWh, Detail: detail,
	})
}

func (t *chargingTx) Number() (int64, error) { return t.next("transaction", 1) }

// saveProgress saves what is not [fixed].
const saveProgress = `UPDATE station_transaction SET activity = $1, updated_at = $2, energy_wh = $3, power_w = $4, soc = $5, review = $6, detail = $7 WHERE id = $8`

func (t *chargingTx) Save(x *charging.Transaction, samples []charging.Sample, evs ...gnista.Event) error {
	t.emit(evs...)
	plain := x.Progress
	plain.Decided = nil // is sealed
	rest, err := sonic.MarshalString(detail{x.Meter, plain, x.Reservation, x.Limiting, x.ThinnedAt})
	if err != nil {
		return err
	}
	var review []byte
	for i, r := range x.Review {
		if i > 0 {
			review = append(review, ' ')
		}
		review = append(review, r...)
	}
	if slices.Contains(t.found, fixedOf(x)) {
		err = t.exec(saveProgress, string(x.Activity), millis(x.UpdatedAt), x.EnergyWh, x.PowerW, x.SoC, string(review), rest, x.ID)
	} else {
		err = t.saveAll(x, string(review), rest)
	}
	if err != nil {
		return err
	}
	return t.addSamples(x.ID, samples)
}

func (t *tx) saveAll(x *charging.Transaction, review, rest string) error {
	who, err := t.presented(x)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO station_transaction (`+transactionColumns+`, token_key, blocked)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)
		ON CONFLICT (id) DO UPDATE SET ref = excluded.ref, evse = excluded.evse, connector = excluded.connector, token_uid = excluded.token_uid,
		token_type = excluded.token_type, authorised = excluded.authorised, tariff = excluded.tariff, state = excluded.state,
		activity = excluded.activity, started_at = excluded.started_at, ended_at = excluded.ended_at, finished_at = excluded.finished_at,
		updated_at = excluded.updated_at, stop_reason = excluded.stop_reason, remote_id = excluded.remote_id, energy_wh = excluded.energy_wh,
		power_w = excluded.power_w, soc = excluded.soc, review = excluded.review, note = excluded.note, detail = excluded.detail,
		account = excluded.account, token_key = excluded.token_key, blocked = excluded.blocked`,
		x.ID, string(x.Station), string(x.Version), x.Ref, t.startKey(x.StartKey), x.EVSE.ID, x.EVSE.Connector, who, string(x.Token.Type), x.Authorised, x.Tariff,
		string(x.State), string(x.Activity), millis(x.StartedAt), millis(x.EndedAt), millis(x.FinishedAt), millis(x.UpdatedAt), x.StopReason, x.RemoteID,
		x.EnergyWh, x.PowerW, x.SoC, review, x.Note, rest, x.Account, t.key(x.Token.UID), x.Blocked())
}

// where collects the conditions of a list.
type where struct {
	conditions []string
	args       []any
}

// add adds a condition with one argument, which stands in it as a question mark.
func (w *where) add(condition string, arg any) {
	w.conditions = append(w.conditions, strings.Replace(condition, "?", w.arg(arg), 1))
}

// like adds that one of the columns has a text in it. SQLite knows the case of the letters a to z only, so others are looked for as
// they are written, and with their first letter in upper case.
func (w *where) like(text string, columns ...string) {
	escape := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
	lower, forms := w.arg("%"+escape.Replace(strings.ToLower(text))+"%"), []string{}
	for _, form := range []string{text, upperFirst(text)} {
		forms = append(forms, w.arg("%"+escape.Replace(form)+"%"))
	}
	var parts []string
	for _, c := range columns {
		parts = append(parts, "lower("+c+") LIKE "+lower+` ESCAPE '\'`)
		for _, form := range forms {
			parts = append(parts, c+" LIKE "+form+` ESCAPE '\'`)
		}
	}
	w.conditions = append(w.conditions, "("+strings.Join(parts, " OR ")+")")
}

func upperFirst(text string) string {
	r := []rune(strings.ToLower(text))
	if len(r) > 0 {
		r[0] = unicode.ToUpper(r[0])
	}
	return string(r)
}

// arg adds an argument and returns what stands for it.
func (w *where) arg(arg any) string {
	w.args = append(w.args, arg)
	return "$" + strconv.Itoa(len(w.args))
}

// list is a list of arguments as it stands behind IN.
func (w *where) list(values []string) string {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = w.arg(v)
	}
	return "(" + strings.Join(names, ", ") + ")"
}

// among adds that a column has one of some values; of none there is no row.
func (w *where) among(column string, values []string) {
	if len(values) == 0 {
		w.conditions = append(w.conditions, "1 = 0")
		return
	}
	w.conditions = append(w.conditions, column+" IN "+w.list(values))
}

// at adds that the station of a row is at one of some sites now, or, where it has none, that a column says so.
func (w *where) at(sites []string, column string) {
	if len(sites) == 0 {
		w.conditions = append(w.conditions, "1 = 0")
		return
	}
	in := w.list(sites)
	there := "station IN (SELECT id FROM station WHERE site IN " + in + ")"
	if column != "" {
		there = "(station <> '' AND " + there + " OR station = '' AND " + column + " IN " + in + ")"
	}
	w.conditions = append(w.conditions, there)
}

func (w *where) sql() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}
