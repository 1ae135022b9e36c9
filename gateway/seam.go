package gateway

import "net"

// seam is what TLS has for its connection: the socket, which it can be made to read without waiting.
// A TLS connection that has read half a record goes on with it when it is read again.
type seam struct {
	net.Conn
	now bool // read what is there; errNothing when there is nothing

	// What the client said when it began.
	hello bool
	name  string // of the host that it wants
}

func (x *seam) Read(b []byte) (int, error) {
	if x.now {
		return readNow(x.Conn, b)
	}
	return x.Conn.Read(b)
}

// Waker is a connection without a socket of the system that can be watched all the same, as one of many that a tunnel
// carries.
type Waker interface {
	net.Conn
	// ReadNow reads what is there; nothing, without an error, where there is nothing.
	ReadNow(b []byte) (int, error)
	// Wake has f called once, by any goroutine, when there is something to read or the other end is gone: at once where
	// that is so already.
	Wake(f func())
}

// errNothing tells that a socket that was said to have something has nothing after all. TLS takes it
// for an error that passes.
var errNothing error = nothing{}

type nothing struct{}

func (nothing) Error() string   { return "nothing to read" }
func (nothing) Timeout() bool   { return false }
func (nothing) Temporary() bool { return true }
