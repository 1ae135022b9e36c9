//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

type benchHostile struct {
	Stations int           `help:"Good stations, which send events and heartbeats." default:"1000"`
	Rate     float64       `help:"Events and heartbeats per second of the good stations, in all." default:"500"`
	Slice    time.Duration `help:"How long it is measured in turn without and with the hostile stations." default:"4s"`
	Slices   int           `help:"Slices of either kind." default:"10"`
	Unpaced  bool          `help:"Read stations as fast as they send, to see what that limit is good for."`
	Profile  string        `help:"Write a CPU profile of the server during a slice with hostile stations to a file." type:"path" placeholder:"FILE"`
}

// maxBeside is how many times its value without hostile stations the latency of good ones may be.
const maxBeside = 1.5

// Run measures the latency of good stations beside as many hostile ones as there are rages. Slices with and
// without these take turns, so that what else the machine does falls on both. What counts is the median
// of the ratios of each pair.
func (b *benchHostile) Run(ctx context.Context, o *output) error {
	allowedFiles(b.Stations + spareFiles)
	variant := "paced"
	if b.Unpaced {
		variant = "group"
	}
	p, err := launch(ctx, variant)
	if err != nil {
		return err
	}
	defer p.end()
	good := newLoad(p.address, b.Stations)
	defer good.close()
	if err := good.connect(ctx, func(int) {}); err != nil {
		return err
	}
	for _, s := range good.stations { // every other one has nothing to say but that it is there
		s.idle = s.n%2 == 1
		s.reader = bufio.NewReaderSize(s.socket.Conn, 512)
	}
	if _, err := good.events(ctx, b.Slice, b.Rate); err != nil { // everything gets warm
		return err
	}
	raging, stop := context.WithCancel(ctx)
	var hostile sync.WaitGroup
	defer hostile.Wait()
	defer stop()
	var paused atomic.Bool
	for i := range rages {
		hostile.Go(func() { rager{p.address, i}.rage(raging, paused.Load) })
	}
	if _, err := good.events(ctx, b.Slice, b.Rate); err != nil { // what they may send at once is spent
		return err
	}
	var p50, p99 [2][]time.Duration
	for range b.Slices {
		for i, kind := range []string{"alone", "beside"} {
			paused.Store(i == 0)
			sleep(ctx, time.Second) // what is under way ends
			if i == 1 && b.Profile != "" {
				go p.profile(ctx, b.Slice, b.Profile)
			}
			r, err := good.events(ctx, b.Slice, b.Rate)
			if err != nil {
				return err
			}
			fmt.Fprintf(o.err, "%-6s p50 %v, p99 %v\n", kind, r.p50, r.p99)
			p50[i], p99[i] = append(p50[i], r.p50), append(p99[i], r.p99)
		}
	}
	fmt.Fprintf(o.out, "\n| %d good stations, %.0f messages a second | p50 | p99 |\n|---|---|---|\n", b.Stations, b.Rate)
	for i, kind := range []string{"alone", fmt.Sprintf("beside %d hostile ones", len(rages))} {
		fmt.Fprintf(o.out, "| %s | %v | %v |\n", kind, median(p50[i]), median(p99[i]))
	}
	var ratios [2][]float64
	for n := range b.Slices {
		ratios[0] = append(ratios[0], float64(p50[1][n])/float64(p50[0][n]))
		ratios[1] = append(ratios[1], float64(p99[1][n])/float64(p99[0][n]))
	}
	half, most := median(ratios[0]), median(ratios[1])
	fmt.Fprintf(o.out, "| median of the ratios | %.2f | %.2f |\n\n%d slices of %v of each kind, in turn; medians (wanted: a ratio below %.1f).\n", half, most, b.Slices, b.Slice, maxBeside)
	if half > maxBeside || most > maxBeside {
		return errors.New("hostile stations disturb others more than wanted")
	}
	return nil
}
