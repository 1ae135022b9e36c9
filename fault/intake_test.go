package fault_test

import (
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/fault"
	"gnista/station"
)

// TestStatuses has statuses of OCPP 1.6 that follow each other at one connector, and what is open after each.
func TestStatuses(t *testing.T) {
	type m = map[string]any
	faulted := func(more m) m {
		more["status"] = "faulted"
		return more
	}
	for name, steps := range map[string][]struct {
		data m
		want string
	}{
		"a code and then none": {
			{faulted(m{"errorCode": "GroundFailure"}), "ocpp1.6/GroundFailure@1:high"},
			{m{"status": "available"}, ""},
		},
		"another code": {
			{faulted(m{"errorCode": "GroundFailure"}), "ocpp1.6/GroundFailure@1:high"},
			{faulted(m{"errorCode": "HighTemperature"}), "ocpp1.6/HighTemperature@1:high"},
		},
		"faulted without a code keeps the known cause": {
			{faulted(m{"errorCode": "GroundFailure"}), "ocpp1.6/GroundFailure@1:high"},
			{faulted(m{}), "ocpp1.6/GroundFailure@1:high"},
			{m{"status": "available"}, ""},
		},
		"faulted and never a code": {
			{faulted(m{}), "gnista/FaultedWithoutCode@1:high"},
			{faulted(m{"errorCode": "GroundFailure"}), "ocpp1.6/GroundFailure@1:high"},
		},
		"a code without being faulted": {
			{m{"status": "suspended-evse", "errorCode": "EVCommunicationError"}, "ocpp1.6/EVCommunicationError@1:medium"},
			{m{"status": "charging"}, ""},
		},
		"a grave code without being faulted is bounded": {
			{m{"status": "charging", "errorCode": "GroundFailure"}, "ocpp1.6/GroundFailure@1:medium"},
			{faulted(m{"errorCode": "GroundFailure"}), "ocpp1.6/GroundFailure@1:high"},
		},
		"finishing with a code is no fault that troubles": {
			{m{"status": "finishing", "errorCode": "OtherError"}, "ocpp1.6/OtherError@1:info"},
		},
		"no error and a vendor's code is information": {
			{m{"status": "charging", "vendorId": "Acme", "vendorErrorCode": "4711"}, "acme/4711@1:info"},
			{m{"status": "charging"}, ""},
		},
		"codes of ChargeX": {
			{faulted(m{"errorCode": "OtherError", "vendorId": "https://chargex.inl.gov", "vendorErrorCode": "CX001;CX005", "info": "a;b"}), "mrec/CX001@1:high mrec/CX005@1:high"},
			{faulted(m{"errorCode": "OtherError", "vendorId": "https://chargex.inl.gov", "vendorErrorCode": "CX005"}), "mrec/CX005@1:high"},
		},
		"codes of EVgo": {
			{faulted(m{"errorCode": "OtherError", "vendorId": "com.evgo.mrec", "vendorErrorCode": "F000,F001", "info": "80,-1"}), "evgo/F000@1:medium evgo/F001@1:medium"},
		},
		"a sentence is one code": {
			{faulted(m{"errorCode": "OtherError", "vendorId": "acme", "vendorErrorCode": "too hot, phase 1"}), "acme/too hot, phase 1@1:medium"},
		},
		"texts that mean nothing": {
			{faulted(m{"errorCode": "OtherError", "vendorId": "acme", "vendorErrorCode": "null"}), "ocpp1.6/OtherError@1:medium"},
			{m{"status": "available", "vendorId": "acme", "vendorErrorCode": "0x0000"}, ""},
		},
		"a power limit by whatever vendor": {
			{faulted(m{"errorCode": "OtherError", "vendorId": "whoever", "vendorErrorCode": "PowerLimitExceeded"}), "gnista/PowerLimitExceeded@1:high"},
		},
		"odd texts": {
			{faulted(m{"errorCode": "OtherError", "vendorId": "a", "vendorErrorCode": "<script>\x00\x1b[31m" + strings.Repeat("é", 10_000)}), "a/<script> [31m" + strings.Repeat("é", 87) + "@1:medium"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.station("S", "")
			for _, step := range steps {
				step.data["evse"], step.data["connector"] = 1, 1
				b.event("connector.status", "S", step.data)
				b.want(step.want)
				b.wait(time.Minute)
			}
		})
	}
}

// TestNotices has events of the device model follow each other at one EVSE.
func TestNotices(t *testing.T) {
	type m = map[string]any
	problem := func(more m) m {
		more["component"], more["variable"], more["trigger"] = "ConnectorPlugRetentionLock", "Problem", "Delta"
		if _, ok := more["value"]; !ok {
			more["value"] = "true"
		}
		return more
	}
	for name, steps := range map[string][]struct {
		data m
		want string
	}{
		"true and false": {
			{problem(m{}), "ocpp2/ConnectorPlugRetentionLock.Problem@1:high"},
			{problem(m{"value": "false"}), ""},
		},
		"cleared": {
			{problem(m{}), "ocpp2/ConnectorPlugRetentionLock.Problem@1:high"},
			{problem(m{"cleared": true}), ""},
		},
		"a technical code, cleared without it": {
			{problem(m{"techCode": "CX001"}), "mrec/CX001@1:high"},
			{problem(m{"value": "false"}), ""},
		},
		"a number that a monitor finds too high": {
			{m{"component": "Acme", "variable": "Wobble", "value": "99", "trigger": "Alerting", "severity": 2}, "ocpp2/Acme.Wobble@1:high"},
			{m{"component": "Acme", "variable": "Wobble", "value": "20", "trigger": "Alerting", "cleared": true}, ""},
		},
		"a number that is told regularly": {
			{m{"component": "Acme", "variable": "Wobble", "value": "99", "trigger": "Periodic", "severity": 8}, ""},
		},
		"the state of a connector": {
			{m{"component": "Connector", "variable": "AvailabilityState", "value": "Occupied", "trigger": "Delta"}, ""},
		},
		"cleared before it came": {
			{problem(m{"cleared": true, "at": "2026-03-01T11:59:59Z"}), ""},
			{problem(m{"at": "2026-03-01T11:59:50Z"}), ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.station("S", "")
			for i, step := range steps {
				step.data["evse"], step.data["connector"], step.data["eventId"] = 1, 0, i+1
				if _, ok := step.data["at"]; !ok {
					step.data["at"] = b.clock()
				}
				if _, ok := step.data["severity"]; !ok {
					step.data["severity"] = -1
				}
				b.event("station.notice", "S", step.data)
				b.want(step.want)
				b.wait(time.Minute)
			}
		})
	}
}

// TestFaultedWithCause has an outlet that is faulted and does not say why (OCPP 2.x) be explained by an event of the
// device model, before or after.
func TestFaultedWithCause(t *testing.T) {
	for _, before := range []bool{true, false} {
		b := newBench(t)
		b.station("S", "")
		at := gnista.EVSE{ID: 1, Connector: 1}
		notice := func(cleared bool) {
			b.event("station.notice", "S", map[string]any{
				"component": "ElectricalFeed", "variable": "Problem", "value": "true", "evse": 1, "connector": 0, "cleared": cleared, "severity": -1, "eventId": 1, "at": b.clock(), "trigger": "Delta",
			})
			b.wait(time.Second)
		}
		status := func(s station.Status) {
			b.ok(b.db.SetConnector(t.Context(), "S", station.Connector{EVSE: at, Status: s, At: b.clock()}, 10, gnista.Event{At: b.clock(), Kind: "connector.status", Station: "S"}))
			b.event("connector.status", "S", map[string]any{"evse": 1, "connector": 1, "status": s})
			b.wait(time.Second)
		}
		if before {
			notice(false)
			status(station.Faulted)
		} else {
			status(station.Faulted)
			b.want("gnista/FaultedWithoutCode@1:high")
			notice(false)
		}
		b.want("ocpp2/ElectricalFeed.Problem@1:high")
		notice(true)
		b.want("gnista/FaultedWithoutCode@1:high")
		status(station.Available)
		b.want("")
	}
}

func TestOtherWays(t *testing.T) {
	type m = map[string]any
	for name, steps := range map[string][]struct {
		kind string
		data m
		want string
	}{
		"a security event":                    {{"security.event", m{"type": "TamperDetectionActivated", "critical": true}, "security/TamperDetectionActivated@0:high"}},
		"a security event that is no fault":   {{"security.event", m{"type": "StartupOfTheDevice", "critical": true}, ""}},
		"a security event that nobody knows":  {{"security.event", m{"type": "Odd"}, "security/Odd@0:low"}},
		"an emergency stop":                   {{"transaction.ended", m{"evse": 2, "connector": 1, "stopReason": "EmergencyStop"}, "stop/EmergencyStop@2:high"}},
		"an ordinary end":                     {{"transaction.ended", m{"evse": 2, "connector": 1, "stopReason": "EVDisconnected"}, ""}},
		"an end for a reason that is unknown": {{"transaction.ended", m{"evse": 2, "connector": 1, "stopReason": "Whim"}, ""}},
		"firmware": {
			{"station.transfer", m{"kind": "firmware", "state": "failed", "detail": "InvalidSignature"}, "gnista/FirmwareFailed.InvalidSignature@0:high"},
			{"station.transfer", m{"kind": "firmware", "state": "installed"}, ""},
		},
		"a log": {
			{"station.transfer", m{"kind": "diagnostics", "state": "failed", "detail": "UploadFailed"}, "gnista/LogFailed.UploadFailed@0:low"},
			{"station.transfer", m{"kind": "diagnostics", "state": "uploaded"}, ""},
		},
		"orders": {
			{"station.command", m{"kind": "unlock", "outcome": "rejected", "answer": "rejected", "detail": "UnlockFailed"}, "gnista/CommandFailed.unlock@0:low"},
			{"station.command", m{"kind": "unlock", "outcome": "happened", "answer": "accepted"}, ""},
			{"station.command", m{"kind": "reset", "outcome": "unknown"}, "gnista/CommandUnanswered@0:medium"},
			{"station.command", m{"kind": "reset", "outcome": "happened"}, ""},
			{"station.command", m{"kind": "unlock", "outcome": "rejected", "answer": "unknown"}, ""},
		},
		"an error as the answer":      {{"station.command", m{"kind": "reset", "outcome": "rejected", "errorCode": "InternalError"}, "rpc/InternalError@0:medium"}},
		"a handshake":                 {{"station.verdict", m{"cause": "credentials", "reason": "wrong password"}, "gnista/HandshakeRefused.credentials@0:high"}},
		"messages":                    {{"station.verdict", m{"cause": "frame", "reason": "no JSON"}, "gnista/MessagesRejected@0:medium"}},
		"a connection that we closed": {{"station.verdict", m{"cause": "closed", "reason": "again"}, ""}},
		"nothing that can be read":    {{"station.verdict", m{"cause": 7}, ""}, {"connector.status", m{"evse": "faulted"}, ""}},
		"a vendor's message": {
			{"station.vendor-status", m{"evse": 1, "connector": 1, "status": "Faulted", "vendorId": "EV-BOX", "vendorErrorCode": "0x11"}, "ev-box/0x11@1:medium"},
			{"station.vendor-status", m{"evse": 1, "connector": 1, "status": "Available"}, ""},
		},
		"power": {
			{"site.meter-silent", m{"site": "P", "node": "n1", "since": "2026-03-01T11:00:00Z"}, "gnista/MeterStale.n1@0:medium"},
			{"site.meter-back", m{"site": "P", "node": "n1"}, ""},
			{"site.power-exceeded", m{"site": "P", "node": "n1", "phase": "L1", "unit": "A", "measured": 112.5, "limit": 100}, "gnista/PowerLimitExceeded.n1 L1@0:high"},
			{"site.power-back", m{"site": "P", "node": "n1", "phase": "L1"}, ""},
			{"site.profile-refused", m{"site": "P", "evse": 3, "reason": "refused", "askedA": 16}, "gnista/NotFollowingLimit@3:high"},
			{"site.profile-followed", m{"site": "P", "evse": 3}, ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.station("S", "")
			for _, step := range steps {
				b.event(step.kind, "S", step.data)
				if got := b.open(); got != step.want {
					t.Errorf("after %v open is %q, want %q", step.data, got, step.want)
				}
				b.wait(time.Minute)
			}
		})
	}
}

// TestUnknownStation has events of stations that there are not make no faults, and hold nothing up.
func TestUnknownStation(t *testing.T) {
	b := newBench(t)
	b.event("connector.status", "gone", map[string]any{"evse": 1, "status": "faulted", "errorCode": "OtherError"})
	b.event("security.event", "gone", map[string]any{"type": "TamperDetectionActivated"})
	b.want("")
	if _, ok := fault.ParseKey(fault.WithoutCode.String()); !ok {
		t.Error("a key of our own is not one")
	}
}

// TestMissed has what is over by what is stored of connectors be cleared at the start, and nothing else.
func TestMissed(t *testing.T) {
	b := newBench(t)
	b.station("S", "")
	tell := func(evse int, s station.Status, code string, take bool) {
		c := station.Connector{EVSE: gnista.EVSE{ID: evse, Connector: 1}, Status: s, ErrorCode: code, At: b.clock()}
		b.ok(b.db.SetConnector(t.Context(), "S", c, 10, gnista.Event{At: b.clock(), Kind: "connector.status", Station: "S"}))
		if take {
			b.event("connector.status", "S", map[string]any{"evse": evse, "connector": 1, "status": s, "errorCode": code})
		}
		b.wait(time.Second)
	}
	tell(1, station.Faulted, "GroundFailure", true)
	tell(2, station.Faulted, "GroundFailure", true)
	tell(1, station.Available, "", false)
	b.report(fault.Report{Key: fault.Offline})
	b.restart()
	b.ok(b.intake.Begin(t.Context()))
	b.want("ocpp1.6/GroundFailure@2:high gnista/Offline@0:high")
	for _, f := range b.all() {
		if f.Count != 1 {
			t.Errorf("counted by looking: %+v", f)
		}
	}
}
