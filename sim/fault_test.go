package sim_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"gnista"
	"gnista/sim"
)

// TestParseFaults: what is written is read again, and what cannot be is refused.
func TestParseFaults(t *testing.T) {
	for _, text := range []string{
		"ConnectorLockFailure", "PowerLimitExceeded", "ocpp1.6/GroundFailure", "ocpp2/ConnectorPlugRetentionLock.Problem", "mrec/CX001;mrec/CX006", "~alfen/104=Too many retries",
		"com.vendor/a/b", "security/TamperDetectionActivated", "stop/EmergencyStop", "rpc/InternalError",
	} {
		list, err := sim.ParseFaults(text)
		if err != nil {
			t.Fatal(err)
		}
		var again []string
		for _, f := range list {
			again = append(again, f.String())
		}
		if got := strings.Join(again, ";"); got != text {
			t.Errorf("%s is read as %s", text, got)
		}
	}
	for _, text := range []string{"", ";", "/x", "x/", "~", "=x", "ocpp1.6/Strange", "ocpp2/Problem", "ocpp2/.Problem", "gnista/deaf", strings.Repeat("x", 51), "x=" + strings.Repeat("x", 51)} {
		if list, err := sim.ParseFaults(text); err == nil {
			t.Errorf("%q is read as %v", text, list)
		}
	}
}

// TestFaultsAsTold: each version tells a fault in its own way, and its repair. OCPP 1.6 §4.9; OCPP 2.x N07.
func TestFaultsAsTold(t *testing.T) {
	for _, x := range []struct {
		fault  string
		v16    []string // lines of OCPP 1.6
		v2     []string // parts of the event of OCPP 2.x
		usable bool
	}{
		{"ConnectorLockFailure", []string{`"errorCode":"ConnectorLockFailure","status":"Faulted"`}, []string{`"techCode":"CX001","techInfo":"ConnectorLockFailure"`, `"ConnectorPlugRetentionLock"`, `"Problem"`}, false},
		{"ocpp1.6/ReaderFailure=wet", []string{`"errorCode":"ReaderFailure","info":"wet","status":"Faulted"`}, []string{`"TokenReader"`, `"techInfo":"wet"`}, false},
		{"ocpp2/RCD.Tripped", []string{`"errorCode":"OtherError","status":"Faulted"…"vendorId":"Gnista","vendorErrorCode":"RCD.Tripped"`}, []string{`"RCD"`, `"Tripped"`}, false},
		{"ocpp2/ConnectedEV.ChargingState=ChargerConnectorLockFault", []string{`"vendorErrorCode":"ConnectedEV.ChargingState"`}, []string{`"actualValue":"ChargerConnectorLockFault"`}, false},
		{"~PowerLimitExceeded", []string{`"errorCode":"OtherError","status":"Preparing"…"vendorErrorCode":"PowerLimitExceeded"`}, []string{`"EVSE"`, `"Overload"`, `"techCode":"PowerLimitExceeded"`}, true},
		{"mrec/CX002;mrec/CX014", []string{`"errorCode":"GroundFailure","status":"Faulted"…"vendorId":"https://chargex.inl.gov","vendorErrorCode":"CX002;CX014"`},
			[]string{`"RCD"`, `"techCode":"CX002"`, `"techCode":"CX014"`}, false},
		{"evgo/A001=one;evgo/F003=two", []string{`"errorCode":"OtherError","info":"one,two"…"vendorId":"com.evgo.mrec","vendorErrorCode":"A001,F003"`}, []string{`"techCode":"A001"`, `"techCode":"F003"`}, false},
		{"charin/ConnectorLockFailure", []string{`"errorCode":"ConnectorLockFailure"…"vendorId":"org.charin.uec.v1","vendorErrorCode":"ConnectorLockFailure"`}, []string{`"techCode":"ConnectorLockFailure"`, `"ConnectorPlugRetentionLock"`}, false},
		{"alfen/104;GroundFailure", []string{`"errorCode":"OtherError"…"vendorId":"alfen","vendorErrorCode":"104"`, `"errorCode":"GroundFailure"`}, []string{`"techCode":"104"`, `"RCD"`}, false},
	} {
		every(t, func(t *testing.T, s *sim.Station, c *central) {
			up(t, s)
			must(t, s.Plug(t.Context(), 1))
			c.said()
			must(t, s.Fault(t.Context(), 1, x.fault))
			must(t, s.Fault(t.Context(), 1, x.fault)) // again: nothing is new
			lines, want := c.said(), x.v2
			if s.Version == gnista.V16 {
				want = x.v16
				if len(lines) != len(want) {
					t.Errorf("%s: sent %s", x.fault, strings.Join(lines, "\n"))
				}
			}
			for _, part := range want {
				if !slices.ContainsFunc(lines, func(line string) bool { return like(line, "…"+part+"…") }) {
					t.Errorf("%s: no %s in\n%s", x.fault, part, strings.Join(lines, "\n"))
				}
			}
			if err := s.StartTransaction(t.Context(), 1, "CARD"); (err == nil) != x.usable {
				t.Errorf("%s: a start: %v", x.fault, err)
			}
			c.said()
			must(t, s.Recover(t.Context(), 1))
			good := strings.Join(c.said(), "\n")
			if s.Version == gnista.V16 && strings.Count(good, `"NoError"`) != 1 || s.Version != gnista.V16 && strings.Count(good, `"cleared":true`) != strings.Count(x.fault, ";")+1 {
				t.Errorf("%s: its repair sent %s", x.fault, good)
			}
		})
	}
}

// TestFaultsOneByOne: of several faults one is put right.
func TestFaultsOneByOne(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		lock, ground := sim.Fault{Code: "ConnectorLockFailure"}, sim.Fault{Source: sim.SourceMREC, Code: "CX002"}
		must(t, s.FaultWith(t.Context(), 1, lock, ground))
		c.said()
		must(t, s.Recover(t.Context(), 1, lock))
		got := strings.Join(c.said(), "\n")
		if s.Version == gnista.V16 && (strings.Contains(got, "NoError") || !strings.Contains(got, "CX002")) || s.Version != gnista.V16 && (strings.Count(got, "cleared") != 1 || strings.Contains(got, "CX002")) {
			t.Errorf("sent %s", got)
		}
		if s.StartTransaction(t.Context(), 1, "CARD") == nil {
			t.Error("it charges with a ground failure")
		}
		must(t, s.Recover(t.Context(), 1))
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
	})
}

// TestFaultsOfOtherKinds are those that are no state of an outlet.
func TestFaultsOfOtherKinds(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		c.said()
		must(t, s.Fault(t.Context(), 1, "security/TamperDetectionActivated=open door"))
		same(t, c.said(), `SecurityEventNotification …"TamperDetectionActivated"…"open door"…`)
		must(t, s.Fault(t.Context(), 0, "rpc/InternalError"))
		if got := c.ask("ClearCache", `{}`); !strings.Contains(got, "InternalError") {
			t.Errorf("answered %s", got)
		}
		must(t, s.Fault(t.Context(), 0, "rpc/OutOfMemory"))
		if got := c.ask("ClearCache", `{}`); !strings.Contains(got, `"Rejected"`) || strings.Contains(got, `"OutOfMemory"`) != (s.Version != gnista.V16) {
			t.Errorf("answered %s", got)
		}
		must(t, s.Recover(t.Context(), 0))
		asked(t, c, "ClearCache", `{}`, `{"status":"Accepted"}`)
		must(t, s.Fault(t.Context(), 1, "stop/EmergencyStop"))
		if got := strings.Join(c.said(), "\n"); !strings.Contains(got, `"EmergencyStop"`) || s.Charging(1) {
			t.Errorf("sent %s", got)
		}
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		must(t, s.Fault(t.Context(), 1, "~alfen/1"))
		if !s.Charging(1) {
			t.Error("a harmless fault has ended a transaction")
		}
	})
}

// TestFaultsOfAPlay: faults that are injected come one after the other, before cars charge and while they do.
func TestFaultsOfAPlay(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		p := &sim.Play{Station: s, Scenario: sim.Faults, Tokens: []string{"CARD"}, Rounds: 4, Pace: sim.Daily(), Faults: [][]sim.Fault{{{Source: "v", Code: "one"}}, {{Source: "v", Code: "two"}}}}
		p.Run(t.Context())
		synctest.Wait()
		got := strings.Join(c.said("StatusNotification", "NotifyEvent"), "\n")
		order := []string{`"one"`, `"two"`, `"one"`, `"two"`}
		for _, want := range order {
			at := strings.Index(got, want)
			if at < 0 {
				t.Fatalf("no %s in the rest of it", want)
			}
			got = got[at+len(want):]
		}
		if waiting := s.Totals().Waiting; waiting > 0 {
			t.Errorf("%d are waiting", waiting)
		}
	})
}
