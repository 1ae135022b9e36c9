package commission

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gnista"
	"gnista/station"
)

// boot looks at what the station told when it started.
func (p *pace) boot() error {
	s, err := p.Network.Store.Station(p.ctx, p.check.Station)
	if err != nil {
		return err
	}
	if s.BootedAt.IsZero() { // what it sends is not taken before
		p.find("never-booted")
		mark := p.mark()
		if a, err := tell(p, station.Ask{For: station.TriggerBoot}); err == nil && a.Status == station.Done {
			p.await(mark, station.TriggerBoot)
		}
		if s, err = p.Network.Store.Station(p.ctx, p.check.Station); err != nil {
			return err
		}
	}
	p.check.Subject = subject(p.live, s)
	p.fact("version", string(p.live.Version))
	for key, v := range map[string]string{"vendor": s.Vendor, "model": s.Model, "serial": s.Serial, "firmware": s.Firmware} {
		p.fact(key, v)
	}
	slices.SortFunc(p.Facts, func(a, b Fact) int { return strings.Compare(b.Key, a.Key) })
	if !s.BootedAt.IsZero() && s.BootedAt.Before(p.live.Since) {
		p.note("boot-before")
	}
	if strings.TrimSpace(s.Vendor) == "" || strings.TrimSpace(s.Model) == "" {
		p.find("no-vendor")
	}
	if s.Firmware == "" {
		p.note("no-firmware")
	}
	if s.Serial == "" {
		p.note("no-serial")
	}
	_, t, err := p.Network.Quirks(p.ctx, p.check.Station)
	for _, h := range t.Hints {
		p.note("hint", h)
	}
	return err
}

// places are the EVSEs that the station has told the status of, or has settings for, in order; the first
// alone where there are none.
func (p *pace) places() ([]gnista.EVSE, []station.Connector, error) {
	list, err := p.Network.States.Connectors(p.ctx, p.check.Station)
	var at []gnista.EVSE
	add := func(e gnista.EVSE) {
		if e.ID > 0 && len(at) < maxAsked && !slices.ContainsFunc(at, func(x gnista.EVSE) bool { return x.ID == e.ID }) {
			at = append(at, gnista.EVSE{ID: e.ID, Connector: max(e.Connector, 1)})
		}
	}
	for _, c := range list {
		add(c.EVSE)
	}
	for _, e := range p.promised() {
		add(e)
	}
	if len(at) == 0 {
		add(gnista.EVSE{ID: 1})
	}
	slices.SortFunc(at, func(a, b gnista.EVSE) int { return a.ID - b.ID })
	return at, list, err
}

// promised are the EVSEs that the station's settings say it has.
func (p *pace) promised() (list []gnista.EVSE) {
	n, _ := strconv.Atoi(strings.TrimSpace(p.setting("NumberOfConnectors")))
	for id := range min(n, maxAsked) {
		list = append(list, gnista.EVSE{ID: id + 1, Connector: 1})
	}
	for _, v := range p.kept {
		if v.Component == "Connector" && v.EVSE.ID > 0 {
			list = append(list, v.EVSE)
		}
	}
	return list
}

// maxAsked is how many EVSEs are looked at.
const maxAsked = 20

// triggers asks for each message that can be asked for, and waits for it.
func (p *pace) triggers() error {
	at, _, err := p.places()
	if err != nil {
		return err
	}
	asked := []station.Ask{{For: station.TriggerHeartbeat}}
	if p.live.Version == gnista.V16 {
		asked = append(asked, station.Ask{For: station.TriggerStatus})
	} else {
		for _, e := range at {
			asked = append(asked, station.Ask{For: station.TriggerStatus, At: e})
		}
	}
	asked = append(asked, station.Ask{For: station.TriggerMeterValues, At: at[0]}, station.Ask{For: station.TriggerFirmware}, station.Ask{For: station.TriggerLog}, station.Ask{For: station.TriggerBoot})
	supported := false
	for _, ask := range asked {
		can, err := p.trigger(ask, at[0])
		if err != nil {
			return err
		}
		supported = supported || can
	}
	if !supported {
		p.unsupported("no-triggers")
	}
	return nil
}

// optional are messages that a station may have nothing to tell in: its answer is not judged.
var optional = []station.Trigger{station.TriggerFirmware, station.TriggerLog, station.TriggerBoot}

// trigger asks for one message and tells whether the station knows of it.
func (p *pace) trigger(ask station.Ask, at gnista.EVSE) (can bool, err error) {
	mark, begun := p.mark(), p.Now()
	a, err := tell(p, ask)
	of := string(ask.For)
	if len(p.all(ask.For)) > 0 && ask.At.ID > at.ID {
		of += " " + place(ask.At)
	}
	if gnista.CodeOf(err) == gnista.Unsupported || err == nil && a.Status == station.NotSupporting {
		p.factOf("trigger", of, our+"not-supported")
		return false, nil
	}
	if gnista.CodeOf(err) == gnista.Refused {
		p.find("trigger-error", of, short(err))
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if a.Status == station.Refused && ask.For == station.TriggerStatus && ask.At.ID == 0 {
		ask.At = at
		if b, err := tell(p, ask); err == nil && b.Status == station.Done {
			p.find("trigger-form", of)
			a = b
		}
	}
	if a.Status != station.Done && a.Status != station.Scheduled {
		p.factOf("trigger", of, a.Detail)
		if !slices.Contains(optional, ask.For) {
			p.find("trigger-refused", of, a.Detail)
		}
		return true, nil
	}
	list := p.await(mark, ask.For)
	if len(list) == 0 {
		p.factOf("trigger", of, our+"did-not-come")
		p.find("trigger-silent", of, p.waiting().String())
		return true, p.ctx.Err()
	}
	p.factOf("trigger", of, fmt.Sprintf("%d ms", list[0].At.Sub(begun).Milliseconds()))
	return true, nil
}

// connectors looks at what the station tells of its connectors.
func (p *pace) connectors() error {
	_, list, err := p.places()
	if err != nil {
		return err
	}
	evses, whole := 0, false
	for _, c := range list {
		p.factOf("connector", place(c.EVSE), string(c.Status))
		if c.EVSE.ID == 0 {
			whole = true
		} else {
			evses++
		}
		if c.Status == station.Faulted {
			p.note("faulted", place(c.EVSE), strings.TrimSpace(c.ErrorCode+" "+c.Info))
		}
		if c.Status == station.Unavailable {
			p.note("unavailable", place(c.EVSE))
		}
	}
	for _, e := range p.promised() {
		if evses > 0 && !slices.ContainsFunc(list, func(c station.Connector) bool { return c.EVSE.ID == e.ID }) {
			p.once("no-status", place(e))
		}
	}
	switch {
	case evses == 0:
		p.find("no-connectors")
	case p.live.Version == gnista.V16 && !whole:
		p.note("no-connector-0")
	}
	if whole && p.live.Version != gnista.V16 {
		p.find("evse-0")
	}
	return nil
}

// meter looks at the meter values that have come.
func (p *pace) meter() error {
	list := p.all(station.TriggerMeterValues)
	if len(list) == 0 {
		p.skip("no-values")
		return nil
	}
	sets, values := 0, 0
	measured := map[string]bool{}
	var energy, unnamed, wrong, blanked, unitless bool
	for _, h := range list {
		for _, m := range h.Meter {
			sets++
			if m.Values == 0 {
				p.once("values-empty")
			}
		}
		for _, v := range h.Values {
			values++
			name := v.Name
			if name == "" {
				name, unnamed = "-", true
			}
			unit := v.Unit
			if unit == "" {
				unit, unitless = "-", true
			}
			measured[name+" ("+unit+")"] = true
			energy, wrong, blanked = energy || v.Energy, wrong || v.Wrong, blanked || v.Blanked
		}
	}
	p.fact("measured", strings.Join(slices.Sorted(maps.Keys(measured)), ", "))
	switch {
	case sets == 0:
		p.once("values-empty")
	case values > 0 && !energy:
		p.find("values-no-energy")
	}
	if wrong && p.live.Version == gnista.V16 {
		p.find("values-numbers")
	} else if wrong {
		p.find("values-texts")
	}
	if blanked {
		p.find("values-blanks")
	}
	if unnamed {
		p.note("values-unnamed")
	} else if unitless {
		p.note("values-no-unit")
	}
	return nil
}

// once finds something once.
func (p *pace) once(key string, with ...string) {
	if !slices.ContainsFunc(p.Findings, func(m Message) bool { return m.Key == key }) {
		p.find(key, with...)
	}
}

// How far a clock may be off, and before when it was never set.
const (
	maxSkew    = time.Minute
	clockUnset = 2020
)

// clock compares the station's clock with ours.
func (p *pace) clock() error {
	type reading struct {
		stamp string
		at    time.Time
		now   bool // it was taken when it was told; else it may be of before
	}
	var list []reading
	if p.live.Version != gnista.V16 {
		got, err := tell(p, station.ReadSettings{Names: []string{"ClockCtrlr.DateTime"}})
		if code := gnista.CodeOf(err); err != nil && code != gnista.Refused && code != gnista.Unsupported {
			return err
		}
		for _, s := range got {
			if s.Status == station.Done {
				list = append(list, reading{s.Value, p.Now(), true})
			}
		}
		if len(list) == 0 {
			p.find("no-clock")
		}
	}
	for _, kind := range []station.Trigger{station.TriggerMeterValues, station.TriggerStatus} {
		for _, h := range p.all(kind) {
			for _, stamp := range h.Stamps {
				list = append(list, reading{stamp, h.At, kind == station.TriggerMeterValues})
			}
		}
	}
	if len(list) == 0 {
		p.skip("no-times")
		return nil
	}
	var skew time.Duration
	known := false
	for _, r := range list {
		t, zone, ok := parseStamp(r.stamp)
		switch {
		case !ok:
			p.once("time-odd", r.stamp)
			continue
		case zone == noZone:
			p.once("no-zone", r.stamp)
		case zone == shortZone:
			p.once("short-zone", r.stamp)
		}
		off := t.Sub(r.at)
		switch {
		case t.Year() < clockUnset:
			p.once("clock-unset", r.stamp)
		case zone == noZone && local(off): // that is the zone that is not told
		case off > maxSkew || off < -maxSkew && r.now:
			p.once("clock-wrong", seconds(off), r.stamp)
		}
		if (r.now || off > 0) && !known {
			skew, known = off, true
		}
	}
	if known {
		p.fact("skew", seconds(skew))
	}
	p.fact("stamp", list[0].stamp)
	return nil
}

// local tells whether a difference is that of a time zone.
func local(off time.Duration) bool {
	rest := (off - off.Round(15*time.Minute)).Abs()
	return off.Abs() <= 14*time.Hour && rest <= maxSkew
}

// seconds is a duration in whole seconds, with its sign.
func seconds(d time.Duration) string {
	return fmt.Sprintf("%+d s", int64(d.Round(time.Second)/time.Second))
}

// How a time says in what zone it is.
const (
	wholeZone = iota
	shortZone // of hours only
	noZone
)

// parseStamp reads a time as stations write it. One without a zone is taken for UTC.
func parseStamp(s string) (t time.Time, zone int, ok bool) {
	s = strings.Replace(strings.TrimSpace(s), " ", "T", 1)
	for zone, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z07", "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, zone, true
		}
	}
	return t, 0, false
}

// maxFaults is how many kinds of what is wrong with messages are told of.
const maxFaults = 20

// indexes are the places of elements within lists, which do not make faults different.
var indexes = regexp.MustCompile(`\[\d+\]`)

// messages sums up how the station answered, and what was wrong with what it sent.
func (p *pace) messages() error {
	slices.Sort(p.times)
	p.fact("requests", strconv.Itoa(len(p.times)+p.run.errors[""]))
	if n := len(p.times); n > 0 {
		ms := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
		p.fact("times", ms(p.times[0])+" / "+ms(p.times[n/2])+" / "+ms(p.times[n-1])+" ms")
	}
	for _, word := range slices.Sorted(maps.Keys(p.run.errors)) {
		n := strconv.Itoa(p.run.errors[word])
		switch {
		case word == "":
			p.find("unanswered", n)
		case strings.HasPrefix(word, "NotImplemented"), strings.HasPrefix(word, "NotSupported"):
			p.factOf("error", word, n)
		default:
			p.factOf("error", word, n)
			p.find("errors", n, word)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fact("heard", strconv.Itoa(len(p.heard)))
	type wrong struct{ name, path string }
	var order []wrong
	first, times := map[wrong]string{}, map[wrong]int{}
	for _, h := range p.heard {
		for _, f := range h.Faults {
			path, _, _ := strings.Cut(f, ": ")
			w := wrong{h.Name, indexes.ReplaceAllString(path, "")}
			if times[w]++; times[w] == 1 {
				order = append(order, w)
				first[w] = f
			}
		}
	}
	for _, w := range order[:min(len(order), maxFaults)] {
		p.find("message-wrong", w.name, first[w], strconv.Itoa(times[w]))
	}
	return nil
}
