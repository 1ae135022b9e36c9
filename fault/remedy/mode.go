package remedy

import (
	"fmt"
	"slices"

	"gnista"
	"gnista/fault"
)

// Modes say where remedies are tried.
type Modes struct {
	Default Mode       `json:"default" enum:"off,dry-run,on" doc:"Where no rule says otherwise"`
	Rules   []ModeRule `json:"rules" nullable:"false" maxItems:"10000" doc:"A rule of a site and a class goes before one of a class, and that before one of a site"`
}

// ModeRule says it for a site, a class of faults, or a class at a site.
type ModeRule struct {
	Site  string      `json:"site,omitempty" maxLength:"100" doc:"Id; absent: everywhere"`
	Class fault.Class `json:"class,omitempty" maxLength:"100" doc:"Absent: of all classes"`
	Mode  Mode        `json:"mode" enum:"off,dry-run,on"`
}

// DefaultModes are those of a new system.
func DefaultModes() Modes { return Modes{Default: DryRun, Rules: []ModeRule{}} }

// For is the mode of a class at a site.
func (m Modes) For(site string, class fault.Class) Mode {
	best, mode := 0, m.Default
	for _, r := range m.Rules {
		weight := 0
		if r.Class != "" {
			weight += 2
		}
		if r.Site != "" {
			weight++
		}
		if (r.Class == "" || r.Class == class) && (r.Site == "" || r.Site == site) && weight > best {
			best, mode = weight, r.Mode
		}
	}
	return mode
}

// Check tells what is wrong with modes. Invalid.
func (m Modes) Check() error {
	if err := checkMode("default", m.Default); err != nil {
		return err
	}
	seen := map[ModeRule]bool{}
	for i, r := range m.Rules {
		field := func(name string) string { return fmt.Sprintf("rules[%d].%s", i, name) }
		if err := checkMode(field("mode"), r.Mode); err != nil {
			return err
		}
		if r.Site == "" && r.Class == "" {
			return gnista.Invalidf(field("site"), "and class are both missing; that is the default")
		}
		if r.Class != "" && !slices.Contains(Classes, r.Class) {
			return gnista.Invalidf(field("class"), "%q is no class of faults that has a ladder", r.Class)
		}
		where := ModeRule{Site: r.Site, Class: r.Class}
		if seen[where] {
			return gnista.Invalidf(field("site"), "there is another rule for the same")
		}
		seen[where] = true
	}
	return nil
}

func checkMode(field string, m Mode) error {
	if !slices.Contains([]Mode{Off, DryRun, On}, m) {
		return gnista.Invalidf(field, "%q is not off, dry-run or on", m)
	}
	return nil
}
