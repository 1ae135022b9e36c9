-- +goose Up

CREATE TABLE monitor (
    station     TEXT NOT NULL,
    id          BIGINT NOT NULL,
    variable    TEXT NOT NULL,
    kind        TEXT NOT NULL,
    value       TEXT NOT NULL,
    severity    BIGINT NOT NULL,
    in_transaction BOOLEAN NOT NULL,
    origin      TEXT NOT NULL,
    stream_interval BIGINT NOT NULL,
    stream_values   BIGINT NOT NULL,
    reported_at BIGINT NOT NULL,
    PRIMARY KEY (station, id)
);
CREATE TABLE display_message (
    station     TEXT NOT NULL,
    id          BIGINT NOT NULL,
    priority    TEXT NOT NULL,
    state       TEXT NOT NULL,
    from_at     BIGINT NOT NULL,
    to_at       BIGINT NOT NULL,
    transaction_ref TEXT NOT NULL,
    display     TEXT NOT NULL,
    texts       TEXT NOT NULL,
    reported_at BIGINT NOT NULL,
    PRIMARY KEY (station, id)
);
CREATE TABLE customer_report (
    id        TEXT PRIMARY KEY,
    number    BIGINT NOT NULL,
    station   TEXT NOT NULL,
    report    BOOLEAN NOT NULL,
    clear     BOOLEAN NOT NULL,
    state     TEXT NOT NULL,
    detail    TEXT NOT NULL,
    last_page BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    ended_at  BIGINT NOT NULL
);
CREATE INDEX customer_report_station ON customer_report (station, id);
CREATE INDEX customer_report_at ON customer_report (at);
CREATE TABLE customer_page (
    report TEXT NOT NULL,
    page   BIGINT NOT NULL,
    text   TEXT NOT NULL,
    PRIMARY KEY (report, page)
);
CREATE TABLE event_stream (
    station   TEXT NOT NULL,
    number    BIGINT NOT NULL,
    monitor   BIGINT NOT NULL,
    send_interval BIGINT NOT NULL,
    send_values   BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT NOT NULL,
    pending   BIGINT NOT NULL,
    behind    BOOLEAN NOT NULL,
    newest    TEXT NOT NULL,
    PRIMARY KEY (station, number)
);
ALTER TABLE notice ADD COLUMN severity BIGINT NOT NULL DEFAULT -1;
ALTER TABLE notice ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE notice ADD COLUMN monitor BIGINT NOT NULL DEFAULT 0;
ALTER TABLE notice ADD COLUMN because_of BIGINT NOT NULL DEFAULT -1;

-- +goose Down
SELECT 1;
