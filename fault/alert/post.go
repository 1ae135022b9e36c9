package alert

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"gnista"
)

// Post is a mail that a person has asked for, such as a receipt.
type Post struct {
	ID      string // of the mail; the same again is the same mail
	To      string
	Subject string
	Text    string
	At      time.Time
	File    string // name of what is attached; empty is nothing
	PDF     []byte
}

// postTime is how long who has asked for a mail waits for it to be taken.
const postTime = 12 * time.Second

// Send sends a mail at once, and is done when the server has taken it. Invalid where it never will; Offline.
func (m *Mailer) Send(ctx context.Context, p Post) error {
	if err := checkMail("email", p.To); err != nil {
		return err
	}
	body, err := m.post(p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, postTime)
	defer cancel()
	switch o := m.send(ctx, p.To, body); o.result {
	case Arrived:
		return nil
	case Never:
		return gnista.Invalidf("email", "the mail server does not take a mail to that address: %s", o.note)
	default:
		return gnista.Errorf(gnista.Offline, "the mail server did not take it: %s", o.note)
	}
}

// post writes a mail. All that is in its header is of one line and encoded.
func (m *Mailer) post(p Post) ([]byte, error) {
	_, host, _ := strings.Cut(m.From.Address, "@")
	var b bytes.Buffer
	parts := multipart.NewWriter(&b)
	for _, h := range [][2]string{
		{"From", (&mail.Address{Name: plain(cmp.Or(m.From.Name, "Gnista"), mostName), Address: m.From.Address}).String()},
		{"To", (&mail.Address{Address: p.To}).String()},
		{"Subject", strings.ReplaceAll(mime.QEncoding.Encode("utf-8", plain(p.Subject, 2*mostWord)), "?= =?", "?=\r\n =?")},
		{"Date", p.At.UTC().Format(time.RFC1123Z)}, {"Message-ID", "<" + p.ID + "@" + host + ">"}, {"Auto-Submitted", "auto-replied"}, {"MIME-Version", "1.0"},
		{"Content-Type", mime.FormatMediaType("multipart/mixed", map[string]string{"boundary": parts.Boundary()})},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	w, err := parts.CreatePart(textproto.MIMEHeader{"Content-Type": {"text/plain; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"}})
	if err != nil {
		return nil, err
	}
	q := quotedprintable.NewWriter(w)
	if _, err := io.WriteString(q, p.Text); err != nil {
		return nil, err
	}
	if err := q.Close(); err != nil {
		return nil, err
	}
	if p.File != "" {
		w, err := parts.CreatePart(textproto.MIMEHeader{
			"Content-Type": {"application/pdf"}, "Content-Transfer-Encoding": {"base64"},
			"Content-Disposition": {mime.FormatMediaType("attachment", map[string]string{"filename": p.File})},
		})
		if err != nil {
			return nil, err
		}
		for text := base64.StdEncoding.EncodeToString(p.PDF); text != ""; {
			n := min(76, len(text))
			fmt.Fprintf(w, "%s\r\n", text[:n])
			text = text[n:]
		}
	}
	err = parts.Close()
	return b.Bytes(), err
}
