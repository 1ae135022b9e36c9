-- Users, their sessions, and the log of what they change.

-- +goose Up

CREATE TABLE app_user (
    id         TEXT PRIMARY KEY,
    email      TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    language   TEXT NOT NULL,
    grants     TEXT NOT NULL, -- JSON
    disabled   BOOLEAN NOT NULL,
    password   TEXT NOT NULL, -- a hash
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
);

CREATE TABLE app_session (
    id         TEXT PRIMARY KEY, -- a hash of the secret
    app_user   TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    remote     TEXT NOT NULL,
    agent      TEXT NOT NULL,
    way        TEXT NOT NULL
);
CREATE INDEX app_session_user ON app_session (app_user, created_at);
CREATE INDEX app_session_seen ON app_session (seen_at);

INSERT INTO counter (name, value) VALUES ('audit', 0);

CREATE TABLE audit (
    seq      BIGINT PRIMARY KEY,
    at       BIGINT NOT NULL,
    app_user TEXT NOT NULL,
    name     TEXT NOT NULL,
    action   TEXT NOT NULL,
    station  TEXT NOT NULL,
    site     TEXT NOT NULL,
    path     TEXT NOT NULL,
    input    TEXT NOT NULL,
    reason   TEXT NOT NULL,
    stage    TEXT NOT NULL,
    status   BIGINT NOT NULL,
    of_seq   BIGINT NOT NULL,
    remote   TEXT NOT NULL,
    hash     TEXT NOT NULL
);
CREATE INDEX audit_user ON audit (app_user, seq);
CREATE INDEX audit_station ON audit (station, seq) WHERE station <> '';
