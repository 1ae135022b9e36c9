//go:build linux

package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A tunnel carries the connections of many stations over one, so that a server holds more of them than a process may
// open files. Each piece of a connection has its number and its length before it, 4 bytes each. The first piece with a
// number begins a connection, and one that has pieceEnd for a length ends it.
const (
	pieceHead = 8
	pieceEnd  = 1<<32 - 1 // as a length
	pieceMost = 1 << 20
)

// tunnels is a listener whose connections are those that tunnels carry, which come to another listener.
type tunnels struct {
	net.Listener
	carried chan net.Conn
	done    chan struct{}
	err     error // why no more come, when done is closed
}

func newTunnels(l net.Listener) *tunnels {
	t := &tunnels{Listener: l, carried: make(chan net.Conn), done: make(chan struct{})}
	go func() {
		defer close(t.done)
		for {
			c, err := l.Accept()
			if err != nil {
				t.err = err
				return
			}
			go (&tunnel{conn: c, carried: map[uint32]*carriedConn{}}).read(t)
		}
	}()
	return t
}

func (t *tunnels) Accept() (net.Conn, error) {
	select {
	case c := <-t.carried:
		return c, nil
	case <-t.done:
		return nil, t.err
	}
}

// tunnel is the server's end of one.
type tunnel struct {
	conn    net.Conn
	writing sync.Mutex
	carried map[uint32]*carriedConn // belongs to who reads
}

// read passes on what comes, until nothing does.
func (t *tunnel) read(to *tunnels) {
	r := bufio.NewReaderSize(t.conn, 64<<10)
	head := make([]byte, pieceHead)
	for {
		if _, err := io.ReadFull(r, head); err != nil {
			break
		}
		n, size := binary.BigEndian.Uint32(head), binary.BigEndian.Uint32(head[4:])
		c := t.carried[n]
		if size == pieceEnd {
			delete(t.carried, n)
			if c != nil {
				c.take(nil, io.EOF)
			}
			continue
		}
		if size > pieceMost {
			break
		}
		piece := make([]byte, size)
		if _, err := io.ReadFull(r, piece); err != nil {
			break
		}
		if c == nil {
			c = &carriedConn{tunnel: t, number: n}
			t.carried[n] = c
			select {
			case to.carried <- c:
			case <-to.done:
			}
		}
		c.take(piece, nil)
	}
	t.conn.Close()
	for _, c := range t.carried {
		c.take(nil, io.EOF)
	}
}

// write sends a piece of a connection; its end where size is that.
func (t *tunnel) write(number, size uint32, b []byte) error {
	var head [pieceHead]byte
	binary.BigEndian.PutUint32(head[:], number)
	binary.BigEndian.PutUint32(head[4:], size)
	t.writing.Lock()
	defer t.writing.Unlock()
	_, err := (&net.Buffers{head[:], b}).WriteTo(t.conn)
	return err
}

// carriedConn is a connection that a tunnel carries. It takes in what comes without a bound: who sends waits for answers.
type carriedConn struct {
	tunnel *tunnel
	number uint32

	mu     sync.Mutex
	in     []byte
	err    error         // there is no more behind in
	late   *time.Timer   // of the time limit of a Read, when there is one that has not passed
	passed bool          // the time limit
	ready  chan struct{} // closed for a Read that waits
	wake   func()
}

// take is told what came, or that nothing more does.
func (c *carriedConn) take(b []byte, err error) {
	c.mu.Lock()
	if len(c.in) == 0 {
		c.in = b
	} else {
		c.in = append(c.in, b...)
	}
	if c.err == nil {
		c.err = err
	}
	f := c.stir()
	c.mu.Unlock()
	if f != nil {
		f()
	}
}

// stir lets a Read that waits look again, and gives what is to be woken. mu is held.
func (c *carriedConn) stir() (wake func()) {
	if c.ready != nil {
		close(c.ready)
		c.ready = nil
	}
	wake, c.wake = c.wake, nil
	return wake
}

func (c *carriedConn) Wake(f func()) {
	c.mu.Lock()
	now := len(c.in) > 0 || c.err != nil
	if !now {
		c.wake = f
	}
	c.mu.Unlock()
	if now {
		f()
	}
}

func (c *carriedConn) ReadNow(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.readNow(b)
}

func (c *carriedConn) readNow(b []byte) (int, error) {
	if len(c.in) == 0 {
		return 0, c.err
	}
	n := copy(b, c.in)
	if c.in = c.in[n:]; len(c.in) == 0 {
		c.in = nil
	}
	return n, nil
}

func (c *carriedConn) Read(b []byte) (int, error) {
	for {
		c.mu.Lock()
		if c.passed {
			c.mu.Unlock()
			return 0, os.ErrDeadlineExceeded
		}
		if n, err := c.readNow(b); n > 0 || err != nil || len(b) == 0 {
			c.mu.Unlock()
			return n, err
		}
		if c.ready == nil {
			c.ready = make(chan struct{})
		}
		ready := c.ready
		c.mu.Unlock()
		<-ready
	}
}

func (c *carriedConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	err := c.err
	c.mu.Unlock()
	if err == nil {
		err = c.tunnel.write(c.number, uint32(len(b)), b)
	}
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

func (c *carriedConn) Close() error {
	c.mu.Lock()
	open := c.err == nil
	c.in, c.err, c.wake = nil, net.ErrClosed, nil
	c.stir()
	c.mu.Unlock()
	if !open {
		return nil
	}
	return c.tunnel.write(c.number, pieceEnd, nil)
}

// SetReadDeadline is what requests of HTTP and frames that have begun need; writing has no limit but the tunnel's.
func (c *carriedConn) SetReadDeadline(at time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.late != nil {
		c.late.Stop()
		c.late = nil
	}
	c.passed = !at.IsZero() && !at.After(time.Now())
	switch {
	case c.passed && c.ready != nil:
		close(c.ready)
		c.ready = nil
	case !c.passed && !at.IsZero():
		var late *time.Timer
		late = time.AfterFunc(time.Until(at), func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.late != late {
				return // it was set anew meanwhile
			}
			if c.late, c.passed = nil, true; c.ready != nil {
				close(c.ready)
				c.ready = nil
			}
		})
		c.late = late
	}
	return nil
}

func (c *carriedConn) SetDeadline(at time.Time) error   { return c.SetReadDeadline(at) }
func (c *carriedConn) SetWriteDeadline(time.Time) error { return nil }
func (c *carriedConn) LocalAddr() net.Addr              { return c.tunnel.conn.LocalAddr() }

// RemoteAddr is the address that the station would have with a socket.
func (c *carriedConn) RemoteAddr() net.Addr {
	i := int32(c.number % numbered)
	from := sourceOf(i)
	return &net.TCPAddr{IP: from[:], Port: 1024 + int(i)%portsEach}
}

// herdTunnels are how many tunnels a herd has.
const herdTunnels = 4

// numbered are so many stations at the most: the rest of a connection's number is how often its station has connected,
// so that what is late for one connection does not come to the next.
const numbered = 1 << 21

// tunnelEnd is a herd's end of a tunnel, which nobody waits for.
type tunnelEnd struct {
	fd  int
	out []byte // is to be sent
	in  []byte // has come, of a piece that is not whole
}

// dig makes the tunnels of a herd.
func (h *herd) dig() error {
	for range herdTunnels {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("a tunnel: %w", err)
		}
		h.tunnels = append(h.tunnels, tunnelEnd{fd: fd})
		// Below 0 are tunnels, where else is the number of a station.
		err = errors.Join(unix.Connect(fd, h.to), unix.SetNonblock(fd, true), unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
			unix.EpollCtl(h.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(-len(h.tunnels))}))
		if err != nil {
			return fmt.Errorf("a tunnel: %w", err)
		}
	}
	return nil
}

// piece puts a piece of a station's connection into its tunnel; the end of it where size is that.
func (h *herd) piece(i int32, size uint32, b []byte) {
	t := &h.tunnels[int(i)%len(h.tunnels)]
	t.out = binary.BigEndian.AppendUint32(t.out, uint32(i)|uint32(h.members[i].fd)*numbered)
	t.out = append(binary.BigEndian.AppendUint32(t.out, size), b...)
}

// flush sends what the tunnels have, as far as they take it.
func (h *herd) flush() error {
	for k := range h.tunnels {
		t := &h.tunnels[k]
		for len(t.out) > 0 {
			n, err := unix.Write(t.fd, t.out)
			if errors.Is(err, unix.EAGAIN) {
				break
			}
			if err != nil {
				return fmt.Errorf("a tunnel: %w", err)
			}
			t.out = append(t.out[:0], t.out[n:]...)
		}
	}
	return nil
}

// dug reads what a tunnel has.
func (h *herd) dug(t *tunnelEnd) error {
	n, err := unix.Read(t.fd, h.in)
	switch {
	case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR):
		return nil
	case err != nil:
		return fmt.Errorf("a tunnel: %w", err)
	case n == 0:
		return errors.New("a tunnel: the server closed it")
	}
	got := append(t.in, h.in[:n]...)
	used := 0
	for rest := got; len(rest) >= pieceHead; rest = got[used:] {
		number, size := binary.BigEndian.Uint32(rest), binary.BigEndian.Uint32(rest[4:])
		ends := size == pieceEnd
		if ends {
			size = 0
		}
		if uint32(len(rest)) < pieceHead+size {
			break
		}
		used += int(pieceHead + size)
		i := int32(number % numbered)
		m := &h.members[i]
		switch {
		case m.state == absent || uint32(m.fd) != number/numbered: // of a connection that is no more
		case ends:
			h.lose(i, "the server closed the connection")
		default:
			h.came(i, m, rest[pieceHead:pieceHead+size])
		}
	}
	t.in = append(t.in[:0], got[used:]...)
	return nil
}
