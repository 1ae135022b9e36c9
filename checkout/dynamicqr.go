package checkout

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"gnista"
	"gnista/station"
)

// DynamicCode is how a station makes the QR codes that it shows, at one of its EVSEs or, with EVSE 0, at all.
type DynamicCode struct {
	Station  gnista.StationID
	EVSE     int
	Secret   string
	Template string        // of the addresses
	Validity time.Duration // of a code, in whole seconds
	Length   int           // of the one-time password
	On       bool          // the station was told; false while it is not known to have been
	Since    time.Time
}

// DynamicCodeStore keeps how stations make their codes.
type DynamicCodeStore interface {
	// DynamicCode finds that of an EVSE, or else that of its station. NotFound.
	DynamicCode(ctx context.Context, id gnista.StationID, evse int) (DynamicCode, error)
	// SaveDynamicCode stores it over the one before.
	SaveDynamicCode(ctx context.Context, c DynamicCode) error
	// ForgetDynamicCode deletes it.
	ForgetDynamicCode(ctx context.Context, id gnista.StationID, evse int) error
	// UseDynamicCode takes the password of an interval, and tells whether it was there to take: each opens
	// one checkout. Those of intervals before the one given as old are forgotten.
	UseDynamicCode(ctx context.Context, c DynamicCode, interval, old uint64) (bool, error)
}

// DynamicCodes are QR codes that change, so that a photograph of one is of no use. (OCPP 2.1 C25)
type DynamicCodes struct {
	Store     DynamicCodeStore
	Network   *station.Network
	PublicURL string // under which the world reaches us
	Now       func() time.Time
	NewSecret func() string

	mu    sync.Mutex
	tries map[gnista.StationID]*bucket
}

// What codes are made like where the operator does not say.
const (
	DefaultValidity = 30 * time.Second
	DefaultLength   = 12
)

// webPayments is the component that shows the codes. In OCPP 1.6 its variables are keys of the same names, which
// have the number of the connector within. (OCPP 2.1 C25.FR.01)
const webPayments = "WebPaymentsCtrlr"

// Switch has a station show codes at an EVSE, or at all of them with 0, or no longer. It gets a secret of its own
// each time. Invalid, Offline, Unsupported, Conflict.
func (d *DynamicCodes) Switch(ctx context.Context, id gnista.StationID, evse int, on bool) ([]station.Written, error) {
	if evse < 0 {
		return nil, gnista.Invalidf("evse", "is negative")
	}
	if d.PublicURL == "" {
		return nil, gnista.Errorf(gnista.Conflict, "the system has no public address that a code could lead to")
	}
	at, connected := d.Network.Presence.Connection(id)
	if !connected {
		return nil, d.Network.Explain(ctx, id, gnista.Errorf(gnista.Offline, "station %s is not connected", id))
	}
	set := namer(evse, at.Version)
	if !on {
		out, err := d.Network.Write(ctx, id, station.Writing{List: []station.Setting{set("Enabled", "false")}, Force: true})
		if err != nil {
			return out, err
		}
		return out, d.Store.ForgetDynamicCode(ctx, id, evse)
	}
	c := DynamicCode{
		Station: id, EVSE: evse, Secret: d.NewSecret(), Template: d.template(), Validity: DefaultValidity, Length: DefaultLength, Since: d.Now(),
	}
	if err := d.Store.SaveDynamicCode(ctx, c); err != nil { // before the station has it: a secret that only a station knows opens nothing
		return nil, err
	}
	out, err := d.Network.Write(ctx, id, station.Writing{Force: true, List: []station.Setting{
		set("URLTemplate", c.Template), set("TOTPVersion", totpVersion), set("ValidityTime", strconv.Itoa(int(c.Validity/time.Second))),
		set("Length", strconv.Itoa(c.Length)), set("SharedSecret", c.Secret), set("Enabled", "true"),
	}})
	if err != nil {
		return out, err
	}
	for _, w := range out {
		if took := w.Status == station.Done || w.Status == station.NeedsReboot; !took && w.Name != set("Enabled", "").Name { // not every station has that one
			return out, gnista.Errorf(gnista.Conflict, "the station did not take %s: %s", w.Name, w.Status)
		}
	}
	c.On = true
	return out, d.Store.SaveDynamicCode(ctx, c)
}

// template is the address that codes lead to, with the names of what a station puts in. (OCPP 2.1 C25.FR.50)
func (d *DynamicCodes) template() string {
	return strings.TrimRight(d.PublicURL, "/") + "/q/{chargingstationid}/{evse}?totp={totp}&version={version}"
}

// namer makes settings of the component.
func namer(evse int, version gnista.Version) func(name, value string) station.Setting {
	prefix := webPayments
	switch {
	case version == gnista.V16 && evse > 0:
		prefix += "." + strconv.Itoa(evse)
	case evse > 0:
		prefix += "#" + strconv.Itoa(evse)
	}
	return func(name, value string) station.Setting {
		return station.Setting{Name: prefix + "." + name, Value: value}
	}
}

// Check takes the one-time password of a code that somebody has scanned at an EVSE: it opens one checkout. NotFound
// whatever is wrong with it, without a word of what, and where a station's were guessed too often.
// (OCPP 2.1 C25.FR.07, C25.FR.08, C25.FR.09)
func (d *DynamicCodes) Check(ctx context.Context, id gnista.StationID, evse int, password string) error {
	wrong := gnista.Errorf(gnista.NotFound, "there is no such page")
	now := d.Now()
	if !d.admit(id, now) {
		return wrong
	}
	c, err := d.Store.DynamicCode(ctx, id, evse)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return wrong
	}
	if err != nil {
		return err
	}
	at, ok := matching(c.Secret, password, now, c.Validity, c.Length)
	if !ok {
		return wrong
	}
	used := c
	used.EVSE = evse // a code for a whole station is one at each EVSE
	taken, err := d.Store.UseDynamicCode(ctx, used, at, interval(now, c.Validity)-keptIntervals)
	if err == nil && !taken {
		err = wrong
	}
	return err
}

// keptIntervals is for how many intervals it is known that a password was used; none is good that long.
const keptIntervals = 10

// How often passwords may be tried at a station: more than people scan, and less than anybody needs to guess.
const (
	triesPerMinute = 30
	maxTried       = 10_000 // stations that are counted
)

// bucket has the tries that are left.
type bucket struct {
	left float64
	at   time.Time
}

// admit counts a try.
func (d *DynamicCodes) admit(id gnista.StationID, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tries == nil {
		d.tries = map[gnista.StationID]*bucket{}
	}
	b := d.tries[id]
	if b == nil {
		if len(d.tries) >= maxTried {
			for other, x := range d.tries {
				if now.Sub(x.at) > time.Minute {
					delete(d.tries, other)
				}
			}
			if len(d.tries) >= maxTried {
				return false
			}
		}
		b = &bucket{left: triesPerMinute, at: now}
		d.tries[id] = b
	}
	b.left = min(triesPerMinute, b.left+now.Sub(b.at).Minutes()*triesPerMinute)
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
