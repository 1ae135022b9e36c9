package alert_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"gnista"
	"gnista/fault"
	"gnista/fault/alert"
)

func stockholm(t *testing.T) *time.Location {
	t.Helper()
	return must(time.LoadLocation("Europe/Stockholm"))(t)
}

func TestRota(t *testing.T) {
	zone := stockholm(t)
	r := alert.Rota{People: []string{"a", "b", "c"}, From: "2026-03-16", Handover: "08:00", Days: 7} // a Monday
	f := func(local, person, why string) {
		t.Helper()
		at := must(time.ParseInLocation("2006-01-02 15:04", local, zone))(t)
		d := r.At(at.UTC(), zone)
		if d.Person != person || d.Why != why {
			t.Errorf("%s: %+v, want %s by %s", local, d, person, why)
		}
		if person != "" && !d.Until.After(at) {
			t.Errorf("%s: it ends at %s", local, d.Until)
		}
	}
	f("2026-03-16 07:59", "", "")
	f("2026-03-16 08:00", "a", "turn")
	f("2026-03-23 07:59", "a", "turn")
	f("2026-03-23 08:00", "b", "turn")
	f("2026-03-29 03:30", "b", "turn") // the clock has gone forward
	f("2026-03-30 07:59", "b", "turn")
	f("2026-03-30 08:00", "c", "turn")
	f("2026-04-06 08:00", "a", "turn")
	f("2026-10-25 02:30", "b", "turn") // the clock goes back
	f("2026-10-26 07:59", "b", "turn")
	f("2026-10-26 08:00", "c", "turn")
	f("2027-01-04 07:59", "c", "turn")
	f("2027-01-04 08:00", "a", "turn") // the year has 53 weeks

	day := func(s string) time.Time { return must(time.ParseInLocation(time.DateOnly, s, zone))(t) }
	r.Overrides = []alert.Cover{
		{From: day("2026-03-18"), Until: day("2026-03-20"), Person: "c"},
		{From: day("2026-03-23"), Until: day("2026-04-20"), Away: "b"},
		{From: day("2026-04-01"), Until: day("2026-04-02"), Away: "c"},
		{From: day("2026-04-01"), Until: day("2026-04-02"), Away: "a"},
	}
	f("2026-03-17 23:59", "a", "turn")
	f("2026-03-18 00:00", "c", "override")
	f("2026-03-20 00:00", "a", "turn")
	f("2026-03-25 12:00", "c", "away")
	f("2026-03-31 12:00", "c", "turn")
	f("2026-04-01 12:00", "", "away")
}

// At any time there is one on call, whose turn is as many days of the calendar as was said, whatever the clock does.
func TestRotaTurns(t *testing.T) {
	zone := stockholm(t)
	rapid.Check(t, func(t *rapid.T) {
		hour := rapid.IntRange(0, 23).Draw(t, "hour")
		r := alert.Rota{
			People: []string{"a", "b", "c", "d"}[:rapid.IntRange(1, 4).Draw(t, "people")], From: "2026-01-01", Days: rapid.IntRange(1, 14).Draw(t, "days"),
			Handover: time.Date(0, 1, 1, hour, 30, 0, 0, time.UTC).Format("15:04"),
		}
		at := time.Date(2026, 1, 2, 0, 0, 0, 0, zone).Add(time.Duration(rapid.IntRange(0, 2*365*24*60).Draw(t, "minutes")) * time.Minute)
		d := r.At(at, zone)
		if d.Person == "" || !d.Until.After(at) {
			t.Fatalf("at %s: %+v", at, d)
		}
		before, after := r.At(d.Until.Add(-time.Second), zone), r.At(d.Until, zone)
		if before.Person != d.Person || len(r.People) > 1 && after.Person == d.Person {
			t.Fatalf("before %s %+v, after %+v", d.Until, before, after)
		}
		if hour != 2 { // which is not there, or twice, on two days
			if got := d.Until.In(zone).Format("15:04"); got != r.Handover {
				t.Fatalf("the turn ends at %s", got)
			}
		}
		end := d.Until.In(zone).AddDate(0, 0, r.Days)
		if hour != 2 && !after.Until.Equal(end) {
			t.Fatalf("the next turn ends at %s, want %s", after.Until, end)
		}
	})
}

func TestRotaInput(t *testing.T) {
	w := newWorld(t)
	p, _ := w.person("Anna", fault.Swedish)
	good := alert.Rota{Name: "Jour", People: []string{p.ID}, From: "2026-03-16", Handover: "08:00", Days: 7}
	f := func(field string, change func(*alert.Rota)) {
		t.Helper()
		r := good
		change(&r)
		_, err := w.AddRota(t.Context(), r)
		if gnista.CodeOf(err) != gnista.Invalid || err.(*gnista.Error).Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	f("name", func(r *alert.Rota) { r.Name = " " })
	f("people", func(r *alert.Rota) { r.People = nil })
	f("people[0]", func(r *alert.Rota) { r.People = []string{"nobody"} })
	f("from", func(r *alert.Rota) { r.From = "2026-02-30" })
	f("handover", func(r *alert.Rota) { r.Handover = "8:00" })
	f("handover", func(r *alert.Rota) { r.Handover = "24:00" })
	f("days", func(r *alert.Rota) { r.Days = 0 })
	f("zone", func(r *alert.Rota) { r.Zone = "Mars" })
	f("overrides[0].until", func(r *alert.Rota) { r.Overrides = []alert.Cover{{From: monday, Until: monday, Person: p.ID}} })
	f("overrides[0]", func(r *alert.Rota) {
		r.Overrides = []alert.Cover{{From: monday, Until: monday.Add(1), Person: p.ID, Away: p.ID}}
	})
	r := must(w.AddRota(t.Context(), good))(t)
	if err := w.DeletePerson(t.Context(), p.ID); gnista.CodeOf(err) != gnista.Conflict {
		t.Errorf("somebody in a rota was forgotten: %v", err)
	}
	if err := w.DeleteRota(t.Context(), r.ID); err != nil {
		t.Error(err)
	}
	if err := w.DeletePerson(t.Context(), p.ID); err != nil {
		t.Error(err)
	}
	if list := must(w.db.Channels(t.Context(), alert.ChannelFilter{Limit: 10}))(t); len(list) != 0 {
		t.Errorf("channels of nobody: %+v", list)
	}
}
