package station

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"gnista"
)

// Adaptations are what is done otherwise for a station than for others. Zero values are how others are
// treated. The texts say which quirk each is for.
type Adaptations struct {
	AssumeVersion    gnista.Version    `json:"assumeVersion,omitempty" enum:"1.6,2.0.1,2.1" doc:"Version to speak where the station offers no subprotocol (Q1)"`
	PinVersion       gnista.Version    `json:"pinVersion,omitempty" enum:"1.6,2.0.1,2.1" doc:"Version to speak whatever the station offers (Q4)"`
	MissingUpgrade   bool              `json:"missingUpgrade,omitempty" doc:"Let it connect without the header Connection: Upgrade (Q5)"`
	NoCloseFrame     bool              `json:"noCloseFrame,omitempty" doc:"Drop its connection without a word when the central system stops (Q11)"`
	TriggerBoot      bool              `json:"triggerBoot,omitempty" doc:"Ask it to boot when it connects and does not by itself (Q14)"`
	GraceSeconds     int               `json:"graceSeconds,omitempty" minimum:"0" maximum:"600" doc:"Send it nothing before its first boot on a connection was answered, and so long after (Q15)"`
	NeverRead        []string          `json:"neverRead,omitempty" maxItems:"50" doc:"Settings that are never read from it (Q19)"`
	Measurands       []string          `json:"measurands,omitempty" maxItems:"50" doc:"Measurands that it may be asked for; absent: any (Q19, Q68)"`
	SkipAvailability bool              `json:"skipAvailability,omitempty" doc:"Never change its availability (Q23)"`
	TriggerFallback  bool              `json:"triggerFallback,omitempty" doc:"Ask for a message of the station where it is refused for a connector, and the other way round (Q34)"`
	Zone             string            `json:"zone,omitempty" maxLength:"64" doc:"Time zone of times that it sends without one, as in Europe/Stockholm (Q38)"`
	ClockOffset      int               `json:"clockOffset,omitempty" minimum:"-50400" maximum:"50400" doc:"Seconds by which its clock is ahead of the true time (Q39)"`
	ScheduleInPast   int               `json:"scheduleInPast,omitempty" minimum:"0" maximum:"86400" doc:"Seconds by which schedules of charging profiles begin earlier than now (Q43)"`
	MaxTokenLength   int               `json:"maxTokenLength,omitempty" minimum:"0" maximum:"255" doc:"Most characters of the token of a remote start (Q50)"`
	StartConnector   *int              `json:"startConnector,omitempty" minimum:"0" maximum:"100" doc:"Connector of a remote start that names none (Q52)"`
	NoZeroLimit      bool              `json:"noZeroLimit,omitempty" doc:"Never limit it to nothing: it would end the transaction (Q55)"`
	MinLimitA        int               `json:"minLimitA,omitempty" minimum:"0" maximum:"1000" doc:"Least current in A that it may be limited to (Q55)"`
	OnlyUnit         string            `json:"onlyUnit,omitempty" enum:"A,W" doc:"The one unit of charging profiles that it applies (Q70)"`
	MaxStackLevel    *int              `json:"maxStackLevel,omitempty" minimum:"0" maximum:"1000" doc:"Highest stack level of charging profiles that it takes (Q70)"`
	OnlyRelative     bool              `json:"onlyRelative,omitempty" doc:"It takes relative charging profiles only (Q70)"`
	CurrentsA        []int             `json:"currentsA,omitempty" maxItems:"100" doc:"The only currents in A that it can give, rising (Q70)"`
	NoMaxProfile     bool              `json:"noMaxProfile,omitempty" doc:"Profiles for the station as a whole are accepted and not applied (Q70)"`
	TokenAliases     map[string]string `json:"tokenAliases,omitempty" doc:"Registered UID by the UID that this station makes of it (Q71); at most 200"`
	Without          []string          `json:"without,omitempty" maxItems:"50" doc:"Adaptations of its model that are not made for this station, by their names here"`
}

// Bounds of what an operator says of a station.
const (
	maxAliases = 200
	maxWords   = 50 // of each list
	maxClock   = 14 * 3600
)

// Check tells what is wrong with adaptations, naming the field below path. Invalid.
func (a Adaptations) Check(path string) error {
	wrong := func(field, format string, args ...any) error { return gnista.Invalidf(path+"."+field, format, args...) }
	for field, v := range map[string]gnista.Version{"assumeVersion": a.AssumeVersion, "pinVersion": a.PinVersion} {
		if !slices.Contains([]gnista.Version{"", gnista.V16, gnista.V201, gnista.V21}, v) {
			return wrong(field, "%q is not 1.6, 2.0.1 or 2.1", v)
		}
	}
	if _, err := time.LoadLocation(a.Zone); err != nil || strings.EqualFold(a.Zone, "local") {
		return wrong("zone", "%q is not the name of a time zone", a.Zone)
	}
	for field, in := range map[string][3]int{
		"graceSeconds": {a.GraceSeconds, 0, 600}, "clockOffset": {a.ClockOffset, -maxClock, maxClock}, "scheduleInPast": {a.ScheduleInPast, 0, 86400},
		"maxTokenLength": {a.MaxTokenLength, 0, 255}, "minLimitA": {a.MinLimitA, 0, 1000}, "startConnector": {number(a.StartConnector), 0, 100},
		"maxStackLevel": {number(a.MaxStackLevel), 0, 1000},
	} {
		if in[0] < in[1] || in[0] > in[2] {
			return wrong(field, "must be %d to %d", in[1], in[2])
		}
	}
	if a.OnlyUnit != "" && a.OnlyUnit != "A" && a.OnlyUnit != "W" {
		return wrong("onlyUnit", "%q is not A or W", a.OnlyUnit)
	}
	if len(a.CurrentsA) > 100 || !slices.IsSorted(a.CurrentsA) || len(a.CurrentsA) > 0 && a.CurrentsA[0] < 0 {
		return wrong("currentsA", "must be at most 100 currents of 0 or more, rising")
	}
	for field, list := range map[string][]string{"neverRead": a.NeverRead, "measurands": a.Measurands, "without": a.Without} {
		if len(list) > maxWords {
			return wrong(field, "has more than %d elements", maxWords)
		}
		for i, word := range list {
			if word == "" || len(word) > maxText {
				return wrong(fmt.Sprintf("%s[%d]", field, i), "must have 1 to %d bytes", maxText)
			}
		}
	}
	for i, name := range a.Without {
		if field(name) < 0 {
			return wrong(fmt.Sprintf("without[%d]", i), "there is no adaptation %q", name)
		}
	}
	if len(a.TokenAliases) > maxAliases {
		return wrong("tokenAliases", "has more than %d elements", maxAliases)
	}
	for sent, uid := range a.TokenAliases {
		if sent == "" || uid == "" || len(sent) > maxIdentity || len(uid) > maxIdentity {
			return wrong("tokenAliases", "must be UIDs of 1 to %d bytes", maxIdentity)
		}
	}
	return nil
}

func number(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// field is the number of the adaptation with a name, or -1.
func field(name string) int {
	t := reflect.TypeFor[Adaptations]()
	for i := range t.NumField() {
		if tag, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); tag == name && tag != "without" {
			return i
		}
	}
	return -1
}

// With is a with what over says otherwise.
func (a Adaptations) With(over Adaptations) Adaptations {
	to, from := reflect.ValueOf(&a).Elem(), reflect.ValueOf(over)
	for _, name := range over.Without {
		if i := field(name); i >= 0 {
			to.Field(i).SetZero()
		}
	}
	for i := range from.NumField() {
		if !from.Field(i).IsZero() {
			to.Field(i).Set(from.Field(i))
		}
	}
	a.Without = nil
	return a
}

// Any tells whether anything is done otherwise.
func (a Adaptations) Any() bool { return !reflect.ValueOf(a).IsZero() }

// Treatment is how a station is dealt with.
type Treatment struct {
	Strict      bool        // what breaks the rules of its version is refused
	Models      []string    // ids of the entries of the registry that it is one of
	Quirks      []string    // keys of what its model is known to do wrong
	Hints       []string    // for people
	Adaptations Adaptations // of its model, and of its own
	Mirror      Mirror
}

// Treatment is how a station is dealt with: as its model, but for what the operator says of it.
func (n *Network) Treatment(s Station) Treatment {
	t := n.Models.treatment(s)
	t.Strict, t.Mirror, t.Adaptations = s.Strict, s.Mirror, t.Adaptations.With(s.Adaptations)
	return t
}
