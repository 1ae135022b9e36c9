package station

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gnista"
)

// Setting is a setting in an order, by the name that [Variable.Setting] gives it.
type Setting struct {
	Name      string
	Attribute string // empty is Actual
	Value     string
	ReadOnly  bool
	Status    AnswerStatus // what became of reading or writing it
	Detail    string
}

// ReadSettings reads settings of a station; without names all of them, where the version can.
// (OCPP 1.6 §5.8, OCPP 2.x B06)
type ReadSettings struct{ Names []string }

func (ReadSettings) Answers() (list []Setting) { return list }
func (o ReadSettings) Told() Told {
	return Told{Kind: "read-settings", Note: noted(o.Names)}
}

// Adapt refuses to read what the station cannot bear to be asked for (quirk Q19).
func (o ReadSettings) Adapt(a Adaptations) (any, error) {
	if len(a.NeverRead) == 0 {
		return o, nil
	}
	if len(o.Names) == 0 {
		return nil, gnista.Errorf(gnista.Unsupported, "this station must not be asked for %s, so name the settings to be read (quirk Q19, adaptation neverRead)", noted(a.NeverRead))
	}
	for _, name := range o.Names {
		if slices.ContainsFunc(a.NeverRead, func(n string) bool { return strings.EqualFold(n, name) }) {
			return nil, gnista.Errorf(gnista.Unsupported, "%s is never read from this station: it would restart (quirk Q19, adaptation neverRead)", name)
		}
	}
	return o, nil
}

// WriteSettings writes settings of a station. (OCPP 1.6 §5.3, OCPP 2.x B05)
type WriteSettings struct{ List []Setting }

func (WriteSettings) Answers() (list []Setting) { return list }

func (o WriteSettings) Told() Told {
	names := make([]string, len(o.List)) // a value may be a password
	for i, k := range o.List {
		names[i] = k.Name
	}
	return Told{Kind: "write-settings", Note: noted(names)}
}

func (o WriteSettings) Check() error {
	if len(o.List) == 0 {
		return gnista.Invalidf("settings", "is empty")
	}
	return nil
}

// VariableFilter says which variables of a station to list. Texts are compared without regard to capitals.
type VariableFilter struct {
	Component string // only of this one
	Name      string // only those with this in their name
	Writable  bool   // only what can be written
	After     *Variable
	Limit     int
}

// Inventory is what is known of a station's settings as a whole.
type Inventory struct {
	Template string    // id of the template that the operator gave it; empty where match decides
	ReadAt   time.Time // of the last report of all settings that was complete; zero when there was none
	Version  gnista.Version
	Firmware string // both as they were then
	Count    int    // of variables
	Stale    bool   // there may be variables that the station no longer has
	Drift    string // names of the settings that are not as the template wants them
}

// SettingStore keeps what stations tell of their settings, and what is wanted of them.
type SettingStore interface {
	// Variables lists variables of a station in order.
	Variables(ctx context.Context, id gnista.StationID, f VariableFilter) ([]Variable, error)
	// SetVariables stores values over those from before. What is empty of anything but the value does
	// not change what is stored.
	SetVariables(ctx context.Context, id gnista.StationID, list []Variable) error
	// Inventory is what is known of a station's settings as a whole; the zero value where that is nothing.
	Inventory(ctx context.Context, id gnista.StationID) (Inventory, error)
	// ChangeInventory changes that.
	ChangeInventory(ctx context.Context, id gnista.StationID, change func(*Inventory) []gnista.Event) error
	// Unread lists up to limit stations behind after, in the order of their ids, of which there is no
	// complete report since the time before, or none of their firmware and version.
	Unread(ctx context.Context, after gnista.StationID, before time.Time, limit int) ([]Station, error)
	ReportStore
	TemplateStore
}

// maxVariables is how many variables a report may have, and about how many are kept of a station. Large
// stations have two thousand.
const maxVariables = 10_000

// ListSettings lists what is kept of a station's settings, and what is wanted of them by its template or
// else by the operator's last word. NotFound.
func (n *Network) ListSettings(ctx context.Context, id gnista.StationID, f VariableFilter) ([]Variable, error) {
	s, err := n.Store.Station(ctx, id)
	if err != nil {
		return nil, err
	}
	list, err := n.Settings.Variables(ctx, id, f)
	if err != nil {
		return nil, err
	}
	held, err := n.Settings.Inventory(ctx, id)
	if err != nil {
		return nil, err
	}
	wanted, err := n.wanted(ctx, s, held)
	if err != nil {
		return nil, err
	}
	for i := range list {
		v := &list[i]
		if held.ReadAt.After(v.ReportedAt) && !held.Stale {
			v.ReportedAt = held.ReadAt // what has not changed since is not written again
		}
		*v = v.Described()
		for _, w := range wanted {
			if x, inverted, err := find(w.Name, w.Attribute, versionOf(*v), list[i:i+1]); err == nil && x.Setting() == v.Setting() && x.Attribute == v.Attribute {
				if v.Wanted = w.Value; inverted {
					v.Wanted = invert(w.Value)
				}
			}
		}
	}
	return list, nil
}

// Variables lists all that is kept of a station's settings.
func (n *Network) Variables(ctx context.Context, id gnista.StationID) ([]Variable, error) {
	return n.Settings.Variables(ctx, id, VariableFilter{Limit: 2 * maxVariables})
}

// versionOf is a version that v can be of; those of 2.x do not differ here.
func versionOf(v Variable) gnista.Version {
	if v.Component == "" {
		return gnista.V16
	}
	return gnista.V21
}

// Writing is how settings are written.
type Writing struct {
	List   []Setting
	Force  bool // also what should not work, and what is so already
	Verify bool // read back what was accepted
}

// Written is what became of writing a setting.
type Written struct {
	Setting        // as it was told to the station
	Asked   string // its name in the order
}

// Write writes settings of a station, as many at a time as the station takes. What cannot work is found
// before anything is sent. After a setting that is not answered the rest is not sent. Invalid, Offline,
// Timeout, Unsupported.
func (n *Network) Write(ctx context.Context, id gnista.StationID, w Writing) ([]Written, error) {
	order := WriteSettings{List: w.List}
	if err := order.Check(); err != nil {
		return nil, err
	}
	x, err := n.planWrite(ctx, id, w)
	if err != nil {
		return nil, err
	}
	if len(x.send) > 0 {
		told := order.Told()
		c, err := n.open(ctx, id, told)
		if err != nil {
			return nil, err
		}
		failed := x.tell(ctx, n)
		if failed == nil && w.Verify {
			x.verify(ctx, n)
		}
		if err := n.close(ctx, &c, told, x.sum(), failed); err != nil {
			return nil, err
		}
		if failed != nil {
			return nil, failed
		}
	}
	// What was accepted is so, also when nobody waits for the answer any more.
	if err := n.Settings.SetVariables(context.WithoutCancel(ctx), id, x.changed(n.Now())); err != nil {
		return nil, err
	}
	return x.out, n.checkDrift(context.WithoutCancel(ctx), id)
}

// write is a writing under way.
type write struct {
	station gnista.StationID
	version gnista.Version
	out     []Written
	vars    []Variable // of each of out
	send    []int      // of out, those that are sent
	items   int        // that go into one message
	bytes   int
}

// planWrite finds out what to send.
func (n *Network) planWrite(ctx context.Context, id gnista.StationID, w Writing) (*write, error) {
	c, connected := n.Presence.Connection(id)
	if !connected {
		return nil, n.Explain(ctx, id, gnista.Errorf(gnista.Offline, "station %s is not connected", id))
	}
	told, err := n.Variables(ctx, id)
	if err != nil {
		return nil, err
	}
	held, err := n.Settings.Inventory(ctx, id)
	if err != nil {
		return nil, err
	}
	x := &write{station: id, version: c.Version, items: 1, bytes: 1 << 20}
	if c.Version != gnista.V16 { // OCPP 2.x B05.FR.11
		x.items, x.bytes = limits(told, "DeviceDataCtrlr", "SetVariables")
	}
	seen := map[string]bool{}
	for i, s := range w.List {
		v, inverted, err := find(s.Name, s.Attribute, c.Version, told)
		if gnista.CodeOf(err) == gnista.Invalid && err != nil {
			return nil, settingError(i, "name", "%q is not Component.Variable", s.Name)
		} else if err != nil {
			return nil, err
		}
		asked := s.Name
		if inverted {
			s.Value = invert(s.Value)
		}
		if b, ok := truth(s.Value); ok && strings.EqualFold(v.DataType, "boolean") {
			s.Value = strconv.FormatBool(b)
		}
		key := strings.ToLower(v.Setting() + " " + v.Attribute)
		if seen[key] { // OCPP 2.x B05.FR.13
			return nil, settingError(i, "name", "%s is there twice", v.Setting())
		}
		seen[key] = true
		if v.connects(told) { // OCPP 2.1 B09.FR.21
			return nil, settingError(i, "name", "%s is of a way by which the station connects; take %s out of NetworkConfigurationPriority first", v.Setting(), v.Instance)
		}
		if !w.Force {
			if err := v.writable(s.Name, s.Value, told); err != nil {
				return nil, settingError(i, "value", "%s", err.(*gnista.Error).Detail())
			}
		}
		s.Name, s.Status = v.Setting(), Unanswered
		if s.Attribute = v.Attribute; s.Attribute == Actual {
			s.Attribute = ""
		}
		if !w.Force && v.settled(s.Value, held, n.Now()) { // quirk Q22
			s.Status = Unchanged
		} else {
			x.send = append(x.send, i)
		}
		x.out, x.vars = append(x.out, Written{s, asked}), append(x.vars, v)
	}
	return x, nil
}

// writable finds why v cannot become value, and calls it name. Invalid.
func (v Variable) writable(name, value string, told []Variable) error {
	if v.Mutability == ReadOnly {
		return gnista.Invalidf("value", "%s can only be read", name)
	}
	if v.hidden() {
		return nil
	}
	if v.Component == "" && len(value) > 500 { // OCPP 1.6 §5.3
		return gnista.Invalidf("value", "%s has at most 500 characters", name)
	}
	if most := numberOf(told, "DeviceDataCtrlr.ConfigurationValueSize"); most > 0 && len(value) > most {
		return gnista.Invalidf("value", "the station takes values of at most %d characters", most)
	}
	return v.check(name, value)
}

// connects tells whether v is of a network configuration that is among those by which the station connects.
func (v Variable) connects(told []Variable) bool {
	if !strings.EqualFold(v.Component, "NetworkConfiguration") {
		return false
	}
	return slices.ContainsFunc(told, func(p Variable) bool {
		return p.Setting() == "OCPPCommCtrlr.NetworkConfigurationPriority" && p.Attribute == Actual && slices.Contains(strings.Split(strings.ReplaceAll(p.Value, " ", ""), ","), v.Instance)
	})
}

// settledFor is how long what a station has said of a setting is believed without asking it again.
const settledFor = time.Hour

// settled tells whether v is known to be value.
func (v Variable) settled(value string, held Inventory, now time.Time) bool {
	at := v.ReportedAt
	if held.ReadAt.After(at) && !at.IsZero() && !held.Stale {
		at = held.ReadAt
	}
	return !at.IsZero() && now.Sub(at) < settledFor && !v.hidden() && v.is(v.Value, value)
}

// number is the value of a setting that is a number; 0 where the station has not told it.
func numberOf(told []Variable, name string) int {
	for _, v := range told {
		if v.Attribute == Actual && strings.EqualFold(v.Setting(), name) {
			n, _ := strconv.Atoi(v.Value)
			return n
		}
	}
	return 0
}

// Limits of a message of OCPP 2.x where the station has told none. Every station must
// tell them, so these are for one that has never been read.
const (
	itemsUntold = 10
	bytesUntold = 8192
)

// limits are how many items and bytes a message may have, of which a component of the station tells.
func limits(told []Variable, component, action string) (items, bytes int) {
	items, bytes = numberOf(told, component+".ItemsPerMessage["+action+"]"), numberOf(told, component+".BytesPerMessage["+action+"]")
	if items < 1 {
		items = itemsUntold
	}
	if bytes < 1 {
		bytes = bytesUntold
	}
	return items, bytes
}

// around is what a setting takes in a message beside its texts, and the message itself, generously.
const around = 160

// batches cuts a list of settings into messages.
func batches(list []Setting, items, bytes int) [][]Setting {
	var out [][]Setting
	size := 0
	for _, s := range list {
		own := around + len(s.Name) + len(s.Value)
		if len(out) == 0 || len(out[len(out)-1]) >= items || size+own > bytes {
			out, size = append(out, nil), around
		}
		last := len(out) - 1
		out[last] = append(out[last], s)
		size += own
	}
	return out
}

// tell sends what is to be sent. Its error is that of the first message; what happens to a later one is
// told of its settings.
func (x *write) tell(ctx context.Context, n *Network) error {
	list := make([]Setting, len(x.send))
	for i, at := range x.send {
		list[i] = x.out[at].Setting
	}
	next := 0
	for _, batch := range batches(list, x.items, x.bytes) {
		answers, err := Tell(ctx, n.Remote, x.station, WriteSettings{List: batch})
		code := gnista.CodeOf(err)
		if err != nil && code != gnista.Refused && code != gnista.Unsupported {
			if next == 0 {
				return err
			}
			for _, at := range x.send[next:] {
				x.out[at].Detail = err.Error()
			}
			return nil
		}
		for i, at := range x.send[next : next+len(batch)] {
			s := &x.out[at]
			switch answer, ok := answerTo(answers, batch[i], i); {
			case err != nil && code == gnista.Unsupported:
				s.Status, s.Detail = NotSupporting, err.Error()
			case err != nil:
				s.Status, s.Detail = Refused, err.Error()
			case !ok:
				s.Detail = "the station did not say what became of it"
			default:
				s.Status, s.Detail = answer.Status, answer.Detail
			}
			if s.Status == Refused && x.vars[at].Mutability == ReadOnly {
				s.Status = Locked
			}
		}
		next += len(batch)
	}
	return nil
}

// answerTo finds the answer to a setting: the one of its name, or else the one at its place.
func answerTo(answers []Setting, s Setting, place int) (Setting, bool) {
	attribute := func(s Setting) string {
		if s.Attribute == "" {
			return Actual
		}
		return s.Attribute
	}
	for _, a := range answers {
		if strings.EqualFold(a.Name, s.Name) && strings.EqualFold(attribute(a), attribute(s)) {
			return a, true
		}
	}
	if place < len(answers) && answers[place].Name == "" {
		return answers[place], true
	}
	return Setting{}, false
}

// sum is the answer to all settings together.
func (x *write) sum() Answer {
	a := Answer{Status: Done}
	good := 0
	for _, at := range x.send {
		switch x.out[at].Status {
		case Done:
			good++
		case NeedsReboot:
			good++
			a.Status = NeedsReboot
		}
	}
	if good < len(x.send) {
		a.Detail = fmt.Sprintf("%d of %d accepted", good, len(x.send))
	}
	if good == 0 {
		a.Status = Refused
	}
	return a
}

// verify reads back what was accepted. That it cannot be read back is told of the settings.
func (x *write) verify(ctx context.Context, n *Network) {
	var list []Setting
	var places []int
	for _, at := range x.send {
		if x.out[at].Status == Done && !x.vars[at].hidden() && x.vars[at].Attribute == Actual {
			list, places = append(list, Setting{Name: x.out[at].Name}), append(places, at)
		}
	}
	for len(list) > 0 {
		some := min(len(list), x.items)
		names := make([]string, some)
		for i := range names {
			names[i] = list[i].Name
		}
		answers, err := Tell(ctx, n.Remote, x.station, ReadSettings{Names: names})
		for i, at := range places[:some] {
			s := &x.out[at]
			if err != nil {
				s.Detail = "it could not be read back: " + err.Error()
				continue
			}
			if a, ok := answerTo(answers, list[i], i); !ok || a.Status != Done {
				s.Detail = "the station did not say what it is now"
			} else if !x.vars[at].is(a.Value, s.Value) {
				s.Status, s.Detail = Differs, fmt.Sprintf("the station says %q", a.Value)
			}
		}
		list, places = list[some:], places[some:]
	}
}

// changed are the variables as they are known to be now.
func (x *write) changed(now time.Time) []Variable {
	var out []Variable
	for i, s := range x.out {
		v := x.vars[i]
		switch s.Status {
		case Done:
			v.Value, v.ReportedAt = s.Value, now
		case NeedsReboot, Unchanged, Differs:
		default:
			continue
		}
		if !v.hidden() {
			v.Wanted, v.WantedAt = s.Value, now
		}
		if v.ReportedAt.IsZero() { // nothing is known of it but what is wanted
			v.ReportedAt = now
		}
		out = append(out, v.kept())
	}
	return out
}
