package cost

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gnista"
	"gnista/station"
)

// Skill is what a station says in its settings that it can show and reckon. The zero value is nothing.
type Skill struct {
	Version     gnista.Version
	Price       bool     // shows the price to a driver
	Default     bool     // shows a price that holds for everybody, which can be set
	Cost        bool     // shows what a transaction costs
	Reckons     bool     // reckons by a tariff that it is given (OCPP 2.1)
	Decimals    int      // of costs
	Language    string   // of its display; empty where it does not say
	Languages   []string // that it can show beside that
	Elements    int      // prices that a tariff may have; 0 where it does not say
	Conditions  bool     // prices may hold at times only
	IdleAfter   bool     // a car that stays after the end is told of when it leaves (OCPP 1.6)
	ReportedAt  time.Time
	SettingName string         // of the default price; empty is none
	Zone        *time.Location // by which its prices go
}

// local is a time by which prices go.
func (s Skill) local(t time.Time) time.Time {
	if s.Zone == nil {
		return t.UTC()
	}
	return t.In(s.Zone)
}

// Shows tells whether the station shows anything.
func (s Skill) Shows() bool { return s.Price || s.Cost || s.Reckons }

// defaultDecimals are those of costs where a station does not say. (OCPP 1.6 California pricing)
const defaultDecimals = 3

// The settings that tell. (OCPP 1.6 California pricing; OCPP 2.x TariffCostCtrlr, DisplayMessageCtrlr)
const (
	tariffCtrlr  = "TariffCostCtrlr"
	displayCtrlr = "DisplayMessageCtrlr"
	pricingKey   = "CustomDisplayCostAndPrice"
	defaultKey   = "DefaultPrice"
	fallbackName = "TariffFallbackMessage"
)

// Skill is what a station can show and reckon.
func (c *Costs) Skill(ctx context.Context, id gnista.StationID) (Skill, error) {
	now := c.Now()
	if s, ok := c.skills.known(id, now); ok {
		return s, nil
	}
	s, err := c.read(ctx, id)
	if err == nil && s.Shows() && c.Zone != nil {
		s.Zone, err = c.Zone(ctx, id)
	}
	if err == nil && s.Version != "" { // else it is not there
		c.skills.learn(id, s, now)
	}
	return s, err
}

func (c *Costs) read(ctx context.Context, id gnista.StationID) (s Skill, err error) {
	at, ok := c.Network.Presence.Connection(id)
	if !ok {
		return s, nil
	}
	s.Version, s.Decimals = at.Version, defaultDecimals
	if at.Version == gnista.V16 {
		some, err := c.Network.Settings.Variables(ctx, id, station.VariableFilter{Name: pricingKey, Limit: 1})
		if err != nil || len(some) == 0 || !yes(some[0].Value) {
			return s, err
		}
		list, err := c.Network.Variables(ctx, id)
		s.Price, s.Cost, s.Conditions = true, true, true
		for _, v := range list {
			s.key(v)
		}
		return s, err
	}
	list, err := c.Network.Settings.Variables(ctx, id, station.VariableFilter{Component: tariffCtrlr, Limit: maxVariables})
	if err != nil {
		return s, err
	}
	display, err := c.Network.Settings.Variables(ctx, id, station.VariableFilter{Component: displayCtrlr, Limit: maxVariables})
	s.variables(append(list, display...))
	return s, err
}

// maxVariables is how many variables of a component are looked at.
const maxVariables = 100

// key takes in a configuration key of OCPP 1.6.
func (s *Skill) key(v station.Variable) {
	if v.Component != "" {
		return
	}
	switch v.Name {
	case pricingKey:
		s.ReportedAt = v.ReportedAt
	case "NumberOfDecimalsForCostValues":
		if n, err := strconv.Atoi(v.Value); err == nil {
			s.Decimals = min(max(n, 0), 6)
		}
	case "CustomIdleFeeAfterStop":
		s.IdleAfter = yes(v.Value)
	case "Language":
		s.Language = base(v.Value)
	case "SupportedLanguages":
		s.Languages = languages(v.Value)
	case defaultKey:
		if s.SettingName = defaultKey; v.Mutability != station.ReadOnly {
			s.Default = true
		}
	}
}

// variables takes in variables of OCPP 2.x.
func (s *Skill) variables(list []station.Variable) {
	has := map[string]bool{"Available Tariff": true, "Available Cost": true} // unless it says otherwise
	shows := map[string]bool{}
	for _, v := range list {
		if v.Attribute != station.Actual {
			continue
		}
		switch {
		case v.Component == displayCtrlr && v.Name == "Language":
			s.Language, s.Languages = base(v.Value), languages(v.Values)
		case v.Component == displayCtrlr:
			shows[v.Name] = yes(v.Value)
		case v.Name == "Available", v.Name == "Enabled":
			has[v.Name+" "+v.NameOf] = yes(v.Value)
			s.ReportedAt = later(s.ReportedAt, v.ReportedAt)
		case v.Name == "MaxElements" && v.NameOf == "Tariff":
			s.Elements, _ = strconv.Atoi(v.Value)
		case v.Name == "ConditionsSupported" && v.NameOf == "Tariff":
			s.Conditions = yes(v.Value)
		case v.Name == fallbackName && v.NameOf == "" && v.Mutability != station.ReadOnly:
			s.Default, s.SettingName = true, tariffCtrlr+"."+fallbackName
		}
	}
	tariff := has["Available Tariff"] && has["Enabled Tariff"]
	s.Price = tariff || shows["Available"] && shows["Enabled"] // OCPP 2.x I01.FR.02
	s.Cost = has["Available Cost"] && has["Enabled Cost"]
	s.Reckons = s.Version == gnista.V21 && tariff
	s.Default = s.Default && tariff
}

func yes(value string) bool { return strings.EqualFold(strings.TrimSpace(value), "true") }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// base is the language of a tag such as sv-SE.
func base(tag string) string {
	l, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	return l
}

func languages(list string) (out []string) {
	for tag := range strings.SplitSeq(list, ",") {
		if l := base(tag); l != "" && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}

// skills remembers for a while what stations can, so that their settings are not read for each message.
type skills struct {
	mu sync.Mutex
	by map[gnista.StationID]skillAt
}

type skillAt struct {
	Skill
	until time.Time
}

// How long a station is taken to be as it said, how long one that shows nothing is, as most are, and how long one is told
// nothing that does not know what it was told.
const (
	skillTime = time.Minute
	plainTime = 3 * time.Minute // which is also how long its drivers may wait for prices when it begins to show them
	muteTime  = time.Hour
)

func (k *skills) known(id gnista.StationID, now time.Time) (Skill, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, ok := k.by[id]
	return s.Skill, ok && now.Before(s.until)
}

func (k *skills) learn(id gnista.StationID, s Skill, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.by == nil {
		k.by = map[gnista.StationID]skillAt{}
	}
	lasts := skillTime
	if !s.Shows() {
		lasts = plainTime
	}
	k.by[id] = skillAt{s, now.Add(lasts)}
}

// mute has a station be told nothing for some time.
func (k *skills) mute(id gnista.StationID, v gnista.Version, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.by == nil {
		k.by = map[gnista.StationID]skillAt{}
	}
	k.by[id] = skillAt{Skill{Version: v}, now.Add(muteTime)}
}

// forget has a station be looked at anew.
func (k *skills) forget(id gnista.StationID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.by, id)
}

// prune forgets what is too old.
func (k *skills) prune(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, s := range k.by {
		if !now.Before(s.until) {
			delete(k.by, id)
		}
	}
}
