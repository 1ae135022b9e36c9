package commission

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Write writes the report as text.
func (c Check) Write(w io.Writer, l Language, zone *time.Location) error {
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s: %s %s\n", l.Name("title"), l.Name("station"), clean(string(c.Station)))
	fmt.Fprintf(b, "%s, OCPP %s\n", clean(strings.Join(strings.Fields(strings.Join([]string{c.Subject.Vendor, c.Subject.Model, c.Subject.Serial, c.Subject.Firmware}, " ")), " ")), c.Subject.Version)
	fmt.Fprintf(b, "%s %s\n\n", l.Name("started"), c.StartedAt.In(zone).Format("2006-01-02 15:04:05 MST"))
	for _, r := range c.Results {
		fmt.Fprintf(b, "%-14s %s\n", strings.ToUpper(l.Name(string(r.Verdict))), l.Name(r.Step))
		if r.Why.Key != "" {
			fmt.Fprintf(b, "    %s\n", clean(l.Text(r.Why)))
		}
		for _, f := range r.Facts {
			fmt.Fprintf(b, "    %s: %s\n", clean(l.Title(f)), clean(l.Value(f)))
		}
		for _, m := range r.Findings {
			fmt.Fprintf(b, "  ! %s\n", clean(l.Text(m)))
			if advice := l.Advice(m); advice != "" {
				fmt.Fprintf(b, "    → %s\n", clean(advice))
			}
		}
		for _, m := range r.Notes {
			fmt.Fprintf(b, "  i %s\n", clean(l.Text(m)+" "+l.Advice(m)))
		}
	}
	fmt.Fprintf(b, "\n%s: %s\n", l.Name("quirks"), map[bool]string{true: l.Name("none")}[len(c.Quirks) == 0])
	for _, q := range c.Quirks {
		fmt.Fprintf(b, "  %-4s %s (%s)\n       %s\n       %s\n", q.Key, q.ID, l.Name(q.How()), q.Means, q.Does)
		if q.Seen > 0 && q.Example != "" {
			fmt.Fprintf(b, "       » %s\n", clean(q.Example))
		}
	}
	fmt.Fprintf(b, "\n%s\n", l.Summary(c))
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary is the result in a line.
func (l Language) Summary(c Check) string {
	parts := []string{}
	for _, v := range []Verdict{Passed, Failed, Unsupported, Skipped} {
		parts = append(parts, fmt.Sprintf("%d %s", c.Count(v), l.Name(string(v))))
	}
	s := fmt.Sprintf("%s: %s; %s", l.Name("result"), l.Name(string(c.State)), strings.Join(parts, ", "))
	if c.Why.Key != "" {
		s += ". " + l.Text(c.Why)
	}
	return s
}

// How is a key that tells how q is known.
func (q Quirk) How() string {
	switch {
	case q.Seen > 0:
		return "quirk-seen"
	case q.Ever > 0:
		return "quirk-ever"
	}
	return "quirk-model"
}

// Title is what f is called.
func (l Language) Title(f Fact) string { return strings.TrimSpace(l.Name(f.Key) + " " + f.Of) }

// Value is what f is: a text of ours, or the station's own word.
func (l Language) Value(f Fact) string {
	if f.Value == "" {
		return "–"
	}
	if key, ours := strings.CutPrefix(f.Value, our); ours {
		return l.Name(key)
	}
	return f.Value
}

// our begins the value of a fact that is a text of ours.
const our = "\x00"

// clean is what a station said, without what a terminal would obey.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '·'
		}
		return r
	}, s)
}
