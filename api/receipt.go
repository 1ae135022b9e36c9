package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/account"
	"gnista/billing"
	"gnista/charging"
	"gnista/payment"
	"gnista/tariff"
	"gnista/token"
)

var receiptType = reflect.TypeFor[receiptView]()

// simplifiedUntil is the most in minor units, VAT included, for which a simplified invoice will do in
// Sweden: 4000 kr.
const simplifiedUntil = 400_000

type receiptView struct {
	ID        string           `json:"id"`
	Number    int64            `json:"number" doc:"In an unbroken series"`
	Kind      string           `json:"kind" enum:"simplified,full" doc:"Of invoice that it is: full for a company with a VAT number and for more than 4000 SEK"`
	Credits   int64            `json:"credits,omitempty" doc:"Number of the receipt that this one takes back"`
	Replaces  int64            `json:"replaces,omitempty" doc:"Number of the receipt that this one stands for instead"`
	Seller    billing.Seller   `json:"seller"`
	Buyer     *buyerView       `json:"buyer,omitempty" doc:"Who pays, where it is a customer with a contract, or the company that a driver without one has named"`
	IssuedAt  time.Time        `json:"issuedAt"`
	Supply    string           `json:"supply" enum:"charging,reservation" doc:"What was sold: charging of an electric vehicle, or a reserved place that nobody came to"`
	Station   gnista.StationID `json:"station"`
	EVSE      int              `json:"evse"`
	Token     string           `json:"token,omitempty" doc:"Its last four characters"`
	StartedAt time.Time        `json:"startedAt"`
	EndedAt   time.Time        `json:"endedAt"`
	EnergyWh  int64            `json:"energyWh"`
	Begin     *readingView     `json:"meterBegin,omitempty" doc:"What the meter showed at the start"`
	End       *readingView     `json:"meterEnd,omitempty" doc:"What the meter showed at the end"`
	Lines     []receiptLine    `json:"lines" nullable:"false"`
	VATRates  []vatView        `json:"vatRates" nullable:"false"`
	Net       gnista.Money     `json:"net"`
	VAT       gnista.Money     `json:"vat"`
	Total     gnista.Money     `json:"total"`
	Signed    []signedView     `json:"signedValues,omitempty" doc:"Meter values that the meter has signed, as the station sent them"`
	Test      bool             `json:"test,omitempty" doc:"It was paid in a test mode, without real money"`
}

// Full tells whether it is more than a simplified invoice.
func (v receiptView) Full() bool { return v.Kind == "full" }

type readingView struct {
	At  *time.Time `json:"at,omitempty"`
	MWh int64      `json:"mWh" doc:"Thousandths of a Wh"`
}

// Wh is the reading in Wh.
func (r readingView) Wh() int64 { return r.MWh / 1000 }

func showReading(r *charging.Reading) *readingView {
	if r == nil {
		return nil
	}
	return &readingView{moment(r.At), r.MWh}
}

type receiptLine struct {
	Type       tariff.Dimension `json:"type" enum:"energy,time,idle,start,reservation,reserving,minimum,maximum"`
	Quantity   int64            `json:"quantity" doc:"Wh of energy, seconds of time, idle and reservation, else pieces"`
	Free       int64            `json:"free,omitempty" doc:"So much of the quantity costs nothing"`
	Added      int64            `json:"added,omitempty" doc:"So much of the quantity was not used, but comes of rounding up to whole steps"`
	Price      string           `json:"price" doc:"For 1 kWh, 1 minute or hour, 1 start or reservation, in major units"`
	PerHour    bool             `json:"perHour,omitempty" doc:"The price is for an hour"`
	PriceNet   bool             `json:"priceNet,omitempty" doc:"Price and amount are without VAT"`
	VATPercent string           `json:"vatPercent"`
	Amount     gnista.Money     `json:"amount" doc:"VAT included, unless priceNet"`
	Estimated  bool             `json:"estimated,omitempty" doc:"How the quantity was shared among prices was not measured"`
	From       *time.Time       `json:"from,omitempty" doc:"When the price began to apply"`
	To         *time.Time       `json:"to,omitempty" doc:"When it ended"`
}

// Unit is what the price is for, as a key of a text.
func (l receiptLine) Unit() string {
	if l.PerHour {
		return "per-hour"
	}
	return "per-" + string(l.Type)
}

// Timed tells whether the quantity is a time.
func (l receiptLine) Timed() bool {
	return l.Type == tariff.Time || l.Type == tariff.Idle || l.Type == tariff.Reservation
}

// Charging tells whether energy was sold.
func (v receiptView) Charging() bool { return v.Supply == "charging" }

// Limit tells whether the line is what a least or most price adds or takes away.
func (l receiptLine) Limit() bool { return l.Quantity == 0 }

type vatView struct {
	Percent string       `json:"percent"`
	Net     gnista.Money `json:"net"`
	VAT     gnista.Money `json:"vat"`
	Gross   gnista.Money `json:"gross"`
}

type buyerView struct {
	Customer  string          `json:"customer,omitempty" doc:"Id of the customer"`
	Name      string          `json:"name"`
	Number    string          `json:"number,omitempty" doc:"Registration number"`
	VAT       string          `json:"vat,omitempty" doc:"VAT number"`
	Address   account.Address `json:"address"`
	Reference string          `json:"reference,omitempty" doc:"The buyer's"`
}

func showBuyer(b billing.Buyer) buyerView {
	return buyerView{b.ID, b.Name, b.Number, b.VAT, b.Address, b.Reference}
}

// Lines are the address as it is written.
func (b buyerView) Lines() (list []string) {
	for _, s := range []string{b.Address.Street, strings.TrimSpace(b.Address.PostalCode + " " + b.Address.City)} {
		if s != "" {
			list = append(list, s)
		}
	}
	if c := b.Address.Country; c != "" && c != "SE" {
		list = append(list, c)
	}
	return list
}

type signedView struct {
	At        time.Time          `json:"at"`
	Context   charging.Context   `json:"context,omitempty" enum:"begin,end" doc:"Of the transaction; absent in between"`
	Measurand charging.Measurand `json:"measurand"`
	Data      string             `json:"data" doc:"As the station sent it"`
	Encoding  string             `json:"encoding,omitempty" doc:"As in OCMF; absent where the station does not say"`
	Method    string             `json:"method,omitempty" doc:"Of signing"`
	PublicKey string             `json:"publicKey,omitempty"`
}

func showVAT(list []tariff.VATSum, currency string) []vatView {
	out := make([]vatView, len(list))
	money := func(amount int64) gnista.Money { return gnista.Money{Amount: amount, Currency: currency} }
	for i, x := range list {
		out[i] = vatView{string(x.Rate), money(x.Net), money(x.VAT), money(x.Gross)}
	}
	return out
}

func showLines(b tariff.Bill) []receiptLine {
	list := make([]receiptLine, len(b.Lines))
	for i, l := range b.Lines {
		list[i] = receiptLine{
			Type: l.Dimension, Quantity: l.Quantity, Free: l.Free, Added: l.Added, Price: string(l.Price), PerHour: l.PerHour, PriceNet: b.NetPrices, VATPercent: string(l.VAT),
			Amount: gnista.Money{Amount: l.Amount, Currency: b.Total.Currency}, Estimated: l.Estimated,
		}
		if n := len(l.Periods); n > 0 {
			list[i].From, list[i].To = moment(l.Periods[0].From), moment(l.Periods[n-1].To)
		}
	}
	return list
}

// receipt is a record for the one who pays, and for whoever has the link.
func (s *Server) receipt(ctx context.Context, r billing.Record) (receiptView, error) {
	currency := r.Bill.Total.Currency
	v := receiptView{
		ID: r.ID, Number: r.Number, Kind: "simplified", Seller: s.Invoices.Seller, IssuedAt: r.IssuedAt, Supply: "charging", Station: r.Station, EVSE: r.EVSE.ID, StartedAt: r.StartedAt,
		EndedAt: r.EndedAt, EnergyWh: r.EnergyWh, Net: r.Bill.Net, VAT: r.Bill.Tax, Total: r.Bill.Total, VATRates: showVAT(r.Bill.VAT, currency), Lines: showLines(r.Bill),
	}
	if r.Reservation != "" {
		v.Supply = "reservation"
	}
	if r.Token.UID != "" {
		v.Token = token.Mask(r.Token.UID)
	}
	if amount := r.Bill.Total.Amount; amount > simplifiedUntil || amount < -simplifiedUntil {
		v.Kind = "full"
	}
	if r.Corrects != "" {
		other, err := s.Records.Store.Record(ctx, r.Corrects)
		if err != nil {
			return v, err
		}
		if r.Kind == billing.Credit {
			v.Credits = other.Number
		} else {
			v.Replaces = other.Number
		}
	}
	if err := s.payerOf(ctx, r, &v); err != nil {
		return v, err
	}
	found, err := s.Payments.Store.Payments(ctx, payment.Filter{Transaction: r.Transaction, Limit: 1})
	if err != nil {
		return v, err
	}
	for _, p := range found {
		x, ok := s.Payments.Providers[p.Provider]
		v.Test = ok && x.Caps().Test
	}
	if err := s.guestOf(ctx, r, &v); err != nil {
		return v, err
	}
	return v, s.measured(ctx, r, &v)
}

// guestOf adds for whom the receipt is where a driver without a contract has said so. What was paid in a test mode
// stays so, whatever is set up now.
func (s *Server) guestOf(ctx context.Context, r billing.Record, v *receiptView) error {
	c, err := s.Desk.Of(ctx, r.Transaction)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return nil
	}
	if err != nil {
		return err
	}
	v.Test = v.Test || c.Test
	if x := c.Company; x != nil {
		v.Buyer = &buyerView{Name: x.Name, VAT: x.VATNumber, Reference: x.Reference}
	}
	return nil
}

// payerOf adds who pays. A customer that was deleted is not told.
func (s *Server) payerOf(ctx context.Context, r billing.Record, v *receiptView) error {
	if r.Account == "" {
		c, err := s.Desk.Store.CheckoutOf(ctx, r.Transaction)
		if err != nil && gnista.CodeOf(err) != gnista.NotFound {
			return err
		}
		if err == nil { // what was made for it alone is no card of the driver
			v.Token = ""
		}
		if c.Company != nil { // as the driver has asked for
			v.Buyer = &buyerView{Name: c.Company.Name, VAT: c.Company.VATNumber, Reference: c.Company.Reference}
		}
		return nil
	}
	a, err := s.Invoices.Accounts.Account(ctx, r.Account)
	var c account.Customer
	if err == nil && a.Customer != "" {
		c, err = s.Invoices.Accounts.Customer(ctx, a.Customer)
	}
	if err != nil && gnista.CodeOf(err) != gnista.NotFound {
		return err
	}
	full := c.Kind == account.Company && c.VAT != ""
	if full {
		v.Kind = "full"
	}
	if c.ID != "" && (full || v.Kind == "full") { // on a simplified one nobody is named: whoever has the link may see it
		b := showBuyer(billing.BuyerOf(c))
		b.Customer = ""
		v.Buyer = &b
	}
	return nil
}

// measured adds what the meter said.
func (s *Server) measured(ctx context.Context, r billing.Record, v *receiptView) error {
	if r.Transaction == "" {
		return nil
	}
	t, err := s.Transactions.Store.Transaction(ctx, r.Transaction)
	if err != nil && gnista.CodeOf(err) != gnista.NotFound {
		return err
	}
	if err == nil {
		v.Begin, v.End = showReading(t.Meter.Begin), showReading(t.Meter.End)
		if v.Begin != nil && v.Begin.At == nil {
			v.Begin.At = moment(t.StartedAt)
		}
		if v.End != nil && v.End.At == nil {
			v.End.At = moment(t.EndedAt)
		}
	}
	signed, err := s.Transactions.Store.SignedValues(ctx, r.Transaction)
	for _, x := range signed {
		v.Signed = append(v.Signed, signedView(x))
	}
	return err
}

// document is what something is asked for as.
type document int

const (
	asJSON document = iota
	asPage
	asPDF
)

// asked is the id of a path, which may end with .pdf, and as what its subject is asked for.
func asked(id, accept string) (string, document) {
	if own, ok := strings.CutSuffix(id, ".pdf"); ok {
		return own, asPDF
	}
	switch {
	case strings.Contains(accept, "text/html"):
		return id, asPage
	case strings.Contains(accept, "application/pdf"):
		return id, asPDF
	}
	return id, asJSON
}

// documented are the answers of an operation that shows something as JSON, as a page or as a PDF.
func documented(api huma.API, t reflect.Type) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
		"application/json": {Schema: huma.SchemaFromType(api.OpenAPI().Components.Schemas, t)}, "text/html": {}, "application/pdf": {},
	}}}
}

// serve answers with something as it was asked for. pdf makes its PDF.
func (s *Server) serve(as document, page, accept, name string, v any, pdf func(language) ([]byte, error)) (*huma.StreamResponse, error) {
	var text []byte
	if as == asPDF {
		var err error
		if text, err = pdf(languageOf(accept)); err != nil {
			return nil, fmt.Errorf("making a PDF: %w", err)
		}
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Vary", "Accept, Accept-Language")
		c.SetHeader("Cache-Control", "private, no-cache")
		switch as {
		case asPage:
			secure(c.SetHeader)
			s.show(c.BodyWriter(), page, accept, v)
		case asPDF:
			c.SetHeader("Content-Type", "application/pdf")
			c.SetHeader("Content-Disposition", `inline; filename="`+name+`.pdf"`)
			c.SetHeader("X-Content-Type-Options", "nosniff")
			c.BodyWriter().Write(text)
		default:
			c.SetHeader("Content-Type", "application/json")
			write(c.BodyWriter(), v)
		}
	}}, nil
}

func (s *Server) receipts(api huma.API) {
	type Path struct {
		ID string `path:"id" doc:"That of the charge record; with .pdf behind it, the receipt as a PDF"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/receipts/{id}", OperationID: "get-receipt", Summary: "Show a receipt", Tags: []string{"Billing"},
		Description: "As JSON, or as a page for those who accept text/html, or as a PDF for those who accept application/pdf. The id is that of the charge record and needs no token: whoever has the link may see it.",
		Responses:   documented(api, receiptType),
	}, func(ctx context.Context, in *struct {
		Path
		Accept   string `header:"Accept"`
		Language string `header:"Accept-Language"`
	}) (*huma.StreamResponse, error) {
		id, as := asked(in.ID, in.Accept)
		r, err := s.Records.Store.Record(ctx, id)
		if err != nil {
			return nil, err
		}
		v, err := s.receipt(ctx, r)
		if err != nil {
			return nil, err
		}
		return s.serve(as, "receipt.html", in.Language, fmt.Sprintf("receipt-%d", v.Number), v, func(l language) ([]byte, error) { return s.receiptPDF(l, v) })
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/receipts/{id}/signed-values", OperationID: "get-receipt-signed-values", Summary: "Download the signed meter values of a receipt", Tags: []string{"Billing"},
		Description: "As the station sent them, for a program that checks signatures. Who may see the receipt may have them.",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" doc:"That of the charge record"`
	}) (*struct {
		Disposition string `header:"Content-Disposition"`
		Body        struct {
			Receipt int64        `json:"receipt" doc:"Its number"`
			Values  []signedView `json:"signedValues" nullable:"false"`
		}
	}, error) {
		r, err := s.Records.Store.Record(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		var v receiptView
		if err := s.measured(ctx, r, &v); err != nil {
			return nil, err
		}
		out := &struct {
			Disposition string `header:"Content-Disposition"`
			Body        struct {
				Receipt int64        `json:"receipt" doc:"Its number"`
				Values  []signedView `json:"signedValues" nullable:"false"`
			}
		}{Disposition: fmt.Sprintf(`attachment; filename="receipt-%d-signed-values.json"`, r.Number)}
		out.Body.Receipt, out.Body.Values = r.Number, append([]signedView{}, v.Signed...)
		return out, nil
	})
}
