package api

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"

	"gnista"
	"gnista/checkout"
)

// What labels are like, in mm: six on a sheet of A4, to be cut out, or one alone.
const (
	labelWidth  = 90.0
	labelHeight = 91.0
	labelCode   = 37.0
	labelEdge   = 5.0
	labelSmall  = 6.5 // points
	labelsLeft  = (210.0 - 2*labelWidth) / 2
	labelsTop   = (297.0 - 3*labelHeight) / 2
	mostLabels  = 600 // on the sheets of a site
)

// stickers are labels of EVSEs as a PDF in the making.
type stickers struct {
	*fpdf.Fpdf
	s *Server
}

// newStickers begins labels, on pages of A4 or each on a page of its size.
func (s *Server) newStickers(title string, sheets bool) *stickers {
	size := fpdf.SizeType{Wd: labelWidth, Ht: labelHeight}
	if sheets {
		size = fpdf.SizeType{Wd: 210, Ht: 297}
	}
	p := &stickers{fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: size}), s}
	p.SetCreationDate(s.Now())
	p.SetModificationDate(s.Now())
	p.SetCatalogSort(true)
	p.SetTitle(plain(title), true)
	p.SetAuthor(plain(s.Invoices.Seller.Name), true)
	p.AddUTF8FontFromBytes("go", "", goregular.TTF)
	p.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	p.SetMargins(0, 0, 0)
	p.SetAutoPageBreak(false, 0)
	return p
}

// line writes a text in the middle of a label, smaller where it is too long, and returns where the next one begins.
func (p *stickers) line(x, y float64, style string, size float64, text string) float64 {
	const inner = labelWidth - 2*labelEdge
	text = plain(text)
	p.SetFont("go", style, size)
	for size > 5 && p.GetStringWidth(text) > inner {
		size -= 0.25
		p.SetFont("go", style, size)
	}
	height := size * 0.45
	p.SetXY(x+labelEdge, y)
	p.CellFormat(inner, height, text, "", 0, "C", false, 0, "")
	return y + height
}

// draw draws the label of an EVSE with its upper left corner at a place.
func (p *stickers) draw(ctx context.Context, x, y float64, o checkout.Offer, code checkout.Code) error {
	called, err := p.s.Network.EVSEIDs.EVSEID(ctx, o.Station, o.EVSE)
	if err != nil {
		return err
	}
	link := p.s.showCode(code).Link
	q, err := newQR(link)
	if err != nil {
		return err
	}
	p.SetDrawColor(170, 170, 170)
	p.SetLineWidth(0.1)
	p.Rect(x, y, labelWidth, labelHeight, "D")
	at := y + labelEdge - 1
	if testMode(o) {
		at = p.line(x, at, "B", 8, paySwedish["pay-test"]+" / "+payEnglish["pay-test"])
	}
	at = p.line(x, at, "B", 13, cmp.Or(o.Name, string(o.Station)))
	where := fmt.Sprintf("%s / %s %d", paySwedish["pay-outlet"], payEnglish["pay-outlet"], o.EVSE)
	if o.Name != "" {
		where = string(o.Station) + " · " + where
	}
	if called != "" { // on the same line, so that there is as much room for the price
		where += " · " + string(called)
	}
	at = p.line(x, at, "", 10, where)
	at = p.line(x, at+1, "B", 11, paySwedish["label-scan"]+" / "+payEnglish["label-scan"])
	side := labelCode / float64(q.size)
	left := x + (labelWidth-labelCode)/2
	p.SetFillColor(0, 0, 0)
	for row := range q.size {
		for column := 0; column < q.size; column++ {
			run := 0
			for q.dark(column+run, row) {
				run++
			}
			if run > 0 {
				p.Rect(left+float64(column)*side, at+float64(row)*side, float64(run)*side, side, "F")
				column += run
			}
		}
	}
	at = p.line(x, at+labelCode, "B", 9.5, link)
	for _, tag := range []string{"sv", "en"} {
		words := map[string]map[string]string{"sv": paySwedish, "en": payEnglish}[tag]
		p.SetFont("go", "", labelSmall)
		at += 0.6
		for _, part := range p.SplitText(plain(words["label-price"]+": "+o.Texts[tag]), labelWidth-2*labelEdge) {
			at = p.line(x, at, "", labelSmall, part)
		}
	}
	foot := p.s.Invoices.Seller.Name
	if p.s.Support != "" {
		foot += " · " + p.s.Support
	}
	p.line(x, max(at+0.6, y+labelHeight-labelEdge-3), "", 8, foot)
	return nil
}

func (p *stickers) bytes() ([]byte, error) {
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		return nil, fmt.Errorf("making a PDF of labels: %w", err)
	}
	return b.Bytes(), nil
}

type pdfFile struct {
	Type        string `header:"Content-Type"`
	Cache       string `header:"Cache-Control"`
	Disposition string `header:"Content-Disposition"`
	Options     string `header:"X-Content-Type-Options"`
	Body        []byte
}

func pdfNamed(name string, b []byte, err error) (*pdfFile, error) {
	safe := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' {
			return r
		}
		return '-'
	}, name)
	return &pdfFile{"application/pdf", "private, no-store", `inline; filename="` + safe + `.pdf"`, "nosniff", b}, err
}

// labels are those of EVSEs, to be printed.
func (s *Server) labels(api huma.API) {
	tags := []string{"Payments"}
	answers := map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/pdf": {}}}}
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/evses/{evse}/label.pdf", OperationID: "get-payment-label-pdf", Summary: "Show the label of an EVSE as a PDF of its size", Tags: tags,
		Description: "90 by 91 mm, in Swedish and English, with the QR code, the address to be typed, the price as it is now and the phone number of the support. Where the EVSE has no code, it gets one.",
		Responses:   answers,
	}, func(ctx context.Context, in *EVSEPath) (*pdfFile, error) {
		o, err := s.Desk.Offer(ctx, in.Station, in.EVSE)
		if err != nil {
			return nil, err
		}
		c, err := s.Codes.Of(ctx, in.Station, in.EVSE, false)
		if err != nil {
			return nil, err
		}
		p := s.newStickers(fmt.Sprintf("%s %d", in.Station, in.EVSE), false)
		p.AddPage()
		if err := p.draw(ctx, 0, 0, o, c); err != nil {
			return nil, err
		}
		b, err := p.bytes()
		return pdfNamed(fmt.Sprintf("label-%s-%d", in.Station, in.EVSE), b, err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/sites/{id}/labels.pdf", OperationID: "get-site-labels-pdf", Summary: "Show the labels of a site as sheets of A4, to be printed and cut out", Tags: tags,
		Description: "Of all EVSEs of the site that have a payment code, six on a sheet. Not found where none has.",
		Responses:   answers,
	}, func(ctx context.Context, in *SitePath) (*pdfFile, error) {
		site, err := s.Sites.Store.Site(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		codes, err := s.Codes.Store.PayCodes(ctx, mostCodes)
		if err != nil {
			return nil, err
		}
		p, n, at := s.newStickers(site.Name, true), 0, map[gnista.StationID]string{}
		for _, c := range codes {
			where, known := at[c.Station]
			if !known {
				if where, err = s.siteOf(ctx, c.Station); err != nil {
					return nil, err
				}
				at[c.Station] = where
			}
			if where != in.ID || n == mostLabels {
				continue
			}
			o, err := s.Desk.Offer(ctx, c.Station, c.EVSE)
			if gnista.CodeOf(err) == gnista.NotFound && err != nil {
				continue
			}
			if err != nil {
				return nil, err
			}
			if n%6 == 0 {
				p.AddPage()
			}
			if err := p.draw(ctx, labelsLeft+float64(n%2)*labelWidth, labelsTop+float64(n%6/2)*labelHeight, o, c); err != nil {
				return nil, err
			}
			n++
		}
		if n == 0 {
			return nil, gnista.Errorf(gnista.NotFound, "no EVSE of site %q has a payment code; make one with POST /stations/{station}/evses/{evse}/code", in.ID)
		}
		b, err := p.bytes()
		return pdfNamed("labels-"+site.Name, b, err)
	})
}
