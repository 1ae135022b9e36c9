package storetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Pooler starts a PgBouncer in transaction mode before the server of [Postgres], and ends it with the test. It returns
// the URL by which a database is reached through it. Where there is no PgBouncer the test is skipped.
func Pooler(t testing.TB, url string) string {
	t.Helper()
	bouncer, err := exec.LookPath("pgbouncer")
	if err != nil {
		if bouncer = "/usr/sbin/pgbouncer"; exec.Command(bouncer, "--version").Run() != nil {
			if os.Getenv("CI") != "" {
				t.Fatal("there is no pgbouncer to test with: make setup")
			}
			t.Skip("skipped: there is no pgbouncer (Debian: apt-get install pgbouncer)")
		}
	}
	dir, err := os.MkdirTemp("", "gnista-pooler")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for name, text := range map[string]string{
		"users.txt": `"gnista" ""` + "\n",
		"pgbouncer.ini": "[databases]\n* = host=" + server.dir + "\n[pgbouncer]\nunix_socket_dir = " + dir + "\nlisten_port = 6432\nauth_type = trust\nauth_file = " +
			filepath.Join(dir, "users.txt") + "\npool_mode = transaction\ndefault_pool_size = 20\nignore_startup_parameters = extra_float_digits\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	who, err := credential(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(bouncer, "-q", filepath.Join(dir, "pgbouncer.ini"))
	c.SysProcAttr, c.Dir = &syscall.SysProcAttr{Credential: who, Pdeathsig: syscall.SIGKILL}, dir
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // it dies with the thread that started it
		started <- c.Start()
		select {}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Process.Wait()
	})
	for range 100 {
		if _, err = os.Stat(filepath.Join(dir, ".s.PGSQL.6432")); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		t.Fatalf("the pooler did not start: %v", err)
	}
	return fmt.Sprintf("%s&port=6432", strings.Replace(url, "host="+server.dir, "host="+dir, 1))
}
