package power

import (
	"context"
	"fmt"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/station"
)

// Settlement is what a station's payment terminal came to. (OCPP 2.1 C21, C22)
type Settlement struct {
	Noted
	Reference   string    `json:"reference" doc:"Of the payment provider"`
	Status      string    `json:"status" enum:"settled,cancelled,rejected,failed"`
	Amount      Milli     `json:"amount" doc:"In the currency of the terminal"`
	At          time.Time `json:"at"`
	Transaction string    `json:"transaction,omitempty" doc:"Id of the transaction, where it is known"`
	Ref         string    `json:"ref,omitempty" doc:"Its name in OCPP"`
	Receipt     string    `json:"receipt,omitempty"`
	ReceiptURL  string    `json:"receiptUrl,omitempty"`
	Info        string    `json:"info,omitempty"`
	VATNumber   string    `json:"vatNumber,omitempty"`
	Company     *Company  `json:"company,omitempty"`
}

func (*Settlement) kind() string { return "settlement" }
func (s *Settlement) key() string {
	return fmt.Sprintf("%s %s %s", s.Reference, s.Status, s.At.UTC().Format(time.RFC3339))
}

// TakeSettlement takes in what a payment came to, once.
func (p *Power) TakeSettlement(ctx context.Context, id gnista.StationID, s Settlement) error {
	if s.Ref != "" { // it has ended by now
		list, err := p.Transactions.Store.Transactions(ctx, charging.Filter{Station: id, Limit: maxActive})
		if err != nil {
			return err
		}
		for _, t := range list {
			if t.Ref == s.Ref {
				s.Transaction = t.ID
				break
			}
		}
	}
	return note(ctx, p, id, &s, p.event("payment.settlement", id, map[string]any{"status": s.Status, "amount": s.Amount, "transaction": s.Transaction, "reference": s.Reference}))
}

// Company is who has a VAT number.
type Company struct {
	Name       string `json:"name"`
	Address    string `json:"address"`
	Address2   string `json:"address2,omitempty"`
	PostalCode string `json:"postalCode,omitempty"`
	City       string `json:"city"`
	Country    string `json:"country"`
}

// VATRegister knows companies by their VAT numbers.
type VATRegister interface {
	// Company finds a company. NotFound when the number is nobody's.
	Company(ctx context.Context, number string) (Company, error)
}

// Company finds the company with a VAT number, for a station that asks. NotFound; Unsupported when no
// register is set up. (OCPP 2.1 C18.FR.09)
func (p *Power) Company(ctx context.Context, number string) (Company, error) {
	if p.VAT == nil {
		return Company{}, gnista.Errorf(gnista.Unsupported, "no register of VAT numbers is set up")
	}
	return p.VAT.Company(ctx, number)
}

// WebPayment tells a station that somebody is paying for an EVSE on the web. (OCPP 2.1 C25.FR.21)
type WebPayment struct {
	EVSE    int
	Timeout int // in seconds: so long nobody else should
}

func (WebPayment) Answers() (a station.Answer) { return a }

func (o WebPayment) Told() station.Told {
	return station.Told{Kind: "web-payment", Note: place(o.EVSE)}
}

func (o WebPayment) Check() error {
	if o.EVSE < 0 {
		return gnista.Invalidf("evse", "is negative")
	}
	if o.Timeout < 1 {
		return gnista.Invalidf("timeoutSeconds", "must be 1 or more")
	}
	return nil
}
