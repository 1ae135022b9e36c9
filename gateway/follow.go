package gateway

import "context"

// Follow has f done when the answer to the request that is being served is on its way. That it fails is
// logged, as what.
func (x *Session) Follow(what string, f func(context.Context) error) {
	x.After(func() {
		if err := f(context.Background()); err != nil {
			x.server.Log.Error(what, "station", x.Station, "err", err)
		}
	})
}
