package api

import (
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/station"
)

func (s *Server) dataTransfers(api huma.API) {
	type sendData struct {
		Vendor  string          `json:"vendor" minLength:"1" maxLength:"255" example:"com.example" doc:"Whose meaning of the data it is"`
		Message string          `json:"message,omitempty" maxLength:"50" doc:"Which of the vendor's messages it is"`
		Data    json.RawMessage `json:"data,omitempty" doc:"Any JSON; OCPP 1.6 has a text, as which anything else is sent"`
	}
	type dataAnswer struct {
		Status station.AnswerStatus `json:"status" enum:"accepted,rejected,unknown" doc:"unknown: the station does not know the vendor or the message"`
		Detail string               `json:"detail,omitempty" doc:"The station's own word"`
		Data   json.RawMessage      `json:"data,omitempty" doc:"What the station sends back"`
	}
	command(s, api, "data-transfer", "Give a station data that only its vendor knows the meaning of", "For what OCPP has no message for.",
		func(ctx context.Context, id gnista.StationID, in sendData) (*body[dataAnswer], error) {
			a, err := station.Give(ctx, s.Network, id, station.SendData{Vendor: in.Vendor, Message: in.Message, Data: in.Data})
			return answer(dataAnswer{a.Status, a.Detail, a.Data}, err)
		})
}
