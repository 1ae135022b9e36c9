package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Stations are found by what is known of them, counted likewise, and are what a campaign is of.
func TestFindingStations(t *testing.T) {
	l := newLive(t, nil)
	auth := []string{"Authorization", "Bearer " + testToken}
	send := func(method, path, body string, want int) string {
		t.Helper()
		w := l.do(request(method, "/api/v1"+path, body, auth...))
		if w.Code != want {
			t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		return w.Body.String()
	}
	var site struct{ ID string }
	if err := json.Unmarshal([]byte(send("POST", "/sites", `{"name":"Hamnen","position":{"latitude":57.7,"longitude":11.97}}`, 201)), &site); err != nil {
		t.Fatal(err)
	}
	for i, body := range []string{`{"name":"Norra"}`, `{"name":"Östra","site":"` + site.ID + `"}`, `{"state":"pending","site":"` + site.ID + `"}`} {
		send("PUT", fmt.Sprintf("/stations/S%d", i), body, 200)
	}
	type list struct {
		Items []struct {
			ID         string
			OpenFaults int
		}
		Next string
	}
	for query, want := range map[string]string{
		"": "S0 S1 S2", "sort=-id": "S2 S1 S0", "sort=name": "S0 S2 S1", "sort=-seen": "S2 S1 S0", "q=%C3%96STRA": "S1", "q=s": "S0 S1 S2", "state=pending": "S2", "site=" + site.ID: "S1 S2", "connected=true": "",
		"connected=false&state=accepted": "S0 S1", "id=S2&id=S0&id=none": "S0 S2", "fault=true": "", "fault=false": "S0 S1 S2", "connector=charging": "", "vendor=Acme": "",
	} {
		got, cursor := []string{}, ""
		for {
			var page list
			l.get("/stations?limit=2&"+query+"&cursor="+cursor, &page)
			for _, x := range page.Items {
				got = append(got, x.ID)
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", query, got, want)
		}
		if strings.Contains(query, "id=S2") || strings.HasPrefix(query, "sort") {
			continue
		}
		var count struct{ Stations int }
		if l.get("/station-count?"+query, &count); count.Stations != len(got) {
			t.Errorf("%s: %d are counted, %d listed", query, count.Stations, len(got))
		}
	}
	for _, path := range []string{"/stations?sort=name&cursor=YWJj", "/stations?sort=age", "/stations?connected=maybe", "/station-count?fault=x", "/stations/S0/messages?direction=up", "/stations/S0/events?cursor=YWJj"} {
		send("GET", path, "", 422)
	}

	var sites struct {
		Items []struct {
			Site, Name        string
			Stations, Offline int
			Position          *struct{ Latitude, Longitude float64 }
		}
	}
	l.get("/station-sites", &sites)
	if len(sites.Items) != 2 || sites.Items[0].Stations != 2 || sites.Items[0].Offline != 2 || sites.Items[1].Stations != 1 || sites.Items[1].Position != nil {
		t.Errorf("the sites are %+v", sites)
	} else if at := sites.Items[0].Position; at == nil || math.Abs(at.Latitude-57.7) > 1e-9 || math.Abs(at.Longitude-11.97) > 1e-9 {
		t.Errorf("the position is %+v", at)
	}
	send("PATCH", "/sites/"+site.ID, `{"position":{"latitude":91,"longitude":0}}`, 422)
	send("PATCH", "/sites/"+site.ID, `{"position":null}`, 422)
	var kinds struct{ Items []struct{ Stations int } }
	if l.get("/station-kinds", &kinds); len(kinds.Items) != 1 || kinds.Items[0].Stations != 3 {
		t.Errorf("the kinds are %+v", kinds)
	}
	var events struct{ Items []struct{ Kind string } }
	if l.get("/stations/S1/events", &events); len(events.Items) != 1 || events.Items[0].Kind != "station.registered" {
		t.Errorf("the events are %+v", events)
	}

	begin := func(target string, want int) string {
		t.Helper()
		return send("POST", "/campaigns", `{"name":"x","action":"clear-cache","dryRun":true,"target":`+target+`}`, want)
	}
	if got := begin(`{"filter":{"state":"pending"}}`, 201); !strings.Contains(got, `"S2"`) || strings.Contains(got, `"S1"`) {
		t.Errorf("a campaign of what a filter lets through: %s", got)
	}
	begin(`{"filter":{"q":"nowhere"}}`, 422)
	begin(`{"filter":{},"stations":["S1"]}`, 422)
	for args, want := range map[string]int{`{}`: 422, `{"operative":true}`: 201, `{"operative":true,"x":1}`: 422} {
		send("POST", "/campaigns", `{"name":"x","action":"availability","dryRun":true,"args":`+args+`,"target":{"stations":["S1"]}}`, want)
	}
	send("POST", "/campaigns", `{"name":"x","action":"trigger","dryRun":true,"args":{"message":"custom"},"target":{"stations":["S1"]}}`, 422)
}

// The map is sent in parts to who asks for them, and to nobody where there is none.
func TestMapTiles(t *testing.T) {
	auth := []string{"Authorization", "Bearer " + testToken}
	if w := newLive(t, nil).do(request("HEAD", "/map.pmtiles", "", auth...)); w.Code != 404 {
		t.Errorf("without a map: %d", w.Code)
	}
	file := filepath.Join(t.TempDir(), "tiles")
	if err := os.WriteFile(file, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := newLive(t, func(o *options) { o.MapTiles = file })
	w := l.do(request("GET", "/map.pmtiles", "", append(auth, "Range", "bytes=2-4")...))
	if w.Code != 206 || w.Body.String() != "234" {
		t.Errorf("a part: %d %s", w.Code, w.Body)
	}
	if w := l.do(request("GET", "/map.pmtiles", "")); w.Code == 200 {
		t.Error("anybody gets the map")
	}
}
