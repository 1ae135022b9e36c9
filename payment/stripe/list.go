package stripe

import (
	"context"
	"iter"
	"slices"
	"time"

	sdk "github.com/stripe/stripe-go/v85"

	"gnista/payment"
)

// between is the time range of a list, in whole seconds as Stripe counts them.
func between(from, to time.Time) *sdk.RangeQueryParams {
	return &sdk.RangeQueryParams{GreaterThanOrEqual: from.Unix(), LesserThan: to.Unix()}
}

// List yields the payments that were made between two times, the newest first. One that was charged again for a
// correction is yielded once for each charge.
func (p *Provider) List(ctx context.Context, from, to time.Time) iter.Seq2[payment.Listed, error] {
	return func(yield func(payment.Listed, error) bool) {
		params := &sdk.PaymentIntentListParams{CreatedRange: between(from, to), Expand: []*string{sdk.String("data.latest_charge")}}
		params.Limit = sdk.Int64(100)
		for intent, err := range p.api.V1PaymentIntents.List(ctx, params).All(ctx) {
			if err != nil {
				yield(payment.Listed{}, failure(err))
				return
			}
			var refunded int64
			if c := intent.LatestCharge; c != nil && c.AmountRefunded > 0 {
				refunds, err := p.refunds(ctx, intent.ID)
				if err != nil {
					yield(payment.Listed{}, failure(err))
					return
				}
				refunded = taken{intent, refunds}.refunded()
			}
			if !yield(payment.Listed{
				Snapshot: p.of(intent, refunded), Payment: intent.Metadata[metaPayment], Currency: ours(intent.Currency), At: time.Unix(intent.Created, 0).UTC(),
			}, nil) {
				return
			}
		}
	}
}

// Settlements yields the movements on our balance between two times, in order. What a payout was made of is known
// when it was made: read later, the same movements may have one.
func (p *Provider) Settlements(ctx context.Context, from, to time.Time) iter.Seq2[payment.Movement, error] {
	return func(yield func(payment.Movement, error) bool) {
		payouts, err := p.payouts(ctx, from)
		if err != nil {
			yield(payment.Movement{}, failure(err))
			return
		}
		params := &sdk.BalanceTransactionListParams{CreatedRange: between(from, to), Expand: []*string{sdk.String("data.source")}}
		params.Limit = sdk.Int64(100)
		var list []payment.Movement
		for b, err := range p.api.V1BalanceTransactions.List(ctx, params).All(ctx) {
			if err != nil {
				yield(payment.Movement{}, failure(err))
				return
			}
			list = append(list, movement(b, payouts))
		}
		slices.Reverse(list)
		slices.SortStableFunc(list, func(a, b payment.Movement) int { return a.At.Compare(b.At) })
		for _, m := range list {
			if !yield(m, nil) {
				return
			}
		}
	}
}

// payouts tells which payout each movement is part of, of those that Stripe has made by itself since a time.
func (p *Provider) payouts(ctx context.Context, since time.Time) (map[string]string, error) {
	params := &sdk.PayoutListParams{CreatedRange: &sdk.RangeQueryParams{GreaterThanOrEqual: since.Unix()}}
	params.Limit = sdk.Int64(100)
	part := map[string]string{}
	for payout, err := range p.api.V1Payouts.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, err
		}
		if !payout.Automatic {
			continue // Stripe does not tell what it was made of
		}
		params := &sdk.BalanceTransactionListParams{Payout: sdk.String(payout.ID)}
		params.Limit = sdk.Int64(100)
		for b, err := range p.api.V1BalanceTransactions.List(ctx, params).All(ctx) {
			if err != nil {
				return nil, err
			}
			part[b.ID] = payout.ID
		}
	}
	return part, nil
}

func movement(b *sdk.BalanceTransaction, payouts map[string]string) payment.Movement {
	m := payment.Movement{
		ID: b.ID, Kind: kindOf(b), Payout: payouts[b.ID], Amount: b.Amount, Fee: -b.Fee, Currency: ours(b.Currency), At: time.Unix(b.Created, 0).UTC(),
	}
	s := b.Source
	if s == nil {
		return m
	}
	var of *sdk.PaymentIntent
	switch {
	case s.Charge != nil:
		of = s.Charge.PaymentIntent
	case s.Refund != nil:
		of = s.Refund.PaymentIntent
	case s.Dispute != nil:
		of = s.Dispute.PaymentIntent
	case s.Payout != nil:
		m.Payout = s.Payout.ID
	}
	if of != nil {
		m.Ref = of.ID
	}
	return m
}

// kindOf is the kind of a movement.
func kindOf(b *sdk.BalanceTransaction) payment.MovementKind {
	switch b.ReportingCategory {
	case sdk.BalanceTransactionReportingCategoryCharge, sdk.BalanceTransactionReportingCategoryPartialCaptureReversal:
		return payment.MoveCapture
	case sdk.BalanceTransactionReportingCategoryRefund, sdk.BalanceTransactionReportingCategoryRefundFailure:
		return payment.MoveRefund // one that failed comes back
	case sdk.BalanceTransactionReportingCategoryDispute:
		return payment.MoveDispute
	case sdk.BalanceTransactionReportingCategoryDisputeReversal:
		return payment.MoveWon
	case sdk.BalanceTransactionReportingCategoryPayout, sdk.BalanceTransactionReportingCategoryPayoutReversal:
		return payment.MovePayout
	case sdk.BalanceTransactionReportingCategoryFee, sdk.BalanceTransactionReportingCategoryTax:
		return payment.MoveFee
	}
	return payment.MoveAdjustment
}
