-- Several nodes on one database: which run, which of them leads, and which holds a station.

-- +goose Up

CREATE TABLE node (
	name    TEXT NOT NULL PRIMARY KEY,
	run     TEXT NOT NULL, -- tells one run of a node from the one before
	slot    INTEGER NOT NULL UNIQUE, -- a small number of its own, by which ids that two make at one time differ
	address TEXT NOT NULL, -- where other nodes reach it
	version TEXT NOT NULL,
	seen_at BIGINT NOT NULL -- by the clock of the database, as all times here
);

CREATE TABLE lease (
	name  TEXT NOT NULL PRIMARY KEY,
	node  TEXT NOT NULL,
	run   TEXT NOT NULL,
	term  BIGINT NOT NULL, -- grows by one with each who takes it
	until BIGINT NOT NULL
);

CREATE TABLE holder (
	station TEXT NOT NULL PRIMARY KEY,
	node    TEXT NOT NULL,
	epoch   BIGINT NOT NULL -- grows by one with each connection that the station makes
);

-- +goose Down
DROP TABLE holder;
DROP TABLE lease;
DROP TABLE node;
