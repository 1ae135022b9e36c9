-- Drivers who look after their own accounts: links that they are sent, their sessions, and cards that they add at a station.

-- +goose Up

CREATE INDEX customer_email ON customer (lower(email)) WHERE email <> '';

CREATE TABLE driver_link (
    id         TEXT PRIMARY KEY, -- a hash of the secret
    purpose    TEXT NOT NULL,
    email      TEXT NOT NULL,
    customer   TEXT NOT NULL, -- whose address is changed; empty where somebody signs in
    leads_to   TEXT NOT NULL,
    language   TEXT NOT NULL,
    made_at    BIGINT NOT NULL
);
CREATE INDEX driver_link_email ON driver_link (email, made_at);
CREATE INDEX driver_link_made ON driver_link (made_at);

CREATE TABLE driver_session (
    id         TEXT PRIMARY KEY, -- a hash of the secret
    customer   TEXT NOT NULL,
    email      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    agent      TEXT NOT NULL
);
CREATE INDEX driver_session_customer ON driver_session (customer, created_at);
CREATE INDEX driver_session_seen ON driver_session (seen_at);

CREATE TABLE driver_tap (
    customer  TEXT PRIMARY KEY,
    account   TEXT NOT NULL,
    station   TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    ends_at   BIGINT NOT NULL,
    unknown   TEXT NOT NULL, -- id of the unknown token that they say is theirs
    said_at   BIGINT NOT NULL
);
CREATE INDEX driver_tap_station ON driver_tap (station, ends_at);

CREATE INDEX unknown_token_station ON unknown_token (station, last_at);
