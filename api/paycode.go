package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista/billing"
	"gnista/checkout"
	"gnista/station"
)

type codeView struct {
	Code      string    `json:"code" doc:"12 letters and digits that nobody guesses; the label has it too, to be typed"`
	Link      string    `json:"link" doc:"Of the pay page; what the QR code says"`
	CreatedAt time.Time `json:"createdAt"`
}

// base is the address under which drivers reach us.
func (s *Server) base() string {
	if s.PublicURL != "" {
		return strings.TrimRight(s.PublicURL, "/")
	}
	return strings.TrimRight(s.BaseURL, "/")
}

func (s *Server) showCode(c checkout.Code) codeView {
	return codeView{c.Code, s.base() + "/e/" + c.Code, c.CreatedAt}
}

// label is what is put on an EVSE.
type label struct {
	checkout.Offer
	Called station.EVSEID // empty is nothing
	Code   string
	Link   string
	Image  string // address of the QR code
	Seller billing.Seller
	Texts  []labelText
	Words  map[string]map[string]string // by language and key
	Test   bool
}

// labelText is the part of a label in one language.
type labelText struct {
	Language string
	Prices   []string
}

func (s *Server) payCodes(api huma.API) {
	tags := []string{"Payments"}
	const path = "/stations/{station}/evses/{evse}/code"
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: path, OperationID: "get-payment-code", Summary: "Show the payment code of an EVSE", Tags: tags,
		Description: "By it drivers without a contract find the page where they pay for charging at the EVSE.",
	}, func(ctx context.Context, in *EVSEPath) (*body[codeView], error) {
		c, err := s.Codes.Store.PayCode(ctx, in.Station, in.EVSE)
		return answer(s.showCode(c), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodPost, Path: path, OperationID: "make-payment-code", Summary: "Make a payment code for an EVSE", Tags: tags,
		Description: "Where there is one it is shown. A new one in its place makes all labels with the old one useless, as after one was copied onto another EVSE.",
	}, func(ctx context.Context, in *struct {
		EVSEPath
		Renew bool `query:"renew" doc:"A new one in place of the one there is"`
	}) (*body[codeView], error) {
		if _, err := s.Network.Store.Station(ctx, in.Station); err != nil {
			return nil, err
		}
		c, err := s.Codes.Of(ctx, in.Station, in.EVSE, in.Renew)
		return answer(s.showCode(c), err)
	})
	add(s, api, huma.Operation{Method: http.MethodDelete, Path: path, OperationID: "revoke-payment-code", Summary: "Revoke the payment code of an EVSE", Tags: tags, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *EVSEPath) (*struct{}, error) {
			return nil, s.Codes.Store.RevokePayCode(ctx, in.Station, in.EVSE, s.Now())
		})
	image := func(ending, contentType, id, summary string, draw func(qrCode) ([]byte, error)) {
		add(s, api, huma.Operation{
			Method: http.MethodGet, Path: path + ending, OperationID: id, Summary: summary, Tags: tags,
			Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{contentType: {}}}},
		}, func(ctx context.Context, in *EVSEPath) (*struct {
			Type  string `header:"Content-Type"`
			Cache string `header:"Cache-Control"`
			Body  []byte
		}, error) {
			c, err := s.Codes.Store.PayCode(ctx, in.Station, in.EVSE)
			if err != nil {
				return nil, err
			}
			q, err := newQR(s.showCode(c).Link)
			if err != nil {
				return nil, err
			}
			b, err := draw(q)
			return &struct {
				Type  string `header:"Content-Type"`
				Cache string `header:"Cache-Control"`
				Body  []byte
			}{contentType, "private, no-store", b}, err
		})
	}
	image(".svg", "image/svg+xml", "get-payment-code-svg", "Show the payment code of an EVSE as a QR code in SVG", func(q qrCode) ([]byte, error) { return q.svg(), nil })
	image(".png", "image/png", "get-payment-code-png", "Show the payment code of an EVSE as a QR code in PNG", qrCode.png)
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/evses/{evse}/label", OperationID: "get-payment-label", Summary: "Show the label of an EVSE, to be printed", Tags: tags,
		Description: "A page in Swedish and English with the QR code, the code to be typed and the price as it is now. Where the EVSE has no code, it gets one.",
		Responses:   map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/html": {}}}},
	}, func(ctx context.Context, in *struct {
		EVSEPath
		Language string `header:"Accept-Language"`
	}) (*huma.StreamResponse, error) {
		o, err := s.Desk.Offer(ctx, in.Station, in.EVSE)
		if err != nil {
			return nil, err
		}
		c, err := s.Codes.Of(ctx, in.Station, in.EVSE, false)
		if err != nil {
			return nil, err
		}
		called, err := s.Network.EVSEIDs.EVSEID(ctx, in.Station, in.EVSE)
		if err != nil {
			return nil, err
		}
		l := label{Offer: o, Called: called, Code: c.Code, Link: s.showCode(c).Link, Image: "code.svg", Seller: s.Invoices.Seller, Words: map[string]map[string]string{"sv": paySwedish, "en": payEnglish}, Test: testMode(o)}
		for _, tag := range []string{"sv", "en"} {
			l.Texts = append(l.Texts, labelText{tag, prices(o, tag)})
		}
		return &huma.StreamResponse{Body: func(w huma.Context) {
			secure(w.SetHeader)
			w.SetHeader("Cache-Control", "private, no-store")
			s.show(w.BodyWriter(), "label.html", in.Language, l)
		}}, nil
	})
}

// prices are the parts of a price in words, in the order in which they are to be told.
func prices(o checkout.Offer, language string) []string {
	return strings.Split(o.Texts[language], "; ")
}

// testMode tells whether no real money moves by any method of an offer.
func testMode(o checkout.Offer) bool {
	for _, m := range o.Methods {
		if m.Test {
			return true
		}
	}
	return false
}
