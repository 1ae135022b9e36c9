package cost

import (
	"context"
	"slices"
	"sync"
	"time"

	"gnista"
)

// desk tells stations what there is, each one thing after the other, off the way of their messages. What
// is told of the same subject takes the place of what has not been told yet.
type desk struct {
	mu      sync.Mutex
	by      map[gnista.StationID][]note // a station that is there has somebody who tells it
	ctx     context.Context             // ends when nothing is to be told any more; nil before anything was
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// note is something to be told.
type note struct {
	subject string
	wait    time.Duration // before it is told
	tell    func(ctx context.Context)
}

// How much one station has waiting, and how long telling it may take.
const (
	maxNotes = 16
	tellTime = 2 * time.Minute
)

// put has something told. The oldest that waits goes where there is too much.
func (d *desk) put(id gnista.StationID, subject string, wait time.Duration, tell func(context.Context)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open()
	if d.ctx.Err() != nil {
		return
	}
	list, told := d.by[id]
	list = slices.DeleteFunc(list, func(n note) bool { return n.subject == subject })
	if len(list) >= maxNotes {
		list = list[1:]
	}
	d.by[id] = append(list, note{subject, wait, tell})
	if !told {
		d.running.Go(func() { d.serve(id) })
	}
}

// open makes the desk ready. mu is held.
func (d *desk) open() {
	if d.ctx == nil {
		d.ctx, d.cancel = context.WithCancel(context.Background())
		d.by = map[gnista.StationID][]note{}
	}
}

// serve tells a station what there is until that is nothing.
func (d *desk) serve(id gnista.StationID) {
	for {
		d.mu.Lock()
		list := d.by[id]
		if len(list) == 0 || d.ctx.Err() != nil {
			delete(d.by, id)
			d.mu.Unlock()
			return
		}
		n := list[0]
		d.by[id] = slices.Clone(list[1:])
		d.mu.Unlock()
		select {
		case <-time.After(n.wait):
			ctx, cancel := context.WithTimeout(d.ctx, tellTime)
			n.tell(ctx)
			cancel()
		case <-d.ctx.Done():
		}
	}
}

// close drops what waits, and waits for what is being told.
func (d *desk) close() {
	d.mu.Lock()
	d.open()
	d.cancel()
	d.mu.Unlock()
	d.running.Wait()
}

// Close ends telling stations by itself.
func (c *Costs) Close() { c.desk.close() }
