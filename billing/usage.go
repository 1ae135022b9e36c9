package billing

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"slices"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/tariff"
)

// Zones knows the local time of stations.
type Zones interface {
	// Zone is the time zone that a station is in.
	Zone(ctx context.Context, station gnista.StationID) (*time.Location, error)
}

// Rate makes the bill of a transaction by a version of a tariff, so far or in all. It is free where no
// energy flowed, and for a guest where it comes to less than what was agreed to cost something.
func (r *Records) Rate(ctx context.Context, t *charging.Transaction, v tariff.Version) (tariff.Bill, error) {
	return r.rateIn(ctx, t, v, "")
}

// rateIn is [Records.Rate] in the time zone that an earlier bill went by: the station may be in another one
// since. Empty is that of the station.
func (r *Records) rateIn(ctx context.Context, t *charging.Transaction, v tariff.Version, zone string) (tariff.Bill, error) {
	free := gnista.Money{Currency: v.Currency}
	nothing := tariff.Bill{Net: free, Tax: free, Total: free, NetPrices: v.Net}
	pass := t.Progress.Pass
	if t.EnergyWh == 0 || t.EnergyWh < pass.MinWh {
		return nothing, nil
	}
	u, err := r.usage(ctx, t, v.Needs(), zone)
	if err != nil {
		return tariff.Bill{}, err
	}
	b, err := tariff.Rate(v, u)
	if err == nil && b.Total.Amount < pass.Minimum {
		return nothing, nil
	}
	if u.Zone != nil {
		b.Zone = u.Zone.String()
	}
	return b, err
}

// zone is the one with a name, or that of a station where the name is empty.
func (r *Records) zone(ctx context.Context, station gnista.StationID, name string) (*time.Location, error) {
	if name != "" {
		return time.LoadLocation(name)
	}
	return r.Zones.Zone(ctx, station)
}

// usage is what a transaction is to be paid for, as far as a version needs to know.
func (r *Records) usage(ctx context.Context, t *charging.Transaction, needs tariff.Needs, zone string) (tariff.Usage, error) {
	u := tariff.Usage{Start: t.StartedAt, Open: t.State == charging.Active}
	var err error
	if needs.Zone {
		if u.Zone, err = r.zone(ctx, t.Station, zone); err != nil {
			return u, err
		}
	}
	if needs.Reservation && t.Reservation != "" {
		x, err := r.Reservations.Reservation(ctx, t.Reservation)
		var paid bool
		if err == nil {
			paid, err = r.billed(ctx, x.ID)
		}
		switch {
		case err == nil && !paid:
			u.Segments = append(u.Segments, reserved(x, t.StartedAt))
		case err != nil && gnista.CodeOf(err) != gnista.NotFound: // one that is no more costs nothing
			return u, err
		}
	}
	var samples []charging.Sample
	if needs.Samples {
		if samples, err = r.Transactions.Samples(ctx, t.ID); err != nil {
			return u, err
		}
	}
	u.Segments = append(u.Segments, segments(t, samples, r.Now())...)
	return u, nil
}

// segments are a transaction from its start to its end, or to now while it is active. They have all of its
// energy, and are cut where the meter was read, and where the car began or ended to charge.
func segments(t *charging.Transaction, samples []charging.Sample, now time.Time) []tariff.Segment {
	c := course{from: t.StartedAt, to: t.EndedAt, mWh: t.EnergyWh * 1000}
	if c.to.IsZero() {
		c.to = now
	}
	if c.to.Before(c.from) {
		c.to = c.from
	}
	c.divide(t.Periods(now))
	c.read(t, samples)
	c.cut()
	c.pour()
	c.measure(samples)
	if t.State == charging.Active {
		c.expect(t.PowerW)
	}
	return c.segments
}

// course is how a transaction went.
type course struct {
	from, to time.Time
	mWh      int64
	kinds    []tariff.Segment // from end to end, without energy
	points   []point          // from end to end, the energy of the last is all
	segments []tariff.Segment
}

// point is how much energy had flowed at a time.
type point struct {
	at    time.Time
	mWh   int64
	guess bool // what flowed since the point before is not what the meter showed
}

// divide tells charging from idle times; time that is not believed costs nothing.
func (c *course) divide(periods []charging.Period) {
	at := c.from
	add := func(from, to time.Time, kind tariff.Kind) {
		if to.After(from) {
			c.kinds = append(c.kinds, tariff.Segment{From: from, To: to, Kind: kind})
		}
	}
	for _, p := range periods {
		add(at, p.From, tariff.Waiting)
		kind := tariff.Charging
		if p.Idle {
			kind = tariff.Idling
		}
		add(p.From, p.To, kind)
		at = p.To
	}
	if add(at, c.to, tariff.Waiting); len(c.kinds) == 0 {
		c.kinds = []tariff.Segment{{From: c.from, To: c.to, Kind: tariff.Waiting}}
	}
}

// read makes the points of what the meter showed.
func (c *course) read(t *charging.Transaction, samples []charging.Sample) {
	list := charging.Readings(samples)
	if begin := t.Meter.Begin; begin != nil && len(list) > 0 && begin.MWh <= list[0].MWh {
		list = slices.Insert(list, 0, charging.Reading{At: c.from, MWh: begin.MWh})
	}
	if end := t.Meter.End; end != nil && len(list) > 0 && end.MWh >= list[len(list)-1].MWh && (t.Meter.Begin == nil || list[0].MWh == t.Meter.Begin.MWh) {
		list = append(list, charging.Reading{At: c.to, MWh: end.MWh})
	}
	c.points = []point{{at: c.from}}
	var mWh, last int64
	for i, r := range list {
		if i > 0 {
			mWh += max(0, r.MWh-last)
		}
		last = r.MWh
		at := r.At
		if at.Before(c.from) {
			at = c.from
		}
		if at.After(c.to) {
			at = c.to
		}
		if n := len(c.points); c.points[n-1].at.Equal(at) && n > 1 {
			c.points[n-1].mWh = mWh
		} else {
			c.points = append(c.points, point{at: at, mWh: mWh})
		}
	}
	c.agree(mWh)
}

// agree makes the points come to what is to be billed: what is less than the Wh that it was rounded to is
// at the end, what is more is shared by all.
func (c *course) agree(shown int64) {
	guess := shown <= c.mWh-1000 || shown >= c.mWh+1000
	if shown == 0 {
		c.points = c.points[:1]
	}
	for i := range c.points {
		p := &c.points[i]
		if p.guess = guess; guess && shown > 0 {
			p.mWh = mulDiv(c.mWh, p.mWh, shown)
		}
		p.mWh = min(p.mWh, c.mWh)
	}
	if last := &c.points[len(c.points)-1]; last.mWh < c.mWh && !guess && len(c.points) > 1 {
		last.mWh = c.mWh
	}
	if last := c.points[len(c.points)-1]; last.mWh < c.mWh || last.at.Before(c.to) {
		c.points = append(c.points, point{c.to, c.mWh, guess})
	}
}

// cut makes segments that end where a kind or a point does.
func (c *course) cut() {
	i := 0
	for _, k := range c.kinds {
		for {
			for i < len(c.points) && !c.points[i].at.After(k.From) {
				i++
			}
			s := k
			if i < len(c.points) && c.points[i].at.Before(k.To) {
				s.To = c.points[i].at
			}
			c.segments = append(c.segments, s)
			if k.From = s.To; !k.From.Before(k.To) {
				break
			}
		}
	}
}

// pour shares the energy of each point among the segments since the one before: those in which the car
// charged, if there are any, by their length.
func (c *course) pour() {
	since, mWh := c.from, int64(0)
	n := 0 // of the first segment that is not before since
	for _, p := range c.points {
		for n < len(c.segments)-1 && !c.segments[n].To.After(since) {
			n++
		}
		end := n + 1
		for end < len(c.segments) && c.segments[end].From.Before(p.at) {
			end++
		}
		share(c.segments[n:end], p.mWh-mWh, p.guess)
		since, mWh = p.at, p.mWh
	}
}

func share(list []tariff.Segment, mWh int64, guess bool) {
	if mWh <= 0 {
		return
	}
	charged := slices.ContainsFunc(list, func(s tariff.Segment) bool { return s.Kind == tariff.Charging })
	var length, at time.Duration
	for _, s := range list {
		if !charged || s.Kind == tariff.Charging {
			length += s.To.Sub(s.From)
		}
	}
	if length == 0 {
		list[0].EnergyMWh += mWh
		list[0].Estimated = list[0].Estimated || guess
		return
	}
	var done int64
	for i := range list {
		s := &list[i]
		if charged && s.Kind != tariff.Charging {
			continue
		}
		at += s.To.Sub(s.From)
		to := mulDiv(mWh, int64(at), int64(length))
		s.EnergyMWh += to - done
		s.Estimated = s.Estimated || guess || at < length || done > 0
		done = to
	}
}

// volts is the voltage of a phase where it is not known.
const volts = 230

// maxPowerW is more than any station gives; what energy in no time comes to is not.
const maxPowerW = 1 << 32

// measure enters power and current: the mean of what was measured within the segment, else what its energy
// comes to.
func (c *course) measure(samples []charging.Sample) {
	power, current := charging.Values(samples, charging.PowerImport), charging.Values(samples, charging.CurrentImport)
	for i := range c.segments {
		s := &c.segments[i]
		if milli, ok := within(power, *s); ok {
			s.PowerW = milli / 1000
		} else if length := s.To.Sub(s.From); length > 0 {
			s.PowerW = mulDiv(s.EnergyMWh, int64(time.Hour/1000), int64(length))
		}
		s.PowerW = min(s.PowerW, maxPowerW)
		if milli, ok := within(current, *s); ok {
			s.MilliA = milli
		} else {
			s.MilliA = s.PowerW * 1000 / volts
		}
	}
}

// within is the mean of the values that were measured within a segment, its end included.
func within(list []charging.Value, s tariff.Segment) (milli int64, ok bool) {
	behind := func(at time.Time) int { // the place of the first value after a time
		i, _ := slices.BinarySearchFunc(list, at, func(v charging.Value, at time.Time) int { return cmp.Or(v.At.Compare(at), -1) })
		return i
	}
	from, to := behind(s.From), behind(s.To)
	if from == to {
		return 0, false
	}
	for _, v := range list[from:to] {
		milli += max(-1000*maxPowerW, min(v.Milli, 1000*maxPowerW))
	}
	return milli / int64(to-from), true
}

// expect takes what was measured last for what flows now, where the meter has not been read since.
func (c *course) expect(powerW int64) {
	s := &c.segments[len(c.segments)-1]
	if s.Kind == tariff.Charging && s.EnergyMWh == 0 && s.PowerW == 0 {
		s.PowerW, s.MilliA = powerW, powerW*1000/volts
	}
}

// mulDiv is a×b/c, and the most that there is where that is more.
func mulDiv(a, b, c int64) int64 {
	high, low := bits.Mul64(uint64(a), uint64(b))
	if high >= uint64(c) {
		return math.MaxInt64
	}
	q, _ := bits.Div64(high, low, uint64(c))
	return int64(min(q, math.MaxInt64))
}
