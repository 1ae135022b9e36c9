package storetest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
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
	for i, name := range []string{"Östra 50%", "västra", "Norra", ""} {
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
	kinds := must[[]station.Kind](t)(s.Kinds(ctx, "find-site", 5))
	if !slices.Equal(kinds, []station.Kind{{Vendor: "finding", Version: "2.0.1", Stations: 1}}) {
		t.Errorf("the kinds are %+v", kinds)
	}
	if got := must[map[string]int](t)(s.StatusSites(ctx, station.Charging)); got[""] < 1 || got["find-site"] != 0 {
		t.Errorf("charging at %v", got)
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

// Fleet puts n stations with two connectors each into a database, for what takes its time with many.
func Fleet(t testing.TB, db *store.DB, n int) {
	t.Helper()
	status := []station.Status{station.Available, station.Charging, station.Available, station.Available}
	work := make(chan int)
	done := make(chan error)
	for range 200 {
		go func() {
			var failed error
			for i := range work {
				id := gnista.StationID(fmt.Sprintf("CP-%06d", i))
				_, err := db.ChangeStation(context.Background(), id, true, func(x *station.Station) ([]gnista.Event, error) {
					x.State, x.Name, x.Vendor, x.Model, x.Firmware, x.Version = station.Accepted, fmt.Sprintf("Laddare %d", i*7919%n), "Acme", fmt.Sprintf("Pole %d", i%7), fmt.Sprintf("1.%d", i%11), "1.6"
					x.SeenAt, x.BootedAt = now.Add(time.Duration(i*31%n)*time.Second), now
					return nil, nil
				})
				for c := 1; c <= 2 && err == nil; c++ {
					at := station.Connector{EVSE: gnista.EVSE{ID: c, Connector: 1}, Status: status[(i+c)%len(status)], At: now}
					if i%5000 == 0 {
						at.Status = station.Faulted
					}
					err = db.SetConnector(context.Background(), id, at, 10, gnista.Event{At: now, Kind: "connector.status", Station: id})
				}
				if err != nil {
					failed = err
				}
			}
			done <- failed
		}()
	}
	for i := range n {
		work <- i
	}
	close(work)
	for range 200 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}
