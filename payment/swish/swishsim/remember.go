package swishsim

import (
	"net/http"
	"strings"
	"time"

	"gnista/payment/journal"
)

// deed is something that was done to the simulator. Done again in order, deeds come to the same.
type deed struct {
	At   time.Time
	Path string   // method and kind of a request that changes something, or the name of what a customer did
	ID   string   // of the payment request or the refund
	Body string   `json:",omitempty"` // of the request, or the code that it ends with
	Made []string `json:",omitempty"` // references and tokens that it made
}

// rememberFor is how long what was done is known after the process was ended.
const rememberFor = 8 * 24 * time.Hour

// What customers do.
const (
	didConfirm = "confirm"
	didDecline = "decline"
	didBreak   = "break"
)

// Remember has the simulator be as the one was that has written a file, and keep in that what is done from now on.
func (s *Sim) Remember(path string) error {
	now, began := s.Now, s.Now()
	j, err := journal.Open(path, func(d deed) bool { return d.At.After(now().Add(-rememberFor)) }, func(d deed) {
		s.Now, s.again = func() time.Time { return d.At }, d.Made
		switch d.Path {
		case didConfirm:
			s.Confirm(d.ID)
		case didDecline:
			s.Decline(d.ID)
		case didBreak:
			s.Break(d.ID, d.Body)
		default:
			s.mu.Lock()
			s.pass()
			method, what, _ := strings.Cut(d.Path, " ")
			kind := "application/json"
			if method == http.MethodPatch {
				kind = "application/json-patch+json"
			}
			s.handle(lost{http.Header{}}, method, kind, what, d.ID, []byte(d.Body))
			s.mu.Unlock()
		}
		if d.At.Before(began.Add(-journal.TellAgain)) {
			s.told = nil
		}
	})
	s.Now, s.again, s.made = now, nil, nil
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
	d.Made, s.made = s.made, nil
	d.At = s.Now()
	return s.journal.Add(d)
}

// token makes a reference or a token, or the one that was made before.
func (s *Sim) token() (text string) {
	if len(s.again) > 0 {
		text, s.again = s.again[0], s.again[1:]
		return text
	}
	text = s.Token()
	s.made = append(s.made, text)
	return text
}

// Forget ends that it remembers, and closes the file.
func (s *Sim) Forget() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.journal
	s.journal = nil
	return j.Close()
}
