-- Browsers that are told how a charge goes, also while they show no page of it.

-- +goose Up

-- The detail is sealed: it has the endpoint, by which whoever knows it can send.
CREATE TABLE checkout_phone (
    id         TEXT PRIMARY KEY,
    checkout   TEXT NOT NULL,
    station    TEXT NOT NULL,
    endpoint   TEXT NOT NULL, -- hash of it
    detail     TEXT NOT NULL,
    language   TEXT NOT NULL,
    told       TEXT NOT NULL, -- words, with spaces in between
    trying     TEXT NOT NULL, -- the word that is on its way, or was when we were killed
    tries      BIGINT NOT NULL,
    next_at    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (checkout, endpoint)
);
CREATE INDEX checkout_phone_station ON checkout_phone (station);
CREATE INDEX checkout_phone_next ON checkout_phone (next_at);

-- +goose Down
DROP TABLE checkout_phone;
