package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gnista/gateway"
	"gnista/pki"
)

// A station is certified by us and proves itself with that, to servers that we have certified; nobody else can
// use its certificate, and it cannot after it was revoked.
// (OCPP 2.x A00.FR.307, A00.FR.401, A00.FR.403, A00.FR.405, A00.FR.427, A00.FR.705, A02.FR.11)
func TestCertifiedByUs(t *testing.T) {
	for _, kind := range []string{"ecdsa", "rsa"} {
		l := newLive(t, nil)
		own := func() ([]tls.Certificate, error) {
			return l.ownCertificates(context.Background(), []string{"localhost", "127.0.0.1"})
		}
		trusted, err := newTrust(l.ca, "")
		if err != nil {
			t.Fatal(err)
		}
		log := slog.New(slog.DiscardHandler)
		basic := l.listenTLS(&gateway.TLS{Own: own, Now: time.Now, Log: log})
		mutual := l.listenTLS(&gateway.TLS{Own: own, Trust: trusted, Now: time.Now, Log: log})
		roots := l.ca.Roots()
		private := key(t, kind)
		der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "CS1"}}, private)
		if err != nil {
			t.Fatal(err)
		}
		csr, _ := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})))
		w, err := l.connectTLS(basic, "CS1", "", &tls.Config{RootCAs: roots}, "ocpp2.0.1")
		if err != nil {
			t.Fatal(err)
		}
		w.boot()
		w.send(`[2,"1","SignCertificate",{"csr":` + string(csr) + `}]`)
		w.want(`[3,"1",{"status":"Accepted"}]`)
		var call []json.RawMessage
		var req struct{ CertificateChain string }
		if err := json.Unmarshal([]byte(w.next()), &call); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(call[3], &req); err != nil {
			t.Fatal(err)
		}
		w.send(`[3,` + string(call[1]) + `,{"status":"Accepted"}]`)
		chain, err := pki.ParseChain("chain", req.CertificateChain)
		if err != nil {
			t.Fatal(err)
		}
		client := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{{Certificate: [][]byte{chain[0].Raw}, PrivateKey: private}}}
		if w, err = l.connectTLS(mutual, "CS1", "", client, "ocpp2.0.1"); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		w.boot()

		// Another station with its certificate, one that says it has the serial number that the certificate names.
		if w, err := l.connectTLS(basic, "CS2", "", &tls.Config{RootCAs: roots}, "ocpp2.0.1"); err != nil {
			t.Fatal(err)
		} else {
			w.send(`[2,"boot","BootNotification",{"reason":"PowerUp","chargingStation":{"vendorName":"V","model":"M","serialNumber":"CS1"}}]`)
			w.want(`[3,"boot",`)
		}
		if _, err := l.connectTLS(mutual, "CS2", "", client, "ocpp2.0.1"); err == nil {
			t.Errorf("%s: a station connects with the certificate of another", kind)
		}
		if _, err := l.connectTLS(mutual, "CS1", "", &tls.Config{RootCAs: roots}, "ocpp2.0.1"); err == nil {
			t.Errorf("%s: a station connects without a certificate", kind)
		}
		list, err := l.ca.Store.Certificates(t.Context(), pki.Filter{Station: "CS1"}, "", 1)
		if err != nil || len(list) != 1 {
			t.Fatalf("%d certificates, %v", len(list), err)
		}
		if _, err := l.ca.Revoke(t.Context(), list[0].Serial, "key-compromise"); err != nil {
			t.Fatal(err)
		}
		if got := w.next(); !strings.HasPrefix(got, "closed") {
			t.Errorf("%s: a station whose certificate was revoked goes on: %s", kind, got)
		}
		if _, err := l.connectTLS(mutual, "CS1", "", client, "ocpp2.0.1"); err == nil {
			t.Errorf("%s: a station connects with a revoked certificate", kind)
		}
		said := ""
		for range 100 { // what a handshake ended with is kept after it
			verdicts, err := l.db.Verdicts(t.Context(), "", 20)
			if err != nil {
				t.Fatal(err)
			}
			said = ""
			for _, v := range verdicts {
				said += v.Reason + "\n"
			}
			if strings.Contains(said, "was revoked at") {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		for _, why := range []string{"was issued to station CS1", "was revoked at"} {
			if !strings.Contains(said, why) {
				t.Errorf("%s: no verdict says %q:\n%s", kind, why, said)
			}
		}
	}
}
