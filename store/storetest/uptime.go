package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"gnista"
	"gnista/fault/uptime"
	"gnista/station"
)

// site makes a site, and stations on it that have booted.
func (s suite) siteOf(t *testing.T, site string, ids ...gnista.StationID) {
	t.Helper()
	if site != "" {
		if err := s.CreateSite(t.Context(), station.Site{ID: site, Name: site, CreatedAt: now, UpdatedAt: now}); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range ids {
		_, err := s.ChangeStation(t.Context(), id, true, func(x *station.Station) ([]gnista.Event, error) {
			x.State, x.Site, x.BootedAt, x.CreatedAt, x.Vendor, x.Model = station.Accepted, site, now, now.Add(-time.Hour), "V", "M"
			return nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (s suite) status(t *testing.T, id gnista.StationID, evse int, status station.Status, at time.Time) {
	t.Helper()
	c := station.Connector{EVSE: gnista.EVSE{ID: evse, Connector: 1}, Status: status, At: at}
	if err := s.SetConnector(t.Context(), id, c, 100, gnista.Event{At: at, Kind: "connector.status", Station: id}); err != nil {
		t.Fatal(err)
	}
}

func (s suite) outages(t *testing.T) {
	ctx := t.Context()
	s.siteOf(t, "site-up", "UP1", "UP2", "UP3")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	at := func(minutes int) time.Time { return now.Add(time.Duration(minutes) * time.Minute) }
	place := uptime.Place{Station: "UP1", EVSE: gnista.EVSE{ID: 1, Connector: 1}}
	fail := uptime.Outage{Place: place, Cause: uptime.Faulted, Since: at(1)}
	for range 2 { // a repeat changes nothing
		must(s.SwitchOutage(ctx, uptime.Outage{Place: place}, fail))
	}
	other := uptime.Outage{Place: place, Cause: uptime.Unavailable, Since: at(2)}
	ended := fail
	ended.Until = at(2)
	must(s.SwitchOutage(ctx, ended, other))
	must(s.SwitchOutage(ctx, uptime.Outage{}, uptime.Outage{Place: uptime.Place{Station: "UP-GONE"}, Cause: uptime.Faulted, Since: at(1)}))
	_, err := s.ChangeStation(ctx, "UP3", false, func(x *station.Station) ([]gnista.Event, error) { x.State = station.Rejected; return nil, nil })
	must(err)
	lost, err := s.LoseLinks(ctx, []gnista.StationID{"UP2", "UP3", "UP-GONE"}, at(3))
	must(err)
	if len(lost) != 2 || lost[0].Cause != uptime.Offline || lost[1].Cause != uptime.Planned || lost[0].Place != uptime.Link("UP2") {
		t.Errorf("got %+v", lost)
	}
	var open []uptime.Outage
	for after := (uptime.Place{}); ; {
		list, err := s.OpenOutages(ctx, after, 1)
		must(err)
		if len(list) == 0 {
			break
		}
		after = list[0].Place
		open = append(open, list...)
	}
	open = slices.DeleteFunc(open, func(o uptime.Outage) bool { return o.Station[:2] != "UP" })
	if want := []uptime.Outage{other, lost[0], lost[1]}; !slices.Equal(open, want) {
		t.Errorf("got %+v, want %+v", open, want)
	}
	must(s.FindLinks(ctx, []gnista.StationID{"UP2"}, at(5)))
	got, err := s.Outages(ctx, "site-up", "UP1", "UP2", uptime.Span{Since: at(0), Until: at(10)})
	must(err)
	lost[0].Until = at(5)
	if want := []uptime.Outage{ended, other, lost[0]}; !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, err = s.Outages(ctx, "", "UP1", "UP2", uptime.Span{Since: at(5), Until: at(10)}); err != nil || len(got) != 1 {
		t.Errorf("got %+v %v", got, err)
	}
	if list, err := s.Booted(ctx, "UP1", 2); err != nil || !slices.Equal(list, []gnista.StationID{"UP2", "UP3"}) {
		t.Errorf("got %v %v", list, err)
	}
	must(s.Observe(ctx, at(0), at(1)))
	must(s.Observe(ctx, at(0), at(2)))
	must(s.Observe(ctx, at(4), at(9)))
	seen, first, err := s.Observed(ctx, uptime.Span{Since: at(1), Until: at(5)})
	if want := []uptime.Span{{Since: at(0), Until: at(2)}, {Since: at(4), Until: at(9)}}; err != nil || !slices.Equal(seen, want) || !first.Equal(at(0)) {
		t.Errorf("got %v %v %v", seen, first, err)
	}
	must(s.ForgetOutages(ctx, at(4)))
	if got, err = s.Outages(ctx, "", "UP1", "UP2", uptime.Span{Since: at(0), Until: at(10)}); err != nil || len(got) != 2 {
		t.Errorf("got %+v %v", got, err)
	}

	for i, effect := range []string{"availability 1 false", "availability 0 true"} {
		c := station.Command{ID: fmt.Sprintf("up-c%d", i), Station: "UP1", Kind: "availability", Effect: effect, EVSE: i, Outcome: station.Agreed, At: now}
		must(s.AddCommand(ctx, c))
	}
	if last, err := s.Ordered(ctx, "UP1", []string{"availability 1 false", "availability 0 true"}); err != nil || last != "availability 0 true" {
		t.Errorf("got %q %v", last, err)
	}
	if last, err := s.Ordered(ctx, "UP2", []string{"availability 1 false"}); err != nil || last != "" {
		t.Errorf("got %q %v", last, err)
	}

	s.status(t, "UP1", 1, station.Available, now)
	s.status(t, "UP1", 2, station.Available, now)
	s.status(t, "UP2", 1, station.Available, now)
	f := uptime.Filter{Site: "site-up", Limit: 2}
	outlets, err := s.Outlets(ctx, f)
	if err != nil || len(outlets) != 2 || outlets[1].EVSE.ID != 2 || outlets[1].Site != "site-up" {
		t.Errorf("got %+v %v", outlets, err)
	}
	f.After = outlets[1].Place
	if outlets, err = s.Outlets(ctx, f); err != nil || len(outlets) != 1 || outlets[0].Station != "UP2" {
		t.Errorf("got %+v %v", outlets, err)
	}
	if outlets, err = s.Outlets(ctx, uptime.Filter{Station: "UP2", Limit: 5}); err != nil || len(outlets) != 1 {
		t.Errorf("got %+v %v", outlets, err)
	}
}

func (s suite) exclusions(t *testing.T) {
	ctx := t.Context()
	x := uptime.Exclusion{ID: "x1", Kind: uptime.Grid, Site: "site-up", Since: now, Until: now.Add(time.Hour), Note: "dark", By: "Eva", CreatedAt: now}
	if err := s.AddExclusion(ctx, x, 1); err != nil {
		t.Fatal(err)
	}
	y := x
	y.ID = "x2"
	wantCode(t, s.AddExclusion(ctx, y, 1), gnista.Conflict)
	if got, err := s.Exclusion(ctx, "x1"); err != nil || got != x {
		t.Errorf("got %+v %v", got, err)
	}
	for _, c := range []struct {
		uptime.Span
		n int
	}{{uptime.Span{}, 1}, {uptime.Span{Since: now.Add(time.Hour)}, 0}, {uptime.Span{Until: now}, 0}, {uptime.Span{Since: now.Add(time.Minute), Until: now.Add(2 * time.Minute)}, 1}} {
		if list, err := s.Exclusions(ctx, c.Span, "", 10); err != nil || len(list) != c.n {
			t.Errorf("%+v: got %+v %v", c.Span, list, err)
		}
	}
	if err := s.DeleteExclusion(ctx, "x1"); err != nil {
		t.Error(err)
	}
	wantCode(t, s.DeleteExclusion(ctx, "x1"), gnista.NotFound)
	_, err := s.Exclusion(ctx, "x1")
	wantCode(t, err, gnista.NotFound)

	hours := []uptime.Opening{{Days: []int{1, 7}, From: 60, To: 120}}
	if err := s.SetOpening(ctx, "site-up", hours); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Opening(ctx, "site-up"); err != nil || len(got) != 1 || got[0].To != 120 || !slices.Equal(got[0].Days, hours[0].Days) {
		t.Errorf("got %+v %v", got, err)
	}
	if err := s.SetOpening(ctx, "site-up", nil); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Opening(ctx, "site-up"); err != nil || got != nil {
		t.Errorf("got %+v %v", got, err)
	}
	wantCode(t, s.SetOpening(ctx, "site-none", hours), gnista.NotFound)
}

func (s suite) attempts(t *testing.T) {
	ctx := t.Context()
	s.siteOf(t, "site-at", "AT1", "AT2")
	visit := func(a uptime.Attempt, before []uptime.Attempt) string {
		for _, b := range before {
			if b.Token == a.Token && a.Token != "" {
				return b.Visit
			}
		}
		return a.ID
	}
	at := func(minutes int) time.Time { return now.Add(time.Duration(minutes) * time.Minute) }
	attempt := func(id string, minute int, uid string, wh int64) uptime.Attempt {
		return uptime.Attempt{
			ID: id, Kind: uptime.ByTransaction, Place: uptime.Place{Station: "AT1", EVSE: gnista.EVSE{ID: 1}}, Version: gnista.V16, At: at(minute), Until: at(minute + 1), Token: uid,
			Authorised: uptime.Yes, Paid: uptime.NotAsked, Well: uptime.Yes, EnergyWh: wh, ToEnergy: 3 * time.Second, Counts: true,
		}
	}
	save := func(a uptime.Attempt) {
		t.Helper()
		if err := s.SaveAttempt(ctx, a, 10*time.Minute, visit); err != nil {
			t.Fatal(err)
		}
	}
	failed := attempt("a1", 0, "card 1", 0)
	failed.Well, failed.ToEnergy = uptime.NotAsked, uptime.NotTimed
	save(failed)
	save(attempt("a2", 2, "CARD1", 500))
	save(attempt("a2", 2, "CARD1", 900)) // it has become more
	save(attempt("a3", 3, "CARD2", 1000))
	paid := attempt("a4", 2000, "", 0)
	paid.Kind, paid.Station, paid.Counts, paid.Paid, paid.Authorised, paid.Well, paid.ToEnergy = uptime.ByCheckout, "AT2", false, uptime.Yes, uptime.NotAsked, uptime.NotAsked, uptime.NotTimed
	save(paid)
	gone := attempt("a5", 0, "", 10)
	gone.Station = "AT-GONE"
	save(gone)
	refused := failed
	refused.Kind, refused.Authorised = uptime.ByRefusal, uptime.No
	for i, most := range []int{5, 5, 1, 2} {
		refused.ID = fmt.Sprintf("r%d", i)
		if refused.Token = "BAD1"; i > 1 {
			refused.Token = "BAD2"
		}
		if err := s.AddRefusal(ctx, refused, at(-1), most, 10*time.Minute, visit); err != nil {
			t.Fatal(err)
		}
	}
	q := uptime.FigureQuery{By: uptime.ByStation, Site: "site-at", Span: uptime.Span{Since: at(0), Until: at(3000)}, LeastWh: 100, Limit: 10}
	got := must[[]uptime.Figures](t)(s.Figures(ctx, q))
	want := []uptime.Figures{
		{Group: "AT1", Visits: 4, AtOnce: 1, Attempts: 3, Starts: 2, Asked: 5, Accepted: 3, Charges: 2, Well: 2, Timed: 2, ToEnergy: 6 * time.Second, EnergyWh: 1900},
		{Group: "AT2", Paying: 1, Paid: 1},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	for by, names := range map[uptime.GroupBy][]string{
		uptime.Together: {"all"}, uptime.BySite: {"site-at"}, uptime.ByEVSE: {"AT1/1", "AT2/1"}, uptime.ByVersion: {"1.6"}, uptime.ByModel: {"V/M"},
		uptime.ByDay: {fmt.Sprint(now.Unix() / 86400), fmt.Sprint(now.Unix()/86400 + 1)},
	} {
		q.By = by
		var got []string
		for _, f := range must[[]uptime.Figures](t)(s.Figures(ctx, q)) {
			got = append(got, f.Group)
		}
		if !slices.Equal(got, names) {
			t.Errorf("by %s: got %v", by, got)
		}
		must[map[string]uptime.Repair](t)(s.Repairs(ctx, q, names[0]))
	}
	q.By, q.After = uptime.ByStation, "AT1"
	if got = must[[]uptime.Figures](t)(s.Figures(ctx, q)); len(got) != 1 || got[0].Group != "AT2" {
		t.Errorf("got %+v", got)
	}
	if open := must[bool](t)(s.GuestAt(ctx, "AT1", now)); open {
		t.Error("a guest that nobody has seen")
	}
	if err := s.ForgetAttempts(ctx, at(1000)); err != nil {
		t.Fatal(err)
	}
	q.After = ""
	if got = must[[]uptime.Figures](t)(s.Figures(ctx, q)); len(got) != 1 {
		t.Errorf("got %+v", got)
	}
}
