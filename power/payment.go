package power

import (
	"gnista"
	"gnista/station"
)

// WebPayment tells a station that somebody is paying for an EVSE on the web. (OCPP 2.1 C25.FR.21)
type WebPayment struct {
	EVSE    int
	Timeout int // in seconds: so long nobody else should
}

func (WebPayment) Answers() (a station.Answer) { return a }

func (o WebPayment) Told() station.Told {
	return station.Told{Kind: "web-payment", Note: place(o.EVSE)}
}

func (o WebPayment) Check() error {
	if o.EVSE < 0 {
		return gnista.Invalidf("evse", "is negative")
	}
	if o.Timeout < 1 {
		return gnista.Invalidf("timeoutSeconds", "must be 1 or more")
	}
	return nil
}
