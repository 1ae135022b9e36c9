package cost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gnista"
	"gnista/power"
	"gnista/station"
	"gnista/tariff"
)

// Sync is what a station has been given of prices: tariffs to reckon by, and the price that it shows to
// everybody. It follows what holds there.
type Sync struct {
	Off     bool // the operator does it by hand
	Tariffs Given
	Default Given
}

// Given is one thing that a station is given.
type Given struct {
	State     SyncState
	Wanted    string // what it is to have: the id of the version, or two with a comma, the second of them to come
	Installed string // what it has of that, as far as is known
	Failure   string // in one word, where the station gave one
	Detail    string
	Tries     int
	At        time.Time // of the last try
	CheckedAt time.Time // when the station last said what it has
	Reported  time.Time // of the settings by which it was tried
}

// SyncState is how far a station is with it.
type SyncState string

// The states.
const (
	SyncNone      SyncState = ""          // it shows or reckons nothing of the kind
	SyncInstalled SyncState = "installed" // it has what it is to have
	SyncWaiting   SyncState = "waiting"   // it is tried again
	SyncFailed    SyncState = "failed"    // it cannot have it: not tried again before another price holds, its settings are read again, or the operator says so
)

// How often a station is tried, and what it has is looked at.
const (
	retryFirst = 5 * time.Minute
	retryMost  = 6 * time.Hour
	checkEvery = 24 * time.Hour
	syncPage   = 500
)

// sweepSync gives the stations that are connected what they are to have, as far as they do not have it.
func (c *Costs) sweepSync(ctx context.Context) error {
	for after := gnista.StationID(""); ; {
		list, err := c.Store.PriceStations(ctx, after, syncPage)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, id := range list {
			if after = id; c.syncsBy(id) {
				c.desk.put(id, "prices", 0, func(ctx context.Context) {
					if err := c.Sync(ctx, id, false); err != nil && ctx.Err() == nil && gnista.CodeOf(err) != gnista.Offline {
						c.Log.Warn("a station was not given the prices that hold", "station", id, "err", err)
					}
				})
			}
		}
		if len(list) < syncPage {
			return nil
		}
	}
}

func (c *Costs) syncsBy(id gnista.StationID) bool {
	_, there := c.Network.Presence.Connection(id)
	return there
}

// Sync gives a station what it is to have of prices, unless it has that, or has refused it and nothing is
// other since; now is whether that does not matter. What becomes of it is in [Costs.State].
func (c *Costs) Sync(ctx context.Context, id gnista.StationID, now bool) error {
	skill, err := c.Skill(ctx, id)
	if err != nil || !skill.Reckons && !skill.Default {
		return err
	}
	s, err := c.Store.Sync(ctx, id)
	if err != nil || s.Off {
		return err
	}
	a, err := c.Prices.InForce(ctx, tariff.Case{Station: id, At: c.Now()})
	v := a.Version
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return nil
	}
	if err != nil {
		return err
	}
	var failed error
	if skill.Reckons {
		failed = c.give(ctx, id, skill, now, s.Tariffs, func(s *Sync) *Given { return &s.Tariffs }, func(g *Given) error { return c.giveTariffs(ctx, id, v, g) })
	}
	if skill.Default {
		failed = errors.Join(failed, c.give(ctx, id, skill, now, s.Default, func(s *Sync) *Given { return &s.Default }, func(g *Given) error { return c.giveDefault(ctx, id, skill, v, g) }))
	}
	return failed
}

// give tries to give a station one thing, and keeps what came of it.
func (c *Costs) give(ctx context.Context, id gnista.StationID, skill Skill, now bool, was Given, of func(*Sync) *Given, try func(*Given) error) error {
	g := was
	if now || skill.ReportedAt.After(g.Reported) && g.State == SyncFailed {
		g.State, g.Tries, g.CheckedAt = SyncWaiting, 0, time.Time{}
	}
	if g.State == SyncWaiting && c.Now().Before(g.At.Add(pause(g.Tries))) {
		return nil
	}
	g.Reported = skill.ReportedAt
	err := try(&g)
	if err != nil {
		switch gnista.CodeOf(err) {
		case gnista.Offline:
			return nil
		case gnista.Unsupported:
			g.State, g.Failure, g.Detail = SyncFailed, "not-supported", err.Error()
		default:
			g.State, g.Failure, g.Detail = SyncWaiting, "", err.Error()
		}
		g.Tries, g.At = g.Tries+1, c.Now()
	}
	if g == was {
		return nil
	}
	return c.Store.ChangeSync(context.WithoutCancel(ctx), id, func(s *Sync) []gnista.Event {
		x := of(s)
		before := x.State
		*x = g
		if g.State == before && g.Failure == was.Failure && g.Installed == was.Installed {
			return nil
		}
		data, _ := json.Marshal(map[string]any{"state": g.State, "wanted": g.Wanted, "installed": g.Installed, "failure": g.Failure}) // strings always marshal
		return []gnista.Event{{At: c.Now(), Kind: "prices.given", Station: id, Data: data}}
	})
}

// pause is how long to wait after some tries.
func pause(tries int) time.Duration {
	if tries == 0 {
		return 0
	}
	return min(retryFirst<<min(tries-1, 10), retryMost)
}

// wanted are the tariffs that a station is to have: the version that holds there, the one that comes after
// it, and those of EVSEs that have one of their own. A station knows no tariff twice, so that those of an
// EVSE have its number in their names. (OCPP 2.1 I07.FR.04, I08.FR.08)
func (c *Costs) wanted(ctx context.Context, id gnista.StationID, v tariff.Version) ([]power.SetTariff, error) {
	list := []power.SetTariff{{Version: v, Name: v.ID}}
	next, err := c.Prices.Next(ctx, v)
	if err == nil {
		list = append(list, power.SetTariff{Version: next, Name: next.ID, From: next.ValidFrom})
	} else if gnista.CodeOf(err) != gnista.NotFound {
		return nil, err
	}
	evses, err := c.Prices.EVSEs(ctx, id)
	for _, n := range evses {
		a, err := c.Prices.InForce(ctx, tariff.Case{Station: id, EVSE: n, At: c.Now()})
		if err != nil {
			return nil, err
		}
		if a.ID != v.ID {
			list = append(list, power.SetTariff{EVSE: n, Version: a.Version, Name: fmt.Sprintf("%s#%d", a.ID, n)})
		}
	}
	return list, err
}

// versionNamed is the id of the version that a station knows by a name.
func versionNamed(name string) string {
	id, _, _ := strings.Cut(name, "#")
	return id
}

// giveTariffs has a station reckon by what holds there. What it has is asked before, so that nothing is
// sent that it has, and what it should not have goes. (OCPP 2.1 I07, I09, I10)
func (c *Costs) giveTariffs(ctx context.Context, id gnista.StationID, v tariff.Version, g *Given) error {
	wanted, err := c.wanted(ctx, id, v)
	if err != nil {
		return err
	}
	names := make([]string, len(wanted))
	for i, o := range wanted {
		names[i] = o.Name
	}
	if all := strings.Join(names, ","); g.Wanted != all {
		*g = Given{State: SyncWaiting, Wanted: all, Installed: g.Installed, Reported: g.Reported}
	}
	if g.State == SyncFailed || g.State == SyncInstalled && c.Now().Before(g.CheckedAt.Add(checkEvery)) {
		return nil
	}
	list, err := station.Tell(ctx, c.Network.Remote, id, power.AskTariffs{})
	if err != nil {
		return err
	}
	have := map[string]bool{}
	var old []string
	anew := false // an EVSE had one of its own: it can only be given what others have when nobody has it
	for _, x := range list {
		if x.Driver {
			continue
		}
		have[x.Version] = true
		if slices.Contains(names, x.Version) {
			continue
		}
		anew = anew || strings.Contains(x.Version, "#")
		if x.ValidFrom != nil && x.ValidFrom.After(c.Now()) {
			old = append(old, x.Version) // others are gone when a newer one comes
		}
	}
	if anew {
		old, have = slices.Sorted(maps.Keys(have)), nil
	}
	if len(old) > 0 {
		if _, err := station.Tell(ctx, c.Network.Remote, id, power.ClearTariffs{Versions: old}); err != nil {
			return err
		}
	}
	g.CheckedAt, g.At, g.Installed = c.Now(), c.Now(), ""
	for i, o := range wanted {
		if !have[o.Name] {
			a, err := station.Tell(ctx, c.Network.Remote, id, o)
			if err != nil {
				return err
			}
			if a.Status != station.Done && a.Why != power.HasTariff { // that it does not report: a transaction goes by it
				g.refused(a)
				return nil
			}
			if o.EVSE == 0 && o.From.IsZero() { // those of EVSEs are gone with it
				maps.DeleteFunc(have, func(name string, _ bool) bool { return strings.Contains(name, "#") })
			}
		}
		g.Installed = strings.Join(names[:i+1], ",")
	}
	g.State, g.Failure, g.Detail, g.Tries = SyncInstalled, "", "", 0
	return nil
}

// refused takes in the answer of a station that does not take what it is given. Without a reason it is
// tried again.
func (g *Given) refused(a power.TariffAnswer) {
	g.State, g.Failure, g.Detail, g.Tries = SyncFailed, string(a.Why), "the station answers "+a.Detail, g.Tries+1
	switch a.Why {
	case power.TooManyPrices:
		g.Detail += ": the tariff has more prices than it can keep; assign one with fewer, or have it show the cost that is reckoned here"
	case power.NoConditions:
		g.Detail += ": it cannot reckon with prices that hold at times only; assign it a tariff without them, or have it show the cost that is reckoned here"
	default:
		g.State = SyncWaiting
	}
}

// giveDefault has a station show the price that holds for everybody, where it cannot know that of a driver.
// (OCPP 1.6 California pricing, OCPP 2.x I04.FR.02)
func (c *Costs) giveDefault(ctx context.Context, id gnista.StationID, skill Skill, v tariff.Version, g *Given) error {
	if g.Wanted != v.ID {
		*g = Given{State: SyncWaiting, Wanted: v.ID, Installed: g.Installed, Reported: g.Reported}
	}
	if g.State == SyncFailed || g.State == SyncInstalled && c.Now().Before(g.CheckedAt.Add(checkEvery)) {
		return nil
	}
	order := WordDefault{
		Texts: texts(skill.Language, skill, func(l string) string { return priceText(v, l) }), Price: priceAt(v, skill.local(c.Now())),
		Setting: skill.SettingName, Several: len(skill.Languages) > 0,
	}
	list, err := station.Tell(ctx, c.Network.Remote, id, order)
	if err != nil {
		return err
	}
	written, err := c.Network.Write(ctx, id, station.Writing{List: list})
	if err != nil {
		return err
	}
	g.CheckedAt, g.At = c.Now(), c.Now()
	for i, w := range written {
		switch w.Status {
		case station.Done, station.NeedsReboot, station.Unchanged:
		default:
			if i > 0 { // a language that it does not have after all
				continue
			}
			g.State, g.Failure, g.Detail = SyncFailed, string(w.Status), w.Name+": "+w.Detail
			g.Tries++
			return nil
		}
	}
	g.State, g.Installed, g.Failure, g.Detail, g.Tries = SyncInstalled, v.ID, "", "", 0
	return nil
}

// State is what a station can show of prices, and what it has been given. NotFound.
func (c *Costs) State(ctx context.Context, id gnista.StationID) (Skill, Sync, error) {
	if _, err := c.Network.Store.Station(ctx, id); err != nil {
		return Skill{}, Sync{}, err
	}
	skill, err := c.Skill(ctx, id)
	if err != nil {
		return skill, Sync{}, err
	}
	s, err := c.Store.Sync(ctx, id)
	return skill, s, err
}

// Switch has a station given prices, or leaves that to the operator; where it is on, it is done now.
// NotFound.
func (c *Costs) Switch(ctx context.Context, id gnista.StationID, on bool) error {
	if _, err := c.Network.Store.Station(ctx, id); err != nil {
		return err
	}
	if err := c.Store.ChangeSync(ctx, id, func(s *Sync) []gnista.Event {
		s.Off = !on
		return nil
	}); err != nil || !on {
		return err
	}
	return c.Sync(ctx, id, true)
}
