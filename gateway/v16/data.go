package v16

import (
	"context"
	"strings"

	"gnista/gateway"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// OCPP 1.6 §5.6.
func sendData(ctx context.Context, s *gateway.Session, o station.SendData) (station.Answer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.DataTransfer, ocpp16.DataTransferRequest{VendorID: o.Vendor, MessageID: o.Message, Data: o.Data})
	a := answer(resp.Status)
	if strings.HasPrefix(a.Detail, "Unknown") { // the vendor, or the message
		a.Status = station.NotKnown
	}
	return a, err
}
