package stripe

import (
	"context"
	"errors"
	"net/http"

	sdk "github.com/stripe/stripe-go/v85"

	"gnista"
	"gnista/payment"
)

// Hold sets an amount aside on the card of an account, without its driver being there.
func (p *Provider) Hold(ctx context.Context, op payment.Operation, x payment.Payment) (payment.Snapshot, error) {
	if !enough(op.Amount, x.Currency) {
		return payment.Snapshot{}, &payment.DeclinedError{Code: payment.BelowMinimum}
	}
	return p.charge(ctx, op, x, op.Amount, sdk.PaymentIntentCaptureMethodManual)
}

// Increment is not done: where the bank of the customer has to be asked, no more can be set aside without the customer.
func (p *Provider) Increment(context.Context, payment.Operation, payment.Payment) (payment.Snapshot, error) {
	return payment.Snapshot{}, &payment.DeclinedError{Code: "no-increment"}
}

// charge sets an amount aside on the card of the payment's mandate, or takes it.
func (p *Provider) charge(ctx context.Context, op payment.Operation, x payment.Payment, amount int64, how sdk.PaymentIntentCaptureMethod) (payment.Snapshot, error) {
	m, err := p.mandate(ctx, x)
	switch {
	case err != nil:
		return payment.Snapshot{}, err
	case m.State != payment.MandateActive:
		return payment.Snapshot{}, &payment.DeclinedError{Code: noMandate, Customer: true}
	}
	s, err := p.keyed(ctx, op, x, func(key string) (payment.Snapshot, error) {
		params := &sdk.PaymentIntentCreateParams{
			Amount: sdk.Int64(amount), Currency: theirs(x.Currency), CaptureMethod: sdk.String(how), Metadata: about(op), Customer: sdk.String(m.Customer),
			PaymentMethod: sdk.String(m.Method), PaymentMethodTypes: []*string{sdk.String("card")}, OffSession: sdk.Bool(true), Confirm: sdk.Bool(true),
			Expand: []*string{sdk.String("latest_charge")},
		}
		params.IdempotencyKey = sdk.String(key)
		intent, err := p.api.V1PaymentIntents.Create(ctx, params)
		if err != nil {
			return payment.Snapshot{}, err
		}
		return p.outcome(intent, x)
	})
	return s, failure(err)
}

// outcome is what came of a charge that was confirmed without the driver: an error that is ours where it was not made.
func (p *Provider) outcome(intent *sdk.PaymentIntent, x payment.Payment) (payment.Snapshot, error) {
	switch intent.Status {
	case sdk.PaymentIntentStatusSucceeded:
		return payment.Snapshot{Ref: intent.ID, Captured: x.Captured + intent.AmountReceived, Refunded: x.Refunded}, nil
	case sdk.PaymentIntentStatusRequiresCapture:
		return p.of(intent, 0), nil
	case sdk.PaymentIntentStatusProcessing:
		return payment.Snapshot{}, errProcessing
	case sdk.PaymentIntentStatusRequiresAction:
		return payment.Snapshot{}, declined(string(sdk.ErrorCodeAuthenticationRequired))
	}
	return payment.Snapshot{}, declined(why(intent))
}

// mandate is what a payment is made under. It may have ended since.
func (p *Provider) mandate(ctx context.Context, x payment.Payment) (payment.Mandate, error) {
	if x.Mandate == "" || p.Mandates == nil {
		return payment.Mandate{}, &payment.DeclinedError{Code: noMandate, Customer: true}
	}
	m, err := p.Mandates.Mandate(ctx, x.Mandate)
	if err != nil && gnista.CodeOf(err) == gnista.NotFound {
		err = &payment.DeclinedError{Code: noMandate, Customer: true}
	}
	return m, err
}

// Keep begins to keep a card of an account's driver: the driver gives it in the element of a page, and the driver's
// bank confirms there that it may be charged later.
func (p *Provider) Keep(ctx context.Context, m payment.Mandate) (payment.Kept, payment.Action, error) {
	if m.Customer == "" {
		params := &sdk.CustomerCreateParams{Metadata: map[string]string{metaAccount: m.Account}}
		params.IdempotencyKey = sdk.String(m.ID + "/customer")
		c, err := p.api.V1Customers.Create(ctx, params)
		if err != nil {
			return payment.Kept{}, payment.Action{}, failure(err)
		}
		m.Customer = c.ID
	}
	params := &sdk.SetupIntentCreateParams{
		Customer: sdk.String(m.Customer), Usage: sdk.String(sdk.SetupIntentUsageOffSession), PaymentMethodTypes: []*string{sdk.String("card")},
		Metadata: map[string]string{metaMandate: m.ID, metaAccount: m.Account},
	}
	params.IdempotencyKey = sdk.String(m.ID + "/setup")
	setup, err := p.api.V1SetupIntents.Create(ctx, params)
	if err != nil {
		return payment.Kept{}, payment.Action{}, failure(err)
	}
	return payment.Kept{State: payment.MandateAwaiting, Customer: m.Customer, Ref: setup.ID},
		p.element(setup.ClientSecret), nil
}

// Kept reads what came of it.
func (p *Provider) Kept(ctx context.Context, m payment.Mandate) (payment.Kept, error) {
	params := &sdk.SetupIntentRetrieveParams{Expand: []*string{sdk.String("payment_method")}}
	setup, err := p.api.V1SetupIntents.Retrieve(ctx, m.Ref, params)
	if err != nil {
		return payment.Kept{}, failure(err)
	}
	k := payment.Kept{State: payment.MandateAwaiting, Customer: m.Customer, Ref: setup.ID}
	switch setup.Status {
	case sdk.SetupIntentStatusSucceeded:
		k.State = payment.MandateActive
	case sdk.SetupIntentStatusCanceled:
		k.State = payment.MandateRevoked
	}
	if method := setup.PaymentMethod; method != nil {
		k.Method = method.ID
		if method.Card != nil {
			k.Label = label(method.Card)
		}
	}
	return k, nil
}

func label(c *sdk.PaymentMethodCard) string {
	brand := string(c.Brand)
	switch c.Brand {
	case sdk.PaymentMethodCardBrandVisa:
		brand = "Visa"
	case sdk.PaymentMethodCardBrandMastercard:
		brand = "Mastercard"
	case sdk.PaymentMethodCardBrandAmex:
		brand = "American Express"
	}
	return brand + " ···· " + c.Last4
}

// Forget has Stripe forget the card, or no longer ask for it.
func (p *Provider) Forget(ctx context.Context, m payment.Mandate) error {
	if m.Method == "" && m.Ref != "" {
		k, err := p.Kept(ctx, m) // the driver may have been faster
		if err != nil {
			return err
		}
		m.Method = k.Method
	}
	var err error
	switch {
	case m.Method != "":
		_, err = p.api.V1PaymentMethods.Detach(ctx, m.Method, nil)
	case m.Ref != "":
		_, err = p.api.V1SetupIntents.Cancel(ctx, m.Ref, nil)
	}
	if ended(err) {
		return nil
	}
	return failure(err)
}

// ended tells whether what is to be ended is no more.
func ended(err error) bool {
	var e *sdk.Error
	return errors.As(err, &e) && (e.HTTPStatusCode == http.StatusBadRequest || e.HTTPStatusCode == http.StatusNotFound)
}
