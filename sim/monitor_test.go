package sim_test

import (
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/sim"
)

// OCPP 2.x N02–N06.
func TestSetMonitors(t *testing.T) {
	modern(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		c.said()
		power := `"component":{"name":"EVSE","evse":{"id":1}},"variable":{"name":"Power"}`
		asked(t, c, "SetVariableMonitoring", `{"setMonitoringData":[
			{"value":20000,"type":"UpperThreshold","severity":5,`+power+`},
			{"value":20001,"type":"UpperThreshold","severity":5,`+power+`},
			{"value":40000,"type":"UpperThreshold","severity":6,`+power+`},
			{"value":-1,"type":"Delta","severity":6,`+power+`},
			{"value":1,"type":"UpperThreshold","severity":5,"component":{"name":"Moon"},"variable":{"name":"Phase"}},
			{"value":1,"type":"UpperThreshold","severity":5,"component":{"name":"EVSE","evse":{"id":1}},"variable":{"name":"Phase"}},
			{"value":1,"type":"UpperThreshold","severity":5,"component":{"name":"Connector","evse":{"id":1,"connectorId":1}},"variable":{"name":"AvailabilityState"}},
			{"id":1,"value":50,"type":"UpperThreshold","severity":5,"component":{"name":"TemperatureSensor"},"variable":{"name":"Temperature"}},
			{"id":2,"value":50,"type":"UpperThreshold","severity":5,"component":{"name":"TemperatureSensor"},"variable":{"name":"Temperature"}},
			{"id":77,"value":50,"type":"UpperThreshold","severity":7,"component":{"name":"TemperatureSensor"},"variable":{"name":"Temperature"}}]}`,
			`…"Accepted"…"id":3…"Duplicate"…"Rejected"…"Rejected"…"UnknownComponent"…"UnknownVariable"…"UnsupportedMonitorType"…"Rejected"…"Accepted"…"id":2…"Rejected"…`)
		asked(t, c, "GetMonitoringReport", `{"requestId":9,"monitoringCriteria":["ThresholdMonitoring"]}`, `{"status":"Accepted"}`)
		same(t, c.said(), `NotifyMonitoringReport {"requestId":9,"seqNo":0,…"TemperatureSensor"…"id":1…"id":2…"value":50…"Power"…"id":3…`)
		asked(t, c, "GetMonitoringReport", `{"requestId":9,"monitoringCriteria":["DeltaMonitoring"]}`, `{"status":"EmptyResultSet"}`)
		asked(t, c, "ClearVariableMonitoring", `{"id":[1,3,44]}`, `…"Rejected","id":1…"Accepted","id":3…"NotFound","id":44…`)
		asked(t, c, "SetMonitoringBase", `{"monitoringBase":"HardWiredOnly"}`, `{"status":"Accepted"}`)
		asked(t, c, "GetMonitoringReport", `{"requestId":10}`, `{"status":"Accepted"}`)
		if got := c.said(); len(got) != 1 || strings.Count(got[0], `"severity"`) != 1 {
			t.Errorf("the report is %q", got)
		}
		asked(t, c, "SetMonitoringBase", `{"monitoringBase":"FactoryDefault"}`, `{"status":"Accepted"}`)
		asked(t, c, "GetMonitoringReport", `{"requestId":11}`, `{"status":"Accepted"}`)
		same(t, c.said(), `NotifyMonitoringReport …"id":1…"id":2…"value":90…`)
		asked(t, c, "SetMonitoringLevel", `{"severity":10}`, `{"status":"Rejected"}`)
		asked(t, c, "SetMonitoringLevel", `{"severity":4}`, `{"status":"Accepted"}`)
	})
}

// OCPP 2.x N07.
func TestMonitorsTell(t *testing.T) {
	modern(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		asked(t, c, "SetVariableMonitoring", `{"setMonitoringData":[
			{"value":20000,"type":"UpperThreshold","severity":2,"component":{"name":"EVSE","evse":{"id":1}},"variable":{"name":"Power"}},
			{"value":1,"type":"Delta","severity":8,"component":{"name":"Connector","evse":{"id":1,"connectorId":1}},"variable":{"name":"AvailabilityState"}},
			{"value":2,"type":"TargetDelta","severity":2,"component":{"name":"Heater"},"variable":{"name":"Temperature"}}]}`, map[gnista.Version]string{
			gnista.V21: `…"id":3…"id":4…"id":5…`, gnista.V201: `PropertyConstraintViolation…`}[s.Version])
		if s.Version == gnista.V201 { // which has no such monitor
			asked(t, c, "SetVariableMonitoring", `{"setMonitoringData":[
			{"value":20000,"type":"UpperThreshold","severity":2,"component":{"name":"EVSE","evse":{"id":1}},"variable":{"name":"Power"}},
			{"value":1,"type":"Delta","severity":8,"component":{"name":"Connector","evse":{"id":1,"connectorId":1}},"variable":{"name":"AvailabilityState"}}]}`, `…"id":3…"id":4…`)
		} else {
			same(t, c.said("NotifyEvent"), `NotifyEvent …"trigger":"Alerting","actualValue":"24"…"Heater"…"severity":2,"variableMonitoringId":5…`)
			asked(t, c, "SetVariables", `{"setVariableData":[{"attributeType":"Target","attributeValue":"23","component":{"name":"Heater"},"variable":{"name":"Temperature"}}]}`, `…"Accepted"…`)
			same(t, c.said("NotifyEvent"), `NotifyEvent …"Heater"…"cleared":true…`)
		}
		c.said()
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		got := strings.Join(c.said("NotifyEvent"), "\n")
		for _, want := range []string{`"trigger":"Alerting","actualValue":"36000","eventNotificationType":"CustomMonitor"`, `"trigger":"Delta","actualValue":"Occupied","eventNotificationType":"CustomMonitor"`} {
			if !strings.Contains(got, want) {
				t.Errorf("there is no %s in %s", want, got)
			}
		}
		// What is told later is only what is severe enough.
		s.Disconnect()
		must(t, s.Draw(1, 1000))
		must(t, s.Fault(t.Context(), 1, "GroundFailure"))
		must(t, s.Connect(t.Context()))
		got = strings.Join(c.said("NotifyEvent"), "\n")
		if strings.Count(got, "variableMonitoringId") != 1 || !strings.Contains(got, `"actualValue":"1000"`) || !strings.Contains(got, `"cleared":true`) {
			t.Errorf("sent %s", got)
		}
		asked(t, c, "SetMonitoringLevel", `{"severity":1}`, `{"status":"Accepted"}`)
		must(t, s.Recover(t.Context(), 1))
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		if got := strings.Join(c.said("NotifyEvent"), "\n"); strings.Contains(got, "CustomMonitor") {
			t.Errorf("sent %s", got)
		}
	})
}

func TestPeriodicMonitor(t *testing.T) {
	modern(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		c.said()
		asked(t, c, "SetVariableMonitoring", `{"setMonitoringData":[{"value":20,"type":"Periodic","severity":9,"component":{"name":"EVSE","evse":{"id":1}},"variable":{"name":"Power"}},{"value":60,"type":"PeriodicClockAligned","severity":9,"component":{"name":"EVSE","evse":{"id":2}},"variable":{"name":"Power"}}]}`, `…"Accepted"…"Accepted"…`)
		time.Sleep(61 * time.Second)
		if got := c.said(); len(got) < 3 || len(got) > 4 || strings.Count(strings.Join(got, ""), "Periodic") != 4 {
			t.Errorf("sent %q", got)
		}
		asked(t, c, "ClearVariableMonitoring", `{"id":[3,4]}`, `…"Accepted"…"Accepted"…`)
		time.Sleep(time.Minute)
		same(t, c.said())
	})
}

// OCPP 2.1 N11–N14.
func TestStream(t *testing.T) {
	bench(t, gnista.V21, func(t *testing.T, s *sim.Station, c *central) {
		c.answers(func(f ocppj.Frame) (string, error) {
			if f.Action == "OpenPeriodicEventStream" {
				return `{"status":"Accepted"}`, nil
			}
			return "", nil
		})
		up(t, s)
		c.said()
		asked(t, c, "SetVariableMonitoring", `{"setMonitoringData":[{"value":10,"type":"Periodic","severity":9,"periodicEventStream":{"interval":60,"values":3},"component":{"name":"EVSE","evse":{"id":1}},"variable":{"name":"Power"}}]}`, `…"id":3…`)
		same(t, c.said(), `OpenPeriodicEventStream {"constantStreamData":{"id":3,"variableMonitoringId":3,"params":{"interval":60,"values":3}}}`)
		asked(t, c, "GetPeriodicEventStream", `{}`, `{"constantStreamData":[{"id":3,…`)
		time.Sleep(31 * time.Second)
		same(t, c.said(), `NotifyPeriodicEventStream {"id":3,"pending":0,"basetime":"2026-01-01T00:00:10Z","data":[{"t":0,"v":"0"},{"t":10,"v":"0"},{"t":20,"v":"0"}]}`)
		asked(t, c, "AdjustPeriodicEventStream", `{"id":3,"params":{"values":1}}`, `{"status":"Accepted"}`)
		asked(t, c, "AdjustPeriodicEventStream", `{"id":4,"params":{"values":1}}`, `{"status":"Rejected"…`)
		time.Sleep(10 * time.Second)
		same(t, c.said(), `NotifyPeriodicEventStream …`)
		asked(t, c, "ClearVariableMonitoring", `{"id":[3]}`, `…"Accepted"…`)
		same(t, c.said(), `ClosePeriodicEventStream {"id":3}`)
	})
}
