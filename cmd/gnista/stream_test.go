package main

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

// A station cannot open streams without end. OCPP 2.1 N11.FR.05
func TestTooManyStreams(t *testing.T) {
	const most = 200
	var script strings.Builder
	script.WriteString("connect CS1 ocpp2.1\n> [2,\"b\",\"BootNotification\",{\"reason\":\"PowerUp\",\"chargingStation\":{\"vendorName\":\"V\",\"model\":\"M\"}}]\n")
	for i := range most + 1 {
		fmt.Fprintf(&script, "> [2,\"%d\",\"OpenPeriodicEventStream\",{\"constantStreamData\":{\"id\":%d,\"variableMonitoringId\":1,\"params\":{\"interval\":60}}}]\n", i, i)
	}
	synctest.Test(t, func(t *testing.T) {
		got := play(t, script.String())
		if n := strings.Count(got, `{"status":"Accepted"}]`); n != most {
			t.Errorf("%d streams are open", n)
		}
		if want := fmt.Sprintf(`< [3,"%d",{"status":"Rejected"`, most); !strings.Contains(got, want) {
			t.Errorf("no %s in the end", want)
		}
	})
}
