package commission

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/pki"
	"gnista/power"
	"gnista/station"
	"gnista/token"
)

// security looks at how the station proves who it is.
func (p *pace) security() error {
	s, err := p.Network.Store.Station(p.ctx, p.check.Station)
	if err != nil {
		return err
	}
	yes := map[bool]string{true: our + "yes", false: our + "no"}
	p.fact("security-profile", strconv.Itoa(int(s.LastProfile)))
	p.fact("password", yes[s.Password.Set()])
	p.fact("tls", yes[s.LastProfile >= station.TLSBasic])
	if !s.Password.Set() && s.LastProfile < station.TLSMutually {
		p.note("no-password")
	}
	if s.LastProfile < station.TLSBasic {
		p.note("no-tls")
	}
	return nil
}

// certificates asks what certificates are installed.
func (p *pace) certificates() error {
	list, err := tell(p, pki.ListInstalled{})
	if err != nil {
		return err
	}
	p.fact("certificates", strconv.Itoa(len(list)))
	uses := map[pki.Use]int{}
	for _, c := range list {
		uses[c.Use]++
	}
	for _, u := range pki.InstalledUses {
		if uses[u] > 0 {
			p.factOf("certificates", string(u), strconv.Itoa(uses[u]))
		}
	}
	return nil
}

// localList asks for the version of the local list.
func (p *pace) localList() error {
	version, err := tell(p, token.ReadListVersion{})
	if err != nil {
		return err
	}
	if version < 0 {
		p.unsupported("no-list")
		return nil
	}
	p.fact("list-version", strconv.Itoa(version))
	return nil
}

// nobody is a vendor that no station knows.
const nobody = "gnista.check"

// data sends data of a vendor that the station cannot know. (OCPP 1.6 §5.6, OCPP 2.x P01)
func (p *pace) data() error {
	a, err := tell(p, station.SendData{Vendor: nobody, Message: "hello"})
	if err != nil {
		return err
	}
	p.fact("answer", a.Detail)
	if a.Status == station.Done {
		p.find("data-accepted")
	}
	return nil
}

// What is made of what is set for a moment. It ends by itself, should we not be able to take it back.
const (
	passing   = 10 * time.Minute
	ourNumber = 987_654_321
	highA     = power.Milli(250_000)
	highW     = power.Milli(150_000_000)
)

// later is a context for cleaning up, whatever has become of the check.
func (p *pace) later() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(p.ctx), time.Minute)
}

// profile sets a limit that limits nothing, reads what comes of it, and takes it away.
// (OCPP 1.6 §5.16, §5.7, §5.5; OCPP 2.x K01, K08, K10)
func (p *pace) profile() error {
	at, _, err := p.places()
	if err != nil {
		return err
	}
	levels, units, err := p.profileRange(at[0].ID)
	if err != nil {
		return err
	}
	if len(levels) == 0 {
		p.skip("levels-taken")
		return nil
	}
	var taken *power.Install
	var refusals []string
	for _, level := range levels {
		for _, unit := range units {
			o := p.limit(at[0].ID, level, unit)
			a, err := tell(p, o)
			if err != nil {
				return err
			}
			if a.Status == station.NotSupporting {
				p.unsupported("station-says", a.Detail)
				return nil
			}
			if a.Status == station.Done {
				taken = &o
				break
			}
			refusals = append(refusals, string(unit)+" @ "+strconv.Itoa(level)+": "+a.Detail)
		}
		if taken != nil {
			break
		}
	}
	if taken == nil {
		p.find("profile-refused", strings.Join(refusals, "; "))
		return nil
	}
	defer p.unlimit(*taken)
	unit, level := taken.Profile.Schedules[0].Unit, taken.Profile.StackLevel
	p.fact("profile", string(unit)+" @ "+strconv.Itoa(level))
	if unit != units[0] {
		p.find("profile-unit", string(units[0]), string(unit))
	}
	if level != levels[0] {
		p.find("profile-level", strconv.Itoa(levels[0]), strconv.Itoa(level))
	}
	c, err := tell(p, power.Compose{EVSE: at[0].ID, Duration: 300, Unit: unit})
	switch code := gnista.CodeOf(err); {
	case code == gnista.Unsupported && err != nil || err == nil && c.Status == station.NotSupporting:
		p.note("no-composite")
	case err != nil:
		return err
	case c.Status != station.Done:
		p.find("composite-refused", c.Detail)
	case len(c.Periods) == 0:
		p.find("composite-empty")
	default:
		p.fact("composite", strconv.Itoa(len(c.Periods))+" × "+string(c.Unit))
	}
	return nil
}

// profileRange finds the stack levels that a limit may be tried on without being over one that is there,
// the best first, and the units that the station says it takes.
func (p *pace) profileRange(evse int) (levels []int, units []power.Unit, err error) {
	units = []power.Unit{power.Ampere, power.Watt}
	if said := strings.ToLower(p.setting("ChargingScheduleAllowedChargingRateUnit", "SmartChargingCtrlr.RateUnit")); said != "" {
		a := strings.Contains(said, "current") || slices.Contains(strings.Split(said, ","), "a")
		w := strings.Contains(said, "power") || slices.Contains(strings.Split(said, ","), "w")
		if a != w {
			units = map[bool][]power.Unit{true: units[:1], false: units[1:]}[a]
		}
	}
	highest, err := strconv.Atoi(strings.TrimSpace(p.setting("ChargeProfileMaxStackLevel", "SmartChargingCtrlr.ProfileStackLevel")))
	if err != nil || highest < 0 {
		highest = 0
	}
	have, err := p.Power.Profiles(p.ctx, p.check.Station, "", 1000)
	for _, level := range []int{highest, highest - 1, 0} {
		taken := slices.ContainsFunc(have, func(x power.Installed) bool {
			return x.EndedAt == nil && x.Profile.StackLevel == level && x.Profile.Purpose == power.Default && (x.EVSE == evse || x.EVSE == 0)
		})
		if level >= 0 && !taken && !slices.Contains(levels, level) && (level == 0 || len(levels) == 0) {
			levels = append(levels, level)
		}
	}
	return levels, units, err
}

func (p *pace) limit(evse, level int, unit power.Unit) power.Install {
	now := p.Now().UTC().Truncate(time.Second)
	until, limit := now.Add(passing), highA
	if unit == power.Watt {
		limit = highW
	}
	return power.Install{EVSE: evse, Profile: power.Profile{
		ID: ourNumber, Purpose: power.Default, Kind: power.Absolute, StackLevel: level, ValidTo: &until,
		Schedules: []power.Schedule{{ID: 1, Unit: unit, Start: &now, Periods: []power.Period{{Values: power.Values{Limit: &limit}}}}},
	}}
}

// unlimit takes the limit away.
func (p *pace) unlimit(o power.Install) {
	ctx, cancel := p.later()
	defer cancel()
	id, level := o.Profile.ID, o.Profile.StackLevel
	clearing := *p
	clearing.ctx = ctx
	a, err := tell(&clearing, power.Clear{ID: &id})
	if err == nil && a.Status == station.Done {
		return
	}
	b, failed := tell(&clearing, power.Clear{EVSE: &o.EVSE, Purpose: o.Profile.Purpose, StackLevel: &level})
	if failed == nil && b.Status == station.Done {
		p.find("clear-by-id")
		return
	}
	p.find("profile-left", p.Now().Add(passing).UTC().Format("15:04:05"))
}

// free tells whether nobody uses an EVSE and nothing is plugged in there, as far as the station tells.
func (p *pace) free(e gnista.EVSE) (bool, error) {
	_, list, err := p.places()
	here := 0
	for _, c := range list {
		if c.EVSE.ID == e.ID {
			if here++; c.Status != station.Available {
				return false, err
			}
		}
	}
	return here > 0, err
}

// freePlace is an EVSE that is free.
func (p *pace) freePlace() (at gnista.EVSE, ok bool, err error) {
	list, _, err := p.places()
	for _, e := range list {
		if ok, err := p.free(e); ok || err != nil {
			return e, ok, err
		}
	}
	p.skip("not-free")
	return at, false, err
}

// reservation reserves a place for nobody and gives it up. (OCPP 1.6 §5.13, §5.1; OCPP 2.x H01, H02)
func (p *pace) reservation() error {
	at, ok, err := p.freePlace()
	if !ok || err != nil {
		return err
	}
	a, err := tell(p, charging.Reserve{Number: ourNumber, EVSE: at.ID, Token: token.ID{UID: "47414348454B21", Type: token.ISO14443}, ExpiresAt: p.Now().Add(passing).UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	p.fact("answer", a.Detail)
	if a.Status == station.NotSupporting {
		p.unsupported("station-says", a.Detail)
		return nil
	}
	if a.Status != station.Done {
		p.find("reservation-refused", place(at), a.Detail)
		return nil
	}
	ctx, cancel := p.later()
	defer cancel()
	clearing := *p
	clearing.ctx = ctx
	if b, err := tell(&clearing, charging.CancelReservation{Number: ourNumber}); err != nil || b.Status != station.Done {
		p.find("reservation-left", b.Detail, p.Now().Add(passing).UTC().Format("15:04:05"))
	}
	return nil
}

const (
	logTime   = 3 * time.Minute
	lookPause = 500 * time.Millisecond
)

// log has the station send its log. (OCPP 1.6 §5.9, OCPP 2.x N01)
func (p *pace) log() error {
	t, a, err := p.Network.FetchLog(p.ctx, p.check.Station, station.SendLog{Kind: station.DiagnosticsLog})
	if err != nil {
		return err
	}
	if a.Status == station.NotSupporting {
		p.unsupported("station-says", a.Detail)
		return nil
	}
	if a.Status != station.Done {
		p.find("log-refused", a.Detail)
		return nil
	}
	begun := p.Now()
	for !t.State.Ended() && p.Now().Sub(begun) < logTime {
		select {
		case <-p.ctx.Done():
			return p.ctx.Err()
		case <-time.After(lookPause):
		}
		if t, err = p.Network.Transfers.Transfer(p.ctx, t.ID); err != nil {
			return err
		}
	}
	p.fact("log", string(t.State))
	if t.File == "" {
		p.find("log-missing", string(t.State), t.Detail)
		return nil
	}
	f, err := p.Network.Transfers.File(p.ctx, t.File)
	if err == nil {
		p.fact("log-size", strconv.FormatInt(f.Size, 10))
	}
	return err
}

// unlock lets go of a cable that is not there. (OCPP 1.6 §5.18, OCPP 2.x F05)
func (p *pace) unlock() error {
	at, ok, err := p.freePlace()
	if !ok || err != nil {
		return err
	}
	a, err := tell(p, station.Unlock{At: at})
	if err != nil {
		return err
	}
	p.fact("answer", a.Detail)
	switch a.Status {
	case station.NotSupporting: // a cable that is fixed
		p.unsupported("station-says", a.Detail)
	case station.Done, station.Scheduled:
	default:
		p.find("unlock-refused", place(at), a.Detail)
	}
	return nil
}

// availability takes an EVSE out of service and in again. (OCPP 1.6 §5.2, OCPP 2.x G03)
func (p *pace) availability() error {
	at, ok, err := p.freePlace()
	if !ok || err != nil {
		return err
	}
	at.Connector = 0
	mark := p.mark()
	a, err := tell(p, station.SetAvailability{At: at, Operative: false})
	if err != nil {
		return err
	}
	p.fact("answer", a.Detail)
	if a.Status == station.NotSupporting {
		p.unsupported("station-says", a.Detail)
		return nil
	}
	if a.Status != station.Done && a.Status != station.Scheduled {
		p.find("availability-refused", place(at), a.Detail)
		return nil
	}
	if len(p.await(mark, station.TriggerStatus)) == 0 {
		p.find("availability-silent", place(at), p.waiting().String())
	}
	ctx, cancel := p.later()
	defer cancel()
	clearing := *p
	clearing.ctx = ctx
	mark = p.mark()
	b, err := tell(&clearing, station.SetAvailability{At: at, Operative: true})
	if err != nil || b.Status != station.Done && b.Status != station.Scheduled {
		p.find("availability-left", place(at), b.Detail)
		return nil
	}
	clearing.await(mark, station.TriggerStatus)
	if free, err := clearing.free(at); err == nil && !free {
		p.find("availability-stuck", place(at))
	}
	return nil
}
