// Package charging keeps transactions: a car at an EVSE, from the first to the last that a station
// tells of it, and what the meter said meanwhile. StartTransaction, StopTransaction and MeterValues
// of OCPP 1.6 and TransactionEvent of 2.x all become an [Event], and [Transactions.Record] makes the
// same transaction of them.
//
// Rules that hold for every version:
//   - The same event again changes nothing and gets the first answer; what makes it the same is
//     what it says of the transaction, never its message id.
//   - Events come late, twice, in any order, or not at all. What a transaction is does not depend
//     on the order.
//   - The end of a transaction is never refused. What is odd about it is a [Reason] for review.
//   - A transaction that has a reason which makes its energy doubtful is not finished, and so not
//     billed, before somebody decides.
package charging

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gnista"
	"gnista/token"
)

// State is how far a transaction is.
type State string

// The states.
const (
	Active State = "active"
	Ended  State = "ended"
)

// Activity is what the car and the EVSE are doing.
type Activity string

// The activities.
const (
	Connected     Activity = "connected"      // plugged in, no energy offered
	Charging      Activity = "charging"       // energy may flow
	SuspendedEV   Activity = "suspended-ev"   // offered, but the car takes none
	SuspendedEVSE Activity = "suspended-evse" // wanted, but the station gives none
	Idle          Activity = "idle"           // no longer connected, or not talking
)

// Reason is why a person should look at a transaction.
type Reason string

// The reasons. Those that block make the energy doubtful or say that nobody can be billed for it.
const (
	OrphanStop      Reason = "orphan-stop"      // the end of a transaction whose start is not known; blocks
	MissingStart    Reason = "missing-start"    // events, but never the start; blocks
	MissingStop     Reason = "missing-stop"     // another car charges there, and no end was told; blocks
	MissingReading  Reason = "missing-reading"  // no meter reading at the start or at the end; blocks
	MeterReset      Reason = "meter-reset"      // the register went backwards; blocks
	MeterDisagrees  Reason = "meter-disagrees"  // start and end say other than the readings between; blocks
	Implausible     Reason = "implausible"      // more energy than a connector can give in the time; blocks
	Unauthorised    Reason = "unauthorised"     // energy flowed and no token was accepted for it; blocks
	TooLong         Reason = "too-long"         // it lasted longer than cars charge, or a clock was wrong; blocks, and its time costs nothing
	Unsteady        Reason = "unsteady"         // it changed between charging and idle too often to follow; blocks, and its time costs nothing
	Unreadable      Reason = "unreadable"       // the message that ended it could not be understood in full; blocks
	ClockSkew       Reason = "clock-skew"       // the station's clock was wrong; ours was used
	GuessedZone     Reason = "guessed-zone"     // the station's times had no zone and were taken for UTC
	ConflictingStop Reason = "conflicting-stop" // a second end says otherwise than the first
	RepairedRef     Reason = "repaired-ref"     // the station sent a wrong transaction id; the one meant was clear
	MissingEvents   Reason = "missing-events"   // events between the start and the end never came
	DecidedByPerson Reason = "decided"          // a person settled the energy
)

// Blocks tells whether a transaction is not billed before somebody decides.
func (r Reason) Blocks() bool {
	switch r {
	case ClockSkew, GuessedZone, ConflictingStop, RepairedRef, MissingEvents, DecidedByPerson:
		return false
	}
	return true
}

// Transaction is one car at one EVSE.
type Transaction struct {
	ID      string
	Station gnista.StationID
	Version gnista.Version
	// Ref is its name on the wire: the station's own in 2.x, our number in decimal in 1.6.
	Ref string
	// StartKey is what makes two starts in OCPP 1.6 the same; empty in 2.x. Of a transaction that was stored
	// only a hash of it is left, as it has a UID in it.
	StartKey string

	EVSE       gnista.EVSE
	Token      token.ID // who charges; the zero ID while not known
	Authorised bool     // whether that token was accepted
	Account    string   // id of the account that pays; empty is none
	Tariff     string   // id of the version of the tariff that was in force at the start, for who pays; empty while not known

	State      State
	Activity   Activity
	StartedAt  time.Time
	EndedAt    time.Time // zero while active
	FinishedAt time.Time // when it was ready to be billed; zero before
	UpdatedAt  time.Time // when it last changed, by our clock
	ThinnedAt  time.Time // when what its meter said was thinned out; zero is never
	StopReason string
	RemoteID   int // number of our order to start it, 2.x; 0 is none
	// Limiting is how it is limited; nil is not at all.
	Limiting *Limiting
	// Reservation is the id of the one that it used; empty is none.
	Reservation string

	EnergyWh int64
	PowerW   int64 // the last that was measured while active
	SoC      int   // state of charge in percent; -1 while not known
	Meter    Meter
	Review   []Reason
	Note     string // what a person said when deciding

	Progress Progress
}

// Progress is what has been taken in of a transaction. Only this package makes sense of it; the
// store keeps it.
type Progress struct {
	Started, Ended bool // the event that starts, ends it was taken in
	Seqs           spans
	Timeline       []Step
	Decided        []Decided
	SpentAt        time.Time  `json:",omitzero"` // when the station was last ordered to end it, as its token has used all that it may
	TokenSeq       int        // number of the event whose token pays
	Group          string     // of that token
	Pass           token.Pass `json:",omitzero"` // of the guest whose token that is
}

// Step is the beginning of an activity. Of two at one time the one with the higher number is later.
type Step struct {
	At       time.Time
	Seq      int
	Activity Activity
}

// Decided is what was answered for the token of an event, so that a repeat gets the same.
type Decided struct {
	Kind     Kind
	Seq      int
	Decision token.Decision
}

// Blocked tells whether something in the review keeps the transaction from being billed.
func (t *Transaction) Blocked() bool {
	return !t.Decided() && slices.ContainsFunc(t.Review, Reason.Blocks)
}

// Decided tells whether a person settled the energy.
func (t *Transaction) Decided() bool { return slices.Contains(t.Review, DecidedByPerson) }

func (t *Transaction) flag(r Reason) {
	if !slices.Contains(t.Review, r) {
		t.Review = append(t.Review, r)
	}
}

func (t *Transaction) unflag(r Reason) {
	t.Review = slices.DeleteFunc(t.Review, func(have Reason) bool { return have == r })
}

// Period is a stretch of time within a transaction.
type Period struct {
	From, To time.Time
	Idle     bool // the car occupied the EVSE and wanted no energy
}

// Periods splits the transaction until its end, or until now while it is active, into times of
// charging and idle times. A car is idle when it takes none of the energy that is offered, and when
// it stays plugged in after it has charged. A station that gives no energy makes no car idle, nor
// does the time before the first charge. Times that are not believed are left out.
func (t *Transaction) Periods(now time.Time) []Period {
	if slices.Contains(t.Review, TooLong) || slices.Contains(t.Review, Unsteady) {
		return nil
	}
	end := t.EndedAt
	if end.IsZero() {
		end = now
	}
	var list []Period
	add := func(from, to time.Time, idle bool) {
		from = latest(from, t.StartedAt)
		if to.After(end) {
			to = end
		}
		if !to.After(from) {
			return
		}
		if n := len(list); n > 0 && list[n-1].Idle == idle {
			list[n-1].To = to
			return
		}
		list = append(list, Period{from, to, idle})
	}
	from, idle, charged := t.StartedAt, false, false
	for _, s := range t.Progress.Timeline {
		add(from, s.At, idle)
		from = s.At
		charged = charged || s.Activity == Charging
		idle = s.Activity == SuspendedEV || charged && (s.Activity == Connected || s.Activity == Idle)
	}
	add(from, end, idle)
	return list
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// maxSteps bounds the timeline of a transaction whose station changes its mind all the time.
const maxSteps = 1000

// manySteps is how many are kept of OCPP 1.6 before steps that change nothing are left out: its events have no
// numbers, and one that comes late may lie between any two.
const manySteps = 100

// step enters an activity into the timeline, which is in the order of time. When everything before it
// is known, steps that change nothing are left out; as long as something may come between, they count.
func (t *Transaction) step(s Step, complete bool) {
	i, found := slices.BinarySearchFunc(t.Progress.Timeline, s, func(a, b Step) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Seq, b.Seq)) })
	switch {
	case found:
		t.Progress.Timeline[i] = s
	case len(t.Progress.Timeline) < maxSteps:
		t.Progress.Timeline = slices.Insert(t.Progress.Timeline, i, s)
	default:
		t.flag(Unsteady)
		t.Progress.Timeline[maxSteps-1] = s
	}
	if complete {
		t.Progress.Timeline = slices.CompactFunc(t.Progress.Timeline, func(a, b Step) bool { return a.Activity == b.Activity })
	}
	t.Activity = t.Progress.Timeline[len(t.Progress.Timeline)-1].Activity
}

// Filter selects transactions for a list.
type Filter struct {
	Station gnista.StationID // empty is any
	Site    string           // id of that of the station; empty is any
	Since   time.Time        // started at or after; zero is any
	Until   time.Time        // started before; zero is any
	State   State            // empty is any
	Token   string           // UID in whatever way it is written; empty is any
	Review  bool             // only those that wait for a decision
	Sites   []string         // where their stations are; nil is anywhere
	Before  string           // only those started before the one with this id: the next page
	Limit   int
}

// GoingOn is what active transactions come to.
type GoingOn struct {
	Transactions int
	Charging     int   // of them: the others are plugged in and take nothing
	PowerW       int64 // that was last measured
}

// Store keeps transactions.
type Store interface {
	// Change runs f within one SQL transaction and commits what it did, or nothing when it fails. f
	// may be run again. Changes of one station run one after the other.
	Change(ctx context.Context, station gnista.StationID, f func(Tx) error) error
	// Transaction finds a transaction. NotFound.
	Transaction(ctx context.Context, id string) (Transaction, error)
	// Transactions lists transactions, the newest first.
	Transactions(ctx context.Context, f Filter) ([]Transaction, error)
	// GoingOn adds up the active transactions.
	GoingOn(ctx context.Context) (GoingOn, error)
	// Unfinished lists transactions that ended before the given time, are not finished and wait
	// for nobody's decision.
	Unfinished(ctx context.Context, before time.Time, limit int) ([]Transaction, error)
	// EVSEPower is as that of [Tx].
	EVSEPower(ctx context.Context, station gnista.StationID, evse int) (most, unit string, err error)
	// Samples lists what the meter said during a transaction, in the order of time.
	Samples(ctx context.Context, id string) ([]Sample, error)
	// SignedValues lists the signed meter values of a transaction, in the order of time.
	SignedValues(ctx context.Context, id string) ([]Signed, error)
}

// Tx is what one change may read and write. What it returns is nil when there is no such thing.
type Tx interface {
	ByID(id string) (*Transaction, error)
	ByRef(station gnista.StationID, ref string) (*Transaction, error)
	ByStart(station gnista.StationID, key string) (*Transaction, error)
	// Open lists active transactions of a station, at one of its EVSEs or at all when evse is 0. Where there
	// are far more than it can have EVSEs, they are not all of them.
	Open(station gnista.StationID, evse int) ([]*Transaction, error)
	// EndedAt lists transactions of a station that ended at a time, all but those of one that floods us.
	EndedAt(station gnista.StationID, at time.Time) ([]*Transaction, error)
	// InForce is the id of the version of the tariff that holds in a case; empty is none.
	InForce(c Case) (string, error)
	// CountOpen counts the active transactions of a token on all stations. Until the change is
	// committed no other one can count those of the same token.
	CountOpen(id token.ID) (int, error)
	// Hold sets aside of an account what a transaction may come to, and tells whether the account may pay:
	// when it must, it sets aside what there is. Until the change is committed no other one can do that
	// for the same account.
	Hold(transaction, account string, must bool, now time.Time) (bool, error)
	// Pay has the payment of a guest pay for a transaction, and tells whether it can: it pays for one.
	Pay(transaction, payment string, now time.Time) (bool, error)
	// Spend uses the pass of a guest for a transaction, and tells whether it can: it is good for one.
	Spend(transaction, checkout string, now time.Time) (bool, error)
	// Release gives back what was set aside for a transaction, if anything was.
	Release(transaction string) error
	// Used is what a token has used in transactions that have begun since, and Begun when and where those
	// began that did so between two times.
	Used(id token.ID, since time.Time, currency string) (token.Used, error)
	Begun(id token.ID, from, to time.Time) ([]token.Begun, error)
	// Site is the id of the site of a station; empty when it has none.
	Site(station gnista.StationID) (string, error)
	// BlockToken blocks a token, and says why.
	BlockToken(id token.ID, reason string, now time.Time) error
	// Number is a number above 0 that no transaction of OCPP 1.6 has had.
	Number() (int64, error)
	// ReservationNumber is a number above 0 that no reservation has had.
	ReservationNumber() (int64, error)
	// ReservationByNumber is the newest reservation of a station that has the number.
	ReservationByNumber(station gnista.StationID, number int) (*Reservation, error)
	// OpenReservations lists the reservations of a station that are not final.
	OpenReservations(station gnista.StationID) ([]*Reservation, error)
	// CostLimit is the most that a transaction may cost for what is there to pay for it, where its station says
	// that it can keep to such a limit; nil else.
	CostLimit(station gnista.StationID, transaction string) (*gnista.Money, error)
	// StartLimits are those of the order to start that has a number; nil when it has none.
	StartLimits(station gnista.StationID, number int) (*Limits, error)
	// SaveStartLimits keeps limits of an order to start, and forgets those that the station was given a day before.
	SaveStartLimits(station gnista.StationID, number int, l Limits, now time.Time) error
	// SaveReservation stores r, and the events with it.
	SaveReservation(r *Reservation, evs ...gnista.Event) error
	// EVSEPower is the most power of an EVSE as the station has reported it, and its unit; empty is none.
	EVSEPower(station gnista.StationID, evse int) (most, unit string, err error)
	// SaveDecision stores what a person decided.
	SaveDecision(d Decision) error
	// Save stores t, the samples with it, and the events with both.
	Save(t *Transaction, samples []Sample, evs ...gnista.Event) error
	// SaveSigned adds signed values to a transaction, each once and as many as are kept, see [MaxSigned].
	SaveSigned(transaction string, list []Signed) error
}
