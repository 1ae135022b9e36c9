package gateway

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/ocpp/ocppj"
	"gnista/station"
	"gnista/token"
)

// saw counts a quirk that a station has shown. The example is in words and holds nothing secret.
func (s *Server) saw(id gnista.StationID, quirk, example string) {
	now := s.Now()
	d := station.Deviation{Station: id, Quirk: quirk, Count: 1, FirstAt: now, LastAt: now, Example: shorten(example, maxQuoted)}
	if err := s.Network.Deviations.AddDeviations(context.Background(), []station.Deviation{d}); err != nil {
		s.Log.Error("a quirk could not be counted", "station", id, "quirk", quirk, "err", err)
	}
}

// Saw counts a quirk that the station has shown, by its key. The example is in words and holds nothing
// secret.
func (x *Session) Saw(quirk, format string, args ...any) {
	x.server.saw(x.Station, quirk, fmt.Sprintf(format, args...))
}

// Treat has the station dealt with as t says from now on.
func (x *Session) Treat(t station.Treatment) {
	as := &x.server.plain // most stations are treated as others, and need none of their own
	if t.Strict || t.Adaptations.Any() {
		as = &t
	}
	x.treatment.Store(as)
	x.mirrorTo(t.Mirror)
}

// Treatment is how the station is dealt with.
func (x *Session) Treatment() *station.Treatment { return x.treatment.Load() }

// Treat has a connected station dealt with in another way.
func (s *Server) Treat(id gnista.StationID, t station.Treatment) {
	if x, ok := s.sessions.find(id); ok {
		x.Treat(t)
	}
}

// noBoot is how long a station may be silent about having booted: then it is asked to, where it never
// has or must be asked (quirk Q14), and what waits for its boot waits no longer (quirk Q15).
const noBoot = 30 * time.Second

// Booted takes in that the station has booted on this connection.
func (x *Session) Booted(a station.BootAnswer) {
	x.Registered(a.State, true)
	x.Treat(a.Treatment)
	x.asked.Store(true)
	if grace := a.Treatment.Adaptations.GraceSeconds; grace > 0 {
		x.quiet.Store(a.Now.Add(time.Duration(grace) * time.Second).UnixMilli())
	}
}

// begin holds back what the station cannot bear before it has booted (quirk Q15).
func (x *Session) begin(t station.Treatment) {
	x.Treat(t)
	if t.Adaptations.GraceSeconds > 0 {
		x.quiet.Store(x.started + noBoot.Milliseconds())
	}
}

// held is the refusal of an order that would come too early for the station.
func (x *Session) held() error {
	until := time.UnixMilli(x.quiet.Load())
	if x.server.Now().Before(until) {
		return gnista.Errorf(gnista.Conflict, "station %s has just connected or booted and is sent nothing before %s (quirk Q15, adaptation graceSeconds)",
			x.Station, until.UTC().Format(time.RFC3339))
	}
	return nil
}

// askToBoot asks for the boot that has not come, once, and tells whether it is too early for that.
func (x *Session) askToBoot(now time.Time) (early bool) {
	if x.asked.Load() {
		return false
	}
	if now.Sub(x.since()) < noBoot {
		return true
	}
	x.asked.Store(true)
	if x.registration() != unbooted && !x.Treatment().Adaptations.TriggerBoot {
		return false
	}
	x.Saw("Q14", "no BootNotification within %v of connecting", noBoot)
	x.server.running.Go(func() { // what comes of it does not matter: we go on without
		station.Tell(context.Background(), x.server, x.Station, station.Ask{For: station.TriggerBoot})
	})
	return false
}

// Token is the UID of a card that the station calls uid (quirk Q71).
func (x *Session) Token(uid string) string {
	if aliases := x.Treatment().Adaptations.TokenAliases; len(aliases) > 0 {
		key := token.Key(uid)
		for sent, registered := range aliases {
			if token.Key(sent) == key {
				x.Saw("Q71", "a UID of %d characters stands for one of %d", len(uid), len(registered))
				return registered
			}
		}
	}
	if strings.TrimSpace(uid) != uid {
		x.Saw("Q72", "a UID with blanks around it")
	}
	return uid
}

// Judged counts what is wrong with an answer of the station.
func (x *Session) Judged(action string, found []ocppj.Violation) {
	for _, v := range found {
		x.Saw(quirkOf(action, v), "the answer to %s: %s", action, v)
	}
}

// reasons are the quirks that show in what a transaction came to.
var reasons = map[charging.Reason]string{
	charging.OrphanStop: "Q48", charging.MeterDisagrees: "Q62", charging.MeterReset: "Q63", charging.Unauthorised: "Q58",
}

// Observe counts a new transaction, and the quirks that show in what became of the start or the end of one.
func (x *Session) Observe(out charging.Outcome) {
	if out.New {
		x.pace.make(x.server.Limits.Made, x.server.Now())
	}
	if out.Repeat {
		x.Saw("Q47", "transaction %s", out.Transaction.ID)
		return
	}
	for _, r := range out.Transaction.Review {
		if quirk := reasons[r]; quirk != "" {
			x.Saw(quirk, "transaction %s", out.Transaction.ID)
		}
	}
}

// observe counts the quirks that show in a message of the station.
func (x *Session) observe(f ocppj.Frame, found []ocppj.Violation) {
	for _, v := range found {
		x.Saw(quirkOf(f.Action, v), "%s: %s", f.Action, v)
	}
	x.observeValues(f)
	if !x.due(f) {
		return
	}
	a, ok := x.dialect.Messages.Action(f.Action)
	if !ok {
		return
	}
	// What a tolerant reading passes over only a strict one finds.
	strict, bad := ocppj.Decode(f.Payload, a.NewRequest(), x.Version, ocppj.Strict)
	if bad != nil {
		return
	}
	for _, v := range strict {
		if !slices.Contains(found, v) && !(v.Code == ocppj.TypeConstraintViolation && strings.HasSuffix(v.Path, ".value")) {
			x.Saw(quirkOf(f.Action, v), "%s: %s", f.Action, v)
		}
	}
	x.observeTime(f)
	if f.Action == "BootNotification" && empty.Match(f.Payload) {
		x.Saw("Q16", "BootNotification: the vendor or the model is empty")
	}
}

var empty = regexp.MustCompile(`"(chargePointVendor|chargePointModel|vendorName|model)"\s*:\s*"\s*"`)

// readTwiceEvery is how many messages of meter values there are for one that is read a second time, and
// strictly. What it finds is counted so much the more seldom.
const readTwiceEvery = 64

// due tells whether a message is to be read a second time: those that come all the time only now and
// then.
func (x *Session) due(f ocppj.Frame) bool {
	switch f.Action {
	case "Heartbeat":
		return false
	case "MeterValues", "TransactionEvent":
		x.looked++
		return x.looked%readTwiceEvery == 1
	}
	return true
}

// What is looked for in meter values: how the value of a sample begins, samples that are none, and the
// neutral.
var (
	value     = []byte(`"value":`)
	noSamples = []byte(`"sampledValue":[]`)
	neutral   = []byte(`"phase":"N"`)
)

// observeValues counts measured values of OCPP 1.6 that are no plain texts, which reading passes over.
func (x *Session) observeValues(f ocppj.Frame) {
	if x.Version != ocppj.V16 || f.Action != "MeterValues" && f.Action != "StopTransaction" {
		return
	}
	if bytes.Contains(f.Payload, noSamples) {
		x.Saw("Q61", "%s: no sample", f.Action)
	}
	if bytes.Contains(f.Payload, neutral) {
		x.Saw("Q66", "%s: a value of the phase N", f.Action)
	}
	number, blank := false, false
	for rest := f.Payload; ; {
		i := bytes.Index(rest, value)
		if i < 0 {
			break
		}
		rest = bytes.TrimLeft(rest[i+len(value):], " \t\r\n")
		number = number || len(rest) > 0 && (rest[0] == '-' || rest[0]-'0' <= 9)
		blank = blank || len(rest) > 1 && rest[0] == '"' && rest[1] == ' '
	}
	if number {
		x.Saw("Q59", "%s: a value is a JSON number", f.Action)
	}
	if blank {
		x.Saw("Q60", "%s: a value begins with a blank", f.Action)
	}
}

// How far the clock of a station is from ours before it counts as wrong, and as never set. What is told
// late is old, so that only what is ahead shows a wrong clock.
const (
	clockAhead = 5 * time.Minute
	clockUnset = 5 * 365 * 24 * time.Hour
)

// The first time in a message, and the mark of one that a station of OCPP 2.x kept until it was connected.
var (
	timestamp    = regexp.MustCompile(`"timestamp"\s*:\s*"([^"]{10,40})"`)
	offlineEvent = regexp.MustCompile(`"offline"\s*:\s*true`)
)

func (x *Session) observeTime(f ocppj.Frame) {
	m := timestamp.FindSubmatch(f.Payload)
	if m == nil {
		return
	}
	var at ocppj.DateTime
	if at.UnmarshalJSON([]byte(`"` + string(m[1]) + `"`)); at.IsZero() {
		return
	}
	off := at.Sub(x.server.Now())
	if x.server.Clocks != nil && !offlineEvent.Match(f.Payload) {
		x.server.Clocks.Told(x.Station, off)
	}
	switch {
	case off < -clockUnset:
		x.Saw("Q41", "%s: %s", f.Action, m[1])
	case off > clockAhead:
		x.Saw("Q39", "%s: %s, which is %v ahead", f.Action, m[1], off.Round(time.Second))
	}
}

// What an odd time lacks.
var (
	noZone    = regexp.MustCompile(`\d\d:\d\d(:\d\d)?(\.\d+)?"? is not`)
	shortZone = regexp.MustCompile(`[+-]\d\d"? is not`)
	phased    = regexp.MustCompile(`\.(L[123N]|L\d-N)" is not`)
)

// quirkOf is the quirk that a violation of the rules is.
func quirkOf(action string, v ocppj.Violation) string {
	last := v.Path[strings.LastIndexByte(v.Path, '.')+1:]
	switch {
	case strings.Contains(v.Reason, "RFC 3339"):
		if shortZone.MatchString(v.Reason) {
			return "Q40"
		}
		if noZone.MatchString(v.Reason) {
			return "Q38"
		}
		return "G5"
	case last == "errorCode" && v.Code == ocppj.PropertyConstraintViolation:
		return "Q26"
	case last == "measurand" && phased.MatchString(v.Reason):
		return "Q21"
	case last == "idTag" && strings.Contains(v.Reason, "longer"):
		if action == "StopTransaction" {
			return "Q50"
		}
		return "Q51"
	case last == "sampledValue" && v.Code == ocppj.OccurrenceConstraintViolation && strings.Contains(v.Reason, "fewer"):
		return "Q61"
	case last == "unit" && strings.Contains(v.Reason, "Cel"):
		return "Q65"
	case strings.Contains(v.Reason, "is not a property"):
		if action == "StopTransaction" {
			return "Q57"
		}
		return "Q30"
	case v.Reason == "is null":
		return "G10"
	case v.Code == ocppj.OccurrenceConstraintViolation && strings.Contains(v.Reason, "elements"):
		return "G4"
	case v.Code == ocppj.OccurrenceConstraintViolation:
		return "G1"
	case v.Code == ocppj.TypeConstraintViolation:
		return "G2"
	case strings.Contains(v.Reason, "is not one of"):
		return "G3"
	}
	return "G4"
}

// zoneless is a time without its zone, and whole is one with it, as JSON texts.
var (
	zoneless = regexp.MustCompile(`"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?"`)
	whole    = regexp.MustCompile(`"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"`)
)

// corrected is a payload with the times that the station's clock or its zone make wrong put right
// (quirks Q38, Q39). What makes a repeat the same stays the same.
func (x *Session) corrected(payload []byte) []byte {
	a := &x.Treatment().Adaptations
	if a.Zone == "" && a.ClockOffset == 0 {
		return payload
	}
	offset := time.Duration(a.ClockOffset) * time.Second
	write := func(t time.Time) []byte {
		return []byte(`"` + t.Add(-offset).UTC().Format("2006-01-02T15:04:05.999Z") + `"`)
	}
	out := payload
	if zone, err := time.LoadLocation(a.Zone); a.Zone != "" && err == nil {
		out = zoneless.ReplaceAllFunc(out, func(text []byte) []byte {
			t, err := time.ParseInLocation("2006-01-02T15:04:05.999999999", strings.Replace(string(text[1:len(text)-1]), " ", "T", 1), zone)
			if err != nil {
				return text
			}
			x.Saw("Q38", "a time without its zone, taken for one of %s", a.Zone)
			return []byte(`"` + t.UTC().Format("2006-01-02T15:04:05.999Z") + `"`)
		})
	}
	if offset != 0 {
		out = whole.ReplaceAllFunc(out, func(text []byte) []byte {
			t, err := time.Parse(time.RFC3339Nano, strings.Replace(string(text[1:len(text)-1]), " ", "T", 1))
			if err != nil {
				return text
			}
			return write(t)
		})
	}
	return out
}
