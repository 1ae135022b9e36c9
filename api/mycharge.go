package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gnista"
	"gnista/account"
	"gnista/billing"
	"gnista/charging"
	"gnista/station"
	"gnista/tariff"
	"gnista/token"
)

// myCharge is a charge that goes on, as its driver sees it.
type myCharge struct {
	ID        string            `json:"id"`
	Station   gnista.StationID  `json:"station"`
	Name      string            `json:"name,omitempty" doc:"Of the station"`
	EVSE      int               `json:"evse"`
	Account   string            `json:"account"`
	Card      string            `json:"card,omitempty" doc:"Its last four characters; absent: it was begun in a browser"`
	Activity  charging.Activity `json:"activity,omitempty"`
	StartedAt time.Time         `json:"startedAt"`
	EndedAt   *time.Time        `json:"endedAt,omitempty"`
	EnergyWh  int64             `json:"energyWh"`
	PowerW    int64             `json:"powerW"`
	SoC       *int              `json:"soc,omitempty" doc:"State of charge in percent"`
	Cost      *gnista.Money     `json:"cost,omitempty" doc:"So far; VAT included"`
	Blocked   bool              `json:"review,omitempty" doc:"Somebody has to look at it before it is charged for"`
}

func cardLabel(id token.ID) string {
	if id.UID == "" || id.Type == token.Central {
		return ""
	}
	return token.Mask(id.UID)
}

func (s *Server) showMyCharge(ctx context.Context, t charging.Transaction) (myCharge, error) {
	v := myCharge{
		ID: t.ID, Station: t.Station, EVSE: t.EVSE.ID, Account: t.Account, Card: cardLabel(t.Token), Activity: t.Activity, StartedAt: t.StartedAt, EndedAt: moment(t.EndedAt), EnergyWh: t.EnergyWh, PowerW: t.PowerW,
		Blocked: t.Blocked(),
	}
	if t.SoC >= 0 {
		v.SoC = &t.SoC
	}
	x, err := s.Network.Store.Station(ctx, t.Station)
	if err != nil && gnista.CodeOf(err) != gnista.NotFound {
		return v, err
	}
	v.Name = x.Name
	if v.Blocked {
		return v, nil
	}
	cost, err := s.Records.Cost(ctx, &t)
	if err == nil {
		v.Cost = &cost
	} else if gnista.CodeOf(err) != gnista.Internal {
		err = nil // no tariff holds
	}
	return v, err
}

func (s *Server) nowOf(ctx context.Context, d holder) ([]myCharge, error) {
	list, err := s.chargingOf(ctx, d)
	out := make([]myCharge, 0, len(list))
	for _, t := range list {
		v, err := s.showMyCharge(ctx, t)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, err
}

// myRecord is what was charged for, as its driver sees it.
type myRecord struct {
	ID        string             `json:"id" doc:"That of the receipt: GET /receipts/{id}, with .pdf behind it as a PDF"`
	Number    int64              `json:"number"`
	Kind      billing.RecordKind `json:"kind" enum:"original,credit,replacement"`
	Account   string             `json:"account"`
	Station   gnista.StationID   `json:"station"`
	EVSE      int                `json:"evse"`
	Card      string             `json:"card,omitempty" doc:"Its last four characters"`
	StartedAt time.Time          `json:"startedAt"`
	EndedAt   time.Time          `json:"endedAt"`
	EnergyWh  int64              `json:"energyWh"`
	Total     gnista.Money       `json:"total" doc:"VAT included"`
}

func showMyRecord(r billing.Record) myRecord {
	return myRecord{r.ID, r.Number, r.Kind, r.Account, r.Station, r.EVSE.ID, cardLabel(r.Token), r.StartedAt, r.EndedAt, r.EnergyWh, r.Bill.Total}
}

// recordsOf are the records of a driver's accounts, the newest first, with numbers below before.
func (s *Server) recordsOf(ctx context.Context, d holder, before int64, limit int) ([]billing.Record, error) {
	accounts, err := s.accountsOf(ctx, d)
	if err != nil {
		return nil, err
	}
	var all []billing.Record
	for _, a := range accounts {
		list, err := s.Records.Store.Records(ctx, billing.Filter{Account: a.ID, Before: before, Limit: limit})
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	slices.SortFunc(all, func(a, b billing.Record) int { return cmp.Compare(b.Number, a.Number) })
	return all[:min(len(all), limit)], nil
}

// everyRecord calls f with all records of a driver, the newest first.
func (s *Server) everyRecord(ctx context.Context, d holder, f func(billing.Record) error) error {
	const some = 500
	for before := int64(0); ; {
		list, err := s.recordsOf(ctx, d, before, some)
		if err != nil {
			return err
		}
		for _, r := range list {
			if err := f(r); err != nil {
				return err
			}
			before = r.Number
		}
		if len(list) < some {
			return nil
		}
	}
}

func (s *Server) historyCSV(ctx context.Context, d holder) ([]byte, error) {
	t := newCSV("receipt", "kind", "station", "outlet", "card", "started", "ended", "energyWh", "amount", "currency", "link")
	err := s.everyRecord(ctx, d, func(r billing.Record) error {
		total := strconv.FormatInt(r.Bill.Total.Amount, 10)
		if digits, err := tariff.Digits(r.Bill.Total.Currency); err == nil {
			total = decimals(r.Bill.Total.Amount, digits)
		}
		t.add(fmt.Sprint(r.Number), string(r.Kind), string(r.Station), fmt.Sprint(r.EVSE.ID), cardLabel(r.Token), r.StartedAt.UTC().Format(time.RFC3339), r.EndedAt.UTC().Format(time.RFC3339),
			fmt.Sprint(r.EnergyWh), total, r.Bill.Total.Currency, s.base()+prefix+"/receipts/"+r.ID)
		return nil
	})
	return t.bytes(), err
}

// decimals is an amount of minor units in major ones.
func decimals(amount int64, digits int) string {
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	text := fmt.Sprintf("%0*d", digits+1, amount)
	if digits > 0 {
		text = text[:len(text)-digits] + "." + text[len(text)-digits:]
	}
	return sign + text
}

// myPrice is what holds for an account at an outlet.
func (s *Server) myPrice(ctx context.Context, a account.Account, id gnista.StationID, evse int) (tariff.Assigned, error) {
	k := s.phoneID(a)
	return s.Desk.Tariffs.InForce(ctx, tariff.Case{Station: id, EVSE: evse, TokenUID: k.UID, TokenType: string(k.Type), Account: a.ID, At: s.Now()})
}

// samePrice tells whether the price that a driver has seen, the id of a version, still holds. Conflict.
func (s *Server) samePrice(ctx context.Context, d holder, id gnista.StationID, evse int, accountID, version string) error {
	a, err := s.accountOf(ctx, d, accountID)
	if err != nil {
		return err
	}
	p, err := s.myPrice(ctx, a, id, evse)
	if err == nil && p.Version.ID != version {
		err = gnista.Errorf(gnista.Conflict, "the price has changed: it is another one now")
	}
	return err
}

// startMine orders a station to charge for an account. NotFound, Conflict.
func (s *Server) startMine(ctx context.Context, d holder, id gnista.StationID, evse int, accountID string) (station.Answer, error) {
	a, err := s.accountOf(ctx, d, accountID)
	if err != nil {
		return station.Answer{}, err
	}
	k, err := s.phoneOf(ctx, a)
	if err != nil {
		return station.Answer{}, err
	}
	x, err := s.Transactions.Start(ctx, id, evse, k.ID)
	return x, s.Network.Explain(ctx, id, err)
}

func (s *Server) stopMine(ctx context.Context, d holder, id string) (station.Answer, error) {
	t, err := s.chargeOf(ctx, d, id)
	if err != nil {
		return station.Answer{}, err
	}
	x, err := s.Transactions.Stop(ctx, t.Station, 0, t.ID)
	return x, s.Network.Explain(ctx, t.Station, err)
}

func (s *Server) myCharges(api huma.API) {
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/my/charging", OperationID: "my-charging", Summary: "List one's charges that go on", Tags: myTags},
		func(ctx context.Context, _ *struct{}) (*body[page[myCharge]], error) {
			list, err := s.nowOf(ctx, driverOf(ctx))
			return answer(page[myCharge]{Items: list}, err)
		})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/my/charging/{id}", OperationID: "my-charge", Summary: "Show one of one's charges", Tags: myTags},
		func(ctx context.Context, in *TransactionPath) (*body[myCharge], error) {
			t, err := s.chargeOf(ctx, driverOf(ctx), in.ID)
			if err != nil {
				return nil, err
			}
			return answer(s.showMyCharge(ctx, t))
		})
	type myStart struct {
		Station gnista.StationID `json:"station" minLength:"1" maxLength:"255" doc:"Its id, or the code that is on the outlet"`
		EVSE    int              `json:"evse,omitempty" minimum:"0" maximum:"10000" doc:"Absent: that of the code, or the choice is the station's"`
		Account string           `json:"account,omitempty" maxLength:"100" doc:"Id of the account that pays; absent: the first that is not blocked"`
		Tariff  string           `json:"tariff,omitempty" maxLength:"100" doc:"Id of the version of the price that the driver has seen: where another one holds nothing begins"`
	}
	add(s, api, huma.Operation{Method: http.MethodPost, Path: "/my/charging", OperationID: "my-start", Summary: "Order a station to charge for one's account", Tags: myTags},
		func(ctx context.Context, in *struct{ Body myStart }) (*body[AnswerView], error) {
			b := in.Body
			id, evse, err := s.outletBy(ctx, string(b.Station))
			if err != nil {
				return nil, err
			}
			if b.EVSE > 0 {
				evse = b.EVSE
			}
			if b.Tariff != "" {
				if err := s.samePrice(ctx, driverOf(ctx), id, evse, b.Account, b.Tariff); err != nil {
					return nil, err
				}
			}
			return told(s.startMine(ctx, driverOf(ctx), id, evse, b.Account))
		})
	add(s, api, huma.Operation{Method: http.MethodPost, Path: "/my/charging/{id}/stop", OperationID: "my-stop", Summary: "Order the station to end one of one's charges", Tags: myTags},
		func(ctx context.Context, in *TransactionPath) (*body[AnswerView], error) {
			return told(s.stopMine(ctx, driverOf(ctx), in.ID))
		})
	add(s, api, huma.Operation{Method: http.MethodGet, Path: "/my/history", OperationID: "my-history", Summary: "List what one was charged for, the newest first", Tags: myTags},
		func(ctx context.Context, in *struct{ Paging }) (*body[page[myRecord]], error) {
			before, err := in.below()
			if err != nil {
				return nil, err
			}
			list, err := s.recordsOf(ctx, driverOf(ctx), before, in.Limit)
			return answer(turn(in.Paging, list, showMyRecord, func(r billing.Record) string { return fmt.Sprint(r.Number) }), err)
		})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/my/history.csv", OperationID: "my-history-csv", Summary: "Download what one was charged for", Tags: myTags,
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/csv": {}}}},
	}, func(ctx context.Context, _ *struct{}) (*struct {
		Type        string `header:"Content-Type"`
		Disposition string `header:"Content-Disposition"`
		Body        []byte
	}, error) {
		text, err := s.historyCSV(ctx, driverOf(ctx))
		return &struct {
			Type        string `header:"Content-Type"`
			Disposition string `header:"Content-Disposition"`
			Body        []byte
		}{"text/csv; charset=utf-8", `attachment; filename="charges.csv"`, text}, err
	})
}
