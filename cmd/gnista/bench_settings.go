//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"gnista/ocpp/ocppj"
)

type benchSettings struct {
	Stations    int           `help:"Stations with ordinary traffic, and as many others whose settings are read." default:"1000"`
	Variables   int           `help:"Settings of a station." default:"300"`
	Page        int           `help:"Settings of a page of a report." default:"30"`
	Rate        float64       `help:"Events per second of the ordinary traffic." default:"500"`
	Slice       time.Duration `help:"How long it is measured in turn without and with reading." default:"4s"`
	Concurrency int           `help:"Stations that are read at one time." default:"4"`
}

// maxSlower is how many times its idle value the p99 of ordinary traffic may be while settings are read.
const maxSlower = 2.0

// Run measures ordinary traffic beside the reading of all settings of many stations: when nothing is
// known of them, and when nothing has changed since. Slices of time with and without reading take
// turns, so that what else the machine does falls on both.
func (b *benchSettings) Run(ctx context.Context, o *output) error {
	allowedFiles(2*b.Stations + spareFiles)
	p, err := launch(ctx, "group")
	if err != nil {
		return err
	}
	defer p.end()
	traffic, read := newLoad(p.address, b.Stations), newLoad(p.address, b.Stations)
	defer traffic.close()
	defer read.close()
	var ids []string
	for _, s := range read.stations {
		s.n += b.Stations
		ids = append(ids, fmt.Sprintf("LOAD%06d", s.n))
	}
	for _, l := range []*load{traffic, read} {
		if err := l.connect(ctx, func(int) {}); err != nil {
			return err
		}
	}
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, s := range read.stations {
		go s.report(stop, b.Variables, b.Page)
	}
	if _, err := traffic.events(ctx, 2*b.Slice, b.Rate); err != nil { // everything gets warm
		return err
	}
	fmt.Fprintf(o.out, "\n| %d stations with %d settings, %d at one time | read in | p50 idle | p50 | p99 idle | p99 | of idle |\n|---|---|---|---|---|---|---|\n", b.Stations, b.Variables, b.Concurrency)
	var worst float64
	for _, name := range []string{"for the first time", "again, unchanged"} {
		took, idle, busy, err := b.inTurn(ctx, p, traffic, ids)
		if err != nil {
			return err
		}
		slower := float64(at(busy, 0.99)) / float64(at(idle, 0.99))
		worst = max(worst, slower)
		fmt.Fprintf(o.out, "| %s | %v | %v | %v | %v | %v | %.2f |\n", name, took.Round(100*time.Millisecond), at(idle, 0.5), at(busy, 0.5), at(idle, 0.99), at(busy, 0.99), slower)
	}
	fmt.Fprintf(o.out, "\nBeside %.0f events/s, pages of %d. p99 is at most %.2f of its idle value (wanted: %.0f).\n", b.Rate, b.Page, worst, maxSlower)
	if worst > maxSlower {
		return errors.New("reading settings disturbs ordinary traffic more than wanted")
	}
	return nil
}

// at is the delay that so great a part of list does not exceed.
func at(list []time.Duration, part float64) time.Duration {
	list = slices.Sorted(slices.Values(list))
	return list[int(part*float64(len(list)-1))].Round(10 * time.Microsecond)
}

// readCampaign is what is looked at of a campaign.
type readCampaign struct {
	ID, State string
	Waves     []struct{ States map[string]int }
}

// inTurn has a campaign read the settings of stations, pauses it every other slice of time, and tells
// how long it ran in all and how long each event took without it and beside it.
func (b *benchSettings) inTurn(ctx context.Context, p *process, traffic *load, ids []string) (took time.Duration, idle, busy []time.Duration, err error) {
	ask := func(path string, in any) (c readCampaign, err error) {
		text, err := json.Marshal(in)
		if err != nil {
			return c, err
		}
		resp, err := http.Post("http://"+p.address+"/api/v1"+path, "application/json", bytes.NewReader(text))
		if err != nil {
			return c, err
		}
		defer resp.Body.Close()
		if err = json.NewDecoder(resp.Body).Decode(&c); err == nil && resp.StatusCode >= 300 && resp.StatusCode != http.StatusConflict { // it may have ended by itself
			err = fmt.Errorf("%s: %s", path, resp.Status)
		}
		return c, err
	}
	begun := time.Now()
	c, err := ask("/campaigns", map[string]any{
		"name": "read", "action": "read-settings", "waves": []string{"100%"}, "concurrency": b.Concurrency, "target": map[string]any{"stations": ids},
	})
	for id := c.ID; err == nil; {
		var r result
		if r, err = traffic.events(ctx, b.Slice, b.Rate); err != nil {
			break
		}
		busy = append(busy, r.delays...)
		if c, err = ask("/campaigns/"+id+"/pause", struct{}{}); err != nil {
			break
		}
		took += time.Since(begun)
		time.Sleep(time.Second) // what is under way ends
		if r, err = traffic.events(ctx, b.Slice, b.Rate); err != nil {
			break
		}
		idle = append(idle, r.delays...)
		begun = time.Now()
		var shown []byte
		if shown, err = get(ctx, "http://"+p.address+"/api/v1/campaigns/"+id); err != nil {
			break
		}
		if err = json.Unmarshal(shown, &c); err != nil {
			break
		}
		if c.State == "done" {
			if c.Waves[0].States["happened"] != len(ids) {
				err = fmt.Errorf("the campaign has come to %v", c.Waves)
			}
			break
		}
		_, err = ask("/campaigns/"+id+"/resume", struct{}{})
	}
	return took, idle, busy, err
}

func get(ctx context.Context, url string) ([]byte, error) {
	var b bytes.Buffer
	err := fetch(ctx, url, &b)
	return b.Bytes(), err
}

// report answers requests for reports with so many variables until ctx ends.
func (s *loadStation) report(ctx context.Context, variables, page int) {
	s.reader = bufio.NewReaderSize(s.socket.Conn, 512)
	for ctx.Err() == nil {
		text, err := s.socket.Read(s.reader)
		if err != nil {
			return
		}
		f, err := ocppj.Parse(text)
		if err != nil || f.Type != ocppj.CALL {
			continue
		}
		var asked struct {
			RequestID int `json:"requestId"`
		}
		if json.Unmarshal(f.Payload, &asked) != nil || s.socket.Write(fmt.Appendf(nil, `[3,%q,{"status":"Accepted"}]`, f.ID)) != nil {
			return
		}
		for n := 0; n*page < variables; n++ {
			if s.roundTrip(reportPage(asked.RequestID, n, page, variables)) != nil {
				return
			}
		}
	}
}

// reportPage is a page of the report of a station.
func reportPage(number, n, page, variables int) []byte {
	text := fmt.Appendf(nil, `[2,"p%d","NotifyReport",{"requestId":%d,"generatedAt":"2026-01-01T00:00:00Z","seqNo":%d,"tbc":%t,"reportData":[`, n, number, n, (n+1)*page < variables)
	for i := n * page; i < min((n+1)*page, variables); i++ {
		if i > n*page {
			text = append(text, ',')
		}
		text = fmt.Appendf(text, `{"component":{"name":"Component%d","evse":{"id":%d}},"variable":{"name":"Variable%d"},"variableAttribute":[{"type":"Actual","value":"value %d","mutability":"ReadWrite",`+
			`"persistent":true,"constant":false}],"variableCharacteristics":{"unit":"s","dataType":"string","maxLimit":100,"supportsMonitoring":true}}`, i/10, i%2+1, i, i)
	}
	return append(text, `]}]`...)
}
