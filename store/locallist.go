package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/bytedance/sonic"

	"gnista"
	"gnista/token"
)

// tokensChanged makes the lists of stations out of date.
func (t *tx) tokensChanged() error {
	_, err := t.next("token", 1)
	return err
}

// Offline lists up to limit tokens that may charge offline or are blocked, unless their revision is the
// one that is known: first those that may charge.
func (db *DB) Offline(ctx context.Context, known int64, limit int) (list []token.Token, revision int64, err error) {
	// The number first: a change that comes between is then taken in once more, not missed.
	if err := db.sql.QueryRowContext(ctx, `SELECT value FROM counter WHERE name = 'token'`).Scan(&revision); err != nil {
		return nil, 0, err
	}
	if revision == known {
		return nil, revision, nil
	}
	// A token of an account may charge offline when that can be trusted for what it spends meanwhile, and is
	// blocked with it.
	rows, err := db.sql.QueryContext(ctx, `SELECT `+tokenColumns+`, stopped FROM (
		SELECT t.*, t.blocked OR t.account <> '' AND COALESCE(a.blocked, $1) AS stopped,
			t.account = '' OR COALESCE(a.offline AND NOT a.exhausted AND a.kind <> 'prepaid', $3) AS trusted
		FROM token t LEFT JOIN account a ON a.id = t.account
		WHERE t.offline = $1 OR t.blocked = $1 OR a.blocked = $1 OR t.token_group <> '' AND t.token_group IN (SELECT name FROM token_group WHERE offline = $1)) x
		WHERE stopped OR trusted
		ORDER BY CASE WHEN stopped THEN 1 ELSE 0 END, CASE type WHEN 'ISO14443' THEN 0 WHEN 'ISO15693' THEN 1 ELSE 2 END, uid_key, type LIMIT $2`, true, limit, false)
	list, err = all(rows, err, func(s scanner) (token.Token, error) {
		var stopped bool
		k, err := db.scanToken(with{s, []any{&stopped}})
		k.Blocked = k.Blocked || stopped
		return k, err
	})
	return list, revision, err
}

func scanGroup(s scanner) (g token.Group, err error) {
	var updated int64
	err = s.Scan(&g.Name, &g.Offline, &updated, &g.Tariff)
	g.UpdatedAt = instant(updated)
	return g, err
}

// Groups lists what is said of groups, in order, behind the one with the name after.
func (db *DB) Groups(ctx context.Context, after string, limit int) ([]token.Group, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT name, offline, updated_at, tariff FROM token_group WHERE name > $1 ORDER BY name LIMIT $2`, after, limit)
	return all(rows, err, scanGroup)
}

// SaveGroup stores what is said of a group.
func (db *DB) SaveGroup(ctx context.Context, g token.Group) error {
	return db.write(ctx, "", func(t *tx) error {
		if err := t.exec(`INSERT INTO token_group (name, offline, updated_at) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET offline = excluded.offline, updated_at = excluded.updated_at`, g.Name, g.Offline, millis(g.UpdatedAt)); err != nil {
			return err
		}
		return t.tokensChanged()
	})
}

const listColumns = `station, enabled, state, version, highest, says, revision, due_at, checked_at, detail`

// listDetail is what of a list is in one column.
type listDetail struct {
	Selection token.Selection
	OCPP      gnista.Version
	Limits    token.ListLimits
	Entries   int
	LeftOut   []token.LeftOut
	Missing   int
	SyncedAt  time.Time
	Failures  int
	Detail    string
}

func (v *vault) scanList(s scanner) (l token.LocalList, err error) {
	var due, checked int64
	var rest string
	err = s.Scan(&l.Station, &l.Enabled, &l.State, &l.Version, &l.Highest, &l.Says, &l.Revision, &due, &checked, v.into(&rest))
	if err != nil {
		return l, err
	}
	l.DueAt, l.CheckedAt = instant(due), instant(checked)
	var d listDetail
	err = sonic.UnmarshalString(rest, &d)
	l.Selection, l.OCPP, l.Limits, l.Entries, l.LeftOut, l.Missing = d.Selection, d.OCPP, d.Limits, d.Entries, d.LeftOut, d.Missing
	l.SyncedAt, l.Failures, l.Detail = d.SyncedAt, d.Failures, d.Detail
	return l, err
}

// List finds the list of a station, the zero value when nothing was ever said of it.
func (db *DB) List(ctx context.Context, id gnista.StationID) (token.LocalList, error) {
	l, err := db.scanList(db.sql.QueryRowContext(ctx, `SELECT `+listColumns+` FROM local_list WHERE station = $1`, string(id)))
	if errors.Is(err, sql.ErrNoRows) {
		return token.LocalList{Station: id, State: token.ListOff}, nil
	}
	if err != nil || l.State != token.ListInSync {
		return l, err
	}
	var revision int64
	err = db.sql.QueryRowContext(ctx, `SELECT value FROM counter WHERE name = 'token'`).Scan(&revision)
	if revision != l.Revision {
		l.State = token.ListWaiting
	}
	return l, err
}

// listEntry is a [token.Entry] in as few letters as can be: what most have in common is left out.
type listEntry struct {
	UID     string       `json:"u"`
	Type    token.Type   `json:"t,omitempty"`
	Status  token.Status `json:"s,omitempty"`
	Group   string       `json:"g,omitempty"`
	Expires int64        `json:"e,omitempty"`
}

// Content is what a station was last sent, in the order of keys.
func (db *DB) Content(ctx context.Context, id gnista.StationID) ([]token.Entry, error) {
	var text string
	err := db.sql.QueryRowContext(ctx, `SELECT entries FROM local_list_content WHERE station = $1`, string(id)).Scan(db.into(&text))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var kept []listEntry
	if err := sonic.UnmarshalString(text, &kept); err != nil {
		return nil, err
	}
	list := make([]token.Entry, len(kept))
	for i, k := range kept {
		list[i] = token.Entry{ID: token.ID{UID: k.UID, Type: k.Type}, Status: k.Status, Group: k.Group, ExpiresAt: instant(k.Expires)}
		if k.Status == "" {
			list[i].Status = token.Accepted
		}
	}
	return list, nil
}

// ChangeList changes the list of a station in one SQL transaction. NotFound when there is no such
// station.
func (db *DB) ChangeList(ctx context.Context, id gnista.StationID, change func(*token.LocalList) ([]token.Entry, []gnista.Event, error)) (out token.LocalList, err error) {
	err = db.write(ctx, string(id), func(t *tx) error {
		var known bool
		if err := t.row(`SELECT EXISTS (SELECT 1 FROM station WHERE id = $1)`, string(id)).Scan(&known); err != nil {
			return err
		}
		if !known {
			return gnista.Errorf(gnista.NotFound, "there is no station %q", id)
		}
		l, err := t.scanList(t.row(`SELECT `+listColumns+` FROM local_list WHERE station = $1`, string(id)))
		if errors.Is(err, sql.ErrNoRows) {
			l, err = token.LocalList{Station: id, State: token.ListOff}, nil
		}
		if err != nil {
			return err
		}
		sent, evs, err := change(&l)
		if err != nil {
			return err
		}
		out = l
		t.emit(evs...)
		if err := t.saveList(l); err != nil || sent == nil {
			return err
		}
		return t.saveContent(id, sent)
	})
	return out, err
}

func (t *tx) saveList(l token.LocalList) error {
	rest, err := sonic.MarshalString(listDetail{l.Selection, l.OCPP, l.Limits, l.Entries, l.LeftOut, l.Missing, l.SyncedAt, l.Failures, l.Detail})
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO local_list (`+listColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (station) DO UPDATE SET enabled = excluded.enabled, state = excluded.state, version = excluded.version, highest = excluded.highest,
		says = excluded.says, revision = excluded.revision, due_at = excluded.due_at, checked_at = excluded.checked_at, detail = excluded.detail`,
		string(l.Station), l.Enabled, string(l.State), l.Version, l.Highest, l.Says, l.Revision, millis(l.DueAt), millis(l.CheckedAt), t.seal(rest))
}

func (t *tx) saveContent(id gnista.StationID, sent []token.Entry) error {
	kept := make([]listEntry, len(sent))
	for i, e := range sent {
		kept[i] = listEntry{e.ID.UID, e.ID.Type, e.Status, e.Group, millis(e.ExpiresAt)}
		if e.Status == token.Accepted {
			kept[i].Status = ""
		}
	}
	text, err := sonic.MarshalString(kept)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO local_list_content (station, entries) VALUES ($1, $2) ON CONFLICT (station) DO UPDATE SET entries = excluded.entries`, string(id), t.seal(text))
}

// DueLists lists the stations, in order and behind after, whose lists are to be looked at.
func (db *DB) DueLists(ctx context.Context, now time.Time, after gnista.StationID, limit int) ([]gnista.StationID, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT l.station FROM local_list l JOIN station s ON s.id = l.station
		WHERE l.station > $1 AND (l.state = 'outdated' OR l.state IN ('in-sync', 'failed') AND l.due_at <= $2 OR l.state = 'in-sync'
		AND (l.revision <> (SELECT value FROM counter WHERE name = 'token') OR s.booted_at > l.checked_at)) ORDER BY l.station LIMIT $3`, string(after), millis(now), limit)
	return all(rows, err, func(s scanner) (id gnista.StationID, err error) { return id, s.Scan(&id) })
}
