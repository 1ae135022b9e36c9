// Package stripesim stands in for Stripe where no real money moves: it speaks as much of its interface as we use,
// keeps what was done, refuses what Stripe refuses, and tells by signed webhooks what has happened. Requests can be
// held to Stripe's own description of its interface, by a stripe-mock in front.
package stripesim

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gnista/payment/journal"
)

// Version is the one of Stripe's interface that is spoken.
const Version = "2026-03-25.dahlia"

// Options are what a simulator is made with.
type Options struct {
	Key     string // secret key that requests must have
	Webhook string // secret that webhooks are signed with
	Mock    string // address of a stripe-mock that each request is shown first; empty is none
	Now     func() time.Time
}

// Sim is Stripe, simulated. It is an http.Handler.
type Sim struct {
	Options
	mux *http.ServeMux

	mu        sync.Mutex
	journal   *journal.Journal[deed] // nil: it forgets everything at the end
	serial    int
	faults    []plan
	keys      map[string]*answered
	intents   []*intent // in the order in which they were made, as all
	refunds   []*refund
	setups    []*setup
	customers map[string]bool
	methods   map[string]*method
	movements []*movement
	payouts   []*payout
	disputes  map[string]*dispute
	events    []Event // that were not given out
	effects   map[string]int
}

// New makes a simulator.
func New(o Options) *Sim {
	s := &Sim{
		Options: o, keys: map[string]*answered{}, customers: map[string]bool{}, methods: map[string]*method{}, disputes: map[string]*dispute{}, effects: map[string]int{},
	}
	s.mux = http.NewServeMux()
	s.element()
	for pattern, h := range map[string]func(url.Values, string) (any, error){
		"POST /v1/payment_intents":              s.createIntent,
		"GET /v1/payment_intents":               s.listIntents,
		"GET /v1/payment_intents/{id}":          s.getIntent,
		"POST /v1/payment_intents/{id}/capture": s.capture,
		"POST /v1/payment_intents/{id}/cancel":  s.cancel,
		"POST /v1/refunds":                      s.createRefund,
		"GET /v1/refunds":                       s.listRefunds,
		"POST /v1/customers":                    s.createCustomer,
		"POST /v1/setup_intents":                s.createSetup,
		"GET /v1/setup_intents/{id}":            s.getSetup,
		"POST /v1/setup_intents/{id}/cancel":    s.cancelSetup,
		"POST /v1/payment_methods/{id}/detach":  s.detach,
		"GET /v1/balance_transactions":          s.listMovements,
		"GET /v1/payouts":                       s.listPayouts,
		"GET /v1/disputes":                      s.listDisputes,
	} {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, h) })
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		write(w, http.StatusNotFound, encode(refuse("", "there is no "+r.URL.Path)))
	})
	return s
}

// Start serves the simulator on an address of this machine, until the listener is closed.
func (s *Sim) Start(l net.Listener) *http.Server {
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(l)
	return server
}

func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Fault is what goes wrong with a request.
type Fault int

// The faults. After the last two something was done all the same.
const (
	Before     Fault = iota // it never arrives
	RateLimit               // there are too many
	InProgress              // another one with the key has not ended
	Broken                  // Stripe fails, and says so again to whoever comes with the same key
	After                   // its answer is lost
	BrokenLate              // Stripe fails at the end
)

type plan struct {
	path  string
	fault Fault
}

// Fail has the next requests fail that change something and whose path ends in path, in order.
func (s *Sim) Fail(path string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.faults = append(s.faults, plan{path, f})
	}
}

// Mend has nothing fail any more.
func (s *Sim) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault takes the one that is planned for a request.
func (s *Sim) fault(r *http.Request) (Fault, bool) {
	for i, p := range s.faults {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, p.path) {
			s.faults = slices.Delete(s.faults, i, i+1)
			return p.fault, true
		}
	}
	return 0, false
}

// answered is an answer to a request with a key.
type answered struct {
	hash   [sha256.Size]byte
	status int
	body   []byte
	at     time.Time
}

// keyLife is how long keys are known.
const keyLife = 24 * time.Hour

const maxBody = 1 << 20

func (s *Sim) serve(w http.ResponseWriter, r *http.Request, h func(url.Values, string) (any, error)) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		write(w, http.StatusBadRequest, encode(refuse("", "the body cannot be read")))
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+s.Key {
		write(w, http.StatusUnauthorized, encode(refuse("", "the key is wrong")))
		return
	}
	if r.Header.Get("Stripe-Version") != Version {
		write(w, http.StatusBadRequest, encode(refuse("", "the version is not "+Version)))
		return
	}
	if done := s.mocked(w, r, body); done {
		return
	}
	params, err := url.ParseQuery(string(body))
	if err != nil {
		write(w, http.StatusBadRequest, encode(refuse("", "the body is no form")))
		return
	}
	for k, v := range r.URL.Query() {
		params[k] = v
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	fault, failing := s.fault(r)
	switch {
	case failing && fault == Before:
		panic(http.ErrAbortHandler)
	case failing && fault == RateLimit:
		write(w, http.StatusTooManyRequests, encode(&problem{Type: "invalid_request_error", Code: "rate_limit", Message: "too many requests"}))
		return
	case failing && fault == InProgress:
		write(w, http.StatusConflict, encode(&problem{Type: "idempotency_error", Code: "idempotency_key_in_use", Message: "another request has the key"}))
		return
	}
	key := r.Header.Get("Idempotency-Key")
	hash := sha256.Sum256([]byte(r.Method + r.URL.Path + "\n" + string(body)))
	if have := s.keys[key]; r.Method == http.MethodPost && key != "" && have != nil && s.Now().Sub(have.at) < keyLife {
		if have.hash != hash {
			write(w, http.StatusBadRequest, encode(&problem{Type: "idempotency_error", Message: "the key was used with other parameters"}))
			return
		}
		w.Header().Set("Idempotent-Replayed", "true")
		write(w, have.status, have.body)
		return
	}
	serial := s.serial
	status, answer, keep := http.StatusInternalServerError, encode(&problem{Type: "api_error", Message: "something went wrong"}), true
	if !failing || fault != Broken {
		var made any
		made, err = h(params, r.PathValue("id"))
		if !failing || fault != BrokenLate {
			status, answer, keep = s.answer(made, err)
		}
		if err == nil && r.Method == http.MethodPost {
			s.effects[params.Get("metadata[operation]")+" "+lastPart(r.URL.Path)]++
		}
	}
	if keep && key != "" && r.Method == http.MethodPost {
		s.keys[key] = &answered{hash, status, answer, s.Now()}
	}
	if r.Method == http.MethodPost && (!failing || fault == After) {
		if err := s.remember(deed{Serial: serial, Path: r.URL.Path, Key: key, Body: string(body)}); err != nil {
			status, answer = http.StatusInternalServerError, encode(&problem{Type: "api_error", Message: err.Error()})
		}
	}
	if failing && fault == After {
		panic(http.ErrAbortHandler)
	}
	write(w, status, answer)
}

func lastPart(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// answer is what a request comes to; keep tells whether that is remembered with its key, which it is not where
// parameters are wrong.
func (s *Sim) answer(made any, err error) (status int, body []byte, keep bool) {
	p, bad := err.(*problem)
	if !bad {
		return http.StatusOK, encode(made), true
	}
	switch {
	case p.Type == "card_error":
		status = http.StatusPaymentRequired
	case p.Code == "resource_missing":
		status = http.StatusNotFound
	default:
		status = http.StatusBadRequest
	}
	return status, encode(p), p.Param == ""
}

// mocked shows a request to the stripe-mock, and answers what that refuses.
func (s *Sim) mocked(w http.ResponseWriter, r *http.Request, body []byte) bool {
	if s.Mock == "" {
		return false
	}
	req, err := http.NewRequestWithContext(r.Context(), r.Method, strings.TrimRight(s.Mock, "/")+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		write(w, http.StatusInternalServerError, encode(refuse("", err.Error())))
		return true
	}
	for _, h := range []string{"Authorization", "Content-Type", "Stripe-Version"} {
		req.Header.Set(h, r.Header.Get(h))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		write(w, http.StatusBadGateway, encode(refuse("", "stripe-mock does not answer")))
		return true
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err == nil && res.StatusCode < 400 {
		return false
	}
	write(w, res.StatusCode, text)
	return true
}

// problem is an error as Stripe tells it.
type problem struct {
	Type    string `json:"type"`
	Code    string `json:"code,omitempty"`
	Decline string `json:"decline_code,omitempty"`
	Param   string `json:"param,omitempty"`
	Message string `json:"message"`
	Intent  any    `json:"payment_intent,omitempty"`
}

func (p *problem) Error() string { return p.Message }

// refuse is that a parameter is wrong, or with none another mistake of whoever asks.
func refuse(param, message string) *problem {
	return &problem{Type: "invalid_request_error", Param: param, Message: message}
}

func missing(what, id string) *problem {
	return &problem{Type: "invalid_request_error", Code: "resource_missing", Message: "No such " + what + ": '" + id + "'"}
}

func encode(x any) []byte {
	if p, ok := x.(*problem); ok {
		x = map[string]any{"error": p}
	}
	text, err := json.Marshal(x)
	if err != nil {
		panic(err) // everything here marshals
	}
	return text
}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", "req_simulated")
	w.WriteHeader(status)
	w.Write(body)
}

// id makes a name that cannot be guessed from others only as far as a simulator needs it.
func (s *Sim) id(kind string) string {
	s.serial++
	sum := sha256.Sum256([]byte(s.Webhook + strconv.Itoa(s.serial)))
	return fmt.Sprintf("%s_%06d%x", kind, s.serial, sum[:8])
}

func number(params url.Values, name string) (int64, error) {
	text := params.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, refuse(name, "Invalid integer: "+text)
	}
	return n, nil
}

// metadata are the parameters metadata[…].
func metadata(params url.Values) map[string]string {
	m := map[string]string{}
	for k := range params {
		if name, ok := strings.CutPrefix(k, "metadata["); ok {
			m[strings.TrimSuffix(name, "]")] = params.Get(k)
		}
	}
	return m
}

// expands tells whether a field is to be whole and not its name.
func expands(params url.Values, field string) bool {
	for k, v := range params {
		if strings.HasPrefix(k, "expand[") && (slices.Contains(v, field) || slices.Contains(v, "data."+field)) {
			return true
		}
	}
	return false
}

// within tells whether a time is in the range created[…] that is asked for.
func within(params url.Values, at time.Time) bool {
	for name, ok := range map[string]func(a, b int64) bool{
		"created[gte]": func(a, b int64) bool { return a >= b }, "created[lt]": func(a, b int64) bool { return a < b },
	} {
		if limit, err := strconv.ParseInt(params.Get(name), 10, 64); err == nil && !ok(at.Unix(), limit) {
			return false
		}
	}
	return true
}

// page is a list as Stripe gives it, the newest first.
func page[T any](params url.Values, list []T, path string, id func(T) string, want func(T) bool, show func(T) any) (any, error) {
	limit, err := number(params, "limit")
	if err != nil {
		return nil, err
	}
	if limit == 0 {
		limit = 10
	}
	after, data, more := params.Get("starting_after"), []any{}, false
	for _, x := range slices.Backward(list) {
		switch {
		case after != "":
			if id(x) == after {
				after = ""
			}
		case !want(x):
		case int64(len(data)) == limit:
			more = true
		default:
			data = append(data, show(x))
		}
	}
	return map[string]any{"object": "list", "url": path, "has_more": more, "data": data}, nil
}
