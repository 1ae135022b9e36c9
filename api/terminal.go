package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/payment"
	"gnista/payment/terminal"
	"gnista/station"
	"gnista/token"
	"gnista/vat"
)

type settlementView struct {
	ID          string          `json:"id"`
	Payment     string          `json:"payment,omitempty" doc:"Id; absent where no payment is known by the reference"`
	Reference   string          `json:"reference" doc:"Of the payment provider"`
	Status      terminal.Status `json:"status" enum:"settled,cancelled,rejected,failed"`
	Amount      gnista.Money    `json:"amount" doc:"That was taken, or was to be; in the currency of the payment, or of the tariff that held"`
	At          time.Time       `json:"at"`
	Transaction string          `json:"transaction,omitempty" doc:"Id of the transaction, where it is known"`
	Ref         string          `json:"ref,omitempty" doc:"Its name in OCPP"`
	Receipt     string          `json:"receipt,omitempty" doc:"Id of the terminal's own receipt"`
	ReceiptURL  string          `json:"receiptUrl,omitempty"`
	Info        string          `json:"info,omitempty"`
	VATNumber   string          `json:"vatNumber,omitempty"`
	Company     *vat.Company    `json:"company,omitempty"`
	ReceivedAt  time.Time       `json:"receivedAt" doc:"By our clock"`
}

func showSettlement(s terminal.Settlement) settlementView {
	return settlementView{s.ID, s.Payment, s.Reference, s.Status, s.Amount, s.At, s.Transaction, s.Ref, s.Receipt, s.ReceiptURL, s.Info, s.VATNumber, s.Company, s.ReceivedAt}
}

type cardView struct {
	Brand string `json:"brand,omitempty" maxLength:"50"`
	Last4 string `json:"last4,omitempty" pattern:"^[0-9]{4}$" patternDescription:"its last four digits"`
}

func (s *Server) terminals(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/settlements", OperationID: "list-settlements", Summary: "List what payments at a station's terminal came to, the newest first", Tags: []string{"Payments"},
	}, func(ctx context.Context, in *struct {
		StationPath
		Paging
	}) (*body[page[settlementView]], error) {
		before, err := in.after()
		if err != nil {
			return nil, err
		}
		if _, err := s.Network.Store.Station(ctx, in.Station); err != nil {
			return nil, err
		}
		list, err := s.Terminals.Store.Settlements(ctx, in.Station, before, in.Limit)
		return answer(turn(in.Paging, list, showSettlement, func(x terminal.Settlement) string { return x.ID }), err)
	})

	type settlement struct {
		Reference string          `json:"reference" minLength:"1" maxLength:"255" doc:"Of the payment provider, as it was given with the payment"`
		Status    terminal.Status `json:"status" enum:"settled,cancelled,rejected,failed" doc:"rejected: by the payment provider; failed: for a technical reason"`
		Amount    gnista.Money    `json:"amount" doc:"That was taken, or was to be"`
		At        *time.Time      `json:"at,omitempty" doc:"Absent: now"`
		Info      string          `json:"info,omitempty" maxLength:"500"`
	}
	type receipt struct {
		Receipt string `json:"receipt,omitempty" doc:"Id of the receipt; absent where there is none yet"`
		URL     string `json:"url,omitempty" doc:"Under which whoever has it may see the receipt"`
	}
	command(s, api, "settlements", "Tell what a payment at a kiosk came to", "For kiosks, which do not speak OCPP. The same again, with the same time, changes nothing.",
		func(ctx context.Context, id gnista.StationID, in settlement) (*body[receipt], error) {
			if err := kept("at", in.At); err != nil {
				return nil, err
			}
			if in.Amount.Amount < 0 {
				return nil, gnista.Invalidf("amount.amount", "is negative")
			}
			p, err := s.Terminals.Store.TerminalPayment(ctx, id, in.Reference)
			if err != nil {
				return nil, err
			}
			if in.Amount.Currency != p.Currency {
				return nil, gnista.Invalidf("amount.currency", "the payment is one of %s", p.Currency)
			}
			x := terminal.Settlement{Station: id, Reference: in.Reference, Status: in.Status, Amount: in.Amount, At: s.Now(), Info: in.Info}
			set(&x.At, in.At)
			a, err := s.Terminals.Take(ctx, terminal.Told{Settlement: x})
			return answer(receipt{a.Receipt, a.ReceiptURL}, err)
		})

	type kiosk struct {
		EVSE      int          `json:"evse" minimum:"1"`
		Reference string       `json:"reference" minLength:"1" maxLength:"255" doc:"Of the payment provider. The station gets it as the token of the charge, which in OCPP 1.6 has 20 characters at the most, and in 2.0.1 36."`
		Amount    gnista.Money `json:"amount" doc:"That the kiosk has set aside; the charge is ended before it costs more"`
		Card      *cardView    `json:"card,omitempty" doc:"For the receipt"`
	}
	type started struct {
		Payment string     `json:"payment" doc:"Id. What is due of it is in GET /payments/{id} when the charge has ended, and what the kiosk then did is told by POST /stations/{station}/settlements."`
		Answer  AnswerView `json:"answer"`
	}
	command(s, api, "kiosk-payments", "Start a charge that is paid at a kiosk", "The kiosk has set an amount aside. Where the station does not start, the payment is given up at once, and the kiosk is to release it. The same reference again does not start another charge.",
		func(ctx context.Context, id gnista.StationID, in kiosk) (*body[started], error) {
			if _, err := s.Network.Store.Station(ctx, id); err != nil {
				return nil, err
			}
			var card terminal.Card
			if in.Card != nil {
				card = terminal.Card(*in.Card)
			}
			p, err := s.Terminals.OpenKiosk(ctx, id, in.EVSE, in.Reference, in.Amount, card)
			if err != nil {
				return nil, err
			}
			if p.Transaction != "" {
				return nil, gnista.Errorf(gnista.Conflict, "payment %s pays for transaction %s", p.ID, p.Transaction)
			}
			a, err := s.Transactions.Start(ctx, id, in.EVSE, token.ID{UID: in.Reference, Type: token.DirectPayment})
			// Only where it is not known whether the station starts, it may yet.
			if refused := err == nil && a.Status != station.Done && a.Status != station.Scheduled; refused || err != nil && gnista.CodeOf(err) != gnista.Timeout {
				if failed := s.Terminals.GiveUp(context.WithoutCancel(ctx), p.ID, payment.Cause{Kind: payment.ByPerson, ID: "kiosk"}); failed != nil && gnista.CodeOf(failed) != gnista.Conflict {
					return nil, failed
				}
			}
			return answer(started{p.ID, AnswerView{a.Status, a.Detail, a.Outcome, a.Command}}, s.Network.Explain(ctx, id, err))
		})

	type dynamicCode struct {
		EVSE int   `json:"evse,omitempty" minimum:"0" doc:"0 or absent is the station as a whole, where that has one place for all of its codes"`
		On   *bool `json:"on,omitempty" doc:"false switches them off; absent: true"`
	}
	command(s, api, "dynamic-qr", "Have a station show QR codes that change, or no longer", "A secret is made for it, with which the station makes addresses of our payment page that are good for half a minute and for one checkout (OCPP 2.1 C25; in OCPP 1.6 by the keys of Secure Dynamic QR Codes).",
		func(ctx context.Context, id gnista.StationID, in dynamicCode) (*body[page[settingResult]], error) {
			list, err := s.Dynamic.Switch(ctx, id, in.EVSE, in.On == nil || *in.On)
			return written(list, s.Network.Explain(ctx, id, err))
		})
}
