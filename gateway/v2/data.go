package v2

import (
	"context"
	"strings"

	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// OCPP 2.x P01.
func sendData(ctx context.Context, s *gateway.Session, o station.SendData) (station.Answer, error) {
	req := ocpp2.DataTransferRequest{VendorID: o.Vendor, MessageID: o.Message}
	if o.Data != "" {
		var err error
		if req.Data, err = ocppj.Marshal(o.Data); err != nil {
			return station.Answer{}, err
		}
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.DataTransfer, req)
	a := answer(resp.Status, resp.StatusInfo)
	if strings.HasPrefix(a.Detail, "Unknown") { // the vendor, or the message
		a.Status = station.NotKnown
	}
	return a, err
}
