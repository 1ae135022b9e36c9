package power

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gnista"
	"gnista/station"
)

// DERType is what a control of a grid operator is about. (OCPP 2.1 R)
type DERType string

// The types. The curves are all but the first seven.
const (
	EnterService      DERType = "enter-service"
	FreqDroop         DERType = "freq-droop"
	FixedPFAbsorb     DERType = "fixed-pf-absorb"
	FixedPFInject     DERType = "fixed-pf-inject"
	FixedVar          DERType = "fixed-var"
	Gradients         DERType = "gradients"
	LimitMaxDischarge DERType = "limit-max-discharge"
	FreqWattCurve     DERType = "freq-watt"
	HFMustTrip        DERType = "hf-must-trip"
	HFMayTrip         DERType = "hf-may-trip"
	HVMustTrip        DERType = "hv-must-trip"
	HVMomCess         DERType = "hv-mom-cess"
	HVMayTrip         DERType = "hv-may-trip"
	LFMustTrip        DERType = "lf-must-trip"
	LVMustTrip        DERType = "lv-must-trip"
	LVMomCess         DERType = "lv-mom-cess"
	LVMayTrip         DERType = "lv-may-trip"
	PowerMonitoring   DERType = "power-monitoring-must-trip"
	VoltVar           DERType = "volt-var"
	VoltWatt          DERType = "volt-watt"
	WattPF            DERType = "watt-pf"
	WattVar           DERType = "watt-var"
)

// DERControl is a control of a grid operator. Which of its parts it has depends on its type.
type DERControl struct {
	Noted
	Control    string     `json:"control" minLength:"1" maxLength:"36" doc:"Its id"`
	Type       DERType    `json:"type" enum:"enter-service,freq-droop,fixed-pf-absorb,fixed-pf-inject,fixed-var,gradients,limit-max-discharge,freq-watt,hf-must-trip,hf-may-trip,hv-must-trip,hv-mom-cess,hv-may-trip,lf-must-trip,lv-must-trip,lv-mom-cess,lv-may-trip,power-monitoring-must-trip,volt-var,volt-watt,watt-pf,watt-var"`
	Default    bool       `json:"default,omitempty" doc:"It holds where none that is scheduled does"`
	Priority   int        `json:"priority,omitempty" minimum:"0" doc:"The lowest number holds"`
	Start      *time.Time `json:"start,omitempty" doc:"Where it is scheduled, that is not default"`
	Duration   *Milli     `json:"durationSeconds,omitempty" minimum:"0" doc:"Where it is scheduled"`
	State      State      `json:"state,omitempty" readOnly:"true" enum:"sent,accepted,rejected,unknown,cleared,expired,missing"`
	Superseded bool       `json:"superseded,omitempty" readOnly:"true" doc:"Another holds in its place"`
	Active     *bool      `json:"active,omitempty" readOnly:"true" doc:"The station has told that it began, or ended"`
	Foreign    bool       `json:"foreign,omitempty" readOnly:"true" doc:"It is known from the station's reports only"`
	Detail     string     `json:"detail,omitempty" readOnly:"true"`
	ReportedAt *time.Time `json:"reportedAt,omitempty" readOnly:"true"`

	Curve     *DERCurve     `json:"curve,omitempty" doc:"Of the types that are curves"`
	Service   *DERService   `json:"service,omitempty" doc:"Of enter-service"`
	Droop     *DERDroop     `json:"droop,omitempty" doc:"Of freq-droop"`
	PF        *DERPF        `json:"pf,omitempty" doc:"Of fixed-pf-absorb and fixed-pf-inject"`
	Var       *DERVar       `json:"var,omitempty" doc:"Of fixed-var"`
	Gradient  *DERGradient  `json:"gradient,omitempty" doc:"Of gradients"`
	Discharge *DERDischarge `json:"discharge,omitempty" doc:"Of limit-max-discharge"`
}

// DERCurve is a value over another.
type DERCurve struct {
	Unit         string         `json:"unit" enum:"none,max-w,max-var,w-available,var-available,effective-v" doc:"What y is a percentage of"`
	Points       []DERPoint     `json:"points" minItems:"1" maxItems:"10" nullable:"false"`
	ResponseTime *Milli         `json:"responseSeconds,omitempty"`
	Hysteresis   *DERHysteresis `json:"hysteresis,omitempty"`
	Reference    *DERReference  `json:"reference,omitempty" doc:"Of volt-var"`
	Voltage      *DERVoltage    `json:"voltage,omitempty"`
}

// DERHysteresis is where a curve is left again.
type DERHysteresis struct {
	High     *Milli `json:"high,omitempty"`
	Low      *Milli `json:"low,omitempty"`
	Delay    *Milli `json:"delaySeconds,omitempty"`
	Gradient *Milli `json:"gradient,omitempty"`
}

// DERReference is the voltage that a curve refers to.
type DERReference struct {
	V            *Milli `json:"v,omitempty" doc:"In percent of the nominal voltage"`
	Autonomous   *bool  `json:"autonomous,omitempty"`
	TimeConstant *Milli `json:"timeConstantSeconds,omitempty"`
}

// DERVoltage is more of curves over a voltage.
type DERVoltage struct {
	MeanV     *Milli `json:"meanV,omitempty" doc:"Of ten minutes"`
	MeanDelay *Milli `json:"meanDelaySeconds,omitempty"`
	Cessation string `json:"cessation,omitempty" enum:"active,reactive" doc:"What power is kept while nothing is given"`
}

// DERPoint is a point of a curve.
type DERPoint struct {
	X Milli `json:"x"`
	Y Milli `json:"y"`
}

// DERService is when an inverter may go on the grid.
type DERService struct {
	HighV       Milli  `json:"highV"`
	LowV        Milli  `json:"lowV"`
	HighHz      Milli  `json:"highHz"`
	LowHz       Milli  `json:"lowHz"`
	Delay       *Milli `json:"delaySeconds,omitempty"`
	RandomDelay *Milli `json:"randomDelaySeconds,omitempty"`
	RampRate    *Milli `json:"rampSeconds,omitempty"`
}

// DERDroop is how power follows the frequency.
type DERDroop struct {
	OverHz       Milli `json:"overHz"`
	UnderHz      Milli `json:"underHz"`
	OverDroop    Milli `json:"overDroop"`
	UnderDroop   Milli `json:"underDroop"`
	ResponseTime Milli `json:"responseSeconds"`
}

// DERPF is a power factor.
type DERPF struct {
	Displacement Milli `json:"displacement"`
	Excitation   bool  `json:"excitation" doc:"false is under-excited"`
}

// DERVar is a reactive power.
type DERVar struct {
	Setpoint Milli  `json:"setpoint"`
	Unit     string `json:"unit" enum:"none,max-w,max-var,w-available,var-available,effective-v"`
}

// DERGradient is how fast power may change, in percent of the maximum in a second.
type DERGradient struct {
	Normal Milli `json:"normal"`
	Soft   Milli `json:"soft"`
}

// DERDischarge is how much may be given back.
type DERDischarge struct {
	Percent *Milli    `json:"percent,omitempty"`
	Curve   *DERCurve `json:"curve,omitempty"`
}

func (*DERControl) kind() string  { return "der-control" }
func (c *DERControl) key() string { return c.Control }

// check tells what is wrong with a control. (OCPP 2.1 R04)
func (c *DERControl) check() error {
	if c.Control == "" || len(c.Control) > 36 {
		return gnista.Invalidf("control", "must have 1 to 36 characters")
	}
	if c.Priority < 0 || c.Priority > maxNumber {
		return gnista.Invalidf("priority", "is not from 0 to %d", maxNumber)
	}
	parts := map[string]bool{
		"curve": c.Curve != nil, "service": c.Service != nil, "droop": c.Droop != nil, "pf": c.PF != nil, "var": c.Var != nil, "gradient": c.Gradient != nil, "discharge": c.Discharge != nil,
	}
	needed, ok := map[DERType]string{
		EnterService: "service", FreqDroop: "droop", FixedPFAbsorb: "pf", FixedPFInject: "pf", FixedVar: "var", Gradients: "gradient", LimitMaxDischarge: "discharge",
	}[c.Type]
	if !ok {
		needed = "curve"
	}
	for _, part := range []string{"curve", "service", "droop", "pf", "var", "gradient", "discharge"} {
		if part == needed && !parts[part] {
			return gnista.Invalidf(part, "is needed in a control of type %s", c.Type)
		}
		if part != needed && parts[part] {
			return gnista.Invalidf(part, "has no place in a control of type %s", c.Type)
		}
	}
	timed := needed != "service" && needed != "gradient"
	if (c.Default || !timed) && (c.Start != nil || c.Duration != nil) {
		return gnista.Invalidf("start", "and durationSeconds are for controls that are scheduled")
	}
	if !c.Default && timed && (c.Start == nil || c.Duration == nil) {
		return gnista.Invalidf("start", "and durationSeconds are needed in a control that is scheduled, not default")
	}
	return nil
}

// SetDER has a station follow a control. (OCPP 2.1 R04)
type SetDER struct{ Control DERControl }

func (SetDER) Answers() (a DERAnswer) { return a }
func (o SetDER) Check() error         { return o.Control.check() }

func (o SetDER) Told() station.Told {
	return station.Told{Kind: "set-der-control", Note: fmt.Sprintf("%s, %s", o.Control.Control, o.Control.Type)}
}

// DERAnswer is what a station says to a control.
type DERAnswer struct {
	Status     station.AnswerStatus
	Detail     string
	Superseded []string // ids of controls in whose place it holds; its own when another holds
}

// Said is the answer alone.
func (a DERAnswer) Said() station.Answer { return station.Answer{Status: a.Status, Detail: a.Detail} }

// DERFilter says which controls are meant.
type DERFilter struct {
	Control string  `json:"control,omitempty" maxLength:"36" doc:"Id of one control"`
	Type    DERType `json:"type,omitempty" enum:"enter-service,freq-droop,fixed-pf-absorb,fixed-pf-inject,fixed-var,gradients,limit-max-discharge,freq-watt,hf-must-trip,hf-may-trip,hv-must-trip,hv-mom-cess,hv-may-trip,lf-must-trip,lv-must-trip,lv-mom-cess,lv-may-trip,power-monitoring-must-trip,volt-var,volt-watt,watt-pf,watt-var"`
	Default *bool   `json:"default,omitempty" doc:"Those that are default, or that are scheduled; absent: both"`
}

func (f DERFilter) matches(c *DERControl) bool {
	return (f.Control == "" || c.Control == f.Control) && (f.Type == "" || c.Type == f.Type) && (f.Default == nil || c.Default == *f.Default)
}

// ClearDER has a station forget controls. (OCPP 2.1 R04)
type ClearDER struct {
	Default bool
	Control string
	Type    DERType
}

func (ClearDER) Answers() (a station.Answer) { return a }

func (o ClearDER) Told() station.Told {
	return station.Told{Kind: "clear-der-controls", Note: fmt.Sprintf("%s %s", o.Control, o.Type)}
}

// ReadDER has a station report its controls. (OCPP 2.1 R04)
type ReadDER struct {
	Number int
	DERFilter
}

func (ReadDER) Answers() (a station.Answer) { return a }

func (o ReadDER) Told() station.Told {
	return station.Told{Kind: "read-der-controls", Note: fmt.Sprintf("report %d", o.Number), Effect: effectReport(derReport, o.Number)}
}

// SetDER has a station follow a control of the grid operator, and keeps it. Invalid, Unsupported.
func (p *Power) SetDER(ctx context.Context, id gnista.StationID, c DERControl) (DERAnswer, error) {
	c.Noted, c.State, c.Superseded, c.Active, c.Foreign, c.Detail, c.ReportedAt = Noted{}, "", false, nil, false, "", nil
	a, err := station.Give(ctx, p.Network, id, SetDER{c})
	if err != nil {
		return a, err
	}
	c.State, c.Detail = Accepted, a.Detail
	if a.Status != station.Done {
		c.State = Rejected
	}
	return a, p.Store.ChangePower(context.WithoutCancel(ctx), id, func(tx Tx) error {
		x := c
		if have, err := find[DERControl](tx, c.Control); err != nil || c.State == Rejected && have != nil && have.State == Accepted {
			return err // it leaves the one before
		}
		if err := p.derRoom(tx); err != nil {
			return err
		}
		if err := save(p, tx, id, &x, p.event("der.control", id, map[string]any{"control": c.Control, "type": c.Type, "state": c.State})); err != nil {
			return err
		}
		return p.supersede(tx, id, a.Superseded)
	})
}

// derRoom forgets the oldest control that no longer holds, where there are as many as are kept.
func (p *Power) derRoom(tx Tx) error {
	list, err := all[DERControl](tx)
	if err != nil || len(list) < keep {
		return err
	}
	for _, c := range slices.Backward(list) {
		if c.State != Accepted {
			return tx.Forget(c.kind(), c.Control)
		}
	}
	return gnista.Errorf(gnista.Conflict, "the station has %d controls, which is the most; clear some", len(list))
}

// supersede takes in that other controls hold in the place of some.
func (p *Power) supersede(tx Tx, id gnista.StationID, controls []string) error {
	for _, control := range controls {
		c, err := find[DERControl](tx, control)
		if err != nil {
			return err
		}
		if c == nil || c.Superseded {
			continue
		}
		c.Superseded = true
		if err := save(p, tx, id, c); err != nil {
			return err
		}
	}
	return nil
}

// ClearDER has a station forget controls, and takes that in. (OCPP 2.1 R04)
func (p *Power) ClearDER(ctx context.Context, id gnista.StationID, o ClearDER) (station.Answer, error) {
	a, err := station.Give(ctx, p.Network, id, o)
	if err != nil || a.Status != station.Done && a.Status != station.NotKnown {
		return a, err
	}
	f := DERFilter{Control: o.Control, Type: o.Type, Default: &o.Default}
	return a, p.Store.ChangePower(context.WithoutCancel(ctx), id, func(tx Tx) error {
		list, err := all[DERControl](tx)
		if err != nil {
			return err
		}
		for i := range list {
			c := &list[i]
			if c.State != Accepted || !f.matches(c) {
				continue
			}
			if c.State = Cleared; a.Status == station.NotKnown {
				c.State = Missing
			}
			if err := save(p, tx, id, c, p.event("der.control", id, map[string]any{"control": c.Control, "type": c.Type, "state": c.State})); err != nil {
				return err
			}
		}
		return nil
	})
}

// ReadDER has a station report its controls; those that it should report and does not are missing then.
func (p *Power) ReadDER(ctx context.Context, id gnista.StationID, f DERFilter) (station.Answer, error) {
	number, err := p.Transactions.Number(ctx, id)
	if err != nil {
		return station.Answer{}, err
	}
	return p.readOut(ctx, id, Report{Kind: derReport, Number: number, Controls: f}, func() (station.Answer, error) {
		return station.Give(ctx, p.Network, id, ReadDER{number, f})
	}, p.missingControls)
}

// ReportDER takes in a page of a report of controls. (OCPP 2.1 R04.FR.31, R04.FR.32)
func (p *Power) ReportDER(ctx context.Context, id gnista.StationID, number int, list []DERControl, more bool) error {
	take := func(tx Tx, r *Report) error {
		for _, got := range list {
			now := p.Now()
			c := got
			c.State, c.ReportedAt, c.Foreign = Accepted, &now, true
			have, err := find[DERControl](tx, c.Control)
			if err != nil {
				return err
			}
			if have != nil {
				c.Noted, c.Foreign, c.Active = have.Noted, have.Foreign, have.Active
			} else if err := p.derRoom(tx); err != nil {
				if err := dropped(r, err); err != nil {
					return err
				}
				continue
			}
			if err := dropped(r, save(p, tx, id, &c)); err != nil {
				return err
			}
		}
		return nil
	}
	return p.page(ctx, id, derReport, number, more, take, p.missingControls)
}

// missingControls takes in that the station has reported all controls that were asked for.
func (p *Power) missingControls(tx Tx, id gnista.StationID, r Report) error {
	list, err := all[DERControl](tx)
	if err != nil {
		return err
	}
	for i := range list {
		c := &list[i]
		reported := c.ReportedAt != nil && !c.ReportedAt.Before(r.ReceivedAt)
		if reported || c.State != Accepted || !r.Controls.matches(c) || c.ReceivedAt.After(r.ReceivedAt) {
			continue
		}
		c.State, c.Detail = Missing, "the station does not report it"
		if err := save(p, tx, id, c, p.event("der.control", id, map[string]any{"control": c.Control, "type": c.Type, "state": c.State})); err != nil {
			return err
		}
	}
	return nil
}

// DERAlarm tells that the grid keeps a station from what it should do. (OCPP 2.1 R05)
type DERAlarm struct {
	Noted
	Type  DERType   `json:"type" doc:"Of the control that acts"`
	At    time.Time `json:"at" doc:"By the station's clock"`
	Fault string    `json:"fault,omitempty" doc:"What is wrong with the grid, in the station's own word"`
	Ended bool      `json:"ended,omitempty"`
	Info  string    `json:"info,omitempty"`
}

func (*DERAlarm) kind() string { return "der-alarm" }
func (a *DERAlarm) key() string {
	return fmt.Sprintf("%s %s %s %t", a.Type, a.At.UTC().Format(time.RFC3339Nano), a.Fault, a.Ended)
}

// TakeDERAlarm takes in an alarm, once. (OCPP 2.1 R05.FR.01, R05.FR.02)
func (p *Power) TakeDERAlarm(ctx context.Context, id gnista.StationID, a DERAlarm) error {
	return note(ctx, p, id, &a, p.event("der.alarm", id, map[string]any{"type": a.Type, "fault": a.Fault, "ended": a.Ended}))
}

// DEREvent tells that a control began or ended. (OCPP 2.1 R04.FR.20, R04.FR.21, R04.FR.22)
type DEREvent struct {
	Noted
	Control    string    `json:"control"`
	At         time.Time `json:"at" doc:"By the station's clock"`
	Started    bool      `json:"started"`
	Superseded []string  `json:"superseded,omitempty" doc:"Ids of controls in whose place it holds"`
}

func (*DEREvent) kind() string { return "der-event" }
func (e *DEREvent) key() string {
	return fmt.Sprintf("%s %s %t", e.Control, e.At.UTC().Format(time.RFC3339Nano), e.Started)
}

// TakeDEREvent takes in that a control began or ended, once.
func (p *Power) TakeDEREvent(ctx context.Context, id gnista.StationID, e DEREvent) error {
	return p.Store.ChangePower(ctx, id, func(tx Tx) error {
		if have, err := tx.Entry(e.kind(), e.key()); err != nil || have != nil {
			return err
		}
		x := e
		if err := save(p, tx, id, &x, p.event("der.event", id, map[string]any{"control": e.Control, "started": e.Started})); err != nil {
			return err
		}
		c, err := find[DERControl](tx, e.Control)
		if err != nil || c == nil {
			return err
		}
		c.Active = &x.Started
		if !x.Started && c.State == Accepted && !c.Default { // OCPP 2.1 R04.FR.10: it is over
			c.State = Expired
		}
		if err := save(p, tx, id, c); err != nil {
			return err
		}
		return p.supersede(tx, id, e.Superseded)
	})
}
