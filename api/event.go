package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"gnista"
	"gnista/access"
)

// write writes v as JSON. A reader who is gone misses nothing.
func write(w io.Writer, v any) { json.NewEncoder(w).Encode(v) }

const (
	streamBuffer = 1000
	streamBatch  = 500
	streamPulse  = 15 * time.Second // keeps proxies from closing a quiet stream
	streamWrite  = 30 * time.Second // in which a reader takes what it is sent
	streamEnd    = time.Second      // in which it takes the end
)

// errGone tells that the reader of a stream is gone, does not read, or may not any more.
var errGone = errors.New("the reader of a stream is gone")

func (s *Server) events(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/events", OperationID: "stream-events", Summary: "Follow what happens", Tags: []string{"Events"},
		Description: "Those that whoever looks on may see. Server-sent events, each a JSON object with kind, at, station, subject (an id) and data. Durable ones have a number, which is the id of the event: a stream that goes on after it misses none and repeats none. Others are live only, such as transaction.updated.",
		Responses:   map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/event-stream": {}}}},
	}, func(ctx context.Context, in *struct {
		Last    string           `header:"Last-Event-ID"`
		After   string           `query:"after" doc:"Number of the last event seen; 0 is from the beginning, absent is from now on"`
		Station gnista.StationID `query:"station"`
	}) (*huma.StreamResponse, error) {
		after, err := s.position(ctx, in.Last, in.After)
		if err != nil {
			return nil, err
		}
		may := s.sight(ctx)
		return &huma.StreamResponse{Body: func(c huma.Context) {
			r, w := humago.Unwrap(c)
			st := newStream(ctx, w)
			defer st.end()
			err := s.follow(ctx, after, func(ev gnista.Event) error {
				if in.Station != "" && ev.Station != in.Station {
					return nil
				}
				if ok, err := may(ev); err != nil || !ok {
					return err
				}
				return st.send(ev.Seq, ev)
			}, func() error {
				if !s.still(r) {
					return errGone
				}
				return st.pulse()
			})
			if err != nil && !errors.Is(err, errGone) && ctx.Err() == nil {
				s.Log.Error("a stream of events ended", "err", err)
			}
		}}, nil
	})
}

// eventAreas are the parts of the system that events are of, by the word that their kind begins with.
var eventAreas = map[string]access.Area{
	"station": access.Stations, "connector": access.Stations, "settings": access.Stations, "security": access.Stations, "campaign": access.Stations, "prices": access.Stations,
	"transaction": access.Charging, "reservation": access.Charging, "checkout": access.Charging, "cost": access.Charging,
	"fault": access.Faults, "incident": access.Faults, "remedy": access.Faults, "alert": access.Faults,
	"site": access.Power, "power": access.Power, "profile": access.Power, "der": access.Power,
	"token": access.Customers, "customer": access.Customers, "account": access.Customers, "mandate": access.Customers,
	"tariff":        access.Tariffs,
	"charge-record": access.Money, "invoice": access.Money, "invoice-run": access.Money, "payment": access.Money, "reconciliation": access.Money, "difference": access.Money,
	"certificate": access.Setup, "authority": access.Setup,
}

// areaOf is the part of the system that an event is of. One that is not known is only for who may see everything.
func areaOf(ev gnista.Event) access.Area {
	word, _, _ := strings.Cut(ev.Kind, ".")
	if area, ok := eventAreas[word]; ok {
		return area
	}
	return access.Audit
}

// sightFor is how long a stream takes the site of a station for the same.
const sightFor = 5 * time.Second

// sight tells whether whoever asks may see an event: what is of its area at the site of its station, or everywhere.
// It is for one stream.
func (s *Server) sight(ctx context.Context) func(gnista.Event) (bool, error) {
	type known struct {
		site string
		at   time.Time
	}
	actor := actorOf(ctx)
	sites := map[gnista.StationID]known{}
	return func(ev gnista.Event) (bool, error) {
		area := areaOf(ev)
		list, all := actor.Sites(access.See, area)
		if all || len(list) == 0 {
			return all, nil
		}
		if ev.Station == "" {
			return actor.Can(access.See, area, siteIn(ev)), nil
		}
		k, ok := sites[ev.Station]
		if now := s.Now(); !ok || now.Sub(k.at) > sightFor {
			site, err := s.siteOf(ctx, ev.Station)
			if err != nil {
				return false, err
			}
			k = known{site, now}
			sites[ev.Station] = k
		}
		return actor.Can(access.See, area, k.site), nil
	}
}

// siteIn is the site that an event without a station is of; empty where it is of none.
func siteIn(ev gnista.Event) string {
	if strings.HasPrefix(ev.Kind, "site.") {
		return ev.Subject
	}
	var data struct{ Site string }
	if json.Unmarshal(ev.Data, &data) != nil {
		return ""
	}
	return data.Site
}

// position is the number of the event behind which a stream begins: of the last one that the reader
// has seen, which a browser that comes back tells in a header, or of the newest.
func (s *Server) position(ctx context.Context, header, query string) (int64, error) {
	newest, err := s.Events.LastEvent(ctx)
	given, location := header, "header.Last-Event-ID"
	if given == "" {
		given, location = query, "query.after"
	}
	if given == "" || err != nil {
		return newest, err
	}
	after, err := strconv.ParseInt(given, 10, 64)
	switch {
	case err != nil || after < 0:
		return 0, wrong(location, "is not the number of an event", given)
	case after <= newest:
		return after, nil
	case header == "":
		return 0, wrong(location, fmt.Sprintf("is ahead of the newest event, which is %d", newest), given)
	}
	return newest, nil // the browser has seen another database, and asking again would not help it
}

// follow gives take the durable events behind after and all events from now on, until ctx ends or the
// reader does not keep up.
func (s *Server) follow(ctx context.Context, after int64, take func(gnista.Event) error, pulse func() error) error {
	live, cancel := s.Bus.Subscribe(streamBuffer)
	defer cancel()
	after, err := s.catchUp(ctx, after, take)
	if err != nil {
		return err
	}
	tick := time.NewTicker(streamPulse)
	defer tick.Stop()
	if err := pulse(); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			err = pulse()
		case ev, ok := <-live:
			switch {
			case !ok:
				return nil // too slow: it comes again and says what it saw last
			case ev.Seq == 0:
				err = take(ev)
			case ev.Seq == after+1:
				after, err = ev.Seq, take(ev)
			case ev.Seq > after: // told before those that were committed before it
				after, err = s.catchUp(ctx, after, take)
			}
		}
		if err != nil {
			return err
		}
	}
}

// catchUp gives take the durable events behind after that there are, and returns the number of the last.
func (s *Server) catchUp(ctx context.Context, after int64, take func(gnista.Event) error) (int64, error) {
	for {
		evs, err := s.Events.Events(ctx, after, streamBatch)
		if err != nil {
			return after, err
		}
		for _, ev := range evs {
			if err := take(ev); err != nil {
				return after, err
			}
			after = ev.Seq
		}
		if len(evs) < streamBatch {
			return after, nil
		}
	}
}

// stream writes server-sent events.
type stream struct {
	ctx  context.Context
	w    http.ResponseWriter
	c    *http.ResponseController
	stop func() bool
}

// newStream begins a stream that ctx ends, also when its reader does not read.
func newStream(ctx context.Context, w http.ResponseWriter) stream {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("X-Accel-Buffering", "no")
	c := http.NewResponseController(w)
	return stream{ctx, w, c, context.AfterFunc(ctx, func() { c.SetWriteDeadline(time.Now().Add(streamEnd)) })}
}

// end leaves the connection to the next request, unless it ends as well.
func (s stream) end() {
	var deadline time.Time
	if !s.stop() {
		deadline = time.Now().Add(streamEnd)
	}
	s.c.SetWriteDeadline(deadline)
}

func (s stream) send(id int64, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	head := ""
	if id != 0 {
		head = fmt.Sprintf("id: %d\n", id)
	}
	return s.write(fmt.Sprintf("%sdata: %s\n\n", head, text))
}

func (s stream) pulse() error { return s.write(":\n\n") }

func (s stream) write(text string) error {
	s.c.SetWriteDeadline(time.Now().Add(streamWrite))
	if s.ctx.Err() != nil { // then the deadline would come too late
		return errGone
	}
	if _, err := io.WriteString(s.w, text); err != nil || s.c.Flush() != nil {
		return errGone
	}
	return nil
}
