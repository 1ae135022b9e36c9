-- +goose Up

CREATE TABLE remedy_run (
    id         TEXT PRIMARY KEY,
    class      TEXT NOT NULL,
    station    TEXT NOT NULL,
    site       TEXT NOT NULL,
    evse       BIGINT NOT NULL,
    connector  BIGINT NOT NULL,
    model      TEXT NOT NULL,
    mode       TEXT NOT NULL,
    by_whom    TEXT NOT NULL,
    why        TEXT NOT NULL,
    steps      TEXT NOT NULL,
    step       BIGINT NOT NULL,
    hurry      BOOLEAN NOT NULL,
    state      TEXT NOT NULL,
    reason     TEXT NOT NULL,
    due_at     BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL
);
CREATE INDEX remedy_run_due ON remedy_run (due_at) WHERE ended_at = 0 AND due_at > 0;
CREATE INDEX remedy_run_live ON remedy_run (station, id) WHERE ended_at = 0;
CREATE INDEX remedy_run_ended ON remedy_run (ended_at) WHERE ended_at > 0;
CREATE INDEX remedy_run_station ON remedy_run (station, id);

CREATE TABLE remedy_fault (
    run     TEXT NOT NULL,
    fault   TEXT NOT NULL,
    station TEXT NOT NULL,
    n       BIGINT NOT NULL,
    live    BOOLEAN NOT NULL,
    PRIMARY KEY (run, fault)
);
CREATE UNIQUE INDEX remedy_fault_live ON remedy_fault (fault) WHERE live;
CREATE INDEX remedy_fault_fault ON remedy_fault (fault, run);

CREATE TABLE remedy_step (
    run      TEXT NOT NULL,
    n        BIGINT NOT NULL,
    station  TEXT NOT NULL,
    site     TEXT NOT NULL,
    evse     BIGINT NOT NULL,
    class    TEXT NOT NULL,
    model    TEXT NOT NULL,
    step     BIGINT NOT NULL,
    action   TEXT NOT NULL,
    state    TEXT NOT NULL,
    dry      BOOLEAN NOT NULL,
    guards   TEXT NOT NULL,
    reason   TEXT NOT NULL,
    command  TEXT NOT NULL,
    since    BIGINT NOT NULL,
    acted_at BIGINT NOT NULL,
    until    BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    PRIMARY KEY (run, n)
);
CREATE INDEX remedy_step_acted ON remedy_step (station, site, acted_at) WHERE acted_at > 0;
CREATE INDEX remedy_step_since ON remedy_step (since);

CREATE TABLE remedy_ladder (
    class      TEXT PRIMARY KEY,
    ladder     TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE remedy_mode (
    n     BIGINT PRIMARY KEY,
    site  TEXT NOT NULL,
    class TEXT NOT NULL,
    mode  TEXT NOT NULL
);

-- +goose Down
SELECT 1;
