package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"gnista/access"
)

// idp is an OpenID provider with one person in it, who says yes at once.
type idp struct {
	t      *testing.T
	server *httptest.Server
	key    *rsa.PrivateKey
	mu     sync.Mutex
	codes  map[string]url.Values // what a code was given for
	claims map[string]any        // of the person, and what is to be wrong with the token
}

func newIDP(t *testing.T) *idp {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &idp{t: t, key: key, codes: map[string]url.Values{}, claims: map[string]any{}}
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	return p
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (p *idp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	base := p.server.URL
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		json.NewEncoder(w).Encode(map[string]any{
			"issuer": base, "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/token", "jwks_uri": base + "/keys", "userinfo_endpoint": base + "/userinfo",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	case "/keys":
		json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{
			"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": b64(p.key.N.Bytes()), "e": b64(big.NewInt(int64(p.key.E)).Bytes()),
		}}})
	case "/authorize":
		code := rand.Text()
		p.codes[code] = r.URL.Query()
		back := r.URL.Query().Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {r.URL.Query().Get("state")}}.Encode()
		http.Redirect(w, r, back, http.StatusFound)
	case "/token":
		r.ParseForm()
		asked, ok := p.codes[r.PostForm.Get("code")]
		delete(p.codes, r.PostForm.Get("code"))
		id, secret, _ := r.BasicAuth()
		secret, _ = url.QueryUnescape(secret) // RFC 6749 §2.3.1
		sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
		if !ok || id != "gnista" || secret != "the secret" || asked.Get("code_challenge_method") != "S256" || asked.Get("code_challenge") != b64(sum[:]) || asked.Get("redirect_uri") != r.PostForm.Get("redirect_uri") {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_grant"}`)
			return
		}
		claims := map[string]any{"iss": base, "aud": "gnista", "sub": "1", "nonce": asked.Get("nonce"), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
		for k, v := range p.claims {
			claims[k] = v
		}
		json.NewEncoder(w).Encode(map[string]any{"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": p.sign(claims)})
	case "/userinfo":
		json.NewEncoder(w).Encode(map[string]any{"sub": "1", "email": "late@example.com", "email_verified": true})
	default:
		http.NotFound(w, r)
	}
}

func (p *idp) sign(claims map[string]any) string {
	body, err := json.Marshal(claims)
	if err != nil {
		p.t.Error(err)
	}
	text := b64([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + b64(body)
	sum := sha256.Sum256([]byte(text))
	key := p.key
	if claims["forged"] != nil {
		if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			p.t.Error(err)
		}
	}
	s, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		p.t.Error(err)
	}
	return text + "." + b64(s)
}

// back goes to the provider from where a browser was sent, and returns where that sends it.
func (p *idp) back(address string) string {
	p.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(address)
	if err != nil {
		p.t.Fatal(err)
	}
	resp.Body.Close()
	u, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || u.Path != "/sign-in/oidc/callback" {
		p.t.Fatalf("sent to %s, %v", u, err)
	}
	return u.RequestURI()
}

func TestSignOn(t *testing.T) {
	p := newIDP(t)
	roles, err := access.ParseClaimRoles([]string{"groups=chargers:operator", "groups=money:finance", "head=true:admin"})
	if err != nil {
		t.Fatal(err)
	}
	l := newLive(t, func(o *options) {
		o.Token = ""
		o.SignOn = access.NewProvider(p.server.URL, "gnista", "the secret", "Acme", roles, o.Now)
	})
	ctx := t.Context()
	come := func(b *browser, to string) string { // as far as where the provider sends them back
		t.Helper()
		w := b.ask("GET", "/sign-in/oidc?to="+url.QueryEscape(to), "")
		if w.Code != 303 || !strings.HasPrefix(w.Header().Get("Location"), p.server.URL+"/authorize?") {
			t.Fatalf("got %d %s", w.Code, w.Header().Get("Location"))
		}
		return p.back(w.Header().Get("Location"))
	}
	n := 0
	visit := func() *browser { n++; return &browser{live: l, remote: fmt.Sprintf("127.0.%d.1:1", n)} }
	try := func(claims map[string]any) (*browser, *httptest.ResponseRecorder) {
		t.Helper()
		p.mu.Lock()
		p.claims = claims
		p.mu.Unlock()
		b := visit()
		return b, b.ask("GET", come(b, "/stations?x=1"), "")
	}
	// The first user is an administrator or nobody.
	if _, w := try(map[string]any{"email": "o@example.com", "email_verified": true, "groups": "chargers"}); w.Code != 403 || !strings.Contains(w.Body.String(), "not a user here") {
		t.Fatalf("the first user is no administrator: %d", w.Code)
	}
	if b, w := try(map[string]any{"email": "Boss@Example.com", "email_verified": true, "name": "Boss", "head": true}); w.Code != 303 || w.Header().Get("Location") != "/stations?x=1" || b.ask("GET", "/api/v1/users", "").Code != 200 {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	if _, err := l.people.Create(ctx, access.User{Email: "known@example.com", Name: "K", Grants: []access.Grant{{Role: access.Viewer}}}, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := l.people.Create(ctx, access.User{Email: "late@example.com", Name: "L", Grants: []access.Grant{{Role: access.Viewer}}}, ""); err != nil {
		t.Fatal(err)
	}
	off, err := l.people.Create(ctx, access.User{Email: "off@example.com", Name: "O", Grants: []access.Grant{{Role: access.Viewer}}}, "")
	if err == nil {
		_, err = l.people.Edit(ctx, off.ID, func(u *access.User) { u.Disabled = true })
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name   string
		claims map[string]any
		status int
		says   string
	}{
		{"a user", map[string]any{"email": "known@example.com", "email_verified": true}, 303, ""},
		{"a user whose roles are not changed", map[string]any{"email": "known@example.com", "email_verified": "true", "head": true}, 303, ""},
		{"a new one by a list of groups", map[string]any{"email": "new@example.com", "email_verified": true, "groups": []string{"x", "money", "chargers"}}, 303, ""},
		{"the address is told when asked for", map[string]any{}, 303, ""},
		{"nobody", map[string]any{"email": "nobody@example.com", "email_verified": true, "groups": []string{"x"}}, 403, "not a user here"},
		{"a disabled user", map[string]any{"email": "off@example.com", "email_verified": true}, 403, "not a user here"},
		{"an unverified address", map[string]any{"email": "known@example.com", "email_verified": false}, 403, "not confirmed"},
		{"an address of which nothing is said", map[string]any{"email": "known@example.com"}, 403, "not confirmed"},
		{"another nonce", map[string]any{"email": "known@example.com", "email_verified": true, "nonce": "other"}, 403, "could not be trusted"},
		{"no nonce", map[string]any{"email": "known@example.com", "email_verified": true, "nonce": ""}, 403, "could not be trusted"},
		{"another audience", map[string]any{"email": "known@example.com", "email_verified": true, "aud": "other"}, 403, "could not be trusted"},
		{"another issuer", map[string]any{"email": "known@example.com", "email_verified": true, "iss": "https://other.example"}, 403, "could not be trusted"},
		{"an old token", map[string]any{"email": "known@example.com", "email_verified": true, "exp": time.Now().Add(-time.Hour).Unix()}, 403, "could not be trusted"},
		{"a forged token", map[string]any{"email": "known@example.com", "email_verified": true, "forged": true}, 403, "could not be trusted"},
	} {
		b, w := try(x.claims)
		if w.Code != x.status || !strings.Contains(w.Body.String(), x.says) {
			t.Errorf("%s: got %d, want %d: %s", x.name, w.Code, x.status, w.Body)
		}
		if signed := b.ask("GET", "/api/v1/me", "").Code == 200; signed != (x.status == 303) {
			t.Errorf("%s: has signed in: %v", x.name, signed)
		}
	}
	if u, err := l.people.Store.UserByEmail(ctx, "known@example.com"); err != nil || len(u.Grants) != 1 || u.Grants[0].Role != access.Viewer {
		t.Errorf("got %+v, %v", u, err)
	}
	if u, err := l.people.Store.UserByEmail(ctx, "new@example.com"); err != nil || len(u.Grants) != 2 {
		t.Errorf("got %+v, %v", u, err)
	}

	p.mu.Lock()
	p.claims = map[string]any{"email": "known@example.com", "email_verified": true}
	p.mu.Unlock()
	// What has come back is good for the browser that was sent, and once.
	b := visit()
	address := come(b, "/")
	if w := visit().ask("GET", address, ""); w.Code != 403 {
		t.Errorf("another browser signs in with it: %d", w.Code)
	}
	cookies := b.cookies
	if w := b.ask("GET", strings.Replace(address, "state=", "state=x", 1), ""); w.Code != 403 {
		t.Errorf("another state: %d", w.Code)
	}
	b.cookies = cookies
	if w := b.ask("GET", address, ""); w.Code != 403 {
		t.Errorf("what was answered wrongly is asked again: %d", w.Code)
	}
	b = visit()
	address = come(b, "/")
	cookies = b.cookies
	if w := b.ask("GET", address, ""); w.Code != 303 {
		t.Fatalf("got %d", w.Code)
	}
	again := visit()
	again.cookies = cookies
	if w := again.ask("GET", address, ""); w.Code != 403 {
		t.Errorf("the same address again: %d", w.Code)
	}
	// A code that was used, with a state that is good.
	used, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	b = visit()
	fresh, err := url.Parse(come(b, "/"))
	if err != nil {
		t.Fatal(err)
	}
	q := fresh.Query()
	q.Set("code", used.Query().Get("code"))
	if w := b.ask("GET", fresh.Path+"?"+q.Encode(), ""); w.Code != 403 || !strings.Contains(w.Body.String(), "could not be trusted") {
		t.Errorf("a code that was used: %d", w.Code)
	}
	b = visit()
	come(b, "/")
	if w := b.ask("GET", "/sign-in/oidc/callback?error=access_denied", ""); w.Code != 403 {
		t.Errorf("got %d", w.Code)
	}
	// Nobody is led elsewhere, and a session that somebody else has set is not kept.
	b = visit()
	b.cookies = []*http.Cookie{{Name: "gnista", Value: "fixed-by-somebody-else"}}
	if w := b.ask("GET", come(b, "//elsewhere.example"), ""); w.Code != 303 || w.Header().Get("Location") != "/" {
		t.Errorf("led to %s", w.Header().Get("Location"))
	}
	for _, c := range b.cookies {
		if c.Value == "fixed-by-somebody-else" {
			t.Error("the session is the one that was there before")
		}
	}
	if w := visit().ask("GET", "/sign-in", ""); !strings.Contains(w.Body.String(), "Sign in with Acme") || w.Header().Get("Content-Security-Policy") == "" || !strings.Contains(w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Errorf("got %s", w.Body)
	}
	p.server.Close()
	if w := l.do(request("GET", "/sign-in/oidc", "")); w.Code != 303 { // what is known of it is known
		t.Errorf("got %d", w.Code)
	}
}

func TestSignOnSettings(t *testing.T) {
	for _, x := range []struct {
		with signingIn
		ok   bool
	}{
		{signingIn{}, true},
		{signingIn{OIDCIssuer: "https://login.example", OIDCClientID: "x"}, true},
		{signingIn{OIDCIssuer: "http://127.0.0.1:1", OIDCClientID: "x", OIDCRoles: []string{"groups=https://a:b:admin"}}, true},
		{signingIn{OIDCIssuer: "http://login.example", OIDCClientID: "x"}, false},
		{signingIn{OIDCIssuer: "https://login.example"}, false},
		{signingIn{OIDCClientID: "x"}, false},
		{signingIn{OIDCIssuer: "https://login.example", OIDCClientID: "x", OIDCRoles: []string{"groups=admin"}}, false},
		{signingIn{OIDCIssuer: "https://login.example", OIDCClientID: "x", OIDCRoles: []string{"groups=x:king"}}, false},
		{signingIn{OIDCIssuer: "https://login.example", OIDCClientID: "x", OIDCClientSecret: "a", OIDCClientSecretFile: "b"}, false},
	} {
		if _, err := x.with.provider(time.Now); (err == nil) != x.ok {
			t.Errorf("%+v: %v", x.with, err)
		}
	}
}
