package gateway

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// poller watches the sockets of idle sessions with epoll, so that they need no goroutine. A socket is
// armed for one wake-up at a time; who is woken reads all that there is and arms it again. It begins
// with the first socket.
type poller struct {
	begin sync.Once
	epoll int // -1 when there is none
	wake  int // an eventfd that ends the loop
	ended chan struct{}
	log   *slog.Logger

	mu   sync.Mutex
	byFD []*Session  // by the number of the socket; nil where there is none
	jobs chan func() // to workers that wait for one
}

func newPoller(log *slog.Logger) *poller {
	return &poller{epoll: -1, ended: make(chan struct{}), log: log, jobs: make(chan func())}
}

// noSocket is the number of the socket of who has none.
const noSocket = -1

// idleWorker is how long a worker waits for another job.
const idleWorker = time.Second

// do runs a job in a goroutine: in one that has just ended another where there is one, because growing
// the stack of a new one costs more than the job of a short message.
func (p *poller) do(s *Server, job func()) {
	select {
	case p.jobs <- job:
		return
	default:
	}
	s.running.Go(func() {
		idle := time.NewTimer(idleWorker)
		defer idle.Stop()
		for {
			job()
			idle.Reset(idleWorker)
			select {
			case job = <-p.jobs:
			case <-idle.C:
				return
			case <-s.done:
				return
			}
		}
	})
}

func (p *poller) start() {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err == nil {
		if p.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err == nil {
			err = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, p.wake, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(p.wake)})
		}
	}
	if err != nil {
		p.log.Warn("idle connections cannot be watched and take a goroutine each", "err", err)
		return
	}
	p.epoll = epoll
	go p.loop()
}

// watch takes over a session whose connection is a socket of the system or a [Waker], and tells whether it did.
// What has come in early is handled first.
func (p *poller) watch(x *Session, early []byte) bool {
	if _, ok := wakes(x.socket.Conn); ok {
		p.do(x.server, func() { p.read(x, noSocket, early, 0) })
		return true
	}
	fd, ok := descriptor(x.socket.Conn)
	if !ok {
		return false
	}
	if p.begin.Do(p.start); p.epoll < 0 {
		return false
	}
	p.do(x.server, func() { p.read(x, fd, early, unix.EPOLL_CTL_ADD) })
	return true
}

// forget lets go of a session. Its socket must not be closed before.
func (p *poller) forget(x *Session) {
	fd, ok := descriptor(x.socket.Conn)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at(fd) == x {
		p.byFD[fd] = nil
	}
}

// at is the session whose socket has a number; nil where there is none. mu is held.
func (p *poller) at(fd int32) *Session {
	if int(fd) >= len(p.byFD) {
		return nil
	}
	return p.byFD[fd]
}

// descriptor is the number of the TCP socket under a connection.
func descriptor(c net.Conn) (fd int32, ok bool) {
	if over := under(c); over != nil {
		c = over.Conn
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return 0, false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return 0, false
	}
	err = raw.Control(func(n uintptr) { fd = int32(n) })
	return fd, err == nil
}

// wakes is the connection, or the one below its TLS, where that wakes us by itself.
func wakes(c net.Conn) (w Waker, ok bool) {
	if over := under(c); over != nil {
		c = over.Conn
	}
	w, ok = c.(Waker)
	return w, ok
}

// under is the seam that a TLS connection has been put on, if any.
func under(c net.Conn) *seam {
	over, ok := c.(*tls.Conn)
	if !ok {
		return nil
	}
	x, _ := over.NetConn().(*seam)
	return x
}

func (p *poller) loop() {
	defer close(p.ended)
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := unix.EpollWait(p.epoll, events, -1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			p.log.Error("idle connections are no longer watched", "err", err)
			return
		}
		for _, e := range events[:max(n, 0)] {
			if e.Fd == int32(p.wake) {
				return
			}
			p.woken(e.Fd)
		}
	}
}

// woken has a socket read of which the system said that it has something, or the one that had its
// number before had.
func (p *poller) woken(fd int32) {
	p.mu.Lock()
	x := p.at(fd)
	p.mu.Unlock()
	if x != nil {
		p.do(x.server, func() { p.read(x, fd, nil, unix.EPOLL_CTL_MOD) })
	}
}

func (p *poller) close() {
	if p.begin.Do(func() {}); p.epoll < 0 {
		return
	}
	unix.Write(p.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	<-p.ended
	unix.Close(p.epoll)
	unix.Close(p.wake)
}

// read takes in what the socket has, arms it again and then serves the requests that came. So the
// answers to our own CALLs are read while a request is being served.
func (p *poller) read(x *Session, fd int32, early []byte, op int) {
	if !x.reading.CompareAndSwap(false, true) {
		return // woken for a socket that had our number before; whoever reads arms it again
	}
	r := readers.Get().(*bufio.Reader)
	src := &source{conn: x.socket.Conn, seam: under(x.socket.Conn), limit: x.server.Limits.Frame, early: early}
	r.Reset(src)
	work, err := p.readAvailable(x, r, src)
	r.Reset(nil)
	readers.Put(r)
	x.reading.Store(false)
	if err != nil {
		x.endBy(err)
	} else if w, ok := wakes(x.socket.Conn); ok {
		w.Wake(func() { p.do(x.server, func() { p.read(x, noSocket, nil, 0) }) })
	} else if err := p.arm(x, fd, op); err != nil {
		x.endBy(err)
	}
	if work {
		x.Work(context.Background())
	}
}

// arm lets the socket wake us once more. A session that has not ended has its socket still: whoever
// ends it waits for the lock before it is closed, and its number given to another. That no event finds
// a session before its socket is watched keeps those of the number's last owner from it.
func (p *poller) arm(x *Session, fd int32, op int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if x.ended.Load() {
		return nil
	}
	if more := int(fd) + 1 - len(p.byFD); more > 0 {
		p.byFD = append(p.byFD, make([]*Session, more)...)
	}
	p.byFD[fd] = x
	return unix.EpollCtl(p.epoll, op, int(fd), &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLONESHOT, Fd: fd})
}

// readAvailable reads frames until the socket has no more, and tells whether there are requests for
// this goroutine to serve.
func (p *poller) readAvailable(x *Session, r *bufio.Reader, src *source) (work bool, err error) {
	for more := true; more; {
		text, err := x.socket.Read(r)
		if errors.Is(err, errNothing) {
			return work, nil
		}
		if err != nil {
			return work, err
		}
		begun := r.Buffered() > 0
		if err := src.next(begun); err != nil {
			return work, err
		}
		more = begun || len(src.early) > 0
		if !more && src.seam != nil {
			// TLS may have read more from the socket than it gave us, and nothing would wake us for it.
			_, err := r.Peek(1)
			more = !errors.Is(err, errNothing)
		}
		if !x.take(text) {
			continue
		}
		// A flood makes Receive wait, and somebody must be at work then.
		if more {
			x.server.running.Go(func() { x.Work(context.Background()) })
		} else {
			work = true
		}
	}
	return work, nil
}

// source reads a socket: for a new frame only what is there, then with a time limit, for the rest of a
// frame must follow its beginning.
type source struct {
	conn  net.Conn
	seam  *seam // below conn where that is TLS
	limit time.Duration
	early []byte // what came in before

	begun   bool // something of the frame has come in
	waiting bool // the time limit is set
}

// next makes ready for another frame, which has begun to come in or not.
func (s *source) next(begun bool) error {
	s.begun = begun
	if !s.waiting {
		return nil
	}
	s.waiting = false
	return s.conn.SetReadDeadline(time.Time{})
}

func (s *source) Read(b []byte) (n int, err error) {
	if len(s.early) > 0 {
		n = copy(b, s.early)
		s.early, s.begun = s.early[n:], true
		return n, nil
	}
	if !s.begun {
		n, err = s.readNow(b)
		s.begun = n > 0
		return n, err
	}
	if !s.waiting {
		s.waiting = true
		if err := s.conn.SetReadDeadline(time.Now().Add(s.limit)); err != nil {
			return 0, err
		}
	}
	return s.conn.Read(b)
}

func (s *source) readNow(b []byte) (n int, err error) {
	if s.seam == nil {
		return readNow(s.conn, b)
	}
	s.seam.now = true
	defer func() { s.seam.now = false }()
	return s.conn.Read(b)
}

// readNow reads what a socket has, without waiting.
func readNow(c net.Conn, b []byte) (n int, err error) {
	if w, ok := c.(Waker); ok {
		if n, err = w.ReadNow(b); n == 0 && err == nil {
			err = errNothing
		}
		return n, err
	}
	socket, ok := c.(syscall.Conn)
	if !ok {
		return c.Read(b)
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0, err
	}
	again := raw.Read(func(fd uintptr) bool {
		for {
			n, err = unix.Read(int(fd), b)
			if !errors.Is(err, unix.EINTR) {
				return true
			}
		}
	})
	switch {
	case again != nil:
		return 0, again
	case errors.Is(err, unix.EAGAIN):
		return 0, errNothing
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}
