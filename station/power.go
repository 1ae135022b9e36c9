package station

import (
	"context"
	"time"

	"gnista"
)

// PowerFacts is what of a station's model matters for charging profiles (quirks Q43, Q55, Q70). Its
// zero value is a station that does what its version says.
type PowerFacts struct {
	MaxStackLevel *int          // highest that it takes; nil is as its version says
	OnlyUnit      string        // the one unit that it applies, A or W; empty is both
	OnlyRelative  bool          // it takes relative profiles only
	NoZero        bool          // a limit of nothing would end the transaction
	MinA          int           // least current that it may be limited to
	CurrentsA     []int         // the only currents that it can give, rising; empty is any
	NoStationMax  bool          // profiles for the station as a whole are accepted and not applied
	InPast        time.Duration // by which schedules begin earlier than now
}

// PowerFacts tells what of a station's model, and of what the operator says of it, matters for charging
// profiles. NotFound.
func (n *Network) PowerFacts(ctx context.Context, id gnista.StationID) (PowerFacts, error) {
	s, err := n.Store.Station(ctx, id)
	if err != nil {
		return PowerFacts{}, err
	}
	a := n.Treatment(s).Adaptations
	return PowerFacts{
		MaxStackLevel: a.MaxStackLevel, OnlyUnit: a.OnlyUnit, OnlyRelative: a.OnlyRelative, NoZero: a.NoZeroLimit, MinA: a.MinLimitA, CurrentsA: a.CurrentsA,
		NoStationMax: a.NoMaxProfile, InPast: time.Duration(a.ScheduleInPast) * time.Second,
	}, nil
}
