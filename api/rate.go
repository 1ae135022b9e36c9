package api

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"
)

// limiter says how often something may be done for each key, in memory that does not grow: keys share places,
// so that now and then one counts for another.
type limiter struct {
	each  time.Duration // between two, in the long run
	burst int           // that may come at once
	seed  maphash.Seed
	free  [1 << 14]atomic.Int64 // when, in nanoseconds, all that was done there is made up for
}

func newLimiter(each time.Duration, burst int) *limiter {
	return &limiter{each: each, burst: burst, seed: maphash.MakeSeed()}
}

func (l *limiter) place(key string) *atomic.Int64 {
	return &l.free[maphash.String(l.seed, key)%uint64(len(l.free))]
}

// allow counts one, and tells whether it may be done.
func (l *limiter) allow(key string, now time.Time) bool {
	p, at := l.place(key), now.UnixNano()
	for {
		was := p.Load()
		next := max(was, at) + int64(l.each)
		if next-at > int64(l.each)*int64(l.burst) {
			return false
		}
		if p.CompareAndSwap(was, next) {
			return true
		}
	}
}

// spent tells whether no more may be done, and counts nothing.
func (l *limiter) spent(key string, now time.Time) bool {
	at := now.UnixNano()
	return max(l.place(key).Load(), at)+int64(l.each)-at > int64(l.each)*int64(l.burst)
}

// limits are those of what is open to everybody.
type limits struct {
	pages    *limiter // of pay pages, by address
	openings *limiter // of checkouts, by address
	evses    *limiter // of checkouts, by EVSE
	acts     *limiter // on a checkout
	guesses  *limiter // of keys of checkouts, by address
	streams  *limiter // that follow a checkout, by checkout
	mails    *limiter // of a receipt, by checkout
	forged   *limiter // messages that no provider has sent, by address
	signIns  *limiter // by address, and by user
	asks     *limiter // for links to sign in by, by address
	links    *limiter // to one address of mail
	taps     *limiter // cards that a driver begins to add
}

func newLimits() limits {
	return limits{
		pages: newLimiter(time.Second/10, 240), openings: newLimiter(6*time.Second, 15), evses: newLimiter(15*time.Second, 8),
		acts: newLimiter(2*time.Second, 20), guesses: newLimiter(time.Second, 60), forged: newLimiter(time.Second, 30), signIns: newLimiter(6*time.Second, 10),
		streams: newLimiter(time.Second, 30), mails: newLimiter(10*time.Minute, 3),
		asks: newLimiter(15*time.Second, 10), links: newLimiter(4*time.Minute, 4), taps: newLimiter(10*time.Minute, 6),
	}
}

// client is the address that a request comes from, as far as it is one owner's: 64 bits of an IPv6 address.
// What a proxy of ours says is taken for true, and what others say to it is not.
func (s *Server) client(r *http.Request) string {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	a := at.Addr().Unmap().WithZone("")
	said := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(said) - 1; i >= 0 && s.proxy(a); i-- {
		x, err := netip.ParseAddr(strings.TrimSpace(said[i]))
		if err != nil {
			break
		}
		a = x.Unmap().WithZone("")
	}
	if a.Is6() {
		p, _ := a.Prefix(64) // 64 bits are in every such address
		a = p.Addr()
	}
	return a.String()
}

func (s *Server) proxy(a netip.Addr) bool {
	for _, p := range s.Proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
