package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"gnista"
	"gnista/fault"
	"gnista/station"
)

func (s suite) openFault(t *testing.T, f fault.Fault) fault.Fault {
	t.Helper()
	at := fault.Place{Station: f.Station, EVSE: f.EVSE}
	if f.Station == "" {
		at = fault.Place{Site: f.Site}
	}
	return must[fault.Fault](t)(s.TakeFault(t.Context(), at, f.Key, func(newest *fault.Fault) (*fault.Step, error) {
		return &fault.Step{Fault: f, Kind: fault.Opened, Done: fault.Done{At: f.OpenedAt, What: "opened"}}, nil
	}))
}

func (s suite) aStation(t *testing.T, id gnista.StationID) {
	t.Helper()
	must[station.Station](t)(s.ChangeStation(t.Context(), id, true, func(x *station.Station) ([]gnista.Event, error) { x.State = station.Accepted; return nil, nil }))
}

func (s suite) faults(t *testing.T) {
	ctx := t.Context()
	s.aStation(t, "F1")
	s.aStation(t, "F2")
	key := fault.Key{Source: "acme", Code: "E/1"}
	f := fault.Fault{
		Key: key, Severity: fault.High, SeverityBy: "bo", Station: "F1", Site: "site", EVSE: gnista.EVSE{ID: 2, Connector: 1}, Way: fault.ByStatus, Count: 3, Chatters: true,
		Turns: []time.Time{now, now.Add(time.Minute)}, OpenedAt: now, LastAt: now.Add(time.Second), Seq: 7, Until: now.Add(time.Hour), AcknowledgedAt: now, AcknowledgedBy: "anna",
		ShelvedUntil: now.Add(2 * time.Hour), ShelvedBy: "bo", Assignee: "eva", Transaction: "tx", Raw: fault.Raw{Status: "Faulted", VendorCode: "E/1", Info: "<b>100 %_\\</b>"},
		Facts: map[string]any{"limitA": 100.5},
	}
	got := s.openFault(t, f)
	f.ID, f.Case = got.ID, got.Case
	if !reflect.DeepEqual(got, f) || f.ID != fault.FaultID(f.Case) || f.Case <= 10_000 {
		t.Errorf("got %+v, want %+v", got, f)
	}
	if got = must[fault.Fault](t)(s.Fault(ctx, f.ID)); !reflect.DeepEqual(got, f) {
		t.Errorf("got %+v, want %+v", got, f)
	}
	refused := errors.New("no")
	_, err := s.TakeFault(ctx, fault.Place{Station: "F1", EVSE: f.EVSE}, key, func(newest *fault.Fault) (*fault.Step, error) {
		if newest == nil || newest.ID != f.ID {
			t.Errorf("the newest is %+v", newest)
		}
		return nil, refused
	})
	if !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	_, err = s.TakeFault(ctx, fault.Place{Station: "none"}, key, func(*fault.Fault) (*fault.Step, error) {
		return &fault.Step{Fault: fault.Fault{Key: key, Severity: fault.Low, Station: "none"}}, nil
	})
	wantCode(t, err, gnista.NotFound)
	for _, id := range []string{"", "f", "f0", "f-1", "x1", "f999999", "f+1", "f99999999999999999999"} {
		_, err = s.Fault(ctx, id)
		wantCode(t, err, gnista.NotFound)
		_, err = s.ChangeFault(ctx, id, func(*fault.Fault) (*fault.Step, error) { return nil, nil })
		wantCode(t, err, gnista.NotFound)
	}

	// What is counted is added to what is stored, of open faults only.
	gone := must[[]fault.Fault](t)(s.CountFaults(ctx, []fault.Fault{{Case: f.Case, Count: 4, LastAt: now.Add(time.Minute), Seq: 9}, {Case: 1}}))
	if len(gone) != 1 || gone[0].Case != 1 {
		t.Errorf("gone is %+v", gone)
	}
	must[[]fault.Fault](t)(s.CountFaults(ctx, []fault.Fault{{Case: f.Case, LastAt: now, Seq: 8, Until: now.Add(time.Hour)}})) // older than what is stored
	if got = must[fault.Fault](t)(s.Fault(ctx, f.ID)); got.Count != 7 || got.Seq != 9 || !got.Until.IsZero() || !got.LastAt.Equal(now.Add(time.Minute)) {
		t.Errorf("got %+v", got)
	}

	second := s.openFault(t, fault.Fault{Key: fault.Key{Source: fault.OCPP16, Code: "GroundFailure"}, Severity: fault.Critical, Station: "F2", OpenedAt: now.Add(time.Hour), LastAt: now})
	third := s.openFault(t, fault.Fault{Key: fault.PowerLimitExceeded, Severity: fault.Low, Site: "site", OpenedAt: now.Add(2 * time.Hour), LastAt: now, Until: now.Add(time.Hour)})
	must[fault.Fault](t)(s.ChangeFault(ctx, second.ID, func(x *fault.Fault) (*fault.Step, error) {
		x.ClearedAt, x.ClearedBy = now.Add(3*time.Hour), "anna"
		return &fault.Step{Fault: *x, Kind: fault.ClearedKind, Done: fault.Done{At: now, What: "cleared", By: "anna", Why: "fixed"}}, nil
	}))
	yes, no := true, false
	for name, x := range map[string]struct {
		f    fault.Filter
		want []fault.Fault
	}{
		"all, the newest first":  {fault.Filter{}, []fault.Fault{third, second, f}},
		"the worst first":        {fault.Filter{WorstFirst: true}, []fault.Fault{second, f, third}},
		"behind, newest first":   {fault.Filter{After: fault.Filter{}.Cursor(third)}, []fault.Fault{second, f}},
		"behind, worst first":    {fault.Filter{WorstFirst: true, After: fault.Filter{WorstFirst: true}.Cursor(second)}, []fault.Fault{f, third}},
		"open":                   {fault.Filter{State: fault.IsOpen}, []fault.Fault{third, f}},
		"cleared":                {fault.Filter{State: fault.IsCleared}, []fault.Fault{second}},
		"at least high":          {fault.Filter{AtLeast: fault.High}, []fault.Fault{second, f}},
		"of a station":           {fault.Filter{Station: "F1"}, []fault.Fault{f}},
		"of a site":              {fault.Filter{Site: "site"}, []fault.Fault{third, f}},
		"of an EVSE":             {fault.Filter{EVSE: 2}, []fault.Fault{f}},
		"of a source":            {fault.Filter{Key: fault.Key{Source: "acme"}}, []fault.Fault{f}},
		"of a code":              {fault.Filter{Key: fault.Key{Source: "acme", Code: "E/1"}}, []fault.Fault{f}},
		"acknowledged":           {fault.Filter{Acknowledged: &yes}, []fault.Fault{f}},
		"not acknowledged":       {fault.Filter{Acknowledged: &no}, []fault.Fault{third, second}},
		"shelved":                {fault.Filter{Shelved: &yes, Now: now}, []fault.Fault{f}},
		"no longer shelved":      {fault.Filter{Shelved: &no, Now: now.Add(24 * time.Hour)}, []fault.Fault{third, second, f}},
		"assigned":               {fault.Filter{Assignee: "eva"}, []fault.Fault{f}},
		"opened within":          {fault.Filter{Since: now.Add(time.Minute), Until: now.Add(2 * time.Hour)}, []fault.Fault{second}},
		"with a text":            {fault.Filter{Text: "100 %_\\"}, []fault.Fault{f}},
		"a text with wild cards": {fault.Filter{Text: "100%"}, nil},
		"a number":               {fault.Filter{Text: fmt.Sprint(second.Case)}, []fault.Fault{second}},
		"in no incident":         {fault.Filter{Free: true}, []fault.Fault{third, second, f}},
	} {
		x.f.Limit = 10
		var ids, want []string
		for _, got := range must[[]fault.Fault](t)(s.Faults(ctx, x.f)) {
			ids = append(ids, got.ID)
		}
		for _, w := range x.want {
			want = append(want, w.ID)
		}
		if !slices.Equal(ids, want) {
			t.Errorf("%s: got %v, want %v", name, ids, want)
		}
	}
	_, err = s.Faults(ctx, fault.Filter{After: "3 x", WorstFirst: true, Limit: 1})
	wantCode(t, err, gnista.Invalid)
	_, err = s.Faults(ctx, fault.Filter{After: "3 4", Limit: 1})
	wantCode(t, err, gnista.Invalid)
	if due := must[[]fault.Fault](t)(s.DueFaults(ctx, now.Add(time.Hour), 10)); len(due) != 1 || due[0].ID != third.ID {
		t.Errorf("due is %+v", due)
	}
	if due := must[[]fault.Fault](t)(s.DueFaults(ctx, now.Add(2*time.Hour), 10)); len(due) != 2 {
		t.Errorf("due is %+v", due)
	}
	if n := must[map[fault.Severity]int](t)(s.FaultTotals(ctx, "F1", nil)); n[fault.High] != 1 || len(n) != 1 {
		t.Errorf("totals are %v", n)
	}
	if n := must[map[fault.Severity]int](t)(s.FaultTotals(ctx, "", []string{})); len(n) != 0 {
		t.Errorf("totals at no site are %v", n)
	}
	if n := must[map[fault.Severity]int](t)(s.FaultTotals(ctx, "F1", []string{"nowhere"})); len(n) != 0 {
		t.Errorf("totals at another site are %v", n)
	}
	history := must[[]fault.Done](t)(s.FaultHistory(ctx, second.ID, 0, 10))
	if len(history) != 2 || history[0] != (fault.Done{Number: 2, At: now, What: "cleared", By: "anna", Why: "fixed"}) {
		t.Errorf("got %+v", history)
	}
	for range 250 {
		must[fault.Fault](t)(s.ChangeFault(ctx, f.ID, func(x *fault.Fault) (*fault.Step, error) {
			return &fault.Step{Fault: *x, Kind: fault.Changed, Done: fault.Done{At: now, What: "commented"}}, nil
		}))
	}
	if n := len(must[[]fault.Done](t)(s.FaultHistory(ctx, f.ID, 0, 1000))); n != 200 {
		t.Errorf("%d lines of history are kept", n)
	}

	// Incidents.
	opened := must[fault.Incident](t)(s.Group(ctx, fault.SiteIncident, "site E/1", []string{f.ID, second.ID, third.ID}, func(i *fault.Incident) *fault.IncidentStep {
		if i != nil {
			t.Errorf("there is %+v", i)
		}
		n := fault.Incident{Kind: fault.SiteIncident, Subject: "site E/1", Key: key, Severity: fault.High, Site: "site", First: f.ID, OpenedAt: now, LastAt: now, Facts: map[string]any{"stations": 3.0}}
		return &fault.IncidentStep{Incident: n, Kind: fault.IncidentOpened, Done: fault.Done{At: now, What: "opened"}}
	}))
	have := must[fault.Incident](t)(s.OpenIncident(ctx, fault.SiteIncident, "site E/1"))
	opened.Faults, opened.Open = 2, 2 // not the one that is over
	if !reflect.DeepEqual(have, opened) {
		t.Errorf("got %+v, want %+v", have, opened)
	}
	if list := must[[]fault.Incident](t)(s.FinishedIncidents(ctx, now, 10)); len(list) != 0 {
		t.Errorf("finished: %+v", list)
	}
	if list := must[[]fault.Incident](t)(s.Incidents(ctx, fault.IncidentFilter{State: fault.IsOpen, Kind: fault.SiteIncident, AtLeast: fault.High, Site: "site", Before: have.Case + 1, Limit: 10})); len(list) != 1 {
		t.Errorf("got %+v", list)
	}
	must[fault.Incident](t)(s.ChangeIncident(ctx, have.ID, func(i *fault.Incident) (*fault.IncidentStep, error) {
		i.AcknowledgedAt, i.ShelvedUntil = now, now.Add(time.Hour)
		return &fault.IncidentStep{Incident: *i, Kind: fault.IncidentChanged, Done: fault.Done{At: now, What: "shelved"}}, nil
	}))
	for _, yes := range []bool{true, false} {
		found := 0
		if yes {
			found = 1
		}
		if n := len(must[[]fault.Incident](t)(s.Incidents(ctx, fault.IncidentFilter{Site: "site", Acknowledged: &yes, Limit: 10}))); n != found {
			t.Errorf("acknowledged %v: %d", yes, n)
		}
		if n := len(must[[]fault.Incident](t)(s.Incidents(ctx, fault.IncidentFilter{Site: "site", Shelved: &yes, Now: now, Limit: 10}))); n != found {
			t.Errorf("shelved %v: %d", yes, n)
		}
		over := !yes
		if n := len(must[[]fault.Incident](t)(s.Incidents(ctx, fault.IncidentFilter{Site: "site", Shelved: &over, Now: now.Add(time.Hour), Limit: 10}))); n != found {
			t.Errorf("shelved %v, after that: %d", over, n)
		}
	}
	if err := s.DeleteStation(ctx, "F1"); err != nil {
		t.Fatal(err)
	}
	if history := must[[]fault.Done](t)(s.FaultHistory(ctx, f.ID, 0, 10)); len(history) != 0 {
		t.Errorf("of a station that is gone is left %+v", history)
	}
	must[fault.Fault](t)(s.ChangeFault(ctx, third.ID, func(x *fault.Fault) (*fault.Step, error) {
		x.ClearedAt = now.Add(4 * time.Hour)
		return &fault.Step{Fault: *x, Kind: fault.ClearedKind, Done: fault.Done{At: now}}, nil
	}))
	if list := must[[]fault.Incident](t)(s.FinishedIncidents(ctx, now, 10)); len(list) != 1 || list[0].ID != have.ID {
		t.Errorf("finished: %+v", list)
	}
	must[fault.Incident](t)(s.ChangeIncident(ctx, have.ID, func(i *fault.Incident) (*fault.IncidentStep, error) {
		i.ResolvedAt = now.Add(5 * time.Hour)
		return &fault.IncidentStep{Incident: *i, Kind: fault.IncidentResolved, Done: fault.Done{At: now, What: "resolved"}}, nil
	}))
	_, err = s.OpenIncident(ctx, fault.SiteIncident, "site E/1")
	wantCode(t, err, gnista.NotFound)

	if err := s.PruneFaults(ctx, now.Add(3*time.Hour), 10); err != nil {
		t.Fatal(err)
	}
	if list := must[[]fault.Fault](t)(s.Faults(ctx, fault.Filter{Limit: 10})); len(list) != 1 || list[0].ID != third.ID {
		t.Errorf("left is %+v", list)
	}
	if err := s.PruneFaults(ctx, time.Time{}, 0); err != nil {
		t.Fatal(err)
	}
	if list := must[[]fault.Fault](t)(s.Faults(ctx, fault.Filter{Limit: 10})); len(list) != 0 {
		t.Errorf("left is %+v", list)
	}
	if history := must[[]fault.Done](t)(s.FaultHistory(ctx, third.ID, 0, 10)); len(history) != 0 {
		t.Errorf("left is %+v", history)
	}
}

// toldVerdicts has verdicts be told of once in a while, of stations that there are.
func (s suite) toldVerdicts(t *testing.T) {
	ctx := t.Context()
	s.aStation(t, "V1")
	add := func(id gnista.StationID, cause station.Cause, reason string, at time.Time) (told int) {
		t.Helper()
		before := must[int64](t)(s.LastEvent(ctx))
		v := station.Verdict{Station: id, Cause: cause, Reason: reason, Count: 1, FirstAt: at, LastAt: at}
		if err := s.AddVerdicts(ctx, []station.Verdict{v, v}); err != nil {
			t.Fatal(err)
		}
		return int(must[int64](t)(s.LastEvent(ctx)) - before)
	}
	for _, x := range []struct {
		id    gnista.StationID
		cause station.Cause
		why   string
		after time.Duration
		want  int
	}{
		{"V1", station.BadCredentials, "a", 0, 1},
		{"V1", station.BadCredentials, "b", 30 * time.Second, 0},
		{"V1", station.RejectedFrame, "b", 30 * time.Second, 1},
		{"V1", station.BadCredentials, "a", 9*time.Minute + 50*time.Second, 0},
		{"V1", station.BadCredentials, "a", 10*time.Minute + 10*time.Second, 1}, // it goes on, however often
		{"nobody", station.UnknownStation, "a", 0, 0},
	} {
		if told := add(x.id, x.cause, x.why, now.Add(x.after)); told != x.want {
			t.Errorf("%+v is told of %d times", x, told)
		}
	}
}
