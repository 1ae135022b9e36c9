package station

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gnista"
)

// TestMeanings holds the table of meanings to its own rules.
func TestMeanings(t *testing.T) {
	r := csv.NewReader(strings.NewReader(meaningTable))
	r.Comma = ';'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	types := []string{"integer", "decimal", "boolean", "string", "dateTime", "OptionList", "MemberList", "SequenceList"}
	for _, f := range rows[1:] {
		for _, name := range f[:3] {
			if name != "" && seen[strings.ToLower(name)] {
				t.Errorf("%s is there twice", name)
			}
			seen[strings.ToLower(name)] = true
		}
		if f[1] != "" {
			if v, err := ParseSetting(f[1]); err != nil || v.Setting() != f[1] {
				t.Errorf("%s: %v", f[1], err)
			}
		}
		if !slices.Contains(types, f[3]) || !slices.Contains([]string{ReadOnly, WriteOnly, ReadWrite}, f[8]) || f[9] == "" || f[10] == "" {
			t.Errorf("the row is wrong: %v", f)
		}
	}
	for _, want := range []string{"heartbeatinterval", "ocppcommctrlr.heartbeatinterval", "heartbeat-interval", "devicedatactrlr.itemspermessage[setvariables]"} {
		if !seen[want] {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestSettingNames(t *testing.T) {
	for _, name := range []string{"C.V", "C[i].V[j]", "C#1.V", "C#1:2.V", "C[a.b]#3:1.V[c.d]"} {
		if v, err := ParseSetting(name); err != nil || v.Setting() != name {
			t.Errorf("%s is read as %q, %v", name, v.Setting(), err)
		}
	}
	for _, name := range []string{"", "C", ".V", "C.", "C#x.V", "C#0.V", "C#1:0.V", "#1.V"} {
		if _, err := ParseSetting(name); gnista.CodeOf(err) != gnista.Invalid {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestFind(t *testing.T) {
	told := []Variable{
		{Name: "heartbeatinterval", Attribute: Actual, Value: "1"}, {Name: "XY_FreeVendActive", Attribute: Actual, Value: "true"},
		{Component: "OCPPCommCtrlr", Name: "HeartbeatInterval", Attribute: Actual, Value: "2"},
	}
	f := func(name string, v gnista.Version, want string) {
		t.Helper()
		x, inverted, err := find(name, "", v, told)
		got := fmt.Sprintf("%s=%s %v", x.Setting(), x.Value, inverted)
		if err != nil {
			got = string(gnista.CodeOf(err))
		}
		if got != want {
			t.Errorf("%s in %s is %s, want %s", name, v, got, want)
		}
	}
	f("heartbeat-interval", gnista.V16, "heartbeatinterval=1 false")
	f("Heartbeat-Interval", gnista.V201, "OCPPCommCtrlr.HeartbeatInterval=2 false")
	f("HEARTBEATINTERVAL", gnista.V16, "heartbeatinterval=1 false")
	f("HeartbeatInterval", gnista.V21, "invalid")
	f("OCPPCommCtrlr.HeartbeatInterval", gnista.V16, "unsupported")
	f("Vendor.Key", gnista.V16, "Vendor.Key= false")
	f("free-vend", gnista.V16, "XY_FreeVendActive=true false")
	f("free-vend", gnista.V201, "AuthCtrlr.Enabled= true")
	f("light-intensity", gnista.V21, "unsupported")
	f("time-zone", gnista.V16, "unsupported")
	f("local-list", gnista.V16, "LocalAuthListEnabled= false")
}

func TestCheckValue(t *testing.T) {
	f := func(v Variable, value string, ok bool) {
		t.Helper()
		if err := v.check("x", value); (err == nil) != ok {
			t.Errorf("%+v: %q: %v", v, value, err)
		}
	}
	number := Variable{DataType: "integer", Min: "1", Max: "10"}
	f(number, "1", true)
	f(number, "10", true)
	f(number, "11", false)
	f(number, "0", false)
	f(number, "1.5", false)
	f(number, "", false)
	f(Variable{DataType: "decimal", Min: "0.5"}, "0.5", true)
	f(Variable{DataType: "decimal", Min: "0.5"}, "0.4", false)
	f(Variable{DataType: "boolean"}, "TRUE", true)
	f(Variable{DataType: "boolean"}, "yes", false)
	f(Variable{DataType: "dateTime"}, "2026-01-01T00:00:00+01:00", true)
	f(Variable{DataType: "dateTime"}, "tomorrow", false)
	f(Variable{DataType: "OptionList", Values: "a, b"}, "b", true)
	f(Variable{DataType: "OptionList", Values: "a, b"}, "a,b", false)
	f(Variable{DataType: "MemberList", Values: "a,b"}, "b, a", true)
	f(Variable{DataType: "MemberList", Values: "a,b"}, "c", false)
	f(Variable{DataType: "string", Max: "3"}, "abc", true)
	f(Variable{DataType: "string", Max: "3"}, "abcd", false)
	f(Variable{}, "anything", true)
}

func TestSameValue(t *testing.T) {
	f := func(kind, a, b string, want bool) {
		t.Helper()
		if got := (Variable{DataType: kind}).is(a, b); got != want {
			t.Errorf("%s: %q and %q: %v", kind, a, b, got)
		}
	}
	f("boolean", "True", "true", true)
	f("boolean", "1", "true", true)
	f("boolean", "true", "false", false)
	f("integer", "300", "300.0", true)
	f("integer", "300", "301", false)
	f("MemberList", "a,b", "b, a", true)
	f("SequenceList", "a,b", "b,a", false)
	f("SequenceList", "a,b", "a, b", true)
	f("string", "a", "A", false)
	f("", "a ", "a", true)
}

// TestBatches: no more settings and bytes than a message may have. OCPP 2.x B05.FR.11, B06.FR.05.
func TestBatches(t *testing.T) {
	list := make([]Setting, 7)
	for i := range list {
		list[i] = Setting{Name: strings.Repeat("n", 20), Value: strings.Repeat("v", 20)}
	}
	f := func(items, bytes int, want ...int) {
		t.Helper()
		var got []int
		for _, b := range batches(list, items, bytes) {
			got = append(got, len(b))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d items, %d bytes: %v, want %v", items, bytes, got, want)
		}
	}
	f(3, 1<<20, 3, 3, 1)
	f(10, 1<<20, 7)
	f(10, around+2*(around+40), 2, 2, 2, 1)
	f(10, 1, 1, 1, 1, 1, 1, 1, 1) // one must go, whatever its size
}

// TestReportPages: pages in any order, more than once, without end.
func TestReportPages(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	take := func(pages ...Page) Report {
		r := Report{State: Running, Last: -1, Of: OfAll}
		for _, p := range pages {
			r.take(p, 0, now)
		}
		return r
	}
	f := func(want ReportState, pages ...Page) {
		t.Helper()
		if r := take(pages...); r.State != want {
			t.Errorf("%+v: %s (%s), want %s", pages, r.State, r.Detail, want)
		}
	}
	more := func(n int) Page { return Page{Seq: n, More: true} }
	last := func(n int) Page { return Page{Seq: n} }
	f(Complete, last(0))
	f(Complete, more(0), more(1), last(2))
	f(Complete, last(2), more(1), more(0))
	f(Complete, more(0), more(0), last(1))
	f(Complete, more(1), last(2)) // counted from 1
	f(Complete, more(0), more(0), last(0))
	f(Running, more(0), more(2), last(3))
	f(Running, more(0), more(1))
	f(Running, more(3))
	if r := take(more(0), more(2), last(3)); r.missing() != "page 2 of 4 did not come" {
		t.Error(r.missing())
	}
	if r := take(more(0)); r.missing() != "page 2 and what is behind it did not come" {
		t.Error(r.missing())
	}

	endless := func(page Page, held int, of ReportOf) Report {
		r := Report{State: Running, Last: -1, Of: of}
		for n := 0; r.State == Running && n < 100_000; n++ {
			page.Seq = n
			r.take(page, held, now)
		}
		return r
	}
	some := Page{More: true, List: []Variable{{Component: "C", Name: "V", Value: "x"}}}
	many := Page{More: true, List: make([]Variable, 100)}
	large := Page{More: true, List: slices.Repeat([]Variable{{Value: strings.Repeat("x", 2_500)}}, 4)}
	if r := endless(some, 0, OfAll); r.State != Broken || r.Pages != maxReportPages {
		t.Errorf("%s after %d pages: %s", r.State, r.Pages, r.Detail)
	}
	if r := endless(many, 0, OfAll); r.State != Broken || r.Variables != maxVariables {
		t.Errorf("%s after %d variables: %s", r.State, r.Variables, r.Detail)
	}
	if r := endless(large, 0, OfAll); r.State != Broken || r.Bytes > maxReportBytes {
		t.Errorf("%s after %d bytes: %s", r.State, r.Bytes, r.Detail)
	}
	if r := endless(some, maxVariables, OfUnasked); r.State != Broken || r.Pages != 0 {
		t.Errorf("%s after %d pages: %s", r.State, r.Pages, r.Detail)
	}
	r := Report{State: Running, Last: -1}
	for n := 2; r.State == Running && n < 1000; n++ {
		r.take(more(n), 0, now)
	}
	if r.State != Broken || len(r.Early) != maxEarlyPages {
		t.Errorf("%s with %d pages in wait: %s", r.State, len(r.Early), r.Detail)
	}
	if r.take(last(0), 0, now) {
		t.Error("a report that was refused goes on")
	}
}

func TestKeptVariables(t *testing.T) {
	v := Variable{Component: "C", Name: "BasicAuthPassword", Value: "secret"}.kept()
	if v.Value != "" || v.Attribute != Actual {
		t.Errorf("got %+v", v)
	}
	if v := (Variable{Name: "V", Mutability: WriteOnly, Value: "x"}).kept(); v.Value != "" {
		t.Errorf("got %+v", v)
	}
	if v := (Variable{Name: "V", Value: strings.Repeat("å", 2000)}).kept(); len(v.Value) != maxValueText {
		t.Errorf("%d bytes are kept", len(v.Value))
	}
}

func TestTemplateMatch(t *testing.T) {
	s := Station{Vendor: "Acme", Model: "Pole 22", Firmware: "1.2.3", Version: gnista.V201}
	list := []Template{
		{ID: "all", Match: StationMatch{Vendor: "acme"}}, {ID: "version", Match: StationMatch{Vendor: "Acme", Version: "2.*"}}, {ID: "model", Match: StationMatch{Vendor: "Acme", Model: "pole 22"}},
		{ID: "open", Match: StationMatch{Vendor: "Acme", Model: "pole*"}}, {ID: "other", Match: StationMatch{Vendor: "Acme", Model: "Pole 22", Firmware: "2*"}}, {ID: "given"},
	}
	if got := choose(list, s, Inventory{}); got.ID != "model" {
		t.Errorf("got %s", got.ID)
	}
	if got := choose(list, s, Inventory{Template: "given"}); got.ID != "given" {
		t.Errorf("got %s", got.ID)
	}
	if got := choose(list, Station{Vendor: "Other"}, Inventory{}); got.ID != "" {
		t.Errorf("got %s", got.ID)
	}
}
