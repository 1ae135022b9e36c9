package checkout

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf8"

	"gnista"
	"gnista/payment"
	"gnista/station"
	"gnista/token"
	"gnista/vat"
)

// Open opens a checkout. Invalid; NotFound; Conflict, also where the price is no longer that which was shown;
// Unsupported.
func (d *Desk) Open(ctx context.Context, r Request) (Checkout, error) {
	o, err := d.Offer(ctx, r.Station, r.EVSE)
	if err != nil {
		return Checkout{}, err
	}
	switch {
	case !o.Condition.Usable():
		return Checkout{}, gnista.Errorf(gnista.Conflict, "EVSE %d of station %s is %s", r.EVSE, r.Station, o.Condition)
	case r.Tariff != "" && r.Tariff != o.Version.ID:
		return Checkout{}, gnista.Errorf(gnista.Conflict, "the price has changed since it was shown")
	case r.Language != "sv" && r.Language != "en":
		return Checkout{}, gnista.Invalidf("language", "%q is neither sv nor en", r.Language)
	}
	if err := r.Wish.check(); err != nil {
		return Checkout{}, err
	}
	m, err := o.choose(r)
	if err != nil {
		return Checkout{}, err
	}
	if err := r.Company.tidy(); err != nil {
		return Checkout{}, err
	}
	s, err := d.Network.Store.Station(ctx, r.Station)
	if err != nil {
		return Checkout{}, err
	}
	uid, err := newToken(d.Network.Treatment(s).Adaptations)
	if err != nil {
		return Checkout{}, err
	}
	number, err := d.Charging.Number(ctx, r.Station)
	if err != nil {
		return Checkout{}, err
	}
	now := d.Now()
	c := Checkout{
		ID: d.NewID(), Key: newKey(), Station: r.Station, EVSE: r.EVSE, Provider: m.Provider, Way: m.Way, Amount: r.Amount, Language: r.Language, Tariff: o.Version.ID,
		Token: token.ID{UID: uid, Type: d.tokenType(r.Station)}, State: Paying, Test: m.Test, Company: r.Company, Wish: r.Wish, MinWh: d.Policy.MinWh, Minimum: d.Policy.Minimum,
		PayBy: now.Add(d.Policy.PayWithin), CreatedAt: now, UpdatedAt: now, Order: Order{Number: number},
	}
	c.Next = now.Add(askTime)
	if o.Gratis {
		c.Amount, c.State, c.PaidAt, c.StartBy, c.Next = gnista.Money{Currency: o.Version.Currency}, Paid, now, now.Add(d.Policy.StartWithin), now
	} else {
		c.Payment = d.NewID()
	}
	if err := d.Store.CreateCheckout(ctx, c); err != nil {
		return Checkout{}, err
	}
	if o.Gratis {
		d.Wake(c.ID)
		return c, nil
	}
	ask := payment.Opening{Way: c.Way, Language: c.Language, Text: View{Checkout: c}.Bought(c.Language), Payer: r.Payer, Within: d.Policy.PayWithin}
	if d.Link != nil {
		ask.Return = d.Link(c.Key)
	}
	if _, err := d.Payments.AskAs(ctx, c.Payment, c.Provider, "", c.Amount, ask); err != nil {
		return Checkout{}, d.forget(ctx, c, err)
	}
	d.Nudge()
	d.announce(c)
	return c, nil
}

// forget gives up a checkout for which nobody can be asked.
func (d *Desk) forget(ctx context.Context, c Checkout, why error) error {
	_, err := d.Store.ChangeCheckout(context.WithoutCancel(ctx), c.Station, c.ID, func(c *Checkout) error {
		if c.State == Paying {
			c.move(Cancelled, NoPayment, d.Now())
		}
		return nil
	})
	if err != nil {
		return err
	}
	return why
}

// choose is the method that was chosen among those of the offer.
func (o Offer) choose(r Request) (Method, error) {
	if o.Gratis {
		if r.Provider != "" || r.Amount.Amount != 0 {
			return Method{}, gnista.Invalidf("provider", "must be empty where charging is free")
		}
		return Method{}, nil
	}
	for _, m := range o.Methods {
		if m.Provider != r.Provider || r.Way != "" && m.Way != r.Way {
			continue
		}
		for _, a := range m.Amounts {
			if a == r.Amount {
				return m, nil
			}
		}
		return m, gnista.Invalidf("amount", "is none of those that are offered")
	}
	return Method{}, gnista.Invalidf("provider", "%q is none of those that are offered", r.Provider)
}

func (c *Company) tidy() error {
	if c == nil {
		return nil
	}
	for _, x := range []struct {
		field, text string
		most        int
	}{{"company.name", c.Name, 100}, {"company.vatNumber", c.VATNumber, 20}, {"company.reference", c.Reference, 50}} {
		if utf8.RuneCountInString(x.text) > x.most {
			return gnista.Invalidf(x.field, "is longer than %d characters", x.most)
		}
	}
	if strings.TrimSpace(c.Name) == "" {
		return gnista.Invalidf("company.name", "is empty")
	}
	if c.VATNumber = vat.Clean(c.VATNumber); c.VATNumber == "" {
		return nil
	}
	if err := vat.Check(c.VATNumber); err != nil {
		return gnista.Invalidf("company.vatNumber", "%w", errors.Unwrap(err))
	}
	return nil
}

// Bought is what the driver is told that is bought, in sv or en.
func (v View) Bought(language string) string {
	text := "EV charging"
	switch at := string(v.Station); {
	case language == "sv" && at != "":
		text = "Elbilsladdning vid " + at
	case language == "sv":
		text = "Elbilsladdning"
	case at != "":
		text += " at " + at
	}
	letters := []rune(text)
	return string(letters[:min(len(letters), 50)])
}

// newKey is a key that nobody guesses.
func newKey() string {
	b := make([]byte, 16)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// How long tokens are: OCPP 1.6 has 20 characters at the most, and some stations have less (quirk Q50).
const (
	tokenLength = 16
	minToken    = 8
)

// newToken is a UID that nobody guesses, which a station can take. Unsupported.
func newToken(a station.Adaptations) (string, error) {
	n := tokenLength
	if a.MaxTokenLength > 0 {
		n = min(n, a.MaxTokenLength)
	}
	if n < minToken {
		return "", gnista.Errorf(gnista.Unsupported, "the station takes no token that is long enough not to be guessed (adaptation maxTokenLength)")
	}
	return rand.Text()[:n], nil
}
