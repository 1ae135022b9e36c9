package access

import (
	"crypto/rand"
	"encoding/base64"
	"sync"
	"time"
)

// ChallengeFor is how long there is an answer to something that was asked of whoever signs in.
const ChallengeFor = 5 * time.Minute

// maxChallenges is how many may wait for an answer; beyond that the oldest are given up.
const maxChallenges = 10_000

// challenges are what was asked and not answered yet, in memory: who has to answer after a restart is asked again.
// Each is good for one answer, whether that is right or not.
type challenges[T any] struct {
	now   func() time.Time
	mu    sync.Mutex
	open  map[string]challenge[T]
	order []string // of being asked, those that were answered among them
}

type challenge[T any] struct {
	about T
	at    time.Time
}

func newChallenges[T any](now func() time.Time) *challenges[T] {
	return &challenges[T]{now: now, open: map[string]challenge[T]{}}
}

// ask keeps what was asked, and returns an id that nobody can guess.
func (c *challenges[T]) ask(about T) string {
	b := make([]byte, 32)
	rand.Read(b)
	id := base64.RawURLEncoding.EncodeToString(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	for len(c.order) > 0 {
		oldest, waits := c.open[c.order[0]]
		if waits && now.Sub(oldest.at) <= ChallengeFor && len(c.order) < maxChallenges {
			break
		}
		delete(c.open, c.order[0])
		c.order = c.order[1:]
	}
	c.open[id], c.order = challenge[T]{about, now}, append(c.order, id)
	return id
}

// take is what was asked, for the one answer that there is to it; ok is false where it is too late or was answered.
func (c *challenges[T]) take(id string) (about T, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x, ok := c.open[id]
	delete(c.open, id)
	return x.about, ok && c.now().Sub(x.at) <= ChallengeFor
}
