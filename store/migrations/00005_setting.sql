-- +goose Up

-- A configuration key of OCPP 1.6 is a variable without component.
ALTER TABLE variable ADD COLUMN min_limit TEXT NOT NULL DEFAULT '';
ALTER TABLE variable ADD COLUMN max_limit TEXT NOT NULL DEFAULT '';
ALTER TABLE variable ADD COLUMN values_list TEXT NOT NULL DEFAULT '';
ALTER TABLE variable ADD COLUMN wanted TEXT NOT NULL DEFAULT '';
ALTER TABLE variable ADD COLUMN wanted_at BIGINT NOT NULL DEFAULT 0;

-- What is known of the settings of a station as a whole.
CREATE TABLE inventory (
    station  TEXT PRIMARY KEY,
    template TEXT NOT NULL,
    read_at  BIGINT NOT NULL,
    version  TEXT NOT NULL,
    firmware TEXT NOT NULL,
    count    BIGINT NOT NULL,
    stale    BOOLEAN NOT NULL,
    drift    TEXT NOT NULL
);
CREATE INDEX inventory_template ON inventory (template) WHERE template <> '';

CREATE TABLE report (
    id         TEXT PRIMARY KEY,
    station    TEXT NOT NULL,
    number     BIGINT NOT NULL,
    kind       TEXT NOT NULL,
    state      TEXT NOT NULL,
    detail     TEXT NOT NULL,
    pages      BIGINT NOT NULL,
    variables  BIGINT NOT NULL,
    bytes      BIGINT NOT NULL,
    next_page  BIGINT NOT NULL,
    early      TEXT NOT NULL,
    last_page  BIGINT NOT NULL,
    renew      BOOLEAN NOT NULL,
    started_at BIGINT NOT NULL,
    page_at    BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL
);
CREATE INDEX report_station ON report (station, id);
CREATE INDEX report_running ON report (page_at) WHERE ended_at = 0;
INSERT INTO counter (name, value) VALUES ('report', 0);

CREATE TABLE template (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    vendor     TEXT NOT NULL,
    model      TEXT NOT NULL,
    firmware   TEXT NOT NULL,
    version    TEXT NOT NULL,
    settings   TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- +goose Down
SELECT 1;
