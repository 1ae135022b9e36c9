package storetest

import (
	"fmt"
	"testing"
	"time"

	"gnista"
	"gnista/checkout"
)

func (s suite) phones(t *testing.T) {
	ctx := t.Context()
	make := func(id, of, endpoint string) checkout.Phone {
		return checkout.Phone{
			ID: id, Checkout: of, Station: "phones", Endpoint: "https://push.example/" + endpoint, P256dh: "key", Auth: "secret", Language: "sv", Next: now, CreatedAt: now,
		}
	}
	a := make("ph1", "co-a", "1")
	for _, p := range []checkout.Phone{a, make("ph2", "co-a", "2"), make("ph3", "co-b", "1")} {
		if err := s.AddPhone(ctx, p, 2); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, s.AddPhone(ctx, make("ph4", "co-a", "3"), 2), gnista.Conflict)
	same := func() {
		t.Helper()
		if got := must[checkout.Phone](t)(s.Phone(ctx, "ph1")); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", a) {
			t.Errorf("got  %+v\nwant %+v", got, a)
		}
	}
	same()
	a.Told, a.Trying, a.Tries, a.Next = []checkout.Word{checkout.WordIdle, checkout.WordEnded}, checkout.WordReceipt, 2, now.Add(time.Hour)
	changed := must[checkout.Phone](t)(s.ChangePhone(ctx, "ph1", func(p *checkout.Phone) error {
		p.Told, p.Trying, p.Tries, p.Next = a.Told, a.Trying, a.Tries, a.Next
		return nil
	}))
	if fmt.Sprintf("%+v", changed) != fmt.Sprintf("%+v", a) {
		t.Errorf("changed is %+v", changed)
	}
	same()

	// One that subscribes again has new keys, and what it was told stays, also where there are as many as may be.
	again := make("ph5", "co-a", "1")
	again.P256dh, again.Language = "another", "en"
	if err := s.AddPhone(ctx, again, 2); err != nil {
		t.Fatal(err)
	}
	a.P256dh, a.Language = "another", "en"
	same()

	ids := func(list []string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(list)
	}
	if got := ids(s.PhonesAt(ctx, "phones")); got != "[ph1 ph2 ph3]" {
		t.Errorf("at the station are %v", got)
	}
	if got := ids(s.DuePhones(ctx, now, 10)); got != "[ph2 ph3]" && got != "[ph3 ph2]" {
		t.Errorf("due are %v", got)
	}
	if list := must[[]checkout.Phone](t)(s.Phones(ctx, "co-a")); len(list) != 2 || list[0].ID != "ph1" || list[1].Endpoint != "https://push.example/2" {
		t.Errorf("of the checkout are %+v", list)
	}
	for range 2 {
		if err := s.DeletePhone(ctx, "ph1"); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, second(s.Phone(ctx, "ph1")), gnista.NotFound)
	wantCode(t, second(s.ChangePhone(ctx, "ph1", nil)), gnista.NotFound)
	if got := ids(s.PhonesAt(ctx, "phones")); got != "[ph2 ph3]" {
		t.Errorf("at the station are %v", got)
	}
}
