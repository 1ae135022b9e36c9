package charging

import (
	"context"
	"encoding/json"
	"time"

	"gnista"
)

// Unplugged takes in that the car of a transaction of OCPP 1.6 has left, which some stations tell after its
// end. It is an event and changes nothing: what a transaction comes to ends with it. NotFound.
// (OCPP 1.6 California pricing)
func (t *Transactions) Unplugged(ctx context.Context, id gnista.StationID, ref string, at time.Time) error {
	return t.Store.Change(ctx, id, func(tx Tx) error {
		x, err := tx.ByRef(id, bounded(ref))
		if err != nil {
			return err
		}
		if x == nil {
			return gnista.Errorf(gnista.NotFound, "station %s has no transaction %s", id, ref)
		}
		ev := event("transaction.unplugged", t.Now(), x)
		ev.Data, _ = json.Marshal(map[string]any{"at": at.UTC()}) // times of the wire marshal
		return tx.Save(x, nil, ev)
	})
}
