package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"gnista"
	"gnista/checkout"
	"gnista/payment"
	"gnista/web"
)

const (
	livePages   = 5000            // that are followed at one time; others ask again and again
	liveTick    = 5 * time.Second // between two pictures of a checkout at the most
	liveSoon    = 2 * time.Second // likewise while it is paid or begins
	livePatient = 250 * time.Millisecond
)

// driving is what the pages of drivers need to be live.
type driving struct {
	scripts map[string]string // that are built, by source
	watched watched
	open    atomic.Int64 // streams
	places  places
}

// watched wakes those who follow a checkout when anything happens at its station, by one subscription for all.
type watched struct {
	mu sync.Mutex
	at map[gnista.StationID]map[chan struct{}]bool
	on bool // somebody listens to the bus
}

// join has a channel be woken for a station until leave is called.
func (x *watched) join(bus Bus, station gnista.StationID) (wake <-chan struct{}, leave func()) {
	c := make(chan struct{}, 1)
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.at == nil {
		x.at = map[gnista.StationID]map[chan struct{}]bool{}
	}
	if x.at[station] == nil {
		x.at[station] = map[chan struct{}]bool{}
	}
	x.at[station][c] = true
	if !x.on {
		x.on = true
		go x.listen(bus)
	}
	return c, func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		if delete(x.at[station], c); len(x.at[station]) == 0 {
			delete(x.at, station)
		}
	}
}

// listen wakes until nobody follows anything.
func (x *watched) listen(bus Bus) {
	for {
		events, cancel := bus.Subscribe(streamBuffer)
		over := x.pass(events)
		cancel()
		if over {
			return
		}
	}
}

// pass wakes whoever follows the station of an event, and tells whether nobody follows any. What was missed wakes all.
func (x *watched) pass(events <-chan gnista.Event) (over bool) {
	tick := time.NewTicker(streamPulse)
	defer tick.Stop()
	for {
		select {
		case ev, ok := <-events:
			x.mu.Lock()
			for station, list := range x.at {
				if ok && station != ev.Station {
					continue
				}
				for c := range list {
					select {
					case c <- struct{}{}:
					default:
					}
				}
			}
			x.mu.Unlock()
			if !ok {
				return false
			}
		case <-tick.C:
			x.mu.Lock()
			if len(x.at) == 0 {
				x.on = false
				x.mu.Unlock()
				return true
			}
			x.mu.Unlock()
		}
	}
}

// liveCheckout sends the changing part of the page of a checkout whenever something has happened, until it is over.
func (s *Server) liveCheckout(w http.ResponseWriter, r *http.Request, v checkout.View) {
	if s.drive.open.Add(1) > livePages || !s.rates.streams.allow(v.Key, s.Now()) {
		s.drive.open.Add(-1)
		payHeaders(w, payment.Needs{})
		w.Header().Set("Retry-After", "10")
		http.Error(w, "too many pages are followed; ask again", http.StatusServiceUnavailable)
		return
	}
	defer s.drive.open.Add(-1)
	wake, leave := s.drive.watched.join(s.Bus, v.Station)
	defer leave()
	payHeaders(w, payment.Needs{})
	st := newStream(r.Context(), w)
	defer st.end()
	w.Header().Set("Cache-Control", "no-store")
	for {
		p, l, err := s.checkoutPage(r, v)
		if err != nil {
			if r.Context().Err() == nil {
				s.Log.Error("a page of the payment could not be made", "err", err)
			}
			return
		}
		var b bytes.Buffer
		s.show(&b, "progress.html", l, p)
		if st.send(0, b.String()) != nil || p.Quiet {
			return
		}
		pause := liveTick
		if v.State != checkout.Charging {
			pause = liveSoon
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(livePatient):
		}
		select {
		case <-r.Context().Done():
			return
		case <-wake:
		case <-time.After(pause):
		}
		if v, err = s.keyOf(r.Context(), v.Key); err != nil {
			return
		}
	}
}

// app is the manifest by which a phone installs the pages of drivers.
func (s *Server) app(w http.ResponseWriter, r *http.Request) {
	l := languageOf(reader(r))
	type icon struct {
		Src     string `json:"src"`
		Sizes   string `json:"sizes"`
		Type    string `json:"type"`
		Purpose string `json:"purpose"`
	}
	text, err := json.Marshal(map[string]any{
		"id": "/find", "name": s.Invoices.Seller.Name, "short_name": l.text("pay-app"), "description": l.text("find-title"), "lang": l.tag, "dir": "ltr",
		"start_url": "/find?lang=" + l.tag, "scope": "/", "display": "standalone", "background_color": "#f4f6f5", "theme_color": "#0b5d3b",
		"icons": []icon{
			{s.assetPath("icon-192.png"), "192x192", "image/png", "any"}, {s.assetPath("icon-512.png"), "512x512", "image/png", "any"},
			{s.assetPath("icon-mask-512.png"), "512x512", "image/png", "maskable"}, {s.assetPath("icon.svg"), "any", "image/svg+xml", "any"},
		},
	})
	if err != nil {
		s.broken(w, r, err)
		return
	}
	payHeaders(w, payment.Needs{})
	w.Header().Set("Content-Type", "application/manifest+json")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	w.Header().Set("Vary", "Accept-Language")
	w.Write(text)
}

// worker is the script that shows the last page of a charge where there is no network.
func (s *Server) worker(w http.ResponseWriter, r *http.Request) {
	name := s.drive.scripts[web.Worker]
	if name == "" {
		s.nothing(w, r, time.Now())
		return
	}
	payHeaders(w, payment.Needs{})
	w.Header().Set("Cache-Control", "no-cache")
	sendBuilt(w, r, web.Files(), name)
}

// script is the address of the script of the pages; empty where it is not built.
func (s *Server) script() string {
	if name := s.drive.scripts[web.Drive]; name != "" {
		return "/" + name
	}
	return ""
}
