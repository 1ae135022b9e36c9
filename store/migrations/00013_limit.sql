-- +goose Up

-- Limits of transactions that stations were ordered to start, until they start them.
CREATE TABLE start_limit (
    station TEXT NOT NULL,
    number  BIGINT NOT NULL,
    limits  TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (station, number)
);

-- +goose Down
DROP TABLE start_limit;
