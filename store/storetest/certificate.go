package storetest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"gnista"
	"gnista/pki"
	"gnista/station"
)

func (s suite) authorities(t *testing.T) {
	ctx := t.Context()
	a := pki.Authority{
		ID: "a1", Algorithm: pki.ECDSA, State: pki.Next, Certificate: []byte{0, 1, 255}, Above: [][]byte{{2}, {3, 4}}, Link: []byte{5}, Key: []byte{6}, Rollout: true,
		ExpiresAt: now.Add(time.Hour), CreatedAt: now, ChangedAt: now,
	}
	change := func(want int, change []pki.Authority, fail error) {
		t.Helper()
		err := s.ChangeAuthorities(ctx, func(list []pki.Authority) ([]pki.Authority, []gnista.Event, error) {
			if len(list) != want {
				t.Errorf("%d authorities, want %d", len(list), want)
			}
			return change, []gnista.Event{{At: now, Kind: "authority.created"}}, fail
		})
		if !errors.Is(err, fail) {
			t.Error(err)
		}
	}
	change(0, []pki.Authority{a, {ID: "a2", Algorithm: pki.RSA, State: pki.Current, CreatedAt: now.Add(time.Second)}}, nil)
	a.State, a.Rollout, a.ChangedAt = pki.Current, false, now.Add(time.Minute)
	change(2, []pki.Authority{a}, nil)
	failed := errors.New("no")
	change(2, []pki.Authority{{ID: "a3"}}, failed)
	list := must[[]pki.Authority](t)(s.Authorities(ctx))
	if len(list) != 2 || !reflect.DeepEqual(list[0], a) || list[1].ID != "a2" {
		t.Errorf("got %+v", list)
	}

	for _, id := range []gnista.StationID{"ROOT-1", "ROOT-2", "ROOT-3", "ROOT-4"} {
		must[station.Station](t)(s.ChangeStation(ctx, id, true, func(x *station.Station) ([]gnista.Event, error) {
			x.State, x.BootedAt = station.Accepted, now
			if id == "ROOT-4" {
				x.BootedAt = time.Time{}
			}
			return nil, nil
		}))
	}
	lacking := func(since time.Time, after gnista.StationID, want ...gnista.StationID) {
		t.Helper()
		got := must[[]gnista.StationID](t)(s.Lacking(ctx, "a1", since, after, 10))
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	lacking(now, "ROOT", "ROOT-1", "ROOT-2", "ROOT-3")
	for _, x := range []pki.Attempt{{Authority: "a1", Station: "ROOT-1", Detail: "no", At: now}, {Authority: "a1", Station: "ROOT-2", At: now}, {Authority: "a1", Station: "ROOT-2", Done: true, Detail: "yes", At: now.Add(time.Minute)}} {
		if err := s.SetAttempt(ctx, x); err != nil {
			t.Fatal(err)
		}
	}
	lacking(now, "ROOT", "ROOT-3")
	lacking(now.Add(time.Second), "ROOT", "ROOT-1", "ROOT-3")
	lacking(now.Add(time.Second), "ROOT-1", "ROOT-3")
	if got := must[[]pki.Attempt](t)(s.Attempts(ctx, "a1", "ROOT-1", 10)); len(got) != 1 || !got[0].Done || got[0].Detail != "yes" || !got[0].At.Equal(now.Add(time.Minute)) {
		t.Errorf("got %+v", got)
	}
	done, all, err := s.Coverage(ctx, "a1")
	if err != nil || done != 1 || all < 3 {
		t.Errorf("%d of %d, %v", done, all, err)
	}
	for _, id := range []gnista.StationID{"ROOT-1", "ROOT-2", "ROOT-3", "ROOT-4"} {
		if err := s.DeleteStation(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	if got := must[[]pki.Attempt](t)(s.Attempts(ctx, "a1", "", 10)); len(got) != 0 {
		t.Errorf("of deleted stations: %+v", got)
	}

	root := pki.Root{ID: "r1", Use: pki.MORoot, DER: []byte{1}, Subject: "CN=x", ExpiresAt: now.Add(time.Hour), CreatedAt: now}
	if err := s.AddRoot(ctx, root, 1); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.AddRoot(ctx, root, 2), gnista.Conflict)
	wantCode(t, s.AddRoot(ctx, pki.Root{ID: "r2", CreatedAt: now}, 1), gnista.Conflict)
	if got := must[[]pki.Root](t)(s.Roots(ctx)); len(got) != 1 || !reflect.DeepEqual(got[0], root) {
		t.Errorf("got %+v", got)
	}
	if err := s.DeleteRoot(ctx, "r1"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.DeleteRoot(ctx, "r1"), gnista.NotFound)
}

func (s suite) certificates(t *testing.T) {
	ctx := t.Context()
	request := 7
	c := pki.Certificate{
		ID: "c1", Serial: "0a", Authority: "a1", Use: pki.ForStation, Station: "CERT", Subject: "CERT", KeyHash: "k1", DER: []byte{1, 2}, Key: []byte{3}, Delivery: pki.Waiting,
		RequestID: &request, IssuedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	add := func(c pki.Certificate, want ...string) {
		t.Helper()
		err := s.AddCertificate(ctx, c, func(list []pki.Certificate) error {
			var got []string
			for _, x := range list {
				got = append(got, x.ID)
			}
			if len(got) != len(want) {
				t.Errorf("%s is judged by %v, want %v", c.ID, got, want)
			}
			return nil
		}, gnista.Event{At: now, Kind: "certificate.issued"})
		if err != nil {
			t.Fatal(err)
		}
	}
	add(c)
	if got := must[pki.Certificate](t)(s.Certificate(ctx, "0a")); !reflect.DeepEqual(got, c) {
		t.Errorf("got %+v, want %+v", got, c)
	}
	_, err := s.Certificate(ctx, "0b")
	wantCode(t, err, gnista.NotFound)
	other := c
	other.ID, other.Serial, other.Station, other.RequestID, other.Delivery, other.ExpiresAt = "c2", "0b", "CERT-2", nil, pki.Accepted, now.Add(2*time.Hour)
	add(other, "c1") // by its key
	third := other
	third.ID, third.Serial, third.Use, third.KeyHash = "c3", "0c", pki.ForV2G, "k3"
	add(third, "c2") // by its station
	refused := errors.New("no")
	fourth := third
	fourth.ID, fourth.Serial = "c4", "0d"
	if err := s.AddCertificate(ctx, fourth, func([]pki.Certificate) error { return refused }); !errors.Is(err, refused) {
		t.Error(err)
	}
	list := func(f pki.Filter, before string, limit int, want ...string) {
		t.Helper()
		got := []string{}
		for _, x := range must[[]pki.Certificate](t)(s.Certificates(ctx, f, before, limit)) {
			got = append(got, x.ID)
		}
		if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: got %v, want %v", f, got, want)
		}
	}
	list(pki.Filter{}, "", 10, "c3", "c2", "c1")
	list(pki.Filter{}, "c3", 1, "c2")
	list(pki.Filter{Station: "CERT-2", Use: pki.ForStation}, "", 10, "c2")
	list(pki.Filter{Authority: "none"}, "", 10)
	list(pki.Filter{Subject: "CERT", Before: now.Add(90 * time.Minute)}, "", 10, "c1")
	list(pki.Filter{ValidAt: now.Add(90 * time.Minute)}, "", 10, "c3", "c2")

	renewable := func(want ...string) {
		t.Helper()
		got := []string{}
		for _, x := range must[[]pki.Certificate](t)(s.Renewable(ctx, now.Add(3*time.Hour), now, 10)) {
			got = append(got, x.ID)
		}
		if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("to renew: %v, want %v", got, want)
		}
	}
	renewable() // there are no such stations
	must[station.Station](t)(s.ChangeStation(ctx, "CERT-2", true, func(x *station.Station) ([]gnista.Event, error) {
		x.State, x.Serial = station.Accepted, "CERT-SERIAL"
		return nil, nil
	}))
	for name, want := range map[string]int{"CERT-2": 1, "CERT-SERIAL": 1, "cert-2": 0} {
		if got := must[[]gnista.StationID](t)(s.Namesakes(ctx, name)); len(got) != want {
			t.Errorf("%s is the name of %v", name, got)
		}
	}
	renewable("c2", "c3")
	changed := must[pki.Certificate](t)(s.ChangeCertificate(ctx, "0b", func(c *pki.Certificate) ([]gnista.Event, error) {
		c.RevokedAt, c.Reason, c.Detail, c.AskedAt = now, 4, "gone", now
		return []gnista.Event{{At: now, Kind: "certificate.revoked"}}, nil
	}))
	if got := must[pki.Certificate](t)(s.Certificate(ctx, "0b")); !reflect.DeepEqual(got, changed) || got.Reason != 4 {
		t.Errorf("got %+v, want %+v", got, changed)
	}
	_, err = s.ChangeCertificate(ctx, "ff", func(*pki.Certificate) ([]gnista.Event, error) { return nil, nil })
	wantCode(t, err, gnista.NotFound)
	renewable("c3")
	list(pki.Filter{Revoked: true}, "", 10, "c2")
	list(pki.Filter{ValidAt: now}, "", 10, "c3", "c1")

	one := pki.Installed{Station: "CERT-2", Use: pki.CSMSRoot, Hash: pki.Hash{Algorithm: "SHA256", Name: "aa", Key: "bb", Serial: "01"}, ReportedAt: now}
	below := one
	below.Use, below.Below = pki.V2GChain, one.ID()
	for range 2 { // what it had is replaced
		if err := s.SetInstalled(ctx, "CERT-2", nil, []pki.Installed{one, below}); err != nil {
			t.Fatal(err)
		}
	}
	if got := must[[]pki.Installed](t)(s.Installed(ctx, "CERT-2")); !reflect.DeepEqual(got, []pki.Installed{one, below}) {
		t.Errorf("got %+v", got)
	}
	if err := s.SetInstalled(ctx, "CERT-2", []pki.Use{pki.CSMSRoot, pki.MORoot}, nil); err != nil {
		t.Fatal(err)
	}
	if got := must[[]pki.Installed](t)(s.Installed(ctx, "CERT-2")); !reflect.DeepEqual(got, []pki.Installed{below}) {
		t.Errorf("got %+v", got)
	}
	if err := s.DeleteStation(ctx, "CERT-2"); err != nil {
		t.Fatal(err)
	}
	if got := must[[]pki.Installed](t)(s.Installed(ctx, "CERT-2")); len(got) != 0 {
		t.Errorf("of a deleted station: %+v", got)
	}
}

func (s suite) securityEvents(t *testing.T) {
	ctx := t.Context()
	add := func(id string, critical bool, at time.Time, keep int) {
		t.Helper()
		e := station.SecurityEvent{ID: id, Station: "SEC", Type: "T", Critical: critical, Info: "i", At: at, ReceivedAt: now}
		if err := s.AddSecurityEvent(ctx, e, keep, gnista.Event{At: now, Kind: "security.event", Station: "SEC", Subject: id}); err != nil {
			t.Fatal(err)
		}
	}
	list := func(id gnista.StationID, critical bool, before string, want ...string) {
		t.Helper()
		got := []string{}
		for _, e := range must[[]station.SecurityEvent](t)(s.SecurityEvents(ctx, id, critical, before, 10)) {
			got = append(got, e.ID)
		}
		if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	add("s1", true, now, 2)
	last := must[int64](t)(s.LastEvent(ctx))
	add("s2", true, now, 2) // the same once more
	if n := must[int64](t)(s.LastEvent(ctx)); n != last {
		t.Error("a repeat is an event of its own")
	}
	add("s3", false, now.Add(1*time.Second), 2)
	add("s4", false, now.Add(2*time.Second), 2)
	add("s5", false, now.Add(3*time.Second), 2)
	list("SEC", false, "", "s5", "s4", "s1")
	list("", true, "", "s1")
	list("SEC", false, "s5", "s4", "s1")
	list("OTHER", false, "")
}
