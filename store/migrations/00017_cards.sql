-- Cards: what they may, those that nobody knows, and UIDs that only we can read.

-- +goose Up

ALTER TABLE customer ADD COLUMN erased_at BIGINT NOT NULL DEFAULT 0;
-- Whether the account owes as much as it may; kept beside, for the lists that stations have.
ALTER TABLE account ADD COLUMN exhausted BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE token ADD COLUMN valid_from BIGINT NOT NULL DEFAULT 0;
ALTER TABLE token ADD COLUMN master BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE token ADD COLUMN block_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN detail TEXT NOT NULL DEFAULT '';
CREATE INDEX token_account ON token (account);

CREATE INDEX station_transaction_token_start ON station_transaction (token_key, started_at);

-- Cards that stations asked for and nobody has registered.
CREATE TABLE unknown_token (
    id       TEXT PRIMARY KEY,
    uid_key  TEXT NOT NULL,
    type     TEXT NOT NULL,
    uid      TEXT NOT NULL,
    station  TEXT NOT NULL,
    evse     BIGINT NOT NULL,
    count    BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    UNIQUE (uid_key, type)
);
CREATE INDEX unknown_token_last ON unknown_token (last_at, id);

-- How far UIDs of former versions have been sealed, table by table. The row 'secret' proves the secret.
CREATE TABLE sealing (
    name     TEXT PRIMARY KEY,
    position TEXT NOT NULL
);

-- +goose Down
SELECT 1;
