package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// behind is how far the clock of a station with local time is from UTC.
const behind = 2 * time.Hour

// personalities are all that there are. Those without functions are looked for by name where they
// matter.
func personalities() []Personality {
	return []Personality{
		// Connections.
		{Name: "no-subprotocol", About: "asks for no subprotocol when it connects"},
		{Name: "probe-first", About: "opens a connection with OCPP 1.6 for three seconds before the real one"},
		{Name: "other-case-id", About: "writes its identity in small letters when it connects"},
		{Name: "deaf", About: "answers no requests, but goes on to send"},
		{Name: "slow-return", About: "stays away for six minutes when its connection is closed properly"},
		{Name: "same-ids", About: "numbers its messages from 1000001 on each connection"},

		// Starting.
		{Name: "silent-boot", About: "sends no BootNotification unless it is asked for one"},
		{Name: "boot-loop", About: "starts anew when a request comes before its BootNotification is answered"},
		{Name: "empty-vendor", About: "has no name of a vendor", request: in("BootNotification", func(p object) {
			if _, ok := p["chargePointVendor"]; ok {
				p["chargePointVendor"] = ""
			}
			if c, ok := p["chargingStation"].(object); ok {
				c["vendorName"] = ""
			}
		})},

		// Settings.
		{Name: "broken-answers", About: "breaks off in the answer to GetConfiguration", text: func(action string, text []byte) []byte {
			if action == "GetConfiguration" {
				return text[:len(text)-2]
			}
			return text
		}},
		{Name: "bare-configuration", About: "answers GetConfiguration with nothing", answer: in("GetConfiguration", func(p object) { clear(p) })},
		{Name: "lower-case-keys", About: "writes the names of settings in small letters", answer: in("GetConfiguration", func(p object) {
			each(p, func(o object) {
				if key, ok := o["key"].(string); ok {
					o["key"] = strings.ToLower(key)
				}
			})
		})},
		{Name: "rejects-settings", About: "lets no setting be changed", serve: rejectSettings},
		{Name: "hangs-up", About: "closes its connection when its availability is to be changed", serve: func(l *link, f ocppj.Frame, _ object) (string, bool) {
			if f.Action == "ChangeAvailability" {
				l.end(errReconnect, 0)
			}
			return `{"status":"Rejected"}`, f.Action == "ChangeAvailability"
		}},
		{Name: "ignores-orders", About: "accepts to unlock, to restart and to change its availability, and does nothing", serve: only(map[string]string{
			"Reset": "Accepted", "UnlockConnector": "Unlocked", "ChangeAvailability": "Accepted",
		})},
		{Name: "refuses-orders", About: "will not unlock, restart or change its availability", serve: only(map[string]string{
			"Reset": "Rejected", "UnlockConnector": "UnlockFailed", "ChangeAvailability": "Rejected",
		})},

		// State.
		{Name: "odd-errors", About: "has faults with an error code that OCPP does not have", request: in("StatusNotification", func(p object) {
			if code, ok := p["errorCode"].(string); ok && code != "NoError" {
				p["errorCode"] = "Error"
			}
		})},
		{Name: "null-info", About: "fills what is empty in a status with null and zeros", request: in("StatusNotification", func(p object) {
			if p["errorCode"] == "NoError" {
				p["info"], p["vendorErrorCode"] = "null", "0x0000"
			}
		})},
		{Name: "status-zero", About: "tells the state of EVSE and connector 0", request: in("StatusNotification", func(p object) {
			if _, ok := p["evseId"]; ok {
				p["evseId"], p["connectorId"] = 0, 0
			}
		})},
		{Name: "never-charging", About: "does not tell that a connector charges", unsaid: func(req any) bool {
			r, ok := req.(ocpp16.StatusNotificationRequest)
			return ok && r.Status == ocpp16.ChargePointStatusCharging
		}},
		{Name: "early-available", About: "is available while the cable is still in", request: in("StatusNotification", func(p object) {
			if p["status"] == "Finishing" {
				p["status"] = "Available"
			}
		})},
		{Name: "finishing-error", About: "has an error code when it has charged", request: in("StatusNotification", func(p object) {
			if p["status"] == "Finishing" {
				p["errorCode"] = "OtherError"
			}
		})},

		// Time.
		{Name: "local-time", About: "has times two hours ahead, without a zone", request: times(func(t time.Time) string { return t.Add(behind).Format("2006-01-02T15:04:05") })},
		{Name: "mislabelled-time", About: "has times two hours ahead, called UTC", request: times(func(t time.Time) string { return t.Add(behind).Format("2006-01-02T15:04:05Z") })},
		{Name: "short-zone", About: "has times with a zone of hours only", request: times(func(t time.Time) string { return t.Add(behind).Format("2006-01-02T15:04:05") + "+02" })},
		{Name: "no-clock", About: "has times in 1970", request: times(func(t time.Time) string { return t.AddDate(1970-t.Year(), 0, 0).Format(time.RFC3339) })},

		// Transactions.
		{Name: "zero-id", About: "has transaction 0 in meter values and at the end", request: transactionID("0")},
		{Name: "minus-one-id", About: "has transaction -1 in meter values and at the end", request: transactionID("-1")},
		{Name: "huge-id", About: "has transaction 9223372036854775807 in meter values and at the end", request: transactionID("9223372036854775807")},
		{Name: "repeats-start", About: "sends the start of a transaction twice", repeat: func(action string, p object) bool {
			return action == "StartTransaction" || action == "TransactionEvent" && p["eventType"] == "Started"
		}},
		{Name: "repeats-stop", About: "sends the end of a transaction twice", repeat: func(action string, p object) bool {
			return action == "StopTransaction" || action == "TransactionEvent" && p["eventType"] == "Ended"
		}},
		{Name: "only-end", About: "tells only the end of a transaction that has begun without a connection"},
		{Name: "extra-fields", About: "has fields in StopTransaction that OCPP does not have", request: in("StopTransaction", func(p object) {
			p["connectorId"], p["disconnectReason"] = 1, "unplugged"
		})},
		{Name: "odd-reservation", About: "has reservation -1 when it starts a transaction", request: in("StartTransaction", func(p object) { p["reservationId"] = -1 })},
		{Name: "start-needs-connector", About: "refuses a remote start that names no connector", serve: func(_ *link, f ocppj.Frame, p object) (string, bool) {
			return `{"status":"Rejected"}`, f.Action == "RemoteStartTransaction" && p["connectorId"] == nil || f.Action == "RequestStartTransaction" && p["evseId"] == nil
		}},
		{Name: "replug", About: "refuses a remote start where a car has charged until it is plugged in again"},
		{Name: "open-mode", About: "lets cards charge that are refused"},

		// Cards.
		{Name: "padded-uid", About: "writes UIDs of cards in small letters with a blank before them", request: uids(func(uid string) string { return " " + strings.ToLower(uid) })},
		{Name: "cut-uid", About: "leaves out the last two characters of UIDs", request: uids(func(uid string) string { return uid[:max(len(uid)-2, 1)] })},
		{Name: "long-uid", About: "fills UIDs with zeros to 21 characters", request: uids(func(uid string) string { return uid + strings.Repeat("0", max(21-len(uid), 0)) })},

		// Meters.
		{Name: "number-values", About: "has meter values that are numbers", request: values(func(v object) {
			if text, ok := v["value"].(string); ok {
				v["value"] = json.Number(text)
			}
		})},
		{Name: "blank-values", About: "has blanks before meter values", request: values(func(v object) {
			if text, ok := v["value"].(string); ok {
				v["value"] = " " + text
			}
		})},
		{Name: "bare-values", About: "does not tell what its meter values are", request: values(func(v object) {
			if m := v["measurand"]; m != nil && m != "Energy.Active.Import.Register" {
				return // the others would be taken for it
			}
			for _, key := range []string{"context", "measurand", "unit", "unitOfMeasure"} {
				delete(v, key)
			}
		})},
		{Name: "phase-in-measurand", About: "writes phases behind measurands", request: values(func(v object) {
			if phase, ok := v["phase"].(string); ok {
				v["measurand"] = v["measurand"].(string) + "." + phase
				delete(v, "phase")
			}
		})},
		{Name: "empty-samples", About: "has meter values without any value", request: in("MeterValues", func(p object) {
			each(p, func(o object) {
				if _, ok := o["sampledValue"]; ok {
					o["sampledValue"] = []any{}
				}
			})
		})},
		{Name: "register-restarts", About: "begins its register anew with each transaction"},
		{Name: "refuses-readings", About: "sends no meter values that it is asked for", serve: instead("TriggerMessage", func(p object) bool { return p["requestedMessage"] == "MeterValues" }, `{"status":"Rejected"}`)},

		// Charging profiles.
		{Name: "one-stack-level", About: "takes charging profiles with stack level 0 only", serve: instead("SetChargingProfile", anyProfile(func(p object) bool { return !isZero(p["stackLevel"]) }), `{"status":"Rejected"}`)},
		{Name: "watts-only", About: "takes no charging profiles in amperes", serve: instead("SetChargingProfile", anyUnit("A"), `{"status":"Rejected"}`)},
		{Name: "amps-only", About: "accepts charging profiles in watts and does nothing with them", serve: instead("SetChargingProfile", anyUnit("W"), `{"status":"Accepted"}`)},
		{Name: "refuses-profiles", About: "takes no charging profiles at all", serve: instead("SetChargingProfile", nil, `{"status":"Rejected"}`)},
		{Name: "ignores-profiles", About: "accepts charging profiles and does nothing with them", serve: instead("SetChargingProfile", nil, `{"status":"Accepted"}`)},
		{Name: "late-profiles", About: "accepts charging profiles and follows them twenty seconds later", serve: followLate},
		{Name: "coarse-steps", About: "gives 6, 10, 13, 16, 20, 25 or 32 A and nothing between"},
		{Name: "no-zero-amps", About: "ends its transactions when a charging profile gives less than 6 A", serve: endsWhenStarved},
	}
}

// only answers requests with a status, by their actions, and does nothing.
func only(statuses map[string]string) func(*link, ocppj.Frame, object) (string, bool) {
	return func(_ *link, f ocppj.Frame, _ object) (string, bool) {
		status, ours := statuses[f.Action]
		return `{"status":"` + status + `"}`, ours
	}
}

// in changes the payloads of one action.
func in(action string, f func(object)) func(string, object) {
	return func(a string, p object) {
		if a == action {
			f(p)
		}
	}
}

// times writes all times in another way.
func times(write func(time.Time) string) func(string, object) {
	return func(_ string, p object) { retime(p, func(t time.Time) string { return write(t.UTC()) }) }
}

// transactionID is another number of a transaction that goes on or ends.
func transactionID(id json.Number) func(string, object) {
	return func(action string, p object) {
		if _, ok := p["transactionId"]; ok && (action == "MeterValues" || action == "StopTransaction") {
			p["transactionId"] = id
		}
	}
}

// uids changes the UIDs of cards.
func uids(change func(string) string) func(string, object) {
	return func(_ string, p object) {
		if uid, ok := p["idTag"].(string); ok {
			p["idTag"] = change(uid)
		}
		if t, ok := p["idToken"].(object); ok {
			if uid, ok := t["idToken"].(string); ok && (t["type"] == "ISO14443" || t["type"] == "ISO15693") {
				t["idToken"] = change(uid)
			}
		}
	}
}

// values changes sampled values.
func values(change func(object)) func(string, object) {
	return func(_ string, p object) {
		each(p, func(o object) {
			list, _ := o["sampledValue"].([]any)
			for _, v := range list {
				if v, ok := v.(object); ok {
					change(v)
				}
			}
		})
	}
}

// instead answers requests of one action, those for which when is true, without doing anything. A nil
// when is all.
func instead(action string, when func(object) bool, answer string) func(*link, ocppj.Frame, object) (string, bool) {
	return func(_ *link, f ocppj.Frame, p object) (string, bool) {
		return answer, f.Action == action && (when == nil || when(p))
	}
}

func rejectSettings(_ *link, f ocppj.Frame, p object) (string, bool) {
	if f.Action == "ChangeConfiguration" {
		return `{"status":"Rejected"}`, true
	}
	list, _ := p["setVariableData"].([]any)
	for _, v := range list {
		if v, ok := v.(object); ok {
			v["attributeStatus"] = "Rejected"
			delete(v, "attributeValue")
		}
	}
	return string(marshal(object{"setVariableResult": list})), f.Action == "SetVariables" && len(list) > 0
}

func isZero(v any) bool {
	n, ok := v.(json.Number)
	return ok && n == "0"
}

// anyProfile tells whether there is a charging profile in a request of which something is so.
func anyProfile(so func(object) bool) func(object) bool {
	return func(p object) bool {
		found := false
		each(p, func(o object) {
			if _, ok := o["stackLevel"]; ok {
				found = found || so(o)
			}
		})
		return found
	}
}

// anyUnit tells whether there is a schedule in a request with a unit.
func anyUnit(unit string) func(object) bool {
	return func(p object) bool {
		found := false
		each(p, func(o object) { found = found || o["chargingRateUnit"] == unit })
		return found
	}
}

// late is how much later a station does what it has said that it does.
const late = 20 * time.Second

func followLate(l *link, f ocppj.Frame, _ object) (string, bool) {
	if f.Action != "SetChargingProfile" {
		return "", false
	}
	f.Payload = bytes.Clone(f.Payload)
	l.afterwards(func(ctx context.Context) {
		if sleep(ctx, late) {
			_, err := l.station.dialect.serve(ctx, l, f)
			l.station.note("a charging profile", err)
			l.station.relimit()
		}
	})
	return `{"status":"` + string(ocpp2.ChargingProfileStatusAccepted) + `"}`, true
}

// coarseSteps are the currents in A that a station with coarse steps gives.
var coarseSteps = []int64{6, 10, 13, 16, 20, 25, 32}

const leastAmps = 6 // IEC 61851

func endsWhenStarved(l *link, f ocppj.Frame, p object) (string, bool) {
	if f.Action != "SetChargingProfile" || !anyUnit("A")(p) {
		return "", false
	}
	starved := false
	each(p, func(o object) {
		if n, ok := o["limit"].(json.Number); ok {
			amps, err := strconv.ParseFloat(string(n), 64)
			starved = starved || err == nil && amps < leastAmps
		}
	})
	if !starved {
		return "", false
	}
	s := l.station
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.evses {
		if t := e.transaction; t != nil {
			l.afterwards(func(ctx context.Context) { s.note("a limit", s.end(ctx, e, t, ReasonFault)) })
		}
	}
	return `{"status":"` + string(ocpp2.ChargingProfileStatusAccepted) + `"}`, true
}
