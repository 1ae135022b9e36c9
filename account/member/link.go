package member

import (
	"context"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"gnista"
	"gnista/account"
)

// Purpose is what a link is for.
type Purpose string

// The purposes.
const (
	ToSignIn      Purpose = "sign-in"
	ToChangeEmail Purpose = "email"
)

// Link is a link of one use that was sent to an address, and proves that somebody reads what is sent there.
type Link struct {
	ID       string // what is kept of its secret
	Purpose  Purpose
	Email    string // in small letters
	Customer string // id of the one whose address becomes this; empty where somebody signs in
	To       string // path that it leads to afterwards; empty is none
	Language string // sv or en
	MadeAt   time.Time
}

const (
	LinkFor  = 20 * time.Minute // that a link lives
	maxLinks = 5                // to one address
	maxHere  = 20               // customers with one address
	maxEmail = 100              // characters, as of a customer
	maxName  = 100
)

// Address is an address of mail as addresses are compared.
func Address(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// CheckEmail is an address that mail can be sent to, as addresses are compared. Invalid.
func CheckEmail(email string) (string, error) {
	email = Address(email)
	if a, err := mail.ParseAddress(email); err != nil || a.Address != email || utf8.RuneCountInString(email) > maxEmail || strings.ContainsAny(email, "\r\n\x00") {
		return "", gnista.Invalidf("email", "is no address as in name@example.com")
	}
	return email, nil
}

// Letter is a mail that is to be sent.
type Letter struct{ To, Subject, Text string }

// Words write the mails to drivers.
type Words interface {
	// Link is the mail with a link.
	Link(l Link, secret string, isNew bool) Letter
	// Moved tells a former address that mails go elsewhere now.
	Moved(to, language string) Letter
}

// Ask sends a link to an address, if somebody may sign in by it, and returns its secret where links are shown. The
// caller must not let whoever asks know by its answer, or by the time that it takes, whether there was one to send.
func (d *Desk) Ask(ctx context.Context, email, language, to string, w Words) (string, error) {
	list, err := d.Store.CustomersByEmail(ctx, email, 1)
	if err != nil || len(list) == 0 && d.SignUp == nil {
		return "", err
	}
	return d.send(ctx, Link{Purpose: ToSignIn, Email: email, To: to, Language: language}, len(list) == 0, w)
}

// AskMove sends a link to the address that a customer wants to have, and returns its secret where links are shown.
func (d *Desk) AskMove(ctx context.Context, c account.Customer, email, language string, w Words) (string, error) {
	return d.send(ctx, Link{Purpose: ToChangeEmail, Email: email, Customer: c.ID, Language: language}, false, w)
}

func (d *Desk) send(ctx context.Context, l Link, isNew bool, w Words) (string, error) {
	s := secret()
	l.ID, l.MadeAt = Hash(s), d.Now()
	if err := d.Store.AddDriverLink(ctx, l, maxLinks); err != nil {
		return "", err
	}
	letter := w.Link(l, s, isNew)
	shown := ""
	if d.Shown {
		shown = s
	}
	if d.Mail != nil {
		return shown, d.Mail.SendText(ctx, letter.To, letter.Subject, letter.Text)
	}
	if d.Shown {
		d.Log.Info("test mode: a mail to a driver is not sent", "to", l.Email, "text", letter.Text)
	}
	return shown, nil
}

// Offered is what a link leads to.
type Offered struct {
	Link
	Customers []account.Customer // who may sign in by it; none: somebody new
}

// Look tells what a link is for, and uses it up by no means: programs open the links of mails too. NotFound.
func (d *Desk) Look(ctx context.Context, secret string) (Offered, error) {
	l, err := d.Store.DriverLink(ctx, Hash(secret))
	if err == nil && !d.Now().Before(l.MadeAt.Add(LinkFor)) {
		err = gnista.Errorf(gnista.NotFound, "the link is too old")
	}
	if err != nil {
		return Offered{}, err
	}
	o := Offered{Link: l}
	if l.Purpose == ToChangeEmail {
		c, err := d.Book.Customers.Customer(ctx, l.Customer)
		if err == nil && !c.ErasedAt.IsZero() {
			err = gnista.Errorf(gnista.NotFound, "the customer is gone")
		}
		o.Customers = []account.Customer{c}
		return o, err
	}
	if o.Customers, err = d.Store.CustomersByEmail(ctx, l.Email, maxHere); err == nil && len(o.Customers) == 0 && d.SignUp == nil {
		err = gnista.Errorf(gnista.NotFound, "there is no such customer")
	}
	return o, err
}

// Entry is what somebody says who uses a link.
type Entry struct {
	Customer string // id of one of those offered; empty is the only one
	Name     string // of somebody new
	Agent    string
}

// Enter uses a link up and begins a session. NotFound, Invalid.
func (d *Desk) Enter(ctx context.Context, secret string, e Entry, w Words) (session string, c account.Customer, l Link, err error) {
	o, err := d.Look(ctx, secret)
	if err != nil {
		return "", c, l, err
	}
	e.Name = strings.TrimSpace(e.Name)
	switch n := len(o.Customers); {
	case n == 0 && (e.Name == "" || utf8.RuneCountInString(e.Name) > maxName || !utf8.ValidString(e.Name) || strings.ContainsRune(e.Name, 0)):
		return "", c, l, gnista.Invalidf("name", "must have 1 to %d characters", maxName)
	case n == 0:
	case n == 1 && e.Customer == "":
		c = o.Customers[0]
	default:
		for _, x := range o.Customers {
			if x.ID == e.Customer {
				c = x
			}
		}
		if c.ID == "" {
			return "", c, l, gnista.Invalidf("customer", "must be one of those that the link is for")
		}
	}
	var who *account.Joining
	if c.ID == "" {
		if who, err = d.join(o.Link, e.Name); err != nil {
			return "", c, l, err
		}
		c = who.Customer
	}
	if l, err = d.Store.UseDriverLink(ctx, Hash(secret), d.Now().Add(-LinkFor), who); err != nil {
		return "", c, l, err
	}
	if l.Purpose == ToChangeEmail {
		if c, err = d.move(ctx, c, l, w); err != nil {
			return "", c, l, err
		}
	}
	session, err = d.begin(ctx, c, e.Agent)
	return session, c, l, err
}

// move gives a customer another address. Whoever has signed in by the former one has to do so again.
func (d *Desk) move(ctx context.Context, c account.Customer, l Link, w Words) (account.Customer, error) {
	former := c.Email
	c, err := d.Book.UpdateCustomer(ctx, c.ID, func(c *account.Customer) { c.Email = l.Email })
	if err == nil {
		err = d.Store.EndDriverSessions(ctx, c.ID, "")
	}
	if err == nil && former != "" && d.Mail != nil && Address(former) != l.Email {
		m := w.Moved(former, l.Language)
		if late := d.Mail.SendText(ctx, m.To, m.Subject, m.Text); late != nil {
			d.Log.Warn("a driver's former address could not be told that it was changed", "customer", c.ID, "err", late)
		}
	}
	return c, err
}

// join is somebody who becomes a customer by a link.
func (d *Desk) join(l Link, name string) (*account.Joining, error) {
	a := account.Account{Kind: d.SignUp.Kind, Currency: d.SignUp.Currency}
	if a.Kind == account.Postpaid {
		a.CreditLimit = d.SignUp.CreditLimit
	}
	return d.Book.Join(account.Customer{Kind: account.Private, Name: name, Email: l.Email, Language: l.Language}, a)
}
