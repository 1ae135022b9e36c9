package station

import (
	"context"
	"time"

	"gnista"
)

// Notice is an event of the device model that a station told of (OCPP 2.x NotifyEvent).
type Notice struct {
	ID          string
	Station     gnista.StationID
	At          time.Time // by the station's clock
	ReceivedAt  time.Time
	EventID     int // the station's number for it; may start anew after a reboot
	Component   string
	EVSE        gnista.EVSE
	Variable    string
	Value       string
	Trigger     string
	Cleared     bool
	TechCode    string
	TechInfo    string
	Transaction string // the station's name for the transaction
	Severity    int    // 0 (danger) to 9 (debug); -1 where the station does not say (before OCPP 2.1)
	Origin      string // of the rule behind it: hard-wired, preconfigured or custom
	Monitor     int    // id of that [Monitor]; 0 where there is none
	Cause       int    // EventID of what led to it; -1 where the station does not say
}

// Limits of what one station can have kept of its events.
const (
	keptNotices   = 2000 // months of a good station
	maxNoticeText = 500  // characters of a text; a value may have more
)

// Notify takes in events of the device model. (OCPP 2.x N07, G05)
func (n *Network) Notify(ctx context.Context, id gnista.StationID, list []Notice) error {
	evs := make([]gnista.Event, len(list))
	for i := range list {
		k := &list[i]
		k.ID, k.Station, k.ReceivedAt = n.NewID(), id, n.Now()
		shorten(&k.Value, maxValueText)
		for _, text := range []*string{&k.Component, &k.Variable, &k.Trigger, &k.TechCode, &k.TechInfo, &k.Transaction} {
			shorten(text, maxNoticeText)
		}
		data := map[string]any{
			"component": k.Component, "variable": k.Variable, "value": k.Value, "trigger": k.Trigger, "evse": k.EVSE.ID,
			"connector": k.EVSE.Connector, "cleared": k.Cleared, "techCode": k.TechCode, "techInfo": k.TechInfo,
			"severity": k.Severity, "eventId": k.EventID, "at": k.At,
		}
		if k.Cause >= 0 {
			data["causeId"] = k.Cause
		}
		evs[i] = n.event("station.notice", id, k.ID, data)
	}
	return n.States.AddNotices(ctx, list, keptNotices, evs)
}
