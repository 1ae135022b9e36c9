package main_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"gnista/sim"
	"gnista/store/storetest"
)

// How torture is asked for: for how long, and with what seed it was when it is to be the same again.
const (
	tortureFor  = "GNISTA_TORTURE"
	tortureSeed = "GNISTA_TORTURE_SEED"
)

// torment is something that is done to a system, which bears it for as long as it takes.
type torment struct {
	name string
	do   func(t *testing.T, r *rand.Rand)
}

// torture does one thing after the other to a system whose stations charge. They go on until they are stopped.
func torture(t *testing.T, park *sim.Park, confirmed *told, list []torment) (stop func()) {
	t.Helper()
	lasts, err := time.ParseDuration(os.Getenv(tortureFor))
	if err != nil {
		t.Fatalf("%s: %v", tortureFor, err)
	}
	seed, err := strconv.ParseUint(os.Getenv(tortureSeed), 10, 64)
	if err != nil {
		seed = rand.Uint64()
	}
	fmt.Printf("torture for %v: to do the same again say %s=%d\n", lasts, tortureSeed, seed)
	r := rand.New(rand.NewPCG(seed, 0))
	stop = play(t, park)
	confirmed.await(t, 5)
	for end, n := time.Now().Add(lasts), 1; time.Now().Before(end); n++ {
		x := list[r.IntN(len(list))]
		fmt.Printf("%4d  %s  (%d transactions ended)\n", n, x.name, confirmed.finished())
		x.do(t, r)
		time.Sleep(time.Duration(r.IntN(5000)) * time.Millisecond)
		if n%3 == 0 {
			confirmed.await(t, 5) // it goes on
		}
	}
	confirmed.await(t, 5)
	return stop
}

// quit ends a server as one is ended that has had errors to log.
func (s *server) quit(t *testing.T) {
	t.Helper()
	s.killed = true
	s.cmd.Process.Signal(syscall.SIGTERM)
	late := time.AfterFunc(time.Minute, func() { s.cmd.Process.Signal(syscall.SIGQUIT) })
	defer late.Stop()
	err := s.cmd.Wait()
	if how, ok := s.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && how.Signaled() && how.Signal() == syscall.SIGTERM {
		return // it was about to start again
	}
	if err != nil {
		log := s.log.String()
		t.Errorf("the end of the binary: %v\n%s", err, log[max(0, len(log)-20_000):])
	}
}

// pause stops a process for a while, as a machine does that is moved, or has too little memory.
func (s *server) pause(d time.Duration) {
	s.cmd.Process.Signal(syscall.SIGSTOP)
	time.Sleep(d)
	s.cmd.Process.Signal(syscall.SIGCONT)
}

func someTime(r *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(r.Int64N(int64(most)))
}

// slow makes each write to the disk of a process take a fifth of a second more for a while, where that can be done.
func (s *server) slow(d time.Duration) error {
	err := exec.Command("timeout", fmt.Sprint(d.Seconds()), "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:delay_exit=200000", "-p", fmt.Sprint(s.cmd.Process.Pid)).Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 124 { // the time is over
		err = nil
	}
	return err
}

// smallDisk is a folder on a disk of its own with little room, where there may be one.
func smallDisk(t *testing.T) (dir string, ok bool) {
	t.Helper()
	dir = t.TempDir()
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=512m", "tmpfs", dir).Run(); err != nil {
		return dir, false
	}
	t.Cleanup(func() { exec.Command("umount", "-l", dir).Run() })
	return dir, true
}

// TestTorture is for minutes or hours, and so it is asked for: make torture.
func TestTorture(t *testing.T) {
	if os.Getenv(tortureFor) == "" {
		t.Skipf("skipped: make torture")
	}
	const stations = 60
	prepare := func(t *testing.T, s *server) {
		t.Helper()
		s.do(t, "POST", "/tariffs", `{"name":"Public","currency":"SEK","default":true,"elements":[{"type":"energy","price":40}]}`)
		s.do(t, "POST", "/tokens", `{"uid":"CARD"}`)
	}
	t.Run("one node on SQLite", func(t *testing.T) {
		binary := build(t, "-tags", "torture")
		data, own := smallDisk(t)
		clock := filepath.Join(t.TempDir(), "wrong")
		t.Setenv("TORTURE_CLOCK", clock)
		run := func(address string) *server {
			return start(t, binary, address, data, "--disk-percent", "0", "--test-payments")
		}
		s := run("127.0.0.1:0")
		defer func() { s.quit(t) }()
		prepare(t, s)
		way := balance(t, s.address)
		confirmed := &told{events: map[string]sim.Event{}}
		list := []torment{
			{"kill", func(t *testing.T, r *rand.Rand) {
				s.kill()
				time.Sleep(someTime(r, 2*time.Second))
				s = run(s.address)
			}},
			{"start again", func(*testing.T, *rand.Rand) { s.cmd.Process.Signal(syscall.SIGHUP) }},
			{"pause", func(_ *testing.T, r *rand.Rand) { s.pause(someTime(r, 10*time.Second)) }},
			{"cut connections", func(*testing.T, *rand.Rand) { way.cut() }},
			// Less than the minutes by which a station may be ahead, for then a person would have to look.
			{"clock jumps", func(t *testing.T, r *rand.Rand) {
				by := someTime(r, 10*time.Minute) - 5*time.Minute
				if err := os.WriteFile(clock, []byte(by.String()), 0o600); err != nil {
					t.Error(err)
				}
			}},
		}
		if _, err := exec.LookPath("strace"); err == nil {
			list = append(list, torment{"slow disk", func(t *testing.T, r *rand.Rand) {
				if err := s.slow(someTime(r, 10*time.Second)); err != nil {
					t.Errorf("a slow disk: %v", err)
				}
			}})
		} else {
			fmt.Println("a slow disk is not tried: strace is not installed")
		}
		if own {
			list = append(list, torment{"full disk", func(t *testing.T, r *rand.Rand) {
				ballast := filepath.Join(data, "ballast")
				exec.Command("dd", "if=/dev/zero", "of="+ballast, "bs=64k").Run() // until there is no room
				time.Sleep(someTime(r, 10*time.Second))
				if err := os.Remove(ballast); err != nil {
					t.Error(err)
				}
			}})
		} else {
			fmt.Println("a full disk is not tried: no disk of its own can be mounted here")
		}
		park := newPark("ws://"+way.String()+"/ocpp", stations, confirmed)
		g := comeGuests(t, 6, "ws://"+way.String()+"/ocpp", s.address, confirmed)
		park.Plays = append(park.Plays, g.plays...)
		stop := torture(t, park, confirmed, list)
		g.leave(t, s)
		stop()
		finished := confirmed.finished()
		eventually(t, "everything is billed", func() bool { return len(everything[record](t, s, "/charge-records")) >= finished })
		fmt.Printf("settled payments: %v\n", settled(t, s))
		audit(t, s, confirmed, finished)
		s.quit(t)
		agrees(t, binary, data, "after torture")
		s = run(s.address)
	})
	t.Run("three nodes on PostgreSQL", func(t *testing.T) {
		bus := startBus(t, -1)
		url := storetest.Postgres(t)
		c := startNodes(t, 3, "--database", url, "--nats", bus.ClientURL())
		defer func() {
			for _, s := range c.list {
				s.quit(t)
			}
		}()
		prepare(t, c.list[0])
		way := balance(t, c.addresses()...)
		confirmed := &told{events: map[string]sim.Event{}}
		some := func(r *rand.Rand) int { return r.IntN(len(c.list)) }
		stop := torture(t, newPark("ws://"+way.String()+"/ocpp", stations, confirmed), confirmed, []torment{
			{"kill a node", func(t *testing.T, r *rand.Rand) {
				i := some(r)
				c.list[i].kill()
				time.Sleep(someTime(r, 5*time.Second))
				c.list[i] = c.start(t, i, c.list[i].address)
			}},
			{"kill the leading node", func(t *testing.T, r *rand.Rand) {
				if i := c.leader(); i >= 0 {
					c.list[i].kill()
					c.list[i] = c.start(t, i, c.list[i].address)
				}
			}},
			{"pause a node", func(_ *testing.T, r *rand.Rand) { c.list[some(r)].pause(someTime(r, 20*time.Second)) }},
			{"cut connections", func(*testing.T, *rand.Rand) { way.cut() }},
			{"stop NATS", func(t *testing.T, r *rand.Rand) {
				port := stopBus(bus)
				time.Sleep(someTime(r, 10*time.Second))
				bus = startBus(t, port)
			}},
			{"crash PostgreSQL", func(t *testing.T, r *rand.Rand) { storetest.CrashPostgres(t, someTime(r, 10*time.Second)) }},
		})
		stop()
		s := c.list[0]
		s.led(t)
		finished := confirmed.finished()
		eventually(t, "everything is billed", func() bool { return len(everything[record](t, s, "/charge-records")) >= finished })
		audit(t, s, confirmed, finished)
		agrees(t, c.binary, c.data, "after torture", "--database", url)
	})
}
