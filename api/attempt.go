package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"gnista"
	"gnista/charging"
	"gnista/checkout"
	"gnista/fault"
	"gnista/fault/driver"
)

type outletView struct {
	Station gnista.StationID `json:"station"`
	EVSE    int              `json:"evse"`
}

type driverView struct {
	Case     int                `json:"case,omitempty" doc:"Number that the driver tells on the phone, and that GET /cases/{number} finds; absent while all is well"`
	Kind     driver.Kind        `json:"kind" doc:"What is said, in one word"`
	Well     bool               `json:"well" doc:"Nothing is wrong"`
	Language string             `json:"language" enum:"sv,en" doc:"Of the texts"`
	What     string             `json:"what" doc:"What has happened, in the driver's words"`
	Moved    string             `json:"moneyText" doc:"Whether money has moved, in words"`
	ToDo     string             `json:"toDo,omitempty" doc:"What the driver can do now; absent where that is in what has happened, or nothing"`
	Money    driver.Money       `json:"money" enum:"none,set-aside,prepaid,given-back,paid,account,free,checked" doc:"Whether money has moved; account: it goes to that of the card; checked: somebody looks first"`
	Offers   []driver.Offer     `json:"offers" nullable:"false" enum:"cancel,stop,retry,unlock,other-outlet" doc:"What can be offered to the driver"`
	Until    *time.Time         `json:"until,omitempty" doc:"When what is waited for is given up, and money is given back"`
	Outlet   int                `json:"outlet,omitempty" doc:"The EVSE where the driver seems to have plugged in instead"`
	Others   []outletView       `json:"others,omitempty" doc:"Free EVSEs nearby, where another one is to be chosen"`
	Station  gnista.StationID   `json:"station"`
	EVSE     int                `json:"evse"`
	State    checkout.Condition `json:"condition,omitempty" enum:"free,plugged,in-use,reserved,out-of-service,faulted,offline" doc:"Of the EVSE; absent where it is not known any more"`
	EnergyWh int64              `json:"energyWh"`
	PowerW   int64              `json:"powerW"`
	Activity charging.Activity  `json:"activity,omitempty" enum:"connected,charging,suspended-ev,suspended-evse,idle" doc:"Of the car; absent before it has begun to charge"`
	Cost     *gnista.Money      `json:"cost,omitempty" doc:"So far, or in all; VAT included; absent before there is any"`
	Receipt  string             `json:"receipt,omitempty" doc:"Id; absent before there is one"`
}

func showDriver(a driver.Answer, l fault.Language) driverView {
	v := driverView{
		Case: a.Case, Kind: a.Kind, Well: a.Well, Language: string(l), What: a.What, Moved: a.Moved, ToDo: a.ToDo, Money: a.Message.Money, Offers: a.Offers,
		Until: moment(a.Until), Outlet: a.Message.Outlet, Station: a.Station, EVSE: a.EVSE, State: a.Condition, Receipt: a.Receipt,
	}
	if v.Offers == nil {
		v.Offers = []driver.Offer{}
	}
	for _, o := range a.Others {
		v.Others = append(v.Others, outletView(o))
	}
	if t := a.Charge; t != nil {
		v.EnergyWh, v.PowerW, v.Activity = t.EnergyWh, t.PowerW, t.Activity
		if a.Cost.Currency != "" {
			v.Cost = &a.Cost
		}
	}
	return v
}

// voice is how things are said to drivers in a language.
func (s *Server) voice(tag fault.Language) driver.Voice {
	l := languageOf(string(tag))
	return driver.Voice{Language: fault.Language(l.tag), Money: l.money, Zone: s.Zone}
}

func (s *Server) attempts(api huma.API) {
	tags := []string{"Drivers"}
	const about = "What has happened, whether money has moved, and what to do, in the driver's language, whichever station it is. Where something is wrong the driver gets the number of a case."
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/attempts/{key}", OperationID: "explain-attempt", Summary: "Explain an attempt to the driver who pays for it", Tags: tags,
		Description: about + " The key of the checkout is all that is needed; whatever is no key is not found, and nothing says why.",
		Middlewares: huma.Middlewares{s.fromClient},
	}, func(ctx context.Context, in *struct {
		InLanguage
		Key string `path:"key" maxLength:"100"`
	}) (*body[driverView], error) {
		from, _ := ctx.Value(clientKey{}).(string)
		if s.rates.guesses.spent(from, s.Now()) {
			return nil, huma.Error429TooManyRequests("that was too often; wait a minute")
		}
		v := s.voice(in.tag())
		a, err := s.Drivers.Checkout(ctx, in.Key, v)
		if gnista.CodeOf(err) == gnista.NotFound && err != nil {
			s.rates.guesses.allow(from, s.Now())
			return nil, gnista.Errorf(gnista.NotFound, "there is no such attempt")
		}
		return answer(showDriver(a, v.Language), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/transactions/{id}/driver", OperationID: "explain-transaction", Summary: "Explain a transaction as its driver is told", Tags: tags, Description: about,
	}, func(ctx context.Context, in *struct {
		InLanguage
		ID string `path:"id"`
	}) (*body[driverView], error) {
		v := s.voice(in.tag())
		a, err := s.Drivers.Transaction(ctx, in.ID, v)
		return answer(showDriver(a, v.Language), err)
	})
	add(s, api, huma.Operation{
		Method: http.MethodGet, Path: "/stations/{station}/evses/{evse}/driver", OperationID: "explain-outlet", Summary: "Explain an EVSE as a driver who stands there is told", Tags: tags, Description: about,
	}, func(ctx context.Context, in *struct {
		InLanguage
		StationPath
		EVSE int `path:"evse" minimum:"1" maximum:"10000"`
	}) (*body[driverView], error) {
		v := s.voice(in.tag())
		a, err := s.Drivers.Outlet(ctx, in.Station, in.EVSE, v)
		return answer(showDriver(a, v.Language), err)
	})
}

// clientKey is that of the address that a request comes from, in its context.
type clientKey struct{}

func (s *Server) fromClient(c huma.Context, next func(huma.Context)) {
	r, _ := humago.Unwrap(c)
	next(huma.WithValue(c, clientKey{}, s.client(r)))
}

// caseAttempt is the attempt of a driver that a case number is of.
type caseAttempt struct {
	Checkout    string     `json:"checkout,omitempty" doc:"Id"`
	Transaction string     `json:"transaction,omitempty" doc:"Id"`
	Told        driverView `json:"told" doc:"What the driver is told now"`
}

// findAttempt finds the attempt of a driver by the number of its case.
func (s *Server) findAttempt(ctx context.Context, number int, language fault.Language) (*body[caseView], error) {
	x, err := s.Drivers.Cases.FindCase(ctx, number)
	if err != nil {
		return nil, err
	}
	v := s.voice(language)
	var a driver.Answer
	c := caseAttempt{}
	if x.Kind == driver.OfCheckout {
		c.Checkout = x.ID
		a, err = s.Drivers.Opened(ctx, x.ID, v)
	} else {
		c.Transaction = x.ID
		a, err = s.Drivers.Transaction(ctx, x.ID, v)
	}
	c.Told = showDriver(a, v.Language)
	if a.Charge != nil {
		c.Transaction = a.Charge.ID
	}
	return answer(caseView{Attempt: &c}, err)
}
