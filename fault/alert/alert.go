// Package alert tells people and other systems of faults: by mail, by signed webhooks and by web push.
//
// Events only make an [Alert] due. When it is looked at, the fault is read as it is then, and what is to be
// told becomes a [Delivery] for each [Channel], in the same SQL transaction. A delivery is on disk before it is
// sent and closed after; one that was cut off is sent again under the same id and marked as possibly double.
package alert

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"gnista"
	"gnista/fault"
)

// What alerts are about.
const (
	OfFault    = "fault"
	OfIncident = "incident"
)

// Subject is a fault or an incident as it is now.
type Subject struct {
	Kind     string // OfFault or OfIncident
	ID       string
	Case     int
	Key      fault.Key
	Severity fault.Severity
	Station  gnista.StationID
	Site     string // id
	EVSE     int
	Since    time.Time
	Faults   int    // of an incident
	Incident string // id of the one that a fault is part of

	AcknowledgedBy string // a person; empty while nobody has
	ShelvedUntil   time.Time
	ClearedAt      time.Time // zero while it is open
	Raw            fault.Raw
	Facts          map[string]any
}

// Ref names it among faults and incidents.
func (s Subject) Ref() string { return s.Kind + ":" + s.ID }

// OpenFilter selects open faults for a digest: those that are part of no incident, and incidents.
type OpenFilter struct {
	Sites    []string       // ids; none is all
	Severity fault.Severity // at least
	Limit    int
}

// Faults reads faults and incidents.
type Faults interface {
	// Subject finds one. NotFound.
	Subject(ctx context.Context, kind, id string) (Subject, error)
	// Acknowledge says that a person has seen it. NotFound.
	Acknowledge(ctx context.Context, kind, id, by string) error
	// Open lists what is open, the worst first.
	Open(ctx context.Context, f OpenFilter) ([]Subject, error)
}

// Catalogue says what faults mean.
type Catalogue interface {
	// Find is what is known of a fault, for which raw is what a station sent. It never fails.
	Find(k fault.Key, raw fault.Raw) fault.Entry
}

// Names are how people call places.
type Names interface {
	// SiteName is the name of a site, or its id.
	SiteName(ctx context.Context, id string) string
}

// State is how an alert stands.
type State string

// The states.
const (
	Open         State = "open"         // somebody is told, further and further, until it is acknowledged
	Acknowledged State = "acknowledged" // nobody is told more
	Cleared      State = "cleared"      // it is over
	Folded       State = "folded"       // the fault has become part of an incident, which has alerts of its own
)

// Alert is that one route tells of one fault or incident.
type Alert struct {
	ID      string
	Route   string // id
	Subject string // see [Subject.Ref]
	State   State
	Round   int       // how often it was opened again
	Level   int       // how many levels of the route have been told
	Seq     int64     // of the last event that it has taken note of
	Told    bool      // a delivery was made in this round
	Note    string    // why nobody was told, where that is so
	Opened  time.Time // of this round
	LastAt  time.Time // when the last level was told; zero before
	DueAt   time.Time // when it is looked at next; zero is never
	EndedAt time.Time

	Case     int
	Key      string // see [fault.Key.String]
	Severity fault.Severity
	Site     string
}

// Change is what becomes of an alert in one SQL transaction.
type Change struct {
	Deliveries []Delivery // to make; those whose Key there is already are passed over
	Withdraw   bool       // what waits of it is not to be sent any more
}

// Filter selects alerts for a list, the newest first.
type Filter struct {
	State   State  // empty is any
	Subject string // empty is any
	Route   string // empty is any
	Before  string // only those with a lower id
	Limit   int
}

// Store keeps alerts.
type Store interface {
	EntryStore
	ChannelStore
	DeliveryStore

	// ChangeAlert runs f on the alert of a route about a subject, which has no ID where there is none yet, in one
	// SQL transaction, and stores what it did unless it fails or leaves it without an ID. f may be run again.
	ChangeAlert(ctx context.Context, route, subject string, f func(*Alert) (Change, error)) error
	// AlertsOf lists the alerts about a subject.
	AlertsOf(ctx context.Context, subject string) ([]Alert, error)
	// DueAlerts lists those that are due at a time, the oldest first.
	DueAlerts(ctx context.Context, at time.Time, limit int) ([]Alert, error)
	// Alert finds an alert. NotFound.
	Alert(ctx context.Context, id string) (Alert, error)
	// Alerts lists alerts.
	Alerts(ctx context.Context, f Filter) ([]Alert, error)
	// PruneAlerts forgets ended alerts and closed deliveries from before a time, and of the rest all but the
	// newest.
	PruneAlerts(ctx context.Context, before time.Time, keep int) error
	// Secret is the secret of a name; make gives it where there is none. It is stored sealed.
	AlertSecret(ctx context.Context, name string, make func() (string, error)) (string, error)
}

// Alerts tells people of faults.
type Alerts struct {
	Store     Store
	Faults    Faults
	Catalogue Catalogue
	Names     Names
	Events    Events
	// Tried says what was done about a fault, in a language; nil is nothing.
	Tried func(ctx context.Context, faultID string, l fault.Language) ([]string, error)
	// Reporter is told of channels that are disabled; nil is nobody.
	Reporter fault.Reporter

	Mail      *Mailer      // nil: no mail is sent
	Client    *http.Client // for webhooks and push; see [gnista/pki.NewClient]
	Internal  []string     // hosts within our own network that may be called, each as host or host:port
	PublicURL string       // for links; empty: none are sent
	Zone      *time.Location
	Wait      time.Duration // how long a fault waits for others of the same incident
	Now       func() time.Time
	NewID     func() string
	Log       *slog.Logger

	mu        sync.Mutex
	busy      map[string]bool // channels that something is sent to
	sending   sync.WaitGroup
	recovered time.Time
	pruned    time.Time
	feeding   time.Time // of the last digests looked for
}

// base is the address of ours for links, without a slash at its end; empty is none.
func (a *Alerts) base() string { return strings.TrimRight(a.PublicURL, "/") }
