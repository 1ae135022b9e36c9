package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/station"
	"gnista/token"
)

type customerView struct {
	ID      string           `json:"id"`
	Station gnista.StationID `json:"station"`
	Number  int              `json:"number" doc:"By which the station names it"`
	Report  bool             `json:"report"`
	Clear   bool             `json:"clear"`
	State   station.Outcome  `json:"state" enum:"sent,happened,rejected,failed" doc:"sent: the report is not complete yet"`
	Detail  string           `json:"detail,omitempty"`
	Pages   int              `json:"pages" doc:"That have come in"`
	Text    string           `json:"text,omitempty" doc:"What the station says; only where one report is asked for"`
	At      time.Time        `json:"at"`
	EndedAt *time.Time       `json:"endedAt,omitempty"`
}

func showCustomer(r station.CustomerReport) customerView {
	return customerView{r.ID, r.Station, r.Number, r.Report, r.Clear, r.State, r.Detail, r.Pages, r.Text, r.At, moment(r.EndedAt)}
}

func (s *Server) customers(api huma.API) {
	type customerCertificate struct {
		Algorithm  string `json:"hashAlgorithm" enum:"SHA256,SHA384,SHA512"`
		IssuerName string `json:"issuerNameHash" minLength:"1" maxLength:"128"`
		IssuerKey  string `json:"issuerKeyHash" minLength:"1" maxLength:"128"`
		Serial     string `json:"serialNumber" minLength:"1" maxLength:"40"`
	}
	type askCustomer struct {
		Report      bool                 `json:"report,omitempty" doc:"Have it tell what it keeps of the customer"`
		Clear       bool                 `json:"clear,omitempty" doc:"Have it delete what it keeps of the customer"`
		Identifier  string               `json:"identifier,omitempty" maxLength:"64" doc:"What the station knows the customer by; one of identifier, token and certificate"`
		Token       string               `json:"token,omitempty" maxLength:"255" doc:"UID of the customer's token"`
		Type        token.Type           `json:"type,omitempty" doc:"Of the token"`
		Certificate *customerCertificate `json:"certificate,omitempty" doc:"Of the customer's contract"`
	}
	type customerAnswer struct {
		AnswerView
		Report customerView `json:"report"`
	}
	command(s, api, "customer-information", "Have a station tell or delete what it keeps of a customer", "OCPP 2.x. What it tells is kept for 30 days, under the id in the answer.",
		func(ctx context.Context, id gnista.StationID, in askCustomer) (*body[customerAnswer], error) {
			o := station.AskCustomer{Report: in.Report, Clear: in.Clear, Identifier: in.Identifier, TokenUID: in.Token, TokenType: string(in.Type)}
			if in.Certificate != nil {
				o.Certificate = station.CertificateHash(*in.Certificate)
			}
			r, a, err := s.Network.AskCustomerOf(ctx, id, o)
			return answer(customerAnswer{AnswerView{a.Status, a.Detail, a.Outcome, a.Command}, showCustomer(r)}, err)
		})
	ofStation(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/customer-information", OperationID: "list-customer-information", Summary: "List what a station was asked of customers, the newest first", Tags: []string{"Stations"},
	}, s.Network.Customers.CustomerReports, showCustomer, func(r station.CustomerReport) string { return r.ID })
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/customer-information/{id}", OperationID: "get-customer-information", Summary: "Get what a station says of a customer", Tags: []string{"Stations"},
	}, func(ctx context.Context, in *struct {
		StationPath
		ID string `path:"id"`
	}) (*body[customerView], error) {
		r, err := s.Network.Customers.CustomerReport(ctx, in.ID)
		if err == nil && r.Station != in.Station {
			err = gnista.Errorf(gnista.NotFound, "station %s has no report %q", in.Station, in.ID)
		}
		return answer(showCustomer(r), err)
	})
}
