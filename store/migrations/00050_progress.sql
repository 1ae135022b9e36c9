-- What changes with each event of a charge is in no index, so that PostgreSQL has one row to write, and not an entry in
-- each index of the table as well.

-- +goose Up
DROP INDEX station_transaction_open_end;
CREATE INDEX station_transaction_open_end ON station_transaction (blocked) WHERE state = 'ended' AND finished_at = 0;

-- +goose Down
DROP INDEX station_transaction_open_end;
CREATE INDEX station_transaction_open_end ON station_transaction (updated_at) WHERE state = 'ended' AND finished_at = 0;
