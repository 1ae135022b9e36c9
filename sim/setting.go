package sim

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// settings are what the central system may change. They are guarded by the mu of the station.
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
	options   string                  // of which the value is one, or several; empty is any
	secret    bool                    // it can be written and not be read
	restart   bool                    // what is written takes effect with the next start
}

// kind is the type of a value, as OCPP 2.x names it.
type kind string

const (
	kindText     kind = "string"
	kindInteger  kind = "integer"
	kindBoolean  kind = "boolean"
	kindOption   kind = "OptionList"
	kindMembers  kind = "MemberList"
	kindSequence kind = "SequenceList"
)

// listSettings lists the settings with their values now. mu is held.
func (s *Station) listSettings() []setting {
	set := &s.settings
	seconds := func(d *time.Duration, low int) (string, func(string) bool) {
		return strconv.Itoa(int((*d + time.Second - 1) / time.Second)), func(v string) bool {
			n, err := strconv.Atoi(v)
			if err != nil || n < low || n > 1_000_000 {
				return false
			}
			*d = time.Duration(n) * time.Second
			s.signal()
			return true
		}
	}
	list := []setting{
		{key: "NumberOfConnectors", kind: kindInteger, value: strconv.Itoa(len(s.evses))},
		{key: "SupportedFeatureProfiles", kind: kindMembers, value: "Core,FirmwareManagement,LocalAuthListManagement,RemoteTrigger,Reservation"},
		{key: "AuthorizeRemoteTxRequests", component: "AuthCtrlr", variable: "AuthorizeRemoteStart", kind: kindBoolean, value: "false"},
		{key: "MeterValuesSampledData", component: "SampledDataCtrlr", variable: "TxUpdatedMeasurands", kind: kindMembers, value: s.measurands()},
		{component: "TxCtrlr", variable: "TxStartPoint", kind: kindMembers, value: "PowerPathClosed"},
		{component: "TxCtrlr", variable: "TxStopPoint", kind: kindMembers, value: "PowerPathClosed"},
		{component: "ChargingStation", variable: "VendorName", kind: kindText, value: s.vendor()},
		{component: "ChargingStation", variable: "Model", kind: kindText, value: s.model()},
		{component: "ChargingStation", variable: "AvailabilityState", kind: kindOption, value: availability(s.whole.status())},
	}
	add := func(v setting, value string, write func(string) bool) {
		v.value, v.write = value, write
		list = append(list, v)
	}
	value, write := seconds(&set.heartbeat, 1)
	add(setting{key: "HeartbeatInterval", component: "OCPPCommCtrlr", variable: "HeartbeatInterval", kind: kindInteger, unit: "s"}, value, write)
	value, write = seconds(&set.meterEvery, 1)
	add(setting{key: "MeterValueSampleInterval", component: "SampledDataCtrlr", variable: "TxUpdatedInterval", kind: kindInteger, unit: "s"}, value, write)
	value, write = seconds(&set.connectionTimeout, 1)
	add(setting{key: "ConnectionTimeOut", component: "TxCtrlr", variable: "EVConnectionTimeOut", kind: kindInteger, unit: "s"}, value, write)
	value, write = seconds(&set.attemptInterval, 0)
	add(setting{key: "TransactionMessageRetryInterval", component: "OCPPCommCtrlr", variable: "MessageAttemptInterval", instance: "TransactionEvent", kind: kindInteger, unit: "s"}, value, write)
	add(setting{key: "TransactionMessageAttempts", component: "OCPPCommCtrlr", variable: "MessageAttempts", instance: "TransactionEvent", kind: kindInteger},
		strconv.Itoa(set.attempts), func(v string) bool {
			n, err := strconv.Atoi(v)
			if err == nil && n > 0 {
				set.attempts = n
			}
			return err == nil && n > 0
		})
	add(setting{key: "StopTransactionOnInvalidId", component: "TxCtrlr", variable: "StopTxOnInvalidId", kind: kindBoolean},
		strconv.FormatBool(set.stopOnInvalid), func(v string) bool {
			b, err := strconv.ParseBool(strings.ToLower(v))
			if err == nil {
				set.stopOnInvalid = b
			}
			return err == nil
		})
	for _, e := range s.evses {
		state := availability(s.statusOf(e))
		list = append(list,
			setting{component: "EVSE", evse: e.id, variable: "AvailabilityState", kind: kindOption, value: state},
			setting{component: "EVSE", evse: e.id, variable: "Power", kind: kindInteger, unit: "W", value: strconv.FormatInt(e.meter.powerW, 10)},
			setting{component: "Connector", evse: e.id, connector: 1, variable: "AvailabilityState", kind: kindOption, value: state},
		)
	}
	for _, own := range [][]setting{s.cardSettings(), s.reservationSettings(), s.securitySettings(), s.networkSettings()} {
		list = override(list, own)
	}
	return list
}

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
