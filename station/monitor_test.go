package station

import (
	"testing"

	"pgregory.net/rapid"
)

// Portions have everything once and in order, and stay within the limits. OCPP 2.x N04.FR.09, N06.FR.04
func TestMonitorPortions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.IntRange(1, 500), 1, 50).Draw(t, "list")
		items, most := rapid.IntRange(1, 5).Draw(t, "items"), rapid.SampledFrom([]int{1, 300, 1000, 10000}).Draw(t, "bytes")
		var all []int
		for _, run := range portions(list, items, most, func(n int) int { return n }) {
			sum := monitorsBytes
			for _, n := range run {
				sum += n
			}
			if len(run) == 0 || len(run) > items || len(run) > 1 && sum > most {
				t.Fatalf("%v is not within %d items and %d bytes", run, items, most)
			}
			all = append(all, run...)
		}
		if len(all) != len(list) {
			t.Fatalf("%d of %d are there", len(all), len(list))
		}
		for i := range all {
			if all[i] != list[i] {
				t.Fatalf("%v is not %v", all, list)
			}
		}
	})
}
