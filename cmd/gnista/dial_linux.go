package main

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// endWhenUnanswered has the system end a connection when what was sent is not acknowledged.
func endWhenUnanswered(network, _ string, c syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	return c.Control(func(fd uintptr) {
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(unansweredFor.Milliseconds())) // without it the connection works as well
	})
}
