// Package remedy tries to put faults right: for each class of fault there is a [Ladder] of steps, which
// [Remedies] climbs one by one until the fault is over or, at the top, a person is asked.
//
// Invariants, which no ladder can change:
//   - A station is never reset, an outlet never unlocked or taken out of service, while a car charges there
//     or while nobody knows whether one does. That is looked at again in the moment in which it is sent.
//   - A step is kept before it is done. What came of one that was cut short is found in the state of the
//     station and of the fault, never by doing it again.
//   - Nothing is done after the fault is over, and every run ends: the fault is over, a person has it, or a
//     person has ended it.
//   - A dry run goes through the same steps and tells stations nothing.
package remedy

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gnista"
	"gnista/fault"
)

//go:generate go run ./gen

//go:embed ladders.json
var builtIn []byte

// Action is what a step does.
type Action string

// The actions.
const (
	TellDriver       Action = "tell-driver"       // the driver is shown a hint
	Wait             Action = "wait"              // it may go by itself
	AskStatus        Action = "ask-status"        // the station is asked what state it is in
	Unlock           Action = "unlock"            // the lock of the connector is let go
	SoftReset        Action = "soft-reset"        // the station starts anew by itself
	HardReset        Action = "hard-reset"        // it is made to
	ClearCache       Action = "clear-cache"       // it forgets what it knows of cards
	LowerPower       Action = "lower-power"       // the place is given less power
	RetryOrder       Action = "retry-order"       // the order that failed is given again
	SetClock         Action = "set-clock"         // the station is made to ask for the time
	RenewCertificate Action = "renew-certificate" // the station is made to ask for a new certificate
	TakeOut          Action = "take-out"          // no car may be charged there until a person allows it
	HandOver         Action = "hand-over"         // a person gets it, with what was done
)

// Actions are all of them, as they usually follow each other.
var Actions = []Action{TellDriver, Wait, AskStatus, Unlock, RetryOrder, ClearCache, SetClock, RenewCertificate, LowerPower, SoftReset, HardReset, TakeOut, HandOver}

// reset tells whether the station starts anew.
func (a Action) reset() bool { return a == SoftReset || a == HardReset }

// disruptive tells whether a car that charges there would suffer.
func (a Action) disruptive() bool { return a.reset() || a == Unlock || a == TakeOut }

// tells whether a station is told something.
func (a Action) told() bool {
	return a.disruptive() || a == AskStatus || a == ClearCache || a == SetClock || a == RenewCertificate
}

// Limits that hold whatever a ladder says, in any 24 hours: of resets, soft and hard together, of a
// station, and of the rest at a place.
const (
	MaxResets   = 3
	maxUnlocks  = 6
	maxTakeOuts = 3
	maxOthers   = 24
)

// most is how often an action may be done in a day at the most.
func (a Action) most() int {
	switch {
	case a.reset():
		return MaxResets
	case a == Unlock:
		return maxUnlocks
	case a == TakeOut:
		return maxTakeOuts
	}
	return maxOthers
}

// Idle is where no car may be charging.
type Idle string

// The places that may have to be idle.
const (
	Anyhow      Idle = ""
	IdleEVSE    Idle = "evse"
	IdleStation Idle = "station"
)

// Step is a rung of a ladder.
type Step struct {
	Do           Action                    `json:"do" enum:"tell-driver,wait,ask-status,unlock,soft-reset,hard-reset,clear-cache,lower-power,retry-order,set-clock,renew-certificate,take-out,hand-over" doc:"What is done"`
	Idle         Idle                      `json:"idle,omitempty" enum:"evse,station" doc:"Where no car may be charging; resets need station, unlock and take-out evse"`
	OnlyUnusable bool                      `json:"onlyUnusable,omitempty" doc:"Only where the fault keeps cars from charging"`
	PerDay       int                       `json:"perDay,omitempty" minimum:"0" maximum:"24" doc:"How often at the most in 24 hours: resets at the station, the rest at the place. Absent: as often as is allowed at all"`
	CoolDown     int                       `json:"coolDownSeconds,omitempty" minimum:"0" maximum:"86400" doc:"How long after the last time there"`
	Hours        string                    `json:"hours,omitempty" maxLength:"11" example:"22:00-05:00" doc:"Only between these times of day at the site"`
	Patience     int                       `json:"patienceSeconds,omitempty" minimum:"0" maximum:"604800" doc:"How long it is waited until the step may be done; then it is passed over"`
	Wait         int                       `json:"waitSeconds,omitempty" minimum:"0" maximum:"86400" doc:"How long the fault has to go after the step before the next one comes"`
	Text         map[fault.Language]string `json:"text,omitempty" doc:"The hint for the driver, by language: sv and en"`
}

func (s Step) patience() time.Duration { return time.Duration(s.Patience) * time.Second }
func (s Step) wait() time.Duration     { return time.Duration(s.Wait) * time.Second }
func (s Step) coolDown() time.Duration { return time.Duration(s.CoolDown) * time.Second }

// perDay is how often the step may be done in 24 hours.
func (s Step) perDay() int {
	if s.PerDay == 0 {
		return s.Do.most()
	}
	return min(s.PerDay, s.Do.most())
}

// Ladder is what is tried for faults of a class, in order.
type Ladder struct {
	Class     fault.Class               `json:"class"`
	About     map[fault.Language]string `json:"about" doc:"What it is for, by language: sv and en"`
	Steps     []Step                    `json:"steps"`
	Own       bool                      `json:"-"` // the operator's own, in place of the one that comes with the system
	UpdatedAt time.Time                 `json:"-"` // of one's own
}

// Classes are the classes of faults that have a ladder.
var Classes = []fault.Class{
	fault.Reseat, fault.Unlock, fault.Restart, fault.Reconnect, fault.CoolDown, fault.LowerPower, fault.Retry, fault.SetClock, fault.RenewCert, fault.TakeOut, fault.CallService,
}

const (
	maxSteps  = 12
	maxHint   = 300
	leastWait = 10 // s: a station needs that to tell what came of it
)

// Check tells what is wrong with a ladder. Invalid.
func (l Ladder) Check() error {
	if !slices.Contains(Classes, l.Class) {
		return gnista.Invalidf("class", "%q is no class of faults that has a ladder", l.Class)
	}
	if err := checkTexts("about", l.About); err != nil {
		return err
	}
	if len(l.Steps) == 0 || len(l.Steps) > maxSteps {
		return gnista.Invalidf("steps", "must be 1 to %d", maxSteps)
	}
	for i, s := range l.Steps {
		field, detail := s.check()
		if field == "" {
			field, detail = l.checkOrder(i)
		}
		if field != "" {
			return gnista.Invalidf(fmt.Sprintf("steps[%d].%s", i, field), "%s", detail)
		}
	}
	return nil
}

// check tells which field of a step is wrong, and why; none is "".
func (s Step) check() (field, detail string) {
	if !slices.Contains(Actions, s.Do) {
		return "do", fmt.Sprintf("%q is no action", s.Do)
	}
	need := Anyhow
	switch {
	case s.Do.reset():
		need = IdleStation
	case s.Do.disruptive():
		need = IdleEVSE
	}
	switch {
	case !slices.Contains([]Idle{Anyhow, IdleEVSE, IdleStation}, s.Idle):
		return "idle", fmt.Sprintf("%q is not evse or station", s.Idle)
	case need == IdleStation && s.Idle != IdleStation:
		return "idle", "must be station: a reset ends what every car there does"
	case need == IdleEVSE && s.Idle == Anyhow:
		return "idle", "must be evse or station: a car that charges there would suffer"
	case s.PerDay < 0 || s.PerDay > s.Do.most():
		return "perDay", fmt.Sprintf("must be 0 to %d", s.Do.most())
	case s.CoolDown < 0 || s.CoolDown > 86400:
		return "coolDownSeconds", "must be 0 to 86400"
	case s.Patience < 0 || s.Patience > 7*86400:
		return "patienceSeconds", "must be 0 to 604800"
	case s.Do == HandOver && (s.Idle != Anyhow || s.OnlyUnusable || s.Hours != ""):
		return "do", "hand-over has no conditions: in the end a person always gets it"
	case s.Do == HandOver && s.Wait != 0:
		return "waitSeconds", "nothing is waited for after it is handed over"
	case s.Do != HandOver && (s.Wait < leastWait || s.Wait > 86400):
		return "waitSeconds", fmt.Sprintf("must be %d to 86400", leastWait)
	}
	if _, _, err := parseHours(s.Hours); err != nil {
		return "hours", err.Error()
	}
	if s.Do != TellDriver {
		if len(s.Text) > 0 {
			return "text", "is for tell-driver only"
		}
		return "", ""
	}
	if err := checkTexts("text", s.Text); err != nil {
		e := err.(*gnista.Error)
		return e.Field, e.Detail()
	}
	return "", ""
}

// checkOrder tells whether a step may stand where it does.
func (l Ladder) checkOrder(i int) (field, detail string) {
	last := len(l.Steps) - 1
	switch do := l.Steps[i].Do; {
	case i == last && do != HandOver:
		return "do", "the last step must be hand-over"
	case i < last && do == HandOver:
		return "do", "hand-over must be the last step"
	case do == TakeOut && i != last-1:
		return "do", "take-out must be the last step before hand-over"
	case do == HardReset && !slices.ContainsFunc(l.Steps[:i], func(s Step) bool { return s.Do == SoftReset }):
		return "do", "a soft-reset must be tried before a hard one"
	}
	return "", ""
}

func checkTexts(field string, texts map[fault.Language]string) error {
	for lang, text := range texts {
		if lang != fault.Swedish && lang != fault.English {
			return gnista.Invalidf(field, "%q is not sv or en", lang)
		}
		if utf8.RuneCountInString(text) > maxHint || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
			return gnista.Invalidf(field+"."+string(lang), "must have at most %d characters and none that control", maxHint)
		}
	}
	for _, lang := range []fault.Language{fault.Swedish, fault.English} {
		if strings.TrimSpace(texts[lang]) == "" {
			return gnista.Invalidf(field+"."+string(lang), "is missing")
		}
	}
	return nil
}

// parseHours reads two times of day as minutes; no text is all day, and both 0.
func parseHours(s string) (from, to int, err error) {
	if s == "" {
		return 0, 0, nil
	}
	a, b, _ := strings.Cut(s, "-")
	start, bad := time.Parse("15:04", a)
	end, worse := time.Parse("15:04", b)
	if bad != nil || worse != nil || a == b {
		return 0, 0, fmt.Errorf("%q is not like 22:00-05:00", s)
	}
	return start.Hour()*60 + start.Minute(), end.Hour()*60 + end.Minute(), nil
}

// opens is when the hours begin that a time is outside of; zero when it is within them.
func (s Step) opens(now time.Time) time.Time {
	from, to, err := parseHours(s.Hours)
	if s.Hours == "" || err != nil {
		return time.Time{}
	}
	at := now.Hour()*60 + now.Minute()
	within := from <= at && at < to
	if from > to {
		within = at >= from || at < to
	}
	if within {
		return time.Time{}
	}
	day := now.Day()
	if at >= from {
		day++
	}
	return time.Date(now.Year(), now.Month(), day, from/60, from%60, 0, 0, now.Location())
}

// LoadLadders are the ladders that come with the system, one for each class.
func LoadLadders() ([]Ladder, error) { return parseLadders(builtIn) }

func parseLadders(text []byte) ([]Ladder, error) {
	var list []Ladder
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("reading the ladders: %w", err)
	}
	have := map[fault.Class]bool{}
	for i, l := range list {
		if err := l.Check(); err != nil {
			return nil, fmt.Errorf("ladder %d (%q): %w", i+1, l.Class, err)
		}
		if have[l.Class] {
			return nil, fmt.Errorf("there are two ladders of the class %q", l.Class)
		}
		have[l.Class] = true
	}
	for _, c := range Classes {
		if !have[c] {
			return nil, fmt.Errorf("there is no ladder of the class %q", c)
		}
	}
	return list, nil
}
