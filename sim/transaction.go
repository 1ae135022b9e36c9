package sim

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// Token is what a driver identifies with.
type Token struct {
	UID  string
	Type string // as OCPP 2.x names it; empty is ISO14443, an RFID card
}

// Reason is why a transaction ended, over all versions.
type Reason string

// The reasons.
const (
	ReasonLocal            Reason = "Local" // by the driver at the station
	ReasonRemote           Reason = "Remote"
	ReasonEVDisconnected   Reason = "EVDisconnected"
	ReasonDeAuthorized     Reason = "DeAuthorized"
	ReasonPowerLoss        Reason = "PowerLoss"
	ReasonSoftReset        Reason = "SoftReset"
	ReasonHardReset        Reason = "HardReset"
	ReasonUnlockCommand    Reason = "UnlockCommand"
	ReasonEmergencyStop    Reason = "EmergencyStop"
	ReasonGroundFault      Reason = "GroundFault"
	ReasonOvercurrentFault Reason = "OvercurrentFault"
	ReasonFault            Reason = "Fault" // another one
)

// transaction is one car's at an EVSE. Its fields are guarded by the mu of the station.
type transaction struct {
	name      string // on the wire: our id in 2.x, in 1.6 the number that the start was answered with
	token     Token
	seq       int // of its next event
	startWh   int64
	activity  Status
	demandW   int64 // what the car takes while it charges
	began     time.Time
	cost      *float64      // as the driver was told
	tariff    string        // that applies, of OCPP 2.1
	currency  string        // of it, when it is not that of the station
	rates     *ocpp2.Tariff // nil is none
	rechanged bool          // they were others before
	pays      bool          // at the terminal
	limit     *float64      // of the cost; nil is none
	spent     bool          // which it has come to

	chargingFor, idleFor time.Duration // until since
	since                time.Time     // zero is the beginning

	needs     *Needs                     // of a car that speaks ISO 15118
	transfers []ocpp2.EnergyTransferMode // that are allowed; nil is all
	limited   bool                       // a charging profile lets it have nothing
	priority  bool                       // the profile for priority charging applies
	over      chan struct{}
}

// Refusal is a token that the central system does not accept.
type Refusal struct {
	UID    string
	Status string // as the central system says it
}

func (e *Refusal) Error() string {
	return fmt.Sprintf("token %s is refused by the central system: %s", e.UID, e.Status)
}

func (s *Station) at(evse int) (*evse, error) {
	s.prepare()
	switch {
	case evse == 0:
		return s.whole, nil
	case evse < 0 || evse > len(s.evses):
		return nil, fmt.Errorf("station %s has no EVSE %d", s.ID, evse)
	}
	return s.evses[evse-1], nil
}

// outlet is at for what happens at one EVSE only.
func (s *Station) outlet(evse int) (*evse, error) {
	if evse == 0 {
		return nil, fmt.Errorf("station %s has no EVSE 0 to charge at", s.ID)
	}
	return s.at(evse)
}

// Authorise finds out whether a card may charge. ErrOffline when nobody can be asked and the station
// does not know it.
func (s *Station) Authorise(ctx context.Context, uid string) (accepted bool, err error) {
	err = s.authorise(ctx, Token{UID: uid})
	if _, refused := err.(*Refusal); refused {
		return false, nil
	}
	return err == nil, err
}

func (s *Station) authorise(ctx context.Context, token Token) error {
	s.prepare()
	l, err := s.online()
	if refusal, decided := s.recognise(token, err == nil); decided {
		return refusal
	}
	if err != nil {
		return err
	}
	v, err := s.dialect.authorise(ctx, l, token)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.remember(token, v)
	s.mu.Unlock()
	if !v.accepted() && !s.habits.does("open-mode") {
		s.count(func(t *Totals) { t.Refused++ })
		return &Refusal{token.UID, v.status}
	}
	return nil
}

// Plug plugs a car in. If a start was ordered for it, its transaction starts.
func (s *Station) Plug(ctx context.Context, evse int) error {
	e, err := s.outlet(evse)
	if err != nil {
		return err
	}
	s.mu.Lock()
	e.plugged, e.charged = true, false
	o := e.order
	var m *message
	if o != nil && !e.broken() {
		m, err = s.begin(e, o.token, o.number)
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if m != nil {
		return s.begun(ctx, e, m)
	}
	return s.tell(ctx, e, false)
}

// Unplug takes the cable out of the car. A transaction ends with it.
func (s *Station) Unplug(ctx context.Context, evse int) error {
	e, err := s.outlet(evse)
	if err != nil {
		return err
	}
	s.mu.Lock()
	var m *message
	if e.transaction != nil {
		m = s.finish(e, Token{}, ReasonEVDisconnected)
	}
	e.plugged, e.charged, e.phases = false, false, 0
	s.mu.Unlock()
	if err := s.tell(ctx, e, false); err != nil && m == nil {
		return err
	}
	return s.finished(ctx, e, m)
}

// StartTransaction starts to charge; whether the card may is not asked before, see
// [Station.Authorise]. A car that is not plugged in is. Its error is a *[Refusal] when the answer is
// that the card may not; the transaction is ended then.
func (s *Station) StartTransaction(ctx context.Context, evse int, uid string) error {
	e, err := s.outlet(evse)
	if err != nil {
		return err
	}
	s.mu.Lock()
	m, err := s.begin(e, Token{UID: uid}, 0)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.begun(ctx, e, m)
}

// begin starts a transaction, by an order of the central system when that has a number. mu is held.
func (s *Station) begin(e *evse, token Token, order int) (*message, error) {
	switch {
	case s.down && !s.booted:
		return nil, ErrDown
	case e.transaction != nil:
		return nil, fmt.Errorf("EVSE %d of station %s is charging already", e.id, s.ID)
	case e.broken() || s.whole.broken():
		return nil, fmt.Errorf("EVSE %d of station %s is faulted: %s", e.id, s.ID, faultText(append(slices.Clone(e.faults), s.whole.faults...)))
	case e.inoperative, e.updating:
		return nil, fmt.Errorf("EVSE %d of station %s is out of service", e.id, s.ID)
	case len(token.UID) > s.traits.maxUID:
		return nil, fmt.Errorf("OCPP %s has no tokens of more than %d characters, and %q is longer", s.Version, s.traits.maxUID, token.UID)
	case order == 0 && s.Now().Before(e.paying):
		return nil, fmt.Errorf("somebody pays for EVSE %d of station %s on the web", e.id, s.ID)
	case s.keptFor(e, token):
		return nil, fmt.Errorf("EVSE %d of station %s is reserved for another token", e.id, s.ID)
	case token.UID == "":
		return nil, fmt.Errorf("a transaction at EVSE %d of station %s needs a token", e.id, s.ID)
	}
	e.plugged, e.charged, e.order, e.paying = true, false, nil, time.Time{}
	t := &transaction{token: token, activity: StatusCharging, demandW: s.maxPowerW(), began: s.Now(), over: make(chan struct{})}
	if s.traits.ownNames {
		t.name = s.NewID()
	}
	var reserved *int
	if r := s.reservationFor(e, token); r != nil { // OCPP 1.6 §5.13, OCPP 2.x H03.FR.09
		reserved = &r.id
		s.lift(r)
	}
	e.transaction = t
	if s.habits.does("register-restarts") {
		e.meter.registerWh, e.meter.rest = 0, 0
	}
	if s.traits.protocol >= ocppj.V21 {
		if t.rates = s.tariffAt(e); t.rates != nil {
			t.tariff = t.rates.TariffID
		}
	}
	s.show(e, t)
	s.feed(e)
	r := s.read(e)
	t.startWh = r.RegisterWh
	if s.kept != nil && len(s.kept.profiles) > 0 {
		s.start(func(context.Context) { s.relimit() }) // for the others, and for what begins with it
	}
	return s.enqueue(e, t, message{Event: Event{Kind: Started, Token: token.UID}, tokenType: token.Type, reading: &r, number: order, reservation: reserved, tariff: t.tariff}), nil
}

func (s *Station) maxPowerW() int64 { return cmp.Or(s.PowerW, defaultPowerW) }

func (s *Station) read(e *evse) Reading { return e.meter.read(s.Now(), s.Phases, s.phasesAt(e)) }

// phasesAt is on how many phases the car at an EVSE takes power. mu is held.
func (s *Station) phasesAt(e *evse) int {
	if e.phases == 0 {
		return s.Phases
	}
	return min(e.phases, s.Phases)
}

// Car says on how many phases the car at an EVSE takes power, until it is unplugged; 0 is all that there are.
func (s *Station) Car(evse, phases int) error {
	e, err := s.outlet(evse)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e.phases = phases
	s.feed(e)
	return nil
}

// Readings are what the meters of all EVSEs show.
func (s *Station) Readings() []Reading {
	s.prepare()
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Reading, len(s.evses))
	for i, e := range s.evses {
		list[i] = s.read(e)
	}
	return list
}

// begun waits for the answer to a start.
func (s *Station) begun(ctx context.Context, e *evse, m *message) error {
	if err := s.await(ctx, m); err != nil {
		return err
	}
	return s.tell(ctx, e, false)
}

// Draw sets the power that the car takes from now on while it charges; at most that of the EVSE.
func (s *Station) Draw(evse int, powerW int64) error {
	e, err := s.outlet(evse)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := e.transaction; t != nil {
		t.demandW = min(max(powerW, 0), s.maxPowerW())
		s.feed(e)
	}
	return nil
}

// feed sets the power at an EVSE to what the car there takes, as far as charging profiles let it. mu is held.
func (s *Station) feed(e *evse) {
	power := int64(0)
	if t := e.transaction; t != nil && t.activity == StatusCharging {
		power = min(t.demandW, s.givenW(e))
	}
	e.meter.draw(s.Now(), power)
	s.watch()
}

// givenW is the most that the car at an EVSE can have: what the EVSE may give, on the phases of the car. mu is held.
func (s *Station) givenW(e *evse) int64 {
	most, used := s.allowedW(e, s.Now()), int64(max(s.phasesAt(e), 1))
	most = most * used / int64(max(s.Phases, 1))
	if !s.habits.does("coarse-steps") || s.allowedW(e, s.Now()) == s.maxPowerW() {
		return most
	}
	step := int64(0)
	for _, amps := range coarseSteps {
		if w := amps * phaseVoltage * used; w <= most {
			step = w
		}
	}
	return step
}

// Suspend tells that no energy flows any more and why: StatusSuspendedEV or StatusSuspendedEVSE.
func (s *Station) Suspend(ctx context.Context, evse int, why Status) error {
	return s.setActivity(ctx, evse, why)
}

// Resume tells that energy flows again.
func (s *Station) Resume(ctx context.Context, evse int) error {
	return s.setActivity(ctx, evse, StatusCharging)
}

func (s *Station) setActivity(ctx context.Context, evse int, a Status) error {
	e, err := s.outlet(evse)
	if err != nil {
		return err
	}
	s.mu.Lock()
	t := e.transaction
	if t == nil || t.activity == a {
		s.mu.Unlock()
		return nil
	}
	t.passed(s.Now())
	t.activity = a
	s.feed(e)
	var m *message
	if s.traits.activities {
		m = s.enqueue(e, t, message{Event: Event{Kind: Updated}, cause: causeActivity})
	}
	s.mu.Unlock()
	if m != nil {
		if err := s.await(ctx, m); err != nil {
			return err
		}
	}
	if err := s.tell(ctx, e, false); err != nil {
		return err
	}
	return s.triggered(ctx, e, a)
}

// Meter tells what the meter of an EVSE shows: with the transaction there, if there is one.
func (s *Station) Meter(ctx context.Context, evse int) error {
	e, err := s.at(evse)
	if err != nil {
		return err
	}
	return s.sample(ctx, e, causePeriodic)
}

func (s *Station) sample(ctx context.Context, e *evse, why cause) error {
	s.mu.Lock()
	r := s.read(e)
	var m *message
	if t := e.transaction; t != nil {
		m = s.enqueue(e, t, message{Event: Event{Kind: Updated}, reading: &r, cause: why})
	}
	l := s.service()
	s.mu.Unlock()
	switch {
	case m != nil:
		return s.await(ctx, m)
	case l == nil:
		return ErrOffline
	}
	return s.dialect.reading(ctx, l, e.id, r, why)
}

// StopTransaction ends the transaction at an EVSE; uid is that of the card that ended it, empty when
// none did.
func (s *Station) StopTransaction(ctx context.Context, evse int, uid string, reason Reason) error {
	e, err := s.outlet(evse)
	if err != nil {
		return err
	}
	s.mu.Lock()
	if e.transaction == nil {
		s.mu.Unlock()
		return fmt.Errorf("there is no transaction at EVSE %d of station %s", evse, s.ID)
	}
	m := s.finish(e, Token{UID: uid}, reason)
	s.mu.Unlock()
	return s.finished(ctx, e, m)
}

// finish ends the transaction at an EVSE. mu is held.
func (s *Station) finish(e *evse, by Token, reason Reason) *message {
	t := e.transaction
	r := s.read(e)
	t.passed(s.Now())
	costs := s.reckon(t, r.RegisterWh-t.startWh)
	e.transaction, e.charged = nil, true
	s.feed(e)
	s.forgetTxProfiles(e)
	close(t.over)
	return s.enqueue(e, t, message{Event: Event{Kind: Ended, Token: by.UID, Reason: reason}, tokenType: by.Type, reading: &r, costs: costs})
}

// finished waits for the answer to an end; m is nil where there was nothing to end.
func (s *Station) finished(ctx context.Context, e *evse, m *message) error {
	if m == nil {
		return nil
	}
	err := s.await(ctx, m)
	s.resetWhenIdle()
	if err != nil {
		return err
	}
	return s.tell(ctx, e, false)
}

// Charging tells whether there is a transaction at an EVSE.
func (s *Station) Charging(evse int) bool {
	e, err := s.at(evse)
	if err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return e.transaction != nil
}

// EnergyWh is what the register of an EVSE shows.
func (s *Station) EnergyWh(evse int) int64 {
	e, err := s.at(evse)
	if err != nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read(e).RegisterWh
}

// over is closed when the transaction at an EVSE has ended; also when there is none.
func (s *Station) over(e *evse) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := e.transaction; t != nil {
		return t.over
	}
	done := make(chan struct{})
	close(done)
	return done
}
