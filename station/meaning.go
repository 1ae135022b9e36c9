package station

import (
	_ "embed"
	"encoding/csv"
	"maps"
	"slices"
	"strings"
	"sync"

	"gnista"
)

// Meaning is what is known of a setting beyond what a station says of it.
type Meaning struct {
	Name     string // over all versions; empty where it has none
	Key      string // of OCPP 1.6; empty where it has none
	Variable string // of OCPP 2.x, without its EVSE; empty where it has none
	DataType string // as OCPP 2.x names them
	Unit     string
	Min, Max string
	Values   string
	Access   string // ReadOnly, WriteOnly or ReadWrite
	English  string
	Swedish  string
}

//go:embed meaning.csv
var meaningTable string

// meanings are those of the settings of the standards: by name over all versions, and by the name in a
// version in small letters.
var meanings = sync.OnceValue(func() (m struct{ byName, bySetting map[string]*Meaning }) {
	m.byName, m.bySetting = map[string]*Meaning{}, map[string]*Meaning{}
	r := csv.NewReader(strings.NewReader(meaningTable))
	r.Comma = ';'
	rows, err := r.ReadAll()
	if err != nil {
		panic(err) // the table is part of the program, and a test reads it
	}
	for _, f := range rows[1:] {
		x := &Meaning{Key: f[0], Variable: f[1], Name: f[2], DataType: f[3], Unit: f[4], Min: f[5], Max: f[6], Values: f[7], Access: f[8], English: f[9], Swedish: f[10]}
		if x.Name != "" {
			m.byName[x.Name] = x
		}
		for _, name := range []string{x.Key, x.Variable} {
			if name != "" {
				m.bySetting[strings.ToLower(name)] = x
			}
		}
	}
	return m
})

// Names lists the settings that have a name over all versions, by that.
func Names() []Meaning {
	known := meanings().byName
	out := []Meaning{{
		Name: FreeVend, Variable: "AuthCtrlr.Enabled", DataType: "boolean", English: "Anybody may charge; the opposite of authorisation-required", Swedish: "Vem som helst får ladda; motsatsen till authorisation-required",
	}}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		out = append(out, *known[name])
	}
	return out
}

// Meaning is what is known of v; nil where that is nothing.
func (v Variable) Meaning() *Meaning {
	v.EVSE = gnista.EVSE{}
	known := meanings().bySetting
	if m := known[strings.ToLower(v.Setting())]; m != nil {
		return m
	}
	v.Instance, v.NameOf = "", "" // of one language or vendor, for instance
	return known[strings.ToLower(v.Setting())]
}

// Described is v with what is known of it where the station said nothing.
func (v Variable) Described() Variable {
	m := v.Meaning()
	if m == nil {
		return v
	}
	for field, known := range map[*string]string{&v.DataType: m.DataType, &v.Unit: m.Unit, &v.Mutability: m.Access} {
		if *field == "" {
			*field = known
		}
	}
	if v.Min == "" && v.Max == "" {
		v.Min, v.Max = m.Min, m.Max
	}
	if v.Values == "" {
		v.Values = m.Values
	}
	return v
}

// FreeVend is the name of the setting by which anybody may charge. In OCPP 2.x it is that nobody needs
// to be authorised; 1.6 has no key for it, but some vendors have.
const FreeVend = "free-vend"

// find finds the setting of a name, which is one over all versions or the version's own, among those
// that the station has told. Capitals do not count (quirk Q21). What the station has not told is made
// up from what is known. Invalid, Unsupported.
func find(name, attribute string, version gnista.Version, told []Variable) (v Variable, inverted bool, err error) {
	if attribute == "" {
		attribute = Actual
	}
	own := name
	switch m := meanings().byName[strings.ToLower(name)]; {
	case strings.EqualFold(name, FreeVend):
		if own = "AuthCtrlr.Enabled"; version == gnista.V16 {
			own = ""
			for _, x := range told {
				if x.Component == "" && strings.Contains(strings.ToLower(x.Name), "freevend") {
					if _, ok := truth(x.Value); ok {
						own = x.Name
					}
				}
			}
		}
		inverted = version != gnista.V16
		if own == "" {
			return v, false, gnista.Errorf(gnista.Unsupported, "the station has told of no key for %q, and OCPP 1.6 has none", name)
		}
	case m != nil && version == gnista.V16:
		own = m.Key
	case m != nil:
		own = m.Variable
	}
	if m := meanings().bySetting[strings.ToLower(own)]; m != nil && version == gnista.V16 && !strings.EqualFold(own, m.Key) {
		own = "" // a variable of 2.x
	}
	if own == "" {
		return v, false, gnista.Errorf(gnista.Unsupported, "OCPP %s has nothing for %q", version, name)
	}
	for _, x := range told {
		if (x.Component == "") == (version == gnista.V16) && strings.EqualFold(x.Setting(), own) && strings.EqualFold(x.Attribute, attribute) {
			return x.Described(), inverted, nil
		}
	}
	v = Variable{Name: own, Attribute: attribute}
	if version != gnista.V16 {
		if v, err = ParseSetting(own); err != nil {
			return v, false, err
		}
		v.Attribute = attribute
	}
	return v.Described(), inverted, nil
}

// invert is the opposite of a truth value; anything else stays.
func invert(value string) string {
	switch b, ok := truth(value); {
	case !ok:
		return value
	case b:
		return "false"
	}
	return "true"
}
