package tariff

import (
	"time"

	"gnista"
)

// Plan is a charge that somebody wants to know the price of.
type Plan struct {
	Start    time.Time
	Reserved time.Duration // before the start
	Charge   []Stretch
	Idle     time.Duration // after the charge
}

// Stretch is a part of a charge with one power.
type Stretch struct {
	Length    time.Duration
	EnergyMWh int64
	PowerW    int64
	MilliA    int64 // of all phases together
}

// Bill is what the plan costs by a version, in a time zone. As with every transaction, one without energy
// is free. Invalid.
func (p Plan) Bill(v Version, zone *time.Location) (Bill, error) {
	u := Usage{Start: p.Start, Zone: zone}
	if p.Reserved > 0 {
		u.Segments = append(u.Segments, Segment{From: p.Start.Add(-p.Reserved), To: p.Start, Kind: Reserved})
	}
	at, mWh := p.Start, int64(0)
	for _, s := range p.Charge {
		to := at.Add(s.Length)
		u.Segments = append(u.Segments, Segment{From: at, To: to, Kind: Charging, EnergyMWh: s.EnergyMWh, PowerW: s.PowerW, MilliA: s.MilliA})
		at = to
		mWh += s.EnergyMWh
	}
	if mWh == 0 {
		free := gnista.Money{Currency: v.Currency}
		return Bill{Net: free, Tax: free, Total: free, NetPrices: v.Net}, nil
	}
	if p.Idle > 0 {
		u.Segments = append(u.Segments, Segment{From: at, To: at.Add(p.Idle), Kind: Idling})
	}
	return Rate(v, u)
}
