package ocpp2_test

import (
	"reflect"
	"testing"

	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

func TestActions(t *testing.T) {
	names := map[string]bool{}
	var old, stations, either int
	for _, a := range ocpp2.Actions {
		name := a.ActionName()
		if names[name] {
			t.Errorf("%s is there twice", name)
		}
		names[name] = true
		if !a.In(ocppj.V21) || a.In(ocppj.V16) {
			t.Errorf("%s is in the wrong versions", name)
		}
		if a.In(ocppj.V201) {
			old++
		}
		switch station, central := a.SentBy(ocppj.Station), a.SentBy(ocppj.Central); {
		case station && central:
			either++
		case station:
			stations++
		case !central:
			t.Errorf("nobody sends %s", name)
		}
		if request := reflect.TypeOf(a.NewRequest()).Elem().Name(); request != name+"Request" {
			t.Errorf("the request of %s is %s", name, request)
		}
		want := name + "Response"
		if name == "NotifyPeriodicEventStream" {
			want = "None"
		}
		if response := reflect.TypeOf(a.NewResponse()).Elem().Name(); response != want {
			t.Errorf("the response of %s is %s", name, response)
		}
	}
	if len(names) != 91 || old != 64 || stations != 36 || either != 1 {
		t.Errorf("%d actions, %d in 2.0.1; stations send %d, both sides %d", len(names), old, stations, either)
	}
}
