package store

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/bytedance/sonic"

	"gnista/charging"
)

// Samples are kept as text, one row for a transaction and a quarter of an hour, one line for an
// instant: its milliseconds, then NAME[.PHASE][@LOCATION][^CONTEXT]=MILLI for each sample.

const period = 15 * time.Minute

// maxPeriod is how many characters of samples a row has before no more are added to it: some values each
// second are less. A row is written anew for each addition.
const maxPeriod = "262144"

const (
	savePeriod = `INSERT INTO meter_period (transaction_id, period, data) VALUES ($1, $2, $3)` + addPeriod
	addPeriod  = ` ON CONFLICT (transaction_id, period) DO UPDATE SET data = meter_period.data || excluded.data WHERE LENGTH(meter_period.data) < ` + maxPeriod
)

// names are short for the measurands that come most often.
var names = map[charging.Measurand]string{
	charging.EnergyImport: "E", charging.PowerImport: "P", charging.CurrentImport: "I", charging.Voltage: "U", charging.SoC: "S", charging.Temperature: "T",
}

func (t *tx) addSamples(transaction string, samples []charging.Sample) error {
	slices.SortStableFunc(samples, func(a, b charging.Sample) int { return a.At.Compare(b.At) })
	for len(samples) > 0 {
		at := samples[0].At.Truncate(period)
		n := 1
		for n < len(samples) && samples[n].At.Truncate(period).Equal(at) {
			n++
		}
		err := t.exec(savePeriod, transaction, millis(at), string(appendSamples(nil, samples[:n])))
		if err != nil {
			return err
		}
		samples = samples[n:]
	}
	return nil
}

func appendSamples(b []byte, samples []charging.Sample) []byte {
	for i, s := range samples {
		if i == 0 || !s.At.Equal(samples[i-1].At) {
			if i > 0 {
				b = append(b, '\n')
			}
			b = strconv.AppendInt(b, s.At.UnixMilli(), 10)
		}
		b = append(b, ' ')
		if short, ok := names[s.Measurand]; ok {
			b = append(b, short...)
		} else {
			b = append(b, word(string(s.Measurand))...)
		}
		if s.Phase != "" {
			b = append(append(b, '.'), word(s.Phase)...)
		}
		if s.Location != charging.Outlet {
			b = append(append(b, '@'), word(s.Location)...)
		}
		if s.Context != charging.Other {
			b = append(append(b, '^'), s.Context...)
		}
		b = strconv.AppendInt(append(b, '='), s.Milli, 10)
	}
	return append(b, '\n')
}

// word is s without what stands between words here.
func word(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || unicode.IsSpace(r) || strings.ContainsRune(".@^=%", r) }) {
		return strings.ReplaceAll(url.QueryEscape(s), ".", "%2E")
	}
	return s
}

func parseSamples(data string) ([]charging.Sample, error) {
	var list []charging.Sample
	for line := range strings.Lines(data) {
		var at time.Time
		for i, field := range strings.Fields(line) {
			if i == 0 {
				ms, err := strconv.ParseInt(field, 10, 64)
				if err != nil {
					return nil, fmt.Errorf("stored samples: %w", err)
				}
				at = instant(ms)
				continue
			}
			s, err := parseSample(field)
			if err != nil {
				return nil, err
			}
			s.At = at
			list = append(list, s)
		}
	}
	return list, nil
}

func parseSample(field string) (s charging.Sample, err error) {
	rest, value, _ := strings.Cut(field, "=")
	if s.Milli, err = strconv.ParseInt(value, 10, 64); err != nil {
		return s, fmt.Errorf("stored samples: %w", err)
	}
	rest, context, _ := strings.Cut(rest, "^")
	rest, location, elsewhere := strings.Cut(rest, "@")
	name, phase, _ := strings.Cut(rest, ".")
	s.Context, s.Location = charging.Context(context), charging.Outlet
	if elsewhere {
		if s.Location, err = url.QueryUnescape(location); err != nil {
			return s, err
		}
	}
	if s.Phase, err = url.QueryUnescape(phase); err != nil {
		return s, err
	}
	for m, short := range names {
		if short == name {
			s.Measurand = m
			return s, nil
		}
	}
	name, err = url.QueryUnescape(name)
	s.Measurand = charging.Measurand(name)
	return s, err
}

// Samples lists what the meter said during a transaction, in the order of time, each once.
func (db *DB) Samples(ctx context.Context, id string) ([]charging.Sample, error) {
	return samplesOf(ctx, db.sql, id)
}

func samplesOf(ctx context.Context, r reader, id string) ([]charging.Sample, error) {
	rows, err := r.QueryContext(ctx, samplesQuery, id)
	return readSamples(rows, err)
}

const samplesQuery = `SELECT data FROM meter_period WHERE transaction_id = $1 ORDER BY period`

func readSamples(rows answer, err error) ([]charging.Sample, error) {
	texts, err := all(rows, err, func(s scanner) (text string, err error) { return text, s.Scan(&text) })
	if err != nil {
		return nil, err
	}
	list, err := parseSamples(strings.Join(texts, ""))
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b charging.Sample) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Measurand, b.Measurand), cmp.Compare(a.Phase, b.Phase), cmp.Compare(a.Location, b.Location), cmp.Compare(a.Context, b.Context))
	})
	return slices.CompactFunc(list, func(a, b charging.Sample) bool {
		a.Milli = b.Milli
		return a == b
	}), nil
}

// KeepSamples puts the samples of a transaction that are kept in place of all that there were, and says when in the
// transaction. Where there are others by now, nothing is changed.
func (db *DB) KeepSamples(ctx context.Context, x *charging.Transaction, all, kept []charging.Sample, at time.Time) error {
	return db.writeLater(ctx, string(x.Station), func(t *tx) error {
		rows, err := t.rows(samplesQuery, x.ID)
		now, err := readSamples(rows, err)
		if err != nil || !slices.Equal(now, all) {
			return err
		}
		if err := t.exec(`DELETE FROM meter_period WHERE transaction_id = $1`, x.ID); err != nil {
			return err
		}
		if err := t.addSamples(x.ID, slices.Clone(kept)); err != nil {
			return err
		}
		var text string
		if err := t.writeRow(`UPDATE station_transaction SET updated_at = updated_at WHERE id = $1 RETURNING detail`, x.ID).Scan(&text); err != nil {
			return err
		}
		var d detail
		if err := sonic.UnmarshalString(text, &d); err != nil {
			return err
		}
		d.ThinnedAt = at
		if text, err = sonic.MarshalString(d); err != nil {
			return err
		}
		return t.exec(`UPDATE station_transaction SET detail = $1 WHERE id = $2`, text, x.ID)
	})
}

// thinned is the counter of charge records whose samples were thinned out.
const thinned = "meter-thinned"

// Thinned is the number of the charge record up to which samples were thinned out.
func (db *DB) Thinned(ctx context.Context) (number int64, err error) {
	err = db.sql.QueryRowContext(ctx, `SELECT COALESCE(MAX(value), 0) FROM counter WHERE name = $1`, thinned).Scan(&number)
	return number, err
}

// SetThinned sets it.
func (db *DB) SetThinned(ctx context.Context, number int64) error {
	return db.write(ctx, thinned, func(t *tx) error {
		return t.exec(`INSERT INTO counter (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, thinned, number)
	})
}
