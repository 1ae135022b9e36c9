-- Reservations that nobody came for are billed.

-- +goose Up

ALTER TABLE reservation ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE reservation ADD COLUMN tariff TEXT NOT NULL DEFAULT '';
ALTER TABLE reservation ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
-- Those that expired before are not billed afterwards.
UPDATE reservation SET since = started_at WHERE state <> 'expired';
CREATE INDEX reservation_origin ON reservation (origin) WHERE origin <> '';
CREATE INDEX reservation_tariff ON reservation (tariff) WHERE tariff <> '';
CREATE INDEX reservation_expired ON reservation (id) WHERE state = 'expired' AND since > 0;

-- What a record is of is in transaction_id: a transaction or, where this is set, the reservation.
ALTER TABLE charge_record ADD COLUMN reservation TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX charge_record_reservation ON charge_record (reservation) WHERE reservation <> '' AND kind = 'original';

-- +goose Down
SELECT 1;
