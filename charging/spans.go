package charging

import "slices"

// spans is a set of sequence numbers, as ranges in order that do not touch.
type spans []span

type span struct{ From, To int }

// maxSpans bounds the set of a station that leaves out numbers all the time.
const maxSpans = 500

// add enters n and tells whether it was new. One that has no room is new each time.
func (s *spans) add(n int) bool {
	i := 0
	for i < len(*s) && (*s)[i].To < n-1 {
		i++
	}
	if i == len(*s) || (*s)[i].From > n+1 {
		if len(*s) < maxSpans {
			*s = slices.Insert(*s, i, span{n, n})
		}
		return true
	}
	r := &(*s)[i]
	switch {
	case n >= r.From && n <= r.To:
		return false
	case n == r.From-1:
		r.From = n
	default:
		r.To = n
		if i+1 < len(*s) && (*s)[i+1].From == n+1 {
			r.To = (*s)[i+1].To
			*s = slices.Delete(*s, i+1, i+2)
		}
	}
	return true
}

// gapless is whether no number is missing between the lowest and the highest.
func (s spans) gapless() bool { return len(s) <= 1 }
