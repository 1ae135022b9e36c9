package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/station"
	"gnista/token"
)

// odd: what stations send is kept, whatever is in it, and found again by the same words.
func (s suite) odd(t *testing.T) {
	ctx := t.Context()
	for i, word := range []string{"nul\x00nul", "broken\xff", "\u00a0blank\u2028", strings.Repeat("long ", 2000)} {
		name := word[:min(len(word), 50)]
		x := newTransaction(fmt.Sprintf("odd%d", i), name)
		x.Station, x.StartKey, x.StopReason, x.Note, x.Token.UID, x.SoC = "odd", name, word, word, name, 1<<32
		x.EVSE = gnista.EVSE{ID: 1 << 32, Connector: 1 << 40}
		sample := charging.Sample{At: now, Measurand: charging.Measurand(word), Phase: word, Location: word, Milli: 5}
		err := s.Change(ctx, "odd", func(tx charging.Tx) error { return tx.Save(x, []charging.Sample{sample}) })
		if err != nil {
			t.Errorf("%.20q: %v", word, err)
			continue
		}
		if err := s.Change(ctx, "odd", func(tx charging.Tx) error {
			if x := must[*charging.Transaction](t)(tx.ByRef("odd", name)); x == nil || x.EVSE.Connector != 1<<40 {
				t.Errorf("%.20q: by its name it is %+v", word, x)
			}
			if x := must[*charging.Transaction](t)(tx.ByStart("odd", name)); x == nil {
				t.Errorf("%.20q is not found by its start", word)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
		if list := must[[]charging.Sample](t)(s.Samples(ctx, x.ID)); len(list) != 1 || list[0].Milli != 5 {
			t.Errorf("%.20q: the samples are %+v", word, list)
		}
		if _, err := s.AddMessages(ctx, []station.Message{{Station: "odd", At: now, Text: word}}, must[int64](t)(s.LastMessage(ctx))); err != nil {
			t.Errorf("%.20q: %v", word, err)
		}
	}
}

// counting: of changes that count the transactions of a token and add one, none overlooks another.
func (s suite) counting(t *testing.T) {
	card := token.ID{UID: "C0", Type: token.ISO14443}
	if err := s.CreateToken(t.Context(), token.Token{ID: card, CreatedAt: now, UpdatedAt: now}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			id := gnista.StationID(fmt.Sprintf("count%d", i))
			err := s.Change(context.Background(), id, func(tx charging.Tx) error {
				n, err := tx.CountOpen(card)
				if n > 0 || err != nil {
					return err
				}
				x := newTransaction(fmt.Sprintf("count%d", i), "r")
				x.Station, x.Token = id, card
				time.Sleep(time.Millisecond)
				return tx.Save(x, nil)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if list := must[[]charging.Transaction](t)(s.Transactions(t.Context(), charging.Filter{Token: "C0", Limit: 100})); len(list) != 1 {
		t.Errorf("a token that may charge once charges %d times", len(list))
	}
}
