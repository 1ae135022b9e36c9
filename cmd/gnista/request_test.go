package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// call is the id of a CALL, which must be the next text.
func (w *wire) call() string {
	w.t.Helper()
	text := w.next()
	f, err := ocppj.Parse([]byte(text))
	if err != nil || f.Type != ocppj.CALL {
		w.t.Fatalf("got %s, want a CALL", text)
	}
	return f.ID
}

// Requests that were never sent do not make a station deaf, and an API client that hangs up does not
// make it free for the next request.
func TestRequestsWait(t *testing.T) {
	l := newLive(t, func(o *options) { o.Limits.Call = 500 * time.Millisecond })
	w := l.connect("CS1").boot()
	var wg sync.WaitGroup
	unlock := func(ctx context.Context) {
		if _, err := station.Give(ctx, l.network, "CS1", station.Unlock{At: gnista.EVSE{ID: 1}}); gnista.CodeOf(err) != gnista.Timeout {
			t.Errorf("got %v", err)
		}
	}
	wg.Go(func() { unlock(t.Context()) })
	w.want(`[2,`)
	impatient, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for range 5 {
		wg.Go(func() { unlock(impatient) })
	}
	wg.Wait()
	w.send(`[2,"1","Heartbeat",{}]`)
	w.want(`[3,"1",`)

	l = newLive(t, nil)
	w = l.connect("CS1").boot()
	ctx, hangUp := context.WithCancel(t.Context())
	wg.Go(func() { station.Give(ctx, l.network, "CS1", station.Unlock{At: gnista.EVSE{ID: 1}}) })
	first := w.call()
	hangUp()
	wg.Go(func() {
		if a, err := station.Give(t.Context(), l.network, "CS1", station.Reset{}); err != nil {
			t.Errorf("got %v, %v", a, err)
		}
	})
	time.Sleep(100 * time.Millisecond)
	w.send(`[2,"1","Heartbeat",{}]`)
	w.want(`[3,"1",`)
	w.send(fmt.Sprintf(`[3,%q,{"status":"Unlocked"}]`, first))
	w.send(fmt.Sprintf(`[3,%q,{"status":"Accepted"}]`, w.call()))
	wg.Wait()
}

// An answer that cannot be read is an answer: the next request need not wait for a better one, and the
// station is not deaf.
func TestAnswersThatAreNone(t *testing.T) {
	l := newLive(t, nil)
	w := l.connect("CS1").boot()
	for _, answer := range []string{`{"status":["Accepted"]]`, `{"status":Accepted}]`, `"yes"]`, `{"status":"Accepted"]`, `{"status":"Acc`} {
		var wg sync.WaitGroup
		for _, path := range []string{"/reset", "/calls"} {
			body := `{"type":"soft"}`
			if path == "/calls" {
				body = `{"action":"ClearCache"}`
			}
			wg.Go(func() {
				r := l.do(request("POST", "/api/v1/stations/CS1"+path, body, "Authorization", "Bearer "+testToken))
				if r.Code != http.StatusBadGateway {
					t.Errorf("%s answered with %s: %d %s", path, answer, r.Code, r.Body)
				}
			})
		}
		for range 2 {
			w.send(fmt.Sprintf(`[3,%q,%s`, w.call(), answer))
		}
		wg.Wait()
	}
	w.send(`[2,"1","Heartbeat",{}]`)
	w.want(`[3,"1",`)
}
