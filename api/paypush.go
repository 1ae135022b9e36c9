package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"gnista"
	"gnista/checkout"
	"gnista/fault"
	"gnista/fault/alert"
	"gnista/fault/driver"
	"gnista/payment"
)

// wordFor is how long a push service holds what a phone is told while that is switched off.
const wordFor = 4 * time.Hour

// worrying are the kinds of what is wrong that a driver is told of while the page is closed. Others pass by
// themselves, as when a station is slow to answer, or the driver stands in front of it.
var worrying = []driver.Kind{
	driver.SwitchedOff, driver.Broken, driver.Fixable, driver.PlugAgain, driver.WrongOutlet, driver.NeverStarted, driver.StationWaits, driver.Stuck, driver.Checked,
}

// News is what there is to tell phones of a checkout.
func (s *Server) News(ctx context.Context, v checkout.View, l string) (checkout.News, error) {
	p, err := s.pageOf(ctx, v, l)
	n := checkout.News{View: v, Trouble: p.Trouble() && slices.Contains(worrying, p.Said.Kind) || p.Said.Cut(s.voice(fault.Language(l))) != ""}
	if p.Idle != nil {
		n.Idle = p.Idle.From
	}
	return n, err
}

// Notify tells a phone a word of a checkout, by the push service of its browser.
func (s *Server) Notify(ctx context.Context, phone checkout.Phone, id string, n checkout.News, w checkout.Word) error {
	p, err := s.pageOf(ctx, n.View, phone.Language)
	if err != nil {
		return err
	}
	title, body := s.worded(p, languageOf(phone.Language), w)
	return s.Alerts.Show(ctx, browserOf(phone), alert.Notice{
		ID: id, Title: title, Body: body, URL: withLanguage(p.Path, phone.Language), Urgent: w != checkout.WordReceipt, Keep: wordFor,
	})
}

// worded is a word about a checkout as people read it.
func (s *Server) worded(p payingPage, l language, w checkout.Word) (title, body string) {
	where := fmt.Sprintf("%s · %s %d", p.Station, l.text("pay-outlet"), p.EVSE)
	switch w {
	case checkout.WordTrouble:
		number := p.Said.Case
		body = strings.TrimSpace(p.Said.What + " " + p.Said.ToDo)
		if cut := p.Said.Cut(s.voice(fault.Language(l.tag))); cut != "" {
			body, number = cut, p.Said.Fault.Case
		}
		if number > 0 {
			body += fmt.Sprintf(" %s %d.", l.text("pay-case"), number)
		}
		return l.text("push-trouble"), body + "\n" + where
	case checkout.WordIdle:
		if f := p.Idle; f != nil {
			price := l.price(f.Price)
			if f.Runs {
				return l.text("push-idle-runs"), fmt.Sprintf(l.text("pay-idle-runs"), price) + "\n" + where
			}
			return fmt.Sprintf(l.text("push-idle"), f.From.In(s.Zone).Format("15:04")), fmt.Sprintf(l.text("push-idle-more"), price) + "\n" + where
		}
		return l.text("push-idle-runs"), where
	}
	title = l.text(map[checkout.Word]string{checkout.WordEnded: "push-ended", checkout.WordReceipt: "push-receipt"}[w])
	if p.Charge != nil {
		body = l.kwh(p.Charge.EnergyWh) + " kWh"
	}
	if p.Cost.Currency != "" {
		body += " · " + l.money(p.Cost)
	}
	return title, body + "\n" + where
}

func browserOf(p checkout.Phone) alert.Browser {
	return alert.Browser{Endpoint: p.Endpoint, P256dh: p.P256dh, Auth: p.Auth}
}

// CheckPhone tells whether a phone can be sent to. Invalid.
func (s *Server) CheckPhone(p checkout.Phone) error { return s.Alerts.CheckBrowser(browserOf(p)) }

// pushKey is the key that browsers subscribe with on the page of a checkout; empty where phones are not told of it.
func (s *Server) pushKey(ctx context.Context, v checkout.View) string {
	if s.Teller == nil || v.Billed() || v.State.Over() {
		return ""
	}
	key, err := s.Alerts.PushKey(ctx)
	if err != nil && ctx.Err() == nil { // the page is worth more than that
		s.Log.Error("the key for push cannot be read, and phones are not asked", "err", err)
	}
	return key
}

// pushBody is what a script says of its browser, as that gives it.
type pushBody struct {
	Endpoint string `json:"endpoint"`
	Keys     struct {
		P256dh string `json:"p256dh"`
		Auth   string `json:"auth"`
	} `json:"keys"`
}

// pushing answers the script of the page of a checkout, with whether its browser is told now, or what is wrong.
func (s *Server) pushing(do func(ctx context.Context, v checkout.View, p checkout.Phone) (on bool, err error)) http.HandlerFunc {
	return s.keyed(func(w http.ResponseWriter, r *http.Request, v checkout.View) {
		payHeaders(w, payment.Needs{})
		w.Header().Set("Content-Type", "application/json")
		var in pushBody
		var on bool
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, formBody)).Decode(&in)
		switch {
		case s.Teller == nil || v.Billed():
			err = gnista.Errorf(gnista.NotFound, "phones are not told of this payment")
		case err != nil:
			err = gnista.Invalidf("body", "is not the JSON of a subscription, or more than %d bytes", formBody)
		case in.Endpoint == "":
			err = gnista.Invalidf("endpoint", "is missing")
		default:
			on, err = do(r.Context(), v, checkout.Phone{Endpoint: in.Endpoint, P256dh: in.Keys.P256dh, Auth: in.Keys.Auth, Language: langOr(r, v.Language)})
		}
		out := struct {
			On    bool   `json:"on"`
			Error string `json:"error,omitempty"`
		}{On: on}
		if err != nil {
			status := map[gnista.Code]int{gnista.Invalid: http.StatusUnprocessableEntity, gnista.Conflict: http.StatusConflict, gnista.NotFound: http.StatusNotFound}[gnista.CodeOf(err)]
			if out.Error = err.Error(); status == 0 {
				if r.Context().Err() == nil {
					s.Log.Error("a phone could not be kept", "checkout", v.ID, "err", err)
				}
				status, out.Error = http.StatusServiceUnavailable, "it cannot be done right now; try again in a moment"
			}
			w.WriteHeader(status)
		}
		json.NewEncoder(w).Encode(out)
	})
}

func (s *Server) pushOn(ctx context.Context, v checkout.View, p checkout.Phone) (bool, error) {
	err := s.Teller.Tell(ctx, v.Checkout, p)
	return err == nil, err
}

func (s *Server) pushOff(ctx context.Context, v checkout.View, p checkout.Phone) (bool, error) {
	return false, s.Teller.Hush(ctx, v.Checkout, p.Endpoint)
}

func (s *Server) pushState(ctx context.Context, v checkout.View, p checkout.Phone) (bool, error) {
	return s.Teller.Told(ctx, v.Checkout, p.Endpoint)
}
