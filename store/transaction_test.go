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
}
