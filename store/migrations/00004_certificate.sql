-- +goose Up

-- DER and sealed keys are in base64.
CREATE TABLE authority (
    id          TEXT PRIMARY KEY,
    algorithm   TEXT NOT NULL,
    state       TEXT NOT NULL,
    certificate TEXT NOT NULL,
    above       TEXT NOT NULL,
    link        TEXT NOT NULL,
    sealed_key  TEXT NOT NULL,
    rollout     BOOLEAN NOT NULL,
    expires_at  BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    changed_at  BIGINT NOT NULL
);
CREATE TABLE root_attempt (
    authority TEXT NOT NULL,
    station   TEXT NOT NULL,
    done      BOOLEAN NOT NULL,
    detail    TEXT NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (authority, station)
);
CREATE TABLE certificate (
    id         TEXT PRIMARY KEY,
    serial     TEXT NOT NULL UNIQUE,
    authority  TEXT NOT NULL,
    use        TEXT NOT NULL,
    station    TEXT NOT NULL,
    subject    TEXT NOT NULL,
    key_hash   TEXT NOT NULL,
    der        TEXT NOT NULL,
    sealed_key TEXT NOT NULL,
    delivery   TEXT NOT NULL,
    detail     TEXT NOT NULL,
    request_id BIGINT,
    issued_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL,
    reason     BIGINT NOT NULL,
    asked_at   BIGINT NOT NULL
);
CREATE INDEX certificate_station ON certificate (station, id);
CREATE INDEX certificate_key ON certificate (key_hash);
CREATE INDEX certificate_expires ON certificate (expires_at);
CREATE INDEX certificate_authority ON certificate (authority, use, subject);
CREATE INDEX certificate_revoked ON certificate (authority, id) WHERE revoked_at > 0;

CREATE INDEX station_serial ON station (serial);

CREATE TABLE installed_certificate (
    station     TEXT NOT NULL,
    id          TEXT NOT NULL,
    use         TEXT NOT NULL,
    algorithm   TEXT NOT NULL,
    name_hash   TEXT NOT NULL,
    key_hash    TEXT NOT NULL,
    serial      TEXT NOT NULL,
    below       TEXT NOT NULL,
    reported_at BIGINT NOT NULL,
    PRIMARY KEY (station, id)
);
CREATE TABLE root_certificate (
    id         TEXT PRIMARY KEY,
    use        TEXT NOT NULL,
    der        TEXT NOT NULL,
    subject    TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE security_event (
    id          TEXT PRIMARY KEY,
    station     TEXT NOT NULL,
    type        TEXT NOT NULL,
    critical    BOOLEAN NOT NULL,
    info        TEXT NOT NULL,
    at          BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    UNIQUE (station, at, type, info)
);
CREATE INDEX security_event_station ON security_event (station, critical, id);
CREATE INDEX security_event_critical ON security_event (id) WHERE critical;
