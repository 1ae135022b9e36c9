-- Meter values that the meter has signed, as the station sent them.

-- +goose Up

CREATE TABLE signed_value (
    transaction_id TEXT NOT NULL,
    at             BIGINT NOT NULL,
    digest         TEXT NOT NULL,
    context        TEXT NOT NULL,
    measurand      TEXT NOT NULL,
    data           TEXT NOT NULL,
    encoding       TEXT NOT NULL,
    method         TEXT NOT NULL,
    public_key     TEXT NOT NULL,
    size           BIGINT NOT NULL,
    PRIMARY KEY (transaction_id, at, digest)
);

-- +goose Down
SELECT 1;
