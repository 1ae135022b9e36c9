package api

import (
	"strings"
	"testing"
)

// TestInput holds what is kept of what was asked for to have no secrets.
func TestInput(t *testing.T) {
	text := input([]byte(`{"name":"Garage","password":"hunter2hunter2","nested":[{"clientSecret":"s3cret","uid":"04A1B2C3D4E5F6"}],"apiKey":"k3y","amount":12.5}`))
	for _, secret := range []string{"hunter2", "s3cret", "k3y", "A1B2C3"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s has %s", text, secret)
		}
	}
	for _, kept := range []string{`"name":"Garage"`, `"amount":12.5`} {
		if !strings.Contains(text, kept) {
			t.Errorf("%s does not have %s", text, kept)
		}
	}
	if got := input([]byte("\x00\x01binary")); !strings.Contains(got, "no JSON") {
		t.Errorf("got %q", got)
	}
	if got := input([]byte(`{"a":"` + strings.Repeat("å", 10_000) + `"}`)); len([]rune(got)) != maxInput {
		t.Errorf("%d characters are kept", len([]rune(got)))
	}
}

// TestInside holds that signing in leads to a page of ours.
func TestInside(t *testing.T) {
	for to, want := range map[string]string{
		"/": "/", "/stations/A?tab=1": "/stations/A?tab=1", "": "/", "https://elsewhere.example/": "/", "//elsewhere.example": "/", "/\\elsewhere.example": "/",
		"///elsewhere.example": "/", "javascript:alert(1)": "/", "stations": "/", "/a\r\nSet-Cookie: x": "/", "http:elsewhere": "/", "/%2f%2felsewhere.example": "/",
	} {
		if got := inside(to); got != want {
			t.Errorf("%q leads to %q", to, got)
		}
	}
}
