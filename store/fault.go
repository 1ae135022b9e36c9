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

	"gnista"
	"gnista/fault"
)

const faultColumns = `number, source, code, severity, severity_by, station, site, evse, connector, way, count, chatters, turns, opened_at, last_at, seq, until, cleared_at, cleared_by,
	acknowledged_at, acknowledged_by, shelved_until, shelved_by, assignee, incident, transaction_id, raw, facts`

func scanFault(s scanner) (f fault.Fault, err error) {
	var severity int
	var turns, raw, facts string
	var opened, last, until, cleared, acknowledged, shelved int64
	if err = s.Scan(&f.Case, &f.Key.Source, &f.Key.Code, &severity, &f.SeverityBy, &f.Station, &f.Site, &f.EVSE.ID, &f.EVSE.Connector, &f.Way, &f.Count, &f.Chatters, &turns,
		&opened, &last, &f.Seq, &until, &cleared, &f.ClearedBy, &acknowledged, &f.AcknowledgedBy, &shelved, &f.ShelvedBy, &f.Assignee, &f.Incident, &f.Transaction, &raw, &facts); err != nil {
		return f, err
	}
	f.ID, f.Severity = fault.FaultID(f.Case), fault.Severities[severity]
	f.OpenedAt, f.LastAt, f.Until, f.ClearedAt = instant(opened), instant(last), instant(until), instant(cleared)
	f.AcknowledgedAt, f.ShelvedUntil = instant(acknowledged), instant(shelved)
	for text := range strings.FieldsSeq(turns) {
		ms, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return f, err
		}
		f.Turns = append(f.Turns, instant(ms))
	}
	if facts != "" {
		err = json.Unmarshal([]byte(facts), &f.Facts)
	}
	return f, errors.Join(err, json.Unmarshal([]byte(raw), &f.Raw))
}

func rank(s fault.Severity) int { return max(slices.Index(fault.Severities, s), 0) }

// saveFault stores a fault, a new one with the next number.
func (t *tx) saveFault(f *fault.Fault) error {
	if f.Case == 0 {
		number, err := t.next("case", 1)
		if err != nil {
			return err
		}
		f.Case, f.ID = int(number), fault.FaultID(int(number))
	}
	turns := make([]string, len(f.Turns))
	for i, at := range f.Turns {
		turns[i] = strconv.FormatInt(millis(at), 10)
	}
	raw, err := json.Marshal(f.Raw)
	if err != nil {
		return err
	}
	facts := ""
	if len(f.Facts) > 0 {
		text, err := json.Marshal(f.Facts)
		if err != nil {
			return err
		}
		facts = string(text)
	}
	return t.exec(`INSERT INTO fault (`+faultColumns+`, words) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29)
		ON CONFLICT (number) DO UPDATE SET severity = excluded.severity, severity_by = excluded.severity_by, way = excluded.way, count = excluded.count, chatters = excluded.chatters,
		turns = excluded.turns, last_at = excluded.last_at, seq = excluded.seq, until = excluded.until, cleared_at = excluded.cleared_at, cleared_by = excluded.cleared_by,
		acknowledged_at = excluded.acknowledged_at, acknowledged_by = excluded.acknowledged_by, shelved_until = excluded.shelved_until, shelved_by = excluded.shelved_by,
		assignee = excluded.assignee, incident = excluded.incident, transaction_id = excluded.transaction_id, raw = excluded.raw, facts = excluded.facts, words = excluded.words`,
		f.Case, f.Key.Source, f.Key.Code, rank(f.Severity), f.SeverityBy, string(f.Station), f.Site, f.EVSE.ID, f.EVSE.Connector, string(f.Way), f.Count, f.Chatters, strings.Join(turns, " "),
		millis(f.OpenedAt), millis(f.LastAt), f.Seq, millis(f.Until), millis(f.ClearedAt), f.ClearedBy, millis(f.AcknowledgedAt), f.AcknowledgedBy, millis(f.ShelvedUntil), f.ShelvedBy,
		f.Assignee, f.Incident, f.Transaction, string(raw), facts, f.Words())
}

// keptSteps is how many lines of the history of a fault or an incident are kept.
const keptSteps = 200

func (t *tx) addHistory(subject string, d fault.Done) error {
	var number int
	err := t.writeRow(`INSERT INTO fault_history (subject, number, at, what, by_whom, why)
		VALUES ($1, (SELECT COALESCE(MAX(number), 0) + 1 FROM fault_history WHERE subject = $1), $2, $3, $4, $5) RETURNING number`,
		subject, millis(d.At), d.What, d.By, d.Why).Scan(&number)
	if err != nil || number <= keptSteps {
		return err
	}
	return t.exec(`DELETE FROM fault_history WHERE subject = $1 AND number <= $2`, subject, number-keptSteps)
}

// step does what a step says.
func (t *tx) step(s *fault.Step) error {
	if err := t.saveFault(&s.Fault); err != nil || s.Kind == "" {
		return err
	}
	t.emit(s.Event())
	return t.addHistory(s.Fault.ID, s.Done)
}

// faultKey keeps changes of faults in the order in which they are made.
const faultKey = "fault"

// TakeFault shows take the newest fault with a key at a place, nil for none, and keeps the step that it makes of it.
// NotFound when one is to be opened at a station that there is not.
func (db *DB) TakeFault(ctx context.Context, at fault.Place, k fault.Key, take func(*fault.Fault) (*fault.Step, error)) (out fault.Fault, err error) {
	err = db.write(ctx, faultKey, func(t *tx) error {
		query := `SELECT ` + faultColumns + ` FROM fault WHERE station = $1 AND evse = $2 AND connector = $3 AND source = $4 AND code = $5`
		args := []any{string(at.Station), at.EVSE.ID, at.EVSE.Connector, k.Source, k.Code}
		if at.Station == "" {
			query, args = query+` AND site = $6`, append(args, at.Site)
		}
		var newest *fault.Fault
		f, err := scanFault(t.row(query+` ORDER BY number DESC LIMIT 1`, args...))
		if err == nil {
			newest = &f
		} else if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		s, err := take(newest)
		if err != nil || s == nil {
			return err
		}
		if s.Fault.Case == 0 && at.Station != "" {
			var there string
			if err := t.row(`SELECT id FROM station WHERE id = $1`, string(at.Station)).Scan(&there); errors.Is(err, sql.ErrNoRows) {
				return gnista.Errorf(gnista.NotFound, "there is no station %q", at.Station)
			} else if err != nil {
				return err
			}
		}
		err = t.step(s)
		out = s.Fault
		return err
	})
	return out, err
}

// ChangeFault changes a fault by a step. NotFound.
func (db *DB) ChangeFault(ctx context.Context, id string, change func(*fault.Fault) (*fault.Step, error)) (out fault.Fault, err error) {
	number, err := caseNumber(id, "f")
	if err != nil {
		return out, err
	}
	err = db.write(ctx, faultKey, func(t *tx) error {
		f, err := scanFault(t.row(`SELECT `+faultColumns+` FROM fault WHERE number = $1`, number))
		if errors.Is(err, sql.ErrNoRows) {
			return gnista.Errorf(gnista.NotFound, "there is no fault %q", id)
		}
		if err != nil {
			return err
		}
		s, err := change(&f)
		if out = f; err != nil || s == nil {
			return err
		}
		err = t.step(s)
		out = s.Fault
		return err
	})
	return out, err
}

// caseNumber reads what [fault.FaultID] and [fault.IncidentID] wrote. NotFound.
func caseNumber(id, letter string) (int, error) {
	text, ok := strings.CutPrefix(id, letter)
	number, err := strconv.Atoi(text)
	if !ok || err != nil || number < 1 || letter+strconv.Itoa(number) != id {
		what := "fault"
		if letter == "i" {
			what = "incident"
		}
		return 0, gnista.Errorf(gnista.NotFound, "there is no %s %q", what, id)
	}
	return number, nil
}

// CountFaults adds to how often faults were told of, and returns those that are not there any more. What has become
// of one meanwhile is newer than when it was told of.
func (db *DB) CountFaults(ctx context.Context, list []fault.Fault) (gone []fault.Fault, err error) {
	for part := range slices.Chunk(list, rowsAtOnce) {
		var missing []fault.Fault
		err := db.writeLater(ctx, faultKey, func(t *tx) error {
			missing = nil
			for _, f := range part {
				n, err := t.changed(`UPDATE fault SET count = count + $1, until = CASE WHEN last_at > $2 THEN until ELSE $4 END, last_at = CASE WHEN last_at > $2 THEN last_at ELSE $2 END,
					seq = CASE WHEN seq > $3 THEN seq ELSE $3 END WHERE number = $5 AND cleared_at = 0`,
					f.Count, millis(f.LastAt), f.Seq, millis(f.Until), f.Case)
				if err != nil {
					return err
				} else if n == 0 {
					missing = append(missing, f)
				}
			}
			return nil
		})
		if gone = append(gone, missing...); err != nil {
			return gone, err
		}
	}
	return gone, nil
}

// Fault finds a fault. NotFound.
func (db *DB) Fault(ctx context.Context, id string) (fault.Fault, error) {
	number, err := caseNumber(id, "f")
	if err != nil {
		return fault.Fault{}, err
	}
	return one(db.sql.QueryRowContext(ctx, `SELECT `+faultColumns+` FROM fault WHERE number = $1`, number), scanFault, "there is no fault %q", id)
}

// Faults lists faults.
func (db *DB) Faults(ctx context.Context, f fault.Filter) ([]fault.Fault, error) {
	var w where
	order := ` ORDER BY number DESC LIMIT `
	switch f.State {
	case fault.IsOpen:
		w.conditions = append(w.conditions, `cleared_at = 0`)
	case fault.IsCleared:
		w.conditions = append(w.conditions, `cleared_at > 0`)
	}
	if f.WorstFirst {
		order = ` ORDER BY severity, number DESC LIMIT `
	}
	if f.AtLeast != "" {
		w.add(`severity <= ?`, rank(f.AtLeast))
	}
	for condition, value := range map[string]string{
		`station = ?`: string(f.Station), `source = ?`: f.Key.Source, `code = ?`: f.Key.Code,
		`site <> '' AND site = ?`: f.Site, `assignee <> '' AND assignee = ?`: f.Assignee, `incident <> '' AND incident = ?`: f.Incident, // as their indexes are
	} {
		if value != "" {
			w.add(condition, value)
		}
	}
	if f.Sites != nil {
		w.at(f.Sites, "site")
	}
	if f.EVSE > 0 {
		w.add(`evse = ?`, f.EVSE)
	}
	if f.Free {
		w.conditions = append(w.conditions, `incident = ''`)
	}
	if f.Acknowledged != nil {
		w.conditions = append(w.conditions, either(*f.Acknowledged, `acknowledged_at > 0`, `acknowledged_at = 0`))
	}
	if f.Shelved != nil {
		w.add(either(*f.Shelved, `shelved_until > ?`, `shelved_until <= ?`), millis(f.Now))
	}
	if !f.Since.IsZero() {
		w.add(`opened_at >= ?`, millis(f.Since))
	}
	if !f.Until.IsZero() {
		w.add(`opened_at < ?`, millis(f.Until))
	}
	if f.Text != "" {
		w.add(`words LIKE ? ESCAPE '\'`, "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(f.Text))+"%")
	}
	if f.After != "" {
		if err := behind(&w, f); err != nil {
			return nil, err
		}
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT `+faultColumns+` FROM fault`+w.sql()+order+w.arg(f.Limit), w.args...)
	return all(rows, err, scanFault)
}

func either(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

// behind adds that faults stand behind the cursor of the filter.
func behind(w *where, f fault.Filter) error {
	severity, number, both := strings.Cut(f.After, " ")
	if !both {
		number = severity
	}
	n, err := strconv.Atoi(number)
	if err != nil || both != f.WorstFirst {
		return gnista.Invalidf("cursor", "is not one of ours")
	}
	if !f.WorstFirst {
		w.add(`number < ?`, n)
		return nil
	}
	s, err := strconv.Atoi(severity)
	if err != nil {
		return gnista.Invalidf("cursor", "is not one of ours")
	}
	w.add(`severity >= ?`, s)
	w.conditions = append(w.conditions, `(severity > `+w.arg(s)+` OR severity = `+w.arg(s)+` AND number < `+w.arg(n)+`)`)
	return nil
}

// DueFaults lists faults that are open and whose time to clear by themselves has come, or whose time on the shelf is over.
func (db *DB) DueFaults(ctx context.Context, now time.Time, limit int) ([]fault.Fault, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+faultColumns+` FROM fault WHERE cleared_at = 0 AND until > 0 AND until <= $1 LIMIT $2`, millis(now), limit)
	list, err := all(rows, err, scanFault)
	if err != nil || len(list) == limit {
		return list, err
	}
	rows, err = db.sql.QueryContext(ctx, `SELECT `+faultColumns+` FROM fault WHERE cleared_at = 0 AND shelved_until > 0 AND shelved_until <= $1 LIMIT $2`, millis(now), limit-len(list))
	more, err := all(rows, err, scanFault)
	return append(list, more...), err
}

// FaultHistory lists what was done with a fault or an incident, the newest first, behind the step with a number.
func (db *DB) FaultHistory(ctx context.Context, id string, before, limit int) ([]fault.Done, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT number, at, what, by_whom, why FROM fault_history WHERE subject = $1 AND ($2 = 0 OR number < $2) ORDER BY number DESC LIMIT $3`, id, before, limit)
	return all(rows, err, func(s scanner) (d fault.Done, err error) {
		var at int64
		err = s.Scan(&d.Number, &at, &d.What, &d.By, &d.Why)
		d.At = instant(at)
		return d, err
	})
}

// FaultTotals counts the open faults of a station, or of all where it is empty, at some sites or everywhere (nil), by severity.
func (db *DB) FaultTotals(ctx context.Context, id gnista.StationID, sites []string) (map[fault.Severity]int, error) {
	var w where
	w.conditions = append(w.conditions, "cleared_at = 0")
	if id != "" {
		w.add("station = ?", string(id))
	}
	if sites != nil {
		w.at(sites, "site")
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT severity, COUNT(*) FROM fault`+w.sql()+` GROUP BY severity`, w.args...)
	type total struct{ severity, n int }
	list, err := all(rows, err, func(s scanner) (x total, err error) { return x, s.Scan(&x.severity, &x.n) })
	out := map[fault.Severity]int{}
	for _, x := range list {
		out[fault.Severities[x.severity]] = x.n
	}
	return out, err
}

// PruneFaults deletes faults that were cleared before a time, and the oldest cleared ones above most, and incidents likewise.
func (db *DB) PruneFaults(ctx context.Context, before time.Time, most int) error {
	var excess int64
	err := db.sql.QueryRowContext(ctx, `SELECT cleared_at FROM fault WHERE cleared_at > 0 ORDER BY cleared_at DESC LIMIT 1 OFFSET $1`, most).Scan(&excess)
	if err = passed(err); err != nil {
		return err
	}
	until := max(millis(before), excess)
	for _, x := range []struct{ table, over, letter string }{{"fault", "cleared_at", "f"}, {"incident", "resolved_at", "i"}} {
		for {
			var deleted int
			err := db.writeLater(ctx, faultKey, func(t *tx) error {
				rows, err := t.rows(`SELECT number FROM `+x.table+` WHERE `+x.over+` > 0 AND `+x.over+` <= $1 ORDER BY `+x.over+` LIMIT $2`, until, rowsAtOnce)
				numbers, err := all(rows, err, func(s scanner) (n int, err error) { return n, s.Scan(&n) })
				if deleted = len(numbers); err != nil {
					return err
				}
				for _, n := range numbers {
					if err := t.exec(`DELETE FROM fault_history WHERE subject = $1`, x.letter+strconv.Itoa(n)); err != nil {
						return err
					}
					if err := t.exec(`DELETE FROM `+x.table+` WHERE number = $1`, n); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			if deleted < rowsAtOnce {
				break
			}
		}
	}
	return nil
}
