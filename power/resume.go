package power

import (
	"context"
	"slices"
	"strings"
	"time"

	"gnista"
	"gnista/station"
)

// Resume sends the profiles of a transaction again, which goes on after an interruption, unless its station
// keeps them meanwhile. (OCPP 2.1 B13.FR.31, E17.FR.15)
func (p *Power) Resume(ctx context.Context, id gnista.StationID, transaction string) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := p.resume(ctx, id, transaction); err != nil {
		p.Log.Warn("a transaction goes on without its profile", "station", id, "transaction", transaction, "err", err)
	}
}

func (p *Power) resume(ctx context.Context, id gnista.StationID, transaction string) error {
	variables, err := p.Network.Variables(ctx, id)
	if err != nil || slices.ContainsFunc(variables, persistent) {
		return err
	}
	list, err := p.Profiles(ctx, id, "", keep)
	if err != nil {
		return err
	}
	slices.Reverse(list) // in the order in which they came
	for _, x := range list {
		if x.Transaction != transaction || x.Profile.Purpose != Transaction || x.Source != Operator || !x.holds() {
			continue
		}
		t, err := p.transaction(ctx, id, transaction)
		if err != nil {
			return err
		}
		order := Install{EVSE: t.EVSE.ID, Ref: t.Ref, Profile: x.Profile}
		if _, err := p.give(ctx, id, &x, func() (station.Answer, error) { return station.Give(ctx, p.Network, id, order) }); err != nil {
			return err
		}
	}
	return nil
}

// persistent tells a variable that says that profiles of transactions outlive a restart.
func persistent(v station.Variable) bool {
	return v.Component == "SmartChargingCtrlr" && v.Name == "ChargingProfilePersistence" && v.NameOf == "TxProfile" && strings.EqualFold(v.Value, "true")
}
