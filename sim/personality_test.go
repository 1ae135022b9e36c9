package sim_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/sim"
)

// day is what happens to a station on a day on which it shows what it does.
func day(t *testing.T, s *sim.Station, c *central) string {
	t.Helper()
	ctx := t.Context()
	s.Authorise(ctx, "CARD1234")
	s.StartTransaction(ctx, 1, "CARD1234")
	time.Sleep(time.Minute)
	s.Meter(ctx, 1)
	s.StopTransaction(ctx, 1, "CARD1234", sim.ReasonLocal)
	s.Unplug(ctx, 1)
	s.Fault(ctx, 2, "GroundFailure")
	s.Recover(ctx, 2)
	return strings.Join(c.said(), "\n")
}

// has is a part that must be in what is sent, or with "!" before it must not.
type has []string

func (h has) check(t *testing.T, name, got string) {
	t.Helper()
	for _, want := range h {
		part, not := strings.CutPrefix(want, "!")
		if strings.Contains(got, part) == not {
			t.Errorf("%s: %q in\n%s", name, want, got)
		}
	}
}

// TestPersonalitiesOfADay shows what changes what a station sends by itself.
func TestPersonalitiesOfADay(t *testing.T) {
	for name, want := range map[string]has{
		"empty-vendor":       {`"chargePointVendor":""`},
		"odd-errors":         {`"errorCode":"Error"`},
		"null-info":          {`"info":"null"`, `"vendorErrorCode":"0x0000"`},
		"never-charging":     {`!"status":"Charging"`, `"status":"Finishing"`},
		"early-available":    {`!"Finishing"`},
		"finishing-error":    {`"errorCode":"OtherError","status":"Finishing"`},
		"local-time":         {`"timestamp":"2026-01-01T02:00:00"`},
		"mislabelled-time":   {`"timestamp":"2026-01-01T02:00:00Z"`},
		"short-zone":         {`"timestamp":"2026-01-01T02:00:00+02"`},
		"no-clock":           {`"timestamp":"1970-01-01T00:00:00Z"`},
		"zero-id":            {`"transactionId":0`, `!"transactionId":71`},
		"minus-one-id":       {`"transactionId":-1`, `!"transactionId":71`},
		"huge-id":            {`"transactionId":9223372036854775807`, `!"transactionId":71`},
		"extra-fields":       {`"disconnectReason":"unplugged"`},
		"odd-reservation":    {`"reservationId":-1`},
		"padded-uid":         {`"idTag":" card1234"`},
		"cut-uid":            {`"idTag":"CARD12"`, `!CARD1234`},
		"long-uid":           {`"idTag":"CARD12340000000000000"`},
		"number-values":      {`"value":1600`},
		"blank-values":       {`"value":" 1600"`},
		"bare-values":        {`{"value":"1600"}`},
		"phase-in-measurand": {`"measurand":"Current.Import.L1"`, `!"phase"`},
		"empty-samples":      {`"sampledValue":[]`},
		"register-restarts":  {`"meterStart":0`},
	} {
		bench(t, gnista.V16, func(t *testing.T, s *sim.Station, c *central) {
			c.lax, s.Personality = true, []string{name}
			up(t, s)
			want.check(t, name, day(t, s, c))
		})
	}
	bench(t, gnista.V201, func(t *testing.T, s *sim.Station, c *central) {
		c.lax, s.Personality = true, []string{"status-zero", "empty-vendor", "local-time"}
		up(t, s)
		has{`"evseId":0`, `"vendorName":""`, `"timestamp":"2026-01-01T02:00:00"`}.check(t, "2.0.1", day(t, s, c))
	})
}

// TestPersonalitiesAsked shows what changes how requests are answered.
func TestPersonalitiesAsked(t *testing.T) {
	configuration := `{"key":["HeartbeatInterval"]}`
	for _, x := range []struct {
		name            string
		version         gnista.Version
		action, payload string
		want            string
	}{
		{"bare-configuration", gnista.V16, "GetConfiguration", configuration, `{}`},
		{"lower-case-keys", gnista.V16, "GetConfiguration", configuration, `…"heartbeatinterval"…`},
		{"broken-answers", gnista.V16, "GetConfiguration", configuration, `FormatViolation: …`},
		{"rejects-settings", gnista.V16, "ChangeConfiguration", `{"key":"HeartbeatInterval","value":"60"}`, `{"status":"Rejected"}`},
		{"rejects-settings", gnista.V201, "SetVariables", `{"setVariableData":[{"attributeValue":"60","component":{"name":"OCPPCommCtrlr"},"variable":{"name":"HeartbeatInterval"}}]}`, `…"attributeStatus":"Rejected"…`},
		{"start-needs-connector", gnista.V16, "RemoteStartTransaction", `{"idTag":"A"}`, `{"status":"Rejected"}`},
		{"refuses-readings", gnista.V16, "TriggerMessage", `{"requestedMessage":"MeterValues"}`, `{"status":"Rejected"}`},
		{"one-stack-level", gnista.V16, "SetChargingProfile", profile("1", "A", "16"), `{"status":"Rejected"}`},
		{"watts-only", gnista.V16, "SetChargingProfile", profile("0", "A", "16"), `{"status":"Rejected"}`},
		{"amps-only", gnista.V16, "SetChargingProfile", profile("0", "W", "4000"), `{"status":"Accepted"}`},
		{"no-zero-amps", gnista.V16, "SetChargingProfile", profile("0", "A", "0"), `{"status":"Accepted"}`},
		{"hangs-up", gnista.V16, "ChangeAvailability", `{"connectorId":1,"type":"Inoperative"}`, `the connection is closed`},
	} {
		bench(t, x.version, func(t *testing.T, s *sim.Station, c *central) {
			c.lax, s.Personality = true, []string{x.name}
			up(t, s)
			if x.name == "no-zero-amps" {
				must(t, s.StartTransaction(t.Context(), 1, "CARD"))
			}
			asked(t, c, x.action, x.payload, x.want)
			synctest.Wait()
			if s.Charging(1) {
				t.Error("it charges with 0 A")
			}
		})
	}
}

func profile(level, unit, limit string) string {
	return `{"connectorId":1,"csChargingProfiles":{"chargingProfileId":1,"stackLevel":` + level + `,"chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Relative","chargingSchedule":{"chargingRateUnit":"` +
		unit + `","chargingSchedulePeriod":[{"startPeriod":0,"limit":` + limit + `}]}}}`
}

func TestPersonalitiesThatRepeat(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		c.lax, s.Personality = true, []string{"repeats-start", "repeats-stop", "same-ids"}
		up(t, s)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		must(t, s.StopTransaction(t.Context(), 1, "CARD", sim.ReasonLocal))
		if got := c.said("StartTransaction", "StopTransaction", "TransactionEvent"); len(got) != 4 || got[0] != got[1] || got[2] != got[3] || got[0] == got[2] {
			t.Errorf("sent %q", got)
		}
		if totals := s.Totals(); totals.Started != 1 || totals.Ended != 1 || totals.Errors != 0 {
			t.Errorf("%+v", totals)
		}
	})
}

func TestPersonalitiesOfConnections(t *testing.T) {
	with := func(name string, v gnista.Version, f func(t *testing.T, s *sim.Station, c *central)) {
		bench(t, v, func(t *testing.T, s *sim.Station, c *central) {
			c.lax, s.Personality = true, []string{name}
			f(t, s, c)
		})
	}
	with("no-subprotocol", gnista.V16, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		must(t, s.Heartbeat(t.Context()))
	})
	with("probe-first", gnista.V201, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		if c.connections() != 2 || time.Now().Second() != 3 {
			t.Errorf("%d connections, at %v", c.connections(), time.Now())
		}
	})
	with("deaf", gnista.V16, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		var ending sync.WaitGroup
		ending.Go(s.Disconnect)
		asked(t, c, "ClearCache", `{}`, "the connection is closed")
		ending.Wait()
	})
	with("silent-boot", gnista.V16, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		must(t, s.Heartbeat(t.Context()))
		same(t, c.said(), "Heartbeat {}")
		asked(t, c, "TriggerMessage", `{"requestedMessage":"BootNotification"}`, `{"status":"Accepted"}`)
		same(t, c.said(), "BootNotification …")
	})
	with("boot-loop", gnista.V16, func(t *testing.T, s *sim.Station, c *central) {
		must(t, s.Connect(t.Context()))
		synctest.Wait()
		asked(t, c, "ClearCache", `{}`, "the connection is closed")
		up(t, s)
		asked(t, c, "ClearCache", `{}`, `{"status":"Accepted"}`)
	})
	with("slow-return", gnista.V16, func(t *testing.T, s *sim.Station, c *central) {
		go s.Stay(t.Context())
		must(t, s.Ready(t.Context()))
		synctest.Wait()
		c.hangUp()
		time.Sleep(5 * time.Minute)
		if c.connections() != 1 {
			t.Errorf("%d connections", c.connections())
		}
		time.Sleep(2 * time.Minute)
		if c.connections() != 2 {
			t.Errorf("%d connections", c.connections())
		}
	})
	with("only-end", gnista.V16, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		s.Cut()
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		must(t, s.StopTransaction(t.Context(), 1, "CARD", sim.ReasonLocal))
		c.said()
		s.Mend()
		up(t, s)
		must(t, s.Drain(t.Context()))
		same(t, c.said("StartTransaction", "StopTransaction"), `StopTransaction {…"transactionId":-1}`)
	})
	refused := func(f ocppj.Frame) (string, error) {
		if f.Action == "StartTransaction" {
			return `{"idTagInfo":{"status":"Blocked"},"transactionId":9}`, nil
		}
		return "", nil
	}
	with("open-mode", gnista.V16, func(t *testing.T, s *sim.Station, c *central) {
		c.answers(refused)
		up(t, s)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		if !s.Charging(1) {
			t.Error("it does not charge")
		}
	})
	with("replug", gnista.V16, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		must(t, s.StopTransaction(t.Context(), 1, "CARD", sim.ReasonLocal))
		asked(t, c, "RemoteStartTransaction", `{"idTag":"APP","connectorId":1}`, `{"status":"Rejected"}`)
		must(t, s.Unplug(t.Context(), 1))
		must(t, s.Plug(t.Context(), 1))
		asked(t, c, "RemoteStartTransaction", `{"idTag":"APP","connectorId":1}`, `{"status":"Accepted"}`)
	})
	bench(t, gnista.V16, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		must(t, s.Replace(t.Context(), time.Second))
		if c.connections() != 2 {
			t.Errorf("%d connections", c.connections())
		}
		must(t, s.Heartbeat(t.Context()))
	})
}

func TestPersonalityUnknown(t *testing.T) {
	bench(t, gnista.V16, func(t *testing.T, s *sim.Station, c *central) {
		s.Personality = []string{"angelic"}
		if err := s.Connect(t.Context()); err == nil || !strings.Contains(err.Error(), `"angelic"`) {
			t.Errorf("connected: %v", err)
		}
	})
	for _, p := range sim.Personalities() {
		if err := sim.CheckPersonality(p.Name); err != nil || p.About == "" {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
}
