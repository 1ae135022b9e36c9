package sim_test

import (
	"errors"
	"testing"

	"gnista"
	"gnista/ocpp/ocppj"
	"gnista/sim"
)

// listOf is a local list on the wire: uids with a status, or without one to remove them.
func listOf(v gnista.Version, version, kind, cards string) string {
	if v == gnista.V16 {
		return `{"listVersion":` + version + `,"updateType":"` + kind + `","localAuthorizationList":[` + cards + `]}`
	}
	return `{"versionNumber":` + version + `,"updateType":"` + kind + `","localAuthorizationList":[` + cards + `]}`
}

func listed(v gnista.Version, uid, status string) string {
	switch {
	case v == gnista.V16 && status == "":
		return `{"idTag":"` + uid + `"}`
	case v == gnista.V16:
		return `{"idTag":"` + uid + `","idTagInfo":{"status":"` + status + `","parentIdTag":"FLEET"}}`
	case status == "":
		return `{"idToken":{"idToken":"` + uid + `","type":"ISO14443"}}`
	}
	return `{"idToken":{"idToken":"` + uid + `","type":"ISO14443"},"idTokenInfo":{"status":"` + status + `","groupIdToken":{"idToken":"FLEET","type":"Central"}}}`
}

// OCPP 1.6 §5.10, §5.15, OCPP 2.x D01, D02.
func TestLocalList(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		version, v := `{"versionNumber":%}`, s.Version
		if v == gnista.V16 {
			version = `{"listVersion":%}`
		}
		asked(t, c, "GetLocalListVersion", `{}`, replaced(version, "0"))
		a, b := listed(v, "A", "Accepted"), listed(v, "B", "Blocked")
		asked(t, c, "SendLocalList", listOf(v, "3", "Full", a+","+b), `{"status":"Accepted"}`)
		asked(t, c, "GetLocalListVersion", `{}`, replaced(version, "3"))
		asked(t, c, "SendLocalList", listOf(v, "3", "Differential", a), `{"status":"VersionMismatch"}`)
		asked(t, c, "SendLocalList", listOf(v, "0", "Full", a), `{"status":"Failed"}`)
		asked(t, c, "SendLocalList", listOf(v, "4", "Full", a+","+a), `{"status":"Failed"}`)
		asked(t, c, "SendLocalList", listOf(v, "4", "Differential", listed(v, "C", "Accepted")+","+listed(v, "a", "")), `{"status":"Accepted"}`)
		if got := s.Listed(); len(got) != 2 || got[0] != "B" || got[1] != "C" || s.ListVersion() != 4 {
			t.Errorf("version %d has %v", s.ListVersion(), got)
		}
		setting(t, s, c, "LocalAuthListEnabled", "LocalAuthListCtrlr", "Enabled", "false")
		if v == gnista.V16 {
			asked(t, c, "SendLocalList", listOf(v, "5", "Full", a), `{"status":"NotSupported"}`)
			asked(t, c, "GetLocalListVersion", `{}`, `{"listVersion":-1}`)
		} else {
			asked(t, c, "SendLocalList", listOf(v, "5", "Full", a), `{"status":"Failed"}`)
			asked(t, c, "GetLocalListVersion", `{}`, `{"versionNumber":0}`)
		}
	})
}

// OCPP 1.6 §3.5, OCPP 2.x C10 to C15.
func TestAuthoriseByItself(t *testing.T) {
	every(t, func(t *testing.T, s *sim.Station, c *central) {
		up(t, s)
		v := s.Version
		asked(t, c, "SendLocalList", listOf(v, "1", "Full", listed(v, "A", "Accepted")+","+listed(v, "B", "Blocked")), `{"status":"Accepted"}`)
		c.answers(func(f ocppj.Frame) (string, error) { return "", nil })
		authorised := func(uid string, want bool, wantErr error) {
			t.Helper()
			if got, err := s.Authorise(t.Context(), uid); got != want || !errors.Is(err, wantErr) {
				t.Errorf("%s: %v %v", uid, got, err)
			}
		}
		authorised("CACHED", true, nil)
		authorised("A", true, nil)
		if got := c.said("Authorize"); len(got) != 2 {
			t.Errorf("it has sent %q", got)
		}
		setting(t, s, c, "LocalPreAuthorize", "AuthCtrlr", "LocalPreAuthorize", "true")
		authorised("A", true, nil)
		authorised("CACHED", true, nil)
		authorised("B", true, nil) // asked: it may have changed
		if got := c.said("Authorize"); len(got) != 1 {
			t.Errorf("it has sent %q", got)
		}
		s.Cut()
		authorised("a", true, nil)
		authorised("CACHED", true, nil)
		authorised("B", false, nil)
		authorised("X", false, sim.ErrOffline)
		s.Mend()
		up(t, s)
		asked(t, c, "ClearCache", `{}`, `{"status":"Accepted"}`)
		setting(t, s, c, "AllowOfflineTxForUnknownId", "AuthCtrlr", "OfflineTxForUnknownIdEnabled", "true")
		s.Cut()
		authorised("X", true, nil)
		s.Mend()
		up(t, s)
		setting(t, s, c, "AllowOfflineTxForUnknownId", "AuthCtrlr", "OfflineTxForUnknownIdEnabled", "false")
		s.Cut()
		authorised("CACHED", false, sim.ErrOffline)
	})
}
