package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// server is the throw-away PostgreSQL of a test process.
var server struct {
	once    sync.Once
	dir     string
	process *os.Process
	err     error
	count   atomic.Int64
}

// Main is TestMain for packages that use [Postgres].
func Main(m *testing.M) {
	code := m.Run()
	if server.process != nil {
		server.process.Signal(syscall.SIGINT) // fast shutdown
		server.process.Wait()
	}
	if server.dir != "" {
		os.RemoveAll(server.dir)
	}
	os.Exit(code)
}

// Postgres is the URL of an empty database on a PostgreSQL server that is started for the tests of
// one process. Where there is none to start, the test is skipped, and in CI it fails.
func Postgres(t testing.TB) string {
	t.Helper()
	server.once.Do(func() { server.err = start() })
	if server.err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no PostgreSQL to test with: %v", server.err)
		}
		t.Skipf("skipped: no PostgreSQL to test with: %v", server.err)
	}
	name := fmt.Sprintf("test%d", server.count.Add(1))
	if err := create(t.Context(), name); err != nil {
		t.Fatalf("creating a database: %v", err)
	}
	return address(name)
}

func address(database string) string {
	return fmt.Sprintf("postgres:///%s?host=%s&user=gnista", database, server.dir)
}

func create(ctx context.Context, name string) error {
	db, err := sql.Open("pgx", address("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "CREATE DATABASE "+name)
	return err
}

// start makes a cluster in a temporary folder and starts a server that listens on a socket there.
func start() (err error) {
	initdb, err := find("initdb")
	if err != nil {
		return err
	}
	postgres, err := find("postgres")
	if err != nil {
		return err
	}
	if server.dir, err = os.MkdirTemp("", "gnista-pg"); err != nil {
		return err
	}
	who, err := prepare(initdb, server.dir)
	if err != nil {
		return err
	}
	return launch(postgres, who)
}

// prepare makes a cluster in a folder, and tells who must run it.
func prepare(initdb, dir string) (*syscall.Credential, error) {
	who, err := credential(dir)
	if err != nil {
		return nil, err
	}
	c := exec.Command(initdb, "-D", filepath.Join(dir, "data"), "-U", "gnista", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
	c.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return who, nil
}

// PostgresAt is the URL of an empty database on a server of its own, which listens at an address and ends with the
// test. It is run by what as begins, such as a program that gives it another network, which only root can.
func PostgresAt(t testing.TB, address string, as ...string) string {
	t.Helper()
	initdb, err := find("initdb")
	if err != nil {
		t.Skipf("skipped: no PostgreSQL to test with: %v", err)
	}
	postgres, err := find("postgres")
	if err != nil {
		t.Skipf("skipped: no PostgreSQL to test with: %v", err)
	}
	dir, err := os.MkdirTemp("", "gnista-pg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	who, err := prepare(initdb, dir)
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	hba, err := os.OpenFile(filepath.Join(data, "pg_hba.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = hba.WriteString("host all all all trust\n")
		err = errors.Join(err, hba.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	as = append(as, "setpriv", "--reuid", fmt.Sprint(who.Uid), "--regid", fmt.Sprint(who.Gid), "--clear-groups",
		postgres, "-D", data, "-k", dir, "-c", "listen_addresses="+address, "-c", "max_connections=200")
	c := exec.Command(as[0], as[1:]...)
	c.Dir = dir
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Signal(syscall.SIGQUIT)
		c.Wait()
	})
	url := fmt.Sprintf("postgres://gnista@%s/postgres", address)
	if err := answers(url); err != nil {
		t.Fatal(err)
	}
	return url
}

// launch starts the server in the folder that is there.
func launch(postgres string, who *syscall.Credential) error {
	started := make(chan error)
	go func() {
		// The server dies with the thread that started it, so that thread must last.
		runtime.LockOSThread()
		c := exec.Command(postgres, "-D", filepath.Join(server.dir, "data"), "-k", server.dir, "-c", "listen_addresses=", "-c", "max_connections=200")
		c.SysProcAttr = &syscall.SysProcAttr{Credential: who, Pdeathsig: syscall.SIGQUIT}
		c.Dir = server.dir
		if err := c.Start(); err != nil {
			started <- err
			return
		}
		server.process = c.Process
		started <- nil
		select {}
	}()
	if err := <-started; err != nil {
		return err
	}
	return wait()
}

// CrashPostgres ends the server in the middle of whatever it does, and starts it again after a while.
func CrashPostgres(t testing.TB, after time.Duration) {
	t.Helper()
	postgres, err := find("postgres")
	if err != nil {
		t.Fatal(err)
	}
	who, err := credential(server.dir)
	if err != nil {
		t.Fatal(err)
	}
	server.process.Signal(syscall.SIGQUIT) // immediate shutdown
	server.process.Wait()
	time.Sleep(after)
	if err := launch(postgres, who); err != nil {
		t.Fatalf("starting PostgreSQL again: %v", err)
	}
}

func wait() error { return answers(address("postgres")) }

// answers waits until a server does.
func answers(url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer db.Close()
	for range 200 {
		if err = db.Ping(); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("the server does not answer: %w", err)
}

// find looks for a program of PostgreSQL, also where Debian has those that are not in the PATH.
func find(program string) (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + program)
	if len(found) > 0 {
		return found[len(found)-1], nil
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return "", errors.New("the program " + program + " is not installed (Debian: apt-get install postgresql)")
	}
	return path, nil
}

// credential is another user when we are root, whom PostgreSQL refuses; dir becomes that user's.
func credential(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, uid, gid)
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody")
}
