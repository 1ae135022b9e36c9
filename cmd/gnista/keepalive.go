package main

import (
	"net"
	"time"
)

// What is not answered so often, one after the other, ends a connection.
const (
	probeAgain = 15 * time.Second
	probes     = 4
)

// alive is a listener whose connections are asked whether the other end is still there when they have been silent for
// some time. That also keeps the way through NAT open. 0 is never.
type alive struct {
	net.Listener
	silent time.Duration
}

func (l alive) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if t, ok := c.(*net.TCPConn); ok {
		t.SetKeepAliveConfig(net.KeepAliveConfig{Enable: l.silent > 0, Idle: l.silent, Interval: probeAgain, Count: probes}) // without it the connection works as well
	}
	return c, err
}
