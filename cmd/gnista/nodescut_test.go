package main_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	natsserver "github.com/nats-io/nats-server/v2/server"

	"gnista"
	"gnista/sim"
	"gnista/store/storetest"
)

// cutting are three nodes, each on a machine of its own, with PostgreSQL on another, while stations charge at them.
type cutting struct {
	*network
	*nodes
	machines  []machine
	db, bus   string // their addresses
	confirmed *told
}

// patiently is eventually for what takes a cluster some time by itself.
func patiently(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(4 * peerPatience); !so(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it does not come to it that %s", what)
		}
	}
}

// ask asks a node over a connection of its own: of an older one nobody knows whether it was cut. 0 is no answer.
func (c *cutting) ask(t *testing.T, i int, method, path, body string) (int, []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*peerPatience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+c.list[i].address+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = admin()
	r.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil
	}
	return resp.StatusCode, text
}

// status is what a node answers to a question that only the leading one can answer.
func (c *cutting) status(t *testing.T, i int) int {
	t.Helper()
	code, _ := c.ask(t, i, "GET", "/stations?limit=1", "")
	return code
}

// lead waits until one node leads, and not that one, and all others but it pass on what they are asked.
func (c *cutting) lead(t *testing.T, not int) int {
	t.Helper()
	patiently(t, "another node leads", func() bool {
		for i := range c.list {
			if i != not && c.status(t, i) != http.StatusOK {
				return false
			}
		}
		return c.leader() >= 0
	})
	for i := range c.list {
		if i != not && strings.Count(c.list[i].log.String(), "this node leads\" ") > strings.Count(c.list[i].log.String(), "this node leads no longer") {
			return i
		}
	}
	t.Fatal("no node says that it leads")
	return -1
}

// shown tells whether a node that is asked takes the station that is always at node i to be connected.
func (c *cutting) shown(t *testing.T, asked, i int) bool {
	t.Helper()
	code, text := c.ask(t, asked, "GET", fmt.Sprint("/stations/AT", i), "")
	return code == http.StatusOK && decode[struct{ Connected bool }](t, text).Connected
}

// reached tells whether it is, and answers to an order.
func (c *cutting) reached(t *testing.T, asked, i int) bool {
	t.Helper()
	if !c.shown(t, asked, i) {
		return false
	}
	code, _ := c.ask(t, asked, "POST", fmt.Sprintf("/stations/AT%d/trigger", i), `{"message":"heartbeat"}`)
	return code == http.StatusOK
}

// whole mends the network, and waits until all is as it was: every node serves, and reaches every station.
func (c *cutting) whole(t *testing.T) {
	t.Helper()
	c.mend(t)
	http.DefaultClient.CloseIdleConnections()
	wrong := ""
	defer func() {
		if t.Failed() {
			t.Log(wrong)
		}
	}()
	patiently(t, "all is right again", func() bool {
		for i := range c.list {
			if got := c.status(t, i); got != http.StatusOK {
				wrong = fmt.Sprintf("node %d answers %d", i, got)
				return false
			}
			if !c.reached(t, (i+1)%len(c.list), i) {
				wrong = fmt.Sprintf("the station at node %d is not reached", i)
				return false
			}
		}
		return true
	})
}

// Three nodes, each in a network of its own, are cut off from NATS, from PostgreSQL, from each other and from
// everything, by packets that get lost without a word. What docs/cluster.md promises of each is so, and nothing is lost or
// billed twice.
func TestNodesCut(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it takes two minutes")
	}
	const stations = 30
	n := newNetwork(t)
	n.here(t)
	bus := n.here(t)
	b, err := natsserver.NewServer(&natsserver.Options{Host: bus, Port: -1, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	b.Start()
	t.Cleanup(b.Shutdown)
	if !b.ReadyForConnections(peerPatience) {
		t.Fatal("the NATS server does not start")
	}
	db := n.machine(t)
	url := storetest.PostgresAt(t, db.address, db.in()...)
	c := &cutting{network: n, db: db.address, bus: bus, confirmed: &told{events: map[string]sim.Event{}}}
	c.nodes = &nodes{binary: build(t), data: t.TempDir()}
	for i := range 3 {
		m := n.machine(t)
		c.machines = append(c.machines, m)
		inside := filepath.Join(t.TempDir(), "gnista")
		text := "#!/bin/sh\nexec " + strings.Join(m.in(c.binary), " ") + " \"$@\"\n"
		if err := os.WriteFile(inside, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		s := start(t, inside, port(m.address, 8080), c.data, "--node", fmt.Sprint("node", i), "--database", url, "--nats", b.ClientURL(), "--heartbeat", "5s")
		defer s.quit(t)
		c.list = append(c.list, s)
	}
	for _, s := range c.list {
		s.led(t)
	}
	c.list[0].do(t, "POST", "/tariffs", `{"name":"Public","currency":"SEK","default":true,"elements":[{"type":"energy","price":40}]}`)
	c.list[1].do(t, "POST", "/tokens", `{"uid":"CARD"}`)

	park := newPark("ws://"+balance(t, c.addresses()...).String()+"/ocpp", stations, c.confirmed)
	for _, p := range park.Plays {
		p.Patience = 15 * time.Second // a status that was lost with a cut is not told again
	}
	for i, s := range c.list { // one that stays at each
		park.Plays = append(park.Plays, &sim.Play{Scenario: sim.Normal, Station: &sim.Station{
			ID: gnista.StationID(fmt.Sprint("AT", i)), Version: gnista.V201, URL: "ws://" + s.address + "/ocpp",
			Timeout: 5 * time.Second, Retry: 100 * time.Millisecond, Now: time.Now, NewID: uuid.NewString,
		}})
	}
	stop := play(t, park)
	c.whole(t)
	c.confirmed.await(t, stations/2)

	for _, x := range []struct {
		what string
		do   func(t *testing.T)
	}{
		{"a node and NATS", c.fromNATS},
		{"the leading node and PostgreSQL", c.fromDatabase},
		{"a node and the others", c.fromOthers},
		{"the leading node and everything", c.fromAll},
	} {
		if !t.Run(x.what, func(t *testing.T) {
			began := time.Now()
			x.do(t)
			mended := time.Now()
			c.whole(t)
			c.confirmed.await(t, stations/3)
			t.Logf("%v until it was mended, %v until all was right again", mended.Sub(began).Round(time.Millisecond), time.Since(mended).Round(time.Millisecond))
		}) {
			break
		}
	}
	stop()
	finished := c.confirmed.finished()
	s := c.list[0]
	eventually(t, "everything is billed", func() bool { return len(everything[record](t, s, "/charge-records")) >= finished })
	audit(t, s, c.confirmed, finished)
	agrees(t, c.binary, c.data, "after cuts", "--database", url)
}

// The stations of a node that does not reach NATS charge on, are shown as not connected, and are given no orders.
func (c *cutting) fromNATS(t *testing.T) {
	leads := c.lead(t, -1)
	off := (leads + 1) % len(c.list)
	c.cut(t, c.machines[off].address, c.bus)
	patiently(t, "the station of the node that is cut off is shown as not connected", func() bool { return !c.shown(t, leads, off) })
	c.confirmed.await(t, 10)
	if now := c.lead(t, -1); now != leads {
		t.Errorf("node %d leads and no longer node %d, which has all that it needs", now, leads)
	}
}

// Another node leads when the leading one does not reach the database, and the one before knows that it does not.
func (c *cutting) fromDatabase(t *testing.T) {
	leads := c.lead(t, -1)
	began := time.Now()
	c.cut(t, c.machines[leads].address, c.db)
	next := c.lead(t, leads)
	t.Logf("node %d leads after %v", next, time.Since(began).Round(time.Millisecond))
	patiently(t, "the node before says that it does not lead", func() bool { return c.status(t, leads) == http.StatusServiceUnavailable })
	c.confirmed.await(t, 10)
}

// A node that does not reach the leading one says so at once, and its stations are served and reached.
func (c *cutting) fromOthers(t *testing.T) {
	leads := c.lead(t, -1)
	off, third := (leads+1)%len(c.list), (leads+2)%len(c.list)
	c.cut(t, c.machines[off].address, c.machines[leads].address, c.machines[third].address)
	patiently(t, "the node says that it does not reach the leading one", func() bool { return c.status(t, off) == http.StatusServiceUnavailable })
	if !c.reached(t, leads, off) || c.status(t, third) != http.StatusOK {
		t.Error("the leading node does not reach a station of the node, or a third node does not reach it")
	}
	c.confirmed.await(t, 10)
}

// A node whose cable is pulled is as one that is gone: another one leads and its stations come to others.
func (c *cutting) fromAll(t *testing.T) {
	leads := c.lead(t, -1)
	began := time.Now()
	c.pull(t, c.machines[leads], "down")
	next := c.lead(t, leads)
	t.Logf("node %d leads after %v", next, time.Since(began).Round(time.Millisecond))
	c.confirmed.await(t, 10)
	c.pull(t, c.machines[leads], "up")
}
