package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/station"
)

// Readers of streams who do not read are left after a while, and do not hold up the end.
func TestStreamsThatNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		a, err := newApp(t.Context(), options{
			Database: "sqlite:" + filepath.Join(t.TempDir(), "test.db"), Token: testToken, Unknown: station.AcceptUnknown, Heartbeat: 5 * time.Minute, Retry: time.Minute,
			Currency: "SEK", Zone: time.UTC, LogDays: 7, LogMB: 10, Now: time.Now, NewID: newID, Log: log,
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 { // more than is buffered
			if _, err := a.network.Change(t.Context(), gnista.StationID(fmt.Sprint("S", i)), true, func(*station.Station) {}); err != nil {
				t.Fatal(err)
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		listener := newPipeListener()
		ended := make(chan error, 1)
		go func() { ended <- new(serve).serve(ctx, a, listener, log, io.Discard) }()
		open := func(path string) net.Conn {
			t.Helper()
			c, err := listener.dial(ctx, "", "")
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: gnista.test\r\nAuthorization: Bearer %s\r\n\r\n", path, testToken)
			return c
		}
		const path = "/api/v1/events?after=0"
		c := open(path)
		time.Sleep(time.Minute)
		if text, err := io.ReadAll(c); err != nil || len(text) > 20_000 {
			t.Errorf("%s goes on after a minute: %v, %d bytes", path, err, len(text))
		}
		open(path)
		synctest.Wait()
		asked := time.Now()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if took := time.Since(asked); took > 5*time.Second {
			t.Errorf("the end took %v", took)
		}
	})
}
