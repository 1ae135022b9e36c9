package storetest

import (
	"fmt"
	"testing"
	"time"

	"gnista/station"
)

func (s suite) messages(t *testing.T) {
	ctx := t.Context()
	var list []station.Message
	for i := range 10 {
		list = append(list, station.Message{At: now.Add(time.Duration(i/2) * time.Second), Station: "m", Outgoing: i%2 == 1, Type: 2, MessageID: fmt.Sprint(i), Action: "X", Text: "[åäö]"})
	}
	last := must[int64](t)(s.AddMessages(ctx, list, must[int64](t)(s.LastMessage(ctx))))
	if got := must[int64](t)(s.LastMessage(ctx)); got != last {
		t.Errorf("the last is %d, not %d", last, got)
	}
	got := must[[]station.Message](t)(s.Messages(ctx, "m", station.MessageFilter{}, 0, 4))
	if len(got) != 4 || got[0] != list[9] || got[3].MessageID != "6" {
		t.Errorf("got %+v", got)
	}
	if got = must[[]station.Message](t)(s.Messages(ctx, "m", station.MessageFilter{}, got[3].ID, 100)); len(got) != 6 || got[0].MessageID != "5" {
		t.Errorf("the next page: %+v", got)
	}
	if n := must[int](t)(s.PruneMessages(ctx, now.Add(2*time.Second), 1e9)); n != 4 {
		t.Errorf("%d were deleted by age", n)
	}
	if n := must[int](t)(s.PruneMessages(ctx, time.Time{}, 350)); n != 3 {
		t.Errorf("%d were deleted by size", n)
	}
	// What is added is counted, and what is deleted is not any more.
	more := make([]station.Message, 5000)
	for i := range more {
		more[i] = station.Message{At: now.Add(time.Hour), Station: "n", Type: 2, MessageID: fmt.Sprint(i), Action: "X", Text: "0123456789"}
	}
	must[int64](t)(s.AddMessages(ctx, more, last))
	for _, want := range []int{3 + 4900, 0} {
		if n := must[int](t)(s.PruneMessages(ctx, time.Time{}, 100*110)); n != want {
			t.Errorf("%d were deleted of many, want %d", n, want)
		}
	}
	if left := must[[]station.Message](t)(s.Messages(ctx, "n", station.MessageFilter{}, 0, 1000)); len(left) != 100 || left[0].MessageID != "4999" {
		t.Errorf("%d are left", len(left))
	}
}
