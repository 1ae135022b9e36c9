package alert

import (
	"bytes"
	"cmp"
	"context"
	htmltemplate "html/template"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"text/template"
	"time"
	"unicode"

	"gnista"
	"gnista/fault"
)

// Message is what is told, in the words of its reader. It does not change while it is tried.
type Message struct {
	Language fault.Language `json:"language,omitempty"`
	Zone     string         `json:"zone,omitempty"`   // of times
	Person   string         `json:"person,omitempty"` // id of the reader
	Route    string         `json:"route,omitempty"`  // name
	Level    int            `json:"level,omitempty"`  // from 1
	About    []Mention      `json:"about,omitempty"`
	More     int            `json:"more,omitempty"` // that are left out
	Event    *gnista.Event  `json:"event,omitempty"`
}

// Mention is one fault or incident of a message.
type Mention struct {
	Alert    string           `json:"alert,omitempty" doc:"Id of the alert"`
	Cause    Cause            `json:"cause,omitempty" doc:"Of one in a summary: why it was told"`
	Kind     string           `json:"kind" enum:"fault,incident"`
	ID       string           `json:"id"`
	Case     int              `json:"case"`
	Key      string           `json:"key" doc:"Source and code"`
	Severity fault.Severity   `json:"severity"`
	Name     string           `json:"name" doc:"In the reader's language"`
	Todo     string           `json:"todo,omitempty" doc:"What to do"`
	Tried    []string         `json:"tried,omitempty" doc:"What was done already"`
	Site     string           `json:"site,omitempty" doc:"Id"`
	SiteName string           `json:"siteName,omitempty"`
	Station  gnista.StationID `json:"station,omitempty"`
	EVSE     int              `json:"evse,omitempty"`
	Faults   int              `json:"faults,omitempty" doc:"Of an incident"`
	Since    time.Time        `json:"since"`
	Cleared  time.Time        `json:"clearedAt,omitzero"`
	Raw      string           `json:"raw,omitempty" doc:"What the station said"`
}

// How much a message holds.
const (
	mostItemsTold = 50
	mostTried     = 10
	mostWord      = 200  // characters of a name, or of what a station said
	mostText      = 1000 // of a text of the catalogue
)

func (m *Message) add(it Mention) {
	if len(m.About) == mostItemsTold {
		m.More++
		return
	}
	m.About = append(m.About, it)
}

// plain is a text of one line without control characters, of so many characters at the most.
func plain(s string, most int) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))), " ")
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}

// item tells of a subject in a person's words.
func (a *Alerts) item(ctx context.Context, s Subject, p Person) (Mention, error) {
	language := cmp.Or(p.Language, fault.English)
	it := Mention{
		Kind: s.Kind, ID: s.ID, Case: s.Case, Key: plain(s.Key.String(), mostWord), Severity: s.Severity, Site: s.Site, Station: s.Station, EVSE: s.EVSE, Faults: s.Faults,
		Since: s.Since, Cleared: s.ClearedAt,
	}
	e := a.Catalogue.Find(s.Key, s.Raw)
	facts := map[string]any{"since": s.Since, "info": s.Raw.Info}
	maps.Copy(facts, s.Facts)
	t := e.Say(language, facts, a.in(p.Zone))
	it.Name = plain(cmp.Or(t.Name, s.Key.String()), mostWord)
	it.Todo = plain(cmp.Or(map[bool]string{true: t.Technician}[p.Technician], t.Operator), mostText)
	if s.Site != "" {
		it.SiteName = plain(a.Names.SiteName(ctx, s.Site), mostWord)
	}
	var raw []string
	for _, w := range []string{s.Raw.Status, s.Raw.Code, s.Raw.VendorID, s.Raw.VendorCode, s.Raw.Component, s.Raw.Variable, s.Raw.Value, s.Raw.Info} {
		if w = plain(w, mostWord); w != "" {
			raw = append(raw, w)
		}
	}
	it.Raw = plain(strings.Join(raw, " · "), mostWord)
	if a.Tried != nil && s.Kind == OfFault {
		tried, err := a.Tried(ctx, s.ID, language)
		if err != nil {
			return it, err
		}
		for _, x := range tried[max(0, len(tried)-mostTried):] {
			it.Tried = append(it.Tried, plain(x, mostWord))
		}
	}
	return it, nil
}

// link is the screen of a fault or an incident; empty where we have no address.
func (a *Alerts) link(it Mention) string {
	if a.base() == "" {
		return ""
	}
	return a.base() + "/" + it.Kind + "s/" + url.PathEscape(it.ID)
}

// letter is a message as people read it.
type letter struct {
	Message
	Words map[string]string
	Cause Cause
	Lines []line
	Home  string // address of ours
	Zone  *time.Location
	Note  string // whether it may have come before
}

type line struct {
	Mention
	Link string
	Ack  string // where it is acknowledged
}

func (a *Alerts) letter(x Delivery, ack func(alert string) string) letter {
	l := letter{Message: x.Message, Words: words[x.Message.Language], Cause: x.Cause, Home: a.base(), Zone: a.in(x.Message.Zone)}
	if l.Words == nil {
		l.Words = words[fault.English]
	}
	for _, it := range x.Message.About {
		v := line{Mention: it, Link: a.link(it)}
		if it.Alert != "" && it.Cleared.IsZero() && it.Cause != OnCleared && x.Cause != OnCleared && x.Cause != OnDigest {
			v.Ack = ack(it.Alert)
		}
		l.Lines = append(l.Lines, v)
	}
	if x.Doubtful {
		l.Note = l.Words["double"]
	}
	return l
}

// Title is the message in one line.
func (l letter) Title() string {
	w := l.Words
	switch {
	case l.Cause == OnTest:
		return w["test"]
	case l.Cause == OnDigest && len(l.Lines) == 0:
		return w["digest-none"]
	case l.Cause == OnDigest:
		return w["digest"] + " " + strconv.Itoa(len(l.Lines)+l.More)
	case l.Cause == OnSummary:
		return w["summary"] + " " + strconv.Itoa(len(l.Lines)+l.More)
	case len(l.Lines) == 0:
		return "Gnista"
	}
	x := l.Lines[0]
	head := w[string(x.Severity)]
	if l.Cause != OnOpened {
		head = w[string(l.Cause)]
	}
	return plain("["+head+"] "+x.Name+" – "+l.Place(x)+" ("+w["case"]+" "+strconv.Itoa(x.Case)+")", 2*mostWord)
}

// Place is where it is.
func (l letter) Place(x line) string {
	var parts []string
	if x.SiteName != "" {
		parts = append(parts, x.SiteName)
	}
	if x.Station != "" {
		parts = append(parts, plain(string(x.Station), mostWord))
	}
	if x.EVSE > 0 {
		parts = append(parts, l.Words["evse"]+" "+strconv.Itoa(x.EVSE))
	}
	if len(parts) == 0 {
		return l.Words["system"]
	}
	return strings.Join(parts, ", ")
}

// When is a time as the reader's clock shows it.
func (l letter) When(t time.Time) string { return t.In(l.Zone).Format("2006-01-02 15:04 MST") }

// W is a word in the reader's language.
func (l letter) W(key any) string { return l.Words[plain(toString(key), mostWord)] }

func toString(v any) string {
	switch x := v.(type) {
	case Cause:
		return string(x)
	case fault.Severity:
		return string(x)
	case string:
		return x
	}
	return ""
}

var textLetter = template.Must(template.New("").Parse(`{{with .Note}}{{.}}

{{end}}{{if eq .Cause "test"}}{{.W "test-text"}}
{{end}}{{$l := .}}{{range .Lines}}{{if .Cause}}[{{$l.W .Cause}}] {{end}}{{.Name}}
{{$l.W "place"}}: {{$l.Place .}}
{{$l.W "severity"}}: {{$l.W .Severity}} · {{$l.W "case"}} {{.Case}}
{{$l.W "since"}}: {{$l.When .Since}}{{if not .Cleared.IsZero}}
{{$l.W "cleared-at"}}: {{$l.When .Cleared}}{{end}}{{if .Faults}}
{{$l.W "faults"}}: {{.Faults}}{{end}}{{with .Todo}}
{{$l.W "todo"}}: {{.}}{{end}}{{range .Tried}}
{{$l.W "tried"}}: {{.}}{{end}}{{with .Raw}}
{{$l.W "raw"}}: {{.}}{{end}}{{with .Link}}
{{.}}{{end}}{{with .Ack}}
{{$l.W "ack"}}: {{.}}{{end}}

{{end}}{{if .More}}{{.W "more"}}: {{.More}}
{{end}}{{with .Route}}-- 
{{$l.W "route"}}: {{.}}{{if gt $l.Level 1}}, {{$l.W "level"}} {{$l.Level}}{{end}}
{{end}}`))

var htmlLetter = htmltemplate.Must(htmltemplate.New("").Parse(`<!doctype html>
<html lang="{{.Language}}"><head><meta charset="utf-8"><title>{{.Title}}</title></head>
<body style="font-family:sans-serif;max-width:40em">
{{with .Note}}<p><em>{{.}}</em></p>
{{end}}{{if eq .Cause "test"}}<p>{{.W "test-text"}}</p>
{{end}}{{$l := .}}{{range .Lines}}<h2 style="font-size:1.1em">{{if .Cause}}[{{$l.W .Cause}}] {{end}}{{.Name}}</h2>
<table cellpadding="3">
<tr><th align="left">{{$l.W "place"}}</th><td>{{$l.Place .}}</td></tr>
<tr><th align="left">{{$l.W "severity"}}</th><td>{{$l.W .Severity}} · {{$l.W "case"}} {{.Case}}</td></tr>
<tr><th align="left">{{$l.W "since"}}</th><td>{{$l.When .Since}}</td></tr>
{{if not .Cleared.IsZero}}<tr><th align="left">{{$l.W "cleared-at"}}</th><td>{{$l.When .Cleared}}</td></tr>
{{end}}{{if .Faults}}<tr><th align="left">{{$l.W "faults"}}</th><td>{{.Faults}}</td></tr>
{{end}}{{with .Todo}}<tr><th align="left">{{$l.W "todo"}}</th><td>{{.}}</td></tr>
{{end}}{{range .Tried}}<tr><th align="left">{{$l.W "tried"}}</th><td>{{.}}</td></tr>
{{end}}{{with .Raw}}<tr><th align="left">{{$l.W "raw"}}</th><td>{{.}}</td></tr>
{{end}}</table>
{{if or .Link .Ack}}<p>{{with .Ack}}<a href="{{.}}">{{$l.W "ack"}}</a> {{end}}{{with .Link}}<a href="{{.}}">{{$l.W "link"}}</a>{{end}}</p>
{{end}}{{end}}{{if .More}}<p>{{.W "more"}}: {{.More}}</p>
{{end}}{{with .Route}}<hr><p><small>{{$l.W "route"}}: {{.}}{{if gt $l.Level 1}}, {{$l.W "level"}} {{$l.Level}}{{end}}</small></p>
{{end}}</body></html>
`))

// text and html are the letter in the two forms of a mail.
func (l letter) text() (string, error) {
	var b bytes.Buffer
	err := textLetter.Execute(&b, l)
	return b.String(), err
}

func (l letter) html() (string, error) {
	var b bytes.Buffer
	err := htmlLetter.Execute(&b, l)
	return b.String(), err
}

var words = map[fault.Language]map[string]string{
	fault.English: {
		"critical": "Critical", "high": "High", "medium": "Medium", "low": "Low", "info": "Info",
		"opened": "New", "escalated": "Not acknowledged", "cleared": "Over", "evse": "outlet", "system": "the system", "case": "case",
		"place": "Where", "severity": "Severity", "since": "Since", "cleared-at": "Over since", "faults": "Faults", "todo": "What to do", "tried": "Done already",
		"raw": "The station says", "link": "Show it", "ack": "I take care of it", "more": "More that are not listed", "route": "Sent by the route", "level": "level",
		"test": "Test of an alert from Gnista", "test-text": "This is a test. Alerts reach you here.",
		"summary": "Several alerts:", "digest": "Open faults:", "digest-none": "No open faults",
		"double": "This message may have come before: the connection broke before it was known whether it arrived.",
	},
	fault.Swedish: {
		"critical": "Kritiskt", "high": "Högt", "medium": "Medel", "low": "Lågt", "info": "Upplysning",
		"opened": "Nytt", "escalated": "Ej kvitterat", "cleared": "Över", "evse": "uttag", "system": "systemet", "case": "ärende",
		"place": "Var", "severity": "Allvar", "since": "Sedan", "cleared-at": "Över sedan", "faults": "Fel", "todo": "Att göra", "tried": "Redan gjort",
		"raw": "Stationen säger", "link": "Visa", "ack": "Jag tar hand om det", "more": "Fler som inte visas", "route": "Skickat enligt", "level": "nivå",
		"test": "Prov av larm från Gnista", "test-text": "Detta är ett prov. Larm når dig här.",
		"summary": "Flera larm:", "digest": "Öppna fel:", "digest-none": "Inga öppna fel",
		"double": "Det här meddelandet kan ha kommit förut: förbindelsen bröts innan det var känt om det kom fram.",
	},
}
