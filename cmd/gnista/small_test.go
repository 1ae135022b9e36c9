package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// What drivers' phones are sent is compressed where they can, and files that do not change are sent once.
func TestSmallPages(t *testing.T) {
	l := newLive(t, nil)
	page := l.do(request("GET", "/find?lang=en", "", "Accept-Encoding", "gzip"))
	if page.Code != http.StatusOK || page.Header().Get("Content-Encoding") != "gzip" || page.Header().Get("Vary") != "Accept-Encoding" || page.Header().Get("Content-Length") != "" {
		t.Fatalf("%d %v", page.Code, page.Header())
	}
	packed := page.Body.Len()
	r, err := gzip.NewReader(page.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	plain := l.do(request("GET", "/find?lang=en", ""))
	if got := plain.Body.String(); plain.Header().Get("Content-Encoding") != "" || plain.Header().Get("Vary") != "Accept-Encoding" || !strings.Contains(got, "<h1>") || len(text) < len(got)*9/10 {
		t.Errorf("as it is: %v, %d bytes, unpacked %d", plain.Header(), len(got), len(text))
	}
	if packed > len(text)*2/3 {
		t.Errorf("%d bytes became %d", len(text), packed)
	}
	style := regexp.MustCompile(`/assets/[0-9a-f]{12}/pay\.css`).Find(text)
	if style == nil {
		t.Fatalf("there is no style in %s", text)
	}
	get := func(path string, header ...string) (int, http.Header, []byte) {
		w := l.do(request("GET", path, "", append(header, "Accept-Encoding", "br, gzip;q=0.8")...))
		return w.Code, w.Header(), w.Body.Bytes()
	}
	code, h, _ := get(string(style))
	if code != 200 || h.Get("Content-Encoding") != "gzip" || h.Get("Content-Type") != "text/css; charset=utf-8" || h.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("the style: %d %v", code, h)
	}
	tag := h.Get("ETag")
	for _, path := range []string{"/assets/pay.css", "/assets/000000000000/pay.css"} { // of whoever does not know what is in it
		if code, h, _ := get(path); code != 200 || h.Get("Cache-Control") != "no-cache" || h.Get("ETag") != tag {
			t.Errorf("%s: %d %v", path, code, h)
		}
	}
	if code, _, body := get("/assets/pay.css", "If-None-Match", tag); code != http.StatusNotModified || len(body) > 0 {
		t.Errorf("what is known already: %d, %d bytes", code, len(body))
	}
	if code, h, body := get("/assets/icon-192.png"); code != 200 || h.Get("Content-Encoding") != "" || !bytes.HasPrefix(body, []byte("\x89PNG")) {
		t.Errorf("an image: %d %v", code, h)
	}
	if _, h, body := get("/assets/icon.svg"); h.Get("Content-Encoding") != "" || len(body) > 1000 {
		t.Errorf("what is small: %v", h)
	}
	for _, path := range []string{"/assets/none.css", "/assets/x/none.css", "/assets/x/../page.css"} {
		if code, _, _ := get(path); code == 200 {
			t.Errorf("%s is there", path)
		}
	}
	for _, path := range []string{"/api/v1/openapi.json", "/sign-in"} { // of operators: sent as they are
		if _, h, body := get(path, "Authorization", "Bearer "+testToken); h.Get("Content-Encoding") != "" || len(body) == 0 {
			t.Errorf("%s: %v", path, h)
		}
	}
	if w := l.do(request("GET", "/find", "", "Accept-Encoding", "gzip;q=0")); w.Code != 200 || w.Header().Get("Content-Encoding") != "" {
		t.Errorf("who wants none: %d %v", w.Code, w.Header())
	}
}

// No page with what is a driver's own repeats what it was asked: else its length, compressed, told what is in it.
func TestNothingIsRepeated(t *testing.T) {
	l := joined(t, nil)
	in := l.do(request("GET", "/my/sign-in?to=%2Fmy%2Fhistory%3Fguess", "")).Body.String()
	if !strings.Contains(in, "guess") {
		t.Errorf("whoever signs in is not led on: %s", in)
	}
	b := l.driver("anna@example.com", "Anna Andersson")
	for _, path := range []string{"/my", "/my/history", "/my/cards", "/my/pay", "/my/settings", "/my/link/" + b.link("anna@example.com"), "/my/none", "/pay/none"} {
		text := b.ask("GET", path+"?to=%2Fmy%2Fguess&q=guess&problem=guess&done=guess&name=guess&before=guess", "").Body.String()
		if text == "" || strings.Contains(text, "guess") {
			t.Errorf("%s repeats it: %s", path, text)
		}
	}
}
