package charging

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"gnista"
	"gnista/station"
	"gnista/token"
)

// Reservation keeps an EVSE, or any one of a station, for a token or its group.
type Reservation struct {
	ID            string
	Number        int // its name on the wire: above 0, and within 31 bits
	Station       gnista.StationID
	EVSE          int    // 0 is any one
	ConnectorType string // any one that has such a connector (OCPP 2.x); empty is any
	Token         token.ID
	Group         string // who is in it may use it too; empty is nobody
	State         ReservationState
	Reason        string // why it was refused or removed, in the station's word
	Transaction   string // id of the one that used it
	Origin        string // id of the reservation that it was moved from
	Account       string // id of the account that pays; empty is none
	Tariff        string // id of the version of the tariff that was in force when it was made; empty while not known
	CreatedAt     time.Time
	StartedAt     time.Time // when the station agreed; zero before
	Since         time.Time // likewise; where it was moved, when the station of the first place did
	ExpiresAt     time.Time
	EndedAt       time.Time // when its state became final; zero before
}

// ReservationState is how far a reservation is.
type ReservationState string

// The states. Those below ReservationUnknown are final.
const (
	ReservationAsked     ReservationState = "asked"     // the station has not answered yet
	ReservationActive    ReservationState = "active"    // the station keeps the place
	ReservationUnknown   ReservationState = "unknown"   // the station did not answer, and may keep it or not
	ReservationRefused   ReservationState = "refused"   // the station did not take it
	ReservationUsed      ReservationState = "used"      // a transaction came of it
	ReservationExpired   ReservationState = "expired"   // nobody came
	ReservationCancelled ReservationState = "cancelled" // it was given up
	ReservationRemoved   ReservationState = "removed"   // the station gave it up, or does not know it any more
)

// Case is what the tariff of the reservation depends on, where that was not known when it was made.
func (r *Reservation) Case() Case {
	return Case{Station: r.Station, EVSE: r.EVSE, Token: r.Token, Account: r.Account, At: r.Since}
}

// final tells whether nothing more is to come.
func (s ReservationState) final() bool {
	return s != ReservationAsked && s != ReservationActive && s != ReservationUnknown
}

// become changes the state, and tells of it.
func (r *Reservation) become(s ReservationState, reason string, at time.Time) gnista.Event {
	r.State, r.Reason, r.EndedAt = s, reason, time.Time{}
	if s == ReservationActive {
		r.StartedAt = at
		if r.Since.IsZero() {
			r.Since = at
		}
	}
	if s.final() {
		r.EndedAt = at
	}
	data, _ := json.Marshal(map[string]any{ // strings and numbers always marshal
		"state": s, "reason": reason, "evse": r.EVSE, "number": r.Number, "transaction": r.Transaction, "expiresAt": r.ExpiresAt,
	})
	return gnista.Event{At: at, Kind: "reservation." + string(s), Station: r.Station, Subject: r.ID, Data: data}
}

// ReservationFilter selects reservations for a list.
type ReservationFilter struct {
	Station gnista.StationID // empty is any
	State   ReservationState // empty is any
	Open    bool             // only those that are not final
	Before  string           // only those made before the one with this id: the next page
	Limit   int
}

// ReservationStore keeps reservations.
type ReservationStore interface {
	// Reservation finds a reservation. NotFound.
	Reservation(ctx context.Context, id string) (Reservation, error)
	// Reservations lists reservations, the newest first.
	Reservations(ctx context.Context, f ReservationFilter) ([]Reservation, error)
	// Overdue lists reservations that are not final and have expired by now, or that were asked for
	// before the given time and not answered.
	Overdue(ctx context.Context, now, asked time.Time, limit int) ([]Reservation, error)
}

// Reserve tells a station to keep a place. (OCPP 1.6 §5.13, OCPP 2.x H01)
type Reserve struct {
	Number        int
	EVSE          int
	ConnectorType string
	Token         token.ID
	Group         string
	ExpiresAt     time.Time
}

func (Reserve) Answers() (a station.Answer) { return a }

func (o Reserve) Told() station.Told {
	return station.Told{Kind: "reserve", Note: fmt.Sprintf("reservation %d, %s, until %s", o.Number, place(o.EVSE), o.ExpiresAt.UTC().Format(time.RFC3339))}
}

// CancelReservation tells a station to keep a place no longer. (OCPP 1.6 §5.1, OCPP 2.x H02)
type CancelReservation struct{ Number int }

func (CancelReservation) Answers() (a station.Answer) { return a }

func (o CancelReservation) Told() station.Told {
	return station.Told{Kind: "cancel-reservation", Note: fmt.Sprintf("reservation %d", o.Number)}
}

func place(evse int) string {
	if evse == 0 {
		return "any EVSE"
	}
	return fmt.Sprintf("EVSE %d", evse)
}

// Wish is what is to be reserved, for whom and until when.
type Wish struct {
	Station       gnista.StationID
	EVSE          int
	ConnectorType string
	Token         token.ID
	Group         string
	ExpiresAt     time.Time
	origin        *Reservation
}

// longestReservation bounds what a mistake in a date can keep from everybody.
const longestReservation = 31 * 24 * time.Hour

func (t *Transactions) checkWish(ctx context.Context, w Wish) error {
	now := t.Now()
	switch {
	case w.EVSE < 0:
		return gnista.Invalidf("evse", "is negative")
	case token.Key(w.Token.UID) == "":
		return gnista.Invalidf("token", "is empty")
	case utf8.RuneCountInString(w.Group) > 255:
		return gnista.Invalidf("group", "is longer than 255 characters")
	case utf8.RuneCountInString(w.ConnectorType) > 20:
		return gnista.Invalidf("connectorType", "is longer than 20 characters")
	case w.EVSE > 0 && w.ConnectorType != "":
		return gnista.Invalidf("connectorType", "is for any EVSE that has one; leave out the EVSE")
	case !w.ExpiresAt.After(now):
		return gnista.Invalidf("expiresAt", "is in the past")
	case w.ExpiresAt.After(now.Add(longestReservation)):
		return gnista.Invalidf("expiresAt", "is more than %d days ahead", int(longestReservation.Hours())/24)
	}
	if w.EVSE == 0 {
		return nil
	}
	list, err := t.Network.States.Connectors(ctx, w.Station)
	known := slices.ContainsFunc(list, func(c station.Connector) bool { return c.EVSE.ID > 0 })
	if err == nil && known && !slices.ContainsFunc(list, func(c station.Connector) bool { return c.EVSE.ID == w.EVSE }) {
		return gnista.Invalidf("evse", "station %s has no EVSE %d", w.Station, w.EVSE)
	}
	return err
}

// Reserve keeps a place for a token, which must be allowed to charge. Whether the station does is told
// by the state. Invalid, NotFound, Conflict, Offline, and what [station.Remote] fails with.
func (t *Transactions) Reserve(ctx context.Context, w Wish) (Reservation, error) {
	w.ExpiresAt = w.ExpiresAt.UTC().Truncate(time.Millisecond)
	if err := t.checkWish(ctx, w); err != nil {
		return Reservation{}, err
	}
	d, err := t.Tokens.Authorise(ctx, token.Request{ID: w.Token, At: t.Now(), Station: w.Station, EVSE: w.EVSE, Use: token.Start, Ordered: true})
	if err != nil {
		return Reservation{}, err
	}
	if d.Status != token.Accepted {
		return Reservation{}, gnista.Errorf(gnista.Conflict, "the token may not charge: it is %s", d.Status)
	}
	if _, connected := t.Network.Presence.Connection(w.Station); !connected {
		return Reservation{}, t.Network.Explain(ctx, w.Station, gnista.Errorf(gnista.Offline, "station %s is not connected", w.Station))
	}
	r := Reservation{
		ID: t.NewID(), Station: w.Station, EVSE: w.EVSE, ConnectorType: w.ConnectorType, Token: d.ID, Group: w.Group,
		Account: d.Account, CreatedAt: t.Now(), ExpiresAt: w.ExpiresAt,
	}
	if o := w.origin; o != nil { // who pays, and what, was settled when the first place was kept
		r.Origin, r.Account, r.Tariff, r.Since = o.ID, o.Account, o.Tariff, o.Since
	} else if r.Tariff, err = t.Prices.InForce(ctx, Case{Station: r.Station, EVSE: r.EVSE, Token: d.ID, Group: d.Group, Account: d.Account, At: r.CreatedAt}); err != nil && gnista.CodeOf(err) != gnista.NotFound {
		return Reservation{}, err
	}
	err = t.Store.Change(ctx, w.Station, func(tx Tx) error {
		n, err := tx.ReservationNumber()
		if err != nil {
			return err
		}
		r.Number = int((n-1)%math.MaxInt32 + 1) // the number is within 31 bits on the wire
		return tx.SaveReservation(&r, r.become(ReservationAsked, "", r.CreatedAt))
	})
	if err != nil {
		return Reservation{}, err
	}
	a, failed := station.Give(ctx, t.Network, w.Station, Reserve{r.Number, r.EVSE, r.ConnectorType, r.Token, r.Group, r.ExpiresAt})
	state, reason := ReservationActive, ""
	switch code := gnista.CodeOf(failed); {
	case failed != nil && (code == gnista.Timeout || code == gnista.Internal):
		state, reason = ReservationUnknown, "the station did not answer"
	case failed != nil:
		state, reason = ReservationRefused, failed.Error()
	case a.Status != station.Done:
		state, reason = ReservationRefused, a.Detail
	}
	// What was asked was asked, also when nobody waits for the answer any more.
	kept, err := t.changeReservation(context.WithoutCancel(ctx), r.Station, r.Number, func(x *Reservation) *gnista.Event {
		if x.State != ReservationAsked { // a car was quicker than the answer
			return nil
		}
		ev := x.become(state, reason, t.Now())
		return &ev
	})
	if failed != nil {
		return r, failed
	}
	return kept, err
}

// changeReservation changes the newest reservation of a number; change returns nil when there is
// nothing to change. NotFound.
func (t *Transactions) changeReservation(ctx context.Context, id gnista.StationID, number int, change func(*Reservation) *gnista.Event) (Reservation, error) {
	var out Reservation
	err := t.Store.Change(ctx, id, func(tx Tx) error {
		x, err := tx.ReservationByNumber(id, number)
		if err != nil {
			return err
		}
		if x == nil {
			return gnista.Errorf(gnista.NotFound, "station %s has no reservation %d", id, number)
		}
		ev := change(x)
		if out = *x; ev == nil {
			return nil
		}
		return tx.SaveReservation(x, *ev)
	})
	return out, err
}

// CancelReservation gives a reservation up. NotFound, Conflict, and what [station.Remote] fails with; it
// stays as it is then.
func (t *Transactions) CancelReservation(ctx context.Context, id string) (Reservation, error) {
	r, err := t.Reservations.Reservation(ctx, id)
	if err != nil {
		return Reservation{}, err
	}
	if r.State.final() {
		return r, gnista.Errorf(gnista.Conflict, "the reservation is %s already", r.State)
	}
	a, err := station.Give(ctx, t.Network, r.Station, CancelReservation{r.Number})
	if err != nil {
		return r, t.Network.Explain(ctx, r.Station, err)
	}
	state, reason := ReservationCancelled, ""
	if a.Status != station.Done { // OCPP 2.x H02.FR.01: it knows no such reservation
		state, reason = ReservationRemoved, a.Detail
	}
	return t.changeReservation(context.WithoutCancel(ctx), r.Station, r.Number, func(x *Reservation) *gnista.Event {
		if x.State.final() {
			return nil
		}
		ev := x.become(state, reason, t.Now())
		return &ev
	})
}

// Moved is a reservation that was moved.
type Moved struct {
	To, From Reservation
	Problem  string // why the old one is still there, though the new one is
}

// MoveReservation keeps another place instead of the one that a reservation keeps, until the same time.
// The old one is given up only when the station keeps the new one; where it does not, nothing changes.
// The errors are those of Reserve.
func (t *Transactions) MoveReservation(ctx context.Context, id string, to gnista.StationID, evse int, connectorType string) (Moved, error) {
	r, err := t.Reservations.Reservation(ctx, id)
	if err != nil {
		return Moved{}, err
	}
	if r.State.final() {
		return Moved{From: r}, gnista.Errorf(gnista.Conflict, "the reservation is %s already", r.State)
	}
	if to == "" {
		to = r.Station
	}
	if to == r.Station && evse == r.EVSE && connectorType == r.ConnectorType {
		return Moved{From: r}, gnista.Invalidf("evse", "is where the reservation is already")
	}
	m := Moved{From: r}
	m.To, err = t.Reserve(ctx, Wish{Station: to, EVSE: evse, ConnectorType: connectorType, Token: r.Token, Group: r.Group, ExpiresAt: r.ExpiresAt, origin: &r})
	if err != nil || m.To.State != ReservationActive && m.To.State != ReservationUsed {
		return m, err
	}
	if given, err := t.CancelReservation(ctx, id); err != nil {
		m.Problem = err.Error()
	} else {
		m.From = given
	}
	return m, nil
}

// ReservationEnded takes in that a station has given a reservation up. One that it does not know from us
// is none of ours. (OCPP 2.x H01.FR.16, H01.FR.17, H03.FR.11, H04.FR.01)
func (t *Transactions) ReservationEnded(ctx context.Context, id gnista.StationID, number int, s ReservationState, reason string) error {
	if s == ReservationExpired {
		reason = "" // that is all there is to say
	}
	_, err := t.changeReservation(ctx, id, number, func(x *Reservation) *gnista.Event {
		if x.State.final() {
			return nil
		}
		ev := x.become(s, reason, t.Now())
		return &ev
	})
	if gnista.CodeOf(err) == gnista.NotFound {
		return nil
	}
	return err
}

// answerTime is how long a reservation waits for the station's answer.
const answerTime = 2 * time.Minute

// SweepReservations ends reservations whose time is over, as stations of OCPP 1.6 do not tell that.
func (t *Transactions) SweepReservations(ctx context.Context) error {
	now := t.Now()
	list, err := t.Reservations.Overdue(ctx, now, now.Add(-answerTime), 500)
	if err != nil {
		return fmt.Errorf("looking for overdue reservations: %w", err)
	}
	for _, r := range list {
		_, err := t.changeReservation(ctx, r.Station, r.Number, func(x *Reservation) *gnista.Event {
			state, reason := ReservationExpired, ""
			if x.ExpiresAt.After(now) {
				state, reason = ReservationUnknown, "the station did not answer"
			}
			if x.State.final() || x.ID != r.ID || x.State == state {
				return nil
			}
			ev := x.become(state, reason, now)
			return &ev
		})
		if err != nil {
			return fmt.Errorf("ending reservation %s: %w", r.ID, err)
		}
	}
	return nil
}

// reserver is who an EVSE is reserved for, nil when it is for nobody.
func (t *Transactions) reserver(ctx context.Context, id gnista.StationID, evse int) (*Reservation, error) {
	if evse == 0 {
		return nil, nil
	}
	list, err := t.Reservations.Reservations(ctx, ReservationFilter{Station: id, State: ReservationActive, Limit: 1000})
	now := t.Now()
	i := slices.IndexFunc(list, func(r Reservation) bool { return r.EVSE == evse && now.Before(r.ExpiresAt) })
	if err != nil || i < 0 {
		return nil, err
	}
	return &list[i], nil
}

// admits tells whether the reservation is for who the decision is about.
func (r *Reservation) admits(d token.Decision) bool {
	return token.Key(r.Token.UID) == token.Key(d.ID.UID) && (r.Token.Type == d.ID.Type || d.ID.Type == "") || r.Group != "" && r.Group == d.Group
}

// use finds the reservation that t uses, if it does, and ends that. The station names it, or its token
// and place say it. A transaction whose token was refused uses none. (OCPP 2.x H01.FR.15, H03)
func (r *recording) use(t *Transaction) error {
	if t.Reservation != "" || !t.Authorised || r.ReservationNumber <= 0 && (r.decision == nil || r.decision.Status != token.Accepted || r.Kind == Stopped || r.Stopping) {
		return nil
	}
	x, err := r.reservation(t)
	if x == nil || err != nil {
		return err
	}
	t.Reservation, x.Transaction = x.ID, t.ID
	return r.tx.SaveReservation(x, x.become(ReservationUsed, "", r.now))
}

func (r *recording) reservation(t *Transaction) (*Reservation, error) {
	if r.ReservationNumber > 0 {
		x, err := r.tx.ReservationByNumber(r.station, r.ReservationNumber)
		if x != nil && (x.State == ReservationUsed || x.State == ReservationRefused) || err != nil {
			return nil, err
		}
		if x != nil {
			return x, nil // also one that had ended here: the station knows better
		}
	}
	if r.decision == nil {
		return nil, nil
	}
	list, err := r.tx.OpenReservations(r.station)
	if err != nil {
		return nil, err
	}
	// One of this very EVSE goes before one of any.
	slices.SortStableFunc(list, func(a, b *Reservation) int { return b.EVSE - a.EVSE })
	for _, x := range list {
		if (x.EVSE == 0 || x.EVSE == t.EVSE.ID) && !r.at.Before(x.CreatedAt.Add(-ahead)) && r.at.Before(x.ExpiresAt) && x.admits(*r.decision) {
			return x, nil
		}
	}
	return nil, nil
}
