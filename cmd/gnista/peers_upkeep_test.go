package main_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

const peerFirmware = "firmware for peers" // the file

// maintainPlainly looks after a station that connects without TLS.
func maintainPlainly(t *testing.T, s *server, m model) {
	id := m.library + "-" + m.version + "-plain"
	p := s.station(t, m, id, "--maintain")
	p.expect("booted")
	p.expect("ready")
	maintain(t, s, m, id, p, "full")
	restart(t, s, id)
	if err := p.ends(); err != nil {
		t.Error(err)
	}
	checkMessages(t, s, id)
}

// maintainSecurely looks after a station that connects over TLS with a password, and then with the
// certificate that it is given meanwhile.
func maintainSecurely(t *testing.T, s *server, m model) {
	id := m.library + "-" + m.version + "-secure"
	var pem string
	for _, a := range fetch[list[authority]](t, s, "/certificate-authority").Items {
		pem += a.Root
	}
	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, []byte(pem), 0o600); err != nil {
		t.Fatal(err)
	}
	s.do(t, "PUT", "/stations/"+id, `{"password":"`+peerPassword+`","securityProfile":2}`)
	basic, mutual := "wss://"+s.secure+"/ocpp", "wss://"+s.mutual
	if m.version == "1.6" { // that is the same in all
		checkRefused(t, s, m, id, "--password", peerPassword)                                        // without TLS
		checkRefused(t, s, m, id, "--url", basic, "--roots", roots, "--password", peerPassword+"!")  // the wrong one
		checkRefused(t, s, m, id, "--url", mutual, "--roots", roots, "--password", peerPassword)     // instead of a certificate
		checkRefused(t, s, m, id, "--url", basic, "--roots", os.DevNull, "--password", peerPassword) // it does not trust us
	}
	p := s.station(t, m, id, "--url", basic, "--roots", roots, "--password", peerPassword, "--maintain", "--next", mutual)
	p.expect("booted")
	p.expect("ready")
	maintain(t, s, m, id, p, "full")
	restart(t, s, id)
	p.expect("booted")
	p.expect("ready")
	maintain(t, s, m, id, p, "none")
	restart(t, s, id)
	if err := p.ends(); err != nil {
		t.Error(err)
	}
	checkMessages(t, s, id)
}

// checkRefused has a station try to connect, in vain.
func checkRefused(t *testing.T, s *server, m model, id string, flags ...string) {
	t.Helper()
	p := s.station(t, m, id, append(flags, "--maintain")...)
	for l := range p.lines {
		if l.Event != "refused" {
			t.Errorf("%v: the station says %+v", flags, l)
		}
	}
	if p.ends() == nil {
		t.Errorf("%v: it got in", flags)
	}
}

func restart(t *testing.T, s *server, id string) {
	t.Helper()
	if got := decode[answered](t, s.do(t, "POST", "/stations/"+id+"/reset", `{"type":"soft"}`)); got.Status != "accepted" {
		t.Errorf("the restart is %+v", got)
	}
}

// maintain does with a station all that an operator does who does not sell energy. The local list is
// to be sent that way.
func maintain(t *testing.T, s *server, m model, id string, p *process, way string) {
	t.Helper()
	checkListSent(t, s, id, way, "none")
	gone := reserve(t, s, id)
	if got := decode[reserved](t, s.do(t, "DELETE", "/reservations/"+gone, "")); got.State != "cancelled" {
		t.Errorf("the reservation that was given up is %+v", got)
	}
	checkFirmware(t, s, id, p)
	checkLogs(t, s, id, p)
	checkProfiles(t, s, m, id)
	checkCertificates(t, s, id, p)
}

type transfer struct {
	ID, Kind, State string
	HasFile         bool
}

type begun struct {
	answered
	Outcome  string
	Transfer transfer
}

func checkTransfer(t *testing.T, s *server, got begun, state string) {
	t.Helper()
	if got.Status != "accepted" {
		t.Errorf("the answer is %+v", got)
	}
	eventually(t, "a file is "+state, func() bool { return fetch[transfer](t, s, "/transfers/"+got.Transfer.ID).State == state })
}

// checkFirmware has a station fetch firmware from us and install it.
func checkFirmware(t *testing.T, s *server, id string, p *process) {
	t.Helper()
	resp, text := s.send(t, "POST", "/firmware-files?name="+id+".bin", peerFirmware, admin())
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("sending firmware: %s %s", resp.Status, text)
	}
	file := decode[struct{ ID, SHA256 string }](t, text)
	sum := sha256.Sum256([]byte(peerFirmware))
	certificate, signature := signFirmware(t, sum[:])
	for _, update := range []struct{ signature, state string }{
		{"", "installed"}, {signature, "installed"}, {signature[:20] + "AAAA" + signature[24:], "failed"},
	} {
		body := map[string]any{"file": file.ID, "retries": 3, "retryInterval": 60}
		if update.signature != "" {
			body["signature"], body["signingCertificate"] = update.signature, certificate
		}
		order, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		checkTransfer(t, s, decode[begun](t, s.do(t, "POST", "/stations/"+id+"/firmware", string(order))), update.state)
		if got := p.expect("fetched"); got.Status != hex.EncodeToString(sum[:]) || got.Status != file.SHA256 {
			t.Errorf("the firmware that was fetched has the sum %s, we say %s", got.Status, file.SHA256)
		}
	}
}

// signFirmware signs for somebody who makes stations.
func signFirmware(t *testing.T, sum []byte) (certificate, signature string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Maker"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := ecdsa.SignASN1(rand.Reader, key, sum)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), base64.StdEncoding.EncodeToString(text)
}

// checkLogs has a station send us its logs.
func checkLogs(t *testing.T, s *server, id string, p *process) {
	t.Helper()
	from := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	for kind, body := range map[string]string{"diagnostics": `{"from":"` + from + `"}`, "security": `{"kind":"security","from":"` + from + `"}`} {
		got := decode[begun](t, s.do(t, "POST", "/stations/"+id+"/logs", body))
		checkTransfer(t, s, got, "uploaded")
		p.expect("uploaded")
		if x := fetch[transfer](t, s, "/transfers/"+got.Transfer.ID); x.Kind != kind || !x.HasFile {
			t.Errorf("the log is %+v", x)
		}
		if text := string(s.do(t, "GET", "/transfers/"+got.Transfer.ID+"/file", "")); text != "the log of "+id {
			t.Errorf("the log says %q", text)
		}
	}
}

// reports is how many reports of its charging profiles a station has made, and we have answered.
func reports(t *testing.T, s *server, id string) (n int) {
	t.Helper()
	asked := map[string]bool{}
	list := fetch[list[message]](t, s, "/stations/"+id+"/messages?limit=1000").Items
	slices.Reverse(list)
	for _, x := range list {
		switch {
		case x.Direction == "in" && x.Type == 2 && x.Action == "ReportChargingProfiles":
			asked[x.MessageID] = true
		case x.Direction == "out" && x.Type == 3 && asked[x.MessageID]:
			n++
		}
	}
	return n
}

type installedProfile struct {
	State   string
	Profile struct{ ID int }
}

// checkProfiles limits a station and its transactions, asks what that comes to, and takes it back.
func checkProfiles(t *testing.T, s *server, m model, id string) {
	t.Helper()
	path := "/stations/" + id + "/profiles"
	start := time.Now().UTC().Truncate(time.Minute).Format(time.RFC3339)
	var numbers []int
	for _, profile := range []string{
		`{"profile":{"purpose":"station-max","kind":"absolute","schedules":[{"unit":"A","start":"` + start + `","periods":[{"startSeconds":0,"limit":13.5}]}]}}`,
		`{"evse":1,"profile":{"purpose":"default","kind":"daily","stackLevel":1,"schedules":[{"unit":"A","start":"` + start + `","durationSeconds":86400,"periods":[{"startSeconds":0,"limit":16},{"startSeconds":300,"limit":10.1}]}]}}`,
	} {
		got := decode[struct {
			answered
			Profile int
		}](t, s.do(t, "POST", path, profile))
		if got.Status != "accepted" || got.Profile == 0 {
			t.Errorf("the profile is %+v", got)
		}
		numbers = append(numbers, got.Profile)
	}
	type composite struct {
		answered
		EVSE    int
		Unit    string
		Periods []struct {
			StartSeconds int
			Limit        float64
		}
	}
	got := decode[composite](t, s.do(t, "POST", "/stations/"+id+"/composite-schedule", `{"evse":1,"durationSeconds":600,"unit":"A"}`))
	want := composite{answered: got.answered, EVSE: 1, Unit: "A", Periods: []struct {
		StartSeconds int
		Limit        float64
	}{{0, 13.5}, {300, 10.1}}}
	if m == (model{"ocpp-go", "2.0.1"}) {
		want.Unit, want.Periods = got.Unit, got.Periods // the library has other properties there
	}
	if got.Status != "accepted" || !reflect.DeepEqual(got, want) {
		t.Errorf("the profiles come to %+v, want %+v", got, want)
	}
	states := func() map[int]string {
		states := map[int]string{}
		for _, x := range fetch[list[installedProfile]](t, s, path).Items {
			states[x.Profile.ID] = x.State
		}
		return states
	}
	if m.version != "1.6" { // which cannot report them
		before := reports(t, s, id)
		if got := decode[answered](t, s.do(t, "POST", path+"/read", `{}`)); got.Status != "accepted" {
			t.Errorf("reading profiles: %+v", got)
		}
		eventually(t, "the profiles are reported", func() bool { return reports(t, s, id) == before+2 }) // one for each place
	}
	for _, n := range numbers {
		if got := states()[n]; got != "accepted" {
			t.Errorf("profile %d is %s", n, got)
		}
	}
	clear := func(method, path, body, want string) {
		t.Helper()
		if got := decode[answered](t, s.do(t, method, path, body)); got.Status != want {
			t.Errorf("%s %s %s: %+v, want %s", method, path, body, got, want)
		}
	}
	clear("DELETE", fmt.Sprintf("%s/%d", path, numbers[0]), "", "accepted")
	clear("POST", path+"/clear", `{"purpose":"default","stackLevel":1,"evse":1}`, "accepted")
	clear("POST", path+"/clear", `{"purpose":"default"}`, "unknown")
	for _, n := range numbers {
		if got := states()[n]; got != "cleared" {
			t.Errorf("profile %d that was cleared is %s", n, got)
		}
	}
}

type authority struct{ ID, Algorithm, State, Subject, Root string }

type installedRoot struct{ ID, Use, Subject string }

// checkCertificates gives a station roots to trust and a certificate of its own.
func checkCertificates(t *testing.T, s *server, id string, p *process) {
	t.Helper()
	path := "/stations/" + id
	subjects := map[string]bool{}
	for _, a := range fetch[list[authority]](t, s, "/certificate-authority").Items {
		subjects[a.Subject] = true
		if got := decode[answered](t, s.do(t, "POST", path+"/install-certificate", `{"authority":"`+a.ID+`"}`)); got.Status != "accepted" {
			t.Errorf("the root of %s: %+v", a.Subject, got)
		}
	}
	roots := decode[list[installedRoot]](t, s.do(t, "POST", path+"/refresh-certificates", `{}`)).Items
	if len(roots) != 2 || !subjects[roots[0].Subject] || !subjects[roots[1].Subject] || roots[0].Use != "csms-root" {
		t.Fatalf("the station has the roots %+v, want those of %v", roots, subjects)
	}
	if got := decode[answered](t, s.do(t, "DELETE", path+"/certificates/"+roots[0].ID, "")); got.Status != "accepted" {
		t.Errorf("taking a root away: %+v", got)
	}
	if got := fetch[list[installedRoot]](t, s, path+"/certificates").Items; len(got) != 1 || got[0].ID != roots[1].ID {
		t.Errorf("the station then has the roots %+v", got)
	}
	s.refused(t, "DELETE", path+"/certificates/"+roots[0].ID, "", http.StatusNotFound)

	if got := decode[answered](t, s.do(t, "POST", path+"/renew-certificate", `{}`)); got.Status != "accepted" {
		t.Errorf("renewing: %+v", got)
	}
	serial := strings.TrimLeft(p.expect("certified").Status, "0")
	eventually(t, "the certificate is accepted", func() bool {
		c := fetch[struct{ Station, Subject, Use, Delivery string }](t, s, "/certificates/"+serial)
		return c.Station == id && c.Subject == id && c.Use == "station" && c.Delivery == "accepted"
	})
}
