-- What is wrong at stations and sites.

-- +goose Up

INSERT INTO counter (name, value) VALUES ('case', 10000);

CREATE TABLE fault (
    number          BIGINT PRIMARY KEY, -- of the case
    source          TEXT NOT NULL,
    code            TEXT NOT NULL,
    severity        BIGINT NOT NULL, -- 0 is the worst
    severity_by     TEXT NOT NULL,
    station         TEXT NOT NULL,
    site            TEXT NOT NULL,
    evse            BIGINT NOT NULL,
    connector       BIGINT NOT NULL,
    way             TEXT NOT NULL,
    count           BIGINT NOT NULL,
    chatters        BOOLEAN NOT NULL,
    turns           TEXT NOT NULL,
    opened_at       BIGINT NOT NULL,
    last_at         BIGINT NOT NULL,
    seq             BIGINT NOT NULL,
    until           BIGINT NOT NULL,
    cleared_at      BIGINT NOT NULL,
    cleared_by      TEXT NOT NULL,
    acknowledged_at BIGINT NOT NULL,
    acknowledged_by TEXT NOT NULL,
    shelved_until   BIGINT NOT NULL,
    shelved_by      TEXT NOT NULL,
    assignee        TEXT NOT NULL,
    incident        TEXT NOT NULL,
    transaction_id  TEXT NOT NULL,
    raw             TEXT NOT NULL,
    facts           TEXT NOT NULL,
    words           TEXT NOT NULL -- what is looked for in it, in small letters
);
CREATE INDEX fault_place ON fault (station, evse, connector, source, code, site, number);
-- Those of open faults have all that is looked for, so that what does not fit need not be read.
CREATE INDEX fault_open ON fault (number, severity, evse, source, acknowledged_at, shelved_until, opened_at, words) WHERE cleared_at = 0;
CREATE INDEX fault_worst ON fault (severity, number DESC, evse, source, acknowledged_at, shelved_until, opened_at, words) WHERE cleared_at = 0;
CREATE INDEX fault_site ON fault (site, number) WHERE site <> '';
CREATE INDEX fault_code ON fault (code, number);
CREATE INDEX fault_assignee ON fault (assignee, number) WHERE assignee <> '';
CREATE INDEX fault_incident ON fault (incident, number) WHERE incident <> '';
CREATE INDEX fault_until ON fault (until) WHERE cleared_at = 0 AND until > 0;
CREATE INDEX fault_shelved ON fault (shelved_until) WHERE cleared_at = 0 AND shelved_until > 0;
CREATE INDEX fault_cleared ON fault (cleared_at) WHERE cleared_at > 0;

-- What was done with a fault or an incident.
CREATE TABLE fault_history (
    subject TEXT NOT NULL,
    number  BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    what    TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    why     TEXT NOT NULL,
    PRIMARY KEY (subject, number)
);

CREATE TABLE incident (
    number          BIGINT PRIMARY KEY, -- of the case
    kind            TEXT NOT NULL,
    subject         TEXT NOT NULL, -- what its faults have in common
    source          TEXT NOT NULL,
    code            TEXT NOT NULL,
    severity        BIGINT NOT NULL,
    station         TEXT NOT NULL,
    site            TEXT NOT NULL,
    first           TEXT NOT NULL, -- id of the fault that came first
    opened_at       BIGINT NOT NULL,
    last_at         BIGINT NOT NULL, -- when a fault last came to it
    resolved_at     BIGINT NOT NULL,
    acknowledged_at BIGINT NOT NULL,
    acknowledged_by TEXT NOT NULL,
    shelved_until   BIGINT NOT NULL,
    shelved_by      TEXT NOT NULL,
    assignee        TEXT NOT NULL,
    facts           TEXT NOT NULL
);
CREATE UNIQUE INDEX incident_subject ON incident (kind, subject) WHERE resolved_at = 0;
CREATE INDEX incident_open ON incident (number) WHERE resolved_at = 0;
CREATE INDEX incident_site ON incident (site, number) WHERE site <> '';
CREATE INDEX incident_resolved ON incident (resolved_at) WHERE resolved_at > 0;

-- +goose Down
SELECT 1;
