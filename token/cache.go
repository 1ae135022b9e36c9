package token

import "gnista/station"

// ClearCache makes a station forget what it remembers of tokens that it has asked us for.
// (OCPP 1.6 §5.4, OCPP 2.x C11)
type ClearCache struct{}

func (ClearCache) Answers() (a station.Answer) { return a }
func (ClearCache) Told() station.Told          { return station.Told{Kind: "clear-cache"} }
