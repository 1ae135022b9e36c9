package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"gnista"
	"gnista/account"
	"gnista/billing"
	"gnista/sim"
	"gnista/station"
	"gnista/tariff"
	"gnista/token"
)

// demo is simulated stations that run along with the system, to look around.
type demo struct {
	stop    context.CancelFunc
	stopped chan struct{}
}

// demoTariff is the name of the tariff of the demonstration.
const demoTariff = "Demo"

// demoGuests is a station at which no car charges but those that are paid for on the spot.
const demoGuests = "DEMO-GUEST"

// demoTokens are the cards of the demonstration; the last is blocked. Astrid's is paid from a balance, those
// of Bo and of the taxis by invoice; nobody pays for Cecilia's.
func demoTokens() []token.Token {
	return []token.Token{
		{ID: token.ID{UID: "04DE5A0000A101"}, Name: "Astrid (demo)"},
		{ID: token.ID{UID: "04DE5A0000B202"}, Name: "Bo (demo)"},
		{ID: token.ID{UID: "04DE5A0000C303"}, Name: "Cecilia (demo)"},
		{ID: token.ID{UID: "04DE5A0000D404"}, Name: "Taxi 17 (demo)", Group: "DEMO-TAXI"},
		{ID: token.ID{UID: "04DE5A0000E505"}, Name: "Taxi 18 (demo)", Group: "DEMO-TAXI"},
		{ID: token.ID{UID: "04DE5A0000F606"}, Name: "Lost card (demo)", Blocked: true},
	}
}

// demo makes the seller that of the demonstration.
func (i *invoicing) demo() {
	i.SellerName, i.SellerNumber, i.SellerVAT, i.SellerAddress, i.SellerFTax = "Demo Energi AB", "559000-0005", "SE559000000501", "Strömgatan 2, 903 26 Umeå", true
	i.SupportPhone = cmp.Or(i.SupportPhone, "08-465 004 04") // one of those that nobody has
}

// demoPace lets a newcomer see cars come, charge and leave within a minute.
func demoPace() sim.Pace {
	return sim.Pace{
		Pause: sim.Span{From: 4 * time.Second, To: 12 * time.Second}, Card: sim.Span{From: time.Second, To: 3 * time.Second},
		Charge: sim.Span{From: 28 * time.Second, To: 42 * time.Second}, Full: sim.Span{From: 3 * time.Second, To: 8 * time.Second},
		Outage: sim.Span{From: 8 * time.Second, To: 15 * time.Second}, Repair: sim.Span{From: 6 * time.Second, To: 12 * time.Second},
	}
}

// demoStations are the stations of the demonstration.
func demoStations() []*sim.Play {
	play := func(id gnista.StationID, v gnista.Version, vendor, model string, kW int64, scenario sim.Scenario) *sim.Play {
		return &sim.Play{
			Station:  &sim.Station{ID: id, Version: v, EVSEs: 2, Vendor: vendor, Model: model, Firmware: "1.4.2", PowerW: kW * 1000, Pricing: true},
			Scenario: scenario,
		}
	}
	return []*sim.Play{
		play("DEMO-16-1", gnista.V16, "Norrsken", "Rapid 150", 150, sim.Normal),
		play("DEMO-16-2", gnista.V16, "Norrsken", "Rapid 150", 150, sim.Faults),
		play("DEMO-201-1", gnista.V201, "Fjord Power", "F2 200", 200, sim.Normal),
		play("DEMO-201-2", gnista.V201, "Fjord Power", "F2 200", 200, sim.Offline),
		play("DEMO-21-1", gnista.V21, "Aurora", "Hyper 300", 300, sim.Normal),
		play("DEMO-21-2", gnista.V21, "Aurora", "Hyper 300", 300, sim.PowerCut),
		play(demoGuests, gnista.V21, "Aurora", "Hyper 300", 300, sim.Normal),
	}
}

// startDemo starts the demonstration on a system that listens at an address.
func startDemo(ctx context.Context, a *app, at net.Addr, log *slog.Logger) (*demo, error) {
	park, err := a.demoPark(ctx, "ws://"+reachable(at)+"/ocpp", log)
	if err != nil {
		return nil, fmt.Errorf("preparing the demonstration: %w", err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	d := &demo{stop: stop, stopped: make(chan struct{})}
	go a.invoiceDemo(ctx, log)
	a.running.Go(func() { a.guestDemo(ctx, a.standIns, log) })
	go func() {
		defer close(d.stopped)
		if err := park.Run(ctx); err != nil {
			log.Warn("the demonstration ended with an error", "err", err)
		}
	}()
	return d, nil
}

// demoPark makes what the demonstration needs and is not there, and its stations.
func (a *app) demoPark(ctx context.Context, url string, log *slog.Logger) (*sim.Park, error) {
	if err := a.seedDemo(ctx); err != nil {
		return nil, err
	}
	var uids []string
	for _, k := range demoTokens() {
		uids = append(uids, k.ID.UID)
	}
	park := &sim.Park{Plays: demoStations(), Stagger: 500 * time.Millisecond}
	for i, p := range park.Plays {
		s := p.Station
		if err := a.admitDemo(ctx, s.ID); err != nil {
			return nil, err
		}
		if s.ID == demoGuests {
			for evse := 1; evse <= s.EVSEs; evse++ {
				if _, err := a.codes.Of(ctx, s.ID, evse, false); err != nil {
					return nil, err
				}
			}
		}
		s.URL, s.Serial, s.RegisterWh, s.MeterEvery = url, fmt.Sprintf("D%05d", i+1), int64(i+1)*1_234_567, 3*time.Second
		s.Now, s.NewID, s.Log = time.Now, newID, log
		p.Pace, p.Seed, p.Patience = demoPace(), uint64(i), 5*time.Second
		if s.ID == demoGuests {
			never := sim.Span{From: 10_000 * time.Hour, To: 10_000 * time.Hour}
			p.Pace.First, p.Pace.Pause = never, never
		}
		p.Tokens = uids[:len(uids)-1]
		if s.ID == "DEMO-21-2" {
			p.Tokens = uids // one driver has the card that is blocked
		}
	}
	return park, nil
}

// reachable is an address that this machine reaches the listener by.
func reachable(at net.Addr) string {
	if tcp, ok := at.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", fmt.Sprint(tcp.Port))
	}
	return at.String()
}

// end lets the cars finish and the stations disconnect.
func (d *demo) end() {
	if d != nil {
		d.stop()
		<-d.stopped
	}
}

// seedDemo makes the tariff and the cards of the demonstration. The tariff becomes the default one
// unless somebody has set a price.
func (a *app) seedDemo(ctx context.Context) error {
	have, err := a.tariffs.Store.Tariffs(ctx, "", 2)
	if err != nil {
		return err
	}
	if len(have) < 2 { // only the first one, which the system makes by itself
		if _, err := a.tariffs.Create(ctx, tariff.Tariff{Name: demoTariff, Currency: "SEK", Default: true}, tariff.Version{Elements: []tariff.Element{
			{Dimension: tariff.Energy, Price: "3.95", VAT: "25", When: tariff.Restriction{From: "22:00", To: "06:00"}},
			{Dimension: tariff.Energy, Price: "4.95", VAT: "25"},
			{Dimension: tariff.Idle, Price: "1.00", VAT: "25", Grace: 10 * time.Minute},
			{Dimension: tariff.Start, Price: "2.50", VAT: "25"},
		}}); err != nil {
			return err
		}
	}
	payers, err := a.seedPayers(ctx)
	if err != nil {
		return err
	}
	for _, k := range demoTokens() {
		if k.Account = payers[k.Name]; k.Group != "" {
			k.Account = payers[k.Group]
		}
		if _, err := a.tokens.Create(ctx, k); err != nil && gnista.CodeOf(err) != gnista.Conflict {
			return err
		}
	}
	return nil
}

// seedPayers makes the customers and the accounts of the demonstration, and tells the account of each card or
// group of cards by its name. Where there are customers already, it makes none.
func (a *app) seedPayers(ctx context.Context) (map[string]string, error) {
	have, err := a.accounts.Customers.Customers(ctx, account.CustomerFilter{Limit: 1})
	if err != nil || len(have) > 0 {
		return nil, err
	}
	payers := map[string]string{}
	for _, p := range []struct {
		cards    string
		customer account.Customer
		account  account.Account
	}{
		{"Astrid (demo)", account.Customer{Kind: account.Private, Name: "Astrid Demo"}, account.Account{Kind: account.Prepaid, Hold: 100_00}},
		{"Bo (demo)", account.Customer{Kind: account.Private, Name: "Bo Demo"}, account.Account{Kind: account.Postpaid, CreditLimit: 2000_00}},
		{"DEMO-TAXI", account.Customer{Kind: account.Company, Name: "Demo Taxi AB", Number: "559000-0013"}, account.Account{Kind: account.Postpaid, CreditLimit: 50_000_00, Offline: true}},
	} {
		p.customer.Address, p.customer.Language = account.Address{Street: "Storgatan 1", PostalCode: "903 26", City: "Umeå", Country: "SE"}, "sv"
		c, err := a.accounts.CreateCustomer(ctx, p.customer)
		if err != nil {
			return nil, err
		}
		p.account.Customer, p.account.Name, p.account.Currency = c.ID, c.Name, "SEK"
		x, err := a.accounts.CreateAccount(ctx, p.account)
		if err != nil {
			return nil, err
		}
		payers[p.cards] = x.ID
		if x.Kind == account.Prepaid {
			if _, _, err := a.books.TopUp(ctx, billing.Transfer{Account: x.ID, Amount: x.Money(2000_00), Reference: "Demo", Key: "demo"}); err != nil {
				return nil, err
			}
		}
	}
	return payers, nil
}

// demoInvoices is how long after its start the demonstration makes invoices, once.
const demoInvoices = 75 * time.Second

// invoiceDemo makes invoices of what has been charged until then.
func (a *app) invoiceDemo(ctx context.Context, log *slog.Logger) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(demoInvoices):
	}
	if _, err := a.invoices.Begin(ctx, billing.InvoiceRun{Note: "Demo"}, false); err != nil && ctx.Err() == nil {
		log.Warn("the demonstration could not make invoices", "err", err)
	}
}

// admitDemo registers a station where it is not, for systems that do not take in unknown ones.
func (a *app) admitDemo(ctx context.Context, id gnista.StationID) error {
	_, err := a.network.Store.Station(ctx, id)
	if err == nil || gnista.CodeOf(err) != gnista.NotFound {
		return err
	}
	_, err = a.network.Change(ctx, id, true, func(*station.Station) {})
	return err
}
