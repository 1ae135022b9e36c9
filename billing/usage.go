package billing

import (
	"time"

	"gnista/charging"
	"gnista/tariff"
)

// usage is what a transaction is to be paid for.
func usage(t *charging.Transaction, now time.Time) tariff.Usage {
	u := tariff.Usage{Start: t.StartedAt, Open: t.FinishedAt.IsZero(), Segments: []tariff.Segment{{From: t.StartedAt, To: t.StartedAt, Kind: tariff.Waiting, EnergyMWh: t.EnergyWh * 1000}}}
	for _, p := range t.Periods(now) {
		s := tariff.Segment{From: p.From, To: p.To, Kind: tariff.Charging}
		if p.Idle {
			s.Kind = tariff.Idling
		}
		u.Segments = append(u.Segments, s)
	}
	return u
}
