package alert_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"gnista"
	"gnista/fault"
	"gnista/fault/alert"
)

// browser is one that has subscribed: it reads what it is pushed.
type browser struct {
	key  *ecdh.PrivateKey
	auth []byte
}

func (b browser) read(t *testing.T, body []byte) (n struct{ Title, Body, URL, Tag string }) {
	t.Helper()
	salt, size := body[:16], int(body[20])
	theirs, text := body[21:21+size], body[21+size:]
	shared := must(b.key.ECDH(must(ecdh.P256().NewPublicKey(theirs))(t)))(t)
	ikm := must(hkdf.Key(sha256.New, shared, b.auth, "WebPush: info\x00"+string(b.key.PublicKey().Bytes())+string(theirs), 32))(t)
	block := must(aes.NewCipher(must(hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16))(t)))(t)
	plain := must(must(cipher.NewGCM(block))(t).Open(nil, must(hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12))(t), text, nil))(t)
	if err := json.Unmarshal(plain[:len(plain)-1], &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// vouched checks the token by which a push service knows us.
func vouched(t *testing.T, c call, key, audience string, now time.Time) {
	t.Helper()
	b64 := base64.RawURLEncoding
	scheme, params, _ := strings.Cut(c.header.Get("Authorization"), " ")
	token, k, _ := strings.Cut(strings.TrimPrefix(params, "t="), ", k=")
	parts := strings.Split(token, ".")
	if scheme != "vapid" || k != key || len(parts) != 3 {
		t.Fatalf("got %s", c.header.Get("Authorization"))
	}
	public := must(ecdsa.ParseUncompressedPublicKey(elliptic.P256(), must(b64.DecodeString(k))(t)))(t)
	sig := must(b64.DecodeString(parts[2]))(t)
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		t.Error("the token is not signed by the key")
	}
	var claims struct {
		Aud, Sub string
		Exp      int64
	}
	if err := json.Unmarshal(must(b64.DecodeString(parts[1]))(t), &claims); err != nil {
		t.Fatal(err)
	}
	if claims.Aud != audience || claims.Sub == "" || claims.Exp <= now.Unix() || claims.Exp > now.Add(24*time.Hour).Unix() {
		t.Errorf("claims %+v", claims)
	}
}

func TestPush(t *testing.T) {
	w := newWorld(t)
	b := browser{must(ecdh.P256().GenerateKey(rand.Reader))(t), make([]byte, 16)}
	anna := must(w.AddPerson(t.Context(), alert.Person{Name: "Anna", Language: fault.Swedish, Technician: true}))(t)
	subscribe := func(address, p256dh string, auth []byte) (alert.Channel, error) {
		return w.AddChannel(t.Context(), alert.Channel{Person: anna.ID, Kind: alert.ByPush, Address: address, P256dh: p256dh, Auth: base64.RawURLEncoding.EncodeToString(auth)})
	}
	public := base64.RawURLEncoding.EncodeToString(b.key.PublicKey().Bytes())
	c := must(subscribe(w.hook.URL+"/push", public, b.auth))(t)
	if again := must(subscribe(w.hook.URL+"/push", public, b.auth))(t); again.ID != c.ID {
		t.Error("a browser that subscribes anew is another channel")
	}
	for _, bad := range []error{
		second(subscribe(w.hook.URL, "AAAA", b.auth)), second(subscribe(w.hook.URL, public, b.auth[1:])), second(subscribe("http://push.example/", public, b.auth)),
	} {
		if gnista.CodeOf(bad) != gnista.Invalid {
			t.Errorf("got %v", bad)
		}
	}
	w.route(alert.Route{Levels: []alert.RouteLevel{{To: to(anna)}}})
	w.broken("f1", nil)
	w.hook.answers(func(n int, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(map[bool]int{true: 500, false: 201}[n == 1])
	})
	w.step()
	w.begin(w.db)
	w.pass(time.Minute)
	w.step()
	got := w.hook.calls()
	if len(got) != 2 {
		t.Fatalf("%d calls", len(got))
	}
	key := must(w.PushKey(t.Context()))(t)
	for _, x := range got {
		n := b.read(t, x.body)
		if !strings.HasPrefix(n.Title, "[Högt] Låset fastnar") || n.Body != "Se efter låset" || n.URL != "https://charge.example/faults/f1" {
			t.Errorf("shown: %+v", n)
		}
		if x.header.Get("Content-Encoding") != "aes128gcm" || x.header.Get("TTL") == "" || x.header.Get("Topic") == "" || x.header.Get("Topic") != got[0].header.Get("Topic") {
			t.Errorf("header %v", x.header)
		}
		vouched(t, x, key, w.hook.URL, w.now())
	}
	// A browser that has ended its subscription is forgotten.
	w.hook.answers(func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	w.broken("f2", nil)
	w.step()
	if _, err := w.db.Channel(t.Context(), c.ID); gnista.CodeOf(err) != gnista.NotFound {
		t.Errorf("the channel is still there: %v", err)
	}
	w.pass(time.Hour)
	w.step()
	if n := len(w.hook.calls()); n != 1 {
		t.Errorf("%d calls", n)
	}
}

func second[T any](_ T, err error) error { return err }
