package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gnista"
	"gnista/station"
)

// failing is the store with one look-up of a station that fails.
type failing struct {
	station.Store
	in atomic.Int32 // how many look-ups from now
}

func (f *failing) Station(ctx context.Context, id gnista.StationID) (station.Station, error) {
	if f.in.Add(-1) == 0 {
		return station.Station{}, errors.New("the database is away")
	}
	return f.Store.Station(ctx, id)
}

// A station that connects again while the database fails has no connection afterwards, rather than one
// that nobody can find.
func TestReplacedWhileDatabaseFails(t *testing.T) {
	f := &failing{}
	l := newLive(t, nil)
	f.Store, l.network.Store = l.network.Store, f
	old := l.connect("CS1").boot()
	f.in.Store(2) // it is admitted, and then looked up again
	fresh := l.connect("CS1")
	fresh.want("closed 1011 the central system could not look up the station")
	old.want("closed 1008 the station has connected again")
	l.connect("CS1").boot()
}

// Who announces a body and sends none does not keep us waiting.
func TestUnsentBodies(t *testing.T) {
	l := newLive(t, nil)
	server := httptest.NewServer(bodiesWithin(200*time.Millisecond, route(l.gateway, http.NotFoundHandler())))
	defer server.Close()
	f := func(request, status string) {
		t.Helper()
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", request)
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if got, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 "+status) {
			t.Errorf("%s is answered with %q, %v", request, got, err)
		}
	}
	f("POST /ocpp/X", "426")
	f("POST /nothing", "404")
}

// What is done with a body may take longer than its coming.
func TestSlowHandler(t *testing.T) {
	const limit = 100 * time.Millisecond
	server := httptest.NewServer(bodiesWithin(limit, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
		select {
		case <-r.Context().Done():
			t.Error("the client is taken to be gone")
		case <-time.After(3 * limit):
		}
	})))
	defer server.Close()
	for range 2 { // the second on the same connection
		resp, err := http.Post(server.URL, "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(got) != "body" {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

// The base URL of a station may end in a slash or not; without an identity nobody is let in.
func TestPaths(t *testing.T) {
	l := newLive(t, nil)
	f := func(path string, status int, verdict string) {
		t.Helper()
		_, _, resp := l.handshake(path, speaks201, "")
		if resp.StatusCode != status {
			t.Errorf("%s is answered with %s", path, resp.Status)
		}
		if verdict != "" {
			l.verdict("", verdict)
		}
	}
	f("/ocpp//CS1", http.StatusSwitchingProtocols, "")
	connected := false
	for range 200 { // the answer is there before the session is
		if _, connected = l.gateway.Connection("CS1"); connected {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if !connected {
		t.Error("CS1 is not connected")
	}
	f("/ocpp/more/CS2/", http.StatusSwitchingProtocols, "")
	f("/ocpp/", http.StatusBadRequest, "no station identity")
	f("/ocpp//", http.StatusBadRequest, "no station identity")
	f("/ocpp", http.StatusBadRequest, "no station identity")
	f("/ocppCS3", http.StatusUnauthorized, "") // a path of the API's, if any
}

// An identity may have colons, which end the user name of Basic authentication.
func TestBasicAuth(t *testing.T) {
	l := newLive(t, nil)
	const secret = "0123456789:abcdefXYZ"
	password, err := station.NewPassword(secret)
	if err != nil {
		t.Fatal(err)
	}
	f := func(id gnista.StationID, credentials string, status int, verdict string) {
		t.Helper()
		if _, err := l.network.Change(t.Context(), id, true, func(s *station.Station) { s.Password = password }); err != nil {
			t.Fatal(err)
		}
		header := speaks201
		if credentials != "" {
			header += "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(credentials)) + "\r\n"
		}
		if _, _, resp := l.handshake("/ocpp/"+string(id), header, ""); resp.StatusCode != status {
			t.Errorf("%s with %s: %s", id, credentials, resp.Status)
		}
		if verdict != "" {
			l.verdict(id, verdict)
		}
	}
	for _, id := range []gnista.StationID{"CS1", "00:1A:2B:3C:4D:5E", "ENDS:"} {
		f(id, string(id)+":"+secret, http.StatusSwitchingProtocols, "")
		f(id, string(id)+":"+secret+"x", http.StatusUnauthorized, "the password is wrong")
		t.Run("TC_A_02_CSMS", func(t *testing.T) {
			f(id, "other:"+secret, http.StatusUnauthorized, "the user name is not the station identity")
		})
		f(id, "", http.StatusUnauthorized, "did not send the password")
	}
	f("00:1A", "00:"+secret, http.StatusUnauthorized, "the user name is not the station identity")
	f("00:1A", "00:1A", http.StatusUnauthorized, "the user name is not the station identity")
}

// What is kept of a refused station does not grow with what it sends.
func TestRefusalsAreShort(t *testing.T) {
	l := newLive(t, nil)
	long := strings.Repeat("å", 5000)
	l.handshake("/ocpp/CS1", "Sec-WebSocket-Protocol: "+long+"\r\n", "")
	l.handshake("/ocpp/"+url.PathEscape(long), speaks201, "")
	l.verdict("CS1", "the station offers the WebSocket subprotocols [\"å")
	l.verdict("", "longer than 255 bytes")
	list, err := l.db.Verdicts(t.Context(), "", 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range list {
		if len(v.Station) > 300 || len(v.Reason) > 500 {
			t.Errorf("%d bytes of a reason for an identity of %d are kept", len(v.Reason), len(v.Station))
		}
	}
}
