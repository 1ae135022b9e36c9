// Package access knows who uses the system and what they may do: users with roles, how they prove who they
// are, their sessions, and the log of all that was changed.
package access

import (
	"slices"

	"gnista"
)

// Role is what somebody does at the operator's.
type Role string

// The roles.
const (
	Viewer     Role = "viewer"     // looks on
	Operator   Role = "operator"   // runs stations, and helps drivers
	Technician Role = "technician" // works on stations
	Finance    Role = "finance"    // customers, prices and money
	Admin      Role = "admin"      // all of it, and who may what
)

// Roles are all of them.
var Roles = []Role{Viewer, Operator, Technician, Finance, Admin}

// Area is a part of the system.
type Area string

// The areas.
const (
	Stations  Area = "stations"  // what they are, tell and were told
	Faults    Area = "faults"    // and incidents, remedies, alerts
	Power     Area = "power"     // limits, profiles, sharing
	Charging  Area = "charging"  // transactions, reservations, drivers' attempts
	Customers Area = "customers" // and their cards and accounts
	Tariffs   Area = "tariffs"
	Money     Area = "money" // records, payments, invoices, ledger
	Setup     Area = "setup" // certificates, channels of alerts, the system itself
	Users     Area = "users" // who may what
	Audit     Area = "audit" // who has changed what
)

// Areas are all of them.
var Areas = []Area{Stations, Faults, Power, Charging, Customers, Tariffs, Money, Setup, Users, Audit}

// Verb is what is done in an area.
type Verb string

// The verbs. Who may change may act and see, and who may act may see.
const (
	See    Verb = "see"
	Act    Verb = "act"    // what goes on is influenced, and nothing is set for later
	Change Verb = "change" // something is set that stays
)

var rank = map[Verb]int{See: 1, Act: 2, Change: 3}

// rights are what roles may do at the most.
var rights = map[Role]map[Area]Verb{
	Viewer:     {Stations: See, Faults: See, Power: See, Charging: See, Tariffs: See},
	Operator:   {Stations: Change, Faults: Change, Power: Change, Charging: Change, Customers: Act, Tariffs: See, Money: See, Setup: See},
	Technician: {Stations: Change, Faults: Act, Power: See, Charging: Act, Tariffs: See, Setup: See},
	Finance:    {Stations: See, Faults: See, Power: See, Charging: Change, Customers: Change, Tariffs: Change, Money: Change},
	Admin: {Stations: Change, Faults: Change, Power: Change, Charging: Change, Customers: Change, Tariffs: Change, Money: Change,
		Setup: Change, Users: Change, Audit: See},
}

// Grant is a role, at some sites or everywhere.
type Grant struct {
	Role  Role     `json:"role" enum:"viewer,operator,technician,finance,admin"`
	Sites []string `json:"sites,omitempty" maxItems:"1000" doc:"Ids of the sites where it holds; absent is everywhere"`
}

// Actor is who does something.
type Actor struct {
	ID     string // of the user; empty for the admin token and for this machine
	Name   string
	Grants []Grant
}

// Root is who has the admin token, or is on this machine where nobody has one.
func Root(name string) Actor { return Actor{Name: name, Grants: []Grant{{Role: Admin}}} }

// Can tells whether an actor may do something in an area at a site. An empty site is what belongs to none, or to
// all: only grants that hold everywhere count there.
func (a Actor) Can(v Verb, in Area, site string) bool {
	return slices.ContainsFunc(a.Grants, func(g Grant) bool {
		return rank[rights[g.Role][in]] >= rank[v] && (len(g.Sites) == 0 || site != "" && slices.Contains(g.Sites, site))
	})
}

// Sites are the sites where an actor may do something in an area; all tells that it is everywhere.
func (a Actor) Sites(v Verb, in Area) (list []string, all bool) {
	for _, g := range a.Grants {
		if rank[rights[g.Role][in]] < rank[v] {
			continue
		}
		if len(g.Sites) == 0 {
			return nil, true
		}
		list = append(list, g.Sites...)
	}
	slices.Sort(list)
	return slices.Compact(list), false
}

// check finds what is wrong with grants. Invalid.
func check(grants []Grant) error {
	if len(grants) == 0 || len(grants) > len(Roles) {
		return gnista.Invalidf("grants", "must have 1 to %d items", len(Roles))
	}
	for _, g := range grants {
		if !slices.Contains(Roles, g.Role) {
			return gnista.Invalidf("grants", "%q is no role", g.Role)
		}
		if slices.Contains(g.Sites, "") {
			return gnista.Invalidf("grants", "a site is empty")
		}
	}
	return nil
}
