-- +goose Up

-- Charging profiles, limits, needs and the like: what is kept of the power of stations, by kind.
CREATE TABLE power (
    id         TEXT NOT NULL,
    station    TEXT NOT NULL,
    kind       TEXT NOT NULL,
    key        TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    data       TEXT NOT NULL,
    PRIMARY KEY (station, kind, key)
);
CREATE UNIQUE INDEX power_id ON power (station, kind, id);

-- +goose Down
SELECT 1;
