package alert

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// secretPrefix is what a secret of a webhook begins with, as standard-webhooks has it.
const secretPrefix = "whsec_"

// newSecret makes a secret for webhooks.
func newSecret() string {
	key := make([]byte, 32)
	rand.Read(key)
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// signature is that of a webhook, by each secret that is good at a time.
func signature(secrets []Secret, id string, at time.Time, body []byte) (string, error) {
	var list []string
	for _, s := range secrets {
		if !s.Until.IsZero() && at.After(s.Until) {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Value, secretPrefix))
		if err != nil {
			return "", errors.New("the secret of the webhook cannot be read")
		}
		h := hmac.New(sha256.New, key)
		fmt.Fprintf(h, "%s.%d.", id, at.Unix())
		h.Write(body)
		list = append(list, "v1,"+base64.StdEncoding.EncodeToString(h.Sum(nil)))
	}
	return strings.Join(list, " "), nil
}

// payload is what a webhook carries.
type payload struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      any       `json:"data"`
}

type told struct {
	Route  string   `json:"route,omitempty"`
	Level  int      `json:"level,omitempty"`
	Person string   `json:"person,omitempty"`
	About  []linked `json:"about"`
	More   int      `json:"more,omitempty"`
}

type linked struct {
	Mention
	URL string `json:"url,omitempty"`
	Ack string `json:"acknowledgeUrl,omitempty"` // a page with a button, for the person whose webhook it is
}

// payload is a delivery as a webhook carries it. It is the same at each try.
func (a *Alerts) payload(ctx context.Context, x Delivery) (payload, error) {
	if ev := x.Message.Event; ev != nil {
		return payload{ev.Kind, ev.At, ev}, nil
	}
	ack, err := a.acknowledger(ctx, x)
	if err != nil {
		return payload{}, err
	}
	t := told{Route: x.Message.Route, Level: x.Message.Level, Person: x.Message.Person, About: []linked{}, More: x.Message.More}
	for _, v := range a.letter(x, ack).Lines {
		t.About = append(t.About, linked{v.Mention, v.Link, v.Ack})
	}
	return payload{"alert." + string(x.Cause), x.CreatedAt, t}, nil
}

// call sends a delivery as a webhook.
func (a *Alerts) call(ctx context.Context, c Channel, x Delivery) outcome {
	p, err := a.payload(ctx, x)
	if err != nil {
		return outcome{result: Later, note: "our key for links cannot be read"}
	}
	body, err := json.Marshal(p)
	if err != nil {
		return outcome{result: Never, note: err.Error()}
	}
	now := a.Now()
	signed, err := signature(c.Secrets, x.ID, now, body)
	if err != nil {
		return outcome{result: Later, note: err.Error()}
	}
	return a.post(ctx, c.Address, body, map[string]string{
		"Content-Type": "application/json", "webhook-id": x.ID, "webhook-timestamp": strconv.FormatInt(now.Unix(), 10), "webhook-signature": signed,
	})
}

// post sends a body and tells what became of it.
func (a *Alerts) post(ctx context.Context, to string, body []byte, header map[string]string) outcome {
	if err := a.checkURL("", to); err != nil { // what is allowed may have changed since it was set
		return outcome{result: Later, note: err.Error()}
	}
	var sent atomic.Bool // at least in part
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return outcome{result: Never, note: err.Error()}
	}
	r.Header.Set("User-Agent", "Gnista")
	for k, v := range header {
		r.Header.Set(k, v)
	}
	got, err := a.Client.Do(r)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // without the address, in which there may be a secret
		}
		o := outcome{result: Later, note: err.Error()}
		if sent.Load() {
			o.result = Unknown
		}
		return o
	}
	defer got.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(got.Body, 4*mostNote))
	o := outcome{result: Later, status: got.StatusCode, note: string(said), after: retryAfter(got.Header.Get("Retry-After"))}
	switch {
	case got.StatusCode/100 == 2:
		o.result = Arrived
	case got.StatusCode == http.StatusGone:
		o.result = Gone
	}
	return o
}

// retryAfter is how long a receiver asks to be left in peace, within reason. RFC 9110 §10.2.3.
func retryAfter(s string) time.Duration {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(min(n, 3600))*time.Second, time.Hour)
}
