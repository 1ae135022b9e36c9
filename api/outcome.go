package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/station"
)

type commandView struct {
	ID         string           `json:"id"`
	Station    gnista.StationID `json:"station"`
	Kind       string           `json:"kind" example:"reset"`
	Note       string           `json:"note,omitempty" doc:"What distinguishes it from others of its kind"`
	Outcome    station.Outcome  `json:"outcome" enum:"sent,accepted,happened,failed,rejected,unknown" doc:"sent: no answer yet; accepted: the station says that it will; happened: it has shown that it did; failed: it agreed and could not; unknown: it did not answer, or nothing has shown that it did what it agreed to"`
	Detail     string           `json:"detail,omitempty" doc:"The station's own word, or why"`
	By         string           `json:"by,omitempty" doc:"Who gave it; absent where nobody has said"`
	At         time.Time        `json:"at" doc:"When it was given"`
	AnsweredAt *time.Time       `json:"answeredAt,omitempty"`
	EndedAt    *time.Time       `json:"endedAt,omitempty" doc:"When the outcome became final"`
}

func showCommand(c station.Command) commandView {
	return commandView{c.ID, c.Station, c.Kind, c.Note, c.Outcome, c.Detail, c.By, c.At, moment(c.AnsweredAt), moment(c.EndedAt)}
}

func (s *Server) outcomes(api huma.API) {
	ofStation(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/commands", OperationID: "list-commands", Summary: "List what a station was told to do, the newest first", Tags: []string{"Commands"},
		Description: "Each with how far it has come.",
	}, s.Network.Commands.Commands, showCommand, func(c station.Command) string { return c.ID })
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/commands/{id}", OperationID: "get-command", Summary: "Tell how far a command has come", Tags: []string{"Commands"},
	}, func(ctx context.Context, in *struct {
		ID string `path:"id"`
	}) (*body[commandView], error) {
		c, err := s.Network.Commands.Command(ctx, in.ID)
		return answer(showCommand(c), err)
	})
}
