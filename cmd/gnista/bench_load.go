//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"gnista/ocpp/ocppws"
)

// load is many stations of OCPP 2.0.1 that do little more than send events.
type load struct {
	address  string
	stations []*loadStation
}

type loadStation struct {
	n      int
	socket *ocppws.Socket
	reader *bufio.Reader
	seq    int
	idle   bool // it sends heartbeats
}

func newLoad(address string, stations int) *load {
	l := &load{address: address, stations: make([]*loadStation, stations)}
	for i := range l.stations {
		l.stations[i] = &loadStation{n: i}
	}
	return l
}

func (l *load) close() {
	for _, s := range l.stations {
		if s.socket != nil {
			s.socket.Conn.Close()
		}
	}
}

// portsEach is how many connections are made from one address of the loopback network, which has
// ports for no more than 28,000 to one destination.
const portsEach = 20_000

// connecting is how many stations connect at one time.
const connecting = 64

// connect connects and boots all stations.
func (l *load) connect(ctx context.Context, progress func(n int)) error {
	var done atomic.Int64
	next := make(chan *loadStation)
	failed := make(chan error, connecting)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	for range connecting {
		wg.Go(func() {
			for s := range next {
				if err := s.connect(ctx, l.address); err != nil {
					failed <- err
					cancel()
					return
				}
				if n := done.Add(1); n%1000 == 0 {
					progress(int(n))
				}
			}
		})
	}
feed:
	for _, s := range l.stations {
		select {
		case next <- s:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wg.Wait()
	select {
	case err := <-failed:
		return fmt.Errorf("after %d connections: %w", done.Load(), err)
	default:
		return ctx.Err()
	}
}

func (s *loadStation) connect(ctx context.Context, address string) error {
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+s.n/portsEach))}, Control: portLater}
	d := ocppws.Dialer{Identity: loadName(s.n), Protocols: []string{"ocpp2.0.1"}, Dial: from.DialContext}
	var err error
	if s.socket, s.reader, _, err = d.Connect(ctx, "ws://"+address+"/ocpp"); err != nil {
		return err
	}
	s.reader = nil // most stations will say nothing
	return s.call(`[2,"boot","BootNotification",{"reason":"PowerUp","chargingStation":{"vendorName":"Load","model":"L1"}}]`)
}

// portLater lets the system choose a socket's port when it connects: choosing it when it binds takes
// longer the more are taken.
func portLater(_, _ string, c syscall.RawConn) (err error) {
	outer := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	})
	return errors.Join(outer, err)
}

// call sends a text and waits for the answer.
func (s *loadStation) call(text string) error {
	if s.reader == nil {
		s.reader = bufio.NewReaderSize(s.socket.Conn, 512)
		defer func() { s.reader = nil }()
	}
	return s.roundTrip([]byte(text))
}

func (s *loadStation) roundTrip(text []byte) error {
	if err := s.socket.Write(text); err != nil {
		return err
	}
	for {
		answer, err := s.socket.Read(s.reader)
		if err != nil {
			return err
		}
		if answer != nil {
			if !strings.HasPrefix(string(answer[:min(len(answer), 3)]), "[3,") {
				return fmt.Errorf("station %d was answered %s", s.n, answer)
			}
			return nil
		}
	}
}

// event is the next one. epoch is when the transactions of the load began by the stations' clocks; each
// event is ten seconds later than the one before.
func (s *loadStation) event(epoch time.Time) []byte {
	const apart = 10 * time.Second
	text := eventText(s.n, s.seq, epoch.Add(time.Duration(s.seq)*apart), apart)
	s.seq++
	return text
}

// loadName is the identity of a station.
func loadName(n int) string { return fmt.Sprintf("LOAD%06d", n) }

// eventText is an event of the transaction of a station, of which there is one every so often.
func eventText(n, seq int, when time.Time, apart time.Duration) []byte {
	at := when.UTC().Format(time.RFC3339)
	kind, token := "Updated", ""
	if seq == 0 {
		kind, token = "Started", `,"idToken":{"idToken":"LOAD","type":"ISO14443"}`
	}
	return fmt.Appendf(make([]byte, 0, 900), `[2,"%08d","TransactionEvent",{"eventType":"%s","timestamp":"%s","triggerReason":"MeterValuePeriodic","seqNo":%d,"offline":false,`+
		`"transactionInfo":{"transactionId":"0b1f8e0e-6c0e-4b5e-9d5a-%012d","chargingState":"Charging","timeSpentCharging":%d},"evse":{"id":1,"connectorId":1}%s,`+
		`"meterValue":[{"timestamp":"%s","sampledValue":[{"value":%d,"context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","location":"Outlet","unitOfMeasure":{"unit":"Wh"}},`+
		`{"value":11040,"context":"Sample.Periodic","measurand":"Power.Active.Import","unitOfMeasure":{"unit":"W"}},`+
		`{"value":16.1,"measurand":"Current.Import","phase":"L1"},{"value":16.0,"measurand":"Current.Import","phase":"L2"}]}]}]`,
		seq, kind, at, seq, n, seq*int(apart/time.Second)+1, token, at, 1000+seq*int(3*apart/time.Second))
}

// events lets all stations send events for a time: one as soon as the one before is answered, or, with
// a rate above 0, so many a second in all; the delay of an event counts from when it was due.
func (l *load) events(ctx context.Context, duration time.Duration, rate float64) (result, error) {
	epoch := time.Now().Add(-300 * 24 * time.Hour).Truncate(time.Second)
	var mu sync.Mutex
	var delays []time.Duration
	var failure error
	run := func(d time.Duration, measured bool) {
		var wg sync.WaitGroup
		start := time.Now()
		for _, s := range l.stations {
			wg.Go(func() {
				if s.reader == nil {
					s.reader = bufio.NewReaderSize(s.socket.Conn, 512)
				}
				own, err := s.run(ctx, epoch, start, d, rate/float64(len(l.stations)), float64(s.n)/float64(len(l.stations)))
				mu.Lock()
				defer mu.Unlock()
				failure = errors.Join(failure, err)
				if measured {
					delays = append(delays, own...)
				}
			})
		}
		wg.Wait()
	}
	run(min(duration/4, 2*time.Second), false) // transactions begin, and everything gets warm
	if failure != nil {
		return result{}, failure
	}
	begin := time.Now()
	run(duration, true)
	took := time.Since(begin)
	if failure != nil || len(delays) == 0 {
		return result{}, errors.Join(errors.New("the load failed"), failure)
	}
	slices.Sort(delays)
	at := func(p float64) time.Duration {
		return delays[int(p*float64(len(delays)-1))].Round(10 * time.Microsecond)
	}
	return result{rate: float64(len(delays)) / took.Seconds(), p50: at(0.50), p99: at(0.99), delays: delays}, nil
}

var heartbeat = []byte(`[2,"h","Heartbeat",{}]`)

// run sends events until the time is over and returns how long each took.
func (s *loadStation) run(ctx context.Context, epoch, start time.Time, d time.Duration, rate, offset float64) ([]time.Duration, error) {
	var delays []time.Duration
	due := start
	if rate > 0 {
		due = start.Add(time.Duration(offset / rate * float64(time.Second)))
	}
	for time.Since(start) < d && ctx.Err() == nil {
		if rate > 0 {
			time.Sleep(time.Until(due))
		} else {
			due = time.Now()
		}
		text := heartbeat
		if !s.idle {
			text = s.event(epoch)
		}
		if err := s.roundTrip(text); err != nil {
			return delays, err
		}
		delays = append(delays, time.Since(due))
		if rate > 0 {
			due = due.Add(time.Duration(float64(time.Second) / rate))
		}
	}
	return delays, nil
}
