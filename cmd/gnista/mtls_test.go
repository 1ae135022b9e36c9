package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gnista"
	"gnista/gateway"
	"gnista/ocpp/ocppws"
	"gnista/station"
)

// Certificates of stations, good and bad.
// OCPP 2.x A00.FR.401–A00.FR.407, A00.FR.429, B01.FR.11, B01.FR.12; OCPP 1.6 A00.FR.403–A00.FR.407
func TestMutualTLS(t *testing.T) {
	l := newLive(t, func(o *options) { o.Operator = "CSO" })
	a, other := newAuthority(t, "Root"), newAuthority(t, "Other")
	address := l.listenTLS(&gateway.TLS{Pairs: ours(t, a), Trust: trusting{a}})
	end := time.Now().Add(time.Hour)
	with := func(c ...tls.Certificate) *tls.Config { return &tls.Config{RootCAs: a.pool(), Certificates: c} }
	in := func(id string, c *tls.Config, boot, answer string) *wire {
		t.Helper()
		w, err := l.connectTLS(address, id, "", c)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			return nil
		}
		w.send(boot)
		w.want(answer)
		return w
	}
	serial := func(s string) string {
		return fmt.Sprintf(`[2,"boot","BootNotification",{"reason":"PowerUp","chargingStation":{"vendorName":"V","model":"M","serialNumber":%q}}]`, s)
	}
	cs1 := with(a.issue(t, "ecdsa", "SERIAL-1", "CSO", end))
	t.Run("TC_A_07_CSMS, TC_087_CSMS", func(*testing.T) { in("CS1", cs1, serial("SERIAL-1"), `[3,"boot",{"currentTime"`) })
	if s, err := l.db.Station(t.Context(), "CS1"); err != nil || s.LastProfile != station.TLSMutually {
		t.Errorf("the station is %+v, %v", s, err)
	}
	in("CS2", with(a.issue(t, "rsa", "CS2", "CSO", end)), bootText, `[3,"boot",{"currentTime"`) // by its identity
	in("CS3", with(a.issue(t, "ecdsa", "SERIAL-3", "CSO", end)), serial("SERIAL-4"), "closed 1008 the station's serial number")
	l.verdict("CS3", `the station's serial number "SERIAL-4" is not the name in its certificate, "SERIAL-3"`)
	in("CS4", with(a.issue(t, "ecdsa", "SERIAL-4", "CSO", end)), bootText, "closed 1008 the station tells no serial number")

	refused := func(id string, c *tls.Config, status int, name, verdict string) {
		t.Helper()
		w, err := l.connectTLS(address, id, "", c)
		r, answered := errors.AsType[*ocppws.Refused](err)
		if w != nil || answered != (status != 0) || answered && r.Status != status {
			t.Errorf("%s: got %v, want %d", verdict, err, status)
		}
		if answered {
			name = id
		}
		l.verdict(gnista.StationID(name), verdict)
	}
	refused("CS1", with(a.issue(t, "ecdsa", "SERIAL-2", "CSO", end)), http.StatusForbidden, "", "is not this station's")
	refused("CS1", with(a.issue(t, "ecdsa", "SERIAL-1", "Somebody", end)), http.StatusForbidden, "", `belongs to "Somebody" and not to "CSO"`)
	t.Run("TC_A_08_CSMS", func(*testing.T) {
		refused("CS1", with(other.issue(t, "ecdsa", "SERIAL-1", "CSO", end)), 0, "SERIAL-1", `unknown authority, "Other"`)
		refused("CS1", with((*authority)(nil).issue(t, "ecdsa", "SELF", "CSO", end)), 0, "SELF", "self-signed")
	})
	refused("CS1", with(), 0, "", "presents no certificate")
	refused("CS1", with(a.issue(t, "ecdsa", "REVOKED", "CSO", end)), 0, "REVOKED", "it was revoked")

	expired := with(a.issue(t, "ecdsa", "SERIAL-1", "CSO", time.Now().Add(-time.Minute)))
	refused("CS1", expired, http.StatusForbidden, "", "has expired at")
	if _, err := l.network.Change(t.Context(), "CS1", false, func(s *station.Station) { s.AdmitExpired = true }); err != nil {
		t.Fatal(err)
	}
	w, err := l.connectTLS(address, "CS1", "", expired)
	if err != nil {
		t.Fatal(err)
	}
	w.send(serial("SERIAL-1"))
	if got := w.next(); !strings.Contains(got, `"Pending"`) {
		t.Errorf("with an expired certificate the answer is %s", got)
	}
	w.send(`[2,"1","Authorize",{"idToken":{"idToken":"X","type":"ISO14443"}}]`)
	w.want(`[4,"1","SecurityError"`)
	in("CS1", cs1, serial("SERIAL-1"), `[3,"boot",{"currentTime"`)
}

// trusting is an authority that has revoked one certificate.
type trusting struct{ *authority }

func (trusting) Check(_ context.Context, chain []*x509.Certificate) error {
	if chain[0].Subject.CommonName == "REVOKED" {
		return errors.New("it was revoked")
	}
	return nil
}

// A station that agrees to move up and does not come keeps what it has. OCPP 1.6 A05.FR.08
func TestNotMovingUp(t *testing.T) {
	var passed atomic.Int64
	begun := time.Now()
	l := newLive(t, func(o *options) { o.Now = func() time.Time { return begun.Add(time.Duration(passed.Load())) } })
	trace, err := station.NewPassword("a password of hers")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.network.Change(t.Context(), "CS1", true, func(s *station.Station) { s.Password = trace }); err != nil {
		t.Fatal(err)
	}
	d := ocppws.Dialer{Identity: "CS1", Password: "a password of hers", Protocols: []string{"ocpp1.6"}}
	connect := func() *wire {
		t.Helper()
		socket, r, _, err := d.Connect(t.Context(), strings.Replace(l.server.URL, "http", "ws", 1)+"/ocpp")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { socket.Conn.Close() })
		return &wire{t, socket, r}
	}
	w := connect()
	w.send(`[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]`)
	w.want(`[3,"1",`)
	told := make(chan error, 1)
	go func() {
		_, err := l.network.ChangeProfile(t.Context(), "CS1", station.TLSBasic, station.Route{})
		told <- err
	}()
	w.send(fmt.Sprintf(`[3,%q,{"status":"Accepted"}]`, strings.Split(w.next(), `"`)[1]))
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	f := func(after time.Duration, next station.Profile, outcome station.Outcome) {
		t.Helper()
		passed.Store(int64(after))
		if err := l.network.SweepProfiles(t.Context()); err != nil {
			t.Fatal(err)
		}
		s, err := l.db.Station(t.Context(), "CS1")
		if err != nil || s.NextProfile != next || s.Profile != station.Unsecured {
			t.Errorf("after %v: %+v, %v", after, s, err)
		}
		list, err := l.db.Commands(t.Context(), "CS1", "", 10)
		if err != nil || len(list) != 1 || list[0].Outcome != outcome {
			t.Errorf("after %v: %+v, %v", after, list, err)
		}
		connect()
	}
	f(23*time.Hour, station.TLSBasic, station.Agreed)
	f(24*time.Hour, station.Unsecured, station.Failed)
}

// A station that moves up is let in as before until it comes with the new profile, and then no lower.
// OCPP 2.x A05.FR.07; OCPP 1.6 A05.FR.09
func TestMovingUp_TC_083_CSMS(t *testing.T) {
	l := newLive(t, nil)
	a := newAuthority(t, "Root")
	address := l.listenTLS(&gateway.TLS{Pairs: ours(t, a)})
	secure := &tls.Config{RootCAs: a.pool()}
	const secret = "a password of hers"
	trace, err := station.NewPassword(secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.network.Change(t.Context(), "CS1", true, func(s *station.Station) { s.Password = trace }); err != nil {
		t.Fatal(err)
	}
	plain := func() error {
		d := ocppws.Dialer{Identity: "CS1", Password: secret, Protocols: []string{"ocpp1.6"}}
		socket, _, _, err := d.Connect(t.Context(), strings.Replace(l.server.URL, "http", "ws", 1)+"/ocpp")
		if err == nil {
			socket.Conn.Close()
		}
		return err
	}
	if _, err := l.connectTLS(address, "CS1", secret+"!", secure); err == nil {
		t.Error("a wrong password is taken over TLS")
	}
	d := ocppws.Dialer{Identity: "CS1", Password: secret, Protocols: []string{"ocpp1.6"}}
	socket, r, _, err := d.Connect(t.Context(), strings.Replace(l.server.URL, "http", "ws", 1)+"/ocpp")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t, socket, r}
	w.send(`[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]`)
	w.want(`[3,"1",`)
	told := make(chan error, 1)
	go func() {
		_, err := l.network.ChangeProfile(t.Context(), "CS1", station.TLSBasic, station.Route{})
		told <- err
	}()
	call := w.next()
	if !strings.Contains(call, `"ChangeConfiguration",{"key":"SecurityProfile","value":"2"}`) {
		t.Errorf("the station is told %s", call)
	}
	w.send(fmt.Sprintf(`[3,%q,{"status":"Accepted"}]`, strings.Split(call, `"`)[1]))
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	if err := plain(); err != nil {
		t.Errorf("it is locked out: %v", err)
	}
	if _, err := l.connectTLS(address, "CS1", secret, secure, "ocpp1.6"); err != nil {
		t.Fatal(err)
	}
	if r, ok := errors.AsType[*ocppws.Refused](plain()); !ok || r.Status != http.StatusForbidden {
		t.Error("it may go back")
	}
	l.verdict("CS1", "must with 2")
	list, err := l.db.Commands(t.Context(), "CS1", "", 10)
	if err != nil || len(list) != 1 || list[0].Outcome != station.Happened {
		t.Errorf("the commands are %+v, %v", list, err)
	}
}
