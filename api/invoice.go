package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/billing"
)

var invoiceType = reflect.TypeFor[invoiceView]()

type invoiceView struct {
	ID        string               `json:"id"`
	Number    int64                `json:"number" doc:"In one unbroken series with those of credit notes"`
	Kind      billing.InvoiceKind  `json:"kind" enum:"invoice,credit-note"`
	State     billing.InvoiceState `json:"state" enum:"issued,overdue,paid,credited,written-off" doc:"A credit note is paid from the beginning: its amount is the account's to use"`
	Account   string               `json:"account"`
	Run       string               `json:"run,omitempty" doc:"Id of the run that made it"`
	IssuedAt  time.Time            `json:"issuedAt"`
	Date      string               `json:"date" format:"date"`
	Due       string               `json:"due" format:"date"`
	From      time.Time            `json:"from" doc:"When the first charging on it began"`
	To        time.Time            `json:"to" doc:"When the last charging on it ended"`
	Reference string               `json:"reference" doc:"That a payment must bear (OCR): the number with its check digit"`
	Seller    billing.Seller       `json:"seller"`
	Buyer     buyerView            `json:"buyer"`
	Credits   int64                `json:"credits,omitempty" doc:"Number of the invoice that a credit note takes back as a whole"`
	Refers    []int64              `json:"refers,omitempty" doc:"Numbers of earlier invoices that its lines correct"`
	Lines     []invoiceLine        `json:"lines,omitempty" doc:"Absent in lists"`
	VATRates  []vatView            `json:"vatRates" nullable:"false" doc:"The VAT of the records added up, rate by rate; never made anew from the sum"`
	Net       gnista.Money         `json:"net"`
	VAT       gnista.Money         `json:"vat"`
	Total     gnista.Money         `json:"total"`
	Fees      gnista.Money         `json:"fees" doc:"Of reminders, to be paid as well; without VAT"`
	Paid      gnista.Money         `json:"paid"`
	Open      gnista.Money         `json:"open" doc:"What is still to be paid"`
	Reminders int                  `json:"reminders" doc:"That were sent"`
	Note      string               `json:"note,omitempty" doc:"Why it was credited or written off"`
}

type invoiceLine struct {
	Record    string           `json:"record" doc:"Id of the charge record, and so of the receipt"`
	Number    int64            `json:"number" doc:"Of the record"`
	Corrects  int64            `json:"corrects,omitempty" doc:"Number of the record that it takes back or replaces"`
	Station   gnista.StationID `json:"station"`
	Place     string           `json:"place,omitempty" doc:"Name of the site"`
	EVSE      int              `json:"evse"`
	StartedAt time.Time        `json:"startedAt"`
	EndedAt   time.Time        `json:"endedAt"`
	EnergyWh  int64            `json:"energyWh"`
	Reserved  bool             `json:"reserved,omitempty" doc:"It is for a reservation that nobody came for"`
	VATRates  []vatView        `json:"vatRates" nullable:"false"`
	Net       gnista.Money     `json:"net"`
	VAT       gnista.Money     `json:"vat"`
	Total     gnista.Money     `json:"total"`
}

func showInvoice(v billing.Invoice) invoiceView {
	out := invoiceView{
		ID: v.ID, Number: v.Number, Kind: v.Kind, State: v.State, Account: v.Account, Run: v.Run, IssuedAt: v.IssuedAt, Date: v.Date, Due: v.Due, From: v.From, To: v.To,
		Reference: v.Reference, Seller: v.Seller, Buyer: showBuyer(v.Buyer), Credits: v.Credits, Refers: v.Refers, VATRates: showVAT(v.VAT, v.Currency),
		Net: v.Money(v.Net), VAT: v.Money(v.Tax), Total: v.Money(v.Total), Fees: v.Money(v.Fees), Paid: v.Money(v.Paid), Open: v.Money(v.Open()), Reminders: v.Reminders, Note: v.Note,
	}
	for _, l := range v.Lines {
		x := invoiceLine{
			Record: l.Record, Number: l.Number, Corrects: l.Corrects, Station: l.Station, Place: l.Place, EVSE: l.EVSE, StartedAt: l.StartedAt, EndedAt: l.EndedAt, EnergyWh: l.EnergyWh, Reserved: l.Reserved,
			VATRates: showVAT(l.VAT, v.Currency), Net: v.Money(0), VAT: v.Money(0), Total: v.Money(l.Total),
		}
		for _, r := range l.VAT {
			x.Net.Amount += r.Net
			x.VAT.Amount += r.VAT
		}
		out.Lines = append(out.Lines, x)
	}
	return out
}

// Credit tells whether it is a credit note.
func (v invoiceView) Credit() bool { return v.Kind == billing.CreditNote }

type invoicePaymentView struct {
	ID        string                `json:"id"`
	Reference string                `json:"reference"`
	Source    billing.PaymentSource `json:"source" enum:"bank,deposit"`
	Amount    gnista.Money          `json:"amount"`
	Applied   gnista.Money          `json:"applied" doc:"To the invoice; the rest is the account's to use"`
	At        time.Time             `json:"at"`
	CreatedAt time.Time             `json:"createdAt"`
}

type reminderView struct {
	ID     string       `json:"id"`
	Number int64        `json:"number" doc:"In an unbroken series of reminders"`
	Level  int          `json:"level" doc:"1 is the first of the invoice"`
	Fee    gnista.Money `json:"fee"`
	Open   gnista.Money `json:"open" doc:"What is to be paid, fees included"`
	Date   string       `json:"date" format:"date"`
	Due    string       `json:"due" format:"date"`
}

// InvoicePath is the invoice in a path.
type InvoicePath struct {
	ID string `path:"id" doc:"Id of the invoice"`
}

func (s *Server) invoices(api huma.API) {
	op := func(method, path, id, summary, description string) huma.Operation {
		return huma.Operation{Method: method, Path: "/invoices" + path, OperationID: id, Summary: summary, Tags: []string{"Invoices"}, Description: description}
	}
	add(s, api, op(http.MethodGet, "", "list-invoices", "List invoices and credit notes, the newest first", ""), func(ctx context.Context, in *struct {
		Paging
		Account string               `query:"account" doc:"Only those of this account"`
		Run     string               `query:"run" doc:"Only those that this run made"`
		State   billing.InvoiceState `query:"state" enum:"issued,overdue,paid,credited,written-off" doc:"Only those in this state"`
	}) (*body[page[invoiceView]], error) {
		before, err := in.below()
		if err != nil {
			return nil, err
		}
		list, err := s.Invoices.Store.Invoices(ctx, billing.InvoiceFilter{Account: in.Account, Run: in.Run, State: in.State, Before: before, Limit: in.Limit})
		return answer(turn(in.Paging, list, showInvoice, func(v billing.Invoice) string { return strconv.FormatInt(v.Number, 10) }), err)
	})
	get := op(http.MethodGet, "/{id}", "get-invoice", "Show an invoice or a credit note", "As JSON, or as a page for those who accept text/html, or as a PDF for those who accept application/pdf. Page and PDF are in the customer's language, or else in the reader's.")
	get.Responses = documented(api, invoiceType)
	add(s, api, get, func(ctx context.Context, in *struct {
		ID       string `path:"id" doc:"Id of the invoice; with .pdf behind it, the invoice as a PDF"`
		Accept   string `header:"Accept"`
		Language string `header:"Accept-Language"`
	}) (*huma.StreamResponse, error) {
		id, as := asked(in.ID, in.Accept)
		v, err := s.Invoices.Store.Invoice(ctx, id)
		if err != nil {
			return nil, err
		}
		shown := showInvoice(v)
		return s.serve(as, "invoice.html", acceptOf(v.Language, in.Language), fmt.Sprintf("%s-%d", v.Kind, v.Number), shown, func(l language) ([]byte, error) { return s.invoicePDF(l, shown) })
	})
	add(s, api, op(http.MethodGet, "/{id}/ubl", "get-invoice-ubl", "Get an invoice for Peppol", "UBL 2.1 by Peppol BIS Billing 3, as an access point sends it. Conflict tells what is missing of the seller or the customer."),
		func(ctx context.Context, in *InvoicePath) (*struct {
			Type        string `header:"Content-Type"`
			Disposition string `header:"Content-Disposition"`
			Body        []byte
		}, error) {
			v, err := s.Invoices.Store.Invoice(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			text, err := billing.UBL(v, s.Zone)
			return &struct {
				Type        string `header:"Content-Type"`
				Disposition string `header:"Content-Disposition"`
				Body        []byte
			}{"application/xml; charset=utf-8", fmt.Sprintf(`attachment; filename="%s-%d.xml"`, v.Kind, v.Number), text}, err
		})
	credit := op(http.MethodPost, "/{id}/credit", "credit-invoice", "Take an invoice back by a credit note", "As a whole. Its charge records are on no invoice then and come on the next: to take a charge back itself, correct its record. What was paid for the invoice is the account's to use.")
	credit.DefaultStatus = http.StatusCreated
	add(s, api, credit, func(ctx context.Context, in *struct {
		InvoicePath
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Stands on the credit note"`
		}
	}) (*body[invoiceView], error) {
		v, err := s.Invoices.Credit(ctx, in.ID, in.Body.Reason)
		return answer(showInvoice(v), err)
	})
	add(s, api, op(http.MethodPost, "/{id}/write-off", "write-off-invoice", "Give up what is still to be paid for an invoice", ""), func(ctx context.Context, in *struct {
		InvoicePath
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"500"`
			Final  bool   `json:"final,omitempty" doc:"The loss is established, so that its VAT is taken back as well; absent where it is only feared"`
		}
	}) (*body[invoiceView], error) {
		v, err := s.Invoices.WriteOff(ctx, in.ID, in.Body.Reason, in.Body.Final)
		return answer(showInvoice(v), err)
	})
	s.invoicePayments(api, op)
	s.reminders(api, op)
}

type operation func(method, path, id, summary, description string) huma.Operation

func (s *Server) invoicePayments(api huma.API, op operation) {
	add(s, api, op(http.MethodPost, "/{id}/payments", "pay-invoice", "Take in a payment for an invoice", "In parts or as a whole. What is too much is the account's to use. The same reference again changes nothing."),
		func(ctx context.Context, in *struct {
			InvoicePath
			Body struct {
				Amount    gnista.Money          `json:"amount"`
				At        *time.Time            `json:"at,omitempty" doc:"When it came; absent is now"`
				Reference string                `json:"reference" minLength:"1" maxLength:"100" doc:"By which the bank knows it; no payment of the invoice has the same"`
				Source    billing.PaymentSource `json:"source,omitempty" enum:"bank,deposit" doc:"deposit: from what the account paid too much or was credited. Absent is bank"`
			}
		}) (*body[invoiceView], error) {
			if err := kept("at", in.Body.At); err != nil {
				return nil, err
			}
			v, err := s.Invoices.Store.Invoice(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			if in.Body.Amount.Currency != v.Currency {
				return nil, gnista.Invalidf("amount.currency", "is not %s, that of the invoice", v.Currency)
			}
			p := billing.InvoicePayment{Reference: in.Body.Reference, Amount: in.Body.Amount.Amount, Source: billing.FromBank}
			set(&p.At, in.Body.At)
			if in.Body.Source != "" {
				p.Source = in.Body.Source
			}
			v, err = s.Invoices.Pay(ctx, in.ID, p)
			return answer(showInvoice(v), err)
		})
	add(s, api, op(http.MethodGet, "/{id}/payments", "list-invoice-payments", "List what was paid for an invoice, the oldest first", ""), func(ctx context.Context, in *InvoicePath) (*body[page[invoicePaymentView]], error) {
		v, err := s.Invoices.Store.Invoice(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		list, err := s.Invoices.Store.InvoicePayments(ctx, in.ID)
		out := page[invoicePaymentView]{Items: make([]invoicePaymentView, len(list))}
		for i, p := range list {
			out.Items[i] = invoicePaymentView{p.ID, p.Reference, p.Source, v.Money(p.Amount), v.Money(p.Applied), p.At, p.CreatedAt}
		}
		return answer(out, err)
	})
}

func (s *Server) reminders(api huma.API, op operation) {
	show := func(v billing.Invoice) func(billing.Reminder) reminderView {
		return func(r billing.Reminder) reminderView {
			return reminderView{r.ID, r.Number, r.Level, v.Money(r.Fee), v.Money(r.Open), r.Date, r.Due}
		}
	}
	remind := op(http.MethodPost, "/{id}/reminders", "remind-of-invoice", "Remind of an invoice that is overdue", "For the fee of the setting --reminder-fee, unless it is waived.")
	remind.DefaultStatus = http.StatusCreated
	add(s, api, remind, func(ctx context.Context, in *struct {
		InvoicePath
		Body struct {
			WithoutFee bool `json:"withoutFee,omitempty" doc:"Waive the fee, as where none was agreed"`
		}
	}) (*body[reminderView], error) {
		r, err := s.Invoices.Remind(ctx, in.ID, !in.Body.WithoutFee)
		if err != nil {
			return nil, err
		}
		v, err := s.Invoices.Store.Invoice(ctx, in.ID)
		return answer(show(v)(r), err)
	})
	add(s, api, op(http.MethodGet, "/{id}/reminders", "list-reminders", "List the reminders of an invoice, the oldest first", ""), func(ctx context.Context, in *InvoicePath) (*body[page[reminderView]], error) {
		v, err := s.Invoices.Store.Invoice(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		list, err := s.Invoices.Store.Reminders(ctx, in.ID)
		out := page[reminderView]{Items: make([]reminderView, len(list))}
		for i, r := range list {
			out.Items[i] = show(v)(r)
		}
		return answer(out, err)
	})
	get := op(http.MethodGet, "/{id}/reminders/{level}", "get-reminder", "Show a reminder of an invoice", "As JSON, or as a PDF for those who accept application/pdf.")
	get.Responses = documented(api, reflect.TypeFor[reminderView]())
	add(s, api, get, func(ctx context.Context, in *struct {
		InvoicePath
		Level    string `path:"level" doc:"1 is the first of the invoice; with .pdf behind it, the reminder as a PDF"`
		Accept   string `header:"Accept"`
		Language string `header:"Accept-Language"`
	}) (*huma.StreamResponse, error) {
		level, as := asked(in.Level, in.Accept)
		if as == asPage {
			as = asJSON
		}
		v, err := s.Invoices.Store.Invoice(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		list, err := s.Invoices.Store.Reminders(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			if strconv.Itoa(r.Level) == level {
				shown := show(v)(r)
				return s.serve(as, "", acceptOf(v.Language, in.Language), fmt.Sprintf("reminder-%d", r.Number), shown, func(l language) ([]byte, error) { return s.reminderPDF(l, showInvoice(v), shown) })
			}
		}
		return nil, gnista.Errorf(gnista.NotFound, "invoice %d has no reminder %q", v.Number, level)
	})
}

// acceptOf is the languages of a document: that of the customer before those of the reader.
func acceptOf(customer, reader string) string { return strings.TrimPrefix(customer+","+reader, ",") }
