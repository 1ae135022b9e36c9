package api

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"gnista"
	"gnista/commission"
	"gnista/tariff"
)

//go:embed pages
var pageFiles embed.FS

// secure sets the headers of a page: nothing is loaded from elsewhere, and nobody frames it.
func secure(set func(name, value string)) {
	set("Content-Type", "text/html; charset=utf-8")
	set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
	set("X-Content-Type-Options", "nosniff")
	set("Referrer-Policy", "no-referrer")
}

// asset is a file that pages are made of.
type asset struct {
	sum  string // of what is in it, in hex
	data []byte
}

// readAssets reads the files that pages are made of.
func readAssets() map[string]asset {
	list, err := fs.ReadDir(pageFiles, assetDir)
	if err != nil {
		panic(err) // they are in the binary
	}
	out := map[string]asset{}
	for _, f := range list {
		data, err := fs.ReadFile(pageFiles, assetDir+"/"+f.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(data)
		out[f.Name()] = asset{hex.EncodeToString(sum[:6]), data}
	}
	return out
}

const assetDir = "pages/assets"

// assetPath is the address of a file that pages are made of, which tells what is in it.
func (s *Server) assetPath(name string) string { return "/assets/" + s.assets[name].sum + "/" + name }

// sendAsset sends a file that pages are made of. What is asked for by what is in it may be kept.
func (s *Server) sendAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	x, ok := s.assets[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", `W/"`+x.sum+`"`) // it may be compressed
	h.Set("Cache-Control", "no-cache")
	if r.PathValue("sum") == x.sum {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(x.data))
}

func (s *Server) pages(mux *http.ServeMux) {
	s.assets = readAssets()
	s.templates = map[string]*template.Template{}
	for _, l := range languages() {
		s.templates[l.tag] = s.parse(l)
	}
	mux.HandleFunc("GET /assets/{name}", s.sendAsset)
	mux.HandleFunc("GET /assets/{sum}/{name}", s.sendAsset)
}

// show writes a page in the language that its reader likes best.
func (s *Server) show(w io.Writer, name, accept string, data any) {
	if err := s.templates[languageOf(accept).tag].ExecuteTemplate(w, name, data); err != nil {
		s.Log.Error("a page could not be written", "page", name, "err", err)
	}
}

// parse makes the pages in a language.
func (s *Server) parse(l language) *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"t":     l.text,
		"asset": s.assetPath,
		"lang":  func() string { return l.tag },
		"when":  func(t time.Time) string { return t.In(s.Zone).Format("2006-01-02 15:04:05") },
		"kwh":   l.kwh,
		"item":  func(x receiptLine) string { return l.receiptItem(x, s.Zone) }, "quantity": l.quantity, "linePrice": l.price, "invoiceItem": l.invoiceItem,
		"day":     func(t time.Time) string { return t.In(s.Zone).Format(time.DateOnly) },
		"minute":  func(t time.Time) string { return t.In(s.Zone).Format("2006-01-02 15:04") },
		"numbers": numbers,
		"kw":      func(w int64) string { return l.decimal(fmt.Sprintf("%d.%d", w/1000, w%1000/100)) },
		"money":   l.money,
		"unit":    l.currency,
		"amount": func(amount int64, currency string) gnista.Money {
			return gnista.Money{Amount: amount, Currency: currency}
		},
		"price":     l.decimal,
		"round":     l.round,
		"hour":      func(t time.Time) string { return t.In(s.Zone).Format("15:04") },
		"clockTime": func(t time.Time) string { return t.In(s.Zone).Format(time.TimeOnly) },
		"lasting":   l.lasting,
		"stood":     func(t time.Time) string { return l.lasting(s.Now().Sub(t)) },
		"took":      func(from, to time.Time) string { return l.lasting(to.Sub(from)) },
		"browser":   browser,
		"minutes":   func(d time.Duration) int { return int(d / time.Minute) },
		"app":       func(address string) template.URL { return template.URL(address) }, // of an app, made by us
		"c":         func(key any) string { return commission.Language(l.tag).Name(fmt.Sprint(key)) },
		"verdictTone": func(v commission.Verdict) string {
			return map[commission.Verdict]string{commission.Passed: "free", commission.Failed: "fault"}[v]
		},
	}).ParseFS(pageFiles, "pages/*.html"))
}

// duration is a duration to the second, as receipts have what is charged for.
func duration(d time.Duration) string {
	d = d.Truncate(time.Second)
	if d < 0 {
		d = 0
	}
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	if h > 0 {
		return fmt.Sprintf("%d:%02d:%02d", h, m, s)
	}
	return fmt.Sprintf("%d:%02d", m, s)
}

// lasting is a duration as people say it: 45 s, 5 min, 1 h 30 min.
func (l language) lasting(d time.Duration) string {
	d = max(0, d.Truncate(time.Second))
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	text, rest, unit := fmt.Sprintf("%d min", m), s, "s"
	switch {
	case h > 0:
		text, rest, unit = fmt.Sprintf("%d %s", h, l.text("hours")), m, "min"
	case m == 0:
		return fmt.Sprintf("%d s", s)
	}
	if rest > 0 {
		text += fmt.Sprintf(" %d %s", rest, unit)
	}
	return text
}

// browser is what people call a browser, and what it runs on, by what it says of itself; empty where that tells nothing.
func browser(agent string) string {
	first := func(names ...[2]string) string {
		for _, x := range names {
			if strings.Contains(agent, x[0]) {
				return x[1]
			}
		}
		return ""
	}
	// Most say that they are others as well, so that the order counts.
	what := first([2]string{"Edg", "Edge"}, [2]string{"OPR/", "Opera"}, [2]string{"SamsungBrowser", "Samsung Internet"}, [2]string{"Firefox", "Firefox"}, [2]string{"FxiOS", "Firefox"},
		[2]string{"CriOS", "Chrome"}, [2]string{"Chrome", "Chrome"}, [2]string{"Safari", "Safari"})
	on := first([2]string{"iPhone", "iPhone"}, [2]string{"iPad", "iPad"}, [2]string{"Android", "Android"}, [2]string{"Windows", "Windows"}, [2]string{"Mac OS", "Mac"}, [2]string{"CrOS", "ChromeOS"}, [2]string{"Linux", "Linux"})
	if what == "" || on == "" {
		return what + on
	}
	return what + ", " + on
}

// language is how pages are written.
type language struct {
	tag   string
	point string
	texts map[string]string
	pay   map[string]string // of the pages on which drivers pay
	my    map[string]string // of the pages of drivers' accounts
}

// languageOf is the first language of an Accept-Language header that pages are written in.
func languageOf(accept string) language {
	for part := range strings.SplitSeq(accept, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
		for _, l := range languages() {
			if l.tag == primary {
				return l
			}
		}
	}
	return languages()[0]
}

// languages are those that pages are written in; the first is for those who like none.
func languages() []language {
	return []language{{"en", ".", english, payEnglish, myEnglish}, {"sv", ",", swedish, paySwedish, mySwedish}}
}

// text is the text of a key; a key without one is shown as it is, as words of stations are.
func (l language) text(key any) string {
	k := fmt.Sprint(key)
	for _, texts := range []map[string]string{l.texts, l.pay, l.my} {
		if t, ok := texts[k]; ok {
			return t
		}
	}
	return k
}

// fill is the text of a key with values in it.
func (l language) fill(key string, values ...any) string { return fmt.Sprintf(l.text(key), values...) }

func (l language) decimal(s any) string { return strings.Replace(fmt.Sprint(s), ".", l.point, 1) }

// money is an amount with its currency.
func (l language) money(m gnista.Money) string {
	digits, err := tariff.Digits(m.Currency)
	if err != nil {
		digits = 2
	}
	sign, amount := "", m.Amount
	if amount < 0 {
		sign, amount = "−", -amount
	}
	text := fmt.Sprintf("%0*d", digits+1, amount)
	if digits > 0 {
		text = text[:len(text)-digits] + l.point + text[len(text)-digits:]
	}
	return sign + text + " " + l.currency(m.Currency)
}

// round is an amount with its currency, on one line, and without the part that is less than one where that is nothing.
func (l language) round(m gnista.Money) string {
	text := l.money(m)
	if digits, err := tariff.Digits(m.Currency); err == nil && digits > 0 {
		text = strings.Replace(text, l.point+strings.Repeat("0", digits)+" ", " ", 1)
	}
	return strings.Replace(text, " ", "\u00a0", 1)
}

// currency is what a currency is called.
func (l language) currency(code string) string {
	if l.tag == "sv" && code == "SEK" {
		return "kr"
	}
	return code
}
