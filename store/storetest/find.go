package storetest

import (
	"database/sql"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/fault"
	"gnista/station"
	"gnista/store"
)

// someone is who is connected.
type someone map[gnista.StationID]bool

func (s someone) Connection(id gnista.StationID) (station.Connection, bool) {
	return station.Connection{}, s[id]
}
func (someone) Disconnect(gnista.StationID, string)       {}
func (someone) Treat(gnista.StationID, station.Treatment) {}

func (s suite) finding(t *testing.T) {
	ctx := t.Context()
	if err := s.CreateSite(ctx, station.Site{ID: "find-site", Name: "Hamnen", Position: station.Degrees{North: 57_700_000, East: -11_970_000}}); err != nil {
		t.Fatal(err)
	}
	if got := must[station.Site](t)(s.Site(ctx, "find-site")).Position; got != (station.Degrees{North: 57_700_000, East: -11_970_000}) {
		t.Errorf("the position is %+v", got)
	}
	// In the order of their ids: their names are in another one, and they were heard in a third.
	for i, name := range []string{"X Östra 50%", "W västra", "Norra", ""} {
		must[station.Station](t)(s.ChangeStation(ctx, gnista.StationID(fmt.Sprintf("Find_%d", i)), true, func(x *station.Station) ([]gnista.Event, error) {
			x.State, x.Name, x.Vendor, x.SeenAt, x.Version = station.Accepted, name, "finding", now.Add(time.Duration(i*7%4)*time.Minute), "1.6"
			if i == 3 {
				x.State, x.Site, x.Version = station.Pending, "find-site", "2.0.1"
			}
			return []gnista.Event{{At: now, Kind: "station.changed", Station: x.ID, Data: []byte(`{}`)}}, nil
		}))
	}
	if err := s.SetConnector(ctx, "Find_1", station.Connector{EVSE: gnista.EVSE{ID: 1, Connector: 1}, Status: station.Charging, At: now}, 10, gnista.Event{At: now, Kind: "connector.status", Station: "Find_1"}); err != nil {
		t.Fatal(err)
	}
	must[fault.Fault](t)(s.TakeFault(ctx, fault.Place{Station: "Find_2"}, fault.Key{Source: "find", Code: "x"}, func(*fault.Fault) (*fault.Step, error) {
		return &fault.Step{Fault: fault.Fault{Key: fault.Key{Source: "find", Code: "x"}, Severity: fault.Severities[0], Station: "Find_2", OpenedAt: now, LastAt: now}}, nil
	}))
	yes, no := true, false
	n := &station.Network{Finder: s.DB, Presence: someone{"Find_0": true, "Find_2": true}}
	for _, x := range []struct {
		f    station.Filter
		want string
	}{
		{station.Filter{}, "0123"},
		{station.Filter{Down: true}, "3210"},
		{station.Filter{Sort: station.ByName}, "3210"},
		{station.Filter{Sort: station.ByName, Down: true}, "0123"},
		{station.Filter{Sort: station.BySite}, "0123"},
		{station.Filter{Sort: station.BySeen}, "1302"}, // 1 and 3 are away: of 3 minutes ago and of now
		{station.Filter{Sort: station.BySeen, Down: true}, "2031"},
		{station.Filter{Sort: station.BySeen, Connected: &no}, "31"},
		{station.Filter{Connected: &yes}, "02"},
		{station.Filter{Connected: &no, Down: true}, "31"},
		{station.Filter{Text: "TRA"}, "01"},
		{station.Filter{Text: "ÖSTRA"}, "0"},
		{station.Filter{Text: "50%"}, "0"},
		{station.Filter{Text: "d_2"}, "2"},
		{station.Filter{Text: "dx2"}, ""},
		{station.Filter{State: station.Pending}, "3"},
		{station.Filter{Site: "find-site"}, "3"},
		{station.Filter{Version: "1.6"}, "012"},
		{station.Filter{Connector: station.Charging}, "1"},
		{station.Filter{Fault: &yes}, "2"},
		{station.Filter{Fault: &no}, "013"},
		{station.Filter{Fault: &no, Connected: &yes}, "0"},
		{station.Filter{IDs: []gnista.StationID{"Find_3", "Find_1", "none"}}, "13"},
	} {
		x.f.Vendor = "finding"
		for limit := 1; limit <= 5; limit++ {
			got := ""
			for after := (*station.Position)(nil); ; {
				list := must[[]station.Position](t)(n.Find(ctx, x.f, after, limit))
				for _, p := range list {
					got += string(p.ID[len(p.ID)-1])
				}
				if len(list) < limit {
					break
				}
				after = &list[len(list)-1]
			}
			want := x.want
			if x.f.Sort == station.BySeen { // those away by when they were heard
				want = map[string]string{"1302": away(false, false), "2031": away(true, false), "31": away(false, true)}[want]
			}
			if got != want {
				t.Errorf("%+v by %d: got %s, want %s", x.f, limit, got, want)
			}
		}
		if got := must[int](t)(n.Count(ctx, x.f)); got != len(x.want) {
			t.Errorf("%+v: counted %d, want %d", x.f, got, len(x.want))
		}
	}
	kinds := must[[]station.Kind](t)(s.Kinds(ctx, []string{"find-site"}, 5))
	if !slices.Equal(kinds, []station.Kind{{Vendor: "finding", Version: "2.0.1", Stations: 1}}) {
		t.Errorf("the kinds are %+v", kinds)
	}
	if kinds := must[[]station.Kind](t)(s.Kinds(ctx, []string{}, 5)); len(kinds) > 0 {
		t.Errorf("the kinds at no site are %+v", kinds)
	}
	if kinds := must[[]station.Kind](t)(s.Kinds(ctx, nil, 100)); len(kinds) < 2 {
		t.Errorf("the kinds everywhere are %+v", kinds)
	}
	charging := must[map[gnista.StationID]bool](t)(s.StationsWith(ctx, station.Charging))
	for _, p := range must[[]station.Position](t)(s.Positions(ctx, station.Filter{Text: "find", Sort: station.ByID}, nil, 100)) {
		list := must[[]station.Connector](t)(s.Connectors(ctx, p.ID))
		if has := slices.ContainsFunc(list, func(c station.Connector) bool { return c.Status == station.Charging }); has != charging[p.ID] {
			t.Errorf("that %s charges is %v, and its connectors say %v", p.ID, charging[p.ID], has)
		}
	}
	if len(charging) == 0 {
		t.Error("nothing charges")
	}
	if got := must[int](t)(s.OpenFaults(ctx, "Find_2")); got != 1 {
		t.Errorf("%d faults are open", got)
	}
	evs := must[[]gnista.Event](t)(s.StationEvents(ctx, "Find_1", 0, 10))
	if len(evs) != 2 || evs[0].Kind != "connector.status" || evs[1].Kind != "station.changed" {
		t.Errorf("the events are %+v", evs)
	}
	if evs := must[[]gnista.Event](t)(s.StationEvents(ctx, "Find_1", evs[0].Seq, 10)); len(evs) != 1 || !reflect.DeepEqual(evs[0].Kind, "station.changed") {
		t.Errorf("behind the newest are %+v", evs)
	}
}

// away is the order by seen: 0 and 2 are connected; 1 was heard 3 minutes and 3 one minute after the start.
func away(down, only bool) string {
	switch {
	case only:
		return "31"
	case down:
		return "2013"
	}
	return "3102"
}

// Fleet is an SQLite database with n stations of two connectors each, for what takes its time with many.
func Fleet(t testing.TB, n int) *store.DB {
	t.Helper()
	url := SQLite(t, t.TempDir())
	raw, err := sql.Open("sqlite", strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $1)
			INSERT INTO station (id, name, state, password_salt, password_hash, tariff, version, vendor, model, serial, firmware, booted_at, seen_at, created_at, updated_at,
				profile, last_profile, next_profile, next_profile_until, next_password_salt, next_password_hash, admit_expired, strict, adaptations, mirror_url, mirror_password, site, words)
			SELECT printf('CP-%06d', i), printf('Laddare %d', i * 7919 % $1), 'accepted', '', '', '', '1.6', 'Acme', printf('Pole %d', i % 7), '', printf('1.%d', i % 11), 1, i * 31 % $1, 1, 1,
				0, 0, 0, 0, '', '', false, false, '', '', '', '', printf('laddare %d cp-%06d', i * 7919 % $1, i) FROM n`,
		`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < 2 * $1)
			INSERT INTO connector (station, evse, connector, status, error_code, vendor_id, vendor_code, info, at, since)
			SELECT printf('CP-%06d', i / 2), i % 2 + 1, 1, CASE WHEN i % 9000 = 0 THEN 'faulted' WHEN i % 5 = 0 THEN 'charging' ELSE 'available' END, '', '', '', '', 1, 1 FROM n`,
	} {
		if _, err := raw.Exec(query, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
