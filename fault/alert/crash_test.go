package alert_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/fault"
	"gnista/fault/alert"
	"gnista/store"
)

// dying is a store whose process ends at one of its writes: before it or right after it. Nothing is written after.
type dying struct {
	*store.DB
	mu    sync.Mutex // deliveries are made side by side
	left  int        // writes before the end
	after bool       // the last one is on disk, and nobody hears of it
	dead  bool
}

var errDied = errors.New("the process has ended")

func (d *dying) write(do func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return errDied
	}
	if d.left--; d.left > 0 {
		return do()
	}
	d.dead = true
	if d.after {
		if err := do(); err != nil {
			return err
		}
	}
	return errDied
}

func (d *dying) ChangeAlert(ctx context.Context, route, subject string, f func(*alert.Alert) (alert.Change, error)) error {
	return d.write(func() error { return d.DB.ChangeAlert(ctx, route, subject, f) })
}

func (d *dying) ChangeDelivery(ctx context.Context, id string, f func(*alert.Delivery) ([]gnista.Event, error)) (out alert.Delivery, err error) {
	err = d.write(func() error { out, err = d.DB.ChangeDelivery(ctx, id, f); return err })
	return out, err
}

func (d *dying) SumDeliveries(ctx context.Context, ids []string, sum alert.Delivery) error {
	return d.write(func() error { return d.DB.SumDeliveries(ctx, ids, sum) })
}

func (d *dying) AddDeliveries(ctx context.Context, list []alert.Delivery) error {
	return d.write(func() error { return d.DB.AddDeliveries(ctx, list) })
}

func (d *dying) FeedChannel(ctx context.Context, id string, after int64, list []alert.Delivery) error {
	return d.write(func() error { return d.DB.FeedChannel(ctx, id, after, list) })
}

func (d *dying) ChangeChannel(ctx context.Context, id string, f func(*alert.Channel) ([]gnista.Event, error)) (out alert.Channel, err error) {
	err = d.write(func() error { out, err = d.DB.ChangeChannel(ctx, id, f); return err })
	return out, err
}

func (d *dying) ChangeAlertEntry(ctx context.Context, kind, id string, f func([]byte) ([]byte, error)) error {
	return d.write(func() error { return d.DB.ChangeAlertEntry(ctx, kind, id, f) })
}

// Whenever the process ends, after the next start everybody has been told all of it once. What a receiver gets twice
// has the same id, and is marked as possibly double.
func TestEndsAtAnyWrite(t *testing.T) {
	for n := 1; ; n++ {
		if !endsAt(t, n, false) {
			if n < 40 {
				t.Errorf("there are only %d writes", n)
			}
			return
		}
		if n%2 == 0 { // two ends next to each other differ only in what was on its way
			endsAt(t, n, true)
		}
	}
}

// until lets the clock go on to a minute after the beginning.
func (w *world) until(minute int) {
	w.pass(monday.Add(time.Duration(minute) * time.Minute).Sub(w.now()))
}

// endsAt lets the process end at its nth write, and tells whether it has so many.
func endsAt(t *testing.T, n int, after bool) bool {
	t.Helper()
	w := newWorld(t)
	defer w.db.Close()
	anna, c := w.person("anna", fault.English)
	must(w.ChangeChannel(t.Context(), c.ID, func(c *alert.Channel) { c.PerMinute = 2 }))(t)
	hook := w.webhook()
	follows := must(w.AddChannel(t.Context(), alert.Channel{Kind: alert.ByWebhook, Address: w.hook.URL, Events: []string{"test.*"}}))(t)
	must(w.AddDigest(t.Context(), alert.Digest{Name: "d", To: []alert.Receiver{{Channel: hook.ID}}, Time: "09:02"}))(t)
	w.route(alert.Route{
		Levels: []alert.RouteLevel{{To: []alert.Receiver{{Person: anna.ID}, {Channel: hook.ID}}}, {After: 5, To: []alert.Receiver{{Channel: hook.ID}}}}, Cleared: true,
	})
	must(w.db.ChangeChannel(t.Context(), hook.ID, func(*alert.Channel) ([]gnista.Event, error) {
		return []gnista.Event{{At: w.now(), Kind: "test.one"}, {At: w.now(), Kind: "test.two"}}, nil
	}))(t)
	w.hook.answers(func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 2 {
			w.WriteHeader(503)
		}
	})

	// What happens, in the order of its minutes. What fails is done again, as a consumer of events does.
	d := &dying{DB: w.db, left: n, after: after}
	w.begin(d)
	alive := func(do func() error) {
		t.Helper()
		for range 3 {
			err := do()
			if err == nil {
				return
			}
			if !d.dead {
				t.Fatal(err)
			}
			w.begin(w.db)
			if err := w.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		t.Fatal("it fails again and again")
	}
	took := func(seq int64, kind, id string) {
		alive(func() error {
			return w.Take(t.Context(), gnista.Event{Seq: seq, At: w.now(), Kind: kind, Subject: id, Data: []byte(`{"key":"ocpp1.6/x","severity":"high"}`)})
		})
	}
	subjects := make([]alert.Subject, 3)
	for i := range subjects {
		subjects[i] = alert.Subject{Kind: alert.OfFault, ID: fmt.Sprint("f", i), Severity: fault.High, Since: w.now()}
		w.set(subjects[i])
		took(int64(i+1), fault.Opened, subjects[i].ID)
	}
	for _, minute := range []int{0, 1, 6, 7, 8, 9} {
		w.until(minute)
		if minute == 8 {
			for i, s := range subjects {
				s.ClearedAt = w.now()
				w.set(s)
				took(int64(10+i), fault.ClearedKind, s.ID)
			}
		}
		for range 3 {
			alive(func() error {
				err := w.Step(t.Context())
				if d.dead && w.Store == alert.Store(d) { // what failed while it was sent is only logged
					return errDied
				}
				return err
			})
		}
	}

	doubtful := map[string]bool{}
	for _, x := range w.deliveries(alert.DeliveryFilter{}) {
		if x.State != alert.Sent && x.State != alert.Summed {
			t.Errorf("write %d, after %v: %s of %s is %s", n, after, x.Cause, x.Key, x.State)
		}
		doubtful[x.ID] = x.Doubtful
	}
	ids := map[string]int{}
	for i, x := range w.hook.calls() {
		if i != 1 { // which was not taken
			ids[x.header.Get("webhook-id")]++
		}
	}
	for id, times := range ids {
		if times > 1 && !doubtful[id] {
			t.Errorf("write %d, after %v: %s came %d times and is not marked", n, after, id, times)
		}
	}
	// Three opened, escalated and over; a digest; two events.
	if len(ids) != 3*3+1+2 {
		t.Errorf("write %d, after %v: %d webhooks", n, after, len(ids))
	}
	mails := map[string]int{}
	for _, x := range w.mail.mails() {
		h, _, _ := read(t, x)
		mails[h.Get("Message-Id")]++
	}
	// One and a summary of two; and the same when they were over.
	if len(mails) != 4 {
		t.Errorf("write %d, after %v: %d mails", n, after, len(mails))
	}
	double := 0
	for _, times := range mails {
		double += times - 1
	}
	if double > 1 {
		t.Errorf("write %d, after %v: %d mails came again", n, after, double)
	}
	if c := must(w.db.Channel(t.Context(), follows.ID))(t); c.After == 0 {
		t.Error("the events were not taken up")
	}
	return d.dead
}
