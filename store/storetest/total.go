package storetest

import (
	"fmt"
	"testing"

	"gnista"
	"gnista/charging"
	"gnista/station"
)

// totals are sums over all that there is.
func (s suite) totals(t *testing.T) {
	ctx := t.Context()
	before := must[station.Count](t)(s.StationTotals(ctx))
	for _, id := range []gnista.StationID{"TOTAL-1", "TOTAL-2"} {
		must[station.Station](t)(s.ChangeStation(ctx, id, true, func(x *station.Station) ([]gnista.Event, error) { x.State = station.Accepted; return nil, nil }))
		for connector := range 3 { // one is of the station as a whole, two are of one EVSE
			c := station.Connector{EVSE: gnista.EVSE{ID: min(connector, 1), Connector: connector}, Status: station.Available, At: now}
			if err := s.SetConnector(ctx, id, c, 10, gnista.Event{At: now, Kind: "station.status", Station: id}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := must[station.Count](t)(s.StationTotals(ctx)); n.Stations != before.Stations+2 || n.EVSEs != before.EVSEs+2 {
		t.Errorf("there were %+v, and are %+v", before, n)
	}

	going := must[charging.GoingOn](t)(s.GoingOn(ctx))
	err := s.Change(ctx, "TOTAL-1", func(tx charging.Tx) error {
		for i, activity := range []charging.Activity{charging.Charging, charging.SuspendedEV} {
			x := charging.Transaction{ID: fmt.Sprint("total", i), Station: "TOTAL-1", Ref: fmt.Sprint("total", i), EVSE: gnista.EVSE{ID: i + 1}, State: charging.Active, Activity: activity, StartedAt: now, UpdatedAt: now, PowerW: 7000}
			if err := tx.Save(&x, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if g := must[charging.GoingOn](t)(s.GoingOn(ctx)); g.Transactions != going.Transactions+2 || g.Charging != going.Charging+1 || g.PowerW != going.PowerW+14_000 {
		t.Errorf("there went on %+v, and go %+v", going, g)
	}
}
