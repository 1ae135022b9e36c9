package billing

import (
	"cmp"
	"context"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"gnista"
	"gnista/account"
	"gnista/tariff"
)

// Invoice is what an account is asked to pay, or, as a credit note, what it is given back. What it says
// is never changed; only what has become of it is.
type Invoice struct {
	ID        string
	Number    int64 // in the unbroken series of invoices and credit notes, from 1
	Kind      InvoiceKind
	Run       string // id of the run that made it; empty for a credit note of an invoice
	Account   string
	Currency  string
	Language  string // BCP 47; empty is the operator's
	IssuedAt  time.Time
	Date, Due string    // local dates, as in "2026-12-31"
	From, To  time.Time // of the charging on it
	Reference string    // that a payment must bear: the number with a check digit
	Seller    Seller
	Buyer     Buyer
	Credits   int64   // number of the invoice that a credit note takes back as a whole; 0 is none
	Refers    []int64 // numbers of earlier invoices that have the records that its lines correct
	Lines     []InvoiceLine
	Sums

	Fees      int64 // of reminders, to be paid as well; without VAT
	Paid      int64 // of Total and Fees
	State     InvoiceState
	Note      string // why it was credited or written off
	Reminders int    // that were sent
	ChangedAt time.Time
}

// InvoiceKind tells invoices from credit notes.
type InvoiceKind string

// The kinds.
const (
	ChargeInvoice InvoiceKind = "invoice"
	CreditNote    InvoiceKind = "credit-note"
)

// InvoiceState is what has become of an invoice.
type InvoiceState string

// The states. A credit note is paid from the beginning: its amount is the account's to use.
const (
	InvoiceIssued     InvoiceState = "issued"
	InvoiceOverdue    InvoiceState = "overdue"
	InvoicePaid       InvoiceState = "paid"
	InvoiceCredited   InvoiceState = "credited" // taken back by a credit note
	InvoiceWrittenOff InvoiceState = "written-off"
)

// InvoiceLine is a charge record on an invoice, with the amounts of the record.
type InvoiceLine struct {
	Record    string
	Number    int64 // of the record
	Station   gnista.StationID
	Place     string // name of the site; empty where the station has none
	EVSE      int
	StartedAt time.Time
	EndedAt   time.Time
	EnergyWh  int64
	Reserved  bool  `json:",omitempty"` // it is of a reservation that nobody came for
	Corrects  int64 `json:",omitempty"` // number of the record that it corrects; 0 is none
	VAT       []tariff.VATSum
	Total     int64
}

// Sums are the amounts of an invoice in minor units: those of its records added up, rate by rate.
type Sums struct {
	VAT   []tariff.VATSum // by rate, the lowest first
	Net   int64
	Tax   int64
	Total int64
}

// Seller is who sells the energy, as receipts and invoices must say.
type Seller struct {
	Name     string `json:"name"`
	Number   string `json:"number,omitempty" doc:"Registration number"`
	VAT      string `json:"vat,omitempty" doc:"VAT number"`
	Address  string `json:"address,omitempty"`
	Country  string `json:"country,omitempty" doc:"ISO 3166-1 alpha-2"`
	Bankgiro string `json:"bankgiro,omitempty" doc:"To which invoices are paid"`
	FTax     bool   `json:"fTax,omitempty" doc:"Approved for F-tax"`
	Endpoint string `json:"endpoint,omitempty" doc:"Electronic address of the seller in Peppol, with its scheme" example:"0007:5560360793"`
}

// Buyer is the customer as it was when the invoice was made.
type Buyer struct {
	ID        string
	Kind      account.CustomerKind
	Name      string
	Number    string
	VAT       string
	Email     string
	Address   account.Address
	Reference string
	Endpoint  string
}

// BuyerOf is what invoices say of a customer.
func BuyerOf(c account.Customer) Buyer {
	return Buyer{c.ID, c.Kind, c.Name, c.Number, c.VAT, c.Email, c.Address, c.Reference, c.Endpoint}
}

// Open is what is still to be paid; of a credit note, nothing.
func (v *Invoice) Open() int64 {
	if v.Kind == CreditNote || v.State == InvoiceCredited || v.State == InvoiceWrittenOff {
		return 0
	}
	return v.Total + v.Fees - v.Paid
}

// Money is an amount in the currency of the invoice.
func (v *Invoice) Money(amount int64) gnista.Money {
	return gnista.Money{Amount: amount, Currency: v.Currency}
}

// add adds the amounts of a bill. They are never made anew from the sums: what an invoice says is what
// its records and the ledger say.
func (s *Sums) add(vat []tariff.VATSum, total int64) {
	for _, x := range vat {
		i, found := slices.BinarySearchFunc(s.VAT, x, byRate)
		if !found {
			s.VAT = slices.Insert(s.VAT, i, tariff.VATSum{Rate: x.Rate})
		}
		s.VAT[i].Net += x.Net
		s.VAT[i].VAT += x.VAT
		s.VAT[i].Gross += x.Gross
		s.Net += x.Net
		s.Tax += x.VAT
	}
	s.Total += total
}

func byRate(a, b tariff.VATSum) int { return a.Rate.Rat().Cmp(b.Rate.Rat()) }

// negative is what takes the amounts back.
func (s Sums) negative() Sums {
	out := Sums{Net: -s.Net, Tax: -s.Tax, Total: -s.Total, VAT: slices.Clone(s.VAT)}
	for i, x := range out.VAT {
		out.VAT[i] = tariff.VATSum{Rate: x.Rate, Net: -x.Net, VAT: -x.VAT, Gross: -x.Gross}
	}
	return out
}

// Apart is by how much the VAT of the invoice differs, at the rate where that is most, from the rate of
// the sum: each record rounds its own VAT. It is in minor units, not rounded.
func (s *Sums) Apart() *big.Rat {
	most := new(big.Rat)
	for _, x := range s.VAT {
		exact := new(big.Rat).Mul(x.Rate.Rat(), big.NewRat(x.Net, 100))
		if d := exact.Sub(exact, new(big.Rat).SetInt64(x.VAT)); d.Abs(d).Cmp(most) > 0 {
			most = d
		}
	}
	return most
}

// Reference is the number of an invoice with its check digit: what a payment to a Swedish bankgiro bears
// (OCR).
func Reference(number int64) string {
	s := strconv.FormatInt(number, 10)
	return s + string(luhn(s))
}

// luhn is the check digit that follows the digits s.
func luhn(s string) byte {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 0 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return byte('0' + (10-sum%10)%10)
}

// checked tells whether s is digits of which the last is their check digit.
func checked(s string) bool {
	return len(s) > 1 && strings.Trim(s, "0123456789") == "" && luhn(s[:len(s)-1]) == s[len(s)-1]
}

// digits is s without the hyphens and spaces that numbers are written with.
func digits(s string) string { return strings.NewReplacer("-", "", " ", "", "\u00a0", "").Replace(s) }

// Check tells whether a seller may stand on invoices. Invalid.
func (s Seller) Check() error {
	if bg := digits(s.Bankgiro); bg != "" && (len(bg) < 7 || len(bg) > 8 || !checked(bg)) {
		return gnista.Invalidf("bankgiro", "%q is not a bankgiro number: 7 or 8 digits, the last of them a check digit", s.Bankgiro)
	}
	if s.Country != "" && len(s.Country) != 2 {
		return gnista.Invalidf("country", "%q is not an ISO 3166-1 alpha-2 code, like SE", s.Country)
	}
	if s.Endpoint != "" {
		if _, _, err := endpoint(s.Endpoint); err != nil {
			return err
		}
	}
	if s.Country != "SE" || s.Number == "" {
		return nil
	}
	if n := digits(s.Number); len(n) != 10 || !checked(n) {
		return gnista.Invalidf("number", "%q is not a Swedish registration number: 10 digits, the last of them a check digit", s.Number)
	}
	if s.VAT != "" && digits(s.VAT) != "SE"+digits(s.Number)+"01" && !swedishVAT(s.VAT) {
		return gnista.Invalidf("vat", "%q is not a Swedish VAT number: SE and 12 digits", s.VAT)
	}
	return nil
}

func swedishVAT(s string) bool {
	n, ok := strings.CutPrefix(digits(s), "SE")
	return ok && len(n) == 12 && strings.Trim(n, "0123456789") == ""
}

// day is the local date of a time.
func (b *Invoices) day(t time.Time) string { return t.In(b.Zone).Format(time.DateOnly) }

// afterDays is the date so many days after another.
func afterDays(date string, days int) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil { // it is one that day made
		panic(err)
	}
	return t.AddDate(0, 0, days).Format(time.DateOnly)
}

// Invoices makes invoices and follows them until they are paid.
type Invoices struct {
	Store    InvoiceStore
	Accounts Accounts
	Seller   Seller
	Zone     *time.Location // by which dates go
	Terms    int            // days to pay where the account says none
	Reminder Reminding
	Day      int // of the month on which a run is begun for what was charged before it; 0 is never
	Now      func() time.Time
	NewID    func() string
	Nudge    chan struct{} // there is a run to work on
}

// Reminding is when and how reminders are sent.
type Reminding struct {
	After int          // days after an invoice was due; 0 is never by itself
	Fee   gnista.Money // of each
	Terms int          // days that a reminder gives to pay
}

// Accounts finds who is to pay.
type Accounts interface {
	Account(ctx context.Context, id string) (account.Account, error)
	Customer(ctx context.Context, id string) (account.Customer, error)
}

// InvoiceStore keeps invoices.
type InvoiceStore interface {
	RunStore
	// Invoice finds an invoice. NotFound.
	Invoice(ctx context.Context, id string) (Invoice, error)
	// Invoices lists invoices, the newest first, without their lines.
	Invoices(ctx context.Context, f InvoiceFilter) ([]Invoice, error)
	// ChangeInvoice changes what has become of an invoice, in one SQL transaction with what else the
	// change says. NotFound.
	ChangeInvoice(ctx context.Context, id string, change func(*Invoice) (Change, error)) (Invoice, error)
	// InvoicePayments lists what was paid for an invoice, the oldest first.
	InvoicePayments(ctx context.Context, invoice string) ([]InvoicePayment, error)
	// Reminders lists the reminders of an invoice, the oldest first.
	Reminders(ctx context.Context, invoice string) ([]Reminder, error)
	// LateInvoices lists up to limit ids of invoices that were due before date and are not yet overdue.
	LateInvoices(ctx context.Context, date string, limit int) ([]string, error)
	// UnremindedInvoices lists up to limit ids of overdue invoices that were due before date and that
	// were never reminded of.
	UnremindedInvoices(ctx context.Context, date string, limit int) ([]string, error)
}

// InvoiceFilter selects invoices for a list.
type InvoiceFilter struct {
	Account string // empty is any
	Run     string // empty is any
	State   InvoiceState
	Before  int64 // only those with a lower number; 0 is all
	Limit   int
}

// Change is what goes with a change of an invoice.
type Change struct {
	Payment    *InvoicePayment // stored unless the invoice has one with its reference
	Reminder   *Reminder       // stored with the next number of the series of reminders
	CreditNote *Invoice        // stored with the next number of the series; the records of the invoice are on none again
	Entry      *Entry
	Events     []gnista.Event
}

// InvoicePayment is money that came for an invoice.
type InvoicePayment struct {
	ID        string
	Invoice   string
	Reference string // by which it is known; the same one again is the same payment
	Amount    int64
	Applied   int64 // to the invoice; the rest is the account's to use
	Source    PaymentSource
	At        time.Time
	CreatedAt time.Time
}

// PaymentSource is where the money of a payment is from.
type PaymentSource string

// The sources.
const (
	FromBank    PaymentSource = "bank"
	FromDeposit PaymentSource = "deposit" // what the account has paid too much, or was credited
)

// Reminder is a document that reminds of an invoice.
type Reminder struct {
	ID        string
	Number    int64 // in a series of its own
	Invoice   string
	Level     int // 1 is the first of the invoice
	Fee       int64
	Open      int64 // what is to be paid, the fee included
	Date, Due string
	CreatedAt time.Time
}

// Causes of entries that invoices make.
const (
	CauseCredit CauseKind = "credit-note" // what was paid for an invoice that was taken back, or is given back, is the account's to use
)

// Credit takes an invoice back as a whole by a credit note. Its records are on no invoice then, and come
// on the next: who is not to pay them at all has them corrected. What was paid for the invoice is the
// account's to use. NotFound, Conflict.
func (b *Invoices) Credit(ctx context.Context, id, note string) (c Invoice, err error) {
	_, err = b.Store.ChangeInvoice(ctx, id, func(v *Invoice) (Change, error) {
		switch {
		case v.Kind == CreditNote:
			return Change{}, gnista.Errorf(gnista.Conflict, "number %d is a credit note itself", v.Number)
		case v.State == InvoiceCredited:
			return Change{}, gnista.Errorf(gnista.Conflict, "invoice %d has been credited already", v.Number)
		case v.State == InvoiceWrittenOff:
			return Change{}, gnista.Errorf(gnista.Conflict, "invoice %d has been written off", v.Number)
		}
		now := b.Now()
		date := b.day(now)
		c = Invoice{
			ID: b.NewID(), Kind: CreditNote, Account: v.Account, Currency: v.Currency, Language: v.Language, IssuedAt: now, Date: date, Due: date, From: v.From, To: v.To,
			Seller: v.Seller, Buyer: v.Buyer, Credits: v.Number, Refers: []int64{v.Number}, State: InvoicePaid, Note: note, ChangedAt: now, Sums: v.negative(),
		}
		for _, l := range v.Lines {
			s := Sums{VAT: l.VAT}.negative()
			l.VAT, l.Total, l.EnergyWh = s.VAT, -l.Total, -l.EnergyWh
			c.Lines = append(c.Lines, l)
		}
		change := Change{CreditNote: &c, Events: []gnista.Event{b.event("invoice.credited", v, now)}}
		// The fees of reminders were no part of the invoice, but nobody owes them for one that was wrong.
		change.Entry = entry(b.NewID(), now, v.Currency, Cause{CauseCredit, c.ID}, fmt.Sprintf("Credit of invoice %d", v.Number),
			Posting{LedgerAccount{RevenueFees, ""}, v.Fees},
			Posting{LedgerAccount{Receivable, v.Account}, v.Paid - v.Fees},
			Posting{LedgerAccount{Deposit, v.Account}, -v.Paid})
		v.State, v.Note, v.ChangedAt = InvoiceCredited, note, now
		return change, nil
	})
	if err != nil {
		return Invoice{}, err
	}
	return b.Store.Invoice(ctx, c.ID)
}

// entry is an entry of the postings that are not 0; nil where there is none.
func entry(id string, at time.Time, currency string, cause Cause, text string, postings ...Posting) *Entry {
	postings = slices.DeleteFunc(postings, func(p Posting) bool { return p.Amount == 0 })
	if len(postings) == 0 {
		return nil
	}
	return &Entry{ID: id, At: at, Currency: currency, Cause: cause, Text: text, Postings: postings}
}

// Pay takes in money for an invoice: what is above what is to be paid is the account's to use, and so is
// all of it when the invoice was taken back or written off. The same reference again changes nothing and
// gives the first answer. NotFound, Invalid, Conflict.
func (b *Invoices) Pay(ctx context.Context, id string, p InvoicePayment) (Invoice, error) {
	if p.Amount <= 0 {
		return Invoice{}, gnista.Invalidf("amount", "must be above 0")
	}
	if p.Reference = strings.TrimSpace(p.Reference); p.Reference == "" {
		return Invoice{}, gnista.Invalidf("reference", "is missing; it keeps a payment from being booked twice")
	}
	p.ID, p.Invoice, p.CreatedAt = b.NewID(), id, b.Now()
	if p.At.IsZero() {
		p.At = p.CreatedAt
	}
	if p.At.After(p.CreatedAt.Add(24 * time.Hour)) {
		return Invoice{}, gnista.Invalidf("at", "is in the future")
	}
	have, err := b.Store.InvoicePayments(ctx, id)
	if err != nil {
		return Invoice{}, err
	}
	if i := slices.IndexFunc(have, func(x InvoicePayment) bool { return x.Reference == p.Reference }); i >= 0 {
		if have[i].Amount != p.Amount || have[i].Source != p.Source {
			return Invoice{}, gnista.Errorf(gnista.Conflict, "a payment with the reference %q came before, of another amount or from elsewhere", p.Reference)
		}
		return b.Store.Invoice(ctx, id)
	}
	return b.Store.ChangeInvoice(ctx, id, func(v *Invoice) (Change, error) {
		if v.Kind == CreditNote {
			return Change{}, gnista.Errorf(gnista.Conflict, "number %d is a credit note, which nobody pays", v.Number)
		}
		p := p
		p.Applied = min(p.Amount, max(0, v.Open()))
		from := LedgerAccount{Bank, ""}
		if p.Source == FromDeposit {
			from = LedgerAccount{Deposit, v.Account}
			if p.Applied < p.Amount {
				return Change{}, gnista.Invalidf("amount", "is more than the %d that are still to be paid", v.Open())
			}
		}
		v.Paid += p.Applied
		v.ChangedAt = p.CreatedAt
		kind := "invoice.partly-paid"
		if v.Open() == 0 && p.Applied > 0 {
			v.State, kind = InvoicePaid, "invoice.paid"
		}
		return Change{
			Payment: &p, Events: []gnista.Event{b.event(kind, v, p.CreatedAt)},
			Entry: entry(b.NewID(), p.At, v.Currency, Cause{CausePayment, p.ID}, fmt.Sprintf("Payment %s for invoice %d", p.Reference, v.Number),
				Posting{from, p.Amount},
				Posting{LedgerAccount{Receivable, v.Account}, -p.Applied},
				Posting{LedgerAccount{Deposit, v.Account}, p.Applied - p.Amount}),
		}, nil
	})
}

// Remind reminds of an invoice that is overdue, for the fee if there is one in its currency. NotFound,
// Conflict.
func (b *Invoices) Remind(ctx context.Context, id string, fee bool) (r Reminder, err error) {
	_, err = b.Store.ChangeInvoice(ctx, id, func(v *Invoice) (Change, error) {
		now := b.Now()
		date := b.day(now)
		if v.State != InvoiceOverdue && !(v.State == InvoiceIssued && v.Due < date && v.Kind == ChargeInvoice) {
			return Change{}, gnista.Errorf(gnista.Conflict, "invoice %d is %s and was due %s: only one that is overdue is reminded of", v.Number, v.State, v.Due)
		}
		v.Reminders++
		v.State, v.ChangedAt = InvoiceOverdue, now
		r = Reminder{ID: b.NewID(), Invoice: v.ID, Level: v.Reminders, Date: date, Due: afterDays(date, b.Reminder.Terms), CreatedAt: now}
		if fee && b.Reminder.Fee.Currency == v.Currency {
			r.Fee = b.Reminder.Fee.Amount
		}
		v.Fees += r.Fee
		r.Open = v.Open()
		return Change{
			Reminder: &r, Events: []gnista.Event{b.event("invoice.reminded", v, now)},
			Entry: entry(b.NewID(), now, v.Currency, Cause{CauseFee, r.ID}, fmt.Sprintf("Reminder of invoice %d", v.Number),
				Posting{LedgerAccount{Receivable, v.Account}, r.Fee}, Posting{LedgerAccount{RevenueFees, ""}, -r.Fee}),
		}, nil
	})
	if err != nil {
		return Reminder{}, err
	}
	list, err := b.Store.Reminders(ctx, id)
	if i := slices.IndexFunc(list, func(x Reminder) bool { return x.ID == r.ID }); i >= 0 {
		return list[i], err
	}
	return r, err
}

// WriteOff gives up what is still to be paid. Where the loss is final, VAT is taken back for its share of
// what was invoiced; where it is only feared, none is. NotFound, Invalid, Conflict.
func (b *Invoices) WriteOff(ctx context.Context, id, reason string, final bool) (Invoice, error) {
	if strings.TrimSpace(reason) == "" {
		return Invoice{}, gnista.Invalidf("reason", "is missing")
	}
	return b.Store.ChangeInvoice(ctx, id, func(v *Invoice) (Change, error) {
		open := v.Open()
		if open <= 0 {
			return Change{}, gnista.Errorf(gnista.Conflict, "invoice %d is %s: nothing of it is to be paid", v.Number, v.State)
		}
		postings := []Posting{{LedgerAccount{Receivable, v.Account}, -open}}
		loss := open
		if final {
			// Payments are taken to be for the fees last.
			charged := max(0, min(open, v.Total-v.Paid))
			for _, x := range v.VAT {
				share := halfUp(new(big.Rat).Mul(big.NewRat(charged, v.Total), new(big.Rat).SetInt64(x.VAT)))
				postings = append(postings, Posting{LedgerAccount{OutputVAT, string(x.Rate)}, share})
				loss -= share
			}
		}
		postings = append(postings, Posting{LedgerAccount{BadDebt, ""}, loss})
		now := b.Now()
		v.State, v.Note, v.ChangedAt = InvoiceWrittenOff, reason, now
		return Change{
			Events: []gnista.Event{b.event("invoice.written-off", v, now)},
			Entry:  entry(b.NewID(), now, v.Currency, Cause{CauseLoss, v.ID}, fmt.Sprintf("Loss of invoice %d: %s", v.Number, reason), postings...),
		}, nil
	})
}

// halfUp rounds a number, those that are negative away from 0 as well.
func halfUp(x *big.Rat) int64 {
	twice := new(big.Int).Lsh(new(big.Int).Abs(x.Num()), 1)
	twice.Add(twice, x.Denom())
	n := twice.Div(twice, new(big.Int).Lsh(x.Denom(), 1)).Int64()
	return n * int64(cmp.Compare(x.Sign(), 0))
}

// Sweep makes invoices overdue, reminds of them and begins the run of the month, when it is time.
func (b *Invoices) Sweep(ctx context.Context) error {
	today := b.day(b.Now())
	if err := b.each(ctx, today, b.Store.LateInvoices, func(id string) error {
		_, err := b.Store.ChangeInvoice(ctx, id, func(v *Invoice) (Change, error) {
			if v.State != InvoiceIssued || v.Due >= today {
				return Change{}, nil
			}
			v.State, v.ChangedAt = InvoiceOverdue, b.Now()
			return Change{Events: []gnista.Event{b.event("invoice.overdue", v, v.ChangedAt)}}, nil
		})
		return err
	}); err != nil {
		return err
	}
	if b.Reminder.After > 0 {
		if err := b.each(ctx, afterDays(today, -b.Reminder.After), b.Store.UnremindedInvoices, func(id string) error {
			_, err := b.Remind(ctx, id, true)
			if gnista.CodeOf(err) == gnista.Conflict && err != nil { // it was paid meanwhile
				return nil
			}
			return err
		}); err != nil {
			return err
		}
	}
	return b.monthly(ctx)
}

const sweptAtOnce = 100

// each does something with all invoices of a list that grows shorter by it.
func (b *Invoices) each(ctx context.Context, date string, list func(context.Context, string, int) ([]string, error), do func(id string) error) error {
	for {
		ids, err := list(ctx, date, sweptAtOnce)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := do(id); err != nil {
				return err
			}
		}
		if len(ids) < sweptAtOnce {
			return nil
		}
	}
}

func (b *Invoices) event(kind string, v *Invoice, at time.Time) gnista.Event {
	return gnista.Event{
		At: at, Kind: kind, Subject: v.ID,
		Data: fmt.Appendf(nil, `{"number":%d,"account":%q,"amount":%d,"currency":%q,"open":%d}`, v.Number, v.Account, v.Total, v.Currency, v.Open()),
	}
}
