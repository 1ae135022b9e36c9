package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"gnista"
	"gnista/checkout"
	"gnista/payment"
	"gnista/station"
)

const (
	placesFor   = 10 * time.Second // that a list of places is shown before it is looked again
	placesTime  = 20 * time.Second // to look
	mostCodes   = 5000             // outlets that are looked at
	shownPlaces = 100
	mostSearch  = 100 // characters
)

// places are those with outlets at which drivers can pay, as they were a moment ago: many look, and the database is
// asked once for all.
type places struct {
	looking sync.Mutex // is held by the one who looks
	mu      sync.Mutex
	at      time.Time
	list    []foundPlace
}

// foundPlace is a site, or a station that is at none, as drivers look for it.
type foundPlace struct {
	Name    string
	Outlets []foundOutlet
	words   string // by which it is searched
	texts   map[string]string
	alike   bool // all outlets have one price

	Position string // degrees north and east, as in 63.825,20.263; empty where nobody has said
}

// foundOutlet is an EVSE of a place.
type foundOutlet struct {
	Station   gnista.StationID
	Name      string
	EVSE      int
	Condition checkout.Condition
	texts     map[string]string // of its price
}

// findPage is the list of places.
type findPage struct {
	payFrame
	Search string
	Places []shownPlace
	None   bool // no outlet is there at all
	More   bool
	At     time.Time
}

// shownPlace is a place in a language.
type shownPlace struct {
	foundPlace
	Free, Busy, Out int
	Prices          []string // of all outlets; empty where they differ
	Each            []shownOutlet
}

type shownOutlet struct {
	foundOutlet
	Prices []string // where they differ
}

// find shows where drivers can charge who pay on the spot: outlets that have a code for that, and no others.
func (s *Server) find(w http.ResponseWriter, r *http.Request) {
	if !s.rates.pages.allow(s.client(r), s.Now()) {
		w.Header().Set("Retry-After", "60")
		s.plain(w, r, http.StatusTooManyRequests, "pay-often")
		return
	}
	list, at, err := s.drive.places.get(r.Context(), s)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	l, q := reader(r), r.URL.Query()
	search := strings.TrimSpace(strings.ToValidUTF8(q.Get("q"), ""))
	if n := []rune(search); len(n) > mostSearch {
		search = string(n[:mostSearch])
	}
	p := findPage{Search: search, None: len(list) == 0, At: at}
	address := "/find"
	if search != "" {
		address += "?q=" + url.QueryEscape(search)
	}
	p.payFrame = s.frame(address, l, false)
	words := strings.Fields(strings.ToLower(search))
	for _, x := range list {
		if slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(x.words, word) }) {
			continue
		}
		if len(p.Places) == shownPlaces {
			p.More = true
			break
		}
		p.Places = append(p.Places, x.shown(l))
	}
	name := "find.html"
	if q.Has("part") {
		name = "places.html"
	}
	s.payPageWith(w, name, l, payment.Needs{}, http.StatusOK, p, func(h http.Header) {
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(self)")
		h.Del("X-Robots-Tag")
	})
}

func (x foundPlace) shown(l string) shownPlace {
	v := shownPlace{foundPlace: x}
	if x.alike {
		v.Prices = priceParts(x.texts[l])
	}
	for _, o := range x.Outlets {
		switch o.Condition {
		case checkout.Free:
			v.Free++
		case checkout.Plugged, checkout.InUse, checkout.Reserved:
			v.Busy++
		default:
			v.Out++
		}
		each := shownOutlet{foundOutlet: o}
		if !x.alike {
			each.Prices = priceParts(o.texts[l])
		}
		v.Each = append(v.Each, each)
	}
	return v
}

func priceParts(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "; ")
}

// get is the list as it is, or was a moment ago.
func (x *places) get(ctx context.Context, s *Server) ([]foundPlace, time.Time, error) {
	list, at := x.known()
	if !at.IsZero() && s.Now().Sub(at) < placesFor {
		return list, at, nil
	}
	if !at.IsZero() && !x.looking.TryLock() {
		return list, at, nil // somebody looks already: until then it is as it was
	} else if at.IsZero() {
		x.looking.Lock()
	}
	defer x.looking.Unlock()
	now := s.Now()
	if list, at = x.known(); !at.IsZero() && now.Sub(at) < placesFor {
		return list, at, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), placesTime) // it is for others as well
	defer cancel()
	list, err := s.findPlaces(ctx)
	if err != nil {
		return nil, now, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.list, x.at = list, now
	return list, now, nil
}

// known is what was found last, and when.
func (x *places) known() ([]foundPlace, time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.list, x.at
}

// findPlaces looks where drivers can pay, and what it is like there.
func (s *Server) findPlaces(ctx context.Context) ([]foundPlace, error) {
	outlets, err := s.Desk.Glances(ctx, mostCodes)
	if err != nil {
		return nil, err
	}
	by := map[string]*foundPlace{}
	for _, o := range outlets {
		key := "site " + o.Site.ID
		if o.Site.ID == "" {
			key = "station " + string(o.Station)
		}
		x := by[key]
		if x == nil {
			x = &foundPlace{Name: cmp.Or(o.Site.Name, o.Name, string(o.Station)), Position: position(o.Site.Position), texts: o.Texts, alike: true}
			x.words = strings.ToLower(x.Name)
			by[key] = x
		}
		x.Outlets = append(x.Outlets, foundOutlet{o.Station, o.Name, o.EVSE, o.Condition, o.Texts})
		x.words += " " + strings.ToLower(string(o.Station)+" "+o.Name)
		x.alike = x.alike && o.Texts["en"] == x.texts["en"]
	}
	list := make([]foundPlace, 0, len(by))
	for _, x := range by {
		list = append(list, *x)
	}
	slices.SortFunc(list, func(a, b foundPlace) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.words, b.words))
	})
	return list, nil
}

// position is a position as scripts and maps read it.
func position(d station.Degrees) string {
	if d == (station.Degrees{}) {
		return ""
	}
	return fmt.Sprintf("%.6f,%.6f", float64(d.North)/micro, float64(d.East)/micro)
}

// Map is the address of a map of the place.
func (x foundPlace) Map() string {
	north, east, _ := strings.Cut(x.Position, ",")
	return "https://www.openstreetmap.org/?mlat=" + north + "&mlon=" + east + "#map=16/" + north + "/" + east
}
