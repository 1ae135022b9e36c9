package checkout_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/charging"
	"gnista/checkout"
	"gnista/payment"
	"gnista/station"
	"gnista/store"
	"gnista/store/storetest"
	"gnista/tariff"
	"gnista/token"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var errKilled = errors.New("killed")

// life is that of the process: so many more steps. A step is what comes before an effect, and what comes after it.
type life struct {
	steps int
	dead  bool
}

func (l *life) step() error {
	if l.steps--; l.steps < 0 {
		l.dead = true
	}
	if l.dead {
		return errKilled
	}
	return nil
}

func (l *life) around(f func() error) error {
	if err := l.step(); err != nil {
		return err
	}
	return errors.Join(f(), l.step())
}

// mortal is a database whose process may be killed before and after it has written.
type mortal struct {
	*store.DB
	life *life
}

func (m *mortal) CreateCheckout(ctx context.Context, c checkout.Checkout) error {
	return m.life.around(func() error { return m.DB.CreateCheckout(ctx, c) })
}

func (m *mortal) ChangeCheckout(ctx context.Context, id gnista.StationID, of string, f func(*checkout.Checkout) error) (c checkout.Checkout, err error) {
	err = m.life.around(func() error { c, err = m.DB.ChangeCheckout(ctx, id, of, f); return err })
	return c, err
}

func (m *mortal) CreatePayment(ctx context.Context, c *payment.Change) error {
	return m.life.around(func() error { return m.DB.CreatePayment(ctx, c) })
}

func (m *mortal) ChangePayment(ctx context.Context, id string, now time.Time, f func(*payment.Change) error) (p payment.Payment, err error) {
	err = m.life.around(func() error { p, err = m.DB.ChangePayment(ctx, id, now, f); return err })
	return p, err
}

func (m *mortal) Change(ctx context.Context, id gnista.StationID, f func(charging.Tx) error) error {
	return m.life.around(func() error { return m.DB.Change(ctx, id, f) })
}

func (m *mortal) Issue(ctx context.Context, r billing.Record, tell func(billing.Record) gnista.Event) (out billing.Record, err error) {
	err = m.life.around(func() error { out, err = m.DB.Issue(ctx, r, tell); return err })
	return out, err
}

func (m *mortal) AddCommand(ctx context.Context, c station.Command) error {
	return m.life.around(func() error { return m.DB.AddCommand(ctx, c) })
}

// world is the system with all around it: a bank, a station, and the driver, who outlive it.
type world struct {
	t    *testing.T
	now  time.Time
	life *life
	db   *mortal

	desk    *checkout.Desk
	worker  *payment.Worker
	charges *charging.Transactions
	records *billing.Records
	cursor  int64

	deals map[string]*payment.Snapshot // of the bank, by our payment
	asked map[string]int64
	done  map[string]payment.Snapshot // by operation

	token   *token.ID // of the order that the station has taken
	number  int
	begun   int              // transactions
	queue   []charging.Event // what it has not told yet
	charged bool             // it charges
}

func (w *world) step(f func() error) error { return w.life.around(f) }

func newWorld(t *testing.T) *world {
	w := &world{
		t: t, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), life: &life{steps: 1 << 30}, deals: map[string]*payment.Snapshot{}, asked: map[string]int64{}, done: map[string]payment.Snapshot{},
	}
	w.db = &mortal{storetest.Open(t), w.life}
	now := func() time.Time { return w.now }
	n := 0
	newID := func() string { n++; return fmt.Sprintf("id%08d", n) }
	network := &station.Network{Store: w.db, States: w.db, Commands: w.db, Remote: w, Presence: w, Now: now, NewID: newID}
	tokens := &token.Tokens{Store: w.db, Now: now, NewID: newID}
	w.records = &billing.Records{Store: w.db, Tariffs: w.db, Transactions: w.db, Reservations: w.db, Currency: "SEK", Now: now, NewID: newID}
	w.charges = &charging.Transactions{Store: w.db, Reservations: w.db, Tokens: tokens, Prices: w.records, Network: network, Live: w, Now: now, NewID: newID}
	w.worker = &payment.Worker{Log: slog.New(slog.DiscardHandler), Payments: &payment.Payments{Store: w.db, Providers: payment.NewProviders(w), Now: now, NewID: newID}}
	w.desk = &checkout.Desk{
		Store: w.db, Network: network, Tariffs: w.db, Payments: w.worker.Payments, Charging: w.charges, Records: w.records, Receipts: w.db, Now: now, NewID: newID, Log: slog.New(slog.DiscardHandler),
		Policy: checkout.Policy{Currency: "SEK", HoldAC: 200_00, HoldDC: 200_00, PayWithin: 15 * time.Minute, StartWithin: 10 * time.Minute, Margin: time.Hour},
	}
	tokens.Guests = []token.Guests{w.desk}
	book := &tariff.Book{Store: w.db, Now: now, NewID: newID}
	_, err := book.Create(t.Context(), tariff.Tariff{Name: "Public", Currency: "SEK", Default: true}, tariff.Version{Elements: []tariff.Element{{Dimension: tariff.Energy, Price: "4", VAT: "25"}}})
	if err == nil {
		_, err = network.Change(t.Context(), "S", true, func(*station.Station) {})
	}
	if err == nil {
		err = network.ReportStatus(t.Context(), "S", station.Connector{EVSE: gnista.EVSE{ID: 1, Connector: 1}, Status: station.Occupied, At: w.now})
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// The bank.

func (*world) Name() string { return "bank" }
func (*world) Caps() payment.Caps {
	return payment.Caps{Hold: true, MinAmount: 300, Words: map[string]string{"sv": "bank", "en": "bank"}}
}

func (w *world) move(op payment.Operation, f func(*payment.Snapshot)) (s payment.Snapshot, err error) {
	err = w.step(func() error {
		if was, ok := w.done[op.ID]; ok {
			s = was
			return nil
		}
		f(w.deals[op.Payment])
		s = *w.deals[op.Payment]
		w.done[op.ID] = s
		return nil
	})
	return s, err
}

func (w *world) Begin(_ context.Context, op payment.Operation, p payment.Payment, _ payment.Opening) (b payment.Begun, err error) {
	err = w.step(func() error {
		if w.deals[p.ID] == nil {
			w.deals[p.ID], w.asked[p.ID] = &payment.Snapshot{Ref: "bank-" + p.ID}, op.Amount
		}
		b.Snapshot, b.Action.Kind = *w.deals[p.ID], payment.ActWait
		return nil
	})
	return b, err
}

func (w *world) Capture(_ context.Context, op payment.Operation, _ payment.Payment) (payment.Snapshot, error) {
	return w.move(op, func(s *payment.Snapshot) { s.Captured, s.Held = s.Captured+op.Amount, 0 })
}

func (w *world) Cancel(_ context.Context, op payment.Operation, _ payment.Payment) (payment.Snapshot, error) {
	return w.move(op, func(s *payment.Snapshot) {
		if s.Held = 0; s.Captured == 0 {
			s.Ended = payment.Abandoned
		}
	})
}

func (w *world) Refund(_ context.Context, op payment.Operation, _ payment.Payment) (payment.Snapshot, error) {
	return w.move(op, func(s *payment.Snapshot) { s.Refunded += op.Amount })
}

func (w *world) Find(_ context.Context, op payment.Operation, _ payment.Payment) (payment.Snapshot, bool, error) {
	s, ok := w.done[op.ID]
	return s, ok, w.life.step()
}

func (w *world) Fetch(_ context.Context, p payment.Payment) (payment.Snapshot, error) {
	if d := w.deals[p.ID]; d != nil {
		return *d, w.life.step()
	}
	return payment.Snapshot{}, w.life.step()
}

func (*world) Verify(context.Context, http.Header, []byte) ([]payment.Hint, error) { return nil, nil }

// The station, which is connected and has a car.

func (w *world) Connection(gnista.StationID) (station.Connection, bool) {
	return station.Connection{Version: gnista.V201}, true
}
func (*world) Disconnect(gnista.StationID, string)       {}
func (*world) Treat(gnista.StationID, station.Treatment) {}
func (*world) Publish(gnista.Event)                      {}
func (*world) Watched() bool                             { return false }
func (*world) Call(context.Context, gnista.StationID, string, json.RawMessage) (json.RawMessage, error) {
	return nil, nil
}

func (w *world) Do(_ context.Context, _ gnista.StationID, order any) (answer any, err error) {
	err = w.step(func() error {
		a := station.Answer{Status: station.Done}
		switch o := order.(type) {
		case charging.Start:
			if w.charged {
				a.Status = station.Refused
				break
			}
			w.charged, w.number = true, o.Number
			w.token = &o.Token
			w.begun++
			w.tell(charging.Started, 0, 0)
			w.tell(charging.Updated, 1, 10_000)
		case charging.Stop:
			w.end()
		}
		answer = a
		return nil
	})
	return answer, err
}

// tell queues what the station tells, until it is taken in.
func (w *world) tell(kind charging.Kind, seq int, wh int64) {
	ev := charging.Event{
		Kind: kind, Version: gnista.V201, Ref: fmt.Sprint("T", w.begun), Seq: seq, At: w.now.Add(time.Duration(seq) * time.Second), EVSE: gnista.EVSE{ID: 1, Connector: 1}, Activity: charging.Charging,
		Samples: []charging.Sample{{At: w.now.Add(time.Duration(seq) * time.Second), Measurand: charging.EnergyImport, Location: charging.Outlet, Milli: wh * 1000}},
	}
	if kind == charging.Started {
		ev.Token, ev.RemoteID = w.token, w.number
	}
	w.queue = append(w.queue, ev)
}

func (w *world) end() {
	if w.charged {
		w.charged = false
		w.tell(charging.Stopped, 2, 10_000)
	}
}

// round lets everybody do what there is to be done. It ends early when the process is killed.
func (w *world) round(confirm bool) error {
	ctx := w.t.Context()
	w.now = w.now.Add(time.Minute)
	for id, d := range w.deals {
		if confirm && d.Ended == "" && d.Held == 0 && d.Captured == 0 && w.done[id+"/cancel/r1"] == (payment.Snapshot{}) {
			d.Held, d.HeldUntil = w.asked[id], w.now.Add(24*time.Hour)
		}
		if err := w.worker.Hear(ctx, "bank", []payment.Hint{{ID: "h", Ref: "bank-" + id}}); err != nil {
			return err
		}
	}
	for len(w.queue) > 0 {
		out, err := w.charges.Record(ctx, "S", w.queue[0])
		if err != nil {
			return err
		}
		if ev := w.queue[0]; ev.Kind == charging.Started && out.Decision.Status != token.Accepted && w.charged {
			w.t.Errorf("the start was answered %s", out.Decision.Status)
		}
		w.queue = w.queue[1:]
	}
	if _, err := w.worker.Step(ctx); err != nil || w.life.dead {
		return errors.Join(err, errKilled)
	}
	evs, err := w.db.Events(ctx, w.cursor, 1000)
	if err != nil {
		return err
	}
	for _, ev := range evs {
		if err := errors.Join(w.records.Take(ctx, ev), w.desk.Take(ctx, ev)); err != nil {
			return err
		}
		if ev.Subject != "" && len(ev.Kind) > 9 && ev.Kind[:8] == "payment." {
			if c, err := w.db.CheckoutByPayment(ctx, ev.Subject); err == nil {
				if err := w.desk.Advance(ctx, c.ID); err != nil {
					return err
				}
			}
		}
		w.cursor = ev.Seq
	}
	due, err := w.db.DueCheckouts(ctx, w.now.Add(24*time.Hour), 100)
	if err != nil {
		return err
	}
	for _, c := range due {
		if err := w.desk.Advance(ctx, c.ID); err != nil {
			return err
		}
	}
	return w.life.step()
}

// play has a driver pay and charge, while the process is killed after some steps and started again. It tells whether
// it was.
func (w *world) play(steps int) (killed bool) {
	w.life.steps = steps
	ctx := w.t.Context()
	c, err := w.desk.Open(ctx, checkout.Request{Station: "S", EVSE: 1, Provider: "bank", Amount: gnista.Money{Amount: 200_00, Currency: "SEK"}, Language: "sv"})
	opened := err == nil
	for n := 0; n < 40 && !(n > 5 && err == nil && w.over()); n++ {
		if err == nil {
			err = w.round(opened)
		}
		if n == 4 {
			w.end()
		}
		if err != nil {
			if !w.life.dead {
				w.t.Fatalf("after %d steps: %v", steps, err)
			}
			killed, err = true, nil
			w.life.dead, w.life.steps = false, 1<<30
			if err := w.worker.Store.GiveUpOperations(ctx, w.now); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	w.check(steps, c, opened)
	return killed
}

// over tells whether nothing more is to come.
func (w *world) over() bool {
	list, err := w.db.Checkouts(w.t.Context(), checkout.Filter{Limit: 10})
	for _, c := range list {
		if !c.State.Over() || !c.Next.IsZero() {
			return false
		}
		if p, err := w.db.Payment(w.t.Context(), c.Payment); err == nil && !p.State.Final() {
			return false
		}
	}
	return err == nil && len(w.queue) == 0 && !w.charged
}

func (w *world) check(steps int, c checkout.Checkout, opened bool) {
	ctx := w.t.Context()
	list, err := w.db.Checkouts(ctx, checkout.Filter{Limit: 10})
	if err != nil || len(list) > 1 || opened && (len(list) != 1 || list[0].ID != c.ID) {
		w.t.Fatalf("after %d steps the checkouts are %+v, %v", steps, list, err)
	}
	for _, c := range list {
		if !c.State.Over() || opened && c.State != checkout.Settled || c.Order.Tried > 2 || c.Stray != "" {
			w.t.Errorf("after %d steps the checkout is %+v", steps, c)
		}
	}
	transactions, err := w.db.Transactions(ctx, charging.Filter{Limit: 10})
	if err != nil || len(transactions) != w.begun || w.begun > 1 || opened && w.begun != 1 {
		w.t.Errorf("after %d steps the station was started %d times, and there are %d transactions, %v", steps, w.begun, len(transactions), err)
	}
	records, err := w.db.Records(ctx, billing.Filter{Limit: 10})
	if err != nil || len(records) != len(transactions) {
		w.t.Errorf("after %d steps there are %d records of %d transactions, %v", steps, len(records), len(transactions), err)
	}
	var billed, taken int64
	for _, r := range records {
		billed += r.Bill.Total.Amount
	}
	for id, d := range w.deals {
		taken += d.Captured - d.Refunded
		p, err := w.db.Payment(ctx, id)
		if err != nil || d.Held != 0 || p.Held != 0 || p.Captured != d.Captured || p.Refunded != d.Refunded || !p.State.Final() || p.State == payment.Review {
			w.t.Errorf("after %d steps the bank has %+v, and the payment is %+v, %v", steps, d, p, err)
		}
	}
	if taken != billed || opened && billed != 40_00 {
		w.t.Errorf("after %d steps %d was taken, and %d billed", steps, taken, billed)
	}
}

// TestKilled kills the process before and after each effect that it has on the database, the bank and the station, from
// the opening of a checkout to its end. Every time the driver pays for what was charged, once, or nothing; nothing is
// left set aside; and the station is not started twice.
func TestKilled(t *testing.T) {
	steps := 0
	for ; newWorld(t).play(steps); steps++ {
		if steps > 500 {
			t.Fatal("there is no end")
		}
	}
	if steps < 30 {
		t.Errorf("there are only %d places to be killed at", steps)
	}
	t.Logf("killed at %d places", steps)
}
