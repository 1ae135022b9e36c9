package storetest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/checkout"
	"gnista/payment"
	"gnista/payment/terminal"
	"gnista/station"
	"gnista/token"
	"gnista/vat"
)

func (s suite) terminals(t *testing.T) {
	ctx := t.Context()
	cause := payment.Cause{Kind: payment.ByStation, ID: "till"}
	open := func(id, ref string, held int64) payment.Payment {
		t.Helper()
		return must[payment.Payment](t)(s.OpenTerminalPayment(ctx, payment.HeldElsewhere(id, terminal.Name, ref, "SEK", held, now, cause), terminal.Place{Payment: id, Station: "till", Reference: ref}))
	}
	if p := open("tp1", "R1", 5000); p.ID != "tp1" || p.State != payment.Held || p.Held != 5000 || p.Ref != "R1" {
		t.Errorf("got %+v", p)
	}
	if p := open("tp2", "R1", 900); p.ID != "tp1" || p.Held != 5000 {
		t.Errorf("the same reference is %+v", p)
	}
	_, err := s.Payment(ctx, "tp2")
	wantCode(t, err, gnista.NotFound)
	if p := open("tp3", "R3", 0); p.State != payment.Mandated {
		t.Errorf("got %+v", p)
	}
	_, err = s.TerminalPayment(ctx, "other", "R1")
	wantCode(t, err, gnista.NotFound)
	for _, c := range []terminal.Card{{Brand: "VISA", Last4: "4242"}, {Brand: "AMEX"}} {
		if err := s.SaveTerminalCard(ctx, "till", "R1", c); err != nil {
			t.Fatal(err)
		}
	}
	if at := must[terminal.Place](t)(s.TerminalPlace(ctx, "tp1")); at != (terminal.Place{Payment: "tp1", Station: "till", Reference: "R1", Card: terminal.Card{Brand: "VISA", Last4: "4242"}}) {
		t.Errorf("got %+v", at)
	}
	x := terminal.Settlement{
		ID: "s1", Station: "till", Payment: "tp1", Reference: "R1", Status: terminal.Settled, Amount: gnista.Money{Amount: 1000, Currency: "SEK"}, At: now, Transaction: "x", Ref: "t", Receipt: "r",
		ReceiptURL: "u", Info: "i", VATNumber: "SE1", Company: &vat.Company{Name: "N", City: "C"}, ReceivedAt: now.Add(time.Second),
	}
	add := func(x terminal.Settlement, fresh bool) {
		t.Helper()
		if got := must[bool](t)(s.AddSettlement(ctx, x, gnista.Event{At: now, Kind: "payment.settlement", Station: "till", Subject: x.ID})); got != fresh {
			t.Errorf("settlement %s is new: %v", x.ID, got)
		}
	}
	add(x, true)
	again := x
	again.ID, again.Amount.Amount = "s2", 5
	add(again, false)
	other := terminal.Settlement{ID: "s3", Station: "till", Reference: "R9", Status: terminal.Failed, Amount: x.Amount, At: now, ReceivedAt: now}
	add(other, true)
	if got := must[[]terminal.Settlement](t)(s.SettlementsOf(ctx, "till", "R1")); !reflect.DeepEqual(got, []terminal.Settlement{x}) {
		t.Errorf("got %+v", got)
	}
	if got := must[[]terminal.Settlement](t)(s.Settlements(ctx, "till", "", 10)); len(got) != 2 || got[0].ID != "s3" {
		t.Errorf("got %+v", got)
	}
	if got := must[[]terminal.Settlement](t)(s.Settlements(ctx, "till", "s3", 10)); len(got) != 1 || got[0].ID != "s1" {
		t.Errorf("got %+v", got)
	}
	if got := must[[]payment.Payment](t)(s.IdleTerminalPayments(ctx, now.Add(time.Second), 10)); len(got) != 2 {
		t.Errorf("got %+v", got)
	}
	if got := must[[]payment.Payment](t)(s.IdleTerminalPayments(ctx, now, 10)); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

func (s suite) dynamicCodes(t *testing.T) {
	ctx := t.Context()
	_, err := s.DynamicCode(ctx, "qr", 1)
	wantCode(t, err, gnista.NotFound)
	c := checkout.DynamicCode{Station: "qr", EVSE: 1, Secret: "s", Template: "u", Validity: 30 * time.Second, Length: 12, On: true, Since: now}
	whole := c
	whole.EVSE, whole.Secret = 0, "w"
	for _, c := range []checkout.DynamicCode{whole, c, c} {
		if err := s.SaveDynamicCode(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	if got := must[checkout.DynamicCode](t)(s.DynamicCode(ctx, "qr", 1)); got != c {
		t.Errorf("got %+v", got)
	}
	if got := must[checkout.DynamicCode](t)(s.DynamicCode(ctx, "qr", 2)); got != whole {
		t.Errorf("got %+v", got)
	}
	for i, want := range []bool{true, false} {
		if got := must[bool](t)(s.UseDynamicCode(ctx, c, 100, 90)); got != want {
			t.Errorf("use %d: %v", i, got)
		}
	}
	if got := must[bool](t)(s.UseDynamicCode(ctx, whole, 100, 90)); !got {
		t.Error("another EVSE's code is used with it")
	}
	if err := s.ForgetDynamicCode(ctx, "qr", 1); err != nil {
		t.Fatal(err)
	}
	if got := must[checkout.DynamicCode](t)(s.DynamicCode(ctx, "qr", 1)); got != whole {
		t.Errorf("got %+v", got)
	}
}

func (s suite) guards(t *testing.T) {
	ctx := t.Context()
	if err := s.SetVariables(ctx, "guarded", []station.Variable{{Component: "TxCtrlr", Name: "SupportedLimits", Value: "maxEnergy,maxCost"}}); err != nil {
		t.Fatal(err)
	}
	must[payment.Payment](t)(s.OpenTerminalPayment(ctx, payment.HeldElsewhere("gp", terminal.Name, "G1", "SEK", 5000, now, payment.Cause{Kind: payment.ByStation}), terminal.Place{Payment: "gp", Station: "guarded", Reference: "G1"}))
	limit := func(id gnista.StationID, transaction string, want *gnista.Money) {
		t.Helper()
		if err := s.Change(ctx, id, func(tx charging.Tx) error {
			got, err := tx.CostLimit(id, transaction)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s at %s may cost %v, want %v", transaction, id, got, want)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Change(ctx, "guarded", func(tx charging.Tx) error {
		x := newTransaction("g1", "g1")
		x.Station = "guarded"
		if ok, err := tx.Pay("g1", "gp", now); err != nil || !ok {
			t.Errorf("got %v, %v", ok, err)
		}
		return tx.Save(x, nil)
	}); err != nil {
		t.Fatal(err)
	}
	limit("guarded", "g1", &gnista.Money{Amount: 5000, Currency: "SEK"})
	limit("guarded", "g2", nil)
	limit("other", "g1", nil) // does not say that it can
	find := func(transaction string) (f checkout.Funds) {
		t.Helper()
		for _, x := range must[[]checkout.Funds](t)(s.Funded(ctx, 100)) {
			if x.Transaction == transaction {
				f = x
			}
		}
		return f
	}
	if f := find("g1"); f != (checkout.Funds{Transaction: "g1", Station: "guarded", Limit: gnista.Money{Amount: 5000, Currency: "SEK"}, UpdatedAt: now}) {
		t.Errorf("got %+v", f)
	}
	must[payment.Payment](t)(s.ChangePayment(ctx, "gp", now, func(c *payment.Change) error { c.Raise(7500); return nil }))
	if f := find("g1"); f.Limit.Amount != 7500 {
		t.Errorf("got %+v", f)
	}
	for i := range 2 {
		if err := s.ChangeWatch(ctx, "guarded", "g1", func(w *checkout.Watch) []gnista.Event {
			if w.Stops != i || w.Near != (i > 0) {
				t.Errorf("watch %d is %+v", i, *w)
			}
			*w = checkout.Watch{Near: true, Stops: i + 1, Next: now.Add(time.Duration(i) * time.Minute)}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Change(ctx, "guarded", func(tx charging.Tx) error {
		x, err := tx.ByID("g1")
		x.State = charging.Ended
		return errors.Join(err, tx.Save(x, nil))
	}); err != nil {
		t.Fatal(err)
	}
	if f := find("g1"); f.Transaction != "" {
		t.Errorf("what has ended is guarded: %+v", f)
	}

	// Of what is free there is only what its driver wants.
	free := checkout.Checkout{
		ID: "gfree", Key: "key-gfree", Station: "guarded", EVSE: 2, Amount: gnista.Money{Currency: "SEK"}, Language: "sv", Token: token.ID{UID: "UIDGFREE", Type: token.Central},
		State: checkout.Paid, PaidAt: now, StartBy: now.Add(time.Hour), Wish: checkout.Wish{Wh: 6000, For: time.Hour}, CreatedAt: now, UpdatedAt: now,
	}
	if err := s.CreateCheckout(ctx, free); err != nil {
		t.Fatal(err)
	}
	if err := s.Change(ctx, "guarded", func(tx charging.Tx) error {
		x := newTransaction("g3", "g3")
		x.Station = "guarded"
		if ok, err := tx.Spend("g3", "gfree", now); err != nil || !ok {
			t.Errorf("got %v, %v", ok, err)
		}
		return tx.Save(x, nil)
	}); err != nil {
		t.Fatal(err)
	}
	if f := find("g3"); f != (checkout.Funds{Transaction: "g3", Station: "guarded", Limit: gnista.Money{Currency: "SEK"}, Wish: free.Wish, PaidAt: now, Free: true, UpdatedAt: now}) {
		t.Errorf("got %+v", f)
	}
	must[checkout.Checkout](t)(s.ChangeCheckout(ctx, "guarded", "gfree", func(c *checkout.Checkout) error { // for other tests
		c.State, c.Next = checkout.Settled, time.Time{}
		return nil
	}))
}
