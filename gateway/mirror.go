package gateway

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/ocpp/ocppws"
	"gnista/station"
)

// mirror shows the requests of one connection of a station to a second back end, over a WebSocket of its
// own. Nothing that the second back end does is felt by the station: what it says is read and dropped,
// and what it is too slow for is dropped and counted.
type mirror struct {
	to      station.Mirror
	server  *Server
	id      gnista.StationID
	version ocppj.Version
	queue   chan []byte
	bytes   atomic.Int64 // in the queue
	stop    context.CancelFunc

	forwarded, dropped, ignored atomic.Int64

	mu        sync.Mutex
	connected bool
	since     time.Time
	lastError string
}

// How much waits for a second back end, and how it is tried again.
const (
	mirrorQueue   = 256
	mirrorBytes   = 4 << 20
	mirrorWrite   = 10 * time.Second
	mirrorRetry   = time.Second // then twice as long each time
	mirrorSlowest = 5 * time.Minute
	mirrorSilence = 10 * time.Minute // without a frame from the second back end, which is pinged
)

// mirrorHeader marks the handshakes of mirrors, so that no central system takes one for the station
// that it mirrors itself.
const mirrorHeader = "Gnista-Mirror"

// mirrorTo has the session mirrored to a second back end, or to none.
func (x *Session) mirrorTo(to station.Mirror) {
	var next *mirror
	if to.URL != "" && !x.ended.Load() {
		if old := x.mirror.Load(); old != nil && old.to == to {
			return
		}
		ctx, cancel := context.WithCancel(context.Background())
		next = &mirror{to: to, server: x.server, id: x.Station, version: x.Version, queue: make(chan []byte, mirrorQueue), stop: cancel}
		x.server.running.Go(func() { next.run(ctx) })
	}
	if old := x.mirror.Swap(next); old != nil {
		old.stop()
	}
	if next != nil && x.ended.Load() { // it ended meanwhile
		next.stop()
	}
}

// add queues a text of the station, if it is a request: answers are to what only we have asked.
func (m *mirror) add(text []byte) {
	f, err := ocppj.Parse(text)
	if err != nil || f.Type != ocppj.CALL && f.Type != ocppj.SEND {
		return
	}
	if n := int64(len(text)); m.bytes.Add(n) <= mirrorBytes {
		select {
		case m.queue <- text:
			return
		default:
		}
	}
	m.bytes.Add(-int64(len(text)))
	m.dropped.Add(1)
}

// run keeps a connection to the second back end until it is stopped.
func (m *mirror) run(ctx context.Context) {
	retry := mirrorRetry
	for ctx.Err() == nil {
		began := time.Now()
		err := m.connect(ctx)
		m.mu.Lock()
		m.connected, m.since = false, time.Time{}
		if err != nil && ctx.Err() == nil {
			m.lastError = shorten(err.Error(), maxQuoted)
		}
		m.mu.Unlock()
		if time.Since(began) > mirrorSlowest {
			retry = mirrorRetry
		}
		select {
		case <-ctx.Done():
		case <-time.After(retry):
		}
		retry = min(2*retry, mirrorSlowest)
	}
}

// connect forwards until the connection ends.
func (m *mirror) connect(ctx context.Context) error {
	d := ocppws.Dialer{
		Identity: string(m.id), Password: m.to.Password, Protocols: []string{m.version.Subprotocol()}, Header: http.Header{mirrorHeader: {m.server.instance}},
	}
	socket, r, _, err := d.Connect(ctx, m.to.URL)
	if err != nil {
		return err
	}
	socket.WriteTimeout = mirrorWrite
	m.mu.Lock()
	m.connected, m.since, m.lastError = true, m.server.Now(), ""
	m.mu.Unlock()
	ended := make(chan error, 1)
	go func() { ended <- m.drop(socket, r) }()
	defer func() {
		socket.Close(ws.StatusNormalClosure, "")
		<-ended
	}()
	ping := time.NewTicker(mirrorSilence / 4)
	defer ping.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case err := <-ended:
			ended <- err
			return err
		case <-ping.C:
			err = socket.Ping()
		case text := <-m.queue:
			m.bytes.Add(-int64(len(text)))
			if err = socket.Write(text); err == nil {
				m.forwarded.Add(1)
			} else {
				m.dropped.Add(1)
			}
		}
		if err != nil {
			return fmt.Errorf("the second back end does not read: %w", err)
		}
	}
}

// drop reads what the second back end says, and does nothing with it.
func (m *mirror) drop(socket *ocppws.Socket, r *bufio.Reader) error {
	for {
		if err := socket.Conn.SetReadDeadline(time.Now().Add(mirrorSilence)); err != nil {
			return err
		}
		text, err := socket.Read(r)
		if err != nil {
			return err
		}
		if text != nil {
			m.ignored.Add(1)
		}
	}
}

// Mirroring tells how the mirroring of a station goes.
func (s *Server) Mirroring(id gnista.StationID) station.MirrorStatus {
	x, ok := s.sessions.find(id)
	if !ok {
		return station.MirrorStatus{}
	}
	m := x.mirror.Load()
	if m == nil {
		return station.MirrorStatus{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return station.MirrorStatus{
		Running: true, Connected: m.connected, Since: m.since, Forwarded: m.forwarded.Load(), Dropped: m.dropped.Load(), Ignored: m.ignored.Load(), LastError: m.lastError,
	}
}
