package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/cluster"
	"gnista/cluster/nats"
	"gnista/gateway"
	"gnista/ocpp/ocppj"
	"gnista/store"
)

// clustered are the settings of a node of a cluster.
type clustered struct {
	NATS    string `help:"Servers of NATS, as in nats://a:4222,nats://b:4222, that join several nodes on one PostgreSQL database; without them there is one node." name:"nats" placeholder:"URLS"`
	Node    string `help:"Name of this node, which no other has; without it that of the machine."`
	NodeURL string `help:"Address under which other nodes reach --listen, as in http://10.0.0.1:8080; without it that of --listen." name:"node-url" placeholder:"URL"`
}

// check tells what is wrong with the settings, and fills in what can be known.
func (c *clustered) check(listen, database, adminToken string, alone bool) error {
	if c.NATS == "" {
		if c.Node != "" || c.NodeURL != "" {
			return errors.New("--node and --node-url are for nodes of a cluster, which --nats makes this one")
		}
		return nil
	}
	switch {
	case !strings.HasPrefix(database, "postgres://") && !strings.HasPrefix(database, "postgresql://"):
		return errors.New("--nats: several nodes need a database that they can share: --database postgres://…")
	case adminToken == "":
		return errors.New("--nats: other nodes reach this one, so an admin token is needed, the same on all: set GNISTA_ADMIN_TOKEN")
	case alone:
		return errors.New("--nats: what is simulated (--demo, --test-payments) is of one node")
	}
	if c.Node == "" {
		name, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("--node: the machine does not tell its name: %w", err)
		}
		c.Node = name
	}
	if c.NodeURL == "" {
		at, err := netip.ParseAddrPort(listen)
		if err != nil || at.Addr().IsUnspecified() {
			return fmt.Errorf("--node-url: other nodes cannot tell from --listen %s where to reach this one: write it, as in http://10.0.0.1:8080", listen)
		}
		c.NodeURL = "http://" + listen
	}
	if u, err := url.Parse(c.NodeURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("--node-url: %q is not an address as in http://10.0.0.1:8080", c.NodeURL)
	}
	return nil
}

// node is this process in a cluster. All nodes take in the connections of stations; one of them leads: it does what
// must be done once, and serves the API and the pages, which the others pass on to it.
type node struct {
	member  *cluster.Member
	bus     *nats.Bus
	front   *app // takes in connections
	metrics *metrics
	db      *store.DB
	opts    options
	key     []byte   // by which nodes know what was passed on by one of them
	wrong   sync.Map // stations whose clocks were said to be off
	log     *slog.Logger

	lead    atomic.Pointer[leading]
	running sync.WaitGroup
	stop    context.CancelFunc
	failed  chan error
}

// leading is what the leading node has beside.
type leading struct {
	app *app
	bus *nats.Lead
}

// joinCluster opens the database that the nodes share, and makes the app of this one.
func joinCluster(ctx context.Context, c clustered, o options) (*app, error) {
	n := &node{opts: o, metrics: newMetrics(), log: o.Log, failed: make(chan error, 1)}
	var err error
	if n.key, err = derived(o.Secret, "requests that nodes pass on"); err != nil {
		return nil, err
	}
	subjects, err := derived(o.Secret, "subjects of a cluster")
	if err != nil {
		return nil, err
	}
	n.db, err = store.Open(ctx, o.Database, store.Options{Replica: o.Replica, Notify: n.told, Secret: o.Secret, Shared: true, Dial: dial, Committed: n.metrics.committed, Log: o.Log})
	if err != nil {
		return nil, err
	}
	n.member = &cluster.Member{Store: n.db, Node: cluster.Node{Name: c.Node, Run: o.NewID(), Address: strings.TrimRight(c.NodeURL, "/"), Version: version}, Begin: n.begin, Log: o.Log}
	if err := n.member.Join(ctx); err != nil {
		return nil, errors.Join(err, n.db.Close())
	}
	conn, err := nats.Connect(c.NATS, c.Node, o.Log)
	if err != nil {
		return nil, errors.Join(err, n.db.Leave(ctx, n.member.Node), n.db.Close())
	}
	n.bus = &nats.Bus{Conn: conn, Prefix: "gnista." + hex.EncodeToString(subjects[:8]), Node: c.Node, Claims: n.db, Log: o.Log}
	o.Part = part{DB: n.db, Metrics: n.metrics, Live: n, Claims: n.bus, Clocks: n, Measured: n.measured}
	if n.front, err = newApp(ctx, o); err != nil {
		conn.Close()
		return nil, errors.Join(err, n.db.Leave(ctx, n.member.Node), n.db.Close())
	}
	n.bus.Local, n.bus.Limit = n.front.gateway, n.front.gateway.Limits.Call
	n.bus.Codec = nats.NewCodec(orderTypes(n.front.gateway.Dialects))
	n.front.node = n
	own := n.front.handler
	n.front.handler = bodiesWithin(bodyLimit, route(n.front.gateway, n.pass(own)))
	return n.front, nil
}

// orderTypes are the types of the orders that the versions know.
func orderTypes(dialects map[ocppj.Version]*gateway.Dialect) []reflect.Type {
	types := map[reflect.Type]bool{}
	for _, d := range dialects {
		for t := range d.Orders {
			types[t] = true
		}
	}
	list := make([]reflect.Type, 0, len(types))
	for t := range types {
		list = append(list, t)
	}
	return list
}

// start joins the other nodes.
func (n *node) start() {
	ctx, stop := context.WithCancel(context.Background())
	n.stop = stop
	if err := n.bus.Serve(ctx); err != nil {
		n.failed <- err
		return
	}
	n.running.Go(func() {
		if err := n.member.Run(ctx); err != nil {
			n.failed <- err
		}
	})
}

// begin makes this node the one that leads, until end is called.
func (n *node) begin(ctx context.Context, _ int64) (end func(), err error) {
	x := &leading{}
	x.bus = &nats.Lead{Bus: n.bus, Now: n.opts.Now, Watched: func() bool { return x.app.bus.Watched() }, To: nats.Hears{
		Events: func(evs []gnista.Event) { x.app.told(evs) }, Live: func(ev gnista.Event) { x.app.bus.Publish(ev) },
		Measured: func(t *charging.Transaction, list []charging.Sample) { x.app.sitePower.Measured(t, list) },
		Clock:    func(id gnista.StationID, off time.Duration) { x.app.watchers.watch.Clocks.Told(id, off) },
	}}
	o := n.opts
	o.Part = part{DB: n.db, Metrics: n.metrics, Stations: x.bus}
	if x.app, err = newApp(ctx, o); err != nil {
		return nil, err
	}
	if err := x.bus.Start(); err != nil {
		return nil, err
	}
	x.app.start()
	n.lead.Store(x)
	return func() {
		n.lead.Store(nil)
		x.bus.Stop()
		ctx, done := context.WithTimeout(context.Background(), grace)
		defer done()
		if err := x.app.close(ctx); err != nil {
			n.log.Error("what the leading node did could not be ended as it should", "err", err)
		}
	}, nil
}

// leave has another node lead, before the stations of this one are disconnected.
func (n *node) leave(ctx context.Context) error {
	n.stop()
	n.running.Wait()
	return n.db.Leave(ctx, n.member.Node)
}

// close ends what the node has.
func (n *node) close() error {
	n.bus.Conn.Close()
	return n.db.Close()
}

// told passes on durable events to the node that leads.
func (n *node) told(evs []gnista.Event) {
	if x := n.lead.Load(); x != nil {
		x.app.told(evs)
	} else if n.bus != nil {
		n.bus.Told(evs)
	}
}

// Publish passes on an event that is not kept.
func (n *node) Publish(ev gnista.Event) {
	if x := n.lead.Load(); x != nil {
		x.app.bus.Publish(ev)
		return
	}
	n.bus.Publish(ev)
}

// Watched tells whether anybody looks on.
func (n *node) Watched() bool {
	if x := n.lead.Load(); x != nil {
		return x.app.bus.Watched()
	}
	return n.bus.Watched()
}

func (n *node) measured(t *charging.Transaction, list []charging.Sample) {
	if x := n.lead.Load(); x != nil {
		x.app.sitePower.Measured(t, list)
		return
	}
	n.bus.Measured(t, list)
}

// Told passes on how far the clock of a station is off, where that is of interest.
func (n *node) Told(id gnista.StationID, off time.Duration) {
	if x := n.lead.Load(); x != nil {
		x.app.watchers.watch.Clocks.Told(id, off)
		return
	}
	wrong := off.Abs() > n.opts.Watching.limits().Clock
	if _, was := n.wrong.Load(id); was || wrong {
		n.bus.ClockTold(id, off)
	}
	if wrong {
		n.wrong.Store(id, true)
	} else {
		n.wrong.Delete(id)
	}
}

// ownPaths are those that each node answers for itself.
var ownPaths = []string{"/livez", "/readyz", "/healthz"}

// passedBy is the header in which a node says for whom it passes a request on: their address, whether they came over
// TLS, and when, with a code that only nodes of the cluster can make.
const passedBy = "Gnista-Passed-By"

// passedFor is how long a request may be on its way from one node to another.
const passedFor = time.Minute

// pass serves requests where this node leads, and passes them on to the one that does.
func (n *node) pass(own http.Handler) http.Handler {
	proxy := &httputil.ReverseProxy{
		FlushInterval: -1,
		Transport:     toNodes(),
		Rewrite: func(r *httputil.ProxyRequest) {
			to, _ := r.In.Context().Value(leaderKey{}).(*url.URL)
			r.SetURL(to)
			r.Out.Host = r.In.Host
			for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
				if v, ok := r.In.Header[h]; ok {
					r.Out.Header[h] = v
				}
			}
			secure := "http"
			if r.In.TLS != nil {
				secure = "https"
			}
			about := r.In.RemoteAddr + " " + secure + " " + strconv.FormatInt(time.Now().UnixMilli(), 10)
			r.Out.Header.Set(passedBy, about+" "+n.sign(r.In, about))
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				n.log.Warn("the node that leads is not reached", "err", err)
			}
			nobodyLeads(w)
		},
		ErrorLog: slog.NewLogLogger(n.log.Handler(), slog.LevelWarn),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		passed := n.unpack(r)
		if slices.Contains(ownPaths, r.URL.Path) {
			own.ServeHTTP(w, r)
			return
		}
		if x := n.lead.Load(); x != nil {
			x.app.handler.ServeHTTP(w, r)
			return
		}
		l, ok := n.member.Leader()
		to, err := url.Parse(l.Node.Address)
		if passed || !ok || l.Mine || err != nil { // it begins to lead, or ended to
			nobodyLeads(w)
			return
		}
		proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), leaderKey{}, to)))
	})
}

type leaderKey struct{}

func nobodyLeads(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, "no node of this system leads at the moment; another one takes over within seconds, so try again", http.StatusServiceUnavailable)
}

// sign makes the code of a request that is passed on.
func (n *node) sign(r *http.Request, about string) string {
	m := hmac.New(sha256.New, n.key)
	fmt.Fprintf(m, "%s %s %s", r.Method, r.URL.RequestURI(), about)
	return hex.EncodeToString(m.Sum(nil))
}

// unpack makes a request that another node has passed on the one that it was, and tells whether it did.
func (n *node) unpack(r *http.Request) bool {
	said := r.Header.Get(passedBy)
	r.Header.Del(passedBy)
	about, code, ok := cutLast(said)
	if !ok || !hmac.Equal([]byte(code), []byte(n.sign(r, about))) {
		return false
	}
	parts := strings.Fields(about)
	if len(parts) != 3 {
		return false
	}
	at, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || time.Since(time.UnixMilli(at)).Abs() > passedFor {
		return false
	}
	r.RemoteAddr = parts[0]
	if parts[1] == "https" {
		r.TLS = &tls.ConnectionState{}
	}
	return true
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}
