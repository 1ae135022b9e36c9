package power

import (
	"context"
	"fmt"
	"time"

	"gnista"
	"gnista/station"
	"gnista/token"
)

// Swap is a step of changing batteries. (OCPP 2.1 S)
type Swap struct {
	Noted
	Step      string    `json:"step" enum:"in,out,out-timeout"`
	Number    int       `json:"number" doc:"What comes out has the number of what went in"`
	Token     string    `json:"token"`
	Batteries []Battery `json:"batteries"`
}

// Battery is one that is changed.
type Battery struct {
	Slot     int        `json:"slot"`
	Serial   string     `json:"serial"`
	SoC      Milli      `json:"soc" doc:"State of charge in percent"`
	SoH      Milli      `json:"soh" doc:"State of health in percent"`
	Produced *time.Time `json:"produced,omitempty"`
	Info     string     `json:"info,omitempty"`
}

func (*Swap) kind() string { return "swap" }
func (s *Swap) key() string {
	key := fmt.Sprintf("%d %s", s.Number, s.Step)
	if len(s.Batteries) > 0 { // a station may count anew
		key += " " + s.Batteries[0].Serial
	}
	return key
}

// TakeSwap takes in a step of changing batteries, once. (OCPP 2.1 S01, S03)
func (p *Power) TakeSwap(ctx context.Context, id gnista.StationID, s Swap) error {
	return note(ctx, p, id, &s, p.event("power.swap", id, map[string]any{"step": s.Step, "number": s.Number}))
}

// RequestSwap orders a station to change batteries for a token. (OCPP 2.1 S02)
type RequestSwap struct {
	Number int
	Token  token.ID
}

func (RequestSwap) Answers() (a station.Answer) { return a }

func (o RequestSwap) Told() station.Told {
	return station.Told{Kind: "battery-swap", Note: fmt.Sprintf("number %d", o.Number)}
}

// RequestSwap orders a station to change batteries for a token, which must be allowed to charge.
// Conflict. (OCPP 2.1 S02.FR.03)
func (p *Power) RequestSwap(ctx context.Context, id gnista.StationID, who token.ID) (station.Answer, error) {
	d, err := p.Transactions.Tokens.Authorise(ctx, token.Request{ID: who, At: p.Now(), Station: id, Use: token.Start, Ordered: true})
	if err != nil {
		return station.Answer{}, err
	}
	if d.Status != token.Accepted {
		return station.Answer{}, gnista.Errorf(gnista.Conflict, "the token may not charge: it is %s", d.Status)
	}
	number, err := p.Transactions.Number(ctx, id)
	if err != nil {
		return station.Answer{}, err
	}
	return station.Give(ctx, p.Network, id, RequestSwap{Number: number, Token: d.ID})
}
