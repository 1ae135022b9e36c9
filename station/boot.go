package station

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"time"

	"gnista"
)

// Boot is what a station tells of itself when it starts.
type Boot struct {
	Version  gnista.Version
	Vendor   string
	Model    string
	Serial   string
	Firmware string
	Reason   string // 2.x only
	// Certificate is what it presented when it connected, if it did.
	Certificate *Certificate
}

// BootAnswer tells a station that booted whether it is in service.
type BootAnswer struct {
	State    State
	Now      time.Time
	Interval time.Duration // between heartbeats when accepted, else until the next boot
	// Treatment is how the station is dealt with, now that it has told what it is.
	Treatment Treatment
}

// Boot takes in that a station has started. Its error is a *[Refusal] when the station is not whom its
// certificate names: its connection is to be closed. (OCPP 1.6 §4.2, OCPP 2.x B01–B03)
func (n *Network) Boot(ctx context.Context, id gnista.StationID, b Boot) (BootAnswer, error) {
	if err := certifySerial(id, b); err != nil {
		return BootAnswer{}, err
	}
	s, err := n.Store.ChangeStation(ctx, id, false, func(s *Station) ([]gnista.Event, error) {
		s.Version, s.Vendor, s.Model, s.Serial, s.Firmware = b.Version, b.Vendor, b.Model, b.Serial, b.Firmware
		s.BootedAt = n.Now()
		data := map[string]any{"state": s.State, "version": b.Version, "vendor": b.Vendor, "model": b.Model, "firmware": b.Firmware, "reason": b.Reason}
		if b.Certificate.Expired(n.Now()) { // whoever renews certificates looks for this
			data["certificate"] = "expired"
		}
		return []gnista.Event{n.event("station.booted", id, "", data)}, nil
	})
	if err != nil {
		return BootAnswer{}, err
	}
	if err := n.Settle(ctx, id, Happened, "the station has booted", EffectBoot); err != nil {
		return BootAnswer{}, err
	}
	if err := n.installed(ctx, id, b.Firmware); err != nil {
		return BootAnswer{}, err
	}
	s.State = s.StateWith(b.Certificate, n.Now()) // OCPP 2.x A00.FR.429
	answer := BootAnswer{State: s.State, Now: n.Now(), Interval: n.Heartbeat, Treatment: n.Treatment(s)}
	if s.State != Accepted {
		answer.Interval = n.Retry
	}
	answer.Interval = n.spread(id, answer.Interval)
	return answer, nil
}

// spread makes an interval longer by a part of [Network.Spread] that differs between stations and is always the same
// for one, so that those that began at the same time, as after a power cut, do not go on at the same time.
func (n *Network) spread(id gnista.StationID, d time.Duration) time.Duration {
	h := fnv.New32a()
	h.Write([]byte(id))
	return d + time.Duration(n.Spread*float64(d)*float64(h.Sum32()%1000)/1000).Truncate(time.Second)
}

// event makes an event of a station; data is any value that JSON can hold.
func (n *Network) event(kind string, id gnista.StationID, subject string, data map[string]any) gnista.Event {
	ev := gnista.Event{At: n.Now(), Kind: kind, Station: id, Subject: subject}
	if data != nil {
		ev.Data, _ = json.Marshal(data) // strings and numbers always marshal
	}
	return ev
}
