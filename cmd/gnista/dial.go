package main

import (
	"context"
	"net"
	"net/http"
	"time"
)

// Those that this system needs and that are on the same network, the database and other nodes, are given so long.
const (
	reachWithin   = 5 * time.Second  // to take a connection
	unansweredFor = 10 * time.Second // to say that they have received what they were sent, before the connection is taken to be cut
)

// dial connects to what this system needs. A cut on the way, of which nobody is told, ends the connection soon: it would
// be a quarter of an hour until TCP gives up, and all who use the connection would wait for it.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: reachWithin, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: unansweredFor, Interval: unansweredFor / 4, Count: 4}, Control: endWhenUnanswered}
	return d.DialContext(ctx, network, address)
}

// toNodes is how requests are passed on to other nodes.
func toNodes() *http.Transport {
	t := &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 100, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: reachWithin}
	if usual, ok := http.DefaultTransport.(*http.Transport); ok {
		t.Proxy = usual.Proxy
	}
	return t
}
