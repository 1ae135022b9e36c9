package stripe

import (
	"context"
	"fmt"
	"time"

	sdk "github.com/stripe/stripe-go/v85"

	"gnista/payment"
)

// keyLife is how long Stripe knows a key, less what clocks may differ by.
const keyLife = 23 * time.Hour

// Begin makes what a driver confirms in the element of a page. Made again after its key was forgotten it would be
// another one; but nobody has seen the first, and nobody waits any more.
func (p *Provider) Begin(ctx context.Context, op payment.Operation, x payment.Payment, o payment.Opening) (payment.Begun, error) {
	switch {
	case !enough(op.Amount, x.Currency):
		return payment.Begun{}, &payment.DeclinedError{Code: payment.BelowMinimum}
	case !op.SentAt.IsZero() && p.Now().Sub(op.SentAt) > keyLife:
		return payment.Begun{}, &payment.DeclinedError{Code: tooLate}
	}
	params := &sdk.PaymentIntentCreateParams{
		Amount: sdk.Int64(op.Amount), Currency: theirs(x.Currency), CaptureMethod: sdk.String(sdk.PaymentIntentCaptureMethodManual), Metadata: about(op),
		AutomaticPaymentMethods: &sdk.PaymentIntentCreateAutomaticPaymentMethodsParams{Enabled: sdk.Bool(true)},
	}
	if o.Text != "" {
		params.Description = sdk.String(o.Text)
	}
	var secret string
	s, err := p.keyed(ctx, op, x, func(key string) (payment.Snapshot, error) {
		params.IdempotencyKey = sdk.String(key)
		intent, err := p.api.V1PaymentIntents.Create(ctx, params)
		if err != nil {
			return payment.Snapshot{}, err
		}
		secret = intent.ClientSecret
		return payment.Snapshot{Ref: intent.ID}, nil
	})
	if err != nil {
		return payment.Begun{}, failure(err)
	}
	return payment.Begun{Snapshot: s, Action: p.element(secret)}, nil
}

// element is what a driver has to do in Stripe's element, of which Stripe's documentation says what it needs.
func (p *Provider) element(secret string) payment.Action {
	return payment.Action{Kind: payment.ActElement, Text: secret, Key: p.Publishable, Needs: payment.Needs{
		Script: "https://js.stripe.com/v3/", Scripts: "https://js.stripe.com", Connect: "https://api.stripe.com", Images: "https://*.stripe.com",
		Frames: "https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com",
	}}
}

// Capture takes an amount: of what is set aside, once, which releases the rest; or under the mandate of the payment.
func (p *Provider) Capture(ctx context.Context, op payment.Operation, x payment.Payment) (payment.Snapshot, error) {
	amount := op.Amount
	if x.Way == payment.ByHold && x.Held > 0 {
		amount = min(amount, x.Held)
	}
	if !enough(amount, x.Currency) {
		return payment.Snapshot{}, &payment.DeclinedError{Code: payment.BelowMinimum}
	}
	if x.Way == payment.ByMandate {
		return p.charge(ctx, op, x, amount, sdk.PaymentIntentCaptureMethodAutomatic)
	}
	s, err := p.keyed(ctx, op, x, func(key string) (payment.Snapshot, error) {
		params := &sdk.PaymentIntentCaptureParams{AmountToCapture: sdk.Int64(amount)}
		params.IdempotencyKey = sdk.String(key)
		intent, err := p.api.V1PaymentIntents.Capture(ctx, x.Ref, params)
		return p.of(intent, x.Refunded), err
	})
	if unexpected(err) {
		return p.instead(ctx, x, func(s payment.Snapshot) bool { return s.Captured > 0 })
	}
	return s, failure(err)
}

// Cancel releases what is set aside, or ends that the driver is asked.
func (p *Provider) Cancel(ctx context.Context, op payment.Operation, x payment.Payment) (payment.Snapshot, error) {
	if x.Ref == "" || x.Way == payment.ByMandate {
		return payment.Snapshot{Captured: x.Captured, Refunded: x.Refunded}, nil
	}
	s, err := p.keyed(ctx, op, x, func(key string) (payment.Snapshot, error) {
		params := &sdk.PaymentIntentCancelParams{CancellationReason: sdk.String(sdk.PaymentIntentCancellationReasonAbandoned)}
		params.IdempotencyKey = sdk.String(key)
		intent, err := p.api.V1PaymentIntents.Cancel(ctx, x.Ref, params)
		return p.of(intent, x.Refunded), err
	})
	if unexpected(err) {
		return p.instead(ctx, x, func(s payment.Snapshot) bool { return s.Held == 0 })
	}
	return s, failure(err)
}

// instead is what there is when something could not be done for the state that the payment is in: what was wanted, or
// that what was set aside is no more.
func (p *Provider) instead(ctx context.Context, x payment.Payment, done func(payment.Snapshot) bool) (payment.Snapshot, error) {
	s, err := p.Fetch(ctx, x)
	switch {
	case err != nil:
		return payment.Snapshot{}, err
	case done(s):
		return s, nil
	case s.Held == 0:
		return payment.Snapshot{}, &payment.DeclinedError{Code: holdExpired}
	}
	return payment.Snapshot{}, &payment.RefusedError{Reason: "Stripe does not do that in the state that the payment is in"}
}

// Refund gives an amount back: of the latest charge of the payment first.
func (p *Provider) Refund(ctx context.Context, op payment.Operation, x payment.Payment) (payment.Snapshot, error) {
	list, err := p.charges(ctx, x)
	if err != nil {
		return payment.Snapshot{}, err
	}
	left, there := op.Amount-given(list, op), int64(0)
	for _, c := range list {
		there += c.intent.AmountReceived - c.refunded()
	}
	if left > there { // before a part of it is given back
		return payment.Snapshot{}, &payment.RefusedError{Reason: fmt.Sprintf("at Stripe there is %d too little to give back", left-there)}
	}
	for _, c := range list {
		part := min(left, c.intent.AmountReceived-c.refunded())
		if part <= 0 {
			continue
		}
		r, err := p.refund(ctx, op, c.intent.ID, part)
		switch {
		case err != nil:
			return payment.Snapshot{}, failure(err)
		case failed(r):
			return payment.Snapshot{}, declined(string(r.FailureReason))
		}
		left -= part
	}
	return payment.Snapshot{Ref: x.Ref, Held: x.Held, HeldUntil: x.HeldUntil, Captured: x.Captured, Refunded: x.Refunded + op.Amount}, nil
}

// refund gives a part back. Its key is of the operation and the charge.
func (p *Provider) refund(ctx context.Context, op payment.Operation, intent string, amount int64) (*sdk.Refund, error) {
	key := op.ID + "/" + intent
	for n := 2; ; n++ {
		params := &sdk.RefundCreateParams{PaymentIntent: sdk.String(intent), Amount: sdk.Int64(amount), Metadata: about(op)}
		params.IdempotencyKey = sdk.String(key)
		r, err := p.api.V1Refunds.Create(ctx, params)
		if n > keys || !spent(err) {
			return r, err
		}
		refunds, err := p.refunds(ctx, intent)
		if err != nil {
			return nil, err
		}
		for _, r := range refunds {
			if r.Metadata[metaOperation] == op.ID {
				return r, nil
			}
		}
		key = fmt.Sprintf("%s/%s/again-%d", op.ID, intent, n)
	}
}
