package sim_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/sim"
)

// asked sends a request and compares the answer.
func asked(t *testing.T, c *central, action, payload, want string) {
	t.Helper()
	if got := c.ask(action, payload); !like(got, want) {
		t.Errorf("%s %s\n got %s\nwant %s", action, payload, got, want)
	}
}

func TestRemoteStartAndStop16(t *testing.T) {
	bench(t, gnista.V16, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		asked(t, c, "RemoteStartTransaction", `{"idTag":"APP","connectorId":9}`, `{"status":"Rejected"}`)
		c.said()
		asked(t, c, "RemoteStartTransaction", `{"idTag":"APP","connectorId":2}`, `{"status":"Accepted"}`)
		same(t, c.said(), `StatusNotification {"connectorId":2,"errorCode":"NoError","status":"Preparing",…`)
		asked(t, c, "RemoteStartTransaction", `{"idTag":"APP","connectorId":2}`, `{"status":"Rejected"}`)
		must(t, s.Plug(t.Context(), 2))
		same(t, c.said(), `StartTransaction {"connectorId":2,"idTag":"APP","meterStart":1000,…`, `StatusNotification {"connectorId":2,…"Charging"…`)
		asked(t, c, "RemoteStopTransaction", `{"transactionId":70}`, `{"status":"Rejected"}`)
		time.Sleep(time.Minute)
		asked(t, c, "RemoteStopTransaction", `{"transactionId":71}`, `{"status":"Accepted"}`)
		same(t, c.said(), `StopTransaction {"transactionId":71,"meterStop":1600,…"reason":"Remote"}`, `StatusNotification {"connectorId":2,…"Finishing"…`)
	})
}

// OCPP 2.x F02, F03.
func TestRemoteStartAndStop2(t *testing.T) {
	bench(t, gnista.V201, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		must(t, s.Plug(t.Context(), 2))
		c.said()
		asked(t, c, "RequestStartTransaction", `{"remoteStartId":7,"idToken":{"idToken":"APP","type":"Central"}}`, `{"status":"Accepted"}`)
		same(t, c.said(), `TransactionEvent {"eventType":"Started",…"triggerReason":"RemoteStart","seqNo":0,"transactionInfo":{"transactionId":"id-3","chargingState":"Charging","remoteStartId":7},"evse":{"id":2,…"idToken":{"idToken":"APP","type":"Central"}…`)
		asked(t, c, "RequestStopTransaction", `{"transactionId":"other"}`, `{"status":"Rejected"}`)
		asked(t, c, "UnlockConnector", `{"evseId":2,"connectorId":1}`, `{"status":"OngoingAuthorizedTransaction"}`)
		asked(t, c, "RequestStopTransaction", `{"transactionId":"id-3"}`, `{"status":"Accepted"}`)
		same(t, c.said(), `TransactionEvent {"eventType":"Ended",…"triggerReason":"RemoteStop","seqNo":1,"transactionInfo":{"transactionId":"id-3","chargingState":"EVConnected","stoppedReason":"Remote"}…`)
	})
}

func TestOrderWithoutCar(t *testing.T) {
	bench(t, gnista.V16, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		c.said()
		asked(t, c, "RemoteStartTransaction", `{"idTag":"APP"}`, `{"status":"Accepted"}`)
		time.Sleep(61 * time.Second)
		same(t, c.said(), `StatusNotification {"connectorId":1,…"Preparing"…`, `StatusNotification {"connectorId":1,…"Available"…`)
	})
}

// OCPP 1.6 §5.14, OCPP 2.x B12.
func TestReset(t *testing.T) {
	for _, kept := range []bool{false, true} {
		every(t, func(t *testing.T, s *sim.Station, c *central) {
			if kept {
				go s.Stay(t.Context())
				must(t, s.Ready(t.Context()))
			} else {
				up(t, s)
			}
			must(t, s.StartTransaction(t.Context(), 1, "CARD"))
			c.said()
			if s.Version == gnista.V16 {
				asked(t, c, "Reset", `{"type":"Hard"}`, `{"status":"Accepted"}`)
				time.Sleep(time.Second)
				got := c.said()
				if c.connections() != 2 || len(got) < 2 || !strings.HasPrefix(got[0], "BootNotification") || !strings.Contains(strings.Join(got, "\n"), `"reason":"HardReset"`) {
					t.Errorf("connected %d times, sent %q", c.connections(), got)
				}
				asked(t, c, "Reset", `{"type":"Soft"}`, `{"status":"Accepted"}`)
			} else {
				asked(t, c, "Reset", `{"type":"Immediate","evseId":1}`, `{"status":"Rejected"}`)
				asked(t, c, "Reset", `{"type":"OnIdle"}`, `{"status":"Scheduled"}`)
				time.Sleep(time.Minute)
				if c.connections() != 1 {
					t.Error("it does not wait for the transaction")
				}
				must(t, s.StopTransaction(t.Context(), 1, "CARD", sim.ReasonLocal))
				time.Sleep(time.Second)
				if got := strings.Join(c.said(), "\n"); c.connections() != 2 || !strings.Contains(got, `"reason":"ScheduledReset"`) {
					t.Errorf("connected %d times, sent %s", c.connections(), got)
				}
				must(t, s.StartTransaction(t.Context(), 1, "CARD"))
				c.said()
				asked(t, c, "Reset", `{"type":"Immediate"}`, `{"status":"Accepted"}`)
				time.Sleep(time.Second)
				got := c.said()
				if !like(got[0], `TransactionEvent …"triggerReason":"ResetCommand"…"stoppedReason":"ImmediateReset"…`) || !like(got[1], `BootNotification {"reason":"RemoteReset"…`) {
					t.Errorf("sent %q", got)
				}
			}
			time.Sleep(time.Second)
			if c.connections() != 3 {
				t.Errorf("connected %d times", c.connections())
			}
		})
	}
}

// OCPP 1.6 §5.2, OCPP 2.x G03, G04.
func TestChangeAvailability(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		c.said()
		off, on := `{"operationalStatus":"Inoperative"}`, `{"operationalStatus":"Operative","evse":{"id":1}}`
		if s.Version == gnista.V16 {
			off, on = `{"connectorId":0,"type":"Inoperative"}`, `{"connectorId":1,"type":"Operative"}`
		}
		asked(t, c, "ChangeAvailability", off, `{"status":"Scheduled"}`)
		if got := strings.Join(c.said(), "\n"); strings.Count(got, "Unavailable") < 1 || strings.Contains(got, "Ended") {
			t.Errorf("sent %s", got)
		}
		must(t, s.StopTransaction(t.Context(), 1, "CARD", sim.ReasonLocal))
		if got := strings.Join(c.said(), "\n"); strings.Count(got, "Unavailable") != 1 {
			t.Errorf("sent %s", got)
		}
		if err := s.StartTransaction(t.Context(), 2, "CARD"); err == nil {
			t.Error("EVSE 2 is out of service and charges")
		}
		must(t, s.Unplug(t.Context(), 1))
		asked(t, c, "ChangeAvailability", on, `{"status":"Accepted"}`)
		if got := strings.Join(c.said(), "\n"); !strings.Contains(got, `Available"`) {
			t.Errorf("sent %s", got)
		}
	})
}

func TestSettings16(t *testing.T) {
	bench(t, gnista.V16, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		asked(t, c, "GetConfiguration", `{"key":["HeartbeatInterval","Nonsense","NumberOfConnectors"]}`,
			`{"configurationKey":[{"key":"NumberOfConnectors","readonly":true,"value":"2"},{"key":"HeartbeatInterval","readonly":false,"value":"300"}],"unknownKey":["Nonsense"]}`)
		asked(t, c, "GetConfiguration", `{}`, `…"MeterValueSampleInterval"…"TransactionMessageAttempts"…`)
		asked(t, c, "ChangeConfiguration", `{"key":"HeartbeatInterval","value":"10"}`, `{"status":"Accepted"}`)
		asked(t, c, "ChangeConfiguration", `{"key":"HeartbeatInterval","value":"often"}`, `{"status":"Rejected"}`)
		asked(t, c, "ChangeConfiguration", `{"key":"NumberOfConnectors","value":"3"}`, `{"status":"Rejected"}`)
		asked(t, c, "ChangeConfiguration", `{"key":"Nonsense","value":"3"}`, `{"status":"NotSupported"}`)
		go s.Stay(t.Context())
		synctest.Wait()
		c.said()
		time.Sleep(25 * time.Second)
		same(t, c.said(), "Heartbeat {}", "Heartbeat {}")
	})
}

// OCPP 2.x B05, B06, B07.
func TestSettings2(t *testing.T) {
	for _, v := range []gnista.Version{gnista.V201, gnista.V21} {
		bench(t, v, func(t *testing.T, s *sim.Station, c *central) {
			up(t, s)
			asked(t, c, "GetVariables", `{"getVariableData":[{"component":{"name":"OCPPCommCtrlr"},"variable":{"name":"HeartbeatInterval"}},{"component":{"name":"Connector","evse":{"id":2,"connectorId":1}},"variable":{"name":"AvailabilityState"}},{"component":{"name":"Moon"},"variable":{"name":"Phase"}},{"component":{"name":"TxCtrlr"},"variable":{"name":"Phase"}}]}`,
				`…"Accepted"…"300"…"Available"…"UnknownComponent"…"UnknownVariable"…`)
			asked(t, c, "SetVariables", `{"setVariableData":[{"attributeValue":"15","component":{"name":"SampledDataCtrlr"},"variable":{"name":"TxUpdatedInterval"}},{"attributeValue":"x","component":{"name":"ChargingStation"},"variable":{"name":"Model"}}]}`,
				`…"Accepted"…"Rejected"…`)
			c.said()
			asked(t, c, "GetBaseReport", `{"requestId":5,"reportBase":"FullInventory"}`, `{"status":"Accepted"}`)
			got := c.said()
			last := len(got) - 1
			if last < 10 || !like(got[0], `NotifyReport {"requestId":5,…"seqNo":0,…"tbc":true}`) || strings.Contains(got[last], "tbc") || !strings.Contains(strings.Join(got, "\n"), `"value":"15"`) {
				t.Errorf("the report is %s", strings.Join(got, "\n"))
			}
		})
	}
}

// OCPP 1.6 §5.17, OCPP 2.x F06.
func TestTrigger(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		c.said()
		one, two := s.Version == gnista.V16, `{"requestedMessage":%,"evse":{"id":1,"connectorId":1}}`
		if one {
			two = `{"requestedMessage":%,"connectorId":1}`
		}
		ask := func(what, want string) []string {
			t.Helper()
			asked(t, c, "TriggerMessage", strings.Replace(two, "%", `"`+what+`"`, 1), `{"status":"`+want+`"}`)
			return c.said()
		}
		same(t, ask("Heartbeat", "Accepted"), "Heartbeat {}")
		same(t, ask("FirmwareStatusNotification", "Accepted"), `FirmwareStatusNotification {"status":"Idle"}`)
		status := ask("StatusNotification", "Accepted")
		meter := ask("MeterValues", "Accepted")
		switch {
		case one:
			same(t, status, `StatusNotification {"connectorId":1,…"Charging"…`)
			same(t, meter, `MeterValues {"connectorId":1,"transactionId":71,…"Trigger"…`)
			same(t, ask("BootNotification", "Accepted"), `BootNotification …`)
		default:
			word := "StatusNotification"
			if s.Version == gnista.V21 {
				word = "NotifyEvent"
			}
			same(t, status, word+` …"Occupied"…`)
			same(t, meter, `MeterValues {"evseId":1,…"Trigger"…`)
			same(t, ask("BootNotification", "Rejected"))
			same(t, ask("TransactionEvent", "Accepted"), `TransactionEvent {"eventType":"Updated",…"triggerReason":"Trigger",…`)
		}
		asked(t, c, "DataTransfer", `{"vendorId":"x"}`, `{"status":"UnknownVendorId"}`)
		asked(t, c, "DataTransfer", `{"vendorId":"Gnista"}`, `{"status":"UnknownMessageId"}`)
		asked(t, c, "DataTransfer", `{"vendorId":"Gnista","messageId":"Echo","data":"hello"}`, `{"status":"Accepted","data":"hello"}`)
		asked(t, c, "ClearCache", `{}`, `{"status":"Accepted"}`)
	})
}

// OCPP 1.6 §4.9, OCPP 2.x G05.
func TestFault(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		must(t, s.Plug(t.Context(), 1))
		c.said()
		must(t, s.Fault(t.Context(), 1, "ConnectorLockFailure"))
		broken := c.said()
		if err := s.StartTransaction(t.Context(), 1, "CARD"); err == nil {
			t.Error("it charges without a lock")
		}
		asked(t, c, "UnlockConnector", map[bool]string{true: `{"connectorId":1}`, false: `{"evseId":1,"connectorId":1}`}[s.Version == gnista.V16], `{"status":"UnlockFailed"}`)
		must(t, s.Recover(t.Context(), 1))
		good := c.said()
		switch s.Version {
		case gnista.V16:
			same(t, broken, `StatusNotification {"connectorId":1,"errorCode":"ConnectorLockFailure","status":"Faulted",…`)
			same(t, good, `StatusNotification {"connectorId":1,"errorCode":"NoError","status":"Preparing",…`)
		case gnista.V201:
			same(t, broken, `NotifyEvent …"actualValue":"true"…"ConnectorPlugRetentionLock"…"Problem"…`, `StatusNotification …"Faulted"…`)
			same(t, good, `NotifyEvent …"actualValue":"false"…"ConnectorPlugRetentionLock"…"cleared":true…`, `StatusNotification …"Occupied"…`)
		default:
			same(t, broken, `NotifyEvent …"actualValue":"true"…"ConnectorPlugRetentionLock"…"Faulted"…"AvailabilityState"…`)
			same(t, good, `NotifyEvent …"ConnectorPlugRetentionLock"…"cleared":true…"Occupied"…`)
		}
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		must(t, s.Fault(t.Context(), 0, "PowerLimitExceeded"))
		if s.Charging(1) {
			t.Error("the car charges at a faulted station")
		}
		if got := strings.Join(c.said(), "\n"); !strings.Contains(got, `"Other"`) || !strings.Contains(got, "PowerLimitExceeded") {
			t.Errorf("sent %s", got)
		}
	})
}

// TestSuspend: no energy flows, and OCPP 2.x tells so with the transaction.
func TestSuspend(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		must(t, s.Draw(1, 7200))
		time.Sleep(time.Minute)
		c.said()
		must(t, s.Suspend(t.Context(), 1, sim.StatusSuspendedEV))
		time.Sleep(time.Hour)
		must(t, s.Resume(t.Context(), 1))
		time.Sleep(time.Minute)
		if got := s.EnergyWh(1); got != 1240 {
			t.Errorf("the meter shows %d Wh", got)
		}
		if s.Version == gnista.V16 {
			same(t, c.said(), `StatusNotification …"SuspendedEV"…`, `StatusNotification …"Charging"…`)
		} else {
			same(t, c.said(), `TransactionEvent …"ChargingStateChanged"…"SuspendedEV"…`, `TransactionEvent …"ChargingStateChanged"…"Charging"…`)
		}
	})
}

// TestEverythingIsServed asks for everything that a central system may ask for: nothing is answered with
// the error of a station that does not do it.
func TestEverythingIsServed(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		c.lax = true
		up(t, s)
		known := ocpp2.Actions
		if s.Version == gnista.V16 {
			known = ocpp16.Actions
		}
		n := 0
		for _, a := range known {
			if !a.SentBy(ocppj.Central) || !a.In(c.version) || a.SentBy(ocppj.Station) && a.ActionName() != "DataTransfer" {
				continue
			}
			n++
			if got := c.ask(a.ActionName(), `{}`); strings.HasPrefix(got, "Not") {
				t.Errorf("%s: %s", a.ActionName(), got)
			}
		}
		if n < 20 {
			t.Errorf("only %d requests", n)
		}
	})
}
