package sim_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/sim"
)

// files is a file server that stations reach as http://files/. It has what is in served, and takes what
// is sent to it.
type files struct {
	mu     sync.Mutex
	served map[string]string
	fails  int // so many requests first
	taken  []string
}

func (f *files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fails > 0 {
		f.fails--
		http.Error(w, "later", http.StatusServiceUnavailable)
		return
	}
	if content, ok := f.served[r.URL.Path]; ok && r.Method == http.MethodGet {
		io.WriteString(w, content)
		return
	}
	if r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, "/post/") {
		http.Error(w, "POST only", http.StatusMethodNotAllowed)
		return
	}
	if user, _, ok := r.BasicAuth(); strings.HasPrefix(r.URL.Path, "/closed/") && (!ok || user != "me") {
		http.Error(w, "who?", http.StatusUnauthorized)
		return
	}
	body, _ := io.ReadAll(r.Body)
	f.taken = append(f.taken, r.Method+" "+r.URL.Path+"\n"+string(body))
}

// at makes the station reach the files beside the central system.
func (f *files) at(s *sim.Station, c *central) {
	s.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if !strings.HasPrefix(address, "files:") {
			return c.dial(ctx, network, address)
		}
		client, server := net.Pipe()
		go http.Serve(&single{conn: server}, f)
		return client, nil
	}
}

// single is a listener for one connection.
type single struct {
	conn net.Conn
	done bool
}

func (l *single) Accept() (net.Conn, error) {
	if l.done {
		return nil, io.EOF
	}
	l.done = true
	return l.conn, nil
}
func (l *single) Close() error   { return nil }
func (l *single) Addr() net.Addr { return l.conn.LocalAddr() }

// updateTo is a request to update the firmware from /new.bin.
func updateTo(v gnista.Version, id, rest string) (action, payload string) {
	if v == gnista.V16 {
		return "UpdateFirmware", `{"location":"http://files/new.bin","retrieveDate":"2026-01-01T00:00:00Z"` + rest + `}`
	}
	return "UpdateFirmware", `{"requestId":` + id + `,"firmware":{"location":"http://files/new.bin","retrieveDateTime":"2026-01-01T00:00:00Z"}` + rest + `}`
}

// words are the values of a property in what was sent, in order.
func words(said []string, property string) string {
	var list []string
	for _, s := range said {
		if _, rest, ok := strings.Cut(s, `"`+property+`":"`); ok {
			word, _, _ := strings.Cut(rest, `"`)
			list = append(list, word)
		}
	}
	return strings.Join(list, " ")
}

// OCPP 1.6 §5.19, OCPP 2.x L02.
func TestUpdateFirmware(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		f := &files{served: map[string]string{"/new.bin": "2.0.0\nthe rest"}, fails: 1}
		f.at(s, c)
		s.Firmware, s.InstallTime = "1.0.0", 10*time.Second
		up(t, s)
		must(t, s.StartTransaction(t.Context(), 1, "CARD"))
		c.said()
		action, payload := updateTo(s.Version, "5", `,"retries":1,"retryInterval":20`)
		if s.Version == gnista.V16 {
			asked(t, c, action, payload, `{}`)
		} else {
			asked(t, c, action, payload, `{"status":"Accepted"}`)
		}
		time.Sleep(time.Minute)
		want := "Downloading Downloaded"
		if s.Version != gnista.V16 {
			want += " InstallScheduled"
		}
		if got := words(c.said("FirmwareStatusNotification"), "status"); got != want {
			t.Errorf("while a car charges: %s", got)
		}
		if err := s.StartTransaction(t.Context(), 2, "CARD"); err == nil {
			t.Error("a transaction starts before an update")
		}
		must(t, s.StopTransaction(t.Context(), 1, "CARD", sim.ReasonLocal))
		time.Sleep(time.Minute)
		got := c.said()
		if want = "Installing Installed"; s.Version != gnista.V16 {
			want = "Installing InstallRebooting Installed"
		}
		var told []string
		boot := ""
		for _, line := range got {
			if strings.HasPrefix(line, "FirmwareStatus") {
				told = append(told, line)
			}
			if strings.HasPrefix(line, "Boot") {
				boot = line
			}
		}
		if words(told, "status") != want || !strings.Contains(boot, `"firmwareVersion":"2.0.0"`) || s.Version != gnista.V16 && !strings.Contains(boot, `"FirmwareUpdate"`) {
			t.Errorf("told %s, booted %s", words(told, "status"), boot)
		}
		if s.FirmwareVersion() != "2.0.0" {
			t.Errorf("it has %s", s.FirmwareVersion())
		}
		must(t, s.StartTransaction(t.Context(), 2, "CARD"))

		s.FailInstallation = func(string) bool { return true }
		must(t, s.StopTransaction(t.Context(), 2, "CARD", sim.ReasonLocal))
		c.said()
		c.ask(action, payload)
		time.Sleep(time.Minute)
		if got := words(c.said("FirmwareStatusNotification"), "status"); got != "Downloading Downloaded Installing InstallationFailed" {
			t.Errorf("told %s", got)
		}
		f.fails = 9
		c.ask(action, payload)
		time.Sleep(time.Minute)
		if got := words(c.said("FirmwareStatusNotification"), "status"); got != "Downloading DownloadFailed" {
			t.Errorf("told %s", got)
		}
	})
}

// OCPP 1.6 security whitepaper L01, OCPP 2.x L01.
func TestSignedFirmware(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		const image = "3.0.0"
		f := &files{served: map[string]string{"/new.bin": image}}
		f.at(s, c)
		up(t, s)
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		cert := issue(t, "Maker", key, nil, nil)
		sum := sha256.Sum256([]byte(image))
		good, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
		must(t, err)
		update := func(certificate, signature, when string) string {
			t.Helper()
			req := fmt.Sprintf(`{"requestId":8,"firmware":{"location":"http://files/new.bin","retrieveDateTime":"2026-01-01T00:00:00Z"%s,"signingCertificate":%q,"signature":%q}}`, when, certificate, signature)
			if s.Version == gnista.V16 {
				return c.ask("SignedUpdateFirmware", req)
			}
			return c.ask("UpdateFirmware", req)
		}
		status := func() string {
			time.Sleep(time.Minute)
			return words(c.said("FirmwareStatusNotification", "SignedFirmwareStatusNotification", "SecurityEventNotification"), "status")
		}
		if got := update("nonsense", "", ""); !strings.Contains(got, `"InvalidCertificate"`) && s.Version != gnista.V16 {
			t.Errorf("answered %s", got)
		}
		if got := update("nonsense", "AAAA", ""); got != `{"status":"InvalidCertificate"}` {
			t.Errorf("answered %s", got)
		}
		if got := c.said("SecurityEventNotification"); len(got) == 0 || !strings.Contains(got[0], "InvalidFirmwareSigningCertificate") {
			t.Errorf("sent %q", got)
		}
		if got := update(pemOf(cert), "AAAA", ""); got != `{"status":"Accepted"}` {
			t.Errorf("answered %s", got)
		}
		if got := status(); got != "Downloading Downloaded InvalidSignature" {
			t.Errorf("told %s", got)
		}
		signature := base64.StdEncoding.EncodeToString(good)
		if got := update(pemOf(cert), signature, `,"installDateTime":"2026-01-01T03:00:00Z"`); got != `{"status":"Accepted"}` {
			t.Errorf("answered %s", got)
		}
		if got := status(); got != "Downloading Downloaded SignatureVerified InstallScheduled" {
			t.Errorf("told %s", got)
		}
		if got := update(pemOf(cert), signature, ""); got != `{"status":"AcceptedCanceled"}` {
			t.Errorf("answered %s", got)
		}
		if got := status(); got != "Downloading Downloaded SignatureVerified Installing InstallRebooting Installed" || s.FirmwareVersion() != image {
			t.Errorf("told %s", got)
		}
		time.Sleep(4 * time.Hour)
		if got := status(); got != "" {
			t.Errorf("the update that was given up goes on: %s", got)
		}
	})
}

// OCPP 2.x L03, L04.
func TestPublishFirmware(t *testing.T) {
	bench(t, gnista.V21, func(t *testing.T, s *sim.Station, c *central) {
		f := &files{served: map[string]string{"/new.bin": "2.0.0"}}
		f.at(s, c)
		up(t, s)
		sum := fmt.Sprintf("%x", md5.Sum([]byte("2.0.0")))
		asked(t, c, "PublishFirmware", `{"requestId":3,"location":"http://files/new.bin","checksum":"00"}`, `{"status":"Accepted"}`)
		if got := words(c.said("PublishFirmwareStatusNotification"), "status"); got != "Downloading Downloaded InvalidChecksum" {
			t.Errorf("told %s", got)
		}
		asked(t, c, "UnpublishFirmware", `{"checksum":"`+sum+`"}`, `{"status":"NoFirmware"}`)
		asked(t, c, "PublishFirmware", `{"requestId":4,"location":"http://files/new.bin","checksum":"`+sum+`"}`, `{"status":"Accepted"}`)
		got := c.said("PublishFirmwareStatusNotification")
		if words(got, "status") != "Downloading Downloaded ChecksumVerified Published" || !strings.Contains(got[3], `"location":["http://s1.local/firmware/`) {
			t.Errorf("told %q", got)
		}
		asked(t, c, "UnpublishFirmware", `{"checksum":"`+sum+`"}`, `{"status":"Unpublished"}`)
	})
}

// OCPP 1.6 §5.9, security whitepaper N01, OCPP 2.x N01.
func TestLogs(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		f := &files{}
		f.at(s, c)
		up(t, s)
		must(t, s.SecurityEvent(t.Context(), "TamperDetectionActivated", "the door"))
		c.said()
		get := func(kind, to, rest, want string) {
			t.Helper()
			asked(t, c, "GetLog", `{"logType":"`+kind+`","requestId":6,"log":{"remoteLocation":"`+to+`"}`+rest+`}`, want)
		}
		told := func(want string) {
			t.Helper()
			if got := words(c.said("LogStatusNotification", "DiagnosticsStatusNotification"), "status"); got != want {
				t.Errorf("told %s, want %s", got, want)
			}
		}
		get("SecurityLog", "http://me:secret@files/closed/x.log", "", `{"status":"Accepted","filename":"security-20260101T000000Z.log"}`)
		told("Uploading Uploaded")
		get("DiagnosticsLog", "http://files/post/", "", `{"status":"Accepted",…`)
		told("Uploading Uploaded")
		if len(f.taken) != 2 || !strings.HasPrefix(f.taken[0], "PUT /closed/x.log\n") || !strings.Contains(f.taken[0], "TamperDetectionActivated the door") ||
			!strings.HasPrefix(f.taken[1], "POST /post/diagnostics-20260101T000000Z.log\n") || !strings.Contains(f.taken[1], "station S1") || strings.Contains(f.taken[1], "AuthorizationKey") {
			t.Errorf("taken %q", f.taken)
		}
		get("SecurityLog", "http://files/closed/x.log", "", `{"status":"Accepted",…`)
		told("Uploading PermissionDenied")
		get("SecurityLog", "ftp://files/x.log", "", `{"status":"Accepted",…`)
		told("Uploading NotSupportedOperation")
		f.fails = 2
		get("SecurityLog", "http://files/x.log", `,"retries":2,"retryInterval":60`, `{"status":"Accepted",…`)
		told("Uploading")
		f.fails = 2
		get("SecurityLog", "http://files/y.log", `,"retries":1,"retryInterval":60`, `{"status":"AcceptedCanceled",…`)
		time.Sleep(5 * time.Minute)
		if want := "AcceptedCanceled Uploading UploadFailure"; s.Version == gnista.V16 {
			told("UploadFailure Uploading UploadFailure")
		} else {
			told(want)
		}
		if s.Version == gnista.V16 {
			asked(t, c, "GetDiagnostics", `{"location":"http://files/folder/"}`, `{"fileName":"diagnostics-…`)
			told("Uploading Uploaded")
			asked(t, c, "TriggerMessage", `{"requestedMessage":"DiagnosticsStatusNotification"}`, `{"status":"Accepted"}`)
			told("Idle")
			asked(t, c, "ExtendedTriggerMessage", `{"requestedMessage":"LogStatusNotification"}`, `{"status":"Accepted"}`)
			told("Idle")
		}
	})
}
