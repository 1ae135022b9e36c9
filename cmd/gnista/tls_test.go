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
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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
