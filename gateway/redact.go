package gateway

import (
	"strings"

	"gnista/token"
)

// uids are the properties whose values are UIDs of tokens; the log keeps their ends only.
var uids = []string{`"idTag"`, `"parentIdTag"`, `"idToken"`}

// secrets are the settings and properties whose values are never logged.
var secrets = []string{"AuthorizationKey", "BasicAuthPassword", "SharedSecret"}

// redact takes UIDs and secrets out of a text. It works on the text as it is, valid JSON or not.
func redact(text, action string) string {
	for _, name := range uids {
		text = replaceValues(text, name, func(value string) string {
			if strings.Contains(value, `\`) {
				return "…" // its end may be part of an escape
			}
			return token.Mask(value)
		})
	}
	if action == "SetVariables" || action == "ChangeConfiguration" || action == "SetNetworkProfile" {
		for _, name := range secrets {
			if strings.Contains(text, name) {
				for _, property := range []string{`"value"`, `"attributeValue"`, `"basicAuthPassword"`} {
					text = replaceValues(text, property, func(string) string { return "…" })
				}
			}
		}
	}
	return text
}

// replaceValues replaces the string values of a property, whose name comes with its quotes.
func replaceValues(text, name string, with func(string) string) string {
	var b strings.Builder
	for {
		at := strings.Index(text, name)
		if at < 0 {
			break
		}
		at += len(name)
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
