package remedy

import (
	"fmt"
	"strings"

	"gnista/fault"
)

// Reason is why something is as it is: a code of [sentences], and what stands in its sentence.
type Reason struct {
	Code string   `json:"code"`
	With []string `json:"with,omitempty"`
}

func because(code string, with ...string) Reason { return Reason{code, with} }

// The codes of reasons.
const (
	shelved        = "shelved"
	pausedByPerson = "paused"
	cancelled      = "cancelled"
	turnedOff      = "turned-off"
	faultGone      = "fault-gone"
	wentByItself   = "went-by-itself"
	clearedBy      = "cleared-by"
	helpedBy       = "helped-by"
	topReached     = "top-reached"
	takenOut       = "taken-out"

	noStation     = "no-station"
	offline       = "offline"
	settling      = "settling"
	notAccepted   = "not-accepted"
	chargingThere = "charging"
	starting      = "starting"
	stateless     = "stateless"
	notAllowed    = "not-allowed"
	noConnector   = "no-connector"
	usable        = "usable"
	perDay        = "per-day"
	coolingDown   = "cool-down"
	outOfHours    = "hours"
	upkeep        = "upkeep"
	disturbed     = "disturbed"
	cannot        = "cannot"
	noSuch        = "no-such"

	answered  = "answered"
	noAnswer  = "no-answer"
	lowered   = "lowered"
	cutShort  = "cut-short"
	neverSent = "never-sent"
	waited    = "waited"
	would     = "would"
	did       = "did"
	byPerson  = "by-person"
	itsTurn   = "its-turn"
)

// sentences are what the codes mean in Swedish and English.
var sentences = map[string][2]string{
	shelved:        {"Felet är lagt åt sidan till %s.", "The fault is shelved until %s."},
	pausedByPerson: {"Pausad av %s.", "Paused by %s."},
	cancelled:      {"Avbruten av %s.", "Ended by %s."},
	turnedOff:      {"Åtgärder stängdes av här.", "Remedies were turned off here."},
	faultGone:      {"Felet finns inte längre.", "The fault is not there any more."},
	wentByItself:   {"Felet gick över utan att något gjorts åt det.", "The fault went without anything having been done about it."},
	clearedBy:      {"Felet avslutades av %s.", "The fault was cleared by %s."},
	helpedBy:       {"Felet gick över efter: %s.", "The fault went after: %s."},
	topReached:     {"Allt som kan göras härifrån är prövat.", "Everything that can be done from here has been tried."},
	takenOut:       {"Uttaget är taget ur drift och måste tas i drift igen av någon.", "The outlet was taken out of service and has to be put back by somebody."},

	noStation:     {"Felet gäller ingen station.", "The fault is not one of a station."},
	offline:       {"Stationen är inte ansluten.", "The station is not connected."},
	settling:      {"Stationen har just anslutit och kan ha mer att berätta.", "The station has just connected and may have more to tell."},
	notAccepted:   {"Stationen är inte i drift hos oss.", "The station is not in service with us."},
	chargingThere: {"En bil laddar på EVSE %s.", "A car is charging at EVSE %s."},
	starting:      {"En laddning är på väg att börja.", "A charge is about to begin."},
	stateless:     {"Det är inte känt om någon laddar där.", "It is not known whether anybody charges there."},
	notAllowed:    {"Stationens modell tål det inte: %s.", "The model of the station does not bear it: %s."},
	noConnector:   {"Felet gäller inget visst uttag.", "The fault is not one of a certain outlet."},
	usable:        {"Uttaget går att använda trots felet.", "The outlet can be used in spite of the fault."},
	perDay:        {"Det är redan gjort %s gånger det senaste dygnet.", "It was done %s times in the last 24 hours already."},
	coolingDown:   {"Det gjordes nyss; tidigast igen %s.", "It was done a short while ago; again at %s at the earliest."},
	outOfHours:    {"Det får bara göras %s.", "It may be done at %s only."},
	upkeep:        {"Stationen sköts om just nu: %s.", "The station is being looked after: %s."},
	disturbed:     {"En annan åtgärd pågår på stationen.", "Another remedy is under way at the station."},
	cannot:        {"Det går inte: %s.", "It cannot be done: %s."},
	noSuch:        {"Det finns inget här som kan göra det.", "There is nothing here that can do it."},

	answered:  {"Stationen svarade: %s.", "The station answered: %s."},
	noAnswer:  {"Stationen svarade inte; vad som hände får felet visa.", "The station did not answer; the fault will show what happened."},
	lowered:   {"Platsen ska ge mindre effekt.", "The place is to give less power."},
	cutShort:  {"Systemet avbröts mitt i; det görs inte om.", "The system was cut short in the middle of it; it is not done again."},
	neverSent: {"Systemet avbröts innan det skickades.", "The system was cut short before it was sent."},
	waited:    {"Väntar på att det går över.", "Waiting for it to go."},
	would:     {"Detta skulle ha gjorts; det är en torrkörning.", "This would have been done; it is a dry run."},
	did:       {"Gjort: %s.", "Done: %s."},
	byPerson:  {"Överhoppat av %s.", "Passed over by %s."},
	itsTurn:   {"Står på tur.", "Its turn has come."},
}

// In says it in a language; nothing where there is no reason.
func (r Reason) In(lang fault.Language) string {
	s, known := sentences[r.Code]
	if !known {
		return ""
	}
	text := s[1]
	if lang == fault.Swedish {
		text = s[0]
	}
	if n := strings.Count(text, "%s"); n > 0 {
		with := make([]any, n)
		for i := range with {
			with[i] = "?"
			if i < len(r.With) {
				with[i] = r.With[i]
				if s, isAction := actionNames[Action(r.With[i])]; isAction {
					with[i] = s.in(lang)
				}
			}
		}
		return fmt.Sprintf(text, with...)
	}
	return text
}

type words struct{ sv, en string }

func (w words) in(lang fault.Language) string {
	if lang == fault.Swedish {
		return w.sv
	}
	return w.en
}

var actionNames = map[Action]words{
	TellDriver:       {"råd till föraren", "a hint to the driver"},
	Wait:             {"vänta", "waiting"},
	AskStatus:        {"fråga stationen om dess läge", "asking the station for its state"},
	Unlock:           {"lås upp kontakten", "unlocking the connector"},
	SoftReset:        {"mjuk omstart", "a soft reset"},
	HardReset:        {"hård omstart", "a hard reset"},
	ClearCache:       {"töm stationens minne av kort", "clearing its cache of cards"},
	LowerPower:       {"sänk effekten", "lowering the power"},
	RetryOrder:       {"ge kommandot igen", "giving the order again"},
	SetClock:         {"låt stationen ställa klockan", "having the station set its clock"},
	RenewCertificate: {"låt stationen förnya sitt certifikat", "having the station renew its certificate"},
	TakeOut:          {"ta ur drift", "taking it out of service"},
	HandOver:         {"lämna över till en person", "handing it over to a person"},
}

// Name is what an action is called in a language.
func (a Action) Name(lang fault.Language) string { return actionNames[a].in(lang) }

// guardNames are what is asked of a station before a step.
var guardNames = map[string]words{
	"place":      {"felet gäller en station", "the fault is one of a station"},
	"outlet":     {"felet gäller ett uttag", "the fault is one of an outlet"},
	"usable":     {"uttaget går inte att använda", "the outlet cannot be used"},
	"in-service": {"stationen är i drift", "the station is in service"},
	"online":     {"stationen är ansluten", "the station is connected"},
	"settled":    {"stationen har varit ansluten en stund", "the station has been connected for a while"},
	"model":      {"modellen tål det", "the model bears it"},
	"known":      {"läget är känt", "the state is known"},
	"idle":       {"ingen laddar", "nobody charges"},
	"upkeep":     {"ingen uppdatering eller kampanj pågår", "no update or campaign is under way"},
	"hours":      {"tid på dygnet", "time of day"},
	"per-day":    {"gånger per dygn", "times a day"},
	"cool-down":  {"vila sedan förra gången", "rest since the last time"},
	"alone":      {"ingen annan åtgärd pågår", "no other remedy is under way"},
}

// GuardName is what a guard asks, in a language.
func GuardName(guard string, lang fault.Language) string { return guardNames[guard].in(lang) }

// History says in a language what was tried and what came of it, a line for each step.
func (r *Run) History(lang fault.Language) string {
	var b strings.Builder
	for i, x := range r.Records {
		if x.Do == HandOver {
			continue
		}
		fmt.Fprintf(&b, "%d. %s: %s. %s\n", i+1, x.Do.Name(lang), stateNames[x.State].in(lang), x.Reason.In(lang))
	}
	b.WriteString(r.Reason.In(lang))
	text := []rune(strings.TrimSpace(b.String()))
	return string(text[:min(len(text), maxHistory)])
}

// maxHistory is how long a text of a history may be.
const maxHistory = 2000

var stateNames = map[StepState]words{
	Waiting:  {"väntar", "waiting"},
	Sending:  {"pågår", "under way"},
	Watching: {"gjort, väntar på resultat", "done, waiting for what comes of it"},
	DidHelp:  {"hjälpte", "it helped"},
	NoHelp:   {"hjälpte inte", "it did not help"},
	Refused:  {"gick inte", "it could not be done"},
	Skipped:  {"överhoppat", "passed over"},
	Dropped:  {"behövdes inte", "not needed"},
	Done:     {"gjort", "done"},
}

// Name is what a state is called in a language.
func (s StepState) Name(lang fault.Language) string { return stateNames[s].in(lang) }
