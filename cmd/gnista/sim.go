package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"gnista"
	"gnista/sim"
)

// simulate is the command sim. Its settings come from the command line alone: the names are too common
// for the environment.
type simulate struct {
	URL         string   `help:"Address of the central system for stations." default:"ws://127.0.0.1:8080/ocpp" env:"-"`
	Stations    int      `help:"How many stations." default:"6" env:"-"`
	Version     string   `help:"OCPP version: 1.6, 2.0.1, 2.1, or mix." enum:"1.6,2.0.1,2.1,mix" default:"mix" env:"-"`
	Scenario    string   `help:"What happens there: normal, offline (the connection is lost while a car charges), fault, power-loss, shortage (more cars than the connection of the site has power for), or mix of all but shortage." enum:"normal,offline,fault,power-loss,shortage,mix" default:"normal" env:"-"`
	Rounds      int      `help:"Cars at each EVSE; 0 is until stopped." default:"0" env:"-"`
	Speed       float64  `help:"How many times faster than real the waiting is. Times and power stay what they are, so less energy flows." default:"1" env:"-"`
	Tokens      []string `help:"UID of a card that drivers have; may be repeated. Without any, a card of the demonstration." name:"token" placeholder:"UID" env:"-"`
	IDPrefix    string   `help:"Identities of the stations begin with this." name:"id-prefix" default:"SIM-" env:"-"`
	Password    string   `help:"Password of the stations, for Basic authentication." env:"-"`
	Compress    bool     `help:"Offer to compress messages." env:"-"`
	CA          string   `help:"File with root certificates in PEM to trust, for wss." name:"ca" placeholder:"FILE" env:"-"`
	EVSEs       int      `help:"Outlets of each station." name:"evses" default:"1" env:"-"`
	PowerKW     float64  `help:"The most that an outlet gives." name:"power-kw" default:"22" env:"-"`
	Personality []string `help:"What the stations do wrong, as some makes do; may be repeated. Their names are in this help." placeholder:"NAME" env:"-"`
	Fault       []string `help:"Inject this fault, before a car charges at outlet 1 and the next time while it does; may be repeated. A code of OCPP 1.6, or source/code as in ocpp2/RCD.Tripped, mrec/CX001, charin/ConnectorLockFailure, alfen/104, security/TamperDetectionActivated, stop/EmergencyStop, rpc/InternalError. Several that come together have a semicolon between them; ~ before one leaves the outlet usable; =TEXT behind it adds words, or with ocpp2 is the value." sep:"none" placeholder:"CODE[;CODE]" env:"-"`
	siteFlags
	Seed     uint64     `help:"Another number makes other things happen." default:"1" env:"-"`
	LogLevel slog.Level `help:"debug, info, warn or error." default:"warn"`
}

// Help lists the personalities.
func (c *simulate) Help() string {
	var b strings.Builder
	b.WriteString("Personalities:\n")
	for _, p := range sim.Personalities() {
		fmt.Fprintf(&b, "  %-22s %s\n", p.Name, p.About)
	}
	return b.String()
}

// Run simulates until all rounds are played or ctx ends.
func (c *simulate) Run(ctx context.Context, o *output) error {
	log := slog.New(slog.NewTextHandler(o.err, &slog.HandlerOptions{Level: c.LogLevel}))
	park, err := c.park(log)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "Simulating %d stations at %s. Ctrl-C ends it.\n", c.Stations, c.URL)
	started := time.Now()
	done := make(chan error, 1)
	go func() { done <- park.Run(ctx) }()
	if park.Site != nil && c.SiteMeterURL != "" {
		go c.feed(ctx, park.Site, log)
	}
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	stopped := ctx.Done()
	for {
		select {
		case <-stopped:
			fmt.Fprintf(o.out, "Ending what goes on and telling what is left to be told, for %v at most.\n", simPatience)
			stopped = nil
		case err := <-done:
			if t := park.Totals(); t.Sent > 0 {
				fmt.Fprintln(o.out, "Done.")
				c.progress(o.out, time.Since(started), park)
			}
			return err
		case <-tick.C:
			c.progress(o.out, time.Since(started), park)
		}
	}
}

const (
	progressEvery = 5 * time.Second
	simPatience   = 20 * time.Second
	connectEvery  = 5 * time.Millisecond
	simInstall    = 10 * time.Second
)

func (c *simulate) progress(w io.Writer, passed time.Duration, p *sim.Park) {
	t := p.Totals()
	fmt.Fprintf(w, "%6s  %d of %d stations in service, %d transactions started, %d ended, %.1f kWh, %d events waiting, %d messages sent, %d received, %d errors, %d tokens refused\n",
		passed.Round(time.Second), t.InService, t.Stations, t.Started, t.Ended, float64(t.EnergyWh)/1000, t.Waiting, t.Sent, t.Received, t.Errors, t.Refused)
	if x := p.Site; x != nil {
		r, seen := x.Read()
		b := x.Burden()
		fmt.Fprintf(w, "        at the connection %s A of %.0f A, at most %.1f A; too much %d times, for %v at most%s\n",
			amps(r.AmpsMA), float64(x.Amps)/1000, float64(b.MostMA)/1000, b.Times, b.Longest.Round(time.Second), map[bool]string{false: "; its meter is out"}[seen])
	}
}

// check finds what the command line cannot mean.
func (c *simulate) check() error {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return fmt.Errorf("--url: %w", err)
	case (u.Scheme != "ws" && u.Scheme != "wss") || u.Host == "":
		return fmt.Errorf("--url %q is not the address of a central system, as in ws://127.0.0.1:8080/ocpp", c.URL)
	case c.Stations < 1:
		return fmt.Errorf("--stations must be 1 or more")
	case c.EVSEs < 1:
		return fmt.Errorf("--evses must be 1 or more")
	case c.Rounds < 0:
		return fmt.Errorf("--rounds must be 0 or more")
	case !(c.Speed > 0):
		return fmt.Errorf("--speed must be more than 0")
	case sim.CheckPersonality(c.Personality...) != nil:
		return fmt.Errorf("--personality: %w", sim.CheckPersonality(c.Personality...))
	case !(c.PowerKW > 0) || c.PowerKW > 10_000:
		return fmt.Errorf("--power-kw must be more than 0 and at most 10000")
	}
	if _, err := c.faults(); err != nil {
		return err
	}
	return c.siteFlags.check()
}

// faults are those to inject.
func (c *simulate) faults() (list [][]sim.Fault, err error) {
	for _, text := range c.Fault {
		faults, err := sim.ParseFaults(text)
		if err != nil {
			return nil, fmt.Errorf("--fault: %w", err)
		}
		list = append(list, faults)
	}
	return list, nil
}

// park makes the stations.
func (c *simulate) park(log *slog.Logger) (*sim.Park, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	versions := []gnista.Version{gnista.Version(c.Version)}
	if c.Version == "mix" {
		versions = []gnista.Version{gnista.V16, gnista.V201, gnista.V21}
	}
	scenarios := []sim.Scenario{sim.Scenario(c.Scenario)}
	if c.Scenario == "mix" {
		scenarios = []sim.Scenario{sim.Normal, sim.Offline, sim.Faults, sim.PowerCut}
	}
	faults, err := c.faults()
	if err != nil {
		return nil, err
	}
	if len(faults) > 0 && c.Scenario == string(sim.Normal) {
		scenarios = []sim.Scenario{sim.Faults}
	}
	pace := sim.Daily()
	if c.Scenario == string(sim.Shortage) {
		pace = sim.Busy()
	}
	tokens := c.Tokens
	if len(tokens) == 0 {
		tokens = []string{demoTokens()[3].ID.UID}
	}
	secure, err := c.tls()
	if err != nil {
		return nil, err
	}
	park := &sim.Park{Stagger: connectEvery}
	for i := range c.Stations {
		station := &sim.Station{
			ID: gnista.StationID(fmt.Sprintf("%s%d", c.IDPrefix, i+1)), Password: c.Password, Version: versions[i%len(versions)], EVSEs: c.EVSEs, URL: c.URL, Compress: c.Compress,
			Firmware: version, Serial: fmt.Sprintf("%06d", i+1), PowerW: int64(c.PowerKW * 1000), Phases: 3, RegisterWh: int64(i) * 1000, Now: time.Now, NewID: newID, Log: log,
			InstallTime: simInstall, TLS: secure, Personality: c.Personality, Pricing: true,
		}
		if c.Scenario == string(sim.Shortage) && len(c.Personality) == 0 {
			station.Personality = sim.Manners(i)
		}
		park.Plays = append(park.Plays, &sim.Play{
			Station: station, Scenario: scenarios[i%len(scenarios)], Tokens: tokens, Rounds: c.Rounds, Pace: pace, Speed: c.Speed, Seed: c.Seed + uint64(i), Patience: simPatience, Faults: faults,
		})
	}
	park.Site = c.site(park, c.Scenario == string(sim.Shortage), c.Speed, c.Seed)
	return park, nil
}

// tls is how the stations speak TLS; nil is the usual.
func (c *simulate) tls() (*tls.Config, error) {
	if c.CA == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.CA)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--ca: %s has no certificate in PEM", c.CA)
	}
	return &tls.Config{RootCAs: pool}, nil
}
