-- Times are milliseconds since 1970 UTC, 0 where there is none. The same text runs on SQLite and PostgreSQL.

-- +goose Up

-- Series of numbers. The row of the series 'event' is also the lock that puts events in the order of commits.
CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counter (name, value) VALUES ('event', 0), ('transaction', 0), ('charge-record', 0);

CREATE TABLE event (
    seq     BIGINT PRIMARY KEY,
    at      BIGINT NOT NULL,
    kind    TEXT NOT NULL,
    station TEXT NOT NULL,
    subject TEXT NOT NULL,
    data    TEXT NOT NULL
);
CREATE TABLE event_cursor (
    consumer TEXT PRIMARY KEY,
    seq      BIGINT NOT NULL
);

CREATE TABLE station (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    state         TEXT NOT NULL,
    password_salt TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    tariff        TEXT NOT NULL,
    version       TEXT NOT NULL,
    vendor        TEXT NOT NULL,
    model         TEXT NOT NULL,
    serial        TEXT NOT NULL,
    firmware      TEXT NOT NULL,
    booted_at     BIGINT NOT NULL,
    seen_at       BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);
CREATE TABLE connector (
    station     TEXT NOT NULL,
    evse        BIGINT NOT NULL,
    connector   BIGINT NOT NULL,
    status      TEXT NOT NULL,
    error_code  TEXT NOT NULL,
    vendor_id   TEXT NOT NULL,
    vendor_code TEXT NOT NULL,
    info        TEXT NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (station, evse, connector)
);
CREATE TABLE variable (
    station            TEXT NOT NULL,
    component          TEXT NOT NULL,
    component_instance TEXT NOT NULL,
    evse               BIGINT NOT NULL,
    connector          BIGINT NOT NULL,
    name               TEXT NOT NULL,
    instance           TEXT NOT NULL,
    attribute          TEXT NOT NULL,
    value              TEXT NOT NULL,
    mutability         TEXT NOT NULL,
    data_type          TEXT NOT NULL,
    unit               TEXT NOT NULL,
    reported_at        BIGINT NOT NULL,
    PRIMARY KEY (station, component, component_instance, evse, connector, name, instance, attribute)
);
CREATE TABLE notice (
    id          TEXT PRIMARY KEY,
    station     TEXT NOT NULL,
    at          BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    event_id    BIGINT NOT NULL,
    component   TEXT NOT NULL,
    evse        BIGINT NOT NULL,
    connector   BIGINT NOT NULL,
    variable    TEXT NOT NULL,
    value       TEXT NOT NULL,
    cause       TEXT NOT NULL,
    cleared     BOOLEAN NOT NULL,
    tech_code   TEXT NOT NULL,
    tech_info   TEXT NOT NULL,
    transaction_ref TEXT NOT NULL,
    UNIQUE (station, event_id, at, component, variable)
);
CREATE TABLE verdict (
    station  TEXT NOT NULL,
    cause    TEXT NOT NULL,
    reason   TEXT NOT NULL,
    remote   TEXT NOT NULL,
    count    BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    PRIMARY KEY (station, cause, reason)
);
CREATE INDEX verdict_last ON verdict (last_at);

-- uid_key is the form in which uids are compared.
CREATE TABLE token (
    uid_key        TEXT NOT NULL,
    type           TEXT NOT NULL,
    uid            TEXT NOT NULL,
    name           TEXT NOT NULL,
    token_group    TEXT NOT NULL,
    blocked        BOOLEAN NOT NULL,
    expires_at     BIGINT NOT NULL,
    max_concurrent BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    PRIMARY KEY (uid_key, type)
);

CREATE TABLE station_transaction (
    id          TEXT PRIMARY KEY,
    station     TEXT NOT NULL,
    version     TEXT NOT NULL,
    ref         TEXT NOT NULL,
    start_key   TEXT NOT NULL,
    evse        BIGINT NOT NULL,
    connector   BIGINT NOT NULL,
    token_key   TEXT NOT NULL,
    token_uid   TEXT NOT NULL,
    token_type  TEXT NOT NULL,
    authorised  BOOLEAN NOT NULL,
    tariff      TEXT NOT NULL,
    state       TEXT NOT NULL,
    activity    TEXT NOT NULL,
    started_at  BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL,
    finished_at BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    stop_reason TEXT NOT NULL,
    remote_id   BIGINT NOT NULL,
    energy_wh   BIGINT NOT NULL,
    power_w     BIGINT NOT NULL,
    soc         BIGINT NOT NULL,
    blocked     BOOLEAN NOT NULL,
    review      TEXT NOT NULL,
    note        TEXT NOT NULL,
    detail      TEXT NOT NULL,
    UNIQUE (station, ref)
);
CREATE UNIQUE INDEX station_transaction_start ON station_transaction (station, start_key) WHERE start_key <> '';
CREATE INDEX station_transaction_station ON station_transaction (station, id);
CREATE INDEX station_transaction_active ON station_transaction (station, evse) WHERE state = 'active';
CREATE INDEX station_transaction_token ON station_transaction (token_key, id);
CREATE INDEX station_transaction_open_end ON station_transaction (updated_at) WHERE state = 'ended' AND finished_at = 0;
CREATE INDEX station_transaction_active_id ON station_transaction (id) WHERE state = 'active';
CREATE INDEX station_transaction_blocked ON station_transaction (id) WHERE blocked;

-- What the meter said, one row for a transaction and a stretch of time.
CREATE TABLE meter_period (
    transaction_id TEXT NOT NULL,
    period         BIGINT NOT NULL,
    data           TEXT NOT NULL,
    PRIMARY KEY (transaction_id, period)
);

CREATE TABLE tariff (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    currency   TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE tariff_version (
    id         TEXT PRIMARY KEY,
    tariff     TEXT NOT NULL,
    number     BIGINT NOT NULL,
    valid_from BIGINT NOT NULL,
    elements   TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (tariff, number)
);

CREATE TABLE charge_record (
    id             TEXT PRIMARY KEY,
    number         BIGINT NOT NULL UNIQUE,
    transaction_id TEXT NOT NULL,
    station        TEXT NOT NULL,
    evse           BIGINT NOT NULL,
    connector      BIGINT NOT NULL,
    token_uid      TEXT NOT NULL,
    token_type     TEXT NOT NULL,
    started_at     BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL,
    energy_wh      BIGINT NOT NULL,
    tariff_version TEXT NOT NULL,
    policy         TEXT NOT NULL,
    currency       TEXT NOT NULL,
    net            BIGINT NOT NULL,
    tax            BIGINT NOT NULL,
    total          BIGINT NOT NULL,
    bill           TEXT NOT NULL,
    issued_at      BIGINT NOT NULL,
    UNIQUE (station, transaction_id)
);
CREATE UNIQUE INDEX charge_record_transaction ON charge_record (transaction_id);
CREATE INDEX charge_record_station ON charge_record (station, number);

-- The log of OCPP messages, bounded; the id begins with the time.
CREATE TABLE message (
    id         BIGINT PRIMARY KEY,
    station    TEXT NOT NULL,
    outgoing   BOOLEAN NOT NULL,
    type       BIGINT NOT NULL,
    message_id TEXT NOT NULL,
    action     TEXT NOT NULL,
    text       TEXT NOT NULL
);
CREATE INDEX message_station ON message (station, id);

-- +goose Down
SELECT 1;
