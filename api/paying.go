package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gnista"
	"gnista/checkout"
	"gnista/fault"
	"gnista/fault/driver"
	"gnista/payment"
)

// payingPage is what somebody sees who pays, charges or has charged.
type payingPage struct {
	checkout.View
	payFrame
	Path    string // of the page
	Return  string // address that the provider leads back to
	Method  string // what the provider is called
	App     string // address that opens the provider's app; empty is none
	StandIn bool   // no real money moves, and we stand in for the provider
	Percent int64  // of the amount that the cost has come to
	Cap     gnista.Money
	Back    gnista.Money  // what is given back, or was
	Quiet   bool          // nothing on it changes by itself
	Problem string        // key of a text
	Said    driver.Answer // what has happened, where something is wrong
}

// Trouble tells whether the driver is to be told more than how far the checkout is.
func (p payingPage) Trouble() bool {
	return p.Said.Kind != "" && !p.Said.Well && (!p.State.Over() || p.Said.Kind == driver.Declined || p.Said.Kind == driver.Stuck)
}

// Element tells whether the provider's own element is in the page, which then is not made anew.
func (p payingPage) Element() bool {
	return p.State == checkout.Paying && p.Action.Kind == payment.ActElement && !p.StandIn
}

// keyed leads those who have the key of a checkout. Many may come from one address, as from one phone network, so
// that only what they do is limited, and how often keys are tried that are none.
func (s *Server) keyed(then func(http.ResponseWriter, *http.Request, checkout.View)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		began, from, key := time.Now(), s.client(r), r.PathValue("key")
		if s.rates.guesses.spent(from, s.Now()) || r.Method == http.MethodPost && !s.rates.acts.allow(key, s.Now()) {
			w.Header().Set("Retry-After", "60")
			s.plain(w, r, http.StatusTooManyRequests, "pay-often")
			return
		}
		v, err := s.Desk.View(r.Context(), key)
		switch {
		case gnista.CodeOf(err) == gnista.NotFound && err != nil:
			s.rates.guesses.allow(from, s.Now())
			s.nothing(w, r, began)
		case err != nil:
			s.broken(w, r, err)
		default:
			then(w, r, v)
		}
	}
}

func (s *Server) showCheckout(w http.ResponseWriter, r *http.Request, v checkout.View) {
	q := r.URL.Query()
	if q.Has("back") && v.State == checkout.Paying && v.Pay != nil && v.Pay.Ref != "" {
		// Whoever comes back has paid or not, and the provider may be slower to say so.
		if err := s.Payments.Hear(r.Context(), v.Provider, []payment.Hint{{ID: "back " + v.ID, Ref: v.Pay.Ref}}); err != nil && gnista.CodeOf(err) != gnista.Unsupported && r.Context().Err() == nil {
			s.Log.Warn("a payment could not be read when its customer came back; what the provider tells later counts", "checkout", v.ID, "err", err)
		}
		if again, err := s.Desk.View(r.Context(), v.Key); err == nil {
			v = again
		}
	}
	l := v.Language
	if x := q.Get("lang"); x == "sv" || x == "en" {
		l = x
	}
	p := s.payingOf(v, l)
	var err error
	if p.Said, err = s.Drivers.Viewed(r.Context(), v, s.voice(fault.Language(l))); err != nil && r.Context().Err() == nil { // the page is worth more than that
		s.Log.Error("it could not be found out what to tell a driver", "checkout", v.ID, "err", err)
	}
	p.Problem = map[string]string{"stop": "pay-stop-failed", "cancel": "pay-cancel-failed", "test": "pay-test-failed"}[q.Get("problem")]
	name := "paying.html"
	if q.Has("part") {
		name = "progress.html"
	}
	provider := ""
	if p.Element() {
		provider = v.Provider
	}
	s.payPage(w, name, l, provider, http.StatusOK, p)
}

func (s *Server) payingOf(v checkout.View, l string) payingPage {
	path := "/pay/" + v.Key
	p := payingPage{View: v, Path: path, Return: s.base() + withLanguage(path, l) + "&back", Quiet: v.State.Over()}
	p.payFrame = payFrame{Other: withLanguage(path, other(l)), Test: v.Test, Seller: s.Invoices.Seller}
	if x, ok := s.Payments.Providers[v.Provider]; ok {
		p.Method = x.Caps().Words[l]
	}
	_, stands := s.StandIns[v.Provider]
	p.StandIn = v.Test && stands
	if !p.Quiet {
		p.Reload = pollEvery
	}
	if p.Element() && v.Provider == "stripe" {
		p.Script, p.Reload = "https://js.stripe.com/v3/", 0
	}
	if v.Action.Kind == payment.ActApp && v.Provider == "swish" {
		p.App = "swish://paymentrequest?token=" + url.QueryEscape(v.Action.Text) + "&callbackurl=" + url.QueryEscape(p.Return)
	}
	p.Cap = v.Amount
	if v.Amount.Amount > 0 {
		p.Percent = min(100, max(0, v.Cost.Amount)*100/v.Amount.Amount)
	}
	p.Back = gnista.Money{Amount: max(0, v.Amount.Amount-v.Cost.Amount), Currency: v.Amount.Currency}
	if v.Pay != nil && v.Way == payment.ByPrepay {
		if s := v.State; s == checkout.Settled || s == checkout.Cancelled || s == checkout.Failed {
			p.Back = v.Pay.Money(v.Pay.Refunded)
		}
	}
	return p
}

// Took tells whether money was set aside or taken, so that there is something to give back.
func (p payingPage) Took() bool { return p.Pay != nil && (p.Pay.Authorised > 0 || p.Pay.Captured > 0) }

// showApp is the QR code by which a phone beside opens the provider's app.
func (s *Server) showApp(w http.ResponseWriter, r *http.Request, v checkout.View) {
	began := time.Now()
	if v.State != checkout.Paying || v.Action.Kind != payment.ActApp {
		s.nothing(w, r, began)
		return
	}
	text := v.Action.Text
	if v.Provider == "swish" {
		text = "D" + text // a payment that was made beforehand
	}
	q, err := newQR(text)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	payHeaders(w, "")
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Write(q.svg())
}

// acting does something to a checkout and shows it again.
func (s *Server) acting(do func(ctx context.Context, key string) error) func(http.ResponseWriter, *http.Request, checkout.View) {
	return func(w http.ResponseWriter, r *http.Request, v checkout.View) {
		what := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		err := do(r.Context(), v.Key)
		if err != nil && gnista.CodeOf(err) == gnista.Internal && r.Context().Err() == nil {
			s.Log.Error("what a driver asked for could not be done", "what", what, "checkout", v.ID, "err", err)
		}
		s.again(w, r, v, what, err)
	}
}

func (s *Server) again(w http.ResponseWriter, r *http.Request, v checkout.View, what string, failed error) {
	to := withLanguage("/pay/"+v.Key, langOr(r, v.Language))
	if failed != nil {
		to += "&problem=" + what
	}
	payHeaders(w, "")
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func langOr(r *http.Request, l string) string {
	if x := r.URL.Query().Get("lang"); x == "sv" || x == "en" {
		return x
	}
	return l
}

// standIn does what the customer would do at the provider, where no real money moves.
func (s *Server) standIn(w http.ResponseWriter, r *http.Request, v checkout.View) {
	began := time.Now()
	x, ok := s.StandIns[v.Provider]
	if !ok || !v.Test {
		s.nothing(w, r, began)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, formBody)
	var err error
	switch agree := r.PostFormValue("agree"); {
	case v.State != checkout.Paying || v.Action == (payment.Action{}):
	case agree == "yes" || agree == "no":
		if err = x.Answer(r.Context(), v.Action, agree == "yes"); err != nil {
			s.Log.Warn("the stand-in of a provider did not answer", "checkout", v.ID, "err", err)
		}
	default:
		err = fmt.Errorf("agree is %q", agree)
	}
	s.again(w, r, v, "test", err)
}
