package alert

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
)

// SendText sends a mail of plain text to one address.
func (m *Mailer) SendText(ctx context.Context, to, subject, text string) error {
	_, host, _ := strings.Cut(m.From.Address, "@")
	from := mail.Address{Name: plain(cmp.Or(m.From.Name, "Gnista"), mostName), Address: m.From.Address}
	var b bytes.Buffer
	head := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	head("From", from.String())
	head("To", (&mail.Address{Address: to}).String())
	head("Subject", strings.ReplaceAll(mime.QEncoding.Encode("utf-8", plain(subject, 2*mostWord)), "?= =?", "?=\r\n =?"))
	head("Date", time.Now().UTC().Format(time.RFC1123Z))
	head("Message-ID", "<"+rand.Text()+"@"+host+">")
	head("Auto-Submitted", "auto-generated")
	head("MIME-Version", "1.0")
	head("Content-Type", "text/plain; charset=utf-8")
	head("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	q := quotedprintable.NewWriter(&b)
	if _, err := io.WriteString(q, text); err != nil {
		return err
	}
	if err := q.Close(); err != nil {
		return err
	}
	o := m.send(ctx, to, b.Bytes())
	if o.result == Arrived || o.result == Unknown { // which may have arrived
		return nil
	}
	return fmt.Errorf("sending a mail: %s", o.note)
}
