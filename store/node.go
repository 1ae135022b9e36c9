package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"gnista"
	"gnista/cluster"
)

// maxNodes is how many nodes a cluster has at the most: their slots are a part of the ids of messages.
const maxNodes = 16

// Join makes a node known and gives it a slot.
func (db *DB) Join(ctx context.Context, n cluster.Node, silence time.Duration) (slot int, err error) {
	err = db.write(ctx, "nodes", func(t *tx) error {
		if err := t.exec(`DELETE FROM node WHERE seen_at < `+t.w.db.clock+` - $1`, silence.Milliseconds()); err != nil {
			return err
		}
		rows, err := t.rows(`SELECT name, slot FROM node ORDER BY slot`)
		list, err := all(rows, err, func(s scanner) (x cluster.Node, err error) { return x, s.Scan(&x.Name, &x.Slot) })
		if err != nil {
			return err
		}
		slot = 0
		for _, x := range list {
			if x.Name == n.Name {
				return gnista.Errorf(gnista.Conflict, "another node named %q runs on this database, or did until a moment ago: give each node a name of its own with --node, or wait for %v", n.Name, silence)
			}
			if x.Slot == slot {
				slot++
			}
		}
		if slot >= maxNodes {
			return gnista.Errorf(gnista.Conflict, "there are %d nodes already, which is the most", maxNodes)
		}
		return t.exec(`INSERT INTO node (name, run, slot, address, version, seen_at) VALUES ($1, $2, $3, $4, $5, `+t.w.db.clock+`)`, n.Name, n.Run, slot, n.Address, n.Version)
	})
	if err == nil {
		db.slot = int64(slot)
	}
	return slot, err
}

// Stay says that a node still runs. It waits for no other change, and brings back a node that was taken to be gone.
func (db *DB) Stay(ctx context.Context, n cluster.Node) error {
	r, err := db.sql.ExecContext(ctx, `INSERT INTO node (name, run, slot, address, version, seen_at)
		SELECT $1, $2, $3, $4, $5, `+db.clock+` WHERE NOT EXISTS (SELECT 1 FROM node WHERE slot = $3 AND name <> $1)
		ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at WHERE node.run = excluded.run`, n.Name, n.Run, n.Slot, n.Address, n.Version)
	if err != nil {
		return err
	}
	if rows, err := r.RowsAffected(); err != nil || rows > 0 {
		return err
	}
	return gnista.Errorf(gnista.Conflict, "nothing was heard of this node for too long, and another one has taken its place")
}

// Leave says that a node ends.
func (db *DB) Leave(ctx context.Context, n cluster.Node) error {
	return db.write(ctx, "nodes", func(t *tx) error {
		if err := t.exec(`DELETE FROM node WHERE name = $1 AND run = $2`, n.Name, n.Run); err != nil {
			return err
		}
		return t.exec(`UPDATE lease SET until = 0 WHERE node = $1 AND run = $2`, n.Name, n.Run)
	})
}

// Nodes lists the nodes that were seen within silence.
func (db *DB) Nodes(ctx context.Context, silence time.Duration) ([]cluster.Node, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT name, run, slot, address, version, seen_at FROM node WHERE seen_at >= `+db.clock+` - $1 ORDER BY name`, silence.Milliseconds())
	return all(rows, err, scanNode)
}

func scanNode(s scanner) (n cluster.Node, err error) {
	var seen int64
	err = s.Scan(&n.Name, &n.Run, &n.Slot, &n.Address, &n.Version, &seen)
	n.SeenAt = instant(seen)
	return n, err
}

// leading is the name of the lease of the node that leads.
const leading = "lead"

// Lead takes or keeps the lead for a node, and tells who has it. It waits for no other change.
func (db *DB) Lead(ctx context.Context, n cluster.Node, lasts time.Duration) (cluster.Lease, error) {
	_, err := db.sql.ExecContext(ctx, `INSERT INTO lease (name, node, run, term, until) VALUES ($1, $2, $3, 1, `+db.clock+` + $4)
		ON CONFLICT (name) DO UPDATE SET until = excluded.until, node = excluded.node, run = excluded.run,
			term = CASE WHEN lease.node = excluded.node AND lease.run = excluded.run AND lease.until > 0 THEN lease.term ELSE lease.term + 1 END
		WHERE lease.until < `+db.clock+` OR lease.node = excluded.node AND lease.run = excluded.run`, leading, n.Name, n.Run, lasts.Milliseconds())
	if err != nil {
		return cluster.Lease{}, err
	}
	var l cluster.Lease
	row := db.sql.QueryRowContext(ctx, `SELECT lease.node, lease.run, node.slot, node.address, node.version, node.seen_at, lease.term
		FROM lease JOIN node ON node.name = lease.node AND node.run = lease.run WHERE lease.name = $1 AND lease.until >= `+db.clock, leading)
	l.Node, err = scanNode(with{row, []any{&l.Term}})
	if errors.Is(err, sql.ErrNoRows) { // who has it has not joined again, or it ended in this moment
		return cluster.Lease{}, nil
	}
	l.Mine = l.Node.Name == n.Name && l.Node.Run == n.Run
	return l, err
}

// Claim makes a node the one that holds a station.
func (db *DB) Claim(ctx context.Context, id gnista.StationID, node string) (cluster.Claim, error) {
	var c cluster.Claim
	err := db.write(ctx, string(id), func(t *tx) error {
		c = cluster.Claim{}
		err := t.row(`SELECT node FROM holder WHERE station = $1`, string(id)).Scan(&c.Was)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return t.writeRow(`INSERT INTO holder (station, node, epoch) VALUES ($1, $2, 1)
			ON CONFLICT (station) DO UPDATE SET node = excluded.node, epoch = holder.epoch + 1 RETURNING epoch`, string(id), node).Scan(&c.Epoch)
	})
	return c, err
}
