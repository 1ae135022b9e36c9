package cost

import (
	"cmp"
	"context"
	"sync"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/station"
	"gnista/tariff"
	"gnista/token"
)

// every is the least time between two costs of a transaction.
func (c *Costs) every() time.Duration { return cmp.Or(c.Every, time.Minute) }

// boards are what stations show of their transactions. What is not there is found out with the next thing
// that a station tells of a transaction.
type boards struct {
	mu sync.Mutex
	by map[gnista.StationID]map[string]*board // by our id of the transaction
}

// board is what a station shows of a transaction.
type board struct {
	mute     time.Time // until then nothing
	toldAt   time.Time
	cost     gnista.Money
	idle     bool
	price    Price // that was told last
	offered  Price // as the texts that were shown say it
	lastSeen time.Time
}

// lookEvery is how often it is looked whether a station shows what it did not show.
const lookEvery = 10 * time.Minute

// maxBoards is how many transactions of a station are shown at a time.
const maxBoards = 64

// of is the board of a transaction; there is a new one when make says so and there was none. mu is held.
func (b *boards) of(id gnista.StationID, transaction string, make_ bool) *board {
	list := b.by[id]
	x := list[transaction]
	if x != nil || !make_ {
		return x
	}
	if b.by == nil {
		b.by = map[gnista.StationID]map[string]*board{}
	}
	if list == nil {
		list = map[string]*board{}
		b.by[id] = list
	}
	if len(list) >= maxBoards {
		oldest := ""
		for name, other := range list {
			if oldest == "" || other.lastSeen.Before(list[oldest].lastSeen) {
				oldest = name
			}
		}
		delete(list, oldest)
	}
	x = &board{}
	list[transaction] = x
	return x
}

// forget takes a transaction off its station's board. mu is held.
func (b *boards) forget(id gnista.StationID, transaction string) {
	if delete(b.by[id], transaction); len(b.by[id]) == 0 {
		delete(b.by, id)
	}
}

// Recorded takes in what a station has told of a transaction, when that is answered: what the transaction
// costs so far is told soon where the station shows it. It does not wait. (OCPP 2.x I02.FR.01)
func (c *Costs) Recorded(id gnista.StationID, out charging.Outcome) {
	t := &out.Transaction
	if t.ID == "" || out.Repeat {
		return
	}
	now := c.Now()
	c.boards.mu.Lock()
	defer c.boards.mu.Unlock()
	if t.State != charging.Active {
		c.boards.forget(id, t.ID)
		return
	}
	b := c.boards.of(id, t.ID, true)
	b.lastSeen = now
	if now.Before(b.mute) || now.Sub(b.toldAt) < c.every() && b.idle == idle(t) {
		return
	}
	c.showSoon(id, t.ID)
}

// showSoon has the cost of a transaction told.
func (c *Costs) showSoon(id gnista.StationID, transaction string) {
	c.desk.put(id, "running "+transaction, 0, func(ctx context.Context) {
		if err := c.show(ctx, id, transaction); err != nil && ctx.Err() == nil {
			c.Log.Warn("a station was not told what a transaction costs", "station", id, "transaction", transaction, "err", err)
		}
	})
}

// idle tells whether a car takes no energy that it could have.
func idle(t *charging.Transaction) bool {
	return t.Activity == charging.SuspendedEV || t.EnergyWh > 0 && (t.Activity == charging.Connected || t.Activity == charging.Idle)
}

// show tells a station what a transaction costs, unless it shows that already.
func (c *Costs) show(ctx context.Context, id gnista.StationID, transaction string) error {
	skill, err := c.Skill(ctx, id)
	if err != nil {
		return err
	}
	if !skill.Cost || skill.Reckons { // who reckons knows; OCPP 2.1 I12.FR.02
		c.boards.change(id, transaction, func(b *board) { b.mute = c.Now().Add(lookEvery) })
		return nil
	}
	t, err := c.Transactions.Transaction(ctx, transaction)
	if err != nil || t.State != charging.Active {
		return err
	}
	o, err := c.running(ctx, &t, skill)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return nil // no tariff holds
	}
	if err != nil {
		return err
	}
	shown := false
	c.boards.change(id, transaction, func(b *board) {
		if shown = !b.toldAt.IsZero() && b.cost == o.Cost && b.idle == o.Idle && b.price.equal(o.Price); !shown {
			b.toldAt, b.cost, b.idle, b.price = c.Now(), o.Cost, o.Idle, o.Price
		}
	})
	if shown {
		return nil
	}
	return c.tell(id, skill, func() (station.Answer, error) { return station.Tell(ctx, c.Network.Remote, id, o) })
}

// change changes the board of a transaction, where there is one.
func (b *boards) change(id gnista.StationID, transaction string, f func(*board)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if x := b.of(id, transaction, false); x != nil {
		f(x)
	}
}

// tell tells a station something by itself. One that does not know what it is told, or does not answer, is
// told nothing for a while.
func (c *Costs) tell(id gnista.StationID, s Skill, send func() (station.Answer, error)) error {
	a, err := send()
	switch {
	case err == nil:
		if a.Status == station.NotKnown {
			c.skills.mute(id, s.Version, c.Now())
		}
		return nil
	case gnista.CodeOf(err) == gnista.Offline:
		return nil
	}
	c.skills.mute(id, s.Version, c.Now())
	return err
}

// running is what there is to be told of a transaction.
func (c *Costs) running(ctx context.Context, t *charging.Transaction, s Skill) (TellRunning, error) {
	v, err := c.Prices.Version(ctx, t)
	if err != nil {
		return TellRunning{}, err
	}
	cost, err := c.Prices.Cost(ctx, t)
	if err != nil {
		return TellRunning{}, err
	}
	local := s.local(c.Now())
	o := TellRunning{
		Ref: t.Ref, At: c.Now(), Cost: cost, MeterWh: meterWh(t), Idle: idle(t), Price: priceAt(v, local), Next: nextPrice(v, local), Decimals: s.Decimals,
	}
	return o, nil
}

// meterWh is what the register showed last.
func meterWh(t *charging.Transaction) int64 {
	switch {
	case t.Meter.Last != nil:
		return t.Meter.Last.MWh / 1000
	case t.Meter.Begin != nil:
		return t.Meter.Begin.MWh / 1000
	}
	return 0
}

// Sweep tells the costs of transactions that go on while their stations are silent, forgets what is over,
// and sees to it that stations have the prices that hold.
func (c *Costs) Sweep(ctx context.Context) error {
	now := c.Now()
	c.skills.prune(now)
	type running struct {
		id          gnista.StationID
		transaction string
	}
	var due []running
	c.boards.mu.Lock()
	for id, list := range c.boards.by {
		for transaction, b := range list {
			switch {
			case now.Sub(b.lastSeen) > silent:
				c.boards.forget(id, transaction)
			case !now.Before(b.mute) && now.Sub(b.toldAt) >= c.every():
				due = append(due, running{id, transaction})
			}
		}
	}
	c.boards.mu.Unlock()
	for _, r := range due {
		if _, there := c.Network.Presence.Connection(r.id); there {
			c.showSoon(r.id, r.transaction)
		}
	}
	return c.sweepSync(ctx)
}

// silent is how long a station tells nothing of a transaction before its cost is not told any more.
const silent = 24 * time.Hour

// Tell tells a station what one of its transactions costs so far, by the operator's word. NotFound,
// Conflict, Unsupported. (OCPP 1.6 California pricing, OCPP 2.x I02.FR.01)
func (c *Costs) Tell(ctx context.Context, id gnista.StationID, transaction string) (station.Answer, error) {
	t, err := c.Transactions.Transaction(ctx, transaction)
	switch {
	case err != nil:
		return station.Answer{}, err
	case t.Station != id:
		return station.Answer{}, gnista.Errorf(gnista.NotFound, "transaction %s is not one of station %s", transaction, id)
	case t.State != charging.Active:
		return station.Answer{}, gnista.Errorf(gnista.Conflict, "transaction %s has ended", transaction)
	}
	skill, err := c.Skill(ctx, id)
	if err != nil {
		return station.Answer{}, err
	}
	o, err := c.running(ctx, &t, skill)
	if err != nil {
		return station.Answer{}, err
	}
	return station.Give(ctx, c.Network, id, o)
}

// Offer is what a station is told of prices when a driver is authorised.
type Offer struct {
	Texts  []Text          // the driver's language first; none where the station shows no price
	Tariff *tariff.Version // of the driver's own, for a station that reckons; nil is none
}

// Offer is what a station may be told of prices with the answer to whether a driver may charge. That no
// price is known is no error. (OCPP 2.x I01.FR.01, I01.FR.02, OCPP 2.1 I08.FR.01)
func (c *Costs) Offer(ctx context.Context, id gnista.StationID, d token.Decision) (o Offer, err error) {
	if d.Status != token.Accepted {
		return o, nil
	}
	skill, err := c.Skill(ctx, id)
	if err != nil || !skill.Price && !skill.Reckons {
		return o, err
	}
	v, own, err := c.holds(ctx, id, d)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return o, nil
	}
	if err != nil {
		return o, err
	}
	if own && skill.Reckons {
		o.Tariff = &v
	}
	if skill.Price {
		o.Texts, err = c.offerTexts(ctx, v, d, skill)
	}
	return o, err
}

// offerTexts are the price in words, the first with what the operator says to the driver.
func (c *Costs) offerTexts(ctx context.Context, v tariff.Version, d token.Decision, s Skill) ([]Text, error) {
	language, err := c.language(ctx, d, s)
	list := texts(language, s, func(l string) string { return priceText(v, l) })
	if d.Message != "" {
		list[0].Content = shorten(d.Message + "\n" + list[0].Content)
	}
	return list, err
}

// Authorised tells a station the price for a driver that may charge, where its version does not tell it
// with the answer. It does not wait. (OCPP 1.6 California pricing)
func (c *Costs) Authorised(id gnista.StationID, presented token.ID, d token.Decision) {
	if d.Status != token.Accepted {
		return
	}
	c.desk.put(id, "price "+token.Key(presented.UID), 0, func(ctx context.Context) {
		if err := c.offer(ctx, id, presented, d); err != nil && ctx.Err() == nil {
			c.Log.Warn("a station was not told a driver's price", "station", id, "err", err)
		}
	})
}

func (c *Costs) offer(ctx context.Context, id gnista.StationID, presented token.ID, d token.Decision) error {
	o, err := c.Offer(ctx, id, d)
	if err != nil || len(o.Texts) == 0 {
		return err
	}
	skill, err := c.Skill(ctx, id)
	if err != nil {
		return err
	}
	return c.tell(id, skill, func() (station.Answer, error) {
		return station.Tell(ctx, c.Network.Remote, id, TellPrice{Token: presented, Texts: o.Texts})
	})
}

// Update is what a station is told of prices and costs with the answer to what it tells of a transaction.
// The zero value is nothing.
type Update struct{ Texts []Text }

// Update is the text for a driver when other prices apply than those that were shown, and when the
// transaction has ended. (OCPP 2.x I06.FR.01, I06.FR.02)
func (c *Costs) Update(ctx context.Context, id gnista.StationID, out charging.Outcome) (u Update, err error) {
	t := &out.Transaction
	if t.ID == "" || out.Repeat && t.State == charging.Active {
		return u, nil
	}
	skill, err := c.Skill(ctx, id)
	if err != nil || !skill.Price && !skill.Cost {
		return u, err
	}
	driver := token.Decision{Status: token.Accepted, ID: t.Token, Account: t.Account}
	if t.State == charging.Ended {
		if out.Cost == nil || !skill.Cost {
			return u, nil
		}
		u.Texts, err = c.finalTexts(ctx, t, *out.Cost, "", driver, skill) // there is no receipt yet
		return u, err
	}
	v, err := c.Prices.Version(ctx, t)
	if gnista.CodeOf(err) == gnista.NotFound && err != nil {
		return u, nil
	}
	if err != nil || !skill.Price {
		return u, err
	}
	price, other := priceAt(v, skill.local(c.Now())), false
	c.boards.mu.Lock()
	b := c.boards.of(id, t.ID, false)
	switch {
	case b == nil: // the start told all of it
		b = c.boards.of(id, t.ID, true)
		b.lastSeen, b.offered = c.Now(), price
	case !b.offered.equal(price):
		b.offered, other = price, true
	}
	c.boards.mu.Unlock()
	if other {
		u.Texts, err = c.offerTexts(ctx, inForce(v, skill.local(c.Now())), driver, skill)
	}
	return u, err
}

// inForce is a version with those of its prices only that hold at a moment in local time, whatever the clock
// says later.
func inForce(v tariff.Version, local time.Time) tariff.Version {
	all := v.Elements
	v.Elements = nil
	settled := map[tariff.Dimension]bool{}
	for _, e := range all {
		if settled[e.Dimension] || !holdsAt(e.When, local) {
			continue
		}
		w := &e.When
		w.From, w.To, w.Since, w.Until, w.Weekdays = "", "", "", "", nil
		settled[e.Dimension] = w.MinWh == nil && w.MaxWh == nil && w.MinW == nil && w.MaxW == nil && w.MinMilliA == nil && w.MaxMilliA == nil && w.MinTime == nil && w.MaxTime == nil && w.Expired == nil
		v.Elements = append(v.Elements, e)
	}
	return v
}

func (c *Costs) finalTexts(ctx context.Context, t *charging.Transaction, m gnista.Money, receipt string, d token.Decision, s Skill) ([]Text, error) {
	language, err := c.language(ctx, d, s)
	if err != nil {
		return nil, err
	}
	return texts(language, s, func(l string) string { return finalText(t.EnergyWh, t.EndedAt.Sub(t.StartedAt), m, receipt, l) }), nil
}
