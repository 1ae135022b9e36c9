package driver

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/checkout"
	"gnista/fault"
	"gnista/payment"
	"gnista/station"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func voice(l fault.Language) Voice {
	return Voice{
		Language: l,
		Money:    func(m gnista.Money) string { return fmt.Sprintf("%d.%02d %s", m.Amount/100, m.Amount%100, m.Currency) },
		Zone:     time.UTC,
	}
}

// guest is a driver who has had 400 kr set aside, in a state.
func guest(s checkout.State, change ...func(*checkout.View)) *checkout.View {
	v := &checkout.View{Checkout: checkout.Checkout{
		State: s, Way: payment.ByHold, Payment: "p", Amount: gnista.Money{Amount: 40_000, Currency: "SEK"}, PayBy: noon.Add(10 * time.Minute),
		PaidAt: noon.Add(-5 * time.Second), StartBy: noon.Add(15 * time.Minute),
	}, Pay: &payment.Payment{State: payment.Held, Authorised: 40_000, Currency: "SEK"}}
	for _, f := range change {
		f(v)
	}
	return v
}

func outcome(o checkout.Outcome) func(*checkout.View) {
	return func(v *checkout.View) { v.Order.Outcome, v.Order.Tried = o, 1 }
}

func charge(a charging.Activity, change ...func(*charging.Transaction)) *charging.Transaction {
	t := &charging.Transaction{ID: "t", State: charging.Active, Activity: a, Authorised: true, Account: "a", EnergyWh: 5000, PowerW: 11000, StartedAt: noon.Add(-time.Hour)}
	t.Token.UID = "04AA"
	for _, f := range change {
		f(t)
	}
	return t
}

func over(wh int64, finished bool) func(*charging.Transaction) {
	return func(t *charging.Transaction) {
		t.State, t.EnergyWh, t.PowerW, t.EndedAt = charging.Ended, wh, 0, noon
		if finished {
			t.FinishedAt = noon
		}
	}
}

func trouble(code string, e fault.Entry) (*fault.Fault, fault.Entry) {
	e.Key = fault.Key{Source: fault.OCPP16, Code: code}
	e.Texts = map[fault.Language]fault.Texts{fault.English: {Driver: "Driver's words of " + code}, fault.Swedish: {Driver: "Förarens ord om " + code}}
	return &fault.Fault{Key: e.Key, Severity: e.Severity, Case: 10_001}, e
}

// TestExplain is the table of what drivers meet.
func TestExplain(t *testing.T) {
	lock, lockEntry := trouble("ConnectorLockFailure", fault.Entry{Severity: fault.High, Fixer: fault.Driver, Retry: true, Remedy: fault.Unlock})
	ground, groundEntry := trouble("GroundFailure", fault.Entry{Severity: fault.High, Fixer: fault.Technician, Remedy: fault.TakeOut})
	reader, readerEntry := trouble("ReaderFailure", fault.Entry{Severity: fault.Medium, Fixer: fault.Technician, Usable: true})
	meter, meterEntry := trouble("PowerMeterFailure", fault.Entry{Severity: fault.High, Fixer: fault.Technician})
	_, powerCut := trouble("PowerLoss", fault.Entry{Severity: fault.Medium, Fixer: fault.Grid, Usable: true, Retry: true, Momentary: true})
	hint := map[fault.Language]string{fault.English: "Push the plug in.", fault.Swedish: "Tryck in kontakten."}
	shared := &Power{Limited: true, Words: map[fault.Language]string{fault.English: "You get 7 kW because 6 cars share 100 A.", fault.Swedish: "Du får 7 kW eftersom 6 bilar delar på 100 A."}}

	for name, x := range map[string]struct {
		s      Situation
		kind   Kind
		money  Money
		offers string
		says   string // a part of what is said in English
	}{
		"a free outlet":                {Situation{Condition: checkout.Free}, Ready, None, "", "free"},
		"a station that is away":       {Situation{Condition: checkout.Offline}, Away, None, "other-outlet", "cannot reach"},
		"away, and broken before":      {Situation{Condition: checkout.Offline, Fault: ground, Entry: groundEntry}, Away, None, "other-outlet", "cannot reach"},
		"out of service":               {Situation{Condition: checkout.OutOfService}, Closed, None, "other-outlet", "out of service"},
		"switched off":                 {Situation{Condition: checkout.Faulted, Fault: ground, Entry: groundEntry}, SwitchedOff, None, "other-outlet", "words of GroundFailure"},
		"broken":                       {Situation{Condition: checkout.Faulted, Fault: meter, Entry: meterEntry}, Broken, None, "other-outlet", "words of PowerMeterFailure"},
		"broken, nobody knows why":     {Situation{Condition: checkout.Faulted}, Broken, None, "other-outlet", "can do nothing about"},
		"a fault that does not matter": {Situation{Condition: checkout.Free, Fault: reader, Entry: readerEntry}, Ready, None, "", "free"},
		"in use":                       {Situation{Condition: checkout.InUse}, Taken, None, "other-outlet", "Somebody else"},

		"to be paid":             {Situation{Condition: checkout.Free, Checkout: guest(checkout.Paying, func(v *checkout.View) { v.Pay = nil })}, Pay, None, "cancel", "before 12:10"},
		"declined":               {Situation{Condition: checkout.Free, Checkout: guest(checkout.Cancelled, func(v *checkout.View) { v.Pay = &payment.Payment{State: payment.DeclinedNow} })}, Declined, None, "retry other-outlet", "did not go through"},
		"nobody paid":            {Situation{Condition: checkout.Free, Checkout: guest(checkout.Cancelled, func(v *checkout.View) { v.Pay, v.Reason = nil, checkout.NotPaid })}, NotPaid, None, "retry other-outlet", "No money was taken"},
		"cancelled after paying": {Situation{Condition: checkout.Free, Checkout: guest(checkout.Cancelled, func(v *checkout.View) { v.Reason = checkout.ByDriver })}, CalledOff, Back, "retry other-outlet", "is released"},
		"being started":          {Situation{Condition: checkout.Plugged, Checkout: guest(checkout.Starting, outcome(checkout.Sent))}, Starting, SetAside, "cancel", "400.00 SEK is set aside"},
		"no answer yet":          {Situation{Condition: checkout.Plugged, Checkout: guest(checkout.Starting, outcome(checkout.Sent), func(v *checkout.View) { v.PaidAt = noon.Add(-time.Minute) })}, NoAnswer, SetAside, "cancel other-outlet", "until 12:15"},
		"no answer":              {Situation{Condition: checkout.Plugged, Checkout: guest(checkout.Starting, outcome(checkout.Unknown))}, NoAnswer, SetAside, "cancel other-outlet", "until 12:15"},
		"offline after paying":   {Situation{Condition: checkout.Plugged, Checkout: guest(checkout.Starting, outcome(checkout.Away))}, Away, SetAside, "cancel other-outlet", "cannot reach"},
		"the station says no":    {Situation{Condition: checkout.Plugged, Status: station.Preparing, Checkout: guest(checkout.Starting, outcome(checkout.Refused))}, SaidNo, SetAside, "cancel other-outlet", "said no"},
		"no cable":               {Situation{Condition: checkout.Free, Checkout: guest(checkout.PlugIn, outcome(checkout.Accepted))}, WaitsForCable, SetAside, "cancel", "until it clicks"},
		"no without a car":       {Situation{Condition: checkout.Free, Checkout: guest(checkout.PlugIn, outcome(checkout.Refused))}, WaitsForCable, SetAside, "cancel", "until it clicks"},
		"plugged in too early":   {Situation{Condition: checkout.Plugged, Status: station.Finishing, Checkout: guest(checkout.PlugIn, outcome(checkout.Accepted))}, PlugAgain, SetAside, "cancel", "do not pay twice"},
		"plugged in just now":    {Situation{Condition: checkout.Plugged, Status: station.Preparing, Since: noon.Add(-20 * time.Second), Checkout: guest(checkout.PlugIn, outcome(checkout.Accepted))}, Starting, SetAside, "cancel", "400.00 SEK is set aside"},
		"plugged in for a while": {Situation{Condition: checkout.Plugged, Status: station.Preparing, Since: noon.Add(-2 * time.Minute), Checkout: guest(checkout.PlugIn, outcome(checkout.Accepted))}, PlugAgain, SetAside, "cancel", "do not pay twice"},
		"the wrong outlet":       {Situation{Condition: checkout.Free, Plugged: []int{2}, Checkout: guest(checkout.PlugIn, outcome(checkout.Accepted))}, WrongOutlet, SetAside, "cancel", "at outlet 2"},
		"the lock fails":         {Situation{Condition: checkout.Faulted, Fault: lock, Entry: lockEntry, Checkout: guest(checkout.PlugIn, outcome(checkout.Accepted))}, Fixable, SetAside, "cancel unlock retry other-outlet", "words of ConnectorLockFailure"},
		"it never began":         {Situation{Condition: checkout.Free, Checkout: guest(checkout.Failed)}, NeverStarted, Back, "retry other-outlet", "is released"},
		"prepaid, never began":   {Situation{Condition: checkout.Free, Checkout: guest(checkout.Failed, func(v *checkout.View) { v.Way, v.Pay = payment.ByPrepay, &payment.Payment{Captured: 40_000} })}, NeverStarted, Back, "retry other-outlet", "You get 400.00 SEK back"},

		"a guest charges":        {Situation{Condition: checkout.InUse, Checkout: guest(checkout.Charging), Charge: charge(charging.Charging)}, Charges, SetAside, "stop", "is charging"},
		"a card charges":         {Situation{Condition: checkout.InUse, Charge: charge(charging.Charging), Cost: gnista.Money{Amount: 1250, Currency: "SEK"}}, Charges, Account, "stop", "12.50 SEK goes to your account"},
		"the car is full":        {Situation{Condition: checkout.InUse, Charge: charge(charging.SuspendedEV)}, CarWaits, Account, "stop", "takes no power"},
		"power is shared":        {Situation{Condition: checkout.InUse, Charge: charge(charging.SuspendedEVSE), Power: shared}, Shared, Account, "stop", "6 cars share 100 A"},
		"less than it could":     {Situation{Condition: checkout.InUse, Charge: charge(charging.Charging), Power: shared}, Shared, Account, "stop", "6 cars share 100 A"},
		"paused":                 {Situation{Condition: checkout.InUse, Charge: charge(charging.SuspendedEVSE)}, StationWaits, Account, "stop", "has paused"},
		"lost while charging":    {Situation{Condition: checkout.Offline, Charge: charge(charging.Charging)}, Away, Account, "", "mostly goes on"},
		"a fault while charging": {Situation{Condition: checkout.Faulted, Fault: ground, Entry: groundEntry, Charge: charge(charging.SuspendedEVSE, func(t *charging.Transaction) { t.PowerW = 0 })}, SwitchedOff, Account, "stop other-outlet", "words of GroundFailure"},
		"never gets going":       {Situation{Now: noon, Condition: checkout.Plugged, Charge: charge(charging.Connected, func(t *charging.Transaction) { t.EnergyWh, t.PowerW = 0, 0 })}, PlugAgain, Account, "stop", "did not get going"},
		"a card that may not":    {Situation{Condition: checkout.InUse, Charge: charge(charging.Connected, func(t *charging.Transaction) { t.Authorised, t.Account, t.EnergyWh = false, "", 0 })}, NotAllowed, None, "", "not accepted"},

		"ended":                   {Situation{Condition: checkout.Plugged, Charge: charge(charging.Idle, over(5000, false))}, Stopping, Account, "", "receipt is being made"},
		"done":                    {Situation{Condition: checkout.Free, Checkout: guest(checkout.Settled), Charge: charge(charging.Idle, over(5000, true)), Cost: gnista.Money{Amount: 2500, Currency: "SEK"}, Receipt: "r"}, Finished, Paid, "", "You have paid 25.00 SEK"},
		"the plug is stuck":       {Situation{Condition: checkout.Plugged, Fault: lock, Entry: lockEntry, Charge: charge(charging.Idle, over(5000, true)), Receipt: "r"}, Stuck, Account, "unlock", "plug is stuck"},
		"nothing came":            {Situation{Condition: checkout.Free, Checkout: guest(checkout.Settled), Charge: charge(charging.Idle, over(0, true)), Receipt: "r"}, NothingToPay, Back, "", "is released"},
		"a moment for its driver": {Situation{Condition: checkout.Plugged, Fault: &fault.Fault{Key: powerCut.Key, EVSE: gnista.EVSE{ID: 1}, LastAt: noon}, Entry: powerCut, Charge: charge(charging.Idle, over(0, true))}, Fixable, None, "retry other-outlet", "words of PowerLoss"},
		"a moment for the next":   {Situation{Condition: checkout.Free, Fault: &fault.Fault{Key: powerCut.Key, EVSE: gnista.EVSE{ID: 1}, LastAt: noon}, Entry: powerCut}, Ready, None, "", "free"},
		"a moment before":         {Situation{Condition: checkout.InUse, Fault: &fault.Fault{Key: powerCut.Key, EVSE: gnista.EVSE{ID: 1}, LastAt: noon.Add(-2 * time.Hour)}, Entry: powerCut, Charge: charge(charging.SuspendedEV, func(t *charging.Transaction) { t.PowerW = 0 })}, CarWaits, Account, "stop", "takes no power"},
		"somebody else refused":   {Situation{Condition: checkout.Free, Fault: &fault.Fault{Way: fault.ByHandshake}, Entry: groundEntry}, Ready, None, "", "free"},
		"being put right":         {Situation{Condition: checkout.Faulted, Fault: lock, Entry: lockEntry, Hint: hint, Checkout: guest(checkout.PlugIn, outcome(checkout.Accepted))}, Fixable, SetAside, "cancel unlock retry other-outlet", "Push the plug in."},
		"stopped, and plugged in": {Situation{Condition: checkout.InUse, Charge: charge(charging.Connected)}, Stopping, Account, "stop", "can unplug"},
		"nothing came, a fault":   {Situation{Condition: checkout.Faulted, Fault: meter, Entry: meterEntry, Charge: charge(charging.Idle, over(0, true))}, Broken, None, "other-outlet", "No money was taken"},
		"a meter went back":       {Situation{Condition: checkout.Free, Charge: charge(charging.Idle, over(5000, false), func(t *charging.Transaction) { t.Review = []charging.Reason{charging.MeterReset} })}, Checked, Open, "", "looks odd"},
	} {
		t.Run(name, func(t *testing.T) {
			if x.s.Now.IsZero() {
				x.s.Now = noon
			}
			m := Explain(x.s, voice(fault.English))
			var offers []string
			for _, o := range m.Offers {
				offers = append(offers, string(o))
			}
			if m.Kind != x.kind || m.Money != x.money || strings.Join(offers, " ") != x.offers {
				t.Errorf("got %s, %s, %q, want %s, %s, %q", m.Kind, m.Money, offers, x.kind, x.money, x.offers)
			}
			all := m.What + " " + m.Moved + " " + m.ToDo
			if !strings.Contains(all, x.says) {
				t.Errorf("%q does not say %q", all, x.says)
			}
			sv := Explain(x.s, voice(fault.Swedish))
			if sv.Kind != m.Kind || sv.What == m.What || sv.Moved == m.Moved || sv.What == "" || sv.Moved == "" {
				t.Errorf("in Swedish: %+v", sv)
			}
			for _, text := range []string{all, sv.What + sv.Moved + sv.ToDo} {
				if strings.Contains(text, "%!") || strings.Contains(text, "%s") {
					t.Errorf("not filled in: %q", text)
				}
			}
		})
	}
}

// TestSentences holds every kind to have sentences in both languages.
func TestSentences(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "driver.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	kinds := 0
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || fmt.Sprint(v.Type) != "Kind" {
			return true
		}
		kinds++
		kind := Kind(strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`))
		en, sv := sentences(fault.English)[kind], sentences(fault.Swedish)[kind]
		if en.what == "" || sv.what == "" || sv.what == en.what || (en.todo == "") != (sv.todo == "") || strings.Count(en.todo, "%s") != strings.Count(sv.todo, "%s") {
			t.Errorf("%s is said as %+v and %+v", kind, en, sv)
		}
		return true
	})
	if kinds < 20 {
		t.Errorf("only %d kinds were found", kinds)
	}
}
