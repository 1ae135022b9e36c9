package swishsim

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Listen serves the simulated Swish at an address of this machine until the listener is closed.
func (s *Sim) Listen(address string) (net.Listener, *http.Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, nil, err
	}
	server := &http.Server{Handler: s, TLSConfig: s.keys.server(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet()}
	return l, server, nil
}

// What parts of requests look like.
var (
	instruction = regexp.MustCompile(`^[0-9A-F]{32}$`)
	decimals    = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,2})?$`)
	aReference  = regexp.MustCompile(`^[a-zA-Z0-9\-_.+*/]{0,35}$`)
	aMessage    = regexp.MustCompile(`^[a-zA-ZåäöÅÄÖ0-9 :;.,?!()"\-]{0,50}$`)
	anAlias     = regexp.MustCompile(`^[1-9][0-9]{7,14}$`)
	identifier  = regexp.MustCompile(`^[0-9A-Za-z\-]{32,36}$`)
)

// most that is moved, in öre.
const most = 15_000_000

// body is a payment request or a refund as it is asked for.
type body struct {
	PayeePaymentReference    string      `json:"payeePaymentReference"`
	PayerPaymentReference    string      `json:"payerPaymentReference"`
	OriginalPaymentReference string      `json:"originalPaymentReference"`
	CallbackURL              string      `json:"callbackUrl"`
	CallbackIdentifier       string      `json:"callbackIdentifier"`
	PayerAlias               string      `json:"payerAlias"`
	PayeeAlias               string      `json:"payeeAlias"`
	Amount                   json.Number `json:"amount"`
	Currency                 string      `json:"currency"`
	Message                  string      `json:"message"`
}

// ServeHTTP is the API for merchants.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	what, id := "", ""
	for path, is := range map[string]string{"/api/v1/paymentrequests/": "payment", "/api/v2/paymentrequests/": "payment", "/api/v1/refunds/": "refund", "/api/v2/refunds/": "refund"} {
		if rest, ok := strings.CutPrefix(strings.TrimPrefix(r.URL.Path, "/swish-cpcapi"), path); ok {
			what, id = is, rest
		}
	}
	if what == "" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pass()
	f := None
	if r.Method != http.MethodGet {
		f, s.next = s.next, None
	}
	switch f {
	case LostBefore:
		panic(http.ErrAbortHandler)
	case Failing:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case LostAfter:
		w = lost{http.Header{}}
	}
	out := &heard{ResponseWriter: w}
	s.handle(out, r.Method, r.Header.Get("Content-Type"), what, id, text)
	if out.status < 300 && r.Method != http.MethodGet {
		if err := s.remember(deed{Path: r.Method + " " + what, ID: id, Body: string(text)}); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	if f == LostAfter {
		panic(http.ErrAbortHandler)
	}
}

// heard is an answer of which the status is known; 0 is OK.
type heard struct {
	http.ResponseWriter
	status int
}

func (h *heard) WriteHeader(status int) {
	h.status = status
	h.ResponseWriter.WriteHeader(status)
}

// lost is an answer that nobody gets.
type lost struct{ h http.Header }

func (l lost) Header() http.Header         { return l.h }
func (l lost) Write(b []byte) (int, error) { return len(b), nil }
func (l lost) WriteHeader(int)             {}

func (s *Sim) handle(w http.ResponseWriter, method, kind, what, id string, text []byte) {
	switch {
	case method == http.MethodGet && what == "payment":
		if p := s.asked[id]; p != nil {
			answer(w, p.view())
			return
		}
		refuse(w, http.StatusNotFound, "RP04")
	case method == http.MethodGet:
		if x := s.refunds[id]; x != nil {
			answer(w, x.view())
			return
		}
		refuse(w, http.StatusNotFound, "RP04")
	case method == http.MethodPatch && what == "payment":
		s.patch(w, kind, id, text)
	case method == http.MethodPut:
		var b body
		if kind != "application/json" {
			w.WriteHeader(http.StatusUnsupportedMediaType)
			return
		}
		if json.Unmarshal(text, &b) != nil || !instruction.MatchString(id) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if what == "payment" {
			s.ask(w, id, b)
			return
		}
		s.refund(w, id, b)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode([]map[string]any{{"errorCode": code, "errorMessage": "simulated", "additionalInformation": nil}})
}

// öre is an amount as it was asked for; ok is false when it is none.
func öre(n json.Number) (minor int64, ok bool) {
	if !decimals.MatchString(n.String()) {
		return 0, false
	}
	whole, part, _ := strings.Cut(n.String(), ".")
	minor, err := strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
	return minor, err == nil
}

// wrong is the code of what is wrong with a request; empty is nothing.
func (b body) wrong(reference string) string {
	n, ok := öre(b.Amount)
	u, err := url.Parse(b.CallbackURL)
	switch {
	case !aReference.MatchString(reference):
		return "FF08"
	case err != nil || u.Scheme != "https" && !(u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost")):
		return "RP03"
	case b.CallbackIdentifier != "" && !identifier.MatchString(b.CallbackIdentifier):
		return "RP03"
	case !ok:
		return "PA02"
	case n < 1:
		return "AM06"
	case n > most:
		return "AM02"
	case b.Currency != "SEK":
		return "AM03"
	case !aMessage.MatchString(b.Message):
		return "RP02"
	}
	return ""
}

// simulated are the codes that a message can have a request end with: at once, or when it is carried out.
var (
	atOnce = map[string]bool{"FF08": true, "RP03": true, "BE18": true, "RP01": true, "PA02": true, "AM06": true, "AM02": true, "AM03": true, "RP06": true, "ACMT03": true, "ACMT01": true,
		"RF02": true, "RF03": true, "RF04": true, "RF06": true, "RF08": true, "RF09": true, "ACMT07": true}
	afterwards = map[string]bool{"RF07": true, "TM01": true, "DS24": true, "BANKIDCL": true, "BANKIDONGOING": true, "FF10": true, "AM04": true}
)

func (s *Sim) ask(w http.ResponseWriter, id string, b body) {
	code := b.wrong(b.PayeePaymentReference)
	switch {
	case s.asked[id] != nil || s.refunds[id] != nil:
		code = "RP09"
	case code != "":
	case b.PayeeAlias == "":
		code = "RP01"
	case b.PayeeAlias != Merchant:
		code = "PA01"
	case b.PayerAlias != "" && !anAlias.MatchString(b.PayerAlias):
		code = "BE18"
	case strings.HasSuffix(b.PayerAlias, "0000"): // of whom nobody has Swish
		code = "ACMT03"
	case atOnce[b.Message]:
		code = b.Message
	}
	if code == "" && b.PayerAlias != "" {
		for _, p := range s.asked {
			if p.Payer == b.PayerAlias && p.Status == "CREATED" {
				code = "RP06"
			}
		}
	}
	if code != "" {
		refuse(w, http.StatusUnprocessableEntity, code)
		return
	}
	n, _ := öre(b.Amount)
	p := &Payment{
		ID: id, Reference: b.PayeePaymentReference, Payee: b.PayeeAlias, Payer: b.PayerAlias, Message: b.Message, Amount: n, Status: "CREATED", Made: s.Now(),
		callback: b.CallbackURL, identifier: b.CallbackIdentifier,
	}
	s.asked[id] = p
	if p.Payer == "" {
		p.Token = s.token()
		w.Header().Set("PaymentRequestToken", p.Token)
	}
	if afterwards[b.Message] {
		s.end(p, "ERROR", b.Message)
	}
	w.Header().Set("Location", "/swish-cpcapi/api/v1/paymentrequests/"+id)
	w.WriteHeader(http.StatusCreated)
}

func (s *Sim) patch(w http.ResponseWriter, kind, id string, text []byte) {
	var list []struct{ Op, Path, Value string }
	p := s.asked[id]
	switch {
	case kind != "application/json-patch+json":
		w.WriteHeader(http.StatusUnsupportedMediaType)
	case p == nil:
		refuse(w, http.StatusNotFound, "RP04")
	case json.Unmarshal(text, &list) != nil || len(list) != 1 || list[0].Op != "replace" || list[0].Path != "/status" || list[0].Value != "cancelled":
		w.WriteHeader(http.StatusBadRequest)
	case p.Status != "CREATED":
		refuse(w, http.StatusUnprocessableEntity, "RP07")
	default:
		s.end(p, "CANCELLED", "")
		answer(w, p.view())
	}
}

func (s *Sim) refund(w http.ResponseWriter, id string, b body) {
	code := b.wrong(b.PayerPaymentReference)
	var of *Payment
	for _, p := range s.asked {
		if p.Paid != "" && p.Paid == b.OriginalPaymentReference {
			of = p
		}
	}
	n, _ := öre(b.Amount)
	switch {
	case s.asked[id] != nil || s.refunds[id] != nil:
		code = "RP09"
	case code != "":
	case of == nil || of.Status != "PAID" || s.Now().After(of.PaidAt.AddDate(0, 13, 0)):
		code = "RF02"
	case b.PayerAlias != Merchant:
		code = "RF03"
	case n < 100:
		code = "AM06"
	case n > of.Amount-of.Refunded:
		code = "RF08"
	case atOnce[b.Message]:
		code = b.Message
	}
	if code == "" {
		for _, r := range s.refunds {
			if r.Payment == of.ID && s.Now().Sub(r.Made) < between {
				code = "RF09"
			}
		}
	}
	if code != "" {
		refuse(w, http.StatusUnprocessableEntity, code)
		return
	}
	x := &Refund{
		ID: id, Payment: of.ID, Reference: b.PayerPaymentReference, Original: b.OriginalPaymentReference, Payer: b.PayerAlias, Message: b.Message, Amount: n, Status: "VALIDATED", Made: s.Now(),
		callback: b.CallbackURL, identifier: b.CallbackIdentifier, fail: s.spoil,
	}
	if afterwards[b.Message] {
		x.fail = b.Message
	}
	s.spoil = ""
	s.refunds[id] = x
	of.Refunded += n
	w.Header().Set("Location", "/swish-cpcapi/api/v1/refunds/"+id)
	w.WriteHeader(http.StatusCreated)
}

// Spoil has the next refund that is taken in end with an error.
func (s *Sim) Spoil(code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spoil = code
}
