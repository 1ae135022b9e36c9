package billing_test

import (
	"reflect"
	"testing"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/charging"
	"gnista/tariff"
)

// What no bill depends on is taken out of what the meter said, once it is old; what a record is made of stays.
func TestThinning(t *testing.T) {
	watts := int64(8000)
	for name, c := range map[string]struct {
		when tariff.Restriction
		left int // of 13 samples of energy and 13 of power
	}{
		"one price":                {tariff.Restriction{}, 2},
		"by time of day":           {tariff.Restriction{To: "12:31"}, 13},
		"by time, on another day":  {tariff.Restriction{Since: "2027-01-01"}, 2},
		"by power":                 {tariff.Restriction{MinW: &watts}, 26},
		"by power that never came": {tariff.Restriction{MinW: new(int64(1e9))}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSystem(t)
			elements := []tariff.Element{{Dimension: tariff.Energy, Price: "2", VAT: "25", When: c.when}}
			if name != "one price" {
				elements = append(elements, tariff.Element{Dimension: tariff.Energy, Price: "1", VAT: "25"})
			}
			if _, err := s.tariffs.Create(t.Context(), tariff.Tariff{Name: "All", Currency: "SEK", Default: true}, tariff.Version{Elements: elements}); err != nil {
				t.Fatal(err)
			}
			var samples []charging.Sample
			for i := range 13 { // faster at first: 7 kW by the register and 9 by what it says of power; 3 from the half on
				at := start.Add(time.Duration(i) * 5 * time.Minute)
				wh := int64(580 * i)
				if i > 6 {
					wh = 580*6 + int64(250*(i-6))
				}
				kW := int64(9)
				if i > 6 {
					kW = 3
				}
				samples = append(samples,
					charging.Sample{At: at, Measurand: charging.EnergyImport, Location: charging.Outlet, Milli: wh * 1000},
					charging.Sample{At: at, Measurand: charging.PowerImport, Location: charging.Outlet, Milli: kW * 1_000_000})
			}
			x := &charging.Transaction{
				ID: "x1", Station: "A", Version: gnista.V21, Ref: "r1", EVSE: gnista.EVSE{ID: 1, Connector: 1}, Authorised: true, State: charging.Ended, StartedAt: start, EndedAt: start.Add(time.Hour),
				FinishedAt: start.Add(time.Hour), UpdatedAt: start, SoC: -1, EnergyWh: 4980,
			}
			x.Progress.Timeline = []charging.Step{{At: start, Activity: charging.Charging}}
			x.Meter.First, x.Meter.Last = &charging.Reading{At: start, MWh: 0}, &charging.Reading{At: start.Add(time.Hour), MWh: 4_980_000}
			ev := gnista.Event{At: start, Kind: "transaction.finished", Station: "A", Subject: "x1"}
			if err := s.db.Change(t.Context(), "A", func(tx charging.Tx) error { return tx.Save(x, samples, ev) }); err != nil {
				t.Fatal(err)
			}
			s.take(ev)
			rec := s.issued()[0]
			left := func() []charging.Sample {
				list, err := s.db.Samples(t.Context(), "x1")
				if err != nil {
					t.Fatal(err)
				}
				return list
			}
			all := left()
			sweep := func(after time.Duration) {
				th := &billing.Thinning{Records: s.Records, Store: s.db, After: after}
				if err := th.Sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			sweep(time.Hour) // it is not old yet
			sweep(0)         // never
			if got := left(); len(got) != len(samples) {
				t.Fatalf("%d samples are left before it is old", len(got))
			}
			sweep(time.Second)
			got := left()
			if len(got) != c.left {
				t.Errorf("%d samples are left and not %d", len(got), c.left)
			}
			now, err := s.db.Transaction(t.Context(), "x1")
			if thinned := !now.ThinnedAt.IsZero(); err != nil || thinned != (len(got) < len(all)) {
				t.Errorf("the charge says that it was thinned out: %v, %v", now.ThinnedAt, err)
			}
			if now.ThinnedAt = x.ThinnedAt; now.EnergyWh != x.EnergyWh || !reflect.DeepEqual(now.Meter, x.Meter) || !reflect.DeepEqual(now.Progress, x.Progress) {
				t.Errorf("the charge has become %+v, %v", now, err)
			}
			list, err := s.Audit(t.Context(), billing.Audited{Record: rec, Transaction: *x, Samples: got})
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range list {
				if d.What != "whether there is an entry in the ledger" {
					t.Errorf("afterwards %s is %s and not %s", d.What, d.Found, d.Expected)
				}
			}
			if n, err := s.db.Thinned(t.Context()); n != rec.Number || err != nil {
				t.Errorf("it has come to %d: %v", n, err)
			}
			// Who has not seen what came meanwhile takes nothing away.
			if err := s.db.KeepSamples(t.Context(), x, all[:1], nil, start); err != nil || !reflect.DeepEqual(left(), got) {
				t.Errorf("others are left: %v", err)
			}
		})
	}
}
