-- +goose Up

-- For keeping no more than so many of each station.
CREATE INDEX notice_station ON notice (station, id);
-- However many transactions a station has, looking for one takes the same time.
DROP INDEX station_transaction_active;
CREATE INDEX station_transaction_active ON station_transaction (station, evse, id) WHERE state = 'active';
CREATE INDEX station_transaction_ended ON station_transaction (station, ended_at, id) WHERE state = 'ended';

-- +goose Down
SELECT 1;
