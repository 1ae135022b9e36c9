package site_test

import (
	"fmt"
	"testing"

	"gnista"
	"gnista/power"
	"gnista/power/site"
)

// BenchmarkStep is one look at a site of 1,000 EVSEs with a car at each: gathering what there is, dividing it, and
// keeping what has changed.
func BenchmarkStep(b *testing.B) {
	const n = 1000
	y := newYard(b)
	l := site.Grid{Mode: site.Watch, Nodes: []site.Node{{ID: "main", Breaker: milli(10_000_000)}}}
	for i := range 20 {
		l.Nodes = append(l.Nodes, site.Node{ID: fmt.Sprint("c", i), Parent: "main", Breaker: milli(630_000)})
	}
	for i := range n {
		id, rotation := gnista.StationID(fmt.Sprintf("CS%04d", i)), []string{"RST", "STR", "R"}[i%3]
		y.add(id, gnista.V21, rotation, 32000)
		l.EVSEs = append(l.EVSEs, site.Bay{Station: id, EVSE: 1, Node: fmt.Sprint("c", i%20), Rotation: rotation, Max: 32000})
	}
	y.set(l)
	for i := range n {
		y.arrive(l.EVSEs[i].Station, car{wants: 32000})
	}
	i := int64(0)
	for b.Loop() {
		i++
		if err := y.control.Read(b.Context(), "site", site.Metering{Amps: []power.Milli{power.Milli(5_000_000 + i%100), 5_000_000, 5_000_000}}); err != nil {
			b.Fatal(err)
		}
		if err := y.control.Step(b.Context(), "site"); err != nil {
			b.Fatal(err)
		}
	}
}
