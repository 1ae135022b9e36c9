package ocppws

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"sync"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
)

// Deflate is what two ends agreed on for compressing texts (RFC 7692): 0 is not to, else the bits of
// the window that we may use. Neither end keeps a context from one text to the next, so that a socket
// that is idle has no state of a compressor.
type Deflate uint8

// widest is the window of Go's compressor, in bits; a text that is no longer than a smaller window
// needs no more than that.
const widest = 15

// Agree chooses the first offer of compression that we can keep to among the lines of a handshake's
// Sec-WebSocket-Extensions. The answer is empty where there is none.
func Agree(lines []string) (answer string, d Deflate) {
	for _, line := range lines {
		offers, ok := httphead.ParseOptions([]byte(line), nil)
		if !ok {
			continue // what cannot be read offers nothing
		}
		for _, offer := range offers {
			var p wsflate.Parameters
			if string(offer.Name) != wsflate.ExtensionName || p.Parse(offer) != nil {
				continue // RFC 7692 §7: an offer that is not valid is declined
			}
			agreed := wsflate.Parameters{ServerNoContextTakeover: true, ClientNoContextTakeover: true, ServerMaxWindowBits: p.ServerMaxWindowBits}
			var b bytes.Buffer
			if _, err := httphead.WriteOptions(&b, []httphead.Option{agreed.Option()}); err != nil {
				continue
			}
			return b.String(), window(p.ServerMaxWindowBits)
		}
	}
	return "", 0
}

func window(asked wsflate.WindowBits) Deflate {
	if asked == 0 {
		return widest
	}
	return Deflate(asked)
}

// offer is what we ask for as a client.
var offer = wsflate.Parameters{ServerNoContextTakeover: true, ClientNoContextTakeover: true}

// accepted is what the answer to our offer means.
func accepted(answer []httphead.Option) (Deflate, error) {
	if len(answer) == 0 {
		return 0, nil
	}
	var p wsflate.Parameters
	if err := p.Parse(answer[0]); err != nil {
		return 0, err
	}
	if !p.ServerNoContextTakeover || p.ClientMaxWindowBits != 0 {
		return 0, errors.New("the other side would compress in a way that was not offered")
	}
	return widest, nil
}

// worthwhile is the least length of a text that is compressed: shorter ones gain little, and most are.
const worthwhile = 512

// tail ends a text that was compressed on its own: what the sender leaves out of the last block, and
// an empty last one.
const tail = "\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff"

// inflater is a decompressor that is used again.
type inflater struct {
	in  bytes.Reader
	out io.ReadCloser
}

var inflaters = sync.Pool{New: func() any { return &inflater{out: flate.NewReader(nil)} }}

// inflate decompresses a text, of which it makes no more than limit bytes.
func inflate(compressed []byte, limit int) ([]byte, error) {
	x := inflaters.Get().(*inflater)
	defer inflaters.Put(x)
	x.in.Reset(append(compressed, tail...))
	defer x.in.Reset(nil)
	if err := x.out.(flate.Resetter).Reset(&x.in, nil); err != nil {
		return nil, err
	}
	b := bytes.NewBuffer([]byte{}) // an empty text is one, too
	n, err := io.Copy(b, io.LimitReader(x.out, int64(limit)+1))
	switch {
	case n > int64(limit):
		return nil, fault(ws.StatusMessageTooBig, "a compressed message is longer than %d bytes", limit)
	case err != nil:
		return nil, fault(ws.StatusInvalidFramePayloadData, "a compressed message is broken: %v", err)
	case x.in.Len() > len(tail)+1: // RFC 7692 §7.2.3.4: a last block may be followed by a single byte
		return nil, fault(ws.StatusInvalidFramePayloadData, "a compressed message goes on behind its end")
	}
	return b.Bytes(), nil
}

// deflater is a compressor that is used again. Its speed counts, for its output is short anyway.
type deflater struct {
	out bytes.Buffer
	in  *flate.Writer
}

var deflaters = sync.Pool{New: func() any {
	x := &deflater{}
	x.in, _ = flate.NewWriter(&x.out, flate.BestSpeed) // the level is a valid one
	return x
}}

// deflate compresses a text where that makes it shorter, as far as was agreed.
func (d Deflate) deflate(text []byte) (compressed []byte, shorter bool) {
	if d == 0 || len(text) < worthwhile || d < widest && len(text) > 1<<d {
		return nil, false
	}
	x := deflaters.Get().(*deflater)
	defer deflaters.Put(x)
	x.out.Reset()
	x.in.Reset(&x.out)
	if _, err := x.in.Write(text); err != nil {
		return nil, false
	}
	if err := x.in.Flush(); err != nil {
		return nil, false
	}
	compressed = bytes.TrimSuffix(x.out.Bytes(), []byte("\x00\x00\xff\xff")) // RFC 7692 §7.2.1
	return bytes.Clone(compressed), len(compressed) < len(text)
}
