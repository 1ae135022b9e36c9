package api

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"gnista"
	"gnista/access"
	"gnista/web"
)

// The cookies of sessions. Over TLS it is one that no other host and no path can set, and that is never sent in clear.
const (
	secureCookie = "__Host-gnista"
	plainCookie  = "gnista"
)

// overTLS tells whether the browser's connection is secret: ours, or that of a proxy of ours.
func (s *Server) overTLS(r *http.Request) bool {
	return r.TLS != nil || s.proxy(peer(r)) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") || strings.HasPrefix(s.PublicURL, "https://")
}

// cookieName is the name of a cookie: that of the session, or with a suffix of what else is kept in a browser.
func (s *Server) cookieName(r *http.Request, suffix string) string {
	if s.overTLS(r) {
		return secureCookie + suffix
	}
	return plainCookie + suffix
}

func (s *Server) cookie(r *http.Request, suffix, value string, expires time.Time) *http.Cookie {
	c := &http.Cookie{Name: s.cookieName(r, suffix), Value: value, Path: "/", HttpOnly: true, Secure: s.overTLS(r), SameSite: http.SameSiteLaxMode, Expires: expires}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}

const (
	knownSuffix = "-known"
	knownFor    = 400 * 24 * time.Hour // which is all that browsers keep
	nonceLength = 16
)

// mark is what a browser keeps in which somebody has signed in: that is so, and nothing more.
func (s *Server) mark(email string, nonce []byte) string {
	m := hmac.New(sha256.New, s.LinkKey)
	fmt.Fprintf(m, "signed in\x00%s\x00%s", email, nonce)
	return base64.RawURLEncoding.EncodeToString(m.Sum(slices.Clip(nonce)))
}

// trier is what the tries to sign in as somebody are counted by. A browser in which they have signed in before counts
// by itself, so that nobody else can keep them out.
func (s *Server) trier(r *http.Request, email string) string {
	if c, err := r.Cookie(s.cookieName(r, knownSuffix)); err == nil {
		b, _ := base64.RawURLEncoding.DecodeString(c.Value)
		if len(b) > nonceLength && hmac.Equal([]byte(c.Value), []byte(s.mark(email, b[:nonceLength]))) {
			return "browser " + c.Value
		}
	}
	return "user " + email
}

// signedIn is who has signed in in the browser that a request comes from; ok is false where nobody has.
func (s *Server) signedIn(r *http.Request) (u access.User, x access.Session, ok bool, err error) {
	c, err := r.Cookie(s.cookieName(r, ""))
	if err != nil || c.Value == "" {
		return u, x, false, nil
	}
	u, x, err = s.People.Who(r.Context(), c.Value, s.client(r))
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return u, x, false, nil
	}
	return u, x, err == nil, err
}

// signInPage is what somebody sees who signs in.
type signInPage struct {
	To      string
	Email   string
	Problem string // key of a text

	Script    string // address of that for passkeys; empty where there is none
	Elsewhere string // address under which passkeys work, where they do not under this one
	SignOn    string // what the OpenID provider is called; empty where there is none
}

func (s *Server) signInPages(mux *http.ServeMux) {
	mux.HandleFunc("GET /sign-in", func(w http.ResponseWriter, r *http.Request) {
		s.askSignIn(w, r, http.StatusOK, signInPage{To: r.URL.Query().Get("to")})
	})
	mux.HandleFunc("POST /sign-in", s.signIn)
	mux.HandleFunc("POST /sign-out", func(w http.ResponseWriter, r *http.Request) {
		if u, x, ok, _ := s.signedIn(r); ok {
			if err := s.People.Sessions.EndSession(r.Context(), u.ID, x.ID); err != nil && gnista.CodeOf(err) != gnista.NotFound {
				s.Log.Error("a session could not be ended", "err", err)
			}
		}
		http.SetCookie(w, s.cookie(r, "", "", time.Unix(1, 0)))
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	})
}

func (s *Server) askSignIn(w http.ResponseWriter, r *http.Request, status int, p signInPage) {
	secure(w.Header().Set)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Accept-Language")
	p.To = inside(p.To)
	if script, ok := web.Script("src/signin/main.ts"); ok {
		if _, ok := s.at(r); ok {
			p.Script = "/" + script
		} else if localName(r) != "" && local(r) { // under a number there are no passkeys
			p.Elsewhere = "http://" + localName(r) + "/sign-in?to=" + url.QueryEscape(p.To)
		}
	}
	if s.SignOn != nil {
		p.SignOn = s.SignOn.Name
	}
	w.WriteHeader(status)
	s.show(w, "signin.html", r.Header.Get("Accept-Language"), p)
}

// inside is a path of ours, or the first page for whatever leads elsewhere.
func inside(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		return "/"
	}
	return u.RequestURI()
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, formBody)
	if err := r.ParseForm(); err != nil {
		problem(w, http.StatusBadRequest, "the form could not be read")
		return
	}
	p := signInPage{To: r.PostFormValue("to"), Email: strings.ToLower(strings.TrimSpace(r.PostFormValue("email")))}
	if !s.rates.signIns.allow(s.client(r), s.Now()) || p.Email != "" && !s.rates.signIns.allow(s.trier(r, p.Email), s.Now()) {
		w.Header().Set("Retry-After", "60")
		p.Problem = "sign-in-often"
		s.askSignIn(w, r, http.StatusTooManyRequests, p)
		return
	}
	u, err := s.People.Prove(r.Context(), p.Email, r.PostFormValue("password"))
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		p.Problem = "sign-in-wrong"
		s.askSignIn(w, r, http.StatusUnauthorized, p)
		return
	}
	if err == nil {
		err = s.begin(w, r, u, "password")
	}
	if err != nil {
		s.Log.Error("somebody could not sign in", "err", err)
		p.Problem = "sign-in-broken"
		s.askSignIn(w, r, http.StatusInternalServerError, p)
		return
	}
	http.Redirect(w, r, inside(p.To), http.StatusSeeOther)
}

// begin begins a session for who has proved who they are, in a cookie that is new whatever the browser had before.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, u access.User, way string) error {
	if old, x, ok, _ := s.signedIn(r); ok { // that of whoever was there before
		if err := s.People.Sessions.EndSession(r.Context(), old.ID, x.ID); err != nil && gnista.CodeOf(err) != gnista.NotFound {
			return err
		}
	}
	secret, err := s.People.SignIn(r.Context(), u, way, s.client(r), r.UserAgent())
	if err != nil {
		return err
	}
	http.SetCookie(w, s.cookie(r, "", secret, s.Now().Add(access.SessionFor)))
	nonce := make([]byte, nonceLength)
	rand.Read(nonce)
	http.SetCookie(w, s.cookie(r, knownSuffix, s.mark(u.Email, nonce), s.Now().Add(knownFor)))
	return nil
}

// peer is the machine that a request comes from, which may be a proxy.
func peer(r *http.Request) netip.Addr {
	at, _ := netip.ParseAddrPort(r.RemoteAddr)
	return at.Addr().Unmap().WithZone("")
}
