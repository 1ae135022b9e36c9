package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/gateway"
)

// Where make peers puts the stations.
const (
	peerOcppGo  = "../../bin/peer-ocpp-go"
	peerOcppRPC = "../../testdata/peers/ocpp-rpc"
)

const (
	peerToken    = "04A1B2C3D4E5F6"
	peerPassword = "correct-horse-battery"
	peerAdmin    = "an admin token for peers"
	peerPatience = 20 * time.Second // for whatever a station or the system is to do next
)

// A model is a station that others have written, in one version of OCPP. The library behind it holds
// what we send to the rules of the version: ocpp-go to its own, ocpp-rpc to the official schemas.
type model struct{ library, version string }

func (m model) String() string { return m.library + " " + m.version }

// TestPeers runs the binary and has stations that others have written charge from it.
func TestPeers(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: the stations of others take seconds")
	}
	for _, path := range []string{peerOcppGo, filepath.Join(peerOcppRPC, "node_modules", "ocpp-rpc")} {
		if _, err := os.Stat(path); err != nil {
			missingPeers(t, err)
		}
	}
	for _, program := range []string{"node", "openssl"} {
		if _, err := exec.LookPath(program); err != nil {
			missingPeers(t, err)
		}
	}
	s := start(t, build(t), "127.0.0.1:0", t.TempDir(), "--tls-listen", "127.0.0.1:0", "--mtls-listen", "127.0.0.1:0", "--tls-name", "localhost", "--tls-name", "127.0.0.1")
	s.do(t, "POST", "/tariffs", `{"name":"Public","currency":"SEK","default":true,"elements":[{"type":"energy","price":4.95,"vatPercent":25},{"type":"start","price":2.50,"vatPercent":25}]}`)
	s.do(t, "POST", "/tokens", `{"uid":"`+peerToken+`","offline":true}`)
	for _, m := range []model{{"ocpp-go", "1.6"}, {"ocpp-go", "2.0.1"}, {"ocpp-rpc", "1.6"}, {"ocpp-rpc", "2.0.1"}, {"ocpp-rpc", "2.1"}} {
		t.Run(m.String(), func(t *testing.T) {
			t.Parallel()
			t.Run("card", func(t *testing.T) { chargeByCard(t, s, m) })
			t.Run("order", func(t *testing.T) { chargeByOrder(t, s, m) })
			t.Run("check", func(t *testing.T) { checkUp(t, s, m) })
			t.Run("plain", func(t *testing.T) { maintainPlainly(t, s, m) })
			t.Run("secure", func(t *testing.T) { maintainSecurely(t, s, m) })
			if m.library == "ocpp-rpc" {
				t.Run("misbehave", func(t *testing.T) { misbehave(t, s, m) })
			}
		})
	}
}

func missingPeers(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("the stations of others are missing: %v; run make peers", err)
	}
	t.Skipf("skipped: the stations of others are missing: %v; run make peers", err)
}

// chargeByCard has a station with a password charge for a driver with a card.
func chargeByCard(t *testing.T, s *server, m model) {
	id := m.library + "-" + m.version + "-card"
	s.do(t, "PUT", "/stations/"+id, `{"password":"`+peerPassword+`"}`)
	thief := s.station(t, m, id, "--password", peerPassword+"!")
	if said := thief.expect("refused"); said.Code != http.StatusUnauthorized {
		t.Errorf("a wrong password is answered with %d", said.Code)
	}
	if thief.ends() == nil {
		t.Error("a station with a wrong password got in")
	}
	verdicts := fetch[list[verdict]](t, s, "/verdicts?station="+id).Items
	if len(verdicts) != 1 || verdicts[0].Cause != "credentials" || verdicts[0].Reason != "the password is wrong" || verdicts[0].Count != 1 {
		t.Errorf("the verdicts are %+v", verdicts)
	}

	p := s.station(t, m, id, "--password", peerPassword, "--token", peerToken)
	p.expect("booted")
	stranger := map[string]string{"1.6": "Invalid"}[m.version]
	if stranger == "" {
		stranger = "Unknown"
	}
	if said := p.expect("authorised"); said.Status != stranger {
		t.Errorf("an unknown card is %s, want %s", said.Status, stranger)
	}
	if said := p.expect("authorised"); said.Status != "Accepted" {
		t.Errorf("the card is %s", said.Status)
	}
	started := p.expect("started")
	stopped := p.expect("stopped")
	if stopped.Status != "Accepted" {
		t.Errorf("the card is %s at the stop", stopped.Status)
	}
	checkTotalCost(t, m, stopped)
	if err := p.ends(); err != nil {
		t.Error(err)
	}
	checkBill(t, s, m, id, started.Transaction, "Local")
	checkMessages(t, s, id)
}

// chargeByOrder orders a station about over the API, and charges with it.
func chargeByOrder(t *testing.T, s *server, m model) {
	id := m.library + "-" + m.version + "-order"
	p := s.station(t, m, id, "--remote")
	p.expect("booted")
	p.expect("ready")
	checkPresence(t, s, m, id)
	checkSettings(t, s, m, id)

	elsewhere := "unknown"
	if m.version == "1.6" {
		elsewhere = "unsupported" // it has no word for a connector that is not there
	}
	command := func(verb, body, want string) {
		t.Helper()
		if got := decode[answered](t, s.do(t, "POST", "/stations/"+id+"/"+verb, body)); got.Status != want {
			t.Errorf("%s %s: the answer is %+v, want %s", verb, body, got, want)
		}
	}
	command("unlock", `{"evse":1}`, "accepted")
	command("unlock", `{"evse":7}`, elsewhere)
	command("trigger", `{"message":"status","evse":1,"connector":1}`, "accepted")
	command("trigger", `{"message":"heartbeat"}`, "unsupported")
	if got := string(s.do(t, "POST", "/stations/"+id+"/calls", `{"action":"ClearCache"}`)); !strings.Contains(got, `{"result":{"status":"Accepted"}`) {
		t.Errorf("ClearCache: %s", got)
	}
	s.refused(t, "POST", "/stations/"+id+"/calls", `{"action":"ClearChargingProfile"}`, http.StatusNotImplemented)
	command("clear-cache", `{}`, "accepted")
	checkListSent(t, s, id, "full", "none")
	reservation := reserve(t, s, id)
	s.refused(t, "POST", "/stations/"+id+"/stop", `{}`, http.StatusNotFound)
	s.refused(t, "POST", "/stations/"+id+"/start", `{"evse":1,"token":"DEADBEEF"}`, http.StatusConflict)

	command("start", `{"evse":7,"token":"`+peerToken+`"}`, "rejected")
	command("start", `{"evse":1}`, "accepted") // for who has reserved it
	started := p.expect("started")
	if got := fetch[reserved](t, s, "/reservations/"+reservation); got.State != "used" || got.Transaction == "" {
		t.Errorf("the reservation is %+v", got)
	}
	power := int64(11040)
	if m == (model{"ocpp-rpc", "1.6"}) {
		power = 0 // it measures currents instead
	}
	active := fetch[list[transaction]](t, s, "/transactions?state=active&station="+id).Items
	if len(active) != 1 || active[0].EnergyWh != 1840 || active[0].PowerW != power || active[0].Activity != "charging" || active[0].Cost != sek(1161) {
		t.Errorf("while it charges the transactions are %+v", active)
	}
	command("start", `{"evse":1,"token":"`+peerToken+`"}`, "rejected")
	command("stop", `{}`, "accepted")
	checkTotalCost(t, m, p.expect("stopped"))
	command("reset", `{"type":"soft"}`, "accepted")
	p.expect("booted")
	if err := p.ends(); err != nil {
		t.Error(err)
	}
	checkBill(t, s, m, id, started.Transaction, "Remote")
	checkMessages(t, s, id, "ClearChargingProfile")
}

// checkListSent tells a station its local list, time after time, in these ways.
func checkListSent(t *testing.T, s *server, id string, ways ...string) {
	t.Helper()
	s.do(t, "PUT", "/stations/"+id+"/local-list", `{"enabled":true}`)
	type synced struct {
		Way  string
		List struct {
			State   string
			Entries int
			Says    int
		}
	}
	for _, way := range ways {
		got := decode[synced](t, s.do(t, "POST", "/stations/"+id+"/local-list/sync", `{}`))
		if got.Way != way || got.List.State != "in-sync" || got.List.Entries != 1 || got.List.Says != 1 {
			t.Errorf("the list is %+v, want it to be sent %s", got, way)
		}
	}
}

type reserved struct{ ID, State, Reason, Transaction string }

// reserve reserves the EVSE, gives it up and reserves it again.
func reserve(t *testing.T, s *server, id string) string {
	t.Helper()
	wish := fmt.Sprintf(`{"station":%q,"evse":1,"token":%q,"expiresAt":%q}`, id, peerToken, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	first := decode[reserved](t, s.do(t, "POST", "/reservations", wish))
	if again := decode[reserved](t, s.do(t, "POST", "/reservations", wish)); first.State != "active" || again.State != "refused" || again.Reason != "Occupied" {
		t.Errorf("the reservation is %+v, and a second one %+v", first, again)
	}
	if gone := decode[reserved](t, s.do(t, "DELETE", "/reservations/"+first.ID, "")); gone.State != "cancelled" {
		t.Errorf("the reservation that was given up is %+v", gone)
	}
	return decode[reserved](t, s.do(t, "POST", "/reservations", wish)).ID
}

// misbehave has a station send what no station should.
func misbehave(t *testing.T, s *server, m model) {
	id := m.library + "-" + m.version + "-bad"
	p := s.station(t, m, id, "--bad")
	p.expect("booted")
	want := []string{"NotImplemented", "NotSupported", "OccurrenceConstraintViolation", "TypeConstraintViolation", "FormatViolation", "RpcFrameworkError"}
	if m.version == "1.6" { // the official spelling
		want = []string{"NotImplemented", "NotSupported", "OccurenceConstraintViolation", "TypeConstraintViolation", "FormationViolation", "FormationViolation"}
	}
	for _, code := range want {
		if said := p.expect("answered"); said.Status != code {
			t.Errorf("%s: the error is %s, want %s", said.To, said.Status, code)
		}
	}
	if err := p.ends(); err != nil {
		t.Error(err)
	}
}

// checkTotalCost checks what a station is told that charging has cost; OCPP 1.6 has no word for it.
func checkTotalCost(t *testing.T, m model, stopped said) {
	t.Helper()
	if m.version != "1.6" && (stopped.TotalCost == nil || *stopped.TotalCost != 20.72) {
		t.Errorf("the station is told another cost: %+v", stopped)
	}
}

// checkPresence checks what is known of a station that is connected and has a car at it.
func checkPresence(t *testing.T, s *server, m model, id string) {
	t.Helper()
	occupied := connector{1, 1, "occupied"}
	if m.version == "1.6" {
		occupied.Status = "preparing"
	}
	got := fetch[struct {
		State, Version, Vendor, Model string
		Connected                     bool
		Connectors                    []connector
	}](t, s, "/stations/"+id)
	if got.State != "accepted" || !got.Connected || got.Version != m.version || got.Vendor == "" || got.Model != m.library || !slices.Contains(got.Connectors, occupied) {
		t.Errorf("the station is shown as %+v", got)
	}
}

// checkSettings reads and writes the one setting that the stations have, and has all of it reported.
func checkSettings(t *testing.T, s *server, m model, id string) {
	t.Helper()
	component := "OCPPCommCtrlr."
	if m.version == "1.6" {
		component = ""
	}
	path, interval, other := "/stations/"+id+"/settings", component+"HeartbeatInterval", component+"Nonsense"
	read := func() {
		t.Helper()
		r := decode[struct{ ID, State string }](t, s.do(t, "POST", path+"/read", ""))
		eventually(t, "the settings are reported", func() bool {
			return fetch[struct{ State string }](t, s, "/stations/"+id+"/reports/"+r.ID).State == "done"
		})
	}
	kept := func() []setting {
		t.Helper()
		return fetch[list[setting]](t, s, path+"?name=HeartbeatInterval").Items
	}
	read()
	if got := kept(); !slices.Equal(got, []setting{{interval, "300", ""}}) {
		t.Errorf("the settings are %+v", got)
	}
	written := decode[list[setting]](t, s.do(t, "PATCH", path, `{"verify":true,"settings":[{"name":"heartbeat-interval","value":"240"},{"name":"`+other+`","value":"1"}]}`)).Items
	if want := []setting{{"heartbeat-interval", "240", "accepted"}, {other, "1", "unknown"}}; !slices.Equal(written, want) {
		t.Errorf("the settings written are %+v, want %+v", written, want)
	}
	read()
	if got := kept(); !slices.Equal(got, []setting{{interval, "240", ""}}) {
		t.Errorf("the setting is then %+v", got)
	}
}

// checkBill checks the only transaction of a station, its only charge record and the receipt.
func checkBill(t *testing.T, s *server, m model, id, ref, reason string) {
	t.Helper()
	transactions := fetch[list[transaction]](t, s, "/transactions?station="+id).Items
	if len(transactions) != 1 {
		t.Fatalf("there are %d transactions: %+v", len(transactions), transactions)
	}
	x := transactions[0]
	if x.Ref != ref || x.Version != m.version || x.EVSE != 1 || x.Connector != 1 || x.Token != peerToken || !x.Authorised || x.State != "ended" ||
		x.EnergyWh != 3680 || x.EndedAt.Sub(x.StartedAt) != 20*time.Minute || x.StopReason != reason || len(x.Review) > 0 || x.Cost != sek(2072) {
		t.Errorf("the transaction is %+v", x)
	}
	var records []record
	eventually(t, "the transaction is billed", func() bool {
		records = fetch[list[record]](t, s, "/charge-records?station="+id).Items
		return len(records) > 0
	})
	if len(records) != 1 {
		t.Fatalf("one transaction has %d charge records", len(records))
	}
	bill := record{ID: records[0].ID, Number: records[0].Number, Transaction: x.ID, EnergyWh: 3680, Net: sek(1658), VAT: sek(414), Total: sek(2072)}
	if records[0] != bill || bill.Number < 1 {
		t.Errorf("the charge record is %+v, want %+v", records[0], bill)
	}
	checkReceipt(t, s, id, bill)
}

// checkReceipt checks a receipt as the driver gets it, who has nothing but the link.
func checkReceipt(t *testing.T, s *server, id string, bill record) {
	t.Helper()
	path := "/receipts/" + bill.ID
	_, text := s.send(t, "GET", path, "", http.Header{})
	got := decode[struct {
		record
		Station, Token string
		Lines          []struct{ Amount gnista.Money }
		VATRates       []struct {
			Percent    string
			Net, Gross gnista.Money
		}
	}](t, text)
	bill.Transaction = ""
	if got.record != bill || got.Station != id || got.Token != "…"+peerToken[len(peerToken)-4:] {
		t.Errorf("the receipt is %s", text)
	}
	if len(got.Lines) != 2 || got.Lines[0].Amount != sek(1822) || got.Lines[1].Amount != sek(250) || len(got.VATRates) != 1 || got.VATRates[0].Percent != "25" || got.VATRates[0].Net != sek(1658) || got.VATRates[0].Gross != sek(2072) {
		t.Errorf("the receipt has other lines: %s", text)
	}
	for language, amounts := range map[string][]string{"en": {"3.680 kWh", "18.22 SEK", "2.50 SEK", "16.58 SEK", "4.14 SEK", "20.72 SEK"}, "sv-SE,sv;q=0.9": {"3,680 kWh", "18,22 kr", "2,50 kr", "16,58 kr", "4,14 kr", "20,72 kr"}} {
		resp, page := s.send(t, "GET", path, "", http.Header{"Accept": {"text/html"}, "Accept-Language": {language}})
		if kind := resp.Header.Get("Content-Type"); kind != "text/html; charset=utf-8" {
			t.Errorf("the receipt comes as %s", kind)
		}
		for _, amount := range amounts {
			if !strings.Contains(string(page), ">"+amount+"<") {
				t.Errorf("the receipt in %s does not say %s:\n%s", language, amount, page)
			}
		}
	}
}

// checkMessages checks the log of what a station and the system have said to each other: each request
// has one answer, and only those to the actions that are named are errors.
func checkMessages(t *testing.T, s *server, id string, failing ...string) {
	t.Helper()
	var messages []message
	eventually(t, "the last message is logged", func() bool {
		messages = fetch[list[message]](t, s, "/stations/"+id+"/messages?limit=1000").Items
		slices.Reverse(messages)
		messages = slices.DeleteFunc(messages, func(m message) bool { return m.Action == gateway.Opened || m.Action == gateway.Ended })
		return slices.ContainsFunc(messages, func(m message) bool { return m.Action == "Heartbeat" }) && messages[len(messages)-1].Type == 3
	})
	open := map[string]string{} // requests without an answer: direction and id → action
	for _, x := range messages {
		asker := map[string]string{"in": "out", "out": "in"}[x.Direction]
		switch action, asked := open[asker+x.MessageID]; {
		case strings.Contains(x.Text, peerToken):
			t.Errorf("the card's UID is in the log: %s", x.Text)
		case x.Type == 2:
			open[x.Direction+x.MessageID] = x.Action
		case !asked:
			t.Errorf("%s %s answers nothing", x.Direction, x.Text)
		case x.Type == 3 != slices.Contains(failing, action):
			delete(open, asker+x.MessageID)
		default:
			t.Errorf("%s is answered with %s", action, x.Text)
		}
	}
	if len(open) > 0 {
		t.Errorf("these were not answered: %v", open)
	}
	if t.Failed() {
		for _, x := range messages {
			t.Log(x.Direction, x.Text)
		}
	}
}

// What the API shows.
type (
	list[T any] struct{ Items []T }
	answered    struct{ Status, Detail string }
	setting     struct{ Name, Value, Status string }
	connector   struct {
		EVSE, Connector int
		Status          string
	}
	verdict struct {
		Cause, Reason string
		Count         int
	}
	message struct {
		Direction, MessageID, Action, Text string
		Type                               int
	}
	transaction struct {
		ID, Station, Version, Ref, Token, State, Activity, StopReason string
		EVSE, Connector                                               int
		Authorised                                                    bool
		StartedAt, EndedAt                                            time.Time
		EnergyWh, PowerW                                              int64
		Review                                                        []string
		Cost                                                          gnista.Money
	}
	record struct {
		ID, Transaction  string
		Number, EnergyWh int64
		Net, VAT, Total  gnista.Money
	}
)

func sek(amount int64) gnista.Money { return gnista.Money{Amount: amount, Currency: "SEK"} }

// process is a station, running.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	lines  chan said
	stderr bytes.Buffer
}

// said is a line that a station prints.
type said struct {
	Event, Status, Transaction, To string
	TotalCost                      *float64
	Code                           int
}

// station runs a station until it or the test ends.
func (s *server) station(t *testing.T, m model, id string, flags ...string) *process {
	t.Helper()
	command := []string{peerOcppGo}
	if m.library == "ocpp-rpc" {
		command = []string{"node", filepath.Join(peerOcppRPC, "station.mjs")}
	}
	args := append(command[1:], "--url", "ws://"+s.address+"/ocpp", "--id", id, "--version", m.version)
	p := &process{t: t, cmd: exec.CommandContext(t.Context(), command[0], append(args, flags...)...), lines: make(chan said, 100)}
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.cmd.Process.Kill(); p.cmd.Wait() })
	go func() {
		defer close(p.lines)
		for d := json.NewDecoder(out); ; {
			var l said
			if d.Decode(&l) != nil {
				return
			}
			p.lines <- l
		}
	}()
	return p
}

// expect waits for the station's next line, which tells of event.
func (p *process) expect(event string) said {
	p.t.Helper()
	select {
	case l, ok := <-p.lines:
		if ok && l.Event == event {
			return l
		}
		if !ok {
			p.t.Fatalf("the station ends before it is %s: %v", event, p.ends())
		}
		p.t.Fatalf("the station says %+v, want %s", l, event)
	case <-time.After(peerPatience):
		p.cmd.Process.Kill()
		p.t.Fatalf("the station is not %s within %v: %v", event, peerPatience, p.ends())
	}
	return said{}
}

// ends waits until the station has ended, and tells why where it did not end well.
func (p *process) ends() error {
	p.t.Helper()
	for l := range p.lines {
		p.t.Errorf("the station also says %+v", l)
	}
	if err := p.cmd.Wait(); err != nil {
		return errors.Join(fmt.Errorf("the station: %w", err), errors.New(p.stderr.String()))
	}
	return nil
}
