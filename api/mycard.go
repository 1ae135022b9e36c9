package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/account/member"
	"gnista/token"
)

// byHolder is why a card is blocked that its driver has blocked, who alone may take that back.
const byHolder = "by its holder"

// myCard is a card as its driver sees it.
type myCard struct {
	ID        string      `json:"id"`
	Label     string      `json:"label,omitempty" doc:"Its last four characters; absent: it is what is begun in a browser"`
	Name      string      `json:"name,omitempty"`
	Account   string      `json:"account"`
	Blocked   bool        `json:"blocked,omitempty"`
	Mine      bool        `json:"blockedByMe,omitempty" doc:"It can be unblocked by its holder; where the operator has blocked it, only by the operator"`
	ExpiresAt *time.Time  `json:"expiresAt,omitempty"`
	Limits    *limitsView `json:"limits,omitempty"`
}

func (s *Server) showMyCard(k token.Token) myCard {
	return myCard{s.cardID(k), cardLabel(k.ID), k.Name, k.Account, k.Blocked, k.Blocked && k.BlockReason == byHolder, moment(k.ExpiresAt), showLimits(k.Limits)}
}

// myCardChange is what a driver says of a card; what is left out is not changed.
type myCardChange struct {
	Name    *string     `json:"name,omitempty" maxLength:"100"`
	Blocked *bool       `json:"blocked,omitempty"`
	Limits  *limitsView `json:"limits,omitempty" doc:"Replaces all limits"`
}

// UnmarshalJSON refuses null.
func (c *myCardChange) UnmarshalJSON(text []byte) error {
	type plain myCardChange
	return unmarshalChange(text, (*plain)(c))
}

func (s *Server) changeCard(ctx context.Context, d holder, id string, c myCardChange) (token.Token, error) {
	k, err := s.tokenOf(ctx, d, id)
	if err != nil {
		return k, err
	}
	limits, err := c.Limits.limits()
	if err != nil {
		return k, err
	}
	if c.Blocked != nil && !*c.Blocked && k.Blocked && k.BlockReason != byHolder {
		return k, gnista.Errorf(gnista.Conflict, "the operator has blocked the card, and can unblock it")
	}
	of := k.Account
	return s.Tokens.Update(ctx, k.ID, func(k *token.Token) {
		if k.Account != of {
			return
		}
		set(&k.Name, c.Name)
		if c.Limits != nil {
			k.Limits = limits
		}
		if c.Blocked != nil && *c.Blocked != k.Blocked && (*c.Blocked || k.BlockReason == byHolder) {
			if k.Blocked = *c.Blocked; k.Blocked {
				k.BlockReason = byHolder
			}
		}
	})
}

// dropCard takes a card from its account: nobody has registered it then. Conflict while it charges.
func (s *Server) dropCard(ctx context.Context, d holder, id string) error {
	k, err := s.tokenOf(ctx, d, id)
	if err != nil {
		return err
	}
	if k.Blocked && k.BlockReason != byHolder {
		return gnista.Errorf(gnista.Conflict, "the operator has blocked the card")
	}
	list, err := s.chargingOf(ctx, d)
	if err != nil {
		return err
	}
	for _, t := range list {
		if token.Key(t.Token.UID) == token.Key(k.ID.UID) {
			return gnista.Errorf(gnista.Conflict, "the card is charging")
		}
	}
	return s.Tokens.Store.DeleteToken(ctx, k.ID)
}

// tapView is how far a driver is who adds a card.
type tapView struct {
	State   member.TapState  `json:"state" enum:"waiting,seen,again,ready,several,over" doc:"waiting: no card was held to the station yet; seen: one was, is it theirs?; again: it has to be held there once more; ready: it can be added; several: more than one was held there, begin anew; over: the time is over"`
	Station gnista.StationID `json:"station"`
	Until   time.Time        `json:"until"`
	Card    string           `json:"card,omitempty" doc:"Id of what was seen"`
	Label   string           `json:"label,omitempty" doc:"Its last four characters"`
	EVSE    int              `json:"evse,omitempty"`
}

func showTap(t member.Seen) tapView {
	v := tapView{State: t.State, Station: t.Station, Until: t.Until}
	if t.Card.ID != "" {
		v.Card, v.Label, v.EVSE = t.Card.ID, token.Mask(t.Card.Token.UID), t.Card.EVSE
	}
	return v
}

// openTap begins to add a card at a station.
func (s *Server) openTap(ctx context.Context, d holder, name, accountID string) (member.Seen, error) {
	a, err := s.accountOf(ctx, d, accountID)
	if err != nil {
		return member.Seen{}, err
	}
	id, _, err := s.outletBy(ctx, name)
	if err != nil {
		return member.Seen{}, err
	}
	if _, there := s.Presence.Connection(id); !there {
		return member.Seen{}, gnista.Errorf(gnista.Offline, "the station is not connected")
	}
	if !s.rates.taps.allow(d.ID, s.Now()) {
		return member.Seen{}, tooOften()
	}
	return s.Members.OpenTap(ctx, a, id)
}

func (s *Server) myCards(api huma.API) {
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/my/cards", OperationID: "my-cards", Summary: "List one's cards", Tags: myTags},
		func(ctx context.Context, _ *struct{}) (*body[page[myCard]], error) {
			list, err := s.tokensOf(ctx, driverOf(ctx))
			out := page[myCard]{Items: make([]myCard, len(list))}
			for i, k := range list {
				out.Items[i] = s.showMyCard(k)
			}
			return answer(out, err)
		})
	type Path struct {
		ID string `path:"id" maxLength:"100"`
	}
	add(s, api, huma.Operation{Method: http.MethodPatch, Path: "/my/cards/{id}", OperationID: "my-card-change", Summary: "Name, limit, block or unblock one of one's cards", Tags: myTags},
		func(ctx context.Context, in *struct {
			Path
			Body myCardChange
		}) (*body[myCard], error) {
			k, err := s.changeCard(ctx, driverOf(ctx), in.ID, in.Body)
			return answer(s.showMyCard(k), err)
		})
	add(s, api, huma.Operation{Method: http.MethodDelete, Path: "/my/cards/{id}", OperationID: "my-card-remove", Summary: "Remove one of one's cards", Tags: myTags, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *Path) (*struct{}, error) {
			return nil, s.dropCard(ctx, driverOf(ctx), in.ID)
		})
	type myTapStart struct {
		Station string `json:"station" minLength:"1" maxLength:"255" doc:"Its id, or the code that is on the outlet"`
		Account string `json:"account,omitempty" maxLength:"100" doc:"Id of the account that is to pay; absent: the first that is not blocked"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/my/tap", OperationID: "my-tap", Summary: "Begin to add a card at a station", Tags: myTags, DefaultStatus: http.StatusCreated,
		Description: "The card has to be held to the station within five minutes, and once more after its holder has said that it is theirs. One driver at a time adds a card at a station.",
	}, func(ctx context.Context, in *struct{ Body myTapStart }) (*body[tapView], error) {
		t, err := s.openTap(ctx, driverOf(ctx), in.Body.Station, in.Body.Account)
		return answer(showTap(t), err)
	})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/my/tap", OperationID: "my-tap-look", Summary: "Tell how far one is with adding a card", Tags: myTags},
		func(ctx context.Context, _ *struct{}) (*body[tapView], error) {
			t, err := s.Members.Tap(ctx, driverOf(ctx).ID)
			return answer(showTap(t), err)
		})
	type myTapMine struct {
		Card string `json:"card" minLength:"1" maxLength:"100" doc:"Id of what was seen"`
	}
	add(s, api, huma.Operation{Method: http.MethodPost, Path: "/my/tap/mine", OperationID: "my-tap-mine", Summary: "Say that the card that was seen is one's own", Tags: myTags},
		func(ctx context.Context, in *struct{ Body myTapMine }) (*body[tapView], error) {
			t, err := s.Members.Mine(ctx, driverOf(ctx).ID, in.Body.Card)
			return answer(showTap(t), err)
		})
	type myTapName struct {
		Name string `json:"name,omitempty" maxLength:"100"`
	}
	add(s, api, huma.Operation{Method: http.MethodPost, Path: "/my/tap/add", OperationID: "my-tap-add", Summary: "Add the card", Tags: myTags, DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *struct{ Body myTapName }) (*body[myCard], error) {
			k, err := s.Members.Add(ctx, driverOf(ctx).ID, in.Body.Name)
			return answer(s.showMyCard(k), err)
		})
	add(s, api, huma.Operation{Method: http.MethodDelete, Path: "/my/tap", OperationID: "my-tap-end", Summary: "Add no card after all", Tags: myTags, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, _ *struct{}) (*struct{}, error) {
			return nil, s.Members.Store.EndTap(ctx, driverOf(ctx).ID)
		})
}
