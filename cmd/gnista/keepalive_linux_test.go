package main

import (
	"net"
	"syscall"
	"testing"
	"time"
)

func TestKeepAlive(t *testing.T) {
	for silent, want := range map[time.Duration]int{40 * time.Second: 40, 0: 0} {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		c, err := alive{l, silent}.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		raw, err := c.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		err = raw.Control(func(fd uintptr) {
			if on, _ := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_KEEPALIVE); on != 0 {
				got, _ = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE)
			}
		})
		if err != nil || got != want {
			t.Errorf("a connection that may be silent for %v is asked after %d s (%v)", silent, got, err)
		}
	}
}
