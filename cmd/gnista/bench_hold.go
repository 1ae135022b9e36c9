//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
)

type benchHold struct {
	Stations  int           `help:"Stations that are to be connected." default:"1000000"`
	For       time.Duration `help:"How long they are held." default:"10m"`
	Charging  int           `help:"So many in a hundred have a transaction, with an event each minute." default:"10"`
	Heartbeat time.Duration `help:"Time between heartbeats of a station." default:"5m"`
	Patience  time.Duration `help:"Time after which an answer is missing." default:"30s"`
	Compare   int           `help:"Measure as well what a message costs with so many stations, at the same number of messages a second." placeholder:"N"`
	Tunnel    bool          `help:"Carry all connections over a few. Stations may be more than files that a process may open then, and nothing is said of the kernel's part."`
	TLS       bool          `help:"Have stations use TLS 1.3 (security profile 2)."`
	Beside    string        `help:"Command of another central system, which is to hold the stations as well. It prints where it listens, as ws://…" placeholder:"COMMAND"`
	HeapIdle  string        `help:"Write a heap profile of the server to a file when all have booted." type:"path" placeholder:"FILE"`
	HeapBusy  string        `help:"Write one at the end." type:"path" placeholder:"FILE"`
}

// What a node must reach that holds many stations.
const (
	maxHeld     = 5 * 1024 // bytes of the server's memory for a station
	fewStations = 10_000   // with fewer, what a server takes anyway is most of it
	maxCompared = 1.1      // of what a message costs where there are few stations
)

// leastMemory is the part of the machine's memory that is left alone, as one in so many.
const leastMemory = 30

// Run holds the stations and measures.
func (b *benchHold) Run(ctx context.Context, o *output) error {
	if b.Tunnel && b.Beside != "" {
		return errors.New("--beside is not for --tunnel: other systems know no tunnels")
	}
	if b.Tunnel && b.Stations > numbered {
		return fmt.Errorf("--stations must be %d at the most with --tunnel", numbered)
	}
	if b.Stations < 1 || b.Charging < 0 || b.Charging > 100 || b.Heartbeat < time.Second || b.Compare < 0 {
		return errors.New("--stations must be 1 or more, --charging 0 to 100, --heartbeat a second or more, and --compare not negative")
	}
	asked := b.Stations
	var ranOut string
	flags := []string{"--admit-per-second", "0", "--heartbeat", b.Heartbeat.String()}
	if b.Tunnel {
		flags = append(flags, "--tunnels")
	} else {
		ranOut = b.sockets(o.err)
	}
	if b.TLS {
		flags = append(flags, "--tls")
	}
	b.Compare = min(b.Compare, b.Stations)
	p, err := launch(ctx, "group", flags...)
	if err != nil {
		return err
	}
	defer p.end()
	h, err := newHerd(p.address, b.Stations)
	if err != nil {
		return err
	}
	defer h.close()
	if b.Tunnel {
		if err := h.dig(); err != nil {
			return err
		}
	}
	h.tls = b.TLS
	h.charging, h.beat, h.patience = b.Charging, b.Heartbeat, b.Patience
	m := holding{p: p, h: h, say: o.err}
	if err := m.look(ctx, &m.before); err != nil {
		return err
	}
	beats, events := b.intervals(b.Stations)
	var few float64
	if b.Compare > 0 {
		if err := m.grow(ctx, b.Compare); err != nil {
			return err
		}
		few, err = m.cost(ctx, beats*time.Duration(b.Compare)/time.Duration(b.Stations), events*time.Duration(b.Compare)/time.Duration(b.Stations))
		if err != nil {
			return err
		}
		h.pace(b.Heartbeat, time.Minute)
	}
	began := time.Now()
	if err := m.grow(ctx, (b.Compare+b.Stations)/2); err != nil {
		return err
	}
	took := time.Since(began)
	if err := m.look(ctx, &m.half); err != nil {
		return err
	}
	began = time.Now()
	if err := m.grow(ctx, b.Stations); err != nil {
		return err
	}
	took += time.Since(began)
	fmt.Fprintf(o.err, "connected and booted within %v\n", took.Round(100*time.Millisecond))
	if h.up < b.Stations {
		ranOut = exhausted(h.stuck, p.cmd.Process.Pid)
		h.goal = h.up
	}
	if err := errors.Join(m.look(ctx, &m.idle), m.heap(ctx, b.HeapIdle)); err != nil {
		return err
	}
	if err := m.hold(ctx, b.For); err != nil {
		return err
	}
	if err := errors.Join(m.look(ctx, &m.busy), m.heap(ctx, b.HeapBusy)); err != nil {
		return err
	}
	m.table(o.out)
	if h.up < asked {
		fmt.Fprintf(o.out, "\n%d of %d stations are held. What ran out first: %s.\n", h.up, asked, ranOut)
	}
	var many float64
	if b.Compare > 0 {
		if many, err = m.cost(ctx, beats, events); err != nil {
			return err
		}
		fmt.Fprintf(o.out, "\nA message costs the server %.0f µs of processor time with %d stations and %.0f µs with %d: %.2f times as much (wanted: %.1f).\n", many, h.up, few, b.Compare, many/few, maxCompared)
	}
	if b.Beside != "" {
		ours, err := memoryOf(p.cmd.Process.Pid)
		if err != nil {
			return err
		}
		h.close()
		if err := b.compare(ctx, o, h.up, ours); err != nil {
			return err
		}
	}
	return m.judge(many, few)
}

// compare has the other system hold n stations that send nothing but heartbeats, and tells what it occupies beside ours.
func (b *benchHold) compare(ctx context.Context, o *output, n int, ours int64) error {
	p, err := launchOther(ctx, b.Beside)
	if err != nil {
		return err
	}
	defer p.end()
	h, err := newHerd(p.address, n)
	if err != nil {
		return err
	}
	defer h.close()
	h.beat, h.patience = b.Heartbeat, b.Patience
	m := holding{p: p, h: h, say: o.err}
	if err := m.grow(ctx, n); err != nil {
		return err
	}
	if err := h.live(ctx, comparedFor); err != nil {
		return err
	}
	theirs, err := memoryOf(p.cmd.Process.Pid)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "\nWith %d stations the server occupies %.0f MB, and the other one %.0f MB with %d: %.2f of it.\n", n, float64(ours)/1e6, float64(theirs)/1e6, h.up, float64(ours)/float64(theirs))
	return nil
}

// sockets makes room for a socket of each station, or has fewer of them and tells what there is too little of.
func (b *benchHold) sockets(say io.Writer) (ranOut string) {
	for _, line := range raise("/proc/sys", needs(b.Stations)) {
		fmt.Fprintln(say, line)
	}
	n := allowedFiles(b.Stations+spareFiles) - spareFiles
	if n >= b.Stations {
		return ""
	}
	fmt.Fprintln(say, adviseFiles(b.Stations))
	b.Stations = n
	return fmt.Sprintf("open files: server and generator may have %d each", n+spareFiles)
}

// intervals are those of heartbeats and events when n stations send comparedRate messages a second, or
// as many as they send anyway, if that is more.
func (b *benchHold) intervals(n int) (beat, event time.Duration) {
	beat, event = b.Heartbeat, time.Minute
	rate := float64(n)/beat.Seconds() + float64(n)*float64(b.Charging)/100/event.Seconds()
	if f := rate / comparedRate; f < 1 {
		beat, event = time.Duration(float64(beat)*f), time.Duration(float64(event)*f)
	}
	return beat, event
}

// comparedRate is how many messages a second are sent when their cost is compared, and comparedFor how long.
const (
	comparedRate = 1000
	comparedFor  = 20 * time.Second
)

// holding is a measurement of a server and its stations.
type holding struct {
	p   *process
	h   *herd
	say io.Writer

	before, half, idle, busy footprint
	cpu, took                time.Duration // of the server, while they are held, and how long that was
	gone                     int           // connections that were lost while they were held
	heartbeats, events       counted
}

// footprint is the memory that is in use, in bytes.
type footprint struct {
	server, generator int64
	runtime           int64 // of the server's, what Go has from the system; SQLite has the rest
	heap              int64 // of that, objects in use
	kernel            kernel
	stations          int
}

// look measures the memory while the stations live on.
func (m *holding) look(ctx context.Context, f *footprint) error {
	f.stations = m.h.up
	return m.h.during(ctx, func() (err error) {
		debug.FreeOSMemory()
		if f.generator, err = memoryOf(os.Getpid()); err != nil {
			return err
		}
		if f.server, err = m.p.memory(); err != nil {
			return err
		}
		if err := fetch(ctx, "http://"+m.p.admin+"/debug/pprof/heap?gc=1", io.Discard); err != nil { // objects that are in use, and no others
			return err
		}
		if f.runtime, f.heap, err = m.p.heap(ctx); err != nil {
			return err
		}
		f.kernel, err = kernelMemory()
		return err
	})
}

func (m *holding) heap(ctx context.Context, file string) error {
	if file == "" {
		return nil
	}
	return m.h.during(ctx, func() error {
		w, err := os.Create(file)
		if err != nil {
			return err
		}
		return errors.Join(fetch(ctx, "http://"+m.p.admin+"/debug/pprof/heap?gc=1", w), w.Close())
	})
}

func (m *holding) grow(ctx context.Context, n int) error {
	err := m.h.grow(ctx, n, func(up int) {
		fmt.Fprintf(m.say, "\r%d of %d connected", up, n)
		if free, all, err := available(); err == nil && free < all/leastMemory {
			m.h.stuck = errMemory
		}
	})
	fmt.Fprintln(m.say)
	for _, why := range slices.Sorted(maps.Keys(m.h.failed)) {
		fmt.Fprintf(m.say, "%d attempts failed: %s\n", m.h.failed[why], why)
	}
	clear(m.h.failed)
	return err
}

// measure lets the stations live for a time and returns what the server needed for it, with what they
// were answered in h.
func (m *holding) measure(ctx context.Context, d time.Duration) (time.Duration, error) {
	m.h.heartbeats, m.h.updates = counted{}, counted{}
	before, err := m.p.cpu()
	if err != nil {
		return 0, err
	}
	if err := m.h.live(ctx, d); err != nil {
		return 0, err
	}
	after, err := m.p.cpu()
	return after - before, err
}

func (m *holding) hold(ctx context.Context, d time.Duration) (err error) {
	if err := m.h.live(ctx, min(d/5, 10*time.Second)); err != nil { // transactions begin
		return err
	}
	m.took = d
	m.cpu, err = m.measure(ctx, d)
	m.heartbeats, m.events = m.h.heartbeats, m.h.updates
	for why, n := range m.h.lost {
		m.gone += n
		fmt.Fprintf(m.say, "%d lost: %s\n", n, why)
	}
	return err
}

// cost is how many microseconds the server needs for a message when the stations send at intervals.
func (m *holding) cost(ctx context.Context, beat, event time.Duration) (float64, error) {
	m.h.pace(beat, event)
	if err := m.h.live(ctx, 5*time.Second); err != nil {
		return 0, err
	}
	cpu, err := m.measure(ctx, comparedFor)
	n := m.h.heartbeats.n + m.h.updates.n
	if err == nil && n == 0 {
		err = errors.New("no station was answered")
	}
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(m.say, "with %d stations, %.0f heartbeats and %.0f events a second\n", m.h.up, float64(m.h.heartbeats.n)/comparedFor.Seconds(), float64(m.h.updates.n)/comparedFor.Seconds())
	return float64(cpu.Microseconds()) / float64(n), nil
}

// each is a memory's growth for each station.
func (f footprint) each(since footprint, of func(footprint) int64) int64 {
	if f.stations == since.stations {
		return 0
	}
	return (of(f) - of(since)) / int64(f.stations-since.stations)
}

func ofServer(f footprint) int64    { return f.server }
func ofRuntime(f footprint) int64   { return f.runtime }
func ofHeap(f footprint) int64      { return f.heap }
func ofGenerator(f footprint) int64 { return f.generator }
func ofKernel(f footprint) int64    { return (f.kernel.slab + f.kernel.tcp) / 2 } // both ends are here

func (m *holding) table(out io.Writer) {
	seconds := m.took.Seconds()
	fmt.Fprintf(out, "\n| held for %v | |\n|---|---|\n", m.took)
	row := func(what, format string, args ...any) { fmt.Fprintf(out, "| "+what+" | "+format+" |\n", args...) }
	row("stations held", "%d", m.h.up)
	row("connections lost", "%d (wanted: 0)", m.gone)
	row("server, memory without stations", "%.1f MB", float64(m.before.server)/1e6)
	row("server, memory at the end", "%.1f MB", float64(m.busy.server)/1e6)
	row("of that the cache of the database, which has a bound", "%.1f MB", float64(m.busy.server-m.busy.runtime)/1e6)
	row("server, memory for each station, that cache with it", "%d bytes", m.busy.each(m.before, ofServer))
	wanted := fmt.Sprintf(" (wanted: at most %d)", maxHeld)
	if m.h.tls {
		wanted = ""
	}
	row("server, memory for each station, without", "%d bytes%s", m.busy.each(m.before, ofRuntime), wanted)
	row("of that objects in use, for each one more", "%d bytes", m.idle.each(m.half, ofHeap))
	row("generator, memory each", "%d bytes", m.busy.each(m.before, ofGenerator))
	if m.h.tunnels == nil {
		row("kernel, memory of a socket", "%d bytes", m.busy.each(m.before, ofKernel))
	}
	for _, x := range []struct {
		name string
		c    counted
	}{{"heartbeats", m.heartbeats}, {"events", m.events}} {
		slices.Sort(x.c.delays)
		row(x.name, "%.1f/s, p50 %v, p99 %v", float64(x.c.n)/seconds, x.c.at(0.5), x.c.at(0.99))
	}
	n := max(m.heartbeats.n+m.events.n, 1)
	row("server, processor time", "%.1f %% of a core, %.0f µs for a message", 100*m.cpu.Seconds()/seconds, float64(m.cpu.Microseconds())/float64(n))
}

// at is a quantile of delays that are in order.
func (c counted) at(p float64) time.Duration {
	if len(c.delays) == 0 {
		return 0
	}
	return time.Duration(c.delays[int(p*float64(len(c.delays)-1))]) * 10 * time.Microsecond
}

func (m *holding) judge(many, few float64) error {
	var errs []error
	if m.gone > 0 {
		errs = append(errs, fmt.Errorf("%d connections were lost", m.gone))
	}
	if each := m.busy.each(m.before, ofRuntime); !m.h.tls && each > maxHeld && m.busy.stations >= fewStations {
		errs = append(errs, fmt.Errorf("a station takes %d bytes, more than %d", each, maxHeld))
	}
	if few > 0 && many/few > maxCompared {
		errs = append(errs, fmt.Errorf("a message costs %.2f times as much with many stations, more than %.1f", many/few, maxCompared))
	}
	return errors.Join(errs...)
}

// heap is what Go has from the system in the server, and how much of that is objects in use, in bytes.
func (p *process) heap(ctx context.Context) (runtime, used int64, err error) {
	var b strings.Builder
	if err := fetch(ctx, "http://"+p.admin+"/metrics", &b); err != nil {
		return 0, 0, err
	}
	values := map[string]float64{}
	for line := range strings.Lines(b.String()) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && strings.HasPrefix(name, "go_memstats_") {
			if values[name], err = strconv.ParseFloat(value, 64); err != nil {
				return 0, 0, fmt.Errorf("the server's metric %s: %w", name, err)
			}
		}
	}
	runtime = int64(values["go_memstats_sys_bytes"] - values["go_memstats_heap_released_bytes"])
	used = int64(values["go_memstats_heap_alloc_bytes"])
	if runtime <= 0 || used <= 0 {
		return 0, 0, errors.New("the server's metrics do not tell its memory")
	}
	return runtime, used, nil
}

// cpu is the processor time that the server has had.
func (p *process) cpu() (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(fields) < 13 {
		return 0, errors.New("the system does not tell the processor time of a process")
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	system, other := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * (time.Second / 100), errors.Join(err, other)
}
