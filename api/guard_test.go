package api

import (
	"strings"
	"testing"

	"gnista/access"
)

// TestInput holds what is kept of what was asked for to have no secrets.
func TestInput(t *testing.T) {
	for body, want := range map[string]string{
		`{"old":"hunter2hunter2","new":"hunter3hunter3"}`:                                                                                 `{"new":"…","old":"…"}`,
		`{"action":"ChangeConfiguration","payload":{"key":"AuthorizationKey","value":"hunter2"}}`:                                         `{"action":"ChangeConfiguration","payload":{"key":"AuthorizationKey","value":"…"}}`,
		`{"key":"HeartbeatInterval","value":"60"}`:                                                                                        `{"key":"HeartbeatInterval","value":"60"}`,
		`{"settings":[{"name":"SecurityCtrlr.BasicAuthPassword","value":"hunter2"}]}`:                                                     `{"settings":[{"name":"SecurityCtrlr.BasicAuthPassword","value":"…"}]}`,
		`{"setVariableData":[{"attributeValue":"hunter2","component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}}]}`: `{"setVariableData":[{"attributeValue":"…","component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}}]}`,
		`{"vpn":{"key":"hunter2"}}`:                                            `{"vpn":{"key":"…"}}`,
		`{"location":"ftp://me:hunter2@files.example/a.bin"}`:                  `{"location":"ftp://…@files.example/a.bin"}`,
		`{"idToken":{"idToken":"04A1B2C3D4E5F6"},"tokens":["04A1B2C3D4E5F6"]}`: `{"idToken":{"idToken":"…E5F6"},"tokens":["…E5F6"]}`,
	} {
		if got := input([]byte(body), access.Stations); got != want {
			t.Errorf("of %s is kept %s", body, got)
		}
	}
	if got := input([]byte(`{"kind":"private","name":"Astrid","email":"a@example.com","address":{"street":"Storgatan 1","country":"SE"},"termDays":30}`), access.Customers); got != `{"address":{"country":"SE","street":"…"},"email":"…","kind":"private","name":"…","termDays":30}` {
		t.Errorf("of a customer is kept %s", got)
	}
	text := input([]byte(`{"name":"Garage","password":"hunter2hunter2","nested":[{"clientSecret":"s3cret","uid":"04A1B2C3D4E5F6"}],"apiKey":"k3y","amount":12.5}`), access.Stations)
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
	if got := input([]byte("\x00\x01binary"), access.Stations); !strings.Contains(got, "no JSON") {
		t.Errorf("got %q", got)
	}
	if got := input([]byte(`{"a":"`+strings.Repeat("å", 10_000)+`"}`), access.Stations); len([]rune(got)) != maxInput {
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
