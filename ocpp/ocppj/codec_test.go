package ocppj_test

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"gnista/ocpp/ocppj"
)

// report is a small message with one of each kind of property.
type report struct {
	ID    int               `json:"id"`
	Name  string            `json:"name"`
	At    ocppj.DateTime    `json:"at"`
	Note  string            `json:"note,omitempty"`
	Inner inner             `json:"inner"`
	List  []inner           `json:"list,omitempty"`
	Extra *ocppj.CustomData `json:"customData,omitempty"`
	When  *ocppj.DateTime   `json:"when,omitempty"`
	Color color             `json:"color,omitempty"`
}

type inner struct {
	Count int `json:"count"`
}

type color string

func (c color) Valid(ocppj.Version) bool { return c == "red" || c == "blue" }

func (m *report) Check(c *ocppj.Check) {
	c.Required("id", m.ID == 0)
	c.Required("name", m.Name == "")
	c.MaxLength("name", m.Name, 5)
	c.Required("at", m.At.IsZero() && m.At.Odd() == "")
	c.Time("at", &m.At)
	n := c.Len()
	m.Inner.Check(c)
	c.Within(n, "inner")
	for i := range m.List {
		n := c.Len()
		m.List[i].Check(c)
		c.Index(n, "list", i)
	}
	if m.Extra != nil {
		n := c.Len()
		m.Extra.Check(c)
		c.Within(n, "customData")
	}
	c.Time("when", m.When)
	if m.Color != "" {
		c.Enum("color", string(m.Color), m.Color.Valid(c.Version))
	}
	c.Since(ocppj.V21, "when", m.When != nil)
}

func (m *inner) Check(c *ocppj.Check) { c.Required("count", m.Count == 0) }

func TestDecode(t *testing.T) {
	f := func(text string, mode ocppj.Mode, want ...string) {
		t.Helper()
		var m report
		found, err := ocppj.Decode([]byte(text), &m, ocppj.V201, mode)
		var got []string
		for _, v := range found {
			got = append(got, string(v.Code)+" "+v.Path)
		}
		if err != nil {
			got = append(got, string(err.Code))
		}
		if strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("%s:\n got %v\nwant %v", text, got, want)
		}
	}
	const good = `"id":1,"name":"a","at":"2026-01-01T00:00:00Z","inner":{"count":1}`
	const occurrence, property, wrongType = "OccurrenceConstraintViolation ", "PropertyConstraintViolation ", "TypeConstraintViolation "
	f(`{`+good+`}`, ocppj.Strict)
	f(`{"id":0,"name":"","at":"2026-01-01T00:00:00Z","inner":{"count":0}}`, ocppj.Strict) // zero is not missing
	f(`{"name":"a","at":"2026-01-01T00:00:00Z","inner":{}}`, ocppj.Tolerant, occurrence+"id", occurrence+"inner.count")
	f(`{"id":1,"name":"a"}`, ocppj.Tolerant, occurrence+"at", occurrence+"inner")
	f(`{`+good+`,"list":[{"count":1},{}]}`, ocppj.Tolerant, occurrence+"list[1].count")
	f(`{`+good+`,"customData":{"x":1}}`, ocppj.Tolerant, occurrence+"customData.vendorId")
	f(`{`+good+`,"customData":{"vendorId":"v","x":1}}`, ocppj.Strict)
	f(`{`+good+`,"customData":{"vendorId":null}}`, ocppj.Strict, wrongType+"customData")
	f(`{`+good+`,"customData":5}`, ocppj.Tolerant, wrongType+"customData")
	f(`{`+good+`,"more":1,"list":[{"count":1,"x":2}]}`, ocppj.Tolerant)
	f(`{`+good+`,"more":1}`, ocppj.Strict, occurrence+"more")
	f(`{`+good+`,"list":[{"count":1,"x":2}]}`, ocppj.Strict, occurrence+"list[0].x")
	f(`{`+good+`,"note":null}`, ocppj.Tolerant)
	f(`{`+good+`,"note":null}`, ocppj.Strict, wrongType+"note")
	f(`{`+good+`,"color":"green"}`, ocppj.Tolerant, property+"color")
	f(`{`+good+`,"color":""}`, ocppj.Strict, property+"color")
	f(`{`+good+`,"when":"2026-01-01T00:00:00Z"}`, ocppj.Tolerant, occurrence+"when")
	f(`{"id":1,"name":"åäöåäö","at":"2026-01-01 00:00:00","inner":{"count":1}}`, ocppj.Tolerant, property+"name", property+"at")
	f(`{"id":1,"name":"åäöåä","at":7,"inner":{"count":1}}`, ocppj.Tolerant, property+"at")
	f(`{"id":"1","name":"a","at":"2026-01-01T00:00:00Z","inner":{"count":1}}`, ocppj.Tolerant, wrongType+"id")
	f(`{"id":1,"name":"a","at":"2026-01-01T00:00:00Z","inner":[]}`, ocppj.Tolerant, wrongType+"inner")
	f(`{"id":1,"name":null,"at":"2026-01-01T00:00:00Z","inner":null}`, ocppj.Tolerant, occurrence+"name", occurrence+"inner")
	f(`null`, ocppj.Tolerant, "FormatViolation")
	f(`{"id":1,`, ocppj.Tolerant, "FormatViolation")
	f(`{"id":1} {}`, ocppj.Tolerant, "FormatViolation")
	f(`{"id":nonsense}`, ocppj.Tolerant, "FormatViolation")
}

// A message with very many required properties that are zero or missing takes no more memory, and so
// no more time, than its length explains, and each of them is judged all the same.
func TestDecodeMany(t *testing.T) {
	const n = 20_000
	f := func(list string, violations int, last string) {
		t.Helper()
		text := `{"id":1,"at":"2026-01-01T00:00:00Z","inner":{"count":1},"list":[` + list + `]}`
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var m report
		found, err := ocppj.Decode([]byte(text), &m, ocppj.V201, ocppj.Tolerant)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 500*uint64(len(text)) {
			t.Errorf("%d bytes took %d", len(text), took)
		}
		if err != nil || len(found) != violations {
			t.Fatalf("%d violations, %v", len(found), err)
		}
		if !slices.ContainsFunc(found, func(v ocppj.Violation) bool { return v.String() == "name: is required" }) {
			t.Error("a missing name is not told of")
		}
		got := found[len(found)-1]
		if got.String() != last || got.Code != ocppj.OccurrenceConstraintViolation {
			t.Errorf("the last is %s %v, want %s", got.Code, got, last)
		}
	}
	zeros := strings.Repeat(`{"count":0},`, n)
	f(strings.TrimSuffix(zeros, ","), 1, "name: is required")
	f(zeros+`{}`, 2, "list[20000].count: is required")
	f(zeros+`{"count":null},{"count":0}`, 2, "list[20000].count: is required")
	f(strings.TrimSuffix(strings.Repeat(`{},`, n), ","), 102, "list: breaks the rules in 19900 more places")
}

func TestSalvage(t *testing.T) {
	var m report
	text := `{"id":"x","name":"kept","at":"2026-01-01T00:00:00Z","inner":{"count":5},"list":[{"count":"no"},{"count":7}]}`
	found, err := ocppj.Decode([]byte(text), &m, ocppj.V201, ocppj.Tolerant)
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "kept" || m.Inner.Count != 5 || len(m.List) != 2 || m.List[1].Count != 7 || m.At.IsZero() {
		t.Errorf("not all was read that could be: %+v", m)
	}
	if len(found) == 0 || found[0].Code != ocppj.TypeConstraintViolation || found[0].Path != "id" {
		t.Errorf("got %v", found)
	}
}

func TestDateTime(t *testing.T) {
	f := func(text, want string, odd bool) {
		t.Helper()
		var d ocppj.DateTime
		if err := d.UnmarshalJSON([]byte(text)); err != nil {
			t.Fatal(err)
		}
		got := ""
		if !d.IsZero() {
			b, _ := d.MarshalJSON()
			got = string(b)
		}
		if got != want || odd != (d.Odd() != "") {
			t.Errorf("%s: got %s, odd %q", text, got, d.Odd())
		}
	}
	f(`"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:05Z"`, false)
	f(`"2026-01-02T03:04:05.123456Z"`, `"2026-01-02T03:04:05.123Z"`, false)
	f(`"2026-01-02T03:04:05+02:00"`, `"2026-01-02T01:04:05Z"`, false)
	f(`"2026-01-02T03:04:05+02"`, `"2026-01-02T01:04:05Z"`, true)
	f(`"2026-01-02T03:04:05+0200"`, `"2026-01-02T01:04:05Z"`, true)
	f(`"2026-01-02T03:04:05"`, `"2026-01-02T03:04:05Z"`, true)
	f(`"2026-01-02 03:04:05Z"`, `"2026-01-02T03:04:05Z"`, true)
	f(`"1970-01-01T00:00:00Z"`, `"1970-01-01T00:00:00Z"`, false)
	f(`"soon"`, ``, true)
	f(`""`, ``, true)
	f(`12`, ``, true)
	if got := ocppj.At(time.Date(2026, 1, 1, 0, 0, 0, 999e6, time.FixedZone("", 3600))); got.String() != "2025-12-31 23:00:00 +0000 UTC" {
		t.Errorf("got %v", got)
	}
}
