package sim

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gnista"
	"gnista/ocpp/ocpp2"
)

// settings are what the central system may change and what the station acts on. They are guarded by
// the mu of the station. What it changes besides is in kept.
type settings struct {
	heartbeat         time.Duration
	meterEvery        time.Duration
	connectionTimeout time.Duration
	attempts          int // to tell an event of a transaction that is refused
	attemptInterval   time.Duration
	stopOnInvalid     bool
	cards             cardRules
	reservations      bool // are made
}

// setting is a configuration key of OCPP 1.6, a variable of OCPP 2.x, or both.
type setting struct {
	key       string // 1.6; empty where it has none
	component string // 2.x; empty where it has none
	evse      int    // of the component; 0 is none
	connector int    // of the component; 0 is none
	variable  string
	instance  string // of the variable
	kind      kind
	unit      string
	value     string
	write     func(value string) bool // nil when it cannot be; false when the value makes no sense; mu is held

	low, high *float64 // of a number; high is also the most characters of a text
	options   string   // of which the value is one, or several; empty is any
	mutable   bool     // write keeps the value and nothing more; it is made by listSettings
	secret    bool     // it can be written and not be read
	restart   bool     // what is written takes effect with the next start
	monitored bool     // the central system may have it monitored
	only21    bool     // OCPP 2.0.1 does not have it
	more      []attribute
}

// attribute is a value of a variable beside the one that it has: the one that it is to have, or the
// bounds of it, as OCPP 2.x names them.
type attribute struct {
	name  string // Target, MinSet or MaxSet
	value string
	fixed bool
	write func(value string) bool // nil when it cannot be
}

// kind is the type of a value, as OCPP 2.x names it.
type kind string

const (
	kindText     kind = "string"
	kindInteger  kind = "integer"
	kindDecimal  kind = "decimal"
	kindBoolean  kind = "boolean"
	kindTime     kind = "dateTime"
	kindOption   kind = "OptionList"
	kindMembers  kind = "MemberList"
	kindSequence kind = "SequenceList"
)

// valueSize is the most characters of a value that is set.
const valueSize = 1000

// makes tells whether a value is one that the setting can have.
func (v *setting) makes(value string) bool {
	if len(value) > valueSize {
		return false
	}
	switch v.kind {
	case kindInteger, kindDecimal:
		n, err := strconv.ParseFloat(value, 64)
		if v.kind == kindInteger && err == nil {
			_, err = strconv.Atoi(value)
		}
		return err == nil && (v.low == nil || n >= *v.low) && (v.high == nil || n <= *v.high)
	case kindBoolean:
		return strings.EqualFold(value, "true") || strings.EqualFold(value, "false")
	case kindTime:
		_, err := time.Parse(time.RFC3339, value)
		return err == nil
	case kindOption:
		return v.options == "" || slices.Contains(strings.Split(v.options, ","), value)
	case kindMembers, kindSequence:
		known := strings.Split(v.options, ",")
		for _, part := range strings.Split(value, ",") {
			if v.options != "" && value != "" && !slices.Contains(known, strings.TrimSpace(part)) {
				return false
			}
		}
		return true
	}
	return v.high == nil || float64(len(value)) <= *v.high
}

// id is a name for the setting that no other has.
func (v *setting) id() string {
	if v.component == "" {
		return v.key
	}
	return fmt.Sprintf("%s/%d/%d/%s/%s", v.component, v.evse, v.connector, v.variable, v.instance)
}

// kept is what the central system has left at the station. Most stations are left nothing: each part
// is made when there is something to be kept in it.
type kept struct {
	values     map[string]string // of settings, by their ids
	monitoring *monitoring
	profiles   []*profile
	messages   []ocpp2.MessageInfo
	customers  map[string]string // what is known of them, by what they are known by
	tariffs    []installed
	controls   []*derControl
	signal     int                // of the grid operator, for what profiles say of it
	wake       context.CancelFunc // ends the wait until profiles say something else
}

// memory is where to keep what the central system leaves at the station. mu is held.
func (s *Station) memory() *kept {
	if s.kept == nil {
		s.kept = &kept{}
	}
	return s.kept
}

// keepValue keeps a value that was written. mu is held.
func (s *Station) keepValue(id, value string) {
	k := s.memory()
	if k.values == nil {
		k.values = map[string]string{}
	}
	k.values[id] = value
}

// listSettings lists the settings with their values now. mu is held.
func (s *Station) listSettings() []setting {
	list := slices.Concat(s.inventory(), s.actedOn(), s.places())
	list = slices.DeleteFunc(list, func(v setting) bool { return v.only21 && s.Version != gnista.V21 })
	for _, own := range [][]setting{s.cardSettings(), s.reservationSettings(), s.securitySettings(), s.networkSettings(), s.priceSettings(), s.terminalSettings()} {
		list = override(list, own)
	}
	for i := range list {
		s.fill(&list[i])
	}
	return list
}

// fill gives a setting what was written of it, and the means to write. mu is held.
func (s *Station) fill(v *setting) {
	if v.mutable {
		v.value = s.written(v, "", v.value)
		v.write = func(value string) bool { return s.write(v, v.id(), value) }
	}
	for j := range v.more {
		a := &v.more[j]
		a.value = s.written(v, "#"+a.name, a.value)
		if !a.fixed {
			a.write = func(value string) bool { return s.write(v, v.id()+"#"+a.name, value) }
		}
	}
}

// written is what was written of a setting, or else the value that it came with. mu is held.
func (s *Station) written(v *setting, attribute, value string) string {
	if s.kept == nil || len(s.kept.values) == 0 {
		return value
	}
	if kept, ok := s.kept.values[v.id()+attribute]; ok {
		return kept
	}
	return value
}

// write keeps a value if the setting can have it. mu is held.
func (s *Station) write(v *setting, id, value string) bool {
	if !v.makes(value) {
		return false
	}
	if v.kind == kindBoolean {
		value = strings.ToLower(value)
	}
	s.keepValue(id, value)
	return true
}

// holds is the value of a setting of the device model now. mu is held.
func (s *Station) holds(component, variable string) string {
	for _, v := range s.listSettings() {
		if v.component == component && v.variable == variable {
			return v.value
		}
	}
	return ""
}

// actedOn are the settings that the station acts on. mu is held.
func (s *Station) actedOn() []setting {
	set := &s.settings
	seconds := func(d *time.Duration, low int) (string, func(string) bool) {
		return strconv.Itoa(int((*d + time.Second - 1) / time.Second)), func(v string) bool {
			n, err := strconv.Atoi(v)
			if err != nil || n < low || n > maxSeconds {
				return false
			}
			*d = time.Duration(n) * time.Second
			s.signal()
			return true
		}
	}
	var list []setting
	add := func(v setting, value string, write func(string) bool) {
		v.value, v.write = value, write
		list = append(list, v)
	}
	value, write := seconds(&set.heartbeat, 1)
	add(ro("OCPPCommCtrlr", "HeartbeatInterval", kindInteger, "s", "").as("HeartbeatInterval").between(1, maxSeconds), value, write)
	value, write = seconds(&set.meterEvery, 1)
	add(ro("SampledDataCtrlr", "TxUpdatedInterval", kindInteger, "s", "").as("MeterValueSampleInterval").between(1, maxSeconds), value, write)
	value, write = seconds(&set.connectionTimeout, 1)
	add(ro("TxCtrlr", "EVConnectionTimeOut", kindInteger, "s", "").as("ConnectionTimeOut").between(1, maxSeconds), value, write)
	value, write = seconds(&set.attemptInterval, 0)
	add(ro("OCPPCommCtrlr", "MessageAttemptInterval", kindInteger, "s", "").of("TransactionEvent").as("TransactionMessageRetryInterval").between(0, maxSeconds), value, write)
	add(ro("OCPPCommCtrlr", "MessageAttempts", kindInteger, "", "").of("TransactionEvent").as("TransactionMessageAttempts").between(1, 100),
		strconv.Itoa(set.attempts), func(v string) bool {
			n, err := strconv.Atoi(v)
			if err == nil && n > 0 && n <= 100 {
				set.attempts = n
				return true
			}
			return false
		})
	add(ro("TxCtrlr", "StopTxOnInvalidId", kindBoolean, "", "").as("StopTransactionOnInvalidId"),
		strconv.FormatBool(set.stopOnInvalid), func(v string) bool {
			b, err := strconv.ParseBool(strings.ToLower(v))
			if err == nil {
				set.stopOnInvalid = b
			}
			return err == nil
		})
	return list
}

// maxSeconds is the longest that an interval is set to.
const maxSeconds = 1_000_000

// measurands are what the meter values have.
func (s *Station) measurands() string {
	list := "Energy.Active.Import.Register,Power.Active.Import"
	if s.Phases > 0 {
		list += ",Current.Import"
	}
	return list
}

// availability is a status in the fewer words of OCPP 2.x.
func availability(status Status) string {
	switch status {
	case StatusAvailable, StatusReserved, StatusUnavailable, StatusFaulted:
		return string(status)
	}
	return "Occupied"
}

func (s *Station) vendor() string { return cmp.Or(s.Vendor, "Gnista") }
func (s *Station) model() string {
	return cmp.Or(s.Model, fmt.Sprintf("Simulator %s", s.Version))
}
