// Command gen writes docs/quirks.md from the table of quirks and the registry of models.
package main

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"

	"gnista/station"
)

func main() {
	out := flag.String("out", "../docs/quirks.md", "the file to write")
	flag.Parse()
	models, err := station.LoadModels()
	if err == nil {
		err = os.WriteFile(*out, []byte(document(models)), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func document(m *station.Models) string {
	var b strings.Builder
	b.WriteString(`# Quirks

What real stations do wrong, and what is done about it. This page is written from station/quirks.json and station/models.json by go generate.

Handling: *accept* is understood, kept as it came and counted; *repair* derives the right value and marks it so; *adapt* changes what the station is sent;
*guard* is that it breaks neither money nor safety.

What a station was seen to do is at ` + "`GET /api/v1/stations/{station}/quirks`" + `, with counts and examples. Each of Q1 to Q72 is a conversation in testdata/quirks.

## The quirks

| key | id | what stations do | handling | what is done |
|---|---|---|---|---|
`)
	for _, q := range m.Quirks() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", q.Key, q.ID, cell(q.Means), q.Handling, cell(q.Does))
	}
	b.WriteString(`
## Adaptations

A station is adapted to as its models say and as the operator says, who sets these fields by ` + "`PATCH /api/v1/stations/{station}`" + ` as ` + "`{\"adaptations\": {…}}`" + `.

| field | what it does |
|---|---|
`)
	for f := range reflect.TypeFor[station.Adaptations]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fmt.Fprintf(&b, "| %s | %s |\n", name, cell(f.Tag.Get("doc")))
	}
	b.WriteString(`
## Models

A station is of a model when what it told at its last boot matches. Texts are compared without case, and a * stands for any characters.

| model | vendor, model, firmware | quirks | adaptations | hints |
|---|---|---|---|---|
`)
	for _, x := range m.All() {
		matches := make([]string, len(x.Match))
		for i, r := range x.Match {
			matches[i] = matched(r)
		}
		fmt.Fprintf(&b, "| %s (%s) | %s | %s | %s | %s |\n", cell(x.Name), x.ID, cell(strings.Join(matches, " or ")), strings.Join(x.Quirks, ", "), cell(adapted(x.Adaptations)), cell(strings.Join(x.Hints, " ")))
	}
	return b.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func matched(r station.Match) string {
	text := func(s *string) string {
		if s == nil {
			return "any"
		}
		return fmt.Sprintf("`%s`", *s)
	}
	f := r.Firmware
	firmware := "any"
	switch {
	case f.Is != "":
		firmware = "`" + f.Is + "`"
	case f.From != "" && f.To != "":
		firmware = f.From + " to " + f.To
	case f.To != "":
		firmware = "up to " + f.To
	case f.From != "":
		firmware = f.From + " onwards"
	}
	return text(r.Vendor) + ", " + text(r.Model) + ", " + firmware
}

// adapted are the adaptations that are made, with their values.
func adapted(a station.Adaptations) string {
	var list []string
	v := reflect.ValueOf(a)
	for f, x := range v.Fields() {
		if x.IsZero() {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		for x.Kind() == reflect.Pointer {
			x = x.Elem()
		}
		if x.Kind() != reflect.Bool {
			name += fmt.Sprintf(" %v", x)
		}
		list = append(list, name)
	}
	return strings.Join(list, ", ")
}
