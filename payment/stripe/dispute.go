package stripe

import (
	"context"
	"time"

	sdk "github.com/stripe/stripe-go/v85"

	"gnista/payment"
)

var _ payment.Disputer = (*Provider)(nil)

// Disputes lists those of a payment.
func (p *Provider) Disputes(ctx context.Context, x payment.Payment) ([]payment.Disputed, error) {
	if x.Captured == 0 {
		return nil, nil
	}
	intents, err := p.intents(ctx, x)
	if err != nil {
		return nil, err
	}
	var list []payment.Disputed
	for _, intent := range intents {
		params := &sdk.DisputeListParams{PaymentIntent: sdk.String(intent.ID)}
		params.Limit = sdk.Int64(100)
		for d, err := range p.api.V1Disputes.List(ctx, params).All(ctx) {
			if err != nil {
				return nil, failure(err)
			}
			list = append(list, disputed(d))
		}
	}
	return list, nil
}

func disputed(d *sdk.Dispute) payment.Disputed {
	out := payment.Disputed{Ref: d.ID, State: payment.DisputeOpened, Amount: d.Amount, Reason: string(d.Reason), At: time.Unix(d.Created, 0).UTC()}
	switch d.Status {
	case sdk.DisputeStatusNeedsResponse, sdk.DisputeStatusWarningNeedsResponse:
		if d.EvidenceDetails != nil && d.EvidenceDetails.DueBy > 0 {
			out.State, out.EvidenceDue = payment.DisputeEvidence, time.Unix(d.EvidenceDetails.DueBy, 0).UTC()
		}
	case sdk.DisputeStatusLost:
		out.State = payment.DisputeLost
	case sdk.DisputeStatusWon, sdk.DisputeStatusWarningClosed, sdk.DisputeStatusPrevented:
		out.State = payment.DisputeWon
	}
	return out
}
