//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

type benchPages struct {
	Stations int           `help:"Stations with ordinary traffic, each with an outlet that has a page." default:"500"`
	Rate     float64       `help:"Events per second of the ordinary traffic." default:"500"`
	Pages    float64       `help:"Pages of drivers per second." default:"200"`
	Slice    time.Duration `help:"How long each is measured." default:"10s"`
}

// wantedPage is the time within which nearly every page of a driver is sent.
const wantedPage = 20 * time.Millisecond

// Run measures the page on which drivers begin to pay, alone and beside ordinary traffic, and that traffic beside it.
func (b *benchPages) Run(ctx context.Context, o *output) error {
	allowedFiles(b.Stations + spareFiles)
	p, err := launch(ctx, "group")
	if err != nil {
		return err
	}
	defer p.end()
	traffic := newLoad(p.address, b.Stations)
	defer traffic.close()
	if err := traffic.connect(ctx, func(int) {}); err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}, Timeout: time.Minute}
	codes, err := b.codes(ctx, client, p, traffic)
	if err != nil {
		return err
	}
	if _, err := b.ask(ctx, client, p, codes, 2*time.Second); err != nil { // everything gets warm
		return err
	}
	alone, err := b.ask(ctx, client, p, codes, b.Slice)
	if err != nil {
		return err
	}
	idle, err := traffic.events(ctx, b.Slice, b.Rate)
	if err != nil {
		return err
	}
	var beside []time.Duration
	var failed error
	var asking sync.WaitGroup
	asking.Go(func() { beside, failed = b.ask(ctx, client, p, codes, b.Slice) })
	busy, err := traffic.events(ctx, b.Slice, b.Rate)
	asking.Wait()
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	fmt.Fprintf(o.out, "\n| %.0f pages/s, %.0f events/s | p50 | p99 |\n|---|---|---|\n", b.Pages, b.Rate)
	for _, x := range []struct {
		name string
		list []time.Duration
	}{{"pages without events", alone}, {"pages beside events", beside}, {"events without pages", idle.delays}, {"events beside pages", busy.delays}} {
		fmt.Fprintf(o.out, "| %s | %v | %v |\n", x.name, at(x.list, 0.5), at(x.list, 0.99))
	}
	worst := at(beside, 0.99)
	fmt.Fprintf(o.out, "\np99 of pages beside events is %v (wanted: %v), that of events %.2f of theirs without.\n", worst, wantedPage, float64(busy.p99)/float64(idle.p99))
	if worst > wantedPage {
		return errors.New("pages of drivers take longer than wanted")
	}
	return nil
}

// codes has each station tell of an outlet, and makes its code.
func (b *benchPages) codes(ctx context.Context, client *http.Client, p *process, l *load) (codes []string, err error) {
	for _, s := range l.stations {
		at := time.Now().UTC().Format(time.RFC3339)
		if err := s.call(fmt.Sprintf(`[2,"status","StatusNotification",{"timestamp":"%s","connectorStatus":"Available","evseId":1,"connectorId":1}]`, at)); err != nil {
			return nil, err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprintf("http://%s/api/v1/stations/LOAD%06d/evses/1/code", p.address, s.n), bytes.NewReader(nil))
		if err != nil {
			return nil, err
		}
		resp, err := client.Do(r)
		if err != nil {
			return nil, err
		}
		var c struct{ Code string }
		err = errors.Join(json.NewDecoder(resp.Body).Decode(&c), resp.Body.Close())
		if err != nil || c.Code == "" {
			return nil, errors.Join(fmt.Errorf("a code was answered with %s", resp.Status), err)
		}
		codes = append(codes, c.Code)
	}
	return codes, nil
}

// ask asks for so many pages a second, as phones with addresses of their own do through a proxy, and tells how long
// each took from when it was due.
func (b *benchPages) ask(ctx context.Context, client *http.Client, p *process, codes []string, d time.Duration) ([]time.Duration, error) {
	n := int(b.Pages * d.Seconds())
	took := make([]time.Duration, n)
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed error
	start := time.Now()
	for i := range n {
		due := start.Add(time.Duration(float64(i) / b.Pages * float64(time.Second)))
		time.Sleep(time.Until(due))
		all.Go(func() {
			err := page(ctx, client, "http://"+p.address+"/e/"+codes[i%len(codes)], fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255))
			took[i] = time.Since(due)
			if err != nil {
				mu.Lock()
				failed = err
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return took, failed
}

func page(ctx context.Context, client *http.Client, address, from string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	r.Header.Set("X-Forwarded-For", from)
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("a page was answered with %s", resp.Status)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
