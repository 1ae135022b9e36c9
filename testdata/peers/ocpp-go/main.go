// Command peer-ocpp-go is a charging station made of the library ocpp-go. It charges one car against
// a central system and prints, a JSON object a line, what it was answered. With -central it is a central
// system, to be measured beside another.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/lorenzodonini/ocpp-go/ws"
)

const (
	limit   = time.Minute            // for all of it
	pause   = 100 * time.Millisecond // between accepting an order and carrying it out: the library does not tell when its answer has left
	stay    = 20 * time.Minute       // of the car, by the station's clock
	begin   = 1000                   // Wh on the meter
	between = 2840
	end     = 4680

	vendor, model, firmware = "lorenzodonini", "ocpp-go", "0.19.0"
	unknown                 = "DEADBEEF" // a card that nobody has registered
)

// line is what is printed.
type line struct {
	Event       string   `json:"event"`
	Status      string   `json:"status,omitempty"`
	Transaction string   `json:"transaction,omitempty"`
	TotalCost   *float64 `json:"totalCost,omitempty"`
	Code        int      `json:"code,omitempty"`
}

func say(l line) { json.NewEncoder(os.Stdout).Encode(l) }

// station is a station of one version. Its car stays from began on.
type station interface {
	Start(url string) error
	Stop()
	Errors() <-chan error

	boot(restarted bool) (status string, err error)
	free() error
	plugIn() error
	authorise(token string) (status string, err error)
	startCharging(o order) (transaction, status string, err error)
	measure() error
	stopCharging(remote bool) (line, error)
	heartbeat() error
}

// order is something that the central system has told the station to do.
type order struct {
	action string // start, stop, status, report or reset; empty where do does it
	token  string
	number int
	do     func() error
}

// desk is what the library's goroutines and the story share.
type desk struct {
	id      string
	looked  bool         // after by its operator
	token   string       // of the driver who has come with a card
	began   time.Time    // when the car came
	orders  chan order   // to be carried out
	running atomic.Value // string, the name of the transaction; empty without one

	list     atomic.Int64 // version of the local list
	reserved atomic.Int64 // number of the reservation; 0 without one

	upkeep
}

func newDesk(id, token string) *desk {
	d := &desk{id: id, token: token, began: time.Now().Add(-stay).Truncate(time.Second), orders: make(chan order, 10)}
	d.running.Store("")
	return d
}

// accept takes in an order that is about to be answered with yes.
func (d *desk) accept(o order) { time.AfterFunc(pause, func() { d.orders <- o }) }

func main() {
	url := flag.String("url", "", "address of the central system, as in ws://127.0.0.1:8080/ocpp")
	id := flag.String("id", "", "identity of the station")
	version := flag.String("version", "1.6", "1.6 or 2.0.1")
	token := flag.String("token", "", "UID of the driver's card")
	password := flag.String("password", "", "the station's password, for security profile 1")
	remote := flag.Bool("remote", false, "start, stop and restart when the central system says so, instead of charging by card")
	maintain := flag.Bool("maintain", false, "be looked after by the operator, instead of charging")
	roots := flag.String("roots", "", "file with the roots that the central system is trusted by, for TLS")
	next := flag.String("next", "", "address to connect to after a restart, with the certificate that was asked for")
	beCentral := flag.Bool("central", false, "be a central system that keeps nothing, and say where it listens")
	flag.Parse()
	if *beCentral {
		fail(serveStations())
	}
	time.AfterFunc(limit, func() { fail(fmt.Errorf("not done within %v", limit)) })

	d := newDesk(*id, *token)
	d.looked = *maintain
	if *roots != "" {
		text, err := os.ReadFile(*roots)
		if err != nil {
			fail(err)
		}
		d.trusted = x509.NewCertPool()
		d.trusted.AppendCertsFromPEM(text)
	}
	p := &peer{desk: d, url: *url, urls: []string{*url}, open: func() (station, error) {
		client := ws.NewClient()
		if d.trusted != nil {
			config := &tls.Config{RootCAs: d.trusted}
			if d.proof != nil {
				config.Certificates = []tls.Certificate{*d.proof}
			}
			client = ws.NewTLSClient(config)
		}
		go failOn(client.Errors())
		if *password != "" && d.proof == nil {
			client.SetBasicAuth(*id, *password)
		}
		switch *version {
		case "1.6":
			return new16(*id, client, d), nil
		case "2.0.1":
			return new201(*id, client, d), nil
		}
		return nil, fmt.Errorf("the library does not speak OCPP %s", *version)
	}}
	story := p.chargeByCard
	if *remote {
		story = p.chargeByOrder
	}
	if *maintain {
		story = p.maintain
	}
	if *next != "" {
		p.urls = append(p.urls, *next)
	}
	if err := story(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "peer-ocpp-go:", err)
	os.Exit(1)
}

// failOn fails on what the library could make nothing of.
func failOn(errs <-chan error) {
	for err := range errs {
		fail(err)
	}
}

// peer plays the stories.
type peer struct {
	*desk
	station
	url  string
	urls []string // one after the other, with a restart between
	open func() (station, error)
}

// arrive connects and boots.
func (p *peer) arrive(restarted bool) (err error) {
	if p.station, err = p.open(); err != nil {
		return err
	}
	if err := p.Start(p.url); err != nil {
		if refused, ok := errors.AsType[ws.HttpConnectionError](err); ok {
			say(line{Event: "refused", Code: refused.HttpCode})
		}
		return fmt.Errorf("connecting: %w", err)
	}
	go failOn(p.Errors())
	status, err := p.boot(restarted)
	if err != nil {
		return fmt.Errorf("booting: %w", err)
	}
	say(line{Event: "booted", Status: status})
	if status != "Accepted" {
		return fmt.Errorf("the boot is answered with %s", status)
	}
	return p.free()
}

// leave disconnects. The heartbeat is the last that is heard of the station.
func (p *peer) leave() error {
	if err := p.heartbeat(); err != nil {
		return err
	}
	p.Stop()
	return nil
}

// chargeByCard charges for a driver with a card, after one whose card is not known. The answer to
// the end of it gets lost on the way, so that it is sent twice.
func (p *peer) chargeByCard() error {
	if err := p.arrive(false); err != nil {
		return err
	}
	if err := p.plugIn(); err != nil {
		return err
	}
	for _, token := range []string{unknown, p.token} {
		status, err := p.authorise(token)
		if err != nil {
			return fmt.Errorf("authorising %s: %w", token, err)
		}
		say(line{Event: "authorised", Status: status})
	}
	if err := p.charge(order{token: p.token}); err != nil {
		return err
	}
	first, err := p.stopCharging(false)
	if err != nil {
		return fmt.Errorf("stopping: %w", err)
	}
	again, err := p.stopCharging(false)
	if err != nil {
		return fmt.Errorf("stopping once more: %w", err)
	}
	if a, b := fmt.Sprint(first.Status, cost(first)), fmt.Sprint(again.Status, cost(again)); a != b {
		return fmt.Errorf("stopping is answered with %s at first and then with %s", a, b)
	}
	say(first)
	if err := p.free(); err != nil {
		return err
	}
	return p.leave()
}

func cost(l line) float64 {
	if l.TotalCost == nil {
		return -1
	}
	return *l.TotalCost
}

// charge starts charging and measures.
func (p *peer) charge(o order) error {
	transaction, status, err := p.startCharging(o)
	if err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	p.running.Store(transaction)
	if status != "Accepted" {
		return fmt.Errorf("the start is answered with %s", status)
	}
	if err := p.measure(); err != nil {
		return fmt.Errorf("telling the meter: %w", err)
	}
	say(line{Event: "started", Status: status, Transaction: transaction})
	return nil
}

// chargeByOrder charges for a driver who has asked the central system to. Then it is told to restart.
func (p *peer) chargeByOrder() error {
	if err := p.arrive(false); err != nil {
		return err
	}
	if err := p.plugIn(); err != nil {
		return err
	}
	say(line{Event: "ready"})
	o, err := p.told("start")
	if err != nil {
		return err
	}
	if err := p.charge(o); err != nil {
		return err
	}
	if _, err := p.told("stop"); err != nil {
		return err
	}
	stopped, err := p.stopCharging(true)
	if err != nil {
		return fmt.Errorf("stopping: %w", err)
	}
	p.running.Store("")
	if err := p.free(); err != nil {
		return err
	}
	say(stopped)
	if err := p.restart(); err != nil {
		return err
	}
	if err := p.arrive(true); err != nil {
		return err
	}
	return p.leave()
}

// restart waits until it is told to restart, and disconnects once that has been answered: what is
// asked after that is answered after it was heard.
func (p *peer) restart() error {
	if _, err := p.told("reset"); err != nil {
		return err
	}
	if err := p.free(); err != nil {
		return err
	}
	p.Stop()
	return nil
}

// told waits for an order and carries out others meanwhile.
func (p *peer) told(action string) (order, error) {
	for o := range p.orders {
		switch {
		case o.do != nil:
			if err := o.do(); err != nil {
				return o, err
			}
		case o.action == action:
			return o, nil
		case o.action == "status":
			if err := p.plugIn(); err != nil {
				return o, err
			}
		case o.action == "report":
			if err := p.station.(*station201).report(o.number); err != nil {
				return o, err
			}
		default:
			return o, fmt.Errorf("told to %s while waiting to be told to %s", o.action, action)
		}
	}
	return order{}, nil
}
