package storetest

import (
	"errors"
	"testing"
	"time"

	"gnista"
	"gnista/account"
	"gnista/account/member"
	"gnista/token"
)

// members are drivers who look after their own accounts.
func (s suite) members(t *testing.T) {
	ctx := t.Context()
	ev := gnista.Event{At: now, Kind: "customer.created", Subject: "m1"}
	for _, c := range []account.Customer{
		{ID: "m1", Kind: account.Private, Name: "Maja", Email: "Maja@Example.com"}, {ID: "m2", Kind: account.Private, Name: "Mats", Email: "maja@example.com"},
		{ID: "m3", Kind: account.Private, Name: "Mona", Email: "mona@example.com"}, {ID: "m4", Kind: account.Private, Name: "Mia"},
	} {
		if err := s.CreateCustomer(ctx, c, ev); err != nil {
			t.Fatal(err)
		}
	}
	ids := func(email string) (list []string) {
		for _, c := range must[[]account.Customer](t)(s.CustomersByEmail(ctx, email, 10)) {
			list = append(list, c.ID)
		}
		return list
	}
	if got := ids("maja@example.com"); len(got) != 2 || got[0] != "m1" || got[1] != "m2" {
		t.Errorf("got %v", got)
	}
	if got := append(ids(""), ids("nobody@example.com")...); len(got) != 0 {
		t.Errorf("got %v", got)
	}

	link := func(id, email string, at time.Time) member.Link {
		l := member.Link{ID: id, Purpose: member.ToSignIn, Email: email, To: "/my", Language: "sv", MadeAt: at}
		if err := s.AddDriverLink(ctx, l, 2); err != nil {
			t.Fatal(err)
		}
		return l
	}
	link("l1", "maja@example.com", now)
	link("l2", "maja@example.com", now.Add(time.Second))
	third := link("l3", "maja@example.com", now.Add(2*time.Second))
	other := link("l4", "mona@example.com", now)
	_, err := s.DriverLink(ctx, "l1") // more than are kept
	wantCode(t, err, gnista.NotFound)
	if got := must[member.Link](t)(s.DriverLink(ctx, "l3")); got != third {
		t.Errorf("got %+v", got)
	}
	_, err = s.UseDriverLink(ctx, "l3", now.Add(2*time.Second), nil) // it is too old
	wantCode(t, err, gnista.NotFound)
	if got := must[member.Link](t)(s.UseDriverLink(ctx, "l3", now, nil)); got != third {
		t.Errorf("got %+v", got)
	}
	for _, id := range []string{"l3", "l2"} { // used, and another to the same address
		_, err = s.UseDriverLink(ctx, id, now.Add(-time.Hour), nil)
		wantCode(t, err, gnista.NotFound)
	}
	joining := func(id string) *account.Joining {
		return &account.Joining{
			Customer: account.Customer{ID: id, Kind: account.Private, Name: "Moa", Email: id + "@example.com"},
			Account:  account.Account{ID: id + "-account", Customer: id, Kind: account.Postpaid, Currency: "SEK"},
			Events:   []gnista.Event{{At: now, Kind: "customer.created", Subject: id}, {At: now, Kind: "account.created", Subject: id + "-account"}},
		}
	}
	fifth := link("l5", "m5@example.com", now)
	if got := must[member.Link](t)(s.UseDriverLink(ctx, "l5", now.Add(-time.Hour), joining("m5"))); got != fifth {
		t.Errorf("got %+v", got)
	}
	if c, a := must[account.Customer](t)(s.Customer(ctx, "m5")), must[account.Account](t)(s.Account(ctx, "m5-account")); c.Name != "Moa" || a.Customer != "m5" {
		t.Errorf("got %+v and %+v", c, a)
	}
	_, err = s.UseDriverLink(ctx, "l5", now.Add(-time.Hour), joining("m6")) // nobody joins by a link that was used
	wantCode(t, err, gnista.NotFound)
	_, err = s.Customer(ctx, "m6")
	wantCode(t, err, gnista.NotFound)
	if got := must[member.Link](t)(s.DriverLink(ctx, "l4")); got != other {
		t.Errorf("got %+v", got)
	}

	for i, id := range []string{"s1", "s2", "s3"} {
		x := member.Session{ID: "d" + id, Customer: "m1", Email: "maja@example.com", CreatedAt: now.Add(time.Duration(i) * time.Minute), SeenAt: now, Agent: "a"}
		if err := s.AddDriverSession(ctx, x, 2); err != nil {
			t.Fatal(err)
		}
	}
	if list := must[[]member.Session](t)(s.DriverSessions(ctx, "m1")); len(list) != 2 || list[0].ID != "ds3" || list[1].ID != "ds2" || list[0].Email != "maja@example.com" {
		t.Errorf("got %+v", list)
	}
	if err := s.SeeDriverSession(ctx, "ds3", now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if x := must[member.Session](t)(s.DriverSession(ctx, "ds3")); !x.SeenAt.Equal(now.Add(time.Hour)) || x.Customer != "m1" || x.Agent != "a" {
		t.Errorf("got %+v", x)
	}
	wantCode(t, s.EndDriverSession(ctx, "m2", "ds3"), gnista.NotFound) // of another
	if err := s.EndDriverSession(ctx, "m1", "ds2"); err != nil {
		t.Fatal(err)
	}

	tap := member.Tap{Customer: "m1", Account: "a1", Station: "TAP", OpenedAt: now, Until: now.Add(member.TapFor)}
	if err := s.OpenTap(ctx, tap); err != nil {
		t.Fatal(err)
	}
	rival := tap
	rival.Customer = "m2"
	wantCode(t, s.OpenTap(ctx, rival), gnista.Conflict)
	if err := s.OpenTap(ctx, tap); err != nil { // the same once more
		t.Error(err)
	}
	no := errors.New("no")
	if _, err := s.ChangeTap(ctx, "m1", func(*member.Tap) error { return no }); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	changed := must[member.Tap](t)(s.ChangeTap(ctx, "m1", func(x *member.Tap) error {
		x.Unknown, x.SaidAt, x.Until = "u1", now.Add(time.Second), now.Add(time.Minute)
		return nil
	}))
	if got := must[member.Tap](t)(s.Tap(ctx, "m1")); got != changed || got.Unknown != "u1" || !got.SaidAt.Equal(now.Add(time.Second)) {
		t.Errorf("got %+v, want %+v", got, changed)
	}
	rival.OpenedAt = now.Add(time.Minute) // when the other is over
	if err := s.OpenTap(ctx, rival); err != nil {
		t.Error(err)
	}
	if err := s.EndTap(ctx, "m2"); err != nil {
		t.Fatal(err)
	}
	_, err = s.Tap(ctx, "m2")
	wantCode(t, err, gnista.NotFound)
	_, err = s.ChangeTap(ctx, "m2", func(*member.Tap) error { return nil })
	wantCode(t, err, gnista.NotFound)

	for i, uid := range []string{"0A0B0C0D", "0A0B0C0E", "0A0B0C0F"} {
		u := token.UnknownToken{ID: "mu" + uid, Token: token.ID{UID: uid}, Station: "TAP", EVSE: 1, Count: 1, FirstAt: now, LastAt: now.Add(time.Duration(i) * time.Minute)}
		if i == 2 {
			u.Station = "TAP-2"
		}
		if err := s.SawUnknown(ctx, u, 100); err != nil {
			t.Fatal(err)
		}
	}
	if list := must[[]token.UnknownToken](t)(s.UnknownAt(ctx, "TAP", now.Add(time.Second), 10)); len(list) != 1 || list[0].Token.UID != "0A0B0C0E" {
		t.Errorf("got %+v", list)
	}
	if list := must[[]token.UnknownToken](t)(s.UnknownAt(ctx, "TAP", now, 10)); len(list) != 2 || list[0].Token.UID != "0A0B0C0E" {
		t.Errorf("got %+v", list)
	}
	for _, uid := range []string{"0A0B0C0D", "0A0B0C0E", "0A0B0C0F"} {
		if err := s.ForgetUnknown(ctx, "mu"+uid); err != nil {
			t.Fatal(err)
		}
	}

	// Of a customer who is erased nothing of this is left.
	link("l5", "maja@example.com", now)
	erased := must[account.Customer](t)(s.EraseCustomer(ctx, "m1", "gone", func(c *account.Customer) (gnista.Event, error) {
		*c = account.Customer{ID: c.ID, Kind: c.Kind, ErasedAt: now}
		return ev, nil
	}))
	if erased.Email != "" || len(must[[]member.Session](t)(s.DriverSessions(ctx, "m1"))) != 0 {
		t.Errorf("left is %+v", erased)
	}
	_, err = s.Tap(ctx, "m1")
	wantCode(t, err, gnista.NotFound)
	_, err = s.DriverLink(ctx, "l5")
	wantCode(t, err, gnista.NotFound)
	if got := ids("maja@example.com"); len(got) != 1 || got[0] != "m2" {
		t.Errorf("got %v", got)
	}

	if err := s.AddDriverSession(ctx, member.Session{ID: "ds4", Customer: "m3", CreatedAt: now, SeenAt: now}, 2); err != nil {
		t.Fatal(err)
	}
	if err := s.OpenTap(ctx, member.Tap{Customer: "m3", Station: "TAP-3", OpenedAt: now, Until: now.Add(member.TapFor)}); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		after time.Duration
		left  bool
	}{{0, true}, {3 * member.TapFor, false}} {
		at := now.Add(x.after)
		if err := s.PruneDrivers(ctx, at, at, at, at); err != nil {
			t.Fatal(err)
		}
		_, link := s.DriverLink(ctx, "l4")
		_, session := s.DriverSession(ctx, "ds4")
		_, tap := s.Tap(ctx, "m3")
		if (link == nil) != x.left || (session == nil) != x.left || (tap == nil) != x.left {
			t.Errorf("after %s: %v, %v, %v", x.after, link, session, tap)
		}
	}
}
