package main_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gnista/sim"
	"gnista/store/storetest"
)

// The settings that we give for load balancers work: stations come to all nodes, and to those that are left when one is
// killed, which goes on unseen by whoever asks the API.
func TestBalancers(t *testing.T) {
	b := startBus(t, -1)
	c := startNodes(t, 3, "--database", storetest.Postgres(t), "--nats", b.ClientURL())
	c.list[0].do(t, "POST", "/tariffs", `{"name":"Public","currency":"SEK","default":true,"elements":[{"type":"energy","price":40}]}`)
	c.list[1].do(t, "POST", "/tokens", `{"uid":"CARD"}`)
	confirmed := &told{events: map[string]sim.Event{}}
	for _, x := range []struct{ program, file, listens string }{
		{"haproxy", "haproxy.cfg", "0.0.0.0:80"},
		{"nginx", "nginx.conf", "listen 80"},
	} {
		t.Run(x.program, func(t *testing.T) {
			if _, err := exec.LookPath(x.program); err != nil {
				if os.Getenv("CI") != "" {
					t.Fatalf("%s is not installed: make setup", x.program)
				}
				t.Skipf("skipped: %s is not installed", x.program)
			}
			text, err := os.ReadFile(filepath.Join("../../deploy/balancer", x.file))
			if err != nil {
				t.Fatal(err)
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			address := l.Addr().String()
			l.Close()
			settings := strings.Replace(string(text), x.listens, strings.Replace(x.listens, strings.TrimPrefix(x.listens, "listen "), address, 1), 1)
			for i, s := range c.list {
				settings = strings.ReplaceAll(settings, []string{"10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080"}[i], s.address)
			}
			dir := t.TempDir()
			file := filepath.Join(dir, x.file)
			cmd := exec.Command(x.program, "-f", file)
			if x.program == "nginx" {
				settings = "daemon off; pid nginx.pid; error_log stderr;\n" + strings.Replace(settings, "http {", "http { access_log off;", 1)
				cmd = exec.Command(x.program, "-p", dir, "-c", file)
			}
			if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
				t.Fatal(err)
			}
			said := &journal{}
			cmd.Stdout, cmd.Stderr = said, said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				cmd.Process.Signal(os.Interrupt)
				cmd.Wait()
				if t.Failed() {
					t.Logf("%s says %s", x.program, said)
				}
			}()
			way := &server{address: address}
			listed := func() bool {
				r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+address+"/api/v1/stations?limit=1", nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Header = admin()
				resp, err := http.DefaultClient.Do(r)
				if err != nil {
					return false
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				return resp.StatusCode == http.StatusOK
			}
			eventually(t, "the API is reached", listed)
			stop := play(t, newPark("ws://"+address+"/ocpp", 9, confirmed))
			confirmed.await(t, 6)
			victim := (c.leader() + 1) % len(c.list)
			c.list[victim].kill()
			confirmed.await(t, 9)
			for range 10 {
				if !listed() {
					t.Error("the API is not there while a node is away that does not lead")
				}
				time.Sleep(50 * time.Millisecond)
			}
			c.list[victim] = c.start(t, victim, c.list[victim].address)
			c.list[victim].led(t)
			confirmed.await(t, 6)
			stop()
			finished := confirmed.finished()
			eventually(t, "everything is billed", func() bool { return len(everything[record](t, way, "/charge-records")) >= finished })
			audit(t, way, confirmed, finished)
		})
	}
}
