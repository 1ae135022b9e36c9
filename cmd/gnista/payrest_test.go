package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"gnista/api"
	"gnista/checkout"
	"gnista/payment"
	"gnista/payment/stripe"
	"gnista/payment/stripe/stripesim"
	"gnista/payment/swish"
)

// resting is a system where drivers pay by a simulated Stripe and a simulated Swish, with a station whose EVSE 1 is free.
type resting struct {
	*live
	t    *testing.T
	shop *simulatedSwish
	card *stripeSim
	wire *wire
}

func newResting(t *testing.T, standIns bool) *resting {
	t.Helper()
	card, err := startStripeSim(options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(card.end)
	r := &resting{t: t, card: card}
	r.live = newLive(t, func(o *options) {
		of := *o
		of.Secret = func() ([]byte, error) { return []byte("secret"), nil }
		if r.shop, err = simulateSwish(t.Context(), of, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}); err != nil {
			t.Fatal(err)
		}
		o.Stripe, o.Providers = card.config, []payment.Provider{r.shop}
		if standIns {
			o.StandIns = map[string]api.StandIn{swish.Name: r.shop, stripe.Name: card}
		}
	})
	r.shop.Callback = r.server.URL + swishHook
	card.tell(r.server.Listener.Addr())
	r.priced("Public")
	r.wire = r.connect("CS1").boot()
	r.wire.send(`[2,"s","StatusNotification",{"timestamp":"2026-01-01T00:00:00Z","connectorStatus":"Available","evseId":1,"connectorId":1}]`)
	for got := r.wire.next(); !strings.HasPrefix(got, `[3,"s"`); got = r.wire.next() {
	}
	return r
}

// short is a driver who has paid 100 kr, and has charged for 148.50 kr.
func (r *resting) short() checkout.View {
	r.t.Helper()
	c := r.swish(r.t, 100_00)
	v := r.until(r.t, c, "to be asked", func(v checkout.View) bool { return v.Action.Kind == payment.ActApp })
	if err := r.shop.Answer(r.t.Context(), v.Action, true); err != nil {
		r.t.Fatal(err)
	}
	r.wire.charges(r.t, 30_000)
	v = r.until(r.t, c, "to be settled", func(v checkout.View) bool { return v.State == checkout.Settled })
	if v.Pay.State != payment.SettledShort || v.Pay.Short() != 48_50 {
		r.t.Fatalf("the payment is %+v", v.Pay)
	}
	return v
}

func (r *resting) page(path string, form url.Values) *httptest.ResponseRecorder {
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	req := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r.do(req)
}

// says waits until a page says all of some texts, and returns it.
func (r *resting) says(path string, wants ...string) (text string) {
	r.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		text = r.page(path, nil).Body.String()
		all := true
		for _, want := range wants {
			all = all && strings.Contains(text, want)
		}
		if all {
			return text
		}
	}
	r.t.Fatalf("%s does not say %q: %s", path, wants, text)
	return ""
}

// goes sends a form and wants to be led to an address that ends so.
func (r *resting) goes(path string, form url.Values, end string) {
	r.t.Helper()
	if w := r.page(path, form); w.Code != http.StatusSeeOther || !strings.HasSuffix(w.Header().Get("Location"), end) {
		r.t.Errorf("%s %v: %d, leads to %s, want …%s", path, form, w.Code, w.Header().Get("Location"), end)
	}
}

func (r *resting) rests(of string) []payment.Payment {
	r.t.Helper()
	list, err := r.db.Rests(r.t.Context(), of)
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

// A charge has cost more than was paid before. On the page of the checkout its driver sees what is missing and why, and
// pays it, in one way and then in another one, once.
func TestPayRest(t *testing.T) {
	r := newResting(t, true)
	v := r.short()
	at := "/pay/" + v.Key
	r.says(at+"?lang=sv", "Allt är inte betalt", "Saknas", "48,50 kr", "kostade mer än", "Betala resten", "Kort, Apple Pay", "Swish", "Testläge")
	r.says(at+"?lang=en", "Not all is paid", "48.50 SEK", "cost more than", "Pay the rest", "Test mode", "/api/v1/receipts/"+v.Receipt)
	link := r.ask(t, "POST", "/payments/"+v.Payment+"/link", `{}`, 200)
	if got := link["link"].(string); !strings.HasSuffix(got, at) || link["payment"] != nil || len(r.rests(v.Payment)) != 0 {
		t.Errorf("the link is %v", link)
	}

	// What was not shown cannot be chosen.
	for _, wrong := range []string{"", "swish", "swish 1 SEK", "swish 4850 EUR", "wallet 4850 SEK", "swish 4850 SEK "} {
		r.goes(at+"/rest?lang=sv", url.Values{"choice": {wrong}}, "&problem=rest")
	}
	r.says(at+"?lang=sv&problem=rest", "Inget har dragits av det här försöket")
	if list := r.rests(v.Payment); len(list) != 0 {
		t.Fatalf("they have made %+v", list)
	}
	r.goes(at+"/cancel?lang=sv", url.Values{}, "&problem=cancel")

	// Two tabs, pressed at once.
	var tabs sync.WaitGroup
	for i := range 6 {
		tabs.Go(func() {
			r.page(at+"/rest?lang=sv", url.Values{"choice": {[]string{"stripe 4850 SEK", "swish 4850 SEK"}[i%2]}})
		})
	}
	tabs.Wait()
	list := r.rests(v.Payment)
	if len(list) != 1 {
		t.Fatalf("they have made %+v", list)
	}
	r.says(at+"?lang=sv", at+"/test", "Välj ett annat sätt")
	// An API is told the same one.
	if got := r.ask(t, "POST", "/payments/"+v.Payment+"/link", `{"provider":"swish"}`, 200); got["payment"].(map[string]any)["id"] != list[0].ID || got["action"] == nil {
		t.Errorf("there is another one: %v", got)
	}
	r.goes(at+"/cancel?lang=sv", url.Values{}, at+"?lang=sv")
	r.says(at+"?lang=sv", "blev inte av", "Betala resten")

	// It is declined, and then paid.
	r.goes(at+"/rest?lang=en", url.Values{"choice": {"swish 4850 SEK"}}, at+"?lang=en")
	r.says(at+"?lang=en", at+"/test")
	r.goes(at+"/test?lang=en", url.Values{"agree": {"no"}}, at+"?lang=en&problem=declined")
	r.says(at+"?lang=en", "came to nothing", "Pay the rest")
	r.goes(at+"/rest?lang=en", url.Values{"choice": {"stripe 4850 SEK"}}, at+"?lang=en")
	r.says(at+"?lang=en", at+"/test")
	r.goes(at+"/test?lang=en", url.Values{"agree": {"yes"}}, at+"?lang=en")
	text := r.says(at+"?lang=en&part", ">Done<", "48.50 SEK afterwards", "/api/v1/receipts/"+v.Receipt)
	if strings.Contains(text, "Pay the rest") || !strings.Contains(text, "data-quiet") {
		t.Errorf("when it is paid the page is %s", text)
	}

	// Nothing is charged again.
	r.goes(at+"/rest?lang=en", url.Values{"choice": {"swish 4850 SEK"}}, "&problem=rest")
	r.goes(at+"/cancel?lang=en", url.Values{}, "&problem=cancel")
	r.ask(t, "POST", "/payments/"+v.Payment+"/link", `{}`, 409)
	var taken int64
	for _, x := range r.rests(v.Payment) {
		for _, d := range r.card.Deals(x.ID) {
			taken += d.Captured
		}
	}
	of, err := r.db.Payment(t.Context(), v.Payment)
	if err != nil || of.State != payment.Settled || of.Covered != 48_50 || taken != 48_50 || r.shop.sim.Balance() != 100_00 {
		t.Errorf("the payment is %+v, the card was charged %d, and Swish has %d", of, taken, r.shop.sim.Balance())
	}
	r.audit(t)
}

// A card on file does not pay. The page for that is one of its own, which only the address leads to.
func TestPayRestWithoutCheckout(t *testing.T) {
	r := newResting(t, true)
	customer := r.ask(t, "POST", "/customers", `{"kind":"private","name":"Anna"}`, 201)["id"]
	of := r.ask(t, "POST", "/accounts", fmt.Sprintf(`{"customer":%q,"kind":"postpaid","currency":"SEK"}`, customer), 201)["id"].(string)
	r.ask(t, "POST", "/tokens", fmt.Sprintf(`{"uid":"04A1B2C3D4E5F6","account":%q}`, of), 201)
	secret := r.ask(t, "POST", "/accounts/"+of+"/mandates", `{"language":"sv"}`, 201)["action"].(map[string]any)["secret"].(string)
	if err := r.card.Confirm(secret, stripesim.Later); err != nil {
		t.Fatal(err)
	}
	until(t, "the card is active", func() bool {
		list := r.ask(t, "GET", "/accounts/"+of+"/mandates", "", 200)["items"].([]any)
		return list[0].(map[string]any)["state"] == "active"
	})
	for n, kind := range []string{"Started", "Ended"} {
		token := ""
		if n == 0 {
			token = `,"idToken":{"idToken":"04A1B2C3D4E5F6","type":"ISO14443"}`
		}
		r.wire.send(fmt.Sprintf(`[2,"%d","TransactionEvent",{"eventType":"%s","timestamp":"2026-01-01T0%d:00:00Z","triggerReason":"Authorized","seqNo":%d,"transactionInfo":{"transactionId":"T","chargingState":"Charging"},"evse":{"id":1}%s,"meterValue":[{"timestamp":"2026-01-01T0%d:00:00Z","sampledValue":[{"value":%d,"context":"Transaction.%s"}]}]}]`,
			n, kind, n, n, token, n, 1000+4000*n, []string{"Begin", "End"}[n]))
	}
	var id string
	until(t, "the card was declined", func() bool {
		list := r.ask(t, "GET", "/receivables", "", 200)["items"].([]any)
		if len(list) == 1 {
			id = list[0].(map[string]any)["payment"].(map[string]any)["id"].(string)
		}
		return len(list) == 1
	})
	link := r.ask(t, "POST", "/payments/"+id+"/link", `{}`, 200)["link"].(string)
	_, at, _ := strings.Cut(link, "/pay/")
	at = "/pay/" + at
	text := r.says(at+"?lang=sv", "Allt är inte betalt", "genomförde inte betalningen", "Betala resten", "CS1")
	choice := regexp.MustCompile(`value="(swish [0-9]+ SEK)"`).FindStringSubmatch(text)

	// What is no key, and the key of something else, is all the same.
	other := r.ask(t, "POST", "/payments/none/link", `{}`, 404)
	if other["link"] != nil {
		t.Errorf("got %v", other)
	}
	same := r.page("/pay/AAAA", nil).Body.String()
	_, sum, _ := strings.Cut(at, ".")
	for _, wrong := range []string{"/pay/" + id, "/pay/" + id + ".", "/pay/" + id + ".AAAA", "/pay/" + newID() + "." + sum, "/pay/." + sum, at + "A", at + ".A"} {
		for _, path := range []string{"", "/rest", "/cancel", "/stop", "/test"} {
			form := url.Values{"choice": {"swish 1 SEK"}}
			if path == "" {
				form = nil
			}
			if w := r.page(wrong+path, form); w.Code != http.StatusNotFound && w.Code != http.StatusTooManyRequests || w.Code == http.StatusNotFound && w.Body.String() != same {
				t.Errorf("%s: %d %s", wrong+path, w.Code, w.Body)
			}
		}
	}
	r.goes(at+"/stop?lang=sv", url.Values{}, "&problem=stop")

	r.goes(at+"/rest?lang=sv", url.Values{"choice": {choice[1]}}, at+"?lang=sv")
	r.says(at+"?lang=sv", at+"/test")
	r.goes(at+"/test?lang=sv", url.Values{"agree": {"yes"}}, at+"?lang=sv")
	r.says(at+"?lang=sv", ">Klart<", "i efterhand", "/api/v1/receipts/")
	if p, err := r.db.Payment(t.Context(), id); err != nil || p.State != payment.Settled || p.Paid() != 0 || p.Covered != p.Due || r.shop.sim.Balance() != p.Due {
		t.Errorf("the payment is %+v, %v", p, err)
	}
	r.audit(t)
}

// Where real money moves the page leads to the provider's own step, and allows for what that needs and no more.
func TestPayRestAtProvider(t *testing.T) {
	r := newResting(t, false)
	v := r.short()
	at := "/pay/" + v.Key
	strict := r.page(at, nil).Header().Get("Content-Security-Policy")
	if strings.Contains(strict, "stripe") {
		t.Errorf("before a card is chosen the page allows %s", strict)
	}
	r.goes(at+"/rest?lang=sv", url.Values{"choice": {"swish 4850 SEK"}}, at+"?lang=sv")
	r.says(at+"?lang=sv", "swish://paymentrequest?token=", at+"/qr.svg")
	if w := r.page(at+"/qr.svg", nil); w.Code != 200 || w.Header().Get("Content-Type") != "image/svg+xml" {
		t.Errorf("the code is %d %s", w.Code, w.Body)
	}
	if w := r.page(at+"/test", url.Values{"agree": {"yes"}}); w.Code != http.StatusNotFound {
		t.Errorf("somebody stands in: %d", w.Code)
	}
	r.goes(at+"/cancel?lang=sv", url.Values{}, at+"?lang=sv")
	r.says(at+"?lang=sv", "Betala resten")
	r.goes(at+"/rest?lang=sv", url.Values{"choice": {"stripe 4850 SEK"}}, at+"?lang=sv")
	r.says(at+"?lang=sv", `data-element="pk_test_`, `data-secret="pi_`, "https://js.stripe.com", `data-return="`)
	if got := r.page(at, nil).Header().Get("Content-Security-Policy"); !strings.Contains(got, "script-src 'self' https://js.stripe.com;") {
		t.Errorf("while a card is typed the page allows %s", got)
	}
	// The driver confirms it and comes back before anything was told.
	rest := r.rests(v.Payment)
	if err := r.card.Confirm(r.card.Deals(rest[len(rest)-1].ID)[0].Secret, stripesim.Good); err != nil {
		t.Fatal(err)
	}
	r.says(at+"?lang=sv&back", ">Klart<")
	r.audit(t)
}
