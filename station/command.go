package station

import (
	"fmt"
	"strings"
	"time"

	"gnista"
)

// Answer is what a station says to an order.
type Answer struct {
	Status  AnswerStatus
	Detail  string  // the station's own word, and its reason where it gives one
	Command string  // id of the [Command], if the order was kept
	Outcome Outcome // of it
}

func (a *Answer) kept(c Command) { a.Command, a.Outcome = c.ID, c.Outcome }

// AnswerStatus is an answer over all versions.
type AnswerStatus string

// The answers.
const (
	Done          AnswerStatus = "accepted"
	Scheduled     AnswerStatus = "scheduled" // it will be done when what goes on has ended
	Refused       AnswerStatus = "rejected"
	NeedsReboot   AnswerStatus = "reboot-required"
	NotKnown      AnswerStatus = "unknown"     // the station has no such setting or connector
	NotSupporting AnswerStatus = "unsupported" // the station cannot do that
	Empty         AnswerStatus = "empty"       // there is nothing that it could report

	// Of settings only.
	Unchanged  AnswerStatus = "unchanged"  // it is so already, and nothing was sent
	Locked     AnswerStatus = "read-only"  // it cannot be written
	Differs    AnswerStatus = "differs"    // the station accepted it, and still says something else
	Unanswered AnswerStatus = "unanswered" // it was sent, or its turn did not come, and nobody knows
)

// at is a place in the note of a command.
func at(e gnista.EVSE) string {
	switch {
	case e.ID == 0:
		return "station"
	case e.Connector == 0:
		return fmt.Sprintf("EVSE %d", e.ID)
	}
	return fmt.Sprintf("EVSE %d connector %d", e.ID, e.Connector)
}

func checkPlace(e gnista.EVSE) error {
	if e.ID < 0 {
		return gnista.Invalidf("evse", "is negative")
	}
	if e.Connector < 0 {
		return gnista.Invalidf("connector", "is negative")
	}
	return nil
}

// Reset orders a station to restart. (OCPP 1.6 §5.14, OCPP 2.x B11, B12)
type Reset struct {
	Hard   bool // at once, ending what goes on
	Resume bool // at once; transactions go on afterwards (OCPP 2.1)
	EVSE   int  // one EVSE only (OCPP 2.x); 0 is the whole station
}

func (Reset) Answers() (a Answer) { return a }
func (o Reset) Check() error      { return checkPlace(gnista.EVSE{ID: o.EVSE}) }

func (o Reset) Told() Told {
	t := Told{Kind: "reset", Note: "soft", Effect: EffectBoot}
	switch {
	case o.Resume:
		t.Note = "resume"
	case o.Hard:
		t.Note = "hard"
	}
	if o.EVSE > 0 { // of which the station as a whole does not boot
		t.Note, t.Effect = fmt.Sprintf("%s, EVSE %d", t.Note, o.EVSE), ""
	}
	return t
}

// EffectBoot is the effect of what makes a station restart.
const EffectBoot = "boot"

// Unlock orders a station to let go of a cable. (OCPP 1.6 §5.18, OCPP 2.x F05)
type Unlock struct{ At gnista.EVSE }

func (Unlock) Answers() (a Answer) { return a }
func (o Unlock) Told() Told        { return Told{Kind: "unlock", Note: at(o.At)} }

func (o Unlock) Check() error {
	if o.At.ID < 1 {
		return gnista.Invalidf("evse", "must be 1 or more")
	}
	return checkPlace(o.At)
}

// SetAvailability takes a station (EVSE 0), an EVSE or a connector in or out of service.
// (OCPP 1.6 §5.2, OCPP 2.x G03, G04)
type SetAvailability struct {
	At        gnista.EVSE
	Operative bool
}

func (SetAvailability) Answers() (a Answer) { return a }
func (o SetAvailability) Check() error      { return checkPlace(o.At) }

func (o SetAvailability) Told() Told {
	note := "out of service"
	if o.Operative {
		note = "in service"
	}
	return Told{Kind: "availability", Note: at(o.At) + " " + note, Effect: effectAvailability(o.At.ID, o.Operative)}
}

// Adapt refuses what would hang the station (quirk Q23).
func (o SetAvailability) Adapt(a Adaptations) (any, error) {
	if a.SkipAvailability {
		return nil, gnista.Errorf(gnista.Unsupported, "the availability of this station is not changed: it would hang or restart (quirk Q23, adaptation skipAvailability)")
	}
	return o, nil
}

// effectAvailability is the effect that an EVSE, or the station with 0, is in service or not.
func effectAvailability(evse int, operative bool) string {
	return fmt.Sprintf("availability %d %t", evse, operative)
}

// AvailabilityEffects are the effects of the orders that decide whether an EVSE, or the station with 0, is in
// service: first those that take it out.
func AvailabilityEffects(evse int) [2][]string {
	var effects [2][]string
	for i, operative := range []bool{false, true} {
		effects[i] = []string{effectAvailability(0, operative)}
		if evse > 0 {
			effects[i] = append(effects[i], effectAvailability(evse, operative))
		}
	}
	return effects
}

// Trigger is a message that a station is asked to send.
type Trigger string

// The messages that can be asked for. Not every version has every one.
const (
	TriggerBoot        Trigger = "boot"
	TriggerHeartbeat   Trigger = "heartbeat"
	TriggerStatus      Trigger = "status"
	TriggerMeterValues Trigger = "meter-values"
	TriggerTransaction Trigger = "transaction"
	TriggerFirmware    Trigger = "firmware-status"
	TriggerLog         Trigger = "log-status"
	TriggerCustom      Trigger = "custom" // what only the vendor knows, see [Ask]
	// Of signed firmware and of the security log, which OCPP 1.6 asks for in another way than the two above.
	TriggerSignedFirmware Trigger = "signed-firmware-status"
	TriggerSecurityLog    Trigger = "security-log-status"
)

// Ask asks a station to send a message. (OCPP 1.6 §5.17, OCPP 2.x F06)
type Ask struct {
	For    Trigger
	Custom string // the vendor's name for it, with [TriggerCustom] (OCPP 2.1)
	At     gnista.EVSE
}

func (Ask) Answers() (a Answer) { return a }

func (o Ask) Check() error {
	if (o.For == TriggerCustom) != (o.Custom != "") {
		return gnista.Invalidf("custom", "and the message custom go together")
	}
	return checkPlace(o.At)
}

func (o Ask) Told() Told {
	t := Told{Kind: "trigger", Note: strings.TrimSpace(string(o.For) + " " + o.Custom), Within: time.Minute}
	switch o.For {
	case TriggerBoot:
		t.Effect = EffectBoot
	case TriggerStatus:
		t.Effect = effectStatus
	}
	return t
}

// Otherwise asks for the same in the other form: of the station instead of a connector, or of the first
// connector instead of the station (quirk Q34).
func (o Ask) Otherwise() Ask {
	if o.At.ID != 0 {
		return Ask{For: o.For, Custom: o.Custom}
	}
	return Ask{For: o.For, Custom: o.Custom, At: gnista.EVSE{ID: 1, Connector: 1}}
}

// effectStatus is the effect that a station tells the state of a connector.
const effectStatus = "status"

// noted is a list of names in the note of a command, the first of them where they are many.
func noted(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
