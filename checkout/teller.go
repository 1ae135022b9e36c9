package checkout

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"gnista"
)

// Teller tells phones of checkouts. It looks at what is, and remembers with each phone what it was told; events only
// tell when to look.
type Teller struct {
	Store PhoneStore
	Desk  *Desk
	// News is what there is to tell of a checkout.
	News func(ctx context.Context, v View, language string) (News, error)
	// Check tells whether a phone can be sent to. Invalid.
	Check func(p Phone) error
	// Send tells a phone a word, and is done when its push service has taken that; the same id again takes the place
	// of what was sent before. NotFound where the phone does not want to be told any more; Invalid where it never will
	// be taken; Offline where it was not now.
	Send  func(ctx context.Context, p Phone, id string, n News, w Word) error
	Now   func() time.Time
	NewID func() string
	Log   *slog.Logger

	looks looks
}

// Tell has a phone told of a checkout from now on. Invalid; Conflict where the checkout is over, or has as many as there
// may be.
func (t *Teller) Tell(ctx context.Context, c Checkout, p Phone) error {
	if err := t.Check(p); err != nil {
		return err
	}
	if c.State.Over() {
		return gnista.Errorf(gnista.Conflict, "the checkout is %s: there is nothing more to tell", c.State)
	}
	now := t.Now()
	p.ID, p.Checkout, p.Station, p.CreatedAt, p.Next = t.NewID(), c.ID, c.Station, now, now
	if err := t.Store.AddPhone(ctx, p, MaxPhones); err != nil {
		return err
	}
	t.wake(p.ID)
	return nil
}

// Told tells whether a phone with an endpoint is told of a checkout.
func (t *Teller) Told(ctx context.Context, c Checkout, endpoint string) (bool, error) {
	p, err := t.find(ctx, c, endpoint)
	return p.ID != "", err
}

// Hush has a phone not told any more.
func (t *Teller) Hush(ctx context.Context, c Checkout, endpoint string) error {
	p, err := t.find(ctx, c, endpoint)
	if err != nil || p.ID == "" {
		return err
	}
	return t.Store.DeletePhone(ctx, p.ID)
}

func (t *Teller) find(ctx context.Context, c Checkout, endpoint string) (Phone, error) {
	list, err := t.Store.Phones(ctx, c.ID)
	if i := slices.IndexFunc(list, func(p Phone) bool { return p.Endpoint == endpoint }); i >= 0 {
		return list[i], err
	}
	return Phone{}, err
}

// Run tells phones until ctx ends: those that are due, and those that are woken.
func (t *Teller) Run(ctx context.Context) {
	t.looks.most = phonesBusy
	t.looks.begin(ctx)
	defer t.looks.end()
	for ctx.Err() == nil {
		due, err := t.Store.DuePhones(ctx, t.Now(), phoneBatch)
		if err != nil && ctx.Err() == nil {
			t.Log.Error("phones of drivers could not be read", "err", err)
		}
		t.wake(due...)
		select {
		case <-ctx.Done():
		case <-time.After(phoneSweep):
		}
	}
}

// Take looks at the phones of whom an event may be about.
func (t *Teller) Take(ctx context.Context, ev gnista.Event) error {
	kind, _, _ := strings.Cut(ev.Kind, ".")
	if ev.Station == "" || !slices.Contains([]string{"checkout", "transaction", "charge-record", "fault", "payment"}, kind) {
		return nil
	}
	ids, err := t.Store.PhonesAt(ctx, ev.Station)
	t.wake(ids...)
	return err
}

// wake has phones looked at soon. What there is no room for is found when it is due.
func (t *Teller) wake(ids ...string) {
	for _, id := range ids {
		t.looks.wake(id, func(ctx context.Context, id string) (again bool) {
			if err := t.tell(ctx, id); err != nil && ctx.Err() == nil {
				t.Log.Error("a phone of a driver is not told how its charge goes, and is looked at again", "phone", id, "err", err)
			}
			return false
		})
	}
}

// tell tells a phone all that there is to tell, as far as it is taken.
func (t *Teller) tell(ctx context.Context, id string) error {
	for {
		p, err := t.Store.Phone(ctx, id)
		if gnista.CodeOf(err) == gnista.NotFound && err != nil {
			return nil
		}
		if err != nil {
			return err
		}
		now := t.Now()
		if now.Sub(p.CreatedAt) >= phoneLife {
			return t.Store.DeletePhone(ctx, id)
		}
		v, err := t.Desk.Show(ctx, p.Checkout)
		if err != nil {
			return err
		}
		n, err := t.News(ctx, v, p.Language)
		if err != nil {
			return err
		}
		w, at := p.next(n, now)
		switch {
		case w == "" && at.IsZero():
			return t.Store.DeletePhone(ctx, id)
		case w == "":
			_, err = t.Store.ChangePhone(ctx, id, func(p *Phone) error { p.Trying, p.Tries, p.Next = "", 0, at; return nil })
			return passOver(err)
		}
		more, err := t.try(ctx, p, n, w)
		if err != nil || !more {
			return err
		}
	}
}

// try tells a phone one word, and tells whether it is done with. That it is tried is on disk before, and what came of it
// after: what was cut off in between is sent again, and takes the place of what may have come.
func (t *Teller) try(ctx context.Context, p Phone, n News, w Word) (done bool, err error) {
	mine := false
	p, err = t.Store.ChangePhone(ctx, p.ID, func(p *Phone) error {
		mine = p.begin(w, t.Now())
		return nil
	})
	if err != nil || !mine {
		return false, passOver(err)
	}
	failed := t.Send(ctx, p, p.ID+string(w), n, w)
	ctx = context.WithoutCancel(ctx) // it is known now, also when we are to end
	switch code := gnista.CodeOf(failed); {
	case failed == nil:
	case code == gnista.NotFound:
		return false, t.Store.DeletePhone(ctx, p.ID)
	case code != gnista.Invalid && p.Tries <= len(phonePauses):
		return false, nil
	default:
		t.Log.Warn("a phone of a driver could not be told how its charge goes", "checkout", p.Checkout, "phone", p.ID, "what", string(w), "err", failed)
	}
	_, err = t.Store.ChangePhone(ctx, p.ID, func(p *Phone) error { p.close(w); return nil })
	return err == nil, passOver(err)
}

// passOver is err, unless a phone is gone meanwhile.
func passOver(err error) error {
	if gnista.CodeOf(err) == gnista.NotFound {
		return nil
	}
	return err
}
