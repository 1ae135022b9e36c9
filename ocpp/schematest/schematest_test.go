package schematest

import (
	"encoding/json"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// small uses every keyword that the schemas of OCPP do.
const small = `{
	"$schema": "http://json-schema.org/draft-06/schema#",
	"definitions": {
		"Custom": {"type": "object", "properties": {"vendorId": {"type": "string", "maxLength": 5}}, "required": ["vendorId"]},
		"Color": {"type": "string", "enum": ["red", "blue"]}
	},
	"type": "object", "additionalProperties": false,
	"properties": {
		"customData": {"$ref": "#/definitions/Custom"},
		"color": {"$ref": "#/definitions/Color"},
		"name": {"type": "string", "minLength": 2, "maxLength": 4},
		"at": {"type": "string", "format": "date-time"},
		"where": {"type": "string", "format": "uri"},
		"count": {"type": "integer", "minimum": 0, "maximum": 3},
		"share": {"type": "number", "minimum": -2.0, "maximum": 100.0},
		"limit": {"type": "number", "multipleOf": 0.1},
		"on": {"type": "boolean"},
		"some": {},
		"list": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "integer"}}
	},
	"required": ["color", "list"]
}`

func TestSmall(t *testing.T) {
	s, err := parse([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	play(t, s, Times(3000))

	r := rand.New(rand.NewPCG(1, 1))
	wrong := map[string]int{}
	for range Times(20000) {
		mutated, what := s.Mutate(r, s.Random(r))
		if s.Valid(mutated) != nil {
			place, rest, _ := strings.Cut(what, ": ")
			how, _, _ := strings.Cut(rest, ":")
			wrong[place+" "+how]++
		}
	}
	for _, want := range []string{
		"drop required color ", "unknownProperty", "name too long", "name too long, wide", "name too short",
		"at bad date-time", "where bad URI", "count too small", "count too great", "count not an integer",
		"share too small", "share too great", "limit between multiples", "on null", "on wrong type",
		"list empty array", "list null element", "list too many elements", "list[0] wrong type",
		"color unknown value", "customData drop required vendorId", "customData.vendorId null",
	} {
		found := false
		for what := range wrong {
			found = found || strings.Contains(what, want)
		}
		if !found {
			t.Errorf("no mutation %q was refused", want)
		}
	}
}

func TestPublished(t *testing.T) {
	dir := Dir(t)
	files, err := filepath.Glob(filepath.Join(dir, "v*", "*.json"))
	if err != nil || len(files) < 78 {
		t.Fatalf("%d schemas in %s, %v", len(files), dir, err)
	}
	for _, file := range files {
		play(t, Load(t, file), Times(10))
	}
}

// play checks that random values are valid and that Mutate leaves them alone and repeats itself.
func play(t *testing.T, s *Schema, times int) {
	t.Helper()
	for i := range times {
		r := rand.New(rand.NewPCG(7, uint64(i)))
		value := s.Random(r)
		if err := s.Valid(value); err != nil {
			t.Fatalf("%v: %v", value, err)
		}
		before, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.ValidText(before); err != nil {
			t.Fatal(err)
		}
		one, what := s.Mutate(rand.New(rand.NewPCG(8, uint64(i))), value)
		two, again := s.Mutate(rand.New(rand.NewPCG(8, uint64(i))), value)
		if what != again || !reflect.DeepEqual(one, two) {
			t.Fatalf("%s is not %s", what, again)
		}
		if after, _ := json.Marshal(value); string(after) != string(before) {
			t.Fatalf("%s changed the value itself", what)
		}
	}
}
