package cost

import (
	"context"
	"fmt"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/station"
	"gnista/token"
)

// Taking the end of a transaction: what its station was answered comes first, and a station is not told
// of what is long over.
const (
	finalWait   = time.Second
	finalWithin = time.Hour
)

// Take takes in that a transaction is finished: its station is told what it has come to where its version
// does not tell it with an answer, and what the station has reckoned is compared. Other events it passes
// over. The same event again does no harm.
func (c *Costs) Take(ctx context.Context, ev gnista.Event) error {
	if ev.Kind != "transaction.finished" {
		return nil
	}
	t, err := c.Transactions.Transaction(ctx, ev.Subject)
	if err != nil {
		if gnista.CodeOf(err) == gnista.NotFound {
			return nil
		}
		return fmt.Errorf("telling of transaction %s: %w", ev.Subject, err)
	}
	c.boards.mu.Lock()
	c.boards.forget(t.Station, t.ID)
	c.boards.mu.Unlock()
	if t.Version == gnista.V16 && c.Now().Sub(t.FinishedAt) < finalWithin {
		c.finalSoon(t)
	}
	if t.Version != gnista.V21 {
		return nil
	}
	return c.compare(ctx, &t)
}

// finalSoon has a station told what a transaction has come to.
func (c *Costs) finalSoon(t charging.Transaction) {
	if _, there := c.Network.Presence.Connection(t.Station); !there {
		return
	}
	c.desk.put(t.Station, "final "+t.ID, finalWait, func(ctx context.Context) {
		if err := c.final(ctx, &t); err != nil && ctx.Err() == nil {
			c.Log.Warn("a station was not told what a transaction has come to", "station", t.Station, "transaction", t.ID, "err", err)
		}
	})
}

func (c *Costs) final(ctx context.Context, t *charging.Transaction) error {
	skill, err := c.Skill(ctx, t.Station)
	if err != nil || !skill.Cost {
		return err
	}
	m, err := c.Prices.Cost(ctx, t)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return nil
	}
	if err != nil {
		return err
	}
	o := TellFinal{Ref: t.Ref, Cost: m}
	driver := token.Decision{Status: token.Accepted, ID: t.Token, Account: t.Account}
	if c.Receipt != nil {
		if o.Receipt, err = c.Receipt(ctx, t.ID); err != nil && gnista.CodeOf(err) != gnista.NotFound {
			return err
		}
	}
	if o.Texts, err = c.finalTexts(ctx, t, m, o.Receipt, driver, skill); err != nil {
		return err
	}
	return c.tell(t.Station, skill, func() (station.Answer, error) { return station.Tell(ctx, c.Network.Remote, t.Station, o) })
}
