//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// sockets are the addresses that the process listens on. They can outlive it: where systemd holds them, and when the
// process starts itself again, on SIGHUP, with another program if there is one in its place by then. Who connects
// meanwhile waits, and is not refused.
type sockets struct {
	self      string              // the program's file, as it was when we began
	inherited map[string]*os.File // by the name of the flag
	fixed     map[string]bool     // where systemd says what address it is
	open      map[string]net.Listener
	kept      []string      // as name=descriptor, with a ! where it is fixed, for the next one
	silent    time.Duration // see [alive]
}

// handed is the variable in which a process tells the one after it of its sockets.
const handed = "GNISTA_SOCKETS"

// firstSocket is the descriptor of the first socket of systemd.
const firstSocket = 3

// inherit takes what was handed to the process, by systemd or by the one before.
func (s *sockets) inherit() error {
	s.inherited, s.fixed, s.open = map[string]*os.File{}, map[string]bool{}, map[string]net.Listener{}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s.self = self
	take := func(name string, fd int) {
		syscall.CloseOnExec(fd)
		s.inherited[name] = os.NewFile(uintptr(fd), name)
	}
	if list := os.Getenv(handed); list != "" {
		os.Unsetenv(handed)
		for x := range strings.SplitSeq(list, ",") {
			name, number, _ := strings.Cut(x, "=")
			number, s.fixed[name] = strings.CutSuffix(number, "!")
			fd, err := strconv.Atoi(number)
			if err != nil {
				return fmt.Errorf("%s: %q is no socket", handed, x)
			}
			take(name, fd)
		}
		return nil
	}
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return nil
	}
	n, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if err != nil || n < 1 {
		return fmt.Errorf("LISTEN_FDS: %q is no number of sockets", os.Getenv("LISTEN_FDS"))
	}
	names := strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	for i := range n {
		name := "listen"
		if i < len(names) && slices.Contains([]string{"tls-listen", "mtls-listen", "admin-listen"}, names[i]) {
			name = names[i]
		}
		if s.inherited[name] != nil {
			return fmt.Errorf("systemd hands over two sockets for --%s: name them by FileDescriptorName=, as the flags", name)
		}
		s.fixed[name] = true
		take(name, firstSocket+i)
	}
	return nil
}

// listen opens an address, or takes the one that was handed over.
func (s *sockets) listen(ctx context.Context, name, address string) (net.Listener, error) {
	var l net.Listener
	if f := s.inherited[name]; f != nil {
		delete(s.inherited, name)
		was, err := net.FileListener(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("taking over the socket: %w", err)
		}
		if s.fixed[name] || same(was.Addr(), address) {
			l = was
		} else {
			was.Close()
		}
	}
	if l == nil {
		var err error
		if l, err = new(net.ListenConfig).Listen(ctx, "tcp", address); err != nil {
			return nil, err
		}
	}
	if s.open != nil {
		s.open[name] = l
	}
	return alive{l, s.silent}, nil
}

// same tells whether a socket is the one for an address.
func same(at net.Addr, address string) bool {
	want, err := net.ResolveTCPAddr("tcp", address)
	is, ok := at.(*net.TCPAddr)
	if err != nil || !ok {
		return false
	}
	anywhere := len(want.IP) == 0 || want.IP.IsUnspecified()
	return (want.Port == 0 || is.Port == want.Port) && (anywhere && is.IP.IsUnspecified() || is.IP.Equal(want.IP))
}

// asked is closed when somebody asks the process to start itself again.
func (s *sockets) asked() <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c
}

// keep keeps the sockets open beyond the end of those who use them.
func (s *sockets) keep() error {
	for name, l := range s.open {
		t, ok := l.(*net.TCPListener)
		if !ok {
			continue
		}
		raw, err := t.SyscallConn()
		fd := -1
		if err == nil {
			err = errors.Join(raw.Control(func(own uintptr) { // as it is: [os.File.Fd] would have it block
				if fd, err = syscall.Dup(int(own)); err != nil {
					fd = -1
				}
			}), err)
		}
		if fd < 0 {
			return fmt.Errorf("keeping the socket of --%s: %w", name, err)
		}
		kept := name + "=" + strconv.Itoa(fd)
		if s.fixed[name] {
			kept += "!"
		}
		s.kept = append(s.kept, kept)
	}
	return nil
}

// again starts the program again in place of this process, when that was asked for, and it was not asked to end since.
func (s *sockets) again(ctx context.Context) error {
	if len(s.kept) == 0 || ctx.Err() != nil {
		return nil
	}
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LISTEN_") })
	if err := syscall.Exec(s.self, os.Args, append(env, handed+"="+strings.Join(s.kept, ","))); err != nil {
		return fmt.Errorf("starting %s again: %w", s.self, err)
	}
	return nil
}
