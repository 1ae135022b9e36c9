package v16

import (
	"context"
	"encoding/json"

	"gnista/gateway"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

// OCPP 1.6 §4.3. What is known is the addition for costs, and messages about faults.
func (a *Adapter) dataTransfer(ctx context.Context, s *gateway.Session, req ocpp16.DataTransferRequest) (ocpp16.DataTransferResponse, error) {
	if status, ok, err := a.addition(ctx, s, req); ok {
		return ocpp16.DataTransferResponse{Status: status}, err
	}
	if ok, err := s.VendorStatus(ctx, req.VendorID, req.MessageID, req.Data); ok || err != nil {
		return ocpp16.DataTransferResponse{Status: ocpp16.DataTransferStatusAccepted}, err
	}
	return ocpp16.DataTransferResponse{Status: ocpp16.DataTransferStatusUnknownVendorID}, nil
}

// OCPP 1.6 §5.6. Data is text in this version: JSON that is no text is sent as the text of it.
func sendVendor(ctx context.Context, s *gateway.Session, o station.VendorMessage) (station.VendorAnswer, error) {
	req := ocpp16.DataTransferRequest{VendorID: o.Vendor, MessageID: o.Message}
	if json.Unmarshal(o.Data, &req.Data) != nil {
		req.Data = string(o.Data)
	}
	resp, err := ocppj.Call(ctx, &s.Conn, ocpp16.DataTransfer, req)
	said := station.VendorAnswer{Answer: answer(resp.Status)}
	if resp.Data != "" {
		said.Data, _ = json.Marshal(resp.Data) // text is always JSON
	}
	return said, err
}
