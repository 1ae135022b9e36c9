package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/checkout"
	"gnista/fault"
	"gnista/fault/alert"
	"gnista/fault/driver"
	"gnista/tariff"
)

// step is one of those from the payment to the charge.
type step struct {
	Key  string // of its text; empty is what was paid
	Done bool
	Now  bool
	At   time.Time // when it was done; zero is not known
}

// idleFee is what it costs to stay after the car has been charged.
type idleFee struct {
	Price receiptLine
	Grace time.Duration
	From  time.Time // when it begins, as the car takes no power; zero while it does
	Runs  bool
}

// otherOutlet is a free outlet nearby, with the address of its page where it has one.
type otherOutlet struct {
	driver.Outlet
	Link string
}

// detail adds to the page of a checkout what its driver wants to know more of: the steps, what it costs and why, how
// power is shared, and what can be done.
func (s *Server) detail(ctx context.Context, p *payingPage, l string) error {
	now := s.Now()
	p.At = now
	p.CanUnlock = p.Unlockable(now)
	p.CanMail = p.State == checkout.Settled && p.Receipt != "" && s.Alerts != nil && s.Alerts.Mail != nil
	if t := p.Charge; t != nil && t.State == charging.Active {
		v, err := s.Records.Version(ctx, t)
		if err == nil {
			var b tariff.Bill
			if b, err = s.Records.Rate(ctx, t, v); err == nil {
				p.Lines, p.Idle = showLines(b), idling(v, t, now)
			}
		}
		if err != nil && gnista.CodeOf(err) != gnista.NotFound {
			return err
		}
	}
	if x := p.Said.Power; x != nil && p.State == checkout.Charging && p.Said.Kind != driver.Shared {
		p.Sharing = x.Words[fault.Language(l)]
	}
	p.Nearby = s.nearby(ctx, p.Said.Others, l)
	if p.State == checkout.Cancelled || p.State == checkout.Failed {
		p.Again = s.outletPage(ctx, p.Station, p.EVSE, l)
	}
	if !p.PaidAt.IsZero() && !p.State.Over() {
		p.Steps = s.steps(ctx, p.View, p.Plugged())
	}
	return nil
}

// nearby are outlets with the addresses of their pages, as far as they have one.
func (s *Server) nearby(ctx context.Context, outlets []driver.Outlet, l string) (list []otherOutlet) {
	for _, o := range outlets {
		list = append(list, otherOutlet{o, s.outletPage(ctx, o.Station, o.EVSE, l)})
	}
	return list
}

// outletPage is the address of the page of an EVSE; empty where it has none.
func (s *Server) outletPage(ctx context.Context, id gnista.StationID, evse int, l string) string {
	c, err := s.Codes.Store.PayCode(ctx, id, evse)
	if err != nil {
		return ""
	}
	return withLanguage("/e/"+c.Code, l)
}

// steps are those from the payment to the charge, with when each was done. plugged tells whether the car that is waited
// for has come.
func (s *Server) steps(ctx context.Context, v checkout.View, plugged bool) []step {
	var yes time.Time
	said := v.Order.Outcome == checkout.Accepted
	if said && v.Order.Command != "" {
		if c, err := s.Network.Commands.Command(ctx, v.Order.Command); err == nil {
			yes = c.AnsweredAt
		}
	}
	begun := v.Charge != nil
	flows := begun && (v.Charge.EnergyWh > 0 || v.Charge.Activity == charging.Charging)
	list := []step{{Done: true, At: v.PaidAt}, {Key: "step-ask", Done: said || begun, At: v.Order.At}, {Key: "step-yes", Done: said || begun, At: yes}}
	if v.State == checkout.PlugIn {
		list[1].Done = true
		list = append(list, step{Key: "pay-plug-in", Done: plugged})
	}
	check := step{Key: "step-check", Done: flows}
	if begun {
		check.At = v.Charge.StartedAt
	}
	list = append(list, check, step{Key: "pay-charging", Done: flows})
	if flows {
		for _, x := range v.Charge.Progress.Timeline {
			if x.Activity == charging.Charging {
				list[len(list)-1].At = x.At
				break
			}
		}
	}
	if i := slices.IndexFunc(list, func(x step) bool { return !x.Done }); i >= 0 {
		if list[i].Key == "step-yes" && v.State == checkout.PlugIn && !plugged { // it waits for the car first
			i++
		}
		list[i].Now = true
	}
	return list
}

// idling is what it costs to stay by a version of a tariff; nil is nothing, or what the price says depends on more.
func idling(v tariff.Version, t *charging.Transaction, now time.Time) *idleFee {
	i := slices.IndexFunc(v.Elements, func(e tariff.Element) bool { return e.Dimension == tariff.Idle })
	if i < 0 || v.Net || !reflect.DeepEqual(v.Elements[i].When, tariff.Restriction{}) || v.Elements[i].Price.Rat().Sign() <= 0 {
		return nil
	}
	e := v.Elements[i]
	f := &idleFee{Grace: e.Grace, Price: receiptLine{Type: e.Dimension, Price: string(e.Price), PerHour: e.PerHour, Amount: gnista.Money{Currency: v.Currency}}}
	periods := t.Periods(now)
	if n := len(periods); n > 0 && periods[n-1].Idle {
		var stood time.Duration
		for _, p := range periods {
			if p.Idle {
				stood += p.To.Sub(p.From)
			}
		}
		f.From = now.Add(e.Grace - stood)
		f.Runs = stood >= e.Grace
	}
	return f
}

// unlock has the outlet let go of the cable.
func (s *Server) unlock(ctx context.Context, v checkout.View) error { return s.Desk.Unlock(ctx, v.Key) }

// mailReceipt sends the receipt of a checkout to where its driver says.
func (s *Server) mailReceipt(w http.ResponseWriter, r *http.Request, v checkout.View) {
	r.Body = http.MaxBytesReader(w, r.Body, formBody)
	to, tag := r.PostFormValue("email"), langOr(r, v.Language)
	err := gnista.Errorf(gnista.Conflict, "there is no receipt")
	if v.Receipt != "" && s.Alerts != nil && s.Alerts.Mail != nil {
		err = gnista.Errorf(gnista.Conflict, "it was sent often enough")
		if s.rates.mails.allow(v.Key, s.Now()) {
			err = s.sendReceipt(r.Context(), v, to, languageOf(tag))
		}
	}
	if err != nil && gnista.CodeOf(err) != gnista.Invalid && r.Context().Err() == nil {
		s.Log.Warn("a receipt could not be sent by mail", "checkout", v.ID, "err", err)
	}
	if err == nil {
		v.Language = tag
		payAgain(w, r, withLanguage("/pay/"+v.Key, tag)+"&mailed")
		return
	}
	s.again(w, r, v, "mail", err)
}

func (s *Server) sendReceipt(ctx context.Context, v checkout.View, to string, l language) error {
	x, err := s.Records.Store.Record(ctx, v.Receipt)
	if err != nil {
		return err
	}
	view, err := s.receipt(ctx, x)
	if err != nil {
		return err
	}
	pdf, err := s.receiptPDF(l, view)
	if err != nil {
		return fmt.Errorf("making a PDF: %w", err)
	}
	title := fmt.Sprintf("%s %d", l.text("receipt-title"), view.Number)
	text := fmt.Sprintf(l.text("mail-receipt"), l.money(view.Total), view.Station, view.EVSE, s.base()+"/pay/"+v.Key) + "\r\n\r\n" + view.Seller.Name + "\r\n"
	if view.Test {
		text = l.text("pay-test") + "\r\n\r\n" + text
	}
	return s.Alerts.Mail.Send(ctx, alert.Post{
		ID: s.Desk.NewID(), To: to, Subject: title + ", " + view.Seller.Name, Text: text, At: s.Now(), File: fmt.Sprintf("receipt-%d.pdf", view.Number), PDF: pdf,
	})
}

// AtMs is when it was so, in milliseconds, as scripts count.
func (p payingPage) AtMs() int64 { return p.At.UnixMilli() }

// FromMs is when the fee begins, likewise.
func (f idleFee) FromMs() int64 { return f.From.UnixMilli() }
