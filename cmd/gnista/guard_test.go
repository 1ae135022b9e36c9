package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/account"
	"gnista/billing"
	"gnista/charging"
	"gnista/payment"
	"gnista/payment/terminal"
	"gnista/station"
	"gnista/tariff"
	"gnista/token"
)

// kiosk starts a charge that is paid at a kiosk.
func (b *bubble) kiosk(id gnista.StationID, reference string, hold int64) payment.Payment {
	b.t.Helper()
	p, err := b.terminals.OpenKiosk(b.t.Context(), id, 1, reference, gnista.Money{Amount: hold, Currency: "SEK"}, terminal.Card{Brand: "VISA", Last4: "4242"})
	if err != nil {
		b.t.Fatal(err)
	}
	if a, err := b.app.transactions.Start(b.t.Context(), id, 1, token.ID{UID: reference, Type: token.DirectPayment}); err != nil || a.Status != station.Done {
		b.t.Fatalf("%+v, %v", a, err)
	}
	return p
}

// events counts what was told, by kind.
func (b *bubble) events() map[string]int {
	b.t.Helper()
	list, err := b.db.Events(b.t.Context(), 0, 100_000)
	if err != nil {
		b.t.Fatal(err)
	}
	n := map[string]int{}
	for _, ev := range list {
		n[ev.Kind]++
	}
	return n
}

// TestGuard: whatever is drawn, and however seldom a station tells the meter, a charge that is paid by an amount that
// is set aside comes to no more than that while its station can be reached, and to not much less than that and what
// can flow until the station has told and ended it. A station that keeps to limits by itself goes beyond by no
// more than what flows between two values of its meter.
func TestGuard(t *testing.T) {
	for _, v := range append(versions(), "limits") {
		t.Run(string(v), func(t *testing.T) {
			simulated(t, func(t *testing.T, b *bubble) {
				b.priced(tariff.Element{Dimension: tariff.Energy, Price: "6.00", VAT: "25"}, tariff.Element{Dimension: tariff.Start, Price: "5.00", VAT: "25"}, tariff.Element{Dimension: tariff.Time, Price: "0.20", VAT: "25"})
				r := rand.New(rand.NewPCG(1, 2))
				for i := range 3 {
					id := gnista.StationID(fmt.Sprint("S", i))
					s := b.station(id, v)
					if s.MeterEvery = time.Duration(20+r.IntN(70)) * time.Second; v == "limits" {
						s.Version, s.CostLimits, s.MeterEvery = gnista.V21, true, time.Minute
					}
					s.PowerW = 22_000
					if err := s.Connect(t.Context()); err != nil {
						t.Fatal(err)
					}
					if err := s.Boot(t.Context()); err != nil {
						t.Fatal(err)
					}
					if v == "limits" {
						if _, err := b.network.AskReport(t.Context(), id, station.Asking{Of: station.OfAll}); err != nil {
							t.Fatal(err)
						}
						time.Sleep(time.Minute)
					}
					hold := 3000 + r.Int64N(6_000)
					b.kiosk(id, fmt.Sprint("PSP-", i), hold)
					if err := s.Plug(t.Context(), 1); err != nil {
						t.Fatal(err)
					}
					for n := 0; s.Charging(1); n++ {
						if n > 1000 {
							t.Fatal("it never ends")
						}
						if err := s.Draw(1, r.Int64N(22_001)); err != nil {
							t.Fatal(err)
						}
						time.Sleep(s.MeterEvery)
						if err := s.Meter(t.Context(), 1); err != nil {
							t.Fatal(err)
						}
					}
					synctest.Wait()
					time.Sleep(3 * time.Minute) // for the bills, which may wait for more of the meter
					list := b.transactions(charging.Filter{Station: id})
					if len(list) != 1 {
						t.Fatalf("got %+v", list)
					}
					rec, err := b.db.RecordOf(t.Context(), list[0].ID)
					if err != nil {
						t.Fatalf("%v: %+v", err, list[0])
					}
					perHour := int64(22*600 + 1200) // öre, at the most that can flow
					within := func(d time.Duration) int64 { return perHour * int64(d/time.Second) / 3600 }
					most, least := hold, hold-500-within(2*(s.MeterEvery+time.Minute))
					if v == "limits" {
						most += within(2 * s.MeterEvery)
					}
					if got := rec.Bill.Total.Amount; got > most || got < least {
						t.Errorf("of %d it came to %d, which is not %d to %d; the meter every %v", hold, got, least, most, s.MeterEvery)
					}
				}
				if n := b.events(); n["checkout.limit-near"] == 0 || n["checkout.limit-near"] > 3 || n["checkout.limit-stop"] != 3 || n["checkout.stop-failed"] != 0 {
					t.Errorf("it was told %v", n)
				}
			})
		})
	}
}

// TestGuardAway: a station that is away when its charge comes to its limit is ordered as soon as it is there, and that
// it could not be is told, less and less often.
func TestGuardAway(t *testing.T) {
	simulated(t, func(t *testing.T, b *bubble) {
		b.priced(tariff.Element{Dimension: tariff.Energy, Price: "6.00", VAT: "25"})
		s := b.serving("S", gnista.V201)
		b.kiosk("S", "PSP-1", 3000)
		if err := s.Plug(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		s.Cut()
		time.Sleep(2 * time.Hour)
		if n := b.events(); n["checkout.limit-stop"] != 1 || n["checkout.stop-failed"] < 3 || n["checkout.stop-failed"] > 8 {
			t.Errorf("it was told %v", n)
		}
		s.Mend()
		if err := errors.Join(s.Connect(t.Context()), s.Boot(t.Context())); err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * time.Minute) // between two orders there are five
		if s.Charging(1) {
			t.Error("the station is there, and charges still")
		}
	})
}

// TestGuardPrepaid: the charges of a prepaid account come to no more than it has, also where two go on at one time.
func TestGuardPrepaid(t *testing.T) {
	simulated(t, func(t *testing.T, b *bubble) {
		ctx := t.Context()
		b.priced(tariff.Element{Dimension: tariff.Energy, Price: "6.00", VAT: "25"})
		c, err := b.accounts.CreateCustomer(ctx, account.Customer{Kind: account.Company, Name: "Kund", Number: "5560360793", Address: account.Address{Country: "SE"}})
		if err != nil {
			t.Fatal(err)
		}
		a, err := b.accounts.CreateAccount(ctx, account.Account{Customer: c.ID, Kind: account.Prepaid, Currency: "SEK", Hold: 2000})
		if err != nil {
			t.Fatal(err)
		}
		const deposit = 20_000
		if _, _, err := b.books.TopUp(ctx, billing.Transfer{Account: a.ID, Amount: gnista.Money{Amount: deposit, Currency: "SEK"}, Reference: "r", Key: "k"}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.tokens.Create(ctx, token.Token{ID: token.ID{UID: "CARD"}, Account: a.ID}); err != nil {
			t.Fatal(err)
		}
		s := b.station("S", gnista.V201)
		s.PowerW, s.MeterEvery = 22_000, time.Minute
		if err := errors.Join(s.Connect(ctx), s.Boot(ctx), s.StartTransaction(ctx, 1, "CARD")); err != nil {
			t.Fatal(err)
		}
		for n := 0; s.Charging(1) || s.Charging(2); n++ {
			if n > 500 {
				t.Fatal("it never ends")
			}
			if n == 10 {
				if err := s.StartTransaction(ctx, 2, "CARD"); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Minute)
			for evse := 1; evse <= 2; evse++ {
				if err := s.Meter(ctx, evse); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(3 * time.Minute)
		sum := int64(0)
		for _, x := range b.transactions(charging.Filter{}) {
			r, err := b.db.RecordOf(ctx, x.ID)
			if err != nil {
				t.Fatal(err)
			}
			sum += r.Bill.Total.Amount
		}
		if sum > deposit || sum < deposit*3/4 {
			t.Errorf("of %d both came to %d", deposit, sum)
		}
		if p, err := b.db.Payments(ctx, payment.Filter{State: payment.Settled, Limit: 10}); err != nil || len(p) != 2 {
			t.Errorf("got %+v, %v", p, err)
		}
	})
}
