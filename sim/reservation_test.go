package sim_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/sim"
)

// reserve is a request to keep an EVSE for CARD, or its group FLEET, until twelve minutes past midnight.
func reserve(v gnista.Version, id, evse string) string {
	if v == gnista.V16 {
		return `{"connectorId":` + evse + `,"expiryDate":"2026-01-01T00:12:00Z","idTag":"CARD","parentIdTag":"FLEET","reservationId":` + id + `}`
	}
	if evse != "0" {
		evse = `"evseId":` + evse + `,`
	} else {
		evse = ""
	}
	return `{` + evse + `"id":` + id + `,"expiryDateTime":"2026-01-01T00:12:00Z","idToken":{"idToken":"CARD","type":"ISO14443"},"groupIdToken":{"idToken":"FLEET","type":"Central"}}`
}

// OCPP 1.6 §5.13, OCPP 2.x H01, H03.
func TestReservation(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		v := s.Version
		up(t, s)
		c.said()
		asked(t, c, "ReserveNow", reserve(v, "7", "1"), `{"status":"Accepted"}`)
		if got := c.said(); len(got) != 1 || !strings.Contains(got[0], `"Reserved"`) {
			t.Errorf("sent %q", got)
		}
		asked(t, c, "ReserveNow", reserve(v, "8", "1"), `{"status":"Occupied"}`)
		asked(t, c, "ReserveNow", reserve(v, "7", "1"), `{"status":"Accepted"}`)
		asked(t, c, "ReserveNow", reserve(v, "9", "5"), `{"status":"Rejected"}`)
		asked(t, c, "CancelReservation", `{"reservationId":8}`, `{"status":"Rejected"}`)
		if err := s.StartTransaction(t.Context(), 1, "OTHER"); err == nil {
			t.Error("another token may charge")
		}
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		if got := c.said("StartTransaction", "TransactionEvent"); len(got) != 1 || !strings.Contains(got[0], `"reservationId":7`) || len(s.Reservations()) != 0 {
			t.Errorf("sent %q, left %v", got, s.Reservations())
		}
		asked(t, c, "ReserveNow", reserve(v, "10", "1"), `{"status":"Occupied"}`)
		must(t, s.StopTransaction(t.Context(), 1, "CARD", sim.ReasonLocal))
		must(t, s.Unplug(t.Context(), 1))

		// The same of a member of the group, whom the station knows from its list.
		asked(t, c, "SendLocalList", listOf(v, "1", "Full", listed(v, "MEMBER", "Accepted")), `{"status":"Accepted"}`)
		asked(t, c, "ReserveNow", reserve(v, "11", "2"), `{"status":"Accepted"}`)
		c.said()
		must(t, s.StartTransaction(t.Context(), 2, "MEMBER"))
		if got := c.said("StartTransaction", "TransactionEvent"); len(got) != 1 || !strings.Contains(got[0], `"reservationId":11`) {
			t.Errorf("sent %q", got)
		}
		must(t, s.Fault(t.Context(), 1, "OtherError"))
		asked(t, c, "ReserveNow", reserve(v, "12", "1"), `{"status":"Faulted"}`)
		must(t, s.Recover(t.Context(), 1))
		if v == gnista.V16 {
			asked(t, c, "ChangeAvailability", `{"connectorId":1,"type":"Inoperative"}`, `{"status":"Accepted"}`)
		} else {
			asked(t, c, "ChangeAvailability", `{"operationalStatus":"Inoperative","evse":{"id":1}}`, `{"status":"Accepted"}`)
		}
		asked(t, c, "ReserveNow", reserve(v, "12", "1"), `{"status":"Unavailable"}`)
	})
}

// OCPP 1.6 §5.13, OCPP 2.x H01.FR.07, H01.FR.20.
func TestReservationOfAny(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		asked(t, c, "ReserveNow", reserve(s.Version, "7", "0"), `{"status":"Accepted"}`)
		if got := c.said("StatusNotification", "NotifyEvent"); len(got) != 0 {
			t.Errorf("sent %q", got)
		}
		must(t, s.StartTransaction(t.Context(), 1, "OTHER"))
		if got := strings.Join(c.said("StatusNotification", "NotifyEvent"), "\n"); strings.Count(got, `"Reserved"`) != 1 {
			t.Errorf("sent %s", got)
		}
		if err := s.StartTransaction(t.Context(), 2, "OTHER"); err == nil {
			t.Error("another token may charge")
		}
		must(t, s.StopTransaction(t.Context(), 1, "OTHER", sim.ReasonLocal))
		must(t, s.Unplug(t.Context(), 1))
		if got := strings.Join(c.said("StatusNotification", "NotifyEvent"), "\n"); strings.Count(got, `"Available"`) != 2 {
			t.Errorf("sent %s", got)
		}
		must(t, s.StartTransaction(t.Context(), 2, "CARD"))
		if got := c.said("StartTransaction", "TransactionEvent"); len(got) != 1 || !strings.Contains(got[0], `"reservationId":7`) {
			t.Errorf("sent %q", got)
		}
	})
}

// OCPP 1.6 §5.1, §5.13, OCPP 2.x H01.FR.16, H02, H04.
func TestReservationEnds(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		v := s.Version
		up(t, s)
		asked(t, c, "ReserveNow", reserve(v, "1", "1"), `{"status":"Accepted"}`)
		synctest.Wait()
		asked(t, c, "CancelReservation", `{"reservationId":1}`, `{"status":"Accepted"}`)
		if got := strings.Join(c.said(), "\n"); strings.Contains(got, "ReservationStatusUpdate") || strings.Count(got, `"Available"`) != 1 {
			t.Errorf("sent %s", got)
		}
		asked(t, c, "ReserveNow", reserve(v, "2", "2"), `{"status":"Accepted"}`)
		must(t, s.Fault(t.Context(), 2, "OtherError"))
		if got := c.said("ReservationStatusUpdate"); v != gnista.V16 {
			same(t, got, `ReservationStatusUpdate {"reservationId":2,"reservationUpdateStatus":"Removed"}`)
		}
		must(t, s.Recover(t.Context(), 2))
		asked(t, c, "ReserveNow", reserve(v, "3", "2"), `{"status":"Accepted"}`)
		c.said()
		time.Sleep(13 * time.Minute)
		got := c.said()
		if v != gnista.V16 {
			same(t, got[:1], `ReservationStatusUpdate {"reservationId":3,"reservationUpdateStatus":"Expired"}`)
			got = got[1:]
		}
		if len(got) != 1 || !strings.Contains(got[0], `"Available"`) || len(s.Reservations()) != 0 {
			t.Errorf("sent %q", got)
		}
		asked(t, c, "ReserveNow", reserve(v, "4", "2"), `{"status":"Rejected"}`)
	})
}

// OCPP 2.1 H03.FR.11.
func TestReservationUnused(t *testing.T) {
	bench(t, gnista.V21, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		asked(t, c, "ReserveNow", reserve(s.Version, "1", "1"), `{"status":"Accepted"}`)
		asked(t, c, "RequestStartTransaction", `{"remoteStartId":7,"evseId":1,"idToken":{"idToken":"OTHER","type":"ISO14443"}}`, `{"status":"Rejected"…`)
		asked(t, c, "RequestStartTransaction", `{"remoteStartId":7,"evseId":1,"idToken":{"idToken":"CARD","type":"ISO14443"}}`, `{"status":"Accepted"…`)
		time.Sleep(2 * time.Minute)
		same(t, c.said("ReservationStatusUpdate"), `ReservationStatusUpdate {"reservationId":1,"reservationUpdateStatus":"NoTransaction"}`)
	})
}
