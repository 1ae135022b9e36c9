package schematest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Mutate changes one place of value, which the schema accepts, mostly so that it does not
// accept it any more. It returns the changed copy and tells what was done.
func (s *Schema) Mutate(r *rand.Rand, value any) (mutated any, what string) {
	mutated = clone(value)
	root := mutated
	var sites []site
	s.sites(&sites, site{node: s.root, value: mutated, set: func(x any) { root = x }})
	at := sites[r.IntN(len(sites))]
	list := at.mutations(r)
	m := list[r.IntN(len(list))]
	m.apply()
	what = strings.TrimPrefix(at.path+": ", ": ") + m.what
	if m.replaced {
		what += ": " + abridged(m.by)
	}
	return root, what
}

func clone(value any) any {
	switch value := value.(type) {
	case map[string]any:
		object := map[string]any{}
		for k, v := range value {
			object[k] = clone(v)
		}
		return object
	case []any:
		list := make([]any, len(value))
		for i, v := range value {
			list[i] = clone(v)
		}
		return list
	}
	return value
}

// site is a place in a value whose type the schema knows.
type site struct {
	path  string
	node  node
	value any
	set   func(any)
}

// sites lists the place at and those inside it.
func (s *Schema) sites(list *[]site, at site) {
	if at.node.text("type") == "" {
		return
	}
	*list = append(*list, at)
	switch value := at.value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if p, ok := s.property(at.node, name); ok {
				path := strings.TrimPrefix(at.path+"."+name, ".")
				s.sites(list, site{path, p, value[name], func(x any) { value[name] = x }})
			}
		}
	case []any:
		for i := range value {
			path := at.path + "[" + strconv.Itoa(i) + "]"
			s.sites(list, site{path, s.items(at.node), value[i], func(x any) { value[i] = x }})
		}
	}
}

type mutation struct {
	what     string
	apply    func()
	replaced bool
	by       any // what it was replaced by
}

// mutations are those that make sense at a place: never none.
func (at site) mutations(r *rand.Rand) []mutation {
	var list []mutation
	replace := func(what string, by any) {
		list = append(list, mutation{what, func() { at.set(by) }, true, by})
	}
	replace("null", nil)
	replace("wrong type", otherType(r, at.value))
	switch value := at.value.(type) {
	case map[string]any:
		list = append(list, at.changeObject(r, value)...)
	case []any:
		replace("empty array", []any{})
		replace("null element", append(slices.Clone(value), nil))
		if n := at.node.count("maxItems", -1); n >= 0 && n <= 64 && len(value) > 0 {
			replace("too many elements", slices.Repeat(value, n/len(value)+1))
		}
	case string:
		at.changeString(r, value, replace)
	case json.Number:
		at.changeNumber(value, replace)
	}
	return list
}

func (at site) changeObject(r *rand.Rand, object map[string]any) []mutation {
	var list []mutation
	names := slices.Sorted(maps.Keys(object))
	drop := func(what, name string) {
		list = append(list, mutation{what: what + " " + name, apply: func() { delete(object, name) }})
	}
	if len(names) > 0 {
		drop("drop", names[r.IntN(len(names))])
	}
	if required := slices.Sorted(maps.Keys(at.node.required())); len(required) > 0 {
		drop("drop required", required[r.IntN(len(required))])
	}
	add := func(name string, value any) {
		list = append(list, mutation{what: "additional " + name, apply: func() { object[name] = value }})
	}
	add("unknownProperty", anything(r, 1))
	add("unknownNull", nil)
	if len(names) > 0 {
		add(names[0]+"x", object[names[0]])
	}
	list = append(list, mutation{what: "drop all", apply: func() { clear(object) }})
	return list
}

func (at site) changeString(r *rand.Rand, value string, replace func(string, any)) {
	replace("empty string", "")
	if at.node.enum() != nil {
		replace("unknown value", "Nonsense")
		replace("unknown value", value+" ")
		if lower := strings.ToLower(value); lower != value {
			replace("other case", lower)
		}
		return
	}
	switch at.node.text("format") {
	case "date-time":
		replace("bad date-time", badTimes[r.IntN(len(badTimes))])
		replace("odd date-time", oddTimes[r.IntN(len(oddTimes))])
	case "uri":
		replace("bad URI", badURIs[r.IntN(len(badURIs))])
	}
	if n := at.node.count("maxLength", -1); n >= 0 {
		replace("too long", strings.Repeat("x", n+1))
		replace("too long, wide", strings.Repeat("å", n+1))
		replace("of greatest length, wide", strings.Repeat("漢", n))
	}
	if n := at.node.count("minLength", 0); n > 0 && length(value) >= n {
		replace("too short", strings.Repeat("x", n-1))
	}
}

func (at site) changeNumber(value json.Number, replace func(string, any)) {
	// step is a small part of the number's own unit.
	step, digits := big.NewRat(1, 2), 1
	if at.node.text("type") == "integer" {
		half := new(big.Rat).Add(rational(value), step)
		replace("not an integer", json.Number(half.FloatString(digits)))
		step, digits = big.NewRat(1, 1), 0
	}
	if unit, ok := at.node.limit("multipleOf"); ok {
		step.Mul(rational(unit), step)
		digits += decimals(unit)
		between := new(big.Rat).Add(rational(value), step)
		replace("between multiples", json.Number(between.FloatString(digits)))
	}
	if low, ok := at.node.limit("minimum"); ok {
		replace("least", json.Number(rational(low).FloatString(digits)))
		replace("too small", json.Number(new(big.Rat).Sub(rational(low), step).FloatString(digits)))
	}
	if high, ok := at.node.limit("maximum"); ok {
		replace("greatest", json.Number(rational(high).FloatString(digits)))
		replace("too great", json.Number(new(big.Rat).Add(rational(high), step).FloatString(digits)))
	}
}

// otherType is a value of another JSON type than that of value.
func otherType(r *rand.Rand, value any) any {
	for {
		var other any
		switch r.IntN(6) {
		case 0:
			other = "text"
		case 1:
			other = json.Number(strconv.Itoa(r.IntN(3)))
		case 2:
			other = r.IntN(2) == 0
		case 3:
			other = map[string]any{}
		case 4:
			other = []any{}
		case 5:
			other = fmt.Sprint(value) // "5" for 5, also "true" and "map[]"
		}
		if kind(other) != kind(value) {
			return other
		}
	}
}

func kind(value any) string { return fmt.Sprintf("%T", value) }

func abridged(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	if len(text) > 60 {
		return string(text[:60]) + "…"
	}
	return string(text)
}

var badTimes = []string{
	"soon",
	"2026-01-01",
	"12:00:00Z",
	"2026-01-01 00:00:00Z",
	"2026-01-01T00:00:00",
	"2026-01-01T00:00Z",
	"2026-01-01T00:00:00+0100",
	"2026-01-01T00:00:00+01",
	"2026-01-01T00:00:00.Z",
	"2026-01-01T25:00:00Z",
	"2026-01-01T00:60:00Z",
	"2026-13-01T00:00:00Z",
	"2026-02-30T00:00:00Z",
	"2026-1-1T00:00:00Z",
	" 2026-01-01T00:00:00Z",
	"2026-01-01T00:00:00Z ",
	"1767225600",
}

// oddTimes are right, but rarely seen.
var oddTimes = []string{
	"2026-01-01T00:00:00.123456789Z",
	"2026-01-01T00:00:00.1Z",
	"2026-01-01T00:00:00-00:00",
	"2026-01-01T00:00:00+14:00",
	"2024-02-29T23:59:59Z",
	"9999-12-31T23:59:59Z",
	"1900-01-01T00:00:00Z",
}

var badURIs = []string{
	"",
	"firmware.bin",
	"/firmware.bin",
	"//example.com/firmware.bin",
	"http://exa mple.com/",
	"http://example.com/%zz",
	":no scheme",
	"1http://example.com",
}
