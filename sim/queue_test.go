package sim_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/sim"
)

// transactional are the actions that tell of transactions.
var transactional = []string{"StartTransaction", "StopTransaction", "MeterValues", "TransactionEvent"}

// offline is a transaction that nobody hears of while it goes on: ten minutes at 36 kW.
func offline(t *testing.T, s *sim.Station) {
	t.Helper()
	s.Cut()
	must(t, s.StartTransaction(t.Context(), 1, "CARD"))
	time.Sleep(5 * time.Minute)
	must(t, s.Meter(t.Context(), 1))
	time.Sleep(5 * time.Minute)
	must(t, s.StopTransaction(t.Context(), 1, "CARD", sim.ReasonLocal))
	if n := s.Totals().Waiting; n != 3 {
		t.Fatalf("%d events wait", n)
	}
	s.Mend()
}

// TestOfflineStart16: the number that the stop needs comes with the answer to the start.
// OCPP 1.6 §4.8, §4.10.
func TestOfflineStart16(t *testing.T) {
	bench(t, gnista.V16, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		offline(t, s)
		c.said()
		must(t, s.Connect(t.Context()))
		must(t, s.Drain(t.Context()))
		same(t, c.said(),
			`StartTransaction {"connectorId":1,"idTag":"CARD","meterStart":1000,"timestamp":"2026-01-01T00:00:00Z"}`,
			`MeterValues {"connectorId":1,"transactionId":71,"meterValue":[{"timestamp":"2026-01-01T00:05:00Z","sampledValue":[{"value":"4000",…`,
			`StopTransaction {"transactionId":71,"idTag":"CARD","meterStop":7000,"timestamp":"2026-01-01T00:10:00Z","reason":"Local"}`)
	})
}

// TestOfflineStart2: OCPP 2.x E04, E12.
func TestOfflineStart2(t *testing.T) {
	bench(t, gnista.V201, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		offline(t, s)
		c.said()
		must(t, s.Connect(t.Context()))
		must(t, s.Drain(t.Context()))
		same(t, c.said(),
			`TransactionEvent {"eventType":"Started","timestamp":"2026-01-01T00:00:00Z","triggerReason":"Authorized","seqNo":0,"transactionInfo":{"transactionId":"id-2","chargingState":"Charging"},"evse":{"id":1,"connectorId":1},"idToken":{"idToken":"CARD","type":"ISO14443"},"meterValue":[{…"value":1000,"context":"Transaction.Begin",…"offline":true}`,
			`TransactionEvent {"eventType":"Updated","timestamp":"2026-01-01T00:05:00Z","triggerReason":"MeterValuePeriodic","seqNo":1,…"offline":true}`,
			`TransactionEvent {"eventType":"Ended","timestamp":"2026-01-01T00:10:00Z","triggerReason":"StopAuthorized","seqNo":2,…"stoppedReason":"Local"…"value":7000,"context":"Transaction.End",…"offline":true}`)
	})
}

// TestUnansweredIsSentAgain: with the same content, before what came later.
func TestUnansweredIsSentAgain(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		var answered []sim.Event
		s.Answered = func(ev sim.Event) { answered = append(answered, ev) }
		up(t, s)
		c.said()
		c.answers(func(f ocppj.Frame) (string, error) {
			if contains(transactional, f.Action) {
				return "", errMute
			}
			return "", nil
		})
		go s.StartTransaction(t.Context(), 1, "CARD")
		synctest.Wait()
		first := c.said(transactional...)
		s.Cut() // with the request unanswered
		must(t, s.StopTransaction(t.Context(), 1, "CARD", sim.ReasonLocal))
		c.answers(nil)
		s.Mend()
		must(t, s.Connect(t.Context()))
		must(t, s.Drain(t.Context()))
		again := c.said(transactional...)
		if len(first) != 1 || len(again) != 2 || again[0] != first[0] {
			t.Fatalf("sent %q, then %q", first, again)
		}
		if strings.Contains(again[0], `"offline":true`) {
			t.Error("it did not happen offline")
		}
		if len(answered) != 2 || answered[0].Kind != sim.Started || answered[1].Kind != sim.Ended || answered[0].Transaction == "" || answered[0].Transaction != answered[1].Transaction {
			t.Errorf("answered are %+v", answered)
		}
	})
}

// TestNoAnswerInTime: the same connection, and the central system is slow to wake.
func TestNoAnswerInTime(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		mute := 2
		c.answers(func(f ocppj.Frame) (string, error) {
			if contains(transactional, f.Action) && mute > 0 {
				mute--
				return "", ocppj.Errorf(ocppj.InternalError, "not now")
			}
			return "", nil
		})
		c.said()
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		got := c.said(transactional...)
		if len(got) != 3 || got[0] != got[2] {
			t.Errorf("sent %q", got)
		}
	})
}

// TestGivenUp: an event that is refused too often makes room for the next; one that meets an internal
// error never does.
func TestGivenUp(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		var lost []sim.Event
		s.GivenUp = func(ev sim.Event, _ error) { lost = append(lost, ev) }
		up(t, s)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		code := ocppj.FormatViolation
		c.answers(func(f ocppj.Frame) (string, error) {
			if strings.Contains(string(f.Payload), "Sample.Periodic") {
				return "", ocppj.Errorf(code, "no")
			}
			return "", nil
		})
		c.said()
		if err := s.Meter(t.Context(), 1); err == nil {
			t.Error("a meter value that is given up is an error")
		}
		if n := len(c.said(transactional...)); n != 5 || len(lost) != 1 || lost[0].Kind != sim.Updated {
			t.Errorf("sent %d times, lost %+v", n, lost)
		}
		code = ocppj.InternalError
		go s.Meter(t.Context(), 1)
		time.Sleep(time.Hour)
		if n := len(c.said(transactional...)); n < 100 || s.Totals().Waiting != 1 {
			t.Errorf("sent %d times, %d wait", n, s.Totals().Waiting)
		}
		c.answers(nil)
		must(t, s.StopTransaction(t.Context(), 1, "CARD", sim.ReasonLocal))
		if got := s.Totals(); got.Ended != 1 || got.Waiting != 0 || got.GivenUp != 1 {
			t.Errorf("totals are %+v", got)
		}
	})
}

// TestTokenRefusedAtStart: the transaction ends. OCPP 1.6 §4.8, OCPP 2.x E05.FR.10.
func TestTokenRefusedAtStart(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		c.answers(func(f ocppj.Frame) (string, error) {
			switch {
			case f.Action == "StartTransaction":
				return `{"idTagInfo":{"status":"Blocked"},"transactionId":9}`, nil
			case strings.Contains(string(f.Payload), `"Started"`):
				return `{"idTokenInfo":{"status":"Blocked"}}`, nil
			}
			return "", nil
		})
		err := s.StartTransaction(t.Context(), 1, "CARD")
		var refusal *sim.Refusal
		if !errors.As(err, &refusal) || refusal.Status != "Blocked" {
			t.Fatalf("the error is %v", err)
		}
		must(t, s.Drain(t.Context()))
		got := c.said("StopTransaction", "TransactionEvent")
		if last := got[len(got)-1]; !strings.Contains(last, "DeAuthorized") {
			t.Errorf("sent %q", got)
		}
		if s.Charging(1) {
			t.Error("the car charges")
		}
	})
}

// TestPowerLoss: what was going on has ended with the power, and is told when it is back.
func TestPowerLoss(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		time.Sleep(10 * time.Minute)
		s.LosePower()
		time.Sleep(time.Hour)
		if err := s.StartTransaction(t.Context(), 2, "CARD"); !errors.Is(err, sim.ErrDown) {
			t.Errorf("without power the error is %v", err)
		}
		s.RestorePower()
		c.said()
		up(t, s)
		must(t, s.Drain(t.Context()))
		got := c.said()
		if !strings.HasPrefix(got[0], "BootNotification") {
			t.Fatalf("sent %q", got)
		}
		want := `StopTransaction {"transactionId":71,"meterStop":7000,"timestamp":"2026-01-01T00:10:00Z","reason":"PowerLoss"}`
		if s.Version != gnista.V16 {
			want = `TransactionEvent {"eventType":"Ended","timestamp":"2026-01-01T00:10:00Z","triggerReason":"AbnormalCondition",…"stoppedReason":"PowerLoss"…"value":7000,…"offline":true}`
		}
		if !like(got[1], want) {
			t.Errorf("got  %s\nwant %s", got[1], want)
		}
	})
}

// TestStay: it gets into service by itself, again and again.
func TestStay(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		go s.Stay(t.Context())
		must(t, s.Ready(t.Context()))
		c.said()
		time.Sleep(11 * time.Minute)
		same(t, c.said(), "Heartbeat {}", "Heartbeat {}")
		c.mu.Lock()
		c.session.socket.Conn.Close() // the central system crashes
		c.mu.Unlock()
		time.Sleep(time.Second)
		got := c.said()
		if len(got) < 3 || got[0] != "Heartbeat {}" || strings.Contains(strings.Join(got, " "), "BootNotification") {
			t.Errorf("after a lost connection it sends %q", got)
		}
		c.answers(func(f ocppj.Frame) (string, error) { // it has lost its memory
			if f.Action == "BootNotification" {
				c.answers(nil)
				return "", nil
			}
			return "", ocppj.Errorf(ocppj.SecurityError, "send a BootNotification first")
		})
		time.Sleep(6 * time.Minute)
		got = c.said()
		if len(got) < 3 || got[0] != "Heartbeat {}" || !strings.HasPrefix(got[1], "BootNotification") {
			t.Errorf("when a boot is wanted it sends %q", got)
		}
	})
}

// TestNotAccepted: a station that has to wait asks again. OCPP 1.6 §4.2, OCPP 2.x B02, B03.
func TestNotAccepted(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		c.answers(func(f ocppj.Frame) (string, error) {
			return `{"status":"Pending","currentTime":"2026-01-01T00:00:00Z","interval":60}`, nil
		})
		go s.Stay(t.Context())
		time.Sleep(150 * time.Second)
		if got := c.said(); len(got) != 3 || s.Totals().InService != 0 {
			t.Errorf("it sends %q", got)
		}
		c.answers(nil)
		must(t, s.Ready(t.Context()))
	})
}
