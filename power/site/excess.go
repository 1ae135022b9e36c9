package site

import (
	"strings"
	"time"

	"gnista"
	"gnista/power"
	"gnista/power/share"
)

// excess is a limit that is exceeded, by measurement.
type excess struct {
	Since    time.Time
	Reported bool
	Below    time.Time `json:",omitzero"` // since when it is kept again
	Taken    int64     // mA, or W
	Limit    int64
}

// slackOf is by how much a limit may be exceeded without a word: meters round.
func slackOf(limit int64) int64 { return max(200, limit/100) }

// taken is what flows through the nodes: what their meters show, or what meters show below and cars take at the
// least. What is only assumed is not in it.
func (t *tree) taken(d *decision, gauges []gauge, now time.Time) [][3]int64 {
	list := make([][3]int64, len(t.nodes))
	for n := len(t.nodes) - 1; n >= 0; n-- {
		fresh := t.fresh(&gauges[n], now)
		for ph := range 3 {
			if fresh {
				list[n][ph] += d.others[n][ph]
			}
			if n > 0 {
				list[t.parent[n]][ph] += list[n][ph]
			}
			list[n][ph] += d.flows[n].least[ph]
			if fresh {
				list[n][ph] = gauges[n].Amps[ph]
			}
		}
	}
	return list
}

// watch finds limits that are exceeded for longer than a control period, and those that are kept again.
func (l *loop) watch(t *tree, d *decision, gauges []gauge, now time.Time) {
	if l.memory.Excess == nil {
		l.memory.Excess = map[string]*excess{}
	}
	known := map[string]bool{}
	for n, amps := range t.taken(d, gauges, now) {
		limit := &d.problem.Nodes[n]
		watts := (amps[0] + amps[1] + amps[2]) * int64(t.Voltage) / 1000
		if t.fresh(&gauges[n], now) {
			watts = gauges[n].Watts
		}
		for ph := share.L1; ph <= share.Total; ph++ {
			most, is := limit.Watts, watts
			if ph != share.Total {
				most, is = limit.Amps[ph], amps[ph]
			}
			name := t.nodes[n].ID + " " + ph.String()
			known[name] = true
			l.compare(t, n, ph, name, most, is, now)
		}
	}
	for name, x := range l.memory.Excess { // of nodes that are no more
		if known[name] {
			continue
		}
		delete(l.memory.Excess, name)
		if at := strings.LastIndexByte(name, ' '); x.Reported {
			node, ph := name[:at], name[at+1:]
			l.tellOf("site.power-back", "", now, excessData(node, node, ph, x.Taken, x.Limit, x.Since, x.lasted(now)))
		}
	}
}

func (x *excess) lasted(now time.Time) map[string]any {
	return map[string]any{"seconds": int(now.Sub(x.Since) / time.Second)}
}

// listen tells of meters that have fallen silent, and of those that are heard again.
func (l *loop) listen(t *tree, gauges []gauge, now time.Time) {
	if l.began.IsZero() {
		l.began = now
	}
	silent := map[string]bool{}
	for n := range t.nodes {
		id, g := t.nodes[n].ID, &gauges[n]
		was := l.memory.Silent[id]
		stale := !g.At.IsZero() && !t.fresh(g, now) // else nobody has ever read one there
		if stale && !was && now.Sub(l.began) <= t.stale() {
			stale = false // it was we who did not listen
		}
		if stale {
			silent[id] = true
		}
		if stale == was {
			continue
		}
		kind := "site.meter-back"
		if stale {
			kind = "site.meter-silent"
		}
		l.tellOf(kind, "", now, map[string]any{"node": id, "name": t.nodes[n].title(), "since": g.At.UTC()})
	}
	for id := range l.memory.Silent {
		if _, ok := t.at[id]; !ok { // there is nothing to measure any more
			l.tellOf("site.meter-back", "", now, map[string]any{"node": id, "name": id})
		}
	}
	l.memory.Silent = silent
}

func (l *loop) compare(t *tree, node int, ph share.Phase, name string, most, is int64, now time.Time) {
	x := l.memory.Excess[name]
	over := most != share.None && is > most+slackOf(most)
	switch {
	case over && x == nil:
		x = &excess{Since: now}
		l.memory.Excess[name] = x
	case !over && x == nil:
		return
	case !over:
		if x.Below.IsZero() {
			x.Below = now
		}
		if !x.Reported {
			delete(l.memory.Excess, name)
		} else if now.Sub(x.Below) >= t.period() {
			delete(l.memory.Excess, name)
			l.tellOf("site.power-back", "", now, excessData(t.nodes[node].ID, t.nodes[node].title(), ph.String(), is, x.Limit, x.Since, x.lasted(now)))
		}
		return
	}
	x.Below, x.Taken, x.Limit = time.Time{}, is, most
	if !x.Reported && now.Sub(x.Since) > t.period() {
		x.Reported = true
		l.tellOf("site.power-exceeded", "", now, excessData(t.nodes[node].ID, t.nodes[node].title(), ph.String(), is, most, x.Since, map[string]any{}))
	}
}

func excessData(node, name, ph string, is, most int64, since time.Time, data map[string]any) map[string]any {
	data["node"], data["name"], data["phase"], data["since"] = node, name, ph, since.UTC()
	if ph == share.Total.String() {
		data["unit"], data["measured"], data["limit"] = power.Watt, is, most
	} else {
		data["unit"], data["measured"], data["limit"] = power.Ampere, power.Milli(is), power.Milli(most)
	}
	return data
}

// tellOf keeps an event for the next time that something is stored. It may be called by several at once.
func (l *loop) tellOf(kind string, id gnista.StationID, now time.Time, data map[string]any) {
	l.evMu.Lock()
	defer l.evMu.Unlock()
	l.events = append(l.events, event(kind, l.site, id, now, data))
}

// trouble has a place count with what it may take at the most. Amounts are mA.
func (l *loop) trouble(t *tree, i int, s *Spot, what Trouble, detail string, asked, measured int64) {
	if s.troubled(what, detail, l.c.Now()) {
		l.refused(t, i, string(what), detail, asked, measured)
	}
}

// refused tells that a station does not do what it was told. It may be called by several at once.
func (l *loop) refused(t *tree, i int, reason, detail string, asked, measured int64) {
	p := &t.EVSEs[i]
	data := map[string]any{"evse": p.EVSE, "node": p.Node, "reason": reason, "detail": detail, "askedA": power.Milli(asked)}
	if measured > 0 {
		data["measuredA"] = power.Milli(measured)
	}
	l.tellOf("site.profile-refused", p.Station, l.c.Now(), data)
}

// relieved ends the trouble of a place.
func (l *loop) relieved(node string, s *Spot) {
	was := string(s.Trouble)
	s.Trouble, s.Detail, s.Tries, s.TroubleAt, s.RetryAt = "", "", 0, time.Time{}, time.Time{}
	l.followed(node, s, was)
}

// pardon ends all that a station of which nothing is asked any more does not do.
func (l *loop) pardon(node string, s *Spot) {
	if s.Trouble == "" {
		l.safeAgain(node, s)
		return
	}
	s.SafeTrouble = ""
	l.relieved(node, s)
}

// unsafe tells, once, that a station does not keep its safe default.
func (l *loop) unsafe(t *tree, i int, s *Spot, reason, detail string, asked, measured int64) {
	if s.SafeTrouble != reason {
		s.SafeTrouble = reason
		l.refused(t, i, reason, detail, asked, measured)
	}
}

// safeAgain ends that.
func (l *loop) safeAgain(node string, s *Spot) {
	was := s.SafeTrouble
	s.SafeTrouble = ""
	l.followed(node, s, was)
}

// followed tells that a station does as it was told, when nothing is left that it does not do. It may be called by
// several at once.
func (l *loop) followed(node string, s *Spot, was string) {
	if was != "" && s.Trouble == "" && s.SafeTrouble == "" {
		l.tellOf("site.profile-followed", s.Station, l.c.Now(), map[string]any{"evse": s.EVSE, "node": node, "reason": was})
	}
}

// follow sees whether a place does as it was told, and raises what was lowered.
func (l *loop) follow(t *tree, i int, s *Spot, in *input, now time.Time) {
	d := in.draw.measured()
	switch {
	case s.Trouble == NotFollowing && (in.car == nil || s.TroubleAt.Before(in.car.StartedAt)):
		l.relieved(t.EVSEs[i].Node, s)
	case s.Trouble == NotFollowing && s.overs == 0 && s.counted.After(s.TroubleAt) && in.draw.at.After(s.ToldAt.Add(settles)) && d <= s.Told+tolerance(s.Told):
		l.relieved(t.EVSEs[i].Node, s)
	case s.Trouble == NotFollowing && !now.Before(s.RetryAt): // it is told again, and has the same time again
		s.overs, s.overAt = 0, time.Time{}
	case s.Trouble == "" && s.over(now, t.period()), s.Trouble == NotFollowing && s.overs > 0 && s.over(now, t.period()) && !now.Before(s.RetryAt):
		l.trouble(t, i, s, NotFollowing, "the car takes more than it was given", s.Told, d)
	}
	if s.Lowered > 0 && now.Sub(s.LoweredAt) >= raises && (in.car == nil || in.draw.at.After(s.LoweredAt) && d <= s.Lowered+tolerance(s.Lowered)) {
		s.LoweredAt = now
		if s.Lowered += s.Lowered/10 + step; in.car == nil || s.Lowered >= int64(t.EVSEs[i].Max) {
			s.Lowered = 0
		}
	}
}

// reported lowers the shares of EVSEs that have reported too much power.
func (l *loop) reported(t *tree, lower map[key]bool, ins []input, now time.Time) {
	if len(lower) == 0 {
		return
	}
	for i := range t.EVSEs {
		p, s := &t.EVSEs[i], &l.spots[i]
		told := lower[p.key()] || lower[key{p.Station, 0}]
		if !told || ins[i].car == nil || s.Lowered > 0 && now.Sub(s.reportedAt) < t.period() {
			continue
		}
		is := s.most(p, now)
		if d := ins[i].draw.measured(); d > 0 {
			is = min(is, d)
		}
		if s.Lowered > 0 {
			is = min(is, s.Lowered)
		}
		s.Lowered, s.LoweredAt, s.reportedAt = max(ins[i].least(p), is*80/100/step*step, step), now, now
	}
}
