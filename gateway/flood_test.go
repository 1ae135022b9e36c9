package gateway

import (
	"fmt"
	"net"
	"testing"
	"time"
)

func TestMeters(t *testing.T) {
	var m meters
	r := Rate{PerSecond: 2, Burst: 3}
	at := time.Unix(1000, 0)
	f := func(name string, after time.Duration, want bool) {
		t.Helper()
		at = at.Add(after)
		if got := m.take(name, r, at); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	for range 3 {
		f("a", 0, true)
	}
	f("a", 0, false)
	f("b", 0, true)
	f("a", 400*time.Millisecond, false)
	f("a", 100*time.Millisecond, true)
	f("a", 0, false)
	f("a", -time.Hour, false) // a clock that is set back gives nothing away
	f("a", time.Hour+time.Minute, true)
	if !m.take("c", Rate{}, at) {
		t.Error("no rate is a limit")
	}
}

// Names that somebody makes up take a bounded amount of memory.
func TestManyMeters(t *testing.T) {
	var m meters
	for i := range 3 * maxMeters {
		m.take(fmt.Sprint(i), Rate{PerSecond: 0.001, Burst: 1}, time.Unix(1000, 0))
	}
	if n := len(m.levels); n > maxMeters {
		t.Errorf("%d names are kept", n)
	}
}

// from is a connection from an address.
type from struct {
	net.Conn
	address string
}

func (c *from) RemoteAddr() net.Addr {
	a, _ := net.ResolveTCPAddr("tcp", c.address)
	return a
}

func TestCrowd(t *testing.T) {
	var c crowd
	f := func(conn *from, want bool) {
		t.Helper()
		if got := c.enter(conn, 4, 2); got != want {
			t.Errorf("%s: %v", conn.address, got)
		}
	}
	a := &from{address: "10.0.0.1:1"}
	f(a, true)
	f(&from{address: "10.0.0.1:2"}, true)
	f(&from{address: "[::ffff:10.0.0.1]:3"}, false) // the same address
	c.leave(a)
	c.leave(a) // once is enough
	c.leave(&from{address: "10.0.0.1:9"})
	f(&from{address: "10.0.0.1:3"}, true)
	f(&from{address: "10.0.0.1:4"}, false)
	f(&from{address: "[2001:db8::1]:1"}, true)
	f(&from{address: "[2001:db8::2]:1"}, true) // of one owner
	f(&from{address: "10.0.0.2:1"}, false)     // there are four
	c = crowd{}
	f(&from{address: "[2001:db8::1]:1"}, true)
	f(&from{address: "[2001:db8::2]:1"}, true)
	f(&from{address: "[2001:db8::3]:1"}, false)
}
