package checkout

import (
	"context"

	"gnista"
	"gnista/station"
	"gnista/tariff"
)

// Stand is what is stored of an outlet that has a code.
type Stand struct {
	Station    gnista.StationID
	EVSE       int
	Name       string // of the station
	State      station.State
	Site       station.Site        // its id, name and position; empty is none
	Connectors []station.Connector // of the EVSE, and what stands for the whole station: where they are and their status
	Taken      *Checkout           // that has the EVSE for itself: its state, and by when it is to be paid
	Charging   bool                // somebody who may charges there
	Tariff     string              // id of the version that holds for who has no contract; empty is none
}

// Glance is what can be told of an outlet where many are looked at: its condition, and its price in words by language.
type Glance struct {
	Stand
	Condition Condition
	Texts     map[string]string // none where nobody can be told what it costs
}

// Glances looks at up to limit outlets that have a code and whose stations have told of them, by station and EVSE. What
// it tells of one is what [Desk.Offer] tells.
func (d *Desk) Glances(ctx context.Context, limit int) ([]Glance, error) {
	now := d.Now()
	list, err := d.Store.Stands(ctx, now, limit)
	if err != nil {
		return nil, err
	}
	out := make([]Glance, 0, len(list))
	texts := map[string]map[string]string{} // by version
	for _, x := range list {
		g := Glance{Stand: x}
		var known bool
		if g.Condition, known = d.seen(x.Station, x.State, x.Connectors, x.EVSE); !known {
			continue
		}
		if g.Condition.Usable() && (x.Charging || x.Taken != nil && !x.Taken.GiveWay(now)) {
			g.Condition = InUse
		}
		if x.Tariff == "" {
			g.Condition = OutOfService
			out = append(out, g)
			continue
		}
		if texts[x.Tariff] == nil {
			v, err := d.Tariffs.TariffVersion(ctx, x.Tariff)
			if err != nil {
				return nil, err
			}
			texts[x.Tariff] = map[string]string{"sv": v.Text(tariff.Swedish), "en": v.Text(tariff.English)}
		}
		g.Texts = texts[x.Tariff]
		out = append(out, g)
	}
	return out, nil
}
