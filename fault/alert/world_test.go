package alert_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"gnista"
	"gnista/fault"
	"gnista/fault/alert"
	"gnista/pki"
	"gnista/store"
)

// world is a store, faults, a mail server and an HTTP receiver, with a clock that stands still.
type world struct {
	t  *testing.T
	db *store.DB
	*alert.Alerts
	mail *mailServer
	hook *receiver

	mu       sync.Mutex
	at       time.Time
	ids      int
	seq      int64
	subjects map[string]alert.Subject
	reports  []fault.Report
}

var monday = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC) // 09:00 in Stockholm

// empty is the file of a database with nothing in it: to make one takes longer than most tests.
var empty = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "gnista")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "empty.db")
	db, err := store.Open(context.Background(), "sqlite:"+file, store.Options{})
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

func newWorld(t *testing.T) *world {
	t.Helper()
	file := filepath.Join(t.TempDir(), "test.db")
	if err := os.WriteFile(file, must(empty())(t), 0o600); err != nil {
		t.Fatal(err)
	}
	db := must(store.Open(t.Context(), "sqlite:"+file, store.Options{}))(t)
	t.Cleanup(func() { db.Close() })
	w := &world{t: t, db: db, at: monday, subjects: map[string]alert.Subject{}}
	w.mail, w.hook = newMailServer(t), newReceiver(t)
	w.begin(db)
	return w
}

// begin starts anew over a store, as after a restart.
func (w *world) begin(s alert.Store) {
	w.t.Helper()
	client := pki.NewClient([]string{w.hook.host})
	client.Transport.(*http.Transport).TLSClientConfig = w.hook.Client().Transport.(*http.Transport).TLSClientConfig
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		w.t.Fatal(err)
	}
	mailer, err := alert.NewMailer("smtp://gnista@"+w.mail.addr, "secret", "Gnista larm åäö <larm@operator.example>")
	if err != nil {
		w.t.Fatal(err)
	}
	mailer.TLS = &tls.Config{RootCAs: w.mail.roots}
	w.Alerts = &alert.Alerts{
		Store: s, Faults: w, Catalogue: w, Names: w, Events: w.db, Reporter: w, Mail: mailer, Client: client, Internal: []string{w.hook.host}, PublicURL: "https://charge.example/",
		Zone: zone, Now: w.now, NewID: w.newID, Log: slog.New(slog.DiscardHandler),
	}
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func (w *world) newID() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids++
	return fmt.Sprintf("id%06d", w.ids)
}

// step does what is due now.
func (w *world) step() {
	w.t.Helper()
	if err := w.Step(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// Subject, Acknowledge and Open are those of faults.
func (w *world) Subject(_ context.Context, kind, id string) (alert.Subject, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.subjects[kind+":"+id]
	if !ok {
		return s, gnista.Errorf(gnista.NotFound, "there is no %s %s", kind, id)
	}
	return s, nil
}

func (w *world) Acknowledge(ctx context.Context, kind, id, by string) error {
	w.mu.Lock()
	s := w.subjects[kind+":"+id]
	s.AcknowledgedBy = by
	w.subjects[kind+":"+id] = s
	w.mu.Unlock()
	w.tell(kind+".changed", s, "acknowledged")
	return nil
}

func (w *world) Open(_ context.Context, f alert.OpenFilter) (list []alert.Subject, _ error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.subjects {
		if s.ClearedAt.IsZero() && s.Incident == "" && (f.Severity == "" || !f.Severity.Worse(s.Severity)) && (len(f.Sites) == 0 || slices.Contains(f.Sites, s.Site)) {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b alert.Subject) int { return a.Case - b.Case })
	return list[:min(len(list), f.Limit)], nil
}

func (w *world) Find(k fault.Key, _ fault.Raw) fault.Entry {
	if k.Code == "Unknown" {
		return fault.Entry{Key: k}
	}
	return fault.Entry{Key: k, Known: true, Texts: map[fault.Language]fault.Texts{
		fault.Swedish: {Name: "Låset fastnar", Operator: "Lås upp på håll", Technician: "Se efter låset"},
		fault.English: {Name: "The lock is stuck", Operator: "Unlock it from afar", Technician: "Look at the lock"},
	}}
}

func (w *world) SiteName(_ context.Context, id string) string { return "Platsen " + id }

func (w *world) Report(_ context.Context, r fault.Report) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reports = append(w.reports, r)
	return nil
}

// tell gives an event of a subject to who takes them.
func (w *world) tell(kind string, s alert.Subject, what string) {
	w.t.Helper()
	data, err := json.Marshal(fault.Told{Key: s.Key.String(), Severity: s.Severity, Case: s.Case, Site: s.Site, Incident: s.Incident, What: what})
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	w.seq++
	ev := gnista.Event{Seq: w.seq, At: w.at, Kind: kind, Subject: s.ID, Data: data}
	w.mu.Unlock()
	for range 2 { // an event may come twice
		if err := w.Take(w.t.Context(), ev); err != nil {
			w.t.Fatal(err)
		}
	}
}

// set keeps a subject as it is from now on.
func (w *world) set(s alert.Subject) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.subjects[s.Ref()] = s
}

// broken is a fault that has been opened.
func (w *world) broken(id string, f func(*alert.Subject)) alert.Subject {
	w.t.Helper()
	s := alert.Subject{
		Kind: alert.OfFault, ID: id, Case: 1000 + len(w.subjects), Key: fault.Key{Source: fault.OCPP16, Code: "ConnectorLockFailure"}, Severity: fault.High, Station: "CP1", Site: "s1", EVSE: 2,
		Since: w.now(),
	}
	if f != nil {
		f(&s)
	}
	w.set(s)
	w.tell(s.Kind+".opened", s, "")
	return s
}

func (w *world) cleared(s alert.Subject) {
	w.t.Helper()
	s.ClearedAt = w.now()
	w.set(s)
	kind := fault.ClearedKind
	if s.Kind == alert.OfIncident {
		kind = fault.IncidentResolved
	}
	w.tell(kind, s, "")
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// person adds somebody with a mail address.
func (w *world) person(name string, l fault.Language) (alert.Person, alert.Channel) {
	w.t.Helper()
	p := must(w.AddPerson(w.t.Context(), alert.Person{Name: name, Language: l}))(w.t)
	c := must(w.AddChannel(w.t.Context(), alert.Channel{Person: p.ID, Kind: alert.ByMail, Address: strings.ToLower(name) + "@people.example"}))(w.t)
	return p, c
}

func (w *world) webhook() alert.Channel {
	w.t.Helper()
	return must(w.AddChannel(w.t.Context(), alert.Channel{Kind: alert.ByWebhook, Address: w.hook.URL + "/hook"}))(w.t)
}

// route adds a route.
func (w *world) route(r alert.Route) alert.Route {
	w.t.Helper()
	if r.Name == "" {
		r.Name = "a route"
	}
	return must(w.AddRoute(w.t.Context(), r))(w.t)
}

func to(p ...alert.Person) (list []alert.Receiver) {
	for _, x := range p {
		list = append(list, alert.Receiver{Person: x.ID})
	}
	return list
}

func (w *world) deliveries(f alert.DeliveryFilter) []alert.Delivery {
	w.t.Helper()
	f.Limit = 1000
	return must(w.db.Deliveries(w.t.Context(), f))(w.t)
}

// received is a mail that a server took.
type received struct{ from, to, body string }

// mailServer is a real SMTP server on this machine, with a certificate of an authority of its own.
type mailServer struct {
	addr  string
	tls   string // its address with TLS from the beginning
	login bool   // it has AUTH LOGIN only
	roots *x509.CertPool

	mu     sync.Mutex
	got    []received
	answer func(n int) error // to the nth mail, after it was read; errDrop closes the connection
	asked  int
	rcpt   error
}

var errDrop = errors.New("the connection is closed")

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	m := &mailServer{roots: x509.NewCertPool()}
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der := must(x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key))(t)
	m.roots.AddCert(must(x509.ParseCertificate(der))(t))
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &mailSession{m: m, conn: c}, nil }))
	s.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.Domain, s.TLSConfig = "mail.test", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	m.addr = l.Addr().String()
	go s.Serve(l)
	safe := must(tls.Listen("tcp", "127.0.0.1:0", s.TLSConfig))(t)
	m.tls = safe.Addr().String()
	go s.Serve(safe)
	t.Cleanup(func() { s.Close() })
	return m
}

// mails are those that were taken.
func (m *mailServer) mails() []received {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.got)
}

func (m *mailServer) answers(f func(n int) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answer, m.asked = f, 0
}

type mailSession struct {
	m    *mailServer
	conn *smtp.Conn
	in   bool
	x    received
}

func (s *mailSession) AuthMechanisms() []string {
	if s.m.login {
		return []string{sasl.Login}
	}
	return []string{sasl.Plain}
}

func (s *mailSession) Auth(way string) (sasl.Server, error) {
	know := func(_, user, password string) error {
		if _, safe := s.conn.TLSConnectionState(); !safe || user != "gnista" || password != "secret" {
			return &smtp.SMTPError{Code: 535, Message: "no"}
		}
		s.in = true
		return nil
	}
	if way == sasl.Login {
		return &loginServer{know: know}, nil
	}
	return sasl.NewPlainServer(know), nil
}

// loginServer is the server's side of AUTH LOGIN.
type loginServer struct {
	know func(_, user, password string) error
	said []string
}

func (l *loginServer) Next(response []byte) ([]byte, bool, error) {
	if response != nil {
		l.said = append(l.said, string(response))
	}
	if len(l.said) < 2 {
		return []byte([]string{"Username:", "Password:"}[len(l.said)]), false, nil
	}
	return nil, true, l.know("", l.said[0], l.said[1])
}

func (s *mailSession) Reset()        {}
func (s *mailSession) Logout() error { return nil }

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	if !s.in {
		return &smtp.SMTPError{Code: 530, Message: "log in first"}
	}
	s.x.from = from
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.x.to = to
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	return s.m.rcpt
}

func (s *mailSession) Data(r io.Reader) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.asked++
	if s.m.answer != nil {
		err = s.m.answer(s.m.asked)
	}
	if err == nil || err == errDrop {
		s.x.body = string(body)
		s.m.got = append(s.m.got, s.x)
	}
	if err == errDrop {
		s.conn.Conn().Close()
	}
	return err
}

// receiver is a real HTTP server on this machine, over TLS.
type receiver struct {
	*httptest.Server
	host string

	mu    sync.Mutex
	got   []call
	serve func(n int, w http.ResponseWriter, r *http.Request) // of the nth; nil answers 204
}

type call struct {
	path   string
	header http.Header
	body   []byte
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	x := &receiver{}
	x.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		x.mu.Lock()
		x.got = append(x.got, call{r.URL.Path, r.Header, body})
		n, serve := len(x.got), x.serve
		x.mu.Unlock()
		if serve == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		serve(n, w, r)
	}))
	x.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	x.StartTLS()
	t.Cleanup(x.Close)
	x.host = x.Listener.Addr().String()
	return x
}

func (x *receiver) calls() []call {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.got)
}

func (x *receiver) answers(f func(n int, w http.ResponseWriter, r *http.Request)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.serve, x.got = f, nil
}
