//go:build linux

package main

// wheel gives back the numbers 0 to n-1, each at its tick. A number is in it once at the most.
type wheel struct {
	now   uint32
	slots []int32  // the first number of each slot, or none
	next  []int32  // the one behind each number in its slot, or none
	prev  []int32  // the one before it, or none
	due   []uint32 // 0 for a number that is not in it
}

const none = -1

func newWheel(n, slots int) *wheel {
	w := &wheel{slots: make([]int32, slots), next: make([]int32, n), prev: make([]int32, n), due: make([]uint32, n)}
	for i := range w.slots {
		w.slots[i] = none
	}
	return w
}

func (w *wheel) slot(due uint32) *int32 { return &w.slots[due%uint32(len(w.slots))] }

// put has a number given back at a tick, the next one at the earliest, and not at the one it was put in for before.
func (w *wheel) put(i int32, due uint32) {
	w.take(i)
	due = max(due, w.now+1)
	slot := w.slot(due)
	if *slot != none {
		w.prev[*slot] = i
	}
	w.due[i], w.next[i], w.prev[i], *slot = due, *slot, none, i
}

// take takes a number out, if it is in.
func (w *wheel) take(i int32) {
	if w.due[i] == 0 {
		return
	}
	next, prev := w.next[i], w.prev[i]
	if prev != none {
		w.next[prev] = next
	} else {
		*w.slot(w.due[i]) = next
	}
	if next != none {
		w.prev[next] = prev
	}
	w.due[i] = 0
}

// turn goes on to a tick and gives back what is due until then. f may put in again what it is given, and nothing else.
func (w *wheel) turn(to uint32, f func(i int32)) {
	for w.now < to {
		w.now++
		for i := *w.slot(w.now); i != none; {
			next := w.next[i]
			if w.due[i] <= w.now { // and not in a later round
				w.take(i)
				f(i)
			}
			i = next
		}
	}
}
