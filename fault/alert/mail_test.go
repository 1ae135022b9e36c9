package alert_test

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"gnista/fault"
	"gnista/fault/alert"
)

// read takes a mail apart: its header, and its text and HTML.
func read(t *testing.T, x received) (mail.Header, string, string) {
	t.Helper()
	m := must(mail.ReadMessage(strings.NewReader(x.body)))(t)
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	var out []string
	for {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(must(io.ReadAll(quotedprintable.NewReader(p)))(t)))
	}
	if len(out) != 2 {
		t.Fatalf("the mail has %d parts", len(out))
	}
	return m.Header, out[0], out[1]
}

func subject(t *testing.T, h mail.Header) string {
	t.Helper()
	return must(new(mime.WordDecoder).DecodeHeader(h.Get("Subject")))(t)
}

func TestMail(t *testing.T) {
	w := newWorld(t)
	anna, _ := w.person("Anna", fault.Swedish)
	bob, _ := w.person("Bob", fault.English)
	w.route(alert.Route{Name: "Jour", Levels: []alert.RouteLevel{{To: to(anna, bob)}}, Cleared: true})
	s := w.broken("f1", func(s *alert.Subject) {
		s.Raw = fault.Raw{Code: "ConnectorLockFailure", Info: "<script>alert(1)</script>\r\nBcc: all@people.example\x00\u202e"}
	})
	w.step()
	got := w.mail.mails()
	if len(got) != 2 || got[0].from != "larm@operator.example" {
		t.Fatalf("got %+v", got)
	}
	for _, x := range got {
		h, text, html := read(t, x)
		want := map[string][2]string{
			"anna@people.example": {"[Högt] Låset fastnar – Platsen s1, CP1, uttag 2 (ärende 1000)", "Lås upp på håll"},
			"bob@people.example":  {"[High] The lock is stuck – Platsen s1, CP1, outlet 2 (case 1000)", "Unlock it from afar"},
		}[x.to]
		if got := subject(t, h); got != want[0] {
			t.Errorf("the subject for %s is %q", x.to, got)
		}
		if !strings.Contains(text, want[1]) || !strings.Contains(html, want[1]) || !strings.Contains(text, "2026-03-02 09:00 CET") {
			t.Errorf("the text is %q", text)
		}
		if strings.Contains(html, "<script") || !strings.Contains(html, "&lt;script&gt;") || strings.Contains(x.body, "\nBcc:") || strings.ContainsAny(html, "\x00\u202e") {
			t.Errorf("what the station said is not harmless: %q", html)
		}
		if h.Get("Message-Id") == "" || h.Get("Auto-Submitted") != "auto-generated" || !strings.Contains(text, "https://charge.example/ack/") || h.Get("X-Possibly-Double") != "" {
			t.Errorf("header %v, text %q", h, text)
		}
		from := must(mail.ParseAddress(h.Get("From")))(t)
		if from.Name != "Gnista larm åäö" {
			t.Errorf("it is from %v", from)
		}
	}
	w.cleared(s)
	w.step()
	w.step()
	if got := w.mail.mails(); len(got) != 4 {
		t.Fatalf("%d mails after it was cleared", len(got))
	} else if h, _, _ := read(t, got[2]); !strings.Contains(subject(t, h), "Over]") && !strings.Contains(subject(t, h), "Över]") {
		t.Errorf("got %q", subject(t, h))
	}
}

// A name in a header cannot begin another header, whatever it is.
func TestHeaderInjection(t *testing.T) {
	w := newWorld(t)
	p, _ := w.person("Eva", fault.English)
	w.route(alert.Route{Levels: []alert.RouteLevel{{To: to(p)}}})
	w.broken("f1", func(s *alert.Subject) {
		s.Key = fault.Key{Source: "evil\r\nBcc: a@b.example", Code: "Unknown"}
		s.Station = "CP\r\nX-Evil: 1\r\n\r\nbody"
	})
	w.step()
	h, _, _ := read(t, w.mail.mails()[0])
	if h.Get("Bcc") != "" || h.Get("X-Evil") != "" || !strings.Contains(subject(t, h), "CP X-Evil: 1 body") {
		t.Errorf("header %v", h)
	}
	for _, address := range []string{"a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example", "Anna <a@b.example>", "å@b.example", "", "a", "a@b.example>"} {
		if _, err := w.AddChannel(t.Context(), alert.Channel{Person: p.ID, Kind: alert.ByMail, Address: address}); err == nil {
			t.Errorf("%q was taken as an address", address)
		}
	}
	if _, err := w.AddPerson(t.Context(), alert.Person{Name: "a\r\nb", Language: fault.English}); err == nil {
		t.Error("a name of two lines was taken")
	}
}

func TestMailThatIsNotTaken(t *testing.T) {
	w := newWorld(t)
	p, c := w.person("Anna", fault.English)
	w.route(alert.Route{Levels: []alert.RouteLevel{{To: to(p)}}})
	f := func(what string, answer func(int) error, state alert.DeliveryState, result alert.Result, mails int, doubtful bool) {
		t.Helper()
		before := len(w.mail.mails())
		w.mail.answers(answer)
		w.broken(what, nil)
		w.step()
		d := w.deliveries(alert.DeliveryFilter{Channel: c.ID})[0]
		if d.State != state || d.Tries[0].Result != result || d.Doubtful != doubtful {
			t.Errorf("%s: %+v", what, d)
		}
		if strings.Contains(d.To, "anna") {
			t.Errorf("the log shows %s", d.To)
		}
		w.pass(10 * time.Second)
		w.step()
		if got := w.mail.mails()[before:]; len(got) != mails {
			t.Errorf("%s: %d mails", what, len(got))
		} else if len(got) == 2 {
			one, _, _ := read(t, got[0])
			two, text, _ := read(t, got[1])
			if one.Get("Message-Id") != two.Get("Message-Id") || two.Get("X-Possibly-Double") == "" || !strings.Contains(text, "may have come before") {
				t.Errorf("%s: %v and %v", what, one, two)
			}
		}
	}
	first := func(err error) func(int) error {
		return func(n int) error {
			if n == 1 {
				return err
			}
			return nil
		}
	}
	f("busy", first(&smtp.SMTPError{Code: 451, Message: "later"}), alert.Waiting, alert.Later, 1, false)
	f("refused", first(&smtp.SMTPError{Code: 554, Message: "spam\x00"}), alert.Dead, alert.Never, 0, false)
	f("cut off", first(errDrop), alert.Waiting, alert.Unknown, 2, true)
}

func TestMailer(t *testing.T) {
	f := func(address, password, from string, ok bool) {
		t.Helper()
		if _, err := alert.NewMailer(address, password, from); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
	f("smtp://u@mail.example:587", "p", "a@b.example", true)
	f("smtps://u@mail.example", "p", "A <a@b.example>", true)
	f("smtp://mail.example:25?tls=optional", "", "a@b.example", true)
	f("smtp://mail.example?tls=none", "", "a@b.example", false)
	f("smtps://mail.example?tls=optional", "", "a@b.example", false)
	f("smtp://u:p@mail.example", "", "a@b.example", false)
	f("smtp://u@mail.example", "", "a@b.example", false)
	f("smtp://mail.example", "p", "a@b.example", false)
	f("http://mail.example", "", "a@b.example", false)
	f("mail.example:25", "", "a@b.example", false)
	f("smtp://mail.example", "", "nobody", false)
	f("smtp://mail.example", "", "a@b.example\r\nBcc: c@d.example", false)
}

// Nothing goes to a server without TLS, or with a certificate that is not good, or with another password.
func TestMailServersThatAreNotTrusted(t *testing.T) {
	w := newWorld(t)
	_, c := w.person("Anna", fault.English)
	f := func(what, want string) {
		t.Helper()
		d := must(w.Test(t.Context(), c.ID))(t)
		if d.State != alert.Dead || !strings.Contains(d.Tries[0].Note, want) || strings.Contains(d.Tries[0].Note, "secret") {
			t.Errorf("%s: %+v", what, d.Tries)
		}
	}
	good := w.Mail.TLS
	w.Mail.TLS = nil
	f("an authority that nobody knows", "certificate")
	w.Mail.TLS, w.Mail.Password = good, "wrong"
	f("a wrong password", "no")
	w.Mail.Password = "secret"
	if d := must(w.Test(t.Context(), c.ID))(t); d.State != alert.Sent {
		t.Errorf("the test was not sent: %+v", d)
	}
	implicit := must(alert.NewMailer("smtps://gnista@"+w.mail.tls, "secret", "a@b.example"))(t)
	implicit.TLS, w.mail.login, w.Mail = good, true, implicit
	if d := must(w.Test(t.Context(), c.ID))(t); d.State != alert.Sent {
		t.Errorf("with TLS from the beginning and AUTH LOGIN: %+v", d)
	}
	w.Mail = nil
	f("no server", "--smtp-url")
}
