package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// browser is one tab of a real Chromium.
type browser struct {
	t    *testing.T
	conn net.Conn
	id   int
	said []string // to the log of the tab
}

// newBrowser starts Chromium with an empty tab. The test is skipped where there is none.
func newBrowser(t *testing.T, language string) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium; scripts/setup.sh installs it")
	}
	folder := t.TempDir()
	cmd := exec.Command(path, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--user-data-dir="+folder, "--window-size=390,844", "--accept-lang="+language, "about:blank")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		for range 50 { // what it has begun to write
			if os.RemoveAll(folder) == nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	var address string
	eventually(t, "chromium listens", func() bool {
		text, err := os.ReadFile(filepath.Join(folder, "DevToolsActivePort"))
		port, _, _ := strings.Cut(string(text), "\n")
		address = "127.0.0.1:" + port
		return err == nil && port != ""
	})
	var tabs []struct{ Type, WebSocketDebuggerURL string }
	eventually(t, "there is a tab", func() bool {
		resp, err := http.Get("http://" + address + "/json/list")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return json.NewDecoder(resp.Body).Decode(&tabs) == nil && len(tabs) > 0 && tabs[0].WebSocketDebuggerURL != ""
	})
	conn, _, _, err := ws.Dial(t.Context(), tabs[0].WebSocketDebuggerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	b := &browser{t: t, conn: conn}
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.do(domain+".enable", "{}")
	}
	return b
}

// do has the tab do something and returns its answer.
func (b *browser) do(method, params string) json.RawMessage {
	b.t.Helper()
	b.id++
	b.conn.SetDeadline(time.Now().Add(peerPatience))
	if err := wsutil.WriteClientText(b.conn, fmt.Appendf(nil, `{"id":%d,"method":%q,"params":%s}`, b.id, method, params)); err != nil {
		b.t.Fatal(err)
	}
	for {
		text, err := wsutil.ReadServerText(b.conn)
		if err != nil {
			b.t.Fatal(err)
		}
		var m struct {
			ID            int
			Method        string
			Params        json.RawMessage
			Result, Error json.RawMessage
		}
		if err := json.Unmarshal(text, &m); err != nil {
			b.t.Fatal(err)
		}
		switch {
		case m.Method == "Log.entryAdded" || m.Method == "Runtime.exceptionThrown" || m.Method == "Runtime.consoleAPICalled":
			b.said = append(b.said, string(m.Params))
		case m.ID == b.id && m.Error != nil:
			b.t.Fatalf("%s %s: %s", method, params, m.Error)
		case m.ID == b.id:
			return m.Result
		}
	}
}

func (b *browser) open(url string) {
	b.t.Helper()
	b.do("Page.navigate", fmt.Sprintf(`{"url":%q}`, url))
}

// eval is what an expression comes to in the page, as text.
func (b *browser) eval(expression string) string {
	b.t.Helper()
	text, err := json.Marshal(map[string]any{"expression": "String(" + expression + ")", "returnByValue": true, "awaitPromise": true})
	if err != nil {
		b.t.Fatal(err)
	}
	var r struct{ Result struct{ Value string } }
	if err := json.Unmarshal(b.do("Runtime.evaluate", string(text)), &r); err != nil {
		b.t.Fatal(err)
	}
	return r.Result.Value
}

// comes waits until an expression comes to a text.
func (b *browser) comes(expression, want string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), peerPatience)
	defer cancel()
	for {
		got := b.eval(expression)
		if got == want {
			return
		}
		select {
		case <-ctx.Done():
			b.t.Fatalf("%s is %q, want %q", expression, got, want)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// faint tells texts of the page that do not stand out from what is behind them as much as they must (WCAG 2.2,
// 1.4.3): by 4.5 to 1.
const faint = `(() => {
	const rgb = c => (c.match(/[\d.]+/g) || []).map(Number);
	const light = c => rgb(c).slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (rgb(c)[3] !== 0) return c; } return matchMedia("(prefers-color-scheme: dark)").matches ? "rgb(18, 23, 26)" : "rgb(255, 255, 255)"; };
	return [...document.body.querySelectorAll("*")].filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && e.getClientRects().length).map(e => {
		const a = light(getComputedStyle(e).color), b = light(behind(e));
		return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.textContent.trim().slice(0, 30)];
	}).filter(x => x[0] < 4.5).map(x => x.join(" "));
})()`

// small tells what of the page is touched and too small for a finger (WCAG 2.2, 2.5.8), and what is wider than the
// screen.
const small = `[...document.querySelectorAll("button, a, input, summary")].filter(e => { const r = e.getBoundingClientRect(); return r.width && (r.height < 24 || r.right > innerWidth + 1); }).map(e => e.textContent)`

// readable checks the page in both schemes of colours.
func (b *browser) readable() {
	b.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		b.do("Emulation.setEmulatedMedia", fmt.Sprintf(`{"features":[{"name":"prefers-color-scheme","value":%q}]}`, scheme))
		if got := b.eval(faint); got != "" {
			b.t.Errorf("%s, %s: faint: %s", b.eval("location.pathname"), scheme, got)
		}
		if got := b.eval(small); got != "" {
			b.t.Errorf("%s, %s: too small or too wide: %s", b.eval("location.pathname"), scheme, got)
		}
	}
}
