package pki

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/x509"
	"fmt"
)

// Secret gives the key of 32 bytes with which private keys are sealed before they are stored. It is
// asked when there is one to seal or to open.
type Secret func() ([]byte, error)

// seal makes a private key unreadable without the secret. The name binds it to where it belongs.
func (s Secret) seal(key crypto.Signer, name string) ([]byte, error) {
	plain, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("sealing a private key: %w", err)
	}
	box, err := s.cipher()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, box.NonceSize())
	rand.Read(nonce)
	return box.Seal(nonce, nonce, plain, []byte(name)), nil
}

// open reads a private key that was sealed under the same name.
func (s Secret) open(sealed []byte, name string) (crypto.Signer, error) {
	box, err := s.cipher()
	if err != nil {
		return nil, err
	}
	if len(sealed) < box.NonceSize() {
		return nil, fmt.Errorf("the private key of %s is cut off", name)
	}
	plain, err := box.Open(nil, sealed[:box.NonceSize()], sealed[box.NonceSize():], []byte(name))
	if err != nil {
		return nil, fmt.Errorf("the private key of %s was sealed with another secret key than the one that is set now, or is damaged", name)
	}
	return parseKey(plain)
}

func (s Secret) cipher() (cipher.AEAD, error) {
	key, err := s()
	if err != nil {
		return nil, fmt.Errorf("reading the secret key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("reading the secret key: %w", err)
	}
	return cipher.NewGCM(block)
}

// parseKey reads a private key in any of the three forms of DER.
func parseKey(der []byte) (crypto.Signer, error) {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if signer, ok := key.(crypto.Signer); ok && algorithmOf(signer.Public()) != "" {
			return signer, nil
		}
		return nil, fmt.Errorf("it is neither an RSA nor an ECDSA key")
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	return nil, fmt.Errorf("it is no private key that can be read")
}
