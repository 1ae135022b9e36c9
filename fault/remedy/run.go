package remedy

import (
	"context"
	"slices"
	"time"

	"gnista"
	"gnista/fault"
)

// Mode is how far remedies go.
type Mode string

// The modes.
const (
	Off    Mode = "off"     // nothing is tried
	DryRun Mode = "dry-run" // it is told what would be done
	On     Mode = "on"
)

// State is how far a run is.
type State string

// The states. The last four are final.
const (
	Running    State = "running"
	Paused     State = "paused"      // by a person, or because its faults are shelved
	Helped     State = "helped"      // the fault is over, and the step before had a part in it
	Over       State = "over"        // the fault is over without our doing
	HandedOver State = "handed-over" // a person has it
	Cancelled  State = "cancelled"   // a person has ended it, or remedies were turned off
)

// Ended tells whether nothing more comes of it.
func (s State) Ended() bool { return s != Running && s != Paused }

// Run is a ladder that is climbed for the faults of one place.
type Run struct {
	ID        string
	Class     fault.Class
	Station   gnista.StationID // empty for a site
	Site      string
	EVSE      int // 0 is the station, or the site
	Connector int
	Model     string    // of the station, with its vendor, for statistics
	Faults    []string  // ids; the first is the one that it was begun for
	Mode      Mode      // On or DryRun
	By        string    // who began it; empty for a rule
	Why       string    // what they said
	Steps     []Step    // of the ladder as it was when it began
	At        int       // number of the step whose turn it is, from 0
	Hurry     bool      // a person wants that step now: hours and cool-down do not matter
	State     State     //
	Reason    Reason    // why it is in that state
	DueAt     time.Time // when it is looked at next; zero is never
	StartedAt time.Time //
	EndedAt   time.Time // zero before
	Records   []Record  // of its steps, in the order of time
}

// StepState is how far a step is.
type StepState string

// The states of steps. The last six are final.
const (
	Waiting  StepState = "waiting"  // it may not be done yet
	Sending  StepState = "sending"  // it is being done
	Watching StepState = "watching" // it is done, and whether it helps is waited for
	DidHelp  StepState = "helped"
	NoHelp   StepState = "no-help"
	Refused  StepState = "refused" // the station will not or cannot
	Skipped  StepState = "skipped" // it could not be done in time, or a person passed over it
	Dropped  StepState = "dropped" // the fault was over, or the run was ended, before its turn
	Done     StepState = "done"    // it was handed over
)

// Record is a step of a run: that it waits, was done, or was passed over, and why.
type Record struct {
	N       int // within the run, from 0
	Step    int // of the ladder, from 0
	Do      Action
	State   StepState
	Dry     bool // it would have been done
	Guards  []Verdict
	Reason  Reason
	Command string // id of the order that was given; empty is none
	Since   time.Time
	ActedAt time.Time // when it was kept that it is done now; zero before
	Until   time.Time // when its time to help is over
	EndedAt time.Time // zero before
}

// Verdict is what a guard says of a step.
type Verdict struct {
	Guard  string `json:"guard"`
	Met    bool   `json:"met"`
	Reason Reason `json:"reason,omitzero"` // of one that is not met
}

// current is the record of the step whose turn it is; nil before there is one.
func (r *Run) current() *Record {
	if n := len(r.Records); n > 0 && r.Records[n-1].Step == r.At && r.Records[n-1].EndedAt.IsZero() {
		return &r.Records[n-1]
	}
	return nil
}

// acted is the last record of what was done; nil is none.
func (r *Run) acted() *Record {
	for i := range slices.Backward(r.Records) {
		if !r.Records[i].ActedAt.IsZero() && r.Records[i].State != Refused {
			return &r.Records[i]
		}
	}
	return nil
}

// end ends a run and the step that waits or is watched.
func (r *Run) end(s State, why Reason, now time.Time) {
	if x := r.current(); x != nil {
		if x.EndedAt = now; x.ActedAt.IsZero() {
			x.State = Dropped
		} else {
			x.State = NoHelp
		}
	}
	r.State, r.Reason, r.EndedAt, r.DueAt = s, why, now, time.Time{}
}

// next passes on from the step whose turn it is.
func (r *Run) next(x *Record, s StepState, why Reason, now time.Time) {
	x.State, x.EndedAt = s, now
	if why.Code != "" {
		x.Reason = why
	}
	r.At++
	r.DueAt, r.Hurry = now, false
}

// Hint is what drivers at the place are to be shown, by language; nil is nothing. A dry run shows nothing.
func (r *Run) Hint() map[fault.Language]string {
	if r.State.Ended() || r.Mode != On {
		return nil
	}
	for _, x := range slices.Backward(r.Records) {
		if x.Do == TellDriver && !x.ActedAt.IsZero() && x.Step < len(r.Steps) {
			return r.Steps[x.Step].Text
		}
	}
	return nil
}

// Filter selects runs for a list.
type Filter struct {
	State   State // empty is any
	Live    bool  // only those that have not ended
	Class   fault.Class
	Station gnista.StationID
	Site    string
	Fault   string
	Before  string // only those begun before the one with this id: the next page
	Limit   int
}

// Statistic is how often a step of a class helped at a make of stations.
type Statistic struct {
	Class   fault.Class `json:"class"`
	Do      Action      `json:"step" doc:"The action of the step"`
	Model   string      `json:"model,omitempty" doc:"Vendor and model of the stations"`
	Done    int         `json:"done" doc:"How often it was done, or in dry runs would have been"`
	Helped  int         `json:"helped" doc:"How often the fault was over after it"`
	NoHelp  int         `json:"noHelp"`
	Refused int         `json:"refused" doc:"How often the station would not or could not"`
	Skipped int         `json:"skipped" doc:"How often it could not be done in time, or a person passed over it"`
	Dry     int         `json:"dry" doc:"How many of all these were in dry runs"`
}

// Store keeps runs, ladders and modes. Each method is one SQL transaction.
type Store interface {
	// BeginRemedy keeps a run, unless its first fault has one that has not ended or there is one of its class
	// at its place: the fault joins that then. It returns the run that the fault has, and whether it is new.
	BeginRemedy(ctx context.Context, r Run, ev gnista.Event) (Run, bool, error)
	// Remedy finds a run. NotFound.
	Remedy(ctx context.Context, id string) (Run, error)
	// LiveRemedy finds the run of a fault that has not ended. NotFound.
	LiveRemedy(ctx context.Context, fault string) (Run, error)
	// Remedies lists runs, the newest first.
	Remedies(ctx context.Context, f Filter) ([]Run, error)
	// DueRemedies lists the ids of runs that have not ended and are to be looked at by now.
	DueRemedies(ctx context.Context, now time.Time, limit int) ([]string, error)
	// ChangeRemedy changes a run and its records; change may be run again. Changes of runs of one station run
	// one after the other. NotFound.
	ChangeRemedy(ctx context.Context, station gnista.StationID, id string, change func(*Run, Past) ([]gnista.Event, error)) (Run, error)
	// RemedyStatistics counts the steps of runs begun since.
	RemedyStatistics(ctx context.Context, class fault.Class, since time.Time) ([]Statistic, error)
	// PruneRemedies deletes runs that ended before a time, some in one go, and tells how many.
	PruneRemedies(ctx context.Context, before time.Time) (int, error)
	// Upkeep tells what is done to a station so that it must be left alone; empty is nothing.
	Upkeep(ctx context.Context, id gnista.StationID) (string, error)

	// RemedyLadders lists the operator's own.
	RemedyLadders(ctx context.Context) ([]Ladder, error)
	SetRemedyLadder(ctx context.Context, l Ladder, ev gnista.Event) error
	// DeleteRemedyLadder removes one of the operator's own. NotFound.
	DeleteRemedyLadder(ctx context.Context, class fault.Class, ev gnista.Event) error

	RemedyModes(ctx context.Context) (Modes, error)
	SetRemedyModes(ctx context.Context, m Modes, ev gnista.Event) error
}

// Past is what was done at a station before, within a change of one of its runs.
type Past interface {
	// Done lists when one of the actions was done by runs in a mode since a time, the latest first: at an
	// EVSE of a station, or anywhere there with -1.
	Done(r *Run, evse int, actions []Action, since time.Time) ([]time.Time, error)
	// Disturbed is the id of another run that does one of the actions at the station now, or waits for what comes
	// of it; empty is none.
	Disturbed(r *Run, actions []Action) (string, error)
}
