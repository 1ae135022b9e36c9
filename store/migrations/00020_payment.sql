-- Payments, the operations by which money is moved for them, and their history.

-- +goose Up

CREATE TABLE payment (
    id             TEXT PRIMARY KEY,
    transaction_id TEXT NOT NULL,
    account        TEXT NOT NULL,
    provider       TEXT NOT NULL,
    ref            TEXT NOT NULL,
    way            TEXT NOT NULL,
    currency       TEXT NOT NULL,
    state          TEXT NOT NULL,
    reason         TEXT NOT NULL,
    due            BIGINT NOT NULL,
    authorised     BIGINT NOT NULL,
    held           BIGINT NOT NULL,
    held_until     BIGINT NOT NULL,
    captured       BIGINT NOT NULL,
    refunded       BIGINT NOT NULL,
    revision       BIGINT NOT NULL,
    tried          BIGINT NOT NULL,
    closing        BOOLEAN NOT NULL,
    moves          BIGINT NOT NULL,
    since          BIGINT NOT NULL,
    stuck          BOOLEAN NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
);
-- A transaction is paid for by one payment, and a payment pays for one transaction.
CREATE UNIQUE INDEX payment_transaction ON payment (transaction_id) WHERE transaction_id <> '';
CREATE INDEX payment_account ON payment (account, id);
CREATE INDEX payment_state ON payment (state, since);
CREATE INDEX payment_ref ON payment (provider, ref) WHERE ref <> '';
CREATE INDEX payment_held ON payment (held_until) WHERE held > 0;

CREATE TABLE payment_op (
    id         TEXT PRIMARY KEY,
    payment    TEXT NOT NULL,
    kind       TEXT NOT NULL,
    purpose    TEXT NOT NULL,
    amount     BIGINT NOT NULL,
    done       BIGINT NOT NULL,
    state      TEXT NOT NULL,
    attempt    BIGINT NOT NULL,
    error      TEXT NOT NULL,
    next_at    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at    BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (payment, kind, purpose)
);
-- One operation of a payment at a time.
CREATE UNIQUE INDEX payment_op_open ON payment_op (payment) WHERE state IN ('pending', 'sent', 'unknown');
CREATE INDEX payment_op_waiting ON payment_op (next_at) WHERE state IN ('pending', 'sent', 'unknown');

CREATE TABLE payment_event (
    payment    TEXT NOT NULL,
    number     BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    from_state TEXT NOT NULL,
    to_state   TEXT NOT NULL,
    cause_kind TEXT NOT NULL,
    cause_id   TEXT NOT NULL,
    note       TEXT NOT NULL,
    PRIMARY KEY (payment, number)
);

-- +goose Down
SELECT 1;
