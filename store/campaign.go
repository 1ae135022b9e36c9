package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"gnista"
	"gnista/campaign"
)

const campaignColumns = `id, name, action, args, target, waves, sizes, max_failed, concurrency, skip_offline, state, detail, wave, forgiven, created_at, deadline, ended_at`

func scanCampaign(s scanner) (c campaign.Campaign, err error) {
	var args, target, waves, sizes string
	var created, deadline, ended int64
	if err = s.Scan(&c.ID, &c.Name, &c.Action, &args, &target, &waves, &sizes, &c.MaxFailed, &c.Concurrency, &c.SkipOffline, &c.State, &c.Detail, &c.Wave, &c.Forgiven,
		&created, &deadline, &ended); err != nil {
		return c, err
	}
	c.Args = json.RawMessage(args)
	c.CreatedAt, c.Deadline, c.EndedAt = instant(created), instant(deadline), instant(ended)
	return c, errors.Join(json.Unmarshal([]byte(target), &c.Target), json.Unmarshal([]byte(waves), &c.Waves), json.Unmarshal([]byte(sizes), &c.Sizes))
}

func (t *tx) saveCampaign(c campaign.Campaign) error {
	target, bad := json.Marshal(c.Target)
	waves, worse := json.Marshal(c.Waves)
	sizes, worst := json.Marshal(c.Sizes)
	if err := errors.Join(bad, worse, worst); err != nil {
		return err
	}
	return t.exec(`INSERT INTO campaign (`+campaignColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, detail = excluded.detail, wave = excluded.wave, forgiven = excluded.forgiven, ended_at = excluded.ended_at`,
		c.ID, c.Name, c.Action, string(c.Args), string(target), string(waves), string(sizes), c.MaxFailed, c.Concurrency, c.SkipOffline, string(c.State), c.Detail, c.Wave,
		c.Forgiven, millis(c.CreatedAt), millis(c.Deadline), millis(c.EndedAt))
}

const (
	memberColumns  = `campaign, position, station, wave, state, detail, command, attempts, started_at, ended_at`
	memberArgs     = 10
	membersAtOnce  = 10  // in one statement
	membersAtATime = 500 // in one change
)

func scanMember(s scanner) (m campaign.Member, err error) {
	var started, ended int64
	err = s.Scan(&m.Campaign, &m.Position, &m.Station, &m.Wave, &m.State, &m.Detail, &m.Command, &m.Attempts, &started, &ended)
	m.StartedAt, m.EndedAt = instant(started), instant(ended)
	return m, err
}

// AddCampaign keeps a campaign with its members. These come first, in several changes: they may be
// very many, and without the campaign nobody sees them.
func (db *DB) AddCampaign(ctx context.Context, c campaign.Campaign, members []campaign.Member) error {
	for some := range slices.Chunk(members, membersAtATime) {
		err := db.writeLater(ctx, "campaign", func(t *tx) error {
			for part := range slices.Chunk(some, membersAtOnce) {
				args := make([]any, 0, len(part)*memberArgs)
				for _, m := range part {
					args = append(args, m.Campaign, m.Position, string(m.Station), m.Wave, string(m.State), m.Detail, m.Command, m.Attempts, millis(m.StartedAt), millis(m.EndedAt))
				}
				if err := t.exec(`INSERT INTO campaign_member (`+memberColumns+`) VALUES `+placeholders(len(part), memberArgs), args...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return db.write(ctx, "campaign", func(t *tx) error { return t.saveCampaign(c) })
}

// ChangeCampaign changes a campaign; the events go into the same SQL transaction. NotFound.
func (db *DB) ChangeCampaign(ctx context.Context, id string, change func(*campaign.Campaign) ([]gnista.Event, error)) (out campaign.Campaign, err error) {
	err = db.write(ctx, "campaign", func(t *tx) error {
		c, err := scanCampaign(t.row(`SELECT `+campaignColumns+` FROM campaign WHERE id = $1`, id))
		if errors.Is(err, sql.ErrNoRows) {
			return gnista.Errorf(gnista.NotFound, "there is no campaign %q", id)
		}
		if err != nil {
			return err
		}
		evs, err := change(&c)
		if out = c; err != nil || len(evs) == 0 {
			return err
		}
		t.emit(evs...)
		return t.saveCampaign(c)
	})
	return out, err
}

// Campaign finds a campaign. NotFound.
func (db *DB) Campaign(ctx context.Context, id string) (campaign.Campaign, error) {
	return one(db.sql.QueryRowContext(ctx, `SELECT `+campaignColumns+` FROM campaign WHERE id = $1`, id), scanCampaign, "there is no campaign %q", id)
}

// Campaigns lists campaigns, the newest first, behind the one with the id before.
func (db *DB) Campaigns(ctx context.Context, state campaign.State, before string, limit int) ([]campaign.Campaign, error) {
	var w where
	if state != "" {
		w.add(`state = ?`, string(state))
	}
	if before != "" {
		w.add(`id < ?`, before)
	}
	limited := w.arg(limit)
	rows, err := db.sql.QueryContext(ctx, `SELECT `+campaignColumns+` FROM campaign`+w.sql()+` ORDER BY id DESC LIMIT `+limited, w.args...)
	return all(rows, err, scanCampaign)
}

// RunningCampaigns lists the ids of those that are running. It is asked each second, for which SQLite plans anew if the
// state is an argument: an index is only of that state.
func (db *DB) RunningCampaigns(ctx context.Context) ([]string, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT id FROM campaign WHERE state = 'running' ORDER BY id DESC`)
	return all(rows, err, func(s scanner) (id string, err error) { return id, s.Scan(&id) })
}

// SaveMember stores what became of a station.
func (db *DB) SaveMember(ctx context.Context, m campaign.Member) error {
	return db.write(ctx, "campaign", func(t *tx) error {
		return t.exec(`UPDATE campaign_member SET state = $1, detail = $2, command = $3, attempts = $4, started_at = $5, ended_at = $6 WHERE campaign = $7 AND position = $8`,
			string(m.State), m.Detail, m.Command, m.Attempts, millis(m.StartedAt), millis(m.EndedAt), m.Campaign, m.Position)
	})
}

// SkipMembers ends all members that wait.
func (db *DB) SkipMembers(ctx context.Context, id, detail string, at time.Time) error {
	return db.writeLater(ctx, "campaign", func(t *tx) error {
		return t.exec(`UPDATE campaign_member SET state = 'skipped', detail = $1, ended_at = $2 WHERE campaign = $3 AND state = 'waiting'`, detail, millis(at), id)
	})
}

// Members lists members up to a wave, behind a position, in a state or in any.
func (db *DB) Members(ctx context.Context, f campaign.MemberFilter) ([]campaign.Member, error) {
	var w where
	w.add(`campaign = ?`, f.Campaign)
	w.add(`position > ?`, f.After)
	w.add(`wave <= ?`, f.Wave)
	if f.State != "" {
		w.add(`state = ?`, string(f.State))
	}
	limited := w.arg(f.Limit)
	rows, err := db.sql.QueryContext(ctx, `SELECT `+memberColumns+` FROM campaign_member`+w.sql()+` ORDER BY position LIMIT `+limited, w.args...)
	return all(rows, err, scanMember)
}

// CountMembers counts members by wave and state.
func (db *DB) CountMembers(ctx context.Context, id string) ([]campaign.Count, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT wave, state, COUNT(*) FROM campaign_member WHERE campaign = $1 GROUP BY wave, state ORDER BY wave, state`, id)
	return all(rows, err, func(s scanner) (c campaign.Count, err error) {
		err = s.Scan(&c.Wave, &c.State, &c.N)
		return c, err
	})
}
