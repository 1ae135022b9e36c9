package remedy

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/fault"
)

// TestLadders refuses what no ladder may say, and names the field.
func TestLadders(t *testing.T) {
	list, err := LoadLadders()
	if err != nil || len(list) != len(Classes) {
		t.Fatalf("%d ladders: %v", len(list), err)
	}
	about := map[fault.Language]string{fault.Swedish: "så", fault.English: "so"}
	end := Step{Do: HandOver}
	soft := Step{Do: SoftReset, Idle: IdleStation, Wait: 60}
	for field, l := range map[string]Ladder{
		"class":                    {Class: "magic", About: about, Steps: []Step{end}},
		"about.sv":                 {Class: fault.Restart, About: map[fault.Language]string{fault.English: "so"}, Steps: []Step{end}},
		"about":                    {Class: fault.Restart, About: map[fault.Language]string{"de": "so"}, Steps: []Step{end}},
		"steps":                    {Class: fault.Restart, About: about},
		"steps[0].do":              {Class: fault.Restart, About: about, Steps: []Step{{Do: "explode", Wait: 60}, end}},
		"steps[1].do":              {Class: fault.Restart, About: about, Steps: []Step{soft, {Do: Wait, Wait: 60}}},
		"steps[0].idle":            {Class: fault.Restart, About: about, Steps: []Step{{Do: SoftReset, Wait: 60}, end}},
		"steps[0].perDay":          {Class: fault.Restart, About: about, Steps: []Step{{Do: SoftReset, Idle: IdleStation, Wait: 60, PerDay: MaxResets + 1}, end}},
		"steps[0].coolDownSeconds": {Class: fault.Restart, About: about, Steps: []Step{{Do: Wait, Wait: 60, CoolDown: -1}, end}},
		"steps[0].patienceSeconds": {Class: fault.Restart, About: about, Steps: []Step{{Do: Wait, Wait: 60, Patience: 8 * 86400}, end}},
		"steps[0].waitSeconds":     {Class: fault.Restart, About: about, Steps: []Step{{Do: Wait}, end}},
		"steps[1].waitSeconds":     {Class: fault.Restart, About: about, Steps: []Step{soft, {Do: HandOver, Wait: 60}}},
		"steps[0].hours":           {Class: fault.Restart, About: about, Steps: []Step{{Do: Wait, Wait: 60, Hours: "22-05"}, end}},
		"steps[0].text.en":         {Class: fault.Restart, About: about, Steps: []Step{{Do: TellDriver, Wait: 60, Text: map[fault.Language]string{fault.Swedish: "så"}}, end}},
		"steps[0].text":            {Class: fault.Restart, About: about, Steps: []Step{{Do: Wait, Wait: 60, Text: about}, end}},
	} {
		err := l.Check()
		if e, ok := err.(*gnista.Error); !ok || e.Code != gnista.Invalid || e.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
	for what, steps := range map[string][]Step{
		"a hard reset without a soft one before": {{Do: HardReset, Idle: IdleStation, Wait: 60}, end},
		"something after the outlet is out":      {{Do: TakeOut, Idle: IdleEVSE, Wait: 60}, {Do: Wait, Wait: 60}, end},
		"an end in the middle":                   {end, {Do: Wait, Wait: 60}, end},
		"to unlock while a car charges":          {{Do: Unlock, Wait: 60}, end},
		"an end at night only":                   {{Do: HandOver, Hours: "22:00-05:00"}},
		"an end where no car charges":            {{Do: HandOver, Idle: IdleStation}},
		"an end for what cannot be used":         {{Do: HandOver, OnlyUnusable: true}},
	} {
		if err := (Ladder{Class: fault.Restart, About: about, Steps: steps}).Check(); gnista.CodeOf(err) != gnista.Invalid || err == nil {
			t.Errorf("%s: got %v", what, err)
		}
	}
	for what, change := range map[string]func([]Ladder) []Ladder{
		"no ladder":     func(l []Ladder) []Ladder { return l[1:] },
		"there are two": func(l []Ladder) []Ladder { return append(l, l[0]) },
	} {
		text, err := json.Marshal(change(list))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseLadders(text); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if _, err := parseLadders([]byte(`[{"class": "restart", "stps": []}]`)); err == nil || !strings.Contains(err.Error(), "stps") {
		t.Errorf("an unknown field: %v", err)
	}
}

// TestHours tells when a time of day comes that is within the hours.
func TestHours(t *testing.T) {
	at := func(text string) time.Time {
		x, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, c := range []struct{ hours, now, opens string }{
		{"", "2026-01-01 12:00", ""},
		{"01:00-05:00", "2026-01-01 01:00", ""},
		{"01:00-05:00", "2026-01-01 04:59", ""},
		{"01:00-05:00", "2026-01-01 05:00", "2026-01-02 01:00"},
		{"01:00-05:00", "2026-01-01 00:30", "2026-01-01 01:00"},
		{"22:00-05:00", "2026-01-01 23:00", ""},
		{"22:00-05:00", "2026-01-01 04:59", ""},
		{"22:00-05:00", "2026-12-31 21:59", "2026-12-31 22:00"},
		{"22:00-05:00", "2026-01-01 05:00", "2026-01-01 22:00"},
	} {
		want := time.Time{}
		if c.opens != "" {
			want = at(c.opens)
		}
		if got := (Step{Hours: c.hours}).opens(at(c.now)); !got.Equal(want) {
			t.Errorf("%s at %s: opens %v, want %v", c.hours, c.now, got, want)
		}
	}
}

// TestModes lets the narrower rule hold.
func TestModes(t *testing.T) {
	m := Modes{Default: DryRun, Rules: []ModeRule{
		{Site: "s1", Mode: On}, {Class: fault.TakeOut, Mode: Off}, {Site: "s1", Class: fault.TakeOut, Mode: DryRun},
	}}
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		site  string
		class fault.Class
		want  Mode
	}{{"", fault.Restart, DryRun}, {"s1", fault.Restart, On}, {"s2", fault.TakeOut, Off}, {"s1", fault.TakeOut, DryRun}} {
		if got := m.For(c.site, c.class); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	for field, m := range map[string]Modes{
		"default":        {Default: "maybe"},
		"rules[0].mode":  {Default: On, Rules: []ModeRule{{Site: "s"}}},
		"rules[0].site":  {Default: On, Rules: []ModeRule{{Mode: On}}},
		"rules[0].class": {Default: On, Rules: []ModeRule{{Class: "magic", Mode: On}}},
		"rules[1].site":  {Default: On, Rules: []ModeRule{{Site: "s", Mode: On}, {Site: "s", Mode: Off}}},
	} {
		if e, ok := m.Check().(*gnista.Error); !ok || e.Field != field {
			t.Errorf("%s: got %v", field, m.Check())
		}
	}
}

// TestWords wants both languages of everything that is said, with the same things in it.
func TestWords(t *testing.T) {
	for code, s := range sentences {
		if s[0] == "" || s[1] == "" || strings.Count(s[0], "%s") != strings.Count(s[1], "%s") {
			t.Errorf("%s: %q, %q", code, s[0], s[1])
		}
		r := because(code, "X")
		if strings.Contains(r.In(fault.Swedish)+r.In(fault.English), "%!") {
			t.Errorf("%s: %q, %q", code, r.In(fault.Swedish), r.In(fault.English))
		}
	}
	for _, a := range Actions {
		if a.Name(fault.Swedish) == "" || a.Name(fault.English) == "" {
			t.Errorf("%s has no name", a)
		}
	}
	if got := because(helpedBy, string(SoftReset)).In(fault.Swedish); got != "Felet gick över efter: mjuk omstart." {
		t.Errorf("got %q", got)
	}
	if got := (Reason{Code: "unheard"}).In(fault.English); got != "" {
		t.Errorf("got %q", got)
	}
}

// TestPage wants the page to have the ladders as they are.
func TestPage(t *testing.T) {
	list, err := LoadLadders()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/remedies.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		if !strings.Contains(string(page), Table(l)) {
			t.Errorf("docs/remedies.md does not have the ladder %s as it is; run go generate ./fault/remedy", l.Class)
		}
	}
}
