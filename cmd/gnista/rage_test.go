//go:build linux

package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/gateway"
	"gnista/token"
)

// While ten stations do the worst that they can, others are answered all that they ask and lose nothing.
// What is kept of the ten is bounded, and the operator is told what they do.
func TestRage(t *testing.T) {
	l := newLive(t, func(o *options) {
		o.Limits = gateway.DefaultLimits(time.Minute)
		o.Limits.Patience = 0
	})
	if _, err := l.tokens.Create(t.Context(), token.Token{ID: token.ID{UID: "CARD"}}); err != nil {
		t.Fatal(err)
	}
	raging, stop := context.WithCancel(t.Context())
	var hostile, others sync.WaitGroup
	for i := range rages {
		hostile.Go(func() {
			rager{l.server.Listener.Addr().String(), i}.rage(raging, func() bool { return false })
		})
	}
	defer hostile.Wait()
	defer stop()
	const stations, events = 40, 15
	for i := range stations {
		w := l.connect(fmt.Sprintf("GOOD%d", i)).boot()
		others.Go(func() {
			for seq := range events {
				kind, extra := "Updated", ""
				switch seq {
				case 0:
					kind, extra = "Started", `,"idToken":{"idToken":"card","type":"ISO14443"}`
				case events - 1:
					kind = "Ended"
				}
				w.send(fmt.Sprintf(`[2,"h%d","Heartbeat",{}]`, seq))
				w.want(fmt.Sprintf(`[3,"h%d",`, seq))
				w.send(fmt.Sprintf(`[2,"%d","TransactionEvent",{"eventType":"%s","timestamp":"2026-01-01T00:%02d:00Z","triggerReason":"MeterValuePeriodic","seqNo":%d,"transactionInfo":{"transactionId":"T%d"},"evse":{"id":1}%s,"meterValue":[{"timestamp":"2026-01-01T00:%02d:00Z","sampledValue":[{"value":%d}]}]}]`,
					seq, kind, seq, seq, i, extra, seq, seq*100))
				w.want(fmt.Sprintf(`[3,"%d",`, seq))
			}
		})
	}
	others.Wait()
	for i := range stations {
		tx, err := l.db.Transactions(t.Context(), charging.Filter{Station: gnista.StationID(fmt.Sprintf("GOOD%d", i)), Limit: 5})
		if err != nil || len(tx) != 1 || tx[0].EnergyWh != (events-1)*100 || tx[0].EndedAt.IsZero() {
			t.Errorf("station %d: %+v, %v", i, tx, err)
		}
	}
	for _, name := range []string{"requests", "reports", "nonsense", "transactions"} {
		l.verdict(gnista.StationID("RAGE-"+name), "made to wait")
	}
	l.verdict("RAGE-connectors", "one too many")
	stop()
	hostile.Wait()
	connectors, err := l.db.Connectors(t.Context(), "RAGE-connectors")
	if err != nil || len(connectors) > 500 {
		t.Errorf("%d connectors are kept, %v", len(connectors), err)
	}
	notices, err := l.db.Notices(t.Context(), "RAGE-events", "", 5000)
	if err != nil || len(notices) > 2000 {
		t.Errorf("%d notices are kept, %v", len(notices), err)
	}
	l.connect("NEW").boot()
}

// A station that comes back has to wait as before.
func TestPaceAfterConnectingAgain(t *testing.T) {
	l := newLive(t, func(o *options) {
		o.Limits.Pace, o.Limits.Patience = gateway.Rate{PerSecond: 0.001, Burst: 30}, 0
	})
	flood := func() *wire {
		w := l.connect("CS1")
		for i := range 60 {
			if w.socket.Write(fmt.Appendf(nil, `[2,"%d","Heartbeat",{}]`, i)) != nil {
				break // it was shown the door already
			}
		}
		return w
	}
	w := flood()
	w.want(`[4,"0"`) // it has not booted
	l.verdict("CS1", "made to wait")
	w.socket.Conn.Close()
	for range 3 {
		flood().socket.Conn.Close()
	}
	l.connect("CS2").boot()
	served := 0
	list, err := l.db.Verdicts(t.Context(), "CS1", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range list {
		if strings.HasPrefix(v.Reason, "Heartbeat: ") {
			served += v.Count
		}
	}
	if served == 0 || served > 60 { // of 240
		t.Errorf("%d requests were served", served)
	}
}
