-- What stations are found and listed by, who gave a command, and where sites are.

-- +goose Up

ALTER TABLE station ADD COLUMN words TEXT NOT NULL DEFAULT ''; -- name and id, small letters
UPDATE station SET words = LOWER(TRIM(name || ' ' || id));
CREATE INDEX station_words ON station (words, id);
DROP INDEX station_site; -- only of stations with a site
CREATE INDEX station_site ON station (site, id);
CREATE INDEX station_seen ON station (seen_at, id);
CREATE INDEX station_kind ON station (vendor, model, firmware, version);
CREATE INDEX connector_status ON connector (status, station);
CREATE INDEX fault_station_open ON fault (station) WHERE cleared_at = 0;
CREATE INDEX event_station ON event (station, seq) WHERE station <> '';

ALTER TABLE command ADD COLUMN by_whom TEXT NOT NULL DEFAULT '';

-- In millionths of a degree; both 0 where nobody has said.
ALTER TABLE site ADD COLUMN latitude BIGINT NOT NULL DEFAULT 0;
ALTER TABLE site ADD COLUMN longitude BIGINT NOT NULL DEFAULT 0;

-- +goose Down
SELECT 1;
