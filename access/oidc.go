package access

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"gnista"
)

// Provider is who knows users for us: an OpenID provider, such as the one that the operator's other systems have.
type Provider struct {
	Issuer   string // as in https://login.example.com
	ClientID string
	Secret   string // empty for a public client
	Name     string // by which people know it
	Roles    []ClaimRole
	Client   *http.Client
	Now      func() time.Time

	asked *challenges[inquiry]
	found atomic.Pointer[oidc.Provider] // nil: it was not reached yet
}

// ClaimRole gives a role to whom the provider says something of. A user is made only of whom a role is given to.
type ClaimRole struct {
	Claim string // its name
	Value string // or one of its values
	Role  Role
}

// ParseClaimRoles reads claim=value:role. Invalid.
func ParseClaimRoles(list []string) (out []ClaimRole, err error) {
	for _, text := range list {
		claim, rest, ok := strings.Cut(text, "=")
		at := strings.LastIndexByte(rest, ':')
		if !ok || claim == "" || at < 1 || !slices.Contains(Roles, Role(rest[at+1:])) {
			return nil, gnista.Invalidf("roles", "%q is not like groups=gnista-admins:admin", text)
		}
		out = append(out, ClaimRole{claim, rest[:at], Role(rest[at+1:])})
	}
	return out, nil
}

// inquiry is what a browser was sent to a provider with.
type inquiry struct {
	state, nonce, verifier string
	redirect               string // where it comes back to
	to                     string // where it goes then
}

// Identity is who a provider says that somebody is.
type Identity struct {
	Email string
	Name  string
	Roles []Role // that what it says of them gives
}

// Denied is why somebody is not let in who was at a provider.
type Denied string

// Why nobody is let in.
const (
	DeniedStale      Denied = "stale"      // nobody was sent there, or too long ago, or from another browser
	DeniedThere      Denied = "there"      // the provider says no, or they did
	DeniedToken      Denied = "token"      // what it says is not to be trusted
	DeniedUnverified Denied = "unverified" // it does not vouch for the address
	DeniedUnknown    Denied = "unknown"    // nobody has the address here
)

func (d Denied) Error() string { return "denied: " + string(d) }

func (d Denied) because(format string, args ...any) error {
	return fmt.Errorf("%w: %s", d, fmt.Sprintf(format, args...))
}

// NewProvider makes a provider, which is asked for its settings when it is first needed.
func NewProvider(issuer, clientID, secret, name string, roles []ClaimRole, now func() time.Time) *Provider {
	return &Provider{
		Issuer: issuer, ClientID: clientID, Secret: secret, Name: name, Roles: roles, Client: &http.Client{Timeout: 10 * time.Second}, Now: now, asked: newChallenges[inquiry](now),
	}
}

// reach finds out how to talk with the provider.
func (p *Provider) reach() (*oidc.Provider, error) {
	if found := p.found.Load(); found != nil {
		return found, nil
	}
	// Several may ask at once, so that nobody waits for another whom it does not answer. What is made with it fetches
	// keys later, so it must not end with a request.
	found, err := oidc.NewProvider(oidc.ClientContext(context.Background(), p.Client), p.Issuer)
	if err != nil {
		return nil, fmt.Errorf("reaching %s: %w", p.Issuer, err)
	}
	p.found.Store(found)
	return found, nil
}

func (p *Provider) config(found *oidc.Provider, redirect string) *oauth2.Config {
	return &oauth2.Config{ClientID: p.ClientID, ClientSecret: p.Secret, Endpoint: found.Endpoint(), RedirectURL: redirect, Scopes: []string{oidc.ScopeOpenID, "email", "profile"}}
}

// Ask is the address at the provider that a browser is sent to; id is what it keeps meanwhile.
func (p *Provider) Ask(redirect, to string) (id, address string, err error) {
	found, err := p.reach()
	if err != nil {
		return "", "", err
	}
	q := inquiry{state: oauth2.GenerateVerifier(), nonce: oauth2.GenerateVerifier(), verifier: oauth2.GenerateVerifier(), redirect: redirect, to: to}
	address = p.config(found, redirect).AuthCodeURL(q.state, oidc.Nonce(q.nonce), oauth2.S256ChallengeOption(q.verifier))
	return p.asked.ask(q), address, nil
}

// Answer is who has come back from the provider with the parameters of an address, and where they go. [Denied] or,
// where the provider cannot be asked, another error.
func (p *Provider) Answer(ctx context.Context, id string, v url.Values) (who Identity, to string, err error) {
	q, ok := p.asked.take(id)
	if !ok || subtle.ConstantTimeCompare([]byte(q.state), []byte(v.Get("state"))) != 1 {
		return who, "", DeniedStale.because("nobody was asked with that state")
	}
	if iss := v.Get("iss"); iss != "" && iss != p.Issuer { // RFC 9207
		return who, q.to, DeniedToken.because("another issuer answers: %q", iss)
	}
	if v.Get("error") != "" || v.Get("code") == "" {
		return who, q.to, DeniedThere.because("%q %q", v.Get("error"), v.Get("error_description"))
	}
	found, err := p.reach()
	if err != nil {
		return who, q.to, err
	}
	ctx = oidc.ClientContext(ctx, p.Client)
	config := p.config(found, q.redirect)
	token, err := config.Exchange(ctx, v.Get("code"), oauth2.VerifierOption(q.verifier))
	if err != nil {
		return who, q.to, DeniedToken.because("the code is not taken: %v", err)
	}
	raw, _ := token.Extra("id_token").(string)
	checked, err := found.Verifier(&oidc.Config{ClientID: p.ClientID, Now: p.Now}).Verify(ctx, raw)
	if err != nil {
		return who, q.to, DeniedToken.because("%v", err)
	}
	if subtle.ConstantTimeCompare([]byte(q.nonce), []byte(checked.Nonce)) != 1 {
		return who, q.to, DeniedToken.because("the token was made for something else: the nonce is another")
	}
	claims := map[string]any{}
	if err := checked.Claims(&claims); err != nil {
		return who, q.to, DeniedToken.because("%v", err)
	}
	if claims["email"] == nil { // some tell it only who asks for more
		if more, err := found.UserInfo(ctx, config.TokenSource(ctx, token)); err == nil && more.Subject == checked.Subject {
			if err := more.Claims(&claims); err != nil {
				return who, q.to, DeniedToken.because("%v", err)
			}
		}
	}
	who, err = p.identity(claims)
	return who, q.to, err
}

// identity is what claims say of somebody.
func (p *Provider) identity(claims map[string]any) (who Identity, err error) {
	who.Email, _ = claims["email"].(string)
	who.Name, _ = claims["name"].(string)
	who.Email = strings.ToLower(strings.TrimSpace(who.Email))
	if vouched := claims["email_verified"]; who.Email == "" || vouched != true && vouched != "true" { // some send a text
		return who, DeniedUnverified.because("address %q, verified: %v", who.Email, vouched)
	}
	for _, r := range p.Roles {
		if says(claims[r.Claim], r.Value) && !slices.Contains(who.Roles, r.Role) {
			who.Roles = append(who.Roles, r.Role)
		}
	}
	return who, nil
}

// says tells whether a claim has a value, or is a list that does.
func says(claim any, value string) bool {
	switch c := claim.(type) {
	case []any:
		return slices.ContainsFunc(c, func(x any) bool { return says(x, value) })
	case string:
		return c == value
	case bool, float64, json.Number:
		return fmt.Sprint(c) == value
	}
	return false
}

// Welcome finds the user whom a provider knows, or makes one where it gives a role. What an existing user may is not
// changed. [Denied]
func (p *People) Welcome(ctx context.Context, who Identity) (User, error) {
	u, err := p.Store.UserByEmail(ctx, who.Email)
	if err == nil && u.Disabled {
		return User{}, DeniedUnknown.because("the user %s is disabled", who.Email)
	}
	if err == nil || gnista.CodeOf(err) != gnista.NotFound {
		return u, err
	}
	if len(who.Roles) == 0 {
		return User{}, DeniedUnknown.because("%s is nobody here, and no role is given to them", who.Email)
	}
	if !slices.Contains(who.Roles, Admin) {
		if list, err := p.Store.Users(ctx, "", 1); err != nil || len(list) == 0 {
			if err == nil {
				err = DeniedUnknown.because("the first user has to be an administrator, and %s is none", who.Email)
			}
			return User{}, err
		}
	}
	name := who.Name
	if r := []rune(strings.TrimSpace(name)); len(r) == 0 || len(r) > maxName {
		name = who.Email
	}
	if r := []rune(name); len(r) > maxName {
		name = string(r[:maxName])
	}
	u = User{Email: who.Email, Name: name}
	for _, r := range who.Roles {
		u.Grants = append(u.Grants, Grant{Role: r})
	}
	return p.Create(ctx, u, "")
}
