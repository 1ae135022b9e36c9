package storetest

import (
	"database/sql"
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

// Replica starts a PostgreSQL server that follows the one of [Postgres], and ends it with the test. It returns where the
// database of a URL is there, and what ends the server at once.
func Replica(t testing.TB, url string) (replica string, stop func()) {
	t.Helper()
	base, err := find("pg_basebackup")
	if err != nil {
		t.Skipf("skipped: %v", err)
	}
	postgres, err := find("postgres")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "gnista-replica")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	who, err := credential(dir)
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	c := exec.Command(base, "-D", data, "-R", "-X", "stream", "--checkpoint=fast", "-h", server.dir, "-U", "gnista")
	c.SysProcAttr, c.Dir = &syscall.SysProcAttr{Credential: who}, dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("copying the server: %v\n%s", err, out)
	}
	run := exec.Command(postgres, "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "max_connections=200")
	run.SysProcAttr, run.Dir = &syscall.SysProcAttr{Credential: who, Pdeathsig: syscall.SIGQUIT}, dir
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the server dies with the thread that started it
		started <- run.Start()
		select {}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	ended := false
	stop = func() {
		if !ended {
			ended = true
			run.Process.Signal(syscall.SIGQUIT)
			run.Process.Wait()
		}
	}
	t.Cleanup(stop)
	replica = strings.Replace(url, "host="+server.dir, "host="+dir, 1)
	db, err := sql.Open("pgx", replica)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for range 200 {
		if err = db.Ping(); err == nil {
			return replica, stop
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal(fmt.Errorf("the replica does not answer: %w", err))
	return "", nil
}
