package fault

import (
	"fmt"
	"slices"

	"gnista"
)

var (
	fixers  = []Fixer{Driver, Operator, Technician, Grid, Vehicle}
	classes = []Class{NoRemedy, Reseat, Unlock, Restart, Reconnect, CoolDown, LowerPower, Retry, SetClock, TakeOut, RenewCert, CallService}
)

// check tells what is wrong with a whole entry. Invalid, with the field.
func (e Entry) check() error {
	switch {
	case !slices.Contains(Severities, e.Severity):
		return gnista.Invalidf("severity", "%q is none of %v", e.Severity, Severities)
	case !slices.Contains(fixers, e.Fixer):
		return gnista.Invalidf("fixer", "%q is none of %v", e.Fixer, fixers)
	case !slices.Contains(classes, e.Remedy):
		return gnista.Invalidf("remedy", "%q is none of %q", e.Remedy, classes)
	case e.Value != "" && e.Value != "true" && e.Value != "false":
		return gnista.Invalidf("value", "%q is neither true nor false", e.Value)
	case e.Severity == Critical && e.Usable:
		return gnista.Invalidf("usable", "what is critical leaves no outlet usable")
	case (e.Severity == Low || e.Severity == Info) && !e.Usable:
		return gnista.Invalidf("usable", "an outlet that cannot be used is worse than %s", e.Severity)
	case e.Remedy == TakeOut && e.Usable:
		return gnista.Invalidf("remedy", "an outlet that is to be taken out of service is not usable")
	case e.NoFault && e.Severity != Info:
		return gnista.Invalidf("severity", "what is no fault is info")
	}
	for _, l := range []Language{Swedish, English} {
		t := e.Texts[l]
		for i, part := range t.parts() {
			if *part == "" {
				return gnista.Invalidf("texts."+string(l)+"."+partNames[i], "is missing")
			}
		}
	}
	return checkTexts(e.Texts)
}

// whole tells whether a record of a file says in both languages what it says in one.
func (r record) whole() error {
	sv, en := r.Texts[Swedish], r.Texts[English]
	for i, part := range sv.parts() {
		if (*part == "") != (*en.parts()[i] == "") {
			return fmt.Errorf("texts: %s is said in one language only", partNames[i])
		}
	}
	return checkTexts(r.Texts)
}
