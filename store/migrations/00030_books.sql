-- What outside providers have of us: entries for payments, disputes, refunds by a person, movements on our accounts
-- with them, and what differs.

-- +goose Up

-- The party of the ledger that owes a record which no account pays: the payment of a guest.
ALTER TABLE charge_record ADD COLUMN payer TEXT NOT NULL DEFAULT '';

ALTER TABLE payment ADD COLUMN given BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payment ADD COLUMN written_off BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payment ADD COLUMN covered BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payment ADD COLUMN rest TEXT NOT NULL DEFAULT '';
CREATE INDEX payment_rest ON payment (rest) WHERE rest <> '';
CREATE INDEX payment_created ON payment (provider, created_at);

-- The entries of the ledger that were made for a payment.
CREATE TABLE payment_entry (
    entry   TEXT PRIMARY KEY,
    payment TEXT NOT NULL
);
CREATE INDEX payment_entry_payment ON payment_entry (payment);

CREATE TABLE payment_refund (
    id         TEXT PRIMARY KEY,
    payment    TEXT NOT NULL,
    key        TEXT NOT NULL,
    amount     BIGINT NOT NULL,
    reason     TEXT NOT NULL,
    given_by   TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (payment, key)
);

CREATE TABLE payment_dispute (
    id         TEXT PRIMARY KEY,
    payment    TEXT NOT NULL,
    provider   TEXT NOT NULL,
    ref        TEXT NOT NULL,
    state      TEXT NOT NULL,
    amount     BIGINT NOT NULL,
    currency   TEXT NOT NULL,
    reason     TEXT NOT NULL,
    evidence   BIGINT NOT NULL,
    opened_at  BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (provider, ref)
);
CREATE INDEX payment_dispute_payment ON payment_dispute (payment, opened_at);

CREATE TABLE payment_dunning (
    payment   TEXT PRIMARY KEY,
    tries     BIGINT NOT NULL,
    reminders BIGINT NOT NULL,
    last_at   BIGINT NOT NULL,
    next_at   BIGINT NOT NULL
);

-- Each movement that a provider tells of, once.
CREATE TABLE provider_movement (
    provider TEXT NOT NULL,
    id       TEXT NOT NULL,
    kind     TEXT NOT NULL,
    ref      TEXT NOT NULL,
    payout   TEXT NOT NULL,
    amount   BIGINT NOT NULL,
    fee      BIGINT NOT NULL,
    currency TEXT NOT NULL,
    at       BIGINT NOT NULL,
    payment  TEXT NOT NULL,
    PRIMARY KEY (provider, id)
);
-- Other names that a provider has for a payment.
CREATE TABLE provider_ref (
    provider TEXT NOT NULL,
    ref      TEXT NOT NULL,
    payment  TEXT NOT NULL,
    PRIMARY KEY (provider, ref)
);
CREATE INDEX provider_movement_payment ON provider_movement (payment) WHERE payment <> '';
CREATE INDEX provider_movement_ref ON provider_movement (provider, ref) WHERE ref <> '';
CREATE INDEX provider_movement_payout ON provider_movement (provider, payout) WHERE payout <> '';

CREATE TABLE reconciliation (
    id         TEXT PRIMARY KEY,
    since      BIGINT NOT NULL,
    until      BIGINT NOT NULL,
    provider   TEXT NOT NULL,
    state      TEXT NOT NULL,
    detail     TEXT NOT NULL, -- how far it has come, as JSON
    created_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    nightly    BOOLEAN NOT NULL
);
CREATE INDEX reconciliation_state ON reconciliation (state, id);

CREATE TABLE difference (
    id             TEXT PRIMARY KEY,
    kind           TEXT NOT NULL,
    provider       TEXT NOT NULL,
    ref            TEXT NOT NULL,
    payment        TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    ours           BIGINT NOT NULL,
    theirs         BIGINT NOT NULL,
    currency       TEXT NOT NULL,
    note           TEXT NOT NULL,
    at             BIGINT NOT NULL,
    first_seen     BIGINT NOT NULL,
    last_seen      BIGINT NOT NULL,
    state          TEXT NOT NULL,
    action         TEXT NOT NULL,
    resolution     TEXT NOT NULL,
    resolved_by    TEXT NOT NULL,
    resolved_at    BIGINT NOT NULL,
    UNIQUE (kind, provider, ref)
);
CREATE INDEX difference_state ON difference (state, id);

-- +goose Down
SELECT 1;
