package api

import (
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/station"
)

func (s *Server) vendors(api huma.API) {
	type vendorMessage struct {
		Vendor  string          `json:"vendor" minLength:"1" maxLength:"255" example:"com.example"`
		Message string          `json:"message,omitempty" maxLength:"50" doc:"Which of the vendor's messages"`
		Data    json.RawMessage `json:"data,omitempty" doc:"Any JSON; OCPP 1.6 sends what is no text as the text of it"`
	}
	type vendorAnswer struct {
		AnswerView
		Data json.RawMessage `json:"data,omitempty" doc:"What the station says; text in OCPP 1.6"`
	}
	command(s, api, "vendor-message", "Send a station a message of its vendor's", "Only the vendor's stations know what it means.",
		func(ctx context.Context, id gnista.StationID, in vendorMessage) (*body[vendorAnswer], error) {
			a, err := station.Give(ctx, s.Network, id, station.VendorMessage{Vendor: in.Vendor, Message: in.Message, Data: in.Data})
			return answer(vendorAnswer{AnswerView{a.Status, a.Detail, a.Outcome, a.Command}, a.Data}, err)
		})
}
