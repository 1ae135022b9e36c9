package ocppj

import (
	"encoding/json"
	"strings"
	"time"
)

// DateTime is an instant on the wire. It is written in UTC with a Z, and with milliseconds only
// when there are any. Reading never fails: what is not RFC 3339 is understood as far as it can
// be, and [Check.Time] tells of it. An instant that could not be understood is zero.
type DateTime struct {
	time.Time
	odd     string // the text, when it is not RFC 3339
	guessed bool
}

// At is t on the wire, in whole seconds, which every station understands.
func At(t time.Time) DateTime { return DateTime{Time: t.UTC().Truncate(time.Second)} }

// Odd is the text that was read, when it was not RFC 3339; its zone may have been guessed as UTC.
func (d DateTime) Odd() string { return d.odd }

// Guessed tells that the text had no zone, and was taken for UTC.
func (d DateTime) Guessed() bool { return d.guessed }

// lenient are ways of writing an instant that real stations use, tried in this order.
var lenient = []string{
	"2006-01-02T15:04:05.999999999Z07",
	"2006-01-02T15:04:05.999999999Z0700",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02T15:04Z07:00",
}

// UnmarshalJSON takes any JSON value.
func (d *DateTime) UnmarshalJSON(data []byte) error {
	*d = DateTime{}
	if len(data) > 2 && data[0] == '"' {
		if err := d.Time.UnmarshalText(data[1 : len(data)-1]); err == nil {
			d.Time = d.Time.UTC()
			return nil
		}
	}
	d.odd = string(data)
	var s string
	if json.Unmarshal(data, &s) != nil {
		return nil
	}
	s = strings.Replace(strings.TrimSpace(s), " ", "T", 1)
	for _, layout := range append([]string{time.RFC3339Nano}, lenient...) {
		if t, err := time.Parse(layout, s); err == nil {
			d.Time, d.guessed = t.UTC(), !strings.Contains(layout, "Z")
			return nil
		}
	}
	return nil
}

// MarshalJSON writes at most milliseconds (OCPP 2.x Part 4 §3.1).
func (d DateTime) MarshalJSON() ([]byte, error) {
	return []byte(`"` + d.UTC().Format("2006-01-02T15:04:05.999Z") + `"`), nil
}
