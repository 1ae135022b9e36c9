package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gnista"
	"gnista/access"
	"gnista/account"
	"gnista/account/member"
	"gnista/api"
	"gnista/billing"
	"gnista/campaign"
	"gnista/charging"
	"gnista/checkout"
	"gnista/cluster"
	"gnista/commission"
	"gnista/cost"
	"gnista/fault"
	"gnista/fault/alert"
	"gnista/fault/remedy"
	"gnista/gateway"
	"gnista/gateway/v16"
	"gnista/gateway/v2"
	"gnista/ocpp/ocppj"
	"gnista/payment"
	"gnista/payment/invoice"
	"gnista/payment/stripe"
	"gnista/payment/terminal"
	"gnista/payment/wallet"
	"gnista/pki"
	"gnista/power"
	"gnista/power/site"
	"gnista/station"
	"gnista/store"
	"gnista/tariff"
	"gnista/token"
)

// options are what an app is made with.
type options struct {
	Database   string
	Replica    string         // of the database, for reports; empty: there is none
	GroupSize  int            // changes in one commit; 0 is the default
	Charging   charging.Store // instead of the database, for measuring what that costs
	Messages   station.MessageStore
	Token      string
	Certifying certifying
	Secret     pki.Secret // nil is one that is forgotten
	Files      string     // folder of files that stations fetch and send
	PublicURL  string
	BaseURL    string // under which stations reach us
	Unknown    station.UnknownPolicy
	Heartbeat  time.Duration
	Retry      time.Duration
	Currency   string
	Seller     billing.Seller
	Invoicing  invoicing
	Collecting collecting
	Guests     checkout.Policy
	Providers  []payment.Provider     // beside those that every system has
	Stripe     *stripe.Config         // nil: no cards are taken
	StandIns   map[string]api.StandIn // for providers that are simulated
	Remember   string                 // folder in which these keep what was done; empty is nowhere
	Zone       *time.Location
	Cloning    token.Cloning
	CostEvery  time.Duration // see [cost.Costs]
	ReadNew    bool          // whether stations whose settings were never read are asked for them
	LogDays    int
	MapTiles   string // see [api.Server]
	LogMB      int64
	MeterDays  int            // after which what meters said is thinned out; 0 is never
	EventDays  int            // 0 is for ever, as far as there are not too many
	Limits     gateway.Limits // the zero value is the default ones
	Admit      float64        // connections of stations that are let in each second; 0 is no limit
	Drain      time.Duration  // see [gateway.Server]
	Spread     float64        // see [station.Network]
	Terminals  terminals
	Watching   watching // the zero value is the usual, without a look at the disk
	Alerting   alerting
	Mailer     *alert.Mailer    // nil: no mail is sent
	SignOn     *access.Provider // nil: nobody signs in elsewhere
	Settings   []api.ServerSetting
	SignUp     *member.Terms    // of drivers; nil: the operator only makes customers
	Tracer     *tracer          // nil: no traces are made
	Catalogue  *fault.Catalogue // of the program; nil: it is read
	ShowLinks  bool             // drivers are shown the links that they would be sent
	NewSecret  func() string    // text that nobody can guess

	Plain, Proxied, RejectSubprotocols bool // see [gateway.Server]

	Part part // of a cluster; the zero value is all of a system of one node

	Operator  string
	Addresses map[station.Profile]string
	Proxies   []netip.Prefix // nil is this machine

	Now   func() time.Time
	NewID func() string
	// NewOwnID makes ids of what nobody has asked for, such as remedies that begin by themselves; nil is NewID.
	NewOwnID func() string
	Log      *slog.Logger
}

// stations are those that are connected, to this node or to others.
type stations interface {
	station.Remote
	station.Presence
	Connected() []gnista.StationID
	Listen(id gnista.StationID, hear func(station.Heard)) (stop func())
	Mirroring(id gnista.StationID) station.MirrorStatus
}

// part is the part of an app in a cluster.
type part struct {
	DB      *store.DB // of the node; nil: it opens its own
	Metrics *metrics  // likewise
	// Stations are those of the cluster, for the app of the node that leads; nil: the app takes in connections, and
	// these are its own.
	Stations stations

	// Of an app that only takes in connections; nil where it does all.
	Live     charging.Live
	Claims   gateway.Claims
	Clocks   gateway.Clocks
	Measured func(*charging.Transaction, []charging.Sample)
}

// leads tells whether the app does what the leading node does: all but to take in connections.
func (p part) leads() bool { return p.Stations != nil }

// connects tells whether the app does nothing but take in connections.
func (p part) connects() bool { return p.Live != nil }

// app is the central system without its listeners.
type app struct {
	part         part
	node         *node // in a cluster; nil where this is all
	stations     stations
	db           *store.DB
	bus          *cluster.Single
	messages     *gateway.MessageLog
	ledger       *gateway.Ledger
	gateway      *gateway.Server
	network      *station.Network
	rereader     *station.Rereader
	tokens       *token.Tokens
	accounts     *account.Book
	people       *access.People
	lists        *token.Lists
	tariffs      *tariff.Book
	transactions *charging.Transactions
	ca           *pki.CA
	records      *billing.Records
	thinning     *billing.Thinning
	books        *billing.Ledger
	terminals    *terminal.Terminals
	guard        *checkout.Guard
	payments     *payment.Worker
	desk         *checkout.Desk
	teller       *checkout.Teller
	standIns     map[string]api.StandIn
	inbox        *payment.Inbox
	codes        *checkout.Codes
	follower     *payment.Follower
	invoices     *billing.Invoices
	reconciler   *payment.Reconciler
	campaigns    *campaign.Campaigns
	remedies     *remedy.Remedies
	remedyNudge  chan struct{}
	power        *power.Power
	sitePower    *site.Control
	costs        *cost.Costs
	checks       *commission.Checks
	catalogue    *fault.Editor
	faults       *fault.Faults
	alerts       *alert.Alerts
	members      *member.Desk
	intake       *fault.Intake
	faultFeed    *store.Feed
	watchers     watchers
	handler      http.Handler
	health       http.Handler
	metrics      *metrics
	tracer       *tracer
	stopping     atomic.Bool // requests are not to come here any more
	eventDays    int
	now          func() time.Time

	nudge      chan struct{}
	costNudge  chan struct{}
	guestNudge chan struct{}
	alertNudge chan struct{}
	alertWork  chan struct{}
	pay        chan struct{} // nudges the worker of payments
	hear       chan struct{} // nudges who follows what providers tell
	log        *slog.Logger
	running    sync.WaitGroup
	stop       context.CancelFunc
	halt       context.CancelFunc // ends what tells stations something by itself
}

// admitWait is how long a station waits to be let in: less than stations wait for the answer to their handshake.
const admitWait = 10 * time.Second

// newApp opens the database and puts the parts together.
func newApp(ctx context.Context, o options) (*app, error) {
	a := &app{
		part: o.Part, stations: o.Part.Stations, db: o.Part.DB, bus: cluster.NewSingle(), nudge: make(chan struct{}, 1), pay: make(chan struct{}, 1), hear: make(chan struct{}, 1), costNudge: make(chan struct{}, 1), guestNudge: make(chan struct{}, 1), alertNudge: make(chan struct{}, 1), alertWork: make(chan struct{}, 1), watchers: watchers{nudge: make(chan struct{}, 1)}, eventDays: o.EventDays, now: o.Now, log: o.Log,
		faultFeed: store.NewFeed(fault.Tells), metrics: o.Part.Metrics, tracer: o.Tracer,
	}
	if a.metrics == nil {
		a.metrics = newMetrics()
	}
	var err error
	if a.db == nil {
		a.db, err = store.Open(ctx, o.Database, store.Options{Replica: o.Replica, Notify: a.told, GroupSize: o.GroupSize, Secret: o.Secret, Dial: dial, Committed: a.metrics.committed, Log: o.Log})
		if err != nil {
			return nil, err
		}
	}
	live := o.Part.Live
	if live == nil {
		live = a.bus
	}
	if o.Charging == nil {
		o.Charging, o.Messages = a.db, a.db
	}
	if o.NewOwnID == nil {
		o.NewOwnID = o.NewID
	}
	if o.Limits == (gateway.Limits{}) {
		o.Limits = gateway.DefaultLimits(o.Heartbeat)
	}
	if o.Admit > 0 {
		o.Limits.Admit, o.Limits.AdmitWait = gateway.Rate{PerSecond: o.Admit, Burst: int(o.Admit) + 1}, admitWait
	}
	if o.Proxies == nil {
		o.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	a.messages = &gateway.MessageLog{Store: o.Messages, MaxAge: time.Duration(o.LogDays) * 24 * time.Hour, MaxMB: o.LogMB, Now: o.Now, Log: o.Log}
	a.ledger = &gateway.Ledger{Store: a.db, Log: o.Log}
	models, err := station.LoadModels()
	if err != nil {
		return nil, errors.Join(err, a.closeDB())
	}
	a.gateway = &gateway.Server{
		Messages: a.messages, Live: live, Claims: o.Part.Claims, Meter: observers{a.metrics, o.Tracer}, Limits: o.Limits, Drain: o.Drain, Plain: o.Plain, Proxied: o.Proxied,
		RejectSubprotocols: o.RejectSubprotocols, Proxies: o.Proxies, Now: o.Now, NewID: o.NewID, Log: o.Log,
	}
	if a.stations == nil {
		a.stations = a.gateway
	}
	a.network = &station.Network{
		Store: a.db, Finder: a.db, EVSEIDs: a.db, States: a.db, Verdicts: a.ledger, Commands: a.db, Settings: a.db, Security: a.db, Remote: a.stations, Presence: a.stations, Now: o.Now, NewID: o.NewID,
		Transfers: a.db, Monitors: a.db, Displays: a.db, Customers: a.db, Streams: a.db, Disk: store.Disk{Dir: o.Files}, BaseURL: o.BaseURL,
		Unknown: o.Unknown, Operator: o.Operator, Addresses: o.Addresses, Heartbeat: o.Heartbeat, Retry: o.Retry, Spread: o.Spread,
		Deviations: a.ledger, Models: models,
	}
	a.rereader = &station.Rereader{Network: a.network, New: o.ReadNew}
	a.tokens = &token.Tokens{Store: a.db, Accounts: a.db, Past: a.db, Unknown: a.db, Zone: o.Zone, Now: o.Now, NewID: o.NewID}
	a.accounts = &account.Book{Customers: a.db, Accounts: a.db, Now: o.Now, NewID: o.NewID}
	a.lists = &token.Lists{Store: a.db, Network: a.network, Now: o.Now}
	a.tariffs = &tariff.Book{Store: a.db, Now: o.Now, NewID: o.NewID}
	sites := &station.Sites{Store: a.db, Local: o.Zone, Now: o.Now, NewID: o.NewID}
	a.records = &billing.Records{
		Store: a.db, Tariffs: a.db, Transactions: a.db, Reservations: a.db, Zones: sites, Currency: o.Currency, Now: o.Now, NewID: o.NewID,
	}
	a.thinning = &billing.Thinning{Records: a.records, Store: a.db, After: time.Duration(o.MeterDays) * 24 * time.Hour}
	a.books = &billing.Ledger{Store: a.db, Now: o.Now, NewID: o.NewID}
	if o.Stripe != nil {
		o.Stripe.Mandates, o.Stripe.Now = a.db, o.Now
		o.Providers = append(o.Providers, stripe.New(*o.Stripe))
	}
	a.payments = &payment.Worker{Log: o.Log, Payments: &payment.Payments{
		Store: a.db, Providers: payment.NewProviders(append(o.Providers, &wallet.Provider{Ledger: a.db, Now: o.Now}, invoice.Provider{})...), Now: o.Now, NewID: o.NewID,
	}}
	a.reconcile(o)
	a.payments.Mandates = &payment.Mandates{
		Store: a.db, Accounts: a.db, Providers: a.payments.Providers, Seller: o.Seller.Name, Now: o.Now, NewID: o.NewID, Log: o.Log,
	}
	a.codes = &checkout.Codes{Store: a.db, Now: o.Now, NewID: o.NewID, NewCode: checkout.NewCode}
	a.inbox = &payment.Inbox{Store: a.db, Providers: a.payments.Providers, Wake: func() { wake(a.hear) }, Now: o.Now, NewID: o.NewID}
	a.follower = &payment.Follower{Payments: a.payments.Payments, Hints: a.db, Wake: func() { wake(a.pay) }, Log: o.Log}
	a.invoices = newInvoices(a.db, o.Invoicing, o.Seller, o.Currency, o.Zone, o.Now, o.NewID)
	a.transactions = &charging.Transactions{
		Store: o.Charging, Reservations: a.db, Tokens: a.tokens, Prices: a.records, Network: a.network, Live: live, Cloning: o.Cloning, Zone: o.Zone, Now: o.Now, NewID: o.NewID,
	}
	a.desk, a.standIns = a.newDesk(o), o.StandIns
	a.tokens.Guests = append(a.tokens.Guests, a.desk)
	a.people = access.NewPeople(a.db, a.db, o.Now, o.NewID)
	a.power = &power.Power{
		Store: a.db, Network: a.network, Transactions: a.transactions, Tariffs: a.db, Costs: a.records, Facts: a.network.PowerFacts, Now: o.Now, NewID: o.NewID, Log: o.Log,
	}
	a.sitePower = &site.Control{Store: a.db, Zone: sites.SiteZone, Power: a.power, Network: a.network, Now: o.Now, NewID: o.NewID, Log: o.Log}
	a.transactions.Measured = a.sitePower.Measured
	if o.Part.Measured != nil {
		a.transactions.Measured = o.Part.Measured
	}
	a.costs = &cost.Costs{
		Store: a.db, Network: a.network, Transactions: a.db, Prices: prices{a.records}, Language: readers{a.db}.Language, Zone: sites.Zone, Every: o.CostEvery, Now: o.Now, Log: o.Log,
	}
	if o.PublicURL != "" {
		a.costs.Receipt = func(ctx context.Context, transaction string) (string, error) {
			r, err := a.db.RecordOf(ctx, transaction)
			if err != nil {
				return "", err
			}
			return strings.TrimRight(o.PublicURL, "/") + api.Prefix + "/receipts/" + r.ID, nil
		}
	}
	if err := a.takeTerminals(o); err != nil {
		return nil, errors.Join(err, a.closeDB())
	}
	a.checks = &commission.Checks{
		Store: a.db, Network: a.network, Transactions: o.Charging, Power: a.power, Listener: a.stations, Now: o.Now, NewID: o.NewID, Log: o.Log,
	}
	if err := a.newFaults(ctx, o); err != nil {
		return nil, errors.Join(err, a.closeDB())
	}
	if o.Secret == nil {
		key := make([]byte, 32)
		rand.Read(key)
		o.Secret = func() ([]byte, error) { return key, nil }
	}
	links, err := derived(o.Secret, "links of payments")
	if err != nil {
		return nil, errors.Join(err, a.closeDB())
	}
	a.ca = &pki.CA{Store: a.db, Network: a.network, Secret: o.Secret, Operator: o.Operator, Now: o.Now, NewID: o.NewID}
	if o.PublicURL != "" {
		a.ca.BaseURL = strings.TrimRight(o.PublicURL, "/") + api.Prefix
	}
	a.network.Issuer = a.ca
	contracts := &pki.Contracts{Store: a.db, CA: a.ca, Client: pki.NewClient(o.Certifying.InternalResponder), Provider: o.Certifying.provider(), Now: o.Now}
	one := &v16.Adapter{Network: a.network, Transactions: a.transactions, Tokens: a.tokens, CA: a.ca, Costs: a.costs, Now: o.Now}
	two := &v2.Adapter{
		Network: a.network, Transactions: a.transactions, Tokens: a.tokens, Power: a.power, Costs: a.costs, CA: a.ca, Contracts: contracts, Currency: o.Currency, Now: o.Now,
		Terminals: a.terminals, VAT: o.Terminals.numbers(o.Now),
	}
	a.campaigns = &campaign.Campaigns{
		Store: a.db, Network: a.network, Presence: a.stations, Now: o.Now, NewID: o.NewID, Log: o.Log,
		Actions: a.actions(),
	}
	if err := a.newRemedies(o, sites); err != nil {
		return nil, errors.Join(err, a.closeDB())
	}
	a.gateway.Network = a.network
	a.gateway.Dialects = map[ocppj.Version]*gateway.Dialect{ocppj.V16: one.Dialect(), ocppj.V201: two.Dialect(ocppj.V201), ocppj.V21: two.Dialect(ocppj.V21)}
	a.newAlerts(o)
	a.newMembers(o)
	web := &api.Server{
		Network: a.network, Messages: a.db, Presence: a.stations, Mirrors: a.stations, Sites: sites, Checks: a.checks, Campaigns: a.campaigns, Remedies: a.remedies,
		Tokens: a.tokens, Accounts: a.accounts, Lists: a.lists, CA: a.ca, Contracts: contracts,
		Transactions: a.transactions, Power: a.power, SitePower: a.sitePower, Faults: a.faults, Drivers: a.newDrivers(o),
		Tariffs: a.tariffs, StationWords: two, Costs: a.costs,
		Records: a.records, Ledger: a.books, Payments: a.payments.Payments, Reconciler: a.reconciler, Invoices: a.invoices, Terminals: a.terminals,
		Codes: a.codes, Desk: a.desk, Alerts: a.alerts, Inbox: a.inbox, StandIns: o.StandIns, Meanings: a.catalogue, UnknownFaults: a.db,
		Dynamic: &checkout.DynamicCodes{Store: a.db, Network: a.network, PublicURL: o.PublicURL, Now: o.Now, NewSecret: o.NewSecret},
		Uptime:  a.newWatchers(o, sites),
		Events:  a.db, Bus: a.bus, Ready: a.readiness(), Observe: a.metrics.served, NewRequestID: rand.Text, People: a.people, Passkeys: access.NewPasskeys(a.db, a.db, o.Now), SignOn: o.SignOn, Trail: a.db, Members: a.members, Settings: o.Settings, MapTiles: o.MapTiles, Support: o.Invoicing.SupportPhone,
		Token: o.Token, PublicURL: o.PublicURL, BaseURL: o.BaseURL, LinkKey: links, Proxies: o.Proxies, Version: version, Zone: o.Zone, Now: o.Now, Log: o.Log,
	}
	a.newTeller(web)
	if !o.Part.leads() {
		a.metrics.registry.MustRegister(a.scrape())
		a.metrics.expect(slices.Sorted(maps.Keys(a.payments.Providers)))
	}
	a.health = web.Health()
	a.handler = bodiesWithin(bodyLimit, route(a.gateway, a.tracer.requests(lazily(web.Handler))))
	if o.Part.connects() {
		return a, nil
	}
	if err := errors.Join(a.firstTariff(ctx, o.Currency), a.checks.Begin(ctx)); err != nil {
		return nil, errors.Join(err, a.closeDB())
	}
	return a, nil
}

// closeDB closes the database, unless it is that of the node.
func (a *app) closeDB() error {
	if a.part.DB != nil {
		return nil
	}
	return a.db.Close()
}

// firstTariff makes a new system charge nothing until somebody sets a price.
func (a *app) firstTariff(ctx context.Context, currency string) error {
	have, err := a.db.Tariffs(ctx, "", 1)
	if err != nil || len(have) > 0 {
		return err
	}
	_, err = a.tariffs.Create(ctx, tariff.Tariff{Name: "Free until a price is set", Currency: currency},
		tariff.Version{Elements: []tariff.Element{{Dimension: tariff.Energy, Price: "0", VAT: "25"}}})
	if err != nil {
		return fmt.Errorf("making the first tariff: %w", err)
	}
	return nil
}

// told passes on durable events.
func (a *app) told(evs []gnista.Event) {
	for _, ev := range evs {
		a.metrics.told(ev)
		a.bus.Publish(ev)
		a.sitePower.Take(ev)
		switch ev.Kind {
		case "charge-record.issued", "account.top-up", "mandate.active":
			wake(a.pay)
		}
	}
	wake(a.nudge)
	wake(a.costNudge)
	wake(a.guestNudge)
	a.faultFeed.Add(evs)
	wake(a.remedyNudge)
	wake(a.watchers.nudge)
	wake(a.alertNudge)
}

func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// sweepEvery is how often transactions that wait for missing events are looked at.
const sweepEvery = time.Minute

// thinEvery is how often what meters said is looked at that has become old.
const thinEvery = time.Hour

// certifyEvery is how often stations are looked for whose certificates are to be renewed or roots installed.
const certifyEvery = 10 * time.Minute

// start begins to work.
func (a *app) start() {
	a.ledger.Start()
	if !a.part.leads() {
		a.messages.Start()
		a.gateway.Start()
	}
	if !a.part.connects() {
		a.work()
	}
	if a.node != nil {
		a.node.start()
	}
}

// work begins to do what is done once in a system, whatever number of nodes it has.
func (a *app) work() {
	ctx, stop := context.WithCancel(context.Background())
	a.stop = stop
	a.running.Go(func() { a.db.Consume(ctx, "billing", a.nudge, a.records.Take) })
	a.running.Go(func() { a.payments.Run(ctx, a.pay) })
	a.serveGuests(ctx)
	a.running.Go(func() { a.inbox.Run(ctx) })
	a.running.Go(func() { a.follower.Run(ctx, a.hear) })
	a.running.Go(func() { a.workOnInvoices(ctx) })
	a.running.Go(func() { a.reconciler.Run(ctx, a.unreconciled) })
	a.running.Go(func() { a.db.Consume(ctx, "cost", a.costNudge, a.costs.Take) })
	a.keepFaults(ctx)
	a.startWatching(ctx)
	a.tellOfFaults(ctx)
	a.running.Go(func() { a.members.Run(ctx) })
	telling, halt := context.WithCancel(ctx)
	a.halt = halt
	a.running.Go(func() { a.guard.Run(telling) })
	a.running.Go(func() { a.sitePower.Run(telling) })
	a.running.Go(func() { a.campaigns.Run(telling) })
	a.putRight(ctx, telling)
	a.every(ctx, sweepEvery, map[string]func(context.Context) error{
		"transactions": a.transactions.Sweep, "commands": a.network.Sweep, "security profiles": a.network.SweepProfiles, "reservations": a.transactions.SweepReservations, "invoices": a.invoices.Sweep,
		"sessions": a.people.Sweep, "sessions of drivers": a.members.Sweep, "payments": a.payments.Sweep, "payments at terminals": a.terminals.Sweep, "what is missing": a.payments.Dun, "reconciliations": a.reconciler.Sweep,
	})
	// Those that wait for stations keep nothing else waiting.
	a.every(ctx, sweepEvery, map[string]func(context.Context) error{"local lists": a.lists.Sweep})
	a.every(ctx, sweepEvery, map[string]func(context.Context) error{"mandates": a.payments.Mandates.Sweep})
	a.every(telling, sweepEvery, map[string]func(context.Context) error{"settings": a.rereader.Sweep})
	a.every(telling, sweepEvery, map[string]func(context.Context) error{"costs": a.costs.Sweep})
	a.every(ctx, pruneEvery, map[string]func(context.Context) error{"events": a.pruneEvents, "hints": a.follower.Forget})
	a.every(ctx, thinEvery, map[string]func(context.Context) error{"what meters said": a.thinning.Sweep})
	a.every(ctx, certifyEvery, map[string]func(context.Context) error{"certificates": a.ca.Sweep})
}

// How often old events are looked for, and how many are kept at the most: some weeks of a thousand busy
// stations, in a few gigabytes, whatever floods there are.
const (
	pruneEvery = 10 * time.Minute
	maxEvents  = 20_000_000
)

func (a *app) pruneEvents(ctx context.Context) error {
	before := time.Time{}
	if a.eventDays > 0 {
		before = a.now().Add(-time.Duration(a.eventDays) * 24 * time.Hour)
	}
	_, err := a.db.PruneEvents(ctx, before, maxEvents)
	return err
}

// every runs sweeps again and again until ctx ends.
func (a *app) every(ctx context.Context, pause time.Duration, sweeps map[string]func(context.Context) error) {
	a.running.Go(func() {
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				for what, sweep := range sweeps {
					if err := sweep(ctx); err != nil && ctx.Err() == nil {
						a.log.Error("what is unfinished could not be settled", "what", what, "err", err)
					}
				}
			}
		}
	})
}

// close ends the connections of stations, finishes what has begun and closes the database.
func (a *app) close(ctx context.Context) error {
	var err error
	if a.node != nil {
		err = a.node.leave(ctx)
	}
	works := a.stop != nil
	if works && a.part.leads() {
		a.stop() // another node does it soon
	}
	if works {
		a.checks.End() // while stations are still there, so that it can clean up
		a.halt()       // while stations are still there, so that none is thought to have failed
	}
	if !a.part.leads() {
		err = errors.Join(err, a.gateway.Stop(ctx))
	}
	a.transactions.Wait()
	a.costs.Close()
	if works {
		a.checks.Wait()
		a.stop()
		a.running.Wait()
	}
	if !a.part.leads() {
		a.messages.Stop()
	}
	a.ledger.Stop()
	if !a.part.leads() {
		if late := a.tracer.close(ctx); late != nil { // nobody needs them for anything to be right
			a.log.Warn("traces could not be sent", "err", late)
		}
	}
	if a.node != nil {
		err = errors.Join(err, a.node.close())
	}
	return errors.Join(err, a.closeDB())
}
