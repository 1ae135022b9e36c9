package remedy_test

import (
	"testing"
	"time"

	"gnista"
	"gnista/fault"
	"gnista/fault/remedy"
	"gnista/store/storetest"
)

// begun is a world whose remedies are on.
func begun(t *testing.T) (*world, *charger) {
	t.Helper()
	w := newWorld(t, storetest.Open(t), "W", t.Fatalf)
	must[remedy.Modes](t)(w.remedies.SetModes(t.Context(), remedy.Modes{Default: remedy.On}))
	return w, w.chargers[0]
}

// A station that may not be sent anything now is asked again later, and not at once again and again.
func TestHeld(t *testing.T) {
	w, c := begun(t)
	c.held = true
	w.breaks(c, 0, string(fault.CallService))
	w.work()
	w.now = w.now.Add(time.Minute)
	w.work()
	if c.asked != 1 {
		t.Errorf("it was tried %d times at once", c.asked)
	}
	c.held = false
	w.pass(5 * time.Minute)
	if len(w.sent) == 0 {
		t.Error("it was not tried again")
	}
}

// A fault that comes back while its run is looked at as over is not left without one.
func TestComesBackMeanwhile(t *testing.T) {
	w, c := begun(t)
	w.breaks(c, 0, string(fault.CallService))
	w.work()
	w.now = w.now.Add(time.Minute)
	w.work()
	w.mend(t.Context(), c, 0)
	w.meanwhile = func() {
		w.breaks(c, 0, string(fault.CallService))
		w.work()
	}
	w.work()
	if live := w.runs(t.Context(), true); w.meanwhile != nil || len(live) != 1 {
		t.Errorf("the fault is open and has %d runs", len(live))
	}
}

// A run that rests, as its fault is shelved, goes on when another fault joins it.
func TestJoinsShelved(t *testing.T) {
	w, c := begun(t)
	w.breaks(c, 0, string(fault.CallService))
	w.work()
	f := must[[]fault.Fault](t)(w.db.Faults(t.Context(), fault.Filter{State: fault.IsOpen, Station: c.id, Limit: 1}))[0]
	must[fault.Fault](t)(w.faults.Shelve(t.Context(), f.ID, w.now.Add(100*time.Hour), fault.Said{By: "Kim", Why: "not now"}))
	w.now = w.now.Add(time.Minute)
	w.work()
	if r := w.runs(t.Context(), true)[0]; r.State != remedy.Paused {
		t.Fatalf("it is %s", r.State)
	}
	w.now = w.now.Add(time.Minute)
	r := fault.Report{Key: fault.Key{Source: "other", Code: string(fault.CallService)}, Station: c.id, EVSE: gnista.EVSE{ID: 1, Connector: 1}, Way: fault.ByStatus, At: w.now}
	if err := w.faults.Report(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	w.work()
	if live := w.runs(t.Context(), true); len(live) != 1 || live[0].State != remedy.Running || len(live[0].Faults) != 2 {
		t.Errorf("the runs: %+v", live)
	}
}

// Where nobody divides the power a step that lowers it says so.
func TestNobodyDivides(t *testing.T) {
	for divided, want := range map[bool]remedy.StepState{true: remedy.Watching, false: remedy.Refused} {
		w, c := begun(t)
		w.divided = divided
		w.breaks(c, 0, string(fault.LowerPower))
		w.work()
		w.now = w.now.Add(time.Minute)
		w.work()
		if x := w.runs(t.Context(), true)[0].Records[0]; x.State != want || w.lowered != 1 {
			t.Errorf("divided %v: %+v", divided, x)
		}
	}
}
