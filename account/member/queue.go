package member

import (
	"context"
	"sync"
	"time"

	"gnista"
)

// asked is a link that somebody asks for.
type asked struct {
	email, language, to string
	words               Words
}

// Queue holds what was asked for until it is looked at, so that the answer to who asks takes no longer for one who is
// known than for others.
type Queue chan asked

// NewQueue makes a queue.
func NewQueue() Queue { return make(Queue, 200) }

const (
	senders  = 2
	sendTime = time.Minute
)

// AskLater is [Desk.Ask] for whom nothing is told. Conflict where too many wait.
func (d *Desk) AskLater(email, language, to string, w Words) error {
	select {
	case d.Queue <- asked{email, language, to, w}:
		return nil
	default:
		return gnista.Errorf(gnista.Conflict, "too many wait for mails")
	}
}

// Run sends the mails that were asked for until ctx ends.
func (d *Desk) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for range senders {
		all.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case a := <-d.Queue:
					d.serve(ctx, a)
				}
			}
		})
	}
}

func (d *Desk) serve(ctx context.Context, a asked) {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	if _, err := d.Ask(ctx, a.email, a.language, a.to, a.words); err != nil && ctx.Err() == nil {
		d.Log.Error("a driver could not be sent a link", "err", err)
	}
}
