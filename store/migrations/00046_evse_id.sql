-- What the world calls EVSEs, as in SE*ABC*E123; the key is without separators.

-- +goose Up

CREATE TABLE evse_id (
    station TEXT NOT NULL,
    evse    BIGINT NOT NULL,
    name    TEXT NOT NULL,
    key     TEXT NOT NULL UNIQUE,
    PRIMARY KEY (station, evse)
);

-- +goose Down
DROP TABLE evse_id;
