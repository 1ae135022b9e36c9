package ocpp2_test

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"gnista/ocpp/ocppj"
	"gnista/ocpp/schematest"
)

// What the schema of a version accepts, and nothing else, is accepted as a message of it, and
// so are the datatypes, each by itself.
func TestSchemas(t *testing.T) {
	for _, want := range []struct {
		version                    ocppj.Version
		messages, datatypes, enums int
	}{{ocppj.V201, 128, 55, 88}, {ocppj.V21, 181, 122, 110}} {
		p := collect(t, want.version)
		if n := len(p.messages); n != want.messages || len(p.types)-n != want.datatypes || len(p.enums) != want.enums {
			t.Errorf("OCPP %v: %d messages, %d datatypes, %d enumerations", p.version, n, len(p.types)-n, len(p.enums))
		}
		for _, name := range some(slices.Sorted(maps.Keys(p.types))) {
			t.Run(p.version.String()+"/"+name, func(t *testing.T) {
				c := p.comparison(t, name)
				for range schematest.Times(10) {
					c.accepted(t)
				}
				for range schematest.Times(60) {
					c.mutated(t)
				}
				for range schematest.Times(3) {
					c.changed(t)
				}
			})
		}
	}
}

// What is new in 2.1 is refused as 2.0.1 wherever a message or datatype has it, and nothing else is.
func TestNewIsRefused(t *testing.T) {
	old, latest := collect(t, ocppj.V201), collect(t, ocppj.V21)
	for _, name := range some(slices.Sorted(maps.Keys(old.types))) {
		t.Run(name, func(t *testing.T) {
			c, s := old.comparison(t, name), latest.load(t, name)
			for range schematest.Times(60) {
				c.judgedAlike(t, unempty(s.Random(c.r)), "a value of 2.1")
			}
		})
	}
}

// some is the whole list, or under the race detector a part of it: the time goes into making
// decoders.
func some[T any](list []T) []T {
	n := schematest.Times(len(list))
	part := make([]T, n)
	for i := range part {
		part[i] = list[i*len(list)/n]
	}
	return part
}

// unempty replaces the empty texts in value: a new property with an empty text is taken for
// an absent one.
func unempty(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for k, v := range value {
			value[k] = unempty(v)
		}
	case []any:
		for i, v := range value {
			value[i] = unempty(v)
		}
	case string:
		if value == "" {
			return "x"
		}
	}
	return value
}

// Each enumeration has the values of its version.
func TestEnumerations(t *testing.T) {
	old, latest := collect(t, ocppj.V201), collect(t, ocppj.V21)
	for _, p := range []*published{old, latest} {
		for def, e := range p.enums {
			for _, text := range slices.Concat(latest.values[def], old.values[def], []string{"", "Nonsense"}) {
				value := reflect.New(e).Elem()
				value.SetString(text)
				got := value.Interface().(interface{ Valid(ocppj.Version) bool }).Valid(p.version)
				if want := slices.Contains(p.values[def], text); got != want {
					t.Errorf("%s %q is valid in OCPP %v: %v", def, text, p.version, got)
				}
			}
		}
	}
}

// comparison compares what a schema says with what Decode does.
type comparison struct {
	schema  *schematest.Schema
	version ocppj.Version
	empty   func() ocppj.Checked
	r       *rand.Rand
}

// accepted takes a valid value there and back.
func (c comparison) accepted(t *testing.T) {
	t.Helper()
	text := marshal(t, c.schema.Random(c.r))
	m := c.empty()
	if found, err := ocppj.Decode(text, m, c.version, ocppj.Strict); err != nil || len(found) > 0 {
		t.Fatalf("%s\nis refused: %v, %v", text, err, found)
	}
	if found := ocppj.Judge(m, c.version); len(found) > 0 {
		t.Fatalf("%s\nwould not be sent: %v", text, found)
	}
	again, err := ocppj.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.schema.ValidText(again); err != nil {
		t.Fatalf("%s\nbecame %s\n%v", text, again, err)
	}
	m = c.empty()
	if found, err := ocppj.Decode(again, m, c.version, ocppj.Strict); err != nil || len(found) > 0 {
		t.Fatalf("%s\nis refused: %v, %v", again, err, found)
	}
	if third, err := ocppj.Marshal(m); err != nil || !bytes.Equal(third, again) {
		t.Fatalf("%s\nbecame %s\nand then %s, %v", text, again, third, err)
	}
}

// mutated changes one place of a valid value at random.
func (c comparison) mutated(t *testing.T) {
	t.Helper()
	value, what := c.schema.Mutate(c.r, c.schema.Random(c.r))
	c.judgedAlike(t, value, what)
}

// changed changes each property of a valid value in turn.
func (c comparison) changed(t *testing.T) {
	t.Helper()
	object := c.schema.Random(c.r).(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		other := maps.Clone(object)
		delete(other, name)
		c.judgedAlike(t, other, "without "+name)
		if list, ok := object[name].([]any); ok {
			for _, n := range []int{0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 20, 21, 24, 25} {
				other[name] = slices.Repeat(list[:1], n)
				c.judgedAlike(t, other, "another length of "+name)
			}
		}
	}
}

func (c comparison) judgedAlike(t *testing.T, value any, what string) {
	t.Helper()
	text := marshal(t, value)
	if bytes.Contains(text, []byte("9223372036854775807.5")) {
		return // a float64 cannot tell that this is no integer
	}
	want := c.schema.Valid(value)
	found, bad := ocppj.Decode(text, c.empty(), c.version, ocppj.Strict)
	if (want == nil) != (bad == nil && len(found) == 0) {
		t.Errorf("%s\n%s\nthe schema says: %v\nDecode says: %v %v", what, text, want, bad, found)
	}
}
