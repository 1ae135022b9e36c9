package storetest

import (
	"testing"
	"time"

	"gnista"
	"gnista/checkout"
)

func (s suite) payCodes(t *testing.T) {
	ctx := t.Context()
	code := func(id, text string, evse int) checkout.Code {
		return checkout.Code{ID: "code-" + id, Code: text, Station: "codes", EVSE: evse, CreatedAt: now}
	}
	a, b, c := code("a", "AAAAAAAAAAAA", 1), code("b", "aaaaaaaaaaaa", 1), code("c", "CCCCCCCCCCCC", 2)
	for _, x := range []checkout.Code{a, c} {
		if got := must[checkout.Code](t)(s.PutPayCode(ctx, x, true)); got != x {
			t.Errorf("got %+v", got)
		}
	}
	if got := must[checkout.Code](t)(s.PutPayCode(ctx, b, true)); got != a {
		t.Errorf("one that is good is kept: got %+v", got)
	}
	if got := must[checkout.Code](t)(s.FindPayCode(ctx, a.Code)); got != a {
		t.Errorf("got %+v", got)
	}
	_, err := s.FindPayCode(ctx, b.Code)
	wantCode(t, err, gnista.NotFound)

	if got := must[checkout.Code](t)(s.PutPayCode(ctx, b, false)); got != b {
		t.Errorf("got %+v", got)
	}
	if got := must[checkout.Code](t)(s.PayCode(ctx, "codes", 1)); got != b {
		t.Errorf("got %+v", got)
	}
	_, err = s.FindPayCode(ctx, a.Code) // revoked
	wantCode(t, err, gnista.NotFound)
	if got := must[[]checkout.Code](t)(s.PayCodes(ctx, 10)); len(got) != 2 || got[0] != b || got[1] != c {
		t.Errorf("got %+v", got)
	}
	if err := s.RevokePayCode(ctx, "codes", 1, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.RevokePayCode(ctx, "codes", 1, now), gnista.NotFound)
	_, err = s.PayCode(ctx, "codes", 1)
	wantCode(t, err, gnista.NotFound)
	_, err = s.FindPayCode(ctx, b.Code)
	wantCode(t, err, gnista.NotFound)
	if got := must[checkout.Code](t)(s.FindPayCode(ctx, c.Code)); got != c {
		t.Errorf("another EVSE's: got %+v", got)
	}
}
