package stripesim

import (
	"net/url"
	"strings"
	"time"
)

// intent is a PaymentIntent with the charge that came of it.
type intent struct {
	id, secret, currency, customer, method, status, how, description, reason string
	amount, capturable, received                                             int64
	meta                                                                     map[string]string
	at                                                                       time.Time
	charge                                                                   *charge
	problem                                                                  *problem
}

type charge struct {
	id, card                   string
	amount, captured, refunded int64
	before                     time.Time // until when it can be captured
	movement                   *movement
	at                         time.Time
}

// minima are the least amounts, in the currencies that are simulated.
var minima = map[string]int64{"sek": 300, "nok": 300, "dkk": 250, "eur": 50, "jpy": 50}

// holdTime is how long an amount stays set aside.
const holdTime = 7 * 24 * time.Hour

// The states of payment intents that are simulated.
const (
	needsMethod  = "requires_payment_method"
	needsCapture = "requires_capture"
	succeeded    = "succeeded"
	canceled     = "canceled"
)

func (s *Sim) showIntent(i *intent, whole bool) map[string]any {
	m := map[string]any{
		"id": i.id, "object": "payment_intent", "amount": i.amount, "amount_capturable": i.capturable, "amount_received": i.received, "currency": i.currency,
		"capture_method": i.how, "client_secret": i.secret, "created": i.at.Unix(), "livemode": false, "metadata": i.meta, "status": i.status, "description": text(i.description),
		"customer": text(i.customer), "payment_method": text(i.method), "cancellation_reason": text(i.reason), "latest_charge": nil, "last_payment_error": nil,
	}
	if i.problem != nil {
		m["last_payment_error"] = i.problem
	}
	if i.charge != nil {
		m["latest_charge"] = i.charge.id
		if whole {
			m["latest_charge"] = s.showCharge(i)
		}
	}
	return m
}

// text is a text, or null for none.
func text(x string) any {
	if x == "" {
		return nil
	}
	return x
}

func (s *Sim) showCharge(i *intent) map[string]any {
	c := i.charge
	card := map[string]any{"brand": "visa", "last4": c.card}
	if i.status == needsCapture {
		card["capture_before"] = c.before.Unix()
	}
	m := map[string]any{
		"id": c.id, "object": "charge", "amount": c.amount, "amount_captured": c.captured, "amount_refunded": c.refunded, "captured": c.captured > 0, "created": c.at.Unix(),
		"currency": i.currency, "payment_intent": i.id, "status": succeeded, "paid": true, "refunded": c.refunded == c.captured && c.captured > 0, "livemode": false,
		"payment_method_details": map[string]any{"type": "card", "card": card}, "balance_transaction": nil, "metadata": i.meta,
	}
	if c.movement != nil {
		m["balance_transaction"] = c.movement.id
	}
	return m
}

func (s *Sim) intent(id string) (*intent, error) {
	for _, i := range s.intents {
		if i.id == id {
			return i, nil
		}
	}
	return nil, missing("payment_intent", id)
}

func (s *Sim) createIntent(params url.Values, _ string) (any, error) {
	amount, err := number(params, "amount")
	if err != nil {
		return nil, err
	}
	i := &intent{
		amount: amount, currency: params.Get("currency"), how: params.Get("capture_method"), customer: params.Get("customer"), method: params.Get("payment_method"),
		description: params.Get("description"), meta: metadata(params), at: s.Now(), status: needsMethod,
	}
	least, known := minima[i.currency]
	switch {
	case !known:
		return nil, refuse("currency", "Invalid currency: "+i.currency)
	case amount < least:
		return nil, &problem{Type: "invalid_request_error", Code: "amount_too_small", Param: "amount", Message: "Amount is too small"}
	case i.how != "manual" && i.how != "automatic":
		return nil, refuse("capture_method", "is not simulated")
	case i.customer != "" && !s.customers[i.customer]:
		return nil, &problem{Type: "invalid_request_error", Code: "resource_missing", Param: "customer", Message: "No such customer"}
	case params.Get("confirm") != "true" && params.Get("automatic_payment_methods[enabled]") != "true":
		return nil, refuse("automatic_payment_methods", "is not on, and nothing else is simulated")
	}
	i.id = s.id("pi")
	i.secret = i.id + "_secret_" + strings.TrimPrefix(s.id("s"), "s_")
	if params.Get("confirm") != "true" {
		s.intents = append(s.intents, i)
		s.tell("payment_intent.created", s.showIntent(i, false))
		return s.showIntent(i, false), nil
	}
	m := s.methods[i.method]
	switch {
	case params.Get("off_session") != "true":
		return nil, refuse("off_session", "is not true, and nothing else is simulated")
	case m == nil || m.customer != i.customer || i.customer == "":
		return nil, &problem{Type: "invalid_request_error", Code: "resource_missing", Param: "payment_method", Message: "No such payment_method for the customer"}
	}
	s.intents = append(s.intents, i)
	s.tell("payment_intent.created", s.showIntent(i, false))
	if bad := m.card.offSession(); bad != nil {
		s.fail(i, bad)
		answer := *bad
		answer.Intent = s.showIntent(i, false)
		return nil, &answer
	}
	s.pay(i, m.card.last4())
	return s.showIntent(i, expands(params, "latest_charge")), nil
}

// fail is that a card does not pay.
func (s *Sim) fail(i *intent, why *problem) {
	i.status, i.method, i.problem = needsMethod, "", why
	s.tell("payment_intent.payment_failed", s.showIntent(i, false))
}

// pay is that a card pays.
func (s *Sim) pay(i *intent, last4 string) {
	i.problem = nil
	i.charge = &charge{id: s.id("ch"), card: last4, amount: i.amount, before: s.Now().Add(holdTime), at: s.Now()}
	s.effects[i.meta["payment"]+" authorised"]++
	if i.how == "manual" {
		i.status, i.capturable = needsCapture, i.amount
		s.tell("payment_intent.amount_capturable_updated", s.showIntent(i, false))
		return
	}
	s.take(i, i.amount)
}

// take captures.
func (s *Sim) take(i *intent, amount int64) {
	i.status, i.capturable, i.received, i.charge.captured = succeeded, 0, amount, amount
	i.charge.movement = s.move("charge", "charge", i.charge.id, i.currency, amount, amount*15/1000+180)
	if rest := i.amount - amount; rest > 0 {
		// Some charges have what was released among their refunds. It moves nothing.
		s.refunds = append(s.refunds, &refund{id: s.id("re"), of: i, amount: rest, status: succeeded, meta: map[string]string{}, at: s.Now()})
		i.charge.refunded += rest
	}
	s.tell("charge.captured", s.showCharge(i))
	s.tell("payment_intent.succeeded", s.showIntent(i, false))
}

func (s *Sim) getIntent(params url.Values, id string) (any, error) {
	i, err := s.intent(id)
	if err != nil {
		return nil, err
	}
	return s.showIntent(i, expands(params, "latest_charge")), nil
}

func (s *Sim) listIntents(params url.Values, _ string) (any, error) {
	whole, customer := expands(params, "latest_charge"), params.Get("customer")
	return page(params, s.intents, "/v1/payment_intents", func(i *intent) string { return i.id },
		func(i *intent) bool { return (customer == "" || i.customer == customer) && within(params, i.at) },
		func(i *intent) any { return s.showIntent(i, whole) })
}

func unexpected(i *intent, what string) *problem {
	return &problem{
		Type: "invalid_request_error", Code: "payment_intent_unexpected_state", Message: "This PaymentIntent could not be " + what + " because it has a status of " + i.status,
	}
}

func (s *Sim) capture(params url.Values, id string) (any, error) {
	i, err := s.intent(id)
	if err != nil {
		return nil, err
	}
	amount, err := number(params, "amount_to_capture")
	if err != nil {
		return nil, err
	}
	if amount == 0 {
		amount = i.capturable
	}
	switch {
	case i.status != needsCapture:
		return nil, unexpected(i, "captured")
	case amount > i.capturable:
		return nil, &problem{Type: "invalid_request_error", Code: "amount_too_large", Param: "amount_to_capture", Message: "more than is capturable"}
	case amount < minima[i.currency]:
		return nil, &problem{Type: "invalid_request_error", Code: "amount_too_small", Param: "amount_to_capture", Message: "Amount is too small"}
	}
	s.take(i, amount)
	return s.showIntent(i, false), nil
}

func (s *Sim) cancel(params url.Values, id string) (any, error) {
	i, err := s.intent(id)
	if err != nil {
		return nil, err
	}
	if i.status == succeeded || i.status == canceled {
		return nil, unexpected(i, "canceled")
	}
	s.end(i, params.Get("cancellation_reason"))
	return s.showIntent(i, false), nil
}

func (s *Sim) end(i *intent, reason string) {
	i.status, i.capturable, i.reason = canceled, 0, reason
	s.tell("payment_intent.canceled", s.showIntent(i, false))
}

// expire ends what was set aside for too long.
func (s *Sim) expire() {
	for _, i := range s.intents {
		if i.status == needsCapture && !s.Now().Before(i.charge.before) {
			s.tell("charge.expired", s.showCharge(i))
			s.end(i, "automatic")
		}
	}
}

// Deal is what there is of a payment of ours.
type Deal struct {
	ID, Secret                           string
	Authorised, Held, Captured, Refunded int64
}

// Deals are those with our id of a payment, in the order in which they were made.
func (s *Sim) Deals(payment string) (list []Deal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	for _, i := range s.intents {
		if i.meta["payment"] != payment {
			continue
		}
		d := Deal{ID: i.id, Secret: i.secret, Held: i.capturable, Captured: i.received, Refunded: s.refunded(i)}
		if i.charge != nil {
			d.Authorised = i.amount
		}
		list = append(list, d)
	}
	return list
}

// Secret is the client secret of a payment intent; empty where there is none.
func (s *Sim) Secret(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, err := s.intent(id); err == nil {
		return i.secret
	}
	return ""
}
