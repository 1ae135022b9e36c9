package alert_test

import (
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/fault/alert"
)

// A mail that somebody has asked for is taken by the server with what is attached, and one to no address is refused
// before anybody is asked.
func TestPost(t *testing.T) {
	w := newWorld(t)
	mailer := w.Alerts.Mail
	p := alert.Post{ID: "r1", To: "anna@example.com", Subject: "Kvitto 17 – tack", Text: "Tack för att du laddade.\r\n", At: time.Unix(1_800_000_000, 0), File: "kvitto-17.pdf", PDF: []byte("%PDF-1.3 " + strings.Repeat("x", 200))}
	if err := mailer.Send(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	list := w.mail.mails()
	if len(list) != 1 {
		t.Fatalf("%d mails", len(list))
	}
	for _, want := range []string{"<anna@example.com>", "=?utf-8?q?Kvitto_17_=E2=80=93_tack?=", "Tack f=C3=B6r att du laddade.", "kvitto-17.pdf", "JVBERi0xLjMg", "Message-ID: <r1@operator.example>"} {
		if !strings.Contains(list[0].body, want) {
			t.Errorf("there is no %q in %s", want, list[0].body)
		}
	}
	for _, to := range []string{"", "anna", "anna@example.com\r\nBcc: b@example.com", "Anna <anna@example.com>"} {
		p.To = to
		if err := mailer.Send(t.Context(), p); err == nil || gnista.CodeOf(err) != gnista.Invalid {
			t.Errorf("%q: %v", to, err)
		}
	}
	if n := len(w.mail.mails()); n != 1 {
		t.Errorf("%d mails", n)
	}
}
