package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/charging"
	"gnista/power"
	"gnista/station"
	"gnista/token"
)

// AnswerView is what a station says to a command.
type AnswerView struct {
	Status  station.AnswerStatus `json:"status" enum:"accepted,scheduled,rejected,reboot-required,unknown,unsupported,empty"`
	Detail  string               `json:"detail,omitempty" doc:"The station's own word"`
	Outcome station.Outcome      `json:"outcome,omitempty" enum:"accepted,happened,rejected,failed,unknown" doc:"accepted: the station says that it will; happened: it has shown that it did"`
	Command string               `json:"command,omitempty" doc:"Id of the command, under which its outcome can be read later"`
}

func told(a station.Answer, err error) (*body[AnswerView], error) {
	return answer(AnswerView{a.Status, a.Detail, a.Outcome, a.Command}, err)
}

// place is an EVSE or connector in a command.
type Place struct {
	EVSE      int `json:"evse,omitempty" minimum:"0" doc:"0 or absent is the station as a whole"`
	Connector int `json:"connector,omitempty" minimum:"0" doc:"0 or absent is every one of the EVSE; where there must be one, the first"`
}

func (p Place) evse() gnista.EVSE { return gnista.EVSE{ID: p.EVSE, Connector: p.Connector} }

// command registers a verb of a station. The body may be left out where B is a pointer.
func command[B, O any](s *Server, api huma.API, verb, summary, description string, h func(context.Context, gnista.StationID, B) (*body[O], error)) {
	type input struct {
		StationPath
		Body B
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/stations/{station}/" + verb, OperationID: "station-" + strings.ReplaceAll(verb, "/", "-"), Summary: summary, Description: description, Tags: []string{"Commands"},
	}, func(ctx context.Context, in *input) (*body[O], error) { return h(ctx, in.Station, in.Body) })
}

func (s *Server) commands(api huma.API) {
	type call struct {
		Action  string          `json:"action" minLength:"1" maxLength:"60" example:"Reset"`
		Payload json.RawMessage `json:"payload,omitempty" doc:"As the version of the connection has it; absent is {}"`
	}
	type result struct {
		Result json.RawMessage `json:"result"`
	}
	command(s, api, "calls", "Send any OCPP message of the station's version", "The payload is checked against the version before it is sent.",
		func(ctx context.Context, id gnista.StationID, in call) (*body[result], error) {
			data, err := s.Network.Call(ctx, id, in.Action, in.Payload)
			return answer(result{data}, err)
		})
	type start struct {
		EVSE    int              `json:"evse,omitempty" minimum:"0" doc:"0 or absent leaves the choice to the station"`
		Token   string           `json:"token,omitempty" maxLength:"255" doc:"UID of a token that may charge; may be left out for a reserved EVSE, which is started for who has reserved it"`
		Type    token.Type       `json:"type,omitempty" doc:"Type of the token, where one UID has several"`
		Profile *power.Profile   `json:"profile,omitempty" doc:"Charging profile for the transaction, of the purpose transaction"`
		Supply  power.Supply     `json:"supply,omitempty" doc:"Needed where the station's model takes another unit only"`
		Limits  *charging.Limits `json:"limits,omitempty" doc:"By which the station ends the transaction (OCPP 2.1)"`
	}
	command(s, api, "start", "Order a station to start charging", "",
		func(ctx context.Context, id gnista.StationID, in start) (*body[AnswerView], error) {
			who := token.ID{UID: in.Token, Type: in.Type}
			switch {
			case in.Limits != nil && in.Profile != nil:
				return nil, gnista.Invalidf("limits", "cannot be had together with a profile; set them when the transaction has begun")
			case in.Limits != nil:
				if err := priced(*in.Limits); err != nil {
					return nil, err
				}
				a, err := s.Transactions.StartLimited(ctx, id, in.EVSE, who, *in.Limits)
				return told(a, s.Network.Explain(ctx, id, err))
			case in.Profile == nil:
				a, err := s.Transactions.Start(ctx, id, in.EVSE, who)
				return told(a, s.Network.Explain(ctx, id, err))
			}
			w := WantedProfile{*in.Profile, in.Supply}
			wanted, err := w.wanted()
			if err != nil {
				return nil, err
			}
			a, err := s.Power.Start(ctx, id, in.EVSE, who, wanted)
			return told(a, s.Network.Explain(ctx, id, err))
		})
	s.limits(api)
	type stop struct {
		Transaction string `json:"transaction,omitempty" doc:"Id of the transaction; absent is the only active one there"`
		EVSE        int    `json:"evse,omitempty" minimum:"0"`
	}
	command(s, api, "stop", "Order a station to stop charging", "",
		func(ctx context.Context, id gnista.StationID, given *stop) (*body[AnswerView], error) {
			var in stop
			set(&in, given)
			a, err := s.Transactions.Stop(ctx, id, in.EVSE, in.Transaction)
			return told(a, s.Network.Explain(ctx, id, err))
		})
	type reset struct {
		Type string `json:"type,omitempty" enum:"soft,hard,resume" default:"soft" doc:"soft lets a transaction end first, hard ends it, resume goes on with it afterwards (OCPP 2.1)"`
		EVSE int    `json:"evse,omitempty" minimum:"0" doc:"One EVSE only (OCPP 2.x)"`
	}
	command(s, api, "reset", "Restart a station", "",
		func(ctx context.Context, id gnista.StationID, given *reset) (*body[AnswerView], error) {
			var in reset
			set(&in, given)
			return told(station.Give(ctx, s.Network, id, station.Reset{Hard: in.Type == "hard", Resume: in.Type == "resume", EVSE: in.EVSE}))
		})
	command(s, api, "unlock", "Let go of a cable", "",
		func(ctx context.Context, id gnista.StationID, in Place) (*body[AnswerView], error) {
			return told(station.Give(ctx, s.Network, id, station.Unlock{At: in.evse()}))
		})
	type availability struct {
		Place
		Operative bool `json:"operative" doc:"false takes it out of service"`
	}
	command(s, api, "availability", "Take a station, EVSE or connector in or out of service", "",
		func(ctx context.Context, id gnista.StationID, in availability) (*body[AnswerView], error) {
			return told(station.Give(ctx, s.Network, id, station.SetAvailability{At: in.evse(), Operative: in.Operative}))
		})
	type trigger struct {
		Place
		Message station.Trigger `json:"message" enum:"boot,heartbeat,status,meter-values,transaction,firmware-status,log-status,signed-firmware-status,security-log-status,custom" doc:"Those that begin with signed and security are of the security extension of OCPP 1.6; in 2.x they are firmware-status and log-status"`
		Custom  string          `json:"custom,omitempty" maxLength:"50" doc:"The vendor's name for the message, with custom (OCPP 2.1)"`
	}
	command(s, api, "trigger", "Ask a station to send a message", "",
		func(ctx context.Context, id gnista.StationID, in trigger) (*body[AnswerView], error) {
			return told(station.Give(ctx, s.Network, id, station.Ask{For: in.Message, Custom: in.Custom, At: in.evse()}))
		})
	command(s, api, "clear-cache", "Make a station forget the tokens that it remembers", "Its local list stays as it is.",
		func(ctx context.Context, id gnista.StationID, _ *struct{}) (*body[AnswerView], error) {
			return told(station.Give(ctx, s.Network, id, token.ClearCache{}))
		})
}
