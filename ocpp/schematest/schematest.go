// Package schematest supports tests that compare the types of a version of OCPP with its
// published JSON schemas. The schemas are no part of this project; without them such tests
// are skipped.
//
//	dir := schematest.Dir(t)                                      // or the test is skipped
//	s := schematest.Load(t, filepath.Join(dir, "v16", "Authorize.json"))
//	r := rand.New(rand.NewPCG(1, 2))                              // of math/rand/v2
//	value := s.Random(r)                                          // valid by construction
//	mutated, what := s.Mutate(r, value)                           // perhaps not valid; what tells why
//	err := s.Valid(mutated)                                       // the verdict of the schema library
//	for range schematest.Times(300) { … }                         // fewer under the race detector
//
// Values are as encoding/json decodes them with UseNumber, so json.Marshal turns them to text.
//
// A JSON schema and a typed decoder differ rightly in a few ways that are of no interest, so
// Random and Mutate keep clear of them:
//   - Integers are written without fraction or exponent (1.0 and 1e2 are integers to a schema)
//     and fit int64; other numbers are small enough for a float64.
//   - No two names of properties differ by case only, and no name occurs twice.
//   - Date-times have a capital T and Z, at most nine decimals, an offset of less than a day
//     and no leap second.
//   - Strings are valid Unicode; URIs have no IPv6 address.
//   - Where a schema sets no type, and among the additional properties of an open object,
//     nothing is mutated.
package schematest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Env names the environment variable that tells the folder of the schemas.
const Env = "GNISTA_OCPP_SCHEMAS"

// Dir is the folder that has the schemas of each version in a folder v16, v201 or v21. It is
// taken from the environment, or is shared/ocpp/schemas beside the checkout. Without it the
// test is skipped.
func Dir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv(Env)
	if dir == "" {
		dir = filepath.Join(checkout(t), "..", "shared", "ocpp", "schemas")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("NOT TESTED: skipped, for the OCPP schemas are not at hand (%s, or set %s)", dir, Env)
	}
	return dir
}

// Times is how often to repeat something that is best done n times: less under the race
// detector, which is slow and finds nothing more in the thousandth message than in the tenth.
func Times(n int) int {
	info, _ := debug.ReadBuildInfo()
	if info != nil {
		for _, s := range info.Settings {
			if s.Key == "-race" && s.Value == "true" {
				return n/8 + 1
			}
		}
	}
	return n
}

// checkout is the folder of go.mod.
func checkout(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("there is no go.mod above the test")
		}
		dir = up
	}
}

// Schema is one JSON schema of draft 4 or 6, as far as OCPP uses them.
type Schema struct {
	root     node
	compiled *jsonschema.Schema
}

// node is a schema within a schema.
type node map[string]any

// Load reads the schema in file.
func Load(t testing.TB, file string) *Schema {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := parse(data)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return s
}

func parse(data []byte) (*Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		return nil, err
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		return nil, err
	}
	return &Schema{root: doc.(map[string]any), compiled: compiled}, nil
}

// Valid tells what is wrong with value, with formats checked.
func (s *Schema) Valid(value any) error { return s.compiled.Validate(value) }

// ValidText is Valid for a JSON text.
func (s *Schema) ValidText(text []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.Valid(value)
}

// resolve follows a reference to a definition.
func (s *Schema) resolve(n node) node {
	for {
		ref, ok := n["$ref"].(string)
		if !ok {
			return n
		}
		definitions := s.root["definitions"].(map[string]any)
		n = definitions[filepath.Base(ref)].(map[string]any)
	}
}

// property is the schema of property name of an object.
func (s *Schema) property(n node, name string) (node, bool) {
	properties, _ := n["properties"].(map[string]any)
	p, ok := properties[name].(map[string]any)
	if !ok {
		return nil, false
	}
	return s.resolve(p), true
}

// items is the schema of the elements of an array.
func (s *Schema) items(n node) node {
	list, _ := n["items"].(map[string]any)
	return s.resolve(list)
}

// text is a keyword with a string value.
func (n node) text(keyword string) string {
	s, _ := n[keyword].(string)
	return s
}

// limit is a keyword with a number, such as maxLength or minimum.
func (n node) limit(keyword string) (json.Number, bool) {
	x, ok := n[keyword].(json.Number)
	return x, ok
}

// count is a limit that is a whole number, or otherwise when there is none.
func (n node) count(keyword string, otherwise int) int {
	if x, ok := n.limit(keyword); ok {
		if i, err := x.Int64(); err == nil {
			return int(i)
		}
	}
	return otherwise
}

func (n node) open() bool {
	closed, ok := n["additionalProperties"].(bool)
	return !ok || closed
}

func (n node) required() map[string]bool {
	list, _ := n["required"].([]any)
	set := map[string]bool{}
	for _, name := range list {
		set[name.(string)] = true
	}
	return set
}

func (n node) enum() []any {
	list, _ := n["enum"].([]any)
	return list
}
