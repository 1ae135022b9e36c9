// Package swish takes payments by Swish, the Swedish way to pay from a phone. Swish has no holds: an amount is taken
// first, and what is not used of it is given back. It has no list of payments either: each is read by itself.
//
// A payment request and a refund are made under a number of ours that follows from the operation, so that the same
// one is never made twice. What Swish tells by itself is not signed: it is a hint only, and the payment is read.
package swish

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"gnista/payment"
)

// Name is the provider's.
const Name = "swish"

// Endpoint is that of Swish for merchants.
const Endpoint = "https://cpc.getswish.net/swish-cpcapi"

// Amounts in öre.
const (
	least       = 100        // that is taken
	most        = 15_000_000 // that is taken
	leastRefund = 100
)

// Provider is Swish for a merchant.
type Provider struct {
	Payee    string // Swish number of the merchant, as in 1231181189
	Endpoint string
	Callback string // https address that Swish tells us at; a secret is added to its path
	Secret   []byte // of callbacks
	Client   *http.Client
	Test     bool // no real money moves
	Now      func() time.Time

	mu       sync.Mutex
	refunded map[string]time.Time // when a refund of a payment was sent last
}

// Name is the provider's.
func (*Provider) Name() string { return Name }

// Caps are what it can do.
func (s *Provider) Caps() payment.Caps {
	return payment.Caps{
		Prepay: true, MinAmount: least, MaxAmount: most, MinRefund: leastRefund, Currencies: []string{currency}, Test: s.Test,
		Words: map[string]string{"sv": "Swish", "en": "Swish"},
	}
}

// Instruction is the number under which Swish has what was asked for an operation. A request to pay whose answer was
// lost is asked for again, under the next one.
func Instruction(operation string, again int) string {
	if again > 0 {
		operation = fmt.Sprint(operation, "#", again)
	}
	sum := sha256.Sum256([]byte(operation))
	return fmt.Sprintf("%X", sum[:16])
}

// mac is a secret that belongs to something.
func (s *Provider) mac(of string) string {
	m := hmac.New(sha256.New, s.Secret)
	m.Write([]byte(of))
	return hex.EncodeToString(m.Sum(nil)[:16])
}

// attempts is how many times a request to pay is made anew because its token was lost.
const attempts = 8

// Begin asks the customer: the one who is named by a phone number, who finds the request in the app, or whoever
// has the token. The text of the action is the token, or else the number of the request.
func (s *Provider) Begin(ctx context.Context, op payment.Operation, p payment.Payment, o payment.Opening) (payment.Begun, error) {
	payer, err := phone(o.Payer)
	if err != nil {
		return payment.Begun{}, err
	}
	for n := range attempts {
		id := Instruction(op.ID, n)
		token, err := s.create(ctx, id, request{
			PayeePaymentReference: reference(p.ID), CallbackURL: s.callback(), CallbackIdentifier: s.mac(id), PayerAlias: payer, PayeeAlias: s.Payee,
			Amount: decimal(op.Amount), Currency: currency, Message: message(o.Text),
		})
		switch {
		case err == nil && payer == "":
			return payment.Begun{Snapshot: payment.Snapshot{Ref: id}, Action: payment.Action{
				Kind: payment.ActApp, Text: token, Code: "D" + token, // of a payment that was made beforehand
				App: "swish://paymentrequest?token=" + url.QueryEscape(token) + "&callbackurl=",
			}}, nil
		case err == nil:
			return payment.Begun{Snapshot: payment.Snapshot{Ref: id}, Action: payment.Action{Kind: payment.ActWait, Text: id}}, nil
		case !has(err, exists):
			return payment.Begun{}, verdict(err)
		}
		x, err := s.read(ctx, id)
		if err == nil && payer == "" && x.Status == created { // nobody was given the token, which is told once only
			x, err = s.cancel(ctx, id)
		}
		switch {
		case err != nil:
			return payment.Begun{}, err
		case x.Amount.öre() != op.Amount:
			return payment.Begun{}, &payment.RefusedError{Reason: fmt.Sprintf("payment request %s is of another amount", id)}
		case payer != "" || x.Status == paid:
			return payment.Begun{Snapshot: s.snapshot(x, p), Action: payment.Action{Kind: payment.ActWait, Text: id}}, nil
		}
	}
	return payment.Begun{}, errors.New("the token of the payment request was lost each time")
}

// Capture cannot be: what is due was taken before.
func (*Provider) Capture(context.Context, payment.Operation, payment.Payment) (payment.Snapshot, error) {
	return payment.Snapshot{}, &payment.RefusedError{Reason: "Swish takes nothing later"}
}

// Cancel takes a request back that the customer has not confirmed. One that was paid meanwhile stays so.
func (s *Provider) Cancel(ctx context.Context, _ payment.Operation, p payment.Payment) (payment.Snapshot, error) {
	x, err := s.cancel(ctx, p.Ref)
	return s.snapshot(x, p), err
}

// Fetch reads the payment.
func (s *Provider) Fetch(ctx context.Context, p payment.Payment) (payment.Snapshot, error) {
	x, err := s.read(ctx, p.Ref)
	return s.snapshot(x, p), err
}

// Find reads what Swish has under the number of the operation.
func (s *Provider) Find(ctx context.Context, op payment.Operation, p payment.Payment) (payment.Snapshot, bool, error) {
	if op.Kind == payment.KindRefund {
		return s.findRefund(ctx, op, p)
	}
	x, err := s.read(ctx, p.Ref)
	return s.snapshot(x, p), err == nil && x.Status != created, err
}

// snapshot is what a payment request says. Swish does not tell what was given back: that is what our refunds came to.
func (s *Provider) snapshot(x answer, p payment.Payment) payment.Snapshot {
	out := payment.Snapshot{Ref: x.ID, Captured: p.Captured, Refunded: p.Refunded, Code: x.ErrorCode}
	switch {
	case x.Status == created || x.ID == "":
	case x.Currency != currency:
		out.Ended, out.Code = payment.Review, "Swish has another currency"
	case x.PayeeAlias != s.Payee:
		out.Ended, out.Code = payment.Review, "Swish has another payee"
	case x.Status == paid:
		out.Captured = x.Amount.öre()
	case x.ErrorCode == bankSilent: // whether the customer has paid is not known to Swish either
		out.Ended, out.Code = payment.Review, "the bank did not answer Swish: whether it was paid is to be seen in the bank account"
	case x.Status == cancelled, x.ErrorCode == timedOut, x.ErrorCode == signingEnded:
		out.Ended = payment.Abandoned
	case x.Status == declined, x.Status == failed:
		out.Ended = payment.DeclinedNow
	}
	return out
}
