package checkout

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/big"
	"sync"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/station"
	"gnista/tariff"
)

// Funds are what an active transaction may come to: what is set aside or taken for it, what a prepaid account has, or,
// where it costs nothing, what was wished.
type Funds struct {
	Transaction string
	Station     gnista.StationID
	Limit       gnista.Money
	Account     string    // id, of a prepaid account
	Hold        int64     // of that account, for this transaction
	Wish        Wish      // of its driver
	PaidAt      time.Time // since when it could begin, by our clock; zero where nothing was wished
	Free        bool      // it costs nothing, and Limit is none
	UpdatedAt   time.Time // of the transaction
}

// Watch is how far the guard of a transaction is.
type Watch struct {
	Near  bool      // it was told that the limit is near
	Stops int       // how often the station was ordered to end it
	Next  time.Time // when it may be ordered again
}

// GuardStore keeps what transactions may come to.
type GuardStore interface {
	// Funded lists active transactions that may come to so much only, and free ones of which something was wished.
	Funded(ctx context.Context, limit int) ([]Funds, error)
	// ChangeWatch changes how far the guard of a transaction is; the events go with it. change may run more
	// than once.
	ChangeWatch(ctx context.Context, id gnista.StationID, transaction string, change func(*Watch) []gnista.Event) error
	// Reserve sets aside so much of a prepaid account for a transaction, as far as it has that, and never less
	// than before.
	Reserve(ctx context.Context, transaction string, amount int64) error
	// EVSEPower is the most power of an EVSE as the station has reported it, and its unit; empty is none.
	EVSEPower(ctx context.Context, id gnista.StationID, evse int) (most, unit string, err error)
}

// GuardPrices knows what transactions cost.
type GuardPrices interface {
	// Version is the one that a transaction is billed by. NotFound.
	Version(ctx context.Context, t *charging.Transaction) (tariff.Version, error)
	// Cost is what a transaction costs so far. NotFound.
	Cost(ctx context.Context, t *charging.Transaction) (gnista.Money, error)
}

// GuardTransactions ends transactions.
type GuardTransactions interface {
	Stop(ctx context.Context, at gnista.StationID, evse int, id string) (station.Answer, error)
	// LimitCost changes what the station was told that a transaction may cost, if it was.
	LimitCost(ctx context.Context, at gnista.StationID, id string, most gnista.Money) error
}

// Guard ends transactions before they come to more than there is for them. It reckons with the most that can flow
// and cost until the station has ended one, from the last that the station has told on: what a transaction comes to
// beyond its limit is nothing as long as the station can be reached and ends it within [Guard.Latency]. An ended
// transaction costs nothing more, so that nothing is kept back for a car that stays. A station of OCPP 2.1 that keeps
// to a limit of cost by itself, and has confirmed it, is ordered only when it does not.
// (OCPP 2.1 C17.FR.03, C24.FR.02, C25.FR.24, E16)
type Guard struct {
	Store        GuardStore
	Prices       GuardPrices
	Transactions GuardTransactions
	Active       interface {
		Transaction(ctx context.Context, id string) (charging.Transaction, error)
	}
	Latency time.Duration // within which stations end what they are ordered to; 0 is [DefaultLatency]
	Now     func() time.Time
	Log     *slog.Logger

	mu      sync.Mutex
	looks   map[string]look
	orders  sync.WaitGroup
	sending map[string]bool
}

// look is when a transaction was looked at last, and when it is to be again.
type look struct {
	seen  time.Time // its UpdatedAt
	limit int64
	next  time.Time
}

// The times of the guard.
const (
	DefaultLatency = 30 * time.Second
	GuardEvery     = 5 * time.Second // looks at all that is guarded
	longestLook    = time.Minute     // between looks at one
	firstPause     = 20 * time.Second
	longestPause   = 5 * time.Minute // between orders
	maxFunded      = 20_000
)

func (g *Guard) latency() time.Duration {
	if g.Latency > 0 {
		return g.Latency
	}
	return DefaultLatency
}

// Run looks at what is guarded until ctx ends, and then waits for what it has ordered.
func (g *Guard) Run(ctx context.Context) {
	tick := time.NewTicker(GuardEvery)
	defer tick.Stop()
	defer g.orders.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := g.Look(ctx); err != nil && ctx.Err() == nil {
				g.Log.Error("what transactions may come to is not guarded for now", "err", err)
			}
		}
	}
}

// Look looks at the transactions that are due to be looked at.
func (g *Guard) Look(ctx context.Context) error {
	list, err := g.Store.Funded(ctx, maxFunded)
	if err != nil {
		return err
	}
	now := g.Now()
	looks := make(map[string]look, len(list))
	for _, f := range list {
		l, ok := g.looks[f.Transaction]
		if !ok || !l.seen.Equal(f.UpdatedAt) || l.limit != f.Limit.Amount || !now.Before(l.next) {
			next, err := g.one(ctx, f, now)
			if err != nil { // is no reason to leave the others alone
				g.Log.Error("a transaction is not guarded for now", "transaction", f.Transaction, "err", err)
			}
			l = look{f.UpdatedAt, f.Limit.Amount, next}
		}
		looks[f.Transaction] = l
	}
	g.looks = looks
	return nil
}

// one looks at a transaction, and tells when to look again.
func (g *Guard) one(ctx context.Context, f Funds, now time.Time) (next time.Time, err error) {
	next = now.Add(longestLook)
	t, err := g.Active.Transaction(ctx, f.Transaction)
	if err != nil || t.State != charging.Active {
		return next, err
	}
	if f.Free {
		next, _, err = g.wished(ctx, f, &t, gnista.Money{Currency: f.Limit.Currency}, next, now)
		return next, err
	}
	v, err := g.Prices.Version(ctx, &t)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return next, nil // it costs nothing
	}
	if err != nil {
		return next, err
	}
	cost, err := g.Prices.Cost(ctx, &t)
	if err != nil || cost.Currency != f.Limit.Currency {
		return next, err
	}
	told := f
	if w := f.Wish.Cost; w > 0 {
		told.Limit.Amount = min(w, told.Limit.Amount)
	}
	if err := g.Transactions.LimitCost(ctx, f.Station, t.ID, told.Limit); err != nil {
		return next, err
	}
	next, over, err := g.wished(ctx, told, &t, cost, next, now)
	if over || err != nil {
		return next, err
	}
	r := worst(v)
	kept := confirmed(&t, f.Limit)
	perHour := r.perHour(0)
	if !kept {
		watts, err := g.power(ctx, &t)
		if err != nil {
			return next, err
		}
		perHour = r.perHour(watts)
	}
	if t.EnergyWh == 0 {
		cost.Amount += r.once
	}
	heard := lastHeard(&t)
	ahead := latest(now, heard).Sub(heard) + GuardEvery + g.latency()
	if f.Account != "" {
		if need := cost.Amount + worth(perHour, ahead); need > f.Hold {
			if err := g.Store.Reserve(ctx, t.ID, need); err != nil {
				return next, err
			}
		}
	}
	if cost.Amount*10 >= f.Limit.Amount*8 {
		if err := g.near(ctx, f, cost, now); err != nil {
			return next, err
		}
	}
	if r.most >= 0 && r.most <= f.Limit.Amount {
		return next, nil // the tariff costs no more
	}
	left := f.Limit.Amount - cost.Amount
	switch {
	case kept && left >= 0 && (perHour == 0 || worth(perHour, ahead) < left):
	case !kept && left > 0 && worth(perHour, ahead) < left:
	default:
		return now.Add(GuardEvery), g.stop(ctx, f, cost, now)
	}
	if perHour > 0 { // when it would reach the limit if it went on at the most from what was told last
		at := heard.Add(lasts(left, perHour) - g.latency() - GuardEvery)
		if at.Before(next) {
			next = latest(at, now.Add(GuardEvery))
		}
	}
	return next, nil
}

// wished has a transaction end that has come to what its driver wants, and tells when to look again where that is before
// next.
func (g *Guard) wished(ctx context.Context, f Funds, t *charging.Transaction, cost gnista.Money, next, now time.Time) (at time.Time, over bool, err error) {
	by := f.Wish.by(latest(t.StartedAt, f.PaidAt))
	switch {
	case f.Wish.reached(t.EnergyWh, cost.Amount), !by.IsZero() && !now.Before(by):
		return now.Add(GuardEvery), true, g.stop(ctx, f, cost, now)
	case !by.IsZero() && by.Before(next):
		next = by
	}
	return next, false, nil
}

// confirmed tells whether the station keeps to a limit that is no higher. (OCPP 2.1 E16.FR.03)
func confirmed(t *charging.Transaction, limit gnista.Money) bool {
	l := t.Limiting
	return l != nil && l.Own.Cost != nil && l.Own.Cost.Currency == limit.Currency && l.Own.Cost.Amount <= limit.Amount
}

// lastHeard is the time until which it is known what a transaction has come to: none that is still to come by our
// clock.
func lastHeard(t *charging.Transaction) time.Time {
	at := t.StartedAt
	if t.Meter.Last != nil {
		at = latest(at, t.Meter.Last.At)
	}
	if at.After(t.UpdatedAt) {
		at = t.UpdatedAt
	}
	return at
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// near tells once that a transaction comes near to its limit.
func (g *Guard) near(ctx context.Context, f Funds, cost gnista.Money, now time.Time) error {
	return g.Store.ChangeWatch(ctx, f.Station, f.Transaction, func(w *Watch) []gnista.Event {
		if w.Near {
			return nil
		}
		w.Near = true
		return []gnista.Event{guardEvent("checkout.limit-near", f, cost, now, nil)}
	})
}

// stop orders a station to end a transaction, again and again with pauses until it has.
func (g *Guard) stop(ctx context.Context, f Funds, cost gnista.Money, now time.Time) error {
	g.mu.Lock()
	busy := g.sending[f.Transaction]
	if !busy {
		if g.sending == nil {
			g.sending = map[string]bool{}
		}
		g.sending[f.Transaction] = true
	}
	g.mu.Unlock()
	if busy {
		return nil
	}
	done := func() {
		g.mu.Lock()
		delete(g.sending, f.Transaction)
		g.mu.Unlock()
	}
	var tries int
	if err := g.Store.ChangeWatch(ctx, f.Station, f.Transaction, func(w *Watch) (evs []gnista.Event) {
		tries = 0
		if now.Before(w.Next) {
			return nil
		}
		w.Stops++
		tries = w.Stops
		w.Next = now.Add(min(longestPause, firstPause<<min(w.Stops-1, 10)))
		if tries == 1 {
			evs = append(evs, guardEvent("checkout.limit-stop", f, cost, now, nil))
		}
		return evs
	}); err != nil || tries == 0 {
		done()
		return err
	}
	g.orders.Go(func() { // a station that does not answer keeps no other waiting
		defer done()
		a, err := g.Transactions.Stop(ctx, f.Station, 0, f.Transaction)
		detail := string(a.Status)
		switch {
		case err == nil && tries == 1 && (a.Status == station.Done || a.Status == station.Scheduled):
			return
		case gnista.CodeOf(err) == gnista.Conflict && err != nil: // it has ended
			return
		case err != nil:
			detail = err.Error()
		}
		if tries&(tries-1) != 0 { // told at the 1st, 2nd, 4th, 8th … time
			return
		}
		if err := g.Store.ChangeWatch(context.WithoutCancel(ctx), f.Station, f.Transaction, func(*Watch) []gnista.Event {
			return []gnista.Event{guardEvent("checkout.stop-failed", f, cost, g.Now(), map[string]any{"tries": tries, "answer": detail})}
		}); err != nil {
			g.Log.Error("it was not told that a station does not end a transaction", "transaction", f.Transaction, "err", err)
		}
	})
	return nil
}

func guardEvent(kind string, f Funds, cost gnista.Money, now time.Time, more map[string]any) gnista.Event {
	data := map[string]any{"cost": cost.Amount, "limit": f.Limit.Amount, "currency": cost.Currency}
	for k, v := range more {
		data[k] = v
	}
	text, _ := json.Marshal(data) // strings and numbers always marshal
	return gnista.Event{At: now, Kind: kind, Station: f.Station, Subject: f.Transaction, Data: text}
}

// unknownW is the power that an EVSE may have of which nothing is known: more than most with alternating current.
const unknownW = 22_000

// power is the most that can flow in a transaction, in W.
func (g *Guard) power(ctx context.Context, t *charging.Transaction) (int64, error) {
	most, unit, err := g.Store.EVSEPower(ctx, t.Station, t.EVSE.ID)
	if err != nil {
		return 0, err
	}
	if r, ok := new(big.Rat).SetString(most); ok && r.Sign() > 0 {
		if unit == "kW" {
			r.Mul(r, big.NewRat(1000, 1))
		}
		if w := ceil(r); w > 0 {
			return max(w, t.PowerW), nil
		}
	}
	return max(unknownW, t.PowerW*3/2), nil
}

// rates are the most that a version of a tariff costs, in minor units.
type rates struct {
	kWh  *big.Rat
	hour *big.Rat
	once int64 // with the first energy
	most int64 // in all; -1 is no limit
}

// worst are the rates of a version where the dearest of its elements hold.
func worst(v tariff.Version) rates {
	digits, err := tariff.Digits(v.Currency)
	if err != nil {
		digits = 2
	}
	scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
	dearest := map[tariff.Dimension]*big.Rat{}
	tax := new(big.Rat)
	for _, e := range v.Elements {
		p, rate := e.Price.Rat(), new(big.Rat).Quo(e.VAT.Rat(), big.NewRat(100, 1))
		if rate.Cmp(tax) > 0 {
			tax = rate
		}
		if v.Net {
			p.Mul(p, new(big.Rat).Add(big.NewRat(1, 1), rate))
		}
		if (e.Dimension == tariff.Time || e.Dimension == tariff.Idle) && !e.PerHour {
			p.Mul(p, big.NewRat(60, 1))
		}
		p.Mul(p, scale)
		if have := dearest[e.Dimension]; have == nil || p.Cmp(have) > 0 {
			dearest[e.Dimension] = p
		}
	}
	of := func(d tariff.Dimension) *big.Rat {
		if p := dearest[d]; p != nil {
			return p
		}
		return new(big.Rat)
	}
	r := rates{kWh: of(tariff.Energy), hour: of(tariff.Time), once: ceil(new(big.Rat).Add(of(tariff.Start), of(tariff.Reserving))), most: -1}
	if idle := of(tariff.Idle); idle.Cmp(r.hour) > 0 {
		r.hour = idle
	}
	bound := func(d tariff.Decimal) int64 {
		x := new(big.Rat).Mul(d.Rat(), scale)
		if v.Net {
			x.Mul(x, new(big.Rat).Add(big.NewRat(1, 1), tax))
		}
		return ceil(x)
	}
	if v.Min != "" {
		r.once = max(r.once, bound(v.Min))
	}
	if v.Max != "" {
		r.most = bound(v.Max)
	}
	return r
}

// perHour is the most that an hour costs at a power.
func (r rates) perHour(watts int64) int64 {
	return ceil(new(big.Rat).Add(r.hour, new(big.Rat).Mul(r.kWh, big.NewRat(watts, 1000))))
}

// worth is what a time costs, rounded up.
func worth(perHour int64, d time.Duration) int64 {
	return ceil(new(big.Rat).Mul(big.NewRat(perHour, 1), big.NewRat(int64(d/time.Millisecond), int64(time.Hour/time.Millisecond))))
}

// lasts is the time that an amount is enough for, at the most a day.
func lasts(amount, perHour int64) time.Duration {
	const day = 24 * time.Hour
	if perHour <= 0 || amount/perHour >= 24 {
		return day
	}
	return time.Duration(new(big.Int).Quo(new(big.Int).Mul(big.NewInt(amount), big.NewInt(int64(time.Hour))), big.NewInt(perHour)).Int64())
}

// ceil is the next whole number.
func ceil(r *big.Rat) int64 {
	n, rest := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		n.Add(n, big.NewInt(1))
	}
	if !n.IsInt64() || n.Int64() > 1e15 {
		return 1e15
	}
	return n.Int64()
}
