package station

import (
	"context"
	"sync"
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

// maxVendorSaid is of how many places it is remembered what was said.
const maxVendorSaid = 20_000

// vendorSaid is what stations said last in such messages.
type vendorSaid struct {
	sync.Mutex
	at map[vendorPlace]vendorTold
}

type vendorPlace struct {
	station gnista.StationID
	evse    gnista.EVSE
}

type vendorTold struct {
	VendorStatus
	at time.Time
}

// again tells whether a station said the same not long ago.
func (s *vendorSaid) again(at vendorPlace, v VendorStatus, now time.Time) bool {
	s.Lock()
	defer s.Unlock()
	was, ok := s.at[at]
	return ok && was.VendorStatus == v && now.Sub(was.at) < vendorAgain
}

func (s *vendorSaid) keep(at vendorPlace, v VendorStatus, now time.Time) {
	s.Lock()
	defer s.Unlock()
	if s.at == nil || len(s.at) >= maxVendorSaid {
		s.at = map[vendorPlace]vendorTold{} // what is still said is told once more
	}
	s.at[at] = vendorTold{v, now}
}

// ReportVendorStatus takes in what is wrong by a message of the vendor's own. Some stations send one twice a
// minute: one that says the same as the one before is passed over. (OCPP 1.6 §4.3)
func (n *Network) ReportVendorStatus(ctx context.Context, id gnista.StationID, v VendorStatus) error {
	if v.EVSE.ID < 0 || v.EVSE.ID > maxConnectors || v.EVSE.Connector < 0 || v.EVSE.Connector > maxConnectors {
		return nil
	}
	c := Connector{ErrorCode: v.ErrorCode, VendorID: v.VendorID, VendorCode: v.VendorCode, Info: v.Info}
	c.tidy()
	v.ErrorCode, v.VendorID, v.VendorCode, v.Info = c.ErrorCode, c.VendorID, c.VendorCode, c.Info
	for _, text := range []*string{&v.Status, &v.ErrorCode, &v.VendorID, &v.VendorCode, &v.Info} {
		shorten(text, maxListText)
	}
	at, now := vendorPlace{id, v.EVSE}, n.Now()
	if n.vendorSaid.again(at, v, now) {
		return nil
	}
	err := n.States.Tell(ctx, n.event("station.vendor-status", id, "", map[string]any{
		"evse": v.EVSE.ID, "connector": v.EVSE.Connector, "status": v.Status, "errorCode": v.ErrorCode, "vendorId": v.VendorID, "vendorErrorCode": v.VendorCode, "info": v.Info,
	}))
	if err == nil {
		n.vendorSaid.keep(at, v, now)
	}
	return err
}
