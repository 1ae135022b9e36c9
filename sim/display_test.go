package sim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gnista/ocpp/ocppj"
	"gnista/sim"
)

// OCPP 2.x O01–O06.
func TestDisplay(t *testing.T) {
	modern(t, func(t *testing.T, s *sim.Station, c *central) {
		s.ReportPage = 1
		up(t, s)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		name := transactionID(t, c, s)
		show := func(id int, priority, extra, format, text, want string) {
			t.Helper()
			asked(t, c, "SetDisplayMessage", fmt.Sprintf(`{"message":{"id":%d,"priority":%q,%s"message":{"format":%q,"language":"en","content":%q}}}`, id, priority, extra, format, text), `{"status":"`+want+`"}`)
		}
		asked(t, c, "GetDisplayMessages", `{"requestId":1}`, `{"status":"Unknown"}`)
		show(1, "NormalCycle", "", "UTF8", "one", "Accepted")
		show(2, "AlwaysFront", `"endDateTime":"2026-01-01T01:00:00Z",`, "ASCII", "two", "Accepted")
		show(3, "AlwaysFront", `"endDateTime":"2026-01-01T01:00:00Z",`, "ASCII", "three", "Accepted")
		show(4, "InFront", `"transactionId":"`+name+`",`, "UTF8", "four", "Accepted")
		show(1, "NormalCycle", `"state":"Charging",`, "UTF8", "ONE", "Accepted")
		show(5, "InFront", `"transactionId":"other",`, "UTF8", "five", "UnknownTransaction")
		show(6, "InFront", "", "HTML", "six", "NotSupportedMessageFormat")
		if s.Version == "2.1" {
			show(6, "InFront", `"state":"Suspended",`, "UTF8", "six", "NotSupportedState")
		}
		has := func(want ...string) {
			t.Helper()
			if got := s.Messages(); !slices.Equal(got, want) {
				t.Errorf("the messages are %q, not %q", got, want)
			}
		}
		has("three", "four", "ONE")
		c.said()
		asked(t, c, "GetDisplayMessages", `{"requestId":2}`, `{"status":"Accepted"}`)
		same(t, c.said(), `NotifyDisplayMessages {"requestId":2,…"three"…"tbc":true}`, `NotifyDisplayMessages …"four"…"tbc":true}`, `NotifyDisplayMessages …"ONE"…}]}`)
		asked(t, c, "GetDisplayMessages", `{"requestId":3,"priority":"InFront","id":[4,9]}`, `{"status":"Accepted"}`)
		same(t, c.said(), `NotifyDisplayMessages {"requestId":3,"messageInfo":[{"id":4,…`)
		asked(t, c, "GetDisplayMessages", `{"requestId":3,"state":"Idle"}`, `{"status":"Unknown"}`)
		must(t, s.StopTransaction(t.Context(), 1, "CARD", sim.ReasonLocal))
		has("three", "ONE")
		time.Sleep(time.Hour)
		has("ONE")
		asked(t, c, "ClearDisplayMessage", `{"id":1}`, `{"status":"Accepted"}`)
		asked(t, c, "ClearDisplayMessage", `{"id":1}`, `{"status":"Unknown"}`)
		for i := range 11 {
			show(10+i, "NormalCycle", "", "UTF8", "x", map[bool]string{true: "Accepted", false: "Rejected"}[i < 10])
		}
	})
}

// OCPP 2.x I02.
func TestCostUpdated(t *testing.T) {
	modern(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		asked(t, c, "CostUpdated", `{"totalCost":1.25,"transactionId":"other"}`, `{}`)
		if _, told := s.Cost(1); told {
			t.Error("the driver sees the cost of another")
		}
		asked(t, c, "CostUpdated", `{"totalCost":1.25,"transactionId":"`+transactionID(t, c, s)+`"}`, `{}`)
		if cost, told := s.Cost(1); !told || cost != 1.25 {
			t.Errorf("the driver sees %v, %v", cost, told)
		}
	})
}

// OCPP 2.x N09, N10.
func TestCustomerInformation(t *testing.T) {
	modern(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		s.KeepCustomer("CARD", strings.Repeat("å", 600))
		c.said()
		card := `"idToken":{"idToken":"CARD","type":"ISO14443"}`
		asked(t, c, "CustomerInformation", `{"requestId":1,"report":true,"clear":false}`, `{"status":"Invalid"}`)
		asked(t, c, "CustomerInformation", `{"requestId":1,"report":true,"clear":false,"customerIdentifier":"x",`+card+`}`, `{"status":"Invalid"}`)
		asked(t, c, "CustomerInformation", `{"requestId":1,"report":false,"clear":false,`+card+`}`, `{"status":"Rejected"}`)
		asked(t, c, "CustomerInformation", `{"requestId":2,"report":true,"clear":true,`+card+`}`, `{"status":"Accepted"}`)
		same(t, c.said(), `NotifyCustomerInformation {"data":"`+strings.Repeat("å", 512)+`","seqNo":0,…"requestId":2,"tbc":true}`, `NotifyCustomerInformation {"data":"`+strings.Repeat("å", 88)+`","seqNo":1,…"requestId":2}`)
		asked(t, c, "CustomerInformation", `{"requestId":3,"report":true,"clear":false,`+card+`}`, `{"status":"Accepted"}`)
		same(t, c.said(), `NotifyCustomerInformation {"data":"nothing…`)
		must(t, s.StartTransaction(t.Context(), 2, "CARD"))
		c.said()
		asked(t, c, "CustomerInformation", `{"requestId":4,"report":true,"clear":false,`+card+`}`, `{"status":"Accepted"}`)
		same(t, c.said(), `NotifyCustomerInformation …at EVSE 2…`)
		asked(t, c, "CustomerInformation", `{"requestId":5,"report":false,"clear":true,`+card+`}`, `{"status":"Accepted"}`)
		same(t, c.said(), `NotifyCustomerInformation …forgotten…`)
	})
}

// OCPP 2.x E14.
func TestTransactionStatus(t *testing.T) {
	modern(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		name := transactionID(t, c, s)
		asked(t, c, "GetTransactionStatus", `{"transactionId":"`+name+`"}`, `{"messagesInQueue":false,"ongoingIndicator":true}`)
		asked(t, c, "GetTransactionStatus", `{"transactionId":"other"}`, `{"messagesInQueue":false,"ongoingIndicator":false}`)
		asked(t, c, "GetTransactionStatus", `{}`, `{"messagesInQueue":false}`)
		must(t, s.StopTransaction(t.Context(), 1, "CARD", sim.ReasonLocal))
		asked(t, c, "GetTransactionStatus", `{"transactionId":"`+name+`"}`, `{"messagesInQueue":false,"ongoingIndicator":false}`)
	})
}

func TestTransfer(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		c.answers(func(f ocppj.Frame) (string, error) {
			if f.Action == "DataTransfer" {
				return `{"status":"Accepted","data":"back"}`, nil
			}
			return "", nil
		})
		up(t, s)
		c.said()
		status, data, err := s.Transfer(t.Context(), "Acme", "Ping", []byte(`"there"`))
		if err != nil || status != "Accepted" || string(data) != `"back"` {
			t.Errorf("got %s %s %v", status, data, err)
		}
		if got := c.said(); len(got) != 1 || !strings.Contains(got[0], `"data":"there"`) {
			t.Errorf("sent %q", got)
		}
	})
}
