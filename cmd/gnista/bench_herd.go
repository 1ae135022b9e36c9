//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// herd is very many stations of OCPP 2.0.1 in one goroutine, which keep a few bytes each: they boot, send
// heartbeats, and some of them events of a transaction each. It must not be used by two goroutines at once.
type herd struct {
	to       unix.Sockaddr
	host     string
	began    time.Time
	charging int           // so many in a hundred have a transaction
	beat     time.Duration // between heartbeats
	event    time.Duration // between events
	patience time.Duration // how long an answer may take

	members []head
	wheel   *wheel
	goal    int // the first so many of the members are to be connected
	begun   int // how many of them were told to
	joining int // are on their way from a socket to the end of their boot
	up      int
	epoll   int
	tunnels []tunnelEnd // that carry all connections, if any
	tls     bool
	sealed  map[int32]*sealed // of those that have TLS
	sealing map[int32]bool    // are in its handshake
	plain   []byte            // what one of them has opened
	events  []unix.EpollEvent
	in, out []byte
	parts   map[int32][]byte // what came in of frames that are not whole yet; rarely any

	heartbeats, updates counted
	lost                map[string]int // connections that had come up, by why they ended
	failed              map[string]int // attempts that did not, likewise
	stuck               error          // the system gives no more sockets
}

// counted are answered messages of a kind.
type counted struct {
	n      int
	delays []uint32 // in units of 10 µs
}

// head is a station of a herd.
type head struct {
	fd    int32  // of its socket; with tunnels, how often it has connected
	beat  uint32 // the tick of its next heartbeat
	event uint32 // and of its next event
	sent  uint32 // when what waits for an answer was sent, in units of 10 µs
	seq   uint32 // of its next event
	state herdState
	open  openCall
}

type herdState uint8

const (
	absent herdState = iota
	dialling
	shaking
	booting
	here
)

// openCall is what a member waits for an answer to.
type openCall uint8

const (
	nothing openCall = iota
	bootCall
	beatCall
	eventCall
)

const (
	herdTick  = 10 * time.Millisecond
	herdSlots = 1 << 15
	herdAgain = 2 * time.Second // until who was lost connects again
	arriving  = 512             // stations that connect and boot at one time
	webKey    = "R25pc3RhIGxvYWQgc3RhdA=="
)

// webAccept is the answer to webKey (RFC 6455 §4.2.2).
func webAccept() string {
	sum := sha1.Sum([]byte(webKey + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// newHerd makes stations that will connect to host:port.
func newHerd(address string, n int) (*herd, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().Is4() {
		return nil, fmt.Errorf("%q is not an IPv4 address and a port", address)
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return &herd{
		to: &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}, host: address, began: time.Now(), beat: 5 * time.Minute, event: time.Minute, patience: 30 * time.Second,
		members: make([]head, n), wheel: newWheel(n, herdSlots), epoll: epoll, events: make([]unix.EpollEvent, 256), in: make([]byte, 64<<10),
		parts: map[int32][]byte{}, sealed: map[int32]*sealed{}, sealing: map[int32]bool{}, plain: make([]byte, 64<<10), lost: map[string]int{}, failed: map[string]int{},
	}, nil
}

// close lets go of all connections, once.
func (h *herd) close() {
	if h.epoll < 0 {
		return
	}
	for i := range h.members {
		if h.tunnels == nil && h.members[i].state != absent {
			unix.Close(int(h.members[i].fd))
		}
	}
	for _, t := range h.tunnels {
		unix.Close(t.fd)
	}
	unix.Close(h.epoll)
	h.epoll = -1
}

func (h *herd) micros10() uint32     { return uint32(time.Since(h.began) / (10 * time.Microsecond)) }
func (h *herd) tick() uint32         { return uint32(time.Since(h.began) / herdTick) }
func ticks(d time.Duration) uint32   { return uint32(d / herdTick) }
func (h *herd) charges(i int32) bool { return int(i)%100 < h.charging }

// scatter is a tick within a time from now, another one for each station.
func (h *herd) scatter(i int32, d time.Duration) uint32 {
	return h.tick() + 1 + uint32(uint64(uint32(i)*2654435769)*uint64(ticks(d))>>32)
}

// during lets the stations live until f has ended.
func (h *herd) during(ctx context.Context, f func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- f() }()
	for {
		select {
		case err := <-ended:
			return err
		default:
		}
		if err := h.step(ctx); err != nil {
			return errors.Join(err, <-ended)
		}
	}
}

// live lets them live for a time.
func (h *herd) live(ctx context.Context, d time.Duration) error {
	for end := time.Now().Add(d); time.Now().Before(end); {
		if err := h.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// grow has n stations in all connected, and returns when they are, or when for as long as an answer may
// take no other was.
func (h *herd) grow(ctx context.Context, n int, progress func(up int)) error {
	h.goal = n
	most, since, told := h.up, time.Now(), time.Now()
	for h.up < n && h.stuck == nil && time.Since(since) < h.patience+herdAgain {
		if err := h.step(ctx); err != nil {
			return err
		}
		if h.up > most {
			most, since = h.up, time.Now()
		}
		if time.Since(told) > time.Second {
			progress(h.up)
			told = time.Now()
		}
	}
	progress(h.up)
	return nil
}

// pace has all stations send at other intervals from now on.
func (h *herd) pace(beat, event time.Duration) {
	h.beat, h.event = beat, event
	for i := range int32(h.begun) {
		if m := &h.members[i]; m.state == here {
			m.beat, m.event = h.scatter(i, beat), h.scatter(i, event)
			if m.open == nothing {
				h.next(i, m)
			}
		}
	}
}

// step takes in what the system tells, for a tick at the most, and sends what is due.
func (h *herd) step(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for h.begun < h.goal && h.joining < arriving && h.stuck == nil {
		h.dial(int32(h.begun))
		h.begun++
	}
	n, err := unix.EpollWait(h.epoll, h.events, int(herdTick/time.Millisecond))
	if err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("waiting for sockets: %w", err)
	}
	for _, e := range h.events[:max(n, 0)] {
		if e.Fd >= 0 {
			h.woken(e.Fd)
		} else if err := h.dug(&h.tunnels[-e.Fd-1]); err != nil {
			return err
		}
	}
	h.seal()
	h.wheel.turn(h.tick(), h.due)
	return h.flush()
}

// due does what a station has to do at its tick.
func (h *herd) due(i int32) {
	m := &h.members[i]
	switch {
	case m.state == absent && h.joining < arriving:
		h.dial(i)
	case m.state == absent:
		h.wheel.put(i, h.wheel.now+ticks(herdAgain))
	case m.state != here || m.open != nothing:
		h.lose(i, fmt.Sprintf("no answer within %v", h.patience))
	case h.charges(i) && m.event <= h.wheel.now:
		m.event = h.wheel.now + ticks(h.event)
		if m.seq == 0 {
			m.event = h.scatter(i, h.event)
		}
		h.call(i, eventCall, eventText(int(i), int(m.seq), time.Now(), time.Minute))
	default:
		m.beat = h.wheel.now + ticks(h.beat)
		h.call(i, beatCall, heartbeat)
	}
}

// next has the wheel give back a station when it is to send.
func (h *herd) next(i int32, m *head) {
	due := m.beat
	if h.charges(i) {
		due = min(due, m.event)
	}
	h.wheel.put(i, due)
}

// await has it give back a station whose answer does not come in time.
func (h *herd) await(i int32, m *head) {
	m.sent = h.micros10()
	h.wheel.put(i, h.tick()+ticks(h.patience))
}

// dial begins to connect a station, which the wheel does not have.
func (h *herd) dial(i int32) {
	m := &h.members[i]
	if h.tunnels != nil {
		m.fd, m.state, m.open = (m.fd+1)%(1<<32/numbered), shaking, nothing
		h.joining++
		h.await(i, m)
		h.opened(i)
		return
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = errors.Join(
			unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1),
			unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
			unix.Bind(fd, &unix.SockaddrInet4{Addr: sourceOf(i)}))
		if err == nil {
			if err = unix.Connect(fd, h.to); errors.Is(err, unix.EINPROGRESS) {
				err = nil
			}
		}
		if err == nil {
			err = unix.EpollCtl(h.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLOUT, Fd: i})
		}
		if err != nil {
			unix.Close(fd)
		}
	}
	if err != nil {
		h.failed[err.Error()]++
		if !errors.Is(err, unix.ECONNREFUSED) && !errors.Is(err, unix.ECONNRESET) {
			h.stuck = err
		}
		h.wheel.put(i, h.tick()+ticks(herdAgain))
		return
	}
	m.fd, m.state, m.open = int32(fd), dialling, nothing
	h.joining++
	h.await(i, m)
}

// sourceOf is the address that a station connects from.
func sourceOf(i int32) [4]byte {
	from := int(i) / portsEach
	return [4]byte{127, 0, byte(1 + from/250), byte(2 + from%250)}
}

// lose ends a connection, for a reason, and has the station connect again later.
func (h *herd) lose(i int32, why string) {
	m := &h.members[i]
	if m.state == here {
		h.up--
		h.lost[why]++
	} else {
		h.joining--
		h.failed[why]++
	}
	if h.tunnels != nil {
		h.piece(i, pieceEnd, nil)
	} else {
		unix.Close(int(m.fd))
	}
	delete(h.parts, i)
	if s := h.sealed[i]; s != nil {
		s.leave()
		delete(h.sealed, i)
		delete(h.sealing, i)
	}
	m.state, m.open = absent, nothing
	h.wheel.put(i, h.tick()+ticks(herdAgain))
}

// woken goes on with a station whose socket has something.
func (h *herd) woken(i int32) {
	m := &h.members[i]
	switch {
	case m.state == absent:
	case m.state == dialling:
		if code, err := unix.GetsockoptInt(int(m.fd), unix.SOL_SOCKET, unix.SO_ERROR); err != nil || code != 0 {
			h.lose(i, "connecting: "+unix.Errno(code).Error())
			return
		}
		if err := unix.EpollCtl(h.epoll, unix.EPOLL_CTL_MOD, int(m.fd), &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: i}); err != nil {
			h.lose(i, err.Error())
			return
		}
		m.state = shaking
		h.opened(i)
	default:
		h.read(i, m)
	}
}

// greet asks for a WebSocket.
func (h *herd) greet(i int32) {
	h.write(i, fmt.Appendf(h.out[:0], "GET /ocpp/%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: ocpp2.0.1\r\n\r\n", loadName(int(i)), h.host, webKey))
}

// send gives bytes to a station's connection.
func (h *herd) send(i int32, b []byte) {
	if h.tunnels != nil {
		h.piece(i, uint32(len(b)), b)
		return
	}
	if n, err := unix.Write(int(h.members[i].fd), b); err != nil || n < len(b) {
		h.lose(i, "the server reads no more")
	}
}

// call sends a request and waits for its answer.
func (h *herd) call(i int32, what openCall, text []byte) {
	m := &h.members[i]
	m.open = what
	h.await(i, m)
	h.frame(i, 1, text)
}

// frame sends a frame that is masked with zeroes.
func (h *herd) frame(i int32, opcode byte, payload []byte) {
	b := append(h.out[:0], 0x80|opcode)
	if n := len(payload); n < 126 {
		b = append(b, 0x80|byte(n))
	} else {
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	}
	b = append(append(b, 0, 0, 0, 0), payload...)
	h.out = b
	h.write(i, b)
}

// read takes in what a socket has.
func (h *herd) read(i int32, m *head) {
	n, err := unix.Read(int(m.fd), h.in)
	switch {
	case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR):
		return
	case err != nil:
		h.lose(i, "the connection broke: "+err.Error())
		return
	case n == 0:
		h.lose(i, "the server closed the connection")
		return
	}
	h.came(i, m, h.in[:n])
}

// got takes in what has come for a station, opened.
func (h *herd) got(i int32, m *head, got []byte) {
	if part := h.parts[i]; part != nil {
		got = append(part, got...)
	}
	for len(got) > 0 && m.state != absent {
		used := 0
		if m.state == shaking {
			used = h.shaken(i, m, got)
		} else {
			used = h.framed(i, m, got)
		}
		if used == 0 {
			break
		}
		got = got[used:]
	}
	if len(got) > 0 && m.state != absent {
		h.parts[i] = bytes.Clone(got)
	} else {
		delete(h.parts, i)
	}
}

// shaken takes in the answer to the handshake and returns how long it is, 0 while it is not whole.
func (h *herd) shaken(i int32, m *head, got []byte) int {
	head, _, whole := bytes.Cut(got, []byte("\r\n\r\n"))
	switch {
	case !whole:
		return 0
	case !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")):
		line, _, _ := bytes.Cut(head, []byte("\r\n"))
		h.lose(i, "the handshake was answered "+string(line))
	case !bytes.Contains(head, []byte(webAccept())) || !bytes.Contains(head, []byte("ocpp2.0.1")):
		h.lose(i, "the answer to the handshake is wrong")
	default:
		m.state = booting
		h.call(i, bootCall, herdBoot)
	}
	return len(head) + 4
}

// framed takes in a frame and returns how long it is, 0 while it is not whole.
func (h *herd) framed(i int32, m *head, got []byte) int {
	if len(got) < 2 {
		return 0
	}
	head, length := 2, int(got[1])
	switch {
	case length == 126 && len(got) >= 4:
		head, length = 4, int(binary.BigEndian.Uint16(got[2:]))
	case length == 127 && len(got) >= 10:
		head, length = 10, int(min(binary.BigEndian.Uint64(got[2:]), 1<<20))
	case length == 126 || length == 127:
		return 0
	}
	if len(got) < head+length {
		return 0
	}
	payload := got[head : head+length]
	switch got[0] {
	case 0x81:
		h.told(i, m, payload)
	case 0x89: // ping
		h.frame(i, 0xA, payload)
	case 0x8A: // pong
	case 0x88:
		h.lose(i, "the server closed the connection: "+string(payload[min(2, len(payload)):]))
	default:
		h.lose(i, "the server sent a frame that makes no sense here")
	}
	return head + length
}

var herdBoot = []byte(`[2,"boot","BootNotification",{"reason":"PowerUp","chargingStation":{"vendorName":"Load","model":"L1"}}]`)

// told takes in a message: an answer, or a request, which is answered with an error.
func (h *herd) told(i int32, m *head, text []byte) {
	if id, asked := bytes.CutPrefix(text, []byte(`[2,"`)); asked {
		id, _, _ = bytes.Cut(id, []byte(`"`))
		h.frame(i, 1, fmt.Appendf(nil, `[4,"%s","NotSupported","",{}]`, id))
		return
	}
	took := h.micros10() - m.sent
	right := false
	switch m.open {
	case nothing:
	case bootCall:
		right = bytes.HasPrefix(text, []byte(`[3,"boot",{`)) && bytes.Contains(text, []byte(`"Accepted"`))
		if right {
			m.state = here
			m.beat, m.event = h.scatter(i, h.beat), h.scatter(i, h.event)
			h.joining--
			h.up++
			if h.charges(i) && m.seq == 0 {
				m.event = h.wheel.now
			}
		}
	case beatCall:
		right = bytes.HasPrefix(text, []byte(`[3,"h",{"currentTime":`))
		h.heartbeats.add(took)
	case eventCall:
		right = bytes.HasPrefix(text, fmt.Appendf(nil, `[3,"%08d",{`, m.seq))
		m.seq++
		h.updates.add(took)
	}
	if !right {
		h.lose(i, "a wrong answer: "+string(text[:min(len(text), 60)]))
		return
	}
	m.open = nothing
	h.next(i, m)
}

func (c *counted) add(took uint32) {
	c.n++
	c.delays = append(c.delays, took)
}
