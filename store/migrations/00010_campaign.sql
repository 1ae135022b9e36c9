-- +goose Up

CREATE TABLE campaign (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    action       TEXT NOT NULL,
    args         TEXT NOT NULL,
    target       TEXT NOT NULL,
    waves        TEXT NOT NULL,
    sizes        TEXT NOT NULL,
    max_failed   BIGINT NOT NULL,
    concurrency  BIGINT NOT NULL,
    skip_offline BOOLEAN NOT NULL,
    state        TEXT NOT NULL,
    detail       TEXT NOT NULL,
    wave         BIGINT NOT NULL,
    forgiven     BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    deadline     BIGINT NOT NULL,
    ended_at     BIGINT NOT NULL
);
CREATE INDEX campaign_running ON campaign (id) WHERE state = 'running';

CREATE TABLE campaign_member (
    campaign   TEXT NOT NULL,
    position   BIGINT NOT NULL,
    station    TEXT NOT NULL,
    wave       BIGINT NOT NULL,
    state      TEXT NOT NULL,
    detail     TEXT NOT NULL,
    command    TEXT NOT NULL,
    attempts   BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    PRIMARY KEY (campaign, position)
);
CREATE INDEX campaign_member_state ON campaign_member (campaign, state, position);

-- +goose Down
SELECT 1;
