package ocpp2_test

import (
	"testing"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// No text makes any message panic, and what was read can be judged and written.
func FuzzDecode(f *testing.F) {
	for i := range ocpp2.Actions {
		f.Add(uint8(i), uint8(i%4), []byte(`{}`))
	}
	index := func(name string) uint8 {
		for i, a := range ocpp2.Actions {
			if a.ActionName() == name {
				return uint8(i)
			}
		}
		f.Fatalf("there is no action %s", name)
		return 0
	}
	f.Add(index("TransactionEvent"), uint8(3), []byte(transactionEvent))
	f.Add(index("TransactionEvent"), uint8(0), []byte(`{"eventType":"","meterValue":[{"sampledValue":[{"value":0},null,5]}],"timestamp":7,"customData":[]}`))
	f.Add(index("DataTransfer"), uint8(1), []byte(`{"vendorId":"v","data":null,"customData":{"vendorId":null}}`))
	f.Add(index("SetChargingProfile"), uint8(2), []byte(`{"evseId":1e99,"chargingProfile":"x"}`))
	f.Add(index("Authorize"), uint8(3), []byte(`{"idToken":{"idToken":"1","type":"Central","additionalInfo":[]},"iso15118CertificateHashData":{}}`))
	f.Add(index("NotifyPeriodicEventStream"), uint8(3), []byte(`{"id":1,"pending":0,"basetime":"2026-01-01T00:00:00Z","data":[{"t":0.5,"v":"1"}]}`))
	f.Add(index("Heartbeat"), uint8(2), []byte(`null`))
	f.Add(index("Reset"), uint8(2), []byte("\"\xff"))
	f.Fuzz(func(t *testing.T, action, how uint8, data []byte) {
		version, mode := ocppj.V201, ocppj.Tolerant
		if how&1 != 0 {
			version = ocppj.V21
		}
		if how&2 != 0 {
			mode = ocppj.Strict
		}
		a := ocpp2.Actions[int(action)%len(ocpp2.Actions)]
		for _, m := range []ocppj.Checked{a.NewRequest(), a.NewResponse()} {
			if _, err := ocppj.Decode(data, m, version, mode); err != nil {
				continue
			}
			for _, found := range ocppj.Judge(m, version) {
				_ = found.String()
			}
			if _, err := ocppj.Marshal(m); err != nil {
				t.Fatalf("%T was read but cannot be written: %v", m, err)
			}
		}
	})
}
