-- +goose Up

-- What came of trying out stations.
CREATE TABLE station_check (
    id         TEXT PRIMARY KEY,
    station    TEXT NOT NULL,
    state      TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    report     TEXT NOT NULL
);
CREATE INDEX station_check_station ON station_check (station, id);
CREATE INDEX station_check_open ON station_check (id) WHERE ended_at = 0;

-- +goose Down
SELECT 1;
