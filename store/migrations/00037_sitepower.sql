-- How the power of sites is limited and shared.

-- +goose Up

CREATE TABLE site_limits (
    site       TEXT PRIMARY KEY,
    updated_at BIGINT NOT NULL,
    data       TEXT NOT NULL
);
CREATE TABLE site_spot (
    site    TEXT NOT NULL,
    station TEXT NOT NULL,
    evse    INTEGER NOT NULL,
    data    TEXT NOT NULL,
    PRIMARY KEY (station, evse)
);
CREATE INDEX site_spot_site ON site_spot (site);
CREATE TABLE site_memory (
    site TEXT PRIMARY KEY,
    data TEXT NOT NULL
);
CREATE TABLE site_moment (
    site TEXT NOT NULL,
    id   TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (site, id)
);

-- +goose Down
SELECT 1;
