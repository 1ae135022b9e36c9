package store

import (
	"testing"

	"gnista"
)

// Writers tell of what they have committed at the same time, so that what was committed later may be told of first.
func TestFeedOutOfOrder(t *testing.T) {
	block := func(from, to int64) (evs []gnista.Event) {
		for n := from; n <= to; n++ {
			evs = append(evs, gnista.Event{Seq: n, Kind: "k"})
		}
		return evs
	}
	f := NewFeed(func(string) bool { return true })
	f.Add(block(6, 8))
	f.Add(block(1, 5))
	if _, _, all := f.after(0); all {
		t.Error("what was told of late is not read from the database")
	}
	evs, upto, all := f.after(5)
	if !all || len(evs) != 3 || evs[0].Seq != 6 || upto != 8 {
		t.Errorf("behind 5 are %v, up to %d, all %t", evs, upto, all)
	}
	f.Add(block(9, 9))
	if evs, _, all := f.after(8); !all || len(evs) != 1 {
		t.Errorf("behind 8 are %v, all %t", evs, all)
	}
	f.Add(block(11, 11))
	if _, _, all := f.after(9); all {
		t.Error("a gap is not read from the database")
	}
}
