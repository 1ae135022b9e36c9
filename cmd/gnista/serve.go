package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/alecthomas/kong"
	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/google/uuid"

	"gnista/api"
	"gnista/payment"
	"gnista/payment/stripe"
	"gnista/payment/swish"
	"gnista/station"
	"gnista/store"
	"gnista/token"
)

// database is where everything is kept.
type database struct {
	Data     string `help:"Folder for files and, unless --database says otherwise, for the database." default:"data" type:"path"`
	Database string `help:"sqlite:FILE or postgres://…; without it, gnista.db in the data folder."`
}

// url is the address of the database; it makes the folder for it.
func (d database) url() (string, error) {
	if d.Database != "" {
		return d.Database, nil
	}
	if err := os.MkdirAll(d.Data, 0o700); err != nil {
		return "", fmt.Errorf("making the data folder: %w", err)
	}
	return "sqlite:" + filepath.Join(d.Data, "gnista.db"), nil
}

// existing is the address of a database that is there.
func (d database) existing() (string, error) {
	if d.Database != "" {
		return d.Database, nil
	}
	file := filepath.Join(d.Data, "gnista.db")
	if _, err := os.Stat(file); err != nil {
		return "", fmt.Errorf("there is no database in the data folder: %w", err)
	}
	return "sqlite:" + file, nil
}

type serve struct {
	database
	certifying
	invoicing
	terminals
	watching
	collecting
	guests
	transport
	cards
	swishing
	alerting
	signingIn
	joining
	clustered
	tracing
	DatabaseReplica string                `help:"A streaming replica of the PostgreSQL database, postgres://…, from which reports are read that may be seconds old." placeholder:"URL"`
	Listen          string                `help:"Address for stations, API and pages." default:"127.0.0.1:8080"`
	AdminListen     string                `help:"Address for metrics (/metrics), health (/readyz) and profiles (/debug/pprof); none when empty. Nobody is asked who they are there, so do not make it public."`
	StopDelay       time.Duration         `help:"Time between being asked to end, from when /readyz says 503, and the end of connections: as long as a load balancer takes to notice." default:"0s"`
	Drain           time.Duration         `help:"Time over which the connections of stations are closed when the system is told to end, one after the other, so that they do not come to other nodes all at once; another signal ends it." default:"0s"`
	AdmitPerSecond  float64               `help:"Connections of stations that are let in each second; those that come faster wait, or are told to come back. 0 is no limit." default:"1000"`
	TCPKeepAlive    time.Duration         `help:"Time of silence after which the system looks whether the other end of a connection is still there, by a packet of TCP; four without an answer end it. More is less data for stations that pay for it by volume; too much, and ways through NAT are forgotten. 0 is never." default:"1m" name:"tcp-keep-alive"`
	PublicURL       string                `help:"Address under which the world reaches this system, as in https://charge.example." placeholder:"URL"`
	AdminToken      string                `help:"Bearer token with all rights. Better set as GNISTA_ADMIN_TOKEN than as a flag, which others on the machine can see. Without one only this machine may ask, and anybody on it has all rights." placeholder:"TOKEN"`
	UnknownStations station.UnknownPolicy `help:"What becomes of a station that is not registered: accept (registered and in service at once), pending (registered, and waits to be accepted) or refuse." enum:"accept,pending,refuse" default:"accept"`
	Heartbeat       time.Duration         `help:"Time between heartbeats of stations." default:"5m"`
	Retry           time.Duration         `help:"Time after which a station that is not accepted asks again." default:"1m"`
	ReadSettings    bool                  `help:"Ask stations for all of their settings where these, or those of their firmware, were never read." default:"true" negatable:""`
	Currency        string                `help:"Currency of the first tariff." default:"SEK"`
	TimeZone        string                `help:"Time zone of pages and receipts." default:"Europe/Stockholm"`
	CardApart       time.Duration         `help:"A card that begins to charge at two sites within this time is suspected to have been copied; 0 is never." default:"5m"`
	CardStarts      int                   `help:"A card that begins to charge more often than this within an hour is suspected to have been copied; 0 is never." default:"20"`
	CardBlock       bool                  `help:"Block a card that is suspected to have been copied, and not only tell of it."`
	MessageLogDays  int                   `help:"Days that OCPP messages are kept." default:"7"`
	MessageLogMB    int64                 `help:"Megabytes of OCPP messages that are kept." name:"message-log-mb" default:"512"`
	MeterDays       int                   `help:"Days after which what meters said is thinned out: as much is left as makes up each charge record anew, to the last digit. 0 is never; at least 100, as stations may tell of charges 90 days later." default:"0"`
	EventDays       int                   `help:"Days that events are kept, for who reads them over the API." default:"90"`
	MapPMTiles      string                `help:"File of map tiles in the PMTiles format, as of Protomaps, that the map is drawn with; without it that shows outlines of countries." name:"map-pmtiles" type:"existingfile"`
	LogLevel        slog.Level            `help:"debug, info, warn or error." default:"info"`
	LogFormat       string                `help:"text or json." enum:"text,json" default:"text"`
	Demo            bool                  `help:"Run with simulated stations, cards and a tariff, to look around."`

	sockets sockets
}

// Run serves until ctx ends.
func (s *serve) Run(ctx context.Context, k *kong.Context, o *output) error {
	log := s.logger(o.err)
	opts, err := s.options(log)
	if err != nil {
		return err
	}
	opts.Settings = effective(k)
	if err := s.sockets.inherit(); err != nil {
		return err
	}
	listener, err := s.listen(ctx)
	if err != nil {
		return err
	}
	if at, ok := listener.Addr().(*net.TCPAddr); ok && opts.BaseURL == "" && !at.IP.IsUnspecified() {
		opts.BaseURL = "http://" + at.String()
	}
	if (s.Demo || s.TestPayments) && opts.Stripe == nil && len(opts.Providers) == 0 {
		opts.Remember = filepath.Join(s.Data, "simulated")
		sim, err := startStripeSim(opts)
		if err != nil {
			listener.Close()
			return err
		}
		defer sim.end()
		sim.tell(listener.Addr())
		shop, err := simulateSwish(ctx, opts, listener.Addr())
		if err != nil {
			listener.Close()
			return err
		}
		opts.Stripe, opts.Providers = sim.config, []payment.Provider{shop}
		opts.StandIns = map[string]api.StandIn{stripe.Name: sim, swish.Name: shop}
		log.Warn("Stripe and Swish are simulated: no real money moves", "element", sim.config.URL+"/element?client_secret=…", "swish", shop.Endpoint)
	}
	if opts.Tracer, err = newTracer(ctx, s.OTLPEndpoint, log); err != nil {
		listener.Close()
		return err
	}
	make := newApp
	if s.NATS != "" {
		make = func(ctx context.Context, o options) (*app, error) { return joinCluster(ctx, s.clustered, o) }
	}
	a, err := make(ctx, opts)
	if err != nil {
		listener.Close()
		return err
	}
	return s.serve(ctx, a, listener, log, o.out)
}

func (s *serve) logger(w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: s.LogLevel}
	if s.LogFormat == "json" {
		return slog.New(withRequests{slog.NewJSONHandler(w, o)})
	}
	return slog.New(withRequests{slog.NewTextHandler(w, o)})
}

// checkReplicaURL makes sure that what is to have a replica can have one.
func checkReplicaURL(database, replica string) error {
	if replica == "" {
		return nil
	}
	for _, x := range []struct{ url, wrong string }{
		{replica, "is not a postgres://… address"},
		{database, "needs a database that has replicas: --database postgres://…"},
	} {
		if file, err := store.Kind(x.url); err != nil || file != "" {
			return errors.New("--database-replica " + x.wrong)
		}
	}
	return nil
}

func (s *serve) options(log *slog.Logger) (options, error) {
	url, err := s.url()
	if err != nil {
		return options{}, err
	}
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return options{}, fmt.Errorf("--time-zone: %w", err)
	}
	if err := errors.Join(s.checkPublicURL(), checkReplicaURL(url, s.DatabaseReplica), s.clustered.check(s.Listen, url, s.AdminToken, s.Demo || s.TestPayments)); err != nil {
		return options{}, err
	}
	for name, d := range map[string]time.Duration{"--heartbeat": s.Heartbeat, "--retry": s.Retry} {
		if d < time.Second {
			return options{}, fmt.Errorf("%s must be a second or more", name)
		}
	}
	secret, err := s.secret(s.Data)
	if err != nil {
		return options{}, err
	}
	if s.Demo && s.SellerName == noSeller {
		s.invoicing.demo()
	}
	seller, err := s.seller()
	if err == nil {
		err = errors.Join(s.invoicing.check(), s.terminals.check(), s.collecting.check(), s.watching.check(), s.tracing.check())
	}
	if err != nil {
		return options{}, err
	}
	card, err := s.cards.config()
	if err != nil {
		return options{}, err
	}
	mailer, err := s.alerting.mailer()
	if err != nil {
		return options{}, err
	}
	signOn, err := s.signingIn.provider(now)
	if err != nil {
		return options{}, err
	}
	joins, err := s.terms(s.Currency, s.Demo)
	if err != nil {
		return options{}, err
	}
	policy, err := s.policy(s.Currency)
	if err != nil {
		return options{}, err
	}
	if s.AdmitPerSecond < 0 || s.Drain < 0 || s.TCPKeepAlive < 0 {
		return options{}, errors.New("--admit-per-second, --drain and --tcp-keep-alive must not be negative")
	}
	if s.MeterDays != 0 && s.MeterDays < leastMeterDays {
		return options{}, fmt.Errorf("--meter-days must be 0 or at least %d: stations may tell of charges that late", leastMeterDays)
	}
	for name, n := range map[string]int64{"--card-apart": int64(s.CardApart), "--card-starts": int64(s.CardStarts)} {
		if n < 0 {
			return options{}, fmt.Errorf("%s is negative", name)
		}
	}
	o := options{
		Cloning:    token.Cloning{Apart: s.CardApart, PerHour: s.CardStarts, Block: s.CardBlock},
		Certifying: s.certifying, Secret: secret,
		Database: url, Replica: s.DatabaseReplica, Files: filepath.Join(s.Data, "files"), Token: s.AdminToken, PublicURL: s.PublicURL, BaseURL: s.PublicURL, Unknown: s.UnknownStations, Heartbeat: s.Heartbeat, Retry: s.Retry, Currency: s.Currency, Zone: zone,
		Seller: seller, Invoicing: s.invoicing, Collecting: s.collecting, Stripe: card, Guests: policy, Terminals: s.terminals, Watching: s.watching, Alerting: s.alerting, Mailer: mailer, SignOn: signOn, SignUp: joins, ShowLinks: s.Demo && mailer == nil, NewSecret: rand.Text,
		ReadNew: s.ReadSettings, LogDays: s.MessageLogDays, LogMB: s.MessageLogMB, MeterDays: s.MeterDays, EventDays: s.EventDays, Admit: s.AdmitPerSecond, Drain: s.Drain, Spread: spread, MapTiles: s.MapPMTiles, Now: now, NewID: newID, Log: log,
	}
	paid, err := s.swishing.provider(o)
	if err != nil {
		return options{}, err
	}
	if paid != nil {
		o.Providers = append(o.Providers, paid)
	}
	if s.Demo { // in which cars charge for half a minute
		o.CostEvery = 5 * time.Second
	}
	return o, s.fill(&o)
}

// checkPublicURL checks the address that is said to be public. With one there is a proxy, to which all
// requests seem to come from this machine.
func (s *serve) checkPublicURL() error {
	if s.PublicURL == "" {
		return nil
	}
	u, err := url.Parse(s.PublicURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("--public-url: %q is not an address as in https://charge.example", s.PublicURL)
	}
	if s.AdminToken == "" {
		return errors.New("others can reach --public-url, so an admin token is needed: set GNISTA_ADMIN_TOKEN")
	}
	return nil
}

// newID makes ids that cannot be guessed and are in the order of time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// listen opens the address. Without an admin token it must be one of this machine's own.
func (s *serve) listen(ctx context.Context) (net.Listener, error) {
	s.sockets.silent = s.TCPKeepAlive
	l, err := s.sockets.listen(ctx, "listen", s.Listen)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	at, ok := l.Addr().(*net.TCPAddr)
	if s.AdminToken == "" && !(ok && at.IP.IsLoopback()) {
		l.Close()
		return nil, fmt.Errorf("others can reach %s, so an admin token is needed: set GNISTA_ADMIN_TOKEN", l.Addr())
	}
	return l, nil
}

// leastMeterDays are more than a station may be late with what it tells of a charge.
const leastMeterDays = 100

// spread is by how much of it the intervals of stations differ.
const spread = 0.1

// breathing is how long requests have to end by themselves. Streams do not, so that they are ended then.
const breathing = 500 * time.Millisecond

// grace is how long an end may take that was asked for.
const grace = 20 * time.Second

func (s *serve) serve(ctx context.Context, a *app, listener net.Listener, log *slog.Logger, out io.Writer) error {
	a.start()
	// Streams of events last as long as their readers like, so they end with this.
	base, cancel := context.WithCancel(context.Background())
	open, err := s.ports(ctx, a, &s.sockets, s.AdminToken, log)
	open = append(open, port{listener, a.handler})
	servers := make([]*http.Server, len(open))
	failed := make(chan error, len(open)+1)
	for i, p := range open {
		servers[i] = a.server(p.handler)
		servers[i].BaseContext = func(net.Listener) context.Context { return base }
		go func() { failed <- servers[i].Serve(p.Listener) }()
	}
	var admin *http.Server
	if err == nil {
		admin, err = a.adminPort(ctx, &s.sockets, s.AdminListen, failed, out)
	}
	leaving := daemon.SdNotifyStopping
	var show *demo
	if err == nil && s.Demo {
		show, err = startDemo(ctx, a, listener.Addr(), log)
	}
	if err == nil {
		fmt.Fprintf(out, "Gnista listens on http://%s/ and for stations on ws://%s/ocpp/{stationId}\n", listener.Addr(), listener.Addr())
		for _, p := range open[:len(open)-1] {
			fmt.Fprintf(out, "Gnista listens %s\n", p.described(a))
		}
		if s.UnknownStations == station.AcceptUnknown {
			log.Warn("stations that are not registered are taken into service; --unknown-stations says otherwise")
		}
		tellSystemd(log, daemon.SdNotifyReady)
		var lost <-chan error
		if a.node != nil {
			lost = a.node.failed
		}
		again := s.sockets.asked()
		select {
		case <-ctx.Done():
		case err = <-failed:
		case err = <-lost:
		case <-again:
			log.Info("starting again; who connects meanwhile waits")
			leaving, err = daemon.SdNotifyReloading, s.sockets.keep()
		}
	}
	if err == nil {
		a.leave(leaving, s.StopDelay, log, failed)
	}
	log.Info("stopping")
	show.end() // while there is still somebody to tell
	time.AfterFunc(breathing, cancel)
	if admin != nil { // last, so that it can be seen how the rest ends
		defer admin.Close()
	}
	end, done := context.WithTimeout(context.Background(), grace)
	defer done()
	var ending sync.WaitGroup
	for _, server := range servers {
		ending.Go(func() {
			if late := server.Shutdown(end); late != nil {
				log.Warn("requests that do not end are cut off", "err", late)
				server.Close()
			}
		})
	}
	ending.Wait()
	// What requests have taken of their time must not be missing for stations.
	end, done = context.WithTimeout(context.Background(), s.Drain+grace)
	defer done()
	if err := errors.Join(err, a.close(end)); err != nil {
		return err
	}
	return s.sockets.again(ctx)
}
