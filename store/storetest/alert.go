package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"gnista"
	"gnista/fault"
	"gnista/fault/alert"
)

func (s suite) alertEntries(t *testing.T) {
	ctx := t.Context()
	for i := range 3 {
		if err := s.AddAlertEntry(ctx, alert.Entry{Kind: "person", ID: fmt.Sprint("p", i), Data: []byte(`{"name":"Åsa"}`)}, 3); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, s.AddAlertEntry(ctx, alert.Entry{Kind: "person", ID: "p3", Data: []byte(`{}`)}, 3), gnista.Conflict)
	if list := must[[]alert.Entry](t)(s.AlertEntries(ctx, "person", "p0", 10)); len(list) != 2 || list[0].ID != "p1" || string(list[0].Data) != `{"name":"Åsa"}` {
		t.Errorf("got %+v", list)
	}
	refused := errors.New("no")
	if err := s.ChangeAlertEntry(ctx, "person", "p1", func([]byte) ([]byte, error) { return nil, refused }); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	if err := s.ChangeAlertEntry(ctx, "person", "p1", func([]byte) ([]byte, error) { return []byte(`{"name":"Bo"}`), nil }); err != nil {
		t.Fatal(err)
	}
	if x := must[alert.Entry](t)(s.AlertEntry(ctx, "person", "p1")); string(x.Data) != `{"name":"Bo"}` {
		t.Errorf("got %s", x.Data)
	}
	if err := s.DeleteAlertEntry(ctx, "person", "p1"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.DeleteAlertEntry(ctx, "person", "p1"), gnista.NotFound)
	_, err := s.AlertEntry(ctx, "person", "p1")
	wantCode(t, err, gnista.NotFound)
	wantCode(t, s.ChangeAlertEntry(ctx, "group", "p2", nil), gnista.NotFound)

	made := 0
	for range 2 {
		if x := must[string](t)(s.AlertSecret(ctx, "link", func() (string, error) { made++; return fmt.Sprint("secret", made), nil })); x != "secret1" {
			t.Errorf("the secret is %q", x)
		}
	}
}

func (s suite) alerts(t *testing.T) {
	ctx := t.Context()
	hook := alert.Channel{
		ID: "c1", Kind: alert.ByWebhook, State: alert.On, Address: "https://x.example/", Secrets: []alert.Secret{{Value: "whsec_AA=="}}, Events: []string{"*"}, After: 7, CreatedAt: now,
	}
	mail := alert.Channel{ID: "c2", Kind: alert.ByMail, State: alert.On, Person: "p", Address: "a@b.example", PerMinute: 6, CreatedAt: now}
	for _, c := range []alert.Channel{hook, mail} {
		if err := s.AddChannel(ctx, c, 2); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, s.AddChannel(ctx, alert.Channel{ID: "c3"}, 2), gnista.Conflict)
	if got := must[alert.Channel](t)(s.Channel(ctx, "c1")); fmt.Sprint(got) != fmt.Sprint(hook) {
		t.Errorf("got %+v", got)
	}
	if list := must[[]alert.Channel](t)(s.Channels(ctx, alert.ChannelFilter{Person: "p", Limit: 10})); len(list) != 1 || list[0].ID != "c2" {
		t.Errorf("got %+v", list)
	}
	got := must[alert.Channel](t)(s.ChangeChannel(ctx, "c1", func(c *alert.Channel) ([]gnista.Event, error) {
		c.State, c.After = alert.Failed, 99
		return []gnista.Event{{At: now, Kind: "alert.channel-failed", Subject: "c1"}}, nil
	}))
	if got = must[alert.Channel](t)(s.Channel(ctx, "c1")); got.State != alert.Failed || got.After != 7 {
		t.Errorf("got %+v", got)
	}

	made := func(id, key string, at time.Time) alert.Delivery {
		return alert.Delivery{
			ID: id, Key: key, Channel: "c2", Alert: "a1", Cause: alert.OnOpened, State: alert.Waiting, To: "a…@b.example", CreatedAt: at, NextAt: at, Until: at.Add(time.Hour),
			Message: alert.Message{Language: fault.Swedish, About: []alert.Mention{{ID: "f1", Name: "Låset\x00", Since: at}}},
		}
	}
	begin := func(x *alert.Alert) (alert.Change, error) {
		if x.ID == "" {
			*x = alert.Alert{ID: "a1", Route: "r", Subject: "fault:f1", State: alert.Open, Opened: now, Case: 7, Severity: fault.High}
		}
		x.DueAt, x.Level = now, x.Level+1
		return alert.Change{Deliveries: []alert.Delivery{made("d1", "a1/0", now), made("d2", "a1/1", now.Add(time.Minute))}}, nil
	}
	for range 2 { // the deliveries are made once
		if err := s.ChangeAlert(ctx, "r", "fault:f1", begin); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.ChangeAlert(ctx, "r", "fault:none", func(*alert.Alert) (alert.Change, error) { return alert.Change{}, nil }); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("no")
	if err := s.ChangeAlert(ctx, "r", "fault:f1", func(x *alert.Alert) (alert.Change, error) { x.Level = 9; return alert.Change{}, refused }); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	if list := must[[]alert.Alert](t)(s.DueAlerts(ctx, now, 10)); len(list) != 1 || list[0].Level != 2 || !list[0].DueAt.Equal(now) {
		t.Errorf("due: %+v", list)
	}
	if list := must[[]alert.Alert](t)(s.AlertsOf(ctx, "fault:f1")); len(list) != 1 {
		t.Errorf("of the fault: %+v", list)
	}
	if list := must[[]alert.Alert](t)(s.Alerts(ctx, alert.Filter{State: alert.Open, Route: "r", Subject: "fault:f1", Before: "a2", Limit: 10})); len(list) != 1 {
		t.Errorf("list: %+v", list)
	}
	if list := must[[]string](t)(s.DueChannels(ctx, now, 10)); fmt.Sprint(list) != "[c2]" {
		t.Errorf("channels: %v", list)
	}
	if list := must[[]alert.Delivery](t)(s.DueDeliveries(ctx, "c2", now, 10)); len(list) != 1 || list[0].ID != "d1" || list[0].Message.About[0].ID != "f1" {
		t.Errorf("due: %+v", list)
	}
	must[alert.Delivery](t)(s.ChangeDelivery(ctx, "d1", func(x *alert.Delivery) ([]gnista.Event, error) {
		x.State, x.DoneAt, x.Tries = alert.Sent, now, []alert.Try{{At: now, Result: alert.Arrived, Status: 250}}
		return nil, nil
	}))
	if n := must[int](t)(s.SentSince(ctx, "c2", now.Add(-time.Minute))); n != 1 {
		t.Errorf("%d sent", n)
	}
	sum := made("d3", "summary", now)
	sum.Cause = alert.OnSummary
	if err := s.SumDeliveries(ctx, []string{"d1", "d2"}, sum); err != nil {
		t.Fatal(err)
	}
	if x := must[alert.Delivery](t)(s.Delivery(ctx, "d2")); x.State != alert.Summed || x.Into != "d3" {
		t.Errorf("got %+v", x)
	}
	if x := must[alert.Delivery](t)(s.Delivery(ctx, "d1")); x.State != alert.Sent || len(x.Tries) != 1 {
		t.Errorf("got %+v", x)
	}
	if n := must[int](t)(s.WaitingFor(ctx, "c2")); n != 1 {
		t.Errorf("%d wait", n)
	}
	if err := s.FeedChannel(ctx, "c1", 12, []alert.Delivery{{ID: "d4", Key: "e", Channel: "c1", State: alert.Waiting, NextAt: now}}); err != nil {
		t.Fatal(err)
	}
	if err := s.FeedChannel(ctx, "gone", 12, []alert.Delivery{{ID: "d5", Key: "e5", Channel: "gone"}}); err != nil {
		t.Fatal(err)
	}
	if c := must[alert.Channel](t)(s.Channel(ctx, "c1")); c.After != 12 {
		t.Errorf("fed up to %d", c.After)
	}
	if list := must[[]alert.Delivery](t)(s.Deliveries(ctx, alert.DeliveryFilter{Limit: 10})); len(list) != 4 || list[0].ID != "d4" {
		t.Errorf("deliveries: %+v", list)
	}
	// What waits is withdrawn with its alert, and with its channel.
	if err := s.ChangeAlert(ctx, "r", "fault:f1", func(x *alert.Alert) (alert.Change, error) {
		x.State, x.EndedAt, x.DueAt = alert.Cleared, now.Add(time.Hour), time.Time{}
		return alert.Change{Withdraw: true}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteChannel(ctx, "c1", now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.DeleteChannel(ctx, "c1", now), gnista.NotFound)
	for _, id := range []string{"d3", "d4"} {
		if x := must[alert.Delivery](t)(s.Delivery(ctx, id)); x.State != alert.Withdrawn || !x.DoneAt.Equal(now.Add(time.Hour)) {
			t.Errorf("got %+v", x)
		}
	}
	left := func(alerts, deliveries int) {
		t.Helper()
		a := must[[]alert.Alert](t)(s.Alerts(ctx, alert.Filter{Limit: 10}))
		d := must[[]alert.Delivery](t)(s.Deliveries(ctx, alert.DeliveryFilter{Limit: 10}))
		if len(a) != alerts || len(d) != deliveries {
			t.Errorf("%d alerts and %d deliveries are left, want %d and %d", len(a), len(d), alerts, deliveries)
		}
	}
	prune := func(before time.Time, keep int) {
		t.Helper()
		if err := s.PruneAlerts(context.WithoutCancel(ctx), before, keep); err != nil {
			t.Fatal(err)
		}
	}
	prune(now.Add(time.Minute), 10)
	left(1, 2)
	prune(now, 1)
	left(1, 1)
	prune(now.Add(2*time.Hour), 10)
	left(0, 0)
	_, err := s.Alert(ctx, "a1")
	wantCode(t, err, gnista.NotFound)
}
