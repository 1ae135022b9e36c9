package tariff

import (
	"math/big"
	"math/bits"
	"slices"
	"time"

	"gnista"
)

// Rate makes the bill for a usage by a version. It depends on nothing else. Of the elements of one
// dimension the first counts that holds: energy and time are shared among elements where the clock, the
// energy so far or the time since the start is at a bound of one of them, also within a segment, in
// proportion. What has one price, a start or a reservation, is paid as it holds when that begins.
//
// A step is rounded up once for each dimension, in what the last of its elements comes to: energy, the
// time of a reservation, and either idle time, where some was paid for, or the time of charging. (OCPI
// 2.2.1, CDRs, step_size)
//
// Invalid when an amount is too large, which the limits of prices and energy rule out, and when the
// version is not one that [Version.Check] passes.
func Rate(v Version, u Usage) (Bill, error) {
	digits, err := Digits(v.Currency)
	if err != nil {
		return Bill{}, err
	}
	r, err := newRating(v, u)
	if err != nil {
		return Bill{}, err
	}
	if err := r.measure(u); err != nil {
		return Bill{}, err
	}
	if !u.Open {
		r.round()
	}
	return r.bill(v, digits, !u.Start.IsZero())
}

// rating is a usage on its way to a bill.
type rating struct {
	rules      []*rule
	dimensions map[Dimension]*dimension
	energy     *dimension
	clock      *clock
	start      time.Time // of the transaction
	reserved   time.Time // start of the reservation
	mWhBounds  []int64
	timeBounds []int64
	mWh        int64 // until now
	expired    bool
}

// dimension is what is known of all elements of one dimension.
type dimension struct {
	rules  []*rule
	unit   int64 // mWh, ns of 1 of the quantity
	half   int64 // what is added before the rest is dropped
	at     int64 // so much of it was until now, in mWh or ns, whether an element holds or not
	paid   int64 // so much of it was paid for, in mWh or ns
	last   *rule // that something was paid by; nil is none
	missed bool  // some of it was not priced by any element
}

// tally is what an element comes to.
type tally struct {
	quantity, free int64 // Wh, s, pieces
	step, added    int64
	estimated      bool
	periods        []Period
}

func newRating(v Version, u Usage) (*rating, error) {
	r := &rating{dimensions: make(map[Dimension]*dimension, 6), start: u.Start, expired: u.Expired}
	for i, e := range v.Elements {
		rule, err := newRule(e, i+1)
		if err != nil {
			return nil, err
		}
		r.rules = append(r.rules, rule)
		d := r.dimension(e.Dimension)
		if d == nil {
			return nil, gnista.Invalidf("elements.type", "%q is no dimension", e.Dimension)
		}
		d.rules = append(d.rules, rule)
	}
	r.energy = r.dimension(Energy)
	r.clock = newClock(u.Zone, r.rules)
	r.mWhBounds = bounds(r.rules, func(r *rule) span { return r.mWh })
	r.timeBounds = bounds(r.rules, func(r *rule) span { return r.elapsed })
	if i := slices.IndexFunc(u.Segments, func(s Segment) bool { return s.Kind == Reserved }); i >= 0 {
		r.reserved = u.Segments[i].From
	}
	if r.start.IsZero() && len(u.Segments) > 0 {
		r.start = u.Segments[0].From
	}
	return r, nil
}

// dimension is nil for what is none.
func (r *rating) dimension(d Dimension) *dimension {
	if have, ok := r.dimensions[d]; ok {
		return have
	}
	var x *dimension
	switch d {
	case Energy:
		x = &dimension{unit: 1000, half: 500}
	case Time, Idle, Reservation:
		x = &dimension{unit: int64(time.Second)}
	case Start, Reserving:
		x = &dimension{unit: 1}
	default:
		return nil
	}
	r.dimensions[d] = x
	return x
}

// timed is the dimension that the time of a kind is paid in, nil for none.
func (r *rating) timed(k Kind) *dimension {
	switch k {
	case Charging:
		return r.dimensions[Time]
	case Idling:
		return r.dimensions[Idle]
	case Reserved:
		return r.dimensions[Reservation]
	}
	return nil
}

// Beyond these nothing is added up, so that sums stay within an int64.
const (
	maxMWh  = 1 << 61
	maxTime = 100 * 365 * 24 * time.Hour
)

func (r *rating) measure(u Usage) error {
	if d := r.dimensions[Reserving]; d != nil && !r.reserved.IsZero() {
		r.fixed(d, r.reserved)
	}
	if d := r.dimensions[Start]; d != nil && !u.Start.IsZero() {
		r.fixed(d, u.Start)
	}
	var mWh int64
	var length time.Duration
	for _, s := range u.Segments {
		s.EnergyMWh = max(0, s.EnergyMWh)
		if s.To.Before(s.From) {
			s.To = s.From
		}
		if s.EnergyMWh > maxMWh-mWh || s.To.Sub(s.From) > maxTime-length {
			return gnista.Errorf(gnista.Invalid, "a transaction of more than %d mWh or %s cannot be billed", int64(maxMWh), maxTime)
		}
		mWh += s.EnergyMWh
		length += s.To.Sub(s.From)
		r.segment(s)
	}
	return nil
}

// fixed enters what is paid once.
func (r *rating) fixed(d *dimension, at time.Time) {
	r.clock.set(at)
	d.add(d.first(&moment{expired: r.expired}), 1, Period{at, at})
}

// segment enters a segment, in pieces within which nothing changes.
func (r *rating) segment(s Segment) {
	m := moment{watts: s.PowerW, milli: s.MilliA, expired: r.expired}
	timed, base := r.timed(s.Kind), r.start
	if s.Kind == Reserved {
		base = r.reserved
	}
	length := int64(s.To.Sub(s.From))
	var mWh int64 // of the segment, until now
	var energy, clocked sharing
	for at := s.From; at.Before(s.To) || mWh < s.EnergyMWh || at.Equal(s.From) && length == 0; {
		end := s.To
		if until := r.clock.set(at); !until.IsZero() && until.Before(end) {
			end = until
		}
		m.elapsed, m.mWh = int64(at.Sub(base)), r.mWh
		if bound, ok := above(r.timeBounds, m.elapsed); ok && base.Add(time.Duration(bound)).Before(end) {
			end = base.Add(time.Duration(bound))
		}
		piece := s.EnergyMWh - mWh
		if end.Before(s.To) {
			piece = max(0, mulDiv(s.EnergyMWh, int64(end.Sub(s.From)), length)-mWh)
		}
		byEnergy := false
		if bound, ok := above(r.mWhBounds, r.mWh); ok && piece > bound-r.mWh {
			piece, byEnergy = bound-r.mWh, true
			end = s.From.Add(time.Duration(mulDiv(length, mWh+piece, s.EnergyMWh)))
		}
		p := Period{at, end}
		if piece > 0 {
			rule := r.energy.first(&m)
			r.energy.add(rule, piece, p)
			energy.note(rule, byEnergy)
			if s.Estimated {
				rule.estimate()
			}
		}
		if timed != nil && end.After(at) {
			rule := timed.first(&m)
			timed.add(rule, int64(end.Sub(at)), p)
			clocked.note(rule, !byEnergy)
		}
		mWh += piece
		r.mWh += piece
		if at = end; length == 0 && mWh >= s.EnergyMWh {
			break
		}
	}
}

// sharing is by which rules one dimension of a segment is paid. What is cut at a bound of its own is not
// estimated: energy at a number of Wh, time at an instant.
type sharing struct {
	last  *rule
	begun bool
	exact bool // the last cut was at a bound of its own
}

func (s *sharing) note(r *rule, exact bool) {
	if s.begun && !s.exact && s.last != r {
		s.last.estimate()
		r.estimate()
	}
	s.last, s.begun, s.exact = r, true, exact
}

func (r *rule) estimate() {
	if r != nil {
		r.sum.estimated = true
	}
}

// first is the rule that counts, nil when none holds.
func (d *dimension) first(m *moment) *rule {
	for _, r := range d.rules {
		if r.holds(m) {
			return r
		}
	}
	return nil
}

// maxPeriods is how many periods a line tells.
const maxPeriods = 50

// add enters so much of a dimension, in mWh or ns, by a rule or by none.
func (d *dimension) add(r *rule, n int64, p Period) {
	was := (d.at + d.half) / d.unit
	d.at += n
	whole := (d.at + d.half) / d.unit
	if r == nil {
		d.missed = true
		return
	}
	s := &r.sum
	s.quantity += whole - was
	free := max(0, min(int64(r.Grace), d.at)-(d.at-n))
	if d.unit == int64(time.Second) {
		s.free += max(0, min(int64(r.Grace/time.Second), whole)-was)
	}
	if n > free {
		d.paid, d.last = d.paid+n-free, r
	}
	switch k := len(s.periods); {
	case k > 0 && (k == maxPeriods || !s.periods[k-1].To.Before(p.From)):
		s.periods[k-1].To = p.To
	default:
		s.periods = append(s.periods, p)
	}
}

// round rounds up the steps.
func (r *rating) round() {
	idle := r.dimensions[Idle]
	for name, d := range r.dimensions {
		if name == Time && idle != nil && idle.last != nil {
			continue
		}
		d.round()
	}
}

func (d *dimension) round() {
	if d.last == nil || d.last.Step <= 0 {
		return
	}
	var billed int64
	for _, r := range d.rules {
		billed += r.sum.quantity - r.sum.free
	}
	used := max(billed, (d.paid-1)/d.unit+1)
	step := d.last.Step
	if over := used % step; over > 0 {
		used += step - over
	}
	d.last.sum.step, d.last.sum.added = step, used-billed
	d.last.sum.quantity += used - billed
}

// mulDiv is a×b/c, for b of at most c.
func mulDiv(a, b, c int64) int64 {
	if c <= 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(a), uint64(b))
	q, _ := bits.Div64(high, low, uint64(c))
	return int64(q)
}

// maxAmount is the most that a line can come to, in minor units: the sum of all lines must be an int64.
const maxAmount = 1 << 60

// bill is what the rules come to.
func (r *rating) bill(v Version, digits int, transaction bool) (Bill, error) {
	minor := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
	b := Bill{NetPrices: v.Net}
	var rates sums
	for _, rule := range r.rules {
		l := rule.line()
		if l.Quantity == 0 {
			continue
		}
		l.Estimated = l.Estimated && (r.dimensions[l.Dimension].missed || r.shared(l.Dimension))
		amount := new(big.Rat).Mul(l.Price.Rat(), big.NewRat(l.Quantity-l.Free, l.per()))
		if amount.Mul(amount, minor).Cmp(big.NewRat(maxAmount, 1)) > 0 {
			return Bill{}, gnista.Errorf(gnista.Invalid, "%d of %s for %s each cost more than can be billed", l.Quantity, l.Dimension, l.Price)
		}
		l.Amount = halfUp(amount)
		rates.add(l.VAT, l.Amount)
		b.Lines = append(b.Lines, l)
	}
	limit := func(d Decimal) int64 { return halfUp(new(big.Rat).Mul(d.Rat(), minor)) }
	if v.Max != "" {
		if most := limit(v.Max); rates.total() > most {
			b.Lines = append(b.Lines, rates.limit(Maximum, v.Max, most)...)
		}
	}
	if v.Min != "" && transaction {
		if least := limit(v.Min); rates.total() < least {
			if len(rates) == 0 && len(v.Elements) > 0 {
				rates.add(v.Elements[0].VAT, 0)
			}
			b.Lines = append(b.Lines, rates.limit(Minimum, v.Min, least)...)
		}
	}
	b.sum(v.Currency, rates)
	return b, nil
}

// shared tells whether more than one element of a dimension comes to something.
func (r *rating) shared(d Dimension) bool {
	n := 0
	for _, rule := range r.dimensions[d].rules {
		if rule.sum.quantity > 0 {
			n++
		}
	}
	return n > 1
}

func (r *rule) line() Line {
	l := Line{
		Dimension: r.Dimension, Element: r.place, Quantity: r.sum.quantity, Free: r.sum.free, Step: r.sum.step, Added: r.sum.added,
		Price: r.Price, PerHour: r.PerHour, VAT: r.VAT, Estimated: r.sum.estimated, Periods: r.sum.periods,
	}
	if !r.When.always() {
		when := r.When
		l.When = &when
	}
	return l
}

// per is the quantity that the price is for.
func (l Line) per() int64 {
	switch {
	case l.Dimension == Energy:
		return 1000
	case l.Dimension == Start || l.Dimension == Reserving:
		return 1
	case l.PerHour:
		return 3600
	}
	return 60
}
