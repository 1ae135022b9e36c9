package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/charging"
	"gnista/checkout"
	"gnista/payment"
)

type payingCompany struct {
	Name      string `json:"name" minLength:"1" maxLength:"100"`
	VATNumber string `json:"vatNumber,omitempty" maxLength:"20" example:"SE556036079301"`
	Reference string `json:"reference,omitempty" maxLength:"50" doc:"That the company knows the charge by"`
}

type checkoutView struct {
	ID          string           `json:"id"`
	Station     gnista.StationID `json:"station"`
	EVSE        int              `json:"evse"`
	State       checkout.State   `json:"state" enum:"paying,paid,starting,plug-in,charging,ended,settled,cancelled,failed" doc:"plug-in: the station waits for the car; ended: it is being settled; cancelled: before it began to charge, or nobody paid; failed: it was paid and did not begin to charge"`
	Reason      string           `json:"reason,omitempty" doc:"Why it was cancelled or failed, or does not begin to charge"`
	Provider    string           `json:"provider,omitempty" doc:"Absent where charging is free"`
	Way         payment.Way      `json:"way,omitempty" enum:"hold,prepay" doc:"The amount is set aside, or taken and the rest given back; absent where charging is free"`
	Amount      gnista.Money     `json:"amount" doc:"Set aside or taken"`
	Language    string           `json:"language" enum:"sv,en"`
	Tariff      string           `json:"tariffVersion" doc:"Id of the version that was shown, and holds"`
	Payment     string           `json:"payment,omitempty" doc:"Id; absent where charging is free"`
	Transaction string           `json:"transaction,omitempty" doc:"Id; absent before it begins"`
	Test        bool             `json:"test,omitempty" doc:"No real money moves"`
	Company     *payingCompany   `json:"company,omitempty" doc:"For whom the receipt is"`
	Wish        *wishView        `json:"wish,omitempty" doc:"What the driver wants at the most: then it is ordered to end"`
	Tries       int              `json:"tries" doc:"How often the station was told to start"`
	Outcome     checkout.Outcome `json:"outcome,omitempty" enum:"sent,accepted,refused,offline,unknown" doc:"What the station said to that; absent before it was told"`
	Command     string           `json:"command,omitempty" doc:"Id of the command by which it was told last"`
	Refused     string           `json:"refusedTransaction,omitempty" doc:"Id of a transaction that was begun too late, or again, and is being ended"`
	PayBy       time.Time        `json:"payBy" doc:"When it is cancelled unless it is paid"`
	PaidAt      *time.Time       `json:"paidAt,omitempty"`
	StartBy     *time.Time       `json:"startBy,omitempty" doc:"When what was paid is given back unless the car has begun to charge"`
	CreatedAt   time.Time        `json:"createdAt"`
	UpdatedAt   time.Time        `json:"updatedAt"`
}

func showCheckout(c checkout.Checkout) checkoutView {
	return checkoutView{
		c.ID, c.Station, c.EVSE, c.State, c.Reason, c.Provider, c.Way, c.Amount, c.Language, c.Tariff, c.Payment, c.Transaction, c.Test, (*payingCompany)(c.Company), showWish(c.Wish),
		c.Order.Tried, c.Order.Outcome, c.Order.Command, c.Stray, c.PayBy, moment(c.PaidAt), moment(c.StartBy), c.CreatedAt, c.UpdatedAt,
	}
}

type checkoutDetail struct {
	checkoutView
	PaymentState payment.State     `json:"paymentState,omitempty" enum:"created,awaiting-customer,held,prepaid,mandated,bound,settling,settled,settled-short,released,declined,abandoned,hold-expired,review"`
	EnergyWh     int64             `json:"energyWh"`
	PowerW       int64             `json:"powerW"`
	Activity     charging.Activity `json:"activity,omitempty" enum:"connected,charging,suspended-ev,suspended-evse,idle" doc:"Of the car; absent before it has begun to charge"`
	SoC          *int              `json:"soc,omitempty" doc:"State of charge of the car in percent, where the station tells it"`
	Cost         gnista.Money      `json:"cost" doc:"So far, or in all; VAT included"`
	Receipt      string            `json:"receipt,omitempty" doc:"Id; absent before there is one"`
}

func showView(v checkout.View) checkoutDetail {
	d := checkoutDetail{checkoutView: showCheckout(v.Checkout), Cost: v.Cost, Receipt: v.Receipt}
	if v.Pay != nil {
		d.PaymentState = v.Pay.State
	}
	if t := v.Charge; t != nil {
		d.EnergyWh, d.PowerW, d.Activity = t.EnergyWh, t.PowerW, t.Activity
		if t.SoC >= 0 {
			d.SoC = &t.SoC
		}
	}
	return d
}

type wishView struct {
	EnergyWh int64 `json:"energyWh,omitempty" minimum:"0" maximum:"100000000"`
	Seconds  int64 `json:"seconds,omitempty" minimum:"0" maximum:"31622400" doc:"Since charging began, or since it was paid where that was later"`
	Cost     int64 `json:"cost,omitempty" minimum:"0" maximum:"10000000000" doc:"In minor units of the currency of the amount"`
}

func showWish(w checkout.Wish) *wishView {
	if w == (checkout.Wish{}) {
		return nil
	}
	return &wishView{w.Wh, int64(w.For / time.Second), w.Cost}
}

type openedCheckout struct {
	checkoutView
	Key string `json:"key" doc:"Whoever has it sees, pays, ends and cancels this checkout"`
	URL string `json:"url" doc:"Page on which the driver pays"`
}

func (s *Server) checkouts(api huma.API) {
	tags := []string{"Payments"}
	type Path struct {
		ID string `path:"id"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/checkouts", OperationID: "list-checkouts", Summary: "List drivers without a contract who pay for a charge, the newest first", Tags: tags,
	}, func(ctx context.Context, in *struct {
		Paging
		State   checkout.State   `query:"state" enum:"paying,paid,starting,plug-in,charging,ended,settled,cancelled,failed"`
		Station gnista.StationID `query:"station"`
	}) (*body[page[checkoutView]], error) {
		before, err := in.after()
		if err != nil {
			return nil, err
		}
		list, err := s.Desk.Store.Checkouts(ctx, checkout.Filter{State: in.State, Station: in.Station, Before: before, Limit: in.Limit})
		return answer(turn(in.Paging, list, showCheckout, func(c checkout.Checkout) string { return c.ID }), err)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/checkouts/{id}", OperationID: "get-checkout", Summary: "Show a checkout with what it comes to", Tags: tags},
		func(ctx context.Context, in *Path) (*body[checkoutDetail], error) {
			v, err := s.Desk.Show(ctx, in.ID)
			return answer(showView(v), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/checkouts/{id}/cancel", OperationID: "cancel-checkout", Summary: "Give up a checkout that does not charge yet", Tags: tags,
		Description: "What was set aside is released, and what was taken is given back.",
	}, func(ctx context.Context, in *Path) (*body[checkoutView], error) {
		c, err := s.Desk.GiveUp(ctx, in.ID, checkout.ByOperator)
		return answer(showCheckout(c), err)
	})
	type newCheckout struct {
		Station  gnista.StationID `json:"station" minLength:"1" maxLength:"255"`
		EVSE     int              `json:"evse" minimum:"1" maximum:"10000"`
		Provider string           `json:"provider,omitempty" maxLength:"50" doc:"One of the ways to pay that the EVSE offers; absent where charging is free"`
		Amount   *gnista.Money    `json:"amount,omitempty" doc:"One of those that are offered; absent is the first"`
		Language string           `json:"language,omitempty" enum:"sv,en" default:"sv"`
		Payer    string           `json:"payer,omitempty" maxLength:"50" doc:"Phone number, where the provider asks by it"`
		Company  *payingCompany   `json:"company,omitempty" doc:"For whom the receipt is"`
		Wish     *wishView        `json:"wish,omitempty" doc:"What the driver wants at the most"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/checkouts", OperationID: "create-checkout", Summary: "Let a driver without a contract pay for a charge", Tags: tags, DefaultStatus: http.StatusCreated,
		Description: "The answer has the page on which the driver pays. The charge begins when that is done. An EVSE has one such driver at a time.",
	}, func(ctx context.Context, in *struct{ Body newCheckout }) (*body[openedCheckout], error) {
		b := in.Body
		r := checkout.Request{Station: b.Station, EVSE: b.EVSE, Provider: b.Provider, Language: b.Language, Payer: b.Payer, Company: (*checkout.Company)(b.Company)}
		if w := b.Wish; w != nil {
			r.Wish = checkout.Wish{Wh: w.EnergyWh, For: time.Duration(w.Seconds) * time.Second, Cost: w.Cost}
		}
		if b.Amount != nil {
			r.Amount = *b.Amount
		} else if b.Provider != "" {
			o, err := s.Desk.Offer(ctx, b.Station, b.EVSE)
			if err != nil {
				return nil, err
			}
			for _, m := range o.Methods {
				if m.Provider == b.Provider {
					r.Amount = m.Amounts[0]
				}
			}
		}
		c, err := s.Desk.Open(ctx, r)
		if err != nil {
			return nil, err
		}
		return answer(openedCheckout{showCheckout(c), c.Key, strings.TrimRight(s.PublicURL, "/") + "/pay/" + c.Key}, nil)
	})
}
