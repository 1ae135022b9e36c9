package stripesim

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"
)

type refund struct {
	id, status string
	of         *intent
	amount     int64
	meta       map[string]string
	movement   *movement
	at         time.Time
}

// movement is a BalanceTransaction.
type movement struct {
	id, kind, category, source, currency, payout string
	amount, fee                                  int64
	at                                           time.Time
}

type payout struct {
	id, currency string
	amount       int64
	at           time.Time
}

type dispute struct {
	id, status string
	of         *intent
	amount     int64
	at         time.Time
}

// evidenceIn is how long there is to say why a dispute is wrong.
const evidenceIn = 9 * 24 * time.Hour

// disputeFee is what a dispute costs, in minor units.
const disputeFee = 200_00

func (s *Sim) move(kind, category, source, currency string, amount, fee int64) *movement {
	m := &movement{id: s.id("txn"), kind: kind, category: category, source: source, currency: currency, amount: amount, fee: fee, at: s.Now()}
	s.movements = append(s.movements, m)
	return m
}

func (s *Sim) showMovement(m *movement, whole bool) map[string]any {
	v := map[string]any{
		"id": m.id, "object": "balance_transaction", "type": m.kind, "reporting_category": m.category, "amount": m.amount, "fee": m.fee, "net": m.amount - m.fee, "currency": m.currency,
		"created": m.at.Unix(), "source": m.source, "status": "available", "exchange_rate": nil, "fee_details": []any{},
	}
	if whole {
		v["source"] = s.source(m.source)
	}
	return v
}

// source is what a movement is of, as a whole.
func (s *Sim) source(id string) any {
	for _, i := range s.intents {
		if i.charge != nil && i.charge.id == id {
			return s.showCharge(i)
		}
	}
	for _, r := range s.refunds {
		if r.id == id {
			return s.showRefund(r, false)
		}
	}
	for _, p := range s.payouts {
		if p.id == id {
			return showPayout(p)
		}
	}
	if d := s.disputes[id]; d != nil {
		return showDispute(d)
	}
	return id
}

func (s *Sim) listMovements(params url.Values, _ string) (any, error) {
	whole, payout := expands(params, "source"), params.Get("payout")
	return page(params, s.movements, "/v1/balance_transactions", func(m *movement) string { return m.id },
		func(m *movement) bool { return (payout == "" || m.payout == payout) && within(params, m.at) },
		func(m *movement) any { return s.showMovement(m, whole) })
}

// Balance is what Stripe has of ours, in a currency.
func (s *Sim) Balance(currency string) (sum int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.movements {
		if m.currency == currency {
			sum += m.amount - m.fee
		}
	}
	return sum
}

func (s *Sim) showRefund(r *refund, whole bool) map[string]any {
	v := map[string]any{
		"id": r.id, "object": "refund", "amount": r.amount, "charge": r.of.charge.id, "payment_intent": r.of.id, "currency": r.of.currency, "created": r.at.Unix(), "metadata": r.meta,
		"status": r.status, "balance_transaction": nil,
	}
	if r.movement != nil {
		v["balance_transaction"] = r.movement.id
		if whole {
			v["balance_transaction"] = s.showMovement(r.movement, false)
		}
	}
	return v
}

func (s *Sim) createRefund(params url.Values, _ string) (any, error) {
	i, err := s.intent(params.Get("payment_intent"))
	if err != nil {
		return nil, err
	}
	amount, err := number(params, "amount")
	if err != nil {
		return nil, err
	}
	left := i.received - s.refunded(i)
	switch {
	case i.status != succeeded:
		return nil, refuse("", "This PaymentIntent does not have a successful charge to refund.")
	case left == 0:
		return nil, &problem{Type: "invalid_request_error", Code: "charge_already_refunded", Message: "Charge has already been refunded."}
	case amount <= 0 || amount > left:
		return nil, refuse("amount", fmt.Sprintf("Refund amount (%d) is greater than unrefunded amount on charge (%d)", amount, left))
	}
	r := &refund{id: s.id("re"), of: i, amount: amount, status: succeeded, meta: metadata(params), at: s.Now()}
	r.movement = s.move("refund", "refund", r.id, i.currency, -amount, 0)
	s.refunds = append(s.refunds, r)
	i.charge.refunded += amount
	s.tell("refund.created", s.showRefund(r, false))
	s.tell("charge.refunded", s.showCharge(i))
	return s.showRefund(r, false), nil
}

// refunded is what was given back of what was taken.
func (s *Sim) refunded(i *intent) (sum int64) {
	for _, r := range s.refunds {
		if r.of == i && r.movement != nil && r.status == succeeded {
			sum += r.amount
		}
	}
	return sum
}

func (s *Sim) listRefunds(params url.Values, _ string) (any, error) {
	of, whole := params.Get("payment_intent"), expands(params, "balance_transaction")
	return page(params, s.refunds, "/v1/refunds", func(r *refund) string { return r.id }, func(r *refund) bool { return of == "" || r.of.id == of },
		func(r *refund) any { return s.showRefund(r, whole) })
}

// FailRefunds has the refunds of a payment intent fail after all, as when the card is no more.
func (s *Sim) FailRefunds(intent string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.refunds {
		if r.of.id == intent && r.movement != nil && r.status == succeeded {
			r.status = "failed"
			r.of.charge.refunded -= r.amount
			s.move("refund_failure", "refund_failure", r.id, r.of.currency, r.amount, 0)
			s.tell("refund.failed", s.showRefund(r, false))
		}
	}
}

func showDispute(d *dispute) map[string]any {
	return map[string]any{
		"id": d.id, "object": "dispute", "amount": d.amount, "charge": d.of.charge.id, "payment_intent": d.of.id, "currency": d.of.currency, "status": d.status, "reason": "fraudulent",
		"created": d.at.Unix(), "evidence_details": map[string]any{"due_by": d.at.Add(evidenceIn).Unix(), "has_evidence": false, "past_due": false, "submission_count": 0},
	}
}

func (s *Sim) listDisputes(params url.Values, _ string) (any, error) {
	of := params.Get("payment_intent")
	list := slices.SortedFunc(maps.Values(s.disputes), func(a, b *dispute) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
	return page(params, list, "/v1/disputes", func(d *dispute) string { return d.id }, func(d *dispute) bool { return of == "" || d.of.id == of },
		func(d *dispute) any { return showDispute(d) })
}

// Dispute has the customer's bank take back what was taken; it tells the name of the dispute.
func (s *Sim) Dispute(intent string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.intent(intent)
	if err != nil {
		return "", err
	}
	if i.status != succeeded {
		return "", unexpected(i, "disputed")
	}
	d := &dispute{id: s.id("du"), status: "needs_response", of: i, amount: i.received - s.refunded(i), at: s.Now()}
	s.disputes[d.id] = d
	s.move("adjustment", "dispute", d.id, i.currency, -d.amount, disputeFee)
	s.tell("charge.dispute.created", showDispute(d))
	s.tell("charge.dispute.funds_withdrawn", showDispute(d))
	return d.id, nil
}

// CloseDispute ends a dispute, in our favour or not.
func (s *Sim) CloseDispute(id string, won bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.disputes[id]
	d.status = "lost"
	if won {
		d.status = "won"
		s.move("adjustment", "dispute_reversal", d.id, d.of.currency, d.amount, 0)
		s.tell("charge.dispute.funds_reinstated", showDispute(d))
	}
	s.tell("charge.dispute.closed", showDispute(d))
}

func showPayout(p *payout) map[string]any {
	return map[string]any{
		"id": p.id, "object": "payout", "amount": p.amount, "currency": p.currency, "created": p.at.Unix(), "arrival_date": p.at.Add(48 * time.Hour).Unix(), "automatic": true, "status": "paid",
	}
}

// Payout pays to our bank all that is there in a currency; it tells the name of the payout.
func (s *Sim) Payout(currency string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &payout{id: s.id("po"), currency: currency, at: s.Now()}
	for _, m := range s.movements {
		if m.currency == currency && m.payout == "" {
			m.payout = p.id
			p.amount += m.amount - m.fee
		}
	}
	s.payouts = append(s.payouts, p)
	s.move("payout", "payout", p.id, currency, -p.amount, 0).payout = p.id
	s.tell("payout.paid", showPayout(p))
	return p.id
}

func (s *Sim) listPayouts(params url.Values, _ string) (any, error) {
	return page(params, s.payouts, "/v1/payouts", func(p *payout) string { return p.id }, func(p *payout) bool { return within(params, p.at) },
		func(p *payout) any { return showPayout(p) })
}
