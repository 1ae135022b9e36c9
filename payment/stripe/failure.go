package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	sdk "github.com/stripe/stripe-go/v85"

	"gnista/payment"
)

// The codes of declines that are our own.
const (
	holdExpired = "hold-expired"
	noMandate   = "no-mandate"
	tooLate     = "too-late"
)

// bankOnly are the codes about which the customer can do nothing.
var bankOnly = []string{
	"processing_error", "issuer_not_available", "try_again_later", "reenter_transaction", "service_not_allowed", "currency_not_supported", "testmode_decline",
	"live_mode_test_card", "test_mode_live_card",
}

// declined is what came of a card.
func declined(code string) error {
	return &payment.DeclinedError{Code: code, Customer: !slices.Contains(bankOnly, code)}
}

// unknown is that it is not known what came of a request.
type unknown string

func (u unknown) Error() string { return string(u) }

// errProcessing is that Stripe does not know itself.
const errProcessing unknown = "Stripe has not worked it out yet"

// failure is an error of the client as a provider tells it; one that is told so already stays. Texts of errors have
// objects in them with their secrets, so that they are told by their codes.
func failure(err error) error {
	var e *sdk.Error
	var told unknown
	var declines *payment.DeclinedError
	var refuses *payment.RefusedError
	switch {
	case err == nil, errors.As(err, &told), errors.As(err, &declines), errors.As(err, &refuses):
		return err
	case !errors.As(err, &e):
		return unknown("Stripe cannot be reached or its answer cannot be read: " + lost(err))
	case e.HTTPStatusCode == http.StatusTooManyRequests, e.HTTPStatusCode == http.StatusConflict, e.HTTPStatusCode >= 500, e.Type == sdk.ErrorTypeIdempotency:
		return unknown(fmt.Sprintf("Stripe answers %d %s, request %s", e.HTTPStatusCode, e.Type, e.RequestID))
	case e.HTTPStatusCode == http.StatusUnauthorized, e.HTTPStatusCode == http.StatusForbidden:
		return unknown(fmt.Sprintf("Stripe does not accept the key that is set up: %d, request %s", e.HTTPStatusCode, e.RequestID))
	case e.Type == sdk.ErrorTypeCard && e.DeclineCode != "" && e.Code != sdk.ErrorCodeAuthenticationRequired:
		return declined(string(e.DeclineCode))
	case e.Type == sdk.ErrorTypeCard:
		return declined(string(e.Code))
	case e.Code == sdk.ErrorCodeAmountTooSmall:
		return &payment.DeclinedError{Code: payment.BelowMinimum}
	case e.Param == "payment_method" || e.Param == "customer" || e.Code == sdk.ErrorCodePaymentMethodUnexpectedState:
		return &payment.DeclinedError{Code: noMandate, Customer: true} // the card was taken away
	}
	return &payment.RefusedError{Reason: fmt.Sprintf("Stripe answers %d %s %s %s, request %s", e.HTTPStatusCode, e.Type, e.Code, e.Param, e.RequestID)}
}

// lost is why an answer was, without what was in it.
func lost(err error) string {
	var at *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "it took too long"
	case errors.As(err, &at):
		return at.Err.Error()
	}
	return fmt.Sprintf("%T", err)
}

// unexpected tells whether Stripe does not do something because of the state that a payment is in.
func unexpected(err error) bool {
	var e *sdk.Error
	if !errors.As(err, &e) || e.Type != sdk.ErrorTypeInvalidRequest {
		return false
	}
	switch e.Code {
	case sdk.ErrorCodePaymentIntentUnexpectedState, sdk.ErrorCodeChargeExpiredForCapture, sdk.ErrorCodeChargeAlreadyCaptured:
		return true
	}
	return false
}

// spent tells whether a key is known to have ended with an error of Stripe's own, which it is answered with for a day.
func spent(err error) bool {
	var e *sdk.Error
	return errors.As(err, &e) && e.HTTPStatusCode >= 500 && e.LastResponse != nil && e.LastResponse.Header.Get("Idempotent-Replayed") == "true"
}

// keys is how many keys an operation may come to.
const keys = 8

// keyed sends an operation by its key. When Stripe repeats that it could not work out a former request with the
// key, that has ended; if it then is not found, it had no effect, and the operation has another key.
func (p *Provider) keyed(ctx context.Context, op payment.Operation, x payment.Payment, send func(key string) (payment.Snapshot, error)) (payment.Snapshot, error) {
	key := op.ID
	for n := 2; ; n++ {
		s, err := send(key)
		if n > keys || !spent(err) {
			return s, err
		}
		if s, found, err := p.Find(ctx, op, x); found || err != nil {
			return s, err
		}
		key = fmt.Sprintf("%s/again-%d", op.ID, n)
	}
}
