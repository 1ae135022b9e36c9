-- Numbers of attempts to charge about which drivers may call; those of faults are in their own tables.

-- +goose Up

CREATE TABLE attempt_case (
    number BIGINT PRIMARY KEY,
    kind   TEXT NOT NULL,
    ref    TEXT NOT NULL,
    UNIQUE (kind, ref)
);
