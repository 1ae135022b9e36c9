package api

import (
	"cmp"
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
	Ask     asking // while the customer is asked, for the checkout or for the rest
	Rest    payment.Rest
	Picks   []restPick // ways to pay the rest
	Why     string     // key of the text that says why something is missing
	Percent int64      // of the amount that the cost has come to
	Cap     gnista.Money
	Back    gnista.Money  // what is given back, or was
	Quiet   bool          // nothing on it changes by itself
	Problem string        // key of a text
	Said    driver.Answer // what has happened, where something is wrong

	At        time.Time     // when it was so
	Steps     []step        // from the payment to the charge
	Lines     []receiptLine // what it costs so far, and why
	Idle      *idleFee      // nil is none
	Sharing   string        // how power is shared
	Nearby    []otherOutlet
	Again     string // address of the page of the outlet, where nothing came of the checkout; empty where it has none
	CanUnlock bool
	CanMail   bool
	Mailed    bool
	Unlocked  bool
	PushKey   string // that browsers subscribe with; empty where phones are not told
}

// Trouble tells whether the driver is to be told more than how far the checkout is.
func (p payingPage) Trouble() bool {
	if p.Said.Kind == "" || p.Said.Well {
		return false
	}
	switch p.Said.Kind {
	case driver.NotPaid, driver.CalledOff: // the heading says it
		return p.State != checkout.Cancelled
	}
	return true
}

// asking is how a customer is asked to pay on a page.
type asking struct {
	payment.Action
	Path     string // of the page
	Return   string // address that the provider leads back to
	Provider string
	Method   string // what the provider is called
	StandIn  bool   // no real money moves, and we stand in for the provider
	Ref      string // the provider's name of the payment; empty where its customer is not asked
}

// Element tells whether the provider's own element is in the page, which then is not made anew.
func (a asking) Element() bool { return a.Kind == payment.ActElement && !a.StandIn }

// Plugged tells whether the car that is waited for has come, and nothing is charged yet.
func (p payingPage) Plugged() bool {
	return p.State == checkout.PlugIn && p.Said.Kind == driver.Starting
}

// Head is the key of the heading.
func (p payingPage) Head() string {
	switch {
	case p.Plugged():
		return "pay-checking"
	case p.State != checkout.Settled || p.Rest.Missing.Amount == 0:
		return "pay-" + string(p.State)
	case p.Rest.Asked():
		return "pay-paying"
	case p.Why == tooLittle: // through no fault of the driver
		return "pay-settled"
	}
	return "pay-short"
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
		v, err := s.keyOf(r.Context(), key)
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
	began, q := time.Now(), r.URL.Query()
	p, l, err := s.checkoutPage(r, v)
	if err == nil && q.Has("back") && p.Ask.Ref != "" {
		// Whoever comes back has paid or not, and the provider may be slower to say so.
		if err := s.Payments.Hear(r.Context(), p.Ask.Provider, []payment.Hint{{ID: "back " + p.Ask.Ref, Ref: p.Ask.Ref}}); err != nil && gnista.CodeOf(err) != gnista.Unsupported && r.Context().Err() == nil {
			s.Log.Warn("a payment could not be read when its customer came back; what the provider tells later counts", "checkout", v.ID, "err", err)
		}
		if again, err := s.keyOf(r.Context(), v.Key); err == nil {
			v = again
		}
		p, l, err = s.checkoutPage(r, v)
	}
	switch {
	case err != nil:
		s.broken(w, r, err)
		return
	case v.Billed() && v.Pay.Short() == 0 && p.Rest.Paid.Amount == 0: // there was nothing to pay here
		s.nothing(w, r, began)
		return
	}
	if p.Problem = problems[q.Get("problem")]; p.Problem == "pay-declined" && p.Ask.Kind == "" { // the page says it by itself
		p.Problem = ""
	}
	p.Mailed, p.Unlocked = q.Has("mailed"), q.Has("unlocked")
	if !q.Has("part") {
		p.PushKey = s.pushKey(r.Context(), v)
	}
	name := "paying.html"
	if q.Has("part") {
		name = "progress.html"
	}
	var needs payment.Needs
	if p.Ask.Element() {
		needs = p.Ask.Needs
	}
	s.payPage(w, name, l, needs, http.StatusOK, p)
}

// problems are the texts of what could not be done.
var problems = map[string]string{
	"stop": "pay-stop-failed", "cancel": "pay-cancel-failed", "test": "pay-test-failed", "rest": "pay-rest-failed", "unlock": "pay-unlock-failed", "mail": "pay-mail-failed",
	"declined": "pay-declined",
}

// checkoutPage is what is on the page of a checkout, and its language.
func (s *Server) checkoutPage(r *http.Request, v checkout.View) (payingPage, string, error) {
	l := v.Language
	if l == "" {
		l = reader(r)
	}
	l = langOr(r, l)
	p, err := s.pageOf(r.Context(), v, l)
	return p, l, err
}

// pageOf is what is on the page of a checkout in a language.
func (s *Server) pageOf(ctx context.Context, v checkout.View, l string) (payingPage, error) {
	p, err := s.payingOf(ctx, v, l)
	if err != nil {
		return p, err
	}
	if !v.Billed() {
		if p.Said, err = s.Drivers.Viewed(ctx, v, s.voice(fault.Language(l))); err != nil && ctx.Err() == nil { // the page is worth more than that
			s.Log.Error("it could not be found out what to tell a driver", "checkout", v.ID, "err", err)
		}
	}
	return p, s.detail(ctx, &p, l)
}

func (s *Server) payingOf(ctx context.Context, v checkout.View, l string) (payingPage, error) {
	path := "/pay/" + v.Key
	p := payingPage{View: v, Path: path, Quiet: v.State.Over()}
	p.payFrame = s.frame(path, l, v.Test)
	asked := v.Pay
	if v.State == checkout.Settled && v.Pay != nil {
		if err := s.missing(ctx, &p, l); err != nil {
			return p, err
		}
		asked = p.Rest.Open
		p.Quiet = asked == nil || asked.State == payment.Review
	}
	action := v.Action
	if p.Rest.Asked() {
		action = p.Rest.Action
	}
	p.Ask = asking{Action: action, Path: path, Return: s.base() + withLanguage(path, l) + "&back"}
	if asked != nil {
		x, stands := s.Payments.Providers[asked.Provider], s.StandIns[asked.Provider]
		if x != nil {
			p.Ask.Method = x.Caps().Words[l]
			p.Test = p.Test || x.Caps().Test
		}
		p.Ask.Provider, p.Ask.StandIn = asked.Provider, p.Test && stands != nil
		if asked.State == payment.Awaiting {
			p.Ask.Ref = asked.Ref
		}
	}
	if !p.Quiet {
		p.Reload = pollEvery
	}
	if p.Ask.Element() {
		p.Script, p.Reload = action.Needs.Script, 0
	}
	if action.App != "" {
		p.Ask.App += url.QueryEscape(p.Ask.Return)
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
	return p, nil
}

// Took tells whether money was set aside or taken, so that there is something to give back.
func (p payingPage) Took() bool { return p.Pay != nil && (p.Pay.Authorised > 0 || p.Pay.Captured > 0) }

// showApp is the QR code by which a phone beside opens the provider's app.
func (s *Server) showApp(w http.ResponseWriter, r *http.Request, v checkout.View) {
	began := time.Now()
	p, err := s.payingOf(r.Context(), v, v.Language)
	switch {
	case err != nil:
		s.broken(w, r, err)
		return
	case p.Ask.Kind != payment.ActApp:
		s.nothing(w, r, began)
		return
	}
	q, err := newQR(cmp.Or(p.Ask.Code, p.Ask.Text))
	if err != nil {
		s.broken(w, r, err)
		return
	}
	payHeaders(w, payment.Needs{})
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Write(q.svg())
}

// acting does something to a checkout and shows it again.
func (s *Server) acting(do func(ctx context.Context, v checkout.View) error) func(http.ResponseWriter, *http.Request, checkout.View) {
	return func(w http.ResponseWriter, r *http.Request, v checkout.View) {
		what := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		err := do(r.Context(), v)
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
	} else if what == "unlock" {
		to += "&unlocked"
	}
	payAgain(w, r, to)
}

// payAgain leads to a page of the payment.
func payAgain(w http.ResponseWriter, r *http.Request, to string) {
	payHeaders(w, payment.Needs{})
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// stop ends the charging of a checkout.
func (s *Server) stop(ctx context.Context, v checkout.View) error { return s.Desk.Stop(ctx, v.Key) }

// cancel gives up what somebody is asked to pay: the checkout, or its rest.
func (s *Server) cancel(ctx context.Context, v checkout.View) error {
	if v.State == checkout.Settled && v.Pay != nil {
		return s.cancelRest(ctx, *v.Pay)
	}
	return s.Desk.Cancel(ctx, v.Key)
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
	p, err := s.payingOf(r.Context(), v, v.Language)
	switch {
	case err != nil:
		s.broken(w, r, err)
		return
	case len(s.StandIns) == 0 || p.Ask.Provider != "" && !p.Ask.StandIn:
		s.nothing(w, r, began)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, formBody)
	agree := r.PostFormValue("agree")
	switch {
	case p.Ask.Action == (payment.Action{}):
	case agree == "yes" || agree == "no":
		if err = s.StandIns[p.Ask.Provider].Answer(r.Context(), p.Ask.Action, agree == "yes"); err != nil {
			s.Log.Warn("the stand-in of a provider did not answer", "checkout", v.ID, "err", err)
		}
	default:
		err = fmt.Errorf("agree is %q", agree)
	}
	if err == nil && agree == "no" {
		payAgain(w, r, withLanguage("/pay/"+v.Key, langOr(r, v.Language))+"&problem=declined")
		return
	}
	s.again(w, r, v, "test", err)
}
