package v2

import (
	"context"
	"encoding/json"

	"gnista/gateway"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// OCPP 2.x P02.FR.06. Of vendors' extensions messages about faults are known.
func (a *Adapter) dataTransfer(ctx context.Context, s *gateway.Session, req ocpp2.DataTransferRequest) (ocpp2.DataTransferResponse, error) {
	data := string(req.Data)
	var text string
	if json.Unmarshal(req.Data, &text) == nil {
		data = text
	}
	if ok, err := s.VendorStatus(ctx, req.VendorID, req.MessageID, data); ok || err != nil {
		return ocpp2.DataTransferResponse{Status: ocpp2.DataTransferStatusAccepted}, err
	}
	return ocpp2.DataTransferResponse{Status: ocpp2.DataTransferStatusUnknownVendorId}, nil
}

// OCPP 2.x P01.FR.03, P01.FR.07.
func sendVendor(ctx context.Context, s *gateway.Session, o station.VendorMessage) (station.VendorAnswer, error) {
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp2.DataTransfer, ocpp2.DataTransferRequest{VendorID: o.Vendor, MessageID: o.Message, Data: o.Data})
	return station.VendorAnswer{Answer: answer(resp.Status, resp.StatusInfo), Data: resp.Data}, err
}
