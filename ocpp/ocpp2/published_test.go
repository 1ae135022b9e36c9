package ocpp2_test

import (
	"encoding/json"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
	"gnista/ocpp/schematest"
)

// published is what the schemas of a version say, and the Go types that stand for it. Names
// are those of the schemas: of messages and of the datatypes that are parts of them.
type published struct {
	version  ocppj.Version
	messages []string
	types    map[string]reflect.Type
	schemas  map[string][]byte
	enums    map[string]reflect.Type
	values   map[string][]string // of the enumerations
}

// collect reads the schemas of version v.
func collect(t *testing.T, v ocppj.Version) *published {
	t.Helper()
	folder := map[ocppj.Version]string{ocppj.V201: "v201", ocppj.V21: "v21"}[v]
	paths, err := filepath.Glob(filepath.Join(schematest.Dir(t), folder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	p := &published{
		version: v,
		types:   map[string]reflect.Type{},
		schemas: map[string][]byte{},
		enums:   map[string]reflect.Type{},
		values:  map[string][]string{},
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var s schema
		if err := json.Unmarshal(text, &s); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		m := message(name, v)
		if m == nil {
			t.Errorf("there is no action for %s in OCPP %v", name, v)
			continue
		}
		p.messages = append(p.messages, name)
		p.types[name], p.schemas[name] = m, text
		p.follow(t, s, s["definitions"].(schema), m)
	}
	return p
}

// message is the type of a message.
func message(name string, v ocppj.Version) reflect.Type {
	for _, a := range ocpp2.Actions {
		switch {
		case !a.In(v):
		case name == a.ActionName()+"Request", name == a.ActionName():
			return reflect.TypeOf(a.NewRequest()).Elem()
		case name == a.ActionName()+"Response":
			return reflect.TypeOf(a.NewResponse()).Elem()
		}
	}
	return nil
}

type schema = map[string]any

// follow adds the datatypes of the properties in schema s, which m stands for.
func (p *published) follow(t *testing.T, s, definitions schema, m reflect.Type) {
	t.Helper()
	properties, _ := s["properties"].(schema)
	for f := range m.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		property, _ := properties[name].(schema)
		if items, ok := property["items"].(schema); ok {
			property = items
		}
		ref, _ := property["$ref"].(string)
		def := strings.TrimPrefix(ref, "#/definitions/")
		if def == "" || p.types[def] != nil || p.enums[def] != nil {
			continue
		}
		part := f.Type
		for part.Kind() == reflect.Pointer || part.Kind() == reflect.Slice {
			part = part.Elem()
		}
		s := maps.Clone(definitions[def].(schema))
		if values, ok := s["enum"].([]any); ok {
			p.enums[def] = part
			for _, text := range values {
				p.values[def] = append(p.values[def], text.(string))
			}
			continue
		}
		p.types[def] = part
		p.follow(t, s, definitions, part)
		s["$schema"], s["definitions"] = "http://json-schema.org/draft-06/schema#", definitions
		p.schemas[def] = marshal(t, s)
	}
}

// load makes a schema of a message or datatype.
func (p *published) load(t *testing.T, name string) *schematest.Schema {
	t.Helper()
	path := filepath.Join(t.TempDir(), name+".json")
	if err := os.WriteFile(path, p.schemas[name], 0o600); err != nil {
		t.Fatal(err)
	}
	return schematest.Load(t, path)
}

// comparison compares a message or datatype with its schema.
func (p *published) comparison(t *testing.T, name string) comparison {
	t.Helper()
	seed := fnv.New64()
	seed.Write([]byte(name))
	return comparison{
		schema:  p.load(t, name),
		version: p.version,
		empty:   func() ocppj.Checked { return reflect.New(p.types[name]).Interface().(ocppj.Checked) },
		r:       rand.New(rand.NewPCG(uint64(p.version), seed.Sum64())),
	}
}

func marshal(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
