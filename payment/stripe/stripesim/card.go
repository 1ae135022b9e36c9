package stripesim

import (
	"net/url"
	"time"
)

// Card is a test card, by how it behaves.
type Card string

// The cards.
const (
	Good         Card = "good"
	Declining    Card = "declining"    // no money
	Dead         Card = "dead"         // its bank does not answer
	Authenticate Card = "authenticate" // its holder must be there each time
	Later        Card = "later"        // can be kept, but has no money when it is charged
)

func (c Card) last4() string {
	return map[Card]string{Declining: "9995", Dead: "0119", Authenticate: "3184", Later: "0341"}[c] + map[bool]string{true: "4242"}[c == Good]
}

func decline(code string) *problem {
	return &problem{Type: "card_error", Code: "card_declined", Decline: code, Message: "Your card was declined."}
}

// declines is why the card does not pay although its holder is there; nil when it does.
func (c Card) declines() *problem {
	switch c {
	case Declining:
		return decline("insufficient_funds")
	case Dead:
		return &problem{Type: "card_error", Code: "processing_error", Message: "An error occurred while processing your card."}
	}
	return nil
}

// offSession is why the card does not pay without its holder; nil when it does.
func (c Card) offSession() *problem {
	switch c {
	case Authenticate:
		return &problem{Type: "card_error", Code: "authentication_required", Decline: "authentication_required", Message: "Your card was declined. This transaction requires authentication."}
	case Later:
		return decline("insufficient_funds")
	}
	return c.declines()
}

// method is a card that is kept.
type method struct {
	id, customer string
	card         Card
}

func (m *method) show() map[string]any {
	return map[string]any{
		"id": m.id, "object": "payment_method", "type": "card", "customer": text(m.customer), "livemode": false,
		"card": map[string]any{"brand": "visa", "last4": m.card.last4(), "exp_month": 12, "exp_year": 2034},
	}
}

// setup is a SetupIntent.
type setup struct {
	id, secret, customer, status string
	method                       *method
	meta                         map[string]string
	at                           time.Time
}

func (x *setup) show(whole bool) map[string]any {
	m := map[string]any{
		"id": x.id, "object": "setup_intent", "client_secret": x.secret, "customer": text(x.customer), "status": x.status, "usage": "off_session", "metadata": x.meta, "livemode": false,
		"created": x.at.Unix(), "payment_method": nil,
	}
	if x.method != nil {
		m["payment_method"] = x.method.id
		if whole {
			m["payment_method"] = x.method.show()
		}
	}
	return m
}

func (s *Sim) createCustomer(params url.Values, _ string) (any, error) {
	id := s.id("cus")
	s.customers[id] = true
	return map[string]any{"id": id, "object": "customer", "metadata": metadata(params), "livemode": false, "created": s.Now().Unix()}, nil
}

func (s *Sim) createSetup(params url.Values, _ string) (any, error) {
	switch {
	case !s.customers[params.Get("customer")]:
		return nil, &problem{Type: "invalid_request_error", Code: "resource_missing", Param: "customer", Message: "No such customer"}
	case params.Get("usage") != "off_session":
		return nil, refuse("usage", "is not off_session, and nothing else is simulated")
	}
	x := &setup{id: s.id("seti"), customer: params.Get("customer"), status: needsMethod, meta: metadata(params), at: s.Now()}
	x.secret = x.id + "_secret_" + s.id("s")
	s.setups = append(s.setups, x)
	return x.show(false), nil
}

func (s *Sim) setup(id string) (*setup, error) {
	for _, x := range s.setups {
		if x.id == id {
			return x, nil
		}
	}
	return nil, missing("setupintent", id)
}

func (s *Sim) getSetup(params url.Values, id string) (any, error) {
	x, err := s.setup(id)
	if err != nil {
		return nil, err
	}
	return x.show(expands(params, "payment_method")), nil
}

func (s *Sim) cancelSetup(_ url.Values, id string) (any, error) {
	x, err := s.setup(id)
	if err != nil {
		return nil, err
	}
	if x.status == succeeded || x.status == canceled {
		return nil, &problem{Type: "invalid_request_error", Code: "setup_intent_unexpected_state", Message: "This SetupIntent could not be canceled because it has a status of " + x.status}
	}
	x.status = canceled
	s.tell("setup_intent.canceled", x.show(false))
	return x.show(false), nil
}

func (s *Sim) detach(_ url.Values, id string) (any, error) {
	m := s.methods[id]
	switch {
	case m == nil:
		return nil, missing("PaymentMethod", id)
	case m.customer == "":
		return nil, refuse("", "The payment method you provided is not attached to a customer so detachment is impossible.")
	}
	m.customer = ""
	return m.show(), nil
}

// Kept tells whether a card is still kept.
func (s *Sim) Kept(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.methods[id] != nil && s.methods[id].customer != ""
}

// Replace makes a card that is kept behave as another.
func (s *Sim) Replace(id string, c Card) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.methods[id].card = c
}
