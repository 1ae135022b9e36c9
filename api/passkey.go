package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"gnista"
	"gnista/access"
)

// at is the address at which a browser sees us, as far as passkeys work there: the public one, or localhost on this
// machine. A number is no name that they could hold under.
func (s *Server) at(r *http.Request) (access.At, bool) {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	if local(r) && r.Host == localName(r) { // at our own port: another program of this machine gets nothing
		return access.At{Host: "localhost", Origin: scheme + "://" + r.Host}, true
	}
	u, err := url.Parse(s.PublicURL)
	if err != nil || u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil {
		return access.At{}, false
	}
	return access.At{Host: u.Hostname(), Origin: u.Scheme + "://" + u.Host}, true
}

// localName is the name and port of the listener that a request came to, on this machine.
func localName(r *http.Request) string {
	a, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if a == nil {
		return ""
	}
	at, err := netip.ParseAddrPort(a.String())
	switch {
	case err != nil:
		return ""
	case at.Port() == 80 && r.TLS == nil, at.Port() == 443 && r.TLS != nil:
		return "localhost"
	}
	return net.JoinHostPort("localhost", strconv.Itoa(int(at.Port())))
}

// askedSuffix is that of the cookie that says what a browser was asked while somebody signs in with it.
const askedSuffix = "-asked"

const maxCeremony = 64 << 10 // bytes of what a device answers

func (s *Server) passkeyPages(mux *http.ServeMux) {
	mux.HandleFunc("POST /sign-in/passkey/options", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if !s.rates.signIns.allow(s.client(r), s.Now()) {
			w.Header().Set("Retry-After", "60")
			problem(w, http.StatusTooManyRequests, "that was too often; try again in a minute")
			return
		}
		at, ok := s.at(r)
		if !ok {
			problem(w, http.StatusConflict, "passkeys do not work under this address")
			return
		}
		id, options, err := s.Passkeys.Ask(at)
		if err != nil {
			s.Log.Error("nobody could be asked for a passkey", "err", err)
			problem(w, http.StatusInternalServerError, "an internal error; the log has more")
			return
		}
		http.SetCookie(w, s.cookie(r, askedSuffix, id, s.Now().Add(access.ChallengeFor)))
		w.Header().Set("Content-Type", "application/json")
		write(w, options)
	})
	mux.HandleFunc("POST /sign-in/passkey", s.signInByPasskey)
}

// asked is what a browser was asked, which it forgets.
func (s *Server) asked(w http.ResponseWriter, r *http.Request) string {
	c, err := r.Cookie(s.cookieName(r, askedSuffix))
	http.SetCookie(w, s.cookie(r, askedSuffix, "", time.Unix(1, 0)))
	if err != nil {
		return ""
	}
	return c.Value
}

func (s *Server) signInByPasskey(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if !s.rates.signIns.allow(s.client(r), s.Now()) {
		w.Header().Set("Retry-After", "60")
		problem(w, http.StatusTooManyRequests, "that was too often; try again in a minute")
		return
	}
	var in struct {
		To       string
		Response json.RawMessage
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCeremony))
	if err != nil || json.Unmarshal(text, &in) != nil {
		problem(w, http.StatusBadRequest, "the body could not be read")
		return
	}
	u, key, err := s.Passkeys.Prove(r.Context(), s.asked(w, r), in.Response)
	l := languageOf(r.Header.Get("Accept-Language"))
	switch {
	case errors.Is(err, access.ErrCloned):
		s.Log.Warn("there is a copy of a passkey, which is not taken any more", "user", u.Email, "passkey", key.Name, "address", s.client(r))
		problem(w, http.StatusForbidden, l.text("passkey-cloned"))
		return
	case gnista.CodeOf(err) == gnista.NotFound && err != nil:
		s.Log.Info("somebody could not sign in with a passkey", "err", err, "address", s.client(r))
		problem(w, http.StatusUnauthorized, l.text("passkey-wrong"))
		return
	case err == nil:
		err = s.begin(w, r, u, "passkey")
	}
	if err != nil {
		s.Log.Error("somebody could not sign in", "err", err)
		problem(w, http.StatusInternalServerError, l.text("sign-in-broken"))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	write(w, map[string]string{"to": inside(in.To)})
}

type passkeyView struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Host      string     `json:"host" doc:"Name of this system under which it works"`
	CreatedAt time.Time  `json:"createdAt"`
	SeenAt    *time.Time `json:"seenAt,omitempty" doc:"When somebody last signed in with it"`
	ClonedAt  *time.Time `json:"clonedAt,omitempty" doc:"When it was found out that there is a copy; since then it is not taken"`
}

func showPasskey(p access.Passkey) passkeyView {
	return passkeyView{p.ID, p.Name, p.Host, p.CreatedAt, moment(p.SeenAt), moment(p.ClonedAt)}
}

// Reached is how a request has reached us.
type Reached struct{ r *http.Request }

// Resolve finds it out.
func (x *Reached) Resolve(c huma.Context) []error {
	x.r, _ = humago.Unwrap(c)
	return nil
}

func (s *Server) passkeys(api huma.API) {
	tags := []string{"Users"}
	type Path struct {
		ID string `path:"id" maxLength:"1400"`
	}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/me/passkeys", OperationID: "list-my-passkeys", Summary: "List one's passkeys, the newest first", Tags: tags},
		func(ctx context.Context, _ *struct{}) (*body[page[passkeyView]], error) {
			list, err := s.Passkeys.Store.Passkeys(ctx, actorOf(ctx).ID)
			return answer(turn(Paging{Limit: -1}, list, showPasskey, nil), err)
		})
	type offer struct {
		ID      string         `json:"id" doc:"Of the offer, for 5 minutes"`
		Options map[string]any `json:"options" doc:"PublicKeyCredentialCreationOptionsJSON of Web Authentication, for the browser"`
	}
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: "/me/passkeys/offer", OperationID: "offer-my-passkey", Summary: "Ask for what a browser makes a passkey of", Tags: tags,
		Description: "A passkey is of the user who has signed in and of the name under which the browser sees this system: that of the public URL, or localhost.",
	}, func(ctx context.Context, in *struct{ Reached }) (*body[offer], error) {
		at, ok := s.at(in.r)
		if !ok {
			return nil, gnista.Errorf(gnista.Conflict, "passkeys do not work under this address; use the public URL, or localhost on this machine")
		}
		id, options, err := s.Passkeys.Offer(ctx, actorOf(ctx).ID, at)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(options)
		if err != nil {
			return nil, err
		}
		out := offer{ID: id}
		return answer(out, json.Unmarshal(text, &out.Options))
	})
	type made struct {
		ID       string         `json:"id" maxLength:"100" doc:"Of the offer"`
		Name     string         `json:"name" minLength:"1" maxLength:"100" doc:"By which one knows it"`
		Response map[string]any `json:"response" doc:"RegistrationResponseJSON of the browser"`
	}
	add(s, api, huma.Operation{Method: http.MethodPost, Path: "/me/passkeys", OperationID: "add-my-passkey", Summary: "Add a passkey that a browser has made", Tags: tags, DefaultStatus: http.StatusCreated, MaxBodyBytes: maxCeremony},
		func(ctx context.Context, in *struct{ Body made }) (*body[passkeyView], error) {
			response, err := json.Marshal(in.Body.Response)
			if err != nil {
				return nil, err
			}
			p, err := s.Passkeys.Add(ctx, actorOf(ctx).ID, in.Body.ID, in.Body.Name, response)
			return answer(showPasskey(p), err)
		})
	type naming struct {
		Name string `json:"name" minLength:"1" maxLength:"100"`
	}
	add(s, api, huma.Operation{Method: http.MethodPatch, Path: "/me/passkeys/{id}", OperationID: "rename-my-passkey", Summary: "Give one of one's passkeys another name", Tags: tags},
		func(ctx context.Context, in *struct {
			Path
			Body naming
		}) (*body[passkeyView], error) {
			p, err := s.Passkeys.Rename(ctx, actorOf(ctx).ID, in.ID, in.Body.Name)
			return answer(showPasskey(p), err)
		})
	add(s, api, huma.Operation{Method: http.MethodDelete, Path: "/me/passkeys/{id}", OperationID: "remove-my-passkey", Summary: "Remove one of one's passkeys", Tags: tags},
		func(ctx context.Context, in *struct{ Path }) (*struct{}, error) {
			return nil, s.Passkeys.Store.DeletePasskey(ctx, actorOf(ctx).ID, in.ID)
		})
}
