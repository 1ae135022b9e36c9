package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/billing"
	"gnista/charging"
	"gnista/checkout"
	"gnista/payment"
	"gnista/sim"
	"gnista/tariff"
	"gnista/token"
)

// till is a provider whose customers do what the test says.
type till struct {
	prepay bool
	life   time.Duration // of what is set aside; 0 is a week

	mu    sync.Mutex
	deals map[string]*payment.Snapshot // by our payment
	asked map[string]int64
	done  map[string]payment.Snapshot // by operation
}

func newTill(prepay bool) *till {
	return &till{prepay: prepay, deals: map[string]*payment.Snapshot{}, asked: map[string]int64{}, done: map[string]payment.Snapshot{}}
}

func (*till) Name() string { return "till" }
func (l *till) Caps() payment.Caps {
	return payment.Caps{Hold: !l.prepay, Prepay: l.prepay, MinAmount: 300, MinRefund: 100, Currencies: []string{"SEK"}, Test: true, Words: map[string]string{"sv": "kassa", "en": "till"}}
}

func (l *till) do(op payment.Operation, f func(s *payment.Snapshot)) (payment.Snapshot, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s, ok := l.done[op.ID]; ok {
		return s, nil
	}
	d := l.deals[op.Payment]
	if d == nil {
		return payment.Snapshot{}, &payment.DeclinedError{Code: "unknown"}
	}
	f(d)
	l.done[op.ID] = *d
	return *d, nil
}

func (l *till) Begin(_ context.Context, op payment.Operation, p payment.Payment, o payment.Opening) (payment.Begun, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.deals[p.ID] == nil {
		l.deals[p.ID], l.asked[p.ID] = &payment.Snapshot{Ref: "till-" + p.ID}, op.Amount
	}
	return payment.Begun{Snapshot: *l.deals[p.ID], Action: payment.Action{Kind: payment.ActWait, Text: o.Text}}, nil
}

// confirm has the customer agree.
func (l *till) confirm(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.deals[id]
	switch {
	case d == nil || d.Ended != "":
	case l.prepay:
		d.Captured = l.asked[id]
	default:
		d.Held, d.HeldUntil = l.asked[id], time.Now().Add(cmp.Or(l.life, 7*24*time.Hour))
	}
}

func (l *till) Capture(_ context.Context, op payment.Operation, _ payment.Payment) (payment.Snapshot, error) {
	return l.do(op, func(s *payment.Snapshot) { s.Captured, s.Held = s.Captured+op.Amount, 0 })
}

func (l *till) Cancel(_ context.Context, op payment.Operation, _ payment.Payment) (payment.Snapshot, error) {
	return l.do(op, func(s *payment.Snapshot) {
		if s.Held == 0 && s.Captured == 0 {
			s.Ended = payment.Abandoned
		}
		s.Held = 0
	})
}

func (l *till) Refund(_ context.Context, op payment.Operation, _ payment.Payment) (payment.Snapshot, error) {
	return l.do(op, func(s *payment.Snapshot) { s.Refunded += op.Amount })
}

func (l *till) Find(_ context.Context, op payment.Operation, _ payment.Payment) (payment.Snapshot, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.done[op.ID]
	return s, ok, nil
}

func (l *till) Fetch(_ context.Context, p payment.Payment) (payment.Snapshot, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if d := l.deals[p.ID]; d != nil {
		return *d, nil
	}
	return payment.Snapshot{}, nil
}

func (*till) Verify(context.Context, http.Header, []byte) ([]payment.Hint, error) { return nil, nil }

// guests is a system with a till, and a station that is in service.
type guestTest struct {
	*bubble
	till    *till
	station *sim.Station
}

func withGuests(t *testing.T, v gnista.Version, prepay bool, f func(t *testing.T, g *guestTest)) {
	t.Helper()
	l := newTill(prepay)
	simulatedWith(t, []payment.Provider{l}, func(t *testing.T, b *bubble) {
		b.priced(tariff.Element{Dimension: tariff.Energy, Price: "4", VAT: "25"})
		g := &guestTest{b, l, b.serving("S", v)}
		defer g.station.Close()
		g.status()
		f(t, g)
	})
}

// status has the station tell what its EVSEs are.
func (g *guestTest) status() {
	g.t.Helper()
	for evse := range 2 {
		if err := g.station.Status(g.t.Context(), evse+1, sim.StatusAvailable, ""); err != nil {
			g.t.Fatal(err)
		}
	}
	g.pause(time.Second)
	o, err := g.desk.Offer(g.t.Context(), "S", 1)
	if err != nil || o.Condition != checkout.Free || len(o.Methods) != 1 || o.Methods[0].Amounts[0].Amount == 0 || !strings.Contains(o.Texts["sv"], "4 kr/kWh") {
		g.t.Fatalf("the offer is %+v, %v", o, err)
	}
}

func (g *guestTest) pause(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// open opens a checkout at EVSE 1 for 100 kr taken or 200 kr set aside.
func (g *guestTest) open() checkout.Checkout {
	g.t.Helper()
	amount := int64(200_00)
	if g.till.prepay {
		amount = 100_00
	}
	c, err := g.desk.Open(g.t.Context(), checkout.Request{Station: "S", EVSE: 1, Provider: "till", Amount: gnista.Money{Amount: amount, Currency: "SEK"}, Language: "sv", Company: &checkout.Company{Name: "Åkeri AB", VATNumber: "SE 556036-0793 01", Reference: "17"}})
	if err != nil {
		g.t.Fatal(err)
	}
	g.pause(time.Second)
	if v := g.view(c); v.State != checkout.Paying || v.Action.Kind != payment.ActWait || v.Pay.State != payment.Awaiting {
		g.t.Fatalf("the driver who is to pay sees %+v", v)
	}
	return c
}

func (g *guestTest) pay(c checkout.Checkout) {
	g.t.Helper()
	g.till.confirm(c.Payment)
	g.hear(c)
	g.pause(time.Second)
}

func (g *guestTest) hear(c checkout.Checkout) {
	g.t.Helper()
	if err := g.payments.Hear(g.t.Context(), "till", []payment.Hint{{ID: newID(), Ref: "till-" + c.Payment}}); err != nil {
		g.t.Fatal(err)
	}
}

func (g *guestTest) view(c checkout.Checkout) checkout.View {
	g.t.Helper()
	v, err := g.desk.View(g.t.Context(), c.Key)
	if err != nil {
		g.t.Fatal(err)
	}
	return v
}

func (g *guestTest) want(c checkout.Checkout, state checkout.State) checkout.View {
	g.t.Helper()
	v := g.view(c)
	if v.State != state {
		g.t.Fatalf("the checkout is %s (%s), want %s; its payment is %+v", v.State, v.Reason, state, v.Pay)
	}
	return v
}

// charge lets 10 kWh flow, for 40 kr.
func (g *guestTest) charge() {
	g.t.Helper()
	for range 6 {
		time.Sleep(2 * time.Minute)
		if err := g.station.Meter(g.t.Context(), 1); err != nil {
			g.t.Fatal(err)
		}
	}
	synctest.Wait()
}

// paid checks that a driver has paid an amount and no more, and nothing is set aside, by the payment, the till and
// the charge records alike.
func (g *guestTest) paid(c checkout.Checkout, amount int64) {
	g.t.Helper()
	p, err := g.payments.Store.Payment(g.t.Context(), c.Payment)
	if err != nil {
		g.t.Fatal(err)
	}
	d, _ := g.till.Fetch(g.t.Context(), p)
	if p.Paid() != amount || p.Held != 0 || d.Captured-d.Refunded != amount || d.Held != 0 || !p.State.Final() || p.State == payment.Review || !g.till.prepay && d.Captured != amount {
		g.t.Errorf("want %d paid; the payment is %+v, at the till it is %+v", amount, p, d)
	}
	if c.Transaction == "" {
		return
	}
	r, err := g.db.RecordOf(g.t.Context(), c.Transaction)
	if err != nil || r.Bill.Total.Amount != amount || r.TariffVersion != c.Tariff {
		g.t.Errorf("want a record of %d; it is %+v, %v", amount, r, err)
	}
}

// receipt is a receipt as JSON.
func (g *guestTest) receipt(id string) string {
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/receipts/"+id, nil))
	return w.Body.String()
}

// TestGuest: a driver without a contract pays for a charge, whichever of plugging in and paying comes first, and
// whichever way the provider has.
func TestGuest(t *testing.T) {
	for _, v := range versions() {
		for _, prepay := range []bool{false, true} {
			for _, plugged := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s prepay=%t plugged=%t", v, prepay, plugged), func(t *testing.T) {
					withGuests(t, v, prepay, func(t *testing.T, g *guestTest) {
						ctx := t.Context()
						if plugged {
							if err := g.station.Plug(ctx, 1); err != nil {
								t.Fatal(err)
							}
							g.pause(time.Second)
						}
						c := g.open()
						if _, err := g.desk.Open(ctx, checkout.Request{Station: "S", EVSE: 1, Provider: "till", Amount: c.Amount, Language: "sv"}); gnista.CodeOf(err) != gnista.Conflict || err == nil {
							t.Errorf("while one pays at the EVSE another one gets %v", err)
						}
						b, _ := g.db.Tariffs(ctx, "", 10)
						for _, x := range b { // what was shown holds
							if _, err := g.tariffs.AddVersion(ctx, x.ID, tariff.Version{Elements: []tariff.Element{{Dimension: tariff.Energy, Price: "9", VAT: "25"}}}); err != nil {
								t.Fatal(err)
							}
						}
						g.pause(time.Second)
						g.pay(c)
						if !plugged {
							if v := g.want(c, checkout.PlugIn); v.Order.Outcome != checkout.Accepted || v.Order.Command == "" {
								t.Errorf("the order is %+v", v.Order)
							}
							if err := g.station.Plug(ctx, 1); err != nil {
								t.Fatal(err)
							}
							g.pause(time.Second)
						}
						g.want(c, checkout.Charging)
						g.charge()
						if v := g.want(c, checkout.Charging); v.Cost.Amount < 39_00 || v.Cost.Amount > 41_00 || v.Charge.EnergyWh < 9_900 || v.Order.Tried != 1 {
							t.Errorf("while it charges the driver sees %+v of %+v", v, v.Charge)
						}
						if plugged { // on the phone, or at the car
							if err := g.desk.Stop(ctx, c.Key); err != nil {
								t.Fatal(err)
							}
						} else if err := g.station.StopTransaction(ctx, 1, c.Token.UID, sim.ReasonLocal); err != nil {
							t.Fatal(err)
						}
						g.pause(10 * time.Second)
						done := g.want(c, checkout.Settled)
						if done.Receipt == "" || done.Cost.Amount < 39_00 || done.Cost.Amount > 41_00 || !done.Test {
							t.Errorf("at the end the driver sees %+v", done)
						}
						g.paid(done.Checkout, done.Cost.Amount)
						if text := g.receipt(done.Receipt); !strings.Contains(text, `"test":true`) || !strings.Contains(text, `"buyer":{"name":"Åkeri AB","vat":"SE556036079301"`) || !strings.Contains(text, `"reference":"17"`) {
							t.Errorf("the receipt is %s", text)
						}
						if x := g.transactions(charging.Filter{}); len(x) != 1 || !x[0].Authorised || x[0].Tariff != c.Tariff {
							t.Errorf("the transactions are %+v", x)
						}
						g.audit()
					})
				})
			}
		}
	}
}

// TestGuestNothing: what comes to nothing costs nothing, and what was paid is given back by the time that was stated.
func TestGuestNothing(t *testing.T) {
	for _, v := range versions() {
		for _, prepay := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s prepay=%t", v, prepay), func(t *testing.T) {
				withGuests(t, v, prepay, func(t *testing.T, g *guestTest) {
					ctx := t.Context()
					// Nobody pays.
					c := g.open()
					g.pause(17 * time.Minute)
					if v := g.want(c, checkout.Cancelled); v.Reason != checkout.NotPaid {
						t.Errorf("nobody has paid, and the checkout says %q", v.Reason)
					}
					g.till.confirm(c.Payment) // too late
					g.hear(c)
					g.pause(20 * time.Second)
					g.paid(c, 0)

					// The driver changes his mind.
					c = g.open()
					if err := g.desk.Cancel(ctx, c.Key); err != nil {
						t.Fatal(err)
					}
					g.pause(20 * time.Second)
					g.want(c, checkout.Cancelled)
					g.paid(c, 0)
					if err := g.desk.Cancel(ctx, c.Key); gnista.CodeOf(err) != gnista.Conflict || err == nil {
						t.Errorf("cancelled twice: %v", err)
					}

					// No car comes: the station is told again, in vain.
					c = g.open()
					g.pay(c)
					g.want(c, checkout.PlugIn)
					g.pause(9 * time.Minute)
					if v := g.want(c, checkout.PlugIn); v.Order.Tried < 2 {
						t.Errorf("the station has forgotten the order, and was not told again: %+v", v.Order)
					}
					g.pause(time.Minute + 20*time.Second)
					g.want(c, checkout.Failed)
					g.paid(c, 0)

					// The car comes after that.
					if err := g.station.Plug(ctx, 1); err != nil && !strings.Contains(err.Error(), "refused") {
						t.Fatal(err)
					}
					g.pause(30 * time.Second)
					for _, x := range g.transactions(charging.Filter{}) {
						if x.State == charging.Active || x.Authorised || x.EnergyWh > 0 {
							t.Errorf("what was given up charges: %+v", x)
						}
					}
					g.paid(c, 0)
					if err := g.station.Unplug(ctx, 1); err != nil {
						t.Fatal(err)
					}

					// No energy flows.
					c = g.open()
					g.pay(c)
					if err := g.station.Plug(ctx, 1); err != nil {
						t.Fatal(err)
					}
					g.station.Draw(1, 0)
					g.pause(time.Second)
					g.want(c, checkout.Charging)
					if err := g.station.Unplug(ctx, 1); err != nil {
						t.Fatal(err)
					}
					g.pause(10 * time.Second)
					v := g.want(c, checkout.Settled)
					g.paid(v.Checkout, 0)
				})
			})
		}
	}
}

// TestGuestTroubles: a station that is away or will not is told again until it does, or until the time is over.
func TestGuestTroubles(t *testing.T) {
	for _, v := range versions() {
		t.Run(string(v), func(t *testing.T) {
			withGuests(t, v, false, func(t *testing.T, g *guestTest) {
				ctx := t.Context()
				// It is away when the driver has paid, and comes back.
				c := g.open()
				g.station.Disconnect()
				g.pause(time.Second)
				g.pay(c)
				if v := g.want(c, checkout.Starting); v.Order.Outcome != checkout.Away {
					t.Errorf("the station is away, and the order is %+v", v.Order)
				}
				g.pause(time.Minute)
				if err := g.station.Connect(ctx); err != nil {
					t.Fatal(err)
				}
				if err := g.station.Boot(ctx); err != nil {
					t.Fatal(err)
				}
				if err := g.station.Plug(ctx, 1); err != nil {
					t.Fatal(err)
				}
				g.pause(30 * time.Second)
				g.want(c, checkout.Charging)
				g.charge()
				if err := g.station.Unplug(ctx, 1); err != nil {
					t.Fatal(err)
				}
				g.pause(10 * time.Second)
				v := g.want(c, checkout.Settled)
				g.paid(v.Checkout, v.Cost.Amount)

				// It refuses: there is a fault, which is repaired.
				c = g.open()
				if err := g.station.Fault(ctx, 1, "ConnectorLockFailure"); err != nil {
					t.Fatal(err)
				}
				g.pay(c)
				if v := g.want(c, checkout.Starting); v.Order.Outcome != checkout.Refused {
					t.Errorf("the station has a fault, and the order is %+v", v.Order)
				}
				g.pause(time.Minute)
				if err := g.station.Recover(ctx, 1); err != nil {
					t.Fatal(err)
				}
				g.pause(2 * time.Second)
				if v := g.want(c, checkout.PlugIn); v.Order.Outcome != checkout.Accepted {
					t.Errorf("the fault is gone, and the order is %+v", v.Order)
				}
				// The driver leaves and cancels; then another car is plugged in while the station still waits for the first.
				if err := g.desk.Cancel(ctx, c.Key); err != nil {
					t.Fatal(err)
				}
				if err := g.station.Plug(ctx, 1); err != nil && !strings.Contains(err.Error(), "refused") {
					t.Fatal(err)
				}
				g.pause(40 * time.Second)
				g.paid(c, 0)
				if open := g.transactions(charging.Filter{State: charging.Active}); len(open) != 0 {
					t.Errorf("what was cancelled charges: %+v", open)
				}
				if err := g.station.Unplug(ctx, 1); err != nil {
					t.Fatal(err)
				}

				// The whole system is stopped between any two things.
				c = g.open()
				g.till.confirm(c.Payment)
				g.restart()
				g.hear(c)
				g.restart()
				g.pause(time.Minute)
				if err := g.station.Plug(ctx, 1); err != nil {
					t.Fatal(err)
				}
				g.pause(time.Minute)
				g.want(c, checkout.Charging)
				g.charge()
				g.restart()
				g.pause(10 * time.Second)
				if err := g.station.Unplug(ctx, 1); err != nil {
					t.Fatal(err)
				}
				g.restart()
				g.pause(20 * time.Second)
				v = g.want(c, checkout.Settled)
				g.paid(v.Checkout, v.Cost.Amount)
			})
		})
	}
}

// restart ends the system and starts it again; the station comes back.
func (g *guestTest) restart() {
	g.t.Helper()
	g.shut()
	g.bubble.open(g.file)
	if err := g.station.Connect(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
	if err := g.station.Boot(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
}

// TestGuestToken: the token of a guest is good at its EVSE, once, and stays on no list.
func TestGuestToken(t *testing.T) {
	withGuests(t, gnista.V201, false, func(t *testing.T, g *guestTest) {
		ctx := t.Context()
		c := g.open()
		ask := func(station gnista.StationID, evse int, use token.Use) token.Status {
			d, err := g.tokens.Authorise(ctx, token.Request{ID: c.Token, At: time.Now(), Station: station, EVSE: evse, Use: use})
			if err != nil {
				t.Fatal(err)
			}
			if d.ExpiresAt.After(time.Now()) || d.ExpiresAt.IsZero() {
				t.Errorf("a station may remember the answer: %+v", d)
			}
			return d.Status
		}
		var got []token.Status
		all := func() {
			got = append(got, ask("S", 1, token.Start), ask("S", 0, token.Any), ask("S", 2, token.Start), ask("T", 1, token.Start), ask("S", 1, token.Stop))
		}
		all()
		g.pay(c)
		all()
		if err := g.station.Plug(ctx, 1); err != nil {
			t.Fatal(err)
		}
		g.pause(time.Second)
		all()
		if err := g.station.StartTransaction(ctx, 2, c.Token.UID); err == nil {
			t.Error("the token starts a second transaction")
		}
		g.pause(time.Minute)
		if err := g.station.Unplug(ctx, 1); err != nil {
			t.Fatal(err)
		}
		g.pause(time.Minute)
		all()
		no, here, yes := token.NoCredit, token.NotHere, token.Accepted
		want := []token.Status{no, no, here, here, no, yes, yes, here, here, no, yes, yes, here, here, yes, no, yes, here, here, yes}
		if !slices.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
		list, err := g.db.Records(ctx, billing.Filter{Limit: 10})
		if err != nil || len(list) == 0 {
			t.Fatalf("the records are %+v, %v", list, err)
		}
	})
}

// TestGuestFree: where charging is free nobody is asked to pay, and the charge begins.
func TestGuestFree(t *testing.T) {
	simulated(t, func(t *testing.T, b *bubble) {
		s := b.serving("S", gnista.V16)
		defer s.Close()
		ctx := t.Context()
		if err := s.Status(ctx, 1, sim.StatusAvailable, ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		c, err := b.desk.Open(ctx, checkout.Request{Station: "S", EVSE: 1, Language: "en"})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Plug(ctx, 1); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		if v, err := b.desk.View(ctx, c.Key); err != nil || v.State != checkout.Charging || v.Cost.Amount != 0 || v.Pay != nil {
			t.Fatalf("the driver sees %+v, %v", v, err)
		}
		if err := b.desk.Stop(ctx, c.Key); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if v, err := b.desk.View(ctx, c.Key); err != nil || v.State != checkout.Settled || v.Receipt == "" || v.Charge.EnergyWh == 0 {
			t.Errorf("at the end the driver sees %+v, %v", v, err)
		}
	})
}
