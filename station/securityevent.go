package station

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"gnista"
)

// SecurityEvent is something that matters for security and that a station told of.
type SecurityEvent struct {
	ID         string // in the order in which they came
	Station    gnista.StationID
	Type       string // the station's own word
	Critical   bool   // by OCPP, of those that it knows
	Info       string
	At         time.Time // by the station's clock
	ReceivedAt time.Time
}

// critical tells of the events that OCPP knows whether they are critical, by their names in small letters.
// Where editions differ, the stricter one counts. (OCPP 2.1 appendix 1, 1.6 security whitepaper)
var critical = map[string]bool{
	"firmwareupdated":                     true,
	"failedtoauthenticateatcsms":          false,
	"failedtoauthenticateatcentralsystem": false, // 1.6
	"csmsfailedtoauthenticate":            false,
	"centralsystemfailedtoauthenticate":   false, // 1.6
	"settingsystemtime":                   true,
	"startupofthedevice":                  true,
	"resetorreboot":                       true,
	"securitylogwascleared":               true,
	"reconfigurationofsecurityparameters": false,
	"memoryexhaustion":                    true,
	"invalidmessages":                     false,
	"attemptedreplayattacks":              false,
	"tamperdetectionactivated":            true,
	"invalidfirmwaresignature":            true,
	"invalidfirmwaresigningcertificate":   true,
	"invalidcsmscertificate":              true,
	"invalidcentralsystemcertificate":     true, // 1.6
	"invalidchargingstationcertificate":   true,
	"invalidchargepointcertificate":       true, // 1.6
	"discardedrenewedclientcertificate":   true,
	"invalidtlsversion":                   true,
	"invalidtlsciphersuite":               true,
	"maintenanceloginaccepted":            true,
	"maintenanceloginfailed":              true,
}

// SecurityStore keeps security events.
type SecurityStore interface {
	// AddSecurityEvent stores an event, and ev with it, unless it is there already: a station repeats what was
	// not answered. Of the station's events that are as critical as it, the newest keep stay.
	AddSecurityEvent(ctx context.Context, e SecurityEvent, keep int, ev gnista.Event) error
	// SecurityEvents lists the newest first, behind the one with the id before: of a station, or of all when it
	// is empty; the critical ones only, or all.
	SecurityEvents(ctx context.Context, id gnista.StationID, critical bool, before string, limit int) ([]SecurityEvent, error)
}

// Limits of what one station can have kept: many days of a good one, and no flood of harmless events drives
// out those that matter.
const (
	maxSecurityEvents = 1000 // of critical ones, and of others
	maxSecurityText   = 500
)

// ReportSecurity takes in a security event; one that OCPP does not know is kept as well.
// (OCPP 2.x A04.FR.03; 1.6 security whitepaper A04.FR.03)
func (n *Network) ReportSecurity(ctx context.Context, id gnista.StationID, e SecurityEvent) error {
	e.ID, e.Station, e.ReceivedAt = n.NewID(), id, n.Now()
	e.Type, e.Info = beginning(e.Type, maxSecurityText), beginning(e.Info, maxSecurityText)
	e.Critical = critical[strings.ToLower(e.Type)]
	if e.At.IsZero() {
		e.At = e.ReceivedAt
	}
	return n.Security.AddSecurityEvent(ctx, e, maxSecurityEvents, n.event("security.event", id, e.ID, map[string]any{
		"type": e.Type, "critical": e.Critical, "info": e.Info, "at": e.At,
	}))
}

// beginning is the beginning of a text that is too long.
func beginning(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}
