-- What operators say of faults in place of the catalogue, and codes that the catalogue does not have.

-- +goose Up

CREATE TABLE fault_override (
    source  TEXT NOT NULL,
    code    TEXT NOT NULL,
    change  TEXT NOT NULL, -- JSON
    said_by TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (source, code)
);
CREATE TABLE fault_override_history (
    source  TEXT NOT NULL,
    code    TEXT NOT NULL,
    seq     BIGINT NOT NULL,
    change  TEXT NOT NULL,
    said_by TEXT NOT NULL,
    at      BIGINT NOT NULL,
    is_gone BOOLEAN NOT NULL,
    PRIMARY KEY (source, code, seq)
);
CREATE TABLE unknown_fault (
    source   TEXT NOT NULL,
    code     TEXT NOT NULL,
    count    BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    PRIMARY KEY (source, code)
);
CREATE INDEX unknown_fault_last ON unknown_fault (last_at, source, code);
CREATE TABLE unknown_fault_station (
    source  TEXT NOT NULL,
    code    TEXT NOT NULL,
    station TEXT NOT NULL,
    at      BIGINT NOT NULL,
    raw     TEXT NOT NULL, -- JSON
    PRIMARY KEY (source, code, station)
);
CREATE INDEX unknown_fault_station_station ON unknown_fault_station (station);

-- +goose Down
SELECT 1;
