package main

import (
	"context"
	"fmt"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/store"
)

// noSeller is who sells where nobody has said it.
const noSeller = "(seller not set)"

// invoicing is who sells, and when and how accounts are sent invoices and reminders.
type invoicing struct {
	SellerName     string `help:"Who sells the energy, for receipts and invoices." default:"(seller not set)"`
	SellerNumber   string `help:"The seller's registration number."`
	SellerVAT      string `help:"The seller's VAT number." name:"seller-vat"`
	SellerAddress  string `help:"The seller's address, as in \"Storgatan 1, 123 45 Staden\"."`
	SellerCountry  string `help:"The seller's country, ISO 3166-1 alpha-2." default:"SE"`
	SellerBankgiro string `help:"The bankgiro that invoices are paid to."`
	SellerFTax     bool   `help:"The seller is approved for F-tax, which invoices then say." name:"seller-f-tax"`
	SellerEndpoint string `help:"The seller's electronic address in Peppol, as in 0007:5560360793. Without it, that of the registration number of a Swedish one."`

	SupportPhone string `help:"Phone number that drivers can call, as in \"08-465 004 04\". It is on the pages on which they pay and on labels."`

	InvoiceDay    int   `help:"Day of the month, 1 to 28, on which invoices are made for what was charged before that month. 0 is never: by the API only."`
	InvoiceTerms  int   `help:"Days that an invoice gives to pay where the account says none." default:"30"`
	ReminderDays  int   `help:"Days after an invoice was due when it is reminded of, once. 0 is never: by the API only."`
	ReminderFee   int64 `help:"Fee of a reminder in minor units of --currency; 6000 is 60 kr. Only where customers have agreed to it."`
	ReminderTerms int   `help:"Days that a reminder gives to pay." default:"10"`
}

func (i invoicing) seller() (billing.Seller, error) {
	s := billing.Seller{
		Name: i.SellerName, Number: i.SellerNumber, VAT: i.SellerVAT, Address: i.SellerAddress, Country: i.SellerCountry, Bankgiro: i.SellerBankgiro, FTax: i.SellerFTax,
		Endpoint: i.SellerEndpoint,
	}
	if err := s.Check(); err != nil {
		return s, fmt.Errorf("--seller-%w", err)
	}
	return s, nil
}

func (i invoicing) check() error {
	for _, x := range []struct {
		name     string
		n, least int
		most     int
	}{{"invoice-day", i.InvoiceDay, 0, 28}, {"invoice-terms", i.InvoiceTerms, 0, 365}, {"reminder-days", i.ReminderDays, 0, 365}, {"reminder-terms", i.ReminderTerms, 0, 365}} {
		if x.n < x.least || x.n > x.most {
			return fmt.Errorf("--%s must be %d to %d", x.name, x.least, x.most)
		}
	}
	if i.ReminderFee < 0 {
		return fmt.Errorf("--reminder-fee must be 0 or more")
	}
	return nil
}

// newInvoices makes the invoices of a database.
func newInvoices(db *store.DB, i invoicing, seller billing.Seller, currency string, zone *time.Location, now func() time.Time, newID func() string) *billing.Invoices {
	return &billing.Invoices{
		Store: db, Accounts: db, Seller: seller, Zone: zone, Terms: i.InvoiceTerms, Day: i.InvoiceDay, Now: now, NewID: newID, Nudge: make(chan struct{}, 1),
		Reminder: billing.Reminding{After: i.ReminderDays, Fee: gnista.Money{Amount: i.ReminderFee, Currency: currency}, Terms: i.ReminderTerms},
	}
}

// workOnInvoices makes the invoices of runs until ctx ends.
func (a *app) workOnInvoices(ctx context.Context) {
	a.invoices.Run(ctx, func(err error) { a.log.Error("an invoice run was cut off and is tried again", "err", err) })
}
