package checkout

import (
	"context"
	"sync"
)

// looks has things looked at by their ids: each by one at a time, and again where it was woken meanwhile. While it does
// not run nothing is; what is not looked at is found by who looks for what is due.
type looks struct {
	most int // that are looked at at one time; 0 is no limit

	mu      sync.Mutex
	ctx     context.Context // nil while it does not run
	busy    map[string]bool // by id of those that are looked at: whether to look again
	running sync.WaitGroup
}

// begin lets things be looked at, until end or the end of ctx.
func (l *looks) begin(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ctx, l.busy = ctx, map[string]bool{}
}

// end waits for what is being looked at; nothing is any more.
func (l *looks) end() {
	l.mu.Lock() // whoever found that it runs has begun what is waited for
	l.ctx = nil
	l.mu.Unlock()
	l.running.Wait()
}

// do has something done beside, if it runs.
func (l *looks) do(f func(ctx context.Context)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ctx := l.ctx; ctx != nil && ctx.Err() == nil {
		l.running.Go(func() { f(ctx) })
	}
}

// wake has a thing looked at soon. look tells whether to look again.
func (l *looks) wake(id string, look func(ctx context.Context, id string) (again bool)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ctx := l.ctx
	if ctx == nil || ctx.Err() != nil {
		return
	}
	if _, busy := l.busy[id]; busy {
		l.busy[id] = true
		return
	}
	if l.most > 0 && len(l.busy) >= l.most {
		return
	}
	busy := l.busy
	busy[id] = false
	l.running.Go(func() {
		for {
			again := look(ctx, id)
			l.mu.Lock()
			if ctx.Err() != nil || !again && !busy[id] {
				delete(busy, id)
				l.mu.Unlock()
				return
			}
			busy[id] = false
			l.mu.Unlock()
		}
	})
}
