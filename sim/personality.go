package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"gnista/ocpp/ocppj"
	"gnista/ocpp/ocppws"
)

// Personality is something that a make of stations does wrong. Those that a [Station] is given change
// what it sends and answers; without any it does everything right.
type Personality struct {
	Name  string
	About string // what it does, in a few words

	// What may be changed; nil is nothing.
	request func(action string, p object)                                      // the payload of a request
	answer  func(action string, p object)                                      // the payload of an answer
	text    func(action string, text []byte) []byte                            // the text of an answer
	repeat  func(action string, p object) bool                                 // a request is sent twice
	unsaid  func(req any) bool                                                 // a request is not sent at all
	serve   func(l *link, f ocppj.Frame, p object) (payload string, done bool) // a request is answered in another way
}

// object is a payload. Its numbers are json.Number.
type object = map[string]any

// Personalities lists them by their names.
func Personalities() []Personality {
	list := personalities()
	slices.SortFunc(list, func(a, b Personality) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// CheckPersonality finds the first of the names that is not one of [Personalities].
func CheckPersonality(names ...string) error {
	_, err := pick(names)
	return err
}

func pick(names []string) (habits, error) {
	if len(names) == 0 {
		return nil, nil
	}
	all := personalities()
	var list habits
	for _, name := range names {
		i := slices.IndexFunc(all, func(p Personality) bool { return p.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no personality %q", name)
		}
		list = append(list, &all[i])
	}
	return list, nil
}

// habits are the personalities of a station.
type habits []*Personality

// does tells whether a personality is among them.
func (h habits) does(name string) bool {
	return slices.ContainsFunc(h, func(p *Personality) bool { return p.Name == name })
}

// unsaid tells whether a request is not sent.
func (h habits) unsaid(req any) bool {
	return slices.ContainsFunc(h, func(p *Personality) bool { return p.unsaid != nil && p.unsaid(req) })
}

// asked is the request that is being answered. Only stations with a personality keep it.
type asked struct {
	mu         sync.Mutex
	id, action string
}

func (a *asked) set(f ocppj.Frame) {
	a.mu.Lock()
	a.id, a.action = f.ID, f.Action
	a.mu.Unlock()
}

func (a *asked) by(id string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.id != id {
		return ""
	}
	return a.action
}

// distort is a text as the station sends it, and another one that it sends after it, if any.
func (h habits) distort(l *link, text []byte) (texts [][]byte) {
	var frame []any
	if d := json.NewDecoder(bytes.NewReader(text)); len(h) == 0 || !decodeNumbers(d, &frame) || len(frame) < 3 {
		return [][]byte{text}
	}
	kind, _ := frame[0].(json.Number)
	id, _ := frame[1].(string)
	payload, _ := frame[len(frame)-1].(object)
	action, _ := frame[2].(string)
	again := false
	switch {
	case kind == "2" && len(frame) == 4 && payload != nil:
		for _, p := range h {
			if p.request != nil {
				p.request(action, payload)
			}
			again = again || p.repeat != nil && p.repeat(action, payload)
		}
	case kind == "3" && payload != nil:
		action = l.asked.by(id)
		for _, p := range h {
			if p.answer != nil {
				p.answer(action, payload)
			}
		}
	default:
		return [][]byte{text}
	}
	out := marshal(frame)
	if kind == "3" {
		for _, p := range h {
			if p.text != nil {
				out = p.text(action, out)
			}
		}
	}
	texts = append(texts, out)
	if again {
		frame[1] = l.NewID()
		texts = append(texts, marshal(frame))
	}
	return texts
}

func decodeNumbers(d *json.Decoder, into any) bool {
	d.UseNumber()
	return d.Decode(into) == nil
}

func marshal(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return nil
	}
	return bytes.TrimSpace(b.Bytes())
}

// serveOddly answers a request in the way of the personalities, if one of them does.
func (l *link) serveOddly(f ocppj.Frame) (payload string, done bool) {
	l.asked.set(f)
	var p object
	d := json.NewDecoder(bytes.NewReader(f.Payload))
	if !decodeNumbers(d, &p) {
		return "", false
	}
	for _, h := range l.station.habits {
		if h.serve != nil {
			if payload, done = h.serve(l, f, p); done {
				return payload, true
			}
		}
	}
	return "", false
}

// deaf tells whether a text that has come in is not heard: from stations that have gone deaf, and those
// that start anew over it.
func (l *link) deaf(text []byte) bool {
	h := l.station.habits
	if len(h) == 0 || !bytes.HasPrefix(bytes.TrimLeft(text, " "), []byte("[2")) {
		return false
	}
	if h.does("boot-loop") {
		s := l.station
		s.mu.Lock()
		early := !s.booted
		s.mu.Unlock()
		if early {
			l.end(errReconnect, 0)
			return true
		}
	}
	return h.does("deaf")
}

// each calls f for every object in a value, from the outside in.
func each(v any, f func(object)) {
	switch v := v.(type) {
	case object:
		f(v)
		for _, x := range v {
			each(x, f)
		}
	case []any:
		for _, x := range v {
			each(x, f)
		}
	}
}

// retime writes the times of a payload in another way.
func retime(p object, write func(time.Time) string) {
	each(p, func(o object) {
		for key, v := range o {
			text, ok := v.(string)
			if t, err := time.Parse(time.RFC3339, text); ok && err == nil && strings.HasPrefix(strings.ToLower(key), "timestamp") {
				o[key] = write(t)
			}
		}
	})
}

// dialOddly changes how the station connects.
func (s *Station) dialOddly(d *ocppws.Dialer) {
	if s.habits.does("no-subprotocol") {
		d.Protocols = nil
	}
	if s.habits.does("other-case-id") {
		d.Identity = strings.ToLower(d.Identity)
	}
}

const (
	probeTime  = 3 * time.Second
	slowReturn = 6 * time.Minute
)

// probe opens a connection with OCPP 1.6 that nothing is said on.
func probe(ctx context.Context, d ocppws.Dialer, to string) {
	d.Protocols = []string{ocppj.V16.Subprotocol()}
	socket, _, _, err := d.Connect(ctx, to)
	if err != nil {
		return
	}
	sleep(ctx, probeTime)
	socket.Close(ws.StatusNormalClosure, "")
	socket.Conn.Close()
}

// stayAway keeps the station from connecting again for a while.
func (s *Station) stayAway(d time.Duration) {
	s.mu.Lock()
	s.away = d
	s.mu.Unlock()
}

// absence is how long the station is to stay away, once.
func (s *Station) absence() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.away
	s.away = 0
	return d
}

// Replace opens another connection while there is one, which is closed a while later: as stations do
// that have not noticed that they still have it.
func (s *Station) Replace(ctx context.Context, late time.Duration) error {
	s.prepare()
	s.mu.Lock()
	old := s.link
	s.link = nil
	s.mu.Unlock()
	err := s.Connect(ctx)
	sleep(ctx, late)
	if old != nil {
		old.end(ocppj.ErrClosed, ws.StatusNormalClosure)
	}
	return err
}
