package gateway

import (
	"encoding/json"
	"regexp"
	"strings"

	"gnista/station"
	"gnista/token"
)

// uids are the properties whose values are UIDs of tokens; the log keeps their ends only.
var uids = []string{`"idTag"`, `"parentIdTag"`, `"idToken"`, `"additionalIdToken"`}

// cardDetails are the properties whose values tell of the card of a payment.
var cardDetails = []string{`"additionalIdToken"`}

// secrets are the properties whose values are never logged.
var secrets = []string{`"basicAuthPassword"`, `"apnPassword"`, `"password"`}

// values are the properties that hold the value of a setting.
var values = []string{`"value"`, `"attributeValue"`, `"actualValue"`}

// locations are the properties that hold addresses of files.
var locations = []string{`"location"`, `"remoteLocation"`}

// redact takes UIDs and secrets out of a text. It works on the text as it is, valid JSON or not, and
// does not tell capitals from small letters: neither do all stations.
func redact(text, action string) string {
	codes := strings.Contains(strings.ToLower(text), `"keycode"`) // which are as good as passwords (OCPP 2.x C04.FR.04)
	mask := func(value string) string {
		if codes || strings.Contains(value, `\`) {
			return "…" // its end may be part of an escape
		}
		return token.Mask(value)
	}
	if strings.Contains(strings.ToLower(text), `"directpayment"`) { // what is told of a card is not even kept in part
		text = replaceValues(text, cardDetails, hide)
	}
	text = replaceValues(text, uids, mask)
	text = replaceWithin(text, uidWithin, mask)
	text = replaceValues(text, secrets, hide)
	text = replaceValues(text, locations, hideCredentials)
	if action == "SetNetworkProfile" {
		text = replaceValues(text, []string{`"key"`}, hide) // of the VPN; elsewhere it is the name of a setting
	}
	if !station.Secret(text) {
		return text
	}
	if !json.Valid([]byte(text)) {
		return replaceValues(text, values, hide)
	}
	return hideSettings(text)
}

func hide(string) string { return "…" }

// hideCredentials takes out of an address who may use it, and the key of one of our own.
func hideCredentials(location string) string {
	if scheme, rest, ok := strings.Cut(location, "://"); ok {
		host, _, _ := strings.Cut(rest, "/")
		if at := strings.LastIndexByte(host, '@'); at >= 0 {
			location = scheme + "://…" + host[at:] + rest[len(host):]
		}
	}
	if before, _, ok := strings.Cut(location, station.UploadPath); ok {
		return before + station.UploadPath + "…"
	}
	return location
}

// hideSettings takes the values of secret settings out of valid JSON. In every message that has
// settings, a setting is all that is in one element of an array.
func hideSettings(text string) string {
	type element struct {
		start, braces int
		secret        bool
	}
	var out []byte
	open := []element{{}}
	end := func() {
		e := &open[len(open)-1]
		if e.secret {
			out = append(out[:e.start], replaceValues(string(out[e.start:]), values, hide)...)
		}
		*e = element{start: len(out)}
	}
	for n := 0; text != ""; text = text[n:] {
		n = 1
		e := &open[len(open)-1]
		switch text[0] {
		case '"':
			n = closingQuote(text[1:]) + 2
			e.secret = e.secret || station.Secret(text[1:n-1])
		case '{':
			e.braces++
		case '}':
			e.braces--
		case ',':
			if e.braces == 0 {
				end()
			}
		case '[':
			open = append(open, element{start: len(out)})
		case ']':
			end()
			open = open[:len(open)-1]
		}
		out = append(out, text[:n]...)
	}
	end()
	return string(out)
}

// replaceValues replaces the string values of properties, whose names come with their quotes.
func replaceValues(text string, names []string, with func(string) string) string {
	var b strings.Builder
	for {
		at := endOfName(text, names)
		if at < 0 {
			break
		}
		rest := strings.TrimLeft(text[at:], " \t\r\n")
		value, isValue := strings.CutPrefix(rest, ":")
		value = strings.TrimLeft(value, " \t\r\n")
		if !isValue || !strings.HasPrefix(value, `"`) {
			b.WriteString(text[:at])
			text = text[at:]
			continue
		}
		b.WriteString(text[:len(text)-len(value)+1])
		value = value[1:]
		end := closingQuote(value)
		b.WriteString(with(value[:end]))
		text = value[end:]
	}
	if b.Len() == 0 {
		return text
	}
	b.WriteString(text)
	return b.String()
}

// uidWithin begins a UID in JSON that is the text of a property, as in the messages that vendors have added.
var uidWithin = regexp.MustCompile(`(?i)\\"(?:idTag|parentIdTag|idToken|additionalIdToken)\\"\s*:\s*\\"`)

// replaceWithin replaces the string values of properties in JSON within JSON, up to where they end.
func replaceWithin(text string, begin *regexp.Regexp, with func(string) string) string {
	if !strings.Contains(text, `\"`) {
		return text
	}
	var b strings.Builder
	for {
		at := begin.FindStringIndex(text)
		if at == nil {
			break
		}
		b.WriteString(text[:at[1]])
		text = text[at[1]:]
		end := strings.IndexByte(text, '"')
		if end < 0 {
			end = len(text)
		} else {
			for end > 0 && text[end-1] == '\\' {
				end--
			}
		}
		if strings.HasPrefix(text[end:], `\\`) { // the quote is part of the value
			b.WriteString("…")
		} else {
			b.WriteString(with(text[:end]))
		}
		text = text[end:]
	}
	b.WriteString(text)
	return b.String()
}

// endOfName is where the first of the names ends, -1 when there is none.
func endOfName(text string, names []string) int {
	for at := 0; ; at++ {
		next := strings.IndexByte(text[at:], '"')
		if next < 0 {
			return -1
		}
		at += next
		for _, name := range names {
			if end := at + len(name); end <= len(text) && strings.EqualFold(text[at:end], name) {
				return end
			}
		}
	}
}

// closingQuote is where a JSON string ends.
func closingQuote(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(s)
}
