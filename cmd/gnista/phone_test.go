package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gnista"
	"gnista/checkout"
	"gnista/payment"
	"gnista/sim"
	"gnista/tariff"
)

// pushService takes what browsers are sent, and has some of it come again or ended.
type pushService struct {
	key  *ecdh.PrivateKey // of all browsers
	auth []byte

	mu     sync.Mutex
	got    map[string][]shownNotice // by path
	answer func(path string, n int) int
}

type shownNotice struct{ Title, Body, URL, Tag, Topic string }

func (p *pushService) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	n, err := p.read(body)
	if err != nil {
		return nil, err
	}
	n.Topic = r.Header.Get("Topic")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got[r.URL.Path] = append(p.got[r.URL.Path], n)
	w := httptest.NewRecorder()
	w.WriteHeader(p.answer(r.URL.Path, len(p.got[r.URL.Path])))
	return w.Result(), nil
}

// read decrypts a message as a browser does. RFC 8291.
func (p *pushService) read(body []byte) (n shownNotice, err error) {
	size := int(body[20])
	theirs, text := body[21:21+size], body[21+size:]
	key, err := ecdh.P256().NewPublicKey(theirs)
	if err != nil {
		return n, err
	}
	shared, err := p.key.ECDH(key)
	if err != nil {
		return n, err
	}
	derive := func(secret, salt []byte, info string, size int) []byte {
		k, e := hkdf.Key(sha256.New, secret, salt, info, size)
		if e != nil {
			err = e
		}
		return k
	}
	ikm := derive(shared, p.auth, "WebPush: info\x00"+string(p.key.PublicKey().Bytes())+string(theirs), 32)
	block, e := aes.NewCipher(derive(ikm, body[:16], "Content-Encoding: aes128gcm\x00", 16))
	if err != nil || e != nil {
		return n, fmt.Errorf("deriving: %v, %v", err, e)
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		return n, err
	}
	plain, err := box.Open(nil, derive(ikm, body[:16], "Content-Encoding: nonce\x00", 12), text, nil)
	if err != nil {
		return n, err
	}
	return n, json.Unmarshal(plain[:len(plain)-1], &n)
}

// told are the titles that a browser was shown, each once for a tag.
func (p *pushService) told(path string) (titles []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.got[path] {
		titles = append(titles, n.Title)
	}
	return titles
}

// move puts what a browser was shown with a title at a place of all that it was shown, where the order is open.
func (p *pushService) move(title, path string, at int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.got[path]
	if i := slices.IndexFunc(list, func(n shownNotice) bool { return n.Title == title }); i >= 0 && at < len(list) {
		n := list[i]
		p.got[path] = slices.Insert(slices.Delete(list, i, i+1), at, n)
	}
}

func newPushService(t *testing.T) *pushService {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &pushService{key: key, auth: []byte("0123456789abcdef"), got: map[string][]shownNotice{}, answer: func(string, int) int { return 201 }}
}

// subscription is that of a browser, as scripts write it.
func (p *pushService) subscription(endpoint string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf(`{"endpoint":%q,"expirationTime":null,"keys":{"p256dh":%q,"auth":%q}}`, endpoint, b64(p.key.PublicKey().Bytes()), b64(p.auth))
}

// Drivers have phones told how a charge goes, each thing once, also when the system is started again in between, in the
// language of the page, until there is nothing more to tell.
func TestPhones(t *testing.T) {
	l := newTill(false)
	simulatedWith(t, []payment.Provider{l}, func(t *testing.T, b *bubble) {
		ctx := t.Context()
		b.priced(tariff.Element{Dimension: tariff.Energy, Price: "4", VAT: "25"}, tariff.Element{Dimension: tariff.Idle, Price: "60", PerHour: true, VAT: "25", Grace: 30 * time.Minute})
		g := &guestTest{b, l, b.serving("S", gnista.V201)}
		defer func() { g.station.Close() }()
		g.status()
		service := newPushService(t)
		service.answer = func(path string, n int) int {
			switch {
			case path == "/gone":
				return http.StatusGone
			case path == "/sv" && n == 1:
				return http.StatusServiceUnavailable
			}
			return http.StatusCreated
		}
		b.alerts.Client = &http.Client{Transport: service}
		c := g.open()
		push := func(what, lang, body string, status int, want string) {
			t.Helper()
			w := httptest.NewRecorder()
			b.handler.ServeHTTP(w, request("POST", "/pay/"+c.Key+"/push"+what+"?lang="+lang, body))
			if w.Code != status || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s %.80s: %d %s", what, body, w.Code, w.Body)
			}
			if strings.Contains(w.Body.String(), "push.example/") {
				t.Errorf("%s tells the endpoint: %s", what, w.Body)
			}
		}
		page := b.visit("/pay/"+c.Key+"?lang=en", nil).Body.String()
		key, err := b.alerts.PushKey(ctx)
		if err != nil || !strings.Contains(page, `data-key="`+key+`"`) || !strings.Contains(page, `data-tell="Tell me on this phone"`) || !strings.Contains(page, `data-yes="On: this`) || !strings.Contains(page, `data-at="/pay/`+c.Key+`/push"`) {
			t.Errorf("the page does not offer it: %v %s", err, page)
		}

		good := service.subscription("https://push.example/sv")
		for body, want := range map[string]string{
			"":    "is not the JSON of a subscription",
			"{}":  "endpoint",
			"[1]": "is not the JSON",
			`{"endpoint":"` + strings.Repeat("x", 9000) + `"}`:                        "more than 8192 bytes",
			service.subscription("https://push.example/" + strings.Repeat("x", 2000)): "endpoint",
			service.subscription("http://push.example/x"):                             "must be https",
			service.subscription("https://10.0.0.1/x"):                                "within our own network",
			service.subscription("https://[::1]/x"):                                   "within our own network",
			service.subscription("https://127.0.0.1/x"):                               "within our own network",
			service.subscription("https://localhost/x"):                               "within our own network",
			service.subscription("https://me:pw@push.example/x"):                      "without a user",
			service.subscription("ftp://push.example/x"):                              "must be https",
			strings.Replace(good, `"auth":"`, `"auth":"AA`, 1):                        "keys.auth",
			strings.Replace(good, `"p256dh":"B`, `"p256dh":"C`, 1):                    "keys.p256dh",
		} {
			push("", "sv", body, http.StatusUnprocessableEntity, want)
		}
		r := request("POST", "/pay/"+c.Key+"/push", good)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		w := httptest.NewRecorder()
		if b.handler.ServeHTTP(w, r); w.Code != http.StatusForbidden {
			t.Errorf("from another site: %d", w.Code)
		}
		w = httptest.NewRecorder()
		if b.handler.ServeHTTP(w, request("POST", "/pay/AAAAAAAAAAAAAAAAAAAAAA/push", good)); w.Code != http.StatusNotFound {
			t.Errorf("with no key: %d", w.Code)
		}
		g.pause(time.Minute) // deeds are limited
		push("/state", "sv", good, 200, `"on":false`)
		push("", "sv", good, 200, `"on":true`)
		push("", "en", service.subscription("https://push.example/en"), 200, `"on":true`)
		push("", "en", service.subscription("https://push.example/gone"), 200, `"on":true`)
		push("", "en", service.subscription("https://push.example/four"), http.StatusConflict, "no more may be")
		push("", "sv", good, 200, `"on":true`) // again
		push("/state", "sv", good, 200, `"on":true`)
		push("/off", "en", service.subscription("https://push.example/gone"), 200, `"on":false`)
		push("/state", "en", service.subscription("https://push.example/gone"), 200, `"on":false`)
		push("/off", "en", service.subscription("https://push.example/gone"), 200, `"on":false`)
		push("", "en", service.subscription("https://push.example/gone"), 200, `"on":true`)

		told := func(path string, want ...string) {
			t.Helper()
			if got := service.told(path); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
				t.Fatalf("%s was told %q, want %q", path, got, want)
			}
		}
		g.pay(c)
		if err := g.station.Plug(ctx, 1); err != nil {
			t.Fatal(err)
		}
		g.pause(time.Second)
		g.charge()
		g.want(c, checkout.Charging)
		if err := g.station.Suspend(ctx, 1, sim.StatusSuspendedEV); err != nil {
			t.Fatal(err)
		}
		g.pause(10 * time.Minute)
		told("/sv")
		at := time.Now().Add(20 * time.Minute).UTC().Format("15:04")
		g.pause(5*time.Minute + 30*time.Second)
		idle, idleEn := "Det börjar kosta att stå kvar kl. "+at, "Fees for staying begin at "+at
		told("/sv", idle) // which was not taken
		told("/en", idleEn)
		g.pause(2 * time.Minute)
		told("/sv", idle, idle)
		if list := service.got["/sv"]; list[0].Tag != list[1].Tag || list[0].Topic != list[1].Topic || list[0].Topic == "" || !strings.Contains(list[1].Body, "60") || list[1].URL != "/pay/"+c.Key+"?lang=sv" {
			t.Errorf("what was sent again is %+v", list)
		}
		told("/gone", idleEn)
		if list, err := b.db.Phones(ctx, c.ID); err != nil || len(list) != 2 {
			t.Errorf("the phones are %+v, %v", list, err)
		}

		// The system is started again: nothing is told again.
		g.restart()
		b.alerts.Client = &http.Client{Transport: service}
		g.pause(3 * time.Minute)
		told("/sv", idle, idle)
		told("/en", idleEn)

		if err := g.station.Fault(ctx, 1, "GroundFailure"); err != nil {
			t.Fatal(err)
		}
		g.pause(2 * time.Minute)
		trouble := "Something is wrong with your charge"
		// The fault and the end of the charge come at one time: either may be told first.
		service.move(trouble, "/en", 1)
		service.move("Något är fel med laddningen", "/sv", 2)
		told("/en", idleEn, trouble, "Charging has ended", "Your receipt is ready")
		if x := service.got["/en"][1]; !strings.Contains(x.Body, "Case 1") || !strings.Contains(x.Body, "S · Outlet 1") {
			t.Errorf("what is wrong is told as %+v", x)
		}
		v := g.want(c, checkout.Settled)
		told("/sv", idle, idle, "Något är fel med laddningen", "Laddningen är slut", "Kvittot är klart")
		told("/gone", idleEn)
		if x := service.got["/sv"][4]; !strings.Contains(x.Body, "kWh · ") || v.Receipt == "" {
			t.Errorf("the receipt is told as %+v", x)
		}
		if list, err := b.db.Phones(ctx, c.ID); err != nil || len(list) != 0 {
			t.Errorf("phones are kept: %+v, %v", list, err)
		}
		push("", "sv", good, http.StatusConflict, "nothing more to tell")
		if page := b.visit("/pay/"+c.Key+"?lang=en", nil).Body.String(); strings.Contains(page, "Tell me on this phone") {
			t.Error("a page of which nothing more comes offers it")
		}
	})
}
