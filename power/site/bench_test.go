package site_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/power"
	"gnista/power/site"
	"gnista/station"
	"gnista/store"
	"gnista/store/storetest"
)

// BenchmarkStep is one look at a site of 1,000 EVSEs with a car at each: gathering what there is, dividing it, and
// keeping what has changed.
func BenchmarkStep(b *testing.B) {
	const n = 1000
	ctx := b.Context()
	db, err := store.Open(ctx, storetest.SQLite(b, b.TempDir()), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	ids := 0
	now, newID := time.Now, func() string { ids++; return fmt.Sprintf("%010d", ids) }
	y := &yard{stations: map[gnista.StationID]*charger{}}
	network := &station.Network{Store: db, States: db, Settings: db, Commands: db, Remote: y, Presence: y, Now: now, NewID: newID}
	record := &charging.Transactions{Store: db, Network: network, Live: nobody{}, Now: now, NewID: newID}
	control := &site.Control{
		Store: db, Network: network, Now: now, NewID: newID, Zone: func(context.Context, string) (*time.Location, error) { return time.UTC, nil },
		Power: &power.Power{Store: db, Network: network, Transactions: record, Now: now, NewID: newID},
	}
	if err := db.CreateSite(ctx, station.Site{ID: "site", Name: "Yard", CreatedAt: now(), UpdatedAt: now()}); err != nil {
		b.Fatal(err)
	}
	l := site.Grid{Mode: site.Watch, Nodes: []site.Node{{ID: "main", Breaker: milli(10_000_000)}}}
	for i := range 20 {
		l.Nodes = append(l.Nodes, site.Node{ID: fmt.Sprint("c", i), Parent: "main", Breaker: milli(630_000)})
	}
	for i := range n {
		id := gnista.StationID(fmt.Sprintf("CS%04d", i))
		y.stations[id] = &charger{}
		if _, err := db.ChangeStation(ctx, id, true, func(s *station.Station) ([]gnista.Event, error) { s.Site = "site"; return nil, nil }); err != nil {
			b.Fatal(err)
		}
		if err := db.Change(ctx, id, func(tx charging.Tx) error {
			return tx.Save(&charging.Transaction{ID: newID(), Station: id, Version: gnista.V21, Ref: "r", EVSE: gnista.EVSE{ID: 1, Connector: 1}, State: charging.Active, Activity: charging.Charging, PowerW: 9000, StartedAt: now(), UpdatedAt: now()}, nil)
		}); err != nil {
			b.Fatal(err)
		}
		l.EVSEs = append(l.EVSEs, site.Bay{Station: id, EVSE: 1, Node: fmt.Sprint("c", i%20), Rotation: []string{"RST", "STR", "R"}[i%3], Max: 32000})
	}
	if _, _, err := control.SetLimits(ctx, "site", l); err != nil {
		b.Fatal(err)
	}
	if err := control.Step(ctx, "site"); err != nil {
		b.Fatal(err)
	}
	i := int64(0)
	for b.Loop() {
		i++
		if err := control.Read(ctx, "site", site.Metering{Amps: []power.Milli{power.Milli(5_000_000 + i%100), 5_000_000, 5_000_000}}); err != nil {
			b.Fatal(err)
		}
		if err := control.Step(ctx, "site"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "ms/step")
}
