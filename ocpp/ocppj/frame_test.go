package ocppj_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"gnista/ocpp/ocppj"
)

func TestParse(t *testing.T) {
	f := func(text string, want ocppj.Frame) {
		t.Helper()
		got, err := ocppj.Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		if a, b := describe(got), describe(want); a != b {
			t.Errorf("%s:\n got %s\nwant %s", text, a, b)
		}
	}
	f(`[2,"19223201","BootNotification",{"chargePointVendor":"VendorX"}]`,
		ocppj.Frame{Type: ocppj.CALL, ID: "19223201", Action: "BootNotification", Payload: raw(`{"chargePointVendor":"VendorX"}`)})
	f(" [ 2 , \"1\" ,\n\"Heartbeat\" , { } ] \n", ocppj.Frame{Type: ocppj.CALL, ID: "1", Action: "Heartbeat", Payload: raw(`{ }`)})
	f(`[3,"1",{"a":[{"b":"]}"}]}]`, ocppj.Frame{Type: ocppj.CALLRESULT, ID: "1", Payload: raw(`{"a":[{"b":"]}"}]}`)})
	f(`[4,"1","NotSupported","no",{"x":1}]`, ocppj.Frame{Type: ocppj.CALLERROR, ID: "1", Code: "NotSupported", Description: "no", Details: raw(`{"x":1}`)})
	f(`[4,"1","NotSupported"]`, ocppj.Frame{Type: ocppj.CALLERROR, ID: "1", Code: "NotSupported"})
	f(`[4,"1","NotSupported",""]`, ocppj.Frame{Type: ocppj.CALLERROR, ID: "1", Code: "NotSupported"})
	f(`[5,"1","FormatViolation","",{}]`, ocppj.Frame{Type: ocppj.CALLRESULTERROR, ID: "1", Code: "FormatViolation", Details: raw(`{}`)})
	f(`[6,"1","NotifyPeriodicEventStream",{"id":1}]`, ocppj.Frame{Type: ocppj.SEND, ID: "1", Action: "NotifyPeriodicEventStream", Payload: raw(`{"id":1}`)})
	f(`[2,"a\"b","H",{}]`, ocppj.Frame{Type: ocppj.CALL, ID: `a"b`, Action: "H", Payload: raw(`{}`)})
}

func raw(s string) json.RawMessage { return json.RawMessage(s) }

func describe(f ocppj.Frame) string { return string(f.Append(nil)) }

func TestParseRefuses(t *testing.T) {
	f := func(text string, code ocppj.Code, id, reason string) {
		t.Helper()
		_, err := ocppj.Parse([]byte(text))
		fe, ok := errors.AsType[*ocppj.FrameError](err)
		if !ok {
			t.Errorf("%q: got %v, want a FrameError", text, err)
			return
		}
		if fe.Code != code || fe.ID != id || !strings.Contains(fe.Reason, reason) {
			t.Errorf("%q: got %s %q %q, want %s %q %q", text, fe.Code, fe.ID, fe.Reason, code, id, reason)
		}
	}
	f(``, ocppj.RPCFrameworkError, "-1", "not a JSON array")
	f(`hello`, ocppj.RPCFrameworkError, "-1", "not a JSON array")
	f(`{}`, ocppj.RPCFrameworkError, "-1", "not a JSON array")
	f(`[`, ocppj.RPCFrameworkError, "-1", "not a JSON array")
	f(`[]`, ocppj.RPCFrameworkError, "-1", "message type")
	f(`["2","1","Heartbeat",{}]`, ocppj.RPCFrameworkError, "-1", "message type")
	f(`[2,7,"Heartbeat",{}]`, ocppj.RPCFrameworkError, "-1", "message id")
	f(`[2,"","Heartbeat",{}]`, ocppj.RPCFrameworkError, "-1", "message id")
	f(`[2,"1",{}]`, ocppj.RPCFrameworkError, "1", "action")
	f(`[2,"1","Heartbeat"]`, ocppj.FormatViolation, "1", "payload")
	f(`[2,"1","Heartbeat",[]]`, ocppj.FormatViolation, "1", "payload")
	f(`[2,"1","Heartbeat",null]`, ocppj.FormatViolation, "1", "payload")
	f(`[2,"1","Heartbeat",{}`, ocppj.RPCFrameworkError, "-1", "not a JSON array")
	f(`[2,"`+strings.Repeat("x", 256)+`","Heartbeat",{}]`, ocppj.RPCFrameworkError, strings.Repeat("x", 256), "255")
	f(`[3,"1",{"a":[1`, ocppj.RPCFrameworkError, "1", "not a JSON array")
	f(`[4,"1","GenericErr`, ocppj.RPCFrameworkError, "1", "not a JSON array")
	f("[3,\"1\",{\"a\":\"\xff\"}]", ocppj.RPCFrameworkError, "1", "UTF-8")
	f(`[3,"1`, ocppj.RPCFrameworkError, "-1", "not a JSON array")
	f("[2,\"1\",\"Heart\xffbeat\",{}]", ocppj.RPCFrameworkError, "-1", "UTF-8")
	f(`[9,"1","Heartbeat",{}]`, ocppj.MessageTypeNotSupported, "1", "9")
}

func TestSpelling(t *testing.T) {
	f := func(c ocppj.Code, v ocppj.Version, want string) {
		t.Helper()
		if got := c.Spell(v); got != want {
			t.Errorf("%s in %v: got %s, want %s", c, v, got, want)
		}
		if back := ocppj.ParseCode(want); back != c && v != ocppj.V16 {
			t.Errorf("%s read back as %s", want, back)
		}
	}
	f(ocppj.FormatViolation, ocppj.V16, "FormationViolation")
	f(ocppj.FormatViolation, ocppj.V201, "FormatViolation")
	f(ocppj.OccurrenceConstraintViolation, ocppj.V16, "OccurenceConstraintViolation")
	f(ocppj.OccurrenceConstraintViolation, ocppj.V21, "OccurrenceConstraintViolation")
	f(ocppj.RPCFrameworkError, ocppj.V16, "FormationViolation")
	f(ocppj.NotSupported, ocppj.V16, "NotSupported")
	if ocppj.ParseCode("OccurenceConstraintViolation") != ocppj.OccurrenceConstraintViolation {
		t.Error("the spelling of 1.6 is not read")
	}
}

func TestAppendIsBounded(t *testing.T) {
	text := ocppj.Frame{Type: ocppj.CALLERROR, ID: "1", Code: "GenericError", Description: strings.Repeat("å", 300)}.Append(nil)
	var parts []any
	if err := json.Unmarshal(text, &parts); err != nil {
		t.Fatal(err)
	}
	if n := len(parts[3].(string)); n > 255 || n < 250 {
		t.Errorf("the description has %d bytes", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`[2,"1","Heartbeat",{}]`, `[3,"1",{"a":1}]`, `[4,"1","GenericError","",{}]`, `[6,"1","X",{}]`, `[2,"\u00e5","X",{}]`, `[2,"1","X",{}`, `[2,"1\`, `[[[[`, `[2`, "[2,\"\xff",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := ocppj.Parse(data)
		if err != nil {
			if _, ok := errors.AsType[*ocppj.FrameError](err); !ok {
				t.Fatalf("%q: %v is no FrameError", data, err)
			}
			return
		}
		again, err := ocppj.Parse(got.Append(nil))
		if err != nil {
			t.Fatalf("%q: what was written cannot be read: %v", data, err)
		}
		if describe(again) != describe(got) {
			t.Fatalf("%q: %s became %s", data, describe(got), describe(again))
		}
	})
}

func BenchmarkParse(b *testing.B) {
	text := []byte(`[2,"0b1f8e0e-6c0e-4b5e-9d5a-0c7f2d1e1a11","TransactionEvent",{"eventType":"Updated"}]`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ocppj.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
