package store_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"gnista/fault"
	"gnista/store"
	"gnista/store/storetest"
)

// manyFaults are 100,000 open faults of 20,000 stations at 500 sites.
const manyFaults = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
	INSERT INTO fault (number, source, code, severity, severity_by, station, site, evse, connector, way, count, chatters, turns, opened_at, last_at, seq, until, cleared_at, cleared_by,
		acknowledged_at, acknowledged_by, shelved_until, shelved_by, assignee, incident, transaction_id, raw, facts, words)
	SELECT 10000 + i, CASE WHEN i % 3 = 0 THEN 'ocpp1.6' ELSE 'acme' END, 'Code' || i % 40, i % 5, '', 'Station-' || i % 20000, 'site-' || i % 500, i % 4, 1, 'status', 1, FALSE, '', 1700000000000 + i * 1000,
		1700000000000 + i * 1000, i, 0, 0, '', CASE WHEN i % 10 = 0 THEN 1700000000000 ELSE 0 END, '', CASE WHEN i % 50 = 0 THEN 1900000000000 ELSE 0 END, '',
		CASE WHEN i % 100 = 0 THEN 'anna' ELSE '' END, CASE WHEN i % 200 = 0 THEN 'i' || i % 7 ELSE '' END, '', '{"status":"Faulted","code":"OtherError","vendorErrorCode":"E' || i || '"}', '',
		'station-' || i % 20000 || ' code' || i % 40 || ' e' || i || ' some words of the station ' || 10000 + i FROM n`

// BenchmarkFaults lists a page of 100 of 100,000 open faults, by each of the filters.
func BenchmarkFaults(b *testing.B) {
	url := storetest.SQLite(b, b.TempDir())
	db, err := store.Open(b.Context(), url, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	raw, err := sql.Open("sqlite", url[len("sqlite:"):])
	if err != nil {
		b.Fatal(err)
	}
	if _, err := raw.Exec(manyFaults); err != nil {
		b.Fatal(err)
	}
	raw.Close()
	yes, no := true, false
	at := time.UnixMilli(1_800_000_000_000)
	for name, f := range map[string]fault.Filter{
		"newest":           {},
		"worst":            {WorstFirst: true},
		"deep":             {After: "60000"},
		"deep, worst":      {WorstFirst: true, After: "2 60000"},
		"severity":         {AtLeast: fault.Critical},
		"severity, worst":  {AtLeast: fault.High, WorstFirst: true},
		"station":          {Station: "Station-777"},
		"station, worst":   {Station: "Station-777", WorstFirst: true},
		"site":             {Site: "site-7"},
		"site, worst":      {Site: "site-7", WorstFirst: true},
		"evse":             {EVSE: 3},
		"source":           {Key: fault.Key{Source: "ocpp1.6"}},
		"no source":        {Key: fault.Key{Source: "nobody"}},
		"code":             {Key: fault.Key{Source: "acme", Code: "Code7"}},
		"code, worst":      {Key: fault.Key{Source: "acme", Code: "Code7"}, WorstFirst: true},
		"no code":          {Key: fault.Key{Source: "acme", Code: "none"}},
		"acknowledged":     {Acknowledged: &yes},
		"not acknowledged": {Acknowledged: &no, WorstFirst: true},
		"shelved":          {Shelved: &yes, Now: at},
		"shelved by now":   {Shelved: &yes, Now: at.Add(10 * 365 * 24 * time.Hour)},
		"assignee":         {Assignee: "anna"},
		"no assignee":      {Assignee: "nobody"},
		"incident":         {Incident: "i3"},
		"since":            {Since: time.UnixMilli(1_700_000_000_000 + 99_990_000)},
		"until":            {Until: time.UnixMilli(1_700_000_000_000 + 10_000)},
		"text, often":      {Text: "some words"},
		"text, once":       {Text: "e77777 "},
		"text, never":      {Text: "nowhere"},
		"text, worst":      {Text: "nowhere", WorstFirst: true},
		"several":          {AtLeast: fault.Medium, Acknowledged: &no, Shelved: &no, Now: at, Key: fault.Key{Source: "acme"}, WorstFirst: true},
	} {
		b.Run(name, func(b *testing.B) {
			f.State, f.Limit = fault.IsOpen, 100
			for b.Loop() {
				if _, err := db.Faults(context.Background(), f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
