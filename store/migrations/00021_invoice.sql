-- Invoices, and what became of them.

-- +goose Up

INSERT INTO counter (name, value) VALUES ('invoice', 0), ('reminder', 0);

-- The invoice that a record is on; empty is none.
ALTER TABLE charge_record ADD COLUMN invoice TEXT NOT NULL DEFAULT '';
CREATE INDEX charge_record_uninvoiced ON charge_record (account, currency, issued_at) WHERE invoice = '' AND account <> '';
CREATE INDEX charge_record_invoice ON charge_record (invoice) WHERE invoice <> '';

CREATE TABLE invoice (
    id         TEXT PRIMARY KEY,
    number     BIGINT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,
    run        TEXT NOT NULL,
    account    TEXT NOT NULL,
    currency   TEXT NOT NULL,
    language   TEXT NOT NULL,
    issued_at  BIGINT NOT NULL,
    date       TEXT NOT NULL,
    due        TEXT NOT NULL,
    total      BIGINT NOT NULL,
    said       TEXT NOT NULL, -- what else it says, as JSON
    lines      TEXT NOT NULL, -- JSON
    fees       BIGINT NOT NULL,
    paid       BIGINT NOT NULL,
    state      TEXT NOT NULL,
    note       TEXT NOT NULL,
    reminders  BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX invoice_account ON invoice (account, number);
CREATE INDEX invoice_run_invoices ON invoice (run, number);
CREATE INDEX invoice_state ON invoice (state, due);

CREATE TABLE invoice_payment (
    id         TEXT PRIMARY KEY,
    invoice    TEXT NOT NULL,
    reference  TEXT NOT NULL,
    amount     BIGINT NOT NULL,
    applied    BIGINT NOT NULL,
    source     TEXT NOT NULL,
    at         BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (invoice, reference)
);
CREATE TABLE invoice_reminder (
    id         TEXT PRIMARY KEY,
    number     BIGINT NOT NULL UNIQUE,
    invoice    TEXT NOT NULL,
    level      BIGINT NOT NULL,
    fee        BIGINT NOT NULL,
    open       BIGINT NOT NULL,
    date       TEXT NOT NULL,
    due        TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX invoice_reminder_invoice ON invoice_reminder (invoice, level);

CREATE TABLE invoice_run (
    id         TEXT PRIMARY KEY,
    until      BIGINT NOT NULL,
    account    TEXT NOT NULL,
    state      TEXT NOT NULL,
    detail     TEXT NOT NULL, -- how far it has come, as JSON
    created_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL
);
CREATE INDEX invoice_run_until ON invoice_run (until, account);

-- +goose Down
SELECT 1;
