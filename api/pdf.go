package api

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"

	"gnista/billing"
)

// What a sheet is like, in mm and points. It is A4.
const (
	sheetMargin = 18.0
	sheetWidth  = 210.0 - 2*sheetMargin
	sheetEnd    = 297.0 - 32.0 // below it is the foot
	lineHeight  = 5.0
	textSize    = 9.5
	smallSize   = 8.0
	titleSize   = 18.0
)

// sheet is a PDF in the making: a document for a customer, black on white, with the seller at the foot of
// each page.
type sheet struct {
	*fpdf.Fpdf
	l language
}

// newSheet begins a document. at is when it was made, so that it is the same each time it is asked for.
func (l language) newSheet(title, number string, seller billing.Seller, at time.Time) *sheet {
	s := &sheet{fpdf.New("P", "mm", "A4", ""), l}
	s.SetCreationDate(at)
	s.SetModificationDate(at)
	s.SetCatalogSort(true)
	s.SetTitle(title+" "+number, true)
	s.SetAuthor(plain(seller.Name), true)
	s.SetLang(l.tag)
	s.AddUTF8FontFromBytes("go", "", goregular.TTF)
	s.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	s.SetMargins(sheetMargin, sheetMargin, sheetMargin)
	s.SetAutoPageBreak(false, 0)
	s.AliasNbPages("{pages}")
	s.SetFooterFunc(func() { s.foot(seller, title+" "+number) })
	s.AddPage()
	s.SetFont("go", "B", titleSize)
	s.CellFormat(sheetWidth/2, 9, seller.Name, "", 0, "L", false, 0, "")
	s.CellFormat(sheetWidth/2, 9, title, "", 1, "R", false, 0, "")
	s.SetFont("go", "", textSize)
	s.SetX(sheetMargin)
	s.CellFormat(sheetWidth, lineHeight, l.text("number")+" "+number, "", 1, "R", false, 0, "")
	s.Ln(lineHeight)
	return s
}

// banner is a line that nobody overlooks.
func (s *sheet) banner(text string) {
	s.SetFillColor(255, 213, 74)
	s.SetFont("go", "B", textSize+2)
	s.CellFormat(sheetWidth, 2*lineHeight, text, "", 1, "C", true, 0, "")
	s.SetFont("go", "", textSize)
	s.Ln(lineHeight)
}

// plain is a text of what the fonts may have: characters beyond the first 65,536, such as emoji, they have
// not and cannot be asked for.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r > 0xFFFF {
			return '?'
		}
		return r
	}, text)
}

// CellFormat writes a text on one line.
func (s *sheet) CellFormat(w, h float64, text, border string, ln int, align string, fill bool, link int, linkText string) {
	s.Fpdf.CellFormat(w, h, plain(text), border, ln, align, fill, link, linkText)
}

// MultiCell writes a text on as many lines as it needs.
func (s *sheet) MultiCell(w, h float64, text, border, align string, fill bool) {
	s.Fpdf.MultiCell(w, h, plain(text), border, align, fill)
}

// foot says who the seller is, as it must be on each document.
func (s *sheet) foot(seller billing.Seller, name string) {
	s.SetY(sheetEnd + 6)
	s.SetDrawColor(160, 160, 160)
	s.Line(sheetMargin, s.GetY(), sheetMargin+sheetWidth, s.GetY())
	s.Ln(2)
	s.SetFont("go", "", smallSize)
	facts := []string{seller.Name, seller.Address}
	for _, f := range [][2]string{{"orgnr", seller.Number}, {"vatnr", seller.VAT}, {"bankgiro", seller.Bankgiro}} {
		if f[1] != "" {
			facts = append(facts, s.l.text(f[0])+" "+f[1])
		}
	}
	if seller.FTax {
		facts = append(facts, s.l.text("f-tax"))
	}
	s.MultiCell(sheetWidth, 4, strings.Join(present(facts), "  ·  "), "", "L", false)
	s.CellFormat(sheetWidth, 4, fmt.Sprintf("%s, %s %d/{pages}", name, s.l.text("page"), s.PageNo()), "", 1, "R", false, 0, "")
	s.SetFont("go", "", textSize)
}

func present(list []string) (out []string) {
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// room begins another page where so much does not fit on this one, and tells whether it did.
func (s *sheet) room(mm float64) bool {
	if s.GetY()+mm <= sheetEnd {
		return false
	}
	s.AddPage()
	return true
}

// fact is a fact with its name; one that is empty is left out.
type fact struct{ name, value string }

// facts writes two columns of facts beside each other.
func (s *sheet) facts(left, right []fact) {
	top := s.GetY()
	end := top
	for i, list := range [][]fact{left, right} {
		x := sheetMargin + float64(i)*sheetWidth/2
		s.SetY(top)
		for _, f := range list {
			if f.value == "" {
				continue
			}
			s.SetX(x)
			s.SetTextColor(90, 90, 90)
			s.CellFormat(36, lineHeight, f.name, "", 0, "L", false, 0, "")
			s.SetTextColor(0, 0, 0)
			s.SetLeftMargin(x + 36)
			s.MultiCell(sheetWidth/2-38, lineHeight, f.value, "", "L", false)
			s.SetLeftMargin(sheetMargin)
		}
		end = max(end, s.GetY())
	}
	s.SetXY(sheetMargin, end+lineHeight)
}

// column is one of a table.
type column struct {
	title string
	width float64 // mm
	right bool
}

// table writes rows below their titles, on as many pages as they need. A text that is too wide for its
// column goes on below.
func (s *sheet) table(columns []column, rows [][]string) {
	head := func() {
		s.SetFont("go", "B", smallSize)
		for _, c := range columns {
			s.CellFormat(c.width, lineHeight+1, c.title, "B", 0, align(c), false, 0, "")
		}
		s.Ln(lineHeight + 2)
		s.SetFont("go", "", smallSize)
	}
	head()
	for _, row := range rows {
		cells := make([][]string, len(columns))
		height := 1
		for i, c := range columns {
			cells[i] = s.split(row[i], c.width)
			height = max(height, len(cells[i]))
		}
		if s.room(float64(height) * 4) {
			head()
		}
		top := s.GetY()
		x := sheetMargin
		for i, c := range columns {
			for n, line := range cells[i] {
				s.SetXY(x, top+float64(n)*4)
				s.CellFormat(c.width, 4, line, "", 0, align(c), false, 0, "")
			}
			x += c.width
		}
		s.SetXY(sheetMargin, top+float64(height)*4+0.8)
	}
	s.SetFont("go", "", textSize)
	s.Ln(2)
}

// split breaks a text into lines that fit into a column.
func (s *sheet) split(text string, width float64) (lines []string) {
	for part := range strings.SplitSeq(text, "\n") {
		lines = append(lines, s.SplitText(plain(part), width)...)
	}
	if len(lines) == 0 {
		lines = []string{""}
	}
	return lines
}

func align(c column) string {
	if c.right {
		return "R"
	}
	return "L"
}

// sums writes amounts at the right; the last one is what it is all about.
func (s *sheet) sums(list []fact) {
	s.room(float64(len(list)) * (lineHeight + 1))
	for i, f := range list {
		border := ""
		if i == len(list)-1 {
			s.SetFont("go", "B", textSize+1)
			border = "T"
		}
		s.SetX(sheetMargin + sheetWidth/2)
		s.CellFormat(sheetWidth/4+6, lineHeight+1, f.name, border, 0, "L", false, 0, "")
		s.CellFormat(sheetWidth/4-6, lineHeight+1, f.value, border, 1, "R", false, 0, "")
	}
	s.SetFont("go", "", textSize)
	s.Ln(lineHeight)
}

// text writes a paragraph.
func (s *sheet) text(t string) {
	s.room(2 * lineHeight)
	s.MultiCell(sheetWidth, lineHeight, t, "", "L", false)
	s.Ln(1)
}

func (s *sheet) bytes() ([]byte, error) {
	var b bytes.Buffer
	err := s.Output(&b)
	return b.Bytes(), err
}

// vatSums are the amounts of each rate and what they add up to.
func (s *sheet) vatSums(rates []vatView, net, vat string, last fact) {
	var list []fact
	for _, x := range rates {
		percent := s.l.decimal(x.Percent) + " %"
		list = append(list, fact{s.l.text("net") + " " + percent, s.l.money(x.Net)}, fact{s.l.text("vat") + " " + percent, s.l.money(x.VAT)})
	}
	if len(rates) > 1 {
		list = append(list, fact{s.l.text("net"), net}, fact{s.l.text("vat"), vat})
	}
	s.sums(append(list, last))
}

// buyerFact is a buyer as it stands in a window of an envelope.
func (l language) buyerFact(b *buyerView) []fact {
	if b == nil {
		return nil
	}
	return []fact{
		{l.text("buyer"), strings.Join(append([]string{b.Name}, b.Lines()...), "\n")},
		{l.text("orgnr"), b.Number}, {l.text("vatnr"), b.VAT}, {l.text("buyer-reference"), b.Reference},
	}
}

// receiptPDF is a receipt as a PDF.
func (s *Server) receiptPDF(l language, v receiptView) ([]byte, error) {
	title := l.text("receipt-title")
	if v.Credits > 0 {
		title = l.text("credit-receipt-title")
	}
	p := l.newSheet(title, fmt.Sprint(v.Number), v.Seller, v.IssuedAt)
	if v.Test {
		p.banner(l.text("pay-test"))
	}
	when := func(t time.Time) string { return t.In(s.Zone).Format("2006-01-02 15:04:05") }
	left := []fact{
		{l.text("date"), when(v.IssuedAt)}, {l.text("supply"), l.text("supply-" + v.Supply)},
		{l.text("station"), fmt.Sprintf("%s, %s %d", v.Station, l.text("outlet"), v.EVSE)}, {l.text("card"), v.Token},
	}
	if v.Credits > 0 {
		left = append(left, fact{l.text("credits-receipt"), fmt.Sprint(v.Credits)})
	}
	if v.Replaces > 0 {
		left = append(left, fact{l.text("replaces-receipt"), fmt.Sprint(v.Replaces)})
	}
	right := append(l.buyerFact(v.Buyer),
		fact{l.text("start"), when(v.StartedAt)}, fact{l.text("end"), when(v.EndedAt) + " (" + l.lasting(v.EndedAt.Sub(v.StartedAt)) + ")"})
	if v.Charging() {
		right = append(right, fact{l.text("energy"), l.kwh(v.EnergyWh) + " kWh"})
	}
	for _, r := range []struct {
		name string
		at   *readingView
	}{{"meter-begin", v.Begin}, {"meter-end", v.End}} {
		if r.at != nil {
			right = append(right, fact{l.text(r.name), l.kwh(r.at.Wh()) + " kWh"})
		}
	}
	p.facts(left, right)
	var rows [][]string
	for _, x := range v.Lines {
		rows = append(rows, []string{l.receiptItem(x, s.Zone), l.quantity(x), l.price(x), l.decimal(x.VATPercent) + " %", l.money(x.Amount)})
	}
	p.table([]column{{"", 64, false}, {l.text("quantity"), 30, true}, {l.text("price"), 34, true}, {l.text("vat-rate"), 18, true}, {l.text("amount"), 28, true}}, rows)
	p.vatSums(v.VATRates, l.money(v.Net), l.money(v.VAT), fact{l.text("to-pay"), l.money(v.Total)})
	if len(v.Signed) > 0 {
		p.text(fmt.Sprintf(l.text("signed-values-are"), len(v.Signed)))
	}
	return p.bytes()
}

// receiptItem says what a line of a receipt is for, and when it applied.
func (l language) receiptItem(x receiptLine, zone *time.Location) string {
	text := l.text("line-" + string(x.Type))
	if x.PriceNet {
		text += ", " + l.text("without-vat")
	}
	if x.From != nil && x.To != nil && x.To.After(*x.From) {
		from, to := x.From.In(zone), x.To.In(zone)
		layout := "15:04:05"
		if from.Format(time.DateOnly) != to.Format(time.DateOnly) {
			layout = "2006-01-02 15:04"
		}
		text += "\n" + from.Format(layout) + "–" + to.Format(layout)
	}
	if x.Estimated {
		text += "\n" + l.text("estimated")
	}
	return text
}

// quantity is that of a line of a receipt.
func (l language) quantity(x receiptLine) string {
	seconds := func(n int64) string { return duration(time.Duration(n) * time.Second) }
	show := func(n int64) string { return l.kwh(n) + " kWh" }
	switch {
	case x.Limit():
		return ""
	case x.Timed():
		show = func(n int64) string {
			if n < 0 {
				return "−" + seconds(-n)
			}
			return seconds(n)
		}
	case x.Type != "energy":
		show = func(n int64) string { return fmt.Sprint(n) }
	}
	text := show(x.Quantity)
	if x.Free != 0 {
		text += "\n" + l.text("free-part") + " " + show(x.Free)
	}
	if x.Added != 0 {
		text += "\n" + l.text("added-part") + " " + show(x.Added)
	}
	return text
}

// price is that of a line of a receipt.
func (l language) price(x receiptLine) string {
	return l.decimal(x.Price) + " " + l.currency(x.Amount.Currency) + l.text(x.Unit())
}

// kwh is energy in kWh.
func (l language) kwh(wh int64) string {
	sign := ""
	if wh < 0 {
		sign, wh = "−", -wh
	}
	return l.decimal(fmt.Sprintf("%s%d.%03d", sign, wh/1000, wh%1000))
}
