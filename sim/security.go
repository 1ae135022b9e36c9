package sim

import (
	"cmp"
	"context"
	"time"

	"gnista/ocpp/ocpp16"
	"gnista/ocpp/ocpp2"
)

// maxSecurityEvents is how many of them the security log has.
const maxSecurityEvents = 32

// securityEvent is one of the security log.
type securityEvent struct {
	at         time.Time
	kind, info string
}

// SecurityEvent writes an event into the security log and tells of it, at once or when the station is
// in service. Kind is one of the events that OCPP names, or another. (OCPP 1.6 security whitepaper A04,
// OCPP 2.x A04)
func (s *Station) SecurityEvent(ctx context.Context, kind, info string) error {
	s.prepare()
	e := securityEvent{s.Now(), kind, info}
	s.mu.Lock()
	s.logSecurity(e)
	s.mu.Unlock()
	return s.whenInService(ctx, func(l *link) error { return s.dialect.securityEvent(ctx, l, e) })
}

// logSecurity writes an event into the security log. mu is held.
func (s *Station) logSecurity(e securityEvent) {
	if len(s.securityEvents) == maxSecurityEvents {
		s.securityEvents = append(s.securityEvents[:0], s.securityEvents[1:]...)
	}
	s.securityEvents = append(s.securityEvents, e)
}

// OCPP 1.6 security whitepaper A04.
func (*v16) securityEvent(ctx context.Context, l *link, e securityEvent) error {
	_, err := call(ctx, l, ocpp16.SecurityEventNotification, ocpp16.SecurityEventNotificationRequest{Type: e.kind, Timestamp: instant(e.at), TechInfo: e.info})
	return err
}

// OCPP 2.x A04.FR.01.
func (*v2) securityEvent(ctx context.Context, l *link, e securityEvent) error {
	_, err := call(ctx, l, ocpp2.SecurityEventNotification, ocpp2.SecurityEventNotificationRequest{Type: e.kind, Timestamp: instant(e.at), TechInfo: e.info})
	return err
}

// password is the one of the next connection. mu is held.
func (s *Station) password() string { return cmp.Or(s.newPassword, s.Password) }

// CurrentPassword is the one of the next connection: the central system may have changed it.
func (s *Station) CurrentPassword() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.password()
}

// How long passwords are. (OCPP 1.6 security whitepaper A00, OCPP 2.x A00.FR.205)
const (
	minPassword = 16
	maxPassword = 40
)

// securitySettings are the settings for security. mu is held.
func (s *Station) securitySettings() []setting {
	organisation := cmp.Or(s.organisation, defaultOrganisation)
	return []setting{
		{key: "AuthorizationKey", component: "SecurityCtrlr", variable: "BasicAuthPassword", kind: kindText, secret: true, write: func(v string) bool {
			if len(v) < minPassword || len(v) > maxPassword {
				return false
			}
			s.newPassword = v
			s.logSecurity(securityEvent{s.Now(), "ReconfigurationOfSecurityParameters", "the password"}) // OCPP 2.x A01.FR.11
			return true
		}},
		{key: "CpoName", component: "SecurityCtrlr", variable: "OrganizationName", kind: kindText, value: organisation, write: func(v string) bool {
			s.organisation = v
			return v != ""
		}},
	}
}

const defaultOrganisation = "Gnista"

// override is a list of settings with the values of others in place of those that are the same; what is
// not there is added.
func override(list, by []setting) []setting {
	for _, v := range by {
		at := -1
		for i := range list {
			x := &list[i]
			if x.component == v.component && x.variable == v.variable && x.instance == v.instance && x.evse == v.evse && x.connector == v.connector &&
				(v.component != "" || x.key == v.key) {
				at = i
			} else if v.key != "" && x.key == v.key {
				x.key = ""
			}
		}
		if at < 0 {
			list = append(list, v)
			continue
		}
		x := &list[at]
		x.value, x.write, x.mutable = v.value, v.write, false
		x.key, x.secret, x.restart, x.options = cmp.Or(v.key, x.key), x.secret || v.secret, x.restart || v.restart, cmp.Or(v.options, x.options)
	}
	return list
}
