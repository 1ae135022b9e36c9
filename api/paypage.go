package api

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/checkout"
	"gnista/fault"
	"gnista/fault/driver"
	"gnista/payment"
	"gnista/tariff"
	"gnista/web"
)

// StandIn takes the place of a provider's own element, app or page where no real money moves.
type StandIn interface {
	// Answer has the customer of an action agree, or not.
	Answer(ctx context.Context, a payment.Action, agree bool) error
}

const (
	// All that does not lead to a page is told so after the same time, so that the time tells nothing either.
	nothingAfter = 100 * time.Millisecond
	formFor      = 15 * time.Minute // after a code of a station's display was scanned
	formBody     = 8 << 10
	exampleWh    = 20_000
	exampleTime  = 30 * time.Minute
	pollEvery    = 5 // seconds, where there are no scripts
)

// spot is an EVSE that somebody has come to by a code, and where the form of its page goes.
type spot struct {
	station gnista.StationID
	evse    int
	action  string
	wish    checkout.Wish
	wished  string // as in addresses
	called  bool   // by what the world calls it, so that the page is elsewhere
}

// offerPage is what somebody sees who has come to an EVSE.
type offerPage struct {
	checkout.Offer
	payFrame
	Action  string
	Prices  []string
	Example gnista.Money // what a charge of 20 kWh in half an hour costs now
	Problem string       // key of a text
	Wish    checkout.Wish
	Company checkout.Company
	Choices []choice
	Said    driver.Answer // what has happened, where the outlet cannot be used
	Place   string        // name of the site; empty is none
	Nearby  []otherOutlet
	Mine    myOffer
}

// Heading is the key of what the outlet is. One that drivers can put right themselves is not called broken.
func (p offerPage) Heading() string {
	if p.Said.Kind == driver.Fixable {
		return "pay-fixable"
	}
	return "pay-" + string(p.Condition)
}

// Look is how it is shown.
func (p offerPage) Look() string {
	if p.Said.Kind == driver.Fixable {
		return string(driver.Fixable)
	}
	return string(p.Condition)
}

// First is the value of the way to pay that is chosen unless another one is.
func (p offerPage) First() string {
	for _, c := range p.Choices {
		for _, x := range c.Picks {
			return x.Value
		}
	}
	return ""
}

// choice is a way to pay with the amounts that there are.
type choice struct {
	checkout.Method
	Name  string
	Picks []pick
}

// pick is one amount of a choice; its value names all of it.
type pick struct {
	Value  string
	Amount gnista.Money
}

// payFrame is what all pages of the payment have around.
type payFrame struct {
	Other   string // address of the page in the other language
	Test    bool
	Seller  billing.Seller
	Support string // phone number; empty is none
	Script  string // of the provider; empty is none
	Drive   string // our own; empty where it is not built
	Reload  int    // seconds after which the page is loaded again where there are no scripts; 0 is never
}

// frame is what a page with an address has around.
func (s *Server) frame(address, l string, test bool) payFrame {
	return payFrame{Other: withLanguage(address, other(l)), Test: test, Seller: s.Invoices.Seller, Support: s.Support, Drive: s.script()}
}

// Call is the address by which a phone calls the support.
func (f payFrame) Call() template.URL {
	return template.URL("tel:" + strings.Map(func(r rune) rune {
		if r == '+' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, f.Support))
}

func (s *Server) payPages(mux *http.ServeMux) {
	rand.Read(s.formKey[:])
	scripts, err := web.Scripts()
	if err != nil {
		panic(err) // it is in the binary
	}
	s.drive.scripts = scripts
	mux.HandleFunc("GET /e/{code}", s.coming(s.byCode, s.showOffer))
	mux.HandleFunc("POST /e/{code}", s.coming(s.byCode, s.open))
	mux.HandleFunc("GET /q/{station}/{evse}", s.coming(s.byDisplay, s.showOffer))
	mux.HandleFunc("POST /q/{station}/{evse}", s.coming(s.byDisplay, s.open))
	mux.HandleFunc("GET /pay/{key}", s.keyed(s.showCheckout))
	mux.HandleFunc("GET /pay/{key}/qr.svg", s.keyed(s.showApp))
	mux.HandleFunc("GET /pay/{key}/live", s.keyed(s.liveCheckout))
	mux.HandleFunc("GET /pay/app.webmanifest", s.app)
	mux.HandleFunc("GET /pay/worker.js", s.worker)
	mux.HandleFunc("GET /find", s.find)
	mux.HandleFunc("POST /pay/{key}/unlock", s.keyed(s.acting(s.unlock)))
	mux.HandleFunc("POST /pay/{key}/mail", s.keyed(s.mailReceipt))
	mux.HandleFunc("POST /pay/{key}/push", s.pushing(s.pushOn))
	mux.HandleFunc("POST /pay/{key}/push/off", s.pushing(s.pushOff))
	mux.HandleFunc("POST /pay/{key}/push/state", s.pushing(s.pushState))
	mux.HandleFunc("POST /pay/{key}/stop", s.keyed(s.acting(s.stop)))
	mux.HandleFunc("POST /pay/{key}/cancel", s.keyed(s.acting(s.cancel)))
	mux.HandleFunc("POST /pay/{key}/rest", s.keyed(s.payRest))
	mux.HandleFunc("POST /pay/{key}/test", s.keyed(s.standIn))
	for _, p := range []string{"/e/", "/q/", "/pay/"} {
		mux.HandleFunc(p, func(w http.ResponseWriter, r *http.Request) { s.nothing(w, r, time.Now()) })
	}
}

// payHeaders are those of all pages of the payment: nothing of them stays anywhere, nothing is loaded from elsewhere
// but by the provider, and its address, which is a secret, is told to nobody.
func payHeaders(w http.ResponseWriter, needs payment.Needs) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy(needs))
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups") // of wallets
}

// policy is the content security policy of a page, with what the element of a provider in it needs.
func policy(n payment.Needs) string {
	ours := "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; style-src 'self'; manifest-src 'self'; worker-src 'self'"
	for _, x := range []struct{ what, more string }{{"script-src 'self'", n.Scripts}, {"connect-src 'self'", n.Connect}, {"img-src 'self'", n.Images}} {
		ours += "; " + strings.TrimSpace(x.what+" "+x.more)
	}
	if n.Frames != "" {
		ours += "; frame-src " + n.Frames
	}
	return ours
}

// nothing tells that there is nothing, whatever the reason, at the same time after the request began.
func (s *Server) nothing(w http.ResponseWriter, r *http.Request, began time.Time) {
	select {
	case <-r.Context().Done():
	case <-time.After(time.Until(began.Add(nothingAfter))):
	}
	s.plain(w, r, http.StatusNotFound, "pay-nothing")
}

// plainPage is a page of one sentence, and perhaps another one.
type plainPage struct {
	payFrame
	Text, More string // keys of texts
}

// plain is a page of one sentence.
func (s *Server) plain(w http.ResponseWriter, r *http.Request, status int, key string) {
	l, q := reader(r), url.Values{}
	if status != http.StatusNotFound { // of which the address tells nothing
		q = r.URL.Query()
	}
	q.Set("lang", other(l))
	p := plainPage{payFrame: s.frame("", l, false), Text: key}
	if p.Other = "?" + q.Encode(); r.Method != http.MethodGet && status != http.StatusNotFound { // there is no such page to go to
		p.Other = ""
	}
	switch key {
	case "pay-nothing":
		p.More = "pay-nothing-more"
	case "pay-later":
		p.More, p.Reload = "pay-later-more", pollEvery
	}
	payHeaders(w, payment.Needs{})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	s.show(w, "nothing.html", l, p)
}

// reader is the language that a page is asked for in.
func reader(r *http.Request) string {
	if l := r.URL.Query().Get("lang"); l == "sv" || l == "en" {
		return l
	}
	return languageOf(r.Header.Get("Accept-Language")).tag
}

// coming leads those who have come by a code.
func (s *Server) coming(find func(*http.Request) (spot, error), then func(http.ResponseWriter, *http.Request, spot)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		if !s.rates.pages.allow(s.client(r), s.Now()) {
			w.Header().Set("Retry-After", "60")
			s.plain(w, r, http.StatusTooManyRequests, "pay-often")
			return
		}
		at, err := find(r)
		switch {
		case err == nil && (at.called || r.Method == http.MethodGet && r.URL.Query().Get("totp") != ""): // which is good once, and the page for a while
			payHeaders(w, payment.Needs{})
			http.Redirect(w, r, at.action, http.StatusSeeOther)
		case err == nil:
			then(w, r, at)
		case gnista.CodeOf(err) == gnista.NotFound:
			s.nothing(w, r, began)
		default:
			s.broken(w, r, err)
		}
	}
}

func (s *Server) broken(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		s.Log.Error("a page of the payment could not be made", "err", err)
	}
	s.plain(w, r, http.StatusServiceUnavailable, "pay-broken")
}

// byCode finds the EVSE of a code, or of what the world calls it.
func (s *Server) byCode(r *http.Request) (spot, error) {
	text := r.PathValue("code")
	code := text
	if !checkout.IsCode(code) {
		code = "" // is looked up all the same
	}
	c, err := s.Codes.Store.FindPayCode(r.Context(), code)
	if err != nil && gnista.CodeOf(err) == gnista.NotFound {
		if c, err = s.codeCalled(r.Context(), text); err == nil {
			to := "/e/" + c.Code
			if l := r.URL.Query().Get("lang"); l != "" {
				to = withLanguage(to, reader(r))
			}
			return spot{action: to, called: true}, nil
		}
	}
	return spot{station: c.Station, evse: c.EVSE, action: "/e/" + code}, err
}

// byDisplay finds the EVSE of a code that a station shows: by its one-time password, or for some time after by
// what was made of that.
func (s *Server) byDisplay(r *http.Request) (spot, error) {
	at := spot{station: gnista.StationID(r.PathValue("station"))}
	none := gnista.Errorf(gnista.NotFound, "there is no such page")
	var err error
	if at.evse, err = strconv.Atoi(r.PathValue("evse")); err != nil || at.evse < 1 || at.evse > 10_000 || len(at.station) > 255 {
		return at, none
	}
	q := r.URL.Query()
	at.wished = checkout.Wished(q)
	if at.wish, err = checkout.Wishes(q, s.Desk.Policy.Currency); err != nil { // before the password is used up
		return at, none
	}
	if pass := q.Get("pass"); pass != "" {
		until, sum, _ := strings.Cut(pass, ".")
		ms, err := strconv.ParseInt(until, 10, 64)
		if err != nil || !hmac.Equal([]byte(sum), []byte(s.pass(at, ms))) || s.Now().UnixMilli() > ms {
			return at, none
		}
		at.action = at.display(pass)
		return at, nil
	}
	if err := s.Dynamic.Check(r.Context(), at.station, at.evse, q.Get("totp")); err != nil {
		return at, err
	}
	until := s.Now().Add(formFor).UnixMilli()
	at.action = at.display(strconv.FormatInt(until, 10) + "." + s.pass(at, until))
	return at, nil
}

func (at spot) display(pass string) string {
	to := "/q/" + url.PathEscape(string(at.station)) + "/" + strconv.Itoa(at.evse) + "?pass=" + url.QueryEscape(pass)
	if at.wished != "" {
		to += "&" + at.wished
	}
	return to
}

// pass is the proof that somebody was at an EVSE.
func (s *Server) pass(at spot, until int64) string {
	m := hmac.New(sha256.New, s.formKey[:])
	fmt.Fprintf(m, "%d %d %s %s", until, at.evse, at.wished, at.station)
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func (s *Server) showOffer(w http.ResponseWriter, r *http.Request, at spot) {
	s.offer(w, r, at, http.StatusOK, "", checkout.Company{})
}

// offer shows what an EVSE offers, with a problem of what was chosen, if there is one.
func (s *Server) offer(w http.ResponseWriter, r *http.Request, at spot, status int, problem string, company checkout.Company) {
	began := time.Now()
	o, err := s.Desk.Offer(r.Context(), at.station, at.evse)
	switch {
	case gnista.CodeOf(err) == gnista.NotFound && err != nil:
		if _, err := s.Network.Store.Station(r.Context(), at.station); err == nil { // it has not told of the EVSE yet
			w.Header().Set("Retry-After", strconv.Itoa(pollEvery))
			s.plain(w, r, http.StatusServiceUnavailable, "pay-later")
			return
		}
		s.nothing(w, r, began)
		return
	case err != nil:
		s.broken(w, r, err)
		return
	}
	l := reader(r)
	p := offerPage{Offer: o, Action: withLanguage(at.action, l), Prices: prices(o, l), Problem: problem, Wish: at.wish, Company: company}
	p.payFrame = s.frame(at.action, l, testMode(o))
	if !o.Condition.Usable() {
		p.Reload = pollEvery * 3
	}
	if err := s.around(r.Context(), &p, l); err != nil {
		s.broken(w, r, err)
		return
	}
	zone, err := s.Sites.Zone(r.Context(), at.station)
	if err == nil {
		plan := tariff.Plan{Start: s.Now(), Charge: []tariff.Stretch{{Length: exampleTime, EnergyMWh: exampleWh * 1000, PowerW: int64(exampleWh * time.Hour / exampleTime), MilliA: int64(exampleWh*time.Hour/exampleTime) * 1000 / volts}}}
		var b tariff.Bill
		if b, err = plan.Bill(o.Version, zone); err == nil {
			p.Example = b.Total
		}
	}
	if err != nil {
		s.broken(w, r, err)
		return
	}
	if p.Mine, err = s.myOfferAt(r, at, l); err != nil {
		s.broken(w, r, err)
		return
	}
	for i, a := range p.Mine.Accounts {
		if slices.Equal(a.Prices, p.Prices) { // they are on the page already
			p.Mine.Accounts[i].Prices = nil
		}
	}
	for _, m := range o.Methods {
		c := choice{Method: m, Name: m.Words[l]}
		for _, a := range m.Amounts {
			c.Picks = append(c.Picks, pick{value(m, a), a})
		}
		p.Choices = append(p.Choices, c)
	}
	s.payPage(w, "offer.html", l, payment.Needs{}, status, p)
}

// value is what a form says of a method and an amount.
func value(m checkout.Method, a gnista.Money) string {
	return fmt.Sprintf("%s %s %d %s", m.Provider, m.Way, a.Amount, a.Currency)
}

func withLanguage(address, l string) string {
	if strings.Contains(address, "?") {
		return address + "&lang=" + l
	}
	return address + "?lang=" + l
}

func other(l string) string {
	if l == "sv" {
		return "en"
	}
	return "sv"
}

// payPage writes a page whole or not at all.
func (s *Server) payPage(w http.ResponseWriter, name, l string, needs payment.Needs, status int, data any) {
	s.payPageWith(w, name, l, needs, status, data, func(http.Header) {})
}

// payPageWith is [Server.payPage] with other headers.
func (s *Server) payPageWith(w http.ResponseWriter, name, l string, needs payment.Needs, status int, data any, change func(http.Header)) {
	var b bytes.Buffer
	s.show(&b, name, l, data)
	payHeaders(w, needs)
	change(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", l)
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// open opens a checkout with what was chosen. The amount is one of the offer's, whatever the form says.
func (s *Server) open(w http.ResponseWriter, r *http.Request, at spot) {
	if !s.rates.openings.allow(s.client(r), s.Now()) || !s.rates.evses.allow(fmt.Sprintf("%d %s", at.evse, at.station), s.Now()) {
		w.Header().Set("Retry-After", "60")
		s.plain(w, r, http.StatusTooManyRequests, "pay-often")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, formBody)
	if err := r.ParseForm(); err != nil {
		s.plain(w, r, http.StatusBadRequest, "pay-broken")
		return
	}
	l := reader(r)
	form := func(name string) string {
		return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(r.PostFormValue(name), "\x00", ""), ""))
	}
	company := checkout.Company{Name: form("name"), VATNumber: form("vat"), Reference: form("reference")}
	o, err := s.Desk.Offer(r.Context(), at.station, at.evse)
	if err != nil {
		s.offer(w, r, at, http.StatusConflict, "", company)
		return
	}
	q := checkout.Request{Station: at.station, EVSE: at.evse, Tariff: form("tariff"), Language: l, Wish: at.wish}
	if company != (checkout.Company{}) {
		q.Company = &company
	}
	chosen := o.Gratis
	for _, m := range o.Methods {
		for _, a := range m.Amounts {
			if !chosen && value(m, a) == form("choice") {
				q.Provider, q.Way, q.Amount, chosen = m.Provider, m.Way, a, true
			}
		}
	}
	if !chosen {
		s.offer(w, r, at, http.StatusUnprocessableEntity, "pay-choose", company)
		return
	}
	c, err := s.Desk.Open(r.Context(), q)
	switch gnista.CodeOf(err) {
	case gnista.Conflict, gnista.Offline:
		problem := "pay-taken"
		if q.Tariff != "" && o.Version.ID != q.Tariff {
			problem = "pay-price-changed"
		}
		s.offer(w, r, at, http.StatusConflict, problem, company)
		return
	case gnista.Invalid:
		s.offer(w, r, at, http.StatusUnprocessableEntity, "pay-company-wrong", company)
		return
	}
	if err != nil {
		s.broken(w, r, err)
		return
	}
	payHeaders(w, payment.Needs{})
	http.Redirect(w, r, withLanguage("/pay/"+c.Key, l), http.StatusSeeOther)
}

// around adds where the EVSE of an offer is, and, where it cannot be used, what has happened and what is free nearby.
func (s *Server) around(ctx context.Context, p *offerPage, l string) error {
	x, err := s.Network.Store.Station(ctx, p.Station)
	if err != nil {
		return err
	}
	if x.Site != "" {
		site, err := s.Sites.Store.Site(ctx, x.Site)
		if err != nil && gnista.CodeOf(err) != gnista.NotFound {
			return err
		}
		p.Place = site.Name
	}
	if p.Condition.Usable() {
		return nil
	}
	if p.Said, err = s.Drivers.Outlet(ctx, p.Station, p.EVSE, s.voice(fault.Language(l))); err != nil {
		return err
	}
	p.Nearby = s.nearby(ctx, p.Said.Others, l)
	if p.Said.Kind == driver.Ready { // nothing is wrong with it: somebody else is about to charge there
		p.Said = driver.Answer{}
	}
	return nil
}
