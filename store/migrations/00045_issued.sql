-- What was earned in a time is found without reading all records.

-- +goose Up

CREATE INDEX charge_record_issued ON charge_record (issued_at);

-- +goose Down
DROP INDEX charge_record_issued;
