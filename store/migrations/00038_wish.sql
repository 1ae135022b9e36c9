-- What a driver without a contract wants at the most of a charge; 0 is no limit.

-- +goose Up

ALTER TABLE checkout ADD COLUMN max_wh BIGINT NOT NULL DEFAULT 0;
ALTER TABLE checkout ADD COLUMN max_seconds BIGINT NOT NULL DEFAULT 0;
ALTER TABLE checkout ADD COLUMN max_cost BIGINT NOT NULL DEFAULT 0;

-- +goose Down
SELECT 1;
