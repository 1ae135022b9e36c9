package main

import (
	"fmt"
	"slices"
	"strings"
)

// checks are the statements that judge a field: those of both versions, those of 2.0.1, those of 2.1.
func (f *field) checks() (both, old, now []string) {
	now = f.statements(f.now, f.required)
	if f.old == nil {
		return nil, []string{when(f.present(), fmt.Sprintf("c.Since(ocppj.V21, %q, true)", f.json))}, now
	}
	old = f.statements(f.old, f.requiredOld)
	for _, s := range now {
		if slices.Contains(old, s) {
			both = append(both, s)
		}
	}
	shared := func(s string) bool { return slices.Contains(both, s) }
	return both, slices.DeleteFunc(old, shared), slices.DeleteFunc(now, shared)
}

// present is the condition that a field has a value.
func (f *field) present() string {
	switch {
	case f.pointer, f.shape.kind == array, f.shape.kind == anything:
		return f.expr() + " != nil"
	case f.shape.kind == text, f.shape.kind == enumeration:
		return f.expr() + ` != ""`
	}
	panic("no way to tell whether " + f.json + " is there")
}

func (f *field) expr() string { return "m." + f.name }

// statements judge a field by one version.
func (f *field) statements(s *schema, required bool) []string {
	var list []string
	missing := fmt.Sprintf("c.Missing(%q)", f.json)
	path, x := fmt.Sprintf("%q", f.json), f.expr()
	switch always := f.required && f.requiredOld; {
	case f.pointer:
		value := "*" + x
		if f.shape.kind == structure || f.shape.kind == instant {
			value = x
		}
		if required {
			list = append(list, when(x+" == nil", missing))
		}
		return append(list, guarded(x+" != nil", f.shape.limits(s, path, value))...)
	case f.shape.kind == array:
		if required {
			list = append(list, when(x+" == nil", missing))
		}
		if s.MinItems > 0 || s.MaxItems > 0 {
			list = append(list, when(x+" != nil", fmt.Sprintf("c.Items(%q, len(%s), %d, %d)", f.json, x, s.MinItems, s.MaxItems)))
		}
		return append(list, f.elements(s.Items)...)
	case f.shape.kind == enumeration && !always:
		if required {
			list = append(list, when(x+` == ""`, missing))
		}
		return append(list, guarded(x+` != ""`, f.shape.limits(s, path, x))...)
	case required && f.shape.kind != structure:
		list = append(list, fmt.Sprintf("c.Required(%q, %s)", f.json, f.shape.zero(x)))
	}
	if f.shape.kind == instant {
		x = "&" + x
	}
	return append(list, f.shape.limits(s, path, x)...)
}

// elements judges those of an array.
func (f *field) elements(s *schema) []string {
	e, x := f.shape.element, f.expr()
	if e.kind == structure {
		return []string{fmt.Sprintf("for i := range %s {\nn := c.Len()\n%s[i].Check(c)\nc.Index(n, %q, i)\n}", x, x, f.json)}
	}
	inner := e.limits(s, `""`, "x")
	if len(inner) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("for i, x := range %s {\nn := c.Len()\n%s\nc.Index(n, %q, i)\n}", x, strings.Join(inner, "\n"), f.json)}
}

// zero is the condition that x has its zero value.
func (sh shape) zero(x string) string {
	switch sh.kind {
	case text, enumeration:
		return x + ` == ""`
	case number:
		return x + " == 0"
	case boolean:
		return "!" + x
	case instant:
		return x + ".IsZero()"
	}
	panic("no zero value of " + sh.goType)
}

// limits judge the value x, which is there. An instant x is a pointer. No function is called for
// a plain value within the limits.
func (sh shape) limits(s *schema, path, x string) []string {
	var list []string
	add := func(condition, format string, args ...any) {
		list = append(list, when(condition, fmt.Sprintf(format, args...)))
	}
	switch sh.kind {
	case text:
		if s.MaxLength != nil {
			add(fmt.Sprintf("len(%s) > %d", x, *s.MaxLength), "c.MaxLength(%s, %s, %d)", path, x, *s.MaxLength)
		}
	case enumeration:
		if s.Ref != "" {
			add("!"+x+".Valid(c.Version)", "c.Enum(%s, string(%s), false)", path, x)
		} else if s.MaxLength != nil {
			add(fmt.Sprintf("len(%s) > %d", x, *s.MaxLength), "c.MaxLength(%s, string(%s), %d)", path, x, *s.MaxLength)
		}
	case number:
		float := x
		if sh.goType == "int" {
			float = "float64(" + x + ")"
		} else if s.Type == "integer" {
			list = append(list, fmt.Sprintf("c.Integer(%s, %s)", path, x))
		}
		if s.Minimum != nil {
			add(fmt.Sprintf("%s < %v", x, *s.Minimum), "c.Min(%s, %s, %v)", path, float, *s.Minimum)
		}
		if s.Maximum != nil {
			add(fmt.Sprintf("%s > %v", x, *s.Maximum), "c.Max(%s, %s, %v)", path, float, *s.Maximum)
		}
	case instant:
		list = append(list, fmt.Sprintf("c.Time(%s, %s)", path, x))
	case structure:
		list = append(list, fmt.Sprintf("{\nn := c.Len()\n%s.Check(c)\nc.Within(n, %s)\n}", x, path))
	}
	return list
}

// when is the statement that does then under a condition.
func when(condition string, then ...string) string {
	return "if " + condition + " {\n" + strings.Join(then, "\n") + "\n}"
}

// guarded puts each statement under a condition.
func guarded(condition string, list []string) []string {
	for i, s := range list {
		if own, conditional := strings.CutPrefix(s, "if "); conditional {
			list[i] = "if " + condition + " && " + own
		} else if strings.HasPrefix(s, "{") {
			list[i] = "if " + condition + " " + s
		} else {
			list[i] = when(condition, s)
		}
	}
	return list
}
