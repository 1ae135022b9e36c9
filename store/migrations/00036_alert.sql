-- +goose Up

-- People, groups, rotas, routes and digests, each its JSON.
CREATE TABLE alert_entry (
    kind TEXT NOT NULL,
    id   TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (kind, id)
);

-- The detail is sealed: it has addresses and secrets.
CREATE TABLE alert_channel (
    id        TEXT PRIMARY KEY,
    person    TEXT NOT NULL,
    kind      TEXT NOT NULL,
    state     TEXT NOT NULL,
    after_seq BIGINT NOT NULL,
    detail    TEXT NOT NULL
);

CREATE TABLE alert (
    id       TEXT PRIMARY KEY,
    route    TEXT NOT NULL,
    subject  TEXT NOT NULL,
    state    TEXT NOT NULL,
    due_at   BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    data     TEXT NOT NULL
);
CREATE UNIQUE INDEX alert_subject ON alert (subject, route);
CREATE INDEX alert_due ON alert (due_at) WHERE due_at > 0;
CREATE INDEX alert_state ON alert (state, id);
CREATE INDEX alert_ended ON alert (ended_at) WHERE ended_at > 0;

CREATE TABLE alert_delivery (
    id      TEXT PRIMARY KEY,
    key     TEXT NOT NULL,
    channel TEXT NOT NULL,
    alert   TEXT NOT NULL,
    cause   TEXT NOT NULL,
    state   TEXT NOT NULL,
    next_at BIGINT NOT NULL,
    done_at BIGINT NOT NULL,
    data    TEXT NOT NULL
);
CREATE UNIQUE INDEX alert_delivery_key ON alert_delivery (key);
CREATE INDEX alert_delivery_due ON alert_delivery (channel, next_at, id) WHERE state = 'waiting';
CREATE INDEX alert_delivery_sent ON alert_delivery (channel, done_at) WHERE state = 'sent';
CREATE INDEX alert_delivery_done ON alert_delivery (done_at) WHERE done_at > 0;
CREATE INDEX alert_delivery_state ON alert_delivery (state, id);
CREATE INDEX alert_delivery_alert ON alert_delivery (alert, id);
CREATE INDEX alert_delivery_channel ON alert_delivery (channel, id);

-- Sealed.
CREATE TABLE alert_secret (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- +goose Down
SELECT 1;
