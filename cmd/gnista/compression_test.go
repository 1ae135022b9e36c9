package main

import (
	"bytes"
	"compress/flate"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"gnista/ocpp/ocppws"
)

// OCPP 2.x Part 4 §5.4: a central system must speak permessage-deflate. Texts that are long enough come
// compressed, and a text that would grow beyond the limit ends the connection.
func TestCompression(t *testing.T) {
	l := newLive(t, nil)
	d := ocppws.Dialer{Identity: "CS1", Protocols: []string{"ocpp2.0.1"}, Compress: true}
	socket, r, _, err := d.Connect(t.Context(), strings.Replace(l.server.URL, "http", "ws", 1)+"/ocpp")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Conn.Close()
	if socket.Deflate == 0 {
		t.Fatal("no compression was agreed on")
	}
	w := &wire{t, socket, r}
	w.boot()
	w.send(fmt.Sprintf(`[2,"1","DataTransfer",{"vendorId":"v","data":%q}]`, strings.Repeat("x", 60_000)))
	w.want(`[3,"1",`)
	go l.network.Call(t.Context(), "CS1", "DataTransfer", fmt.Appendf(nil, `{"vendorId":"v","data":%q}`, strings.Repeat("y", 10_000)))
	if got := w.next(); !strings.Contains(got, strings.Repeat("y", 10_000)) {
		t.Errorf("got %d bytes", len(got))
	}
	w.bomb()
	w.want("closed 1009 a compressed message is longer than 65536 bytes")
	l.verdict("CS1", "a compressed message is longer than 65536 bytes")
	l.connect("CS2").boot()
}

// bomb sends a frame of a few kilobytes that stands for many megabytes.
func (w *wire) bomb() {
	w.t.Helper()
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		w.t.Fatal(err)
	}
	z.Write(make([]byte, 16<<20))
	z.Flush()
	f := ws.NewTextFrame(b.Bytes())
	f.Header.Rsv = ws.Rsv(true, false, false)
	if _, err := w.socket.Conn.Write(ws.MustCompileFrame(ws.MaskFrame(f))); err != nil {
		w.t.Fatal(err)
	}
}

// The operator can do without.
func TestNoCompression(t *testing.T) {
	l := newLive(t, func(o *options) { o.Plain = true })
	_, _, resp := l.handshake("/ocpp/CS1", speaks201+"Sec-WebSocket-Extensions: permessage-deflate\r\n", "")
	if got := resp.Header.Get("Sec-WebSocket-Extensions"); got != "" {
		t.Errorf("the answer is %s", got)
	}
}

// The package ws of Node.js, which others build stations on, compresses every message here.
func TestCompressionWithNode(t *testing.T) {
	modules, err := filepath.Abs("../../testdata/peers/ocpp-rpc/node_modules")
	if err == nil {
		_, err = os.Stat(filepath.Join(modules, "ws"))
	}
	node, missing := exec.LookPath("node")
	if err != nil || missing != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("Node.js with ws is missing: %v, %v; run make peers", err, missing)
		}
		t.Skipf("skipped: Node.js with ws is missing: %v, %v; run make peers", err, missing)
	}
	l := newLive(t, nil)
	const script = `
const WebSocket = require(process.argv[1] + '/ws');
const s = new WebSocket(process.argv[2], ['ocpp2.0.1'], { perMessageDeflate: { threshold: 0, clientMaxWindowBits: 12 } });
let left = 2;
const done = () => { if (--left === 0) s.close(); };
const say = (id, action, payload) => s.send(JSON.stringify([2, id, action, payload]));
s.on('open', () => say('boot', 'BootNotification', { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M' } }));
s.on('message', (data) => {
  const m = JSON.parse(data);
  if (m[0] === 2) {
    console.log('asked', m[3].data.length);
    s.send(JSON.stringify([3, m[1], { status: 'Accepted' }]), done);
  } else if (m[1] === 'boot') say('1', 'DataTransfer', { vendorId: 'v', data: 'z'.repeat(50000) });
  else { console.log('answered', m[0], s.extensions); done(); }
});
s.on('error', (e) => { console.log('error', e.message); process.exit(1); });
s.on('close', (code) => console.log('closed', code));
`
	cmd := exec.CommandContext(t.Context(), node, "-e", script, modules, strings.Replace(l.server.URL, "http", "ws", 1)+"/ocpp/NODE")
	out := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 500 {
		time.Sleep(20 * time.Millisecond)
		if _, err = l.network.Call(t.Context(), "NODE", "DataTransfer", fmt.Appendf(nil, `{"vendorId":"v","data":%q}`, strings.Repeat("y", 20_000))); err == nil {
			break
		}
	}
	if err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	for _, want := range []string{"answered 3 permessage-deflate", "asked 20000"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the station says %s, want %s", out, want)
		}
	}
}
