package tariff

import (
	"context"
	"time"

	"gnista"
)

// Case is a transaction for which a tariff is looked for.
type Case struct {
	Station   gnista.StationID
	EVSE      int    // 0 where it is not known
	TokenUID  string // of the token that pays, in whatever way it is written; empty is none
	TokenType string // of it; empty is any
	Group     string // of the token; empty is none
	Account   string // id of the one that pays; empty is none
	At        time.Time
}

// Rule is why a tariff holds. Of several the first one counts, in this order.
type Rule string

// The rules.
const (
	OfToken    Rule = "token"
	OfGroup    Rule = "group"
	OfCustomer Rule = "customer" // whose account pays
	OfEVSE     Rule = "evse"
	OfStation  Rule = "station"
	OfSite     Rule = "site"
	OfAll      Rule = "default"
)

// Assigned is the version that holds in a case, and why.
type Assigned struct {
	Version
	Rule Rule
}

// AssignmentStore keeps whose tariff is which, as far as that is no property of what it is of.
type AssignmentStore interface {
	// InForce finds the version that holds in a case: of the tariff of the first rule that has one
	// with a version that is valid by then. NotFound.
	InForce(ctx context.Context, c Case) (Assigned, error)
	// EVSETariffs are the tariffs of a station's EVSEs.
	EVSETariffs(ctx context.Context, station gnista.StationID) (map[int]string, error)
	// SetEVSETariff gives an EVSE a tariff, or with an empty id takes it away.
	SetEVSETariff(ctx context.Context, station gnista.StationID, evse int, tariff string) error
	// SetGroupTariff gives a group of tokens a tariff, or with an empty id takes it away.
	SetGroupTariff(ctx context.Context, group, tariff string, now time.Time) error
	// Uses lists what a tariff is of: by rule, and then in the order of ids.
	Uses(ctx context.Context, tariff string, limit int) ([]Use, error)
}

// Use is something that a tariff is of.
type Use struct {
	Rule Rule
	ID   string // of the group, customer, station or site; the UID of a token
	Name string // what people call it
	EVSE int    // of the station
	Type string // of a token
}
