-- Who pays, and what is owed.

-- +goose Up

CREATE TABLE customer (
    id          TEXT PRIMARY KEY,
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    number      TEXT NOT NULL,
    vat         TEXT NOT NULL,
    email       TEXT NOT NULL,
    street      TEXT NOT NULL,
    postal_code TEXT NOT NULL,
    city        TEXT NOT NULL,
    country     TEXT NOT NULL,
    language    TEXT NOT NULL,
    reference   TEXT NOT NULL,
    endpoint    TEXT NOT NULL,
    tariff      TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);
CREATE TABLE account (
    id           TEXT PRIMARY KEY,
    customer     TEXT NOT NULL,
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL,
    currency     TEXT NOT NULL,
    credit_limit BIGINT NOT NULL,
    hold         BIGINT NOT NULL,
    blocked      BOOLEAN NOT NULL,
    block_reason TEXT NOT NULL,
    offline      BOOLEAN NOT NULL,
    term_days    BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE INDEX account_customer ON account (customer, id);

ALTER TABLE token ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE station_transaction ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE charge_record ADD COLUMN account TEXT NOT NULL DEFAULT '';

-- A place with stations, and the time by which its prices go.
CREATE TABLE site (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    zone       TEXT NOT NULL,
    tariff     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
ALTER TABLE station ADD COLUMN site TEXT NOT NULL DEFAULT '';

-- The ledger. Rows are never changed; only balances, which are what the postings add up to.
INSERT INTO counter (name, value) VALUES ('ledger', 0);
CREATE TABLE ledger_entry (
    id         TEXT PRIMARY KEY,
    number     BIGINT NOT NULL UNIQUE,
    at         BIGINT NOT NULL,
    currency   TEXT NOT NULL,
    cause_kind TEXT NOT NULL,
    cause_id   TEXT NOT NULL,
    text       TEXT NOT NULL,
    UNIQUE (cause_kind, cause_id)
);
CREATE INDEX ledger_entry_at ON ledger_entry (at, number);
CREATE TABLE ledger_posting (
    entry    TEXT NOT NULL,
    line     BIGINT NOT NULL,
    kind     TEXT NOT NULL,
    party    TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount   BIGINT NOT NULL,
    PRIMARY KEY (entry, line)
);
CREATE INDEX ledger_posting_account ON ledger_posting (kind, party, entry);
CREATE TABLE ledger_balance (
    kind     TEXT NOT NULL,
    party    TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount   BIGINT NOT NULL,
    PRIMARY KEY (kind, party, currency)
);

-- What is set aside of an account for a transaction that has not been settled.
CREATE TABLE account_hold (
    transaction_id TEXT PRIMARY KEY,
    account        TEXT NOT NULL,
    currency       TEXT NOT NULL,
    amount         BIGINT NOT NULL,
    created_at     BIGINT NOT NULL
);
CREATE INDEX account_hold_account ON account_hold (account);

-- +goose Down
SELECT 1;
