package power

import (
	"fmt"
	"slices"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/station"
)

// place is an EVSE in the note of a command.
func place(evse int) string {
	if evse == 0 {
		return "station"
	}
	return fmt.Sprintf("EVSE %d", evse)
}

// Install orders a station to follow a profile. (OCPP 1.6 §5.16, OCPP 2.x K01)
type Install struct {
	EVSE    int
	Ref     string // the wire's name of the transaction, for profiles of one
	Profile Profile
}

func (Install) Answers() (a station.Answer) { return a }
func (o Install) Check() error              { return o.Profile.Check(o.EVSE) }

func (o Install) Told() station.Told {
	return station.Told{Kind: "install-profile", Note: fmt.Sprintf("profile %d, %s, %s", o.Profile.ID, o.Profile.Purpose, place(o.EVSE))}
}

// Start is an order to start charging with a profile for the transaction. (OCPP 1.6 §5.11, OCPP 2.x K05)
type Start struct {
	charging.Start
	Profile Profile
}

// Adapt is that of the start without its profile.
func (o Start) Adapt(a station.Adaptations) (any, error) {
	plain, err := o.Start.Adapt(a)
	if err != nil {
		return nil, err
	}
	o.Start = plain.(charging.Start)
	return o, nil
}

// Clear orders a station to forget the profiles that have all that is said. (OCPP 1.6 §5.5, OCPP 2.x K10)
type Clear struct {
	ID         *int
	EVSE       *int
	Purpose    Purpose
	StackLevel *int
}

func (Clear) Answers() (a station.Answer) { return a }

func (o Clear) Told() station.Told { return station.Told{Kind: "clear-profiles", Note: o.note()} }

func (o Clear) note() string {
	s := ""
	add := func(format string, args ...any) {
		if s != "" {
			s += ", "
		}
		s += fmt.Sprintf(format, args...)
	}
	if o.ID != nil {
		add("profile %d", *o.ID)
	}
	if o.EVSE != nil {
		add("%s", place(*o.EVSE))
	}
	if o.Purpose != "" {
		add("%s", o.Purpose)
	}
	if o.StackLevel != nil {
		add("stack level %d", *o.StackLevel)
	}
	return s
}

func (o Clear) Check() error {
	switch {
	case o == (Clear{}): // OCPP 2.x K10.FR.02
		return gnista.Errorf(gnista.Invalid, "say which profiles: by id, evse, purpose or stackLevel")
	case o.Purpose == External: // OCPP 2.x K10.FR.06
		return gnista.Invalidf("purpose", "external limits are cleared by who set them")
	case o.EVSE != nil && *o.EVSE < 0:
		return gnista.Invalidf("evse", "is negative")
	case o.StackLevel != nil && *o.StackLevel < 0:
		return gnista.Invalidf("stackLevel", "is negative")
	}
	return nil
}

// matches tells whether a profile is one of those that are meant.
func (o Clear) matches(x *Installed) bool {
	p := &x.Profile
	if o.ID != nil {
		return p.ID == *o.ID
	}
	return (o.EVSE == nil || x.EVSE == *o.EVSE) && (o.Purpose == "" || p.Purpose == o.Purpose) && (o.StackLevel == nil || p.StackLevel == *o.StackLevel)
}

// Compose asks a station what all its profiles together come to, from now on.
// (OCPP 1.6 §5.7, OCPP 2.x K08)
type Compose struct {
	EVSE     int
	Duration int  // in seconds
	Unit     Unit // empty leaves it to the station
}

func (Compose) Answers() (c Composite) { return c }

func (o Compose) Told() station.Told {
	return station.Told{Kind: "composite-schedule", Note: fmt.Sprintf("%s, %d s", place(o.EVSE), o.Duration)}
}

func (o Compose) Check() error {
	switch {
	case o.EVSE < 0:
		return gnista.Invalidf("evse", "is negative")
	case o.Duration < 1:
		return gnista.Invalidf("durationSeconds", "must be 1 or more")
	case o.Unit != "" && o.Unit != Ampere && o.Unit != Watt:
		return gnista.Invalidf("unit", "%q is not A or W", o.Unit)
	}
	return nil
}

// Composite is what the profiles of an EVSE together come to.
type Composite struct {
	Status   station.AnswerStatus
	Detail   string
	EVSE     int
	Start    time.Time
	Duration int
	Unit     Unit
	Periods  []Period
}

// Said is the answer alone.
func (c Composite) Said() station.Answer { return station.Answer{Status: c.Status, Detail: c.Detail} }

// ReadProfiles asks a station to report profiles that have all that is said. (OCPP 2.x K09)
type ReadProfiles struct {
	Number int // by which the report is known
	ReadFilter
}

// ReadFilter says which profiles are meant.
type ReadFilter struct {
	IDs        []int    `json:"ids,omitempty" maxItems:"100" doc:"Alone, with evse at the most"`
	EVSE       *int     `json:"evse,omitempty" minimum:"0" doc:"0 is the station itself; absent: everywhere"`
	Purpose    Purpose  `json:"purpose,omitempty" enum:"station-max,default,transaction,priority,local-generation,external"`
	StackLevel *int     `json:"stackLevel,omitempty" minimum:"0"`
	Sources    []Source `json:"sources,omitempty" maxItems:"4" enum:"operator,energy-management,system-operator,other"`
}

func (ReadProfiles) Answers() (a station.Answer) { return a }

func (o ReadProfiles) Told() station.Told {
	return station.Told{Kind: "read-profiles", Note: fmt.Sprintf("report %d", o.Number), Effect: effectReport(profileReport, o.Number)}
}

func (o ReadProfiles) Check() error {
	if len(o.IDs) > 0 && (o.Purpose != "" || o.StackLevel != nil || len(o.Sources) > 0) { // OCPP 2.x K09.FR.03
		return gnista.Invalidf("ids", "cannot be said together with purpose, stackLevel or sources")
	}
	return nil
}

func (o ReadFilter) matches(x *Installed) bool {
	if o.EVSE != nil && x.EVSE != *o.EVSE {
		return false
	}
	if len(o.IDs) > 0 {
		return slices.Contains(o.IDs, x.Profile.ID)
	}
	return (o.Purpose == "" || x.Profile.Purpose == o.Purpose) && (o.StackLevel == nil || x.Profile.StackLevel == *o.StackLevel) &&
		(len(o.Sources) == 0 || slices.Contains(o.Sources, x.Source))
}

// Update tells a station the values of a dynamic profile from now on. (OCPP 2.1 K28)
type Update struct {
	ID     int
	Values Values
}

func (Update) Answers() (a station.Answer) { return a }

func (o Update) Told() station.Told {
	return station.Told{Kind: "update-profile", Note: fmt.Sprintf("profile %d", o.ID)}
}

func (o Update) Check() error {
	if o.Values.empty() {
		return gnista.Invalidf("values", "says nothing")
	}
	return o.Values.check("values.")
}
