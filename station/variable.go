package station

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gnista"
)

// Variable is one attribute of a setting of a station, as the station reported it: a configuration
// key of OCPP 1.6, which has no component, or a variable of the device model of 2.x.
type Variable struct {
	Component  string
	Instance   string // of the component
	EVSE       gnista.EVSE
	Name       string
	NameOf     string // instance of the variable
	Attribute  string // Actual, Target, MinSet or MaxSet
	Value      string // always empty for what is secret
	Mutability string // ReadOnly, WriteOnly, ReadWrite; empty where nobody said
	DataType   string
	Unit       string
	Min, Max   string // limits of a number; of a text or list Max is its greatest length
	Values     string // what it may be, with commas between; empty where that is open
	ReportedAt time.Time

	Wanted   string    // what the operator last wrote
	WantedAt time.Time // zero when that never was
}

// The attributes and mutabilities that matter here.
const (
	Actual    = "Actual"
	ReadOnly  = "ReadOnly"
	WriteOnly = "WriteOnly"
	ReadWrite = "ReadWrite"
)

// Setting is the name of v: the key (OCPP 1.6), or "Component.Variable" (2.x); an instance stands in
// brackets behind either, and the EVSE and connector behind the component as in
// "Connector#1:2.AvailabilityState".
func (v Variable) Setting() string {
	if v.Component == "" {
		return v.Name
	}
	b := v.Component
	if v.Instance != "" {
		b += "[" + v.Instance + "]"
	}
	if v.EVSE.ID > 0 {
		b += "#" + strconv.Itoa(v.EVSE.ID)
		if v.EVSE.Connector > 0 {
			b += ":" + strconv.Itoa(v.EVSE.Connector)
		}
	}
	b += "." + v.Name
	if v.NameOf != "" {
		b += "[" + v.NameOf + "]"
	}
	return b
}

// ParseSetting reads the name of a setting of OCPP 2.x, see [Variable.Setting]. Invalid.
func ParseSetting(name string) (Variable, error) {
	component, variable, ok := cutOutside(name)
	v, err := ParseComponent(component)
	v.Name, v.NameOf = cutInstance(variable)
	if !ok || err != nil || v.Name == "" {
		return v, gnista.Invalidf("name", "%q is not Component.Variable", name)
	}
	return v, nil
}

// ParseComponent reads the name of a component, as it stands in that of a setting. Invalid.
func ParseComponent(name string) (Variable, error) {
	v := Variable{Attribute: Actual}
	bad := gnista.Invalidf("name", "%q is not a component", name)
	component, at, placed := strings.Cut(name, "#")
	if placed {
		id, connector, both := strings.Cut(at, ":")
		var err error
		if v.EVSE.ID, err = strconv.Atoi(id); err != nil || v.EVSE.ID < 1 {
			return v, bad
		}
		if both {
			if v.EVSE.Connector, err = strconv.Atoi(connector); err != nil || v.EVSE.Connector < 1 {
				return v, bad
			}
		}
	}
	if v.Component, v.Instance = cutInstance(component); v.Component == "" {
		return v, bad
	}
	return v, nil
}

// cutOutside cuts at the first point that is not within brackets.
func cutOutside(name string) (before, after string, ok bool) {
	depth := 0
	for i, r := range name {
		switch r {
		case '[':
			depth++
		case ']':
			depth--
		case '.':
			if depth == 0 {
				return name[:i], name[i+1:], true
			}
		}
	}
	return name, "", false
}

func cutInstance(s string) (name, instance string) {
	name, rest, ok := strings.Cut(s, "[")
	if !ok {
		return s, ""
	}
	return name, strings.TrimSuffix(rest, "]")
}

// secrets are what the names of settings have in them whose values are never kept, shown or logged;
// vendors have more of those than OCPP.
var secrets = []string{"password", "passphrase", "secret", "authorizationkey", "vpnkey", "simpin"}

// Secret tells whether the setting of a name is a password or a key.
func Secret(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(name, s) })
}

// hidden tells whether the value of v is not for anybody to see.
func (v Variable) hidden() bool { return v.Mutability == WriteOnly || Secret(v.Name) }

// Lengths that are kept of what a station says; OCPP 2.1 has values of 2,500 characters and names of 50.
const (
	maxValueText = 2500
	maxNameText  = 100
	maxListText  = 1000
)

// kept is v as it is stored: without secrets, and no longer than it may be.
func (v Variable) kept() Variable {
	if v.Attribute == "" {
		v.Attribute = Actual
	}
	for _, text := range [...]*string{&v.Component, &v.Instance, &v.Name, &v.NameOf, &v.Attribute, &v.Mutability, &v.DataType, &v.Unit, &v.Min, &v.Max} {
		shorten(text, maxNameText)
	}
	shorten(&v.Value, maxValueText)
	shorten(&v.Values, maxListText)
	if v.hidden() {
		v.Value = ""
	}
	return v
}

func shorten(text *string, most int) {
	if len(*text) > most {
		*text = strings.ToValidUTF8((*text)[:most], "")
	}
}

// size is how much of the store v takes, roughly.
func (v Variable) size() int {
	return len(v.Component) + len(v.Instance) + len(v.Name) + len(v.NameOf) + len(v.Value) + len(v.Values) + 50
}

// check finds why value cannot be a value of v, which is called name for who asked. Invalid.
func (v Variable) check(name, value string) error {
	switch strings.ToLower(v.DataType) {
	case "boolean":
		if _, ok := truth(value); !ok {
			return gnista.Invalidf("value", "%s is true or false, not %q", name, value)
		}
		return nil
	case "integer":
		if _, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64); err != nil {
			return gnista.Invalidf("value", "%s is a whole number, not %q", name, value)
		}
		return v.checkRange(name, value)
	case "decimal":
		if _, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err != nil {
			return gnista.Invalidf("value", "%s is a number, not %q", name, value)
		}
		return v.checkRange(name, value)
	case "datetime":
		if _, err := time.Parse(time.RFC3339, value); err != nil && value != "" {
			return gnista.Invalidf("value", "%s is a time as in 2026-01-01T00:00:00Z, not %q", name, value)
		}
		return nil
	case "optionlist":
		if v.Values != "" && !slices.Contains(members(v.Values), value) {
			return gnista.Invalidf("value", "%s is one of %s, not %q", name, v.Values, value)
		}
	case "memberlist", "sequencelist":
		if v.Values != "" {
			for _, m := range members(value) {
				if !slices.Contains(members(v.Values), m) {
					return gnista.Invalidf("value", "%s has values of %s, and %q is none of them", name, v.Values, m)
				}
			}
		}
	}
	if most, err := strconv.ParseFloat(v.Max, 64); err == nil && most > 0 && float64(len(value)) > most {
		return gnista.Invalidf("value", "%s has at most %s characters", name, v.Max)
	}
	return nil
}

func (v Variable) checkRange(name, value string) error {
	x, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil {
		return gnista.Invalidf("value", "%s is a number, not %q", name, value)
	}
	if low, err := strconv.ParseFloat(v.Min, 64); err == nil && x < low {
		return gnista.Invalidf("value", "%s is at least %s, not %s", name, v.Min, value)
	}
	if high, err := strconv.ParseFloat(v.Max, 64); err == nil && x > high {
		return gnista.Invalidf("value", "%s is at most %s, not %s", name, v.Max, value)
	}
	return nil
}

// is tells whether the value a of v means the same as b.
func (v Variable) is(a, b string) bool {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	if a == b {
		return true
	}
	switch strings.ToLower(v.DataType) {
	case "boolean":
		x, known := truth(a)
		y, ok := truth(b)
		return known && ok && x == y
	case "integer", "decimal":
		x, err := strconv.ParseFloat(a, 64)
		y, bad := strconv.ParseFloat(b, 64)
		return err == nil && bad == nil && x == y
	case "memberlist":
		x, y := members(a), members(b)
		slices.Sort(x)
		slices.Sort(y)
		return slices.Equal(x, y)
	case "sequencelist":
		return slices.Equal(members(a), members(b))
	}
	return false
}

func truth(s string) (value, ok bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// members are the parts of a list with commas between.
func members(list string) []string {
	var out []string
	for m := range strings.SplitSeq(list, ",") {
		if m = strings.TrimSpace(m); m != "" {
			out = append(out, m)
		}
	}
	return out
}

// SettingError is what is wrong with one of several settings.
func settingError(i int, field string, format string, args ...any) error {
	return gnista.Invalidf(fmt.Sprintf("settings[%d].%s", i, field), format, args...)
}
