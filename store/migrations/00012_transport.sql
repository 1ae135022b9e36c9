-- +goose Up

-- Security profiles, and what a station was told to change to and has not shown to have.
ALTER TABLE station ADD COLUMN profile BIGINT NOT NULL DEFAULT 0;
ALTER TABLE station ADD COLUMN last_profile BIGINT NOT NULL DEFAULT 0;
ALTER TABLE station ADD COLUMN next_profile BIGINT NOT NULL DEFAULT 0;
ALTER TABLE station ADD COLUMN next_profile_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE station ADD COLUMN next_password_salt TEXT NOT NULL DEFAULT '';
ALTER TABLE station ADD COLUMN next_password_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE station ADD COLUMN admit_expired BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX station_next_profile ON station (next_profile_until) WHERE next_profile_until > 0;

-- +goose Down
SELECT 1;
