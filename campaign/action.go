package campaign

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"gnista"
	"gnista/station"
)

// Action is something that can be applied to many stations. Its errors are those of orders: Offline
// and Conflict are tried again, Timeout is unknown, everything else has failed.
type Action interface {
	// Check finds what is wrong with what it is told. Invalid.
	Check(ctx context.Context, args json.RawMessage) error
	// Plan says in words what Apply would do to a station.
	Plan(ctx context.Context, id gnista.StationID, args json.RawMessage) (string, error)
	// Apply applies it to a station.
	Apply(ctx context.Context, id gnista.StationID, args json.RawMessage) (Result, error)
	// Repeatable tells whether it may be applied again where nobody knows whether it was.
	Repeatable() bool
}

// Result is what became of applying an action.
type Result struct {
	State   MemberState // Agreed, Happened, Failed or Unknown
	Detail  string
	Command string // where it is Agreed, id of the command whose outcome tells the rest
}

// read reads what an action is told, and nothing else.
func read(args json.RawMessage, into any) error {
	if len(args) == 0 {
		args = json.RawMessage("{}")
	}
	d := json.NewDecoder(bytes.NewReader(args))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return gnista.Invalidf("args", "%v", err)
	}
	return nil
}

// Settings writes settings: those of a template, of each station's own one, or a list.
type Settings struct{ Network *station.Network }

type settingsArgs struct {
	Template string           `json:"template"` // id; empty without a list is the station's own one
	Settings []station.Wanted `json:"settings"`
}

func (a Settings) args(ctx context.Context, args json.RawMessage) (x settingsArgs, err error) {
	if err := read(args, &x); err != nil {
		return x, err
	}
	if x.Template != "" {
		if len(x.Settings) > 0 {
			return x, gnista.Invalidf("args", "has both a template and settings")
		}
		t, err := a.Network.Settings.Template(ctx, x.Template)
		if err != nil {
			return x, gnista.Invalidf("args.template", "%v", err)
		}
		x.Settings = t.Settings
	}
	if err := station.CheckWanted(x.Settings); err != nil {
		return x, gnista.Invalidf("args", "%v", err)
	}
	return x, nil
}

// Check finds what is wrong with the settings. Invalid.
func (a Settings) Check(ctx context.Context, args json.RawMessage) error {
	_, err := a.args(ctx, args)
	return err
}

// list is what is written to a station: what its version has of it.
func (a Settings) list(ctx context.Context, id gnista.StationID, args json.RawMessage, onlyOther bool) ([]station.Setting, error) {
	x, err := a.args(ctx, args)
	if err != nil {
		return nil, err
	}
	if x.Template == "" && len(x.Settings) == 0 {
		s, err := a.Network.Store.Station(ctx, id)
		if err != nil {
			return nil, err
		}
		t, err := a.Network.TemplateOf(ctx, s)
		if err != nil {
			return nil, err
		}
		x.Settings = t.Settings
	}
	return a.Network.Applicable(ctx, id, x.Settings, onlyOther)
}

// Plan says which settings would be written.
func (a Settings) Plan(ctx context.Context, id gnista.StationID, args json.RawMessage) (string, error) {
	list, err := a.list(ctx, id, args, true)
	if err != nil || len(list) == 0 {
		return "nothing to write", err
	}
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = fmt.Sprintf("%s = %q", s.Name, s.Value)
	}
	return strings.Join(words, ", "), nil
}

// Apply writes the settings. It has happened where the station has accepted all of them.
func (a Settings) Apply(ctx context.Context, id gnista.StationID, args json.RawMessage) (Result, error) {
	list, err := a.list(ctx, id, args, false)
	if err != nil || len(list) == 0 {
		return Result{State: Happened, Detail: "nothing to write"}, err
	}
	done, err := a.Network.Write(ctx, id, station.Writing{List: list})
	if err != nil {
		return Result{}, err
	}
	r := Result{State: Happened}
	var not []string
	for _, w := range done {
		switch w.Status {
		case station.Done, station.Unchanged:
		case station.NeedsReboot:
			r.Detail = "the station must restart"
		case station.Unanswered:
			r.State = Unknown
			not = append(not, fmt.Sprintf("%s: no answer", w.Asked))
		default:
			not = append(not, fmt.Sprintf("%s: %s", w.Asked, w.Status))
		}
	}
	if len(not) > 0 {
		r.Detail = strings.Join(not, ", ")
		if r.State != Unknown {
			r.State = Failed
		}
	}
	return r, nil
}

// Repeatable is true: writing a setting twice is writing it once.
func (Settings) Repeatable() bool { return true }

// Reading has stations report all their settings.
type Reading struct{ Network *station.Network }

// Check finds whether it is told anything, which it does not need. Invalid.
func (Reading) Check(_ context.Context, args json.RawMessage) error { return read(args, &struct{}{}) }

// Plan says what is read.
func (Reading) Plan(context.Context, gnista.StationID, json.RawMessage) (string, error) {
	return "read all settings", nil
}

// Apply reads all settings and waits until the report is complete.
func (a Reading) Apply(ctx context.Context, id gnista.StationID, _ json.RawMessage) (Result, error) {
	r, err := a.Network.ReadAll(ctx, id)
	return Result{State: Happened, Detail: fmt.Sprintf("%d settings", r.Variables)}, err
}

// Repeatable is true.
func (Reading) Repeatable() bool { return true }

// Telling is an action that gives stations an order of one kind, made of what it is told by Read.
type Telling[O station.Order[station.Answer]] struct {
	Network *station.Network
	Read    func(args json.RawMessage) (O, error) // Invalid
	Again   bool                                  // whether it may be given twice
}

// Check finds what is wrong with the order. Invalid.
func (a Telling[O]) Check(_ context.Context, args json.RawMessage) error {
	o, err := a.Read(args)
	if c, ok := any(o).(station.Checked); ok && err == nil {
		err = c.Check()
	}
	return err
}

// Plan says what the station would be told.
func (a Telling[O]) Plan(_ context.Context, _ gnista.StationID, args json.RawMessage) (string, error) {
	o, err := a.Read(args)
	if err != nil {
		return "", err
	}
	told := o.Told()
	return strings.TrimSpace(told.Kind + " " + told.Note), nil
}

// Apply gives the order.
func (a Telling[O]) Apply(ctx context.Context, id gnista.StationID, args json.RawMessage) (Result, error) {
	o, err := a.Read(args)
	if err != nil {
		return Result{}, err
	}
	answer, err := station.Give(ctx, a.Network, id, station.Order[station.Answer](o))
	return Said(answer), err
}

// Repeatable tells whether the order may be given twice.
func (a Telling[O]) Repeatable() bool { return a.Again }

// Reset is the action that restarts stations.
func Reset(n *station.Network) Action {
	return Telling[station.Reset]{Network: n, Read: func(args json.RawMessage) (station.Reset, error) {
		var x struct {
			Type string `json:"type"`
		}
		err := read(args, &x)
		if err == nil && x.Type != "" && x.Type != "soft" && x.Type != "hard" {
			err = gnista.Invalidf("args.type", "is not soft or hard")
		}
		return station.Reset{Hard: x.Type == "hard"}, err
	}}
}

// Availability is the action that takes whole stations in or out of service.
func Availability(n *station.Network) Action {
	return Telling[station.SetAvailability]{Network: n, Again: true, Read: func(args json.RawMessage) (station.SetAvailability, error) {
		var x struct {
			Operative *bool `json:"operative"`
		}
		err := read(args, &x)
		if err == nil && x.Operative == nil {
			err = gnista.Invalidf("args.operative", "is missing: true or false")
		}
		if err != nil {
			return station.SetAvailability{}, err
		}
		return station.SetAvailability{Operative: *x.Operative}, nil
	}}
}

// Trigger is the action that asks stations to send a message.
func Trigger(n *station.Network) Action {
	return Telling[station.Ask]{Network: n, Again: true, Read: func(args json.RawMessage) (station.Ask, error) {
		var x struct {
			Message station.Trigger `json:"message"`
		}
		err := read(args, &x)
		return station.Ask{For: x.Message}, err
	}}
}

// Nothing finds whether an action is told anything that it does not need. Invalid.
func Nothing(args json.RawMessage) error { return read(args, &struct{}{}) }

// Doing is an action made of a function, which is told an A.
type Doing[A any] struct {
	Words string // for what is done
	Judge func(A) error
	Do    func(ctx context.Context, id gnista.StationID, args A) (Result, error)
	Again bool // whether it may be done twice
}

// Check finds what is wrong with what it is told. Invalid.
func (a Doing[A]) Check(_ context.Context, args json.RawMessage) error {
	var x A
	err := read(args, &x)
	if err == nil && a.Judge != nil {
		err = a.Judge(x)
	}
	return err
}

// Plan says what is done.
func (a Doing[A]) Plan(context.Context, gnista.StationID, json.RawMessage) (string, error) {
	return a.Words, nil
}

// Apply does it.
func (a Doing[A]) Apply(ctx context.Context, id gnista.StationID, args json.RawMessage) (Result, error) {
	var x A
	if err := read(args, &x); err != nil {
		return Result{}, err
	}
	return a.Do(ctx, id, x)
}

// Repeatable tells whether it may be done twice.
func (a Doing[A]) Repeatable() bool { return a.Again }

// Said is the result of an order that was given.
func Said(a station.Answer) Result {
	return Result{State: ended(a.Outcome), Detail: a.Detail, Command: a.Command}
}
