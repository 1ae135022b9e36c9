package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"gnista"
	"gnista/account/member"
	"gnista/payment"
	"gnista/tariff"
)

// cardsPage are a driver's cards.
type cardsPage struct {
	myFrame
	Cards    []shownCard
	Accounts []accountView
}

// shownCard is a card with what its form says.
type shownCard struct {
	myCard
	KWh, Amount, Sessions string // the limits of a month; empty is none
	Currency              string
	Of                    string // whose account pays, where there are several
}

func (s *Server) myCardPages(mux *http.ServeMux) {
	mux.HandleFunc("GET /my/cards", s.mine(s.showCards))
	mux.HandleFunc("POST /my/cards/{id}", s.mine(s.changeCardPage))
	mux.HandleFunc("GET /my/cards/new", s.mine(s.showTapPage))
	mux.HandleFunc("POST /my/cards/new", s.mine(s.doTap))
	mux.HandleFunc("GET /my/pay", s.mine(s.showMandates))
	mux.HandleFunc("POST /my/pay", s.mine(s.askMandatePage))
	mux.HandleFunc("POST /my/pay/{id}/test", s.mine(s.testMandate))
	mux.HandleFunc("POST /my/pay/{id}/remove", s.mine(func(w http.ResponseWriter, r *http.Request, d holder) {
		_, err := s.revokeMine(r.Context(), d, r.PathValue("id"))
		s.back(w, r, myPath+"/pay", "my-done-pay-removed", "my-problem-pay", err)
	}))
}

func (s *Server) showCards(w http.ResponseWriter, r *http.Request, d holder) {
	f, l := s.myPageFrame(r, d, "cards")
	p := cardsPage{myFrame: f}
	list, err := s.tokensOf(r.Context(), d)
	var me myAccount
	if err == nil {
		me, err = s.showMe(r.Context(), d)
	}
	if err != nil {
		s.broken(w, r, err)
		return
	}
	p.Accounts = me.Accounts
	for _, k := range list {
		c := shownCard{myCard: s.showMyCard(k)}
		for _, a := range me.Accounts {
			if a.ID == k.Account {
				c.Currency = a.Currency
				if len(me.Accounts) > 1 {
					c.Of = a.Name
				}
			}
		}
		if x := k.Limits.MonthWh; x > 0 {
			c.KWh = strconv.FormatFloat(float64(x)/1000, 'f', -1, 64)
		}
		if x := k.Limits.MonthAmount; x > 0 {
			digits, err := tariff.Digits(k.Limits.Currency)
			if err != nil {
				digits = 2
			}
			c.Amount, c.Currency = strings.TrimSuffix(decimals(x, digits), "."+strings.Repeat("0", digits)), k.Limits.Currency
		}
		if x := k.Limits.MonthSessions; x > 0 {
			c.Sessions = strconv.Itoa(x)
		}
		p.Cards = append(p.Cards, c)
	}
	s.myPage(w, "my-cards.html", l, payment.Needs{}, http.StatusOK, p)
}

// minorUnits reads an amount as people write it. Invalid.
func minorUnits(text string, digits int) (int64, error) {
	text = strings.NewReplacer(",", ".", " ", "", "\u00a0", "").Replace(text)
	if text == "" {
		return 0, nil
	}
	whole, part, _ := strings.Cut(text, ".")
	if len(part) > digits {
		if strings.Trim(part[digits:], "0") != "" {
			return 0, gnista.Invalidf("limits", "has more digits than there are")
		}
		part = part[:digits]
	}
	n, err := strconv.ParseInt(whole+part+strings.Repeat("0", digits-len(part)), 10, 64)
	if err != nil || n < 0 || whole == "" || strings.ContainsAny(text, "+-") {
		return 0, gnista.Invalidf("limits", "%q is no number", text)
	}
	return n, nil
}

// monthLimits reads the limits of a month from a form; what it does not tell of stays.
func (s *Server) monthLimits(ctx context.Context, d holder, id string, r *http.Request) (*limitsView, error) {
	k, err := s.tokenOf(ctx, d, id)
	if err != nil {
		return nil, err
	}
	a, err := s.accountOf(ctx, d, k.Account)
	if err != nil {
		return nil, err
	}
	x := k.Limits
	if x.Currency == "" {
		x.Currency = a.Currency
	}
	digits, err := tariff.Digits(x.Currency)
	if err != nil {
		return nil, err
	}
	if x.MonthWh, err = minorUnits(said(r, "kwh"), 3); err != nil {
		return nil, err
	}
	if x.MonthAmount, err = minorUnits(said(r, "amount"), digits); err != nil {
		return nil, err
	}
	sessions, err := minorUnits(said(r, "sessions"), 0)
	if err != nil || sessions > 1_000_000 {
		return nil, gnista.Invalidf("limits", "sessions are no number")
	}
	x.MonthSessions = int(sessions)
	if v := showLimits(x); v != nil {
		return v, nil
	}
	return &limitsView{}, nil
}

func (s *Server) changeCardPage(w http.ResponseWriter, r *http.Request, d holder) {
	id, yes, no := r.PathValue("id"), true, false
	var err error
	done, wrong := "my-done-card", "my-problem-card"
	switch said(r, "do") {
	case "save":
		name := said(r, "name")
		c := myCardChange{}
		if r.PostForm.Has("name") {
			c.Name = &name
		}
		if c.Limits, err = s.monthLimits(r.Context(), d, id, r); err == nil {
			_, err = s.changeCard(r.Context(), d, id, c)
		}
		if gnista.CodeOf(err) == gnista.Invalid {
			wrong = "my-problem-limits"
		}
	case "block":
		_, err = s.changeCard(r.Context(), d, id, myCardChange{Blocked: &yes})
		done = "my-done-blocked"
	case "unblock":
		_, err = s.changeCard(r.Context(), d, id, myCardChange{Blocked: &no})
		done, wrong = "my-done-unblocked", "my-problem-unblock"
	case "remove":
		err = s.dropCard(r.Context(), d, id)
		done, wrong = "my-done-removed", "my-problem-remove"
	default:
		err = gnista.Invalidf("do", "is nothing that can be done")
	}
	s.back(w, r, myPath+"/cards", done, wrong, err)
}

// tapPage is what somebody sees who adds a card.
type tapPage struct {
	myFrame
	tapView
	Accounts []accountView
	Station  string // that was named
	Began    bool
}

func (s *Server) showTapPage(w http.ResponseWriter, r *http.Request, d holder) {
	f, l := s.myPageFrame(r, d, "cards")
	p := tapPage{myFrame: f, Station: r.URL.Query().Get("station")}
	me, err := s.showMe(r.Context(), d)
	p.Accounts = me.Accounts
	if err == nil {
		var t member.Seen
		t, err = s.Members.Tap(r.Context(), d.ID)
		if err != nil && gnista.CodeOf(err) == gnista.NotFound {
			err = nil
		} else if err == nil {
			p.tapView, p.Began, p.Station = showTap(t), true, string(t.Station)
			if t.State == member.TapWaiting || t.State == member.TapAgain {
				p.Reload = 2
			}
		}
	}
	if err != nil {
		s.broken(w, r, err)
		return
	}
	s.myPage(w, "my-tap.html", l, payment.Needs{}, http.StatusOK, p)
}

func (s *Server) doTap(w http.ResponseWriter, r *http.Request, d holder) {
	const page = myPath + "/cards/new"
	var err error
	wrong := "my-problem-tap"
	switch said(r, "do") {
	case "open":
		_, err = s.openTap(r.Context(), d, said(r, "station"), said(r, "account"))
		switch gnista.CodeOf(err) {
		case gnista.NotFound:
			wrong = "my-problem-station"
		case gnista.Offline:
			wrong = "my-problem-offline"
		case gnista.Conflict:
			wrong = "my-problem-tap-other"
		}
	case "mine":
		_, err = s.Members.Mine(r.Context(), d.ID, said(r, "card"))
	case "add":
		if _, err = s.Members.Add(r.Context(), d.ID, said(r, "name")); err == nil {
			s.back(w, r, myPath+"/cards", "my-done-added", "", nil)
			return
		}
	case "end":
		err = s.Members.Store.EndTap(r.Context(), d.ID)
	default:
		err = gnista.Invalidf("do", "is nothing that can be done")
	}
	s.back(w, r, page, "", wrong, err)
}

// mandatePage are the cards that a driver pays by.
type mandatePage struct {
	myFrame
	List     []payment.Mandate
	Accounts []accountView // that can have one
	Can      bool
	Asked    payment.Mandate
	Ask      asking
}

func (s *Server) payFrameOf(r *http.Request, d holder) (mandatePage, string, error) {
	f, l := s.myPageFrame(r, d, "pay")
	p := mandatePage{myFrame: f, Can: s.keeper() != ""}
	list, err := s.mandatesOf(r.Context(), d, false)
	if err != nil {
		return p, l, err
	}
	p.List = list
	me, err := s.showMe(r.Context(), d)
	for _, a := range me.Accounts {
		if a.Kind == "postpaid" && !a.Blocked {
			p.Accounts = append(p.Accounts, a)
		}
	}
	return p, l, err
}

func (s *Server) showMandates(w http.ResponseWriter, r *http.Request, d holder) {
	if id := r.URL.Query().Get("given"); id != "" { // whoever comes back has given it or not, and the provider may be slower to say so
		if _, err := s.mandateOf(r.Context(), d, id); err != nil && gnista.CodeOf(err) == gnista.Internal {
			s.Log.Warn("a card on file could not be read when its driver came back", "mandate", id, "err", err)
		}
	}
	p, l, err := s.payFrameOf(r, d)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	s.myPage(w, "my-pay.html", l, payment.Needs{}, http.StatusOK, p)
}

func (s *Server) askMandatePage(w http.ResponseWriter, r *http.Request, d holder) {
	l := tongue(r, d)
	m, action, err := s.askMandate(r.Context(), d, said(r, "account"), l)
	if err != nil {
		if gnista.CodeOf(err) == gnista.Internal || gnista.CodeOf(err) == gnista.Timeout {
			s.Log.Warn("a driver could not be asked for a card", "err", err)
			err = gnista.Errorf(gnista.Conflict, "the provider did not answer")
		}
		s.back(w, r, myPath+"/pay", "", "my-problem-pay", err)
		return
	}
	p, _, err := s.payFrameOf(r, d)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	_, stands := s.StandIns[m.Provider]
	p.Asked = m
	p.Ask = asking{Action: action, Path: myPath + "/pay/" + m.ID, Return: s.base() + myPath + "/pay?given=" + m.ID, Provider: m.Provider, StandIn: stands}
	var needs payment.Needs
	if p.Ask.Element() {
		needs = action.Needs
		p.Script = needs.Script
	}
	s.myPage(w, "my-pay.html", l, needs, http.StatusOK, p)
}

// testMandate does what a driver would do in the provider's element, where no real money moves.
func (s *Server) testMandate(w http.ResponseWriter, r *http.Request, d holder) {
	m, err := s.mandateOf(r.Context(), d, r.PathValue("id"))
	if err == nil {
		by, ok := s.StandIns[m.Provider]
		if !ok {
			err = gnista.Errorf(gnista.NotFound, "nobody stands in")
		} else {
			err = by.Answer(r.Context(), payment.Action{Kind: payment.ActElement, Text: said(r, "secret")}, said(r, "agree") == "yes")
		}
	}
	done := ""
	if err == nil {
		if m, err = s.mandateOf(r.Context(), d, m.ID); m.State == payment.MandateActive {
			done = "my-done-pay"
		}
	}
	s.back(w, r, myPath+"/pay", done, "my-problem-pay", err)
}
