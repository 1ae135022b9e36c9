// Package api is the HTTP interface: the API under /api/v1, described by OpenAPI, and the pages.
//
// Errors are problem details (RFC 9457) and name the field that is wrong. Lists are pages of items
// with a cursor for the next one. Everything needs somebody who has signed in or has the admin token, but for receipts,
// whose ids cannot be guessed, the state of certificates, which is for everybody, and the description of the API.
package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"gnista"
	"gnista/access"
	"gnista/account"
	"gnista/account/member"
	"gnista/billing"
	"gnista/campaign"
	"gnista/charging"
	"gnista/checkout"
	"gnista/commission"
	"gnista/cost"
	"gnista/fault"
	"gnista/fault/alert"
	"gnista/fault/driver"
	"gnista/fault/remedy"
	"gnista/fault/uptime"
	"gnista/payment"
	"gnista/payment/terminal"
	"gnista/pki"
	"gnista/power"
	"gnista/power/site"
	"gnista/station"
	"gnista/tariff"
	"gnista/token"
)

// Server serves the API and the pages.
type Server struct {
	Network  *station.Network
	Messages station.MessageStore
	Presence interface {
		station.Presence
		Connected() []gnista.StationID
	}
	Mirrors       station.Mirrors
	Tokens        *token.Tokens
	Accounts      *account.Book
	Lists         *token.Lists
	Transactions  *charging.Transactions
	Power         *power.Power
	SitePower     *site.Control
	Costs         *cost.Costs
	Tariffs       *tariff.Book
	Sites         *station.Sites
	StationWords  tariff.Exporter // of OCPP
	Records       *billing.Records
	Ledger        *billing.Ledger
	Payments      *payment.Payments
	Terminals     *terminal.Terminals
	Reconciler    *payment.Reconciler
	Campaigns     *campaign.Campaigns
	Remedies      *remedy.Remedies
	CA            *pki.CA
	Contracts     *pki.Contracts
	Checks        *commission.Checks
	Faults        *fault.Faults
	Invoices      *billing.Invoices
	Codes         *checkout.Codes
	Desk          *checkout.Desk
	Teller        *checkout.Teller // nil: phones are not told of charges
	Dynamic       *checkout.DynamicCodes
	Inbox         *payment.Inbox
	Alerts        *alert.Alerts
	StandIns      map[string]StandIn // by provider
	Meanings      *fault.Editor
	UnknownFaults fault.UnknownStore
	Uptime        *uptime.Uptime
	Events        Events
	Bus           Bus
	Ready         []Readiness
	Observe       Observer // nil: nobody wants to know
	NewRequestID  func() string

	Drivers *driver.Desk
	Members *member.Desk

	// Token is the admin token. Without one everybody on this machine has all rights, and nobody else
	// any: requests that come through a proxy or under another name than this machine's are refused.
	Token     string
	MapTiles  string         // file of the tiles that the map is drawn with; empty is none
	PublicURL string         // under which the world reaches us; empty where nobody said
	Support   string         // phone number that drivers can call; empty is none
	BaseURL   string         // under which this machine is reached
	LinkKey   []byte         // secret that the links of payments without a checkout are made with
	Proxies   []netip.Prefix // that are ours, and say where requests come from
	Version   string
	Zone      *time.Location // in which pages show times
	Now       func() time.Time
	Log       *slog.Logger

	People   *access.People
	Passkeys *access.Passkeys
	SignOn   *access.Provider // nil: nobody signs in elsewhere
	Trail    access.AuditStore
	Settings []ServerSetting // that the server was started with

	peopled   atomic.Bool                   // there are users
	templates map[string]*template.Template // of the pages, by language
	assets    map[string]asset              // of the pages, by name
	rates     limits
	drive     driving
	formKey   [32]byte // by which forms are known again; forgotten at the end
}

// Events reads the durable events.
type Events interface {
	// Events lists up to limit events behind the one with the number after.
	Events(ctx context.Context, after int64, limit int) ([]gnista.Event, error)
	// LastEvent is the number of the newest event.
	LastEvent(ctx context.Context) (int64, error)
}

// Bus tells of events as they happen.
type Bus interface {
	Subscribe(buffer int) (events <-chan gnista.Event, cancel func())
}

// Prefix is where the API is.
const Prefix = "/api/v1"

const prefix = Prefix

// Describe is the description of the API as OpenAPI 3.1, in JSON. Nothing of the server is used.
func (s *Server) Describe() ([]byte, error) {
	api := s.register(http.NewServeMux())
	operations(api)
	return json.MarshalIndent(api.OpenAPI(), "", "  ")
}

// register adds the operations of the API.
func (s *Server) register(mux *http.ServeMux) huma.API {
	config := huma.DefaultConfig("Gnista", s.Version)
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = prefix+"/openapi", "", ""
	config.CreateHooks = nil // no links to schemas in answers
	config.Formats = maps.Clone(config.Formats)
	config.Formats["application/x-www-form-urlencoded"] = huma.DefaultJSONFormat // what curl -d says of any body
	config.Info.Description = "The API of a charge point operator's central system. Amounts are in minor units, energy is in Wh, power in W, times are RFC 3339 in UTC."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":  {Type: "http", Scheme: "bearer"},
		myScheme: {Type: "apiKey", In: "cookie", Name: secureCookie + mySuffix, Description: "The session of a driver, which is good for what is their own and for nothing else. Without TLS its name is " + plainCookie + mySuffix},
	}
	api := humago.New(mux, config)
	config.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[power.Milli](), reflect.TypeFor[float64]())
	s.stations(api)
	s.commands(api)
	s.settings(api)
	s.reports(api)
	s.settingTemplates(api)
	s.campaigns(api)
	s.remedies(api)
	s.verdicts(api)
	s.quirks(api)
	s.checks(api)
	s.mirrors(api)
	s.security(api)
	s.outcomes(api)
	s.vendors(api)
	s.firmware(api, mux)
	s.logs(api, mux)
	s.transfers(api)
	s.monitors(api)
	s.displays(api)
	s.costs(api)
	s.customers(api)
	s.streams(api)
	s.power(api)
	s.tokens(api)
	s.unknownTokens(api)
	s.accounts(api)
	s.mandates(api)
	s.localLists(api)
	s.transactions(api)
	s.reservations(api)
	s.tariffs(api)
	s.assignments(api)
	s.tariffExchange(api)
	s.quotes(api)
	s.tariffUses(api)
	s.simulations(api)
	s.sites(api)
	s.sitePower(api)
	s.uptimes(api)
	s.figures(api)
	s.totals(api)
	s.records(api)
	s.invoices(api)
	s.invoiceRuns(api)
	s.corrections(api)
	s.review(api)
	s.ledger(api)
	s.payments(api)
	s.terminals(api)
	s.checkouts(api)
	s.refunds(api)
	s.reconciliation(api)
	s.hints(api)
	s.attempts(api)
	s.payCodes(api)
	s.evseIDs(api)
	s.labels(api)
	s.authorities(api)
	s.certificates(api)
	s.roots(api)
	s.securityEvents(api)
	s.catalogue(api)
	s.faults(api)
	s.incidents(api)
	s.events(api)
	s.users(api)
	s.passkeys(api)
	s.trail(api)
	s.server(api)
	s.alerts(api)
	s.mySignIn(api)
	s.myself(api)
	s.myCharges(api)
	s.myCards(api)
	s.myMandates(api)
	return api
}

// Handler is the handler of all paths.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	s.rates = newLimits()
	api := s.register(mux)
	s.pages(mux)
	s.signInPages(mux)
	s.passkeyPages(mux)
	s.signOnPages(mux)
	s.payPages(mux)
	s.hooks(mux)
	s.alertPages(mux)
	s.myPages(mux)
	s.console(mux)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		problem(w, http.StatusNotFound, "there is no "+r.Method+" "+r.URL.Path+"; see "+prefix+"/openapi.json")
	})
	health := s.Health()
	for _, path := range []string{"/livez", "/readyz", "/healthz"} {
		mux.Handle("GET "+path, health)
	}
	return s.observed(compressed(s.stationFiles(sameOrigin(s.authorised(textual(s.guarded(mux, api)))))))
}

// sameOrigin refuses requests that change something and that the page of another site has a browser make. Pages of
// the payment tell nobody their address, so that browsers that do not say what kind of site a form is of say that
// its origin is null; what such a form may do only the address allows, which another site does not know.
func sameOrigin(next http.Handler) http.Handler {
	protected := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null" && paid(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		protected.ServeHTTP(w, r)
	})
}

// paid tells whether a path is one of a page on which drivers pay, or of a link that acknowledges an alert.
func paid(path string) bool {
	return strings.HasPrefix(path, "/e/") || strings.HasPrefix(path, "/q/") || strings.HasPrefix(path, "/pay/") || strings.HasPrefix(path, alert.AckPath)
}

// open tells the paths that need no token.
func open(path string) bool {
	if path == "/find" {
		return true
	}
	for _, p := range []string{"/livez", "/readyz", "/healthz", "/sign-in", "/assets/", "/built/", "/e/", "/q/", "/pay/", "/hooks/", alert.AckPath, myPath + "/", myAPI + "/sign-in", myAPI + "/link", prefix + "/openapi", prefix + "/receipts/", prefix + "/attempts/", prefix + "/crl/", prefix + "/ocsp"} {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return path == myPath
}

// authorised finds out who asks, and lets nobody through of whom nothing is known.
func (s *Server) authorised(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, myAPI+"/") {
			s.byDriver(w, r, next)
			return
		}
		if open(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		actor, session, ok, err := s.who(r)
		switch {
		case err != nil:
			s.Log.Error("it could not be found out who asks", "err", err)
			problem(w, http.StatusServiceUnavailable, "nobody can be let in right now; try again in a moment")
		case !ok:
			s.turnAway(w, r)
		default:
			ctx := context.WithValue(context.WithValue(r.Context(), actorKey{}, actor), sessionKey{}, session)
			next.ServeHTTP(w, r.WithContext(station.By(ctx, actor.Name)))
		}
	})
}

// who is who asks: who has the admin token, who has signed in, with the id of the session, or this machine as long
// as it is all that there is.
func (s *Server) who(r *http.Request) (a access.Actor, session string, ok bool, err error) {
	if s.Token != "" && s.knows(r) {
		return access.Root("the admin token"), "", true, nil
	}
	if u, x, ok, err := s.signedIn(r); ok || err != nil {
		return u.Actor(), x.ID, ok, err
	}
	if s.Token == "" && local(r) {
		any, err := s.hasUsers(r.Context())
		return access.Root("this machine"), "", !any, err
	}
	return a, "", false, nil
}

// hasUsers tells whether there is a user. Once there is one there always is.
func (s *Server) hasUsers(ctx context.Context) (bool, error) {
	if s.peopled.Load() {
		return true, nil
	}
	list, err := s.People.Store.Users(ctx, "", 1)
	if len(list) > 0 {
		s.peopled.Store(true)
	}
	return len(list) > 0, err
}

// still tells whether who began a request that goes on has the rights that they had then. Who has others begins anew.
func (s *Server) still(r *http.Request) bool {
	a, _, ok, err := s.who(r)
	return err != nil || ok && reflect.DeepEqual(a, actorOf(r.Context()))
}

// turnAway tells who is not known what to do: to sign in, or to send the token.
func (s *Server) turnAway(w http.ResponseWriter, r *http.Request) {
	any, err := s.hasUsers(r.Context())
	switch {
	case err == nil && any && r.Method == http.MethodGet && !strings.HasPrefix(r.URL.Path, "/api/"):
		http.Redirect(w, r, "/sign-in?to="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	case err == nil && any:
		problem(w, http.StatusUnauthorized, "sign in, or send the admin token: Authorization: Bearer …")
	case s.Token == "":
		problem(w, http.StatusForbidden, "no admin token is set, so only this machine may ask; set GNISTA_ADMIN_TOKEN")
	default: // browsers ask for a password; the user name does not matter
		w.Header().Set("WWW-Authenticate", `Basic realm="Gnista: the password is the admin token", charset="UTF-8"`)
		problem(w, http.StatusUnauthorized, "send the admin token: Authorization: Bearer …")
	}
}

// knows tells whether a request has the admin token, as a bearer or as a Basic password.
func (s *Server) knows(r *http.Request) bool {
	scheme, presented, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		_, presented, _ = r.BasicAuth()
	}
	got, want := sha256.Sum256([]byte(presented)), sha256.Sum256([]byte(s.Token))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// local tells whether a request was made on this machine, to this machine: not through a proxy, and
// not by a page of a site that has its name point here.
func local(r *http.Request) bool {
	for _, h := range []string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil || !net.ParseIP(host).IsLoopback() {
		return false
	}
	name := r.Host
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	return name == "localhost" || net.ParseIP(strings.Trim(name, "[]")).IsLoopback()
}

// problem answers with a problem detail outside of huma.
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(&huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: detail})
}

// statuses are how kinds of failure are told over HTTP.
var statuses = map[gnista.Code]int{
	gnista.Invalid:     http.StatusUnprocessableEntity,
	gnista.NotFound:    http.StatusNotFound,
	gnista.Conflict:    http.StatusConflict,
	gnista.Offline:     http.StatusServiceUnavailable,
	gnista.Timeout:     http.StatusGatewayTimeout,
	gnista.Unsupported: http.StatusNotImplemented,
	gnista.Refused:     http.StatusBadGateway,
}

// fail is err as an answer. What is internal is logged and not told.
func (s *Server) fail(ctx context.Context, op huma.Operation, err error) error {
	if _, answered := errors.AsType[huma.StatusError](err); answered {
		return err
	}
	e, ok := errors.AsType[*gnista.Error](err)
	if !ok {
		level := slog.LevelError
		if errors.Is(err, context.Canceled) { // whoever asked has gone, or we end
			level = slog.LevelInfo
		}
		s.Log.Log(context.WithoutCancel(ctx), level, "a request failed", "operation", op.OperationID, "err", err)
		return huma.Error500InternalServerError("an internal error; the log has more")
	}
	if e.Field != "" {
		in := "body."
		if op.Method == http.MethodGet {
			in = "query."
		}
		return huma.NewError(statuses[e.Code], err.Error(), &huma.ErrorDetail{Location: in + e.Field, Message: e.Detail()})
	}
	return huma.NewError(statuses[e.Code], err.Error())
}

// add registers an operation whose errors are those of the domain.
func add[I, O any](s *Server, api huma.API, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	op.Path = prefix + op.Path
	switch {
	case open(op.Path):
	case strings.HasPrefix(op.Path, myAPI+"/"):
		op.Security = []map[string][]string{{myScheme: {}}}
	default:
		op.Security = []map[string][]string{{"token": {}}}
	}
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = 1 << 20
	}
	huma.Register(api, op, func(ctx context.Context, in *I) (out *O, err error) {
		if err = checkBody(in); err == nil {
			out, err = h(ctx, in)
		}
		if err != nil {
			return nil, s.fail(ctx, op, err)
		}
		return out, nil
	})
}

// body is an answer with a JSON body.
type body[T any] struct{ Body T }

func answer[T any](v T, err error) (*body[T], error) { return &body[T]{v}, err }

// page is one page of a list.
type page[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent on the last"`
}

// Paging is what lists are asked with.
type Paging struct {
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"1000" doc:"Most items of a page"`
	Cursor string `query:"cursor" doc:"From the page before"`
}

// after is the position that the cursor stands for; empty at the start.
func (p Paging) after() (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil || !storable(string(b)) {
		return "", p.wrong()
	}
	return string(b), nil
}

// below is the number that the cursor stands for; 0 at the start.
func (p Paging) below() (int64, error) {
	text, err := p.after()
	if err != nil || text == "" {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, p.wrong()
	}
	return n, nil
}

func (p Paging) wrong() error { return wrong("query.cursor", "is not one of ours", p.Cursor) }

// turn makes a page of list, which is full when another may follow: then next is the position of its
// last item.
func turn[T, U any](p Paging, list []T, show func(T) U, position func(T) string) page[U] {
	out := page[U]{Items: make([]U, len(list))}
	for i, v := range list {
		out.Items[i] = show(v)
	}
	if len(list) == p.Limit {
		out.Next = base64.RawURLEncoding.EncodeToString([]byte(position(list[len(list)-1])))
	}
	return out
}

// moment is a time in an answer; the zero time is left out.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
