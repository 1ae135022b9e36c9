package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"gnista"
	"gnista/account"
	"gnista/account/member"
	"gnista/charging"
	"gnista/station"
	"gnista/token"
)

// myAPI is where drivers do what is their own; myPath are their pages.
const (
	myAPI    = prefix + "/my"
	myPath   = "/my"
	mySuffix = "-my" // of the cookie
	myScheme = "driver"
)

// holder is a customer who has signed in.
type holder struct {
	account.Customer
	session member.Session
}

type (
	driverKey  struct{} // of the driver who makes a request, in its context
	requestKey struct{} // of the request itself, of those who sign in
)

// driverOf is the driver who makes a request; nobody where that is none.
func driverOf(ctx context.Context) holder {
	d, _ := ctx.Value(driverKey{}).(holder)
	return d
}

// driverIn is the driver who has signed in in the browser that a request comes from.
func (s *Server) driverIn(r *http.Request) (d holder, ok bool, err error) {
	c, err := r.Cookie(s.cookieName(r, mySuffix))
	if err != nil || c.Value == "" {
		return d, false, nil
	}
	d.Customer, d.session, err = s.Members.Who(r.Context(), c.Value)
	if err != nil && gnista.CodeOf(err) == gnista.NotFound {
		return holder{}, false, nil
	}
	return d, err == nil, err
}

// byDriver lets a driver through to what is their own.
func (s *Server) byDriver(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if !s.rates.pages.allow(s.client(r), s.Now()) {
		w.Header().Set("Retry-After", "60")
		problem(w, http.StatusTooManyRequests, "that was too often; wait a minute")
		return
	}
	ctx := context.WithValue(r.Context(), requestKey{}, r)
	if !open(r.URL.Path) {
		d, ok, err := s.driverIn(r)
		switch {
		case err != nil:
			s.Log.Error("it could not be found out which driver asks", "err", err)
			problem(w, http.StatusServiceUnavailable, "nobody can be let in right now; try again in a moment")
			return
		case !ok:
			problem(w, http.StatusUnauthorized, "sign in as a driver: POST "+myAPI+"/sign-in")
			return
		}
		ctx = context.WithValue(ctx, driverKey{}, d)
	}
	w.Header().Set("Cache-Control", "no-store")
	next.ServeHTTP(w, r.WithContext(ctx))
}

const manyAccounts = 100

// accountsOf are the accounts of a driver.
func (s *Server) accountsOf(ctx context.Context, d holder) ([]account.Account, error) {
	if d.ID == "" {
		return nil, gnista.Errorf(gnista.NotFound, "nobody has signed in")
	}
	return s.Accounts.Accounts.Accounts(ctx, account.Filter{Customer: d.ID, Limit: manyAccounts})
}

// accountOf is one of a driver's accounts; where none is named, the first that is not blocked. NotFound.
func (s *Server) accountOf(ctx context.Context, d holder, id string) (account.Account, error) {
	list, err := s.accountsOf(ctx, d)
	if err != nil {
		return account.Account{}, err
	}
	for _, a := range list {
		if a.ID == id || id == "" && !a.Blocked {
			return a, nil
		}
	}
	return account.Account{}, gnista.Errorf(gnista.NotFound, "you have no such account")
}

// tokensOf are the tokens that a driver's accounts pay for.
func (s *Server) tokensOf(ctx context.Context, d holder) (all []token.Token, err error) {
	accounts, err := s.accountsOf(ctx, d)
	for _, a := range accounts {
		after := ""
		for err == nil {
			var list []token.Token
			list, after, err = s.Tokens.Store.Tokens(ctx, token.Filter{Account: a.ID, After: after, Limit: 1000})
			all = append(all, list...)
			if after == "" {
				break
			}
		}
	}
	return all, err
}

// cardID is what drivers call a token: nothing that its UID could be told from.
func (s *Server) cardID(k token.Token) string {
	m := hmac.New(sha256.New, s.LinkKey)
	fmt.Fprintf(m, "card\x00%s\x00%s", k.ID.Type, token.Key(k.ID.UID))
	return hex.EncodeToString(m.Sum(nil))[:24]
}

// tokenOf is one of a driver's tokens. NotFound.
func (s *Server) tokenOf(ctx context.Context, d holder, id string) (token.Token, error) {
	list, err := s.tokensOf(ctx, d)
	for _, k := range list {
		if s.cardID(k) == id {
			return k, err
		}
	}
	if err == nil {
		err = gnista.Errorf(gnista.NotFound, "you have no such card")
	}
	return token.Token{}, err
}

// phoneID is the token by which an account pays for what its driver starts in a browser.
func (s *Server) phoneID(a account.Account) token.ID {
	m := hmac.New(sha256.New, s.LinkKey)
	fmt.Fprintf(m, "phone\x00%s", a.ID)
	return token.ID{UID: "MY" + strings.ToUpper(hex.EncodeToString(m.Sum(nil))[:18]), Type: token.Central} // OCPP 1.6 takes 20 characters
}

// phoneOf is that token, which is made where it is not there.
func (s *Server) phoneOf(ctx context.Context, a account.Account) (token.Token, error) {
	id := s.phoneID(a)
	k, err := s.Tokens.Store.Token(ctx, id)
	if err == nil || gnista.CodeOf(err) != gnista.NotFound {
		return k, err
	}
	k, err = s.Tokens.Create(ctx, token.Token{ID: id, Account: a.ID})
	if err != nil && gnista.CodeOf(err) == gnista.Conflict { // somebody was faster
		return s.Tokens.Store.Token(ctx, id)
	}
	return k, err
}

// chargingOf are the charges of a driver that go on.
func (s *Server) chargingOf(ctx context.Context, d holder) (all []charging.Transaction, err error) {
	tokens, err := s.tokensOf(ctx, d)
	for _, k := range tokens {
		if err != nil {
			break
		}
		var list []charging.Transaction
		list, err = s.Transactions.Store.Transactions(ctx, charging.Filter{Token: k.ID.UID, State: charging.Active, Limit: 100})
		for _, t := range list {
			if t.Account == k.Account {
				all = append(all, t)
			}
		}
	}
	return all, err
}

// chargeOf is a charge that one of a driver's accounts pays for. NotFound.
func (s *Server) chargeOf(ctx context.Context, d holder, id string) (charging.Transaction, error) {
	none := gnista.Errorf(gnista.NotFound, "you have no such charge")
	t, err := s.Transactions.Store.Transaction(ctx, id)
	if err != nil && gnista.CodeOf(err) == gnista.NotFound || err == nil && t.Account == "" {
		return charging.Transaction{}, none
	}
	if err != nil {
		return t, err
	}
	if _, err := s.accountOf(ctx, d, t.Account); err != nil {
		if gnista.CodeOf(err) == gnista.NotFound {
			err = none
		}
		return charging.Transaction{}, err
	}
	return t, nil
}

// outletBy finds the outlet that a driver names: by the code that is on it, by what the world calls it, or the station by
// its id. NotFound.
func (s *Server) outletBy(ctx context.Context, name string) (gnista.StationID, int, error) {
	name = strings.TrimSpace(name)
	if i := strings.LastIndex(name, "/e/"); i >= 0 { // the address that the code on it stands for
		name = name[i+3:]
	}
	c, err := s.Codes.Store.FindPayCode(ctx, name)
	if err == nil {
		return c.Station, c.EVSE, nil
	}
	if gnista.CodeOf(err) != gnista.NotFound {
		return "", 0, err
	}
	if called, wrong := station.ReadEVSEID(name); wrong == nil {
		id, evse, err := s.Network.EVSEIDs.FindEVSE(ctx, called)
		if err == nil || gnista.CodeOf(err) != gnista.NotFound {
			return id, evse, err
		}
	}
	x, err := s.Network.Store.Station(ctx, gnista.StationID(name))
	return x.ID, 0, err
}

// homeward is a path that somebody may be led to after they have signed in as a driver.
func homeward(to string) string {
	to = inside(to)
	u, err := url.Parse(to)
	if err != nil || u.Path != myPath && !strings.HasPrefix(u.Path, myPath+"/") && !strings.HasPrefix(u.Path, "/e/") && !strings.HasPrefix(u.Path, "/q/") || strings.HasPrefix(u.Path, myPath+"/sign-in") || strings.Contains(u.Path, "..") {
		return myPath
	}
	return to
}
