-- What stations reckon themselves, and what they have been given of prices.

-- +goose Up

CREATE TABLE reckoning (
    transaction_id TEXT PRIMARY KEY,
    station        TEXT NOT NULL,
    told_at        BIGINT NOT NULL,
    final          BOOLEAN NOT NULL,
    tariff         TEXT NOT NULL,
    currency       TEXT NOT NULL,
    kind           TEXT NOT NULL,
    net            TEXT NOT NULL,
    gross          TEXT NOT NULL,
    parts          TEXT NOT NULL,
    energy_wh      BIGINT NOT NULL,
    charging_s     BIGINT NOT NULL,
    idle_s         BIGINT NOT NULL,
    failed         BOOLEAN NOT NULL,
    failure        TEXT NOT NULL,
    compared_at    BIGINT NOT NULL,
    ours           BIGINT NOT NULL,
    ours_currency  TEXT NOT NULL,
    verdict        TEXT NOT NULL
);

CREATE TABLE price_sync (
    station  TEXT PRIMARY KEY,
    off      BOOLEAN NOT NULL,
    tariffs  TEXT NOT NULL,
    defaults TEXT NOT NULL
);

-- Stations that say that they show prices are few among very many settings.
CREATE INDEX variable_price ON variable (station) WHERE value IN ('true', 'True', 'TRUE') AND name IN ('CustomDisplayCostAndPrice', 'Enabled') AND component IN ('', 'TariffCostCtrlr');

-- +goose Down
SELECT 1;
