package fault

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gnista"
)

// partNames are the names of the parts of [Texts], in the order of its method parts.
var partNames = [...]string{"name", "driver", "operator", "technician"}

func (t *Texts) parts() [len(partNames)]*string {
	return [...]*string{&t.Name, &t.Driver, &t.Operator, &t.Technician}
}

// placeholders are the facts that texts may have in braces, with their units: a text behind the number, or a
// kind of value.
var placeholders = map[string]string{
	"limitA": "A", "measuredA": "A", "limitKW": "kW", "measuredKW": "kW", "voltageV": "V", "temperatureC": "°C",
	"energyKWh": "kWh", "percent": "%", "minutes": "min", "seconds": "s", "count": "", "days": "days",
	"since": "time", "until": "time",
	"code": "text", "station": "text", "evse": "text", "vendor": "text", "info": "text", "status": "text", "reason": "text",
	"command": "text", "file": "text", "address": "text", "name": "text",
}

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

// Say is what is said of a fault in a language, with its facts. What is in double brackets in a text is left
// out where a fact of it is not there. Times are said in zone; nil is UTC. The texts are plain: whoever shows
// them as HTML escapes them.
func (e Entry) Say(l Language, facts map[string]any, zone *time.Location) Texts {
	if _, ok := e.Texts[l]; !ok {
		l = English
	}
	known := maps.Clone(facts)
	if known == nil {
		known = map[string]any{}
	}
	known["code"] = e.Key.Code
	t := e.Texts[l]
	for _, part := range t.parts() {
		*part = fill(*part, l, known, zone)
	}
	return t
}

// Explain is what is said of a fault, with all that is known of it.
func (e Entry) Explain(f *Fault, l Language, zone *time.Location) Texts {
	facts := map[string]any{
		"info": f.Raw.Info, "reason": f.Raw.Info, "status": f.Raw.Status, "vendor": f.Raw.VendorID, "station": string(f.Station),
		"command": cmp.Or(f.Facts["order"], f.Facts["action"]), "address": f.Facts["remote"], "since": f.OpenedAt,
	}
	if f.EVSE.ID > 0 {
		facts["evse"] = f.EVSE.ID
	}
	maps.Copy(facts, f.Facts)
	return e.Say(l, facts, zone)
}

func fill(text string, l Language, facts map[string]any, zone *time.Location) string {
	if !strings.ContainsAny(text, "{[") {
		return text
	}
	put := func(s string) (out string, whole bool) {
		whole = true
		out = placeholder.ReplaceAllStringFunc(s, func(p string) string {
			name := p[1 : len(p)-1]
			value, ok := said(facts[name], placeholders[name], l, zone)
			whole = whole && ok
			return value
		})
		return out, whole
	}
	var b strings.Builder
	for text != "" {
		plain, rest, _ := strings.Cut(text, "[[")
		plain, _ = put(plain)
		b.WriteString(plain)
		optional, after, _ := strings.Cut(rest, "]]")
		if optional, whole := put(optional); whole {
			b.WriteString(optional)
		}
		text = after
	}
	return strings.TrimSpace(b.String())
}

// said is a fact in words; false where there is none that can be said.
func said(fact any, unit string, l Language, zone *time.Location) (string, bool) {
	if fact == nil {
		return "", false
	}
	switch unit {
	case "text":
		s := codeOf(fmt.Sprint(fact))
		if words, ok := reasons[s]; ok {
			s = words[l]
		}
		return s, s != ""
	case "time":
		return saidTime(fact, zone)
	}
	n, ok := number(fact)
	if !ok {
		return "", false
	}
	s := strconv.FormatFloat(math.Round(n*10)/10, 'f', -1, 64)
	if l == Swedish {
		s = strings.Replace(s, ".", ",", 1)
	}
	switch unit {
	case "":
		return s, true
	case "days":
		unit = map[Language][2]string{Swedish: {"dag", "dagar"}, English: {"day", "days"}}[l][1]
		if s == "1" {
			unit = map[Language]string{Swedish: "dag", English: "day"}[l]
		}
	case "%":
		if l == English {
			return s + unit, true
		}
	}
	return s + "\u00a0" + unit, true // a unit stays on the line of its number
}

// reasons are the words for facts that are words of ours for machines.
var reasons = map[string]map[Language]string{
	"meter-reset":     {Swedish: "mätarställningen gick baklänges", English: "the register went backwards"},
	"meter-disagrees": {Swedish: "början och slut säger annat än värdena däremellan", English: "begin and end say other than the readings between"},
	"implausible":     {Swedish: "mer energi än uttaget kan ge på den tiden", English: "more energy than the outlet can give in that time"},
	"register-still":  {Swedish: "mätaren står stilla fast ström flyter", English: "the register stands still though current flows"},
}

func saidTime(fact any, zone *time.Location) (string, bool) {
	at, ok := fact.(time.Time)
	if s, text := fact.(string); text {
		var err error
		at, err = time.Parse(time.RFC3339, s)
		ok = err == nil
	}
	if !ok || at.IsZero() {
		return "", false
	}
	if zone == nil {
		return at.UTC().Format("2006-01-02 15:04 UTC"), true
	}
	return at.In(zone).Format("2006-01-02 15:04"), true
}

func number(fact any) (n float64, ok bool) {
	switch x := fact.(type) {
	case float64:
		n = x
	case int:
		n = float64(x)
	default: // what is a number as JSON, for that is how facts are kept
		b, err := json.Marshal(fact)
		if err != nil || json.Unmarshal(b, &n) != nil {
			return 0, false
		}
	}
	return n, !math.IsNaN(n) && !math.IsInf(n, 0) && math.Abs(n) < 1e12
}

const (
	maxName = 80
	maxText = 800
)

// checkTexts tells what is wrong with texts that are said in place of others.
func checkTexts(texts map[Language]Texts) error {
	uses := map[string][]string{}
	for _, l := range slices.Sorted(maps.Keys(texts)) {
		if l != Swedish && l != English {
			return gnista.Invalidf("texts", "%q is no language of the catalogue: those are sv and en", l)
		}
		t := texts[l]
		for i, part := range t.parts() {
			field := "texts." + string(l) + "." + partNames[i]
			most := maxText
			if i == 0 {
				most = maxName
			}
			used, err := checkText(field, *part, most)
			if err != nil {
				return err
			}
			if *part == "" {
				continue
			}
			if other, both := uses[partNames[i]]; both && !slices.Equal(used, other) {
				return gnista.Invalidf(field, "has other placeholders than the other language: %v, not %v", used, other)
			}
			uses[partNames[i]] = used
		}
	}
	return nil
}

// checkText tells what is wrong with a text, or which placeholders it has.
func checkText(field, text string, most int) (used []string, err error) {
	switch {
	case utf8.RuneCountInString(text) > most:
		return nil, gnista.Invalidf(field, "is longer than %d characters", most)
	case !utf8.ValidString(text):
		return nil, gnista.Invalidf(field, "is not valid UTF-8")
	case strings.TrimSpace(text) != text:
		return nil, gnista.Invalidf(field, "begins or ends with a space")
	}
	for _, r := range text {
		if !unicode.IsPrint(r) && r != '\u00a0' {
			return nil, gnista.Invalidf(field, "has the character %U, which does not show", r)
		}
	}
	depth := 0
	for rest := text; rest != ""; {
		switch {
		case strings.HasPrefix(rest, "[["):
			depth++
			rest = rest[2:]
		case strings.HasPrefix(rest, "]]"):
			depth--
			rest = rest[2:]
		case rest[0] == '{':
			name, after, ok := strings.Cut(rest[1:], "}")
			if _, known := placeholders[name]; !ok || !known {
				return nil, gnista.Invalidf(field, "{%s} is no placeholder; there are %s", beginning(name, 20), strings.Join(slices.Sorted(maps.Keys(placeholders)), ", "))
			}
			if depth == 0 && name != "code" {
				return nil, gnista.Invalidf(field, "{%s} may be missing: put the words that need it in [[double brackets]], which are then left out", name)
			}
			if !slices.Contains(used, name) {
				used = append(used, name)
			}
			rest = after
		case rest[0] == '}':
			return nil, gnista.Invalidf(field, "has a } without a {")
		default:
			rest = rest[1:]
		}
		if depth < 0 || depth > 1 {
			return nil, gnista.Invalidf(field, "[[ and ]] do not go in pairs, or are within each other")
		}
	}
	if depth != 0 {
		return nil, gnista.Invalidf(field, "a [[ is without its ]]")
	}
	slices.Sort(used)
	return used, nil
}

func beginning(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}
