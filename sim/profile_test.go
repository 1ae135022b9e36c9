package sim_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/sim"
)

// limiting is a request that sets a profile: a kind with its start, and periods as start:limit.
func limiting(s *sim.Station, evse, id, stack int, purpose, extra, unit string, periods ...string) string {
	var list []string
	for _, p := range periods {
		start, limit, _ := strings.Cut(p, ":")
		list = append(list, fmt.Sprintf(`{"startPeriod":%s,"limit":%s}`, start, limit))
	}
	schedule := fmt.Sprintf(`{%s"chargingRateUnit":%q,"startSchedule":"2026-01-01T00:00:00Z","chargingSchedulePeriod":[%s]}`, "%s", unit, strings.Join(list, ","))
	if strings.Contains(extra, "Relative") {
		schedule = strings.Replace(schedule, `"startSchedule":"2026-01-01T00:00:00Z",`, "", 1)
	}
	if s.Version == gnista.V16 {
		if purpose == "ChargingStationMaxProfile" {
			purpose = "ChargePointMaxProfile"
		}
		return fmt.Sprintf(`{"connectorId":%d,"csChargingProfiles":{"chargingProfileId":%d,"stackLevel":%d,"chargingProfilePurpose":%q,%s,"chargingSchedule":%s}}`,
			evse, id, stack, purpose, extra, fmt.Sprintf(schedule, ""))
	}
	return fmt.Sprintf(`{"evseId":%d,"chargingProfile":{"id":%d,"stackLevel":%d,"chargingProfilePurpose":%q,%s,"chargingSchedule":[%s]}}`,
		evse, id, stack, purpose, extra, fmt.Sprintf(schedule, `"id":1,`))
}

const absolute, relative = `"chargingProfileKind":"Absolute"`, `"chargingProfileKind":"Relative"`

// The power of a car is held to the station's, the default and the transaction's profile as they begin
// and end. OCPP 1.6 §3.13, OCPP 2.x K01.
func TestProfilesLimitPower(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		limit := func(want int64) {
			t.Helper()
			synctest.Wait()
			if got := s.LimitW(1); got != want {
				t.Errorf("the limit is %d W, not %d", got, want)
			}
		}
		limit(36_000)
		set := func(evse, id, stack int, purpose, extra, unit string, periods ...string) {
			t.Helper()
			asked(t, c, "SetChargingProfile", limiting(s, evse, id, stack, purpose, extra, unit, periods...), `{"status":"Accepted"}`)
		}
		set(0, 1, 0, "TxDefaultProfile", relative, "A", "0:16", "3600:8")
		limit(16 * 230 * 3)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		start := s.EnergyWh(1)
		time.Sleep(2 * time.Hour)
		if got := s.EnergyWh(1) - start; got != 24*230*3 {
			t.Errorf("%d Wh were charged", got)
		}
		set(1, 2, 1, "TxDefaultProfile", relative, "W", "0:5000")
		limit(5000)
		name, purpose := `"transactionId":"id-3",`, "TxProfile"
		if s.Version == gnista.V16 {
			name = `"transactionId":71,`
		}
		asked(t, c, "SetChargingProfile", limiting(s, 2, 3, 0, purpose, name+relative, "W", "0:9000"), `{"status":"Rejected"…`)
		asked(t, c, "SetChargingProfile", limiting(s, 1, 3, 0, purpose, strings.Replace(name, "71", "72", 1)+`"recurrencyKind":"Daily",`+relative, "W", "10:9000"), `{"status":"Rejected"…`)
		if s.Version != gnista.V16 {
			events := c.said("TransactionEvent")
			if got := strings.Join(events, "\n"); strings.Count(got, `"ChargingRateChanged"`) != 2 {
				t.Errorf("sent %s", got)
			}
		}
		set(1, 3, 0, purpose, strings.Replace(name, "id-3", transactionID(t, c, s), 1)+relative, "W", "0:9000")
		limit(9000)
		set(0, 4, 0, "ChargingStationMaxProfile", absolute, "W", "0:30000", "10800:7000", "14400:0")
		limit(9000)
		time.Sleep(61 * time.Minute)
		limit(7000)
		must(t, s.StartTransaction(t.Context(), 2, "CARD"))
		limit(3500)
		c.said()
		time.Sleep(time.Hour)
		limit(0)
		if got := strings.Join(c.said(), "\n"); strings.Count(got, "SuspendedEVSE") != 2 {
			t.Errorf("sent %s", got)
		}
		asked(t, c, "ClearChargingProfile", map[bool]string{true: `{"id":4}`, false: `{"chargingProfileId":4}`}[s.Version == gnista.V16], `{"status":"Accepted"}`)
		asked(t, c, "ClearChargingProfile", map[bool]string{true: `{"id":4}`, false: `{"chargingProfileId":4}`}[s.Version == gnista.V16], `{"status":"Unknown"}`)
		limit(9000)
		if got := strings.Join(c.said(), "\n"); strings.Count(got, `Charging"`) < 2 {
			t.Errorf("sent %s", got)
		}
		must(t, s.StopTransaction(t.Context(), 1, "CARD", sim.ReasonLocal))
		limit(5000)
	})
}

// transactionID is the name of the transaction at EVSE 1, as the central system learns it.
func transactionID(t *testing.T, c *central, s *sim.Station) string {
	t.Helper()
	if s.Version == gnista.V16 {
		return "71"
	}
	must(t, s.Meter(t.Context(), 1))
	_, rest, _ := strings.Cut(strings.Join(c.said("TransactionEvent"), ""), `"transactionId":"`)
	name, _, _ := strings.Cut(rest, `"`)
	return name
}

// OCPP 1.6 §5.7, OCPP 2.x K08.
func TestCompositeSchedule(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		asked(t, c, "SetChargingProfile", limiting(s, 0, 4, 0, "ChargingStationMaxProfile", `"recurrencyKind":"Daily","chargingProfileKind":"Recurring"`, "W", "0:30000", "3600:20000"), `{"status":"Accepted"}`)
		asked(t, c, "SetChargingProfile", limiting(s, 1, 5, 0, "TxDefaultProfile", absolute, "W", "0:25000"), `{"status":"Accepted"}`)
		time.Sleep(30 * time.Minute)
		if s.Version == gnista.V16 {
			asked(t, c, "GetCompositeSchedule", `{"connectorId":1,"duration":90000}`, `{"status":"Accepted","connectorId":1,"scheduleStart":"2026-01-01T00:30:00Z","chargingSchedule":{"duration":90000,…"chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,"limit":25000},{"startPeriod":1800,"limit":20000},{"startPeriod":84600,"limit":25000},{"startPeriod":88200,"limit":20000}]}}`)
			asked(t, c, "GetCompositeSchedule", `{"connectorId":7,"duration":90000}`, `{"status":"Rejected"}`)
			return
		}
		asked(t, c, "GetCompositeSchedule", `{"evseId":1,"duration":90000}`, `{"status":"Accepted","schedule":{"evseId":1,"duration":90000,"scheduleStart":"2026-01-01T00:30:00Z","chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,"limit":25000},{"startPeriod":1800,"limit":20000},{"startPeriod":84600,"limit":25000},{"startPeriod":88200,"limit":20000}]}}`)
		asked(t, c, "GetCompositeSchedule", `{"evseId":0,"duration":60,"chargingRateUnit":"A"}`, `…"limit":43.4}]}}`)
		asked(t, c, "GetCompositeSchedule", `{"evseId":7,"duration":60}`, `{"status":"Rejected","statusInfo":{"reasonCode":"UnknownEvse"}}`)
	})
}

// OCPP 2.x K01, K09.
func TestProfileRules(t *testing.T) {
	modern(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		c.said()
		refused := func(reason, payload string) {
			t.Helper()
			asked(t, c, "SetChargingProfile", payload, `{"status":"Rejected","statusInfo":{"reasonCode":"`+reason+`"}}`)
		}
		refused("UnknownEvse", limiting(s, 9, 1, 0, "TxDefaultProfile", relative, "A", "0:1"))
		refused("InvalidStackLevel", limiting(s, 1, 1, 10, "TxDefaultProfile", relative, "A", "0:1"))
		refused("UnsupportedPurpose", limiting(s, 0, 1, 0, "ChargingStationExternalConstraints", absolute, "A", "0:1"))
		refused("TxNotFound", limiting(s, 1, 1, 0, "TxProfile", relative, "A", "0:1"))
		refused("InvalidProfile", limiting(s, 1, 1, 0, "ChargingStationMaxProfile", absolute, "A", "0:1"))
		refused("InvalidSchedule", limiting(s, 1, 1, 0, "TxDefaultProfile", relative, "A", "5:1"))
		if s.Version == gnista.V21 {
			refused("InvalidSchedule", limiting(s, 1, 1, 0, "TxDefaultProfile", relative, "A", `0:1,"evseSleep":true`))
			refused("InvalidOperationMode", limiting(s, 1, 1, 0, "TxDefaultProfile", relative, "A", `0:1,"operationMode":"LocalLoadBalancing"`))
			refused("NoSignalWattCurve", limiting(s, 1, 1, 0, "TxDefaultProfile", relative, "A", `0:1,"operationMode":"CentralFrequency"`))
			frequency := limiting(s, 2, 5, 3, "TxDefaultProfile", relative, "A", `0:1,"operationMode":"CentralFrequency","v2xSignalWattCurve":[{"signal":0,"power":0}]`)
			asked(t, c, "SetChargingProfile", frequency, `{"status":"Accepted"}`)
			asked(t, c, "AFRRSignal", `{"timestamp":"2026-01-01T00:00:00Z","signal":5}`, `{"status":"Accepted"}`)
			asked(t, c, "ClearChargingProfile", `{"chargingProfileId":5}`, `{"status":"Accepted"}`)
		}
		asked(t, c, "GetChargingProfiles", `{"requestId":1,"chargingProfile":{"stackLevel":0}}`, `{"status":"NoProfiles"}`)
		asked(t, c, "SetChargingProfile", limiting(s, 0, 1, 0, "TxDefaultProfile", relative, "A", "0:1"), `{"status":"Accepted"}`)
		refused("DuplicateProfile", limiting(s, 1, 2, 0, "TxDefaultProfile", relative, "A", "0:1"))
		asked(t, c, "SetChargingProfile", limiting(s, 2, 2, 1, "TxDefaultProfile", relative, "A", "0:1"), `{"status":"Accepted"}`)
		asked(t, c, "GetChargingProfiles", `{"requestId":2,"chargingProfile":{"chargingProfilePurpose":"TxDefaultProfile"}}`, `{"status":"Accepted"}`)
		same(t, c.said(), `ReportChargingProfiles {"requestId":2,"chargingLimitSource":"CSO","evseId":0,…"id":1,…"tbc":true}`, `ReportChargingProfiles {"requestId":2,…"evseId":2,…"id":2…`)
	})
}

// OCPP 2.1 K21, K22, K28.
func TestPriorityAndDynamic(t *testing.T) {
	bench(t, gnista.V21, func(t *testing.T, s *sim.Station, c *central) {
		c.answers(func(f ocppj.Frame) (string, error) {
			if f.Action == "PullDynamicScheduleUpdate" {
				return `{"status":"Accepted","scheduleUpdate":{"limit":3000}}`, nil
			}
			return "", nil
		})
		up(t, s)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		name := transactionID(t, c, s)
		use := func(active bool, want string) {
			t.Helper()
			asked(t, c, "UsePriorityCharging", fmt.Sprintf(`{"transactionId":%q,"activate":%v}`, name, active), want)
		}
		asked(t, c, "UsePriorityCharging", `{"transactionId":"x","activate":true}`, `{"status":"Rejected"…`)
		use(true, `{"status":"NoProfile"…`)
		dynamic := `"dynUpdateInterval":60,"chargingProfileKind":"Dynamic"`
		asked(t, c, "SetChargingProfile", strings.Replace(limiting(s, 1, 7, 0, "TxDefaultProfile", dynamic, "W", "0:5000"), `"startSchedule":"2026-01-01T00:00:00Z",`, "", 1), `{"status":"Accepted"}`)
		asked(t, c, "SetChargingProfile", limiting(s, 1, 8, 0, "PriorityCharging", relative, "W", "0:20000"), `{"status":"Accepted"}`)
		limits := func(want int64) {
			t.Helper()
			synctest.Wait()
			if got := s.LimitW(1); got != want {
				t.Errorf("the limit is %d W, not %d", got, want)
			}
		}
		limits(5000)
		use(true, `{"status":"Accepted"}`)
		limits(20_000)
		same(t, c.said("NotifyPriorityCharging"), `NotifyPriorityCharging {"transactionId":"`+name+`","activated":true}`)
		use(false, `{"status":"Accepted"}`)
		limits(5000)
		asked(t, c, "UpdateDynamicSchedule", `{"chargingProfileId":7,"scheduleUpdate":{"limit":4000}}`, `{"status":"Accepted"}`)
		limits(4000)
		asked(t, c, "UpdateDynamicSchedule", `{"chargingProfileId":8,"scheduleUpdate":{"limit":4000}}`, `{"status":"Rejected"…`)
		time.Sleep(61 * time.Second)
		limits(3000)
		must(t, s.Prioritise(t.Context(), 1, true))
		limits(20_000)
	})
}
