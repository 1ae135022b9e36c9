package store_test

import (
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"gnista"
	"gnista/station"
	"gnista/store/storetest"
)

// everyTenth is who is away.
type everyTenth struct{}

func (everyTenth) Connection(id gnista.StationID) (station.Connection, bool) {
	return station.Connection{}, id[len(id)-1] != '0'
}
func (everyTenth) Disconnect(gnista.StationID, string)       {}
func (everyTenth) Treat(gnista.StationID, station.Treatment) {}

// spent is the time that processors have worked for this process: what a test may take must not hang on what else is done.
func spent() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestFindInMany tells how much work the first and the last pages of a large fleet are. GNISTA_FLEET says how many stations
// it has; absent is 2,000.
func TestFindInMany(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("GNISTA_FLEET"))
	if n == 0 {
		n = 2000
	}
	db := storetest.Fleet(t, n)
	network := &station.Network{Finder: db, Presence: everyTenth{}}
	yes, no := true, false
	for name, f := range map[string]station.Filter{
		"all": {}, "by name": {Sort: station.ByName}, "by seen": {Sort: station.BySeen}, "by seen, down": {Sort: station.BySeen, Down: true},
		"text": {Text: "dare " + strconv.Itoa(n-1)}, "text, none": {Text: "nowhere"}, "vendor": {Vendor: "Acme", Model: "Pole 3"}, "vendor by name": {Vendor: "Acme", Sort: station.ByName},
		"faulted": {Connector: station.Faulted}, "charging": {Connector: station.Charging}, "preparing": {Connector: station.Preparing}, "fault": {Fault: &yes}, "no fault": {Fault: &no},
		"away": {Connected: &no}, "here": {Connected: &yes}, "away and faulted": {Connected: &no, Connector: station.Faulted}, "firmware": {Firmware: "1.10"},
	} {
		began := spent()
		if _, err := network.Find(t.Context(), f, nil, 100); err != nil {
			t.Fatal(err)
		}
		page := spent() - began
		began = spent()
		count, err := network.Count(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%-18s first page %6.1f ms, count %6d in %6.1f ms", name, float64(page.Microseconds())/1000, count, float64((spent()-began).Microseconds())/1000)
		if page > 500*time.Millisecond {
			t.Errorf("%s: the first page took %v", name, page)
		}
	}
}
