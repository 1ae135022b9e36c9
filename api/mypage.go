package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"gnista"
	"gnista/account"
	"gnista/account/member"
	"gnista/billing"
	"gnista/payment"
	"gnista/station"
	"gnista/tariff"
)

// myFrame is what all pages of a driver's account have around.
type myFrame struct {
	payFrame
	Who     account.Customer // zero: nobody has signed in
	Tab     string
	Problem string // key of a text
	Done    string // likewise
}

func (s *Server) myPages(mux *http.ServeMux) {
	mux.HandleFunc("GET /my", s.mine(s.showMy))
	mux.HandleFunc("GET /my/sign-in", s.anybody(s.showMySignIn))
	mux.HandleFunc("POST /my/sign-in", s.anybody(s.doMySignIn))
	mux.HandleFunc("GET /my/link/{secret}", s.anybody(s.showLink))
	mux.HandleFunc("POST /my/link/{secret}", s.anybody(s.useLink))
	mux.HandleFunc("POST /my/sign-out", s.anybody(s.signMyOut))
	mux.HandleFunc("POST /my/sign-out-everywhere", s.mine(func(w http.ResponseWriter, r *http.Request, d holder) {
		if err := s.Members.Store.EndDriverSessions(r.Context(), d.ID, ""); err != nil {
			s.broken(w, r, err)
			return
		}
		s.signMyOut(w, r)
	}))
	mux.HandleFunc("POST /my/start", s.mine(s.startPage))
	mux.HandleFunc("POST /my/charging/{id}/stop", s.mine(func(w http.ResponseWriter, r *http.Request, d holder) {
		a, err := s.stopMine(r.Context(), d, r.PathValue("id"))
		if err == nil && a.Status != station.Done {
			err = gnista.Errorf(gnista.Conflict, "the station refused")
		}
		s.back(w, r, myPath, "my-done-stop", "my-problem-stop", err)
	}))
	mux.HandleFunc("GET /my/history", s.mine(s.showHistory))
	mux.HandleFunc("GET /my/history.csv", s.mine(func(w http.ResponseWriter, r *http.Request, d holder) {
		text, err := s.historyCSV(r.Context(), d)
		s.download(w, r, "charges.csv", "text/csv; charset=utf-8", text, err)
	}))
	s.myCardPages(mux)
	s.mySettingPages(mux)
	mux.HandleFunc(myPath+"/", func(w http.ResponseWriter, r *http.Request) { s.nothing(w, r, time.Now()) })
}

// myHeaders are those of the pages of drivers' accounts. Forms say where they come from, so that others' are refused.
func myHeaders(w http.ResponseWriter, needs payment.Needs) {
	payHeaders(w, needs)
	w.Header().Set("Referrer-Policy", "same-origin")
}

// myPage writes a page whole or not at all.
func (s *Server) myPage(w http.ResponseWriter, name, l string, needs payment.Needs, status int, data any) {
	var b strings.Builder
	s.show(&b, name, l, data)
	myHeaders(w, needs)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", l)
	w.WriteHeader(status)
	w.Write([]byte(b.String()))
}

// anybody lets everybody through who does not come too often, with the form read.
func (s *Server) anybody(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.rates.pages.allow(s.client(r), s.Now()) {
			w.Header().Set("Retry-After", "60")
			s.plain(w, r, http.StatusTooManyRequests, "pay-often")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, formBody)
		if err := r.ParseForm(); err != nil {
			s.plain(w, r, http.StatusBadRequest, "pay-broken")
			return
		}
		next(w, r)
	}
}

// mine lets drivers through, and leads others to where they sign in.
func (s *Server) mine(then func(http.ResponseWriter, *http.Request, holder)) http.HandlerFunc {
	return s.anybody(func(w http.ResponseWriter, r *http.Request) {
		d, ok, err := s.driverIn(r)
		switch {
		case err != nil:
			s.broken(w, r, err)
		case !ok && r.Method == http.MethodGet:
			myHeaders(w, payment.Needs{})
			http.Redirect(w, r, myPath+"/sign-in?to="+url.QueryEscape(homeward(r.URL.RequestURI())), http.StatusSeeOther)
		case !ok:
			myHeaders(w, payment.Needs{})
			http.Redirect(w, r, myPath+"/sign-in", http.StatusSeeOther)
		default:
			then(w, r, d)
		}
	})
}

// tongue is the language of a driver's pages.
func tongue(r *http.Request, d holder) string {
	primary, _, _ := strings.Cut(strings.ToLower(d.Language), "-")
	if primary != "sv" && primary != "en" {
		primary = reader(r)
	}
	return langOr(r, primary)
}

// myPageFrame is the frame of a page. What it is told to say by its address is only what pages have words for.
func (s *Server) myPageFrame(r *http.Request, d holder, tab string) (myFrame, string) {
	l, q := tongue(r, d), r.URL.Query()
	f := myFrame{Who: d.Customer, Tab: tab, Problem: q.Get("problem"), Done: q.Get("done")}
	if _, ok := myEnglish[f.Problem]; !ok || !strings.HasPrefix(f.Problem, "my-problem-") {
		f.Problem = ""
	}
	if _, ok := myEnglish[f.Done]; !ok || !strings.HasPrefix(f.Done, "my-done-") {
		f.Done = ""
	}
	other := url.Values{"lang": {other(l)}}
	if to := q.Get("to"); to != "" && r.URL.Path == myPath+"/sign-in" { // no page with what is a driver's own repeats what it was asked
		other.Set("to", homeward(to))
	}
	f.payFrame = payFrame{Other: r.URL.EscapedPath() + "?" + other.Encode(), Test: s.Members.Shown, Seller: s.Invoices.Seller, Support: s.Support}
	return f, l
}

// back leads back to a page, which tells what came of it.
func (s *Server) back(w http.ResponseWriter, r *http.Request, to, done, wrong string, err error) {
	q := url.Values{}
	switch code := gnista.CodeOf(err); {
	case err == nil && done != "":
		q.Set("done", done)
	case err == nil:
	case code == gnista.Internal && !isTooOften(err):
		s.broken(w, r, err)
		return
	case isTooOften(err):
		q.Set("problem", "my-problem-often")
	default:
		q.Set("problem", wrong)
	}
	if l := r.URL.Query().Get("lang"); l != "" {
		q.Set("lang", reader(r))
	}
	if len(q) > 0 {
		to += "?" + q.Encode()
	}
	myHeaders(w, payment.Needs{})
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// download answers with a file.
func (s *Server) download(w http.ResponseWriter, r *http.Request, name, kind string, text []byte, err error) {
	if err != nil {
		s.broken(w, r, err)
		return
	}
	myHeaders(w, payment.Needs{})
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Write(text)
}

func said(r *http.Request, name string) string {
	return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(r.PostFormValue(name), "\x00", ""), ""))
}

// mySignInPage is what somebody sees who signs in.
type mySignInPage struct {
	myFrame
	To, Email string
	Open, New bool   // somebody can sign in at all, and somebody new
	Sent      bool   // a link was sent
	Link      string // the path of it, in test mode
	Minutes   int
}

func (s *Server) signInFrame(r *http.Request) (mySignInPage, string) {
	f, l := s.myPageFrame(r, holder{}, "")
	return mySignInPage{myFrame: f, Open: s.Members.Open(), New: s.Members.SignUp != nil, Minutes: int(member.LinkFor / time.Minute)}, l
}

func (s *Server) showMySignIn(w http.ResponseWriter, r *http.Request) {
	p, l := s.signInFrame(r)
	p.To = homeward(r.URL.Query().Get("to"))
	s.myPage(w, "my-signin.html", l, payment.Needs{}, http.StatusOK, p)
}

func (s *Server) doMySignIn(w http.ResponseWriter, r *http.Request) {
	p, l := s.signInFrame(r)
	p.To, p.Email = homeward(said(r, "to")), said(r, "email")
	link, err := s.askLink(r, p.Email, l, p.To)
	status := http.StatusOK
	switch {
	case err == nil:
		p.Sent, p.Link = true, link
	case isTooOften(err):
		status, p.Problem = http.StatusTooManyRequests, "my-problem-often"
		w.Header().Set("Retry-After", "240")
	case gnista.CodeOf(err) == gnista.Invalid:
		status, p.Problem = http.StatusUnprocessableEntity, "my-problem-email"
	default:
		s.Log.Error("a driver could not be sent a link", "err", err)
		status, p.Problem = http.StatusServiceUnavailable, "my-problem-mail"
	}
	s.myPage(w, "my-signin.html", l, payment.Needs{}, status, p)
}

// linkPage is what somebody sees who has opened a link: it is used up by the button only.
type linkPage struct {
	myFrame
	member.Offered
	Path   string
	Name   string
	Signed string // the address by which somebody else has signed in here
}

func (s *Server) linkOf(r *http.Request, o member.Offered) (linkPage, string) {
	d, _, _ := s.driverIn(r)
	f, l := s.myPageFrame(r, holder{}, "")
	p := linkPage{myFrame: f, Offered: o, Path: withLanguage(r.URL.EscapedPath(), l), Name: said(r, "name")}
	if d.ID != "" && member.Address(d.Email) != o.Email && o.Purpose == member.ToSignIn {
		p.Signed = d.Email
	}
	return p, l
}

func (s *Server) showLink(w http.ResponseWriter, r *http.Request) {
	o, err := s.lookLink(r, r.PathValue("secret"))
	if err != nil {
		s.noLink(w, r, err)
		return
	}
	p, l := s.linkOf(r, o)
	s.myPage(w, "my-link.html", l, payment.Needs{}, http.StatusOK, p)
}

func (s *Server) noLink(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case isTooOften(err):
		w.Header().Set("Retry-After", "60")
		s.plain(w, r, http.StatusTooManyRequests, "pay-often")
	case gnista.CodeOf(err) == gnista.NotFound:
		p, l := s.signInFrame(r)
		p.Problem, p.To = "my-problem-link", myPath
		s.myPage(w, "my-signin.html", l, payment.Needs{}, http.StatusNotFound, p)
	default:
		s.broken(w, r, err)
	}
}

func (s *Server) useLink(w http.ResponseWriter, r *http.Request) {
	secret := r.PathValue("secret")
	c, who, link, err := s.enter(r, secret, member.Entry{Customer: said(r, "customer"), Name: said(r, "name")})
	switch {
	case err == nil:
		http.SetCookie(w, c)
		to := homeward(link.To)
		if link.Purpose == member.ToChangeEmail {
			to = myPath + "/settings?done=my-done-email"
		}
		if x := r.URL.Query().Get("lang"); who.Language == "" && x != "" && !strings.Contains(to, "?") {
			to = withLanguage(to, reader(r))
		}
		myHeaders(w, payment.Needs{})
		http.Redirect(w, r, to, http.StatusSeeOther)
	case gnista.CodeOf(err) == gnista.Invalid:
		o, late := s.lookLink(r, secret)
		if late != nil {
			s.noLink(w, r, late)
			return
		}
		p, l := s.linkOf(r, o)
		p.Problem = "my-problem-name"
		if len(o.Customers) > 0 {
			p.Problem = "my-problem-choose"
		}
		s.myPage(w, "my-link.html", l, payment.Needs{}, http.StatusUnprocessableEntity, p)
	default:
		s.noLink(w, r, err)
	}
}

func (s *Server) signMyOut(w http.ResponseWriter, r *http.Request) {
	s.leave(r)
	http.SetCookie(w, s.cookie(r, mySuffix, "", time.Unix(1, 0)))
	s.back(w, r, myPath+"/sign-in", "my-done-out", "", nil)
}

// myHome is the first page of a driver.
type myHome struct {
	myFrame
	Now      []myCharge
	Accounts []accountView
	Mandates []payment.Mandate
	Recent   []myRecord
	Keeper   bool // a card can be given to pay by
	Invoiced bool // an account is paid by invoice, as it has no card
}

func (s *Server) showMy(w http.ResponseWriter, r *http.Request, d holder) {
	f, l := s.myPageFrame(r, d, "home")
	p := myHome{myFrame: f, Keeper: s.keeper() != ""}
	p.Reload = pollEvery
	ctx := r.Context()
	var err error
	if p.Now, err = s.nowOf(ctx, d); err == nil {
		var me myAccount
		me, err = s.showMe(ctx, d)
		p.Accounts = me.Accounts
	}
	if err == nil {
		p.Mandates, err = s.mandatesOf(ctx, d, false)
	}
	var list []billing.Record
	if err == nil {
		list, err = s.recordsOf(ctx, d, 0, 3)
	}
	if err != nil {
		s.broken(w, r, err)
		return
	}
	for _, x := range list {
		p.Recent = append(p.Recent, showMyRecord(x))
	}
	for _, a := range p.Accounts {
		paid := slices.ContainsFunc(p.Mandates, func(m payment.Mandate) bool { return m.Account == a.ID && m.State == payment.MandateActive })
		p.Invoiced = p.Invoiced || a.Kind == account.Postpaid && !paid
	}
	s.myPage(w, "my.html", l, payment.Needs{}, http.StatusOK, p)
}

const shownHistory = 25

type historyPage struct {
	myFrame
	List []myRecord
	More string // address of the next page; empty is none
}

func (s *Server) showHistory(w http.ResponseWriter, r *http.Request, d holder) {
	f, l := s.myPageFrame(r, d, "history")
	before, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	list, err := s.recordsOf(r.Context(), d, before, shownHistory)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	p := historyPage{myFrame: f}
	for _, x := range list {
		p.List = append(p.List, showMyRecord(x))
	}
	if n := len(list); n == shownHistory {
		p.More = myPath + "/history?before=" + strconv.FormatInt(list[n-1].Number, 10)
	}
	s.myPage(w, "my-history.html", l, payment.Needs{}, http.StatusOK, p)
}

// startPage begins to charge for an account, as the page of an outlet asks for.
func (s *Server) startPage(w http.ResponseWriter, r *http.Request, d holder) {
	evse, err := strconv.Atoi(said(r, "evse"))
	if err != nil || evse < 1 || evse > 10_000 {
		s.plain(w, r, http.StatusBadRequest, "pay-broken")
		return
	}
	id, of, wrong := gnista.StationID(said(r, "station")), said(r, "account"), "my-problem-start"
	err = s.samePrice(r.Context(), d, id, evse, of, said(r, "tariff"))
	if err != nil {
		wrong = "my-problem-price"
	} else {
		var a station.Answer
		a, err = s.startMine(r.Context(), d, id, evse, of)
		switch code := gnista.CodeOf(err); {
		case err == nil && a.Status != station.Done:
			err = gnista.Errorf(gnista.Conflict, "the station refused")
		case code == gnista.Offline || code == gnista.Timeout:
			wrong = "my-problem-offline"
		case code == gnista.Conflict:
			wrong = "my-problem-may-not"
		}
	}
	s.back(w, r, myPath, "my-done-start", wrong, err)
}

// myOffer is what an outlet offers to who has an account.
type myOffer struct {
	SignIn   string // address to sign in at; empty where nobody can
	Who      string
	Accounts []myOffered
}

type myOffered struct {
	ID, Name string
	Kind     account.Kind
	Tariff   string
	Prices   []string
	Left     *gnista.Money
	Card     string // that it pays by
	Blocked  bool
}

// myOfferAt is what an outlet offers to the driver who looks at it.
func (s *Server) myOfferAt(r *http.Request, at spot, l string) (o myOffer, err error) {
	d, ok, err := s.driverIn(r)
	if err != nil || !ok {
		if s.Members.Open() {
			o.SignIn = withLanguage(myPath+"/sign-in?to="+url.QueryEscape(at.action), l)
		}
		return o, err
	}
	ctx := r.Context()
	o.Who = d.Name
	mandates, err := s.mandatesOf(ctx, d, false)
	if err != nil {
		return o, err
	}
	list, err := s.accountsOf(ctx, d)
	for _, a := range list {
		x := myOffered{ID: a.ID, Name: a.Name, Kind: a.Kind, Blocked: a.Blocked}
		for _, m := range mandates {
			if m.Account == a.ID && m.State == payment.MandateActive {
				x.Card = m.Label
			}
		}
		if !a.Blocked {
			if err := s.offered(ctx, a, at, l, &x); err != nil {
				return o, err
			}
		}
		o.Accounts = append(o.Accounts, x)
	}
	return o, err
}

// offered adds what an account pays at an outlet, and what it has left.
func (s *Server) offered(ctx context.Context, a account.Account, at spot, l string, x *myOffered) error {
	p, err := s.myPrice(ctx, a, at.station, at.evse)
	if err != nil {
		if gnista.CodeOf(err) == gnista.NotFound {
			x.Blocked = true // without a tariff nobody can be told what it costs
			return nil
		}
		return err
	}
	x.Tariff, x.Prices = p.Version.ID, strings.Split(p.Text(tariff.Language(l)), "; ")
	v, err := s.balanced(ctx, a)
	if err == nil && a.Kind == account.Prepaid {
		x.Left = v.Balance.Available
	}
	return err
}
