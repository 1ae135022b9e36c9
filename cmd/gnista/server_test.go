package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(peerPatience); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it does not come to it that %s", what)
		}
	}
}

// server is the binary, running.
type server struct {
	address        string
	secure, mutual string // addresses with TLS, where there are
	cmd            *exec.Cmd
	log            *journal
	killed         bool
}

// journal is what a process says, also while it does.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *journal) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *journal) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// build builds the binary as this test was built.
func build(t testing.TB, flags ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "gnista")
	args := append([]string{"build", "-o", binary}, flags...)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, set := range info.Settings {
			if set.Key == "-race" || set.Key == "-gcflags" {
				args = append(args, set.Key+"="+set.Value)
			}
		}
	}
	building, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(building, "go", append(args, ".")...).CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return binary
}

// start runs the binary until the test ends.
func start(t testing.TB, binary, listen, data string, flags ...string) *server {
	t.Helper()
	s := &server{log: &journal{}, cmd: exec.Command(binary, append([]string{"serve", "--listen", listen, "--data", data}, flags...)...)}
	s.cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GNISTA_") })
	s.cmd.Env = append(s.cmd.Env, "GNISTA_ADMIN_TOKEN="+peerAdmin)
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.end(t) })
	late := time.AfterFunc(peerPatience, func() { s.cmd.Process.Kill() })
	defer late.Stop()
	lines := bufio.NewReader(out)
	line := func(pattern string) string {
		t.Helper()
		text, err := lines.ReadString('\n')
		found := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if found == nil {
			t.Fatalf("the binary says %q: %v\n%s", text, err, s.log)
		}
		return found[1]
	}
	s.address = line(`on http://([^/]+)/`)
	if slices.Contains(flags, "--tls-listen") {
		s.secure, s.mutual = line(`on https://([^/]+)/`), line(`on wss://([^/]+)/`)
	}
	return s
}

// kill ends the binary in the middle of whatever it does.
func (s *server) kill() {
	s.killed = true
	s.cmd.Process.Kill()
	s.cmd.Wait()
}

// end asks the binary to end, which it must do without an error.
func (s *server) end(t testing.TB) {
	if s.killed {
		return
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(peerPatience, func() { s.cmd.Process.Kill() })
	defer kill.Stop()
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the end of the binary: %v", err)
	}
	if strings.Contains(s.log.String(), "level=ERROR") {
		t.Error("the binary has logged errors")
	}
	if t.Failed() {
		t.Logf("the log of the binary:\n%s", s.log)
	}
}

// send sends a request to the API.
func (s *server) send(t testing.TB, method, path, body string, header http.Header) (*http.Response, []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), peerPatience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.address+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, text
}

func admin() http.Header { return http.Header{"Authorization": {"Bearer " + peerAdmin}} }

// do sends a request that must succeed.
func (s *server) do(t testing.TB, method, path, body string) []byte {
	t.Helper()
	resp, text := s.send(t, method, path, body, admin())
	if resp.StatusCode >= 300 {
		t.Fatalf("%s %s %s: %s %s", method, path, body, resp.Status, text)
	}
	return text
}

// refused sends a request that must fail.
func (s *server) refused(t *testing.T, method, path, body string, want int) {
	t.Helper()
	if resp, text := s.send(t, method, path, body, admin()); resp.StatusCode != want {
		t.Errorf("%s %s %s: %s %s, want %d", method, path, body, resp.Status, text, want)
	}
}

func fetch[T any](t *testing.T, s *server, path string) T {
	t.Helper()
	return decode[T](t, s.do(t, "GET", path, ""))
}

func decode[T any](t testing.TB, text []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}
