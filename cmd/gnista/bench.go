//go:build linux

package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gnista"
	"gnista/gateway"
	"gnista/store"
	"gnista/token"
)

// bench measures this machine. What counts are the ratios between servers measured in one run; each
// server is a process of its own, and the load comes from this one.
type bench struct {
	Idle     benchIdle     `cmd:"" help:"Memory of idle connections."`
	Hold     benchHold     `cmd:"" help:"How many stations a node holds, and what they cost."`
	Events   benchEvents   `cmd:"" help:"Durable TransactionEvents per second, and their latency."`
	Settings benchSettings `cmd:"" help:"Ordinary traffic beside the reading of many stations' settings."`
	Hostile  benchHostile  `cmd:"" help:"Latency of good stations beside hostile ones."`
	Invoices benchInvoices `cmd:"" help:"A run of invoices, and half of one."`
	Hooks    benchHooks    `cmd:"" help:"Ordinary traffic beside bursts of messages of a provider of payments."`
	Pay      benchPay      `cmd:"" help:"From payments that are confirmed to the orders to start."`
	Pages    benchPages    `cmd:"" help:"Pages of drivers beside ordinary traffic."`
	Restart  benchRestart  `cmd:"" help:"How soon a server is ready again while many transactions are open."`
	All      benchAll      `cmd:"" default:"1" help:"Memory and events."`
	Server   benchServer   `cmd:"" hidden:""`
}

type benchAll struct {
	Idle   benchIdle   `embed:"" prefix:"idle-"`
	Events benchEvents `embed:"" prefix:"events-"`
}

// Run measures everything.
func (b *benchAll) Run(ctx context.Context, o *output) error {
	return errors.Join(b.Idle.Run(ctx, o), b.Events.Run(ctx, o))
}

// benchServer is the server under measurement.
type benchServer struct {
	serve
	Variant string `enum:"group,single,none,paced,hooks" default:"group"`
	Open    int    // transactions to begin before anything else
	Tunnels bool   // carry the connections of stations
	TLS     bool   // is what stations use
}

// Run serves. On SIGUSR1 memory that is not used goes back to the system, so that what is left can be
// measured.
func (b *benchServer) Run(ctx context.Context, o *output) error {
	log := b.logger(o.err)
	opts, err := b.options(log)
	if err != nil {
		return err
	}
	opts.ReadNew = false           // the load does not answer
	opts.Cloning = token.Cloning{} // all of it has one card
	if b.Variant != "paced" {
		opts.Limits.Pace, opts.Limits.Made = gateway.Rate{}, gateway.Rate{} // the load is none of real stations
	}
	switch b.Variant {
	case "single":
		opts.GroupSize = 1
	case "none":
		none := newNoStore()
		opts.Charging, opts.Messages = none, none
	case "hooks":
		opts.Providers = append(opts.Providers, benchBank{})
	}
	listener, err := b.listen(ctx)
	if err != nil {
		return err
	}
	if b.Tunnels {
		listener = newTunnels(listener)
	}
	a, err := newApp(ctx, opts)
	if err != nil {
		listener.Close()
		return err
	}
	// What nobody may charge with would be ordered to stop, and the load follows no orders.
	if _, err := a.tokens.Create(ctx, token.Token{ID: token.ID{UID: "LOAD", Type: "ISO14443"}}); err != nil && gnista.CodeOf(err) != gnista.Conflict {
		listener.Close()
		return errors.Join(err, a.db.Close())
	}
	if b.Variant == "hooks" {
		if err := a.holdMany(ctx); err != nil {
			listener.Close()
			return errors.Join(err, a.db.Close())
		}
	}
	if err := a.chargeMany(ctx, b.Open, o.err); err != nil {
		listener.Close()
		return errors.Join(err, a.db.Close())
	}
	if b.TLS {
		if listener, err = a.sealed(ctx, listener); err != nil {
			return errors.Join(err, a.db.Close())
		}
	}
	free := make(chan os.Signal, 1)
	signal.Notify(free, syscall.SIGUSR1)
	go func() {
		for range free {
			debug.FreeOSMemory()
		}
	}()
	return b.serve.serve(ctx, a, listener, log, o.out)
}

// sealed is a listener whose connections have TLS, as the port of stations has that shows a certificate of ours.
func (a *app) sealed(ctx context.Context, l net.Listener) (net.Listener, error) {
	c := &gateway.TLS{Own: func() ([]tls.Certificate, error) { return a.ownCertificates(ctx, []string{"localhost"}) }, Now: time.Now, Log: a.log}
	config, err := c.Config()
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return a.gateway.ListenTLS(l, config), nil
}

// process is a running server under measurement.
type process struct {
	cmd     *exec.Cmd
	stop    context.CancelFunc
	folder  string
	address string // host:port
	admin   string
}

var (
	profiling = regexp.MustCompile(`Profiles are on http://([^/]+)/`)
	listening = regexp.MustCompile(`ws://([^/]+)/`)
)

// launch starts a server of a variant, with flags that go before the usual ones.
func launch(ctx context.Context, variant string, flags ...string) (*process, error) {
	folder, err := os.MkdirTemp("", "gnista-bench")
	if err != nil {
		return nil, err
	}
	p, err := launchIn(ctx, folder, variant, flags...)
	if err != nil {
		err = errors.Join(err, os.RemoveAll(folder))
	}
	return p, err
}

// launchIn starts one with its data in a folder.
func launchIn(ctx context.Context, folder, variant string, flags ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	p := &process{stop: stop, folder: folder}
	p.cmd = exec.CommandContext(ctx, self, append([]string{"bench", "server", "--variant", variant, "--data", folder, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-level", "error", "--heartbeat", "1h"}, flags...)...)
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(os.Interrupt) }
	p.cmd.WaitDelay = 30 * time.Second
	said, err := p.begin()
	if err != nil {
		return nil, err
	}
	for _, x := range []struct {
		says *regexp.Regexp
		it   *string
	}{{profiling, &p.admin}, {listening, &p.address}} {
		line, err := said.ReadString('\n')
		m := x.says.FindStringSubmatch(line)
		if err != nil || m == nil {
			return nil, errors.Join(fmt.Errorf("the server under measurement did not start: %q: %w", line, err), p.end())
		}
		*x.it = m[1]
	}
	return p, nil
}

// begin starts the process, and returns what it says.
func (p *process) begin() (*bufio.Reader, error) {
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		p.stop()
		return nil, err
	}
	return bufio.NewReader(out), nil
}

// launchOther starts a server that is none of ours, and says where it listens.
func launchOther(ctx context.Context, command string) (*process, error) {
	words := strings.Fields(command)
	if len(words) == 0 {
		return nil, errors.New("--beside names no command")
	}
	ctx, stop := context.WithCancel(ctx)
	p := &process{stop: stop, cmd: exec.CommandContext(ctx, words[0], words[1:]...)}
	said, err := p.begin()
	if err != nil {
		return nil, fmt.Errorf("--beside: %w", err)
	}
	line, err := said.ReadString('\n')
	m := listening.FindStringSubmatch(line)
	if err != nil || m == nil {
		return nil, errors.Join(fmt.Errorf("--beside: it does not say where it listens: %q: %w", line, err), p.end())
	}
	p.address = m[1]
	for end := time.Now().Add(5 * time.Second); ; { // it says so a moment before it does
		c, err := net.Dial("tcp", p.address)
		if err == nil {
			return p, c.Close()
		}
		if time.Now().After(end) {
			return nil, errors.Join(fmt.Errorf("--beside: %w", err), p.end())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// kill ends the server at once, and leaves its data.
func (p *process) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait() // that it was killed is no error
	p.stop()
}

func (p *process) end() error {
	p.stop()
	p.cmd.Wait() // that it was told to end is no error
	return os.RemoveAll(p.folder)
}

// memory is what the server occupies, in bytes, after it has given back what it does not use.
func (p *process) memory() (int64, error) {
	if err := p.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		return 0, err
	}
	time.Sleep(2 * time.Second)
	return memoryOf(p.cmd.Process.Pid)
}

// memoryOf is what a process occupies, in bytes, files aside.
func memoryOf(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("memory can be measured on Linux only: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb * 1024, err
		}
	}
	return 0, errors.New("the system does not tell the memory of a process")
}

// ready waits until the server has settled, by asking it.
func (p *process) ready(ctx context.Context) error {
	return fetch(ctx, "http://"+p.address+"/readyz", io.Discard)
}

// profile writes what the server spends its time with.
func (p *process) profile(ctx context.Context, d time.Duration, file string) error {
	w, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(fetch(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", p.admin, int(d.Seconds())), w), w.Close())
}

func fetch(ctx context.Context, url string, to io.Writer) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	_, err = io.Copy(to, resp.Body)
	return err
}

// median is the middle of a few measurements.
func median[T int64 | float64 | time.Duration](list []T) T {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

type benchIdle struct {
	Connections int `help:"Stations that connect, boot and then say nothing." default:"50000"`
}

// spareFiles are those that a process opens beside its connections.
const spareFiles = 300

// allowedFiles raises the limit on open files, here and for the server, to n if it may, and returns what
// it is then, up to n.
func allowedFiles(n int) int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur >= uint64(n) {
		return n
	}
	raised := syscall.Rlimit{Cur: uint64(n), Max: max(uint64(n), limit.Max)}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised); err != nil {
		return int(limit.Cur)
	}
	return n
}

// maxIdle is how much of the server's memory an idle connection may take, in bytes.
const maxIdle = 4096

// Run measures the memory of idle connections.
func (b *benchIdle) Run(ctx context.Context, o *output) error {
	if n := allowedFiles(b.Connections+spareFiles) - spareFiles; n < b.Connections {
		fmt.Fprintf(o.err, "Measuring %d connections instead of %d: a process may open no more files here, and its limit cannot be raised (ulimit -n).\n", n, b.Connections)
		b.Connections = n
	}
	p, err := launch(ctx, "group")
	if err != nil {
		return err
	}
	defer p.end()
	before, err := p.memory()
	if err != nil {
		return err
	}
	load := newLoad(p.address, b.Connections)
	defer load.close()
	if err := load.connect(ctx, func(n int) { fmt.Fprintf(o.err, "\r%d of %d connected", n, b.Connections) }); err != nil {
		return err
	}
	fmt.Fprintln(o.err)
	var after []int64
	for range 3 {
		m, err := p.memory()
		if err != nil {
			return err
		}
		after = append(after, m)
	}
	each := (median(after) - before) / int64(b.Connections)
	fmt.Fprintf(o.out, "\n| idle connections | server memory without | with | each | allowed |\n|---|---|---|---|---|\n| %d | %.1f MB | %.1f MB | %d bytes | %d bytes |\n",
		b.Connections, float64(before)/1e6, float64(median(after))/1e6, each, maxIdle)
	if each > maxIdle {
		return fmt.Errorf("an idle connection takes %d bytes, more than %d", each, maxIdle)
	}
	return nil
}

type benchEvents struct {
	Stations int           `help:"Stations with a transaction each, that send one event after the other." default:"1000"`
	Duration time.Duration `help:"How long each measurement lasts." default:"8s"`
	Rounds   int           `help:"Measurements of each server, in turn; the median counts." default:"3"`
	Variant  string        `help:"Measure one server only: group, single, none, postgres or beside." enum:",group,single,none,postgres,beside" default:""`
	Profile  string        `help:"Write a CPU profile of that server to a file." type:"path" placeholder:"FILE"`
	Beside   string        `help:"Command of a central system that stores nothing, to measure as well. It prints where it listens, as ws://…" placeholder:"COMMAND"`
	Postgres string        `help:"Address of a PostgreSQL server to measure as well: a database of its own is made there for each measurement, and deleted." placeholder:"URL"`
}

// What else is measured: the server with group commit on PostgreSQL, and one that is none of ours.
const (
	onPostgres = "postgres"
	beside     = "beside"
)

// What the server with group commit must reach.
const (
	minOverSingle = 3.0                    // times the rate with one commit for each message
	minOfNone     = 0.5                    // of the rate without a store
	minOfSQLite   = 1.0                    // of the rate with SQLite, on PostgreSQL
	maxP99        = 100 * time.Millisecond // at 70 % of its greatest rate
)

// Run measures durable events.
func (b *benchEvents) Run(ctx context.Context, o *output) error {
	variants := []string{"group", "single", "none"}
	if b.Postgres != "" {
		variants = append(variants, onPostgres)
	}
	if b.Variant == onPostgres && b.Postgres == "" {
		return errors.New("--variant postgres needs --postgres, the address of a server")
	}
	if b.Beside != "" {
		variants = append(variants, beside)
	}
	if b.Variant == beside && b.Beside == "" {
		return errors.New("--variant beside needs --beside, the command of a server")
	}
	if b.Variant != "" {
		r, err := b.measure(ctx, b.Variant, 0)
		if err != nil {
			return err
		}
		fmt.Fprintf(o.out, "%s: %.0f events/s, p50 %v, p99 %v, %.1f MB\n", b.Variant, r.rate, r.p50, r.p99, float64(r.memory)/1e6)
		return nil
	}
	rates, memory := map[string][]float64{}, map[string][]int64{}
	for range b.Rounds {
		for _, variant := range variants {
			r, err := b.measure(ctx, variant, 0)
			if err != nil {
				return err
			}
			rates[variant], memory[variant] = append(rates[variant], r.rate), append(memory[variant], r.memory)
			fmt.Fprintf(o.err, "%-8s %7.0f events/s, p50 %v, p99 %v, %.1f MB\n", variant, r.rate, r.p50, r.p99, float64(r.memory)/1e6)
		}
	}
	group, single, none := median(rates["group"]), median(rates["single"]), median(rates["none"])
	calm, err := b.measure(ctx, "group", 0.7*group)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "\n| server, %d stations | events/s | of the server without a store |\n|---|---|---|\n", b.Stations)
	fmt.Fprintf(o.out, "| SQLite, group commit | %.0f | %.2f |\n| SQLite, a commit for each message | %.0f | %.2f |\n| no store | %.0f | 1 |\n", group, group/none, single, single/none, none)
	fmt.Fprintf(o.out, "\nGroup commit is %.1f times a commit for each message (wanted: %.0f) and %.2f of no store (wanted: %.1f).\n", group/single, minOverSingle, group/none, minOfNone)
	fmt.Fprintf(o.out, "At 70 %% of its rate (%.0f/s reached): p50 %v, p99 %v (wanted: below %v).\n", calm.rate, calm.p50, calm.p99, maxP99)
	if b.Beside != "" {
		other, own := median(memory[beside]), median(memory["group"])
		fmt.Fprintf(o.out, "Beside: %.0f events/s and %.1f MB. Group commit is %.2f times as fast (wanted: 1) with %.2f of its memory, no store %.2f times as fast with %.2f.\n",
			median(rates[beside]), float64(other)/1e6, group/median(rates[beside]), float64(own)/float64(other), none/median(rates[beside]), float64(median(memory["none"]))/float64(other))
	}
	if b.Postgres != "" {
		postgres := median(rates[onPostgres])
		fmt.Fprintf(o.out, "PostgreSQL, group commit: %.0f events/s, %.2f of SQLite (wanted: %.0f).\n", postgres, postgres/group, minOfSQLite)
		if postgres/group < minOfSQLite {
			return errors.New("PostgreSQL takes in fewer events than wanted")
		}
	}
	if group/single < minOverSingle || group/none < minOfNone || calm.p99 > maxP99 {
		return errors.New("the events are slower than wanted")
	}
	return nil
}

// result is what a measurement came to.
type result struct {
	rate     float64 // answered events per second
	p50, p99 time.Duration
	delays   []time.Duration // in order of length
	memory   int64           // of the server in the end, in bytes
}

// measure lets stations send events to a server of a variant: as fast as they are answered, or at a
// rate.
func (b *benchEvents) measure(ctx context.Context, variant string, rate float64) (result, error) {
	var flags []string
	if variant == onPostgres {
		address, drop, err := store.Scratch(ctx, b.Postgres, "bench"+strings.ToLower(rand.Text()))
		if err != nil {
			return result{}, fmt.Errorf("--postgres: %w", err)
		}
		defer drop()
		variant, flags = "group", []string{"--database", address}
	}
	begin := func() (*process, error) { return launch(ctx, variant, flags...) }
	if variant == beside {
		begin = func() (*process, error) { return launchOther(ctx, b.Beside) }
	}
	p, err := begin()
	if err != nil {
		return result{}, err
	}
	defer p.end()
	load := newLoad(p.address, b.Stations)
	defer load.close()
	if err := load.connect(ctx, func(int) {}); err != nil {
		return result{}, err
	}
	if variant != beside {
		if err := p.ready(ctx); err != nil {
			return result{}, err
		}
	}
	if b.Profile != "" {
		profiled := make(chan error, 1)
		go func() { profiled <- p.profile(ctx, b.Duration, b.Profile) }()
		r, err := load.events(ctx, b.Duration, rate)
		return r, errors.Join(err, <-profiled)
	}
	r, err := load.events(ctx, b.Duration, rate)
	if err == nil {
		r.memory, err = memoryOf(p.cmd.Process.Pid)
	}
	return r, err
}
