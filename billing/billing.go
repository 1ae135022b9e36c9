// Package billing makes charge records of finished transactions, one original each, and keeps the ledger.
// A record is never changed: what is wrong with it is corrected by others.
package billing

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/tariff"
	"gnista/token"
)

// Record is what a transaction came to, or a reservation that nobody came for.
type Record struct {
	ID            string
	Number        int64  // in the seller's unbroken series, from 1
	Transaction   string // id; empty for a reservation
	Reservation   string // id of the one that nobody came for; empty for a transaction
	Station       gnista.StationID
	EVSE          gnista.EVSE
	Token         token.ID
	Account       string // id of the account that pays; empty is none
	Kind          RecordKind
	Corrects      string // id of the record that this one takes back or stands for instead
	Payment       string // id of the payment of the transaction; empty is none
	Payer         string // the party of the ledger that owes it, where no account does: a guest's payment; empty is nobody
	StartedAt     time.Time
	EndedAt       time.Time
	EnergyWh      int64
	TariffVersion string
	Policy        string // of rounding, see [tariff.Policy]
	Bill          tariff.Bill
	IssuedAt      time.Time
}

// Subject is the id of what the record is of: a transaction or a reservation.
func (r Record) Subject() string { return cmp.Or(r.Transaction, r.Reservation) }

// RecordKind is what a record is to its transaction. The sum of all records of a transaction is what
// it came to.
type RecordKind string

// The kinds.
const (
	Original    RecordKind = "original"
	Credit      RecordKind = "credit"      // takes another back: all its quantities and amounts are negative
	Replacement RecordKind = "replacement" // stands instead of one that was taken back
)

// Store keeps records.
type Store interface {
	// Issue stores r, with the next number of the series, unless what it is of has a record already; it
	// returns the one that is stored. Stored with it are ev, its entry of the ledger, and the payment; what
	// was set aside for the transaction no longer is.
	Issue(ctx context.Context, r Record, ev func(Record) gnista.Event) (Record, error)
	// Correct stores a credit and, unless it is nil, what stands instead, in the same way, and d. Conflict when
	// the record that they correct was corrected before.
	Correct(ctx context.Context, credit Record, instead *Record, d Decision, ev func(Record) gnista.Event) ([]Record, error)
	// Decisions lists what persons have decided, the newest first.
	Decisions(ctx context.Context, f DecisionFilter) ([]Decision, error)
	// Record finds a record. NotFound.
	Record(ctx context.Context, id string) (Record, error)
	// RecordOf finds the newest record of a transaction or a reservation that is no credit. NotFound.
	RecordOf(ctx context.Context, subject string) (Record, error)
	// Records lists records, the newest first, behind the one with the number before (0: from the
	// newest).
	Records(ctx context.Context, f Filter) ([]Record, error)
	// Revenue adds up what was billed by group and currency, and where it is by day by quarters of an hour, which
	// the days of any zone are made of.
	Revenue(ctx context.Context, q RevenueQuery) ([]Revenue, error)
}

// Filter selects records for a list.
type Filter struct {
	Station     gnista.StationID // empty is any
	Transaction string           // empty is any
	Reservation string           // empty is any
	Account     string           // empty is any
	Nobody      bool             // only those that no account pays
	Before      int64            // only those with a lower number; 0 is all
	Limit       int
}

// Records bills transactions. It is the [charging.Prices] of the transactions.
type Records struct {
	Store        Store
	Tariffs      tariff.Store
	Transactions Transactions
	Reservations Reservations
	Zones        Zones
	Currency     string // of a record without a tariff
	Now          func() time.Time
	NewID        func() string

	versions sync.Map // id of a version → tariff.Version, which never changes
}

// Transactions finds what is to be billed.
type Transactions interface {
	Transaction(ctx context.Context, id string) (charging.Transaction, error)
	// Finished lists transactions that are billed.
	Finished(ctx context.Context, f Finished) ([]charging.Transaction, error)
	// Samples lists what the meter said during a transaction, in the order of time.
	Samples(ctx context.Context, id string) ([]charging.Sample, error)
}

// InForce is the id of the version of the tariff that holds in a case. NotFound.
func (r *Records) InForce(ctx context.Context, c charging.Case) (string, error) {
	a, err := r.Tariffs.InForce(ctx, tariffCase(c))
	return a.ID, err
}

func tariffCase(c charging.Case) tariff.Case {
	return tariff.Case{Station: c.Station, EVSE: c.EVSE, TokenUID: c.Token.UID, TokenType: string(c.Token.Type), Group: c.Group, Account: c.Account, At: c.At}
}

// Cost is what a transaction costs so far, or in all when it has ended. NotFound when no tariff holds
// for it.
func (r *Records) Cost(ctx context.Context, t *charging.Transaction) (gnista.Money, error) {
	v, err := r.version(ctx, t)
	if err != nil {
		return gnista.Money{}, err
	}
	b, err := r.Rate(ctx, t, v)
	return b.Total, err
}

// Version is the version of the tariff that a transaction is billed by. NotFound.
func (r *Records) Version(ctx context.Context, t *charging.Transaction) (tariff.Version, error) {
	return r.version(ctx, t)
}

func (r *Records) version(ctx context.Context, t *charging.Transaction) (tariff.Version, error) {
	return r.versionOf(ctx, t.Tariff, t.Case())
}

// versionOf is the version with an id, or the one in force in a case where the id is empty: the start was not
// known when it was looked up.
func (r *Records) versionOf(ctx context.Context, id string, c charging.Case) (tariff.Version, error) {
	if id == "" {
		a, err := r.Tariffs.InForce(ctx, tariffCase(c))
		return a.Version, err
	}
	if v, ok := r.versions.Load(id); ok {
		return v.(tariff.Version), nil
	}
	v, err := r.Tariffs.TariffVersion(ctx, id)
	if err == nil {
		r.versions.Store(v.ID, v)
	}
	return v, err
}

// Take bills the transaction that ev tells is finished, or the reservation that it tells has expired; other
// events it passes over. The same event again changes nothing.
func (r *Records) Take(ctx context.Context, ev gnista.Event) error {
	switch ev.Kind {
	case "transaction.finished":
	case "reservation.expired":
		return r.takeExpired(ctx, ev.Subject)
	default:
		return nil
	}
	t, err := r.Transactions.Transaction(ctx, ev.Subject)
	if err != nil {
		return fmt.Errorf("billing transaction %s: %w", ev.Subject, err)
	}
	var b tariff.Bill
	v, err := r.version(ctx, &t)
	switch {
	case err == nil:
		b, err = r.Rate(ctx, &t, v)
	case gnista.CodeOf(err) == gnista.NotFound:
		free := gnista.Money{Currency: r.Currency}
		b, err = tariff.Bill{Net: free, Tax: free, Total: free}, nil
	}
	if err != nil {
		return fmt.Errorf("billing transaction %s: %w", t.ID, err)
	}
	rec := Record{
		ID: r.NewID(), Transaction: t.ID, Station: t.Station, EVSE: t.EVSE, Token: t.Token, Account: t.Account, Kind: Original, StartedAt: t.StartedAt, EndedAt: t.EndedAt,
		EnergyWh: t.EnergyWh, TariffVersion: v.ID, Policy: tariff.Policy, Bill: b, IssuedAt: r.Now(),
	}
	if rec.Account != "" || b.Total.Amount != 0 {
		rec.Payment = r.NewID()
	}
	_, err = r.Store.Issue(ctx, rec, issued)
	return err
}

// issued tells of a record that has its number.
func issued(r Record) gnista.Event {
	more := ""
	if r.Kind != Original {
		more = fmt.Sprintf(`,"kind":%q,"corrects":%q`, r.Kind, r.Corrects)
	}
	return gnista.Event{
		At: r.IssuedAt, Kind: "charge-record.issued", Station: r.Station, Subject: r.Subject(),
		Data: fmt.Appendf(nil, `{"record":%q,"number":%d,"amount":%d,"currency":%q%s}`, r.ID, r.Number, r.Bill.Total.Amount, r.Bill.Total.Currency, more),
	}
}
