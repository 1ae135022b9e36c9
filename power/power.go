// Package power limits and shapes the power of stations: charging profiles, what stations and cars
// tell of limits and needs, vehicles that give energy back, and the controls of a grid operator.
//
// All that is kept of it are entries, see [Store]: each is of a kind, and has a key that is its own
// among those of its kind and station. What one station can make us keep is bounded.
package power

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/station"
	"gnista/tariff"
)

// Power knows the profiles and the like of all stations.
type Power struct {
	Store        Store
	Network      *station.Network
	Transactions *charging.Transactions
	Tariffs      tariff.Store
	Costs        Costs
	// Facts tells what of a station's model matters here; nil is nothing of any.
	Facts func(ctx context.Context, id gnista.StationID) (station.PowerFacts, error)
	Now   func() time.Time
	NewID func() string
	Log   *slog.Logger
}

// Costs tells what a transaction costs so far.
type Costs interface {
	Cost(ctx context.Context, t *charging.Transaction) (gnista.Money, error)
}

// Entry is something that is kept of a station.
type Entry struct {
	ID        string
	Station   gnista.StationID
	Kind      string
	Key       string // its own among those of its kind and station
	UpdatedAt time.Time
	Data      []byte // what it is, as JSON
}

// Store keeps entries.
type Store interface {
	// ChangePower runs f within one SQL transaction and commits what it did, or nothing when it fails. f
	// may be run again. Changes of one station run one after the other.
	ChangePower(ctx context.Context, id gnista.StationID, f func(Tx) error) error
	// PowerEntry finds an entry. NotFound.
	PowerEntry(ctx context.Context, id gnista.StationID, kind, key string) (Entry, error)
	// PowerEntries lists entries of a kind, the newest first, behind the one with the id before.
	PowerEntries(ctx context.Context, id gnista.StationID, kind, before string, limit int) ([]Entry, error)
}

// Tx is what one change may read and write of one station.
type Tx interface {
	// Entry finds an entry; nil when there is none.
	Entry(kind, key string) (*Entry, error)
	// Entries lists the entries of a kind, the newest first.
	Entries(kind string) ([]Entry, error)
	// Save stores e over the one with its key, forgets the oldest of its kind beyond keep, and stores the
	// events with it.
	Save(e Entry, keep int, evs ...gnista.Event) error
	// Forget deletes the entry with a key.
	Forget(kind, key string) error
}

// What one station can make us keep.
const (
	keep     = 200      // entries of each kind: years of what well-behaved stations tell
	maxEntry = 64 << 10 // bytes of one: a schedule of 1,024 periods is less
)

// Noted is what everything has that is kept.
type Noted struct {
	ID         string    `json:"id" readOnly:"true"`
	ReceivedAt time.Time `json:"receivedAt" readOnly:"true" doc:"By our clock"`
}

func (n *Noted) noted() *Noted { return n }

// kept is a pointer to something that is kept as an entry.
type kept[T any] interface {
	*T
	noted() *Noted
	kind() string
	key() string // empty where each is one of its own
}

// List lists what is kept of one kind, the newest first, behind the one with the id before.
func List[T any, P kept[T]](ctx context.Context, p *Power, id gnista.StationID, before string, limit int) ([]T, error) {
	if _, err := p.Network.Store.Station(ctx, id); err != nil {
		return nil, err
	}
	list, err := p.Store.PowerEntries(ctx, id, P(new(T)).kind(), before, limit)
	if err != nil {
		return nil, err
	}
	return readAll[T](list)
}

func read[T any](e Entry) (v T, err error) { return v, json.Unmarshal(e.Data, &v) }

func readAll[T any](list []Entry) ([]T, error) {
	out := make([]T, len(list))
	for i, e := range list {
		var err error
		if out[i], err = read[T](e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// all reads all entries of a kind within a change.
func all[T any, P kept[T]](tx Tx) ([]T, error) {
	list, err := tx.Entries(P(new(T)).kind())
	if err != nil {
		return nil, err
	}
	return readAll[T](list)
}

// find reads the entry with a key; nil when there is none.
func find[T any, P kept[T]](tx Tx, key string) (*T, error) {
	e, err := tx.Entry(P(new(T)).kind(), key)
	if err != nil || e == nil {
		return nil, err
	}
	v, err := read[T](*e)
	return &v, err
}

// save keeps v, which gets an id and a time when it has none. Invalid when it is too large.
func save[T any, P kept[T]](p *Power, tx Tx, id gnista.StationID, v P, evs ...gnista.Event) error {
	n := v.noted()
	if n.ID == "" {
		n.ID, n.ReceivedAt = p.NewID(), p.Now()
	}
	key := v.key()
	if key == "" {
		key = n.ID
	}
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(data) > maxEntry || len(key) > 255 {
		return gnista.Errorf(gnista.Invalid, "this is more than is kept of a station at a time")
	}
	for i := range evs {
		if evs[i].Subject == "" {
			evs[i].Subject = n.ID
		}
	}
	return tx.Save(Entry{ID: n.ID, Station: id, Kind: v.kind(), Key: key, UpdatedAt: p.Now(), Data: data}, keep, evs...)
}

// note keeps what a station told. What has been told before, by its key, is not kept again.
func note[T any, P kept[T]](ctx context.Context, p *Power, id gnista.StationID, v P, ev gnista.Event) error {
	return p.Store.ChangePower(ctx, id, func(tx Tx) error {
		if key := v.key(); key != "" {
			if have, err := tx.Entry(v.kind(), key); err != nil || have != nil {
				return err
			}
		}
		return save[T](p, tx, id, v, ev)
	})
}

// event is an event of this package.
func (p *Power) event(kind string, id gnista.StationID, data map[string]any) gnista.Event {
	text, _ := json.Marshal(data) // maps of plain values marshal
	return gnista.Event{At: p.Now(), Kind: kind, Station: id, Data: text}
}

// active finds the transaction that is active on a station at an EVSE, or anywhere with 0; nil when
// there is none, or more than one.
func (p *Power) active(ctx context.Context, id gnista.StationID, evse int) (*charging.Transaction, error) {
	list, err := p.Transactions.Store.Transactions(ctx, charging.Filter{Station: id, State: charging.Active, Limit: maxActive})
	if err != nil {
		return nil, err
	}
	var found *charging.Transaction
	for i := range list {
		if evse == 0 || list[i].EVSE.ID == evse {
			if found != nil {
				return nil, nil
			}
			found = &list[i]
		}
	}
	return found, nil
}

// maxActive is the most transactions of a station at a time that are looked at; stations have fewer EVSEs.
const maxActive = 200

// transaction finds an active transaction of a station by our id. NotFound, Conflict.
func (p *Power) transaction(ctx context.Context, id gnista.StationID, tx string) (charging.Transaction, error) {
	t, err := p.Transactions.Store.Transaction(ctx, tx)
	switch {
	case err != nil:
		return t, err
	case t.Station != id:
		return t, gnista.Errorf(gnista.NotFound, "transaction %s is not one of station %s", tx, id)
	case t.State != charging.Active:
		return t, gnista.Errorf(gnista.Conflict, "transaction %s has ended", tx)
	}
	return t, nil
}
