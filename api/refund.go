package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/billing"
	"gnista/payment"
)

type refundInput struct {
	Amount         gnista.Money `json:"amount"`
	Reason         string       `json:"reason" minLength:"1" maxLength:"200" doc:"Why, for the books"`
	IdempotencyKey string       `json:"idempotencyKey" minLength:"1" maxLength:"100" doc:"Another one for each refund; the same again is the same refund and changes nothing"`
}

type refundView struct {
	ID        string       `json:"id"`
	Amount    gnista.Money `json:"amount"`
	Reason    string       `json:"reason"`
	By        string       `json:"by"`
	CreatedAt time.Time    `json:"createdAt"`
}

type disputeView struct {
	ID          string               `json:"id"`
	Ref         string               `json:"ref" doc:"The provider's name of it"`
	State       payment.DisputeState `json:"state" enum:"opened,evidence-due,won,lost"`
	Amount      gnista.Money         `json:"amount"`
	Reason      string               `json:"reason,omitempty" doc:"The provider's word"`
	EvidenceDue *time.Time           `json:"evidenceDue,omitempty" doc:"Until when the provider takes what speaks for us"`
	OpenedAt    time.Time            `json:"openedAt"`
	UpdatedAt   time.Time            `json:"updatedAt"`
}

type receivableView struct {
	Payment   paymentView  `json:"payment"`
	Missing   gnista.Money `json:"missing"`
	Tries     int          `json:"tries" doc:"How often an account was charged again by what it has agreed to; a guest never is"`
	Reminders int          `json:"reminders"`
	LastAt    *time.Time   `json:"lastAt,omitempty" doc:"When something was done last"`
	NextAt    *time.Time   `json:"nextAt,omitempty" doc:"When something is done next; absent is never by itself"`
}

type linkView struct {
	Link    string       `json:"link" doc:"Address of the page on which the customer pays the rest, and then has the receipt. Whoever has it sees the charge"`
	QR      string       `json:"qr" doc:"The address as a QR code in SVG"`
	Payment *paymentView `json:"payment,omitempty" doc:"The one that pays the rest, where the customer is asked"`
	Action  *actionView  `json:"action,omitempty" doc:"What the customer has to do for it; absent until the provider has answered, then ask again"`
}

// refunds are what persons do about payments.
func (s *Server) refunds(api huma.API) {
	op := func(method, path, id, summary, description string) huma.Operation {
		return huma.Operation{Method: method, Path: path, OperationID: id, Summary: summary, Tags: []string{"Payments"}, Description: description}
	}
	type Path struct {
		ID string `path:"id"`
	}
	refund := op(http.MethodPost, "/payments/{id}/refunds", "refund-payment", "Give back what is due all the same",
		"The charge record stays as it is, and the ledger has the amount as goodwill. No more than was paid. Where the record is wrong, correct that instead: then what was too much goes back by itself.")
	refund.DefaultStatus = http.StatusCreated
	add(s, api, refund, func(ctx context.Context, in *struct {
		Path
		Body refundInput
	}) (*body[refundView], error) {
		p, err := s.Payments.Store.Payment(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		if in.Body.Amount.Currency != p.Currency {
			return nil, gnista.Invalidf("amount.currency", "is %s, and the payment is in %s", in.Body.Amount.Currency, p.Currency)
		}
		r, err := s.Payments.GiveBack(ctx, payment.Refund{Payment: in.ID, Amount: in.Body.Amount.Amount, Reason: in.Body.Reason, Key: in.Body.IdempotencyKey, By: billing.Admin})
		return answer(showRefund(p, r), err)
	})
	add(s, api, op(http.MethodPost, "/payments/{id}/write-off", "write-off-payment", "Give up what is missing of a payment", "It becomes a bad debt. What comes later is given back."),
		func(ctx context.Context, in *struct {
			Path
			Body struct {
				Reason string `json:"reason" minLength:"1" maxLength:"200"`
			}
		}) (*body[paymentView], error) {
			p, err := s.Payments.WriteOff(ctx, in.ID, in.Body.Reason)
			return answer(showPayment(p), err)
		})
	add(s, api, op(http.MethodPost, "/payments/{id}/link", "link-payment", "Let the customer pay what is missing of a payment",
		"Tells the address of the page on which the customer does that, in a way of the customer's choice; nothing is charged by itself. It stays good. "+
			"With a provider the customer is asked by that at once, for whoever has pages of their own: then the answer says what there is to do, within a quarter of an hour. Asked again before, it is the same."),
		func(ctx context.Context, in *struct {
			Path
			Body struct {
				Provider string `json:"provider,omitempty" maxLength:"50" doc:"By which the customer is asked at once; absent leaves the choice to the customer"`
				Language string `json:"language,omitempty" enum:"sv,en" default:"sv"`
				Text     string `json:"text,omitempty" maxLength:"50" doc:"What is bought, as the customer reads it"`
				Return   string `json:"return,omitempty" maxLength:"500" format:"uri" doc:"Address that the customer comes back to; absent is the page"`
				Payer    string `json:"payer,omitempty" maxLength:"50" doc:"Phone number, where the provider asks its customers by that"`
			}
		}) (*body[linkView], error) {
			b := in.Body
			of, err := s.Payments.Store.Payment(ctx, in.ID)
			if err == nil {
				err = of.Owes(of.Short())
			}
			if err != nil {
				return nil, err
			}
			link, err := s.payLink(ctx, of.ID)
			if err != nil {
				return nil, err
			}
			code, err := newQR(link)
			if err != nil || b.Provider == "" {
				return answer(linkView{Link: link, QR: string(code.svg())}, err)
			}
			v, err := s.keyOf(ctx, link[strings.LastIndexByte(link, '/')+1:])
			if err != nil {
				return nil, err
			}
			p, err := s.askRest(ctx, v, b.Provider, of.Short(), payment.Opening{Language: b.Language, Text: b.Text, Return: b.Return, Payer: b.Payer})
			if err != nil {
				return nil, err
			}
			a, err := s.Payments.Store.Action(ctx, p.ID)
			shown := showPayment(p)
			out := linkView{Link: link, QR: string(code.svg()), Payment: &shown}
			if a.Kind != "" {
				out.Action = &actionView{a.Kind, a.Text, a.Key}
			}
			return answer(out, err)
		})
	add(s, api, op(http.MethodGet, "/receivables", "list-receivables", "List payments with providers of which something is missing",
		"What a charge cost more than was set aside, or what a card on file did not give. An account is charged again by what it has agreed to, at most once a day and a few times, and then reminded; "+
			"a guest is never charged again: send a link, or write it off. What accounts owe that pay by invoice is with the invoices."),
		func(ctx context.Context, in *struct {
			Paging
			Account string `query:"account"`
			Guests  bool   `query:"guests" doc:"Only those of guests"`
		}) (*body[page[receivableView]], error) {
			after, err := in.after()
			if err != nil {
				return nil, err
			}
			list, err := s.Payments.Store.Receivables(ctx, payment.ReceivableFilter{Account: in.Account, Guests: in.Guests, After: after, Limit: in.Limit})
			return answer(turn(in.Paging, list, showReceivable, func(r payment.Receivable) string { return r.Payment.ID }), err)
		})
}

func showRefund(p payment.Payment, r payment.Refund) refundView {
	return refundView{r.ID, p.Money(r.Amount), r.Reason, r.By, r.CreatedAt}
}

func showDispute(d payment.Dispute) disputeView {
	return disputeView{d.ID, d.Ref, d.State, gnista.Money{Amount: d.Amount, Currency: d.Currency}, d.Reason, moment(d.EvidenceDue), d.OpenedAt, d.UpdatedAt}
}

func showReceivable(r payment.Receivable) receivableView {
	return receivableView{showPayment(r.Payment), r.Payment.Money(r.Payment.Short()), r.Tries, r.Reminders, moment(r.LastAt), moment(r.NextAt)}
}
