package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"gnista"
	"gnista/fault"
	"gnista/station"
)

func (b *bench) incidents() []fault.Incident {
	b.t.Helper()
	list, err := b.db.Incidents(b.t.Context(), fault.IncidentFilter{Limit: 100})
	b.ok(err)
	return list
}

func (b *bench) incident() fault.Incident {
	b.t.Helper()
	list := b.incidents()
	if len(list) != 1 {
		b.t.Fatalf("there are %d incidents: %+v", len(list), list)
	}
	return list[0]
}

func TestSiteOffline(t *testing.T) {
	b := newBench(t)
	b.site("P")
	for i := range 8 {
		b.station(gnista.StationID(fmt.Sprint("S", i)), "P")
	}
	offline := func(i int, cleared bool) {
		b.report(fault.Report{Key: fault.Offline, Station: gnista.StationID(fmt.Sprint("S", i)), Way: fault.ByWatch, Cleared: cleared})
		b.wait(time.Minute)
	}
	for i := range 3 {
		offline(i, false)
	}
	if n := len(b.incidents()); n != 0 {
		t.Errorf("%d incidents of three of eight stations", n)
	}
	offline(3, false)
	x := b.incident()
	if x.Kind != fault.SiteIncident || x.Severity != fault.Critical || x.Faults != 4 || x.Site != "P" || x.Key != fault.SiteOffline || x.First != "f10001" {
		t.Errorf("got %+v", x)
	}
	offline(4, false)
	if x = b.incident(); x.Faults != 5 || x.Open != 5 {
		t.Errorf("got %+v", x)
	}
	for i := range 5 {
		if x = b.incident(); x.Resolved() {
			t.Error("resolved before the last one is over")
		}
		offline(i, true)
	}
	if x = b.incident(); !x.Resolved() {
		t.Errorf("got %+v", x)
	}
	offline(2, false)
	if x = b.incident(); x.Resolved() || x.Open != 1 {
		t.Errorf("soon again: %+v", x)
	}
}

func TestOneCauseAtAStation(t *testing.T) {
	b := newBench(t)
	b.station("S", "")
	b.report(fault.Report{EVSE: gnista.EVSE{ID: 1}})
	b.report(fault.Report{EVSE: gnista.EVSE{ID: 2}, Key: fault.Key{Source: fault.OCPP16, Code: "ReaderFailure"}})
	if n := len(b.incidents()); n != 0 {
		t.Fatalf("%d incidents of two things", n)
	}
	b.wait(time.Minute)
	b.report(fault.Report{Key: fault.Key{Source: fault.OCPP16, Code: "GroundFailure"}}) // of the whole station
	if x := b.incident(); x.Kind != fault.StationIncident || x.Faults != 3 || x.Station != "S" || x.First != "f10001" {
		t.Errorf("got %+v", x)
	}
}

// TestToldCause has what a station says led to the others be the cause, though it came last. (OCPP 2.x N07)
func TestToldCause(t *testing.T) {
	b := newBench(t)
	b.station("S", "")
	tell := func(component string, id int, cause any) {
		data := map[string]any{"component": component, "variable": "Problem", "value": "true", "evse": 0, "eventId": id, "severity": -1, "at": b.clock(), "trigger": "Delta"}
		if cause != nil {
			data["causeId"] = cause
		}
		b.event("station.notice", "S", data)
		b.wait(time.Second)
	}
	tell("CoolingSystem", 8, 7)
	tell("ElectricalFeed", 7, nil)
	x := b.incident()
	first, err := b.db.Fault(t.Context(), x.First)
	b.ok(err)
	if first.Key.Code != "ElectricalFeed.Problem" {
		t.Errorf("the cause is %v", first.Key)
	}
}

func TestBadFirmware(t *testing.T) {
	b := newBench(t)
	for i := range 6 {
		id := gnista.StationID(fmt.Sprint("S", i))
		b.station(id, "")
		if i == 5 {
			_, err := b.db.ChangeStation(t.Context(), id, false, func(s *station.Station) ([]gnista.Event, error) { s.Firmware = "2.0"; return nil, nil })
			b.ok(err)
		}
	}
	for _, i := range []int{5, 0, 1, 2, 3} {
		b.report(fault.Report{Station: gnista.StationID(fmt.Sprint("S", i))})
	}
	if n := len(b.incidents()); n != 0 {
		t.Fatalf("%d incidents of four stations of one firmware", n)
	}
	b.report(fault.Report{Station: "S4"})
	if x := b.incident(); x.Kind != fault.FirmwareIncident || x.Faults != 5 || x.Facts["firmware"] != "1.0" {
		t.Errorf("got %+v", x)
	}
}

func TestPowerIncident(t *testing.T) {
	b := newBench(t)
	b.site("P")
	b.station("S", "P")
	b.event("site.power-exceeded", "", map[string]any{"site": "P", "node": "n", "phase": "L1", "unit": "A", "measured": 110, "limit": 100})
	b.event("site.profile-refused", "S", map[string]any{"site": "P", "evse": 1, "askedA": 6})
	if x := b.incident(); x.Kind != fault.PowerIncident || x.Faults != 2 || x.Site != "P" {
		t.Errorf("got %+v", x)
	}
}

func TestIncidentLife(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	b.station("S", "")
	b.report(fault.Report{EVSE: gnista.EVSE{ID: 1}})
	b.report(fault.Report{EVSE: gnista.EVSE{ID: 2}})
	x := b.incident()
	anna := fault.Said{By: "anna", Why: "because"}
	do := func(_ fault.Incident, err error) { t.Helper(); b.ok(err) }
	do(b.faults.AcknowledgeIncident(ctx, x.ID, anna))
	do(b.faults.AssignIncident(ctx, x.ID, "bo", anna))
	do(b.faults.ShelveIncident(ctx, x.ID, b.clock().Add(time.Hour), anna))
	do(b.faults.CommentIncident(ctx, x.ID, anna))
	for _, f := range b.all() {
		if f.AcknowledgedBy != "anna" || f.Assignee != "bo" || !f.Shelved(b.clock()) || f.Incident != x.ID {
			t.Errorf("got %+v", f)
		}
	}
	b.wait(time.Hour)
	b.sweep()
	if x = b.incident(); !x.ShelvedUntil.IsZero() || x.AcknowledgedBy != "anna" {
		t.Errorf("got %+v", x)
	}
	b.ok(b.db.DeleteStation(ctx, "S"))
	b.sweep()
	if x = b.incident(); !x.Resolved() {
		t.Errorf("its station is gone: %+v", x)
	}
	_, err := b.faults.AcknowledgeIncident(ctx, x.ID, anna)
	if gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("got %v", err)
	}
}

// broken is a store that cannot find incidents.
type broken struct{ fault.IncidentStore }

func (broken) OpenIncident(context.Context, fault.IncidentKind, string) (fault.Incident, error) {
	return fault.Incident{}, errors.New("the disk is gone")
}

// TestIncidentAfterCrash has a fault become part of its incident when its event is taken in again, as after a crash
// or a failure between the two.
func TestIncidentAfterCrash(t *testing.T) {
	for name, again := range map[string]func(*bench){
		"failure": func(b *bench) { b.faults.Incidents = b.db },
		"crash":   (*bench).restart,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.station("S", "")
			b.report(fault.Report{EVSE: gnista.EVSE{ID: 1}})
			b.wait(time.Second)
			ev := gnista.Event{Seq: 1, At: b.clock(), Kind: "connector.status", Station: "S", Data: []byte(`{"evse":2,"status":"faulted","errorCode":"ConnectorLockFailure"}`)}
			b.faults.Incidents = broken{b.db}
			if err := b.intake.Take(t.Context(), ev); err == nil {
				t.Error("nothing failed")
			}
			again(b)
			for range 2 {
				b.ok(b.intake.Take(t.Context(), ev))
			}
			if x := b.incident(); x.Faults != 2 {
				t.Errorf("got %+v", x)
			}
		})
	}
}
