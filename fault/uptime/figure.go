package uptime

import (
	"context"
	"time"

	"gnista"
)

// Tri is the answer to a question that need not have been asked.
type Tri int

// The answers.
const (
	NotAsked Tri = -1
	No       Tri = 0
	Yes      Tri = 1
)

func tri(yes bool) Tri {
	if yes {
		return Yes
	}
	return No
}

// AttemptKind is what an attempt shows in.
type AttemptKind string

// The kinds of attempts, as in docs/key-figures.md.
const (
	ByTransaction AttemptKind = "transaction" // something began, whatever became of it
	ByOrder       AttemptKind = "order"       // an order to start that the station did not follow
	ByCheckout    AttemptKind = "checkout"    // a driver without a contract who paid or tried to
	ByRefusal     AttemptKind = "refusal"     // a token that was not accepted
)

// Attempt is one attempt of a driver to charge, or to pay for that.
type Attempt struct {
	ID         string // of the transaction, the command or the checkout; of a refusal its own
	Kind       AttemptKind
	Place      // the connector is not kept
	Version    gnista.Version
	At         time.Time
	Until      time.Time
	Token      string // UID, of which only what it is compared by is kept
	Visit      string // id of the first attempt of its visit
	Authorised Tri
	Paid       Tri
	Well       Tri // it ended as it should; not asked while it goes on or where nothing was charged
	EnergyWh   int64
	ToEnergy   time.Duration // from the beginning until energy flowed; [NotTimed] where that is not known
	Counts     bool          // it is an attempt to charge, not one to pay only
}

// NotTimed is how long something took of which that is not known.
const NotTimed = -time.Millisecond

// GroupBy is what key figures are grouped by.
type GroupBy string

// What they are grouped by.
const (
	Together  GroupBy = "all"
	ByDay     GroupBy = "day" // in UTC
	BySite    GroupBy = "site"
	ByStation GroupBy = "station"
	ByEVSE    GroupBy = "evse"
	ByVersion GroupBy = "version"
	ByModel   GroupBy = "model" // vendor and model
)

// FigureQuery is what key figures are asked for.
type FigureQuery struct {
	By      GroupBy
	Site    string           // empty is any
	Station gnista.StationID // empty is any
	Span
	LeastWh int64
	After   string // behind the group of that name
	Limit   int
}

// Figures are counts of a group: in each pair the second is how many of the first went well.
type Figures struct {
	Group            string // see [GroupBy]; of an EVSE STATION/NUMBER, of a model VENDOR/MODEL
	Visits, AtOnce   int    // drivers who came; whose first attempt led to a charge
	Attempts, Starts int    // to charge, by who might; that led to a charge
	Asked, Accepted  int    // tokens
	Paying, Paid     int    // checkouts for which somebody tried to pay
	Charges, Well    int    // charges that ended; as they should
	Timed            int    // charges of which is known when energy flowed
	ToEnergy         time.Duration
	EnergyWh         int64
}

// Repair is how many faults were acknowledged and cleared, and how long that took in all.
type Repair struct {
	Acknowledged, Cleared   int
	ToAcknowledge, ToRepair time.Duration
}

// FigureStore keeps attempts.
type FigureStore interface {
	// SaveAttempt stores an attempt, or what it has become. Its visit is what visit makes of those that count and
	// were made before it at the station, the newest first.
	SaveAttempt(ctx context.Context, a Attempt, within time.Duration, visit func(a Attempt, before []Attempt) string) error
	// AddRefusal is SaveAttempt unless the same token was refused there since a time, or the station has had most
	// refusals in the hour before.
	AddRefusal(ctx context.Context, a Attempt, since time.Time, most int, within time.Duration, visit func(a Attempt, before []Attempt) string) error
	// Figures lists those of a page of groups, in order.
	Figures(ctx context.Context, q FigureQuery) ([]Figures, error)
	// Repairs are the times of faults that were opened in the time of the query, by group up to the one of a name.
	Repairs(ctx context.Context, q FigureQuery, last string) (map[string]Repair, error)
	// ForgetAttempts deletes those before a time.
	ForgetAttempts(ctx context.Context, before time.Time) error
}

// Figures lists key figures of a page of groups. Invalid.
func (u *Uptime) Figures(ctx context.Context, q FigureQuery) ([]Figures, map[string]Repair, error) {
	switch q.By {
	case Together, ByDay, BySite, ByStation, ByEVSE, ByVersion, ByModel:
	default:
		return nil, nil, gnista.Invalidf("by", "%q is not all, day, site, station, evse, version or model", q.By)
	}
	switch {
	case q.Since.IsZero() || !q.Until.After(q.Since):
		return nil, nil, gnista.Invalidf("until", "must be after since")
	case q.Until.Sub(q.Since) > longest:
		return nil, nil, gnista.Invalidf("until", "is more than %d days after since", longest/(24*time.Hour))
	}
	q.LeastWh = u.Least
	list, err := u.Store.Figures(ctx, q)
	if err != nil || len(list) == 0 {
		return list, nil, err
	}
	repairs, err := u.Store.Repairs(ctx, q, list[len(list)-1].Group)
	return list, repairs, err
}
