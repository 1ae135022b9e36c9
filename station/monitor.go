package station

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gnista"
)

// MonitorKind is what a monitor watches for.
type MonitorKind string

// The kinds.
const (
	AboveThreshold  MonitorKind = "above"
	BelowThreshold  MonitorKind = "below"
	Delta           MonitorKind = "delta"
	Periodic        MonitorKind = "periodic" // the value is in seconds
	PeriodicAligned MonitorKind = "periodic-aligned"
	TargetDelta     MonitorKind = "target-delta" // OCPP 2.1, as the next one
	TargetRelative  MonitorKind = "target-delta-relative"
)

// Monitor is a rule on a station by which it tells of a variable (OCPP 2.x).
type Monitor struct {
	ID          int    // the station's; 0 for a new one
	Variable    string // as the name of a [Setting]
	Kind        MonitorKind
	Value       string // a decimal number
	Severity    int    // 0 (danger) to 9 (debug)
	Transaction bool   // only during a transaction
	Origin      string // hard-wired, preconfigured or custom; empty where the station does not say
	Interval    int    // of a stream that the values come in, in seconds; 0 is none (OCPP 2.1)
	Values      int    // of a stream: the most values of one message; 0 is none
	ReportedAt  time.Time
}

func (m Monitor) check(field string) error {
	switch m.Kind {
	case AboveThreshold, BelowThreshold, Delta, Periodic, PeriodicAligned, TargetDelta, TargetRelative:
	default:
		return gnista.Invalidf(field+".kind", "%q is no kind of monitor", m.Kind)
	}
	if !strings.Contains(m.Variable, ".") {
		return gnista.Invalidf(field+".variable", "%q is not Component.Variable", m.Variable)
	}
	v, err := strconv.ParseFloat(m.Value, 64)
	if err != nil || v-v != 0 { // no number, or no finite one
		return gnista.Invalidf(field+".value", "%q is not a number", m.Value)
	}
	if m.Kind == Delta && v < 0 { // OCPP 2.x N04.FR.16
		return gnista.Invalidf(field+".value", "of a delta is negative")
	}
	if m.Severity < 0 || m.Severity > 9 {
		return gnista.Invalidf(field+".severity", "is not 0 to 9")
	}
	return nil
}

// MonitorResult is what became of setting or clearing a monitor.
type MonitorResult struct {
	Monitor
	Answer
}

const maxMonitors = 100 // in one order, well below what a frame can hold

// SetMonitors sets monitors on a station; one with an ID replaces that one. (OCPP 2.x N04)
type SetMonitors struct{ List []Monitor }

func (SetMonitors) Answers() (list []MonitorResult) { return list }

func (o SetMonitors) Told() Told {
	names := make([]string, len(o.List))
	for i, m := range o.List {
		names[i] = m.Variable
	}
	return Told{Kind: "set-monitors", Note: noted(names)}
}

// Check finds what is wrong with the monitors.
func (o SetMonitors) Check() error {
	if n := len(o.List); n == 0 || n > maxMonitors {
		return gnista.Invalidf("monitors", "must have 1 to %d items", maxMonitors)
	}
	for i, m := range o.List {
		if err := m.check(fmt.Sprintf("monitors[%d]", i)); err != nil {
			return err
		}
	}
	return nil
}

// ClearMonitors removes monitors from a station. (OCPP 2.x N06)
type ClearMonitors struct{ IDs []int }

func (ClearMonitors) Answers() (list []MonitorResult) { return list }
func (o ClearMonitors) Told() Told {
	return Told{Kind: "clear-monitors", Note: fmt.Sprint(o.IDs)}
}

// Check finds what is wrong with the list.
func (o ClearMonitors) Check() error {
	if n := len(o.IDs); n == 0 || n > maxMonitors {
		return gnista.Invalidf("ids", "must have 1 to %d items", maxMonitors)
	}
	return nil
}

// MonitorBase is a set of monitors that a station goes back to.
type MonitorBase string

// The sets.
const (
	AllMonitors     MonitorBase = "all"
	FactoryMonitors MonitorBase = "factory-default"
	HardWired       MonitorBase = "hard-wired-only"
)

// SetMonitorBase goes back to a set of monitors. (OCPP 2.x N03)
type SetMonitorBase struct{ Base MonitorBase }

func (SetMonitorBase) Answers() (a Answer) { return a }
func (o SetMonitorBase) Told() Told        { return Told{Kind: "monitoring-base", Note: string(o.Base)} }

// Check finds a set that is none.
func (o SetMonitorBase) Check() error {
	switch o.Base {
	case AllMonitors, FactoryMonitors, HardWired:
		return nil
	}
	return gnista.Invalidf("base", "%q is not all, factory-default or hard-wired-only", o.Base)
}

// SetMonitorLevel has a station tell only of what is as severe, or more. (OCPP 2.x N05)
type SetMonitorLevel struct{ Severity int }

func (SetMonitorLevel) Answers() (a Answer) { return a }
func (o SetMonitorLevel) Told() Told {
	return Told{Kind: "monitoring-level", Note: strconv.Itoa(o.Severity)}
}

// Check finds a level that is none.
func (o SetMonitorLevel) Check() error {
	if o.Severity < 0 || o.Severity > 9 {
		return gnista.Invalidf("severity", "is not 0 to 9")
	}
	return nil
}

// What versions send at most around the texts of a monitor that is set, for one that is cleared, and
// around all of them.
const (
	monitorBytes  = 400
	clearedBytes  = 12
	monitorsBytes = 100
)

// portions cuts a list into runs of so many items and bytes at most. An item that is too large by itself
// is a run of its own.
func portions[T any](list []T, items, most int, bytes func(T) int) (runs [][]T) {
	from, sum := 0, monitorsBytes
	for i, x := range list {
		n := bytes(x)
		if i > from && (i-from >= items || sum+n > most) {
			runs = append(runs, list[from:i])
			from, sum = i, monitorsBytes
		}
		sum += n
	}
	return append(runs, list[from:])
}

// ReadMonitors asks a station for its monitors, which it then reports: all of them, or those of some
// kinds or of some variables. (OCPP 2.x N02)
type ReadMonitors struct {
	Number    int
	Kinds     []MonitorKind // AboveThreshold stands for both thresholds, Periodic for both periods, Delta also for those from a target
	Variables []string      // or components, of which it is all variables
}

func (ReadMonitors) Answers() (a Answer) { return a }

func (o ReadMonitors) Told() Told {
	return Told{Kind: "read-monitors", Note: noted(o.Variables), Effect: effectMonitors(o.Number, len(o.Kinds)+len(o.Variables) == 0)}
}

func effectMonitors(number int, all bool) string { return fmt.Sprintf("monitors %d %t", number, all) }

// MonitorStore keeps what stations report of their monitors, and the numbers of requests for that.
type MonitorStore interface {
	// NextRequest is a number that no request to a station has had.
	NextRequest(ctx context.Context) (int, error)
	// PutMonitors stores monitors over those with the same ids, as long as there are not more than most.
	PutMonitors(ctx context.Context, id gnista.StationID, list []Monitor, most int) error
	// DeleteMonitors forgets monitors: those with the ids, or where there are none those that were not
	// reported since.
	DeleteMonitors(ctx context.Context, id gnista.StationID, ids []int, since time.Time) error
	// Monitors lists the monitors of a station in the order of their ids.
	Monitors(ctx context.Context, id gnista.StationID) ([]Monitor, error)
}

// keptMonitors is the most monitors that are kept of one station; real ones have tens.
const keptMonitors = 5000

// SetMonitorsOn sets monitors, in as many messages as the station needs, and keeps those that it
// takes. (OCPP 2.x N04.FR.09)
func (n *Network) SetMonitorsOn(ctx context.Context, id gnista.StationID, list []Monitor) (results []MonitorResult, _ error) {
	if err := (SetMonitors{list}).Check(); err != nil {
		return nil, err
	}
	told, err := n.Variables(ctx, id)
	if err != nil {
		return nil, err
	}
	items, bytes := limits(told, "MonitoringCtrlr", "SetVariableMonitoring")
	for _, run := range portions(list, items, bytes, func(m Monitor) int { return monitorBytes + len(m.Variable) }) {
		said, err := Give(ctx, n, id, SetMonitors{run})
		if err != nil {
			return nil, err
		}
		var taken []Monitor
		for i, r := range said {
			if r.Status == Done && r.ID != 0 {
				m := r.Monitor
				if i < len(run) { // results come in the order of the requests, where all is well
					m.Transaction, m.Interval, m.Values = run[i].Transaction, run[i].Interval, run[i].Values
				}
				m.Origin, m.ReportedAt = "custom", n.Now()
				taken = append(taken, m)
			}
		}
		if err := n.Monitors.PutMonitors(ctx, id, taken, keptMonitors); err != nil {
			return nil, err
		}
		results = append(results, said...)
	}
	return results, nil
}

// ClearMonitorsOn removes monitors, in as many messages as the station needs, and forgets those that it
// lets go of, or does not know. (OCPP 2.x N06.FR.04)
func (n *Network) ClearMonitorsOn(ctx context.Context, id gnista.StationID, ids []int) (results []MonitorResult, _ error) {
	if err := (ClearMonitors{ids}).Check(); err != nil {
		return nil, err
	}
	told, err := n.Variables(ctx, id)
	if err != nil {
		return nil, err
	}
	items, bytes := limits(told, "MonitoringCtrlr", "ClearVariableMonitoring")
	for _, run := range portions(ids, items, bytes, func(int) int { return clearedBytes }) {
		said, err := Give(ctx, n, id, ClearMonitors{run})
		if err != nil {
			return nil, err
		}
		var gone []int
		for _, r := range said {
			if r.Status == Done || r.Status == NotKnown {
				gone = append(gone, r.ID)
			}
		}
		if len(gone) > 0 {
			if err := n.Monitors.DeleteMonitors(ctx, id, gone, time.Time{}); err != nil {
				return nil, err
			}
		}
		results = append(results, said...)
	}
	return results, nil
}

// ReadMonitorsOf asks a station for its monitors.
func (n *Network) ReadMonitorsOf(ctx context.Context, id gnista.StationID, o ReadMonitors) (Answer, error) {
	number, err := n.Monitors.NextRequest(ctx)
	if err != nil {
		return Answer{}, err
	}
	o.Number = number
	return Give(ctx, n, id, o)
}

// ReportMonitors takes in a page of a report on monitors. (OCPP 2.x N02.FR.03)
func (n *Network) ReportMonitors(ctx context.Context, id gnista.StationID, number int, last bool, list []Monitor) error {
	for i := range list {
		list[i].ReportedAt = n.Now()
		shorten(&list[i].Variable, maxListText)
	}
	if err := n.Monitors.PutMonitors(ctx, id, list, keptMonitors); err != nil || !last {
		return err
	}
	ended, err := n.settle(ctx, id, Happened, "the station has reported", effectMonitors(number, true), effectMonitors(number, false))
	if err != nil {
		return err
	}
	for _, c := range ended {
		if c.Effect == effectMonitors(number, true) { // what it has not reported since is not there any more
			if err := n.Monitors.DeleteMonitors(ctx, id, nil, c.At); err != nil {
				return err
			}
		}
	}
	return nil
}
