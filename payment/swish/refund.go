package swish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"gnista/payment"
)

// refundPause is the least time between two refunds of a payment.
const refundPause = time.Second

// Refund gives an amount back to whoever paid.
func (s *Provider) Refund(ctx context.Context, op payment.Operation, p payment.Payment) (payment.Snapshot, error) {
	x, err := s.read(ctx, p.Ref)
	if err != nil {
		return payment.Snapshot{}, err
	}
	if x.Status != paid || x.PaymentReference == "" {
		return payment.Snapshot{}, &payment.RefusedError{Reason: fmt.Sprintf("payment request %s is %s and cannot be refunded", p.Ref, x.Status)}
	}
	if !s.mayRefund(p.Ref) {
		return payment.Snapshot{}, errors.New("another refund of the payment was sent a moment ago")
	}
	id := Instruction(op.ID, 0)
	_, err = s.do(ctx, http.MethodPut, "/api/v2/refunds/"+id, refund{
		OriginalPaymentReference: x.PaymentReference, PayerPaymentReference: p.Ref, CallbackURL: s.callback(), CallbackIdentifier: s.mac(id),
		PayerAlias: s.Payee, Amount: decimal(op.Amount), Currency: currency, Message: message("Laddning: oanvänt belopp"),
	}, nil)
	if err != nil && !has(err, exists) {
		return payment.Snapshot{}, verdict(err)
	}
	out, found, err := s.findRefund(ctx, op, p)
	if err == nil && !found {
		err = payment.ErrPending
	}
	return out, err
}

// mayRefund tells whether a refund may be sent now, and takes that it is.
func (s *Provider) mayRefund(ref string) bool {
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.refunded[ref]) < refundPause {
		return false
	}
	if s.refunded == nil {
		s.refunded = map[string]time.Time{}
	}
	for k, at := range s.refunded {
		if now.Sub(at) >= refundPause {
			delete(s.refunded, k)
		}
	}
	s.refunded[ref] = now
	return true
}

// findRefund reads a refund. It is done when whoever paid has it.
func (s *Provider) findRefund(ctx context.Context, op payment.Operation, p payment.Payment) (payment.Snapshot, bool, error) {
	var x answer
	_, err := s.do(ctx, http.MethodGet, "/api/v1/refunds/"+Instruction(op.ID, 0), nil, &x)
	if isMissing(err) {
		return payment.Snapshot{}, false, nil
	}
	if err != nil {
		return payment.Snapshot{}, false, verdict(err)
	}
	switch x.Status {
	case paid:
		if x.Amount.öre() != op.Amount || x.Currency != currency {
			return payment.Snapshot{}, false, &payment.RefusedError{Reason: fmt.Sprintf("refund %s is of another amount", x.ID)}
		}
		return payment.Snapshot{Ref: p.Ref, Captured: p.Captured, Refunded: p.Refunded + op.Amount}, true, nil
	case failed:
		if x.ErrorCode == bankSilent {
			return payment.Snapshot{}, false, &payment.RefusedError{Reason: "the bank did not answer Swish: whether it was given back is to be seen in the bank account"}
		}
		return payment.Snapshot{}, false, &payment.DeclinedError{Code: x.ErrorCode}
	}
	return payment.Snapshot{}, false, payment.ErrPending
}
