package pki_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gnista/pki"
)

// openssl is an independent judge of what we issue.
type openssl struct {
	*testing.T
	dir string
}

func newJudge(t *testing.T) openssl {
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("skipped: openssl is missing; run scripts/setup.sh")
	}
	return openssl{t, t.TempDir()}
}

func (o openssl) file(name, text string) string {
	path := filepath.Join(o.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		o.Fatal(err)
	}
	return path
}

func (o openssl) run(args ...string) (string, error) {
	out, err := exec.Command("openssl", args...).CombinedOutput()
	return string(out), err
}

// says runs openssl and wants words in its answer.
func (o openssl) says(words string, args ...string) {
	o.Helper()
	out, err := o.run(args...)
	for word := range strings.SplitSeq(words, "|") {
		if !strings.Contains(out, word) {
			o.Errorf("openssl %s: %v: no %q in\n%s", strings.Join(args, " "), err, word, out)
		}
	}
}

// OCPP 2.x A00.FR.505, A00.FR.507, A00.FR.512; RFC 5280; RFC 6960.
func TestOpenSSL(t *testing.T) {
	o := newJudge(t)
	for _, alg := range []pki.Algorithm{pki.ECDSA, pki.RSA} {
		t.Run(string(alg), func(t *testing.T) {
			w := newWorld(t)
			o.T = t
			key := filepath.Join(o.dir, "key.pem")
			generate := []string{"genpkey", "-out", key, "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"}
			if alg == pki.RSA {
				generate = []string{"genpkey", "-out", key, "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"}
			}
			if out, err := o.run(generate...); err != nil {
				t.Fatal(out)
			}
			csr := filepath.Join(o.dir, "csr.pem")
			if out, err := o.run("req", "-new", "-key", key, "-subj", "/O=Test AB/CN=CS1", "-out", csr); err != nil {
				t.Fatal(out)
			}
			text, err := os.ReadFile(csr)
			if err != nil {
				t.Fatal(err)
			}
			c, err := w.sign(string(text))
			if err != nil {
				t.Fatal(err)
			}
			a, err := w.ca.Authority(t.Context(), c.Authority)
			if err != nil {
				t.Fatal(err)
			}
			_, rootText, _ := a.PEM()
			root, leaf := o.file("root.pem", rootText), o.file("leaf.pem", c.PEM())
			o.says(": OK", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", root, leaf)
			signed := "ecdsa-with-SHA256"
			if alg == pki.RSA {
				signed = "rsassaPss"
			}
			o.says("O = Test AB, CN = CS1|Digital Signature|"+signed+"|http://gnista.test/api/v1/ocsp|http://gnista.test/api/v1/crl/"+a.ID, "x509", "-in", leaf, "-noout", "-text")

			// The responder, over HTTP as anybody would ask it.
			server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				der, err := w.ca.OCSP(r.Context(), body)
				if err != nil {
					t.Error(err)
				}
				rw.Header().Set("Content-Type", "application/ocsp-response")
				rw.Write(der)
			}))
			defer server.Close()
			ask := []string{"ocsp", "-issuer", root, "-cert", leaf, "-CAfile", root, "-url", server.URL, "-no_nonce"}
			o.says("Response verify OK|leaf.pem: good", ask...)
			list := func(name string) string {
				der, err := w.ca.CRL(t.Context(), a.ID)
				if err != nil {
					t.Fatal(err)
				}
				return o.file(name, string(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})))
			}
			before := list("before.pem")
			o.says("verify OK|No Revoked Certificates", "crl", "-in", before, "-CAfile", root, "-noout", "-text")
			o.says(": OK", "verify", "-crl_check", "-CRLfile", before, "-CAfile", root, leaf)

			w.pass(time.Second)
			if _, err := w.ca.Revoke(t.Context(), c.Serial, "key-compromise"); err != nil {
				t.Fatal(err)
			}
			o.says("Response verify OK|leaf.pem: revoked|keyCompromise", ask...)
			o.says("Response verify OK|leaf.pem: revoked", append([]string{"ocsp", "-sha256"}, ask[1:]...)...)
			after := list("after.pem")
			o.says("verify OK|Key Compromise|"+strings.ToUpper(c.Serial), "crl", "-in", after, "-CAfile", root, "-noout", "-text")
			o.says("certificate revoked", "verify", "-crl_check", "-CRLfile", after, "-CAfile", root, leaf)

			// The next root, as the present one has certified it.
			next, err := w.ca.Prepare(t.Context(), alg)
			if err != nil {
				t.Fatal(err)
			}
			_, nextRoot, link := next.PEM()
			o.says(": OK", "verify", "-x509_strict", "-CAfile", root, o.file("link.pem", link))
			o.says(": OK", "verify", "-x509_strict", "-CAfile", o.file("next.pem", nextRoot), o.dir+"/next.pem")

			// A certificate of our own.
			own, err := w.ca.Server(t.Context(), alg, []string{"charge.example", "192.0.2.1"})
			if err != nil {
				t.Fatal(err)
			}
			var chain []byte
			for _, der := range own.Certificate {
				chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
			}
			mine := o.file("server.pem", string(chain))
			o.says(": OK", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "charge.example", "-CAfile", root, mine)
			o.says(": OK", "verify", "-verify_ip", "192.0.2.1", "-CAfile", root, mine)
			o.says("hostname mismatch", "verify", "-verify_hostname", "other.example", "-CAfile", root, mine)
		})
	}
}

// What OpenSSL made can be taken in: an authority below a root, both of our own or a company's.
func TestImport(t *testing.T) {
	o := newJudge(t)
	w := newWorld(t)
	in := func(name string) string { return filepath.Join(o.dir, name) }
	config := o.file("ca.cnf", "[ca]\nbasicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign,digitalSignature\n")
	for _, args := range [][]string{
		{"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-keyout", in("rootkey"), "-out", in("root"), "-days", "3000", "-subj", "/O=Big AB/CN=Root"},
		{"req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", in("key"), "-out", in("csr"), "-subj", "/O=Test AB/CN=Issuing"},
		{"x509", "-req", "-in", in("csr"), "-CA", in("root"), "-CAkey", in("rootkey"), "-CAcreateserial", "-days", "1000", "-extfile", config, "-extensions", "ca", "-out", in("issuing")},
	} {
		if out, err := o.run(args...); err != nil {
			t.Fatal(out)
		}
	}
	w.pass(time.Minute) // they are valid from now on
	read := func(name string) string {
		text, err := os.ReadFile(in(name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if _, err := w.ca.Import(t.Context(), read("issuing"), read("key")); err == nil || !strings.Contains(err.Error(), "must be a root") {
		t.Errorf("without the root: %v", err)
	}
	if _, err := w.ca.Import(t.Context(), read("issuing")+read("root"), read("rootkey")); err == nil || !strings.Contains(err.Error(), "key: is not that") {
		t.Errorf("with another key: %v", err)
	}
	a, err := w.ca.Import(t.Context(), read("issuing")+read("root"), read("key"))
	if err != nil {
		t.Fatal(err)
	}
	if a.State != pki.Current || a.Algorithm != pki.ECDSA {
		t.Errorf("it is %s, %s", a.State, a.Algorithm)
	}
	c, err := w.sign(csrOf(t, ecKey(t), nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.ca.Deliver(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	sent := w.said[len(w.said)-1].(pki.Deliver).Chain
	list, err := pki.ParseChain("chain", sent)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d certificates were sent: %v", len(list), err)
	}
	chain := o.file("chain.pem", sent)
	o.says(": OK", "verify", "-CAfile", in("root"), "-untrusted", chain, chain)
}

// A server with both certificates serves the suites that OCPP asks for, to a client that is certified as
// well. (OCPP 2.x A00.FR.318, A00.FR.402, A00.FR.421)
func TestBothCertificates(t *testing.T) {
	w := newWorld(t)
	key := ecKey(t)
	c, err := w.sign(csrOf(t, key, nil))
	if err != nil {
		t.Fatal(err)
	}
	pool, err := w.ca.Trusted(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS12}
	roots := x509.NewCertPool()
	for _, alg := range []pki.Algorithm{pki.ECDSA, pki.RSA} {
		own, err := w.ca.Server(t.Context(), alg, []string{"127.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		again, err := w.ca.Server(t.Context(), alg, []string{"127.0.0.1"})
		if err != nil || again.Leaf.SerialNumber.Cmp(own.Leaf.SerialNumber) != 0 {
			t.Errorf("asked again there is another certificate: %v", err)
		}
		config.Certificates = append(config.Certificates, *own)
		a, err := w.ca.Current(t.Context(), alg)
		if err != nil {
			t.Fatal(err)
		}
		root, err := x509.ParseCertificate(a.Root())
		if err != nil {
			t.Fatal(err)
		}
		roots.AddCert(root)
	}
	suites := []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
	}
	config.CipherSuites = suites
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if err := conn.(*tls.Conn).Handshake(); err != nil {
				t.Error(err)
			}
			conn.Write([]byte("x"))
			conn.Close()
		}
	}()
	for _, suite := range suites {
		conn, err := tls.Dial("tcp", listener.Addr().String(), &tls.Config{
			RootCAs: roots, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite}, Certificates: []tls.Certificate{{Certificate: [][]byte{c.DER}, PrivateKey: key}},
		})
		if err == nil {
			_, err = io.ReadFull(conn, make([]byte, 1))
			conn.Close()
		}
		if err != nil {
			t.Errorf("%s: %v", tls.CipherSuiteName(suite), err)
		}
	}
}
