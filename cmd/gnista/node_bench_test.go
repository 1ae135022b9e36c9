package main_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"gnista"
	"gnista/sim"
	"gnista/store/storetest"
)

// What an order takes whose station is connected to another node, beside one whose station is connected to the node that
// leads and is asked. Both take turns, so that what else the machine does falls on both.
func BenchmarkOrderBetweenNodes(b *testing.B) {
	bus := startBus(b, -1)
	c := startNodes(b, 2, "--database", storetest.Postgres(b), "--nats", bus.ClientURL())
	leads := -1
	eventually(b, "it is known who leads", func() bool { leads = c.leader(); return leads >= 0 })
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	for i, s := range c.list {
		x := &sim.Station{
			ID: gnista.StationID(fmt.Sprint("NODE", i)), Version: gnista.V201, URL: "ws://" + s.address + "/ocpp",
			Timeout: 10 * time.Second, Retry: 100 * time.Millisecond, Now: time.Now, NewID: uuid.NewString,
		}
		if err := x.Connect(ctx); err != nil {
			b.Fatal(err)
		}
		defer x.Disconnect()
	}
	type view struct{ Connected bool }
	took := make([][]time.Duration, len(c.list))
	for i := range c.list {
		eventually(b, "the leading node knows of every station", func() bool {
			return decode[view](b, c.list[leads].do(b, "GET", fmt.Sprint("/stations/NODE", i), "")).Connected
		})
	}
	for b.Loop() {
		for i := range c.list {
			began := time.Now()
			c.list[leads].do(b, "POST", fmt.Sprint("/stations/NODE", i, "/trigger"), `{"message":"heartbeat"}`)
			took[i] = append(took[i], time.Since(began))
		}
	}
	at := func(i int, part float64) float64 {
		slices.Sort(took[i])
		return took[i][int(part*float64(len(took[i])-1))].Seconds() * 1000
	}
	for what, part := range map[string]float64{"p50": 0.5, "p99": 0.99} {
		b.ReportMetric(at(leads, part), "local-"+what+"-ms")
		b.ReportMetric(at(1-leads, part), "other-"+what+"-ms")
	}
}
