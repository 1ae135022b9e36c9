package ocpp2_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"

	"github.com/bytedance/sonic"
)

// transactionEvent is what a station sends again and again while it charges.
const transactionEvent = `{"eventType":"Updated","timestamp":"2026-03-01T12:15:00Z","triggerReason":"MeterValuePeriodic",` +
	`"seqNo":17,"offline":false,"numberOfPhasesUsed":3,` +
	`"transactionInfo":{"transactionId":"7d1c1a35-3a0e-4e2b-9d0e-0b7b7f3c9a11","chargingState":"Charging"},` +
	`"evse":{"id":1,"connectorId":1},` +
	`"meterValue":[{"timestamp":"2026-03-01T12:15:00Z","sampledValue":[` +
	`{"value":123456.7,"context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","location":"Outlet","unitOfMeasure":{"unit":"Wh"}},` +
	`{"value":15.9,"context":"Sample.Periodic","measurand":"Current.Import","phase":"L1"},` +
	`{"value":10973.4,"context":"Sample.Periodic","measurand":"Power.Active.Import","unitOfMeasure":{"unit":"W"}}]}]}`

func readTransactionEvent(t testing.TB) *ocpp2.TransactionEventRequest {
	m := &ocpp2.TransactionEventRequest{}
	if found, err := ocppj.Decode([]byte(transactionEvent), m, ocppj.V201, ocppj.Strict); err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	return m
}

// A message without fault costs no memory to check.
func TestCheckAllocatesNothing(t *testing.T) {
	m := readTransactionEvent(t)
	for _, v := range []ocppj.Version{ocppj.V201, ocppj.V21} {
		c := &ocppj.Check{Version: v}
		if n := testing.AllocsPerRun(100, func() { m.Check(c) }); n != 0 || c.Len() != 0 {
			t.Errorf("OCPP %v: %v allocations, %v", v, n, c.Violations())
		}
	}
}

func BenchmarkCheckTransactionEvent(b *testing.B) {
	m := readTransactionEvent(b)
	for _, v := range []ocppj.Version{ocppj.V201, ocppj.V21} {
		b.Run(v.String(), func(b *testing.B) {
			c := &ocppj.Check{Version: v}
			b.ReportAllocs()
			for b.Loop() {
				m.Check(c)
			}
		})
	}
}

func BenchmarkDecodeTransactionEvent(b *testing.B) {
	text := []byte(transactionEvent)
	bench := func(name string, decode func(*ocpp2.TransactionEventRequest) error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if err := decode(&ocpp2.TransactionEventRequest{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	judged := func(text []byte, mode ocppj.Mode) func(m *ocpp2.TransactionEventRequest) error {
		return func(m *ocpp2.TransactionEventRequest) error {
			if _, err := ocppj.Decode(text, m, ocppj.V201, mode); err != nil {
				return err
			}
			return nil
		}
	}
	bench("tolerant", judged(text, ocppj.Tolerant))
	bench("tolerant_zero", judged(bytes.Replace(text, []byte("15.9"), []byte("0"), 1), ocppj.Tolerant))
	bench("strict", judged(text, ocppj.Strict))
	bench("sonic", func(m *ocpp2.TransactionEventRequest) error { return sonic.Unmarshal(text, m) })
	bench("encoding_json", func(m *ocpp2.TransactionEventRequest) error { return json.Unmarshal(text, m) })
}
