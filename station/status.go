package station

import (
	"context"
	"strings"
	"time"

	"gnista"
)

// Status is what a connector or EVSE can be used for now, over all versions.
type Status string

// The statuses. OCPP 1.6 tells all but Occupied; 2.x tells Available, Occupied, Reserved,
// Unavailable and Faulted, and the rest through its transactions.
const (
	Available     Status = "available"
	Occupied      Status = "occupied"
	Preparing     Status = "preparing"
	Charging      Status = "charging"
	SuspendedEV   Status = "suspended-ev"
	SuspendedEVSE Status = "suspended-evse"
	Finishing     Status = "finishing"
	Reserved      Status = "reserved"
	Unavailable   Status = "unavailable"
	Faulted       Status = "faulted"
)

// Connector is the last that is known of a connector. EVSE 0 is the station as a whole.
type Connector struct {
	EVSE       gnista.EVSE
	Status     Status
	ErrorCode  string // as the station sent it; empty when there is none
	VendorID   string
	VendorCode string
	Info       string
	At         time.Time
}

// StateStore keeps what stations tell of their parts.
type StateStore interface {
	// Connectors lists the connectors of a station in order.
	Connectors(ctx context.Context, id gnista.StationID) ([]Connector, error)
	// SetConnector stores what is to be known after c, see [Connector.After], unless what is stored is
	// newer, and ev with it when something changed or a fault is told of again after a while. Conflict for a
	// new connector of a station that has most.
	SetConnector(ctx context.Context, id gnista.StationID, c Connector, most int, ev gnista.Event) error
	// Tell keeps an event that goes with no change.
	Tell(ctx context.Context, ev gnista.Event) error
	// AddNotices stores notices of one station, each once by its EventID and time, and an event with each
	// new one. The newest keep of the station stay.
	AddNotices(ctx context.Context, list []Notice, keep int, evs []gnista.Event) error
	// Notices lists a station's notices, the newest first, behind the notice with the id before.
	Notices(ctx context.Context, id gnista.StationID, before string, limit int) ([]Notice, error)
}

// maxConnectors is the most connectors that are kept of one station. Real ones have up to a few tens.
const maxConnectors = 500

// How far the time of a status may be from ours before ours counts (quirk Q41): one from the future
// would keep all later ones out.
const (
	longAgo = 90 * 24 * time.Hour
	soon    = 10 * time.Minute
)

// tidy takes out texts that mean nothing (quirk Q29).
func (c *Connector) tidy() {
	for _, text := range []*string{&c.Info, &c.VendorCode, &c.VendorID} {
		if strings.EqualFold(*text, "null") || c.ErrorCode == "" && strings.Trim(strings.TrimPrefix(*text, "0x"), "0") == "" {
			*text = ""
		}
	}
}

// After is what is known of a connector when a station tells c and told was before. A fault that is
// repeated without its cause keeps it (quirk Q27).
func (c Connector) After(was Connector) Connector {
	if c.Status == Faulted && was.Status == Faulted && c.ErrorCode == "" && was.ErrorCode != "" {
		c.ErrorCode = was.ErrorCode
		if c.VendorID == "" && c.VendorCode == "" && c.Info == "" {
			c.VendorID, c.VendorCode, c.Info = was.VendorID, was.VendorCode, was.Info
		}
	}
	return c
}

// ReportStatus takes in what a station says of a connector. (OCPP 1.6 §4.9, OCPP 2.x G01)
func (n *Network) ReportStatus(ctx context.Context, id gnista.StationID, c Connector) error {
	if now := n.Now(); c.At.Before(now.Add(-longAgo)) || c.At.After(now.Add(soon)) {
		c.At = now
	}
	c.tidy()
	for _, text := range []*string{(*string)(&c.Status), &c.ErrorCode, &c.VendorID, &c.VendorCode, &c.Info} {
		shorten(text, maxListText)
	}
	data := map[string]any{"evse": c.EVSE.ID, "connector": c.EVSE.Connector, "status": c.Status}
	for key, value := range map[string]string{"errorCode": c.ErrorCode, "vendorId": c.VendorID, "vendorErrorCode": c.VendorCode, "info": c.Info} {
		if value != "" {
			data[key] = value
		}
	}
	err := n.States.SetConnector(ctx, id, c, maxConnectors, n.event("connector.status", id, "", data))
	if gnista.CodeOf(err) == gnista.Conflict {
		return gnista.Invalidf("connector", "%d:%d is one too many: %d connectors of the station are kept", c.EVSE.ID, c.EVSE.Connector, maxConnectors)
	}
	if err != nil {
		return err
	}
	operative := c.Status != Unavailable
	return n.Settle(ctx, id, Happened, string(c.Status), effectStatus, effectAvailability(0, operative), effectAvailability(c.EVSE.ID, operative))
}
