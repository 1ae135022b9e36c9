-- What of payments is kept, as it is too little to be given back.

-- +goose Up

ALTER TABLE payment ADD COLUMN kept BIGINT NOT NULL DEFAULT 0;

-- +goose Down
SELECT 1;
