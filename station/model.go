package station

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

//go:generate go run ./gen

// Model is an entry of the registry of models: which stations it is about, and what is known of them. A
// station may be one of several entries, the later of which say more than the earlier.
type Model struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Match       []Match     `json:"match"` // one of them
	Quirks      []string    `json:"quirks,omitempty"`
	Adaptations Adaptations `json:"adaptations,omitzero"`
	Hints       []string    `json:"hints,omitempty"`
}

// Match says which stations a model is about. Texts are compared without case; a * stands for any
// characters, and an absent rule holds for all.
type Match struct {
	Vendor   *string  `json:"vendor,omitempty"`
	Model    *string  `json:"model,omitempty"`
	Firmware Firmware `json:"firmware,omitzero"`
}

// Firmware says which versions of a firmware are meant: those like a text, or a range of them with both
// ends. Numbers within them are compared as numbers.
type Firmware struct {
	Is   string `json:"is,omitempty"`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// Models is the registry of models.
type Models struct {
	quirks []Quirk
	models []Model
}

//go:embed models.json
var modelData []byte

// LoadModels reads the registry that comes with the program.
func LoadModels() (*Models, error) { return readModels(quirkData, modelData) }

func readModels(quirks, models []byte) (*Models, error) {
	m := &Models{}
	if err := readData(quirks, &m.quirks); err != nil {
		return nil, fmt.Errorf("reading the table of quirks: %w", err)
	}
	if err := readData(models, &m.models); err != nil {
		return nil, fmt.Errorf("reading the registry of models: %w", err)
	}
	keys, ids := map[string]bool{}, map[string]bool{}
	for _, q := range m.quirks {
		if keys[q.Key] || ids[q.ID] || q.Key == "" || q.ID == "" || q.Means == "" || q.Does == "" || !slices.Contains([]Handling{Accepts, Repairs, Adapts, Guards}, q.Handling) {
			return nil, fmt.Errorf("quirk %q is not whole, or is there twice", q.Key)
		}
		keys[q.Key], ids[q.ID] = true, true
	}
	ids = map[string]bool{}
	for _, x := range m.models {
		if ids[x.ID] || x.ID == "" || x.Name == "" || len(x.Match) == 0 {
			return nil, fmt.Errorf("model %q is not whole, or is there twice", x.ID)
		}
		ids[x.ID] = true
		for _, key := range x.Quirks {
			if !keys[key] {
				return nil, fmt.Errorf("model %q has quirk %q, which is not in the table", x.ID, key)
			}
		}
		if err := x.Adaptations.Check("adaptations"); err != nil {
			return nil, fmt.Errorf("model %q: %w", x.ID, err)
		}
		for _, r := range x.Match {
			if r.Vendor == nil && r.Model == nil {
				return nil, fmt.Errorf("model %q would be any station", x.ID)
			}
		}
	}
	return m, nil
}

func readData(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// Quirks is the table of quirks.
func (m *Models) Quirks() []Quirk { return m.quirks }

// All lists the models in their order.
func (m *Models) All() []Model { return m.models }

// treatment is how the models of a station have it dealt with. One that has never told what it is has
// no model, and no registry knows none.
func (m *Models) treatment(s Station) (t Treatment) {
	if m == nil || s.BootedAt.IsZero() {
		return t
	}
	for _, x := range m.models {
		if !slices.ContainsFunc(x.Match, func(r Match) bool { return r.holds(s) }) {
			continue
		}
		t.Models = append(t.Models, x.ID)
		t.Hints = append(t.Hints, x.Hints...)
		for _, key := range x.Quirks {
			if !slices.Contains(t.Quirks, key) {
				t.Quirks = append(t.Quirks, key)
			}
		}
		t.Adaptations = t.Adaptations.With(x.Adaptations)
	}
	return t
}

func (r Match) holds(s Station) bool {
	return (r.Vendor == nil || like(*r.Vendor, s.Vendor)) && (r.Model == nil || like(*r.Model, s.Model)) && r.Firmware.holds(s.Firmware)
}

// like tells whether s is like a pattern, in which * stands for any characters.
func like(pattern, s string) bool {
	parts := strings.Split(strings.ToLower(pattern), "*")
	s = strings.ToLower(strings.TrimSpace(s))
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok || len(parts) == 1 {
		return ok && s == ""
	}
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return strings.HasSuffix(s, parts[len(parts)-1])
}

func (f Firmware) holds(version string) bool {
	switch {
	case f.Is != "" && !like(f.Is, version),
		f.From != "" && compareVersions(version, f.From) < 0,
		f.To != "" && compareVersions(version, f.To) > 0:
		return false
	}
	return f == (Firmware{}) || version != ""
}

// compareVersions compares versions part by part, numbers as numbers: 1.10 comes behind 1.9.
func compareVersions(a, b string) int {
	x, y := versionParts(a), versionParts(b)
	return slices.CompareFunc(x, y, func(p, q string) int {
		m, err := strconv.ParseUint(p, 10, 63)
		n, err2 := strconv.ParseUint(q, 10, 63)
		switch {
		case err == nil && err2 == nil && m < n:
			return -1
		case err == nil && err2 == nil && m > n:
			return 1
		case err == nil && err2 == nil:
			return 0
		}
		return strings.Compare(p, q)
	})
}

// versionParts are the runs of digits and of letters in a version.
func versionParts(s string) []string {
	var parts []string
	s = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(s)), "v")
	for s != "" {
		kind := func(r rune) int {
			switch {
			case unicode.IsDigit(r):
				return 1
			case unicode.IsLetter(r):
				return 2
			}
			return 0
		}
		first := kind([]rune(s)[0])
		n := strings.IndexFunc(s, func(r rune) bool { return kind(r) != first })
		if n < 0 {
			n = len(s)
		}
		if first != 0 {
			parts = append(parts, s[:n])
		}
		s = s[n:]
	}
	return parts
}
