package charging

import (
	"context"
	"time"

	"gnista"
	"gnista/token"
)

// Prices knows what charging costs.
type Prices interface {
	// InForce is the id of the version of the tariff that holds in a case. NotFound.
	InForce(ctx context.Context, c Case) (string, error)
	// Cost is what a transaction costs, so far or in all. NotFound when it has no tariff.
	Cost(ctx context.Context, t *Transaction) (gnista.Money, error)
}

// Case is what the tariff of a transaction depends on.
type Case struct {
	Station gnista.StationID
	EVSE    int      // 0 where it is not known
	Token   token.ID // that pays; the zero ID while there is none
	Group   string   // of the token
	Account string   // that pays
	Agreed  string   // id of the version that was agreed on with who pays; empty is none
	At      time.Time
}

// Case is what the transaction's tariff depends on: a token that was refused pays nothing.
func (t *Transaction) Case() Case {
	c := Case{Station: t.Station, EVSE: t.EVSE.ID, At: t.StartedAt}
	if !t.Authorised {
		return c
	}
	c.Token, c.Group, c.Account, c.Agreed = t.Token, t.Progress.Group, t.Account, t.Progress.Pass.Tariff
	return c
}

// price looks up the tariff when the transaction starts, or when what it depends on has become known
// since. It then holds to the end, so that there never is a newer one to tell the driver; of a finished
// transaction it is never another. (OCPP 2.x I06.FR.01, I06.FR.02)
func (r *recording) price(t *Transaction, before Case) error {
	c := t.Case()
	if !t.FinishedAt.IsZero() || !t.Progress.Started || c == before && r.Kind != Started {
		return nil
	}
	if c.Agreed != "" {
		t.Tariff = c.Agreed
		return nil
	}
	if c == r.foreseen {
		t.Tariff = r.tariff
		return nil
	}
	var err error
	t.Tariff, err = r.tx.InForce(c)
	return err
}

// foresee looks up the tariff of a transaction that starts before others have to wait for it: mostly it
// is then what it was thought to be.
func (r *recording) foresee(ctx context.Context, prices Prices) error {
	c := Case{Station: r.station, EVSE: r.EVSE.ID, At: r.at}
	if d := r.decision; d != nil && d.Status == token.Accepted {
		c.Token, c.Group, c.Account = d.ID, d.Group, d.Account
		if d.Pass.Tariff != "" {
			return nil
		}
	}
	version, err := prices.InForce(ctx, c)
	if err != nil && gnista.CodeOf(err) != gnista.NotFound {
		return err
	}
	r.foreseen, r.tariff = c, version
	return nil
}
