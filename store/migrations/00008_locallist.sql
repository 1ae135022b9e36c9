-- +goose Up

ALTER TABLE token ADD COLUMN offline BOOLEAN NOT NULL DEFAULT FALSE;
INSERT INTO counter (name, value) VALUES ('token', 0), ('reservation', 0);

-- Groups of tokens of which something is said as a whole.
CREATE TABLE token_group (
    name       TEXT PRIMARY KEY,
    offline    BOOLEAN NOT NULL,
    updated_at BIGINT NOT NULL
);

-- The local authorization list of a station. What it was last sent is a row of its own, as it is long.
CREATE TABLE local_list (
    station    TEXT PRIMARY KEY,
    enabled    BOOLEAN NOT NULL,
    state      TEXT NOT NULL,
    version    BIGINT NOT NULL,
    highest    BIGINT NOT NULL,
    says       BIGINT NOT NULL,
    revision   BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    checked_at BIGINT NOT NULL,
    detail     TEXT NOT NULL
);
CREATE TABLE local_list_content (
    station TEXT PRIMARY KEY,
    entries TEXT NOT NULL
);

CREATE TABLE reservation (
    id             TEXT PRIMARY KEY,
    number         BIGINT NOT NULL,
    station        TEXT NOT NULL,
    evse           BIGINT NOT NULL,
    connector_type TEXT NOT NULL,
    token_key      TEXT NOT NULL,
    token_uid      TEXT NOT NULL,
    token_type     TEXT NOT NULL,
    token_group    TEXT NOT NULL,
    state          TEXT NOT NULL,
    reason         TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    origin         TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    started_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL
);
CREATE INDEX reservation_number ON reservation (station, number);
CREATE INDEX reservation_station ON reservation (station, id);
CREATE INDEX reservation_open ON reservation (station, evse) WHERE ended_at = 0;
CREATE INDEX reservation_expiry ON reservation (expires_at) WHERE ended_at = 0;

-- +goose Down
SELECT 1;
