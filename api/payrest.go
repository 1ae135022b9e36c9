package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"gnista"
	"gnista/checkout"
	"gnista/payment"
)

// restPick is one way to pay what is missing; its value names the amount that was shown too.
type restPick struct {
	Value string
	Name  string
}

// tooLittle is the key of the text that a sum is less than the provider moves.
const tooLittle = "pay-why-little"

// keyOf finds what somebody has the key of the page of: a checkout, or a payment without one. NotFound, which does not
// tell why.
func (s *Server) keyOf(ctx context.Context, key string) (checkout.View, error) {
	id, sum, own := strings.Cut(key, ".")
	if !own {
		return s.Desk.View(ctx, key)
	}
	if !hmac.Equal([]byte(sum), []byte(s.keySum(id))) {
		return checkout.View{}, gnista.Errorf(gnista.NotFound, "there is no such page")
	}
	v, err := s.Desk.Billed(ctx, id)
	v.Key = key
	return v, err
}

// keySum is the part of the key of a payment that nobody guesses.
func (s *Server) keySum(id string) string {
	m := hmac.New(sha256.New, s.LinkKey)
	m.Write([]byte(id))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])
}

// payLink is the address of the page on which what is missing of a payment is paid: that of its checkout, or its own.
func (s *Server) payLink(ctx context.Context, id string) (string, error) {
	c, err := s.Desk.Store.CheckoutByPayment(ctx, id)
	switch {
	case err == nil:
		return s.base() + "/pay/" + c.Key, nil
	case gnista.CodeOf(err) == gnista.NotFound:
		return s.base() + "/pay/" + id + "." + s.keySum(id), nil
	}
	return "", err
}

// missing adds what is missing of what somebody has charged, and how that can be paid.
func (s *Server) missing(ctx context.Context, p *payingPage, l string) (err error) {
	if p.Rest, err = s.Payments.Rest(ctx, *p.Pay); err != nil {
		return err
	}
	switch reason := p.Pay.Reason; {
	case reason == payment.HoldOver || reason == "hold-expired":
		p.Why = "pay-why-expired"
	case reason == payment.BelowMinimum:
		p.Why = tooLittle
	case reason != "":
		p.Why = "pay-why-declined"
	default:
		p.Why = "pay-why-more"
	}
	for _, name := range p.Rest.Ways {
		caps := s.Payments.Providers[name].Caps()
		p.Picks = append(p.Picks, restPick{restValue(name, p.Rest.Missing), caps.Words[l]})
		p.Test = p.Test || caps.Test
	}
	return nil
}

func restValue(provider string, m gnista.Money) string {
	return fmt.Sprintf("%s %d %s", provider, m.Amount, m.Currency)
}

// payRest asks the customer for what is missing, in the way that was chosen. What is asked for already stays so.
func (s *Server) payRest(w http.ResponseWriter, r *http.Request, v checkout.View) {
	r.Body = http.MaxBytesReader(w, r.Body, formBody)
	choice, l := r.PostFormValue("choice"), v.Language
	if l == "" {
		l = reader(r)
	}
	l = langOr(r, l)
	err := gnista.Errorf(gnista.Conflict, "nothing is missing")
	if v.State == checkout.Settled && v.Pay != nil {
		var rest payment.Rest
		if rest, err = s.Payments.Rest(r.Context(), *v.Pay); err == nil && rest.Open == nil {
			err = gnista.Invalidf("choice", "%q is none", choice)
			for _, name := range rest.Ways {
				if choice == restValue(name, rest.Missing) {
					_, err = s.askRest(r.Context(), v, name, rest.Missing.Amount, payment.Opening{Language: l})
				}
			}
		}
	}
	if err != nil && gnista.CodeOf(err) == gnista.Internal && r.Context().Err() == nil {
		s.Log.Error("the rest of a payment could not be asked for", "checkout", v.ID, "err", err)
	}
	s.again(w, r, v, "rest", err)
}

// askRest asks the customer for what is missing of a payment.
func (s *Server) askRest(ctx context.Context, v checkout.View, provider string, amount int64, o payment.Opening) (payment.Payment, error) {
	if o.Text == "" {
		o.Text = v.Bought(o.Language)
	}
	if o.Return == "" {
		o.Return = s.base() + withLanguage("/pay/"+v.Key, o.Language) + "&back"
	}
	p, err := s.Payments.Link(ctx, v.Payment, provider, amount, o)
	s.Desk.Nudge()
	return p, err
}

// cancelRest no longer asks for what is missing, so that it can be paid in another way.
func (s *Server) cancelRest(ctx context.Context, of payment.Payment) error {
	rest, err := s.Payments.Rest(ctx, of)
	if err != nil {
		return err
	}
	if rest.Open == nil {
		return gnista.Errorf(gnista.Conflict, "nobody is asked to pay the rest of payment %s", of.ID)
	}
	err = s.Payments.TakeBack(ctx, rest.Open.ID)
	s.Desk.Nudge()
	return err
}
