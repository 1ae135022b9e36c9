package main_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	natsserver "github.com/nats-io/nats-server/v2/server"

	"gnista"
	"gnista/sim"
	"gnista/store/storetest"
)

// startBus starts a NATS server; port -1 is any.
func startBus(t testing.TB, port int) *natsserver.Server {
	t.Helper()
	s, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: port, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the NATS server does not start")
	}
	t.Cleanup(s.Shutdown)
	return s
}

func stopBus(s *natsserver.Server) (port int) {
	port = s.Addr().(*net.TCPAddr).Port
	s.Shutdown()
	s.WaitForShutdown()
	return port
}

// balancer passes on connections to addresses in turn, and to the next one where one does not answer.
type balancer struct {
	net.Listener
	turn atomic.Int64
	mu   sync.Mutex
	open map[net.Conn]bool
}

func balance(t *testing.T, to ...string) *balancer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	b := &balancer{Listener: l, open: map[net.Conn]bool{}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go b.pass(c, to)
		}
	}()
	return b
}

func (b *balancer) pass(c net.Conn, to []string) {
	defer c.Close()
	for range to {
		far, err := net.DialTimeout("tcp", to[int(b.turn.Add(1))%len(to)], time.Second)
		if err != nil {
			continue
		}
		defer far.Close()
		b.mu.Lock()
		b.open[c] = true
		b.mu.Unlock()
		go func() { io.Copy(far, c); far.Close() }()
		io.Copy(c, far)
		b.mu.Lock()
		delete(b.open, c)
		b.mu.Unlock()
		return
	}
}

// cut ends all connections without a word.
func (b *balancer) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.open {
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
}

func (b *balancer) String() string { return b.Addr().String() }

// nodes are those of a cluster, on one machine and with one secret key.
type nodes struct {
	binary, data string
	flags        []string
	list         []*server
}

func startNodes(t testing.TB, n int, flags ...string) *nodes {
	t.Helper()
	c := &nodes{binary: build(t), data: t.TempDir(), flags: flags}
	for i := range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		l.Close()
		c.list = append(c.list, c.start(t, i, address))
	}
	for _, s := range c.list {
		s.led(t)
	}
	return c
}

func (c *nodes) start(t testing.TB, i int, address string) *server {
	t.Helper()
	return start(t, c.binary, address, c.data, append([]string{"--node", fmt.Sprint("node", i)}, c.flags...)...)
}

func (c *nodes) addresses() (list []string) {
	for _, s := range c.list {
		list = append(list, s.address)
	}
	return list
}

// led waits until some node leads, as this one sees it.
func (s *server) led(t testing.TB) {
	t.Helper()
	eventually(t, "a node leads", func() bool {
		resp, _ := s.send(t, "GET", "/stations?limit=1", "", admin())
		return resp.StatusCode == http.StatusOK
	})
}

// leader is the index of the node that leads.
func (c *nodes) leader() int {
	return slices.IndexFunc(c.list, func(s *server) bool {
		return strings.Count(s.log.String(), "this node leads\" ") > strings.Count(s.log.String(), "this node leads no longer") && !s.killed
	})
}

// Stations of any node are told what is asked of any other, and the newest of their connections counts.
func TestNodes(t *testing.T) {
	b := startBus(t, -1)
	c := startNodes(t, 3, "--database", storetest.Postgres(t), "--nats", b.ClientURL())
	first, last := c.list[0], c.list[2]
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	for i, s := range c.list {
		x := &sim.Station{
			ID: gnista.StationID(fmt.Sprint("NODE", i)), Version: []gnista.Version{gnista.V16, gnista.V201, gnista.V21}[i], URL: "ws://" + s.address + "/ocpp",
			Timeout: 10 * time.Second, Retry: 100 * time.Millisecond, Now: time.Now, NewID: uuid.NewString,
		}
		if err := x.Connect(ctx); err != nil {
			t.Fatal(err)
		}
		defer x.Disconnect()
	}
	type view struct {
		ID        string `json:"id"`
		Connected bool   `json:"connected"`
		Version   string `json:"version"`
	}
	for i := range c.list {
		for _, s := range c.list {
			path := fmt.Sprint("/stations/NODE", i)
			eventually(t, "every node knows of every station", func() bool {
				resp, text := s.send(t, "GET", path, "", admin())
				return resp.StatusCode == 200 && decode[view](t, text).Connected
			})
			s.do(t, "POST", path+"/trigger", `{"message":"heartbeat"}`)
			s.do(t, "POST", path+"/calls", `{"action":"ClearCache","payload":{}}`)
			s.refused(t, "POST", path+"/calls", `{"action":"Nonsense","payload":{}}`, 422)
		}
	}
	// Events of stations of one node are heard at another.
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+first.address+"/api/v1/events?station=NODE2", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = admin()
	stream, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	heard := make(chan string, 1)
	go func() {
		var all strings.Builder
		buf := make([]byte, 4096)
		for {
			n, err := stream.Body.Read(buf)
			if all.Write(buf[:n]); strings.Contains(all.String(), "station.disconnected") || err != nil {
				heard <- all.String()
				return
			}
		}
	}()

	// A second connection of a station, at another node.
	again := &sim.Station{ID: "NODE2", Version: gnista.V16, URL: "ws://" + first.address + "/ocpp", Timeout: 10 * time.Second, Retry: time.Hour, Now: time.Now, NewID: uuid.NewString}
	time.Sleep(300 * time.Millisecond) // the stream has begun
	if err := again.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the newest connection counts", func() bool {
		return decode[view](t, last.do(t, "GET", "/stations/NODE2", "")).Version == "1.6"
	})
	again.Disconnect()
	eventually(t, "the station comes back to its own node", func() bool {
		v := decode[view](t, first.do(t, "GET", "/stations/NODE2", ""))
		return v.Connected && v.Version == "2.1"
	})
	select {
	case <-heard:
	case <-time.After(peerPatience):
		t.Error("no event of the station is heard")
	}

	// What comes to another node is judged by where it came from.
	forged := admin()
	forged.Set("Gnista-Passed-By", "127.0.0.1:1 https 1 00")
	if resp, _ := first.send(t, "GET", "/stations", "", forged); resp.StatusCode != 200 {
		t.Errorf("a request with a forged header: %s", resp.Status)
	}
	if resp, _ := first.send(t, "GET", "/stations", "", http.Header{}); resp.StatusCode != 401 {
		t.Errorf("a request without a token: %s", resp.Status)
	}

	for want, flags := range map[string][]string{
		`another node named "node0"`:      append([]string{"--node", "node0"}, c.flags...),
		"the node \"node0\" of a cluster": {"--database", c.flags[1]},
		"several nodes need a database":   {"--nats", c.flags[3], "--database", "sqlite:" + filepath.Join(t.TempDir(), "x.db")},
		"no server of NATS is reached":    {"--node", "node9", "--database", c.flags[1], "--nats", "nats://127.0.0.1:1"},
		"are for nodes of a cluster":      {"--node", "node9", "--database", c.flags[1]},
	} {
		if flags[0] == "--database" && strings.HasPrefix(want, "the node") {
			flags = append(flags, "--node-url", "")
		}
		if said := c.refuses(t, flags...); !strings.Contains(said, want) {
			t.Errorf("with %q a node says %q, and not %q", flags, said, want)
		}
	}
}

// refuses starts a node that must not start, and returns what it says.
func (c *nodes) refuses(t *testing.T, flags ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), peerPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.binary, append([]string{"serve", "--listen", "127.0.0.1:0", "--node-url", "http://127.0.0.1:1", "--data", c.data}, flags...)...)
	cmd.Env = append(os.Environ(), "GNISTA_ADMIN_TOKEN="+peerAdmin)
	out, err := cmd.CombinedOutput()
	if err == nil || ctx.Err() != nil {
		t.Errorf("it starts with %q", flags)
	}
	return string(out)
}

// Nodes are killed again and again, and NATS is started anew, while stations charge. What was confirmed is there,
// once, and billed once.
func TestKillNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it takes a minute")
	}
	const stations = 60
	b := startBus(t, -1)
	c := startNodes(t, 3, "--database", storetest.Postgres(t), "--nats", b.ClientURL())
	c.list[0].do(t, "POST", "/tariffs", `{"name":"Public","currency":"SEK","default":true,"elements":[{"type":"energy","price":40}]}`)
	c.list[1].do(t, "POST", "/tokens", `{"uid":"CARD"}`)
	confirmed := &told{events: map[string]sim.Event{}}
	park := newPark("ws://"+balance(t, c.addresses()...).String()+"/ocpp", stations, confirmed)
	stop := play(t, park)
	for round := range 3 {
		confirmed.await(t, stations/4)
		victim := rand.IntN(len(c.list))
		if leads := c.leader(); round == 1 && leads >= 0 {
			victim = leads
		}
		c.list[victim].kill()
		if round == 2 {
			startBus(t, stopBus(b))
		}
		confirmed.await(t, stations/8)
		c.list[victim] = c.start(t, victim, c.list[victim].address)
		c.list[victim].led(t)
	}
	confirmed.await(t, stations/4)
	stop()
	finished := confirmed.finished()
	s := c.list[rand.IntN(len(c.list))]
	eventually(t, "everything is billed", func() bool { return len(everything[record](t, s, "/charge-records")) >= finished })
	audit(t, s, confirmed, finished)
}
