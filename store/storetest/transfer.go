package storetest

import (
	"testing"
	"time"

	"gnista"
	"gnista/station"
)

func (s suite) transfers(t *testing.T) {
	ctx := t.Context()
	add := func(id, key string, kind station.TransferKind) station.Transfer {
		t.Helper()
		return must[station.Transfer](t)(s.AddTransfer(ctx, station.Transfer{
			ID: id, Station: "TR", Kind: kind, State: station.TransferAsked, Location: "https://files.example/a", Key: key, Before: "1", At: now, DueAt: now, ChangeAt: now,
		}))
	}
	a, b := add("t1", "", station.FirmwareUpdate), add("t2", "k2", station.DiagnosticsLog)
	if a.Number < 1 || b.Number != a.Number+1 {
		t.Errorf("numbers %d and %d", a.Number, b.Number)
	}
	if got := must[station.Transfer](t)(s.Transfer(ctx, "t1")); got != a {
		t.Errorf("got %+v, want %+v", got, a)
	}
	if got := must[station.Transfer](t)(s.TransferByKey(ctx, "k2")); got != b {
		t.Errorf("got %+v, want %+v", got, b)
	}
	_, err := s.TransferByKey(ctx, "")
	wantCode(t, err, gnista.NotFound)
	_, err = s.Transfer(ctx, "t0")
	wantCode(t, err, gnista.NotFound)

	seen := 0
	change := func(id gnista.StationID, f func(open []station.Transfer) []gnista.Event) {
		t.Helper()
		if err := s.ChangeTransfers(ctx, id, f); err != nil {
			t.Fatal(err)
		}
	}
	change("NONE", func([]station.Transfer) []gnista.Event { seen++; return nil })
	if seen != 0 {
		t.Error("change is called where there is nothing")
	}
	change("TR", func(open []station.Transfer) []gnista.Event {
		if len(open) != 2 || open[0].ID != "t2" || open[1].ID != "t1" {
			t.Errorf("open are %+v", open)
		}
		open[1].State, open[1].Detail, open[1].ChangeAt, open[1].EndedAt = station.Installed, "Installed", now.Add(time.Second), now.Add(time.Second)
		open[0].File, open[0].Uploads = "f1", 1
		return nil
	})
	change("TR", func(open []station.Transfer) []gnista.Event {
		if len(open) != 1 || open[0].ID != "t2" || open[0].File != "f1" || open[0].Uploads != 1 {
			t.Errorf("open are %+v", open)
		}
		return nil
	})
	if list := must[[]station.Transfer](t)(s.StaleTransfers(ctx, now.Add(time.Minute), 10)); len(list) != 1 || list[0].ID != "t2" {
		t.Errorf("stale are %+v", list)
	}
	if list := must[[]station.Transfer](t)(s.StaleTransfers(ctx, now, 10)); len(list) != 0 {
		t.Errorf("stale are %+v", list)
	}
	both := []station.TransferKind{station.FirmwareUpdate, station.DiagnosticsLog}
	if list := must[[]station.Transfer](t)(s.Transfers(ctx, "TR", both, "t2", 10)); len(list) != 1 || list[0].State != station.Installed {
		t.Errorf("got %+v", list)
	}

	for _, f := range []station.File{
		{ID: "f1", Kind: station.LogFile, Name: "a.log", Size: 5, SHA256: "00", MD5: "11", Key: "k", At: now.Add(-time.Hour)}, {ID: "f2", Kind: station.FirmwareFile, Name: "b", At: now},
	} {
		if err := s.AddFile(ctx, f); err != nil {
			t.Fatal(err)
		}
		if got := must[station.File](t)(s.File(ctx, f.ID)); got != f {
			t.Errorf("got %+v, want %+v", got, f)
		}
	}
	if list := must[[]station.File](t)(s.Files(ctx, station.FirmwareFile, "", 10)); len(list) != 1 || list[0].ID != "f2" {
		t.Errorf("got %+v", list)
	}
	if list := must[[]station.File](t)(s.OldFiles(ctx, station.LogFile, now, 10)); len(list) != 1 || list[0].ID != "f1" {
		t.Errorf("old are %+v", list)
	}
	if err := s.DeleteFile(ctx, "f1"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.DeleteFile(ctx, "f1"), gnista.NotFound)
}
