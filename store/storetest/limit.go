package storetest

import (
	"reflect"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
)

func (s suite) limits(t *testing.T) {
	want := charging.Limits{EnergyWh: 1, Seconds: 2, SoC: 3, Cost: &gnista.Money{Amount: 4, Currency: "SEK"}}
	err := s.Change(t.Context(), "limited", func(tx charging.Tx) error {
		if err := tx.SaveStartLimits("limited", 1, want, now); err != nil {
			return err
		}
		if err := tx.SaveStartLimits("limited", 2, charging.Limits{SoC: 80}, now.Add(time.Hour)); err != nil {
			return err
		}
		if got := must[*charging.Limits](t)(tx.StartLimits("limited", 1)); !reflect.DeepEqual(got, &want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if got := must[*charging.Limits](t)(tx.StartLimits("other", 1)); got != nil {
			t.Errorf("another station's limits are %+v", got)
		}
		return tx.SaveStartLimits("limited", 3, charging.Limits{SoC: 90}, now.Add(24*time.Hour+time.Minute))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Change(t.Context(), "limited", func(tx charging.Tx) error {
		for number, there := range map[int]bool{1: false, 2: true, 3: true} {
			if got := must[*charging.Limits](t)(tx.StartLimits("limited", number)); (got != nil) != there {
				t.Errorf("the limits of %d a day later: %+v", number, got)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	x := newTransaction("limited", "limited")
	x.Station, x.Limiting = "limited", &charging.Limiting{Wanted: want, Own: charging.Limits{SoC: 5}, Due: true, Kind: charging.Started, Seq: 6, Told: want}
	if err := s.Change(t.Context(), "limited", func(tx charging.Tx) error { return tx.Save(x, nil) }); err != nil {
		t.Fatal(err)
	}
	if got := must[charging.Transaction](t)(s.Transaction(t.Context(), "limited")); !reflect.DeepEqual(got.Limiting, x.Limiting) {
		t.Errorf("got %+v, want %+v", got.Limiting, x.Limiting)
	}
}
