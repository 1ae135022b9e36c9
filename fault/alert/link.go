package alert

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"time"

	"gnista"
)

// linkFor is how long a link to acknowledge is good.
const linkFor = 7 * 24 * time.Hour

// AckPath is where links to acknowledge lead: /ack/{token}.
const AckPath = "/ack/"

// permit is what a link to acknowledge says: it is good for nothing else.
type permit struct {
	Alert  string `json:"a"`
	Person string `json:"p"`
	Until  int64  `json:"u"` // seconds
}

func (a *Alerts) linkKey(ctx context.Context) ([]byte, error) {
	text, err := a.Store.AlertSecret(ctx, "link", func() (string, error) {
		key := make([]byte, 32)
		rand.Read(key)
		return b64.EncodeToString(key), nil
	})
	if err != nil {
		return nil, err
	}
	return b64.DecodeString(text)
}

// mark is the proof that we made a link.
func mark(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("acknowledge " + text))
	return h.Sum(nil)[:16]
}

// acknowledger makes links by which the reader of a delivery acknowledges alerts; none where we have no address, or
// nobody is the reader.
func (a *Alerts) acknowledger(ctx context.Context, x Delivery) (func(alert string) string, error) {
	if a.base() == "" || x.Message.Person == "" {
		return func(string) string { return "" }, nil
	}
	key, err := a.linkKey(ctx)
	return func(alert string) string {
		text, err := json.Marshal(permit{alert, x.Message.Person, x.CreatedAt.Add(linkFor).Unix()})
		if err != nil {
			return ""
		}
		return a.base() + AckPath + b64.EncodeToString(text) + "." + b64.EncodeToString(mark(key, string(text)))
	}, err
}

// Permit is what a link to acknowledge leads to.
type Permit struct {
	Alert   Alert
	Subject Subject
	Person  Person
	Mention Mention
}

// Open reads a link to acknowledge, and changes nothing. NotFound.
func (a *Alerts) Open(ctx context.Context, token string) (Permit, error) {
	none := gnista.Errorf(gnista.NotFound, "the link is not one of ours, or is too old")
	first, second, _ := strings.Cut(token, ".")
	text, err := b64.DecodeString(first)
	proof, bad := b64.DecodeString(second)
	if err != nil || bad != nil || len(token) > 1000 {
		return Permit{}, none
	}
	key, err := a.linkKey(ctx)
	if err != nil {
		return Permit{}, err
	}
	var p permit
	if !hmac.Equal(proof, mark(key, string(text))) || json.Unmarshal(text, &p) != nil || a.Now().Unix() > p.Until {
		return Permit{}, none
	}
	var out Permit
	if out.Alert, err = a.Store.Alert(ctx, p.Alert); err != nil {
		return out, err
	}
	if out.Person, err = a.Person(ctx, p.Person); err != nil {
		return out, err
	}
	kind, id, _ := strings.Cut(out.Alert.Subject, ":")
	if out.Subject, err = a.Faults.Subject(ctx, kind, id); err != nil {
		return out, err
	}
	out.Mention, err = a.item(ctx, out.Subject, out.Person)
	return out, err
}

// Acknowledge does what a link is for. To do it again changes nothing. NotFound.
func (a *Alerts) Acknowledge(ctx context.Context, token string) (Permit, error) {
	p, err := a.Open(ctx, token)
	if err != nil || p.Subject.AcknowledgedBy != "" || !p.Subject.ClearedAt.IsZero() {
		return p, err
	}
	if err := a.Faults.Acknowledge(ctx, p.Subject.Kind, p.Subject.ID, p.Person.Name); err != nil {
		return p, err
	}
	p.Subject.AcknowledgedBy = p.Person.Name
	return p, nil
}
