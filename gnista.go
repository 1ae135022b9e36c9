// Package gnista holds the words that all other packages share: who a station is, where on
// it a car is plugged in, what an amount of money is, and what kinds of failure there are.
package gnista

import (
	"encoding/json"
	"time"
)

// StationID is a charging station's identity: the last segment of its WebSocket URL,
// percent-decoded. It is compared byte by byte, once a connection has been let in.
type StationID string

// Version is the version of OCPP that a station speaks on one connection.
type Version string

// The versions that Gnista speaks.
const (
	V16  Version = "1.6"
	V201 Version = "2.0.1"
	V21  Version = "2.1"
)

// EVSE is a place on a station where one car at a time is charged, and the connector used
// there. Both count from 1. EVSE 0 is the station as a whole; connector 0 is not known or
// every one. A connector N of OCPP 1.6 is EVSE N, connector 1.
type EVSE struct {
	ID        int
	Connector int
}

// Money is an amount in the minor unit of its currency (öre, cent).
type Money struct {
	Amount   int64  `json:"amount" doc:"Amount in minor units (öre, cent)"`
	Currency string `json:"currency" doc:"ISO 4217 code" example:"SEK"`
}

// Event tells that something happened. A durable one has a Seq, was written in the same
// SQL transaction as the change it tells of, and is read by consumers with cursors; one with
// Seq 0 is live only and may be missed.
type Event struct {
	Seq     int64           `json:"seq,omitempty"`
	At      time.Time       `json:"at"`
	Kind    string          `json:"kind"`
	Station StationID       `json:"station,omitempty"`
	Subject string          `json:"subject,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
}
