package nats

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	client "github.com/nats-io/nats.go"
)

// Conn is a connection to NATS that keeps nobody waiting who says something. The client does, while a write to a server
// from which it is cut off is not done, or while it looks for another: and who says something is about to answer a station.
type Conn struct {
	*client.Conn
	log     *slog.Logger
	up      atomic.Bool
	waiting chan utterance
	full    atomic.Bool // and it was logged
	ending  chan struct{}
	done    chan struct{}
}

type utterance struct {
	subject string
	data    []byte
}

const (
	// mostWaiting is how much may wait to be said. What does not find room is lost, as all is that is said while there is
	// no connection.
	mostWaiting = 8192
	// writeWithin is how long a write may take, and reachWithin how long it may take to connect: for so long orders to
	// stations of other nodes wait as well.
	writeWithin = 2 * time.Second
	reachWithin = 3 * time.Second
)

// Connect connects to NATS servers, one or several URLs with commas between, and goes on trying when they go away.
func Connect(urls, node string, log *slog.Logger) (*Conn, error) {
	c := &Conn{log: log, waiting: make(chan utterance, mostWaiting), ending: make(chan struct{}), done: make(chan struct{})}
	var err error
	c.Conn, err = client.Connect(urls, client.Name("gnista "+node), client.MaxReconnects(-1), client.ReconnectWait(500*time.Millisecond), client.ReconnectJitter(500*time.Millisecond, time.Second),
		client.PingInterval(5*time.Second), client.MaxPingsOutstanding(2), client.Timeout(reachWithin), client.FlusherTimeout(writeWithin),
		client.ReconnectBufSize(-1), // what is not heard at once is found again by numbers, and orders must not come late
		client.DisconnectErrHandler(func(_ *client.Conn, err error) {
			c.up.Store(false)
			log.Warn("the connection to NATS ended; other nodes are not reached until it is back", "err", err)
		}),
		client.ReconnectHandler(func(conn *client.Conn) {
			c.up.Store(true)
			log.Info("NATS is reached again", "server", conn.ConnectedUrlRedacted())
		}),
		client.ErrorHandler(func(_ *client.Conn, _ *client.Subscription, err error) { log.Warn("NATS told of an error", "err", err) }))
	if err != nil {
		return nil, fmt.Errorf("--nats: no server of NATS is reached: %w", err)
	}
	c.up.Store(true)
	go c.speak()
	return c, nil
}

// IsConnected tells whether there is a connection, as far as is known. It waits for nothing.
func (c *Conn) IsConnected() bool { return c.up.Load() }

// Close says what waits, and ends the connection.
func (c *Conn) Close() {
	close(c.ending)
	select {
	case <-c.done:
	case <-time.After(2 * writeWithin):
	}
	c.Conn.Close()
}

// say publishes, later and in order. What is not heard is no loss.
func (c *Conn) say(subject string, data []byte) {
	select {
	case c.waiting <- utterance{subject, data}:
	default:
		if c.up.Load() && !c.full.Swap(true) {
			c.log.Warn("NATS takes too long, so other nodes are not told of everything")
		}
	}
}

func (c *Conn) speak() {
	defer close(c.done)
	for {
		select {
		case m := <-c.waiting:
			c.publish(m)
			continue
		default:
		}
		c.full.Store(false)
		select {
		case m := <-c.waiting:
			c.publish(m)
		case <-c.ending:
			return
		}
	}
}

func (c *Conn) publish(m utterance) {
	if !c.up.Load() { // as was logged
		return
	}
	if err := c.Publish(m.subject, m.data); err != nil && c.up.Load() {
		c.log.Warn("other nodes could not be told", "err", err)
	}
}
