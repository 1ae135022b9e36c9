package api

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"time"

	"gnista"
	"gnista/access"
	"gnista/account"
	"gnista/billing"
	"gnista/charging"
	"gnista/checkout"
	"gnista/commission"
	"gnista/fault"
	"gnista/power/site"
	"gnista/station"
	"gnista/tariff"
	"gnista/token"
)

//go:embed pages
var pageFiles embed.FS

// How much the first page shows.
const (
	shownFaults       = 20
	shownSites        = 50
	shownStations     = 100
	shownTransactions = 100
	shownRecords      = 20
	shownInvoices     = 10
	shownAccounts     = 20
	shownCodes        = 1000
	shownGuests       = 200
)

// overview is what the first page shows.
type overview struct {
	Faults   []FaultView // the worst that are open and that nobody has put aside
	Open     int         // how many are open
	Sites    []sitePower // whose power is shared
	Stations []stationView
	More     bool // there are more stations
	Active   []transactionView
	Records  []recordView
	Accounts []accountView
	Invoices []invoiceView
	Money    []counted // payments on their way, and what somebody has to look at
	Review   []transactionView
	Away     map[gnista.StationID]bool // stations of Active that are not connected
	At       time.Time
	Address  string // for stations to connect to

	User    string // who has signed in; empty where nobody need
	Books   bool   // whoever looks may see money
	Details bool   // and customers

	Codes   map[gnista.StationID][]checkout.Code // by which drivers pay
	Guests  int                                  // who pay or charge, of the newest
	Hints   int                                  // of providers of payments that wait
	HintAge time.Duration                        // of the oldest
}

func (s *Server) overview(r *http.Request) (o overview, err error) {
	ctx := r.Context()
	if o.Address = s.PublicURL; o.Address == "" {
		o.Address = "http://" + r.Host
	}
	o.Address = strings.Replace(strings.TrimSuffix(o.Address, "/"), "http", "ws", 1) + "/ocpp/"
	if err := s.troubles(r, &o); err != nil {
		return o, err
	}
	stations, err := s.Network.Store.Stations(ctx, "", shownStations+1)
	if err != nil {
		return o, err
	}
	if o.More = len(stations) > shownStations; o.More {
		stations = stations[:shownStations]
	}
	for _, x := range stations {
		v, err := s.view(ctx, x)
		if err != nil {
			return o, err
		}
		o.Stations = append(o.Stations, v)
	}
	transactions := func(f charging.Filter) (list []transactionView, err error) {
		found, err := s.Transactions.Store.Transactions(ctx, f)
		for _, t := range found {
			if err == nil {
				var v transactionView
				v, err = s.showTransaction(ctx, t)
				list = append(list, v)
			}
		}
		return list, err
	}
	if o.Active, err = transactions(charging.Filter{State: charging.Active, Limit: shownTransactions}); err != nil {
		return o, err
	}
	o.Away = map[gnista.StationID]bool{}
	for _, x := range o.Active {
		_, there := s.Presence.Connection(x.Station)
		o.Away[x.Station] = !there
	}
	if o.Review, err = transactions(charging.Filter{State: charging.Ended, Review: true, Limit: shownRecords}); err != nil {
		return o, err
	}
	records, err := s.Records.Store.Records(ctx, billing.Filter{Limit: shownRecords})
	for _, r := range records {
		o.Records = append(o.Records, showRecord(r))
	}
	if err != nil {
		return o, err
	}
	invoices, err := s.Invoices.Store.Invoices(ctx, billing.InvoiceFilter{Limit: shownInvoices})
	for _, v := range invoices {
		o.Invoices = append(o.Invoices, showInvoice(v))
	}
	if err == nil {
		o.Accounts, err = s.paying(ctx)
	}
	if err == nil {
		o.Money, err = s.moneyLine(ctx)
	}
	o.At = s.Now()
	if err == nil {
		err = s.guests(ctx, &o)
	}
	o.limit(actorOf(ctx))
	return o, err
}

// troubles adds the open faults.
func (s *Server) troubles(r *http.Request, o *overview) error {
	no := false
	list, err := s.Faults.Store.Faults(r.Context(), fault.Filter{State: fault.IsOpen, AtLeast: fault.Low, Shelved: &no, WorstFirst: true, Limit: shownFaults, Now: s.Now()})
	if err != nil {
		return err
	}
	show := s.showFault(fault.Language(languageOf(r.Header.Get("Accept-Language")).tag))
	for _, f := range list {
		o.Faults = append(o.Faults, show(f))
	}
	if o.Sites, err = s.sharing(r.Context()); err != nil {
		return err
	}
	totals, err := s.Faults.Store.FaultTotals(r.Context(), "")
	for v, n := range totals {
		if v != fault.Info {
			o.Open += n
		}
	}
	return err
}

// limit leaves of the page what its reader may see.
func (o *overview) limit(a access.Actor) {
	if a.ID != "" {
		o.User = a.Name
	}
	if o.Books = a.Can(access.See, access.Money, ""); !o.Books {
		o.Records, o.Invoices, o.Money, o.Hints = nil, nil, nil, 0
	}
	if o.Details = a.Can(access.See, access.Customers, ""); !o.Details {
		o.Accounts = nil
		for _, list := range [][]transactionView{o.Active, o.Review} {
			for i := range list {
				list[i].Token = ""
			}
		}
	}
}

// seeing lets through who may see the first page.
func (s *Server) seeing(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a := actorOf(r.Context())
		if a.Can(access.See, access.Stations, "") && a.Can(access.See, access.Charging, "") {
			next(w, r)
			return
		}
		secure(w.Header().Set)
		w.WriteHeader(http.StatusForbidden)
		s.show(w, "forbidden.html", r.Header.Get("Accept-Language"), a)
	}
}

// sitePower is how much of its power a site takes.
type sitePower struct {
	ID, Name string
	Mode     site.Mode
	Main     site.NodeView // the connection
	Cars     int
	Over     bool // a limit is exceeded
}

// Phases are the currents and limits of the connection in A, phase by phase.
func (x sitePower) Phases() (list []string) {
	for ph, a := range x.Main.Measured {
		text := fmt.Sprintf("%.0f", a.Float())
		if limit := x.Main.Limit[ph]; limit >= 0 {
			text += fmt.Sprintf("/%.0f", limit.Float())
		}
		list = append(list, text)
	}
	return list
}

// sharing are the sites whose power is shared, the first of them.
func (s *Server) sharing(ctx context.Context) (list []sitePower, err error) {
	sites, err := s.Sites.Store.Sites(ctx, "", shownSites)
	for _, x := range sites {
		v, err := s.SitePower.View(ctx, x.ID)
		if err != nil || len(v.Nodes) == 0 { // it has no limits, or they were not looked at yet
			continue
		}
		p := sitePower{ID: x.ID, Name: x.Name, Mode: v.Mode, Main: v.Nodes[0]}
		for _, n := range v.Nodes {
			p.Over = p.Over || len(n.Exceeded) > 0
		}
		for _, e := range v.EVSEs {
			if e.Transaction != "" {
				p.Cars++
			}
		}
		list = append(list, p)
	}
	return list, err
}

// guests adds what drivers without a contract do.
func (s *Server) guests(ctx context.Context, o *overview) error {
	codes, err := s.Codes.Store.PayCodes(ctx, shownCodes)
	if err != nil {
		return err
	}
	o.Codes = map[gnista.StationID][]checkout.Code{}
	for _, c := range codes {
		o.Codes[c.Station] = append(o.Codes[c.Station], c)
	}
	list, err := s.Desk.Store.Checkouts(ctx, checkout.Filter{Limit: shownGuests})
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.State.Waiting() {
			o.Guests++
		}
	}
	waiting, err := s.Inbox.Store.Backlog(ctx)
	for _, b := range waiting {
		o.Hints += b.Waiting
		o.HintAge = max(o.HintAge, o.At.Sub(b.Oldest))
	}
	return err
}

// counted is how many there are of something.
type counted struct {
	What  string // key of its text
	Count int
	Look  bool // somebody has to
}

// moneyLine is how payments stand, in one line, without what there is none of.
func (s *Server) moneyLine(ctx context.Context) ([]counted, error) {
	x, err := s.Reconciler.Store.Standings(ctx)
	list := []counted{
		{"pay-held", 0, false}, {"pay-moving", 0, false}, {"pay-unknown", 0, true}, {"pay-missing", 0, true}, {"pay-review", 0, true}, {"pay-disputed", 0, true}, {"pay-differences", x.Differences, true},
	}
	for _, p := range x.List {
		for i, n := range []int{p.Held.Count, p.Captures.Count + p.Refunds.Count + p.Others.Count, p.Unknown.Count, p.Receivables.Count, p.Review.Count, p.Disputes.Count} {
			list[i].Count += n
		}
	}
	return slices.DeleteFunc(list, func(c counted) bool { return c.Count == 0 }), err
}

// paying are the first accounts, with what they have and owe.
func (s *Server) paying(ctx context.Context) (list []accountView, err error) {
	found, err := s.Accounts.Accounts.Accounts(ctx, account.Filter{Limit: shownAccounts})
	for _, a := range found {
		v, err := s.balanced(ctx, a)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, err
}

// secure sets the headers of a page: nothing is loaded from elsewhere, and nobody frames it.
func secure(set func(name, value string)) {
	set("Content-Type", "text/html; charset=utf-8")
	set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
	set("X-Content-Type-Options", "nosniff")
	set("Referrer-Policy", "no-referrer")
}

func (s *Server) pages(mux *http.ServeMux) {
	s.templates = map[string]*template.Template{}
	for _, l := range languages() {
		s.templates[l.tag] = s.parse(l)
	}
	assets, err := fs.Sub(pageFiles, "pages/assets")
	if err != nil {
		panic(err) // they are in the binary
	}
	mux.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(assets)))
	mux.HandleFunc("GET /{$}", s.seeing(func(w http.ResponseWriter, r *http.Request) {
		o, err := s.overview(r)
		if err != nil {
			s.Log.Error("the first page could not be made", "err", err)
			http.Error(w, "an internal error; the log has more", http.StatusInternalServerError)
			return
		}
		secure(w.Header().Set)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Vary", "Accept-Language")
		s.show(w, "index.html", r.Header.Get("Accept-Language"), o)
	}))
	mux.HandleFunc("GET /live", s.seeing(s.live))
}

const (
	livePause  = time.Second      // between two pictures at the least
	liveAnyhow = 10 * time.Second // between two at the most: times go on
)

// live sends the changing part of the first page whenever something has happened.
func (s *Server) live(w http.ResponseWriter, r *http.Request) {
	events, cancel := s.Bus.Subscribe(streamBuffer)
	defer func() { cancel() }()
	st := newStream(r.Context(), w)
	defer st.end()
	for s.still(r) {
		o, err := s.overview(r)
		if err != nil {
			if r.Context().Err() == nil {
				s.Log.Error("the first page could not be made", "err", err)
			}
			return
		}
		var b bytes.Buffer
		s.show(&b, "overview.html", r.Header.Get("Accept-Language"), o)
		if st.send(0, b.String()) != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(livePause):
		}
		for drained := false; !drained; {
			select {
			case _, ok := <-events:
				if !ok { // more came than fits; the next picture shows it all
					events, cancel = s.Bus.Subscribe(streamBuffer)
				}
			default:
				drained = true
			}
		}
		select {
		case <-r.Context().Done():
			return
		case <-events:
		case <-time.After(liveAnyhow):
		}
	}
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
		"t":       l.text,
		"lang":    func() string { return l.tag },
		"when":    func(t time.Time) string { return t.In(s.Zone).Format("2006-01-02 15:04:05") },
		"since":   func(t time.Time) string { return duration(s.Now().Sub(t)) },
		"between": func(from, to time.Time) string { return duration(to.Sub(from)) },
		"kwh":     l.kwh,
		"item":    func(x receiptLine) string { return l.receiptItem(x, s.Zone) }, "quantity": l.quantity, "linePrice": l.price, "invoiceItem": l.invoiceItem,
		"day":     func(t time.Time) string { return t.In(s.Zone).Format(time.DateOnly) },
		"minute":  func(t time.Time) string { return t.In(s.Zone).Format("2006-01-02 15:04") },
		"numbers": numbers,
		"kw":      func(w int64) string { return l.decimal(fmt.Sprintf("%d.%d", w/1000, w%1000/100)) },
		"money":   l.money,
		"amount": func(amount int64, currency string) gnista.Money {
			return gnista.Money{Amount: amount, Currency: currency}
		},
		"price":   l.decimal,
		"unit":    l.currency,
		"round":   l.round,
		"hour":    func(t time.Time) string { return t.In(s.Zone).Format("15:04") },
		"lasting": duration,
		"minutes": func(d time.Duration) int { return int(d / time.Minute) },
		"app":     func(address string) template.URL { return template.URL(address) }, // of an app, made by us
		"clock":   func(seconds int64) string { return duration(time.Duration(seconds) * time.Second) },
		"mask":    token.Mask,
		"perUnit": func(d tariff.Dimension) string { return l.text("per-" + string(d)) },
		"tone":    tone,
		"grave": func(v fault.Severity) string {
			return map[fault.Severity]string{fault.Critical: "fault", fault.High: "fault", fault.Medium: "wait"}[v]
		},
		"c": func(key any) string { return commission.Language(l.tag).Name(fmt.Sprint(key)) },
		"verdictTone": func(v commission.Verdict) string {
			return map[commission.Verdict]string{commission.Passed: "free", commission.Failed: "fault"}[v]
		},
	}).ParseFS(pageFiles, "pages/*.html"))
}

// tone is the colour class of a status.
func tone(s station.Status) string {
	switch s {
	case station.Available:
		return "free"
	case station.Charging:
		return "busy"
	case station.Occupied, station.Preparing, station.SuspendedEV, station.SuspendedEVSE, station.Finishing, station.Reserved:
		return "wait"
	}
	return "fault"
}

// duration is a duration as people read it.
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
