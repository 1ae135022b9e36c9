-- PostgreSQL only: the largest tables are in 16 parts each, by what their rows are found by, so that their indexes stay
-- small and they are cleaned up in pieces. What is there is carried over, and whoever writes meanwhile waits. What is
-- unique is so by an index and not by a key: pg_restore --clean cannot drop the keys of parts.

-- +goose Up
LOCK TABLE meter_period, message IN ACCESS EXCLUSIVE MODE;

ALTER TABLE meter_period RENAME TO meter_period_whole;
CREATE TABLE meter_period (
    transaction_id TEXT NOT NULL,
    period         BIGINT NOT NULL,
    data           TEXT NOT NULL
) PARTITION BY HASH (transaction_id);

ALTER TABLE message RENAME TO message_whole;
CREATE TABLE message (
    id         BIGINT NOT NULL,
    station    TEXT NOT NULL,
    outgoing   BOOLEAN NOT NULL,
    type       BIGINT NOT NULL,
    message_id TEXT NOT NULL,
    action     TEXT NOT NULL,
    text       TEXT NOT NULL
) PARTITION BY HASH (station);

-- A row of meter_period is written anew with each value that is added to it, and one of station_transaction with each
-- event: there is room for that beside it.
-- +goose StatementBegin
DO $$
BEGIN
    FOR part IN 0..15 LOOP
        EXECUTE format('CREATE TABLE meter_period_%s PARTITION OF meter_period FOR VALUES WITH (MODULUS 16, REMAINDER %s) WITH (fillfactor = 80)', part, part);
        EXECUTE format('CREATE TABLE message_%s PARTITION OF message FOR VALUES WITH (MODULUS 16, REMAINDER %s)', part, part);
    END LOOP;
END $$;
-- +goose StatementEnd
ALTER TABLE station_transaction SET (fillfactor = 80);

INSERT INTO meter_period (transaction_id, period, data) SELECT transaction_id, period, data FROM meter_period_whole;
INSERT INTO message (id, station, outgoing, type, message_id, action, text) SELECT id, station, outgoing, type, message_id, action, text FROM message_whole;
DROP TABLE meter_period_whole;
DROP TABLE message_whole;
CREATE UNIQUE INDEX meter_period_key ON meter_period (transaction_id, period);
CREATE UNIQUE INDEX message_key ON message (id, station);
CREATE INDEX message_station ON message (station, id);

-- +goose Down
SELECT 1;
