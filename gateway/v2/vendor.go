package v2

import (
	"context"

	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// OCPP 2.x P02.FR.06. No vendor's extension is known yet.
func (a *Adapter) dataTransfer(context.Context, *gateway.Session, ocpp2.DataTransferRequest) (ocpp2.DataTransferResponse, error) {
	return ocpp2.DataTransferResponse{Status: ocpp2.DataTransferStatusUnknownVendorId}, nil
}

// OCPP 2.x P01.FR.03, P01.FR.07.
func sendVendor(ctx context.Context, s *gateway.Session, o station.VendorMessage) (station.VendorAnswer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.DataTransfer, ocpp2.DataTransferRequest{VendorID: o.Vendor, MessageID: o.Message, Data: o.Data})
	return station.VendorAnswer{Answer: answer(resp.Status, resp.StatusInfo), Data: resp.Data}, err
}
