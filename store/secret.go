package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"

	"github.com/bytedance/sonic"

	"gnista/token"
)

// vault makes UIDs unreadable for whoever has the database and not the secret. What is sealed is never
// the same twice, so that equal UIDs do not show; they are found by their key, a hash that needs the
// secret too.
type vault struct {
	box cipher.AEAD
	mac sync.Pool // of hash.Hash
}

// newVault makes a vault of the secret. Without one it is of a secret that everybody knows and protects
// nothing.
func newVault(secret func() ([]byte, error)) (*vault, error) {
	key := make([]byte, 32)
	if secret != nil {
		var err error
		if key, err = secret(); err != nil {
			return nil, fmt.Errorf("reading the secret key: %w", err)
		}
	}
	sealing, err := hkdf.Key(sha256.New, key, nil, "gnista: sealed UIDs", 32)
	if err != nil {
		return nil, err
	}
	finding, err := hkdf.Key(sha256.New, key, nil, "gnista: keys of UIDs", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return nil, err
	}
	v := &vault{mac: sync.Pool{New: func() any { return hmac.New(sha256.New, finding) }}}
	v.box, err = cipher.NewGCMWithRandomNonce(block)
	return v, err
}

// seal makes text unreadable. An empty text stays one.
func (v *vault) seal(text string) string {
	if text == "" {
		return ""
	}
	if strings.IndexByte(text, 0) >= 0 {
		text = strings.ReplaceAll(text, "\x00", "\uFFFD") // as it would be were it not sealed
	}
	return base64.RawStdEncoding.EncodeToString(v.box.Seal(nil, nil, []byte(strings.ToValidUTF8(text, "\uFFFD")), nil))
}

var errSealed = errors.New("what is sealed in the database cannot be read: it is damaged")

// open reads what was sealed.
func (v *vault) open(sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	b, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil {
		return "", errSealed
	}
	text, err := v.box.Open(b[:0], nil, b, nil)
	if err != nil {
		return "", errSealed
	}
	return string(text), nil
}

// sealed reads a column that is sealed into a text.
type sealed struct {
	vault *vault
	into  *string
}

// fold seals a value as its JSON, and unfold reads it again.
func (v *vault) fold(x any) (string, error) {
	text, err := sonic.MarshalString(x)
	return v.seal(text), err
}

func (v *vault) unfold(sealed string, x any) error {
	text, err := v.open(sealed)
	if err != nil {
		return err
	}
	return sonic.UnmarshalString(text, x)
}

func (v *vault) into(text *string) sealed { return sealed{v, text} }

// Scan is for package database/sql.
func (s sealed) Scan(src any) (err error) {
	switch x := src.(type) {
	case string:
		*s.into, err = s.vault.open(x)
	case []byte:
		*s.into, err = s.vault.open(string(x))
	default:
		err = fmt.Errorf("a sealed column is a %T", src)
	}
	return err
}

// key is what a UID is found by, in whatever way it is written.
func (v *vault) key(uid string) string {
	uid = token.Key(uid)
	if uid == "" {
		return ""
	}
	return v.hash("uid ", uid)
}

// startKey is what the start of a transaction is found by. It has a UID in it.
func (v *vault) startKey(key string) string {
	if key == "" {
		return ""
	}
	return v.hash("start ", key)
}

// linkKey is what the key of a link is found by.
func (v *vault) linkKey(key string) string { return v.hash("link ", key) }

func (v *vault) hash(kind, text string) string {
	h := v.mac.Get().(hash.Hash)
	defer v.mac.Put(h)
	h.Reset()
	h.Write([]byte(kind))
	h.Write([]byte(text))
	var sum [sha256.Size]byte
	return base64.RawURLEncoding.EncodeToString(h.Sum(sum[:0]))
}
