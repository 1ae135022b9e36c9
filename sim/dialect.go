package sim

import (
	"context"
	"encoding/json"
	"time"

	"gnista"
	"gnista/ocpp/ocpp2"
	"gnista/ocpp/ocppj"
)

// dialect is how a version says things.
type dialect interface {
	traits() traits
	boot(ctx context.Context, l *link, reason bootReason) (bootAnswer, error)
	heartbeat(ctx context.Context, l *link) error
	authorise(ctx context.Context, l *link, token Token) (verdict, error)
	status(ctx context.Context, l *link, r report) error
	// reading tells what a meter shows while there is no transaction.
	reading(ctx context.Context, l *link, evse int, r Reading, why cause) error
	transaction(ctx context.Context, l *link, m message) (verdict, error)
	firmwareStatus(ctx context.Context, l *link, u *update, status ocpp2.FirmwareStatus) error
	logStatus(ctx context.Context, l *link, u *upload, status ocpp2.UploadLogStatus) error
	securityEvent(ctx context.Context, l *link, e securityEvent) error
	// sign asks for a certificate and returns whether that is accepted; number is that of the request.
	sign(ctx context.Context, l *link, csr, use string, number int) (status string, err error)
	// dropped tells that a reservation has ended without a transaction, and why.
	dropped(ctx context.Context, l *link, reservation int, why ocpp2.ReservationUpdateStatus) error
	serve(ctx context.Context, l *link, f ocppj.Frame) (json.RawMessage, error)
}

// traits are what a version can say.
type traits struct {
	protocol ocppj.Version
	maxUID   int  // characters of a token
	ownNames bool // the station names its transactions, not the central system
	// activities is whether the events of a transaction tell when the car begins and ceases to take
	// energy; else only the status of the connector does.
	activities bool
	// invalidCertificate is what the security event of a bad certificate for the station is called.
	invalidCertificate string
}

func dialectOf(v gnista.Version) dialect {
	switch v {
	case gnista.V201:
		return newV2(ocppj.V201)
	case gnista.V21:
		return newV2(ocppj.V21)
	}
	return newV16()
}

// bootReason is why a station boots, as OCPP 2.x names it; OCPP 1.6 does not tell.
type bootReason string

const (
	bootPowerUp        bootReason = "PowerUp"
	bootRemoteReset    bootReason = "RemoteReset"
	bootScheduledReset bootReason = "ScheduledReset"
	bootTriggered      bootReason = "Triggered"
	bootFirmwareUpdate bootReason = "FirmwareUpdate"
)

// bootAnswer is what the central system says to a boot.
type bootAnswer struct {
	accepted bool
	status   string
	interval time.Duration // between heartbeats, or until the next boot
}

// instant is a time on the wire. Milliseconds keep short transactions apart.
func instant(t time.Time) ocppj.DateTime {
	return ocppj.DateTime{Time: t.UTC().Truncate(time.Millisecond)}
}
