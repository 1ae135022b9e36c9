package stripesim

import (
	"context"
	"html/template"
	"net/http"
	"strings"

	"gnista"
	"gnista/payment"
)

// page is the element as a page of its own, for whoever has the client secret of something.
var elementPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Test mode</title>
<h1>Test mode: no real money moves</h1>
<p>{{.What}}{{with .Status}} · {{.}}{{end}}</p>
{{if .Open}}<form method="post" action="/confirm"><input type="hidden" name="client_secret" value="{{.Secret}}">
<button name="card" value="good">Card that pays</button>
<button name="card" value="declining">Card without money</button>
<button name="card" value="dead">Card whose bank does not answer</button>
<button name="card" value="authenticate">Card that asks its holder each time</button>
<button name="card" value="later">Card that has no money later</button></form>{{end}}
</html>`))

// element is the part that customers see.
func (s *Sim) element() {
	s.mux.HandleFunc("GET /element", func(w http.ResponseWriter, r *http.Request) {
		secret := r.URL.Query().Get("client_secret")
		s.mu.Lock()
		i, x := s.bySecret(secret)
		s.mu.Unlock()
		v := struct {
			What, Status, Secret string
			Open                 bool
		}{Secret: secret}
		switch {
		case i != nil:
			v.What, v.Status, v.Open = "A payment", i.status, i.status == needsMethod
		case x != nil:
			v.What, v.Status, v.Open = "A card to be kept", x.status, x.status == needsMethod
		default:
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		elementPage.Execute(w, v)
	})
	s.mux.HandleFunc("POST /confirm", func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		if err := s.Confirm(r.PostFormValue("client_secret"), Card(r.PostFormValue("card"))); err != nil {
			http.Error(w, err.Error(), http.StatusPaymentRequired)
			return
		}
		w.Write([]byte("Done. You can go back.\n"))
	})
}

func (s *Sim) bySecret(secret string) (*intent, *setup) {
	id, _, _ := strings.Cut(secret, "_secret_")
	if i, err := s.intent(id); err == nil && i.secret == secret {
		return i, nil
	}
	if x, err := s.setup(id); err == nil && x.secret == secret {
		return nil, x
	}
	return nil, nil
}

// Confirm is that a customer confirms with a card, and with the bank where that asks; an error is why not.
func (s *Sim) Confirm(secret string, c Card) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, x := s.bySecret(secret)
	if i != nil || x != nil {
		if err := s.remember(deed{Serial: s.serial, Path: didConfirm, Body: secret, Card: c}); err != nil {
			return err
		}
	}
	switch {
	case c.last4() == "":
		return gnista.Invalidf("card", "%q is none", c)
	case i != nil && i.status == needsMethod:
		if bad := c.declines(); bad != nil {
			s.fail(i, bad)
			return bad
		}
		if c == Later {
			s.fail(i, decline("insufficient_funds"))
			return i.problem
		}
		i.method = s.id("pm")
		s.pay(i, c.last4())
		return nil
	case x != nil && x.status == needsMethod:
		if bad := c.declines(); bad != nil {
			s.tell("setup_intent.setup_failed", x.show(false))
			return bad
		}
		x.status, x.method = succeeded, &method{id: s.id("pm"), customer: x.customer, card: c}
		s.methods[x.method.id] = x.method
		s.tell("setup_intent.succeeded", x.show(false))
		return nil
	}
	return gnista.Errorf(gnista.Conflict, "nothing is asked for with that")
}

// Leave is that a customer does not agree at the bank's own page, so that nothing comes of it yet.
func (s *Sim) Leave(secret string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, x := s.bySecret(secret)
	if i != nil || x != nil {
		if err := s.remember(deed{Serial: s.serial, Path: didLeave, Body: secret}); err != nil {
			return err
		}
	}
	switch {
	case i != nil && i.status == needsMethod:
		s.fail(i, &problem{Type: "card_error", Code: "payment_intent_authentication_failure", Message: "The holder did not agree."})
		return nil
	case x != nil && x.status == needsMethod:
		s.tell("setup_intent.setup_failed", x.show(false))
		return nil
	}
	return gnista.Errorf(gnista.Conflict, "nothing is asked for with that")
}

// Answer has the customer of an action agree with a good card, or not agree at the bank's page.
func (s *Sim) Answer(_ context.Context, a payment.Action, agree bool) error {
	if agree {
		return s.Confirm(a.Text, Good)
	}
	return s.Leave(a.Text)
}
