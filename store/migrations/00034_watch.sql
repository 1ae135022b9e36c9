-- What is wrong and nobody tells of, when outlets could not be used, and how attempts to charge went.

-- +goose Up

-- A stretch of time in which something could not be used; until is 0 while it lasts. EVSE 0 is the station as a
-- whole, EVSE -1 its connection.
CREATE TABLE outage (
    station   TEXT NOT NULL,
    evse      BIGINT NOT NULL,
    connector BIGINT NOT NULL,
    since     BIGINT NOT NULL,
    until     BIGINT NOT NULL,
    cause     TEXT NOT NULL,
    PRIMARY KEY (station, evse, connector, since)
);
CREATE INDEX outage_open ON outage (station, evse, connector) WHERE until = 0;
CREATE INDEX outage_until ON outage (until) WHERE until > 0;

-- Stretches of time in which we watched: one for each run.
CREATE TABLE observed (
    since BIGINT PRIMARY KEY,
    until BIGINT NOT NULL
);

-- Time that is not counted as downtime. site, station and evse say where; all empty is everywhere.
CREATE TABLE exclusion (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    site       TEXT NOT NULL,
    station    TEXT NOT NULL,
    evse       BIGINT NOT NULL,
    since      BIGINT NOT NULL,
    until      BIGINT NOT NULL,
    note       TEXT NOT NULL,
    made_by    TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX exclusion_until ON exclusion (until);
CREATE TABLE opening_hours (
    site  TEXT PRIMARY KEY,
    hours TEXT NOT NULL
);

-- What a watcher has found and reported, until it is over.
CREATE TABLE found (
    rule      TEXT NOT NULL,
    code      TEXT NOT NULL,
    station   TEXT NOT NULL,
    evse      BIGINT NOT NULL,
    connector BIGINT NOT NULL,
    since     BIGINT NOT NULL,
    PRIMARY KEY (rule, station, evse, connector)
);

-- since is by our clock.
ALTER TABLE connector ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
UPDATE connector SET since = at;
CREATE INDEX connector_waiting ON connector (status, since) WHERE status IN ('preparing', 'suspended-ev', 'finishing', 'occupied');

ALTER TABLE command ADD COLUMN evse BIGINT NOT NULL DEFAULT 0;
CREATE INDEX command_start ON command (at) WHERE kind = 'start';
CREATE INDEX payment_op_ended ON payment_op (updated_at) WHERE state IN ('succeeded', 'declined');
CREATE INDEX checkout_station ON checkout (station, created_at);

-- Attempts to charge. visit is the id of the first attempt of the same visit. authorised, paid and well are 1 for
-- yes, 0 for no, and -1 where that was not asked.
CREATE TABLE attempt (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    station    TEXT NOT NULL,
    evse       BIGINT NOT NULL,
    version    TEXT NOT NULL,
    at         BIGINT NOT NULL,
    until      BIGINT NOT NULL,
    token_key  TEXT NOT NULL,
    visit      TEXT NOT NULL,
    authorised BIGINT NOT NULL,
    paid       BIGINT NOT NULL,
    well       BIGINT NOT NULL,
    energy_wh  BIGINT NOT NULL,
    energy_ms  BIGINT NOT NULL,
    counts     BOOLEAN NOT NULL
);
CREATE INDEX attempt_station ON attempt (station, at);
CREATE INDEX attempt_at ON attempt (at);

-- +goose Down
SELECT 1;
