package gateway

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// ears are who listens to stations. There are few, and mostly none.
type ears struct {
	some atomic.Int32
	mu   sync.Mutex
	by   map[gnista.StationID][]*func(station.Heard)
}

// Listen tells hear what a station sends, when it has been taken in, until stop is called. It is called
// on the way of the station's messages and must not wait.
func (s *Server) Listen(id gnista.StationID, hear func(station.Heard)) (stop func()) {
	e := &s.ears
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.by == nil {
		e.by = map[gnista.StationID][]*func(station.Heard){}
	}
	e.by[id] = append(e.by[id], &hear)
	e.some.Add(1)
	return sync.OnceFunc(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.by[id] = slices.DeleteFunc(e.by[id], func(h *func(station.Heard)) bool { return h == &hear }); len(e.by[id]) == 0 {
			delete(e.by, id)
		}
		e.some.Add(-1)
	})
}

// overhear tells whoever listens to the station of a message of its.
func (x *Session) overhear(f ocppj.Frame) {
	e := &x.server.ears
	e.mu.Lock()
	list := slices.Clone(e.by[x.Station])
	e.mu.Unlock()
	if len(list) == 0 {
		return
	}
	h := x.heard(f)
	for _, hear := range list {
		(*hear)(h)
	}
}

// heardKinds are the messages that stations can be asked for.
var heardKinds = map[string]station.Trigger{
	"BootNotification": station.TriggerBoot, "Heartbeat": station.TriggerHeartbeat, "StatusNotification": station.TriggerStatus,
	"MeterValues": station.TriggerMeterValues, "TransactionEvent": station.TriggerTransaction, "FirmwareStatusNotification": station.TriggerFirmware,
	"DiagnosticsStatusNotification": station.TriggerLog, "LogStatusNotification": station.TriggerLog,
}

// availability is the variable in which a status is told without a StatusNotification.
var availability = []byte(`"AvailabilityState"`)

// How much of one message is looked at.
const (
	maxHeardFaults = 20
	maxHeardValues = 200
	maxHeardText   = 100
)

// heard is a message in the words of the domain, as the station wrote it.
func (x *Session) heard(f ocppj.Frame) station.Heard {
	h := station.Heard{Kind: heardKinds[f.Action], Name: shorten(f.Action, maxHeardText), At: x.server.Now()}
	a, known := x.dialect.Messages.Action(f.Action)
	if !known {
		h.Faults = []string{"the version has no such message"}
		return h
	}
	found, bad := ocppj.Decode(f.Payload, a.NewRequest(), x.Version, ocppj.Strict)
	if bad != nil {
		h.Faults = []string{bad.Description}
		return h
	}
	for _, v := range found[:min(len(found), maxHeardFaults)] {
		h.Faults = append(h.Faults, shorten(v.String(), maxQuoted))
	}
	var payload map[string]any
	d := json.NewDecoder(bytes.NewReader(f.Payload))
	d.UseNumber()
	if d.Decode(&payload) == nil {
		x.dissect(payload, &h)
		if f.Action == "NotifyEvent" && bytes.Contains(f.Payload, availability) {
			h.Kind = station.TriggerStatus // OCPP 2.x G01.FR.02
		}
	}
	return h
}

// dissect finds times and measured values in a payload.
func (x *Session) dissect(v any, h *station.Heard) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			x.dissect(e, h)
		}
	case map[string]any:
		stamp, _ := v["timestamp"].(string)
		if stamp = shorten(stamp, maxHeardText); stamp != "" && len(h.Stamps) < maxHeardFaults {
			h.Stamps = append(h.Stamps, stamp)
		}
		if list, ok := v["sampledValue"].([]any); ok {
			if len(h.Meter) < maxHeardValues {
				h.Meter = append(h.Meter, station.HeardMeter{Stamp: stamp, Values: len(list)})
			}
			for _, s := range list {
				if s, ok := s.(map[string]any); ok && len(h.Values) < maxHeardValues {
					h.Values = append(h.Values, x.value(s))
				}
			}
			return
		}
		for _, e := range v {
			x.dissect(e, h)
		}
	}
}

func (x *Session) value(s map[string]any) station.HeardValue {
	text := func(v any) string { s, _ := v.(string); return shorten(s, maxHeardText) }
	out := station.HeardValue{Name: text(s["measurand"]), Unit: text(s["unit"])}
	if u, ok := s["unitOfMeasure"].(map[string]any); ok {
		out.Unit = text(u["unit"])
	}
	out.Energy = out.Name == "" || out.Name == "Energy.Active.Import.Register"
	_, out.Number = s["value"].(json.Number)
	out.Wrong = out.Number == (x.Version == ocppj.V16)
	if t, ok := s["value"].(string); ok {
		out.Blanked = strings.TrimSpace(t) != t
	}
	return out
}
