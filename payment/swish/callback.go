package swish

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"

	"gnista"
	"gnista/payment"
)

// callback is the address that Swish tells us at. Who does not know its end is not Swish.
func (s *Provider) callback() string {
	return strings.TrimRight(s.Callback, "/") + "/" + s.mac("callback")
}

// Verify makes a hint of a callback. Callbacks are not signed: their address has a secret, and where they have an
// identifier it is the one that was given to that payment request or refund. Invalid.
func (s *Provider) Verify(_ context.Context, h http.Header, body []byte) ([]payment.Hint, error) {
	if !same(h.Get(payment.HookSecret), s.mac("callback")) {
		return nil, gnista.Invalidf("callback", "does not come from Swish")
	}
	var x answer
	if err := json.Unmarshal(body, &x); err != nil || len(x.ID) != len(Instruction("", 0)) {
		return nil, gnista.Invalidf("callback", "is not understood")
	}
	if id := h.Get("callbackIdentifier"); id != "" && !same(id, s.mac(x.ID)) {
		return nil, gnista.Invalidf("callback", "does not come from Swish")
	}
	ref := x.ID
	if x.PayerPaymentReference != "" { // of a refund
		ref = x.PayerPaymentReference
	}
	return []payment.Hint{{ID: x.ID + "/" + word(x.Status), Ref: ref}}, nil
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
