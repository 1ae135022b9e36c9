-- Corrections of charge records, who decided what, and the chart of accounts of exports.

-- +goose Up

-- A transaction has one original record; each record is taken back at most once, and replaced at most once.
CREATE TABLE charge_record_next (
    id             TEXT PRIMARY KEY,
    number         BIGINT NOT NULL UNIQUE,
    transaction_id TEXT NOT NULL,
    station        TEXT NOT NULL,
    evse           BIGINT NOT NULL,
    connector      BIGINT NOT NULL,
    token_uid      TEXT NOT NULL,
    token_type     TEXT NOT NULL,
    started_at     BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL,
    energy_wh      BIGINT NOT NULL,
    tariff_version TEXT NOT NULL,
    policy         TEXT NOT NULL,
    currency       TEXT NOT NULL,
    net            BIGINT NOT NULL,
    tax            BIGINT NOT NULL,
    total          BIGINT NOT NULL,
    bill           TEXT NOT NULL,
    issued_at      BIGINT NOT NULL,
    account        TEXT NOT NULL DEFAULT '',
    kind           TEXT NOT NULL DEFAULT 'original',
    corrects       TEXT NOT NULL DEFAULT '',
    payment        TEXT NOT NULL DEFAULT ''
);
INSERT INTO charge_record_next (id, number, transaction_id, station, evse, connector, token_uid, token_type, started_at, ended_at, energy_wh, tariff_version, policy,
        currency, net, tax, total, bill, issued_at, account)
    SELECT id, number, transaction_id, station, evse, connector, token_uid, token_type, started_at, ended_at, energy_wh, tariff_version, policy,
        currency, net, tax, total, bill, issued_at, account
    FROM charge_record;
DROP TABLE charge_record;
ALTER TABLE charge_record_next RENAME TO charge_record;
CREATE UNIQUE INDEX charge_record_original ON charge_record (transaction_id) WHERE kind = 'original';
CREATE UNIQUE INDEX charge_record_corrects ON charge_record (corrects, kind) WHERE corrects <> '';
CREATE INDEX charge_record_transaction ON charge_record (transaction_id, number);
CREATE INDEX charge_record_tariff ON charge_record (tariff_version);
CREATE INDEX charge_record_station ON charge_record (station, number);
CREATE INDEX charge_record_account ON charge_record (account, number);

-- What a person has decided, with what that was decided by.
CREATE TABLE decision (
    id             TEXT PRIMARY KEY,
    at             BIGINT NOT NULL,
    kind           TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    record         TEXT NOT NULL,
    decided_by     TEXT NOT NULL,
    reason         TEXT NOT NULL,
    energy_wh      BIGINT NOT NULL,
    detail         TEXT NOT NULL
);
CREATE INDEX decision_transaction ON decision (transaction_id, id);

-- Numbers in the operator's chart of accounts, where they are not the usual ones.
CREATE TABLE ledger_number (
    kind   TEXT NOT NULL,
    party  TEXT NOT NULL,
    number TEXT NOT NULL,
    name   TEXT NOT NULL,
    PRIMARY KEY (kind, party)
);

-- +goose Down
SELECT 1;
