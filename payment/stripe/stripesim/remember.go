package stripesim

import (
	"net/http"
	"strings"
	"time"

	"gnista/payment/journal"
)

// deed is something that was done to the simulator. Done again in order, to one with the same secret for webhooks,
// deeds come to the same.
type deed struct {
	At     time.Time
	Serial int    // before it
	Path   string // of a request that changes something, or the name of what a customer did
	Key    string `json:",omitempty"` // for idempotency
	Body   string // of the request, or the client secret
	Card   Card   `json:",omitempty"`
}

// rememberFor is how long what was done is known after the process was ended, but for cards that are kept: longer than
// an amount stays set aside.
const rememberFor = holdTime + 24*time.Hour

// What customers do.
const (
	didConfirm = "confirm"
	didLeave   = "leave"
)

// Remember has the simulator be as the one was that has written a file, and keep in that what is done from now on.
func (s *Sim) Remember(path string) error {
	now, began := s.Now, s.Now()
	keep := func(d deed) bool {
		return d.At.After(now().Add(-rememberFor)) || d.Path == "/v1/customers" || strings.Contains(d.Path+d.Body, "seti_") || d.Path == "/v1/setup_intents" || strings.HasPrefix(d.Path, "/v1/payment_methods/")
	}
	j, err := journal.Open(path, keep, func(d deed) {
		s.Now, s.serial = func() time.Time { return d.At }, d.Serial
		switch d.Path {
		case didConfirm:
			s.Confirm(d.Body, d.Card)
		case didLeave:
			s.Leave(d.Body)
		default:
			r, err := http.NewRequest(http.MethodPost, d.Path, strings.NewReader(d.Body))
			if err != nil {
				return
			}
			r.Header = http.Header{"Authorization": {"Bearer " + s.Key}, "Stripe-Version": {Version}, "Idempotency-Key": {d.Key}}
			s.mux.ServeHTTP(unheard{}, r)
		}
		if d.At.Before(began.Add(-journal.TellAgain)) {
			s.events = nil
		}
	})
	s.Now = now
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.journal = j
	s.mu.Unlock()
	return nil
}

// remember writes down what was done.
func (s *Sim) remember(d deed) error {
	d.At = s.Now()
	return s.journal.Add(d)
}

// Forget ends that it remembers, and closes the file.
func (s *Sim) Forget() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.journal
	s.journal = nil
	return j.Close()
}

// unheard is an answer that nobody gets.
type unheard struct{}

func (unheard) Header() http.Header         { return http.Header{} }
func (unheard) Write(b []byte) (int, error) { return len(b), nil }
func (unheard) WriteHeader(int)             {}
