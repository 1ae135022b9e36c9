//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"gnista"
	"gnista/charging"
	"gnista/station"
	"gnista/token"
)

type benchRestart struct {
	Transactions int `help:"Transactions that are open." default:"1000000"`
	Rounds       int `help:"How often the server is killed and started." default:"3"`
}

// maxRestart is how soon a server must be ready again, whatever goes on at its stations.
const maxRestart = 10 * time.Second

// Run begins the transactions, kills the server, starts it again and waits until it is ready.
func (b *benchRestart) Run(ctx context.Context, o *output) error {
	if b.Transactions < 1 || b.Rounds < 1 {
		return errors.New("--transactions and --rounds must be 1 or more")
	}
	folder, err := os.MkdirTemp("", "gnista-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	began := time.Now()
	p, err := launchIn(ctx, folder, "group", "--open", strconv.Itoa(b.Transactions))
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "| %d open transactions, begun within %v | ready after | memory then |\n|---|---|---|\n", b.Transactions, time.Since(began).Round(time.Second))
	var all []time.Duration
	for n := range b.Rounds {
		p.kill()
		began := time.Now()
		if p, err = launchIn(ctx, folder, "group"); err != nil {
			return err
		}
		if err := p.ready(ctx); err != nil {
			return errors.Join(err, p.end())
		}
		took := time.Since(began)
		memory, err := p.memory()
		if err != nil {
			return errors.Join(err, p.end())
		}
		all = append(all, took)
		fmt.Fprintf(o.out, "| killed and started, %d | %v | %.1f MB |\n", n+1, took.Round(time.Millisecond), float64(memory)/1e6)
	}
	if err := p.end(); err != nil {
		return err
	}
	if took := median(all); took > maxRestart {
		return fmt.Errorf("ready after %v, later than %v", took, maxRestart)
	}
	return nil
}

const (
	openAtOnce = 256 // stations
	openEVSEs  = 4   // of each, one transaction at each, with a card of the station's own
)

// chargeMany begins n transactions.
func (a *app) chargeMany(ctx context.Context, n int, say io.Writer) error {
	var begun atomic.Int64
	err := inParallel(openAtOnce, (n+openEVSEs-1)/openEVSEs, func(i int) error {
		id := gnista.StationID(fmt.Sprintf("OPEN%07d", i))
		card := token.ID{UID: string(id), Type: "ISO14443"}
		_, err := a.db.ChangeStation(ctx, id, true, func(x *station.Station) ([]gnista.Event, error) {
			x.Name, x.State, x.Version, x.CreatedAt, x.UpdatedAt = string(id), station.Accepted, gnista.V201, a.now(), a.now()
			return nil, nil
		})
		if err == nil {
			_, err = a.tokens.Create(ctx, token.Token{ID: card})
		}
		for e := 0; e < min(openEVSEs, n-i*openEVSEs) && err == nil; e++ {
			at := a.now()
			_, err = a.transactions.Record(ctx, id, charging.Event{
				Kind: charging.Started, Version: gnista.V201, Ref: fmt.Sprintf("t%d", e), At: at, EVSE: gnista.EVSE{ID: e + 1, Connector: 1}, Token: &card, Activity: charging.Charging,
				Samples: []charging.Sample{{At: at, Measurand: charging.EnergyImport, Location: charging.Outlet, Context: charging.AtBegin, Milli: int64(i) * 1000}},
			})
			if k := begun.Add(1); k%10_000 == 0 {
				fmt.Fprintf(say, "\r%d of %d begun", k, n)
			}
		}
		return err
	})
	fmt.Fprintln(say)
	return err
}
