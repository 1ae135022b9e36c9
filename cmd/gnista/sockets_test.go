//go:build unix

package main_test

import (
	"net"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A server that starts itself again refuses nobody: who connects meanwhile waits. Systemd is not told that it stops, or it
// would kill what is there again.
func TestStartAgain(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	states, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer states.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	s := start(t, build(t), "127.0.0.1:0", t.TempDir(), "--admin-listen", "")
	s.do(t, "PUT", "/stations/KEPT", `{}`)
	done := make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		defer close(done)
		for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
			c, err := net.Dial("tcp", s.address)
			if err != nil {
				select {
				case failed <- err:
				default:
				}
				return
			}
			c.Close()
		}
	}()
	time.Sleep(200 * time.Millisecond)
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if text := string(s.do(t, "GET", "/stations/KEPT", "")); !strings.Contains(text, `"KEPT"`) { // waits for the new one, or is answered by the old one
		t.Error(text)
	}
	<-done
	select {
	case err := <-failed:
		t.Errorf("while the server starts again a connection is refused: %v", err)
	default:
	}
	if text := string(s.do(t, "GET", "/stations/KEPT", "")); !strings.Contains(text, `"KEPT"`) {
		t.Error(text)
	}
	if n := strings.Count(s.log.String(), "starting again"); n != 1 {
		t.Errorf("it started again %d times", n)
	}
	s.end(t)
	s.killed = true // it is gone
	var told []string
	for b := make([]byte, 100); len(told) < 4; {
		states.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, err := states.Read(b)
		if err != nil {
			t.Fatalf("systemd was told %q and then: %v", told, err)
		}
		told = append(told, string(b[:n]))
	}
	if want := []string{"READY=1", "RELOADING=1", "READY=1", "STOPPING=1"}; !slices.Equal(told, want) {
		t.Errorf("systemd was told %q, want %q", told, want)
	}
}
