-- Drivers without a contract who pay for one charge. Keys, tokens and companies are sealed; the first two are
-- found by their hash. taken is 1 while the checkout has its EVSE for itself.

-- +goose Up

CREATE TABLE checkout (
    id             TEXT PRIMARY KEY,
    link           TEXT NOT NULL,
    link_key       TEXT NOT NULL,
    station        TEXT NOT NULL,
    evse           INTEGER NOT NULL,
    provider       TEXT NOT NULL,
    way            TEXT NOT NULL,
    amount         BIGINT NOT NULL,
    currency       TEXT NOT NULL,
    language       TEXT NOT NULL,
    tariff         TEXT NOT NULL,
    token_uid      TEXT NOT NULL,
    token_type     TEXT NOT NULL,
    token_key      TEXT NOT NULL,
    payment        TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    state          TEXT NOT NULL,
    taken          INTEGER NOT NULL,
    reason         TEXT NOT NULL,
    test           BOOLEAN NOT NULL,
    company        TEXT NOT NULL,
    min_wh         BIGINT NOT NULL,
    minimum        BIGINT NOT NULL,
    pay_by         BIGINT NOT NULL,
    paid_at        BIGINT NOT NULL,
    start_by       BIGINT NOT NULL,
    order_number   BIGINT NOT NULL,
    order_tried    INTEGER NOT NULL,
    order_at       BIGINT NOT NULL,
    order_outcome  TEXT NOT NULL,
    order_command  TEXT NOT NULL,
    stray          TEXT NOT NULL,
    next_at        BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
);
CREATE UNIQUE INDEX checkout_taken ON checkout (station, evse) WHERE taken = 1;
CREATE UNIQUE INDEX checkout_link ON checkout (link_key);
CREATE UNIQUE INDEX checkout_token ON checkout (token_key);
CREATE UNIQUE INDEX checkout_payment ON checkout (payment) WHERE payment <> '';
CREATE INDEX checkout_transaction ON checkout (transaction_id) WHERE transaction_id <> '';
CREATE INDEX checkout_next ON checkout (next_at) WHERE next_at > 0;

-- +goose Down
SELECT 1;
