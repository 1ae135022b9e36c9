package storetest

import (
	"fmt"
	"testing"
	"time"

	"gnista/station"
)

func (s suite) verdicts(t *testing.T) {
	ctx := t.Context()
	for i := range 3 {
		v := station.Verdict{Station: "v", Cause: station.BadCredentials, Reason: "the password is wrong", Remote: fmt.Sprint(i), Count: 1, FirstAt: now, LastAt: now.Add(time.Duration(i) * time.Second)}
		if err := s.AddVerdicts(ctx, []station.Verdict{v}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.AddVerdicts(ctx, []station.Verdict{{Station: "w", Cause: station.UnknownStation, Reason: "x", Count: 1, FirstAt: now, LastAt: now}}); err != nil {
		t.Fatal(err)
	}
	list := must[[]station.Verdict](t)(s.Verdicts(ctx, "v", 10))
	if len(list) != 1 || list[0].Count != 3 || list[0].Remote != "2" || !list[0].FirstAt.Equal(now) || !list[0].LastAt.Equal(now.Add(2*time.Second)) {
		t.Errorf("got %+v", list)
	}
	if all := must[[]station.Verdict](t)(s.Verdicts(ctx, "", 10)); len(all) != 2 || all[0].Station != "v" {
		t.Errorf("got %+v", all)
	}
}
