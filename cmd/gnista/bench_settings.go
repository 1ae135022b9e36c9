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
	"sync"
	"time"

	"gnista/ocpp/ocppj"
)

type benchSettings struct {
	Stations    int           `help:"Stations with ordinary traffic, and as many others whose settings are read." default:"1000"`
	Variables   int           `help:"Settings of a station." default:"300"`
	Page        int           `help:"Settings of a page of a report." default:"30"`
	Rate        float64       `help:"Events per second of the ordinary traffic." default:"1000"`
	Duration    time.Duration `help:"How long the idle value is measured." default:"20s"`
	Concurrency int           `help:"Stations that are read at one time." default:"20"`
}

// maxSlower is how many times its idle value the p99 of ordinary traffic may be while settings are read.
const maxSlower = 2.0

// Run measures ordinary traffic beside the reading of all settings of many stations: when nothing is
// known of them, and when nothing has changed since.
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
	for _, s := range read.stations {
		s.n += b.Stations
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
	var ids []string
	for _, s := range read.stations {
		ids = append(ids, fmt.Sprintf("LOAD%06d", s.n))
	}
	idle, err := traffic.events(ctx, b.Duration, b.Rate)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "\n| %d stations, %.0f events/s | took | p50 | p99 | of idle |\n|---|---|---|---|---|\n", b.Stations, b.Rate)
	row := func(name string, took time.Duration, r result, before result) float64 {
		slower := float64(r.p99) / float64(before.p99)
		fmt.Fprintf(o.out, "| %s | %v | %v | %v | %.2f |\n", name, took.Round(100*time.Millisecond), r.p50, r.p99, slower)
		return slower
	}
	row("nothing is read", b.Duration, idle, idle)
	var worst float64
	for _, name := range []string{"settings are read for the first time", "read again, unchanged"} {
		took, r, err := b.beside(ctx, p, traffic, ids)
		if err != nil {
			return err
		}
		worst = max(worst, row(name, took, r, idle))
		if idle, err = traffic.events(ctx, b.Duration, b.Rate); err != nil {
			return err
		}
		row("nothing is read", b.Duration, idle, idle)
	}
	fmt.Fprintf(o.out, "\n%d stations with %d settings each are read, %d at one time, in pages of %d. p99 is at most %.2f of its idle value (wanted: %.0f).\n",
		b.Stations, b.Variables, b.Concurrency, b.Page, worst, maxSlower)
	if worst > maxSlower {
		return errors.New("reading settings disturbs ordinary traffic more than wanted")
	}
	return nil
}

// beside measures the traffic for as long as a campaign reads the settings of stations.
func (b *benchSettings) beside(ctx context.Context, p *process, traffic *load, ids []string) (time.Duration, result, error) {
	type campaign struct {
		ID, State string
		Waves     []struct{ States map[string]int }
	}
	ask := func(method, path string, in any) (c campaign, err error) {
		text, err := json.Marshal(in)
		if err != nil {
			return c, err
		}
		r, err := http.NewRequestWithContext(ctx, method, "http://"+p.address+"/api/v1"+path, bytes.NewReader(text))
		if err != nil {
			return c, err
		}
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return c, err
		}
		defer resp.Body.Close()
		if resp.StatusCode >= 300 {
			return c, fmt.Errorf("%s: %s", path, resp.Status)
		}
		return c, json.NewDecoder(resp.Body).Decode(&c)
	}
	begun := time.Now()
	c, err := ask("POST", "/campaigns", map[string]any{
		"name": "read", "action": "read-settings", "waves": []string{"100%"}, "concurrency": b.Concurrency, "target": map[string]any{"stations": ids},
	})
	if err != nil {
		return 0, result{}, err
	}
	measured, done := context.WithCancel(ctx)
	defer done()
	var wg sync.WaitGroup
	var failure error
	wg.Go(func() {
		defer done()
		for c.State == "running" && failure == nil {
			time.Sleep(500 * time.Millisecond)
			c, failure = ask("GET", "/campaigns/"+c.ID, nil)
		}
	})
	r, err := traffic.events(measured, time.Hour, b.Rate)
	took := time.Since(begun)
	wg.Wait()
	if failure == nil && (c.State != "done" || c.Waves[0].States["happened"] != len(ids)) {
		failure = fmt.Errorf("the campaign is %s: %v", c.State, c.Waves)
	}
	return took, r, errors.Join(failure, err)
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
