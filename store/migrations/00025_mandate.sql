-- Cards on file with providers, that accounts pay by.

-- +goose Up

CREATE TABLE mandate (
    id         TEXT PRIMARY KEY,
    account    TEXT NOT NULL,
    provider   TEXT NOT NULL,
    state      TEXT NOT NULL,
    text       TEXT NOT NULL, -- that its driver agreed to
    version    TEXT NOT NULL,
    language   TEXT NOT NULL,
    reason     TEXT NOT NULL,
    detail     TEXT NOT NULL, -- sealed: what the provider calls the customer and the card, and what the driver knows it by
    ref_key    TEXT NOT NULL, -- what the provider calls its asking is found by this
    forgotten  BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    given_at   BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL
);
CREATE INDEX mandate_account ON mandate (account, id);
CREATE UNIQUE INDEX mandate_active ON mandate (account) WHERE state = 'active';
CREATE INDEX mandate_ref ON mandate (ref_key) WHERE ref_key <> '';
CREATE INDEX mandate_unfinished ON mandate (created_at) WHERE state = 'awaiting' OR NOT forgotten;

ALTER TABLE payment ADD COLUMN mandate TEXT NOT NULL DEFAULT '';

-- +goose Down
SELECT 1;
