package alert

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gnista"
)

const (
	pushRecord = 4096           // bytes of the one record of a push message
	pushKeep   = 24 * time.Hour // that a push service holds it
	vapidFor   = 12 * time.Hour
)

var b64 = base64.RawURLEncoding

// encryptPush encrypts a message for a browser, RFC 8291 in one record of RFC 8188. The key pair and the salt of 16
// bytes are used once.
func encryptPush(plaintext []byte, p256dh, auth string, own *ecdh.PrivateKey, salt []byte) ([]byte, error) {
	if len(plaintext) > pushRecord-16-1-86 {
		return nil, errors.New("the message is too long for a push")
	}
	point, err := b64.DecodeString(strings.TrimRight(p256dh, "="))
	if err != nil {
		return nil, err
	}
	theirs, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		return nil, err
	}
	secret, err := b64.DecodeString(strings.TrimRight(auth, "="))
	if err != nil {
		return nil, err
	}
	shared, err := own.ECDH(theirs)
	if err != nil {
		return nil, err
	}
	public := own.PublicKey().Bytes()
	ikm, err := hkdf.Key(sha256.New, shared, secret, "WebPush: info\x00"+string(point)+string(public), 32)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	out := binary.BigEndian.AppendUint32(append([]byte{}, salt...), pushRecord)
	out = append(append(out, byte(len(public))), public...)
	return box.Seal(out, nonce, append(plaintext, 2), nil), nil // 2 ends the last record
}

// vapid is the key by which push services know us.
func (a *Alerts) vapid(ctx context.Context) (*ecdsa.PrivateKey, error) {
	text, err := a.Store.AlertSecret(ctx, "vapid", func() (string, error) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return "", err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		return b64.EncodeToString(der), err
	})
	if err != nil {
		return nil, err
	}
	der, err := b64.DecodeString(text)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	own, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("the key for push is not one of ECDSA")
	}
	return own, nil
}

// PushKey is the public key that browsers subscribe with, base64url.
func (a *Alerts) PushKey(ctx context.Context) (string, error) {
	key, err := a.vapid(ctx)
	if err != nil {
		return "", err
	}
	point, err := key.PublicKey.Bytes()
	return b64.EncodeToString(point), err
}

// pushToken proves to a push service who we are. RFC 8292 §2.
func pushToken(key *ecdsa.PrivateKey, endpoint, contact string, now time.Time) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{"aud": u.Scheme + "://" + u.Host, "exp": now.Add(vapidFor).Unix(), "sub": contact})
	if err != nil {
		return "", err
	}
	signed := b64.EncodeToString([]byte(`{"typ":"JWT","alg":"ES256"}`)) + "." + b64.EncodeToString(claims)
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		return "", err
	}
	var sig [64]byte
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return signed + "." + b64.EncodeToString(sig[:]), nil
}

// Browser is one that has subscribed to be pushed to. Who knows its endpoint and keys can push to it: they are neither
// logged nor shown.
type Browser struct {
	Endpoint string
	P256dh   string // public key of P-256, base64url
	Auth     string // 16 bytes, base64url
}

// Notice is what a browser shows.
type Notice struct {
	ID     string // of the notice; the same again takes the place of the one before
	Title  string
	Body   string
	URL    string        // that it leads to; empty is none
	Urgent bool          // wakes a phone that saves power
	Keep   time.Duration // that a push service holds it for
}

// shown is a notice as our workers in browsers read it.
type shown struct {
	Title string `json:"title"`
	Body  string `json:"body"`
	URL   string `json:"url,omitempty"`
	Tag   string `json:"tag"` // the same at each try, so that it is shown once
}

// CheckBrowser tells whether there can be such a browser, and whether it may be called. Invalid.
func (a *Alerts) CheckBrowser(b Browser) error {
	key, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(b.P256dh, "="))
	if err == nil {
		_, err = ecdh.P256().NewPublicKey(key)
	}
	if err != nil {
		return gnista.Invalidf("keys.p256dh", "is not a public key of P-256 in base64url")
	}
	if auth, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(b.Auth, "=")); err != nil || len(auth) != 16 {
		return gnista.Invalidf("keys.auth", "is not 16 bytes in base64url")
	}
	return a.checkURL("endpoint", b.Endpoint)
}

// Show has a browser show a notice, and is done when its push service has taken that. NotFound where the subscription
// has ended; Invalid where it never will be taken; Offline where it was not now, or nobody knows.
func (a *Alerts) Show(ctx context.Context, b Browser, n Notice) error {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	o := a.show(ctx, b, n)
	note := plain(strings.ReplaceAll(o.note, b.Endpoint, "…"), mostNote)
	switch o.result {
	case Arrived:
		return nil
	case Gone:
		return gnista.Errorf(gnista.NotFound, "the browser has ended its subscription")
	case Never:
		return gnista.Invalidf("endpoint", "the push service does not take it (%d): %s", o.status, note)
	}
	return gnista.Errorf(gnista.Offline, "the push service did not take it (%d): %s", o.status, note)
}

// push sends a delivery to a browser.
func (a *Alerts) push(ctx context.Context, c Channel, x Delivery) outcome {
	l := a.letter(x, func(string) string { return "" })
	n := Notice{ID: x.ID, Title: plain(l.Title(), 150), URL: l.Home, Urgent: x.alerting(), Keep: pushKeep}
	for i, it := range l.Lines {
		if i == 0 {
			n.Body, n.URL = it.Todo, it.Link
		}
		if len(l.Lines) > 1 {
			n.Body += map[bool]string{true: "\n"}[i > 0] + it.Name + " – " + l.Place(it)
		}
	}
	if len(l.Lines) > 1 {
		n.Body, n.URL = strings.TrimPrefix(n.Body, l.Lines[0].Todo), l.Home
	}
	if x.Cause == OnTest {
		n.Body = l.W("test-text")
	}
	n.Body = plain(n.Body, 500)
	return a.show(ctx, c.browser(), n)
}

// show sends a notice to a browser.
func (a *Alerts) show(ctx context.Context, b Browser, n Notice) outcome {
	never := func(err error) outcome { return outcome{result: Never, note: err.Error()} }
	text, err := json.Marshal(shown{n.Title, n.Body, n.URL, n.ID})
	if err != nil {
		return never(err)
	}
	own, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return never(err)
	}
	salt := make([]byte, 16)
	rand.Read(salt)
	body, err := encryptPush(text, b.P256dh, b.Auth, own, salt)
	if err != nil {
		return never(err)
	}
	key, err := a.vapid(ctx)
	if err != nil {
		return outcome{result: Later, note: "our key for push cannot be read"}
	}
	contact := a.base()
	if !strings.HasPrefix(contact, "https://") && a.Mail != nil {
		contact = "mailto:" + a.Mail.From.Address
	}
	token, err := pushToken(key, b.Endpoint, contact, a.Now())
	if err != nil {
		return never(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		return never(err)
	}
	topic := sha256.Sum256([]byte(n.ID)) // a later try takes the place of an earlier one that waits. RFC 8030 §5.4
	urgency := "normal"
	if n.Urgent {
		urgency = "high"
	}
	o := a.post(ctx, b.Endpoint, body, map[string]string{
		"Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream", "TTL": strconv.Itoa(int(n.Keep.Seconds())), "Urgency": urgency,
		"Topic": b64.EncodeToString(topic[:24]), "Authorization": fmt.Sprintf("vapid t=%s, k=%s", token, b64.EncodeToString(point)),
	})
	switch o.status {
	case http.StatusNotFound:
		o.result = Gone
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		o.result = Never
	}
	return o
}
