// Package ocppj speaks OCPP-J: JSON messages of OCPP in frames over a WebSocket.
//
// It knows the five kinds of frame, how two peers take turns on one connection ([Conn]), how
// an action is tied to its types ([Action], [Mux]), how a message is decoded and judged
// ([Decode], [Check]), and how each version spells its errors. It knows no message; those are
// in the packages of the versions. Nothing here opens a socket.
//
// Invariants:
//   - An answer is matched to its CALL by message id, never by its position.
//   - CALLs of the peer are served one at a time, in the order of arrival.
//   - Answers of the peer are taken in while one of its CALLs is being served, so that a
//     handler may itself call the peer.
//   - No lock is held while the owner of a Conn is called.
package ocppj

// Version is a version of OCPP.
type Version uint8

// The versions, oldest first.
const (
	V16 Version = iota + 1
	V201
	V21
)

// Subprotocol is the version's name in the WebSocket handshake.
func (v Version) Subprotocol() string {
	switch v {
	case V16:
		return "ocpp1.6"
	case V201:
		return "ocpp2.0.1"
	case V21:
		return "ocpp2.1"
	}
	return ""
}

// String is the version's number, as in "2.0.1".
func (v Version) String() string {
	if v < V16 || v > V21 {
		return "unknown"
	}
	return v.Subprotocol()[len("ocpp"):]
}
