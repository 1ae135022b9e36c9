package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/billing"
	"gnista/tariff"
)

type recordView struct {
	ID            string             `json:"id" doc:"Also that of the receipt"`
	Number        int64              `json:"number" doc:"In an unbroken series"`
	Transaction   string             `json:"transaction,omitempty" doc:"Its id; absent for a reservation that nobody came for"`
	Reservation   string             `json:"reservation,omitempty" doc:"Id of the one that nobody came for; absent for a transaction"`
	Kind          billing.RecordKind `json:"kind" enum:"original,credit,replacement" doc:"A credit takes a record back and is negative; a replacement stands instead of it"`
	Corrects      string             `json:"corrects,omitempty" doc:"Id of the record that it takes back or stands for instead"`
	Account       string             `json:"account,omitempty" doc:"Id of the account that pays"`
	Payment       string             `json:"payment,omitempty" doc:"Id of the payment"`
	Station       gnista.StationID   `json:"station"`
	EVSE          int                `json:"evse"`
	Token         string             `json:"token,omitempty"`
	StartedAt     time.Time          `json:"startedAt"`
	EndedAt       time.Time          `json:"endedAt"`
	EnergyWh      int64              `json:"energyWh"`
	Net           gnista.Money       `json:"net"`
	VAT           gnista.Money       `json:"vat"`
	Total         gnista.Money       `json:"total"`
	Lines         []lineView         `json:"lines" nullable:"false"`
	TariffVersion string             `json:"tariffVersion,omitempty"`
	Policy        string             `json:"policy" doc:"Of rounding"`
	IssuedAt      time.Time          `json:"issuedAt"`
}

type lineView struct {
	Type       tariff.Dimension `json:"type" enum:"energy,time,idle,start,reservation,reserving,minimum,maximum"`
	Quantity   int64            `json:"quantity" doc:"Wh of energy, seconds of time, idle and reservation, else pieces"`
	Free       int64            `json:"free,omitempty" doc:"So much of the quantity costs nothing"`
	Price      string           `json:"price" doc:"For 1 kWh, 1 minute, 1 start; VAT included, in major units"`
	VATPercent string           `json:"vatPercent"`
	Amount     gnista.Money     `json:"amount" doc:"VAT included"`
}

func showRecord(r billing.Record) recordView {
	v := recordView{
		ID: r.ID, Number: r.Number, Transaction: r.Transaction, Reservation: r.Reservation, Kind: r.Kind, Corrects: r.Corrects, Account: r.Account, Payment: r.Payment, Station: r.Station, EVSE: r.EVSE.ID, Token: r.Token.UID, StartedAt: r.StartedAt, EndedAt: r.EndedAt,
		EnergyWh: r.EnergyWh, Net: r.Bill.Net, VAT: r.Bill.Tax, Total: r.Bill.Total, TariffVersion: r.TariffVersion, Policy: r.Policy, IssuedAt: r.IssuedAt,
		Lines: make([]lineView, len(r.Bill.Lines)),
	}
	for i, l := range r.Bill.Lines {
		v.Lines[i] = lineView{l.Dimension, l.Quantity, l.Free, string(l.Price), string(l.VAT), gnista.Money{Amount: l.Amount, Currency: r.Bill.Total.Currency}}
	}
	return v
}

func (s *Server) records(api huma.API) {
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/charge-records", OperationID: "list-charge-records", Summary: "List charge records, the newest first", Tags: []string{"Billing"}},
		func(ctx context.Context, in *struct {
			Paging
			Station     gnista.StationID `query:"station"`
			Transaction string           `query:"transaction"`
			Reservation string           `query:"reservation" doc:"Id of one that nobody came for"`
			Account     string           `query:"account" doc:"Id of the account that pays"`
			Nobody      bool             `query:"nobody" doc:"Only those of which something is due and no account pays"`
		}) (*body[page[recordView]], error) {
			before, err := in.below()
			if err != nil {
				return nil, err
			}
			list, err := s.Records.Store.Records(ctx, billing.Filter{Station: in.Station, Transaction: in.Transaction, Reservation: in.Reservation, Account: in.Account, Nobody: in.Nobody, Before: before, Limit: in.Limit})
			return answer(turn(in.Paging, list, showRecord, func(r billing.Record) string { return strconv.FormatInt(r.Number, 10) }), err)
		})
	type Path struct {
		ID string `path:"id"`
	}
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/charge-records/{id}", OperationID: "get-charge-record", Summary: "Show a charge record", Tags: []string{"Billing"}},
		func(ctx context.Context, in *Path) (*body[recordView], error) {
			r, err := s.Records.Store.Record(ctx, in.ID)
			return answer(showRecord(r), err)
		})
	s.revenue(api)
	s.receipts(api)
}
