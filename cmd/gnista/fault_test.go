package main

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/station"
)

// TestFaultTexts has what stations send, whatever it is, come out of the API as text, in lists and in tables.
func TestFaultTexts(t *testing.T) {
	l := newLive(t, nil)
	auth := []string{"Authorization", "Bearer " + testToken}
	l.do(request("PUT", "/api/v1/stations/F", `{}`, auth...))
	hostile := "=cmd|' /C calc'!A0\r\n\x00<img src=x onerror=alert(1)>\u202e" + strings.Repeat("x", 10_000)
	c := station.Connector{EVSE: gnista.EVSE{ID: 1, Connector: 1}, Status: station.Faulted, ErrorCode: "OtherError", VendorID: "+1", VendorCode: hostile, Info: hostile, At: l.now()}
	if err := l.network.ReportStatus(t.Context(), "F", c); err != nil {
		t.Fatal(err)
	}
	var list struct {
		Items []struct {
			ID, Code string
			Raw      struct{ Info string }
		}
	}
	for range 100 {
		if l.get("/faults?station=F", &list); len(list.Items) == 1 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if len(list.Items) != 1 {
		t.Fatalf("got %+v", list)
	}
	f := list.Items[0]
	if strings.ContainsAny(f.Code, "\r\n\x00\u202e") || len([]rune(f.Code)) > 100 || len(f.Raw.Info) > 4000 || !strings.HasPrefix(f.Raw.Info, "=cmd") {
		t.Errorf("got %+v", f)
	}
	w := l.do(request("GET", "/api/v1/faults/export?station=F", "", auth...))
	rows, err := csv.NewReader(w.Body).ReadAll()
	if err != nil || w.Code != http.StatusOK || len(rows) != 2 {
		t.Fatalf("%d %v %v", w.Code, rows, err)
	}
	for i, cell := range rows[1] {
		if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) || strings.ContainsAny(cell, "\r\n\x00") {
			t.Errorf("%s is %q", rows[0][i], cell)
		}
	}
	w = l.do(request("GET", "/api/v1/faults/"+f.ID, "", append(auth, "Accept-Language", "sv")...))
	var one struct{ Name, Texts any }
	if err := json.Unmarshal(w.Body.Bytes(), &one); err != nil || one.Name == "" || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		t.Errorf("%v %.300s", err, w.Body)
	}
}
