//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"time"

	"gnista"
	"gnista/checkout"
	"gnista/gateway"
	"gnista/payment"
	"gnista/payment/stripe/stripesim"
	"gnista/station"
	"gnista/tariff"
)

type benchPay struct {
	Payments int     `help:"Drivers that pay at one time, each at a station of its own." default:"1000"`
	Rate     float64 `help:"Payments that the provider confirms per second, when it does not confirm all at once." default:"100"`
	Profile  string  `help:"Write a CPU profile of the payments that are confirmed one after the other to a file." type:"path" placeholder:"FILE"`
}

// wantedStart is the time within which nearly every station is told to start.
const wantedStart = 200 * time.Millisecond

// Run measures the time from the provider's message that a payment is confirmed until its station is told to start:
// the message is taken in, the payment is read at the provider, a simulated Stripe in this process, and the order is
// stored before it is sent.
func (b *benchPay) Run(ctx context.Context, o *output) error {
	allowedFiles(4*b.Payments + spareFiles)
	p, err := newPayBench(ctx, b.Payments)
	if err != nil {
		return err
	}
	defer p.end()
	fmt.Fprintf(o.out, "\n| %d payments open | p50 | p99 | all |\n|---|---|---|---|\n", b.Payments)
	var most time.Duration
	for i, mode := range []struct {
		name string
		rate float64
	}{{fmt.Sprintf("%.0f are confirmed a second", b.Rate), b.Rate}, {"all are confirmed at once", 0}} {
		evs, err := p.open(ctx, i+1)
		if err != nil {
			return err
		}
		if i == 1 && b.Profile != "" {
			f, err := os.Create(b.Profile)
			if err != nil {
				return err
			}
			pprof.StartCPUProfile(f)
		}
		delays, err := p.confirm(ctx, evs, mode.rate)
		if i == 1 && b.Profile != "" {
			pprof.StopCPUProfile()
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(o.out, "| %s | %v | %v | %v |\n", mode.name, at(delays, 0.5), at(delays, 0.99), at(delays, 1))
		if i == 0 {
			most = at(delays, 0.99)
		}
	}
	if most > wantedStart {
		return fmt.Errorf("the p99 from a payment that is confirmed to the order to start is %v, and should be below %v", most, wantedStart)
	}
	return nil
}

// payBench is a system with a simulated Stripe, and stations that are told to start.
type payBench struct {
	*app
	sim    *stripeSim
	folder string
	server *http.Server
	url    string
	client *http.Client
	load   *load

	mu      sync.Mutex
	orders  map[int]time.Time // by station
	ordered chan struct{}
}

func newPayBench(ctx context.Context, stations int) (*payBench, error) {
	folder, err := os.MkdirTemp("", "gnista-bench")
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	sim, err := startStripeSim(options{}) // what it tells is sent from here
	if err != nil {
		return nil, err
	}
	a, err := newApp(ctx, options{
		Database: "sqlite:" + filepath.Join(folder, "bench.db"), Files: filepath.Join(folder, "files"), Unknown: station.AcceptUnknown, Heartbeat: time.Hour, Retry: time.Minute, Currency: "SEK",
		Zone: time.UTC, LogDays: 7, LogMB: 100, Now: now, NewID: newID, Log: slog.New(slog.DiscardHandler), Stripe: sim.config, Limits: gateway.DefaultLimits(time.Hour),
	})
	if err != nil {
		return nil, err
	}
	p := &payBench{
		app: a, sim: sim, folder: folder, server: a.server(a.handler), url: "http://" + l.Addr().String(), load: newLoad(l.Addr().String(), stations),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: stations, MaxConnsPerHost: stations}, Timeout: time.Minute},
		orders: map[int]time.Time{}, ordered: make(chan struct{}, 2*stations),
	}
	a.start()
	go p.server.Serve(l)
	_, err = a.tariffs.Create(ctx, tariff.Tariff{Name: "Bench", Currency: "SEK", Default: true}, tariff.Version{Elements: []tariff.Element{{Dimension: tariff.Energy, Price: "4", VAT: "25"}}})
	if err == nil {
		err = p.load.connect(ctx, func(int) {})
	}
	if err != nil {
		return nil, errors.Join(err, p.end())
	}
	for _, s := range p.load.stations {
		for evse := range 2 {
			if err := s.call(fmt.Sprintf(`[2,"s%d","StatusNotification",{"timestamp":"%s","connectorStatus":"Occupied","evseId":%d,"connectorId":1}]`, evse, time.Now().UTC().Format(time.RFC3339), evse+1)); err != nil {
				return nil, errors.Join(err, p.end())
			}
		}
		go p.obey(s)
	}
	return p, nil
}

func (p *payBench) end() error {
	p.load.close()
	p.server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	err := p.close(ctx)
	p.sim.end()
	return errors.Join(err, os.RemoveAll(p.folder))
}

// obey answers what a station is told, and notes when it is told to start.
func (p *payBench) obey(s *loadStation) {
	r := bufio.NewReaderSize(s.socket.Conn, 512)
	for {
		text, err := s.socket.Read(r)
		if err != nil {
			return
		}
		var frame []json.RawMessage
		if text == nil || json.Unmarshal(text, &frame) != nil || len(frame) < 3 || string(frame[0]) != "2" {
			continue
		}
		answer := `{"status":"Rejected"}`
		if strings.Contains(string(frame[2]), "RequestStartTransaction") {
			at := time.Now()
			p.mu.Lock()
			p.orders[s.n] = at
			p.mu.Unlock()
			p.ordered <- struct{}{}
			answer = `{"status":"Accepted"}`
		}
		s.socket.Write(fmt.Appendf(nil, `[3,%s,%s]`, frame[1], answer))
	}
}

// payEvent is what Stripe tells of a payment for a charge at a station.
type payEvent struct {
	station int
	stripesim.Event
}

// open has a driver at each station asked to pay, and agree. What Stripe tells of that is not sent yet.
func (p *payBench) open(ctx context.Context, evse int) ([]payEvent, error) {
	var mu sync.Mutex
	var failed error
	of := map[string]int{} // station by Stripe's name of the payment
	var opening sync.WaitGroup
	room := make(chan struct{}, connecting)
	for _, s := range p.load.stations {
		room <- struct{}{}
		opening.Go(func() {
			defer func() { <-room }()
			ref, err := p.agree(ctx, s.n, evse)
			mu.Lock()
			of[ref], failed = s.n, errors.Join(failed, err)
			mu.Unlock()
		})
	}
	opening.Wait()
	if failed != nil {
		return nil, failed
	}
	var list []payEvent
	for _, ev := range p.sim.Told() {
		var body struct {
			Data struct{ Object struct{ ID string } }
		}
		if err := json.Unmarshal(ev.Body, &body); err != nil {
			return nil, err
		}
		if n, ok := of[body.Data.Object.ID]; ok && ev.Type == "payment_intent.amount_capturable_updated" {
			list = append(list, payEvent{n, ev})
		}
	}
	if len(list) != len(p.load.stations) {
		return nil, fmt.Errorf("%d of %d payments were confirmed", len(list), len(p.load.stations))
	}
	return list, nil
}

// agree opens a checkout and has its driver agree. It returns Stripe's name of the payment.
func (p *payBench) agree(ctx context.Context, n, evse int) (string, error) {
	c, err := p.desk.Open(ctx, checkout.Request{
		Station: gnista.StationID(fmt.Sprintf("LOAD%06d", n)), EVSE: evse, Provider: "stripe", Amount: gnista.Money{Amount: 200_00, Currency: "SEK"}, Language: "sv",
	})
	for until := time.Now().Add(time.Minute); err == nil && time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		var v checkout.View
		if v, err = p.desk.View(ctx, c.Key); err == nil && v.Pay != nil && v.Pay.State == payment.Awaiting {
			return v.Pay.Ref, p.sim.Answer(ctx, v.Action, true)
		}
	}
	return "", errors.Join(err, errors.New("a driver was not asked to pay"))
}

// confirm sends what Stripe tells, so many a second or all at once, and waits until every station was told to start. It
// returns how long each took from when its message was due to be sent.
func (p *payBench) confirm(ctx context.Context, evs []payEvent, rate float64) ([]time.Duration, error) {
	p.mu.Lock()
	clear(p.orders)
	p.mu.Unlock()
	begun := time.Now()
	due := map[int]time.Time{}
	var sending sync.WaitGroup
	failed := make(chan error, len(evs))
	for i, ev := range evs {
		at := begun
		if rate > 0 {
			at = begun.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		}
		due[ev.station] = at
		sending.Go(func() {
			time.Sleep(time.Until(at))
			if err := p.send(ctx, ev.Body); err != nil {
				failed <- err
			}
		})
	}
	for range evs {
		select {
		case <-p.ordered:
		case err := <-failed:
			return nil, err
		case <-time.After(time.Minute):
			return nil, errors.New("not every station was told to start")
		}
	}
	sending.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	var delays []time.Duration
	for n, at := range p.orders {
		delays = append(delays, at.Sub(due[n]))
	}
	slices.Sort(delays)
	return delays, nil
}

func (p *payBench) send(ctx context.Context, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/hooks/stripe", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = p.sim.Sign(body, time.Now())
	resp, err := p.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("a message of Stripe was answered %s", resp.Status)
	}
	return nil
}
