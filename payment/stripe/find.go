package stripe

import (
	"cmp"
	"context"
	"slices"
	"time"

	sdk "github.com/stripe/stripe-go/v85"

	"gnista"
	"gnista/payment"
)

// taken is a charge that we have made, with what was given back of it.
type taken struct {
	intent  *sdk.PaymentIntent
	refunds []*sdk.Refund
}

// refunded is what was given back. What a partial capture has released is listed among the refunds of some
// charges too, and is none.
func (c taken) refunded() (amount int64) {
	for _, r := range c.refunds {
		ours, moved := r.Metadata[metaOperation] != "", r.BalanceTransaction != nil
		if moved && r.BalanceTransaction.ReportingCategory == sdk.BalanceTransactionReportingCategoryPartialCaptureReversal {
			continue
		}
		if (ours || moved) && !failed(r) {
			amount += r.Amount
		}
	}
	return amount
}

func failed(r *sdk.Refund) bool {
	return r.Status == sdk.RefundStatusFailed || r.Status == sdk.RefundStatusCanceled
}

// given is what an operation has given back.
func given(list []taken, op payment.Operation) (amount int64) {
	for _, c := range list {
		for _, r := range c.refunds {
			if r.Metadata[metaOperation] == op.ID && !failed(r) {
				amount += r.Amount
			}
		}
	}
	return amount
}

// of is a payment with one charge, of which so much was given back.
func (p *Provider) of(intent *sdk.PaymentIntent, refunded int64) payment.Snapshot {
	if intent == nil {
		return payment.Snapshot{}
	}
	s := payment.Snapshot{Ref: intent.ID, Captured: intent.AmountReceived, Refunded: refunded}
	switch intent.Status {
	case sdk.PaymentIntentStatusRequiresCapture:
		s.Held, s.HeldUntil = intent.AmountCapturable, until(intent, cmp.Or(p.HoldLife, HoldLife))
	case sdk.PaymentIntentStatusCanceled:
		s.Ended = payment.Abandoned
	}
	return s
}

// until is how long the bank keeps what it has set aside: as the charge says, which not each way to pay does, or for a
// time from when it, or else what it was made for, was made.
func until(intent *sdk.PaymentIntent, life time.Duration) time.Time {
	from := intent.Created
	if c := intent.LatestCharge; c != nil {
		if d := c.PaymentMethodDetails; d != nil && d.Card != nil && d.Card.CaptureBefore != 0 {
			return time.Unix(d.Card.CaptureBefore, 0).UTC()
		}
		from = max(from, c.Created)
	}
	return time.Unix(from, 0).UTC().Add(life)
}

// why is the code of what went wrong last with a charge.
func why(intent *sdk.PaymentIntent) string {
	e := intent.LastPaymentError
	switch {
	case e == nil:
		return string(intent.Status)
	case e.DeclineCode != "" && e.Code != sdk.ErrorCodeAuthenticationRequired:
		return string(e.DeclineCode)
	}
	return string(e.Code)
}

// intents are those of a payment, the newest first: the one that it is called by, or all that were made under its
// mandate.
func (p *Provider) intents(ctx context.Context, x payment.Payment) ([]*sdk.PaymentIntent, error) {
	if x.Ref != "" && x.Way != payment.ByMandate {
		intent, err := p.api.V1PaymentIntents.Retrieve(ctx, x.Ref, &sdk.PaymentIntentRetrieveParams{Expand: []*string{sdk.String("latest_charge")}})
		if err != nil {
			return nil, failure(err)
		}
		return []*sdk.PaymentIntent{intent}, nil
	}
	if x.Mandate == "" {
		return nil, nil
	}
	m, err := p.mandate(ctx, x)
	if err != nil {
		return nil, err
	}
	params := &sdk.PaymentIntentListParams{
		Customer: sdk.String(m.Customer), CreatedRange: &sdk.RangeQueryParams{GreaterThanOrEqual: x.CreatedAt.Add(-time.Hour).Unix()},
		Expand: []*string{sdk.String("data.latest_charge")},
	}
	params.Limit = sdk.Int64(100)
	var list []*sdk.PaymentIntent
	for intent, err := range p.api.V1PaymentIntents.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, failure(err)
		}
		if intent.Metadata[metaPayment] == x.ID {
			list = append(list, intent)
		}
	}
	slices.SortStableFunc(list, func(a, b *sdk.PaymentIntent) int { return int(b.Created - a.Created) })
	return list, nil
}

// charges are the intents of a payment of which something was taken, with what was given back.
func (p *Provider) charges(ctx context.Context, x payment.Payment) ([]taken, error) {
	intents, err := p.intents(ctx, x)
	if err != nil {
		return nil, err
	}
	var list []taken
	for _, intent := range intents {
		if intent.AmountReceived == 0 {
			continue
		}
		refunds, err := p.refunds(ctx, intent.ID)
		if err != nil {
			return nil, failure(err)
		}
		list = append(list, taken{intent, refunds})
	}
	return list, nil
}

func (p *Provider) refunds(ctx context.Context, intent string) (list []*sdk.Refund, err error) {
	params := &sdk.RefundListParams{PaymentIntent: sdk.String(intent), Expand: []*string{sdk.String("data.balance_transaction")}}
	params.Limit = sdk.Int64(100)
	for r, err := range p.api.V1Refunds.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// Fetch reads a payment.
func (p *Provider) Fetch(ctx context.Context, x payment.Payment) (payment.Snapshot, error) {
	intents, err := p.intents(ctx, x)
	if err != nil {
		return payment.Snapshot{}, err
	}
	if len(intents) == 0 {
		return payment.Snapshot{}, gnista.Errorf(gnista.NotFound, "Stripe has no payment %s", x.ID)
	}
	s := p.of(intents[0], 0)
	if x.Way == payment.ByMandate {
		s = payment.Snapshot{Ref: intents[0].ID}
	}
	s.Captured = 0
	for _, intent := range intents {
		if intent.AmountReceived == 0 {
			continue
		}
		refunds, err := p.refunds(ctx, intent.ID)
		if err != nil {
			return payment.Snapshot{}, failure(err)
		}
		s.Captured += intent.AmountReceived
		s.Refunded += taken{intent, refunds}.refunded()
	}
	return s, nil
}

// Find tells what became of an operation.
func (p *Provider) Find(ctx context.Context, op payment.Operation, x payment.Payment) (payment.Snapshot, bool, error) {
	switch {
	case op.Kind == payment.KindBegin, op.Kind == payment.KindIncrement:
		return payment.Snapshot{}, false, nil
	case op.Kind == payment.KindRefund:
		list, err := p.charges(ctx, x)
		if err != nil || given(list, op) < op.Amount {
			return payment.Snapshot{}, false, err
		}
		s, err := p.Fetch(ctx, x)
		return s, err == nil, err
	case op.Kind == payment.KindHold, x.Way == payment.ByMandate:
		return p.findCharge(ctx, op, x)
	}
	s, err := p.Fetch(ctx, x)
	switch {
	case err != nil:
		return payment.Snapshot{}, false, err
	case op.Kind == payment.KindCapture: // of a hold, which is captured once
		return s, s.Captured > 0, nil
	}
	return s, s.Held == 0 && s.Ended != "", nil
}

// findCharge looks for the charge that an operation has made under a mandate.
func (p *Provider) findCharge(ctx context.Context, op payment.Operation, x payment.Payment) (payment.Snapshot, bool, error) {
	intents, err := p.intents(ctx, x)
	if err != nil {
		return payment.Snapshot{}, false, err
	}
	for _, intent := range intents {
		if intent.Metadata[metaOperation] != op.ID {
			continue
		}
		if _, err := p.outcome(intent, x); err != nil {
			return payment.Snapshot{}, false, err
		}
		s, err := p.Fetch(ctx, x)
		return s, err == nil, err
	}
	return payment.Snapshot{}, false, nil
}
