package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"gnista/pki"
)

// certifying is how certificates are issued, and how those of others are proved.
type certifying struct {
	SecretKey         string   `help:"Key that private keys are sealed with before they are stored: 64 hexadecimal digits. Better set as GNISTA_SECRET_KEY than as a flag. Without it there is one in the file secret.key in the data folder." placeholder:"KEY"`
	InternalResponder []string `help:"Host, or host:port, within our own network that may be asked for the state of certificates because a station says so. Without any, only addresses in the open internet are." placeholder:"HOST"`
	ContractProvider  string   `help:"Address that the requests of cars for contract certificates (ISO 15118) are passed on to." placeholder:"URL"`
}

// secret is the key that private keys are sealed with. A file for it is made when it is first needed.
func (c certifying) secret(folder string) (pki.Secret, error) {
	if c.SecretKey != "" {
		key, err := parseSecret(c.SecretKey)
		if err != nil {
			return nil, fmt.Errorf("--secret-key: %w", err)
		}
		return func() ([]byte, error) { return key, nil }, nil
	}
	return sync.OnceValues(func() ([]byte, error) { return secretFile(filepath.Join(folder, "secret.key")) }), nil
}

func parseSecret(text string) ([]byte, error) {
	key, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(key) != 32 {
		return nil, errors.New("is not 64 hexadecimal digits") // and not what it is
	}
	return key, nil
}

// secretFile reads the key in a file, or makes the file.
func secretFile(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err == nil {
		key, err := parseSecret(string(text))
		if err != nil {
			return nil, fmt.Errorf("the file %s %w", path, err)
		}
		return key, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	key := make([]byte, 32)
	rand.Read(key)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	return key, errors.Join(err, f.Sync(), f.Close())
}

// provider is who issues contract certificates.
func (c certifying) provider() pki.Provider {
	if c.ContractProvider == "" {
		return pki.NoProvider{}
	}
	return pki.HTTPProvider{URL: c.ContractProvider, Client: http.DefaultClient}
}

// derived is a secret for one use, made of that of the system.
func derived(secret pki.Secret, use string) ([]byte, error) {
	key, err := secret()
	if err != nil {
		return nil, err
	}
	m := hmac.New(sha256.New, key)
	m.Write([]byte(use))
	return m.Sum(nil), nil
}
