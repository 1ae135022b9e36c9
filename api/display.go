package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/station"
)

type displayText struct {
	Format   string `json:"format,omitempty" enum:"ascii,html,uri,utf8,qrcode" default:"utf8" doc:"qrcode is of OCPP 2.1"`
	Language string `json:"language,omitempty" maxLength:"8" doc:"RFC 5646, as in sv"`
	Content  string `json:"content" minLength:"1" maxLength:"1024" doc:"At most 512 characters in OCPP 2.0.1"`
}

type DisplayBody struct {
	ID       int           `json:"id,omitempty" minimum:"0" doc:"Of a message to be replaced; absent is a new one"`
	Priority string        `json:"priority" enum:"always-front,in-front,normal-cycle"`
	State    string        `json:"state,omitempty" enum:"charging,faulted,idle,unavailable,suspended,discharging" doc:"Shown in this state of the station only; absent is any"`
	From     *time.Time    `json:"from,omitempty"`
	To       *time.Time    `json:"to,omitempty"`
	Display  string        `json:"display,omitempty" maxLength:"50" doc:"Component that shows it; absent is the main one"`
	Texts    []displayText `json:"texts" minItems:"1" maxItems:"5" doc:"One for each language; OCPP 2.0.1 shows one only"`
}

type displayView struct {
	DisplayBody
	Transaction string     `json:"transaction,omitempty" doc:"The station's name for it: shown only while that goes on"`
	ReportedAt  *time.Time `json:"reportedAt,omitempty" doc:"When the station last said that it has it"`
}

func showDisplay(m station.DisplayMessage) displayView {
	v := displayView{DisplayBody{m.ID, m.Priority, m.State, moment(m.From), moment(m.To), m.Display, make([]displayText, len(m.Texts))}, m.Transaction, moment(m.ReportedAt)}
	for i, t := range m.Texts {
		v.Texts[i] = displayText(t)
	}
	return v
}

func (s *Server) displays(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/display-messages", OperationID: "list-display-messages", Summary: "List the messages on a station's screen", Tags: []string{"Stations"},
		Description: "OCPP 2.x. As far as they were set here or have been reported: POST …/display-messages/read asks for a report.",
	}, func(ctx context.Context, in *StationPath) (*body[page[displayView]], error) {
		if _, err := s.Network.Store.Station(ctx, in.Station); err != nil {
			return nil, err
		}
		list, err := s.Network.Displays.Displays(ctx, in.Station)
		return answer(turn(Paging{Limit: -1}, list, showDisplay, nil), err)
	})
	type displayAnswer struct {
		AnswerView
		ID int `json:"id" doc:"Of the message"`
	}
	type displayMessage struct {
		DisplayBody
		Transaction string `json:"transaction,omitempty" doc:"Id of a transaction of the station: shown only while that goes on"`
	}
	command(s, api, "display-messages", "Show a message on a station's screen", "OCPP 2.x.",
		func(ctx context.Context, id gnista.StationID, in displayMessage) (*body[displayAnswer], error) {
			for field, t := range map[string]*time.Time{"from": in.From, "to": in.To} {
				if err := kept(field, t); err != nil {
					return nil, err
				}
			}
			m := station.DisplayMessage{ID: in.ID, Priority: in.Priority, State: in.State, Display: in.Display}
			set(&m.From, in.From)
			set(&m.To, in.To)
			for _, t := range in.Texts {
				if t.Format == "" {
					t.Format = "utf8"
				}
				m.Texts = append(m.Texts, station.DisplayText(t))
			}
			if in.Transaction != "" {
				t, err := s.Transactions.Store.Transaction(ctx, in.Transaction)
				if err != nil {
					return nil, err
				}
				if t.Station != id {
					return nil, gnista.Invalidf("transaction", "is not one of station %s", id)
				}
				m.Transaction = t.Ref
			}
			m, a, err := s.Network.Show(ctx, id, m)
			return answer(displayAnswer{AnswerView{a.Status, a.Detail, a.Outcome, a.Command}, m.ID}, err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodDelete, Path: "/stations/{station}/display-messages/{id}", OperationID: "delete-display-message", Summary: "Take a message off a station's screen", Tags: []string{"Commands"},
	}, func(ctx context.Context, in *struct {
		StationPath
		ID int `path:"id" minimum:"0"`
	}) (*body[AnswerView], error) {
		return told(s.Network.Hide(ctx, in.Station, in.ID))
	})
	type readDisplayMessages struct {
		IDs      []int  `json:"ids,omitempty" maxItems:"100" doc:"Absent is all"`
		Priority string `json:"priority,omitempty" enum:"always-front,in-front,normal-cycle"`
		State    string `json:"state,omitempty" enum:"charging,faulted,idle,unavailable,suspended,discharging"`
	}
	command(s, api, "display-messages/read", "Have a station report the messages on its screen", "OCPP 2.x. They are in the list when the command has happened.",
		func(ctx context.Context, id gnista.StationID, in *readDisplayMessages) (*body[AnswerView], error) {
			var o station.ReadDisplays
			if in != nil {
				o.IDs, o.Priority, o.State = in.IDs, in.Priority, in.State
			}
			return told(s.Network.ReadDisplaysOf(ctx, id, o))
		})
}
