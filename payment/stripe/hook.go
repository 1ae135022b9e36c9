package stripe

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"gnista"
	"gnista/payment"
)

// The header with the signature, and how old or early it may be.
const (
	signature = "Stripe-Signature"
	tolerance = webhook.DefaultTolerance
)

// Verify makes hints of what Stripe tells: of a payment, a refund or a dispute of it, of a card that is given, or of a
// payout. It is signed, not older than five minutes, of our version of the interface, and of our mode. Invalid.
func (p *Provider) Verify(_ context.Context, h http.Header, body []byte) ([]payment.Hint, error) {
	if p.Webhook == "" {
		return nil, gnista.Invalidf(signature, "nothing is heard: no secret is set up")
	}
	ev, err := webhook.ConstructEventIgnoringTolerance(body, h.Get(signature), p.Webhook)
	if err != nil {
		return nil, gnista.Invalidf(signature, "is not Stripe's, or what it signs is not of version %s", sdk.APIVersion)
	}
	if age := p.Now().Sub(signed(h.Get(signature))); age > tolerance || age < -tolerance {
		return nil, gnista.Invalidf(signature, "is too old")
	}
	if ev.Livemode != p.live() {
		return nil, gnista.Invalidf("livemode", "is of another mode than the key")
	}
	ref, err := told(ev)
	if err != nil || ref == "" {
		return nil, err
	}
	return []payment.Hint{{ID: ev.ID, Ref: ref}}, nil
}

// told is the name of what something is told about; empty where that is nothing to us.
func told(ev sdk.Event) (string, error) {
	var object struct {
		ID     string            `json:"id"`
		Intent sdk.PaymentIntent `json:"payment_intent"` // or its name
	}
	if ev.Data == nil || json.Unmarshal(ev.Data.Raw, &object) != nil {
		return "", gnista.Invalidf("data", "has no object")
	}
	kind := string(ev.Type)
	for _, own := range []string{"payment_intent.", "setup_intent.", "payout."} {
		if strings.HasPrefix(kind, own) {
			return object.ID, nil
		}
	}
	for _, of := range []string{"charge.", "refund."} {
		if strings.HasPrefix(kind, of) {
			return object.Intent.ID, nil
		}
	}
	return "", nil
}

// signed is when a signature was made; Stripe writes it as t=…,v1=….
func signed(header string) time.Time {
	for part := range strings.SplitSeq(header, ",") {
		if text, ok := strings.CutPrefix(part, "t="); ok {
			seconds, err := strconv.ParseInt(text, 10, 64)
			if err == nil {
				return time.Unix(seconds, 0)
			}
		}
	}
	return time.Time{}
}
