-- Codes by which drivers find the EVSE that they pay at, and what providers of payments tell by themselves.

-- +goose Up

-- A code is found by its key and is itself sealed: who reads the database cannot print labels.
CREATE TABLE pay_code (
    id         TEXT PRIMARY KEY,
    code_key   TEXT NOT NULL UNIQUE,
    code       TEXT NOT NULL,
    station    TEXT NOT NULL,
    evse       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX pay_code_active ON pay_code (station, evse) WHERE revoked_at = 0;

CREATE TABLE payment_hint (
    provider    TEXT NOT NULL,
    id          TEXT NOT NULL,
    ref         TEXT NOT NULL,
    state       TEXT NOT NULL,
    payment     TEXT NOT NULL,
    note        TEXT NOT NULL,
    attempt     BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    next_at     BIGINT NOT NULL,
    done_at     BIGINT NOT NULL,
    PRIMARY KEY (provider, id)
);

CREATE INDEX payment_hint_waiting ON payment_hint (next_at) WHERE state = 'waiting';
CREATE INDEX payment_hint_received ON payment_hint (received_at, id);

-- +goose Down
SELECT 1;
