package store

import "iter"

// running is a change on its way.
type running struct {
	change *change
	tx     *tx
	next   func() (*question, bool) // goes on to what it asks next, or to where it begins to write (nil); false: it has ended
	stop   func()
}

type allRunning []*running

// stop ends what has not come to its end, with an error.
func (list allRunning) stop() {
	for _, r := range list {
		if r.stop != nil {
			r.stop()
		}
	}
}

// finish runs the change to its end.
func (r *running) finish() {
	if r.next == nil {
		r.change.err = r.change.safely(r.tx)
		return
	}
	r.next()
}

// start has what the changes of a group ask before they write be asked all at once, where they allow it: they come as
// far as to where they begin to write. That is as if other writers ran them, which those with other keys must bear
// anyway; of those with one key only the first is started.
func (w *writer) start(group []*change) allRunning {
	list := make(allRunning, len(group))
	var asking []*running
	seen := map[string]bool{}
	for i, c := range group {
		r := &running{change: c, tx: &tx{vault: w.db.vault, w: w, s: w.session}}
		list[i] = r
		if c.early && w.together && len(group) > 1 && !seen[c.key] {
			r.next, r.stop = iter.Pull(func(yield func(*question) bool) {
				r.tx.pause = yield
				c.err = c.safely(r.tx)
			})
			asking = append(asking, r)
		}
		seen[c.key] = true
	}
	for len(asking) > 0 {
		var questions []*question
		still := asking[:0]
		for _, r := range asking {
			if q, _ := r.next(); q != nil { // else it writes, or has ended
				questions, still = append(questions, q), append(still, r)
			}
		}
		if asking = still; len(questions) > 0 {
			w.session.ask(questions...)
		}
	}
	return list
}
