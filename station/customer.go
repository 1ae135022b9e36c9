package station

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"gnista"
)

// AskCustomer asks a station what it keeps of a customer, has it deleted, or both. Exactly one of the
// customer's names is given. (OCPP 2.x N09, N10)
type AskCustomer struct {
	Number      int
	Report      bool
	Clear       bool
	Identifier  string // whatever the station knows the customer by
	TokenUID    string
	TokenType   string
	Certificate CertificateHash // of the customer's contract
}

// CertificateHash names a certificate as OCSP does, each part in hexadecimal.
type CertificateHash struct {
	Algorithm  string // SHA256, SHA384 or SHA512
	IssuerName string
	IssuerKey  string
	Serial     string
}

func (AskCustomer) Answers() (a Answer) { return a }

func (o AskCustomer) Told() Told {
	t := Told{Kind: "customer-information", Note: "report"}
	switch {
	case o.Report && o.Clear:
		t.Note = "report and delete"
	case o.Clear:
		t.Note = "delete"
	}
	t.Effect = effectCustomer(o.Number) // also of a deletion: OCPP 2.x N10.FR.01 has it reported
	return t
}

func effectCustomer(number int) string { return fmt.Sprintf("customer %d", number) }

const maxCustomer = 64 // characters of an identifier, by OCPP 2.x

// Check finds an order that says too little or too much.
func (o AskCustomer) Check() error {
	if !o.Report && !o.Clear {
		return gnista.Invalidf("report", "or clear must be true")
	}
	names := 0
	for _, given := range []bool{o.Identifier != "", o.TokenUID != "", o.Certificate != CertificateHash{}} {
		if given {
			names++
		}
	}
	if names != 1 { // OCPP 2.x N09.FR.04, N10.FR.08
		return gnista.Invalidf("identifier", "or token or certificate names the customer, and only one of them")
	}
	if utf8.RuneCountInString(o.Identifier) > maxCustomer {
		return gnista.Invalidf("identifier", "is longer than %d characters", maxCustomer)
	}
	return nil
}

// CustomerReport is what a station says of a customer. It is personal: it is kept for a short time.
type CustomerReport struct {
	ID      string
	Number  int
	Station gnista.StationID
	Report  bool
	Clear   bool
	State   Outcome
	Detail  string
	Text    string // of all pages, once they are there
	Pages   int    // that have come
	At      time.Time
	EndedAt time.Time
}

// CustomerStore keeps what stations say of customers.
type CustomerStore interface {
	AddCustomerReport(ctx context.Context, r CustomerReport) error
	// EndCustomerReport ends a report of which there will be no more.
	EndCustomerReport(ctx context.Context, id string, state Outcome, detail string, at time.Time) error
	// AddCustomerPage adds a page to the open report with the number, as long as it has no more than
	// most bytes, and tells whether that is complete: last is the number of the last page, -1 where it
	// is not known by this one.
	AddCustomerPage(ctx context.Context, id gnista.StationID, number, page, last int, text string, most int, at time.Time) (complete bool, err error)
	// CustomerReport finds a report with its text. NotFound.
	CustomerReport(ctx context.Context, id string) (CustomerReport, error)
	// CustomerReports lists those of a station, the newest first, without their texts.
	CustomerReports(ctx context.Context, id gnista.StationID, before string, limit int) ([]CustomerReport, error)
	// DeleteCustomerReports deletes reports that are older than before.
	DeleteCustomerReports(ctx context.Context, before time.Time) error
}

const (
	maxCustomerText = 1 << 20             // bytes of what one station says of a customer
	customerFor     = 30 * 24 * time.Hour // that it is kept: it is there to be handed to the customer
)

// AskCustomerOf asks a station about a customer, and keeps what it says.
func (n *Network) AskCustomerOf(ctx context.Context, id gnista.StationID, o AskCustomer) (CustomerReport, Answer, error) {
	r := CustomerReport{ID: n.NewID(), Station: id, Report: o.Report, Clear: o.Clear, State: Sent, At: n.Now()}
	if err := o.Check(); err != nil {
		return r, Answer{}, err
	}
	if _, err := n.Store.Station(ctx, id); err != nil {
		return r, Answer{}, err
	}
	var err error
	if r.Number, err = n.Monitors.NextRequest(ctx); err != nil {
		return r, Answer{}, err
	}
	o.Number = r.Number
	if err := n.Customers.AddCustomerReport(ctx, r); err != nil {
		return r, Answer{}, err
	}
	a, err := Give(ctx, n, id, o)
	state, detail := Agreed, a.Detail
	switch {
	case gnista.CodeOf(err) == gnista.Timeout:
		return r, a, err // it may still report
	case err != nil:
		state, detail = Declined, err.Error()
	case a.Status != Done:
		state = Declined
	}
	if state == Declined {
		if e := n.Customers.EndCustomerReport(context.WithoutCancel(ctx), r.ID, state, detail, n.Now()); err == nil {
			err = e
		}
	}
	if kept, e := n.Customers.CustomerReport(ctx, r.ID); e == nil {
		r = kept
	}
	return r, a, err
}

// ReportCustomer takes in a page of what a station says of a customer. Pages may come in any order and
// more than once. (OCPP 2.x N09.FR.02)
func (n *Network) ReportCustomer(ctx context.Context, id gnista.StationID, number, page int, last bool, text string) error {
	end := -1
	if last {
		end = page
	}
	complete, err := n.Customers.AddCustomerPage(ctx, id, number, page, end, text, maxCustomerText, n.Now())
	if err != nil || !complete {
		return err
	}
	return n.Settle(ctx, id, Happened, "the station has reported", effectCustomer(number))
}
