package fault

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gnista"
)

// view is all entries at a time, and how they are found. Its keys are folded.
type view struct {
	entries  map[Key]Entry
	aliases  map[Key]Key
	patterns map[string][]pattern // by source
	free     map[string]Key       // by the folded code
	ordered  []Key                // by source and code
}

type pattern struct {
	is string
	of Key
}

// known is the key of an entry as the catalogue writes it.
func (v *view) known(k Key) (Key, bool) {
	k = k.fold()
	if to, ok := v.aliases[k]; ok {
		k = to
	} else if _, ok := v.entries[k]; !ok {
		for _, p := range v.patterns[k.Source] {
			if matches(p.is, k.Code) {
				k = p.of
				break
			}
		}
	}
	e, ok := v.entries[k]
	return e.Key, ok
}

// EntryError says which entry of a catalogue is wrong. It wraps a [gnista.Error] that names the field.
type EntryError struct {
	Key Key
	Err error
}

func (e *EntryError) Error() string { return e.Key.String() + ": " + e.Err.Error() }

func (e *EntryError) Unwrap() error { return e.Err }

// Use lays what operators say over the catalogue, in place of what they said before. Its error is an
// *[EntryError], Invalid; then nothing has changed.
func (c *Catalogue) Use(changes map[Key]Change) error {
	v := c.pure
	if v == nil || len(changes) > 0 {
		var err error
		if v, err = c.build(changes); err != nil {
			return err
		}
	}
	c.now.Store(v)
	return nil
}

// Fresh is the catalogue without what operators say: another one, that shares what comes with the program.
func (c *Catalogue) Fresh() *Catalogue {
	f := &Catalogue{sources: c.sources, built: c.built, pure: c.pure}
	f.now.Store(c.pure)
	return f
}

// build is the catalogue with what operators say laid over it.
func (c *Catalogue) build(changes map[Key]Change) (*view, error) {
	v := &view{entries: map[Key]Entry{}, aliases: map[Key]Key{}, patterns: map[string][]pattern{}, free: map[string]Key{}}
	b := builder{view: v, steps: map[Key]*step{}}
	if c.pure != nil {
		b.pure = c.pure.entries
	}
	for _, r := range c.built {
		if err := b.add(r); err != nil {
			return nil, &EntryError{r.key, err}
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(changes), compareKeys) {
		change := changes[k]
		s := b.steps[k.fold()]
		if s == nil {
			s = &step{key: k}
			b.steps[k.fold()] = s
			delete(v.aliases, k.fold())
		}
		s.laid = &change
	}
	for k := range b.steps {
		if err := b.resolve(k); err != nil {
			return nil, err
		}
		v.ordered = append(v.ordered, k)
	}
	slices.SortFunc(v.ordered, compareKeys)
	return v, nil
}

func compareKeys(a, b Key) int {
	return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Code, b.Code))
}

// EntryFilter says which entries are listed.
type EntryFilter struct {
	Source     string // empty: of all
	Search     string // a part of the code or of a text, without case; empty: any
	Overridden bool   // only those that an operator has added or changed
}

// Entries lists up to limit entries by source and code, behind the one with the key after.
func (c *Catalogue) Entries(f EntryFilter, after Key, limit int) (list []Entry) {
	v := c.now.Load()
	at, found := slices.BinarySearchFunc(v.ordered, after.fold(), compareKeys)
	if found {
		at++
	}
	search := strings.ToLower(f.Search)
	for _, k := range v.ordered[at:] {
		if len(list) == limit {
			break
		}
		e := v.entries[k]
		if (f.Source == "" || strings.EqualFold(f.Source, k.Source)) && (e.Overridden || !f.Overridden) && e.has(search) {
			list = append(list, e)
		}
	}
	return list
}

// has tells whether an entry has a text, which is in small letters, in its key or what is said of it.
func (e Entry) has(text string) bool {
	if text == "" || strings.Contains(strings.ToLower(e.Key.String()), text) {
		return true
	}
	for _, t := range e.Texts {
		for _, part := range t.parts() {
			if strings.Contains(strings.ToLower(*part), text) {
				return true
			}
		}
	}
	return false
}

// Entry is the entry with a key or an alias. NotFound.
func (c *Catalogue) Entry(k Key) (Entry, error) {
	v := c.now.Load()
	known, ok := v.known(k)
	if !ok {
		return Entry{}, gnista.Errorf(gnista.NotFound, "there is no entry %s", k)
	}
	return v.entries[known.fold()], nil
}

// step is an entry that is being made.
type step struct {
	key   Key
	built *Change // as the program has it
	laid  *Change // what operators say
	busy  bool
	done  bool
}

type builder struct {
	*view
	steps map[Key]*step
	pure  map[Key]Entry
}

// add takes in an entry of the program, and the words that it is found by.
func (b builder) add(r record) error {
	k := r.key.fold()
	if _, alias := b.aliases[k]; alias || b.steps[k] != nil {
		return errors.New("is there twice")
	}
	b.steps[k] = &step{key: r.key, built: &r.Change}
	for _, a := range r.Aliases {
		alias := Key{k.Source, fold(a)}
		switch _, twice := b.aliases[alias]; {
		case a != codeOf(a) || a == "":
			return fmt.Errorf("%q is no alias", a)
		case strings.Contains(a, "*"):
			if !matches(alias.Code, strings.ReplaceAll(alias.Code, "*", "")) {
				return fmt.Errorf("%q is no pattern", a)
			}
			b.patterns[k.Source] = append(b.patterns[k.Source], pattern{alias.Code, k})
			continue
		case twice || b.steps[alias] != nil:
			return fmt.Errorf("the alias %q is there twice", a)
		}
		b.aliases[alias] = k
	}
	if r.Free {
		for _, a := range append([]string{r.Code}, r.Aliases...) {
			if _, twice := b.free[fold(a)]; twice {
				return fmt.Errorf("%q is free twice", a)
			}
			b.free[fold(a)] = k
		}
	}
	return nil
}

// resolve makes the entry with a folded key, after the one that it is like.
func (b builder) resolve(k Key) error {
	s := b.steps[k]
	if s.done {
		return nil
	}
	wrong := func(field, format string, args ...any) error {
		return &EntryError{s.key, gnista.Invalidf(field, format, args...)}
	}
	if s.busy {
		return wrong("like", "leads in a circle")
	}
	s.busy = true
	e := Entry{Known: true, Texts: map[Language]Texts{}}
	var said []Change // each changes what those before it say
	if s.built != nil && (s.laid == nil || s.laid.Like == "") {
		said = append(said, *s.built)
	}
	if s.laid != nil {
		said = append(said, *s.laid)
	}
	if like := said[0].Like; like != "" {
		to, ok := ParseKey(like)
		if !ok || b.steps[to.fold()] == nil {
			return wrong("like", "there is no entry %q", like)
		}
		if err := b.resolve(to.fold()); err != nil {
			return err
		}
		e = b.entries[to.fold()]
		e.Like, e.Value = e.Key, "" // which value is the fault is a matter of each variable
	} else if said[0].Usable == nil || said[0].Retry == nil {
		return wrong("usable", "an entry that is like none must say whether the outlet is usable, and whether to retry is safe")
	}
	e.Key, e.Overridden = s.key, s.laid != nil
	for _, change := range said {
		e = e.with(change)
	}
	if err := e.check(); err != nil {
		pure, ok := b.pure[k]
		if s.laid != nil || !ok {
			return &EntryError{s.key, err}
		}
		e = pure // what operators say of an entry holds for those like it, unless that makes no sense there
	}
	b.entries[k] = e
	s.done = true
	return nil
}

// with is the entry after a change.
func (e Entry) with(c Change) Entry {
	e.Severity = cmp.Or(c.Severity, e.Severity)
	e.Fixer = cmp.Or(c.Fixer, e.Fixer)
	set(&e.Usable, c.Usable)
	set(&e.Retry, c.Retry)
	set(&e.Remedy, c.Remedy)
	set(&e.Momentary, c.Momentary)
	set(&e.NoFault, c.NoFault)
	set(&e.Value, c.Value)
	texts := maps.Clone(e.Texts)
	for l, said := range c.Texts {
		t := texts[l]
		for i, to := range t.parts() {
			*to = cmp.Or(*said.parts()[i], *to)
		}
		texts[l] = t
	}
	e.Texts = texts
	return e
}

func set[T any](to *T, v *T) {
	if v != nil {
		*to = *v
	}
}
