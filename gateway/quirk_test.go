package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"gnista"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
	"gnista/station"
)

func TestQuirkOf(t *testing.T) {
	f := func(action ocppj.AnyAction, payload, want string) {
		t.Helper()
		found, bad := ocppj.Decode([]byte(payload), action.NewRequest(), ocppj.V16, ocppj.Strict)
		if bad != nil || len(found) == 0 {
			t.Fatalf("%s: found %v, %v", payload, found, bad)
		}
		if got := quirkOf(action.ActionName(), found[0]); got != want {
			t.Errorf("%v is %s, want %s", found[0], got, want)
		}
	}
	status := func(rest string) string { return `{"connectorId":1,"status":"Available",` + rest + `}` }
	f(ocpp16.StatusNotification, status(`"errorCode":"Error"`), "Q26")
	f(ocpp16.StatusNotification, status(`"errorCode":"NoError","severity":"low"`), "Q30")
	f(ocpp16.StatusNotification, status(`"errorCode":"NoError","info":null`), "G10")
	f(ocpp16.StatusNotification, status(`"errorCode":"NoError","info":7`), "G2")
	f(ocpp16.StatusNotification, status(`"errorCode":"NoError","timestamp":"2023-10-19T15:28:07"`), "Q38")
	f(ocpp16.StatusNotification, status(`"errorCode":"NoError","timestamp":"2023-10-19 15:28:07.5"`), "Q38")
	f(ocpp16.StatusNotification, status(`"errorCode":"NoError","timestamp":"2023-10-19T15:28:07+02"`), "Q40")
	f(ocpp16.StatusNotification, status(`"errorCode":"NoError","timestamp":"yesterday"`), "G5")
	f(ocpp16.StatusNotification, `{"connectorId":1,"errorCode":"NoError","status":"Burning"}`, "G3")
	f(ocpp16.StatusNotification, `{"connectorId":1,"errorCode":"NoError"}`, "G1")
	f(ocpp16.Authorize, `{"idTag":"012345678901234567890"}`, "Q51")
	f(ocpp16.StopTransaction, `{"transactionId":1,"meterStop":1,"timestamp":"2026-01-01T00:00:00Z","idTag":"012345678901234567890"}`, "Q50")
	f(ocpp16.StopTransaction, `{"transactionId":1,"meterStop":1,"timestamp":"2026-01-01T00:00:00Z","connectorId":1}`, "Q57")
	f(ocpp16.MeterValues, `{"connectorId":1,"meterValue":[{"timestamp":"2026-01-01T00:00:00Z","sampledValue":[{"value":"1","measurand":"Current.Import.L1"}]}]}`, "Q21")
	f(ocpp16.BootNotification, `{"chargePointVendor":"a vendor with a long name","chargePointModel":"M"}`, "G4")
}

func TestCorrected(t *testing.T) {
	s := &Server{Network: &station.Network{Deviations: forgetful{}}, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	f := func(a station.Adaptations, text, want string) {
		t.Helper()
		x := &Session{server: s}
		x.Treat(station.Treatment{Adaptations: a})
		if got := string(x.corrected([]byte(text))); got != want {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}
	stockholm := station.Adaptations{Zone: "Europe/Stockholm"}
	f(station.Adaptations{}, `{"t":"2026-07-01T12:00:00"}`, `{"t":"2026-07-01T12:00:00"}`)
	f(stockholm, `{"t":"2026-07-01T12:00:00"}`, `{"t":"2026-07-01T10:00:00Z"}`)
	f(stockholm, `{"t":"2026-01-01 12:00:00.25","u":"2026-01-01T12:00:00Z"}`, `{"t":"2026-01-01T11:00:00.25Z","u":"2026-01-01T12:00:00Z"}`)
	f(stockholm, `{"t":"2026-99-01T12:00:00"}`, `{"t":"2026-99-01T12:00:00"}`)
	ahead := station.Adaptations{ClockOffset: 7200}
	f(ahead, `{"t":"2026-01-01T12:00:00Z","u":["2026-01-01T14:00:00+02:00"]}`, `{"t":"2026-01-01T10:00:00Z","u":["2026-01-01T10:00:00Z"]}`)
	f(station.Adaptations{Zone: "Europe/Stockholm", ClockOffset: 60}, `{"t":"2026-01-01T12:00:00"}`, `{"t":"2026-01-01T10:59:00Z"}`)
}

// forgetful keeps nothing.
type forgetful struct{}

func (forgetful) AddVerdicts(context.Context, []station.Verdict) error     { return nil }
func (forgetful) AddDeviations(context.Context, []station.Deviation) error { return nil }
func (forgetful) Verdicts(context.Context, gnista.StationID, int) ([]station.Verdict, error) {
	return nil, nil
}
func (forgetful) Deviations(context.Context, gnista.StationID) ([]station.Deviation, error) {
	return nil, nil
}

// What waits to be written is bounded: in all, and for each station.
func TestLedgerIsBounded(t *testing.T) {
	l := &Ledger{Store: forgetful{}, Log: slog.New(slog.DiscardHandler)}
	note := func(id gnista.StationID, reason string) {
		l.AddVerdicts(t.Context(), []station.Verdict{{Station: id, Reason: reason, Count: 1}})
		l.AddDeviations(t.Context(), []station.Deviation{{Station: id, Quirk: reason, Count: 1}})
	}
	for i := range 1000 {
		note("inventive", fmt.Sprint(i))
	}
	if len(l.verdicts) != maxNew {
		t.Errorf("%d reasons of one station wait", len(l.verdicts))
	}
	for i := range 2 * maxDeviations {
		note(gnista.StationID(fmt.Sprint(i)), "the same")
	}
	note("0", "the same")
	if len(l.verdicts) != maxVerdicts || len(l.deviations) != maxDeviations {
		t.Errorf("%d verdicts and %d quirks wait", len(l.verdicts), len(l.deviations))
	}
	if v := l.verdicts[verdictKey{"0", "", "the same"}]; v == nil || v.Count != 2 {
		t.Errorf("got %+v", v)
	}
	l.writeDeviations("1")
	if len(l.deviations) != maxDeviations-1 {
		t.Errorf("%d quirks wait", len(l.deviations))
	}
	l.writeVerdicts()
	l.writeDeviations("")
	if len(l.verdicts)+len(l.deviations)+len(l.reasons) != 0 || l.dropped != 0 {
		t.Errorf("%d verdicts and %d quirks wait still", len(l.verdicts), len(l.deviations))
	}
}

func BenchmarkObserve(b *testing.B) {
	s := &Server{Network: &station.Network{Deviations: forgetful{}}, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	f := func(name, action, payload string) {
		b.Run(name, func(b *testing.B) {
			x := &Session{server: s, dialect: &Dialect{Version: gnista.V16, Messages: ocppj.NewMux[*Session](ocppj.V16, ocpp16.Actions)}}
			x.Version = ocppj.V16
			x.Treat(station.Treatment{})
			frame := ocppj.Frame{Type: ocppj.CALL, Action: action, Payload: []byte(payload)}
			b.ReportAllocs()
			for b.Loop() {
				x.observe(frame, nil)
			}
		})
	}
	f("status", "StatusNotification", `{"connectorId":1,"errorCode":"NoError","status":"Available","timestamp":"2026-01-01T00:00:00Z"}`)
	f("meter values", "MeterValues", `{"connectorId":1,"transactionId":1,"meterValue":[{"timestamp":"2026-01-01T00:30:00Z","sampledValue":[{"value":"3500","context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","unit":"Wh"},{"value":"16.1","measurand":"Current.Import","phase":"L1","unit":"A"}]}]}`)
	f("heartbeat", "Heartbeat", `{}`)
}
