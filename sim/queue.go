package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gnista"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// Kind is what an event does to a transaction.
type Kind string

// The kinds.
const (
	Started Kind = "started"
	Updated Kind = "updated"
	Ended   Kind = "ended"
)

// Event is something that a station tells of a transaction.
type Event struct {
	Station gnista.StationID
	EVSE    int
	Kind    Kind
	// Transaction is its name on the wire. OCPP 1.6: empty until the start is answered.
	Transaction string
	Seq         int // counts the events of the transaction, from 0
	At          time.Time
	RegisterWh  int64
	Token       string // UID of the card that was presented with it; empty is none
	Reason      Reason // why it ended
	Offline     bool   // it happened while the station was not in service
}

// cause is why a transaction is updated.
type cause string

const (
	causePeriodic cause = "periodic"
	causeActivity cause = "activity"
	causeTariff   cause = "tariff"  // other prices apply from now on
	causeRate     cause = "rate"    // a charging profile has changed the power
	causeTrigger  cause = "trigger" // the central system has asked for it
	causeLimit    cause = "limit"   // of the cost, is another
	causeSpent    cause = "spent"   // the cost has come to its limit
)

// message is an event that is not confirmed yet. The fields below the line are guarded by the mu of
// the station, the others do not change.
type message struct {
	Event
	tokenType   string
	limit       *float64 // of the cost, that holds from then on; nil is that nothing is said
	activity    Status
	reading     *Reading
	cause       cause
	reservation *int   // that is used up with a start; nil is none
	tariff      string // that applies from then on; empty is the one before (2.1)
	number      int    // of the order that is followed with a start (2.x)
	costs       *ocpp2.CostDetails

	transaction *transaction
	attempts    int
	settled     bool  // it is out of the queue
	err         error // what came of it then
}

// verdict is what the central system says of an event or a card.
type verdict struct {
	name   string    // for the transaction; empty when it gives none
	status string    // of the card; empty when nothing is said of one
	group  string    // of the card
	until  time.Time // when to forget what is said of it; zero is never

	price string        // for the driver, in words; empty where nothing is said
	rates *ocpp2.Tariff // of the driver's own; nil is none
	cost  *float64      // of the transaction; nil where nothing is said
	text  string        // for the driver, of prices that hold now or of the cost in all
	limit *float64      // of the cost; nil where nothing is said
}

// accepted tells whether there is nothing against the card.
func (v verdict) accepted() bool { return v.status == "" || v.status == "Accepted" }

// enqueue puts m behind what is to be told. mu is held.
func (s *Station) enqueue(e *evse, t *transaction, m message) *message {
	m.transaction = t
	m.Station, m.EVSE, m.Seq, m.At, m.Transaction = s.ID, e.id, t.seq, s.Now(), t.name
	m.Offline, m.activity = s.service() == nil, t.activity
	if m.reading != nil {
		m.At, m.RegisterWh = m.reading.At, m.reading.RegisterWh
	} else {
		m.RegisterWh = s.read(e).RegisterWh
	}
	t.seq++
	s.queue = append(s.queue, &m)
	s.deliver()
	return &m
}

// await waits until m is out of the queue, or the station is not in service.
func (s *Station) await(ctx context.Context, m *message) error {
	if err := s.until(ctx, func() bool { return m.settled || s.service() == nil }); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return m.err
}

// Drain waits until all that the station had to tell of transactions is confirmed or given up.
func (s *Station) Drain(ctx context.Context) error {
	s.prepare()
	return s.until(ctx, func() bool { return len(s.queue) == 0 })
}

// deliver sees to it that what is in the queue is sent while the station is in service. mu is held.
func (s *Station) deliver() {
	s.deliverEvents()
	l := s.service()
	if l == nil || s.delivering || len(s.queue) == 0 {
		return
	}
	s.delivering = true
	s.start(func(context.Context) {
		for s.deliverOne(l) {
		}
	})
}

// deliverOne sends the first event in the queue and tells whether there is another to be sent.
// (OCPP 1.6 §3.7.1, §4.8, §4.10; OCPP 2.x E04.FR.01, E04.FR.02, E12, E13)
func (s *Station) deliverOne(l *link) bool {
	s.mu.Lock()
	if s.service() != l || len(s.queue) == 0 {
		s.delivering = false
		s.deliver() // over a newer connection
		s.mu.Unlock()
		return false
	}
	m := s.queue[0]
	m.Transaction = m.transaction.name
	told := *m
	if m.Offline && m.Kind != Ended && s.habits.does("only-end") {
		s.settle(m, nil)
		s.mu.Unlock()
		return true
	}
	s.mu.Unlock()
	v, err := s.dialect.transaction(l.ctx, l, told)
	if err == nil {
		s.confirmed(m, v)
		return true
	}
	if l.ctx.Err() != nil {
		return true // which finds that the connection is gone
	}
	s.failed(l, m, err)
	return true
}

// confirmed takes the event that was answered out of the queue.
func (s *Station) confirmed(m *message, v verdict) {
	t := m.transaction
	s.mu.Lock()
	if v.name != "" {
		t.name = v.name
	}
	m.Transaction = t.name
	s.remember(Token{m.Token, m.tokenType}, v)
	s.told(m, v)
	switch m.Kind {
	case Started:
		s.totals.Started++
	case Ended:
		s.totals.Ended++
		s.totals.EnergyWh += m.RegisterWh - t.startWh
		s.settlement(m, v.cost)
	}
	s.limitCost(m, v.limit)
	ev := m.Event
	s.mu.Unlock()
	if s.Answered != nil {
		s.Answered(ev)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var refusal error
	if !v.accepted() && !s.habits.does("open-mode") && m.Kind == Started {
		s.totals.Refused++
		refusal = &Refusal{m.Token, v.status}
		if e := s.evses[m.EVSE-1]; e.transaction == t && s.settings.stopOnInvalid {
			s.finish(e, Token{}, ReasonDeAuthorized) // OCPP 1.6 §4.8, OCPP 2.x E05.FR.10
		}
	}
	s.settle(m, refusal)
}

// settle takes m, the first, out of the queue. mu is held.
func (s *Station) settle(m *message, err error) {
	s.queue[0] = nil
	s.queue = s.queue[1:]
	m.settled, m.err = true, err
	s.signal()
}

// failed waits until the event may be sent again, or gives it up: when it is refused too often, and
// not for a reason that will pass. (OCPP 1.6 §3.7.1, OCPP 2.x E13.FR.02–04)
func (s *Station) failed(l *link, m *message, err error) {
	e, refused := errors.AsType[*ocppj.Error](err)
	_, unsent := errors.AsType[*ocppj.UnsentError](err)
	passing := !refused || e.Code == ocppj.InternalError || e.Code == ocppj.SecurityError
	s.mu.Lock()
	m.attempts++
	if unsent || !passing && m.attempts >= s.settings.attempts {
		s.totals.GivenUp++
		ev := m.Event
		s.mu.Unlock()
		s.log.Error("an event of a transaction is given up", "kind", ev.Kind, "transaction", ev.Transaction, "evse", ev.EVSE, "err", err)
		if s.GivenUp != nil {
			s.GivenUp(ev, err)
		}
		s.mu.Lock()
		s.settle(m, fmt.Errorf("the central system does not take in that the transaction %s: %w", ev.Kind, err))
		s.mu.Unlock()
		return
	}
	wait := s.settings.attemptInterval * time.Duration(min(m.attempts, 10))
	s.mu.Unlock()
	sleep(l.ctx, wait)
}
