-- Payments at terminals and what they came to; how stations make QR codes that change; and how far the guards of
-- transactions are that may come to so much only.

-- +goose Up

CREATE TABLE terminal_payment (
    payment    TEXT PRIMARY KEY,
    station    TEXT NOT NULL,
    reference  TEXT NOT NULL,
    kiosk      BOOLEAN NOT NULL,
    brand      TEXT NOT NULL,
    last4      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (station, reference)
);

CREATE TABLE settlement (
    id             TEXT PRIMARY KEY,
    station        TEXT NOT NULL,
    payment        TEXT NOT NULL,
    reference      TEXT NOT NULL,
    status         TEXT NOT NULL,
    amount         BIGINT NOT NULL,
    currency       TEXT NOT NULL,
    at             BIGINT NOT NULL,
    transaction_id TEXT NOT NULL,
    detail         TEXT NOT NULL, -- sealed: it may name a person
    received_at    BIGINT NOT NULL,
    UNIQUE (station, reference, status, at)
);
CREATE INDEX settlement_station ON settlement (station, id);

CREATE TABLE dynamic_code (
    station  TEXT NOT NULL,
    evse     BIGINT NOT NULL,
    secret   TEXT NOT NULL, -- sealed
    template TEXT NOT NULL,
    validity BIGINT NOT NULL, -- in seconds
    length   BIGINT NOT NULL,
    is_on    BOOLEAN NOT NULL,
    since    BIGINT NOT NULL,
    PRIMARY KEY (station, evse)
);
-- A one-time password opens one checkout.
CREATE TABLE dynamic_code_used (
    station  TEXT NOT NULL,
    evse     BIGINT NOT NULL,
    turn     BIGINT NOT NULL, -- number of the interval of the password
    PRIMARY KEY (station, evse, turn)
);

CREATE TABLE guard (
    transaction_id TEXT PRIMARY KEY,
    near           BOOLEAN NOT NULL,
    stops          BIGINT NOT NULL,
    next_at        BIGINT NOT NULL
);

-- +goose Down
SELECT 1;
