package storetest

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/fault"
	"gnista/station"
)

func (s suite) overrides(t *testing.T) {
	ctx := t.Context()
	no, none, k := false, fault.NoRemedy, fault.Key{Source: "acme", Code: "E/42 å"}
	o := fault.Override{Key: k, By: "Åsa", At: now, Change: fault.Change{
		Like: "ocpp1.6/OtherError", Severity: fault.Low, Retry: &no, Remedy: &none, Texts: map[fault.Language]fault.Texts{fault.Swedish: {Driver: `<b>"Ring" oss</b>`}},
	}}
	for i := range 4 {
		o.At = now.Add(time.Duration(i) * time.Second)
		if err := s.SaveOverride(ctx, o, 3); err != nil {
			t.Fatal(err)
		}
	}
	if got := must[[]fault.Override](t)(s.Overrides(ctx)); len(got) != 1 || !reflect.DeepEqual(got[0], o) {
		t.Errorf("got %+v, want %+v", got, o)
	}
	if err := s.SaveOverride(ctx, fault.Override{Key: k, By: "Bo", At: now.Add(time.Minute), Gone: true}, 3); err != nil {
		t.Fatal(err)
	}
	if got := must[[]fault.Override](t)(s.Overrides(ctx)); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
	if got := must[[]fault.Override](t)(s.OverrideHistory(ctx, k)); len(got) != 3 || !got[0].Gone || got[0].By != "Bo" || !reflect.DeepEqual(got[1], o) {
		t.Errorf("got %+v", got)
	}
}

// editor changes the catalogue, and finds what it said after a restart.
func (s suite) editor(t *testing.T) {
	ctx := t.Context()
	begin := func() *fault.Editor {
		c, err := fault.LoadCatalogue()
		if err != nil {
			t.Fatal(err)
		}
		e := &fault.Editor{Catalogue: c, Store: s, Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
		if err := e.Load(ctx); err != nil {
			t.Fatal(err)
		}
		return e
	}
	e, acme, yes := begin(), fault.Key{Source: "acme", Code: "E42"}, true
	lock := fault.Key{Source: fault.OCPP16, Code: "connectorlockfailure"}
	if err := s.SawUnknownCode(ctx, acme, fault.Report{Station: "S1", At: now}); err != nil {
		t.Fatal(err)
	}
	for field, put := range map[string]func() error{
		"severity": func() error { _, err := e.Put(ctx, lock, fault.Change{Severity: "awful"}, "Bo"); return err },
		"usable":   func() error { _, err := e.Put(ctx, lock, fault.Change{Severity: fault.Info}, "Bo"); return err },
		"like":     func() error { _, err := e.Put(ctx, acme, fault.Change{Like: "acme/E43"}, "Bo"); return err },
		"source": func() error {
			_, err := e.Put(ctx, fault.Key{Source: "Ac me", Code: "x"}, fault.Change{}, "Bo")
			return err
		},
		"code": func() error {
			_, err := e.Put(ctx, fault.Key{Source: "acme", Code: "x\n"}, fault.Change{}, "Bo")
			return err
		},
		"by": func() error { _, err := e.Put(ctx, lock, fault.Change{Severity: fault.Medium}, " "); return err },
		"texts.sv.driver": func() error {
			_, err := e.Put(ctx, lock, fault.Change{Texts: map[fault.Language]fault.Texts{fault.Swedish: {Driver: "a\x00b"}}}, "Bo")
			return err
		},
		"texts.en.name": func() error {
			_, err := e.Put(ctx, lock, fault.Change{Texts: map[fault.Language]fault.Texts{fault.English: {Name: strings.Repeat("x", 81)}}}, "Bo")
			return err
		},
	} {
		wantField(t, put(), field)
	}
	if got, err := e.Put(ctx, lock, fault.Change{Severity: fault.Medium, Usable: &yes}, "Bo"); err != nil || got.Severity != fault.Medium || got.Key.Code != "ConnectorLockFailure" || !got.Overridden {
		t.Errorf("got %+v, %v", got, err)
	}
	if got := e.Catalogue.Find(fault.Key{Source: fault.OCPP2, Code: "ConnectorPlugRetentionLock.Tripped"}, fault.Raw{}); got.Usable || got.Severity != fault.High {
		t.Errorf("what is to be taken out of service has become %+v", got)
	}
	if got := e.Catalogue.Find(fault.Key{Source: fault.MREC, Code: "CX001"}, fault.Raw{}); !got.Usable || got.Severity != fault.Medium {
		t.Errorf("what is like it is still %+v", got)
	}
	if _, err := e.Put(ctx, acme, fault.Change{Like: "ocpp1.6/ConnectorLockFailure"}, "Bo"); err != nil {
		t.Fatal(err)
	}
	if list, _, err := s.UnknownCodes(ctx, "", 10); err != nil || len(list) != 0 {
		t.Errorf("what is in the catalogue is still unknown: %+v, %v", list, err)
	}
	other := fault.Key{Source: "acme", Code: "E43"}
	if _, err := e.Put(ctx, other, fault.Change{Like: "acme/E42"}, "Bo"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, e.Delete(ctx, acme, "Bo"), gnista.Conflict) // the other needs it
	wantCode(t, e.Delete(ctx, fault.Key{Source: "acme", Code: "E44"}, "Bo"), gnista.NotFound)

	e = begin()
	if got := e.Catalogue.Find(other, fault.Raw{}); !got.Known || got.Severity != fault.Medium || !got.Usable {
		t.Errorf("after a restart: %+v", got)
	}
	for _, k := range []fault.Key{other, acme, lock} {
		if err := e.Delete(ctx, k, "Bo"); err != nil {
			t.Fatal(err)
		}
	}
	if got := e.Catalogue.Find(acme, fault.Raw{}); got.Known {
		t.Errorf("it is still there: %+v", got)
	}
	if got := e.Catalogue.Find(lock, fault.Raw{}); got.Severity != fault.High || got.Overridden {
		t.Errorf("it is not as it was: %+v", got)
	}
	if got := must[[]fault.Override](t)(e.History(ctx, lock)); len(got) != 2 || !got[0].Gone || got[1].Change.Severity != fault.Medium {
		t.Errorf("got %+v", got)
	}
	// What the catalogue of this version has no room for is passed over.
	if err := s.SaveOverride(ctx, fault.Override{Key: acme, By: "Bo", At: now, Change: fault.Change{Like: "gone/X"}}, 3); err != nil {
		t.Fatal(err)
	}
	if got := begin().Catalogue.Find(acme, fault.Raw{}); got.Known {
		t.Errorf("got %+v", got)
	}
	if err := s.SaveOverride(ctx, fault.Override{Key: acme, By: "Bo", At: now, Gone: true}, 3); err != nil {
		t.Fatal(err)
	}
}

func wantField(t *testing.T, err error, field string) {
	t.Helper()
	if e, ok := errors.AsType[*gnista.Error](err); !ok || e.Code != gnista.Invalid || e.Field != field {
		t.Errorf("got %v, want something about %s", err, field)
	}
}

func (s suite) unknownFaults(t *testing.T) {
	ctx := t.Context()
	k := func(code string) fault.Key { return fault.Key{Source: "acme", Code: code} }
	saw := func(code string, id gnista.StationID, after time.Duration) {
		t.Helper()
		r := fault.Report{Station: id, At: now.Add(after), Raw: fault.Raw{Code: "OtherError", VendorCode: code, Info: strings.Repeat("å<\x00", 400)}}
		if err := s.SawUnknownCode(ctx, k(code), r); err != nil {
			t.Fatal(err)
		}
	}
	must[station.Station](t)(s.ChangeStation(ctx, "U0", true, func(*station.Station) ([]gnista.Event, error) { return nil, nil }))
	for i := range 12 {
		saw("many", gnista.StationID(fmt.Sprintf("U%d", i)), time.Duration(i)*time.Second)
	}
	saw("many", "U0", time.Hour)
	saw("late", "U1", 2*time.Hour)
	saw("early", "", 0)
	list, next, err := s.UnknownCodes(ctx, "", 2)
	if err != nil || len(list) != 2 || list[0].Key != k("late") || next == "" {
		t.Fatalf("got %+v, %q, %v", list, next, err)
	}
	many := list[1]
	if many.Count != 13 || many.Stations != 12 || !many.FirstAt.Equal(now) || !many.LastAt.Equal(now.Add(time.Hour)) || len(many.Samples) != fault.MaxUnknownSamples ||
		many.Samples[0].Station != "U0" || many.Samples[0].Raw.VendorCode != "many" || len([]rune(many.Samples[0].Raw.Info)) != 500 {
		t.Errorf("got %+v", many)
	}
	list, next, err = s.UnknownCodes(ctx, next, 2)
	if err != nil || len(list) != 1 || list[0].Key != k("early") || list[0].Stations != 0 || len(list[0].Samples) != 0 || next != "" {
		t.Errorf("got %+v, %q, %v", list, next, err)
	}
	_, _, err = s.UnknownCodes(ctx, "yesterday", 2)
	wantCode(t, err, gnista.Invalid)
	if err := s.DeleteStation(ctx, "U0"); err != nil {
		t.Fatal(err)
	}
	if list, _, _ := s.UnknownCodes(ctx, "", 10); len(list) != 3 || list[1].Stations != 11 || list[1].Samples[0].Station == "U0" {
		t.Errorf("got %+v", list)
	}
	for _, code := range []string{"many", "late", "early"} {
		if err := s.ForgetUnknownCode(ctx, k(code)); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, s.ForgetUnknownCode(ctx, k("many")), gnista.NotFound)
}
