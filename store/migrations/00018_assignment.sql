-- Whose tariff is which, and what a tariff says as a whole.

-- +goose Up

ALTER TABLE token ADD COLUMN tariff TEXT NOT NULL DEFAULT '';
ALTER TABLE token_group ADD COLUMN tariff TEXT NOT NULL DEFAULT '';
CREATE TABLE evse_tariff (
    station TEXT NOT NULL,
    evse    BIGINT NOT NULL,
    tariff  TEXT NOT NULL,
    PRIMARY KEY (station, evse)
);
CREATE INDEX evse_tariff_tariff ON evse_tariff (tariff);
CREATE INDEX station_site ON station (site) WHERE site <> '';
CREATE INDEX station_transaction_tariff ON station_transaction (tariff, id) WHERE tariff <> '';
CREATE INDEX station_transaction_finished ON station_transaction (started_at, id) WHERE finished_at > 0;
CREATE INDEX charge_record_tariff ON charge_record (tariff_version);

-- A deleted tariff keeps its versions: a transaction that begins at that moment may have one.
ALTER TABLE tariff ADD COLUMN deleted_at BIGINT NOT NULL DEFAULT 0;

ALTER TABLE tariff_version ADD COLUMN net BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE tariff_version ADD COLUMN min_cost TEXT NOT NULL DEFAULT '';
ALTER TABLE tariff_version ADD COLUMN max_cost TEXT NOT NULL DEFAULT '';

-- +goose Down
SELECT 1;
