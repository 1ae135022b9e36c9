// Package sim simulates charging stations: the client half of OCPP 1.6, 2.0.1 and 2.1 with what real
// stations do when the connection or the power is lost ([Station]), drivers who charge there by a
// scenario ([Play]), many of both ([Park]), and what they share a connection to the grid with ([Site]).
//
// Invariants:
//   - What a station tells of a transaction is fixed when it happens. It is told in that order, again
//     and again until it is answered, whatever becomes of the connection meanwhile.
//   - Everything that is sent is valid in the version of the station.
//   - Station.mu is not held while something is sent or waited for.
package sim

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"gnista"
	"gnista/ocpp/ocpp2"
)

// Station is a simulated charging station. Its exported fields are set before it is used and not
// changed afterwards; it must not be copied. Its methods may be called from several goroutines.
//
// Methods that tell of a transaction return when that is answered, or at once when the station is not
// in service: what was told is then sent later.
type Station struct {
	ID       gnista.StationID
	Password string // for Basic authentication; none when empty
	Version  gnista.Version
	EVSEs    int    // with one connector each; 0 is 1
	URL      string // of the central system, as in ws://host/ocpp
	Compress bool   // offer to compress texts
	// Dial opens the connection; nil is TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// What it tells of itself when it boots. There are defaults for vendor and model.
	Vendor, Model, Serial, Firmware string

	// TLS is for wss; nil is the usual. To what it trusts the root certificates are added that the
	// central system installs.
	TLS *tls.Config
	// SecureURL is the address when the central system asks for TLS; empty is URL with wss.
	SecureURL string
	RSA       bool // the keys that it makes are RSA; else they are ECDSA
	// InstallTime is how long firmware is installed. FailInstallation tells of a version that it cannot
	// be; nil is none.
	InstallTime      time.Duration
	FailInstallation func(version string) bool
	// Personality is what it does wrong: names of [Personalities]. Unknown ones keep it from connecting.
	Personality []string

	Pricing    bool          // it shows prices and costs, and in OCPP 2.1 reckons them by the tariffs that it is given
	CostLimits bool          // in OCPP 2.1 it keeps to limits of cost
	Codes      bool          // in OCPP 2.1 it can show QR codes that change
	Terminal   *Terminal     // nil is none
	PowerW     int64         // the most that an EVSE gives; 0 is 11 kW
	Phases     int           // 1 or 3: meter values have the currents of so many; 0 is direct current
	Batteries  int           // to exchange for empty ones
	RegisterWh int64         // what the meters show at first
	MeterEvery time.Duration // between meter values of a transaction; 0 is a minute
	ReportPage int           // variables, monitors or the like in one page of a report; 0 is 8
	Extra      int           // settings of the vendor's own, beside the usual ones
	Items      int           // variables or monitors that a request may have; 0 is 50
	Timeout    time.Duration // for an answer; 0 is 30 s
	Retry      time.Duration // before trying again what failed, and more each time; 0 is 1 s

	Now   func() time.Time
	NewID func() string
	Log   *slog.Logger // nil is none

	// Answered is told of each event of a transaction that the central system has confirmed, in
	// order. GivenUp is told of those that it refused too often. Both may be nil.
	Answered func(Event)
	GivenUp  func(Event, error)

	once    sync.Once
	dialect dialect
	oddity  error // of the personality
	traits  traits
	log     *slog.Logger
	whole   *evse // EVSE 0
	evses   []*evse
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu           sync.Mutex
	changed      chan struct{} // closed when something changed that others wait for
	closed       bool
	leave        func() // ends Stay; nil while nobody is in it
	resetPending bool   // to be done when no transaction is left
	down         bool   // the cable is pulled, or the power is off
	link         *link  // nil while there is no connection
	booted       bool   // and accepted
	bootReason   bootReason
	settings     settings
	kept         *kept // nil while the central system has left nothing
	queue        []*message
	delivering   bool
	eventID      int
	totals       Totals
	cards        *cards // nil until something is known of one
	reservations []*reservation
	offers       []offered                         // prices for drivers, the last ones
	receipt      string                            // of the last who paid at the terminal
	presenting   map[string][]ocpp2.AdditionalInfo // what the terminal tells of cards, by the references of their payments
	update       *update                           // of the firmware, the last; nil is none
	installed    string                            // the version of the firmware, when it was updated
	publication  *publication                      // of firmware, the last; nil is none
	uploading    *upload                           // of a log, the last; nil is none

	habits         habits          // of its personality
	away           time.Duration   // that it stays so when it is to connect again
	securityEvents []securityEvent // the security log
	answers        string          // requests are answered with this error or refusal; empty is properly
	newPassword    string          // that the central system has set; empty is none
	organisation   string          // the same of the name of who runs the station
	keyring        *keyring        // nil while there is nothing in it
	network        *network        // nil while the central system has changed nothing
}

// Why something cannot be done.
var (
	ErrOffline  = errors.New("the station is not in service")
	ErrDown     = errors.New("the station's cable is pulled or its power is off")
	ErrClosed   = errors.New("the station is closed")
	ErrNoAnswer = errors.New("the central system did not answer in time")
)

// Totals are what a station, or a number of them, has done so far.
type Totals struct {
	Stations  int
	InService int   // connected and accepted
	Started   int   // transactions whose start was confirmed
	Ended     int   // transactions whose end was confirmed
	EnergyWh  int64 // of those, by the station's own meter
	Waiting   int   // events of transactions that are not confirmed yet
	GivenUp   int   // events of transactions that were refused too often
	Refused   int   // tokens that were not accepted
	Sent      int   // frames
	Received  int   // frames
	Errors    int   // requests that failed, and connections that could not be made
}

func (t Totals) plus(u Totals) Totals {
	return Totals{
		t.Stations + u.Stations, t.InService + u.InService, t.Started + u.Started, t.Ended + u.Ended, t.EnergyWh + u.EnergyWh, t.Waiting + u.Waiting,
		t.GivenUp + u.GivenUp, t.Refused + u.Refused, t.Sent + u.Sent, t.Received + u.Received, t.Errors + u.Errors,
	}
}

// What is taken where a field of a Station is zero.
const (
	defaultPowerW     = 11_000
	defaultMeterEvery = time.Minute
	defaultTimeout    = 30 * time.Second
	defaultRetry      = time.Second
)

// prepare makes the parts of the station, once.
func (s *Station) prepare() {
	s.once.Do(func() {
		s.dialect = dialectOf(s.Version)
		s.traits = s.dialect.traits()
		s.ctx, s.cancel = context.WithCancel(context.Background())
		s.changed = make(chan struct{})
		s.log = slog.New(slog.DiscardHandler)
		if s.Log != nil {
			s.log = s.Log.With("station", s.ID)
		}
		s.habits, s.oddity = pick(s.Personality)
		s.bootReason = bootPowerUp
		s.settings = settings{
			heartbeat: 5 * time.Minute, meterEvery: cmp.Or(s.MeterEvery, defaultMeterEvery), connectionTimeout: time.Minute,
			attempts: 5, attemptInterval: cmp.Or(s.Retry, defaultRetry), stopOnInvalid: true,
			cards: cardRules{listed: true, cached: true, offline: true}, reservations: true,
		}
		s.whole = newEVSE(0, 0, s.Now())
		for id := range cmp.Or(s.EVSEs, 1) {
			s.evses = append(s.evses, newEVSE(id+1, s.RegisterWh, s.Now()))
		}
	})
}

// Totals are what the station has done so far.
func (s *Station) Totals() Totals {
	s.prepare()
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.totals
	t.Stations, t.Waiting = 1, len(s.queue)
	if s.service() != nil {
		t.InService = 1
	}
	return t
}

// count changes the totals.
func (s *Station) count(change func(*Totals)) {
	s.mu.Lock()
	change(&s.totals)
	s.mu.Unlock()
}

// signal wakes those in until. mu is held.
func (s *Station) signal() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// until waits until something is so. It is asked with mu held, whenever something has changed.
func (s *Station) until(ctx context.Context, so func() bool) error {
	for {
		s.mu.Lock()
		done, changed := so(), s.changed
		s.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// spawn runs f in a goroutine that Close waits for; its context ends with Close. On a closed station
// nothing runs.
func (s *Station) spawn(f func(ctx context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.start(f)
}

// start is spawn with mu held.
func (s *Station) start(f func(ctx context.Context)) {
	if !s.closed {
		s.running.Go(func() { f(s.ctx) })
	}
}

// sleep waits for a while and tells whether it passed.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Close ends the connection and everything that the station is doing. What it has not told is lost,
// see [Station.Drain].
func (s *Station) Close() {
	s.prepare()
	s.mu.Lock()
	s.closed = true
	leave := s.leave
	s.signal()
	s.mu.Unlock()
	if leave != nil {
		leave()
	}
	s.Disconnect()
	s.cancel()
	s.running.Wait()
}
