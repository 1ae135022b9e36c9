package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gnista/ocpp/ocppws"
)

// Before the end connections are closed one after the other; those that are not closed yet are served, and nobody is
// let in.
func TestDrain(t *testing.T) {
	const stations = 20
	ended := make(chan time.Time, stations)
	refused := make(chan int, 1)
	t.Run("end", func(t *testing.T) {
		l := newLive(t, func(o *options) { o.Drain = 2 * time.Second })
		url := l.server.URL
		handler := l.handler
		for i := range stations {
			d := ocppws.Dialer{Identity: fmt.Sprint("DRAIN", i), Protocols: []string{"ocpp2.0.1"}}
			socket, r, _, err := d.Connect(t.Context(), strings.Replace(url, "http", "ws", 1)+"/ocpp")
			if err != nil {
				t.Fatal(err)
			}
			w := &wire{t, socket, r}
			w.boot()
			go func() {
				defer socket.Conn.Close()
				for {
					if err := socket.Write([]byte(`[2,"h","Heartbeat",{}]`)); err != nil || !strings.HasPrefix(w.next(), `[3,"h"`) {
						ended <- time.Now()
						return
					}
					time.Sleep(20 * time.Millisecond)
				}
			}()
		}
		go func() {
			for !l.gateway.Stopping() {
				time.Sleep(10 * time.Millisecond)
			}
			r, _ := http.NewRequest("GET", "/ocpp/LATE", nil)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			refused <- w.Code
		}()
	})
	done := time.Now()
	first, last := done, time.Time{}
	for range stations {
		at := <-ended
		if at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	if took := last.Sub(first); took < time.Second {
		t.Errorf("all connections are closed within %v", took)
	}
	if status := <-refused; status != http.StatusServiceUnavailable {
		t.Errorf("who comes meanwhile is answered %d", status)
	}
}
