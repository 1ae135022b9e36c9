//go:build !unix

package main

import (
	"context"
	"net"
	"os"
)

// sockets are the addresses that the process listens on. They cannot outlive it on this system.
type sockets struct{}

func (*sockets) inherit() error { return nil }

func (*sockets) listen(ctx context.Context, _, address string) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp", address)
}

func (*sockets) asked() <-chan os.Signal { return nil }

func (*sockets) keep() error { return nil }

func (*sockets) again(context.Context) error { return nil }
