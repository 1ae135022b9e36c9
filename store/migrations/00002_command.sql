-- +goose Up

-- What stations were told to do, and what came of it.
CREATE TABLE command (
    id          TEXT PRIMARY KEY,
    station     TEXT NOT NULL,
    kind        TEXT NOT NULL,
    note        TEXT NOT NULL,
    effect      TEXT NOT NULL,
    outcome     TEXT NOT NULL,
    detail      TEXT NOT NULL,
    at          BIGINT NOT NULL,
    answered_at BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL,
    until       BIGINT NOT NULL
);
CREATE INDEX command_station ON command (station, id);
CREATE INDEX command_open ON command (station, effect) WHERE ended_at = 0;
CREATE INDEX command_until ON command (until) WHERE ended_at = 0;
CREATE INDEX command_at ON command (at);

-- +goose Down
SELECT 1;
