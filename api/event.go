package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"gnista"
)

// write writes v as JSON. A reader who is gone misses nothing.
func write(w io.Writer, v any) { json.NewEncoder(w).Encode(v) }

const (
	streamBuffer = 1000
	streamBatch  = 500
	streamPulse  = 15 * time.Second // keeps proxies from closing a quiet stream
)

func (s *Server) events(api huma.API) {
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/events", OperationID: "stream-events", Summary: "Follow what happens", Tags: []string{"Events"},
		Description: "Server-sent events, each a JSON object with kind, at, station, subject (an id) and data. Durable ones have a number, which is the id of the event: a stream that goes on after it misses none and repeats none. Others are live only, such as transaction.updated.",
		Responses:   map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/event-stream": {}}}},
	}, func(ctx context.Context, in *struct {
		Last    string           `header:"Last-Event-ID"`
		After   string           `query:"after" pattern:"^[0-9]*$" doc:"Number of the last event seen; 0 is from the beginning, absent is from now on"`
		Station gnista.StationID `query:"station"`
	}) (*huma.StreamResponse, error) {
		from := in.Last
		if from == "" {
			from = in.After
		}
		after, err := strconv.ParseInt(from, 10, 64)
		if err != nil {
			if after, err = s.Events.LastEvent(ctx); err != nil {
				return nil, err
			}
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			_, w := humago.Unwrap(c)
			st := newStream(w)
			err := s.follow(ctx, after, func(ev gnista.Event) error {
				if in.Station != "" && ev.Station != in.Station {
					return nil
				}
				return st.send(ev.Seq, ev)
			}, st.pulse)
			if err != nil && ctx.Err() == nil {
				s.Log.Error("a stream of events ended", "err", err)
			}
		}}, nil
	})
}

// follow gives take the durable events behind after and all events from now on, until ctx ends or the
// reader does not keep up.
func (s *Server) follow(ctx context.Context, after int64, take func(gnista.Event) error, pulse func() error) error {
	live, cancel := s.Bus.Subscribe(streamBuffer)
	defer cancel()
	for {
		evs, err := s.Events.Events(ctx, after, streamBatch)
		if err != nil {
			return err
		}
		for _, ev := range evs {
			if err := take(ev); err != nil {
				return nil // the reader is gone
			}
			after = ev.Seq
		}
		if len(evs) < streamBatch {
			break
		}
	}
	tick := time.NewTicker(streamPulse)
	defer tick.Stop()
	if err := pulse(); err != nil {
		return nil
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := pulse(); err != nil {
				return nil
			}
		case ev, ok := <-live:
			if !ok {
				return nil // too slow: it comes again and says what it saw last
			}
			if ev.Seq != 0 && ev.Seq <= after {
				continue
			}
			if err := take(ev); err != nil {
				return nil
			}
			after = max(after, ev.Seq)
		}
	}
}

// stream writes server-sent events.
type stream struct {
	w http.ResponseWriter
	c *http.ResponseController
}

func newStream(w http.ResponseWriter) stream {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("X-Accel-Buffering", "no")
	return stream{w, http.NewResponseController(w)}
}

func (s stream) send(id int64, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	if id != 0 {
		fmt.Fprintf(s.w, "id: %d\n", id)
	}
	if _, err := fmt.Fprintf(s.w, "data: %s\n\n", text); err != nil {
		return err
	}
	return s.c.Flush()
}

func (s stream) pulse() error {
	if _, err := io.WriteString(s.w, ":\n\n"); err != nil {
		return err
	}
	return s.c.Flush()
}
