package main

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"gnista/pki"
	"gnista/station"
	"gnista/store/storetest"
)

// The secret key is made once, for nobody else to read, and is told nowhere.
func TestSecret(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	read := func(c certifying) []byte {
		t.Helper()
		s, err := c.secret(dir)
		if err != nil {
			t.Fatal(err)
		}
		key, err := s()
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	first := read(certifying{})
	if len(first) != 32 || !bytes.Equal(first, read(certifying{})) {
		t.Error("the secret key is another one after a restart")
	}
	info, err := os.Stat(filepath.Join(dir, "secret.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if key := read(certifying{SecretKey: strings.Repeat("0a", 32)}); !bytes.Equal(key, bytes.Repeat([]byte{10}, 32)) {
		t.Errorf("got %x", key)
	}
	if _, err := (certifying{SecretKey: "hush hush"}).secret(dir); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret.key"), []byte("hush"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := certifying{}.secret(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s(); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v", err)
	}
}

// The state of certificates is for everybody, authorities are for who has the token, and private keys are for
// nobody. (OCPP 2.x A00.FR.603, A00.FR.702)
func TestCertificatesOverHTTP(t *testing.T) {
	var log bytes.Buffer
	a, err := newApp(t.Context(), options{
		Catalogue: catalogue(), Database: storetest.SQLite(t, t.TempDir()), Files: t.TempDir(), Token: testToken, PublicURL: "http://gnista.test/", Unknown: station.AcceptUnknown,
		Heartbeat: time.Minute, Retry: time.Minute, Currency: "SEK", Zone: time.UTC, LogDays: 1, LogMB: 1, Now: now, NewID: newID,
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer a.db.Close()
	ask := func(method, path, token string, body []byte, want int) []byte {
		t.Helper()
		r := httptest.NewRequest(method, "/api/v1"+path, bytes.NewReader(body))
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		a.handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s %s: %d %s, want %d", method, path, w.Code, w.Body, want)
		}
		return w.Body.Bytes()
	}
	for _, path := range []string{"/certificate-authority", "/certificates", "/roots", "/security-events"} {
		ask("GET", path, "", nil, http.StatusUnauthorized)
	}
	text := ask("GET", "/certificate-authority", testToken, nil, http.StatusOK)
	var list struct {
		Items []struct{ ID, Algorithm, State, Root string }
	}
	if err := json.Unmarshal(text, &list); err != nil || len(list.Items) != 2 {
		t.Fatalf("%s, %v", text, err)
	}
	if bytes.Contains(text, []byte("PRIVATE")) {
		t.Error("a private key is shown")
	}
	block, _ := pem.Decode([]byte(list.Items[0].Root))
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	crl, err := x509.ParseRevocationList(ask("GET", "/crl/"+list.Items[0].ID, "", nil, http.StatusOK))
	if err != nil {
		t.Fatal(err)
	}
	if err := crl.CheckSignatureFrom(root); err != nil {
		t.Error(err)
	}
	ask("GET", "/crl/none", "", nil, http.StatusNotFound)

	own, err := a.ca.Server(t.Context(), pki.ECDSA, []string{"charge.example"})
	if err != nil {
		t.Fatal(err)
	}
	request, err := ocsp.CreateRequest(own.Leaf, root, nil)
	if err != nil {
		t.Fatal(err)
	}
	state := func() int {
		t.Helper()
		answer, err := ocsp.ParseResponseForCert(ask("POST", "/ocsp", "", request, http.StatusOK), own.Leaf, root)
		if err != nil {
			t.Fatal(err)
		}
		return answer.Status
	}
	if state() != ocsp.Good {
		t.Error("a certificate that was just issued is not good")
	}
	if own.Leaf.OCSPServer[0] != "http://gnista.test/api/v1/ocsp" {
		t.Errorf("its state is told at %v", own.Leaf.OCSPServer)
	}
	ask("POST", "/certificates/"+own.Leaf.SerialNumber.Text(16)+"/revoke", testToken, []byte(`{"reason":"superseded"}`), http.StatusOK)
	if state() != ocsp.Revoked {
		t.Error("a certificate that was just revoked is good")
	}
	for _, odd := range [][]byte{[]byte("garbage"), bytes.Repeat([]byte("x"), 1<<16)} {
		if _, err := ocsp.ParseResponse(ask("POST", "/ocsp", "", odd, http.StatusOK), nil); err == nil {
			t.Errorf("%.10q was answered", odd)
		}
	}

	// An authority that comes in leaves no trace of its key, whether it is taken or not.
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	body, _ := json.Marshal(map[string]string{"certificate": list.Items[0].Root, "key": secret})
	said := ask("POST", "/certificate-authority/import", testToken, body, http.StatusUnprocessableEntity)
	middle := secret[60:100]
	if strings.Contains(string(said), middle) || strings.Contains(log.String(), middle) {
		t.Error("a private key is told")
	}
}
