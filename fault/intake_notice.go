package fault

import (
	"context"
	"slices"
	"strings"
	"time"

	"gnista"
)

// notice is an event of the device model.
type notice struct {
	Component string    `json:"component"`
	Variable  string    `json:"variable"`
	Value     string    `json:"value"`
	Trigger   string    `json:"trigger"`
	EVSE      int       `json:"evse"`
	Connector int       `json:"connector"`
	Cleared   bool      `json:"cleared"`
	TechCode  string    `json:"techCode"`
	TechInfo  string    `json:"techInfo"`
	Severity  int       `json:"severity"`
	EventID   int       `json:"eventId"`
	CauseID   *int      `json:"causeId"`
	At        time.Time `json:"at"`
}

// grades are the severities of OCPP 2.1, from 0 to 9.
var grades = []Severity{Critical, High, High, High, Medium, Medium, Low, Info, Info, Info}

// longAgo is how old an event may be by the station's clock before that is not believed.
const longAgo = 90 * 24 * time.Hour

// notice takes in an event of the device model. A variable is faulty until an event says that it is cleared, or has
// a value that says so. (OCPP 2.x N07, G05)
func (in *Intake) notice(ctx context.Context, ev gnista.Event) error {
	n := notice{Severity: -1}
	if !read(ev, &n) {
		return nil
	}
	if n.Component == "Connector" && n.Variable == "AvailabilityState" && nothing(codeOf(n.TechCode)) {
		return nil // that is the status of a connector
	}
	maker, err := in.maker(ctx, ev.Station)
	if err != nil {
		return err
	}
	at := n.At
	if at.After(ev.At) || at.Before(ev.At.Add(-longAgo)) {
		at = ev.At
	}
	r := Report{
		Station: ev.Station, EVSE: gnista.EVSE{ID: n.EVSE, Connector: n.Connector}, Way: ByNotice, At: at, Seq: ev.Seq,
		Raw: Raw{VendorCode: n.TechCode, Info: n.TechInfo, Component: n.Component, Variable: n.Variable, Value: n.Value},
	}
	r.Key = in.Faults.Catalogue.KeyOf(maker, r.Raw)
	e := in.Faults.Catalogue.Find(r.Key, r.Raw)
	over := n.Cleared || e.Over(n.Value) || !e.Known && e.Value == "" && untrue(n.Value)
	if was, err := in.variable(ctx, r, over); err != nil || !over && !was && !n.isFault(e) {
		return err // a measurement and the like, as most are
	}
	if !over && n.isFault(e) {
		if n.Severity >= 0 && n.Severity < len(grades) {
			r.Severity = grades[n.Severity]
		}
		r.Facts = map[string]any{factEvent: n.EventID}
		if n.CauseID != nil {
			r.Facts[factCause] = *n.CauseID
		}
		if err := in.Faults.Report(ctx, r); err != nil {
			return err
		}
	}
	return in.weigh(ctx, ev)
}

// isFault tells whether an event that is not cleared is about a fault: what the catalogue says is one, what has a
// technical code, and what a monitor found to be out of bounds.
func (n notice) isFault(e Entry) bool {
	switch {
	case e.NoFault:
		return false
	case e.Known, e.Like.Source == OCPP2, !nothing(codeOf(n.TechCode)):
		return true
	}
	return n.Trigger == "Alerting"
}

func untrue(value string) bool {
	v := strings.ToLower(strings.TrimSpace(value))
	return v == "false" || v == "0"
}

// variable clears what a variable was faulty with: all of it where the event says that it is over, or else what
// goes with another value of it. It tells whether anything was.
func (in *Intake) variable(ctx context.Context, r Report, over bool) (was bool, err error) {
	list, err := in.Faults.open(ctx, r.Station)
	if err != nil {
		return false, err
	}
	name := variableOf(r.Raw)
	if over {
		list = slices.DeleteFunc(list, func(x Fault) bool { return x.Way != ByNotice || x.EVSE != r.EVSE || variableOf(x.Raw) != name })
		if i := slices.IndexFunc(list, func(x Fault) bool { return x.Key == r.Key }); i >= 0 && !nothing(codeOf(r.Raw.VendorCode)) {
			list = list[i : i+1] // one of several codes
		}
		if len(list) == 0 { // it may come before what it clears
			r.Cleared = true
			return false, in.Faults.Report(ctx, r)
		}
	} else {
		list = slices.DeleteFunc(list, func(x Fault) bool {
			return x.Way != ByNotice || x.EVSE != r.EVSE || x.Key == r.Key || variableOf(x.Raw) != name || !strings.HasSuffix(x.Key.Code, "="+codeOf(x.Raw.Value))
		})
	}
	for _, x := range list {
		c := r
		c.Key, c.Cleared = x.Key, true
		if err := in.Faults.Report(ctx, c); err != nil {
			return true, err
		}
	}
	return len(list) > 0, nil
}

func variableOf(raw Raw) string { return codeOf(raw.Component) + "." + codeOf(raw.Variable) }
