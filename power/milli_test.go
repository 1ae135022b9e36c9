package power

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// A number is what its text says, and the float that goes over the wire is written as that text.
func TestMilliIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Milli(rapid.Int64Range(-maxMilli, maxMilli).Draw(t, "thousandths"))
		exact := big.NewRat(int64(m), 1000)
		text := m.String()
		if r, ok := new(big.Rat).SetString(text); !ok || r.Cmp(exact) != 0 {
			t.Fatalf("%d thousandths are written %s", m, text)
		}
		if back, err := ParseMilli(text); err != nil || back != m {
			t.Fatalf("%s is read as %d: %v", text, back, err)
		}
		wire := strconv.FormatFloat(m.Float(), 'f', -1, 64)
		if r, _ := new(big.Rat).SetString(wire); r.Cmp(exact) != 0 {
			t.Fatalf("%s goes over the wire as %s", text, wire)
		}
		if back, ok := Nearest(m.Float()); !ok || back != m {
			t.Fatalf("%s comes back from the wire as %s", text, back)
		}
		data, err := json.Marshal(struct{ M *Milli }{&m})
		if err != nil || string(data) != `{"M":`+text+`}` {
			t.Fatalf("got %s, %v", data, err)
		}
		var read struct{ M *Milli }
		if err := json.Unmarshal(data, &read); err != nil || *read.M != m {
			t.Fatalf("%s is read as %v: %v", data, read.M, err)
		}
	})
}

func TestMilliReads(t *testing.T) {
	for text, want := range map[string]Milli{"0": 0, "-0": 0, "16": 16000, "0.1": 100, "-0.001": -1, "16.100000": 16100, "007": 7000, "1000000000": maxMilli} {
		if got, err := ParseMilli(text); err != nil || got != want {
			t.Errorf("%s is read as %d: %v", text, got, err)
		}
	}
	for _, text := range []string{"", "-", ".", "1.", ".5", "+1", "1e3", " 1", "0x1", "1_0", "0.0001", "1000000000.001", "99999999999999999999", "--1", "1.2.3", "NaN"} {
		if got, err := ParseMilli(text); err == nil {
			t.Errorf("%q is read as %s", text, got)
		}
	}
	var m Milli
	if err := json.Unmarshal([]byte("1.61e1"), &m); err != nil || m != 16100 {
		t.Errorf("got %s, %v", m, err)
	}
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -2e9} {
		if got, ok := Nearest(x); ok {
			t.Errorf("%v is read as %s", x, got)
		}
	}
}
