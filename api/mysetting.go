package api

import (
	"encoding/json"
	"net/http"
	"time"

	"gnista"
	"gnista/account"
	"gnista/account/member"
	"gnista/payment"
)

// settingsPage is what drivers say of themselves.
type settingsPage struct {
	myFrame
	Me       account.Customer
	Sessions []member.Session
	This     string // id of the session
	Open     bool   // mails can be sent
	Sent     string // the address that a link was sent to
	Link     string // its path, in test mode
	Minutes  int
	Keep     keeping // why the account cannot be deleted yet
}

func (s *Server) mySettingPages(mux *http.ServeMux) {
	mux.HandleFunc("GET /my/settings", s.mine(func(w http.ResponseWriter, r *http.Request, d holder) {
		s.settingsPage(w, r, d, http.StatusOK, func(*settingsPage) {})
	}))
	mux.HandleFunc("POST /my/settings", s.mine(func(w http.ResponseWriter, r *http.Request, d holder) {
		name, l := said(r, "name"), said(r, "language")
		address := account.Address{Street: said(r, "street"), PostalCode: said(r, "postalCode"), City: said(r, "city"), Country: d.Address.Country}
		if l != "sv" && l != "en" {
			l = tongue(r, d)
		}
		_, err := s.changeMe(r.Context(), d, myChange{Name: &name, Language: &l, Address: &address})
		r.URL.RawQuery = "" // the language is the chosen one from now on
		s.back(w, r, myPath+"/settings", "my-done-saved", "my-problem-saved", err)
	}))
	mux.HandleFunc("POST /my/email", s.mine(s.moveEmail))
	mux.HandleFunc("GET /my/export", s.mine(func(w http.ResponseWriter, r *http.Request, d holder) {
		v, err := s.exportOf(r.Context(), d)
		var text []byte
		if err == nil {
			text, err = json.MarshalIndent(v, "", "  ")
		}
		s.download(w, r, "my-data.json", "application/json", text, err)
	}))
	mux.HandleFunc("POST /my/sessions/{id}/end", s.mine(func(w http.ResponseWriter, r *http.Request, d holder) {
		err := s.Members.Store.EndDriverSession(r.Context(), d.ID, r.PathValue("id"))
		s.back(w, r, myPath+"/settings", "my-done-session", "my-problem-session", err)
	}))
	mux.HandleFunc("GET /my/delete", s.mine(func(w http.ResponseWriter, r *http.Request, d holder) {
		f, l := s.myPageFrame(r, d, "settings")
		why, err := s.keeps(r.Context(), d)
		if err != nil {
			s.broken(w, r, err)
			return
		}
		s.myPage(w, "my-delete.html", l, payment.Needs{}, http.StatusOK, settingsPage{myFrame: f, Me: d.Customer, Keep: why})
	}))
	mux.HandleFunc("POST /my/delete", s.mine(s.deleteMe))
}

func (s *Server) settingsPage(w http.ResponseWriter, r *http.Request, d holder, status int, change func(*settingsPage)) {
	f, l := s.myPageFrame(r, d, "settings")
	list, err := s.Members.Store.DriverSessions(r.Context(), d.ID)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	p := settingsPage{myFrame: f, Me: d.Customer, Sessions: list, This: d.session.ID, Open: s.Members.Open(), Minutes: int(member.LinkFor / time.Minute)}
	p.Other = myPath + "/settings?lang=" + other(l)
	change(&p)
	s.myPage(w, "my-settings.html", l, payment.Needs{}, status, p)
}

func (s *Server) moveEmail(w http.ResponseWriter, r *http.Request, d holder) {
	email := said(r, "email")
	link, err := s.moveMe(r, d, email, tongue(r, d))
	switch {
	case err == nil:
		s.settingsPage(w, r, d, http.StatusOK, func(p *settingsPage) { p.Sent, p.Link = email, link })
	case isTooOften(err):
		s.settingsPage(w, r, d, http.StatusTooManyRequests, func(p *settingsPage) { p.Problem = "my-problem-often" })
	case gnista.CodeOf(err) == gnista.Invalid:
		s.settingsPage(w, r, d, http.StatusUnprocessableEntity, func(p *settingsPage) { p.Problem = "my-problem-email" })
	default:
		s.Log.Error("a driver could not be sent a link", "err", err)
		s.settingsPage(w, r, d, http.StatusServiceUnavailable, func(p *settingsPage) { p.Problem = "my-problem-mail" })
	}
}

func (s *Server) deleteMe(w http.ResponseWriter, r *http.Request, d holder) {
	if said(r, "sure") != "yes" {
		s.back(w, r, myPath+"/delete", "", "my-problem-sure", gnista.Invalidf("sure", "is missing"))
		return
	}
	why, err := s.eraseMe(r.Context(), d)
	if err != nil || why != "" {
		if err == nil {
			err = gnista.Errorf(gnista.Conflict, "it cannot be deleted yet")
		}
		s.back(w, r, myPath+"/delete", "", "my-problem-kept", err)
		return
	}
	http.SetCookie(w, s.cookie(r, mySuffix, "", time.Unix(1, 0)))
	s.back(w, r, myPath+"/sign-in", "my-done-deleted", "", nil)
}
