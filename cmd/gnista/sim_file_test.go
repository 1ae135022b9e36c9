package main

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gnista/station"
)

// TestFilesOfSimulator: a station fetches its firmware from us and sends us its log.
func TestFilesOfSimulator(t *testing.T) {
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			simulated(t, func(t *testing.T, b *bubble) {
				ctx := t.Context()
				s := b.serving("S", v)
				defer s.Close()
				firmware, err := b.network.AddFirmware(ctx, "new.bin", strings.NewReader("9.9\nand so on"))
				if err != nil {
					t.Fatal(err)
				}
				from, err := b.network.FetchURL(firmware)
				if err != nil {
					t.Fatal(err)
				}
				update, a, err := b.network.Update(ctx, "S", station.UpdateFirmware{Location: from})
				if err != nil || a.Status != station.Done {
					t.Fatal(a, err)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if got, err := b.network.Transfers.Transfer(ctx, update.ID); err != nil || got.State != station.Installed {
					t.Errorf("the update is %+v, %v", got, err)
				}
				if got, err := b.db.Station(ctx, "S"); err != nil || got.Firmware != "9.9" || s.FirmwareVersion() != "9.9" {
					t.Errorf("the station is %+v, %v", got, err)
				}
				send, a, err := b.network.FetchLog(ctx, "S", station.SendLog{Kind: station.DiagnosticsLog})
				if err != nil || a.Status != station.Done {
					t.Fatal(a, err)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				got, err := b.network.Transfers.Transfer(ctx, send.ID)
				if err != nil || got.State != station.Uploaded || got.File == "" {
					t.Fatalf("the log is %+v, %v", got, err)
				}
				file, err := b.network.Disk.Open(got.File)
				if err != nil {
					t.Fatal(err)
				}
				defer file.Close()
				if text, err := io.ReadAll(file); err != nil || !strings.Contains(string(text), "firmware 9.9") {
					t.Errorf("the log has %s, %v", text, err)
				}
			})
		})
	}
}
