package stripesim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"
)

// Event is what is told by a webhook.
type Event struct {
	ID, Type string
	Body     []byte
}

func (s *Sim) tell(kind string, object any) {
	id := s.id("evt")
	s.events = append(s.events, Event{id, kind, encode(map[string]any{
		"id": id, "object": "event", "type": kind, "api_version": Version, "created": s.Now().Unix(), "livemode": false, "pending_webhooks": 1, "data": map[string]any{"object": object},
	})})
}

// Told gives out the events that were not given out yet, in order.
func (s *Sim) Told() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	list := s.events
	s.events = nil
	return list
}

// Sign is the headers of a webhook that is sent at a time.
func (s *Sim) Sign(body []byte, at time.Time) http.Header {
	mac := hmac.New(sha256.New, []byte(s.Webhook))
	fmt.Fprintf(mac, "%d.", at.Unix())
	mac.Write(body)
	return http.Header{
		"Stripe-Signature": {fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))}, "Content-Type": {"application/json; charset=utf-8"},
	}
}

// How webhooks are delivered.
const (
	lookEvery = 100 * time.Millisecond
	tries     = 10
)

// Deliver sends events to an address until ctx ends, each until it is taken in or was tried often.
func (s *Sim) Deliver(ctx context.Context, address string) {
	client := &http.Client{Timeout: 10 * time.Second}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		for _, ev := range s.Told() {
			for n := range tries {
				if s.send(ctx, client, address, ev.Body) {
					break
				}
				select {
				case <-ctx.Done():
					return
				case <-time.After(lookEvery << n):
				}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Sim) send(ctx context.Context, client *http.Client, address string, body []byte) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return true
	}
	req.Header = s.Sign(body, s.Now())
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode < 300
}

// Effects tells how often something was done: "authorised" of a payment of ours, and what the path of a request ends
// in of an operation of ours.
func (s *Sim) Effects(of, what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.effects[of+" "+what]
}
