package ocpp2_test

import (
	"fmt"
	"strings"
	"testing"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// What came with 2.1 is not sent to a station that speaks 2.0.1.
func TestJudgeByVersion(t *testing.T) {
	limit := 16.0
	token := ocpp2.IDToken{IDToken: "1", Type: ocpp2.IDTokenTypeCentral}
	profile := ocpp2.ChargingProfile{
		ID: 1, StackLevel: 0,
		ChargingProfilePurpose: ocpp2.ChargingProfilePurposeTxDefaultProfile,
		ChargingProfileKind:    ocpp2.ChargingProfileKindAbsolute,
		ChargingSchedule: []ocpp2.ChargingSchedule{{
			ID: 1, ChargingRateUnit: ocpp2.ChargingRateUnitA,
			ChargingSchedulePeriod: []ocpp2.ChargingSchedulePeriod{{Limit: &limit}},
		}},
	}
	// withProfile is a request with a changed copy of the profile.
	withProfile := func(change func(*ocpp2.ChargingProfile, *ocpp2.ChargingSchedulePeriod)) ocppj.Checked {
		p := profile
		p.ChargingSchedule = append([]ocpp2.ChargingSchedule{}, p.ChargingSchedule...)
		s := &p.ChargingSchedule[0]
		s.ChargingSchedulePeriod = append([]ocpp2.ChargingSchedulePeriod{}, s.ChargingSchedulePeriod...)
		change(&p, &s.ChargingSchedulePeriod[0])
		return &ocpp2.SetChargingProfileRequest{EVSEID: 1, ChargingProfile: p}
	}
	const period = "chargingProfile.chargingSchedule[0].chargingSchedulePeriod[0]."
	for _, test := range []struct {
		what string
		m    ocppj.Checked
		want string // the paths that 2.0.1 refuses
	}{
		{"a message of both", withProfile(func(*ocpp2.ChargingProfile, *ocpp2.ChargingSchedulePeriod) {}), ""},
		{"a new property", withProfile(func(p *ocpp2.ChargingProfile, _ *ocpp2.ChargingSchedulePeriod) { p.MaxOfflineDuration = new(int) }),
			"chargingProfile.maxOfflineDuration"},
		{"a new property far inside", withProfile(func(_ *ocpp2.ChargingProfile, s *ocpp2.ChargingSchedulePeriod) { s.Setpoint = &limit }),
			period + "setpoint"},
		{"a property that may now be absent", withProfile(func(_ *ocpp2.ChargingProfile, s *ocpp2.ChargingSchedulePeriod) { s.Limit = nil }),
			period + "limit"},
		{"a new value", withProfile(func(p *ocpp2.ChargingProfile, _ *ocpp2.ChargingSchedulePeriod) {
			p.ChargingProfilePurpose = ocpp2.ChargingProfilePurposePriorityCharging
		}), "chargingProfile.chargingProfilePurpose"},
		{"a value of an opened enumeration", &ocpp2.AuthorizeRequest{IDToken: token}, ""},
		{"any value of an opened enumeration", &ocpp2.AuthorizeRequest{IDToken: ocpp2.IDToken{IDToken: "1", Type: "VIN"}}, "idToken.type"},
		{"an opened enumeration in an array", &ocpp2.GetChargingProfilesRequest{ChargingProfile: &ocpp2.ChargingProfileCriterion{
			ChargingLimitSource: []ocpp2.ChargingLimitSource{ocpp2.ChargingLimitSourceEMS, "DSO"},
		}}, "chargingProfile.chargingLimitSource[1]"},
		{"a longer text", &ocpp2.AuthorizeRequest{IDToken: ocpp2.IDToken{IDToken: strings.Repeat("x", 37), Type: "Central"}}, "idToken.idToken"},
		{"a fraction", &ocpp2.NotifyEVChargingNeedsRequest{EVSEID: 1, ChargingNeeds: ocpp2.ChargingNeeds{
			RequestedEnergyTransfer: ocpp2.EnergyTransferModeACSinglePhase,
			ACChargingParameters:    &ocpp2.ACChargingParameters{EnergyAmount: 1.5},
		}}, "chargingNeeds.acChargingParameters.energyAmount"},
		{"a new status", &ocpp2.ClearDisplayMessageResponse{Status: ocpp2.ClearMessageStatusRejected}, "status"},
		{"a new list", &ocpp2.TransactionEventResponse{UpdatedPersonalMessageExtra: []ocpp2.MessageContent{
			{Format: ocpp2.MessageFormatUTF8, Content: "Hej"},
		}}, "updatedPersonalMessageExtra"},
	} {
		if found := ocppj.Judge(test.m, ocppj.V21); len(found) > 0 {
			t.Errorf("%s is refused by 2.1: %v", test.what, found)
		}
		var paths []string
		for _, v := range ocppj.Judge(test.m, ocppj.V201) {
			paths = append(paths, v.Path)
		}
		if got := strings.Join(paths, " "); got != test.want {
			t.Errorf("%s: 2.0.1 refuses %q, want %q", test.what, got, test.want)
		}
	}
}

// What only one of the versions asks for.
func TestOnlyOneVersionAsks(t *testing.T) {
	key := ""
	for _, test := range []struct {
		m         ocppj.Checked
		old, want string
	}{
		{&ocpp2.SignedMeterValue{SignedMeterData: "x", EncodingMethod: "y"}, "[publicKey: is required signingMethod: is required]", "[]"},
		{&ocpp2.SignedMeterValue{SignedMeterData: "x", EncodingMethod: "y", PublicKey: &key, SigningMethod: &key}, "[]", "[]"},
		{&ocpp2.VariableMonitoring{Type: ocpp2.MonitorTypeDelta}, "[]", "[eventNotificationType: is required]"},
		{&ocpp2.StatusNotificationRequest{EVSEID: -1, ConnectorStatus: ocpp2.ConnectorStatusAvailable}, "[]", "[evseId: is less than 0]"},
	} {
		if got := fmt.Sprint(ocppj.Judge(test.m, ocppj.V201)); got != test.old {
			t.Errorf("%T in 2.0.1: %s, want %s", test.m, got, test.old)
		}
		if got := fmt.Sprint(ocppj.Judge(test.m, ocppj.V21)); got != test.want {
			t.Errorf("%T in 2.1: %s, want %s", test.m, got, test.want)
		}
	}
}

// No message of 2.1 is one of 2.0.1.
func TestNewMessages(t *testing.T) {
	for _, a := range ocpp2.Actions {
		for _, m := range []ocppj.Checked{a.NewRequest(), a.NewResponse()} {
			if _, none := m.(*ocppj.None); none {
				continue
			}
			found := ocppj.Judge(m, ocppj.V201)
			refused := len(found) > 0 && found[0].Reason == "does not exist in OCPP 2.0.1"
			if refused == a.In(ocppj.V201) {
				t.Errorf("%T in 2.0.1: %v", m, found)
			}
			for _, v := range ocppj.Judge(m, ocppj.V21) {
				if strings.HasPrefix(v.Reason, "does not exist") {
					t.Errorf("%T in 2.1: %v", m, v)
				}
			}
		}
	}
}

// What we forgot to set is noticed before it is sent.
func TestForgotten(t *testing.T) {
	for _, test := range []struct {
		m    ocppj.Checked
		want string
	}{
		{&ocpp2.ResetRequest{}, `[type: "" is not one of its values in OCPP 2.0.1]`},
		{&ocpp2.GetVariablesRequest{}, "[getVariableData: is required]"},
		{&ocpp2.GetVariablesRequest{GetVariableData: []ocpp2.GetVariableData{}}, "[getVariableData: has fewer than 1 elements]"},
		{&ocpp2.GetChargingProfilesRequest{}, "[chargingProfile: is required]"},
	} {
		if got := fmt.Sprint(ocppj.Judge(test.m, ocppj.V201)); got != test.want {
			t.Errorf("%T: %s, want %s", test.m, got, test.want)
		}
	}
}

// A forgotten part is told once, and so is a message that the version lacks.
func TestToldOnce(t *testing.T) {
	for _, test := range []struct {
		m          ocppj.Checked
		text, want string
	}{
		{&ocpp2.ResetRequest{}, `{}`, "[type: is required]"},
		{&ocpp2.SetChargingProfileRequest{}, `{"evseId":0}`, "[chargingProfile: is required]"},
		{&ocpp2.TransactionEventRequest{}, `{"eventType":"Ended","timestamp":"2026-01-01T00:00:00Z","seqNo":0,"triggerReason":"Trigger","meterValue":[{"timestamp":"2026-01-01T00:00:00Z"}]}`,
			"[transactionInfo: is required meterValue[0].sampledValue: is required]"},
		{&ocpp2.AFRRSignalRequest{}, `{"signal":0,"timestamp":"2026-01-01T00:00:00Z"}`, "[: does not exist in OCPP 2.0.1]"},
	} {
		found, err := ocppj.Decode([]byte(test.text), test.m, ocppj.V201, ocppj.Tolerant)
		if got := fmt.Sprint(found); err != nil || got != test.want {
			t.Errorf("%T: %s, %v, want %s", test.m, got, err, test.want)
		}
	}
}
