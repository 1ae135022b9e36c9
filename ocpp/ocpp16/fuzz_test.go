package ocpp16_test

import (
	"testing"

	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocppj"
)

// Nothing that a peer sends makes Decode panic, and what it finds no fault with can be written.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, `[]`, `5`, `"x"`, `{"`, `{"a":1}{}`, "\xff",
		`{"idTag":"04E1F3A2"}`,
		`{"idTag":null,"IDTAG":"x","idTag":"y","more":[{}]}`,
		`{"idTagInfo":[],"status":{},"interval":"x","currentTime":12}`,
		`{"chargePointVendor":"a","chargePointModel":"b","iccid":"\ud800"}`,
		`{"connectorId":1,"idTag":"a","meterStart":1e3,"timestamp":"2026-03-01T07:30:00Z"}`,
		`{"connectorId":99999999999999999999,"meterStart":1.5,"timestamp":"2026-03-01 07:30"}`,
		`{"connectorId":1,"meterValue":[{"timestamp":"2026-03-01T07:30:00Z","sampledValue":[{"value":" 0.0"},{"value":1}]}]}`,
		`{"connectorId":1,"meterValue":[null,5,{"sampledValue":[null,{"value":{}}]},{"sampledValue":{}}]}`,
		`{"connectorId":0,"errorCode":"NoError","status":"Available","timestamp":""}`,
		`{"connectorId":1,"csChargingProfiles":{"chargingSchedule":{"chargingSchedulePeriod":[{"limit":1e308},{"limit":0.05}]}}}`,
		`{"listVersion":-1,"updateType":"Full","localAuthorizationList":[{"idTag":"a","idTagInfo":{}}]}`,
		`{"key":["a",null,5],"configurationKey":[{"readonly":"x"}],"unknownKey":{}}`,
		`{"location":"http://[::1","retrieveDate":"2026-03-01T07:30:00+25:00"}`,
		`{"status":"Accepted","certificateHashData":[]}`,
		`{"log":{"remoteLocation":5},"logType":"","requestId":true,"firmware":null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, a := range ocpp16.Actions {
			for _, mode := range []ocppj.Mode{ocppj.Tolerant, ocppj.Strict} {
				m := a.NewRequest()
				found, bad := ocppj.Decode(data, m, ocppj.V16, mode)
				if bad != nil || len(found) > 0 {
					continue
				}
				if _, err := ocppj.Marshal(m); err != nil {
					t.Errorf("%s: %v", a.ActionName(), err)
				}
			}
		}
	})
}
