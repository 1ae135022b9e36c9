package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/token"
)

type unknownView struct {
	ID      string           `json:"id"`
	UID     string           `json:"uid" doc:"As the station sent it"`
	Label   string           `json:"label" doc:"Its last four characters"`
	Type    token.Type       `json:"type,omitempty" doc:"OCPP 1.6 does not tell it"`
	Station gnista.StationID `json:"station" doc:"That asked last"`
	EVSE    int              `json:"evse,omitempty"`
	Count   int              `json:"count" doc:"How often it was asked for"`
	FirstAt time.Time        `json:"firstAt"`
	LastAt  time.Time        `json:"lastAt"`
}

func showUnknown(u token.UnknownToken) unknownView {
	return unknownView{u.ID, u.Token.UID, token.Mask(u.Token.UID), u.Token.Type, u.Station, u.EVSE, u.Count, u.FirstAt, u.LastAt}
}

// claim is what an unknown token is told to be.
type claim struct {
	Type          token.Type  `json:"type,omitempty" maxLength:"20" doc:"Absent: as the station told it, or ISO14443"`
	Name          string      `json:"name,omitempty" maxLength:"100"`
	Account       string      `json:"account,omitempty" maxLength:"100"`
	Group         string      `json:"group,omitempty" maxLength:"255"`
	ValidFrom     *time.Time  `json:"validFrom,omitempty"`
	ExpiresAt     *time.Time  `json:"expiresAt,omitempty"`
	MaxConcurrent int         `json:"maxConcurrent,omitempty" minimum:"0"`
	Offline       bool        `json:"offline,omitempty"`
	Language      string      `json:"language,omitempty" maxLength:"8"`
	Message       string      `json:"message,omitempty" maxLength:"512"`
	Sites         []string    `json:"sites,omitempty" maxItems:"100"`
	Limits        *limitsView `json:"limits,omitempty"`
}

func (s *Server) unknownTokens(api huma.API) {
	const base = "/unknown-tokens"
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: base, OperationID: "list-unknown-tokens", Summary: "List tokens that stations have asked for and nobody has registered",
		Description: "The one that was asked for last first. They may not charge. At most 10,000 are kept.", Tags: []string{"Tokens"},
	}, func(ctx context.Context, in *struct{ Paging }) (*body[page[unknownView]], error) {
		after, err := in.after()
		if err != nil {
			return nil, err
		}
		list, next, err := s.Tokens.Unknown.UnknownTokens(ctx, after, in.Limit)
		if gnista.CodeOf(err) == gnista.Invalid {
			return nil, in.wrong()
		}
		return answer(turn(in.Paging, list, showUnknown, func(token.UnknownToken) string { return next }), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: base + "/{id}/claim", OperationID: "claim-unknown-token", Summary: "Register an unknown token",
		Description: "It may charge from then on, and is no longer among the unknown ones.", Tags: []string{"Tokens"}, DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *struct {
		ID   string `path:"id"`
		Body claim
	}) (*body[tokenView], error) {
		b := in.Body
		k, err := tokenView{
			Type: b.Type, Name: b.Name, Account: b.Account, Group: b.Group, ValidFrom: b.ValidFrom, ExpiresAt: b.ExpiresAt, MaxConcurrent: b.MaxConcurrent,
			Offline: b.Offline, Language: b.Language, Message: b.Message, Sites: b.Sites, Limits: b.Limits,
		}.token()
		if err != nil {
			return nil, err
		}
		k, err = s.Tokens.Claim(ctx, in.ID, k)
		return answer(showToken(k), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodDelete, Path: base + "/{id}", OperationID: "forget-unknown-token", Summary: "Forget an unknown token",
		Description: "It comes again when a station asks for it.", Tags: []string{"Tokens"}, DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *struct {
		ID string `path:"id"`
	}) (*struct{}, error) {
		return nil, s.Tokens.Unknown.ForgetUnknown(ctx, in.ID)
	})
}
