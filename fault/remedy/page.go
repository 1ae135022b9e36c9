package remedy

import (
	"fmt"
	"strings"

	"gnista/fault"
)

// Table is a ladder as a table in Markdown.
func Table(l Ladder) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n%s\n\n| | step | when | most in 24 h | waits for its turn | has to help within |\n|---|---|---|---|---|---|\n", l.Class, l.About[fault.English])
	for i, s := range l.Steps {
		name := s.Do.Name(fault.English)
		if s.Do == TellDriver {
			name += fmt.Sprintf(": “%s”", s.Text[fault.English])
		}
		fmt.Fprintf(&b, "| %d | %s (`%s`) | %s | %s | %s | %s |\n", i+1, name, s.Do, strings.Join(s.when(), ", "), s.mostText(), duration(s.Patience), duration(s.Wait))
	}
	return b.String()
}

// when are the conditions of a step, in words.
func (s Step) when() (list []string) {
	switch s.Idle {
	case IdleEVSE:
		list = append(list, "no car charges at the EVSE")
	case IdleStation:
		list = append(list, "no car charges at the station")
	}
	if s.OnlyUnusable {
		list = append(list, "the outlet cannot be used")
	}
	if s.Hours != "" {
		list = append(list, "at "+s.Hours)
	}
	if s.CoolDown > 0 {
		list = append(list, duration(s.CoolDown)+" after the last time")
	}
	return list
}

func (s Step) mostText() string {
	if s.Do == HandOver || s.Do == Wait || s.Do == TellDriver {
		return ""
	}
	return fmt.Sprint(s.perDay())
}

// duration is a number of seconds for people.
func duration(seconds int) string {
	var parts []string
	for _, u := range []struct {
		size int
		name string
	}{{3600, "h"}, {60, "min"}, {1, "s"}} {
		if n := seconds / u.size; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, u.name))
		}
		seconds %= u.size
	}
	return strings.Join(parts, " ")
}
