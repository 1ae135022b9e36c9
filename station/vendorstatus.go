package station

import (
	"context"
	"time"

	"gnista"
)

// VendorStatus is what a station says is wrong with a part of it in a message of its vendor's own (quirk Q32).
// Without codes nothing is.
type VendorStatus struct {
	EVSE       gnista.EVSE
	Status     string // the station's own word
	ErrorCode  string // as in OCPP 1.6; empty for NoError
	VendorID   string
	VendorCode string
	Info       string
}

// vendorAgain is after how long it is worth telling that a station still says the same.
const vendorAgain = time.Hour

// vendorSaid is what a station said last in such a message.
type vendorSaid struct {
	VendorStatus
	at time.Time
}

// ReportVendorStatus takes in what is wrong by a message of the vendor's own. Some stations send one twice a
// minute: one that says the same as the one before is passed over. (OCPP 1.6 §4.3)
func (n *Network) ReportVendorStatus(ctx context.Context, id gnista.StationID, v VendorStatus) error {
	if v.EVSE.ID < 0 || v.EVSE.ID > maxConnectors {
		return nil
	}
	c := Connector{ErrorCode: v.ErrorCode, VendorID: v.VendorID, VendorCode: v.VendorCode, Info: v.Info}
	c.tidy()
	v.ErrorCode, v.VendorID, v.VendorCode, v.Info = c.ErrorCode, c.VendorID, c.VendorCode, c.Info
	for _, text := range []*string{&v.Status, &v.ErrorCode, &v.VendorID, &v.VendorCode, &v.Info} {
		shorten(text, maxListText)
	}
	type place struct {
		station gnista.StationID
		evse    gnista.EVSE
	}
	at := place{id, v.EVSE}
	if was, ok := n.vendorSaid.Load(at); ok && was.(vendorSaid).VendorStatus == v && n.Now().Sub(was.(vendorSaid).at) < vendorAgain {
		return nil
	}
	err := n.States.Tell(ctx, n.event("station.vendor-status", id, "", map[string]any{
		"evse": v.EVSE.ID, "connector": v.EVSE.Connector, "status": v.Status, "errorCode": v.ErrorCode, "vendorId": v.VendorID, "vendorErrorCode": v.VendorCode, "info": v.Info,
	}))
	if err == nil {
		n.vendorSaid.Store(at, vendorSaid{v, n.Now()})
	}
	return err
}
