package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gnista"
	"gnista/gateway"
	"gnista/ocpp/ocppws"
	"gnista/station"
)

// authority issues certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func key(t *testing.T, kind string) crypto.Signer {
	t.Helper()
	var k crypto.Signer
	var err error
	if kind == "rsa" {
		k, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		k, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{key: key(t, "ecdsa")}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, a.key.Public(), a.key)
	if err == nil {
		a.cert, err = x509.ParseCertificate(der)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// Roots and Check are those of a [gateway.Trust].
func (a *authority) Roots() *x509.CertPool { return a.pool() }

// issue makes a certificate; a nil authority makes one that signs itself.
func (a *authority) issue(t *testing.T, kind, name, owner string, ends time.Time, names ...string) tls.Certificate {
	t.Helper()
	k := key(t, kind)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name, Organization: []string{owner}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: ends, DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	parent, signer := c, k
	if a != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, k.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k}
}

// saved writes a certificate and its key to files.
func saved(t *testing.T, folder, name string, c tls.Certificate) gateway.KeyPair {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	p := gateway.KeyPair{Certificate: filepath.Join(folder, name+".pem"), Key: filepath.Join(folder, name+".key")}
	for file, block := range map[string]*pem.Block{p.Certificate: {Type: "CERTIFICATE", Bytes: c.Certificate[0]}, p.Key: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// ours are certificates of the central system of both kinds.
func ours(t *testing.T, a *authority) []gateway.KeyPair {
	t.Helper()
	folder := t.TempDir()
	end := time.Now().Add(time.Hour)
	return []gateway.KeyPair{
		saved(t, folder, "ecdsa", a.issue(t, "ecdsa", "localhost", "CSO", end, "localhost")),
		saved(t, folder, "rsa", a.issue(t, "rsa", "localhost", "CSO", end, "localhost")),
	}
}

// listenTLS opens a port with TLS beside the one without, and returns its address.
func (l *live) listenTLS(c *gateway.TLS) string {
	l.t.Helper()
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Log = l.log
	config, err := c.Config()
	if err != nil {
		l.t.Fatal(err)
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		l.t.Fatal(err)
	}
	server := l.app.server(l.handler)
	go server.Serve(l.gateway.ListenTLS(plain, config))
	l.t.Cleanup(func() { server.Close() })
	return plain.Addr().String()
}

// connectTLS connects a station over TLS.
func (l *live) connectTLS(address, id, password string, c *tls.Config, protocols ...string) (*wire, error) {
	l.t.Helper()
	if len(protocols) == 0 {
		protocols = []string{"ocpp2.0.1"}
	}
	d := ocppws.Dialer{Identity: id, Password: password, Protocols: protocols, TLS: c}
	socket, r, _, err := d.Connect(l.t.Context(), "wss://"+address+"/ocpp")
	if err != nil {
		return nil, err
	}
	l.t.Cleanup(func() { socket.Conn.Close() })
	return &wire{l.t, socket, r}, nil
}

// A station with any of the cipher suites that OCPP names gets in.
// OCPP 2.x A00.FR.306, A00.FR.307, A00.FR.313, A00.FR.318; OCPP 1.6 A00.FR.305, A00.FR.317
func TestCipherSuites(t *testing.T) {
	l := newLive(t, nil)
	a := newAuthority(t, "Root")
	address := l.listenTLS(&gateway.TLS{Pairs: ours(t, a)})
	f := func(version, suite uint16) {
		t.Helper()
		c := &tls.Config{RootCAs: a.pool(), MinVersion: version, MaxVersion: version}
		if suite != 0 {
			c.CipherSuites = []uint16{suite}
		}
		w, err := l.connectTLS(address, "CS1", "", c)
		if err != nil {
			t.Errorf("%s: %v", tls.CipherSuiteName(suite), err)
			return
		}
		w.boot()
		if got := w.socket.Conn.(*tls.Conn).ConnectionState(); suite != 0 && got.CipherSuite != suite || got.Version != version {
			t.Errorf("%s: got %s", tls.CipherSuiteName(suite), tls.CipherSuiteName(got.CipherSuite))
		}
	}
	t.Run("TC_A_04_CSMS, TC_086_CSMS", func(*testing.T) {
		f(tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)
		f(tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384)
		f(tls.VersionTLS12, tls.TLS_RSA_WITH_AES_128_GCM_SHA256)
		f(tls.VersionTLS12, tls.TLS_RSA_WITH_AES_256_GCM_SHA384)
		f(tls.VersionTLS13, 0)
	})

	refused := func(c *tls.Config, verdict string) {
		t.Helper()
		c.RootCAs = a.pool()
		if _, err := l.connectTLS(address, "CS1", "", c); err == nil {
			t.Errorf("got in, where %s", verdict)
		}
		l.verdict("", verdict)
	}
	// OCPP 2.x A00.FR.315, A00.FR.418; OCPP 1.6 A00.FR.314, A00.FR.418
	t.Run("TC_A_06_CSMS", func(*testing.T) {
		refused(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "no version of TLS that is safe")
	})
	// OCPP 2.x A00.FR.322, A00.FR.425
	refused(&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}, "no cipher suite that is safe")
	if _, err := l.connectTLS(address, "CS1", "", &tls.Config{RootCAs: newAuthority(t, "Other").pool()}); err == nil {
		t.Error("a station that does not trust us got in")
	}
	l.verdict("", "does not trust our certificate")
}

// OpenSSL is the judge of what we offer.
func TestCipherSuitesWithOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skipf("skipped: openssl is missing: %v", err)
	}
	l := newLive(t, nil)
	a := newAuthority(t, "Root")
	address := l.listenTLS(&gateway.TLS{Pairs: ours(t, a)})
	f := func(want string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), openssl, append([]string{"s_client", "-connect", address, "-brief"}, args...)...)
		cmd.Stdin = strings.NewReader("Q\n")
		if out, _ := cmd.CombinedOutput(); !strings.Contains(string(out), want) {
			t.Errorf("%q: want %s in %s", args, want, out)
		}
	}
	for _, suite := range []string{"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "AES128-GCM-SHA256", "AES256-GCM-SHA384"} {
		f("Ciphersuite: "+suite, "-tls1_2", "-cipher", suite)
	}
	f("Protocol version: TLSv1.3", "-tls1_3")
	f("alert", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
	f("alert", "-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0")
}

// Stations with OCPP 1.6 that know no better may be let in, others not even then.
// OCPP 1.6 A00.FR.312, A00.FR.324; OCPP 2.x A00.FR.416
func TestLegacyTLS(t *testing.T) {
	l := newLive(t, nil)
	a := newAuthority(t, "Root")
	address := l.listenTLS(&gateway.TLS{Pairs: ours(t, a), Legacy: true})
	old := &tls.Config{RootCAs: a.pool(), MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}
	w, err := l.connectTLS(address, "CS1", "", old, "ocpp2.0.1", "ocpp1.6")
	if err != nil {
		t.Fatal(err)
	}
	w.send(`[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]`)
	w.want(`[3,"1",`)
	if c, _ := l.gateway.Connection("CS1"); c.Version != "1.6" {
		t.Errorf("the station speaks %s", c.Version)
	}
	if _, err := l.connectTLS(address, "CS2", "", old, "ocpp2.0.1"); err == nil {
		t.Error("a station with OCPP 2.0.1 got in")
	}
	if w, err = l.connectTLS(address, "CS2", "", &tls.Config{RootCAs: a.pool()}); err != nil {
		t.Fatal(err)
	}
	w.boot()
}

// New certificates are used when the files have changed, and broken ones are not.
func TestNewCertificates(t *testing.T) {
	var now atomic.Int64
	l := newLive(t, nil)
	a, b := newAuthority(t, "Root"), newAuthority(t, "Root 2")
	folder := t.TempDir()
	end := time.Now().Add(time.Hour)
	pair := saved(t, folder, "server", a.issue(t, "ecdsa", "localhost", "CSO", end))
	begun := time.Now()
	address := l.listenTLS(&gateway.TLS{Pairs: []gateway.KeyPair{pair}, Now: func() time.Time { return begun.Add(time.Duration(now.Load())) }})
	f := func(good, bad *authority) {
		t.Helper()
		now.Add(int64(time.Minute))
		if _, err := l.connectTLS(address, "CS1", "", &tls.Config{RootCAs: good.pool()}); err != nil {
			t.Error(err)
		}
		if _, err := l.connectTLS(address, "CS1", "", &tls.Config{RootCAs: bad.pool()}); err == nil {
			t.Error("the other certificate is used")
		}
	}
	f(a, b)
	touch := func(at time.Duration) {
		t.Helper()
		for _, name := range []string{pair.Certificate, pair.Key} {
			if err := os.Chtimes(name, begun.Add(at), begun.Add(at)); err != nil {
				t.Fatal(err)
			}
		}
	}
	saved(t, folder, "server", b.issue(t, "ecdsa", "localhost", "CSO", end))
	touch(time.Minute)
	f(b, a)
	if err := os.WriteFile(pair.Key, []byte("half a k"), 0o600); err != nil {
		t.Fatal(err)
	}
	touch(2 * time.Minute)
	f(b, a)
}

// A station over TLS has no goroutine of its own while it says nothing, however its records are cut.
func TestTLSFrames(t *testing.T) {
	l := newLive(t, func(o *options) { o.Limits.Message = 1 << 20 })
	a := newAuthority(t, "Root")
	address := l.listenTLS(&gateway.TLS{Pairs: ours(t, a)})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		slow := &pieces{}
		d := ocppws.Dialer{Identity: "CS1", Protocols: []string{"ocpp2.0.1"}, TLS: &tls.Config{RootCAs: a.pool(), MinVersion: version, MaxVersion: version}, Dial: slow.dial}
		socket, r, _, err := d.Connect(t.Context(), "wss://"+address+"/ocpp")
		if err != nil {
			t.Fatal(err)
		}
		w := &wire{t, socket, r}
		w.boot()
		w.send(fmt.Sprintf(`[2,"big","DataTransfer",{"vendorId":"v","data":%q}]`, strings.Repeat("x", 100_000)))
		w.want(`[3,"big",`)
		for n := range 50 { // many frames in few records
			w.send(fmt.Sprintf(`[2,"%d","Heartbeat",{}]`, n))
		}
		for n := range 50 {
			w.want(fmt.Sprintf(`[3,"%d",`, n))
		}
		slow.cut = 7 // records in many pieces
		for n := range 10 {
			w.send(fmt.Sprintf(`[2,"%d","Heartbeat",{}]`, n))
			w.want(fmt.Sprintf(`[3,"%d",`, n))
		}
		socket.Conn.Close()
	}
	for range 200 {
		if _, ok := l.gateway.Connection("CS1"); !ok {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("a station that is gone is still connected")
}

// Idle stations over TLS are watched as those without are.
func TestIdleTLS(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: sockets are watched on Linux only")
	}
	l := newLive(t, nil)
	a := newAuthority(t, "Root")
	address := l.listenTLS(&gateway.TLS{Pairs: ours(t, a)})
	const stations = 50
	var list []*wire
	for i := range stations {
		w, err := l.connectTLS(address, fmt.Sprintf("CS%d", i), "", &tls.Config{RootCAs: a.pool()})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, w.boot())
	}
	if buf := make([]byte, 1<<20); strings.Count(string(buf[:runtime.Stack(buf, true)]), "gateway.(*Session).readAll") > 0 {
		t.Error("stations over TLS have a goroutine each")
	}
	for _, w := range list {
		w.send(`[2,"1","Heartbeat",{}]`)
		w.want(`[3,"1",`)
	}
}

// Behind a proxy that does TLS a station has security profile 2.
func TestBehindTLSProxy(t *testing.T) {
	for _, proxied := range []bool{false, true} {
		l := newLive(t, func(o *options) { o.Proxied = proxied })
		const secret = "a password of hers"
		trace, err := station.NewPassword(secret)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.network.Change(t.Context(), "CS1", true, func(s *station.Station) { s.Password, s.Profile = trace, station.TLSBasic }); err != nil {
			t.Fatal(err)
		}
		d := ocppws.Dialer{Identity: "CS1", Password: secret, Protocols: []string{"ocpp1.6"}}
		socket, _, _, err := d.Connect(t.Context(), strings.Replace(l.server.URL, "http", "ws", 1)+"/ocpp")
		if (err == nil) != proxied {
			t.Errorf("proxied %t: %v", proxied, err)
		}
		if err == nil {
			socket.Conn.Close()
		}
	}
}

// pieces is a connection that sends in pieces.
type pieces struct {
	net.Conn
	cut int
}

func (p *pieces) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	p.Conn, p.cut = c, 0
	return p, err
}

func (p *pieces) Write(b []byte) (n int, err error) {
	if p.cut == 0 {
		return p.Conn.Write(b)
	}
	for len(b) > 0 && err == nil {
		var m int
		m, err = p.Conn.Write(b[:min(p.cut, len(b))])
		n, b = n+m, b[m:]
		time.Sleep(time.Millisecond)
	}
	return n, err
}

// Certificates of stations, good and bad.
// OCPP 2.x A00.FR.401–A00.FR.407, A00.FR.429, B01.FR.11, B01.FR.12; OCPP 1.6 A00.FR.403–A00.FR.407
func TestMutualTLS(t *testing.T) {
	l := newLive(t, func(o *options) { o.Operator = "CSO" })
	a, other := newAuthority(t, "Root"), newAuthority(t, "Other")
	address := l.listenTLS(&gateway.TLS{Pairs: ours(t, a), Trust: trusting{a}})
	end := time.Now().Add(time.Hour)
	with := func(c ...tls.Certificate) *tls.Config { return &tls.Config{RootCAs: a.pool(), Certificates: c} }
	in := func(id string, c *tls.Config, boot, answer string) *wire {
		t.Helper()
		w, err := l.connectTLS(address, id, "", c)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			return nil
		}
		w.send(boot)
		w.want(answer)
		return w
	}
	serial := func(s string) string {
		return fmt.Sprintf(`[2,"boot","BootNotification",{"reason":"PowerUp","chargingStation":{"vendorName":"V","model":"M","serialNumber":%q}}]`, s)
	}
	cs1 := with(a.issue(t, "ecdsa", "SERIAL-1", "CSO", end))
	t.Run("TC_A_07_CSMS, TC_087_CSMS", func(*testing.T) { in("CS1", cs1, serial("SERIAL-1"), `[3,"boot",{"currentTime"`) })
	if s, err := l.db.Station(t.Context(), "CS1"); err != nil || s.LastProfile != station.TLSMutually {
		t.Errorf("the station is %+v, %v", s, err)
	}
	in("CS2", with(a.issue(t, "rsa", "CS2", "CSO", end)), bootText, `[3,"boot",{"currentTime"`) // by its identity
	in("CS3", with(a.issue(t, "ecdsa", "SERIAL-3", "CSO", end)), serial("SERIAL-4"), "closed 1008 the station's serial number")
	l.verdict("CS3", `the station's serial number "SERIAL-4" is not the name in its certificate, "SERIAL-3"`)
	in("CS4", with(a.issue(t, "ecdsa", "SERIAL-4", "CSO", end)), bootText, "closed 1008 the station tells no serial number")

	refused := func(id string, c *tls.Config, status int, name, verdict string) {
		t.Helper()
		w, err := l.connectTLS(address, id, "", c)
		r, answered := errors.AsType[*ocppws.Refused](err)
		if w != nil || answered != (status != 0) || answered && r.Status != status {
			t.Errorf("%s: got %v, want %d", verdict, err, status)
		}
		if answered {
			name = id
		}
		l.verdict(gnista.StationID(name), verdict)
	}
	refused("CS1", with(a.issue(t, "ecdsa", "SERIAL-2", "CSO", end)), http.StatusForbidden, "", "is not this station's")
	refused("CS1", with(a.issue(t, "ecdsa", "SERIAL-1", "Somebody", end)), http.StatusForbidden, "", `belongs to "Somebody" and not to "CSO"`)
	t.Run("TC_A_08_CSMS", func(*testing.T) {
		refused("CS1", with(other.issue(t, "ecdsa", "SERIAL-1", "CSO", end)), 0, "SERIAL-1", `unknown authority, "Other"`)
		refused("CS1", with((*authority)(nil).issue(t, "ecdsa", "SELF", "CSO", end)), 0, "SELF", "self-signed")
	})
	refused("CS1", with(), 0, "", "presents no certificate")
	refused("CS1", with(a.issue(t, "ecdsa", "REVOKED", "CSO", end)), 0, "REVOKED", "it was revoked")

	expired := with(a.issue(t, "ecdsa", "SERIAL-1", "CSO", time.Now().Add(-time.Minute)))
	refused("CS1", expired, http.StatusForbidden, "", "has expired at")
	if _, err := l.network.Change(t.Context(), "CS1", false, func(s *station.Station) { s.AdmitExpired = true }); err != nil {
		t.Fatal(err)
	}
	w, err := l.connectTLS(address, "CS1", "", expired)
	if err != nil {
		t.Fatal(err)
	}
	w.send(serial("SERIAL-1"))
	if got := w.next(); !strings.Contains(got, `"Pending"`) {
		t.Errorf("with an expired certificate the answer is %s", got)
	}
	w.send(`[2,"1","Authorize",{"idToken":{"idToken":"X","type":"ISO14443"}}]`)
	w.want(`[4,"1","SecurityError"`)
	in("CS1", cs1, serial("SERIAL-1"), `[3,"boot",{"currentTime"`)
}

// trusting is an authority that has revoked one certificate.
type trusting struct{ *authority }

func (trusting) Check(_ context.Context, chain []*x509.Certificate) error {
	if chain[0].Subject.CommonName == "REVOKED" {
		return errors.New("it was revoked")
	}
	return nil
}

// A station that agrees to move up and does not come keeps what it has. OCPP 1.6 A05.FR.08
func TestNotMovingUp(t *testing.T) {
	var passed atomic.Int64
	begun := time.Now()
	l := newLive(t, func(o *options) { o.Now = func() time.Time { return begun.Add(time.Duration(passed.Load())) } })
	trace, err := station.NewPassword("a password of hers")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.network.Change(t.Context(), "CS1", true, func(s *station.Station) { s.Password = trace }); err != nil {
		t.Fatal(err)
	}
	d := ocppws.Dialer{Identity: "CS1", Password: "a password of hers", Protocols: []string{"ocpp1.6"}}
	connect := func() *wire {
		t.Helper()
		socket, r, _, err := d.Connect(t.Context(), strings.Replace(l.server.URL, "http", "ws", 1)+"/ocpp")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { socket.Conn.Close() })
		return &wire{t, socket, r}
	}
	w := connect()
	w.send(`[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]`)
	w.want(`[3,"1",`)
	told := make(chan error, 1)
	go func() {
		_, err := l.network.ChangeProfile(t.Context(), "CS1", station.TLSBasic, station.Route{})
		told <- err
	}()
	w.send(fmt.Sprintf(`[3,%q,{"status":"Accepted"}]`, strings.Split(w.next(), `"`)[1]))
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	f := func(after time.Duration, next station.Profile, outcome station.Outcome) {
		t.Helper()
		passed.Store(int64(after))
		if err := l.network.SweepProfiles(t.Context()); err != nil {
			t.Fatal(err)
		}
		s, err := l.db.Station(t.Context(), "CS1")
		if err != nil || s.NextProfile != next || s.Profile != station.Unsecured {
			t.Errorf("after %v: %+v, %v", after, s, err)
		}
		list, err := l.db.Commands(t.Context(), "CS1", "", 10)
		if err != nil || len(list) != 1 || list[0].Outcome != outcome {
			t.Errorf("after %v: %+v, %v", after, list, err)
		}
		connect()
	}
	f(23*time.Hour, station.TLSBasic, station.Agreed)
	f(24*time.Hour, station.Unsecured, station.Failed)
}

// A station that moves up is let in as before until it comes with the new profile, and then no lower.
// OCPP 2.x A05.FR.07; OCPP 1.6 A05.FR.09
func TestMovingUp_TC_083_CSMS(t *testing.T) {
	l := newLive(t, nil)
	a := newAuthority(t, "Root")
	address := l.listenTLS(&gateway.TLS{Pairs: ours(t, a)})
	secure := &tls.Config{RootCAs: a.pool()}
	const secret = "a password of hers"
	trace, err := station.NewPassword(secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.network.Change(t.Context(), "CS1", true, func(s *station.Station) { s.Password = trace }); err != nil {
		t.Fatal(err)
	}
	plain := func() error {
		d := ocppws.Dialer{Identity: "CS1", Password: secret, Protocols: []string{"ocpp1.6"}}
		socket, _, _, err := d.Connect(t.Context(), strings.Replace(l.server.URL, "http", "ws", 1)+"/ocpp")
		if err == nil {
			socket.Conn.Close()
		}
		return err
	}
	if _, err := l.connectTLS(address, "CS1", secret+"!", secure); err == nil {
		t.Error("a wrong password is taken over TLS")
	}
	d := ocppws.Dialer{Identity: "CS1", Password: secret, Protocols: []string{"ocpp1.6"}}
	socket, r, _, err := d.Connect(t.Context(), strings.Replace(l.server.URL, "http", "ws", 1)+"/ocpp")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t, socket, r}
	w.send(`[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]`)
	w.want(`[3,"1",`)
	told := make(chan error, 1)
	go func() {
		_, err := l.network.ChangeProfile(t.Context(), "CS1", station.TLSBasic, station.Route{})
		told <- err
	}()
	call := w.next()
	if !strings.Contains(call, `"ChangeConfiguration",{"key":"SecurityProfile","value":"2"}`) {
		t.Errorf("the station is told %s", call)
	}
	w.send(fmt.Sprintf(`[3,%q,{"status":"Accepted"}]`, strings.Split(call, `"`)[1]))
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	if err := plain(); err != nil {
		t.Errorf("it is locked out: %v", err)
	}
	if _, err := l.connectTLS(address, "CS1", secret, secure, "ocpp1.6"); err != nil {
		t.Fatal(err)
	}
	if r, ok := errors.AsType[*ocppws.Refused](plain()); !ok || r.Status != http.StatusForbidden {
		t.Error("it may go back")
	}
	l.verdict("CS1", "must with 2")
	list, err := l.db.Commands(t.Context(), "CS1", "", 10)
	if err != nil || len(list) != 1 || list[0].Outcome != station.Happened {
		t.Errorf("the commands are %+v, %v", list, err)
	}
}
