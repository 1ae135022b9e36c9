package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"gnista/sim"
)

// siteFlags are the flags of sim for the site that the stations are at.
type siteFlags struct {
	ConnectionAmps float64       `help:"What the connection of the site gives on each phase; 0 is without end, and 100 where power is short. When more flows, the stations tell PowerLimitExceeded." default:"0" env:"-"`
	BaseAmps       float64       `help:"The most that all else takes there in a day, on L1 in the evening." default:"0" env:"-"`
	RotatePhases   bool          `help:"L1 of the second station is L2 of the site, L1 of the third is L3, and so on." env:"-"`
	SiteMeterURL   string        `help:"Where to post what the meter of the site shows, as in http://127.0.0.1:8080/api/v1/sites/SITE/meter." name:"site-meter-url" placeholder:"URL" env:"-"`
	SiteMeterToken string        `help:"Bearer token for that." name:"site-meter-token" placeholder:"TOKEN" env:"GNISTA_ADMIN_TOKEN"`
	SiteMeterEvery time.Duration `help:"How often." name:"site-meter-every" default:"10s" env:"-"`
	SiteMeterDrops bool          `help:"The meter of the site drops out for a while every few hours." name:"site-meter-drops" env:"-"`
}

const (
	shortAmps   = 100
	maxSiteAmps = 100_000
)

func (c *siteFlags) check() error {
	u, err := url.Parse(c.SiteMeterURL)
	switch {
	case !(c.ConnectionAmps >= 0) || c.ConnectionAmps > maxSiteAmps:
		return fmt.Errorf("--connection-amps must be from 0 to %d", maxSiteAmps)
	case !(c.BaseAmps >= 0) || c.BaseAmps > maxSiteAmps:
		return fmt.Errorf("--base-amps must be from 0 to %d", maxSiteAmps)
	case err != nil:
		return fmt.Errorf("--site-meter-url: %w", err)
	case c.SiteMeterURL != "" && (u.Scheme != "http" && u.Scheme != "https" || u.Host == ""):
		return fmt.Errorf("--site-meter-url %q is not an address, as in http://127.0.0.1:8080/api/v1/sites/SITE/meter", c.SiteMeterURL)
	case c.SiteMeterEvery < time.Second:
		return fmt.Errorf("--site-meter-every must be 1s or more")
	}
	return nil
}

// site is the site of the stations of a park; nil where nothing makes them one.
func (c *siteFlags) site(p *sim.Park, short bool, speed float64, seed uint64) *sim.Site {
	if c.ConnectionAmps == 0 && c.BaseAmps == 0 && c.SiteMeterURL == "" && !short {
		return nil
	}
	x := &sim.Site{Amps: int64(c.ConnectionAmps * 1000), Base: sim.House(int64(c.BaseAmps * 1000)), Rotate: c.RotatePhases, Speed: speed, Seed: seed, Now: time.Now}
	if x.Amps == 0 && short {
		x.Amps = shortAmps * 1000
	}
	if c.SiteMeterDrops {
		x.Drops, x.Outage = sim.Span{From: time.Hour, To: 4 * time.Hour}, sim.Span{From: 5 * time.Minute, To: 20 * time.Minute}
	}
	for _, one := range p.Plays {
		x.Stations = append(x.Stations, one.Station)
	}
	return x
}

// feed posts what the meter of a site shows, until ctx ends. A post that fails is not repeated: the next one is newer.
func (c *siteFlags) feed(ctx context.Context, x *sim.Site, log *slog.Logger) {
	client := &http.Client{Timeout: c.SiteMeterEvery}
	tick := time.NewTicker(c.SiteMeterEvery)
	defer tick.Stop()
	for {
		if r, ok := x.Read(); ok {
			if err := post(ctx, client, c.SiteMeterURL, c.SiteMeterToken, r); err != nil && ctx.Err() == nil {
				log.Warn("the meter of the site cannot be told", "err", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// post tells a reading to the API: amperes on each phase, and W over all.
func post(ctx context.Context, client *http.Client, to, token string, r sim.SiteReading) error {
	body, err := json.Marshal(struct {
		At    time.Time  `json:"at"`
		Amps  [3]float64 `json:"amps"`
		Watts int64      `json:"watts"`
	}{r.At, [3]float64{float64(r.AmpsMA[0]) / 1000, float64(r.AmpsMA[1]) / 1000, float64(r.AmpsMA[2]) / 1000}, r.PowerW})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
		return fmt.Errorf("%s answers %s: %s", to, resp.Status, text)
	}
	return nil
}

func amps(mA [3]int64) string {
	return fmt.Sprintf("%.1f/%.1f/%.1f", float64(mA[0])/1000, float64(mA[1])/1000, float64(mA[2])/1000)
}
