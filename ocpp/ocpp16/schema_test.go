package ocpp16_test

import (
	"encoding/json"
	"hash/fnv"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"gnista/ocpp/ocppj"
	"gnista/ocpp/schematest"
)

// Every message accepts what its schema accepts, and nothing else.
func TestSchemas(t *testing.T) {
	times := schematest.Times(300)
	dir := filepath.Join(schematest.Dir(t), "v16")
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	all := messages()
	if len(files) != len(all) {
		t.Errorf("%d schemas, %d messages", len(files), len(all))
	}
	refused := 0
	for name, empty := range all {
		s := schematest.Load(t, filepath.Join(dir, name+".json"))
		seed := fnv.New64()
		seed.Write([]byte(name))
		r := rand.New(rand.NewPCG(16, seed.Sum64()))
		for range times {
			value := s.Random(r)
			accepted(t, name, s, encode(t, value), empty)

			mutated, what := s.Mutate(r, value)
			text := encode(t, mutated)
			want := s.Valid(mutated)
			if want != nil {
				refused++
			}
			found, bad := ocppj.Decode(text, empty(), ocppj.V16, ocppj.Strict)
			if ours := bad == nil && len(found) == 0; ours != (want == nil) {
				t.Errorf("%s, %s\n%s\nschema: %v\nours: %v, %v", name, what, text, want, found, bad)
			}
		}
	}
	if refused < len(all)*times/3 {
		t.Errorf("only %d mutations were refused", refused)
	}
}

// accepted checks that a valid message is taken without complaint and written as a valid one.
func accepted(t *testing.T, name string, s *schematest.Schema, text []byte, empty func() ocppj.Checked) {
	t.Helper()
	m := empty()
	if found, bad := ocppj.Decode(text, m, ocppj.V16, ocppj.Strict); bad != nil || len(found) > 0 {
		t.Errorf("%s\n%s\nours: %v, %v", name, text, found, bad)
	}
	if own := ocppj.Judge(m, ocppj.V16); len(own) > 0 {
		t.Errorf("%s\n%s\njudged: %v", name, text, own)
	}
	once, err := ocppj.Marshal(m)
	if err != nil {
		t.Fatalf("%s\n%s\n%v", name, text, err)
	}
	if err := s.ValidText(once); err != nil {
		t.Errorf("%s\n%s\nis written\n%s\n%v", name, text, once, err)
	}
	back := empty()
	ocppj.Decode(once, back, ocppj.V16, ocppj.Tolerant)
	if twice, _ := ocppj.Marshal(back); string(twice) != string(once) {
		t.Errorf("%s\n%s\nis written\n%s", name, once, twice)
	}
}

func encode(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
