package main_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// visitor is a driver with a phone and no account.
type visitor struct {
	t      *testing.T
	base   string
	client *http.Client
}

func (v *visitor) ask(method, path string, form url.Values, header ...string) (*http.Response, string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return resp, string(text)
}

// get shows a page.
func (v *visitor) get(path string, header ...string) string {
	v.t.Helper()
	resp, text := v.ask("GET", path, nil, header...)
	if resp.StatusCode != http.StatusOK {
		v.t.Fatalf("%s: %s", path, resp.Status)
	}
	return text
}

// choose sends a form and tells where that leads.
func (v *visitor) choose(path string, form url.Values) string {
	v.t.Helper()
	resp, text := v.ask("POST", path, form)
	if resp.StatusCode != http.StatusSeeOther {
		v.t.Fatalf("%s %v: %s %s", path, form, resp.Status, text)
	}
	return resp.Header.Get("Location")
}

func part(t *testing.T, text, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("there is no %s in %s", pattern, text)
	}
	return m[1]
}

// Drivers without an account pay on a page, in a browser or without scripts, with providers that are simulated.
func TestPayPage(t *testing.T) {
	s := start(t, build(t), "127.0.0.1:0", t.TempDir(), "--demo", "--currency", "SEK")
	v := &visitor{t: t, base: "http://" + s.address, client: &http.Client{Timeout: peerPatience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	codes := map[string]string{}
	eventually(t, "the station of guests is free", func() bool {
		time.Sleep(200 * time.Millisecond) // not too often
		for _, evse := range []string{"1", "2"} {
			resp, text := s.send(t, "POST", "/stations/DEMO-GUEST/evses/"+evse+"/code", "", admin())
			if resp.StatusCode != http.StatusOK {
				return false
			}
			codes[evse] = decode[struct{ Code string }](t, text).Code
			if _, text := v.ask("GET", "/e/"+codes[evse], nil); !strings.Contains(text, `class="state free"`) {
				return false
			}
		}
		return true
	})
	t.Run("codes", func(t *testing.T) { w := *v; w.t = t; s.codesLead(t, &w, maps.Clone(codes)) })
	t.Run("find", func(t *testing.T) { w := *v; w.t = t; findable(t, &w) })
	t.Run("without scripts", func(t *testing.T) { w := *v; w.t = t; withoutScripts(t, &w, "/e/"+codes["1"]) })
	t.Run("in Chromium", func(t *testing.T) { inChromium(t, v.base, "/e/"+codes["2"]) })
}

// codesLead checks that what is no good code leads nowhere, in one way.
func (s *server) codesLead(t *testing.T, v *visitor, codes map[string]string) {
	old := codes["1"]
	renewed := decode[struct{ Code string }](t, s.do(t, "POST", "/stations/DEMO-21-1/evses/1/code", "")).Code
	s.do(t, "POST", "/stations/DEMO-21-1/evses/1/code?renew=true", "")
	gone := decode[struct{ Code string }](t, s.do(t, "POST", "/stations/DEMO-21-1/evses/2/code", "")).Code
	s.do(t, "DELETE", "/stations/DEMO-21-1/evses/2/code", "")
	s.refused(t, "GET", "/stations/DEMO-21-1/evses/2/code", "", http.StatusNotFound)
	s.refused(t, "POST", "/stations/NONE/evses/1/code", "", http.StatusNotFound)
	called := "/stations/DEMO-GUEST/evses/1/evse-id"
	s.refused(t, "GET", called, "", http.StatusNotFound)
	s.refused(t, "PUT", called, `{"evseId":"SE*ABC*123"}`, http.StatusUnprocessableEntity)
	s.refused(t, "PUT", "/stations/NONE/evses/1/evse-id", `{"evseId":"SE*ABC*E123"}`, http.StatusNotFound)
	if got := string(s.do(t, "PUT", called, `{"evseId":"seabce12*3"}`)); !strings.Contains(got, `"SE*ABC*E12*3"`) {
		t.Errorf("got %s", got)
	}
	s.refused(t, "PUT", "/stations/DEMO-GUEST/evses/2/evse-id", `{"evseId":"SE*ABC*E123"}`, http.StatusConflict)
	s.do(t, "PUT", "/stations/DEMO-21-1/evses/2/evse-id", `{"evseId":"SE*ABC*E7"}`) // whose code is gone
	for path, want := range map[string]string{
		"/e/SE*ABC*E12*3": "/e/" + old, "/e/SE%2AABC%2AE123": "/e/" + old, "/e/seabce123": "/e/" + old, "/e/se-abc-e123?lang=sv&x=1": "/e/" + old + "?lang=sv",
	} {
		if resp, _ := v.ask("GET", path, nil); resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != want {
			t.Errorf("%s: %s to %s", path, resp.Status, resp.Header.Get("Location"))
		}
	}
	var same string
	for _, path := range []string{
		"/e/SE*ABC*E124", "/e/SE*ABC*E7", "/e/SEABCE12*3/x", "/e/SE*ABC*E",
		"/e/" + renewed, "/e/" + gone, "/e/" + strings.ToLower(old), "/e/AAAAAAAAAAAA", "/e/x", "/e/", "/e/" + old + "/x", "/q/DEMO-GUEST/1", "/q/DEMO-GUEST/1?totp=AAAAAAAAAAAA", "/q/NONE/1?totp=A",
		"/q/DEMO-GUEST/x?totp=A", "/q/DEMO-GUEST/1?pass=99999999999999.AAAA", "/pay/AAAAAAAAAAAAAAAAAAAAAA", "/pay/", "/pay/AAAA/qr.svg",
		"/pay/AAAA/live", "/pay/AAAAAAAAAAAAAAAAAAAAAA/live", "/e/DEMO-GUEST*1",
	} {
		begun := time.Now()
		resp, text := v.ask("GET", path, nil)
		if resp.StatusCode != http.StatusNotFound || same != "" && text != same {
			t.Errorf("%s: %s %s", path, resp.Status, text)
		}
		if took := time.Since(begun); took < 100*time.Millisecond {
			t.Errorf("%s: it is known after %v", path, took)
		}
		same = text
	}
	label := string(s.do(t, "GET", "/stations/DEMO-GUEST/evses/1/label", ""))
	for _, want := range []string{old, "DEMO-GUEST", "SE*ABC*E12*3", "kr/kWh", "SEK/kWh", "no real money", "code.svg"} {
		if !strings.Contains(label, want) {
			t.Errorf("the label has no %q: %s", want, label)
		}
	}
	if svg := string(s.do(t, "GET", "/stations/DEMO-GUEST/evses/1/code.svg", "")); !strings.HasPrefix(svg, "<svg ") {
		t.Errorf("got %s", svg)
	}
	if png := s.do(t, "GET", "/stations/DEMO-GUEST/evses/1/code.png", ""); !bytes.HasPrefix(png, []byte("\x89PNG")) {
		t.Errorf("got %q", png[:8])
	}
	for path, pages := range map[string]int{"/stations/DEMO-GUEST/evses/1/label.pdf": 1} {
		if pdf := s.do(t, "GET", path, ""); !bytes.HasPrefix(pdf, []byte("%PDF-")) || bytes.Count(pdf, []byte("/Type /Page\n")) != pages {
			t.Errorf("%s: %d bytes, %d pages", path, len(pdf), bytes.Count(pdf, []byte("/Type /Page\n")))
		}
	}
	s.do(t, "DELETE", called, "")
	if resp, _ := v.ask("GET", "/e/SE*ABC*E123", nil); resp.StatusCode != http.StatusNotFound {
		t.Errorf("an id that was taken away: %s", resp.Status)
	}
	site := decode[struct{ ID string }](t, s.do(t, "POST", "/sites", `{"name":"Torget <b>"}`)).ID
	s.refused(t, "GET", "/sites/"+site+"/labels.pdf", "", http.StatusNotFound)
	s.do(t, "PATCH", "/stations/DEMO-GUEST", `{"site":"`+site+`"}`)
	if pdf := s.do(t, "GET", "/sites/"+site+"/labels.pdf", ""); !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Errorf("the sheet is %q", pdf[:min(len(pdf), 20)])
	}
	for _, path := range []string{"/hooks/none", "/hooks/stripe", "/hooks/swish/wrong"} {
		if resp, text := v.ask("POST", path, url.Values{"id": {"1"}}); resp.StatusCode != http.StatusNotFound && resp.StatusCode != http.StatusBadRequest || text != "" {
			t.Errorf("%s: %s %q", path, resp.Status, text)
		}
	}
	if n := fetch[struct{ Refused int }](t, s, "/payments/hints").Refused; n != 3 {
		t.Errorf("%d messages were refused", n)
	}
}

// findable checks the list of places, which whoever asks may see, and that nothing that is sent to it becomes part of it.
func findable(t *testing.T, v *visitor) {
	resp, text := v.ask("GET", "/find?lang=en&q=%3Cscript%3Ealert(1)%3C/script%3E", nil)
	if resp.StatusCode != http.StatusOK || strings.Contains(text, "<script>") || !strings.Contains(text, "&lt;script&gt;") {
		t.Errorf("%s %s", resp.Status, text)
	}
	for name, want := range map[string]string{"X-Robots-Tag": "", "Permissions-Policy": "camera=(), microphone=(), geolocation=(self)", "X-Content-Type-Options": "nosniff"} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %s", policy)
	}
	text = v.get("/find?lang=sv&q=guest")
	for _, want := range []string{"DEMO-GUEST", "4,95 kr/kWh", "08-465 004 04"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in %s", want, text)
		}
	}
	if strings.Contains(text, "/e/") || strings.Contains(text, "DEMO-16-1") {
		t.Errorf("it tells codes, or what nobody has published: %s", text)
	}
	if text := v.get("/find?part&q=none&lang=en"); strings.Contains(text, "<html") || !strings.Contains(text, "Nothing fits") {
		t.Errorf("got %s", text)
	}
	if resp, _ := v.ask("POST", "/find", url.Values{"q": {"x"}}); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a form: %s", resp.Status)
	}
	resp, text = v.ask("GET", "/pay/app.webmanifest?lang=sv", nil)
	if resp.Header.Get("Content-Type") != "application/manifest+json" || !strings.Contains(text, `"lang":"sv"`) || !strings.Contains(text, `"/find?lang=sv"`) {
		t.Errorf("the manifest is %s", text)
	}
}

// follows checks that a page is sent as it changes.
func follows(t *testing.T, v *visitor, at string) {
	r, err := http.NewRequestWithContext(t.Context(), "GET", v.base+at+"/live?lang=sv", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := v.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if kind := resp.Header.Get("Content-Type"); kind != "text/event-stream" || resp.Uncompressed || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s, %s", kind, resp.Header.Get("Cache-Control"))
	}
	lines := bufio.NewReader(resp.Body)
	for n := 0; n < 2; {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := strings.CutPrefix(line, "data: "); ok {
			var part string
			if err := json.Unmarshal([]byte(text), &part); err != nil || !strings.HasPrefix(part, `<div id="progress" data-state="charging"`) {
				t.Errorf("got %s", text)
			}
			n++
		}
	}
}

// withoutScripts pays as a browser without scripts does.
func withoutScripts(t *testing.T, v *visitor, path string) {
	resp, sv := v.ask("GET", path, nil, "Accept-Language", "sv-SE,en;q=0.5")
	en := v.get(path+"?lang=en", "Accept-Language", "sv")
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow", "X-Content-Type-Options": "nosniff", "Set-Cookie": "",
		"Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; style-src 'self'; manifest-src 'self'; worker-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'",
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	for text, wants := range map[string][]string{
		sv: {`lang="sv"`, "Testläge – inga riktiga pengar", "Ledig", "4,95 kr/kWh", "tartavgift 2,50 kr", "nkl. 25 % moms", "reserveras på ditt kort", "betalas tillbaka", "Swish", "Momsregistreringsnummer"},
		en: {`lang="en"`, "Test mode – no real money", "Free", "4.95 SEK/kWh", "tart fee 2.50 SEK", "ncl. 25% VAT", "is set aside on your card", "VAT number"},
	} {
		at := 0
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("there is no %q in %s", want, text)
			}
		}
		for _, want := range []string{"/kWh", "/min", "tart"} { // (Regulation (EU) 2023/1804 art. 5)
			i := strings.Index(text[at:], want)
			if i < 0 {
				t.Fatalf("the parts of the price are not in order: %s", text)
			}
			at += i
		}
		if regexp.MustCompile(`<script[^>]*>[^<]|style="| on[a-z]+="`).MatchString(text) {
			t.Error("the page has scripts or styles within")
		}
	}
	size := len(zipped(t, sv))
	for _, m := range regexp.MustCompile(`(?:src|href)="(/(?:assets|built)/[^"]+\.(?:css|js|svg))"`).FindAllStringSubmatch(sv, -1) {
		size += len(zipped(t, v.get(m[1])))
	}
	t.Logf("all of ours is %d bytes compressed", size)
	if size > 60_000 {
		t.Errorf("all of ours is %d bytes compressed", size)
	}

	form := url.Values{"tariff": {part(t, sv, `name="tariff" value="([^"]+)"`)}, "choice": {part(t, sv, `value="(stripe hold [^"]+)"`)}, "name": {"Bolaget AB"}, "vat": {"SE559000000501"}, "reference": {"K-17"}}
	bad := maps.Clone(form)
	bad.Set("choice", "stripe hold 1 SEK") // amounts are those of the offer
	if resp, text := v.ask("POST", path, bad); resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text, `value="Bolaget AB"`) {
		t.Errorf("an amount of one's own: %s", resp.Status)
	}
	bad.Set("choice", form.Get("choice"))
	bad.Set("tariff", "another")
	if resp, _ := v.ask("POST", path, bad); resp.StatusCode != http.StatusConflict {
		t.Errorf("another price than was shown: %s", resp.Status)
	}
	at, _, _ := strings.Cut(v.choose(path+"?lang=sv", form), "?")
	if resp, _ := v.ask("POST", path, form); resp.StatusCode != http.StatusConflict && resp.StatusCode != http.StatusSeeOther {
		t.Errorf("twice: %s", resp.Status)
	} else if resp.StatusCode == http.StatusSeeOther { // who has not paid gives way
		at, _, _ = strings.Cut(resp.Header.Get("Location"), "?")
	}
	if page := v.get(path + "?lang=sv"); !strings.Contains(page, "Någon laddar eller betalar här just nu.") || strings.Contains(page, "Uttaget är ledigt") {
		t.Errorf("whoever comes while another pays is told %s", page)
	}
	now := func() string { return part(t, v.get(at+"?part&lang=sv"), `<h1[^>]*>([^<]+)`) }
	eventually(t, "the stand-in asks", func() bool { return strings.Contains(v.get(at+"?lang=sv"), at+"/test") })
	if page := v.get(at); !strings.Contains(page, `<noscript><meta http-equiv="refresh"`) || !strings.Contains(page, "no real money") && !strings.Contains(page, "inga riktiga pengar") {
		t.Errorf("got %s", page)
	}
	v.choose(at+"/test", url.Values{"agree": {"yes"}})
	eventually(t, "it charges", func() bool { return now() == "Laddar" })
	eventually(t, "the energy is shown", func() bool { return !strings.Contains(v.get(at+"?part&lang=sv"), "<dd>0,000 kWh") })
	if resp, _ := v.ask("POST", at+"/stop", nil, "Sec-Fetch-Site", "cross-site"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("another site stops it: %s", resp.Status)
	}
	follows(t, v, at)
	for _, what := range []string{"/unlock", "/mail", "/cancel", "/test"} {
		if resp, _ := v.ask("POST", at+what, nil, "Sec-Fetch-Site", "cross-site"); resp.StatusCode != http.StatusForbidden {
			t.Errorf("another site does %s: %s", what, resp.Status)
		}
	}
	if problem := v.choose(at+"/unlock", nil); !strings.HasSuffix(problem, "&problem=unlock") {
		t.Errorf("the cable of a car that charges was let go of: %s", problem)
	}
	if page := v.get(at + "?lang=en"); !strings.Contains(page, "Why it costs that") || !strings.Contains(page, "How it started") || !strings.Contains(page, "08-465 004 04") {
		t.Errorf("the driver is not told why: %s", page)
	}
	v.choose(at+"/stop", nil)
	eventually(t, "it is settled", func() bool { return now() == "Klart" })
	receipt := v.get(part(t, v.get(at+"?part"), `href="(/api/v1/receipts/[^".]+)"`), "Accept", "text/html", "Accept-Language", "sv")
	for _, want := range []string{"Testläge – inga riktiga pengar", "Bolaget AB", "SE559000000501", "K-17"} {
		if !strings.Contains(receipt, want) {
			t.Errorf("there is no %q in the receipt: %s", want, receipt)
		}
	}
	if done := v.choose(at+"/unlock", nil); !strings.HasSuffix(done, "&unlocked") {
		t.Errorf("the cable was not let go of: %s", done)
	}
	if problem := v.choose(at+"/mail", url.Values{"email": {"anna@example.com"}}); !strings.HasSuffix(problem, "&problem=mail") { // there is no mail server
		t.Errorf("the receipt was sent: %s", problem)
	}
	if problem := v.choose(at+"/cancel?lang=sv", nil); !strings.HasSuffix(problem, "&problem=cancel") {
		t.Errorf("what is over was cancelled: %s", problem)
	}
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// inChromium pays as a driver does.
func inChromium(t *testing.T, base, path string) {
	b := newBrowser(t, "sv")
	const heading = `(document.querySelector("h1") || document.body).firstChild.textContent`
	b.open(base + path)
	b.comes(heading, "DEMO-GUEST")
	b.comes("document.documentElement.lang", "sv")
	b.readable()
	b.eval(`document.querySelector("header a").click()`)
	b.comes("document.documentElement.lang", "en")
	b.readable()
	b.eval(`document.querySelector("input[value^=swish]").click()`)
	b.eval(`document.querySelector("#go").click()`)
	b.comes(heading, "Pay")
	b.comes(`!!document.querySelector("button[value=yes]")`, "true")
	b.readable()
	b.eval(`document.querySelector("button[value=yes]").click()`)
	b.comes(`!document.querySelector("button[value=yes]") && document.readyState`, "complete")
	b.eval("window.stayed = true")
	b.comes(heading, "Charging")
	b.comes(`parseFloat(document.querySelector(".figures dd").textContent) > 0`, "true")
	b.comes("window.stayed", "true") // it is kept up to date without being loaded again
	b.readable()
	b.do("Page.reload", "{}")
	b.comes("!!window.stayed", "false")
	b.comes(heading, "Charging")
	b.eval(`document.querySelector("#stop").click()`)
	b.comes(heading, "Done")
	b.comes(`!!document.querySelector("a[href*=receipts]")`, "true")
	b.comes(`document.body.textContent.includes("Refunded")`, "true")
	b.readable()
	b.eval(`document.querySelector("a[href*=receipts]").click()`)
	b.comes(`document.body.textContent.includes("DEMO-GUEST")`, "true")
	b.readable()
	for _, text := range b.said { // what a policy forbids, and what goes wrong in scripts
		t.Errorf("the browser says %s", text)
	}
}
