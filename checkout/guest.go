package checkout

import (
	"context"

	"gnista"
	"gnista/payment"
	"gnista/token"
)

// Guest decides about the token of a checkout: it starts one transaction, at its EVSE, while what was paid for
// it is there, and ends that. No station may remember the answer.
func (d *Desk) Guest(ctx context.Context, r token.Request) (token.Decision, bool, error) {
	c, err := d.Store.CheckoutByToken(ctx, r.ID.UID)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return token.Decision{}, false, nil
	}
	if err != nil {
		return token.Decision{}, false, err
	}
	a := token.Decision{
		Status: token.NoCredit, ID: c.Token, Payment: c.Payment, ExpiresAt: r.At, Language: c.Language,
		Pass: token.Pass{Checkout: c.ID, Tariff: c.Tariff, MinWh: c.MinWh, Minimum: c.Minimum},
	}
	if r.Station != "" && r.Station != c.Station || r.EVSE != 0 && r.EVSE != c.EVSE {
		a.Status = token.NotHere
		return a, true, nil
	}
	if c.Transaction != "" {
		if r.Use != token.Start || c.State == Charging { // again for the transaction that it is of: another one is refused where it starts
			a.Status = token.Accepted
		}
		return a, true, nil
	}
	if r.Use == token.Stop || !c.State.Waiting() || c.State == Paying {
		return a, true, nil
	}
	if c.Payment != "" {
		p, err := d.Payments.Store.Payment(ctx, c.Payment)
		if err != nil {
			return a, true, err
		}
		if p.State != payment.Held && p.State != payment.Prepaid || p.Closing {
			return a, true, nil
		}
	}
	a.Status = token.Accepted
	return a, true, nil
}
