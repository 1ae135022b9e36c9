// Package swishsim is a simulated Swish: the part of it that merchants see, with payment requests and refunds that
// have the states, errors and time-outs of the real one, behind TLS for which both sides show certificates of an
// authority of its own. No money moves.
package swishsim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sort"
	"sync"
	"time"

	"gnista/payment/journal"
)

// Fault is what goes wrong with a request.
type Fault int

// The faults.
const (
	None       Fault = iota
	LostBefore       // the connection is cut before anything is done
	LostAfter        // and after it was
	Failing          // 503, and nothing is done
)

// Times of payment requests and refunds.
const (
	AskTime    = 3 * time.Minute // for the customer to confirm
	debitTime  = time.Second     // until a refund has left the merchant
	refundTime = 2 * time.Second // until whoever paid has it
	between    = time.Second     // two refunds of one payment
)

// Merchant is the Swish number of the merchant whom the client's certificate is of.
const Merchant = "1231181189"

// Callback is a request to the merchant.
type Callback struct {
	URL    string
	Header http.Header
	Body   []byte
}

// Sim is a simulated Swish.
type Sim struct {
	Now   func() time.Time
	Token func() string // makes references and tokens, each another one
	// Send delivers a callback; nil keeps them for Told.
	Send func(context.Context, Callback) error

	keys keys

	mu      sync.Mutex
	journal *journal.Journal[deed] // nil: it forgets everything at the end
	made    []string               // references and tokens of what is done just now
	again   []string               // those that are to be made again
	next    Fault
	spoil   string // code that the next refund ends with
	asked   map[string]*Payment
	refunds map[string]*Refund
	told    []Callback
	wake    chan struct{}
}

// Payment is a payment request. Amounts are in öre.
type Payment struct {
	ID, Reference, Payee, Payer, Message string
	Amount, Refunded                     int64
	Status, Code                         string
	Paid                                 string // reference of the payment, when it was paid
	Token                                string // of m-commerce
	Made, PaidAt                         time.Time

	callback, identifier string
}

// Refund is one.
type Refund struct {
	ID, Payment, Reference, Original, Payer, Message string
	Amount                                           int64
	Status, Code                                     string
	Made, PaidAt                                     time.Time

	callback, identifier, fail string
}

// New makes a simulated Swish with an authority of its own. token makes references, each another one.
func New(now func() time.Time, token func() string) (*Sim, error) {
	s := &Sim{Now: now, Token: token, asked: map[string]*Payment{}, refunds: map[string]*Refund{}, wake: make(chan struct{}, 1)}
	var err error
	s.keys, err = newKeys()
	return s, err
}

// Fail has the next request go wrong that would change something.
func (s *Sim) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = f
}

// pass lets time have its effect.
func (s *Sim) pass() {
	now := s.Now()
	for _, p := range s.asked {
		if p.Status == "CREATED" && now.Sub(p.Made) >= AskTime {
			s.end(p, "ERROR", "TM01")
		}
	}
	var list []*Refund
	for _, r := range s.refunds {
		list = append(list, r)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].ID < list[j].ID })
	for _, r := range list {
		if r.Status == "VALIDATED" && now.Sub(r.Made) >= debitTime {
			r.Status = "DEBITED"
			s.tell(r.callback, r.identifier, r.view())
		}
		if r.Status == "DEBITED" && now.Sub(r.Made) >= refundTime {
			r.Status, r.PaidAt = "PAID", now
			if r.fail != "" {
				r.Status, r.Code, r.PaidAt = "ERROR", r.fail, time.Time{}
				s.asked[r.Payment].Refunded -= r.Amount
			}
			s.tell(r.callback, r.identifier, r.view())
		}
	}
}

// end gives a payment request its last state.
func (s *Sim) end(p *Payment, status, code string) {
	p.Status, p.Code = status, code
	s.tell(p.callback, p.identifier, p.view())
}

func (s *Sim) tell(url, identifier string, view any) {
	body, err := json.Marshal(view)
	if err != nil {
		return
	}
	h := http.Header{"Content-Type": {"application/json"}}
	if identifier != "" {
		h.Set("callbackIdentifier", identifier)
	}
	s.told = append(s.told, Callback{url, h, body})
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// ErrOver is that a customer can no longer do anything with a payment request.
var ErrOver = errors.New("there is nothing to confirm")

// customer lets the customer of a payment request do something, found by its id or its token.
func (s *Sim) customer(of, what, code string, f func(*Payment)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pass()
	for _, p := range s.asked {
		if (p.ID == of || p.Token != "" && p.Token == of) && p.Status == "CREATED" {
			f(p)
			return s.remember(deed{Path: what, ID: p.ID, Body: code})
		}
	}
	return ErrOver
}

// Confirm pays a payment request, by its id or its token.
func (s *Sim) Confirm(of string) error {
	return s.customer(of, didConfirm, "", func(p *Payment) {
		p.PaidAt, p.Paid = s.Now(), s.token()
		s.end(p, "PAID", "")
	})
}

// Decline says no to it.
func (s *Sim) Decline(of string) error {
	return s.customer(of, didDecline, "", func(p *Payment) { s.end(p, "DECLINED", "") })
}

// Break ends it with an error, as RF07 when the bank says no and BANKIDCL when the customer ends the signing.
func (s *Sim) Break(of, code string) error {
	return s.customer(of, didBreak, code, func(p *Payment) { s.end(p, "ERROR", code) })
}

// Find is a payment request, by its id or its token.
func (s *Sim) Find(of string) (Payment, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pass()
	for _, p := range s.asked {
		if p.ID == of || p.Token != "" && p.Token == of {
			return *p, true
		}
	}
	return Payment{}, false
}

// Of are the payment requests with a reference of the merchant.
func (s *Sim) Of(reference string) (out []Payment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pass()
	for _, p := range s.asked {
		if p.Reference == reference {
			out = append(out, *p)
		}
	}
	slices.SortFunc(out, func(a, b Payment) int { return a.Made.Compare(b.Made) })
	return out
}

// Balance is what the merchant has received and not given back, in öre.
func (s *Sim) Balance() (n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pass()
	for _, p := range s.asked {
		if p.Status == "PAID" {
			n += p.Amount - p.Refunded
		}
	}
	return n
}

// Told takes the callbacks since it was last asked, in order, where nothing sends them.
func (s *Sim) Told() []Callback {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pass()
	out := s.told
	s.told = nil
	return out
}

// How callbacks are sent.
const (
	lookEvery = 250 * time.Millisecond
	sendTime  = 10 * time.Second
	sendTries = 5
)

// Run sends callbacks until ctx ends. One that is not taken in is sent again a few times.
func (s *Sim) Run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	tries := map[int]int{}
	var waiting []Callback
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-tick.C:
		}
		waiting = append(waiting, s.Told()...)
		var left []Callback
		failed := map[int]int{}
		for i, c := range waiting {
			short, cancel := context.WithTimeout(ctx, sendTime)
			err := s.Send(short, c)
			cancel()
			if err != nil && tries[i]+1 < sendTries {
				failed[len(left)] = tries[i] + 1
				left = append(left, c)
			}
		}
		waiting, tries = left, failed
	}
}

// view is a payment request as merchants see it.
func (p *Payment) view() map[string]any {
	v := map[string]any{
		"id": p.ID, "payeePaymentReference": p.Reference, "paymentReference": p.Paid, "callbackUrl": p.callback, "payerAlias": p.Payer, "payeeAlias": p.Payee,
		"currency": "SEK", "message": p.Message, "status": p.Status, "amount": json.Number(kronor(p.Amount)), "dateCreated": stamp(p.Made), "datePaid": nil,
		"errorCode": nil, "errorMessage": nil,
	}
	if !p.PaidAt.IsZero() {
		v["datePaid"] = stamp(p.PaidAt)
	}
	if p.Code != "" {
		v["errorCode"], v["errorMessage"] = p.Code, "simulated"
	}
	return v
}

// view is a refund as merchants see it.
func (r *Refund) view() map[string]any {
	v := map[string]any{
		"id": r.ID, "payerPaymentReference": r.Reference, "originalPaymentReference": r.Original, "callbackUrl": r.callback, "payerAlias": r.Payer,
		"currency": "SEK", "message": r.Message, "status": r.Status, "amount": json.Number(kronor(r.Amount)), "dateCreated": stamp(r.Made), "datePaid": nil,
		"errorCode": nil, "errorMessage": nil,
	}
	if !r.PaidAt.IsZero() {
		v["datePaid"] = stamp(r.PaidAt)
	}
	if r.Code != "" {
		v["errorCode"], v["errorMessage"] = r.Code, "simulated"
	}
	return v
}

func kronor(öre int64) string { return fmt.Sprintf("%d.%02d", öre/100, öre%100) }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
