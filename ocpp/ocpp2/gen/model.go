package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// model is what is written: both versions in one.
type model struct {
	enums    []*enum
	types    []*object
	messages []*object
	actions  []action
}

type enum struct {
	def, name string
	values    []value
	latest    bool // the type came with 2.1
	open      bool // 2.1 allows any string
}

type value struct {
	name, text string
	latest     bool
}

// object is a datatype or a message.
type object struct {
	def, name string
	latest    bool // it came with 2.1
	message   bool
	fields    []*field
}

// field is a property. Its schema is nil in a version that does not have it.
type field struct {
	json, name            string
	old, now              *schema
	requiredOld, required bool
	shape                 shape
	pointer               bool // to the shape
}

// shape is what becomes of a schema in Go.
type shape struct {
	kind    kind
	goType  string
	element *shape // of an array
}

type kind int

const (
	text kind = iota
	enumeration
	number
	boolean
	instant
	structure
	array
	anything
)

type action struct {
	name, request, response string
	sender                  string
	latest                  bool
}

// merge makes the model and refuses what it was not made for.
func merge(old, now *spec) (*model, error) {
	m := &model{}
	b := &builder{old: old, now: now, open: map[string]bool{}, used: map[string]string{"Actions": "the list"}}
	for _, name := range slices.Sorted(maps.Keys(now.messages)) {
		b.action(m, name)
	}
	for _, def := range slices.Sorted(maps.Keys(now.types)) {
		if s := now.types[def]; s.Type == "object" && def != "CustomDataType" {
			m.types = append(m.types, b.object(def, typeName(def), s, old.types[def]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now.messages)) {
		o := b.object(name, requestName(name), now.messages[name], old.messages[name])
		o.message = true
		m.messages = append(m.messages, o)
	}
	for _, def := range slices.Sorted(maps.Keys(now.types)) {
		if s := now.types[def]; s.Enum != nil {
			m.enums = append(m.enums, b.enum(def, s, old.types[def]))
		}
	}
	for _, def := range slices.Sorted(maps.Keys(b.open)) {
		m.enums = append(m.enums, b.enum(def, old.types[def], old.types[def]))
	}
	slices.SortFunc(m.enums, func(x, y *enum) int { return strings.Compare(x.name, y.name) })
	slices.SortFunc(m.types, func(x, y *object) int { return strings.Compare(x.name, y.name) })
	for def := range old.types {
		if now.types[def] == nil && !b.open[def] {
			b.fail("%s is not in 2.1", def)
		}
	}
	for name := range old.messages {
		if now.messages[name] == nil {
			b.fail("%s is not in 2.1", name)
		}
	}
	return m, b.err
}

type builder struct {
	old, now *spec
	open     map[string]bool   // enumerations of 2.0.1 that 2.1 opened
	used     map[string]string // what has a Go name
	err      error             // the first
}

func (b *builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}

func (b *builder) claim(name, what string) {
	if other, taken := b.used[name]; taken {
		b.fail("both %s and %s would be named %s", other, what, name)
	}
	b.used[name] = what
}

// requestName is the Go name of a message: one that is not answered is a request as well.
func requestName(message string) string {
	if strings.HasSuffix(message, "Request") || strings.HasSuffix(message, "Response") {
		return message
	}
	return message + "Request"
}

func (b *builder) action(m *model, message string) {
	if strings.HasSuffix(message, "Response") {
		return
	}
	a := action{name: strings.TrimSuffix(message, "Request"), request: requestName(message), response: "ocppj.None"}
	if b.now.messages[a.name+"Response"] != nil {
		a.response = a.name + "Response"
	}
	a.sender = sender(a.name)
	a.latest = b.old.messages[message] == nil
	b.claim(a.name, "action "+a.name)
	m.actions = append(m.actions, a)
}

func (b *builder) enum(def string, now, old *schema) *enum {
	e := &enum{def: def, name: typeName(def), latest: old == nil, open: b.open[def]}
	b.claim(e.name, def)
	for _, text := range now.Enum {
		v := value{name: e.name + valueName(text), text: text}
		v.latest = old == nil || !slices.Contains(old.Enum, text)
		b.claim(v.name, def+" "+text)
		e.values = append(e.values, v)
	}
	if old != nil {
		for _, text := range old.Enum {
			if !slices.Contains(now.Enum, text) {
				b.fail("%s: 2.1 has no %s", def, text)
			}
		}
	}
	return e
}

func (b *builder) object(def, name string, now, old *schema) *object {
	o := &object{def: def, name: name, latest: old == nil}
	b.claim(name, def)
	if old == nil {
		old = now
	}
	seen := map[string]bool{}
	for _, json := range ordered(now) {
		f := &field{json: json, name: goName(json), old: old.Properties[json], now: now.Properties[json]}
		f.requiredOld, f.required = slices.Contains(old.Required, json), slices.Contains(now.Required, json)
		b.settle(def, f)
		if seen[f.name] {
			b.fail("%s has two properties %s", def, f.name)
		}
		seen[f.name] = true
		o.fields = append(o.fields, f)
	}
	for json := range old.Properties {
		if now.Properties[json] == nil {
			b.fail("%s.%s is not in 2.1", def, json)
		}
	}
	return o
}

// ordered are the properties: those required, in their order, the others, and customData.
func ordered(s *schema) []string {
	list := slices.Clone(s.Required)
	for _, json := range slices.Sorted(maps.Keys(s.Properties)) {
		if !slices.Contains(s.Required, json) && json != "customData" {
			list = append(list, json)
		}
	}
	if s.Properties["customData"] != nil {
		list = append(list, "customData")
	}
	return list
}

// settle finds the Go type of a field.
func (b *builder) settle(def string, f *field) {
	f.shape = b.shape(def+"."+f.json, f.now, f.old)
	always := f.required && f.requiredOld
	switch f.shape.kind {
	case array, anything, enumeration:
		// Nil and an empty value of an enumeration are absent, whatever is required.
	case text:
		// An empty text may have to be there in one version and is absent in the other.
		f.pointer = f.required != f.requiredOld
	case structure:
		// A struct without a required property of its own does not show that it is absent.
		f.pointer = !always || !b.tells(f.now.target())
	default:
		f.pointer = !always
	}
	if f.shape.kind == anything && (f.required || f.requiredOld) {
		b.fail("%s.%s is required and of any type", def, f.json)
	}
}

// tells is whether the datatype has a property that is required in every version.
func (b *builder) tells(def string) bool {
	now, old := b.now.types[def], b.old.types[def]
	for _, p := range now.Required {
		if old == nil || slices.Contains(old.Required, p) {
			return true
		}
	}
	return false
}

// shape makes the shape for a schema. The older schema may be nil.
func (b *builder) shape(at string, now, old *schema) shape {
	if old != nil && old.Ref != "" && now.Ref == "" {
		def := old.target()
		if now.Type != "string" || b.old.types[def].Enum == nil {
			b.fail("%s: %s became %s", at, def, now.Type)
		}
		b.open[def] = true
		return shape{kind: enumeration, goType: typeName(def)}
	}
	switch {
	case now.target() == "CustomDataType":
		return shape{kind: structure, goType: "ocppj.CustomData"}
	case now.Ref != "" && b.now.types[now.target()].Enum != nil:
		return shape{kind: enumeration, goType: typeName(now.target())}
	case now.Ref != "":
		return shape{kind: structure, goType: typeName(now.target())}
	case now.Format == "date-time":
		return shape{kind: instant, goType: "ocppj.DateTime"}
	case now.Format != "" || now.Enum != nil:
		b.fail("%s has a format or enumeration of its own", at)
	}
	switch now.Type {
	case "string":
		return shape{kind: text, goType: "string"}
	case "integer":
		return shape{kind: number, goType: "int"}
	case "number":
		return shape{kind: number, goType: "float64"}
	case "boolean":
		return shape{kind: boolean, goType: "bool"}
	case "":
		return shape{kind: anything, goType: "json.RawMessage"}
	case "array":
		var oldItems *schema
		if old != nil {
			oldItems = old.Items
		}
		e := b.shape(at, now.Items, oldItems)
		if e.kind > structure || e.kind == instant {
			b.fail("%s is an array of %s", at, e.goType)
		}
		return shape{kind: array, goType: "[]" + e.goType, element: &e}
	}
	b.fail("%s is of type %q", at, now.Type)
	return shape{}
}
