package checkout

import (
	"context"
	"slices"
	"time"

	"gnista"
)

// Word is one of the things that a phone is told of a charge, each once.
type Word string

// The words.
const (
	WordEnded   Word = "ended"   // charging has
	WordIdle    Word = "idle"    // fees for staying begin
	WordTrouble Word = "trouble" // something is wrong
	WordReceipt Word = "receipt" // there is one
)

// How phones are told.
const (
	MaxPhones = 3 // of a checkout

	phoneLife  = 24 * time.Hour
	idleLead   = 15 * time.Minute // before fees for staying begin
	phoneLook  = time.Minute      // after which a phone is looked at though nothing was told
	phoneSweep = 5 * time.Second
	phoneBatch = 200 // of one sweep
	phonesBusy = 32  // at one time
)

// phonePauses are the times between tries of one word, which then is given up. What was cut off waits as long.
var phonePauses = []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute}

// Phone is a browser that is told of a checkout, also while it shows no page of it. Who knows its endpoint and keys can
// send to it: they are neither logged nor shown.
type Phone struct {
	ID       string
	Checkout string
	Station  gnista.StationID // of the checkout
	Endpoint string           // address of its push service
	P256dh   string           // its public key
	Auth     string           // its secret
	Language string           // sv or en

	Told      []Word    // or given up
	Trying    Word      // that is on its way, or was when we were killed; empty is none
	Tries     int       // of that
	Next      time.Time // when it is to be looked at
	CreatedAt time.Time
}

// PhoneStore keeps phones.
type PhoneStore interface {
	// AddPhone keeps a phone. Of a checkout that has one with that endpoint, the keys and the language become the new
	// ones, and what it was told stays. Conflict where the checkout has most.
	AddPhone(ctx context.Context, p Phone, most int) error
	// ChangePhone changes what a phone was told, is being told and when it is looked at. NotFound.
	ChangePhone(ctx context.Context, id string, f func(*Phone) error) (Phone, error)
	// DeletePhone forgets a phone, if there is one.
	DeletePhone(ctx context.Context, id string) error
	// Phone finds a phone. NotFound.
	Phone(ctx context.Context, id string) (Phone, error)
	// Phones lists those of a checkout.
	Phones(ctx context.Context, checkout string) ([]Phone, error)
	// PhonesAt lists the ids of those of checkouts at a station.
	PhonesAt(ctx context.Context, station gnista.StationID) ([]string, error)
	// DuePhones lists the ids of those that are to be looked at by a time, that which waits longest first.
	DuePhones(ctx context.Context, at time.Time, limit int) ([]string, error)
}

// News is what there is to tell of a checkout at a time.
type News struct {
	View    View
	Idle    time.Time // when fees for staying begin, or have; zero is not known, or none
	Trouble bool      // something is wrong that the driver should know of
}

// next is the word that a phone is told now, empty is none; and when there may be one without anything being told,
// zero is never.
func (p Phone) next(n News, now time.Time) (w Word, at time.Time) {
	told := func(w Word) bool { return slices.Contains(p.Told, w) }
	v := n.View
	ended := v.Charge != nil && !v.Charge.EndedAt.IsZero()
	switch {
	case n.Trouble && !told(WordTrouble):
		return WordTrouble, at
	case v.State == Charging && !ended && !n.Idle.IsZero() && !told(WordIdle):
		if at = n.Idle.Add(-idleLead); !now.Before(at) {
			return WordIdle, time.Time{}
		}
	case ended && !told(WordEnded):
		return WordEnded, at
	case v.State == Settled && v.Receipt != "" && !told(WordReceipt):
		return WordReceipt, at
	}
	if v.State == Cancelled || v.State == Failed || told(WordReceipt) {
		return "", time.Time{}
	}
	if soon := now.Add(phoneLook); at.IsZero() || soon.Before(at) {
		at = soon
	}
	return "", at
}

// begin begins a try of a word, and tells whether it is to be made now.
func (p *Phone) begin(w Word, now time.Time) bool {
	if slices.Contains(p.Told, w) || p.Trying == w && now.Before(p.Next) {
		return false
	}
	if p.Trying != w {
		p.Trying, p.Tries = w, 0
	}
	p.Next = now.Add(phonePauses[min(p.Tries, len(phonePauses)-1)])
	p.Tries++
	return true
}

// close is done with a word.
func (p *Phone) close(w Word) {
	p.Told, p.Trying, p.Tries = append(slices.Clone(p.Told), w), "", 0
}
