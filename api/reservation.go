package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/charging"
	"gnista/token"
)

type reservationView struct {
	ID            string                    `json:"id"`
	Number        int                       `json:"number" doc:"Its name in OCPP"`
	Station       gnista.StationID          `json:"station"`
	EVSE          int                       `json:"evse" doc:"0 is any one"`
	ConnectorType string                    `json:"connectorType,omitempty" doc:"Any EVSE that has such a connector"`
	Token         string                    `json:"token" doc:"UID"`
	Type          token.Type                `json:"type"`
	Group         string                    `json:"group,omitempty" doc:"Who is in it may use it too"`
	State         charging.ReservationState `json:"state" enum:"asked,active,unknown,refused,used,expired,cancelled,removed" doc:"unknown: the station did not answer; refused: it did not take it; used: a transaction came of it; removed: it gave it up"`
	Reason        string                    `json:"reason,omitempty" doc:"Why it was refused or removed, in the station's word"`
	Transaction   string                    `json:"transaction,omitempty" doc:"Id of the one that used it"`
	From          string                    `json:"from,omitempty" doc:"Id of the reservation that it was moved from"`
	Account       string                    `json:"account,omitempty" doc:"Id of the account that pays"`
	TariffVersion string                    `json:"tariffVersion,omitempty" doc:"In force when it was made; it stays the same where the reservation is moved"`
	CreatedAt     time.Time                 `json:"createdAt"`
	StartedAt     *time.Time                `json:"startedAt,omitempty" doc:"When the station took it"`
	ExpiresAt     time.Time                 `json:"expiresAt"`
	EndedAt       *time.Time                `json:"endedAt,omitempty"`
}

func (s *Server) showReservation(ctx context.Context, r charging.Reservation) reservationView {
	return reservationView{
		r.ID, r.Number, r.Station, r.EVSE, r.ConnectorType, s.uid(ctx, r.Station, r.Token.UID), r.Token.Type, r.Group, r.State, r.Reason, r.Transaction, r.Origin, r.Account, r.Tariff,
		r.CreatedAt, moment(r.StartedAt), r.ExpiresAt, moment(r.EndedAt),
	}
}

// ReservationPath is a reservation in a path.
type ReservationPath struct {
	ID string `path:"id"`
}

func (s *Server) reservations(api huma.API) {
	tags := []string{"Reservations"}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/reservations", OperationID: "list-reservations", Summary: "List reservations, the newest first", Tags: tags},
		func(ctx context.Context, in *struct {
			Paging
			Station gnista.StationID          `query:"station"`
			State   charging.ReservationState `query:"state" enum:"asked,active,unknown,refused,used,expired,cancelled,removed"`
			Open    bool                      `query:"open" doc:"Only those that may still be used"`
		}) (*body[page[reservationView]], error) {
			before, err := in.after()
			if err != nil {
				return nil, err
			}
			list, err := s.Transactions.Reservations.Reservations(ctx, charging.ReservationFilter{Station: in.Station, State: in.State, Open: in.Open, Before: before, Limit: in.Limit})
			return answer(turn(in.Paging, list, func(r charging.Reservation) reservationView { return s.showReservation(ctx, r) }, func(r charging.Reservation) string { return r.ID }), err)
		})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/reservations/{id}", OperationID: "get-reservation", Summary: "Show a reservation", Tags: tags},
		func(ctx context.Context, in *ReservationPath) (*body[reservationView], error) {
			r, err := s.Transactions.Reservations.Reservation(ctx, in.ID)
			return answer(s.showReservation(ctx, r), err)
		})
	type wish struct {
		Station       gnista.StationID `json:"station" minLength:"1" maxLength:"255"`
		EVSE          int              `json:"evse,omitempty" minimum:"0" doc:"0 or absent is any one, where the station can"`
		ConnectorType string           `json:"connectorType,omitempty" maxLength:"20" example:"cCCS2" doc:"Any EVSE that has such a connector, as OCPP 2.1 names it (OCPP 2.x)"`
		Token         string           `json:"token" minLength:"1" maxLength:"255" doc:"UID of a token that may charge"`
		Type          token.Type       `json:"type,omitempty" doc:"Type of the token, where one UID has several"`
		Group         string           `json:"group,omitempty" maxLength:"255" doc:"Who is in it may use it too"`
		ExpiresAt     time.Time        `json:"expiresAt"`
	}
	add(s, api, huma.Operation{Method: http.MethodPost, Path: "/reservations", OperationID: "create-reservation", Summary: "Reserve an EVSE", Tags: tags, DefaultStatus: http.StatusCreated,
		Description: "Answers when the station has. Whether it keeps the place is told by the state.",
	}, func(ctx context.Context, in *struct{ Body wish }) (*body[reservationView], error) {
		b := in.Body
		if err := kept("expiresAt", &b.ExpiresAt); err != nil {
			return nil, err
		}
		r, err := s.Transactions.Reserve(ctx, charging.Wish{
			Station: b.Station, EVSE: b.EVSE, ConnectorType: b.ConnectorType, Token: token.ID{UID: b.Token, Type: b.Type}, Group: b.Group, ExpiresAt: b.ExpiresAt,
		})
		return answer(s.showReservation(ctx, r), err)
	})
	add(s, api, huma.Operation{Method: http.MethodDelete, Path: "/reservations/{id}", OperationID: "cancel-reservation", Summary: "Give a reservation up", Tags: tags,
		Description: "It stays on the list with what became of it. One that the station does not know any more is removed.",
	}, func(ctx context.Context, in *ReservationPath) (*body[reservationView], error) {
		r, err := s.Transactions.CancelReservation(ctx, in.ID)
		return answer(s.showReservation(ctx, r), err)
	})
	type move struct {
		Station       gnista.StationID `json:"station,omitempty" maxLength:"255" doc:"Absent is the same"`
		EVSE          int              `json:"evse,omitempty" minimum:"0"`
		ConnectorType string           `json:"connectorType,omitempty" maxLength:"20"`
	}
	type moved struct {
		To      reservationView `json:"to" doc:"The new reservation"`
		From    reservationView `json:"from"`
		Problem string          `json:"problem,omitempty" doc:"Why the old one is still there, though the new one is"`
	}
	add(s, api, huma.Operation{Method: http.MethodPost, Path: "/reservations/{id}/transfer", OperationID: "transfer-reservation", Summary: "Reserve another EVSE instead", Tags: tags,
		Description: "The old reservation is given up when the station has taken the new one; where it refuses, nothing changes.",
	}, func(ctx context.Context, in *struct {
		ReservationPath
		Body move
	}) (*body[moved], error) {
		m, err := s.Transactions.MoveReservation(ctx, in.ID, in.Body.Station, in.Body.EVSE, in.Body.ConnectorType)
		return answer(moved{s.showReservation(ctx, m.To), s.showReservation(ctx, m.From), m.Problem}, err)
	})
}
