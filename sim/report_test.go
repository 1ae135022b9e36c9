package sim_test

import (
	"fmt"
	"strings"
	"testing"

	"gnista"
	"gnista/sim"
)

// modern is bench for OCPP 2.0.1 and 2.1.
func modern(t *testing.T, f func(t *testing.T, s *sim.Station, c *central)) {
	bench(t, gnista.V201, f)
	bench(t, gnista.V21, f)
}

// OCPP 2.x B05, B06: each status of reading and writing.
func TestVariableStatuses(t *testing.T) {
	modern(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		get := func(component, variable, attribute, want string) {
			t.Helper()
			if attribute != "" {
				attribute = `"attributeType":"` + attribute + `",`
			}
			asked(t, c, "GetVariables", fmt.Sprintf(`{"getVariableData":[{%s"component":{"name":%q},"variable":{"name":%q}}]}`, attribute, component, variable), want)
		}
		set := func(component, variable, attribute, value, want string) {
			t.Helper()
			asked(t, c, "SetVariables", fmt.Sprintf(`{"setVariableData":[{"attributeType":%q,"attributeValue":%q,"component":{"name":%q},"variable":{"name":%q}}]}`, attribute, value, component, variable), want)
		}
		get("SecurityCtrlr", "BasicAuthPassword", "", `…"Rejected"…"WriteOnly"…`)
		get("Heater", "Temperature", "", `…"Accepted"…"attributeType":"Actual"…"24"…`)
		get("heater", "temperature", "MaxSet", `…"Accepted"…"attributeType":"MaxSet"…"40"…`)
		get("Connector", "Available", "", `…"UnknownComponent"…`)
		get("ClockCtrlr", "DateTime", "MinSet", `…"NotSupportedAttributeType"…`)
		get("ClockCtrlr", "DateTime", "", `…"2026-01-01T00:00:00Z"…`)
		set("Heater", "Temperature", "Target", "21.5", `…"Accepted"…`)
		get("Heater", "Temperature", "Target", `…"21.5"…`)
		set("Heater", "Temperature", "MaxSet", "91", `…"Rejected"…"ValueOutOfRange"…`)
		set("OCPPCommCtrlr", "HeartbeatInterval", "Actual", "0", `…"Rejected"…"ValueOutOfRange"…`)
		set("OCPPCommCtrlr", "WebSocketPingInterval", "MinSet", "1", `…"NotSupportedAttributeType"…`)
		set("OCPPCommCtrlr", "NetworkConfigurationPriority", "Actual", "1", `…"RebootRequired"…`)
		set("OCPPCommCtrlr", "NetworkConfigurationPriority", "Actual", "7", `…"Rejected"…"InvalidValue"…`)
		set("ClockCtrlr", "DateTime", "Actual", "2026-01-01T00:00:00Z", `…"Rejected"…"ReadOnly"…`)
		set("AuthCtrlr", "Enabled", "Actual", "maybe", `…"Rejected"…`)
		set("AuthCtrlr", "Enabled", "Actual", "False", `…"Accepted"…`)
		get("AuthCtrlr", "Enabled", "", `…"false"…`)
		many := strings.Repeat(`{"component":{"name":"TxCtrlr"},"variable":{"name":"TxStartPoint"}},`, 51)
		asked(t, c, "GetVariables", `{"getVariableData":[`+strings.TrimSuffix(many, ",")+`]}`, `OccurrenceConstraintViolation…`)
	})
}

// OCPP 2.x B07, B08.
func TestReports(t *testing.T) {
	modern(t, func(t *testing.T, s *sim.Station, c *central) {
		s.ReportPage = 1000
		up(t, s)
		c.said()
		asked(t, c, "GetBaseReport", `{"requestId":1,"reportBase":"SummaryInventory"}`, `{"status":"Accepted"}`)
		same(t, c.said(), `NotifyReport {"requestId":1,…"ChargingStation"…"EVSE"…"Connector"…`)
		asked(t, c, "GetBaseReport", `{"requestId":2,"reportBase":"ConfigurationInventory"}`, `{"status":"Accepted"}`)
		got := strings.Join(c.said(), "\n")
		if strings.Contains(got, "VendorName") || !strings.Contains(got, `"mutability":"WriteOnly"`) || strings.Contains(got, `"ReadOnly"`) {
			t.Errorf("the configuration is %s", got)
		}
		asked(t, c, "GetReport", `{"requestId":3,"componentVariable":[{"component":{"name":"EVSE","evse":{"id":2}}},{"component":{"name":"DeviceDataCtrlr"},"variable":{"name":"ItemsPerMessage"}}]}`, `{"status":"Accepted"}`)
		got = strings.Join(c.said(), "\n")
		if n := strings.Count(got, "variableCharacteristics"); n != 10 {
			t.Errorf("%d variables: %s", n, got)
		}
		for _, want := range []string{`"maxLimit":36000`, `"unit":"W"`, `"supportsMonitoring":true`, `"instance":"GetReport"`} {
			if !strings.Contains(got, want) {
				t.Errorf("there is no %s in %s", want, got)
			}
		}
		asked(t, c, "GetReport", `{"requestId":4,"componentCriteria":["Problem"]}`, `{"status":"EmptyResultSet"}`)
		must(t, s.Fault(t.Context(), 2, "GroundFailure"))
		c.said()
		asked(t, c, "GetReport", `{"requestId":5,"componentCriteria":["Problem"]}`, `{"status":"Accepted"}`)
		if got := strings.Join(c.said(), "\n"); strings.Contains(got, `"id":1`) || !strings.Contains(got, `"id":2`) {
			t.Errorf("the report is %s", got)
		}
		asked(t, c, "GetReport", `{"requestId":6,"componentVariable":[{"component":{"name":"Moon"}}]}`, `{"status":"EmptyResultSet"}`)
	})
}

// Each key and each variable is there once, and nothing of a full report breaks the rules.
func TestInventory(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		s.ReportPage = 1
		up(t, s)
		c.said()
		if s.Version == gnista.V16 {
			got := c.ask("GetConfiguration", `{}`)
			seen := map[string]bool{}
			for _, part := range strings.Split(got, `{"key":`)[1:] {
				key, _, _ := strings.Cut(part, ",")
				if seen[key] {
					t.Errorf("%s is there twice", key)
				}
				seen[key] = true
			}
			if len(seen) < 50 || strings.Contains(got, "unknownKey") {
				t.Errorf("%d keys: %s", len(seen), got)
			}
			asked(t, c, "ChangeConfiguration", `{"key":"ConnectorPhaseRotation","value":"1.RST"}`, `{"status":"RebootRequired"}`)
			asked(t, c, "ChangeConfiguration", `{"key":"AuthorizationKey","value":"`+strings.Repeat("ab", 20)+`"}`, `{"status":"Accepted"}`)
			asked(t, c, "GetConfiguration", `{"key":["AuthorizationKey"]}`, `{"configurationKey":[{"key":"AuthorizationKey","readonly":false}]}`)
			return
		}
		asked(t, c, "GetBaseReport", `{"requestId":1,"reportBase":"FullInventory"}`, `{"status":"Accepted"}`)
		seen := map[string]bool{}
		for i, page := range c.said() {
			_, data, _ := strings.Cut(page, `"reportData":`)
			name, _, _ := strings.Cut(data, `,"variableAttribute"`)
			if seen[name] || !strings.Contains(page, fmt.Sprintf(`"seqNo":%d,`, i)) {
				t.Errorf("page %d is %s", i, page)
			}
			seen[name] = true
		}
		if len(seen) < 120 {
			t.Errorf("%d variables", len(seen))
		}
	})
}

// What a fault is told with is in the device model, and is true there while the fault lasts.
func TestFaultInDeviceModel(t *testing.T) {
	modern(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		value := func(want string) {
			t.Helper()
			asked(t, c, "GetVariables", `{"getVariableData":[{"component":{"name":"ConnectorPlugRetentionLock","evse":{"id":1,"connectorId":1}},"variable":{"name":"Problem"}}]}`, `…"attributeValue":"`+want+`"…`)
		}
		value("false")
		asked(t, c, "SetVariableMonitoring", `{"setMonitoringData":[{"value":1,"type":"Delta","severity":3,"component":{"name":"ConnectorPlugRetentionLock","evse":{"id":1,"connectorId":1}},"variable":{"name":"Problem"}}]}`, `…"Accepted"…`)
		c.said()
		must(t, s.Fault(t.Context(), 1, "ConnectorLockFailure"))
		value("true")
		if got := strings.Join(c.said("NotifyEvent"), "\n"); strings.Count(got, `"actualValue":"true"`) != 2 || !strings.Contains(got, `"CustomMonitor"`) {
			t.Errorf("sent %s", got)
		}
		must(t, s.Fault(t.Context(), 0, "Strange"))
		same(t, c.said("NotifyEvent"), `NotifyEvent …"ChargingStation"…"Problem"…`)
	})
}

// A station can have as many settings as are wanted.
func TestExtraSettings(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		s.Extra = 300
		up(t, s)
		if s.Version == gnista.V16 {
			asked(t, c, "ChangeConfiguration", `{"key":"VendorParameter300","value":"7"}`, `{"status":"Accepted"}`)
			asked(t, c, "GetConfiguration", `{"key":["VendorParameter300"]}`, `…"value":"7"…`)
			return
		}
		asked(t, c, "GetVariables", `{"getVariableData":[{"component":{"name":"VendorCtrlr"},"variable":{"name":"Parameter","instance":"300"}}]}`, `…"299"…`)
	})
}
