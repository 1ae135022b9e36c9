package alert_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/fault"
	"gnista/fault/alert"
	"gnista/pki"
)

// What was shelved for a while is told further at the times of the route, and not as soon as that is over.
func TestNoLongerShelved(t *testing.T) {
	w := newWorld(t)
	anna, _ := w.person("anna", fault.Swedish)
	bo, _ := w.person("bo", fault.Swedish)
	w.route(alert.Route{Levels: []alert.RouteLevel{{To: to(anna)}, {After: 60, To: to(bo)}}})
	s := w.broken("f1", nil)
	w.step()
	w.pass(10 * time.Minute)
	s.ShelvedUntil = w.now().Add(5 * time.Minute)
	w.set(s)
	w.tell(fault.Changed, s, "shelved")
	w.step()
	w.pass(6 * time.Minute)
	w.step()
	w.wantMails("anna")
	w.pass(44 * time.Minute)
	w.step()
	w.wantMails("anna", "bo")
}

// After quiet hours whoever is told first has as long to acknowledge as at any other time, and the plan says so.
func TestLevelsAfterQuiet(t *testing.T) {
	w := newWorld(t)
	anna, _ := w.person("anna", fault.Swedish)
	bo, _ := w.person("bo", fault.Swedish)
	cia, _ := w.person("cia", fault.Swedish)
	w.route(alert.Route{Levels: []alert.RouteLevel{{To: to(anna)}, {After: 15, To: to(bo)}, {After: 45, To: to(cia)}}, Quiet: []alert.DayHours{{From: "22:00", Until: "06:00"}}})
	night := time.Date(2026, 3, 2, 22, 30, 0, 0, time.UTC)
	w.pass(night.Sub(w.now()))
	s := w.broken("f1", nil)
	plan := must(w.Plan(t.Context(), s, w.now()))(t)
	morning := time.Date(2026, 3, 3, 5, 0, 0, 0, time.UTC)
	for i, minutes := range []int{0, 15, 45} {
		if at := morning.Add(time.Duration(minutes) * time.Minute); !plan[i].At.Equal(at) {
			t.Errorf("level %d is planned at %v, want %v", i+1, plan[i].At, at)
		}
	}
	w.step()
	w.pass(morning.Sub(w.now()))
	for _, x := range []struct {
		minutes int
		want    []string
	}{{0, []string{"anna"}}, {14, []string{"anna"}}, {1, []string{"anna", "bo"}}, {29, []string{"anna", "bo"}}, {1, []string{"anna", "bo", "cia"}}} {
		w.pass(time.Duration(x.minutes) * time.Minute)
		w.step()
		w.step()
		w.wantMails(x.want...)
	}
}

// What becomes critical does not wait for the end of quiet hours.
func TestWorseInQuietHours(t *testing.T) {
	w := newWorld(t)
	anna, _ := w.person("anna", fault.Swedish)
	w.route(alert.Route{Levels: []alert.RouteLevel{{To: to(anna)}}, Quiet: []alert.DayHours{{From: "00:00", Until: "00:00"}}})
	s := w.broken("f1", nil)
	w.step()
	w.wantMails()
	s.Severity = fault.Critical
	w.set(s)
	w.tell(fault.Changed, s, "severity")
	w.step()
	w.wantMails("anna")
}

// A digest that names a browser that has ended its subscription goes on for the others, and so do other digests.
func TestDigestToWhoIsGone(t *testing.T) {
	w := newWorld(t)
	anna, _ := w.person("anna", fault.Swedish)
	hook := w.webhook()
	first := alert.Digest{Name: "a", To: append(to(anna), alert.Receiver{Channel: hook.ID}), Time: "09:30", Empty: true}
	must(w.AddDigest(t.Context(), first))(t)
	must(w.AddDigest(t.Context(), alert.Digest{Name: "b", To: to(anna), Time: "09:30", Empty: true}))(t)
	if err := w.db.DeleteChannel(t.Context(), hook.ID, w.now()); err != nil {
		t.Fatal(err)
	}
	for day, d := range []time.Duration{time.Hour, 24 * time.Hour} {
		w.pass(d)
		w.step()
		if n := len(w.mail.mails()); n != 2*(day+1) {
			t.Errorf("%d digests on day %d", n, day+1)
		}
	}
}

// What a receiver or the network says is kept without the address, in which there may be a secret; and what never
// left us is not marked as possibly double.
func TestNotes(t *testing.T) {
	w := newWorld(t)
	hook := must(w.AddChannel(t.Context(), alert.Channel{Kind: alert.ByWebhook, Address: w.hook.URL + "/services/T0/s3cret"}))(t)
	w.Client = pki.NewClient([]string{w.hook.host}) // which does not know who has signed the certificate
	_, mail := w.person("anna", fault.English)
	w.mail.rcpt = fmt.Errorf("nobody is called %s", mail.Address)
	for _, c := range []alert.Channel{hook, mail} {
		x := must(w.Test(t.Context(), c.ID))(t)
		if len(x.Tries) != 1 || x.Tries[0].Result == alert.Arrived || x.Tries[0].Note == "" || x.Doubtful {
			t.Errorf("got %+v", x)
		}
		if note := x.Tries[0].Note; strings.Contains(note, "s3cret") || strings.Contains(note, "anna@") {
			t.Errorf("the note is %q", note)
		}
	}
}

// failing is a store that does not keep what came of what was sent.
type failing struct {
	alert.Store
	fails bool
}

func (f *failing) ChangeDelivery(ctx context.Context, id string, change func(*alert.Delivery) ([]gnista.Event, error)) (alert.Delivery, error) {
	return f.Store.ChangeDelivery(ctx, id, func(x *alert.Delivery) ([]gnista.Event, error) {
		if f.fails && x.State == alert.Sending {
			return nil, errors.New("the disk is full")
		}
		return change(x)
	})
}

// A delivery of which nobody could keep what came of it is taken up while we run.
func TestCutOffByTheStore(t *testing.T) {
	w := newWorld(t)
	store := &failing{Store: w.db, fails: true}
	w.begin(store)
	anna, _ := w.person("anna", fault.English)
	w.route(alert.Route{Levels: []alert.RouteLevel{{To: to(anna)}}})
	w.broken("f1", nil)
	w.step()
	store.fails = false
	for range 5 {
		w.pass(time.Minute)
		w.step()
	}
	w.wantMails("anna", "anna")
	if x := w.deliveries(alert.DeliveryFilter{})[0]; x.State != alert.Sent || !x.Doubtful {
		t.Errorf("got %+v", x)
	}
}

// What was for a channel that is forgotten cannot be sent again.
func TestResendToNobody(t *testing.T) {
	w := newWorld(t)
	hook := w.webhook()
	w.hook.answers(nil)
	w.Internal = nil
	x := must(w.Test(t.Context(), hook.ID))(t)
	if err := w.Alerts.DeleteChannel(t.Context(), hook.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Resend(t.Context(), x.ID); gnista.CodeOf(err) != gnista.NotFound {
		t.Errorf("got %v", err)
	}
}
