package gateway

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRedact(t *testing.T) {
	f := func(action, text, want string) {
		t.Helper()
		if got := redact(text, action); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
	f("Authorize", `[2,"1","Authorize",{"idTag":"04A1B2C3"}]`, `[2,"1","Authorize",{"idTag":"…B2C3"}]`)
	f("", `[3,"1",{"idTagInfo":{"status":"Accepted","parentIdTag" : "GROUP-1234"}}]`, `[3,"1",{"idTagInfo":{"status":"Accepted","parentIdTag" : "…1234"}}]`)
	f("Authorize", `{"idToken":{"idToken":"04A1B2C3","type":"ISO14443"}}`, `{"idToken":{"idToken":"…B2C3","type":"ISO14443"}}`)
	f("Authorize", `{"idToken":{"idToken":"473829","type":"KeyCode"}}`, `{"idToken":{"idToken":"…","type":"KeyCode"}}`) // OCPP 2.x C04.FR.04
	f("Authorize", `{"idTag":"quote\"inside12"}`, `{"idTag":"…"}`)
	f("Authorize", `{"idTag":"cut off`, `{"idTag":"… off`)
	f("Authorize", `{"idTag":17,"x":"idTag"}`, `{"idTag":17,"x":"idTag"}`)
	f("ChangeConfiguration", `{"key":"AuthorizationKey","value":"secret"}`, `{"key":"AuthorizationKey","value":"…"}`)
	f("ChangeConfiguration", `{"key":"HeartbeatInterval","value":"60"}`, `{"key":"HeartbeatInterval","value":"60"}`)
	f("SetVariables", `{"setVariableData":[{"attributeValue":"secret","component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}}]}`,
		`{"setVariableData":[{"attributeValue":"…","component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}}]}`)
	f("", `[3,"1",{"getVariableResult":[{"attributeValue":"a","variable":{"name":"basicauthpassword"}},{"attributeValue":"b","variable":{"name":"Identity"}}]}]`,
		`[3,"1",{"getVariableResult":[{"attributeValue":"…","variable":{"name":"basicauthpassword"}},{"attributeValue":"b","variable":{"name":"Identity"}}]}]`)
	f("NotifyReport", `[2,"1","NotifyReport",{"reportData":[{"variable":{"name":"VpnKey"},"variableAttribute":[{"value":"a"}]},{"variable":{"name":"VpnType"},"variableAttribute":[{"value":"b"}]}]}]`,
		`[2,"1","NotifyReport",{"reportData":[{"variable":{"name":"VpnKey"},"variableAttribute":[{"value":"…"}]},{"variable":{"name":"VpnType"},"variableAttribute":[{"value":"b"}]}]}]`)
	f("", `[3,"1",{"configurationKey":[{"key":"A","value":"a,]}\""},{"value":"b","key":"AuthorizationKey"},{"key":"C","value":"c"}]}]`,
		`[3,"1",{"configurationKey":[{"key":"A","value":"a,]}\""},{"value":"…","key":"AuthorizationKey"},{"key":"C","value":"c"}]}]`)
	f("", `[3,"1",{"configurationKey":[{"key":"A","value":"a"},{"key":"AuthorizationKey","value":"b"}`, `[3,"1",{"configurationKey":[{"key":"A","value":"…"},{"key":"AuthorizationKey","value":"…"}`)
	f("ChangeConfiguration", `[2,"1","ChangeConfiguration",{"KEY":"authorizationKey","VALUE":"secret"}]`, `[2,"1","ChangeConfiguration",{"KEY":"authorizationKey","VALUE":"…"}]`)
	f("SetNetworkProfile", `[2,"1","SetNetworkProfile",{"connectionData":{"basicAuthPassword":"a","apn":{"apn":"b","apnPassword":"c"},"vpn":{"user":"d","password":"e","key":"f"}}}]`,
		`[2,"1","SetNetworkProfile",{"connectionData":{"basicAuthPassword":"…","apn":{"apn":"b","apnPassword":"…"},"vpn":{"user":"d","password":"…","key":"…"}}}]`)
	f("Authorize", `{"idToken":{"idToken":"PSP-12345678","type":"DirectPayment","additionalInfo":[{"additionalIdToken":"4242","type":"CardLast4Digits"}]}}`,
		`{"idToken":{"idToken":"…5678","type":"DirectPayment","additionalInfo":[{"additionalIdToken":"…","type":"CardLast4Digits"}]}}`)
	f("Authorize", `{"idToken":{"additionalInfo":[{"additionalIdToken":"04A1B2C3","type":"x"}],"IDTOKEN":"04A1B2C4"}}`,
		`{"idToken":{"additionalInfo":[{"additionalIdToken":"…B2C3","type":"x"}],"IDTOKEN":"…B2C4"}}`)
	f("GetDiagnostics", `{"location":"ftp://user:pa@ss@files.example/logs","x":1}`, `{"location":"ftp://…@files.example/logs","x":1}`)
	f("GetDiagnostics", `{"location":"ftp://user:pass@files.example"}`, `{"location":"ftp://…@files.example"}`)
	f("GetLog", `{"log":{"remoteLocation":"https://charge.example/uploads/0123/"}}`, `{"log":{"remoteLocation":"https://charge.example/uploads/…"}}`)
	f("UpdateFirmware", `{"location":"https://files.example/a@b"}`, `{"location":"https://files.example/a@b"}`)
	f("MeterValues", `{"location":"Outlet"}`, `{"location":"Outlet"}`)
	f("DataTransfer", `{"vendorId":"v","data":"{\"idToken\":\"04A1B2C3\",\"priceText\":\"a\"}"}`, `{"vendorId":"v","data":"{\"idToken\":\"…B2C3\",\"priceText\":\"a\"}"}`)
	f("DataTransfer", `{"data":"{\"IDTAG\" : \"04A1B2\\\"C3\",\"x\":1}"}`, `{"data":"{\"IDTAG\" : \"…\\\"C3\",\"x\":1}"}`)
	f("DataTransfer", `{"data":"{\"idTag\":\"04A1B2C3`, `{"data":"{\"idTag\":\"…B2C3`)
	f("Heartbeat", `[2,"1","Heartbeat",{}]`, `[2,"1","Heartbeat",{}]`)
}

func FuzzRedact(f *testing.F) {
	for _, s := range []string{`{"idTag":"04A1B2C3"}`, `{"data":"{\"idToken\":\"04A1B2C3\\\"\"}"}`, `"idTag":`, `"idTag" : "`, `"idTag":"\`, `"idToken":{"idToken":"x"}}`, `"idTag""idTag":"abcdefgh"`, `[{"x":"secret"},[",",{"value":"a"}],"value"]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := redact(text, "SetVariables")
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Fatalf("%q became %q", text, got)
		}
		if json.Valid([]byte(text)) && !json.Valid([]byte(got)) {
			t.Fatalf("%s became %s", text, got)
		}
	})
}

func TestIdentity(t *testing.T) {
	f := func(target, want string) {
		t.Helper()
		got, err := identity(httptest.NewRequest("GET", target, nil))
		if string(got) != want || err != nil {
			t.Errorf("%s: %q, %v", target, got, err)
		}
	}
	f("/ocpp/CS1", "CS1")
	f("/ocpp/CS1/", "CS1") // T5
	f("/ocpp/more/path/CS1", "CS1")
	f("/ocpp//CS1", "CS1")
	f("/ocpp/ocpp", "ocpp")
	f("/ocpp-1", "ocpp-1") // on the port for certificates, which has no other paths
	f("/CS1", "CS1")
	f("/ocpp/", "")
	f("/ocpp", "")
	f("/ocpp/RDAM%7C123", "RDAM|123") // quirk Q6
	f("/ocpp/a%2Fb%25", "a/b%")
	f("/ocpp/%C3%A5%20b", "å b")
	f("/ocpp/CS1?x=1", "CS1")
}

// Whatever a path says, there is an identity or an error, and no panic.
func FuzzIdentity(f *testing.F) {
	for _, s := range []string{"CS1", "%", "%zz", "a/b", "", "%00", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		r := httptest.NewRequest("GET", "/ocpp/", nil)
		r.URL = &url.URL{Path: "/ocpp/" + path, RawPath: "/ocpp/" + path}
		r.Header["Sec-Websocket-Protocol"] = []string{path, "," + path}
		identity(r)
		list, _ := subprotocols(r)
		for _, p := range list {
			if p == "" || strings.TrimSpace(p) != p {
				t.Fatalf("a subprotocol is %q", p)
			}
		}
	})
}
