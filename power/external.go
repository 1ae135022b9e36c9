package power

import (
	"context"
	"fmt"
	"time"

	"gnista"
)

// Limit is a limit that somebody else has set on a station. The last one of each source and EVSE is kept.
type Limit struct {
	Noted
	EVSE            int        `json:"evse" doc:"0 is the station as a whole"`
	Source          Source     `json:"source"`
	Name            string     `json:"sourceName,omitempty" doc:"The station's own word for the source"`
	GridCritical    bool       `json:"gridCritical,omitempty"`
	LocalGeneration bool       `json:"localGeneration,omitempty"`
	Schedules       []Schedule `json:"schedules,omitempty"`
	ClearedAt       *time.Time `json:"clearedAt,omitempty"`
}

func (*Limit) kind() string  { return "limit" }
func (l *Limit) key() string { return fmt.Sprintf("%d %t %s", l.EVSE, l.LocalGeneration, l.Name) }

// TakeLimit takes in a limit that somebody else has set. (OCPP 2.x K11, K12, K13)
func (p *Power) TakeLimit(ctx context.Context, id gnista.StationID, l Limit) error {
	return p.Store.ChangePower(ctx, id, func(tx Tx) error {
		x := l
		return save(p, tx, id, &x, p.event("power.limit", id, map[string]any{"evse": l.EVSE, "source": l.Source, "gridCritical": l.GridCritical}))
	})
}

// ClearedLimit takes in that somebody else's limit no longer holds: on an EVSE, on the station with 0,
// or anywhere with less. (OCPP 2.x K13)
func (p *Power) ClearedLimit(ctx context.Context, id gnista.StationID, source string, evse int) error {
	return p.Store.ChangePower(ctx, id, func(tx Tx) error {
		list, err := all[Limit](tx)
		if err != nil {
			return err
		}
		now := p.Now()
		for i := range list {
			l := &list[i]
			if l.ClearedAt != nil || l.Name != source || evse >= 0 && l.EVSE != evse {
				continue
			}
			l.ClearedAt = &now
			if err := save(p, tx, id, l, p.event("power.limit-cleared", id, map[string]any{"evse": l.EVSE, "source": l.Source})); err != nil {
				return err
			}
		}
		return nil
	})
}

// PriorityNotice tells that a transaction was given priority, or no longer has it. (OCPP 2.1 K21, K22)
type PriorityNotice struct {
	Noted
	Transaction string `json:"transaction,omitempty" doc:"Id of the transaction, where it is known"`
	Ref         string `json:"ref" doc:"Its name in OCPP"`
	Active      bool   `json:"active"`
}

func (*PriorityNotice) kind() string { return "priority" }
func (*PriorityNotice) key() string  { return "" }

// TakePriority takes in that priority was given to a transaction or taken from it. (OCPP 2.1
// K21.FR.09, K22.FR.06)
func (p *Power) TakePriority(ctx context.Context, id gnista.StationID, n PriorityNotice) error {
	t, err := p.byRef(ctx, id, n.Ref)
	if err != nil {
		return err
	}
	n.Transaction = t
	return note(ctx, p, id, &n, p.event("power.priority", id, map[string]any{"transaction": n.Transaction, "ref": n.Ref, "active": n.Active}))
}

// byRef finds the id of an active transaction by its name on the wire; empty when there is none.
func (p *Power) byRef(ctx context.Context, id gnista.StationID, ref string) (string, error) {
	if ref == "" {
		return "", nil
	}
	list, err := p.actives(ctx, id)
	for _, t := range list {
		if t.Ref == ref {
			return t.ID, err
		}
	}
	return "", err
}
