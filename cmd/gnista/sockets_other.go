//go:build !unix

package main

import (
	"context"
	"net"
	"os"
	"time"
)

// sockets are the addresses that the process listens on. They cannot outlive it on this system.
type sockets struct{ silent time.Duration }

func (*sockets) inherit() error { return nil }

func (s *sockets) listen(ctx context.Context, _, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	return alive{l, s.silent}, err
}

func (*sockets) asked() <-chan os.Signal { return nil }

func (*sockets) keep() error { return nil }

func (*sockets) again(context.Context) error { return nil }
