package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// Fault is something that is wrong at a station, in the words of whoever has a word for it. Each version tells it
// in its own way, see [Station.FaultWith].
type Fault struct {
	Source   string // whose word it is: one of the sources below or the id of a vendor; empty is OCPP 1.6 or, where that has no such code, the station's own vendor
	Code     string
	Info     string // in words, or the value of a variable of OCPP 2.x; may be empty
	Harmless bool   // the outlet can be used nonetheless
}

// The sources that are no vendors. Their codes are those of the lists in OCPP 1.6 §7.6, OCPP 2.x appendix 3
// (Component.Variable), ChargeX, EVgo and CharIN.
const (
	SourceOCPP16   = "ocpp1.6"
	SourceOCPP2    = "ocpp2"
	SourceMREC     = "mrec"
	SourceEVgo     = "evgo"
	SourceCharIN   = "charin"
	SourceSecurity = "security" // a security event
	SourceStop     = "stop"     // a transaction ends for this reason
	SourceRPC      = "rpc"      // requests of the central system are answered with this error, or refused for this reason
)

// simVendor is whose the codes are that the version does not have itself.
const simVendor = "Gnista"

// vendorIDs are the ids of vendors under which lists of codes go in OCPP 1.6.
var vendorIDs = map[string]string{
	"": simVendor, SourceOCPP16: simVendor, SourceOCPP2: simVendor, SourceMREC: "https://chargex.inl.gov", SourceEVgo: "com.evgo.mrec", SourceCharIN: "org.charin.uec.v1",
}

// String is the fault as [ParseFaults] reads it.
func (f Fault) String() string {
	text := f.Code
	if f.Source != "" {
		text = f.Source + "/" + text
	}
	if f.Harmless {
		text = "~" + text
	}
	if f.Info != "" {
		text += "=" + f.Info
	}
	return text
}

// ParseFaults reads faults that come together, with semicolons between them. Each is a code of OCPP 1.6 or another,
// or source/code, as in ocpp2/ConnectorPlugRetentionLock.Problem, mrec/CX001 or alfen/104; a ~ before it means that
// the outlet can be used nonetheless, and behind a = are more words, or with ocpp2 the value where that is not "true".
func ParseFaults(text string) ([]Fault, error) {
	var list []Fault
	for one := range strings.SplitSeq(text, ";") {
		var f Fault
		f.Code = strings.TrimSpace(one)
		f.Code, f.Harmless = strings.CutPrefix(f.Code, "~")
		f.Code, f.Info, _ = strings.Cut(f.Code, "=")
		if source, code, ok := strings.Cut(f.Code, "/"); ok {
			if f.Source, f.Code = source, code; source == "" {
				return nil, fmt.Errorf("fault %q: there is nothing before the /", one)
			}
		}
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("fault %q: %w", one, err)
		}
		list = append(list, f)
	}
	return list, nil
}

// What OCPP 1.6 and 2.x have room for.
const (
	faultCodeSize = 50
	faultInfoSize = 50

	reasonCodeSize = 20
)

func (f Fault) check() error {
	component, variable, two := cutLast(f.Code, ".")
	switch {
	case f.Code == "":
		return fmt.Errorf("it has no code")
	case len(f.Code) > faultCodeSize && f.Source != SourceOCPP2:
		return fmt.Errorf("a code has at most %d bytes", faultCodeSize)
	case len(f.Info) > faultInfoSize:
		return fmt.Errorf("what is behind the = has at most %d bytes", faultInfoSize)
	case f.Source == SourceOCPP16 && !ocpp16.ChargePointErrorCode(f.Code).Valid(ocppj.V16):
		return fmt.Errorf("OCPP 1.6 has no error code %s", f.Code)
	case f.Source == SourceOCPP2 && (!two || component == "" || variable == ""):
		return fmt.Errorf("faults of OCPP 2.x are Component.Variable")
	case f.Source == "gnista":
		return fmt.Errorf("stations do not tell of it; it is found by who looks on")
	}
	return nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// broken tells whether the EVSE has a fault with which it cannot be used.
func (e *evse) broken() bool {
	return slices.ContainsFunc(e.faults, func(f Fault) bool { return !f.Harmless })
}

// has tells whether the EVSE has a fault that OCPP 1.6 has a code for.
func (e *evse) has(code string) bool {
	return slices.ContainsFunc(e.faults, func(f Fault) bool { return f.code16() == ocpp16.ChargePointErrorCode(code) })
}

func faultText(list []Fault) string {
	var texts []string
	for _, f := range list {
		texts = append(texts, f.String())
	}
	return strings.Join(texts, ";")
}

// Fault makes an EVSE unusable, or with EVSE 0 the station. The code is what [ParseFaults] reads; empty is
// OtherError. A transaction there ends with it.
func (s *Station) Fault(ctx context.Context, evse int, code string) error {
	if code == "" {
		code = string(ocpp16.ChargePointErrorCodeOtherError)
	}
	list, err := ParseFaults(code)
	if err != nil {
		return err
	}
	return s.FaultWith(ctx, evse, list...)
}

// FaultWith adds faults to those of an EVSE, or with EVSE 0 to those of the station, and tells of them: in OCPP 1.6
// with its status, where codes of one vendor go into one message with semicolons between them; in OCPP 2.x with
// events of the device model. A transaction there ends unless all of them are harmless. Security events, reasons to
// stop and errors of answers are told in their own ways.
func (s *Station) FaultWith(ctx context.Context, evse int, faults ...Fault) error {
	e, err := s.at(evse)
	if err != nil {
		return err
	}
	for _, f := range faults {
		if err := f.check(); err != nil {
			return fmt.Errorf("fault %s: %w", f, err)
		}
	}
	var first error
	done := func(err error) {
		if first == nil {
			first = err
		}
	}
	var ends []*message
	s.mu.Lock()
	for _, f := range faults {
		switch {
		case f.Source == SourceRPC:
			s.answers = f.Code
		case f.Source == SourceSecurity, f.Source == SourceStop, slices.Contains(e.faults, f):
		default:
			e.faults = append(slices.Clone(e.faults), f)
		}
	}
	if at := slices.IndexFunc(faults, func(f Fault) bool { return f.Source == SourceStop }); at >= 0 {
		ends = s.finishAll(e, Reason(faults[at].Code))
	} else if e.broken() {
		ends = s.finishAll(e, e.reason())
	}
	s.mu.Unlock()
	for _, f := range faults {
		if f.Source == SourceSecurity {
			done(s.SecurityEvent(ctx, f.Code, f.Info))
		}
	}
	done(s.tell(ctx, e, false))
	s.dropUnusable(ctx)
	for _, m := range ends {
		done(s.await(ctx, m))
	}
	return first
}

// refuse is the answer to a request while the station has a fault of [SourceRPC].
func (l *link) refuse(code string) (json.RawMessage, error) {
	switch code { // OCPP 1.6 has its own spelling of two
	case "FormationViolation":
		code = string(ocppj.FormatViolation)
	case "OccurenceConstraintViolation":
		code = string(ocppj.OccurrenceConstraintViolation)
	}
	switch ocppj.Code(code) {
	case ocppj.NotImplemented, ocppj.NotSupported, ocppj.InternalError, ocppj.ProtocolError, ocppj.SecurityError, ocppj.FormatViolation, ocppj.PropertyConstraintViolation,
		ocppj.OccurrenceConstraintViolation, ocppj.TypeConstraintViolation, ocppj.GenericError, ocppj.MessageTypeNotSupported, ocppj.RPCFrameworkError:
		return nil, ocppj.Errorf(ocppj.Code(code), "a fault")
	}
	answer := object{"status": "Rejected"}
	switch {
	case len(code) > reasonCodeSize:
		answer["status"] = code
	case code != "Rejected" && l.Version != ocppj.V16:
		answer["statusInfo"] = object{"reasonCode": code}
	}
	return marshal(answer), nil
}

// finishAll ends the transaction at an EVSE, or with EVSE 0 all of them. mu is held.
func (s *Station) finishAll(e *evse, why Reason) (ends []*message) {
	for _, other := range s.evses {
		if (other == e || e == s.whole) && other.transaction != nil {
			ends = append(ends, s.finish(other, Token{}, why))
		}
	}
	return ends
}

// reason is why a transaction ends with the faults of the EVSE.
func (e *evse) reason() Reason {
	switch {
	case e.has("GroundFailure"):
		return ReasonGroundFault
	case e.has("OverCurrentFailure"):
		return ReasonOvercurrentFault
	case slices.ContainsFunc(e.faults, func(f Fault) bool { return f.Code == string(ReasonEmergencyStop) }):
		return ReasonEmergencyStop
	}
	return ReasonFault
}

// Recover puts faults of an EVSE right; without any named, all. Requests are answered properly again.
func (s *Station) Recover(ctx context.Context, evse int, faults ...Fault) error {
	e, err := s.at(evse)
	if err != nil {
		return err
	}
	s.mu.Lock()
	rest := slices.DeleteFunc(slices.Clone(e.faults), func(f Fault) bool { return len(faults) == 0 || slices.Contains(faults, f) })
	if e.faults = rest; len(faults) == 0 || slices.ContainsFunc(faults, func(f Fault) bool { return f.Source == SourceRPC }) {
		s.answers = ""
	}
	if len(rest) == 0 {
		e.cure = ""
	}
	s.mu.Unlock()
	return s.tell(ctx, e, false)
}

// codesOfChargeX are the codes of OCPP 1.6 that stand in front of the list of ChargeX, in its order.
var codesOfChargeX = []ocpp16.ChargePointErrorCode{
	ocpp16.ChargePointErrorCodeConnectorLockFailure, ocpp16.ChargePointErrorCodeGroundFailure, ocpp16.ChargePointErrorCodeHighTemperature,
	ocpp16.ChargePointErrorCodeOverCurrentFailure, ocpp16.ChargePointErrorCodeOverVoltage, ocpp16.ChargePointErrorCodeUnderVoltage, ocpp16.ChargePointErrorCodeWeakSignal,
}

// code16 is the error code of OCPP 1.6 for a fault.
func (f Fault) code16() ocpp16.ChargePointErrorCode {
	var n int
	if _, err := fmt.Sscanf(f.Code, "CX%03d", &n); f.Source == SourceMREC && err == nil && n >= 1 && n <= len(codesOfChargeX) {
		return codesOfChargeX[n-1]
	}
	code := ocpp16.ChargePointErrorCode(f.Code)
	switch f.Source {
	case "", SourceOCPP16, SourceCharIN:
		if code.Valid(ocppj.V16) {
			return code
		}
	}
	return ocpp16.ChargePointErrorCodeOtherError
}

// notice16 is what OCPP 1.6 tells of faults in one message.
type notice16 struct {
	code                 ocpp16.ChargePointErrorCode
	vendor, codes, infos string
}

// notices16 are the messages that faults need; without any, one that there is none.
func notices16(faults []Fault) []notice16 {
	var list []notice16
	for _, f := range faults {
		one := notice16{f.code16(), vendorIDs[f.Source], f.Code, f.Info}
		if _, known := vendorIDs[f.Source]; !known {
			one.vendor = f.Source
		}
		if string(one.code) == f.Code && f.Source != SourceCharIN {
			one.vendor, one.codes = "", ""
		}
		separator := ";"
		if f.Source == SourceEVgo {
			separator = ","
		}
		at := slices.IndexFunc(list, func(o notice16) bool {
			return o.vendor != "" && o.vendor == one.vendor && len(o.codes+separator+one.codes) <= faultCodeSize && len(o.infos+separator+one.infos) <= faultInfoSize
		})
		if at < 0 {
			list = append(list, one)
			continue
		}
		if o := &list[at]; o.infos != "" || one.infos != "" {
			o.infos += separator + one.infos
		}
		list[at].codes += separator + one.codes
	}
	if list == nil {
		return []notice16{{code: ocpp16.ChargePointErrorCodeNoError}}
	}
	return list
}

// OCPP 1.6 §4.9.
func (*v16) status(ctx context.Context, l *link, r report) error {
	at := instant(r.at)
	for _, n := range notices16(r.faults) {
		_, err := call(ctx, l, ocpp16.StatusNotification, ocpp16.StatusNotificationRequest{
			ConnectorID: r.evse, ErrorCode: n.code, VendorID: n.vendor, VendorErrorCode: n.codes, Info: n.infos, Status: ocpp16.ChargePointStatus(r.status), Timestamp: &at,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// trouble is a fault as the device model has it: a variable of a component, and a code or none.
type trouble struct{ component, variable, code string }

// troubles are faults with error codes of OCPP 1.6, and others that have a place of their own. Where the list of
// ChargeX has a code, that is told with them.
var troubles = map[string]trouble{
	"ConnectorLockFailure": {"ConnectorPlugRetentionLock", "Problem", "CX001"}, // OCPP 2.x G05.FR.02
	"GroundFailure":        {"RCD", "Tripped", "CX002"},
	"HighTemperature":      {"TemperatureSensor", "Active", "CX003"},
	"OverCurrentFailure":   {"OverCurrentProtection", "Active", "CX004"},
	"OverVoltage":          {"ElectricalFeed", "Problem", "CX005"},
	"UnderVoltage":         {"ElectricalFeed", "Problem", "CX006"},
	"EmergencyStop":        {"EmergencyStopSensor", "Active", "CX008"},
	"EVCommunicationError": {"CPPWMController", "Problem", "CX014"},
	"PowerLimitExceeded":   {"EVSE", "Overload", "PowerLimitExceeded"},
	"PowerSwitchFailure":   {"PowerContactor", "Problem", ""},
	"PowerMeterFailure":    {"FiscalMetering", "Problem", ""},
	"ReaderFailure":        {"TokenReader", "Problem", ""},
	"InternalError":        {"Controller", "Problem", ""},
}

// troubleOf is the trouble of a code; one that has no place of its own is told as it is.
func troubleOf(code string) trouble {
	if t, ok := troubles[code]; ok {
		return t
	}
	return trouble{"Connector", "Problem", code}
}

// troubleAt is a fault of an EVSE, or with EVSE 0 of the station, where there is no connector to blame.
func troubleAt(evse int, f Fault) trouble {
	var t trouble
	switch f.Source {
	case SourceOCPP2:
		t.component, t.variable, _ = cutLast(f.Code, ".")
		return t
	case "", SourceOCPP16:
		t = troubleOf(f.Code)
	default:
		t = troubleOf(string(f.code16()))
		t.code = f.Code
	}
	if evse == 0 && (t.component == "Connector" || t.component == "EVSE") {
		t.component = "ChargingStation"
	}
	return t
}

// faultEvent tells that a fault has come or, cleared, that it is gone. OCPP 2.x N07.
func (*v2) faultEvent(l *link, r report, f Fault, cleared bool) ocpp2.EventData {
	t := troubleAt(r.evse, f)
	ev := ocpp2.EventData{
		EventID: l.nextEvent(), Timestamp: instant(r.at), Trigger: ocpp2.EventTriggerAlerting, ActualValue: "true",
		EventNotificationType: ocpp2.EventNotificationTypeHardWiredNotification, TechCode: t.code, TechInfo: f.Info,
		Component: ocpp2.Component{Name: t.component, EVSE: place(r.evse, t.component != "EVSE")}, Variable: ocpp2.Variable{Name: t.variable},
	}
	if f.Info == "" && (f.Source == "" || f.Source == SourceOCPP16) {
		ev.TechInfo = f.Code
	}
	if f.Source == SourceOCPP2 && f.Info != "" {
		ev.ActualValue, ev.TechInfo = f.Info, ""
	}
	if cleared {
		ev.ActualValue, ev.Cleared = strconv.FormatBool(ev.ActualValue == "false"), &cleared
	}
	return ev
}
