package main

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/checkout"
	"gnista/payment"
	"gnista/payment/terminal"
	"gnista/sim"
	"gnista/station"
	"gnista/tariff"
)

// till is one of a station of OCPP 2.1 with a terminal, whose settings have been read.
func (b *bubble) till(id gnista.StationID, p *sim.Terminal) *sim.Station {
	b.t.Helper()
	s := b.station(id, gnista.V21)
	s.Terminal, s.CostLimits, s.Codes = p, true, true
	if err := s.Connect(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	if err := s.Boot(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.network.AskReport(b.t.Context(), id, station.Asking{Of: station.OfAll}); err != nil {
		b.t.Fatal(err)
	}
	time.Sleep(2 * time.Minute)
	return s
}

// charge charges at EVSE 1 for a number of values of the meter, or until the station ends it.
func (b *bubble) charge(s *sim.Station, values int) {
	b.t.Helper()
	for range values {
		time.Sleep(2 * time.Minute)
		if s.Charging(1) {
			if err := s.Meter(b.t.Context(), 1); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// paidAt is the payment at a terminal.
func (b *bubble) paidAt(id gnista.StationID, reference string) payment.Payment {
	b.t.Helper()
	time.Sleep(30 * time.Second)
	p, err := b.db.TerminalPayment(b.t.Context(), id, reference)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// TestTerminal: what is paid at a station's terminal is what its charge record says, whatever the terminal comes to;
// what is not is owed, and what is too much waits for a person. OCPP 2.1 C18, C19, C20, C21, C22, C23.
func TestTerminal(t *testing.T) {
	f := func(name string, p *sim.Terminal, values int, state payment.State, due, paid int64, check func(t *testing.T, b *bubble, s *sim.Station, x payment.Payment)) {
		t.Run(name, func(t *testing.T) {
			simulatedWith(t, []payment.Provider{newTill(false)}, func(t *testing.T, b *bubble) {
				b.priced(tariff.Element{Dimension: tariff.Energy, Price: "4", VAT: "25"})
				s := b.till("S", p)
				if err := s.PayAndStart(t.Context(), 1, sim.Card{Reference: "PSP-1", Brand: "VISA", Last4: "4242"}); err != nil {
					t.Fatal(err)
				}
				b.charge(s, values)
				if s.Charging(1) {
					if err := s.StopTransaction(t.Context(), 1, "", sim.ReasonLocal); err != nil {
						t.Fatal(err)
					}
				}
				x := b.paidAt("S", "PSP-1")
				if x.State != state || x.Due != due || x.Paid() != paid || x.Currency != "SEK" {
					t.Errorf("got %+v", x)
				}
				if at, err := b.db.TerminalPlace(t.Context(), x.ID); err != nil || at.Card != (terminal.Card{Brand: "VISA", Last4: "4242"}) {
					t.Errorf("the card is %+v, %v", at.Card, err)
				}
				if check != nil {
					check(t, b, s, x)
				}
			})
		})
	}
	f("taken", &sim.Terminal{Amount: 100, Asks: true}, 6, payment.Settled, 4000, 4000, nil)
	f("not asked before", &sim.Terminal{Amount: 100}, 6, payment.Settled, 4000, 4000, nil)
	f("nothing", &sim.Terminal{Amount: 100}, 0, payment.Released, 0, 0, nil)
	f("rejected", &sim.Terminal{Amount: 100, Outcome: "Rejected"}, 6, payment.SettledShort, 4000, 0, func(t *testing.T, b *bubble, s *sim.Station, x payment.Payment) {
		if x.Reason != "rejected" || x.Held != 0 {
			t.Errorf("got %+v", x)
		}
		if _, err := s.Settle(t.Context(), "", "PSP-1", 40); err != nil { // it was tried again
			t.Fatal(err)
		}
		if x := b.paidAt("S", "PSP-1"); x.State != payment.Settled || x.Paid() != 4000 {
			t.Errorf("got %+v", x)
		}
	})
	f("failed", &sim.Terminal{Amount: 100, Outcome: "Failed"}, 6, payment.SettledShort, 4000, 0, nil)
	f("too much", &sim.Terminal{Amount: 100}, 6, payment.Settled, 4000, 4000, func(t *testing.T, b *bubble, s *sim.Station, x payment.Payment) {
		time.Sleep(time.Minute)
		if _, err := s.Settle(t.Context(), "", "PSP-1", 45); err != nil {
			t.Fatal(err)
		}
		if x := b.paidAt("S", "PSP-1"); x.State != payment.Review || x.Captured != 4500 {
			t.Errorf("got %+v", x)
		}
	})
	f("more is set aside", &sim.Terminal{Amount: 25, Increment: 25}, 6, payment.Settled, 4000, 4000, func(t *testing.T, b *bubble, s *sim.Station, x payment.Payment) {
		if x.Authorised != 7500 {
			t.Errorf("got %+v", x)
		}
	})
	f("enough is not set aside", &sim.Terminal{Amount: 25}, 6, payment.Settled, 2666, 2666, nil)
	f("left to nobody", &sim.Terminal{Amount: 100, Leaves: true}, 6, payment.Review, 4000, 0, nil)
}

// TestTerminalBefore: a card that was held to the terminal and never charged. OCPP 2.1 C19.FR.02.
func TestTerminalBefore(t *testing.T) {
	simulated(t, func(t *testing.T, b *bubble) {
		b.priced(tariff.Element{Dimension: tariff.Energy, Price: "4", VAT: "25"})
		s := b.till("S", &sim.Terminal{Amount: 100, Asks: true})
		if ok, err := s.AuthoriseCard(t.Context(), sim.Card{Reference: "PSP-1"}); err != nil || !ok {
			t.Fatal(ok, err)
		}
		if x := b.paidAt("S", "PSP-1"); x.State != payment.Held || x.Held != 10_000 {
			t.Errorf("got %+v", x)
		}
		if err := s.CancelPayment(t.Context(), "PSP-1"); err != nil {
			t.Fatal(err)
		}
		if x := b.paidAt("S", "PSP-1"); x.State != payment.Released {
			t.Errorf("got %+v", x)
		}
		if ok, err := s.AuthoriseCard(t.Context(), sim.Card{Reference: "PSP-1"}); err != nil || ok {
			t.Errorf("a payment that was given up is good: %v", err)
		}
		if ok, err := s.AuthoriseCard(t.Context(), sim.Card{Reference: "PSP-2"}); err != nil || !ok {
			t.Fatal(ok, err)
		}
		time.Sleep(3 * time.Hour) // nothing more is heard of it
		if x := b.paidAt("S", "PSP-2"); x.State != payment.Released {
			t.Errorf("got %+v", x)
		}
		if _, err := s.Settle(t.Context(), "", "PSP-3", 12); err != nil { // of which nothing is known
			t.Fatal(err)
		}
		list, err := b.db.Settlements(t.Context(), "S", "", 10)
		if err != nil || len(list) != 2 || list[0].Payment != "" || list[0].Amount != (gnista.Money{Amount: 1200, Currency: "SEK"}) {
			t.Errorf("got %+v, %v", list, err)
		}
	})
}

// TestAcquirer plays the test case TC_C_117_CSMS with a provider behind the terminal: what is due is taken there.
// OCPP 2.1 C21.FR.05.
func TestAcquirer(t *testing.T) {
	l := newTill(false)
	simulatedWith(t, []payment.Provider{l}, func(t *testing.T, b *bubble) {
		b.app.payments.Providers[terminal.Name].(*terminal.Provider).Acquirer = l
		b.priced(tariff.Element{Dimension: tariff.Energy, Price: "4", VAT: "25"})
		s := b.till("S", &sim.Terminal{Amount: 100, Leaves: true})
		if err := s.PayAndStart(t.Context(), 1, sim.Card{Reference: "PSP-1", Brand: "VISA", Last4: "4242"}); err != nil {
			t.Fatal(err)
		}
		x := b.paidAt("S", "PSP-1")
		l.deals[x.ID] = &payment.Snapshot{Ref: "PSP-1", Held: 10_000} // which the terminal has made there
		b.charge(s, 6)
		if err := s.StopTransaction(t.Context(), 1, "", sim.ReasonLocal); err != nil {
			t.Fatal(err)
		}
		if x := b.paidAt("S", "PSP-1"); x.State != payment.Settled || x.Captured <= 4000 || x.Captured != x.Due || l.deals[x.ID].Captured != x.Due {
			t.Errorf("got %+v, at the provider %+v", x, l.deals[x.ID])
		}
	})
}

// TestDynamicCode plays the test case TC_C_131_CSMS: a driver scans the code that a station shows, pays, charges and has
// what was not used back; nobody else begins meanwhile. OCPP 2.1 C25.FR.07, C25.FR.09, C25.FR.20, C25.FR.21, C25.FR.23,
// C25.FR.24, C25.FR.40.
func TestDynamicCode(t *testing.T) {
	t.Run("TC_C_131_CSMS", dynamicCode)
}

func dynamicCode(t *testing.T) {
	l := newTill(false)
	simulatedWith(t, []payment.Provider{l}, func(t *testing.T, b *bubble) {
		ctx := t.Context()
		b.priced(tariff.Element{Dimension: tariff.Energy, Price: "4", VAT: "25"})
		g := &guestTest{b, l, b.till("S", nil)}
		defer g.station.Close()
		g.status()
		codes := &checkout.DynamicCodes{Store: b.db, Network: b.network, PublicURL: "http://gnista.test", Now: time.Now, NewSecret: newID}
		if _, err := codes.Switch(ctx, "S", 0, true); err != nil {
			t.Fatal(err)
		}
		address := g.station.Code(1)
		if !strings.HasPrefix(address, "http://gnista.test/q/S/1?totp=") {
			t.Fatalf("the code leads to %q", address)
		}
		visit := func(address string) int {
			w := httptest.NewRecorder()
			b.handler.ServeHTTP(w, httptest.NewRequest("GET", strings.TrimPrefix(address, "http://gnista.test"), nil))
			return w.Code
		}
		if first, again := visit(address), visit(address); first != 303 || again != 404 {
			t.Errorf("the code leads to %d, and again to %d", first, again)
		}
		c := g.open()
		if err := g.station.StartTransaction(ctx, 1, "CARD"); err == nil || !strings.Contains(err.Error(), "somebody pays") {
			t.Errorf("while somebody pays, another gets %v", err)
		}
		g.pay(c)
		if err := g.station.Plug(ctx, 1); err != nil {
			t.Fatal(err)
		}
		g.charge()
		list := b.transactions(charging.Filter{Station: "S"})
		if len(list) != 1 || list[0].Token.Type != "DirectPayment" || list[0].Limiting == nil || list[0].Limiting.Own.Cost == nil || list[0].Limiting.Own.Cost.Amount != 20_000 {
			t.Fatalf("got %+v", list)
		}
		if err := g.station.StopTransaction(ctx, 1, "", sim.ReasonLocal); err != nil {
			t.Fatal(err)
		}
		g.pause(time.Minute)
		v := g.want(c, checkout.Settled)
		g.paid(v.Checkout, v.Cost.Amount)
		if _, err := codes.Switch(ctx, "S", 0, false); err != nil || g.station.Code(1) != "" {
			t.Errorf("the station shows %q, %v", g.station.Code(1), err)
		}
	})
}
