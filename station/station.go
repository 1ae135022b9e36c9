// Package station knows the operator's charging stations: who they are and how they prove it,
// what they are made of, what state they are in, and how they are told to do something.
package station

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"gnista"
)

// State is whether the operator wants the station.
type State string

// The states.
const (
	Accepted State = "accepted" // it is in service
	Pending  State = "pending"  // it waits for the operator to accept it, and its credentials may be changed meanwhile (OCPP A00.FR.806, A01.FR.05)
	Rejected State = "rejected" // it is not wanted
)

// Station is a charging station that has been registered or has connected.
type Station struct {
	ID       gnista.StationID
	Name     string // for people
	State    State
	Password Password // zero when the station need not have one
	Tariff   string   // id of the tariff of its transactions; empty is that of its site, else the default one
	Site     string   // id of the site; empty is none

	Profile          Profile   // the lowest security profile that it may connect with
	LastProfile      Profile   // that it last connected with
	NextProfile      Profile   // that it was told to use and has not; 0 is none
	NextProfileUntil time.Time // when that is given up
	NextPassword     Password  // that it was told to use, and may not have taken
	AdmitExpired     bool      // with an expired certificate it may connect, to renew it

	Strict      bool        // what breaks the rules of its version is refused, but for the end of a transaction
	Adaptations Adaptations // over those of its model
	Mirror      Mirror

	// What it told of itself when it last booted.
	Version  gnista.Version
	Vendor   string
	Model    string
	Serial   string
	Firmware string
	BootedAt time.Time // zero when it never has
	SeenAt   time.Time // when its last connection ended

	CreatedAt time.Time
	UpdatedAt time.Time
}

// Network is the operator's stations.
type Network struct {
	Store     Store
	Finder    Finder
	EVSEIDs   EVSEIDStore
	States    StateStore
	Verdicts  VerdictStore
	Commands  CommandStore
	Settings  SettingStore
	Security  SecurityStore
	Issuer    Issuer // nil is none
	Transfers TransferStore
	Monitors  MonitorStore
	Displays  DisplayStore
	Customers CustomerStore
	Streams   StreamStore
	Disk      Disk
	BaseURL   string // under which stations reach us; empty where nobody knows
	Remote    Remote
	Presence  Presence
	Now       func() time.Time
	NewID     func() string
	Unknown   UnknownPolicy
	Operator  string             // the organisation in stations' certificates; empty is any
	Addresses map[Profile]string // where stations reach us with a profile, as far as that is known
	Heartbeat time.Duration      // between heartbeats of an accepted station
	Spread    float64            // the part of these intervals by which they differ between stations; 0 is none
	Retry     time.Duration      // between boots of one that is not

	Deviations DeviationStore
	Models     *Models

	vendorSaid vendorSaid
}

// Live tells whoever looks on, at once and without promise.
type Live interface {
	Publish(gnista.Event)
}

// Store keeps stations. Each method is one SQL transaction and safe to repeat.
type Store interface {
	// Station finds a station. NotFound.
	Station(ctx context.Context, id gnista.StationID) (Station, error)
	// StationLike finds the one station whose identity is id in whatever letter case. NotFound, also
	// when there are several.
	StationLike(ctx context.Context, id gnista.StationID) (Station, error)
	// Stations lists up to limit stations in the order of their ids, behind after.
	Stations(ctx context.Context, after gnista.StationID, limit int) ([]Station, error)
	// StationTotals counts all stations and their EVSEs.
	StationTotals(ctx context.Context) (Count, error)
	// ChangeStation changes a station, or makes one when create is true; it has no State then. The
	// events go into the same SQL transaction. NotFound.
	ChangeStation(ctx context.Context, id gnista.StationID, create bool, change func(*Station) ([]gnista.Event, error)) (Station, error)
	// Left keeps when stations were there last, where that is later than what is kept. Those that there are not, as they
	// were deleted, are passed over.
	Left(ctx context.Context, list []Departure) error
	// LateProfiles lists up to limit stations that should have come with their NextProfile before now.
	LateProfiles(ctx context.Context, now time.Time, limit int) ([]gnista.StationID, error)
	// DeleteStation removes a station and its state, but not its transactions. NotFound.
	DeleteStation(ctx context.Context, id gnista.StationID) error
}

// Departure is that a station's connection has ended.
type Departure struct {
	Station gnista.StationID
	At      time.Time
}

// Count is how many there are.
type Count struct{ Stations, EVSEs int }

const maxText = 100

// Change changes what the operator says of a station, or registers it when create is true. A station
// that is connected and is now accepted is asked to boot again, so that it need not wait; one that is
// no longer wanted is disconnected. Invalid, NotFound.
func (n *Network) Change(ctx context.Context, id gnista.StationID, create bool, change func(*Station)) (Station, error) {
	if r := checkIdentity(id); r != nil {
		return Station{}, gnista.Invalidf("station", "%s", r.Reason)
	}
	var was State
	s, err := n.Store.ChangeStation(ctx, id, create, func(s *Station) ([]gnista.Event, error) {
		was = s.State
		kind := "station.changed"
		if s.State == "" {
			kind, s.State, s.CreatedAt = "station.registered", Accepted, n.Now()
		}
		change(s)
		s.UpdatedAt = n.Now()
		switch s.State {
		case Accepted, Pending, Rejected:
		default:
			return nil, gnista.Invalidf("state", "%q is not accepted, pending or rejected", s.State)
		}
		if utf8.RuneCountInString(s.Name) > maxText {
			return nil, gnista.Invalidf("name", "is longer than %d characters", maxText)
		}
		if err := errors.Join(s.Adaptations.Check("adaptations"), s.Mirror.Check("mirror")); err != nil {
			return nil, err
		}
		if s.Profile < Unsecured || s.Profile > TLSMutually {
			return nil, gnista.Invalidf("securityProfile", "must be 0 to 3")
		}
		return []gnista.Event{n.event(kind, id, "", map[string]any{"state": s.State})}, nil
	})
	if err != nil {
		return s, err
	}
	n.Presence.Treat(id, n.Treatment(s))
	if s.State == was {
		return s, nil
	}
	if s.State == Accepted && was == Pending {
		// What comes of it does not matter: the station boots again by itself, later.
		go Tell(context.WithoutCancel(ctx), n.Remote, id, Ask{For: TriggerBoot})
	} else if was == Accepted {
		n.Presence.Disconnect(id, "the operator has taken the station out of service")
	}
	return s, nil
}

// Delete forgets a station and disconnects it. Its transactions and records stay. NotFound.
func (n *Network) Delete(ctx context.Context, id gnista.StationID) error {
	err := n.Store.DeleteStation(ctx, id)
	if err == nil {
		n.Presence.Disconnect(id, "the operator has deleted the station")
	}
	return err
}
