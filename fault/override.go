package fault

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"gnista"
)

// Override is what an operator says of an entry, and who said so when.
type Override struct {
	Key    Key
	Change Change
	By     string
	At     time.Time
	Gone   bool // it was taken back; only in its history
}

// OverrideStore keeps what operators say of entries.
type OverrideStore interface {
	// Overrides are all that hold.
	Overrides(ctx context.Context) ([]Override, error)
	// SaveOverride stores one in place of the one with its key, or takes that back where o is gone, and keeps o
	// in the history of the entry, of which the newest keep stay. With it goes that the code is unknown.
	SaveOverride(ctx context.Context, o Override, keep int) error
	// OverrideHistory lists what was said of an entry, the newest first.
	OverrideHistory(ctx context.Context, k Key) ([]Override, error)
}

const (
	maxOverrides       = 2000
	maxOverrideHistory = 50
	maxBy              = 100
)

// Editor changes the catalogue as operators say, and remembers that.
type Editor struct {
	Catalogue *Catalogue
	Store     OverrideStore
	Now       func() time.Time
	Log       *slog.Logger

	mu   sync.Mutex // held while something is changed
	laid map[Key]Override
}

// Load lays over the catalogue what operators have said before. What does not fit the catalogue of this
// version is passed over, and logged.
func (e *Editor) Load(ctx context.Context) error {
	list, err := e.Store.Overrides(ctx)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.laid = map[Key]Override{}
	for _, o := range list {
		e.laid[o.Key] = o
	}
	for {
		err := e.Catalogue.Use(changes(e.laid))
		wrong, ok := errors.AsType[*EntryError](err)
		if !ok {
			return err
		}
		e.Log.Error("a change of the catalogue of faults is passed over", "err", err)
		if _, own := e.laid[wrong.Key]; !own { // it has become wrong by what it is like
			clear(e.laid)
			continue
		}
		delete(e.laid, wrong.Key)
	}
}

// Put adds an entry, or changes one in place of what was said of it before. It holds at once. Invalid, with the
// field.
func (e *Editor) Put(ctx context.Context, k Key, c Change, by string) (Entry, error) {
	known, ok := e.Catalogue.now.Load().known(k)
	switch {
	case ok:
		k = known
	case k.Source == "" || k.Source != sourceOf(k.Source) && k.Source != OCPP16:
		return Entry{}, gnista.Invalidf("source", "%q is no source: it has small letters, digits, dots and hyphens", k.Source)
	case k.Code == "" || k.Code != codeOf(k.Code):
		return Entry{}, gnista.Invalidf("code", "is empty, too long, or has characters that do not show")
	}
	if err := checkBy(by); err != nil {
		return Entry{}, err
	}
	if err := checkTexts(c.Texts); err != nil {
		return Entry{}, err
	}
	o := Override{Key: k, Change: c, By: by, At: e.Now()}
	err := e.change(ctx, o, func(laid map[Key]Override) error {
		laid[k] = o
		if len(laid) > maxOverrides {
			return gnista.Errorf(gnista.Conflict, "there are %d entries of operators already", maxOverrides)
		}
		return nil
	})
	return e.Catalogue.Find(k, Raw{}), err
}

// Delete takes back what an operator said of an entry. NotFound; Conflict where another entry needs it.
func (e *Editor) Delete(ctx context.Context, k Key, by string) error {
	if known, ok := e.Catalogue.now.Load().known(k); ok {
		k = known
	}
	if err := checkBy(by); err != nil {
		return err
	}
	return e.change(ctx, Override{Key: k, By: by, At: e.Now(), Gone: true}, func(laid map[Key]Override) error {
		if _, ok := laid[k]; !ok {
			return gnista.Errorf(gnista.NotFound, "no operator has said anything of %s", k)
		}
		delete(laid, k)
		return nil
	})
}

// History lists what was said of an entry, the newest first.
func (e *Editor) History(ctx context.Context, k Key) ([]Override, error) {
	if known, ok := e.Catalogue.now.Load().known(k); ok {
		k = known
	}
	return e.Store.OverrideHistory(ctx, k)
}

// Laid is what an operator says of the entry with a key; false where that is nothing.
func (e *Editor) Laid(k Key) (Override, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	o, ok := e.laid[k]
	return o, ok
}

func changes(laid map[Key]Override) map[Key]Change {
	out := make(map[Key]Change, len(laid))
	for k, o := range laid {
		out[k] = o.Change
	}
	return out
}

// change lays something else over the catalogue, as do says, and stores o.
func (e *Editor) change(ctx context.Context, o Override, do func(map[Key]Override) error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	laid := maps.Clone(e.laid)
	if laid == nil {
		laid = map[Key]Override{}
	}
	if err := do(laid); err != nil {
		return err
	}
	v, err := e.Catalogue.build(changes(laid))
	if wrong, ok := errors.AsType[*EntryError](err); ok && wrong.Key != o.Key {
		return gnista.Errorf(gnista.Conflict, "the entry %s needs this one as it is: %v", wrong.Key, wrong.Err)
	} else if ok {
		return wrong.Err
	}
	if err != nil {
		return err
	}
	if err := e.Store.SaveOverride(ctx, o, maxOverrideHistory); err != nil {
		return err
	}
	e.laid = laid
	e.Catalogue.now.Store(v)
	return nil
}

func checkBy(by string) error {
	if strings.TrimSpace(by) == "" || utf8.RuneCountInString(by) > maxBy || strings.ContainsFunc(by, unicode.IsControl) {
		return gnista.Invalidf("by", "must say who does this, in 1 to %d characters", maxBy)
	}
	return nil
}
