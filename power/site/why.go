package site

import (
	"fmt"
	"strings"
	"time"

	"gnista"
	"gnista/power"
	"gnista/power/share"
)

// Why is why an EVSE may take what it may: a code, the numbers, and a sentence for the driver in each language.
type Why struct {
	Code    Code        `json:"code" enum:"idle,full,car,operator,lowered,shared,priority,turn,shortfall,steps,resting,offline,unknown-station,operator-above,trouble"`
	Trouble Trouble     `json:"trouble,omitempty" enum:"refused,no-answer,not-applied,not-following" doc:"With trouble"`
	Node    string      `json:"node,omitempty" doc:"Id of the node whose limit binds"`
	Name    string      `json:"name,omitempty" doc:"What that node is called"`
	Phase   string      `json:"phase,omitempty" enum:"L1,L2,L3,total" doc:"The phase of the site that binds"`
	Limit   power.Milli `json:"limit,omitempty" doc:"Of the node there, in A of the phase, or in W of the total"`
	Other   power.Milli `json:"other,omitempty" doc:"Of it what is not shared, in the same unit"`
	Cars    int         `json:"cars,omitempty" doc:"How many share the rest"`
	Hours   string      `json:"hours,omitempty" doc:"The hours that make the limit lower"`
	Minutes int         `json:"minutes,omitempty" doc:"How long it has waited, or when its turn is over"`
	SV      string      `json:"sv" doc:"Sentence in Swedish"`
	EN      string      `json:"en" doc:"Sentence in English"`
}

// Text is the sentence in a language; what is not Swedish is English.
func (w Why) Text(language string) string {
	if strings.HasPrefix(strings.ToLower(language), "sv") {
		return w.SV
	}
	return w.EN
}

// kW is mA on some phases in kW with a decimal.
func kW(mA, phases int64, volts int) float64 {
	return float64(mA*phases*int64(volts)/100_000) / 10
}

// comma is a number as it is written in Swedish.
func comma(s string) string { return strings.Replace(s, ".", ",", 1) }

// why explains what is decided for a place.
func (t *tree) why(d *decision, i int, s *Spot, in *input) Why {
	c, p := &d.choices[i], &t.EVSEs[i]
	w := Why{Code: c.code}
	_, phases := s.phases(p)
	get := kW(c.given(t.Mode), phases, t.Voltage)
	say := func(sv, en string, args ...any) {
		w.EN = fmt.Sprintf(en, args...)
		for j, a := range args {
			switch x := a.(type) {
			case float64:
				args[j] = decimal{x}
			case string:
				args[j] = comma(x)
			}
		}
		w.SV = fmt.Sprintf(sv, args...)
	}
	if c.load >= 0 && c.share.Node >= 0 && c.told {
		n := t.nodes[c.share.Node]
		w.Node, w.Name, w.Phase, w.Cars = n.ID, n.title(), c.share.Phase.String(), c.share.Loads
		w.Limit, w.Other = power.Milli(c.share.Limit), power.Milli(c.share.Other)
		if c.share.Phase == share.Total {
			w.Limit, w.Other = w.Limit*1000, w.Other*1000
		}
		w.Hours = d.hours[c.share.Node]
	}
	limit := func() string {
		if c.share.Phase == share.Total {
			return fmt.Sprintf("%.1f kW", float64(c.share.Limit/100)/10)
		}
		return fmt.Sprintf("%v A", power.Milli(c.share.Limit))
	}
	switch c.code {
	case Idle:
		say("Ingen bil laddar här.", "No car is charging here.")
	case Full:
		say("Du får %.1f kW, vilket är allt som laddaren kan ge.", "You get %.1f kW, which is all that the charger can give.", get)
	case CarLimit:
		say("Du får %.1f kW, vilket är vad bilen tar emot just nu.", "You get %.1f kW, which is what your car takes right now.", get)
	case OthersLimit, OthersHold:
		say("Du får %.1f kW, eftersom operatören har begränsat den här laddaren.", "You get %.1f kW because the operator has limited this charger.", get)
	case WasLowered:
		say("Du får %.1f kW, eftersom laddaren har rapporterat för hög effekt. Mer ges så snart mätningen tillåter.", "You get %.1f kW because the charger has reported too much power. You get more as soon as measurements allow.", get)
	case Shared:
		switch w.Cars {
		case 1:
			say("Du får %.1f kW, vilket är vad som är kvar av %s.", "You get %.1f kW, which is what is left of %s.", get, limit())
		default:
			say("Du får %.1f kW, eftersom %d bilar delar på %s.", "You get %.1f kW because %d cars share %s.", get, w.Cars, limit())
		}
	case Stepped:
		say("Du får %.1f kW: laddaren kan bara ge vissa strömmar, och nästa är för hög.", "You get %.1f kW: the charger can give certain currents only, and the next one is too much.", get)
	case Behind:
		say("Du får %.1f kW, eftersom andra bilar går före här.", "You get %.1f kW because other cars go first here.", get)
	case Waits:
		w.Minutes = minutes(d.at.Sub(s.WaitsAt))
		say("Din bil väntar på sin tur: effekten räcker inte till alla bilar samtidigt, och de turas om var %d:e minut.", "Your car waits for its turn: there is not enough power for all cars at once, and they take turns every %d minutes.", t.Turn)
	case Shortage:
		if c.target > 0 {
			say("Du får %.1f kW, det minsta som laddaren kan ge: effekten räcker inte till mer.", "You get %.1f kW, the least that the charger can give: there is not enough power for more.", get)
		} else {
			say("Din bil väntar: just nu finns det mindre effekt kvar än en bil behöver.", "Your car waits: there is less power left right now than a car needs.")
		}
	case Rests:
		say("Din bil tar inte emot någon energi just nu. Den är full, eller väntar av egen vilja.", "Your car takes no energy right now. It is full, or waits by itself.")
	case Offline:
		say("Laddaren har ingen kontakt med oss och får högst %.1f kW.", "The charger is out of contact and may take %.1f kW at the most.", get)
	case NotOurs:
		say("Laddaren hör inte längre till platsen.", "The charger is no longer one of this site.")
	case InTrouble:
		w.Trouble = s.Trouble
		say("Laddaren följer inte det den får veta, så %.1f kW hålls undan för den.", "The charger does not follow what it is told, so %.1f kW are kept for it.", get)
	}
	if w.Hours != "" && (c.code == Shared || c.code == Behind || c.code == Waits || c.code == Shortage) {
		w.SV += fmt.Sprintf(" Gränsen är lägre %s.", w.Hours)
		w.EN += fmt.Sprintf(" The limit is lower %s.", w.Hours)
	}
	return w
}

// decimal is a number that is written with a comma.
type decimal struct{ float64 }

func (d decimal) Format(f fmt.State, _ rune) { fmt.Fprint(f, comma(fmt.Sprintf("%.1f", d.float64))) }

func minutes(d time.Duration) int { return int(d / time.Minute) }

// Explain tells why an EVSE may take what it may. NotFound where its power is not shared.
func (c *Control) Explain(id gnista.StationID, evse int) (Why, error) {
	if l := c.at(id); l != nil {
		l.mu.Lock()
		v := l.seen
		l.mu.Unlock()
		if v != nil && v.Mode == On {
			if i, ok := v.tree.places[key{id, evse}]; ok {
				return v.tree.why(v.decision, i, &v.spots[i], &v.ins[i]), nil
			}
		}
	}
	return Why{}, gnista.Errorf(gnista.NotFound, "the power of EVSE %d of station %s is not shared", evse, id)
}
