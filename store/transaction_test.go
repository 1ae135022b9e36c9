package store

import (
	"path/filepath"
	"strings"
	"testing"

	"gnista/charging"
)

// The lists that everybody looks at all the time read what they show, and not all that ever was.
func TestPlans(t *testing.T) {
	db, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "test.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	f := func(filter charging.Filter, index string) {
		t.Helper()
		filter.Limit = 100
		query, args := db.listTransactions(filter)
		rows, err := db.sql.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+query, args...)
		plan, err := all(rows, err, func(s scanner) (step string, err error) {
			var id, parent, unused int
			return step, s.Scan(&id, &parent, &unused, &step)
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(plan) != 1 || !strings.Contains(plan[0]+" ", " INDEX "+index+" ") {
			t.Errorf("%+v: %q, want %s and no more", filter, plan, index)
		}
	}
	f(charging.Filter{State: charging.Active}, "station_transaction_active_id")
	f(charging.Filter{State: charging.Active, Before: "id"}, "station_transaction_active_id")
	f(charging.Filter{Review: true}, "station_transaction_blocked")
	f(charging.Filter{Review: true, State: charging.Ended, Before: "id"}, "station_transaction_blocked")
	f(charging.Filter{Station: "A"}, "station_transaction_station")
	f(charging.Filter{Token: "A"}, "station_transaction_token")

	for query, index := range map[string]string{
		`SELECT id FROM station_transaction WHERE finished_at > 0 AND started_at >= 1 AND started_at < 2 AND (started_at, id) > (1, 'a') ORDER BY started_at, id LIMIT 5`: "station_transaction_finished",
		`SELECT x.id FROM station_transaction x JOIN tariff_version v ON v.id = x.tariff WHERE v.tariff = 'a' AND x.tariff <> '' LIMIT 1`:                                 "station_transaction_tariff",
		`SELECT r.id FROM charge_record r JOIN tariff_version v ON v.id = r.tariff_version WHERE v.tariff = 'a' LIMIT 1`:                                                  "charge_record_tariff",
		`SELECT COUNT(*) FROM station WHERE site = 'a' AND site <> ''`:                                                                                                    "station_site",
	} {
		rows, err := db.sql.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+query)
		plan, err := all(rows, err, func(s scanner) (step string, err error) {
			var id, parent, unused int
			return step, s.Scan(&id, &parent, &unused, &step)
		})
		if text := strings.Join(plan, "; "); err != nil || !strings.Contains(text, "INDEX "+index+" ") || strings.Contains(text, "TEMP") {
			t.Errorf("%s: %q, %v, want %s", query, text, err, index)
		}
	}
}
