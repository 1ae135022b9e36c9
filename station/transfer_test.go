package station_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"gnista/station"
	"gnista/store"
	"gnista/store/storetest"
)

// TestSilentTransfers: of a transfer of which nothing is heard for two days nobody knows what became, but
// where its file came in. One that begins later is waited for longer.
func TestSilentTransfers(t *testing.T) {
	db := storetest.Open(t)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now, ids := start, 0
	n := &station.Network{
		Store: db, Commands: db, Settings: db, Transfers: db, Customers: db, Disk: store.Disk{Dir: t.TempDir()}, Now: func() time.Time { return now },
		NewID: func() string { ids++; return fmt.Sprintf("id-%d", ids) },
	}
	add := func(id, file string, due time.Time) {
		t.Helper()
		if _, err := db.AddTransfer(t.Context(), station.Transfer{
			ID: id, Station: "CS1", Kind: station.DiagnosticsLog, State: station.TransferAsked, File: file, At: start, DueAt: due, ChangeAt: start,
		}); err != nil {
			t.Fatal(err)
		}
	}
	add("nothing", "", start)
	add("file", "f", start)
	add("later", "", start.Add(24*time.Hour))
	want := func(id string, state station.TransferState) {
		t.Helper()
		x, err := db.Transfer(context.Background(), id)
		if err != nil || x.State != state || x.EndedAt.IsZero() == state.Ended() {
			t.Errorf("%s is %+v (%v), want %s", id, x, err, state)
		}
	}
	sweep := func(after time.Duration) {
		t.Helper()
		now = start.Add(after)
		if err := n.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	sweep(47 * time.Hour)
	want("nothing", station.TransferAsked)
	want("file", station.TransferAsked)
	sweep(49 * time.Hour)
	want("nothing", station.TransferUnanswered)
	want("file", station.Uploaded)
	want("later", station.TransferAsked)
	sweep(73 * time.Hour)
	want("later", station.TransferUnanswered)
	if err := n.ReportTransfer(t.Context(), "CS1", station.TransferStatus{Kinds: []station.TransferKind{station.DiagnosticsLog}, State: station.TransferFailed}); err != nil {
		t.Fatal(err)
	}
	want("later", station.TransferUnanswered)
}
