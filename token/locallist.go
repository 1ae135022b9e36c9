package token

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"gnista"
	"gnista/station"
)

// LocalList is the local authorization list of a station: the tokens that it lets charge, or does not,
// without asking us. On it are the tokens that may charge offline, and those that are blocked, so that
// neither a cache nor a station that trusts unknown tokens lets them charge.
type LocalList struct {
	Station   gnista.StationID
	Enabled   bool      // we keep a list in the station
	Selection Selection // of the tokens that are on it
	State     ListState
	Version   int // of the list that the station has; 0 when that is not known
	Highest   int // version that it was ever sent: none is used twice
	Says      int // version that it last said it has
	OCPP      gnista.Version
	Limits    ListLimits
	Entries   int       // in the list that it has
	LeftOut   []LeftOut // of the list that it has, the first of them
	Missing   int       // how many were left out
	Revision  int64     // of the tokens that the list was made from
	DueAt     time.Time // when it is looked at again, though no token has changed
	CheckedAt time.Time // when the station last said its version
	SyncedAt  time.Time // when it was last found to have the right list
	Failures  int       // in a row
	Detail    string    // why it failed
}

// ListState is whether a station has the list that it should have.
type ListState string

// The states.
const (
	ListOff         ListState = "off"         // we keep no list in the station
	ListWaiting     ListState = "outdated"    // it will be sent
	ListInSync      ListState = "in-sync"     // the station has it
	ListFailed      ListState = "failed"      // the station did not take it; it is tried again
	ListUnsupported ListState = "unsupported" // the station has no such list; nothing is tried by itself
)

// Selection says which tokens are on a list. The zero value is all.
type Selection struct {
	Groups []string
	Tokens []string // UIDs in whatever way they are written
}

// Limits of a selection: what an operator can oversee.
const (
	maxSelectedGroups = 100
	maxSelectedTokens = 1000
)

func (s Selection) check() error {
	if len(s.Groups) > maxSelectedGroups {
		return gnista.Invalidf("groups", "has more than %d groups", maxSelectedGroups)
	}
	if len(s.Tokens) > maxSelectedTokens {
		return gnista.Invalidf("tokens", "has more than %d tokens", maxSelectedTokens)
	}
	for _, g := range s.Groups {
		if g == "" || utf8.RuneCountInString(g) > maxUID {
			return gnista.Invalidf("groups", "a group must have 1 to %d characters", maxUID)
		}
	}
	for _, uid := range s.Tokens {
		if Key(uid) == "" || utf8.RuneCountInString(uid) > maxUID {
			return gnista.Invalidf("tokens", "a UID must have 1 to %d characters", maxUID)
		}
	}
	return nil
}

// of picks the tokens that are selected.
func (s Selection) of(tokens []Token) []Token {
	if len(s.Groups) == 0 && len(s.Tokens) == 0 {
		return tokens
	}
	uids := map[string]bool{}
	for _, uid := range s.Tokens {
		uids[Key(uid)] = true
	}
	var list []Token
	for _, k := range tokens {
		if uids[Key(k.ID.UID)] || k.Group != "" && slices.Contains(s.Groups, k.Group) {
			list = append(list, k)
		}
	}
	return list
}

// Group is something that is said of all tokens of a group.
type Group struct {
	Name      string
	Offline   bool   // may charge where a station cannot ask us
	Tariff    string // id of the tariff of its transactions; empty is none of its own
	UpdatedAt time.Time
}

// ListStore keeps local lists.
type ListStore interface {
	// Offline lists up to limit tokens that may charge offline or are blocked, of their own or with their
	// accounts: first those that may charge. Those of a prepaid account, of one that may not be trusted
	// offline and of one that owes as much as it may are not among these. The revision is a number that changes with any of them; when it is the one that is
	// known there is no list.
	Offline(ctx context.Context, known int64, limit int) (list []Token, revision int64, err error)
	// Groups lists what is said of groups, in order, behind the one with the name after.
	Groups(ctx context.Context, after string, limit int) ([]Group, error)
	// SaveGroup stores what is said of a group.
	SaveGroup(ctx context.Context, g Group) error
	// List finds the list of a station, the zero value when nothing was ever said of it. Its state is
	// ListWaiting when tokens have changed since.
	List(ctx context.Context, id gnista.StationID) (LocalList, error)
	// Content is what a station was last sent, in the order of keys.
	Content(ctx context.Context, id gnista.StationID) ([]Entry, error)
	// ChangeList changes the list of a station in one SQL transaction. Unless sent is nil, that is what
	// the station has from now on. NotFound when there is no such station.
	ChangeList(ctx context.Context, id gnista.StationID, change func(l *LocalList) (sent []Entry, evs []gnista.Event, err error)) (LocalList, error)
	// SweepTrust brings up to date which accounts owe as much as they may, whose tokens then leave the lists.
	SweepTrust(ctx context.Context) error
	// DueLists lists the stations, in order and behind after, whose lists are to be looked at: tokens
	// have changed, it is time, or the station has started since.
	DueLists(ctx context.Context, now time.Time, after gnista.StationID, limit int) ([]gnista.StationID, error)
}

// SendList tells a station a part of its list. (OCPP 1.6 §5.15, OCPP 2.x D01)
type SendList struct {
	Version int // that the list has then
	Update  Update
}

// ListAnswer is what a station says to a part of its list.
type ListAnswer struct {
	Status ListStatus
	Detail string // the station's own word, and its reason where it gives one
}

// ListStatus is an answer over all versions.
type ListStatus string

// The answers.
const (
	ListTaken    ListStatus = "accepted"
	ListRefused  ListStatus = "failed"
	ListMismatch ListStatus = "version-mismatch" // the change does not fit the version that it has
	NoList       ListStatus = "unsupported"
)

func (SendList) Answers() (a ListAnswer) { return a }
func (SendList) Told() station.Told      { return station.Told{Kind: "send-local-list"} }

// ReadListVersion asks a station for the version of its list: 0 is none, or an empty one, and less that
// it cannot have one. (OCPP 1.6 §5.10, OCPP 2.x D02)
type ReadListVersion struct{}

func (ReadListVersion) Answers() (version int) { return version }
func (ReadListVersion) Told() station.Told     { return station.Told{Kind: "read-local-list-version"} }

// ReadListLimits asks a station what it can take.
type ReadListLimits struct{}

func (ReadListLimits) Answers() (l ListLimits) { return l }
func (ReadListLimits) Told() station.Told      { return station.Told{Kind: "read-local-list-limits"} }

// UseList makes a station use its list.
type UseList struct{}

func (UseList) Answers() (a station.Answer) { return a }
func (UseList) Told() station.Told          { return station.Told{Kind: "use-local-list"} }
