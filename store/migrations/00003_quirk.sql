-- +goose Up

ALTER TABLE station ADD COLUMN strict BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE station ADD COLUMN adaptations TEXT NOT NULL DEFAULT '';
-- The password is one that we must send, so it is kept as it is.
ALTER TABLE station ADD COLUMN mirror_url TEXT NOT NULL DEFAULT '';
ALTER TABLE station ADD COLUMN mirror_password TEXT NOT NULL DEFAULT '';
-- For finding a station whose identity is written in another letter case.
CREATE INDEX station_lower ON station (LOWER(id));

-- How often a station has shown a quirk.
CREATE TABLE deviation (
    station  TEXT NOT NULL,
    quirk    TEXT NOT NULL,
    count    BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    example  TEXT NOT NULL,
    PRIMARY KEY (station, quirk)
);

-- The message that was rejected the last time.
ALTER TABLE verdict ADD COLUMN action TEXT NOT NULL DEFAULT '';
ALTER TABLE verdict ADD COLUMN message_id TEXT NOT NULL DEFAULT '';

-- +goose Down
SELECT 1;
