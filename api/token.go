package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista/token"
)

type tokenView struct {
	UID           string     `json:"uid" minLength:"1" maxLength:"255" doc:"Compared without case and separators"`
	Type          token.Type `json:"type,omitempty" maxLength:"20" default:"ISO14443" example:"ISO14443" doc:"As in OCPP 2.1: ISO14443 and ISO15693 are RFID cards"`
	Name          string     `json:"name,omitempty" maxLength:"100"`
	Tariff        string     `json:"tariff,omitempty" doc:"Id of the tariff of its transactions"`
	Group         string     `json:"group,omitempty" maxLength:"255" doc:"Tokens of one group may stop each other's transactions"`
	Blocked       bool       `json:"blocked,omitempty"`
	ExpiresAt     *time.Time `json:"expiresAt,omitempty"`
	MaxConcurrent int        `json:"maxConcurrent,omitempty" minimum:"0" doc:"Transactions at one time; 0 or absent is no limit"`
	Offline       bool       `json:"offline,omitempty" doc:"May charge where a station cannot ask us: it is on the local lists of stations"`
	CreatedAt     *time.Time `json:"createdAt,omitempty" readOnly:"true"`
	UpdatedAt     *time.Time `json:"updatedAt,omitempty" readOnly:"true"`
}

func showToken(k token.Token) tokenView {
	return tokenView{k.ID.UID, k.ID.Type, k.Name, k.Tariff, k.Group, k.Blocked, moment(k.ExpiresAt), k.MaxConcurrent, k.Offline, moment(k.CreatedAt), moment(k.UpdatedAt)}
}

// TokenPath is a token in a path.
type TokenPath struct {
	UID  string     `path:"uid" maxLength:"255" doc:"In whatever way it is written"`
	Type token.Type `query:"type" doc:"Where one UID has several"`
}

func (p TokenPath) id() token.ID { return token.ID{UID: p.UID, Type: p.Type} }

// tokenChange is what an operator says of a token; what is left out is not changed.
type tokenChange struct {
	Name          *string    `json:"name,omitempty" maxLength:"100"`
	Tariff        *string    `json:"tariff,omitempty" doc:"Id of the tariff of its transactions; empty is none of its own"`
	Group         *string    `json:"group,omitempty" maxLength:"255"`
	Blocked       *bool      `json:"blocked,omitempty"`
	ExpiresAt     *time.Time `json:"expiresAt,omitempty"`
	Expires       *bool      `json:"expires,omitempty" doc:"false takes the expiry away"`
	MaxConcurrent *int       `json:"maxConcurrent,omitempty" minimum:"0"`
	Offline       *bool      `json:"offline,omitempty"`
}

// UnmarshalJSON refuses null.
func (c *tokenChange) UnmarshalJSON(text []byte) error {
	type plain tokenChange
	return unmarshalChange(text, (*plain)(c))
}

func (s *Server) tokens(api huma.API) {
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/tokens", OperationID: "list-tokens", Summary: "List id tokens", Tags: []string{"Tokens"}},
		func(ctx context.Context, in *struct{ Paging }) (*body[page[tokenView]], error) {
			after, err := in.after()
			if err != nil {
				return nil, err
			}
			list, next, err := s.Tokens.Store.Tokens(ctx, after, in.Limit)
			return answer(turn(in.Paging, list, showToken, func(token.Token) string { return next }), err)
		})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/tokens/{uid}", OperationID: "get-token", Summary: "Show an id token", Tags: []string{"Tokens"}},
		func(ctx context.Context, in *TokenPath) (*body[tokenView], error) {
			k, err := s.Tokens.Store.Token(ctx, in.id())
			return answer(showToken(k), err)
		})
	add(s, api, huma.Operation{Method: http.MethodPost, Path: "/tokens", OperationID: "create-token", Summary: "Register an id token", Tags: []string{"Tokens"}, DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *struct{ Body tokenView }) (*body[tokenView], error) {
			b := in.Body
			k := token.Token{ID: token.ID{UID: b.UID, Type: b.Type}, Name: b.Name, Tariff: b.Tariff, Group: b.Group, Blocked: b.Blocked, MaxConcurrent: b.MaxConcurrent, Offline: b.Offline}
			if err := kept("expiresAt", b.ExpiresAt); err != nil {
				return nil, err
			}
			set(&k.ExpiresAt, b.ExpiresAt)
			if err := s.knownTariff(ctx, "tariff", &b.Tariff); err != nil {
				return nil, err
			}
			k, err := s.Tokens.Create(ctx, k)
			return answer(showToken(k), err)
		})
	add(s, api, huma.Operation{Method: http.MethodPatch, Path: "/tokens/{uid}", OperationID: "change-token", Summary: "Change an id token", Description: "What is left out is not changed.", Tags: []string{"Tokens"}},
		func(ctx context.Context, in *struct {
			TokenPath
			Body tokenChange
		}) (*body[tokenView], error) {
			if err := kept("expiresAt", in.Body.ExpiresAt); err != nil {
				return nil, err
			}
			if err := s.knownTariff(ctx, "tariff", in.Body.Tariff); err != nil {
				return nil, err
			}
			k, err := s.Tokens.Update(ctx, in.id(), func(k *token.Token) {
				set(&k.Name, in.Body.Name)
				set(&k.Tariff, in.Body.Tariff)
				set(&k.Group, in.Body.Group)
				set(&k.Blocked, in.Body.Blocked)
				set(&k.ExpiresAt, in.Body.ExpiresAt)
				set(&k.MaxConcurrent, in.Body.MaxConcurrent)
				set(&k.Offline, in.Body.Offline)
				if in.Body.Expires != nil && !*in.Body.Expires {
					k.ExpiresAt = time.Time{}
				}
			})
			return answer(showToken(k), err)
		})
	add(s, api, huma.Operation{Method: http.MethodDelete, Path: "/tokens/{uid}", OperationID: "delete-token", Summary: "Forget an id token", Description: "Its transactions and records stay.", Tags: []string{"Tokens"}, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *TokenPath) (*struct{}, error) {
			return nil, s.Tokens.Store.DeleteToken(ctx, in.id())
		})
}
