package main_test

import (
	"strings"
	"testing"
)

type checkup struct {
	ID, State string
	Results   []struct {
		Step, Verdict string
		Findings      []struct{ Key, Text string }
	}
}

// checkUp has a station checked that can do little: what it lacks is told apart from what it does wrong.
func checkUp(t *testing.T, s *server, m model) {
	id := m.library + "-" + m.version + "-check"
	p := s.station(t, m, id, "--remote")
	p.expect("booted")
	p.expect("ready")
	path := "/stations/" + id + "/checks"
	c := decode[checkup](t, s.do(t, "POST", path, `{"patienceSeconds":3}`))
	eventually(t, "the check has ended", func() bool {
		c = fetch[checkup](t, s, path+"/"+c.ID)
		return c.State != "running"
	})
	var wrong, lacking []string
	for _, r := range c.Results {
		for _, f := range r.Findings {
			wrong = append(wrong, f.Key)
		}
		if r.Verdict == "not-supported" {
			lacking = append(lacking, r.Step)
		}
	}
	want, lacks := "settings-missing", "certificates profile"
	if m.version != "1.6" {
		want = "settings-missing no-clock" // they have hardly any settings
	}
	if m != (model{"ocpp-go", "1.6"}) {
		lacks = "certificates data profile"
	}
	if got := strings.Join(wrong, " "); c.State != "done" || got != want {
		t.Errorf("the check is %s and finds %q, want %q: %+v", c.State, got, want, c.Results)
	}
	if got := strings.Join(lacking, " "); got != lacks {
		t.Errorf("it lacks %q, want %q", got, lacks)
	}
}
