package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gnista"
	"gnista/api"
	"gnista/commission"
	"gnista/gateway"
	"gnista/station"
)

// check is the command check. Its settings come from the command line alone: the names are too common for
// the environment.
type check struct {
	URL          string        `arg:"" help:"Where to wait for the station, as in ws://192.168.1.5:9000 or ws://0.0.0.0:9000/some/path. Its identity comes behind that."`
	Station      string        `help:"Let only the station with this identity connect." placeholder:"ID" env:"-"`
	Password     string        `help:"Password that the station must have; needs --station." env:"-"`
	Timeout      time.Duration `help:"How long to wait for the station, and then for the end of the check." default:"10m" env:"-"`
	Patience     int           `help:"Seconds that a message that was asked for is waited for, 1 to 60." default:"15" env:"-"`
	ReadOnly     bool          `help:"Only ask for what the station tells." env:"-"`
	Availability bool          `help:"Take a free EVSE out of service and in again." default:"true" negatable:"" env:"-"`
	Reservation  bool          `help:"Reserve a free EVSE for nobody, and cancel that." env:"-"`
	Log          bool          `help:"Have the station send its log." env:"-"`
	Lang         string        `help:"Language of the report: en or sv." enum:"en,sv" default:"en" env:"-"`
	JSON         bool          `help:"Print the report as JSON." name:"json" env:"-"`
}

// Help says what the exit code means.
func (*check) Help() string {
	return "This is for a laboratory: a central system that knows nothing waits for one station, asks it for a series of harmless things and prints what came of them. " +
		"The exit code is 0 when nothing is wrong, 1 when something is, and 2 when the check could not be run to its end."
}

// An exit ends the program with a code. Without an error there is nothing more to be said.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// Run waits for a station, checks it and prints the report.
func (c *check) Run(ctx context.Context, o *output) error {
	got, err := c.run(ctx, o)
	switch {
	case err != nil:
		return &exit{2, err}
	case got.State != commission.Done:
		return &exit{2, nil}
	case !got.Good():
		return &exit{1, nil}
	}
	return nil
}

func (c *check) run(ctx context.Context, o *output) (got commission.Check, err error) {
	u, err := c.parse()
	if err != nil {
		return got, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", u.Host)
	if err != nil {
		return got, err
	}
	defer listener.Close()
	dir, err := os.MkdirTemp("", "gnista-check-")
	if err != nil {
		return got, err
	}
	defer os.RemoveAll(dir)
	u.Host = reachable(listener.Addr())
	a, err := newApp(ctx, options{
		Database: "sqlite:" + filepath.Join(dir, "check.db"), Files: filepath.Join(dir, "files"), Token: newID(), BaseURL: "http://" + u.Host, Unknown: c.unknown(),
		Heartbeat: 5 * time.Minute, Retry: 10 * time.Second, Currency: "SEK", Zone: time.Local, LogDays: 1, LogMB: 100, Now: now, NewID: newID,
		Log: slog.New(slog.NewTextHandler(o.err, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return got, err
	}
	a.start()
	server := a.server(c.route(a, u.Path))
	go server.Serve(listener)
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		err = errors.Join(err, a.close(end), server.Close())
	}()
	if err := c.register(ctx, a); err != nil {
		return got, err
	}
	fmt.Fprintf(o.err, "Waiting for a station at %s%s for %v.\n", strings.TrimSuffix(u.String(), "/"), "/"+cmp.Or(c.Station, "IDENTITY"), c.Timeout)
	id, err := c.wait(ctx, a, o.err)
	if err != nil {
		return got, err
	}
	if got, err = c.follow(ctx, a, id, o.err); err != nil {
		return got, err
	}
	if c.JSON {
		e := json.NewEncoder(o.out)
		e.SetIndent("", "  ")
		return got, e.Encode(api.ReportOf(commission.Language(c.Lang), got))
	}
	return got, got.Write(o.out, commission.Language(c.Lang), time.Local)
}

// parse finds what the command line cannot mean.
func (c *check) parse() (*url.URL, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme != "ws" || u.Port() == "" || u.User != nil || u.RawQuery != "":
		return nil, fmt.Errorf("%q is not where to wait, as in ws://192.168.1.5:9000/ocpp", c.URL)
	case c.Password != "" && c.Station == "":
		return nil, errors.New("--password needs --station")
	case c.Timeout <= 0:
		return nil, errors.New("--timeout must be more than 0")
	case c.Patience < 1 || c.Patience > 60:
		return nil, errors.New("--patience must be 1 to 60")
	}
	return u, nil
}

func (c *check) unknown() station.UnknownPolicy {
	if c.Station != "" {
		return station.RefuseUnknown
	}
	return station.AcceptUnknown
}

func (c *check) register(ctx context.Context, a *app) error {
	if c.Station == "" {
		return nil
	}
	var password station.Password
	if c.Password != "" {
		var err error
		if password, err = station.NewPassword(c.Password); err != nil {
			return fmt.Errorf("--password: %w", err)
		}
	}
	_, err := a.network.Change(ctx, gnista.StationID(c.Station), true, func(s *station.Station) { s.Password = password })
	return err
}

// route takes stations in below a path, and the files that they send.
func (c *check) route(a *app, base string) http.Handler {
	base = strings.TrimSuffix(base, "/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		below, ok := strings.CutPrefix(r.URL.Path, base)
		if !ok || r.Header.Get("Upgrade") == "" {
			a.handler.ServeHTTP(w, r)
			return
		}
		there := *r.URL
		there.Path, there.RawPath = gateway.Path+below, ""
		if raw, ok := strings.CutPrefix(r.URL.EscapedPath(), base); ok {
			there.RawPath = gateway.Path + raw
		}
		moved := *r
		moved.URL, moved.RequestURI = &there, there.RequestURI()
		a.gateway.ServeHTTP(w, &moved)
	})
}

// How often is looked for what has changed, and how long a station may take to boot: it is asked to
// before that.
const (
	lookEvery = 200 * time.Millisecond
	bootTime  = 45 * time.Second
)

// wait waits for the first station, and says what goes wrong meanwhile.
func (c *check) wait(ctx context.Context, a *app, w io.Writer) (gnista.StationID, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	told := map[station.Verdict]int{}
	greeted := false
	for {
		verdicts, err := a.network.Verdicts.Verdicts(ctx, "", 50)
		for _, v := range verdicts {
			key := station.Verdict{Station: v.Station, Cause: v.Cause, Reason: v.Reason}
			if told[key] == 0 {
				fmt.Fprintf(w, "Turned away: %q from %s: %s\n", string(v.Station), v.Remote, v.Reason)
			}
			told[key] = v.Count
		}
		list, failed := a.db.Stations(ctx, "", 100)
		for _, s := range list {
			live, connected := a.gateway.Connection(s.ID)
			if !connected {
				continue
			}
			if !greeted {
				greeted = true
				fmt.Fprintf(w, "Station %q has connected from %s with OCPP %s.\n", string(s.ID), live.Remote, live.Version)
			}
			if !s.BootedAt.IsZero() || now().Sub(live.Since) > bootTime {
				return s.ID, nil
			}
		}
		if ctx.Err() == nil && (err != nil || failed != nil) {
			return "", errors.Join(err, failed)
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return "", fmt.Errorf("no station came within %v", c.Timeout)
			}
			return "", ctx.Err()
		case <-time.After(lookEvery):
		}
	}
}

// follow runs the check and says how far it is.
func (c *check) follow(ctx context.Context, a *app, id gnista.StationID, w io.Writer) (commission.Check, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	o, err := a.checks.Defaults(ctx, id)
	if err != nil {
		return commission.Check{}, err
	}
	o.ReadOnly, o.Reservation, o.Log, o.Patience, o.Availability = c.ReadOnly, c.Reservation, c.Log, c.Patience, o.Availability && c.Availability
	got, err := a.checks.Start(ctx, id, o)
	for told := 0; err == nil; got, err = a.db.Check(ctx, got.ID) {
		for ; told < len(got.Results); told++ {
			r := got.Results[told]
			fmt.Fprintf(w, "%2d of %d  %s: %s\n", told+1, got.Steps, commission.Language(c.Lang).Name(r.Step), commission.Language(c.Lang).Name(string(r.Verdict)))
		}
		if got.State != commission.Running {
			break
		}
		select {
		case <-ctx.Done():
			return got, fmt.Errorf("the check did not end within %v", c.Timeout)
		case <-time.After(lookEvery):
		}
	}
	return got, err
}
