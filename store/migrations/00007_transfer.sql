-- +goose Up

-- The numbers by which stations name what they were asked for.
INSERT INTO counter (name, value) VALUES ('request', 0);

-- Files that stations fetch or send. What is in them is on the disk.
CREATE TABLE file (
    id     TEXT PRIMARY KEY,
    kind   TEXT NOT NULL,
    name   TEXT NOT NULL,
    size   BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    md5    TEXT NOT NULL,
    key    TEXT NOT NULL,
    at     BIGINT NOT NULL
);
CREATE INDEX file_kind ON file (kind, id);
CREATE TABLE transfer (
    id        TEXT PRIMARY KEY,
    number    BIGINT NOT NULL,
    station   TEXT NOT NULL,
    kind      TEXT NOT NULL,
    state     TEXT NOT NULL,
    detail    TEXT NOT NULL,
    location  TEXT NOT NULL,
    key       TEXT NOT NULL,
    uploads   BIGINT NOT NULL,
    file      TEXT NOT NULL,
    firmware_before TEXT NOT NULL,
    at        BIGINT NOT NULL,
    due_at    BIGINT NOT NULL,
    change_at BIGINT NOT NULL,
    ended_at  BIGINT NOT NULL
);
CREATE INDEX transfer_station ON transfer (station, id);
CREATE INDEX transfer_open ON transfer (station) WHERE ended_at = 0;
CREATE INDEX transfer_stale ON transfer (change_at) WHERE ended_at = 0;
CREATE UNIQUE INDEX transfer_key ON transfer (key) WHERE key <> '';

-- +goose Down
SELECT 1;
