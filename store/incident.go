package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"gnista"
	"gnista/fault"
)

const incidentColumns = `number, kind, subject, source, code, severity, station, site, first, opened_at, last_at, resolved_at, acknowledged_at, acknowledged_by, shelved_until, shelved_by,
	assignee, facts`

// withFaults are the columns of an incident and how many faults it has and has open.
const withFaults = incidentColumns + `, (SELECT COUNT(*) FROM fault WHERE incident = 'i' || incident.number AND incident <> ''),
	(SELECT COUNT(*) FROM fault WHERE incident = 'i' || incident.number AND incident <> '' AND cleared_at = 0)`

func scanIncident(s scanner) (i fault.Incident, err error) {
	var severity int
	var facts string
	var opened, last, resolved, acknowledged, shelved int64
	if err = s.Scan(&i.Case, &i.Kind, &i.Subject, &i.Key.Source, &i.Key.Code, &severity, &i.Station, &i.Site, &i.First, &opened, &last, &resolved, &acknowledged, &i.AcknowledgedBy,
		&shelved, &i.ShelvedBy, &i.Assignee, &facts, &i.Faults, &i.Open); err != nil {
		return i, err
	}
	i.ID, i.Severity = fault.IncidentID(i.Case), fault.Severities[severity]
	i.OpenedAt, i.LastAt, i.ResolvedAt, i.AcknowledgedAt, i.ShelvedUntil = instant(opened), instant(last), instant(resolved), instant(acknowledged), instant(shelved)
	if facts != "" {
		err = json.Unmarshal([]byte(facts), &i.Facts)
	}
	return i, err
}

// stepIncident does what a step says.
func (t *tx) stepIncident(s *fault.IncidentStep) error {
	i := &s.Incident
	if i.Case == 0 {
		number, err := t.next("case", 1)
		if err != nil {
			return err
		}
		i.Case, i.ID = int(number), fault.IncidentID(int(number))
	}
	facts := ""
	if len(i.Facts) > 0 {
		text, err := json.Marshal(i.Facts)
		if err != nil {
			return err
		}
		facts = string(text)
	}
	if err := t.exec(`INSERT INTO incident (`+incidentColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		ON CONFLICT (number) DO UPDATE SET severity = excluded.severity, station = excluded.station, site = excluded.site, last_at = excluded.last_at, resolved_at = excluded.resolved_at,
		acknowledged_at = excluded.acknowledged_at, acknowledged_by = excluded.acknowledged_by, shelved_until = excluded.shelved_until, shelved_by = excluded.shelved_by,
		assignee = excluded.assignee, facts = excluded.facts`,
		i.Case, string(i.Kind), i.Subject, i.Key.Source, i.Key.Code, rank(i.Severity), string(i.Station), i.Site, i.First, millis(i.OpenedAt), millis(i.LastAt), millis(i.ResolvedAt),
		millis(i.AcknowledgedAt), i.AcknowledgedBy, millis(i.ShelvedUntil), i.ShelvedBy, i.Assignee, facts); err != nil {
		return err
	}
	t.emit(s.Event())
	return t.addHistory(i.ID, s.Done)
}

// Group shows change the incident of a kind about a subject that is not resolved, and makes faults part of it.
func (db *DB) Group(ctx context.Context, kind fault.IncidentKind, subject string, faults []string, change func(*fault.Incident) *fault.IncidentStep) (out fault.Incident, err error) {
	err = db.write(ctx, faultKey, func(t *tx) error {
		var have *fault.Incident
		i, err := scanIncident(t.row(`SELECT `+withFaults+` FROM incident WHERE kind = $1 AND subject = $2 AND resolved_at = 0`, string(kind), subject))
		if err == nil {
			have = &i
		} else if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		s := change(have)
		if s == nil {
			out = i
			return nil
		}
		if err := t.stepIncident(s); err != nil {
			return err
		}
		out = s.Incident
		for _, id := range faults {
			number, err := caseNumber(id, "f")
			if err != nil {
				return err
			}
			if err := t.exec(`UPDATE fault SET incident = $1 WHERE number = $2 AND incident = '' AND cleared_at = 0`, out.ID, number); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// ChangeIncident changes an incident by a step. NotFound.
func (db *DB) ChangeIncident(ctx context.Context, id string, change func(*fault.Incident) (*fault.IncidentStep, error)) (out fault.Incident, err error) {
	number, err := caseNumber(id, "i")
	if err != nil {
		return out, err
	}
	err = db.write(ctx, faultKey, func(t *tx) error {
		i, err := scanIncident(t.row(`SELECT `+withFaults+` FROM incident WHERE number = $1`, number))
		if errors.Is(err, sql.ErrNoRows) {
			return gnista.Errorf(gnista.NotFound, "there is no incident %q", id)
		}
		if err != nil {
			return err
		}
		s, err := change(&i)
		if out = i; err != nil || s == nil {
			return err
		}
		err = t.stepIncident(s)
		out = s.Incident
		return err
	})
	return out, err
}

// Incident finds an incident. NotFound.
func (db *DB) Incident(ctx context.Context, id string) (fault.Incident, error) {
	number, err := caseNumber(id, "i")
	if err != nil {
		return fault.Incident{}, err
	}
	return one(db.sql.QueryRowContext(ctx, `SELECT `+withFaults+` FROM incident WHERE number = $1`, number), scanIncident, "there is no incident %q", id)
}

// OpenIncident finds the one of a kind about a subject that is not resolved. NotFound.
func (db *DB) OpenIncident(ctx context.Context, kind fault.IncidentKind, subject string) (fault.Incident, error) {
	row := db.sql.QueryRowContext(ctx, `SELECT `+withFaults+` FROM incident WHERE kind = $1 AND subject = $2 AND resolved_at = 0`, string(kind), subject)
	return one(row, scanIncident, "there is no such incident")
}

// Incidents lists incidents, the newest first.
func (db *DB) Incidents(ctx context.Context, f fault.IncidentFilter) ([]fault.Incident, error) {
	var w where
	switch f.State {
	case fault.IsOpen:
		w.conditions = append(w.conditions, `resolved_at = 0`)
	case fault.IsCleared:
		w.conditions = append(w.conditions, `resolved_at > 0`)
	}
	if f.AtLeast != "" {
		w.add(`severity <= ?`, rank(f.AtLeast))
	}
	for condition, value := range map[string]string{`kind = ?`: string(f.Kind), `station = ?`: string(f.Station), `site <> '' AND site = ?`: f.Site, `assignee = ?`: f.Assignee} {
		if value != "" {
			w.add(condition, value)
		}
	}
	if f.Acknowledged != nil {
		w.conditions = append(w.conditions, either(*f.Acknowledged, `acknowledged_at > 0`, `acknowledged_at = 0`))
	}
	if f.Shelved != nil {
		w.add(either(*f.Shelved, `shelved_until > ?`, `shelved_until <= ?`), millis(f.Now))
	}
	if f.Sites != nil {
		w.at(f.Sites, "site")
	}
	if f.Before > 0 {
		w.add(`number < ?`, f.Before)
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+withFaults+` FROM incident`+w.sql()+` ORDER BY number DESC LIMIT `+w.arg(f.Limit), w.args...)
	return all(rows, err, scanIncident)
}

// FinishedIncidents lists incidents that are not resolved and have no open fault, and those whose time on the shelf is over.
func (db *DB) FinishedIncidents(ctx context.Context, now time.Time, limit int) ([]fault.Incident, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+withFaults+` FROM incident WHERE resolved_at = 0 AND (shelved_until > 0 AND shelved_until <= $1
		OR NOT EXISTS (SELECT 1 FROM fault WHERE incident = 'i' || incident.number AND incident <> '' AND cleared_at = 0)) LIMIT $2`, millis(now), limit)
	return all(rows, err, scanIncident)
}

// SiteStations counts the stations of a site.
func (db *DB) SiteStations(ctx context.Context, site string) (n int, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT COUNT(*) FROM station WHERE site = $1 AND site <> ''`, site).Scan(&n)
	return n, err
}
