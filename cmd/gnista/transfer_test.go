package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestUploads: a log comes in by PUT, by POST and as a form, under whatever name; what nobody asked
// for, what breaks off and what is empty is refused. OCPP 2.1 N01.FR.18, N01.FR.19
func TestUploads(t *testing.T) {
	l := newLive(t, nil)
	w := l.connect("CS1")
	w.boot()
	base := l.server.URL
	ask := func() (url, transfer string) {
		t.Helper()
		answer := make(chan string)
		go func() { _, text := l.request(t, "POST", "/api/v1/stations/CS1/logs", `{}`); answer <- text }()
		var call []json.RawMessage
		var req struct {
			Log struct{ RemoteLocation string }
		}
		if err := json.Unmarshal([]byte(w.next()), &call); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(call[3], &req); err != nil {
			t.Fatal(err)
		}
		w.send(fmt.Sprintf(`[3,%s,{"status":"Accepted","filename":"a.log"}]`, call[1]))
		var told struct{ Transfer struct{ ID string } }
		if err := json.Unmarshal([]byte(<-answer), &told); err != nil {
			t.Fatal(err)
		}
		return req.Log.RemoteLocation, told.Transfer.ID
	}
	send := func(method, url, kind string, body io.Reader) int {
		t.Helper()
		r, err := http.NewRequest(method, url, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	get := func(path string) (int, http.Header, string) {
		t.Helper()
		r, err := http.NewRequest("GET", base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+testToken)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header, string(b)
	}

	url, transfer := ask()
	if code, _, _ := get("/api/v1/transfers/" + transfer + "/file"); code != http.StatusNotFound {
		t.Errorf("a file that has not come: %d", code)
	}
	if code := send("PUT", url+"a.log", "text/plain", strings.NewReader("<script>")); code != http.StatusCreated {
		t.Errorf("PUT: %d", code)
	}
	code, header, text := get("/api/v1/transfers/" + transfer + "/file")
	if code != 200 || text != "<script>" || header.Get("Content-Type") != "application/octet-stream" || header.Get("Content-Disposition") != "attachment; filename=a.log" {
		t.Errorf("%d %v %q", code, header, text)
	}
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	part, err := m.CreateFormFile("uploadfile", `..\..\boot.ini"`)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(part, "from a form")
	m.Close()
	if code := send("POST", url, m.FormDataContentType(), &form); code != http.StatusCreated {
		t.Errorf("a form: %d", code)
	}
	if _, header, text := get("/api/v1/transfers/" + transfer + "/file"); text != "from a form" || header.Get("Content-Disposition") != "attachment; filename=boot.ini" {
		t.Errorf("%v %q", header, text)
	}
	// A compressed file is kept as it came: nothing here unpacks it.
	if code := send("POST", url+"//../../x.gz", "application/gzip", bytes.NewReader([]byte{0x1f, 0x8b, 8})); code != http.StatusCreated {
		t.Errorf("a path with dots: %d", code)
	}
	for _, bad := range []struct {
		url, kind, body string
		code            int
	}{
		{url + "a", "text/plain", "", http.StatusUnprocessableEntity},
		{url + "a", "multipart/form-data; boundary=x", "--x--", http.StatusBadRequest},
		{url + "a", "multipart/form-data", "x", http.StatusBadRequest},
		{base + "/uploads/", "text/plain", "x", http.StatusNotFound},
		{base + "/uploads/%00", "text/plain", "x", http.StatusNotFound},
		{base + "/uploads/" + strings.Repeat("x", 5000), "text/plain", "x", http.StatusNotFound},
	} {
		if code := send("PUT", bad.url, bad.kind, strings.NewReader(bad.body)); code != bad.code {
			t.Errorf("%.60s %s: %d, want %d", bad.url, bad.kind, code, bad.code)
		}
	}
	// It breaks off.
	conn, err := net.Dial("tcp", l.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf", strings.TrimPrefix(url, base))
	conn.(*net.TCPConn).CloseWrite()
	if b, _ := io.ReadAll(conn); !strings.HasPrefix(string(b), "HTTP/1.1 4") {
		t.Errorf("a file that breaks off: %q", b)
	}
	conn.Close()
	if _, _, text := get("/api/v1/transfers/" + transfer + "/file"); text != "\x1f\x8b\x08" {
		t.Errorf("the last whole file is not the one that counts: %q", text)
	}
	// Often enough is enough.
	last := 0
	for range 20 {
		last = send("PUT", url, "text/plain", strings.NewReader("x"))
	}
	if last != http.StatusNotFound {
		t.Errorf("there is no end to sending: %d", last)
	}
}

// TestFirmwareFiles: what is sent to us is what stations fetch, in parts too, and only under its address.
func TestFirmwareFiles(t *testing.T) {
	l := newLive(t, nil)
	base := l.server.URL
	do := func(method, url, body string, headers ...string) (int, string) {
		t.Helper()
		return l.request(t, method, strings.TrimPrefix(url, base), body, headers...)
	}
	for _, bad := range []string{"", "a/b", `a\b`, ".a", strings.Repeat("x", 101)} {
		if code, text := do("POST", base+"/api/v1/firmware-files?name="+bad, "x"); code != http.StatusUnprocessableEntity || !strings.Contains(text, "name") {
			t.Errorf("%q: %d %s", bad, code, text)
		}
	}
	if code, _ := do("POST", base+"/api/v1/firmware-files?name=a", ""); code != http.StatusUnprocessableEntity {
		t.Errorf("an empty file: %d", code)
	}
	code, text := do("POST", base+"/api/v1/firmware-files?name=fw%201.bin", "firmware")
	var file struct{ ID, URL, MD5 string }
	if err := json.Unmarshal([]byte(text), &file); err != nil || code != 200 {
		t.Fatalf("%d %s", code, text)
	}
	if code, text := do("GET", file.URL, ""); code != 200 || text != "firmware" {
		t.Errorf("%d %q", code, text)
	}
	if code, text := do("GET", file.URL, "", "Range", "bytes=4-"); code != http.StatusPartialContent || text != "ware" {
		t.Errorf("%d %q", code, text)
	}
	if code, _ := do("POST", file.URL, "x"); code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", code)
	}
	for _, bad := range []string{"/files/", "/files/" + file.ID, "/files/" + file.ID + "/", "/files/" + file.ID + "/x/fw", "/files/../gnista.db"} {
		if code, _ := do("GET", base+bad, ""); code != http.StatusNotFound {
			t.Errorf("%s: %d", bad, code)
		}
	}
	w := l.connect("CS1")
	w.boot()
	answer := make(chan int)
	go func() {
		code, _ := do("POST", base+"/api/v1/stations/CS1/firmware", `{"file":"`+file.ID+`"}`)
		answer <- code
	}()
	frame := w.next()
	if !strings.Contains(frame, file.URL) {
		t.Errorf("the station is told %s, not %s", frame, file.URL)
	}
	w.send(`[3,` + strings.Split(frame, ",")[1] + `,{"status":"Accepted"}]`)
	if code := <-answer; code != 200 {
		t.Errorf("the order: %d", code)
	}
	if code, _ := do("DELETE", base+"/api/v1/firmware-files/"+file.ID, ""); code != http.StatusNoContent {
		t.Errorf("DELETE: %d", code)
	}
	if code, _ := do("GET", file.URL, ""); code != http.StatusNotFound {
		t.Errorf("after it was deleted: %d", code)
	}
}

// request asks the binary's handler over a real connection.
func (l *live) request(t *testing.T, method, path, body string, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, l.server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	r.Header.Set("Authorization", "Bearer "+testToken)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp.StatusCode, string(b)
}
