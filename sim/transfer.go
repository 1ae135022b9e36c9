package sim

import (
	"context"
	"encoding/json"
	"fmt"

	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// echo is the one message that the simulator's own vendor has: it is answered with what is in it.
const echo = "Echo"

// OCPP 1.6 §5.6.
func (*v16) dataTransfer(_ context.Context, l *link, req ocpp16.DataTransferRequest) (resp ocpp16.DataTransferResponse, _ error) {
	switch {
	case req.VendorID == costVendor && l.station.Pricing:
		resp.Status = l.station.pricing(req.MessageID, req.Data)
	case req.VendorID != simVendor:
		resp.Status = ocpp16.DataTransferStatusUnknownVendorID
	case req.MessageID != echo:
		resp.Status = ocpp16.DataTransferStatusUnknownMessageID
	default:
		resp.Status, resp.Data = ocpp16.DataTransferStatusAccepted, req.Data
	}
	return resp, nil
}

// OCPP 2.x P01.
func (*v2) dataTransfer(_ context.Context, _ *link, req ocpp2.DataTransferRequest) (resp ocpp2.DataTransferResponse, _ error) {
	switch {
	case req.VendorID != simVendor: // P01.FR.05
		resp.Status = ocpp2.DataTransferStatusUnknownVendorId
	case req.MessageID != echo: // P01.FR.06
		resp.Status = ocpp2.DataTransferStatusUnknownMessageId
	default:
		resp.Status, resp.Data = ocpp2.DataTransferStatusAccepted, req.Data
	}
	return resp, nil
}

// Transfer sends what a vendor has added to the protocol; data is JSON, in OCPP 1.6 a text. It returns
// what the central system says of it.
func (s *Station) Transfer(ctx context.Context, vendor, message string, data json.RawMessage) (status string, answer json.RawMessage, err error) {
	s.prepare()
	l, err := s.online()
	if err != nil {
		return "", nil, err
	}
	if s.traits.protocol == ocppj.V16 {
		req := ocpp16.DataTransferRequest{VendorID: vendor, MessageID: message}
		if len(data) > 0 {
			if err := json.Unmarshal(data, &req.Data); err != nil {
				return "", nil, fmt.Errorf("OCPP 1.6 transfers text only: %w", err)
			}
		}
		resp, err := call(ctx, l, ocpp16.DataTransfer, req)
		if err != nil {
			return "", nil, err
		}
		answer, err := json.Marshal(resp.Data)
		return string(resp.Status), answer, err
	}
	resp, err := call(ctx, l, ocpp2.DataTransfer, ocpp2.DataTransferRequest{VendorID: vendor, MessageID: message, Data: data})
	return string(resp.Status), resp.Data, err
}
