package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/fault"
	"gnista/fault/alert"
)

type alertView struct {
	ID         string         `json:"id"`
	Route      string         `json:"route" doc:"Id"`
	Subject    string         `json:"subject" example:"fault:0199…" doc:"The fault or the incident"`
	Case       int            `json:"case"`
	Key        string         `json:"key" doc:"Source and code"`
	Severity   fault.Severity `json:"severity" enum:"critical,high,medium,low,info"`
	Site       string         `json:"site,omitempty" doc:"Id"`
	State      alert.State    `json:"state" enum:"open,acknowledged,cleared,folded" doc:"folded: the fault has become part of an incident, or is gone, as is its route"`
	Level      int            `json:"level" doc:"How many levels of the route have been told"`
	Note       string         `json:"note,omitempty" doc:"Why nobody was told"`
	OpenedAt   time.Time      `json:"openedAt"`
	DueAt      *time.Time     `json:"dueAt,omitempty" doc:"When it is looked at next, as for the next level"`
	EndedAt    *time.Time     `json:"endedAt,omitempty"`
	Reopenings int            `json:"reopenings,omitempty"`
}

func showAlert(x alert.Alert) alertView {
	return alertView{x.ID, x.Route, x.Subject, x.Case, x.Key, x.Severity, x.Site, x.State, x.Level, x.Note, x.Opened, moment(x.DueAt), moment(x.EndedAt), x.Round}
}

type alertDeliveryView struct {
	ID             string              `json:"id" doc:"By which the receiver knows it again: in the Message-ID, or as webhook-id"`
	Channel        string              `json:"channel" doc:"Id"`
	To             string              `json:"to" doc:"The address, masked"`
	Alert          string              `json:"alert,omitempty" doc:"Id"`
	Cause          alert.Cause         `json:"cause" enum:"opened,escalated,cleared,summary,digest,test,event"`
	State          alert.DeliveryState `json:"state" enum:"waiting,sending,sent,dead,withdrawn,in-summary" doc:"sent: the next server has taken it; dead: given up; withdrawn: it was over, or acknowledged, before it was sent"`
	PossiblyDouble bool                `json:"possiblyDouble,omitempty" doc:"A try was cut off before it was known whether it arrived; a later one has the same id"`
	Summary        string              `json:"summary,omitempty" doc:"Id of the delivery that tells it with others"`
	CreatedAt      time.Time           `json:"createdAt"`
	NextAt         *time.Time          `json:"nextAt,omitempty" doc:"When it is tried next"`
	DoneAt         *time.Time          `json:"doneAt,omitempty"`
	Tries          []alert.Try         `json:"tries" nullable:"false"`
	About          []alert.Mention     `json:"about,omitempty"`
	More           int                 `json:"more,omitempty" doc:"That are left out"`
	Event          *gnista.Event       `json:"event,omitempty"`
}

func showDelivery(x alert.Delivery) alertDeliveryView {
	v := alertDeliveryView{
		ID: x.ID, Channel: x.Channel, To: x.To, Alert: x.Alert, Cause: x.Cause, State: x.State, PossiblyDouble: x.Doubtful, Summary: x.Into, CreatedAt: x.CreatedAt,
		DoneAt: moment(x.DoneAt), Tries: x.Tries, About: x.Message.About, More: x.Message.More, Event: x.Message.Event,
	}
	if x.State == alert.Waiting {
		v.NextAt = moment(x.NextAt)
	}
	if v.Tries == nil {
		v.Tries = []alert.Try{}
	}
	return v
}

func (s *Server) alertDeliveries(api huma.API) {
	a := s.Alerts
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/alerts", OperationID: "list-alerts", Summary: "List alerts, the newest first", Tags: alertTags,
		Description: "An alert is that one route tells of one fault or incident.",
	}, func(ctx context.Context, in *struct {
		State   alert.State `query:"state" enum:"open,acknowledged,cleared,folded"`
		Subject string      `query:"subject" doc:"fault: or incident: and its id"`
		Route   string      `query:"route" doc:"Id"`
		Paging
	}) (*body[page[alertView]], error) {
		before, err := in.after()
		if err != nil {
			return nil, err
		}
		list, err := a.Store.Alerts(ctx, alert.Filter{State: in.State, Subject: in.Subject, Route: in.Route, Before: before, Limit: in.Limit})
		return answer(turn(in.Paging, list, showAlert, func(x alert.Alert) string { return x.ID }), err)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/alerts/{id}", OperationID: "get-alert", Summary: "Show an alert", Tags: alertTags},
		func(ctx context.Context, in *AlertPath) (*body[alertView], error) {
			x, err := a.Store.Alert(ctx, in.ID)
			return answer(showAlert(x), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/alert-deliveries", OperationID: "list-alert-deliveries", Summary: "List what was sent and is to be sent, the newest first", Tags: alertTags,
	}, func(ctx context.Context, in *struct {
		State   alert.DeliveryState `query:"state" enum:"waiting,sending,sent,dead,withdrawn,in-summary"`
		Channel string              `query:"channel" doc:"Id"`
		Alert   string              `query:"alert" doc:"Id"`
		Paging
	}) (*body[page[alertDeliveryView]], error) {
		before, err := in.after()
		if err != nil {
			return nil, err
		}
		list, err := a.Store.Deliveries(ctx, alert.DeliveryFilter{State: in.State, Channel: in.Channel, Alert: in.Alert, Before: before, Limit: in.Limit})
		return answer(turn(in.Paging, list, showDelivery, func(x alert.Delivery) string { return x.ID }), err)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/alert-deliveries/{id}", OperationID: "get-alert-delivery", Summary: "Show a delivery with its tries", Tags: alertTags},
		func(ctx context.Context, in *AlertPath) (*body[alertDeliveryView], error) {
			x, err := a.Store.Delivery(ctx, in.ID)
			return answer(showDelivery(x), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/alert-deliveries/{id}/send", OperationID: "send-alert-delivery", Summary: "Send again what was given up or withdrawn", Tags: alertTags,
		Description: "It has the same id as before, and is tried for a day.",
	}, func(ctx context.Context, in *AlertPath) (*body[alertDeliveryView], error) {
		x, err := a.Resend(ctx, in.ID)
		return answer(showDelivery(x), err)
	})
}
