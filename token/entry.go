package token

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Entry is what a station is told of one token in its local authorization list.
type Entry struct {
	ID        ID
	Status    Status // Accepted, Blocked or Expired
	Group     string
	ExpiresAt time.Time // zero is never
}

// key is what a station finds an entry by: a list has each token once, whatever its letter case.
// (OCPP 2.x D01.FR.06)
func (e Entry) key() ID { return ID{strings.ToUpper(e.ID.UID), e.ID.Type} }

// entryOf is what a station is told of a token at a time. UIDs of cards are written as most readers
// present them; of other tokens every character may count.
func entryOf(k Token, now time.Time) Entry {
	e := Entry{ID: k.ID, Status: Accepted, Group: k.Group, ExpiresAt: k.ExpiresAt}
	if k.ID.Type == ISO14443 || k.ID.Type == ISO15693 {
		e.ID.UID = Key(k.ID.UID)
	}
	switch {
	case k.Blocked:
		e.Status = Blocked
	case !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt):
		e.Status = Expired
	}
	return e
}

// ListLimits are what a station can take of a list. 0 is not known, or no limit.
type ListLimits struct {
	Entries   int    // in the list
	Items     int    // entries in one message
	Bytes     int    // in one message
	MaxUID    int    // characters of a UID
	Types     []Type // kinds of tokens that it has words for; nil is all
	Typeless  bool   // it does not tell kinds of tokens apart
	TurnedOff bool   // it has a list and does not use it
	None      bool   // it can have no list
}

// LeftOut is a token that a station's list has no place for, and why.
type LeftOut struct {
	ID     ID
	Reason string
}

// Why tokens are left out.
const (
	tooLong   = "the UID is longer than the station's version allows"
	badType   = "the station's version has no tokens of this type"
	sameUID   = "another token has this UID, and the station's version does not tell types apart"
	listFull  = "the list of the station is full"
	masters   = "a master card could start a transaction in the station's version"
	tooLarge  = "the token alone is longer than a message of the station may be"
	maxListed = 200 // of the tokens left out that are told one by one
)

// entries makes the list of a station from tokens, in the order of their keys; those further behind in
// the list of tokens are the first that a full list has no place for.
func entries(tokens []Token, limits ListLimits, now time.Time) (list []Entry, out []LeftOut) {
	have := map[ID]bool{}
	for _, k := range tokens {
		e := entryOf(k, now)
		key, reason := e.key(), ""
		if limits.Typeless {
			e.ID.Type, key.Type = "", ""
		}
		switch {
		case k.Master && limits.Typeless && e.Status == Accepted:
			reason = masters
		case limits.MaxUID > 0 && utf8.RuneCountInString(e.ID.UID) > limits.MaxUID:
			reason = tooLong
		case limits.Types != nil && !slices.Contains(limits.Types, e.ID.Type):
			reason = badType
		case have[key]:
			reason = sameUID
		case limits.Bytes > 0 && MessageBytes+e.bytes() > limits.Bytes:
			reason = tooLarge
		case limits.Entries > 0 && len(list) >= limits.Entries:
			reason = listFull
		}
		if reason != "" {
			out = append(out, LeftOut{k.ID, reason})
			continue
		}
		have[key] = true
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b Entry) int { return compareIDs(a.key(), b.key()) })
	return list, out
}

func compareIDs(a, b ID) int { return cmp.Or(cmp.Compare(a.UID, b.UID), cmp.Compare(a.Type, b.Type)) }

// EntryBytes and MessageBytes are what versions send at most around the texts of an entry, and around
// all entries.
const (
	EntryBytes   = 230
	MessageBytes = 200
)

// bytes is how long the entry can be in a message.
func (e Entry) bytes() int {
	return EntryBytes + quoted(e.ID.UID) + quoted(string(e.ID.Type)) + quoted(e.Group)
}

// quoted is how long a text can be in JSON.
func quoted(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case r < ' ' || r == '"' || r == '\\' || r == '<' || r == '>' || r == '&' || r == utf8.RuneError || r == '\u2028' || r == '\u2029':
			n += 6
		default:
			n += utf8.RuneLen(r)
		}
	}
	return n
}

// Update is one message about a list: the whole of it, or what has changed.
type Update struct {
	Full   bool
	Remove []ID
	Set    []Entry
}

func (u Update) items() int { return len(u.Remove) + len(u.Set) }

// maxItems is the most entries of a message where a station says no limit, and mostItems where it says
// one: a station answers within the time of a call.
const (
	maxItems  = 20
	mostItems = 500
)

// updates makes of the list have the list want, both in the order of their keys, in as few messages as
// the station can take. Without full they are the changes, unless all of it is fewer messages. What
// goes is told first, so that there is room for what comes.
func updates(have, want []Entry, full bool, limits ListLimits) []Update {
	whole := split(nil, want, limits)
	whole[0].Full = true
	if full {
		return whole
	}
	remove, set := difference(have, want)
	if len(remove)+len(set) == 0 {
		return nil
	}
	if changes := split(remove, set, limits); len(changes) <= len(whole) {
		return changes
	}
	return whole
}

// difference is what makes have into want.
func difference(have, want []Entry) (remove []ID, set []Entry) {
	for len(have) > 0 || len(want) > 0 {
		order := -1
		if len(have) == 0 {
			order = 1
		} else if len(want) > 0 {
			order = compareIDs(have[0].key(), want[0].key())
		}
		switch {
		case order < 0:
			remove, have = append(remove, have[0].ID), have[1:]
		case order > 0:
			set, want = append(set, want[0]), want[1:]
		default:
			if !have[0].same(want[0]) {
				set = append(set, want[0])
			}
			have, want = have[1:], want[1:]
		}
	}
	return remove, set
}

func (e Entry) same(o Entry) bool {
	return e.ID == o.ID && e.Status == o.Status && e.Group == o.Group && e.ExpiresAt.Equal(o.ExpiresAt)
}

// split puts changes into messages, of which there is at least one. (OCPP 2.x D01.FR.11)
func split(remove []ID, set []Entry, limits ListLimits) []Update {
	most := limits.Items
	if most <= 0 {
		most = maxItems
	}
	most = min(most, mostItems)
	list, bytes := []Update{{}}, MessageBytes
	next := func(more int) *Update {
		u := &list[len(list)-1]
		if n := u.items(); n > 0 && (n >= most || limits.Bytes > 0 && bytes+more > limits.Bytes) {
			list, bytes = append(list, Update{}), MessageBytes
			u = &list[len(list)-1]
		}
		bytes += more
		return u
	}
	for _, id := range remove {
		u := next(Entry{ID: id}.bytes())
		u.Remove = append(u.Remove, id)
	}
	for _, e := range set {
		u := next(e.bytes())
		u.Set = append(u.Set, e)
	}
	return list
}
