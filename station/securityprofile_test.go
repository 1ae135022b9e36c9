package station

import (
	"strings"
	"testing"
	"time"

	"gnista"
)

// OCPP 2.x A00.FR.002, A00.FR.207, A01.FR.03, A05.FR.07; OCPP 1.6 A00.FR.002, A00.FR.303, A05.FR.09
func TestAuthenticate(t *testing.T) {
	password := func(secret string) Password {
		p, err := NewPassword(secret)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	n := &Network{Operator: "CSO", Now: func() time.Time { return now }}
	const old, fresh = "the-old-password", "the-new-password"
	f := func(s Station, port Profile, secret string, c *Certificate, want Profile, isNew bool, cause Cause) {
		t.Helper()
		k := Knock{ID: "CS1", Username: "CS1", Password: secret, HasAuth: secret != "", Port: port, Certificate: c}
		with, gotNew, r := n.authenticate(s, k)
		if r == nil {
			r = &Refusal{}
		}
		if r.Cause != cause || cause == "" && (with != want || gotNew != isNew) {
			t.Errorf("got profile %v, new %t, %q %s", with, gotNew, r.Cause, r.Reason)
		}
	}
	none := Station{}
	f(none, Basic, "", nil, Unsecured, false, "")
	f(none, TLSBasic, "", nil, Unsecured, false, "") // TLS without a password is none of OCPP's profiles
	f(none, Basic, old, nil, Unsecured, false, "")
	f(Station{Profile: Basic}, Basic, "", nil, 0, false, BadProfile)
	f(Station{Profile: TLSBasic}, TLSBasic, "", nil, 0, false, BadProfile)

	has := Station{Password: password(old)}
	f(has, Basic, old, nil, Basic, false, "")
	f(has, TLSBasic, old, nil, TLSBasic, false, "")
	f(has, Basic, fresh, nil, 0, false, BadCredentials)
	f(has, Basic, "", nil, 0, false, BadCredentials)
	has.Profile = TLSBasic
	f(has, Basic, old, nil, 0, false, BadProfile)
	f(has, TLSBasic, old, nil, TLSBasic, false, "")

	changing := Station{Password: password(old), NextPassword: password(fresh)}
	f(changing, Basic, old, nil, Basic, false, "")
	f(changing, Basic, fresh, nil, Basic, true, "")
	f(changing, Basic, "another-password", nil, 0, false, BadCredentials)
	first := Station{NextPassword: password(fresh)}
	f(first, Basic, "", nil, Unsecured, false, "")
	f(first, Basic, fresh, nil, Basic, true, "")
	f(first, Basic, "another-password", nil, Unsecured, false, "")

	good := func(name string) *Certificate {
		return &Certificate{Name: name, Organisation: []string{"CSO"}, NotAfter: now.Add(time.Hour)}
	}
	booted := Station{Serial: "SN-1", BootedAt: now}
	f(booted, TLSMutually, "", good("SN-1"), TLSMutually, false, "")
	f(booted, TLSMutually, "", good("sn-1"), TLSMutually, false, "")
	f(booted, TLSMutually, "", good("CS1"), TLSMutually, false, "")
	f(booted, TLSMutually, "", good("SN-2"), 0, false, BadCertificate)
	f(booted, TLSMutually, "", good(""), 0, false, BadCertificate)
	f(Station{}, TLSMutually, "", good("SN-1"), TLSMutually, false, "") // its serial number is not known yet
	f(Station{}, TLSMutually, "", good(""), 0, false, BadCertificate)
	f(Station{BootedAt: now}, TLSMutually, "", good("SN-1"), 0, false, BadCertificate)
	f(booted, TLSMutually, "", &Certificate{Name: "SN-1", NotAfter: now.Add(time.Hour)}, 0, false, BadCertificate)
	expired := good("SN-1")
	expired.NotAfter = now.Add(-time.Second)
	f(booted, TLSMutually, "", expired, 0, false, BadCertificate)
	booted.AdmitExpired = true
	f(booted, TLSMutually, "", expired, TLSMutually, false, "")
	booted.Profile, booted.NextProfile, booted.Password = TLSMutually, TLSBasic, password(old)
	f(booted, TLSBasic, old, nil, TLSBasic, false, "") // it was told to come down
	f(booted, Basic, old, nil, 0, false, BadProfile)
	booted.NextProfile = Unsecured
	f(booted, TLSBasic, old, nil, 0, false, BadProfile)
}

// OCPP 2.x B01.FR.11, B01.FR.12; OCPP 1.6 A00.FR.405
func TestCertifySerial(t *testing.T) {
	f := func(version gnista.Version, name, serial string, good bool) {
		t.Helper()
		b := Boot{Version: version, Serial: serial, Certificate: &Certificate{Name: name}}
		if err := certifySerial("CS1", b); (err == nil) != good {
			t.Errorf("%s: the serial number %q for %q: %v", version, serial, name, err)
		}
	}
	f(gnista.V201, "SN", "SN", true)
	f(gnista.V201, "SN", "other", false)
	f(gnista.V201, "SN", "", false)
	f(gnista.V201, "CS1", "", true)
	f(gnista.V201, "CS1", "SN", false)
	f(gnista.V16, "CS1", "SN", true)
	f(gnista.V16, "SN", "other", false)
	f(gnista.V201, "", "", false)
	if err := certifySerial("CS1", Boot{}); err != nil {
		t.Error(err)
	}
}

// OCPP 1.6 A00.FR.205
func TestKeyDigits(t *testing.T) {
	f := func(secret, want string) {
		t.Helper()
		got, err := keyDigits(secret)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q becomes %q, %v", secret, got, err)
		}
	}
	f("00112233445566778899AABBCCDDEEFF", "00112233445566778899aabbccddeeff")
	f("sixteen letters!", "7369787465656e206c65747465727321")
	f("0123456789abcdef", "30313233343536373839616263646566") // 8 bytes are too few
	f("twenty-one characters", "")
	f(strings.Repeat("ab", 21), "")
	made := GeneratePassword()
	f(made, made)
	if made == GeneratePassword() {
		t.Error("two passwords are the same")
	}
}

func TestCheckNetworkProfile(t *testing.T) {
	f := func(field string, o SetNetworkProfile) {
		t.Helper()
		err := o.Check()
		if (err == nil) != (field == "") || err != nil && !strings.Contains(err.Error(), field) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	f("", SetNetworkProfile{Profile: TLSBasic, Route: Route{Slot: 1, URL: "wss://charge.example/ocpp"}})
	f("", SetNetworkProfile{Profile: Basic, Route: Route{URL: "ws://charge.example:8080"}})
	f("securityProfile", SetNetworkProfile{Profile: 4, Route: Route{URL: "wss://x"}})
	f("slot", SetNetworkProfile{Profile: TLSBasic, Route: Route{Slot: -1, URL: "wss://x"}})
	f("url", SetNetworkProfile{Profile: TLSBasic, Route: Route{URL: "ws://x"}})
	f("url", SetNetworkProfile{Profile: Basic, Route: Route{URL: "wss://x"}})
	f("url", SetNetworkProfile{Profile: Basic, Route: Route{URL: "ws://user:secret@x"}})
	f("url", SetNetworkProfile{Profile: Basic, Route: Route{URL: "ws://"}})
	f("url", SetNetworkProfile{Profile: Basic, Route: Route{URL: "ws://x/" + strings.Repeat("y", 600)}})
}
