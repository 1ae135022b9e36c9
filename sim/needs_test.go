package sim_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/sim"
)

// accepting answers the requests of a car and a grid.
func accepting(f ocppj.Frame) (string, error) {
	switch f.Action {
	case "NotifyEVChargingNeeds", "NotifyEVChargingSchedule":
		return `{"status":"Accepted"}`, nil
	case "VatNumberValidation":
		return `{"vatNumber":"SE1","status":"Accepted"}`, nil
	case "NotifySettlement":
		return `{"receiptUrl":"https://receipt/1"}`, nil
	}
	return "", nil
}

// OCPP 2.x K15.
func TestNegotiate(t *testing.T) {
	modern(t, func(t *testing.T, s *sim.Station, c *central) {
		c.answers(accepting)
		up(t, s)
		needs := sim.Needs{EnergyWh: 20_000, PowerW: 11_040, Departure: time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC), Schedules: 3, Bidirectional: true}
		if _, err := s.Negotiate(t.Context(), 1, needs); err == nil {
			t.Error("nobody charges and yet needs are told")
		}
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		name := transactionID(t, c, s)
		status, err := s.Negotiate(t.Context(), 1, needs)
		if err != nil || status != "Accepted" {
			t.Fatal(status, err)
		}
		got := c.said()
		if s.Version == gnista.V201 {
			same(t, got, `NotifyEVChargingNeeds {"evseId":1,"chargingNeeds":{"requestedEnergyTransfer":"AC_three_phase","acChargingParameters":{"energyAmount":20000,"evMinCurrent":6,"evMaxCurrent":16,"evMaxVoltage":230},"departureTime":"2026-01-01T08:00:00Z"},"maxScheduleTuples":3}`)
		} else {
			same(t, got, `NotifyEVChargingNeeds …"AC_BPT"…"v2xChargingParameters"…`)
		}
		asked(t, c, "SetChargingProfile", limiting(s, 1, 3, 0, "TxProfile", `"transactionId":"`+name+`",`+relative, "W", "0:9000", "600:20000"), `{"status":"Accepted"}`)
		got = c.said("NotifyEVChargingSchedule")
		same(t, got, `NotifyEVChargingSchedule {…"evseId":1,"chargingSchedule":{"id":1,"chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,"limit":9000},{"startPeriod":600,"limit":11040}]…`)
		if s.Version == gnista.V21 {
			asked(t, c, "NotifyAllowedEnergyTransfer", `{"transactionId":"other","allowedEnergyTransfer":["DC"]}`, `{"status":"Rejected"…`)
			asked(t, c, "NotifyAllowedEnergyTransfer", `{"transactionId":"`+name+`","allowedEnergyTransfer":["AC_three_phase"]}`, `{"status":"Accepted"}`)
			same(t, c.said("NotifyEVChargingNeeds"), `NotifyEVChargingNeeds {"evseId":1,"chargingNeeds":{"requestedEnergyTransfer":"AC_three_phase"…`)
			asked(t, c, "AFRRSignal", `{"timestamp":"2026-01-01T00:00:00Z","signal":5}`, `{"status":"Rejected"…`)
		}
	})
}

func TestNegotiateDC(t *testing.T) {
	modern(t, func(t *testing.T, s *sim.Station, c *central) {
		c.answers(accepting)
		s.Phases = 0
		up(t, s)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		c.said()
		_, err := s.Negotiate(t.Context(), 1, sim.Needs{EnergyWh: 20_000, StateOfCharge: 40})
		must(t, err)
		same(t, c.said(), `NotifyEVChargingNeeds …"DC"…"dcChargingParameters":{"evMaxCurrent":90,"evMaxVoltage":400,…"stateOfCharge":40}…`)
	})
}

// OCPP 2.x K12, K13.
func TestLimitFromOutside(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		c.said()
		must(t, s.LimitFromOutside(t.Context(), 0, 8000, "SO"))
		synctest.Wait()
		if got := s.LimitW(1); got != 8000 {
			t.Errorf("the limit is %d W", got)
		}
		got := c.said()
		if s.Version == gnista.V16 {
			same(t, got)
		} else if text := strings.Join(got, "\n"); len(got) != 2 || !strings.Contains(text, `NotifyChargingLimit {"chargingLimit":{"chargingLimitSource":"SO"}}`) || !strings.Contains(text, "ChargingRateChanged") {
			t.Errorf("sent %q", got)
		}
		if s.Version != gnista.V16 {
			asked(t, c, "GetChargingProfiles", `{"requestId":1,"evseId":0,"chargingProfile":{"chargingLimitSource":["SO"]}}`, `{"status":"Accepted"}`)
			same(t, c.said(), `ReportChargingProfiles {"requestId":1,"chargingLimitSource":"SO","evseId":0,…"ChargingStationExternalConstraints"…`)
			asked(t, c, "ClearChargingProfile", `{"chargingProfileId":-1}`, `{"status":"Unknown"}`)
			asked(t, c, "SetVariables", `{"setVariableData":[{"attributeValue":"true","component":{"name":"SmartChargingCtrlr"},"variable":{"name":"NotifyChargingLimitWithSchedules"}}]}`, `…"Accepted"…`)
			must(t, s.LimitFromOutside(t.Context(), 2, 7000, "EMS"))
			same(t, c.said("NotifyChargingLimit"), `NotifyChargingLimit {…"EMS"…"chargingSchedule":[…"limit":7000}]…"evseId":2}`)
		}
		must(t, s.EndLimitFromOutside(t.Context(), 0, "SO"))
		if got := s.LimitW(1); got != 36_000 {
			t.Errorf("the limit is %d W", got)
		}
		if s.Version != gnista.V16 {
			same(t, c.said("ClearedChargingLimit"), `ClearedChargingLimit {"chargingLimitSource":"SO"}`)
		}
	})
}

// OCPP 2.1 I07–I11.
func TestTariffs(t *testing.T) {
	bench(t, gnista.V21, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		price := func(id, extra string) string {
			return `{"tariffId":"` + id + `","currency":"EUR",` + extra + `"energy":{"prices":[{"priceKwh":0.3}]}}`
		}
		asked(t, c, "GetTariffs", `{"evseId":0}`, `{"status":"NoTariff"}`)
		asked(t, c, "SetDefaultTariff", `{"evseId":0,"tariff":`+price("day", "")+`}`, `{"status":"Accepted"}`)
		asked(t, c, "SetDefaultTariff", `{"evseId":1,"tariff":`+price("day", "")+`}`, `{"status":"DuplicateTariffId"}`)
		asked(t, c, "SetDefaultTariff", `{"evseId":7,"tariff":`+price("x", "")+`}`, `{"status":"Rejected"…`)
		asked(t, c, "SetDefaultTariff", `{"evseId":1,"tariff":`+price("later", `"validFrom":"2026-01-01T01:00:00Z",`)+`}`, `{"status":"Accepted"}`)
		many := strings.TrimSuffix(strings.Repeat(`{"priceKwh":1},`, 11), ",")
		asked(t, c, "SetDefaultTariff", `{"evseId":1,"tariff":{"tariffId":"many","currency":"EUR","energy":{"prices":[`+many+`]}}}`, `{"status":"TooManyElements"}`)
		asked(t, c, "GetTariffs", `{"evseId":0}`, `{"status":"Accepted","tariffAssignments":[{"tariffId":"day","tariffKind":"DefaultTariff","evseIds":[1,2]},{"tariffId":"later",…"evseIds":[1],"validFrom":"2026-01-01T01:00:00Z"}]}`)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		time.Sleep(2 * time.Hour)
		must(t, s.StartTransaction(t.Context(), 2, "CARD"))
		must(t, s.StopTransaction(t.Context(), 1, "CARD", sim.ReasonLocal))
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		got := c.said("TransactionEvent")
		same(t, got, `…"Started"…"tariffId":"day"…`, `…"Started"…"tariffId":"day"…`, `…"Ended"…`, `…"Started"…"tariffId":"later"…`)
		name := transactionID(t, c, s)
		asked(t, c, "ChangeTransactionTariff", `{"transactionId":"other","tariff":`+price("new", "")+`}`, `{"status":"TxNotFound"}`)
		asked(t, c, "ChangeTransactionTariff", `{"transactionId":"`+name+`","tariff":{"tariffId":"new","currency":"SEK"}}`, `{"status":"NoCurrencyChange"}`)
		asked(t, c, "ChangeTransactionTariff", `{"transactionId":"`+name+`","tariff":`+price("new", "")+`}`, `{"status":"Accepted"}`)
		same(t, c.said(), `TransactionEvent …"TariffChanged"…"tariffId":"new"…`)
		asked(t, c, "ClearTariffs", `{"tariffIds":["later"]}`, `{"clearTariffsResult":[{"status":"Accepted","tariffId":"later"}]}`)
		asked(t, c, "ClearTariffs", `{"evseId":2}`, `{"clearTariffsResult":[{"status":"Accepted","tariffId":"day"}]}`)
		asked(t, c, "ClearTariffs", `{"evseId":2}`, `{"clearTariffsResult":[{"status":"NoTariff"}]}`)
	})
}

// OCPP 2.1 R04, R05.
func TestGrid(t *testing.T) {
	bench(t, gnista.V21, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		c.said()
		droop := func(id string, priority, byDefault, when string) string {
			return `{"isDefault":` + byDefault + `,"controlId":"` + id + `","controlType":"FreqDroop","freqDroop":{"priority":` + priority + `,` + when + `"overFreq":50.2,"underFreq":49.8,"overDroop":5,"underDroop":5,"responseTime":1}}`
		}
		asked(t, c, "GetDERControl", `{"requestId":1}`, `{"status":"NotFound"}`)
		asked(t, c, "GetDERControl", `{"requestId":1,"controlType":"WattPF"}`, `{"status":"NotSupported"}`)
		asked(t, c, "SetDERControl", `{"isDefault":true,"controlId":"x","controlType":"WattVar"}`, `{"status":"NotSupported"}`)
		asked(t, c, "SetDERControl", `{"isDefault":true,"controlId":"x","controlType":"VoltVar"}`, `{"status":"Rejected"…`)
		asked(t, c, "SetDERControl", `{"isDefault":true,"controlId":"x","controlType":"EnterService","curve":{"priority":1,"yUnit":"PctMaxW","curveData":[{"x":1,"y":1}]}}`, `{"status":"Rejected"…`)
		asked(t, c, "SetDERControl", `{"isDefault":false,"controlId":"c1","controlType":"VoltVar","curve":{"priority":1,"startTime":"2026-02-01T00:00:00Z","yUnit":"PctMaxW","curveData":[{"x":1,"y":1}]}}`, `{"status":"Accepted"}`)
		asked(t, c, "SetDERControl", `{"isDefault":true,"controlId":"e1","controlType":"EnterService","enterService":{"priority":1,"highVoltage":250,"lowVoltage":210,"highFreq":51,"lowFreq":49}}`, `{"status":"Accepted"}`)
		asked(t, c, "GetDERControl", `{"requestId":1}`, `{"status":"Accepted"}`)
		same(t, c.said(), `ReportDERControl {"requestId":1,"curve":[{"id":"c1",…"enterService":[{"id":"e1",…`)
		asked(t, c, "ClearDERControl", `{"isDefault":true,"controlType":"EnterService"}`, `{"status":"Accepted"}`)
		asked(t, c, "SetDERControl", droop("d1", "5", "true", ""), `{"status":"Accepted"}`)
		asked(t, c, "SetDERControl", droop("d2", "4", "true", ""), `{"status":"Accepted","supersededIds":["d1"]}`)
		asked(t, c, "SetDERControl", droop("s1", "3", "false", `"startTime":"2026-01-01T00:10:00Z","duration":600,`), `{"status":"Accepted"}`)
		same(t, c.said())
		time.Sleep(11 * time.Minute)
		same(t, c.said(), `NotifyDERStartStop {"controlId":"s1","started":true,…`)
		asked(t, c, "SetDERControl", droop("s2", "2", "false", ""), `{"status":"Accepted"}`)
		same(t, c.said(), `NotifyDERStartStop {"controlId":"s2","started":true,…"supersededIds":["s1"]}`)
		asked(t, c, "SetDERControl", droop("s3", "9", "false", ""), `{"status":"Accepted","supersededIds":["s3"]}`)
		time.Sleep(10 * time.Minute)
		same(t, c.said())
		asked(t, c, "GetDERControl", `{"requestId":2,"isDefault":true}`, `{"status":"Accepted"}`)
		same(t, c.said(), `ReportDERControl {"requestId":2,"freqDroop":[{"id":"d1","isDefault":true,"isSuperseded":true,…"id":"d2","isDefault":true,"isSuperseded":false,…`)
		asked(t, c, "ClearDERControl", `{"isDefault":false,"controlId":"s2"}`, `{"status":"Accepted"}`)
		same(t, c.said(), `NotifyDERStartStop {"controlId":"s2","started":false,…`)
		asked(t, c, "ClearDERControl", `{"isDefault":false,"controlId":"s2"}`, `{"status":"NotFound"}`)
		must(t, s.DERAlarm(t.Context(), "LVMustTrip", "UnderVoltage", false))
		must(t, s.DERAlarm(t.Context(), "LVMustTrip", "UnderVoltage", true))
		same(t, c.said(), `NotifyDERAlarm {"controlType":"LVMustTrip",…"gridEventFault":"UnderVoltage"}`, `NotifyDERAlarm …"alarmEnded":true…`)
	})
}

// OCPP 2.1 S02, S03, C19, C20, C25.
func TestSwapsAndPayments(t *testing.T) {
	bench(t, gnista.V21, func(t *testing.T, s *sim.Station, c *central) {
		c.answers(accepting)
		up(t, s)
		c.said()
		swap := `{"requestId":7,"idToken":{"idToken":"APP","type":"Central"}}`
		asked(t, c, "RequestBatterySwap", swap, `{"status":"Rejected","statusInfo":{"reasonCode":"NoBatteryAvailable"}}`)
		s.Batteries = 3
		asked(t, c, "RequestBatterySwap", swap, `{"status":"Accepted"}`)
		same(t, c.said(), `BatterySwap {"eventType":"BatteryIn","requestId":7,…`, `BatterySwap {"eventType":"BatteryOut","requestId":7,…`)
		must(t, s.SwapBattery(t.Context(), "CARD", true))
		same(t, c.said(), `Authorize …`, `BatterySwap {"eventType":"BatteryIn"…`, `BatterySwap {"eventType":"BatteryOutTimeout"…`)
		asked(t, c, "NotifyWebPaymentStarted", `{"evseId":1,"timeout":60}`, `{}`)
		if good, err := s.CheckVAT(t.Context(), "SE1"); err != nil || !good {
			t.Error(good, err)
		}
		if receipt, err := s.Settle(t.Context(), "t", "psp", 12.5); err != nil || receipt != "https://receipt/1" {
			t.Error(receipt, err)
		}
	})
}
