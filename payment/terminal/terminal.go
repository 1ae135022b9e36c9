// Package terminal takes payments at terminals: of stations that have one (OCPP 2.1 C18 to C23), and of kiosks that
// stand beside them (C24). The terminal has set an amount aside when we hear of it, by the reference that its payment
// provider gave; what then became of it is told by a [Settlement]. Those are facts that are kept whatever we know of
// the payment, and a payment is settled by what they say: the state of one is never changed by anything else.
package terminal

import (
	"context"
	"math/big"
	"strings"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/payment"
	"gnista/station"
	"gnista/tariff"
	"gnista/token"
	"gnista/vat"
)

// Name is the provider's.
const Name = "terminal"

// Status is what became of a payment.
type Status string

// The statuses.
const (
	Settled   Status = "settled"   // the amount was taken
	Cancelled Status = "cancelled" // nothing was, and nothing is set aside any more
	Rejected  Status = "rejected"  // the payment provider did not let it be taken
	Failed    Status = "failed"    // it could not be taken, for a technical reason
)

// Settlement is what a terminal came to. (OCPP 2.1 C19, C20, C21, C22)
type Settlement struct {
	ID          string
	Station     gnista.StationID
	Payment     string // id; empty where none is known by the reference
	Reference   string // of the payment provider
	Status      Status
	Amount      gnista.Money // that was taken, or that was to be
	At          time.Time
	Transaction string // id, where it is known
	Ref         string // its name in OCPP
	Receipt     string // id of the terminal's own
	ReceiptURL  string
	Info        string
	VATNumber   string
	Company     *vat.Company
	ReceivedAt  time.Time
}

// Place is where and how a payment is made.
type Place struct {
	Payment   string
	Station   gnista.StationID
	Reference string
	Kiosk     bool // beside the station, and told by the API
	Card      Card
}

// Card is what a receipt says of a card. Nothing else of one is kept.
type Card struct {
	Brand string
	Last4 string
}

// Store keeps what is known of payments at terminals.
type Store interface {
	// OpenTerminalPayment stores a new payment, unless there is one of the reference at the station, and returns
	// the one that there is then.
	OpenTerminalPayment(ctx context.Context, c *payment.Change, p Place) (payment.Payment, error)
	// TerminalPayment finds the payment of a reference at a station. NotFound.
	TerminalPayment(ctx context.Context, id gnista.StationID, reference string) (payment.Payment, error)
	// TerminalPlace finds where a payment is made. NotFound.
	TerminalPlace(ctx context.Context, payment string) (Place, error)
	// SaveTerminalCard keeps the card of a payment at a station, if there is such a payment and none is kept.
	SaveTerminalCard(ctx context.Context, id gnista.StationID, reference string, c Card) error
	// AddSettlement stores a settlement, once for each reference, status and time at a station, with the
	// payment that the reference is of, and tells whether it was new. The event goes with it.
	AddSettlement(ctx context.Context, s Settlement, ev gnista.Event) (bool, error)
	// SettlementsOf lists those of a reference at a station in the order in which they came.
	SettlementsOf(ctx context.Context, id gnista.StationID, reference string) ([]Settlement, error)
	// Settlements lists those of a station behind the one with the id before, the newest first.
	Settlements(ctx context.Context, id gnista.StationID, before string, limit int) ([]Settlement, error)
	// IdleTerminalPayments lists payments that were made before a time and wait for a transaction.
	IdleTerminalPayments(ctx context.Context, before time.Time, limit int) ([]payment.Payment, error)
}

// Tariffs knows what holds.
type Tariffs interface {
	// InForce is the version of the tariff that holds in a case. NotFound.
	InForce(ctx context.Context, c tariff.Case) (tariff.Assigned, error)
}

// Transactions finds transactions.
type Transactions interface {
	Transactions(ctx context.Context, f charging.Filter) ([]charging.Transaction, error)
}

// Terminals is what is done with payments at terminals.
type Terminals struct {
	Store        Store
	Payments     *payment.Payments
	Settings     station.SettingStore
	Tariffs      Tariffs
	Transactions Transactions
	Allowed      bool   // whether terminals may pay at all
	Currency     string // where no tariff says another
	// Receipt is the id and the address of the receipt for a transaction; both are empty where there is none yet.
	Receipt func(ctx context.Context, transaction string) (id, url string, err error)
	// Nudge has operations of payments looked at; nil is nothing.
	Nudge func()
	Now   func() time.Time
	NewID func() string
}

// Facts are what a station says of its terminal.
type Facts struct {
	Amount           string // that it sets aside, as a decimal number; empty where that is not known
	SettlementByCSMS bool   // it leaves it to us to take what is due
}

// component has the variables of a terminal.
const component = "PaymentCtrlr"

// maxVariables is how many variables of a terminal are looked at.
const maxVariables = 100

// Facts reads what a station says of its terminal.
func (t *Terminals) Facts(ctx context.Context, id gnista.StationID) (f Facts, err error) {
	list, err := t.Settings.Variables(ctx, id, station.VariableFilter{Component: component, Limit: maxVariables})
	for _, v := range list {
		if v.Attribute != station.Actual {
			continue
		}
		switch v.Name {
		case "AuthorizationAmount":
			f.Amount = v.Value
		case "SettlementByCSMS":
			f.SettlementByCSMS = strings.EqualFold(strings.TrimSpace(v.Value), "true")
		}
	}
	return f, err
}

// minor is a decimal number of the major unit of a currency in its minor one; 0 where it is none that makes sense.
func minor(decimal, currency string) int64 {
	r, ok := new(big.Rat).SetString(strings.TrimSpace(decimal))
	digits, err := tariff.Digits(currency)
	if !ok || err != nil || r.Sign() <= 0 {
		return 0
	}
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)))
	n := new(big.Int).Quo(r.Num(), r.Denom())
	if !n.IsInt64() || n.Int64() > maxAmount {
		return 0
	}
	return n.Int64()
}

// maxAmount is more than any charge comes to.
const maxAmount = 1e12

// maxReference is the longest reference of a payment provider. (OCPP 2.1)
const maxReference = 255

// currency is what is paid in at a place: that of the tariff which holds there, never one that a terminal says.
func (t *Terminals) currency(ctx context.Context, id gnista.StationID, evse int, who token.ID) (string, error) {
	a, err := t.Tariffs.InForce(ctx, tariff.Case{Station: id, EVSE: evse, TokenUID: who.UID, TokenType: string(who.Type), At: t.Now()})
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return t.Currency, nil
	}
	return a.Version.Currency, err
}

// Guest decides about the token that stands for a payment at a terminal: it is good for one transaction, at its
// station, and nowhere remembered. (OCPP 2.1 C18.FR.04, C18.FR.06, C24.FR.01)
func (t *Terminals) Guest(ctx context.Context, r token.Request) (d token.Decision, known bool, err error) {
	typed := r.ID.Type == token.DirectPayment
	if !typed && r.ID.Type != "" && r.ID.Type != token.Central || r.Station == "" || r.ID.UID == "" || len(r.ID.UID) > maxReference { // the type is one of OCPP 2.1; before it there are kiosks only
		return d, false, nil
	}
	d = token.Decision{Status: token.Invalid, ID: token.ID{UID: r.ID.UID, Type: token.DirectPayment}, ExpiresAt: r.At}
	p, err := t.Store.TerminalPayment(ctx, r.Station, r.ID.UID)
	switch absent := gnista.CodeOf(err) == gnista.NotFound && err != nil; {
	case absent && (!typed || r.Ordered || r.Use == token.Stop):
		return d, false, nil
	case absent && !t.Allowed:
		return d, true, nil
	case absent:
		p, err = t.open(ctx, r)
	}
	if err != nil {
		return d, true, err
	}
	if p.Transaction == "" && r.EVSE > 0 { // only now it is known where
		currency, err := t.currency(ctx, r.Station, r.EVSE, d.ID)
		if err != nil || currency != p.Currency {
			return d, true, err
		}
	}
	switch p.State {
	case payment.Held, payment.Mandated, payment.Bound:
		d.Status, d.Payment = token.Accepted, p.ID
	}
	return d, true, nil
}

// open makes the payment that a station tells of.
func (t *Terminals) open(ctx context.Context, r token.Request) (p payment.Payment, err error) {
	currency, err := t.currency(ctx, r.Station, r.EVSE, r.ID)
	if err != nil {
		return p, err
	}
	facts, err := t.Facts(ctx, r.Station)
	if err != nil {
		return p, err
	}
	c := payment.HeldElsewhere(t.NewID(), Name, r.ID.UID, currency, minor(facts.Amount, currency), t.Now(), payment.Cause{Kind: payment.ByStation, ID: string(r.Station)})
	return t.Store.OpenTerminalPayment(ctx, c, Place{Payment: c.ID, Station: r.Station, Reference: r.ID.UID})
}

// OpenKiosk makes the payment that a kiosk tells of, which has set an amount aside; the same one again is the
// same payment. Invalid, Conflict. (OCPP 2.1 C24.FR.01)
func (t *Terminals) OpenKiosk(ctx context.Context, id gnista.StationID, evse int, reference string, amount gnista.Money, card Card) (p payment.Payment, err error) {
	who := token.ID{UID: reference, Type: token.DirectPayment}
	currency, err := t.currency(ctx, id, evse, who)
	switch {
	case err != nil:
		return p, err
	case !t.Allowed:
		return p, gnista.Errorf(gnista.Conflict, "payments at terminals are not taken")
	case amount.Currency != currency:
		return p, gnista.Invalidf("amount.currency", "charging costs %s there", currency)
	case amount.Amount <= 0:
		return p, gnista.Invalidf("amount.amount", "must be 1 or more")
	}
	c := payment.HeldElsewhere(t.NewID(), Name, reference, currency, amount.Amount, t.Now(), payment.Cause{Kind: payment.ByStation, ID: string(id)})
	p, err = t.Store.OpenTerminalPayment(ctx, c, Place{Payment: c.ID, Station: id, Reference: reference, Kiosk: true, Card: card.short()})
	if err == nil && p.State != payment.Held && p.State != payment.Bound {
		err = gnista.Errorf(gnista.Conflict, "payment %s of that reference is %s", p.ID, p.State)
	}
	return p, err
}

// GiveUp gives up a payment that pays for nothing. Conflict where it does.
func (t *Terminals) GiveUp(ctx context.Context, id string, cause payment.Cause) error {
	_, err := t.Payments.Change(ctx, id, func(c *payment.Change) error { return c.Release(cause) })
	t.nudge()
	return err
}

// short is a card with nothing more than a receipt may say.
func (c Card) short() Card {
	brand := []rune(c.Brand)
	c.Brand = string(brand[:min(len(brand), 50)])
	if n := len(c.Last4); n > 4 || strings.Trim(c.Last4, "0123456789") != "" {
		c.Last4 = ""
	}
	return c
}

// Present keeps the card that a payment is made with. (OCPP 2.1 C18.FR.04)
func (t *Terminals) Present(ctx context.Context, id gnista.StationID, reference string, c Card) error {
	if c = c.short(); c == (Card{}) || !t.Allowed {
		return nil
	}
	return t.Store.SaveTerminalCard(ctx, id, reference, c)
}

// Raise takes in that a terminal has set so much aside in all. (OCPP 2.1 C18.FR.06, C23.FR.02)
func (t *Terminals) Raise(ctx context.Context, id gnista.StationID, reference string, total gnista.Money) error {
	p, err := t.Store.TerminalPayment(ctx, id, reference)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return nil
	}
	if err != nil || p.Currency != total.Currency || total.Amount <= p.Authorised || total.Amount > maxAmount {
		return err
	}
	_, err = t.Payments.Change(ctx, p.ID, func(c *payment.Change) error { c.Raise(total.Amount); return nil })
	return err
}

func (t *Terminals) nudge() {
	if t.Nudge != nil {
		t.Nudge()
	}
}

// idleAfter is how long a payment may wait for its transaction. Terminals release what they have set aside sooner.
const idleAfter = 2 * time.Hour

// Sweep gives up payments that never came to pay for anything, and whose end no station has told.
func (t *Terminals) Sweep(ctx context.Context) error {
	const most = 500
	list, err := t.Store.IdleTerminalPayments(ctx, t.Now().Add(-idleAfter), most)
	if err != nil {
		return err
	}
	for _, p := range list {
		err := t.GiveUp(ctx, p.ID, payment.Cause{Kind: payment.ByTime})
		if err != nil && gnista.CodeOf(err) != gnista.Conflict { // it has found one meanwhile
			return err
		}
	}
	return nil
}
