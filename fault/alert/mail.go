package alert

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"net/url"
	"strings"
	"time"
)

// Mailer sends mail by one SMTP server.
type Mailer struct {
	Host     string
	Port     string
	User     string // empty: nobody logs in
	Password string
	Implicit bool // TLS from the beginning, as on port 465
	Plain    bool // no TLS where the server offers none; otherwise it must
	From     mail.Address
	TLS      *tls.Config // nil is the system's authorities
}

// NewMailer reads the address of a server: smtp://user@host:587, for which STARTTLS is required unless it ends in
// ?tls=optional, or smtps://user@host:465.
func NewMailer(address, password, from string) (*Mailer, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("it is not an address as in smtp://user@mail.example.com:587 or smtps://user@mail.example.com")
	}
	if _, in := u.User.Password(); in {
		return nil, errors.New("the password does not belong into the address, which others can see")
	}
	m := &Mailer{Host: u.Hostname(), Port: u.Port(), User: u.User.Username(), Password: password, Implicit: u.Scheme == "smtps"}
	if m.Port == "" {
		m.Port = map[bool]string{false: "587", true: "465"}[m.Implicit]
	}
	switch t := u.Query().Get("tls"); {
	case t == "optional" && !m.Implicit:
		m.Plain = true
	case t != "":
		return nil, fmt.Errorf("tls=%s is not known; smtp:// takes tls=optional", t)
	}
	if (m.User == "") != (m.Password == "") {
		return nil, errors.New("a user and a password belong together")
	}
	a, err := mail.ParseAddress(from)
	if err != nil || checkMail("", a.Address) != nil || strings.ContainsAny(from, "\r\n") {
		return nil, fmt.Errorf("%q is not a sender, as in Gnista <alerts@example.com>", from)
	}
	m.From = *a
	return m, nil
}

// loginAuth is AUTH LOGIN, which some servers have only.
type loginAuth struct{ user, password string }

// Start is for package smtp.
func (l loginAuth) Start(s *smtp.ServerInfo) (string, []byte, error) {
	if !s.TLS && !loopback(s.Name) {
		return "", nil, errors.New("the password is not sent without TLS")
	}
	return "LOGIN", nil, nil
}

// Next answers the questions of the server, in the order in which all servers ask them.
func (l loginAuth) Next(from []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	if strings.Contains(strings.ToLower(string(from)), "pass") {
		return []byte(l.password), nil
	}
	return []byte(l.user), nil
}

// mail sends a delivery as a mail. Its Message-ID is the same at each try.
func (a *Alerts) mail(ctx context.Context, c Channel, x Delivery) outcome {
	if a.Mail == nil {
		return outcome{result: Later, note: "no mail server is set; see --smtp-url"}
	}
	body, err := a.compose(ctx, c, x)
	if err != nil {
		return outcome{result: Never, note: err.Error()}
	}
	return a.Mail.send(ctx, c.Address, body)
}

// send tells what became of a mail. What breaks after all of it was sent may have arrived.
func (m *Mailer) send(ctx context.Context, to string, body []byte) outcome {
	later := func(err error) outcome { return outcome{result: Later, status: replyCode(err), note: err.Error()} }
	refused := func(err error) outcome { // by the server, for this mail
		o := later(err)
		if o.status >= 500 {
			o.result = Never
		}
		return o
	}
	socket, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(m.Host, m.Port))
	if err != nil {
		return later(err)
	}
	defer socket.Close()
	end, ok := ctx.Deadline()
	if !ok {
		end = time.Now().Add(sendTime)
	}
	socket.SetDeadline(end)
	defer context.AfterFunc(ctx, func() { socket.Close() })()
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if m.TLS != nil {
		conf = m.TLS.Clone()
	}
	conf.ServerName = m.Host
	conn := socket
	if m.Implicit {
		conn = tls.Client(socket, conf)
	}
	s, err := smtp.NewClient(conn, m.Host)
	if err != nil {
		return later(err)
	}
	_, host, _ := strings.Cut(m.From.Address, "@")
	if err := s.Hello(host); err != nil {
		return later(err)
	}
	if offered, _ := s.Extension("STARTTLS"); offered && !m.Implicit {
		if err := s.StartTLS(conf); err != nil {
			return later(err)
		}
	} else if !m.Implicit && !m.Plain {
		return later(errors.New("the server offers no STARTTLS, and nothing is sent without; ?tls=optional allows it"))
	}
	if m.User != "" {
		_, ways := s.Extension("AUTH")
		var auth smtp.Auth = loginAuth{m.User, m.Password}
		if strings.Contains(" "+ways+" ", " PLAIN ") || !strings.Contains(ways, "LOGIN") {
			auth = smtp.PlainAuth("", m.User, m.Password, m.Host)
		}
		if err := s.Auth(auth); err != nil {
			return later(err) // it is we who are refused, and not the mail
		}
	}
	if err := s.Mail(m.From.Address); err != nil {
		return later(err)
	}
	if err := s.Rcpt(to); err != nil {
		return refused(err)
	}
	w, err := s.Data()
	if err != nil {
		return refused(err)
	}
	if _, err := w.Write(body); err != nil {
		return later(err) // without its end no server takes it
	}
	if err := w.Close(); err != nil {
		if replyCode(err) == 0 {
			return outcome{result: Unknown, note: err.Error()}
		}
		return refused(err)
	}
	s.Quit() // it was taken, whatever comes now
	return outcome{result: Arrived, status: 250}
}

// replyCode is the code of a server's answer; 0 where there was none.
func replyCode(err error) int {
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		return e.Code
	}
	return 0
}

// compose writes a mail. All that is in its header is of one line and encoded.
func (a *Alerts) compose(ctx context.Context, c Channel, x Delivery) ([]byte, error) {
	ack, err := a.acknowledger(ctx, x)
	if err != nil {
		return nil, err
	}
	l := a.letter(x, ack)
	text, err := l.text()
	if err != nil {
		return nil, err
	}
	html, err := l.html()
	if err != nil {
		return nil, err
	}
	_, host, _ := strings.Cut(a.Mail.From.Address, "@")
	from := mail.Address{Name: plain(cmp.Or(a.Mail.From.Name, "Gnista"), mostName), Address: a.Mail.From.Address}
	var b bytes.Buffer
	parts := multipart.NewWriter(&b)
	head := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	head("From", from.String())
	head("To", (&mail.Address{Address: c.Address}).String())
	head("Subject", strings.ReplaceAll(mime.QEncoding.Encode("utf-8", plain(l.Title(), 2*mostWord)), "?= =?", "?=\r\n =?")) // no line is too long
	head("Date", x.CreatedAt.UTC().Format(time.RFC1123Z))
	head("Message-ID", "<"+x.ID+"@"+host+">")
	if x.Alert != "" {
		head("References", "<"+x.Alert+"@"+host+">") // so that all of one alert is together
	}
	if x.Doubtful {
		head("X-Possibly-Double", "yes")
	}
	head("Auto-Submitted", "auto-generated")
	head("MIME-Version", "1.0")
	head("Content-Type", mime.FormatMediaType("multipart/alternative", map[string]string{"boundary": parts.Boundary()}))
	b.WriteString("\r\n")
	for _, part := range []struct{ kind, body string }{{"text/plain", text}, {"text/html", html}} {
		w, err := parts.CreatePart(textproto.MIMEHeader{"Content-Type": {part.kind + "; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"}})
		if err != nil {
			return nil, err
		}
		q := quotedprintable.NewWriter(w)
		if _, err := io.WriteString(q, part.body); err != nil {
			return nil, err
		}
		if err := q.Close(); err != nil {
			return nil, err
		}
	}
	err = parts.Close()
	return b.Bytes(), err
}
