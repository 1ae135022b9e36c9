package api

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"gnista/access"
)

// signOnBack is where the OpenID provider sends people back to.
const signOnBack = "/sign-in/oidc/callback"

// signOnPages let people sign in who are known to the OpenID provider.
func (s *Server) signOnPages(mux *http.ServeMux) {
	if s.SignOn == nil {
		return
	}
	mux.HandleFunc("GET /sign-in/oidc", func(w http.ResponseWriter, r *http.Request) {
		p := signInPage{To: inside(r.URL.Query().Get("to"))}
		if !s.rates.signIns.allow(s.client(r), s.Now()) {
			w.Header().Set("Retry-After", "60")
			p.Problem = "sign-in-often"
			s.askSignIn(w, r, http.StatusTooManyRequests, p)
			return
		}
		base, here := s.home(r)
		if !here { // the cookie has to be where people come back to
			http.Redirect(w, r, base+"/sign-in/oidc?to="+url.QueryEscape(p.To), http.StatusSeeOther)
			return
		}
		id, address, err := s.SignOn.Ask(base+signOnBack, p.To)
		if err != nil {
			s.Log.Error("the OpenID provider could not be reached", "err", err)
			p.Problem = "sign-on-broken"
			s.askSignIn(w, r, http.StatusBadGateway, p)
			return
		}
		http.SetCookie(w, s.cookie(r, askedSuffix, id, s.Now().Add(access.ChallengeFor)))
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		http.Redirect(w, r, address, http.StatusSeeOther)
	})
	mux.HandleFunc("GET "+signOnBack, s.signedOn)
}

// home is the address under which people come back to us, and whether it is the one that a request came to.
func (s *Server) home(r *http.Request) (address string, here bool) {
	u, err := url.Parse(s.PublicURL)
	if err != nil || u.Host == "" {
		return s.ownAddress(r), true
	}
	// What a proxy passes on may have any name, so it only counts where this machine asked itself.
	return strings.TrimRight(s.PublicURL, "/"), !local(r) || r.Host == u.Host
}

// ownAddress is the address that a request came to, as whoever made it has it.
func (s *Server) ownAddress(r *http.Request) string {
	if s.overTLS(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// signedOn is where people come back to.
func (s *Server) signedOn(w http.ResponseWriter, r *http.Request) {
	var p signInPage
	if !s.rates.signIns.allow(s.client(r), s.Now()) {
		w.Header().Set("Retry-After", "60")
		p.Problem = "sign-in-often"
		s.askSignIn(w, r, http.StatusTooManyRequests, p)
		return
	}
	who, to, err := s.SignOn.Answer(r.Context(), s.asked(w, r), r.URL.Query())
	p.To = inside(to)
	var u access.User
	if err == nil {
		u, err = s.People.Welcome(r.Context(), who)
	}
	if err == nil {
		err = s.begin(w, r, u, "oidc")
	}
	if denied, ok := errors.AsType[access.Denied](err); ok {
		s.Log.Warn("somebody who was at the OpenID provider is not let in", "err", err, "address", s.client(r))
		p.Problem = "sign-on-" + string(denied)
		s.askSignIn(w, r, http.StatusForbidden, p)
		return
	}
	if err != nil {
		s.Log.Error("somebody who was at the OpenID provider could not sign in", "err", err)
		p.Problem = "sign-on-broken"
		s.askSignIn(w, r, http.StatusBadGateway, p)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, p.To, http.StatusSeeOther)
}
