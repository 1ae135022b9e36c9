package api

import (
	"fmt"
	"strings"
	"time"
)

// invoicePDF is an invoice or a credit note as a PDF.
func (s *Server) invoicePDF(l language, v invoiceView) ([]byte, error) {
	title := l.text("invoice-title")
	if v.Credit() {
		title = l.text("credit-note-title")
	}
	p := l.newSheet(title, fmt.Sprint(v.Number), v.Seller, v.IssuedAt)
	day := func(t time.Time) string { return t.In(s.Zone).Format(time.DateOnly) }
	right := []fact{{l.text("invoice-date"), v.Date}}
	if v.Credit() {
		if v.Credits > 0 {
			right = append(right, fact{l.text("credits-invoice"), fmt.Sprint(v.Credits)})
		}
	} else {
		right = append(right, fact{l.text("due"), v.Due}, fact{l.text("payment-reference"), v.Reference}, fact{l.text("bankgiro"), v.Seller.Bankgiro})
	}
	if len(v.Refers) > 0 && v.Credits == 0 {
		right = append(right, fact{l.text("refers"), numbers(v.Refers)})
	}
	right = append(right, fact{l.text("period"), day(v.From) + " – " + day(v.To)})
	p.facts(l.buyerFact(&v.Buyer), right)
	if v.Credit() && v.Note != "" {
		p.text(v.Note)
	}
	var rows [][]string
	for _, x := range v.Lines {
		rows = append(rows, []string{
			x.StartedAt.In(s.Zone).Format("2006-01-02 15:04"), l.invoiceItem(x), l.kwh(x.EnergyWh), l.money(x.Net), l.money(x.VAT), l.money(x.Total),
		})
	}
	p.table([]column{
		{l.text("date"), 29, false}, {l.text("supply-charging"), 60, false}, {"kWh", 19, true}, {l.text("net"), 22, true}, {l.text("vat"), 20, true}, {l.text("amount"), 24, true},
	}, rows)
	last := fact{l.text("to-pay-invoice"), l.money(v.Total)}
	if v.Credit() {
		last.name = l.text("to-credit")
	}
	p.vatSums(v.VATRates, l.money(v.Net), l.money(v.VAT), last)
	if v.Credit() {
		p.text(l.text("credit-note-is-yours"))
	} else {
		p.text(fmt.Sprintf(l.text("pay-by"), v.Due, v.Reference))
	}
	return p.bytes()
}

// invoiceItem says what a line of an invoice is for.
func (l language) invoiceItem(x invoiceLine) string {
	text := fmt.Sprintf("%s, %s %d", x.Station, l.text("outlet"), x.EVSE)
	if x.Place != "" {
		text = x.Place + "\n" + text
	}
	if x.Reserved {
		text += "\n" + l.text("supply-reservation")
	}
	text += fmt.Sprintf("\n%s %d", l.text("receipt"), x.Number)
	if x.Corrects > 0 {
		text += fmt.Sprintf(", %s %d", l.text("corrects"), x.Corrects)
	}
	return text
}

func numbers(list []int64) string {
	var out []string
	for _, n := range list {
		out = append(out, fmt.Sprint(n))
	}
	return strings.Join(out, ", ")
}

// reminderPDF is a reminder as a PDF.
func (s *Server) reminderPDF(l language, v invoiceView, r reminderView) ([]byte, error) {
	at, err := time.Parse(time.DateOnly, r.Date)
	if err != nil {
		return nil, err
	}
	p := l.newSheet(l.text("reminder-title"), fmt.Sprint(r.Number), v.Seller, at)
	p.facts(l.buyerFact(&v.Buyer), []fact{
		{l.text("date"), r.Date}, {l.text("due"), r.Due}, {l.text("payment-reference"), v.Reference}, {l.text("bankgiro"), v.Seller.Bankgiro},
		{l.text("invoice-title"), fmt.Sprint(v.Number)}, {l.text("invoice-date"), v.Date}, {l.text("was-due"), v.Due},
	})
	p.text(l.text("reminder-says"))
	before := r.Open
	before.Amount -= r.Fee.Amount
	sums := []fact{{l.text("still-open"), l.money(before)}}
	if r.Fee.Amount != 0 {
		sums = append(sums, fact{l.text("reminder-fee"), l.money(r.Fee)})
	}
	p.sums(append(sums, fact{l.text("to-pay-invoice"), l.money(r.Open)}))
	p.text(fmt.Sprintf(l.text("pay-by"), r.Due, v.Reference))
	return p.bytes()
}
